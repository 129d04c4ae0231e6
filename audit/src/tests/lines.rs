//! The written form.

use journal::Position;
use model::{Action, Category, DeviceId, SerialNumber, Timestamp};
use proptest::prelude::*;

use super::{entry, outcome, release};
use crate::line::{read, write_alert, write_entry, write_outcome, write_release, write_sign_in};
use crate::text::{harmless, is_harmful};
use crate::{
    Alert, AlertKind, AuditError, Ended, Entry, EntryId, Event, FACTS_BYTES_MAX, Outcome, PERSONS_MAX, RECORDS_MAX,
    Release, SEEN_MAX, SignIn, SignInOutcome, Verdict,
};

const AT: Position = Position::new(5);

#[test]
fn an_entry_is_written_so() {
    let line = String::from_utf8(write_entry(&entry(0)).unwrap()).unwrap();
    let wanted = concat!(
        r#"{"kind":"entry","v":1,"id":"01010101010101010101010101010101","at":"2026-09-21T14:13:20.000Z","#,
        r#""user_id":"nurse-1","user":"hanako","device":"tablet-1","serial":"010203","facility":"station-1","#,
        r#""persons":["person-1"],"records":["Observation/o-1"],"action":"read","category":"observation","#,
        r#""verdict":"permitted","reason":"","rules":"P01-team-reads","articles":"18","policy_version":"0123456789ab","#,
        r#""generation":7,"facts":"{}","disaster":false,"source":"192.0.2.1","method":"GET","#,
        r#""target":"/fhir/Observation/o-1"}"#,
    );
    assert_eq!(line, wanted);
    let line = String::from_utf8(write_outcome(&outcome(&entry(0)))).unwrap();
    let wanted = concat!(
        r#"{"kind":"outcome","v":1,"id":"01010101010101010101010101010101","at":"2026-09-21T14:13:20.020Z","status":200,"#,
        r#""bytes":1234,"ended":"completed"}"#,
    );
    assert_eq!(line, wanted);
    let lines = write_release(&release(&entry(0), &["Observation/o-1", "Observation/o-2"]));
    let wanted = concat!(
        r#"{"kind":"release","v":1,"id":"01010101010101010101010101010101","at":"2026-09-21T14:13:20.010Z","#,
        r#""generation":8,"records":["Observation/o-1","Observation/o-2"]}"#,
    );
    assert_eq!(lines, [wanted.as_bytes()]);
}

/// A log that was begun before there were causes goes on: its lines read, and come back as they stand.
#[test]
fn what_came_later_is_left_out_where_it_says_nothing() {
    let mut refused = entry(0);
    let without = write_entry(&refused).unwrap();
    refused.cause = "the target holds `;`".to_owned();
    let with = String::from_utf8(write_entry(&refused).unwrap()).unwrap();
    let cause = r#""cause":"the target holds `;`","#;
    assert_eq!(with.replace(cause, "").as_bytes(), without);
    assert_eq!(read(AT, with.as_bytes()).unwrap(), Event::Entry(Box::new(refused)));
    let Event::Entry(earlier) = read(AT, &without).unwrap() else { panic!("another kind") };
    assert_eq!((earlier.cause.as_str(), write_entry(&earlier).unwrap()), ("", without));
    // The end of an exchange likewise.
    let mut broken = outcome(&entry(0));
    let without = write_outcome(&broken);
    broken.cause = "no upgrade was asked for".to_owned();
    let with = write_outcome(&broken);
    assert_eq!(read(AT, &with).unwrap(), Event::Outcome(broken));
    let Event::Outcome(earlier) = read(AT, &without).unwrap() else { panic!("another kind") };
    assert_eq!((earlier.cause.as_str(), with.len() > without.len()), ("", true));
}

