//! Properties: whatever is asked and whatever a map says, what is forwarded reads the same again and nothing foreign goes out.

use model::Category;
use proptest::prelude::*;

use super::{NOTES, READER, again, asked};
use crate::tests::cases::describe;
use crate::tests::pieces::pieces;
use crate::tests::{Gate, Request};
use crate::{Need, Reader, RouteMap, release};

/// Beside those that any target may hold.
const PIECES: &[&str] = &[
    "/notes",
    "/people",
    "/entries",
    "/attachments",
    "/search",
    "/static/notes.css",
    "/P-1",
    "/e-1",
    "/page",
    "/about",
    "%",
    "person=P-1",
    "person=P-2",
    "q=",
    "from=",
    "2026-11-23",
    "to=2026-13-01",
    "text=",
    "{",
    "}",
    "\"text\"",
    "\"x\"",
];

fn requests() -> impl Strategy<Value = Request> {
    const STARTS: &[&str] = &[
        "",
        "/notes",
        "/notes/people/P-1",
        "/notes/people/P-1/entries",
        "/notes/people/P-1/entries?",
        "/notes/search?person=P-1",
        "/notes/search?person=P-1&q=",
        "/notes/entries/e-1",
    ];
    const TYPES: &[&str] = &["-", "-", "application/json", "application/x-www-form-urlencoded", "text/plain"];
    const METHODS: &[&str] = &["GET", "GET", "POST", "PUT", "DELETE", "PATCH"];
    let select = proptest::sample::select::<&str>;
    let body = prop_oneof![pieces(PIECES), "text=[a-zA-Z0-9%+&=あ]{0,20}", Just(r#"{"text":"体温 36.5"}"#.to_owned())];
    (select(METHODS), select(STARTS), prop_oneof![2 => Just(String::new()), 1 => pieces(PIECES)], select(TYPES), body)
        .prop_map(|(method, start, rest, content_type, body)| Request {
            method: method.to_owned(),
            target: format!("{start}{rest}"),
            headers: if content_type == "-" {
                Vec::new()
            } else {
                vec![("content-type".to_owned(), content_type.into())]
            },
            body: body.into_bytes(),
            stored: vec![(200, Some("\"1\"".to_owned()), br#"{"id":"e-1","person":"P-1","author":"K-1"}"#.to_vec())],
            ..Request::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Nothing panics; what is served is about one person whom the client's words or the store named; and what is forwarded
    /// reads the same again, so that policy and store have read one thing.
    #[test]
    fn what_is_forwarded_reads_the_same_again(request in requests()) {
        if let Ok(Need::Done(touches)) = request.read_by(&READER) {
            let nobodys = matches!(touches.main().category, Category::Directory);
            prop_assert_eq!(touches.persons().len(), usize::from(!nobodys));
            prop_assert!(touches.forward.target.starts_with("/notes"));
            prop_assert!(touches.forward.target.bytes().all(|b| b.is_ascii_graphic() && b != b'+' && b != b'#'));
            prop_assert_eq!(touches.writes(), touches.forward.method != "GET");
            let twice = super::touches(&again(&request, &touches));
            prop_assert_eq!(describe(&twice), describe(&touches));
        }
    }

    /// Nothing of anybody else comes out, whatever a store sends.
    #[test]
    fn nothing_foreign_is_released(list in proptest::collection::vec(("[a-z]{1,3}", 0..4_u8, any::<bool>()), 0..12)) {
        let items: Vec<String> = list
            .iter()
            .map(|(id, person, named)| {
                let name = if *named { "person" } else { "other" };
                format!(r#"{{"id":"e-{id}","{name}":"P-{person}","text":"of P-{person}"}}"#)
            })
            .collect();
        let body = format!(r#"{{"person":"P-1","entries":[{}],"more":"of P-2"}}"#, items.join(","));
        let touches = asked("GET /notes/people/P-1/entries");
        let json = Some("application/json");
        let released =
            release(&touches.answer, &touches, 200, json, body.as_bytes(), &mut Gate(|_: &_, _| true)).unwrap();
        let own = list.iter().filter(|(_, person, named)| *person == 1 && *named).count();
        prop_assert_eq!((released.records.len(), released.dropped), (own, list.len() - own));
        let text = String::from_utf8(released.body).unwrap();
        prop_assert!(!text.contains("P-2") && !text.contains("P-0") && !text.contains("P-3"), "{}", text);
        prop_assert_eq!(text.matches("of P-1").count(), own);
    }

    /// A text that somebody wrote into a page, escaped as every template engine does, is never taken for the marker.
    #[test]
    fn no_text_is_a_marker(text in "[<>&\"'= a-zP0-9/-]{0,40}") {
        let escaped = text
            .replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
        let page = format!(
            "<!doctype html><title>{escaped}</title><main data-person=\"P-1\"><p title=\"{escaped}\">{escaped} data-person=\"P-2\" \
             </p><!-- <i data-person=\"P-2\"> --><script>\"<i data-person='P-2'>\"</script></main>"
        );
        let touches = asked("GET /notes/people/P-1");
        let kind = Some("text/html");
        let released = release(&touches.answer, &touches, 200, kind, page.as_bytes(), &mut Gate(|_: &_, _| true));
        prop_assert!(released.is_ok(), "{:?}", released);
    }
}

/// The map of the notes with one or two of its words exchanged for others of it.
fn changed_maps() -> impl Strategy<Value = String> {
    proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 1..3).prop_map(
        |changes| {
            let mut parts: Vec<String> = NOTES.split('"').map(str::to_owned).collect();
            let quoted = parts.len() / 2;
            for (place, other) in changes {
                parts[place.index(quoted) * 2 + 1] =
                    NOTES.split('"').nth(other.index(quoted) * 2 + 1).unwrap().to_owned();
            }
            parts.join("\"")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Whatever is written into a map: nothing panics, and if it loads, the same holds of it as of the one we wrote.
    #[test]
    fn a_map_that_loads_is_as_strict_as_any(text in changed_maps(), requests in proptest::collection::vec(requests(), 8)) {
        let Ok(map) = RouteMap::parse(&text) else { return Ok(()) };
        let reader = Reader::new(vec![map]).unwrap();
        for request in requests {
            let Ok(Need::Done(touches)) = request.read_by(&reader) else { continue };
            let nobodys = touches.main().category == Category::Directory;
            prop_assert_eq!(touches.persons().len(), usize::from(!nobodys), "{}", text);
            prop_assert_eq!(touches.writes(), touches.forward.method != "GET", "{}", text);
            let twice = again(&request, &touches).read_by(&reader);
            let Ok(Need::Done(twice)) = twice else { panic!("{twice:?}") };
            prop_assert_eq!(describe(&twice), describe(&touches), "{}", text);
        }
    }

    /// And whatever octets are given for a map.
    #[test]
    fn no_map_panics(text in "\\PC{0,200}", cut in any::<proptest::sample::Index>(), with in "\\PC{0,3}") {
        let _ = RouteMap::parse(&text);
        let at = (0..NOTES.len()).map(|back| (cut.index(NOTES.len()) + back) % NOTES.len()).find(|at| NOTES.is_char_boundary(*at)).unwrap();
        let _ = RouteMap::parse(&format!("{}{with}{}", &NOTES[..at], &NOTES[at..]));
    }
}

/// The generators reach what they are for: enough maps load, and enough requests are served.
#[test]
fn the_generators_reach_what_they_are_for() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut draw = |count: usize, reached: &mut dyn FnMut(&mut TestRunner) -> bool| {
        (0..count).filter(|_| reached(&mut runner)).count()
    };
    let loaded = draw(300, &mut |runner| RouteMap::parse(&changed_maps().new_tree(runner).unwrap().current()).is_ok());
    assert!((15..270).contains(&loaded), "{loaded} of 300 maps load");
    let served = draw(2_000, &mut |runner| {
        matches!(requests().new_tree(runner).unwrap().current().read_by(&READER), Ok(Need::Done(_)))
    });
    assert!((100..1_500).contains(&served), "{served} of 2,000 requests are served");
}
