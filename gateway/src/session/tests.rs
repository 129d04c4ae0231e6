//! Tests of sealing.

use model::{SerialNumber, SessionId, Timestamp, UserId};

use super::*;

fn session() -> Session {
    Session {
        id: SessionId::new("00112233445566778899aabbccddeeff").unwrap(),
        user_id: UserId::new("U-0001").unwrap(),
        serial: SerialNumber::parse("0a0b0c").unwrap(),
        credential_epoch: 7,
        signed_in: Timestamp::from_millis(1_000_000),
        last_used: Timestamp::from_millis(2_000_000),
    }
}

#[test]
fn what_is_sealed_opens_again_and_nothing_else_does() {
    let sealer = Sealer::new(&[7; 32]).unwrap();
    let sealed = sealer.seal(&session()).unwrap();
    assert_eq!(sealer.open(&sealed), Some(session()));
    assert_ne!(sealer.seal(&session()).unwrap(), sealed, "a fresh nonce each time");
    assert_eq!(Sealer::new(&[8; 32]).unwrap().open(&sealed), None);
    for index in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        if changed != sealed {
            assert_eq!(sealer.open(&changed), None, "changed at {index}");
        }
    }
    for bad in ["", "AAAA", "====", &"A".repeat(600)] {
        assert_eq!(sealer.open(bad), None);
    }
}

#[test]
fn a_form_token_is_no_session_and_fits_one_terminal() {
    let sealer = Sealer::new(&[7; 32]).unwrap();
    let (ours, other) = (SerialNumber::parse("0a").unwrap(), SerialNumber::parse("0b").unwrap());
    let now = Timestamp::from_millis(10_000_000);
    let token = sealer.form_token(&ours, now).unwrap();
    assert!(sealer.form_token_fits(&token, &ours, now.plus_seconds(100), 7200));
    assert!(!sealer.form_token_fits(&token, &other, now, 7200));
    assert!(!sealer.form_token_fits(&token, &ours, now.plus_seconds(7201), 7200));
    assert!(!sealer.form_token_fits(&token, &ours, now.plus_seconds(-120), 7200));
    assert_eq!(sealer.open(&token), None);
    assert!(!sealer.form_token_fits(&sealer.seal(&session()).unwrap(), &ours, now, 7200));
}

#[test]
fn time_runs_out_twice() {
    let limits = SessionLimits { idle_seconds: 900, absolute_seconds: 3600 };
    let session = session();
    assert_eq!(session.in_time(limits, Timestamp::from_millis(2_899_999)), Ok(()));
    assert_eq!(session.in_time(limits, Timestamp::from_millis(2_900_000)), Err(SignInReason::Idle));
    assert_eq!(session.in_time(limits, Timestamp::from_millis(4_600_000)), Err(SignInReason::Over));
    assert_eq!(session.in_time(limits, Timestamp::from_millis(1_939_999)), Err(SignInReason::Ended), "from the future");
}

#[test]
fn two_session_cookies_are_none() {
    let mut headers = http::HeaderMap::new();
    headers.append(http::header::COOKIE, "a=1; __Host-sekisho=x".parse().unwrap());
    assert_eq!(cookie(&headers, COOKIE), Some("x"));
    headers.append(http::header::COOKIE, "__Host-sekisho=y".parse().unwrap());
    assert_eq!(cookie(&headers, COOKIE), None);
}

#[test]
fn a_page_opens_for_whom_it_was_sealed() {
    let sealer = Sealer::new(&[7; 32]).unwrap();
    let ticket = vec![b'x'; records::bounds::PAGE_TICKET_BYTES_MAX];
    let sealed = sealer.seal_page("U-sato 01 s-1 v1", &ticket).unwrap();
    assert!(sealed.len() <= records::bounds::PAGE_CHARACTERS_MAX, "the largest ticket fits a link: {}", sealed.len());
    assert_eq!(sealer.open_page("U-sato 01 s-1 v1", &sealed), Some(ticket.clone()));
    for other in ["U-kato 01 s-1 v1", "U-sato 02 s-1 v1", "U-sato 01 s-2 v1", "U-sato 01 s-1 v2", ""] {
        assert_eq!(sealer.open_page(other, &sealed), None, "{other}");
    }
    // A session is no page, and the other way round; what is longer than any of ours is not looked at.
    assert_eq!(sealer.open(&sealed), None);
    assert_eq!(sealer.open_page("U-sato 01 s-1 v1", &format!("{sealed}{sealed}")), None);
    assert_ne!(sealer.seal_page("U-sato 01 s-1 v1", &ticket).unwrap(), sealed, "never twice the same");
}
