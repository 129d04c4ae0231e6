//! News on feeds: what may be told, and that it does not matter where the stream was cut.

use proptest::prelude::*;

use super::released::touches;
use crate::bounds::NEWS_BYTES_MAX;
use crate::{EventStream, Feed, Misbehaviour, Passed};

const NEWS: &str = r#"{"resourceType":"Communication","id":"c-1","person":"P-1"}"#;

fn feed() -> Feed {
    Feed::of(&touches("GET /feeds/notes?patient=P-1"))
}

/// Reads pieces; what went out, and how many were left out.
fn read(pieces: &[&[u8]]) -> Result<(String, usize), Misbehaviour> {
    let mut stream = EventStream::new(feed());
    let (mut text, mut dropped) = (String::new(), 0);
    for piece in pieces {
        let Passed { bytes, dropped: left_out } = stream.read(piece)?;
        text.push_str(std::str::from_utf8(&bytes).unwrap());
        dropped += left_out.len();
    }
    Ok((text, dropped))
}

#[test]
fn a_reference_to_a_record_of_this_person_is_told_and_nothing_else() {
    assert_eq!(feed().news(NEWS.as_bytes()).unwrap(), NEWS.as_bytes());
    let spaced = r#" { "person" : "P-1", "id": "c-\u0031", "resourceType": "Communication" } "#;
    assert_eq!(feed().news(spaced.as_bytes()).unwrap(), NEWS.as_bytes(), "one form goes out");
    for data in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        NEWS.replace("P-1", "P-2"),
        NEWS.replace("P-1", "p-1"),
        NEWS.replace("P-1", "P-1 "),
        NEWS.replace("\"P-1\"", "[\"P-1\"]"),
        NEWS.replace("Communication", "Observation"),
        NEWS.replace("Communication", "Patient"),
        NEWS.replace("Communication", "Nonsense"),
        NEWS.replace("c-1", "../c-1"),
        NEWS.replace("c-1", ""),
        NEWS.replace("\"person\"", "\"person\":\"P-1\",\"person\""),
        NEWS.replace('{', "{\"text\":\"体温 36.5\","),
        NEWS[..NEWS.len() - 1].to_owned(),
        format!("{NEWS}{NEWS}"),
        NEWS.replace("c-1", &"x".repeat(NEWS_BYTES_MAX)),
    ] {
        assert!(feed().news(data.as_bytes()).is_err(), "{data}");
    }
}

#[test]
fn an_event_stream_is_written_anew() {
    let told = format!("data: {NEWS}\n\n");
    let foreign = NEWS.replace("P-1", "P-2");
    for (given, expected, dropped) in [
        (String::new(), "", 0),
        (": listening to P-2\n\n".to_owned(), ":\n\n", 0),
        (format!("data: {NEWS}\n\n"), &told, 0),
        (format!("data:{NEWS}\n\n"), &told, 0),
        (format!("event: note\ndata: {NEWS}\n\n"), &format!("event: note\n{told}"), 0),
        (format!("event: note about P-2\ndata: {NEWS}\n\n"), &told, 0),
        (format!("id: P-2\nretry: 5\nunknown: P-2\nP-2\ndata: {NEWS}\n\n"), &told, 0),
        (format!("\u{feff}data: {NEWS}\r\n\r\n"), &told, 0),
        (format!("data: {NEWS}\r\r"), &told, 0),
        // Over several lines it is still one JSON text.
        (format!("data: {}\ndata: {}\n\n", &NEWS[..1], &NEWS[1..]), &told, 0),
        // Not told until it is whole.
        (format!("data: {NEWS}\n"), "", 0),
        (format!("data: {foreign}\n\ndata: {NEWS}\n\n"), &told, 1),
        (format!("data: {NEWS}\ndata: {NEWS}\n\n"), "", 1),
        ("data\n\n".to_owned(), "", 1),
        ("event: note\n\n".to_owned(), "", 0),
    ] {
        assert_eq!(read(&[given.as_bytes()]).unwrap(), (expected.to_owned(), dropped), "{given:?}");
        // The same whatever the pieces.
        let bytes: Vec<&[u8]> = given.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes).unwrap(), (expected.to_owned(), dropped), "{given:?}");
    }
    let endless = vec![b'x'; 10_000];
    assert!(read(&[&endless]).is_err());
    let endless = "data: x\n".repeat(10_000);
    assert!(read(&[endless.as_bytes()]).is_err());
}

/// A reader of event streams written the other way round: whole text, lines, blocks.
fn data_of(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').collect();
    let blocks = lines.split(|line| line.is_empty());
    blocks
        .map(|block| block.iter().filter_map(|line| line.strip_prefix("data: ")).collect::<Vec<_>>().join("\n"))
        .filter(|data| !data.is_empty())
        .collect()
}

proptest! {
    /// Whatever the store sends, in whatever pieces: only news of this person come out.
    #[test]
    fn nothing_but_news_comes_out(
        lines in proptest::collection::vec(prop_oneof![
            Just(format!("data: {NEWS}")), Just(format!("data: {}", NEWS.replace("P-1", "P-2"))), Just(String::new()),
            Just("event: note".to_owned()), Just(": P-2".to_owned()), Just("id: P-2".to_owned()), Just("\r".to_owned()),
            Just("data".to_owned()), "[a-z:]{0,9}", Just("\u{feff}".to_owned()),
        ], 0..40),
        cuts in proptest::collection::vec(0_usize..400, 0..10),
    ) {
        let text = lines.join("\n");
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < text.len()).collect();
        cuts.sort_unstable();
        let mut pieces: Vec<&[u8]> = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&text.as_bytes()[from..cut]);
            from = cut;
        }
        pieces.push(&text.as_bytes()[from..]);
        // Too long is an end, and an end gives nothing away.
        let Ok((out, _)) = read(&pieces) else { return Ok(()) };
        prop_assert!(data_of(&out).iter().all(|data| data == NEWS), "{out:?}");
        prop_assert!(!out.contains("P-2"), "{out:?}");
        prop_assert_eq!(read(&[text.as_bytes()]).unwrap().0, out);
    }
}
