//! Route maps. Cases in `maps/`: requests and answers as for FHIR, by the map of the visit notes (`deploy/maps/notes.toml`)
//! and by another one; and maps with something wrong, as changes of the first (`- its text`, `+ another`).

use std::sync::LazyLock;

use model::Category;
use proptest::prelude::*;

use super::cases::{describe, request, told, unescape};
use super::{Gate, Request, check_folder};
use crate::{AnswerKind, ForwardBody, MapError, Need, Reader, RouteMap, Touches, located, release};

const NOTES: &str = include_str!("../../../deploy/maps/notes.toml");
/// What the notes do not have.
const VISITS: &str = include_str!("../../testdata/maps/visits.toml");

static READER: LazyLock<Reader> =
    LazyLock::new(|| Reader::new(vec![RouteMap::parse(NOTES).unwrap(), RouteMap::parse(VISITS).unwrap()]).unwrap());

fn touches(request: &Request) -> Touches {
    match request.read_by(&READER) {
        Ok(Need::Done(touches)) => touches,
        other => panic!("{request:?}: {other:?}"),
    }
}

/// The request as it would reach the gateway if the store's side were a client.
fn again(request: &Request, touches: &Touches) -> Request {
    let forward = &touches.forward;
    let mut again = request.clone();
    again.method = forward.method.to_owned();
    again.target.clone_from(&forward.target);
    again.headers =
        forward.content_type.iter().map(|value| ("content-type".to_owned(), value.clone().into())).collect();
    again.headers.extend(forward.if_match.iter().map(|tag| ("if-match".to_owned(), tag.clone().into())));
    if let ForwardBody::Built(body) = &forward.body {
        again.body.clone_from(body);
        again.headers.push(("content-length".to_owned(), b"1".to_vec()));
    }
    again
}

#[test]
fn refused() {
    let count = check_folder("maps/refused", |block| {
        let said = told(request(block).read_by(&READER));
        assert!(said[0].starts_with("refused: "), "{block:#?} is served: {said:#?}");
        said
    });
    assert!(count >= 90, "only {count} cases");
}

#[test]
fn served() {
    let count = check_folder("maps/served", |block| {
        let request = request(block);
        let read = request.read_by(&READER);
        if let Ok(Need::Done(touches)) = &read
            && touches.check().is_ok()
        {
            assert_eq!(self::touches(&again(&request, touches)), *touches, "what is forwarded reads otherwise");
        }
        let said = told(read);
        assert!(!said[0].starts_with("refused: "), "{block:#?} is refused: {said:#?}");
        said
    });
    assert!(count >= 20, "only {count} cases");
}

