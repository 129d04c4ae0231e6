//! Frames in both directions, as clients and stores send them and as they should not.

use model::{Category, PersonId};
use records::{AnswerKind, Claim, Forward, ForwardBody, Head, Need};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::{CLOSE, PING, PONG, TEXT, downwards, frame, upwards};
use audit::Ended;
use records::Feed;

const NEWS: &str = r#"{"resourceType":"Communication","id":"c-1","person":"P-1"}"#;

fn feed() -> Feed {
    let headers: [(&str, &[u8]); 1] = [("upgrade", b"websocket")];
    let head = Head { method: "GET", target: "/feeds/notes/socket?patient=P-1", headers: &headers };
    let Ok(Need::Done(touches)) = records::read_head(&head) else { panic!("the feed is not read") };
    let claim = Claim::read(Category::Note, vec![PersonId::new("P-1").unwrap()], false);
    assert_eq!(touches.claims().collect::<Vec<_>>(), [&claim]);
    assert!(matches!(touches.answer, AnswerKind::WebSocket));
    assert!(matches!(touches.forward, Forward { body: ForwardBody::None, .. }));
    Feed::of(&touches)
}

/// What comes out when one side sends these octets and closes.
async fn carried(octets: &[u8], down: bool) -> (Vec<u8>, Ended) {
    let (mut sender, mut receiver) = duplex(1 << 20);
    let (mut out, mut taken) = duplex(1 << 20);
    sender.write_all(octets).await.unwrap();
    drop(sender);
    let ended = if down {
        downwards(&mut receiver, &mut out, &feed(), &|_| ()).await
    } else {
        upwards(&mut receiver, &mut out).await
    };
    drop(out);
    let mut carried = Vec::new();
    taken.read_to_end(&mut carried).await.unwrap();
    (carried, ended)
}

#[tokio::test]
async fn downwards_news_pass_and_nothing_else() {
    let news = frame(TEXT, NEWS.as_bytes());
    let foreign = frame(TEXT, NEWS.replace("P-1", "P-2").as_bytes());
    let check = async |given: Vec<u8>, expected: Vec<u8>, ended: Ended| {
        assert_eq!(carried(&given, true).await, (expected, ended), "{given:x?}");
    };
    check(Vec::new(), Vec::new(), Ended::Completed).await;
    check(news.clone(), news.clone(), Ended::Completed).await;
    // Another person's are left out, and what follows is not.
    check([foreign, news.clone()].concat(), news.clone(), Ended::Completed).await;
    // In two octets of length, though one would do: written anew.
    let long = [&[TEXT, 126, 0, u8::try_from(NEWS.len()).unwrap()], NEWS.as_bytes()].concat();
    check(long, news.clone(), Ended::Completed).await;
    check(frame(PING, b"P-2"), frame(PING, b""), Ended::Completed).await;
    check(frame(PONG, b"P-2"), frame(PONG, b""), Ended::Completed).await;
    check(frame(CLOSE, b"\x03\xe8about P-2"), frame(CLOSE, b"\x03\xe8"), Ended::Completed).await;
    check(frame(CLOSE, b""), frame(CLOSE, b""), Ended::Completed).await;
    for bad in [
        // Binary, a piece of a message, its end, reserved bits and opcodes.
        frame(0x82, NEWS.as_bytes()),
        frame(0x01, NEWS.as_bytes()),
        frame(0x80, NEWS.as_bytes()),
        frame(0xc1, NEWS.as_bytes()),
        frame(0x83, b""),
        // Masked, too long, and broken off.
        vec![TEXT, 0x80, 1, 2, 3, 4],
        vec![TEXT, 127, 0, 0, 0, 0, 0, 1, 0, 0],
        frame(TEXT, &[b' '; 2000]),
        news[..9].to_vec(),
        vec![TEXT],
        vec![TEXT, 126, 0],
    ] {
        check([news.clone(), bad].concat(), news.clone(), Ended::StoreFailed).await;
    }
}

/// A frame of a client, masked with this key.
fn masked(opcode: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let head = [opcode, 0x80 | u8::try_from(payload.len()).unwrap()];
    let payload: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key).collect();
    [&head[..], &key, &payload].concat()
}

#[tokio::test]
async fn upwards_only_control_frames_pass() {
    const KEY: [u8; 4] = [1, 2, 3, 4];
    let going_away = [&1001_u16.to_be_bytes()[..], b"whatever"].concat();
    for (opcode, payload) in
        [(CLOSE, &going_away[..]), (CLOSE, b""), (PING, b"whatever"), (PONG, b"whatever"), (PING, b"")]
    {
        let (passed, ended) = carried(&masked(opcode, payload, KEY), false).await;
        // Under a mask of ours: nobody but us chooses what octets a store's connection carries (RFC 6455 10.3).
        let key = *passed.get(2..).and_then(|rest| rest.first_chunk()).unwrap();
        assert_ne!(key, KEY);
        assert_eq!((passed, ended), (masked(opcode, payload, key), Ended::Completed));
    }
    for opcode in [0x00, 0x01, 0x02, 0x80, TEXT, 0x82, 0x83, 0x8b, 0x08, 0xc9] {
        assert_eq!(
            carried(&masked(opcode, b"write this", KEY), false).await,
            (Vec::new(), Ended::Refused),
            "{opcode:x}"
        );
    }
    assert_eq!(carried(&frame(PING, b"unmasked"), false).await, (Vec::new(), Ended::Refused));
    assert_eq!(carried(&masked(PING, &[0; 126], KEY), false).await, (Vec::new(), Ended::Refused));
    for cut in [1, 5, 7] {
        assert_eq!(
            carried(&masked(PING, b"broken", KEY)[..cut], false).await,
            (Vec::new(), Ended::ClientLeft),
            "{cut}"
        );
    }
    // Half a code, codes that none may send, a reason that is no text.
    for close in [&[3][..], &[0x03, 0xed], &[0x03, 0xe7], &[0x03, 0xe8, 0xff]] {
        assert_eq!(carried(&masked(CLOSE, close, KEY), false).await, (Vec::new(), Ended::Refused), "{close:x?}");
    }
}

#[tokio::test]
async fn upwards_nothing_follows_a_close() {
    let close = masked(CLOSE, b"", [1, 2, 3, 4]);
    let (passed, ended) = carried(&[close.clone(), masked(PING, b"after", [1, 2, 3, 4])].concat(), false).await;
    assert_eq!((passed.len(), ended), (close.len(), Ended::Completed));
}