#[test]
fn what_is_not_ours_is_an_error() {
    let good = String::from_utf8(write_entry(&entry(0)).unwrap()).unwrap();
    read(AT, good.as_bytes()).unwrap();
    let bad = [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}{good}"),
        good.replace(r#""v":1"#, r#""v":2"#),
        good.replace(r#""v":1,"#, ""),
        good.replace(r#""kind":"entry""#, r#""kind":"future""#),
        good.replace(r#""kind":"entry","#, ""),
        good.replace(r#""disaster":false"#, r#""disaster":"no""#),
        good.replace(r#""disaster":false,"#, ""),
        good.replace(r#""disaster":false"#, r#""disaster":false,"more":1"#),
        good.replace(r#""disaster":false"#, r#""disaster":false,"disaster":false"#),
        good.replace("permitted", "perhaps"),
        good.replace("observation\"", "obversation\""),
        good.replace("person-1", "person 1"),
        good.replace("person-1", ""),
        good.replace("2026-09-21T14:13:20.000Z", "yesterday"),
        good.replace("010101", "01010G"),
        good.replace(r#""serial":"010203""#, r#""serial":"0""#),
    ];
    for line in bad {
        let found = read(AT, line.as_bytes());
        assert!(matches!(found, Err(AuditError::Unreadable { position, .. }) if position == AT), "{line}: {found:?}");
    }
    let released = write_release(&release(&entry(0), &["Observation/o-1"])).remove(0);
    for line in [write_outcome(&outcome(&entry(0))), write_sign_in(&sign_in("x")), released] {
        let line = String::from_utf8(line).unwrap();
        read(AT, line.as_bytes()).unwrap();
        assert!(read(AT, line.replace(r#""v":1"#, r#""v":9"#).as_bytes()).is_err());
    }
}

#[test]
fn an_entry_beyond_a_bound_is_refused_and_not_cut() {
    let too_much = |change: fn(&mut Entry)| {
        let mut entry = entry(0);
        change(&mut entry);
        matches!(write_entry(&entry), Err(AuditError::TooMuch { .. }))
    };
    assert!(too_much(|entry| entry.persons = vec!["p".parse().unwrap(); PERSONS_MAX + 1]));
    assert!(too_much(|entry| entry.records = vec!["r".to_owned(); RECORDS_MAX + 1]));
    assert!(too_much(|entry| entry.facts = "x".repeat(FACTS_BYTES_MAX + 1).into()));
    // Replacing a control character makes it longer; that is counted.
    assert!(too_much(|entry| entry.facts = "\n".repeat(FACTS_BYTES_MAX).into()));
    assert!(too_much(|entry| entry.rules = "x".repeat(5000)));
    assert!(too_much(|entry| entry.articles = "x".repeat(5000)));
    let mut nobody = entry(0);
    nobody.id = EntryId::new([0; 16]);
    assert!(matches!(write_entry(&nobody), Err(AuditError::NoId)));
}

/// A refusal is on record whatever was asked for: what is too much is cut and counted, and nothing else changes.
#[test]
fn the_entry_of_a_refusal_is_cut_until_it_can_be_written() {
    assert_eq!(entry(0).within_bounds(), entry(0));
    let mut large = entry(0);
    large.persons = (0..PERSONS_MAX + 2).map(|number| format!("p-{number}").parse().unwrap()).collect();
    large.records = (0..RECORDS_MAX + 5).map(|number| format!("Observation/o-{number}")).collect();
    large.facts = "\n".repeat(FACTS_BYTES_MAX).into();
    large.rules = "x".repeat(5000);
    large.articles = "38-2,".repeat(1000);
    let line = write_entry(&large.clone().within_bounds()).unwrap();
    let Event::Entry(read) = read(AT, &line).unwrap() else { panic!("another kind") };
    assert_eq!((read.persons.as_slice(), read.records.len()), (&large.persons[..PERSONS_MAX], RECORDS_MAX));
    assert_eq!(read.records.first().unwrap(), "… 2 more persons");
    // Of 1030 there are 1023, and the mark.
    assert_eq!(read.records.last().unwrap(), "… 7 more");
    assert_eq!(read.records[1], "Observation/o-0");
    assert!(read.facts.is_empty());
    assert!(read.rules.ends_with('…') && read.articles.starts_with("38-2,") && read.articles.ends_with('…'));
    assert_eq!((read.id, read.user_id, read.target), (large.id, large.user_id, large.target));
}

#[test]
fn the_largest_entry_fits_into_the_journal() {
    let mut large = entry(0);
    // Quotes double when escaped: the worst there is.
    let quotes = |count: usize| "\"".repeat(count);
    large.persons = (0..PERSONS_MAX).map(|number| format!("{number:064}").parse().unwrap()).collect();
    large.records = vec![quotes(1000); RECORDS_MAX];
    large.facts = quotes(FACTS_BYTES_MAX).into();
    large.rules = quotes(2048);
    large.articles = quotes(2048);
    (large.reason, large.source, large.method) = (quotes(9999), quotes(9999), quotes(9999));
    large.cause = quotes(9999);
    large.target = quotes(100_000);
    let line = write_entry(&large).unwrap();
    assert!(line.len() <= journal::ENTRY_BYTES_MAX, "{}", line.len());
    // What an answer holds is never cut: it takes a further line.
    let mut release = release(&large, &[]);
    release.records = vec![quotes(1000); 3 * RECORDS_MAX + 1];
    let lines = write_release(&release);
    assert_eq!(lines.len(), 4);
    let mut records = 0;
    for line in lines {
        assert!(line.len() <= journal::ENTRY_BYTES_MAX);
        let Event::Release(read) = read(AT, &line).unwrap() else { panic!("another kind") };
        records += read.records.len();
    }
    assert_eq!(records, release.records.len());
}

fn sign_in(typed: &str) -> SignIn {
    SignIn {
        at: Timestamp::from_millis(1_790_000_000_000),
        user_id: typed.to_owned(),
        device: "tablet-1".parse::<DeviceId>().unwrap(),
        serial: SerialNumber::from_octets(&[9]).unwrap(),
        source: "192.0.2.1".to_owned(),
        outcome: SignInOutcome::Wrong,
    }
}

/// Texts as a stranger would choose them.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(
            proptest::sample::select(vec![
                "\n",
                "\r\n",
                "\0",
                "\u{1b}[2J",
                "\u{202e}",
                "\u{2028}",
                "\u{85}",
                "\u{7f}",
                "\"",
                "\\",
                "\"},{\"v\":1",
                "…",
                "é",
                "患者",
                "𠮷",
                "\u{fffd}",
                "/../",
                "%0a",
                "\u{feff}",
            ]),
            0..200
        )
        .prop_map(|pieces| pieces.concat()),
    ]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let texts = proptest::collection::vec(hostile(), 6);
    let records = proptest::collection::vec(hostile(), 0..5);
    let persons = proptest::collection::vec("[A-Za-z0-9-]{1,64}", 0..5);
    (any::<[u8; 16]>(), any::<i64>(), texts, records, persons, any::<(bool, bool, u64)>()).prop_map(
        |(id, at, texts, records, persons, (readable, permitted, generation))| Entry {
            id: EntryId::new(id),
            at: Timestamp::from_millis(at),
            records,
            persons: persons.iter().map(|person| person.parse().unwrap()).collect(),
            action: readable.then_some(Action::Delete),
            category: readable.then_some(Category::Document),
            verdict: if permitted { Verdict::Permitted } else { Verdict::Refused },
            generation,
            disaster: permitted,
            break_glass: permitted && readable,
            reason: texts[0].clone(),
            cause: texts[5].clone(),
            facts: texts[1].clone().into(),
            source: texts[2].clone(),
            method: texts[3].clone(),
            target: texts[4].repeat(20),
            ..entry(0)
        },
    )
}

/// One line, no character that could break, hide or turn it.
fn is_one_line(line: &[u8]) {
    let text = std::str::from_utf8(line).unwrap();
    assert!(!text.chars().any(is_harmful), "{text:?}");
    assert_eq!(text.lines().count(), 1);
}

proptest! {
    #[test]
    fn entries_come_back_as_they_were_written(given in any_entry()) {
        prop_assume!(!given.id.is_empty());
        let line = write_entry(&given).unwrap();
        is_one_line(&line);
        let Event::Entry(found) = read(AT, &line).unwrap() else { panic!("another kind") };
        // All but the texts comes back exactly; the texts come back made harmless, and then stay so.
        let expected = Entry {
            records: given.records.iter().map(|text| harmless(text, 128).into_owned()).collect(),
            reason: harmless(&given.reason, 128).into_owned(),
            cause: harmless(&given.cause, 512).into_owned(),
            facts: harmless(&given.facts, usize::MAX).into_owned().into(),
            source: harmless(&given.source, 128).into_owned(),
            method: harmless(&given.method, 128).into_owned(),
            target: harmless(&given.target, 4096).into_owned(),
            ..given
        };
        assert_eq!(*found, expected);
        assert_eq!(write_entry(&found).unwrap(), line);
    }

    #[test]
    fn releases_outcomes_and_sign_ins_come_back(
        texts in proptest::collection::vec(hostile(), 1..5), at in any::<i64>(), status in any::<u16>(), bytes in any::<u64>()
    ) {
        let at = Timestamp::from_millis(at);
        let cause = texts[0].clone();
        let given = Outcome { id: entry(0).id, at, status, bytes, ended: Ended::ClientLeft, cause };
        let line = write_outcome(&given);
        is_one_line(&line);
        let cause = harmless(&texts[0], 512).into_owned();
        assert_eq!(read(AT, &line).unwrap(), Event::Outcome(Outcome { cause, ..given }));

        let given = Release { id: entry(0).id, at, generation: bytes, records: texts.clone() };
        let line = write_release(&given).remove(0);
        is_one_line(&line);
        let expected = Release { records: texts.iter().map(|text| harmless(text, 128).into_owned()).collect(), ..given };
        assert_eq!(read(AT, &line).unwrap(), Event::Release(expected));

        let given = SignIn { at, ..sign_in(&texts[0]) };
        let line = write_sign_in(&given);
        is_one_line(&line);
        assert_eq!(read(AT, &line).unwrap(), Event::SignIn(SignIn { user_id: harmless(&texts[0], 128).into_owned(), ..given }));

        let kind = AlertKind::StoreMisbehaves;
        let given = Alert { id: entry(0).id, at, kind, seen: vec![texts.clone(); 5].concat(), count: bytes };
        let line = write_alert(&given);
        is_one_line(&line);
        let seen = texts.iter().cycle().take(SEEN_MAX.min(texts.len() * 5)).map(|text| harmless(text, 128).into_owned()).collect();
        assert_eq!(read(AT, &line).unwrap(), Event::Alert(Alert { seen, ..given }));
    }

    #[test]
    fn harmless_texts_are_bounded_and_settled(text in hostile(), max in 3..60_usize) {
        let once = harmless(&text, max);
        assert!(once.len() <= max);
        assert!(!once.chars().any(is_harmful));
        assert_eq!(harmless(&once, max), once);
        if text.len() <= max && !text.chars().any(is_harmful) {
            assert_eq!(once, text);
        }
    }

    #[test]
    fn no_bytes_are_read_as_something_else(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        assert!(read(AT, &bytes).is_err());
    }
}

#[test]
fn ids_are_fresh_and_read_back() {
    let (one, other) = (EntryId::fresh(), EntryId::fresh());
    assert!(one != other && !one.is_empty());
    assert_eq!(EntryId::parse(&one.to_string()), Some(one));
    for text in ["", "0", "zz", &"0".repeat(31), &"0".repeat(34), &"G".repeat(32), &"A".repeat(32)] {
        assert_eq!(EntryId::parse(text), None, "{text}");
    }
}