/// The touches of a request line; look-ups say that the record is P-1's.
fn asked(line: &str) -> Touches {
    let (method, target) = line.split_once(' ').unwrap();
    let (target, kind) = target.split_once(" as ").unwrap_or((target, ""));
    let mut request = Request { method: method.to_owned(), ..Request::get(target) };
    if !kind.is_empty() {
        let (content_type, body) = if kind == "form" {
            ("application/x-www-form-urlencoded", "text=x")
        } else {
            ("application/json", r#"{"text":"x"}"#)
        };
        request.headers.push(("content-type".to_owned(), content_type.into()));
        request.body = body.into();
    }
    let id = target.split('/').nth(3).unwrap_or_default();
    let stored =
        format!(r#"{{"id":"{id}","person":"P-1","author":"K-1","visit":{{"id":"{id}","who":{{"id":"P-1"}}}}}}"#);
    request.stored.push((200, Some("\"1\"".to_owned()), stored.into_bytes()));
    touches(&request)
}

#[test]
fn released() {
    let count = check_folder("maps/released", |block| {
        let touches = asked(block[0]);
        let (mut status, mut content_type, mut body, mut hidden, mut leads) = (200, None, Vec::new(), Vec::new(), None);
        for line in &block[1..] {
            if let Some(answer) = line.strip_prefix("< ") {
                let (number, kind) = answer.split_once(' ').unwrap_or((answer, "application/json"));
                status = number.parse().unwrap();
                content_type = Some(kind).filter(|kind| *kind != "-");
            } else if let Some(text) = line.strip_prefix("| ") {
                body.extend(unescape(text));
            } else if let Some(to) = line.strip_prefix("location: ") {
                leads = Some(to);
            } else {
                hidden.push(Category::parse(line.strip_prefix("hidden: ").unwrap()).unwrap());
            }
        }
        let mut may_see = Gate(|_: &_, category| !hidden.contains(&category));
        let mut lines = match release(&touches.answer, &touches, status, content_type, &body, &mut may_see) {
            Err(misbehaviour) => vec![format!("misbehaves: {misbehaviour}")],
            Ok(released) => {
                let join = |texts: Vec<String>| if texts.is_empty() { "-".to_owned() } else { texts.join(", ") };
                let records = join(released.records.iter().map(ToString::to_string).collect());
                let persons = join(released.persons.iter().map(ToString::to_string).collect());
                let mut lines = vec![
                    format!("| {}", String::from_utf8(released.body).unwrap()),
                    format!("records {records} of {persons}"),
                ];
                lines.extend(released.why.iter().map(|dropped| format!("dropped {}: {}", dropped.record, dropped.why)));
                lines
            }
        };
        if let Some(to) = leads {
            let located = located(to, &touches);
            lines.push(located.map_or("leads nowhere".to_owned(), |to| format!("leads to {to:?}")));
        }
        lines
    });
    assert!(count >= 40, "only {count} cases");
}

#[test]
fn faulty_maps() {
    let count = check_folder("maps/faulty", |block| {
        let mut text = NOTES.to_owned();
        for pair in block.chunks(2) {
            let (old, new) = (pair[0].strip_prefix("- ").unwrap(), pair[1].strip_prefix('+').unwrap());
            assert!(text.contains(old), "{old} does not stand in the map");
            text = text.replacen(old, &new.trim_start().replace("{end}", "\n"), 1);
        }
        match RouteMap::parse(&text) {
            Ok(_) => panic!("{block:#?} is in order"),
            // The line and the arrow of TOML's own words change with every comment of the map.
            Err(MapError::Form(why)) => vec![format!("no map: {}", why.lines().last().unwrap())],
            Err(MapError::Faults(faults)) => faults,
        }
    });
    assert!(count >= 60, "only {count} cases");
}

#[test]
fn a_map_tells_what_it_demands() {
    let maps = [NOTES, VISITS].map(|text| RouteMap::parse(text).unwrap());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/maps/demands.txt");
    let demands = maps.iter().flat_map(RouteMap::demands).collect::<Vec<_>>().join("\n") + "\n";
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&path, &demands).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), demands);
}

#[test]
fn coverage_is_a_number() {
    let map = RouteMap::parse(NOTES).unwrap();
    let coverage = map.coverage([
        "GET /notes/people/P-1/entries?from=2026-11-01&to=",
        "GET /notes/people/P-2/entries HTTP/1.1",
        r#"10.0.0.1 - - [27/Nov/2026:10:00:00 +0900] "GET /notes/entries/e-1 HTTP/1.1" 200 120 "-" "x""#,
        "POST /notes/people/P-1/entries",
        "",
        "GET /notes/people/P-1/entries?sort=asc",
        "GET /notes/people/P-1/entries?sort=desc",
        "GET /notes/export.csv",
        "get /notes",
        "noise",
    ]);
    let counts: Vec<(&str, u64)> =
        coverage.routes.iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(counts, [("write by form", 1), ("entries of a person", 2), ("read an entry", 1)]);
    let expected = [("GET /notes/people/P-1/entries".to_owned(), 2), ("GET /notes/export.csv".to_owned(), 1)];
    assert_eq!(coverage.unmatched, expected);
    assert_eq!((coverage.requests(), coverage.unreadable, coverage.per_mille()), (7, 2, Some(571)));
    assert_eq!(map.coverage([]).per_mille(), None);
}

#[test]
fn two_maps_do_not_meet() {
    let map = || RouteMap::parse(NOTES).unwrap();
    assert!(matches!(Reader::new(vec![map(), map()]), Err(MapError::Faults(faults)) if faults.len() == 1));
    assert!(READER.is_mapped("/notes") && READER.is_mapped("/notes/x") && !READER.is_mapped("/notesx"));
    assert!(!READER.is_mapped("/fhir/Patient/P-1") && !READER.is_mapped("//notes") && !READER.is_mapped("notes"));
    // What is of no map is FHIR's, as ever.
    let fhir = Request::get("/fhir/Patient/P-1").read_by(&READER);
    assert!(matches!(fhir, Ok(Need::Done(touches)) if touches.persons().len() == 1));
}

/// The gateway asks an index first; an index may save a look-up, never decide.
#[test]
fn an_index_answers_reads_that_are_checked_again() {
    let need = |method: &str, target: &str| {
        let mut request = Request { method: method.to_owned(), ..Request::get(target) };
        if method == "PUT" {
            request.headers.push(("content-type".to_owned(), b"application/json".to_vec()));
            request.body = br#"{"text":"x"}"#.to_vec();
        }
        let Ok(Need::Stored(needed)) = request.read_by(&READER) else { panic!("{method} {target}") };
        needed
    };
    let one = super::person("P-1");
    for (method, target, cacheable) in [
        ("GET", "/notes/entries/e-1", true),
        ("GET", "/notes/entries/e-1/page", true),
        ("GET", "/notes/attachments/a-1", false),
        ("PUT", "/notes/entries/e-1", false),
        ("DELETE", "/notes/entries/e-1", false),
    ] {
        let needed = need(method, target);
        assert_eq!(needed.cacheable(), cacheable, "{target}");
        assert_eq!(needed.accept(), "application/json");
        let known = needed.clone().from_index(std::slice::from_ref(&one));
        assert_eq!(matches!(known, Need::Done(_)), cacheable, "{target}");
        assert!(matches!(needed.clone().from_index(&[one.clone(), super::person("P-2")]), Need::Stored(_)));
        assert!(matches!(needed.from_index(&[]), Need::Stored(_)));
    }
    let needed = need("GET", "/notes/attachments/a-1");
    assert_eq!(needed.probe(needed.record(), "nobodys"), "/notes/attachments/nobodys/about");
}

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
    "/",
    "//",
    "/.",
    "/..",
    "%2f",
    "%2e",
    "%00",
    "%25",
    "%",
    "+",
    ";",
    "#",
    "?",
    "&",
    "=",
    "person=P-1",
    "person=P-2",
    "q=",
    "from=",
    "2026-11-23",
    "to=2026-13-01",
    "text=",
    "あ",
    "%E3%81%82",
    "%C0%AF",
    "[]",
    "{",
    "}",
    "\"text\"",
    ":",
    "\"x\"",
    ",",
    "P-1",
    "*",
];

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![8 => proptest::sample::select(PIECES).prop_map(str::to_owned), 1 => "\\PC{0,3}"];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

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
    let body = prop_oneof![pieces(), "text=[a-zA-Z0-9%+&=あ]{0,20}", Just(r#"{"text":"体温 36.5"}"#.to_owned())];
    (select(METHODS), select(STARTS), prop_oneof![2 => Just(String::new()), 1 => pieces()], select(TYPES), body)
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
            let twice = self::touches(&again(&request, &touches));
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

/// An answer that breaks off is never half released.
#[test]
fn a_broken_answer_is_never_half_released() {
    let touches = asked("GET /notes/entries/e-1");
    let whole = r#"{"id":"e-1","person":"P-1","written_at":"2026-11-10T15:00:00+09:00","text":"体温"}"#.as_bytes();
    let mut all = Gate(|_: &_, _| true);
    for length in 0..whole.len() {
        let answer = release(&touches.answer, &touches, 200, Some("application/json"), &whole[..length], &mut all);
        assert!(answer.is_err(), "{length} bytes");
    }
    assert!(release(&touches.answer, &touches, 200, Some("application/json"), whole, &mut all).is_ok());
    assert!(matches!(touches.answer, AnswerKind::Mapped(_)));
}
