//! Route maps. Cases in `maps/`: requests and answers as for FHIR, by the map of the visit notes (`deploy/maps/notes.toml`)
//! and by another one; and maps with something wrong, as changes of the first (`- its text`, `+ another`).

mod properties;

use std::sync::LazyLock;
use std::time::Duration;

use model::Category;

use super::cases::{request, told, unescape};
use super::{Gate, Request, check_folder};
use crate::{AnswerKind, ForwardBody, MapError, Need, Reader, RouteMap, Touches, located, release};

const NOTES: &str = include_str!("../../../deploy/maps/notes.toml");
/// What the notes do not have.
const VISITS: &str = include_str!("../../testdata/maps/visits.toml");
/// What goes on.
const CALLS: &str = include_str!("../../testdata/maps/calls.toml");

static READER: LazyLock<Reader> =
    LazyLock::new(|| Reader::new([NOTES, VISITS, CALLS].map(|text| RouteMap::parse(text).unwrap()).into()).unwrap());

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
    if let AnswerKind::Socket(_) | AnswerKind::Call(_) = touches.answer {
        again.headers.extend(forward.headers.iter().map(|(name, value)| (name.to_string(), value.clone().into())));
    }
    if let AnswerKind::Socket(_) = touches.answer {
        // The gateway's, of every handshake.
        again.headers.push(("upgrade".to_owned(), b"websocket".to_vec()));
    }
    if let ForwardBody::Built(body) = &forward.body {
        again.body.clone_from(body);
        again.headers.push(("content-length".to_owned(), b"1".to_vec()));
    }
    again
}

/// What nobody could remove is no matter for an order to remove it; whoever gives one hears what would be.
#[test]
fn what_can_be_removed_is_known_by_name() {
    let why = |name: &str| READER.is_removable(&name.parse().unwrap()).map_err(|error| error.to_string());
    for name in ["Observation/o-1", "Patient/P-1", "Binary/b-1", "notes.entry/e-0001-01"] {
        assert_eq!(why(name), Ok(()), "{name}");
    }
    for (name, says) in [
        ("Observatoin/o-1", "is no type of FHIR R4; allowed are the types of FHIR"),
        ("observation/o-1", "is no type of FHIR R4"),
        ("AuditEvent/a-1", "is evidence"),
        ("Practitioner/K-1", "directory"),
        ("Observation/o.1", "`.` is not allowed in an identifier"),
        ("notes.entry/e.1", "`.` is not allowed"),
        ("notes.entyr/e-1", "no route map has a route that removes a `notes.entyr`"),
        ("other.entry/e-1", "no route map has"),
        // It is there; nothing removes one.
        ("notes.attachment/a-1", "and of the route maps `notes.entry`"),
        ("notes.style/a-1", "no route map has"),
    ] {
        let said = why(name).expect_err(name);
        assert!(said.contains(says), "{name}: {said}");
    }
    let without = Reader::new(Vec::new()).unwrap();
    let said = without.is_removable(&"notes.entry/e-1".parse().unwrap()).unwrap_err().to_string();
    assert!(said.ends_with("such as `Observation`"), "{said}");
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
fn a_route_says_how_long_its_answer_may_take() {
    let within = |target| touches(&Request::get(target)).forward.within;
    assert_eq!(within("/visits/some?who=P-1"), Some(Duration::from_secs(45)));
    assert_eq!(within("/visits/people/P-1/all"), None, "as all others of its kind");
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
            let old = old.replace("{end}", "\n");
            assert!(text.contains(&old), "{old} does not stand in the map");
            text = text.replacen(&old, &new.trim_start().replace("{end}", "\n"), 1);
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
    let maps = [NOTES, VISITS, CALLS].map(|text| RouteMap::parse(text).unwrap());
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
    let unmatched: Vec<(&str, u64)> = coverage.unmatched.iter().map(|one| (one.request.as_str(), one.count)).collect();
    assert_eq!(unmatched, [("GET /notes/people/P-1/entries", 2), ("GET /notes/export.csv", 1)]);
    assert_eq!(coverage.unreadable_lines, [9, 10]);
    assert_eq!((coverage.requests(), coverage.unreadable, coverage.per_mille()), (7, 2, Some(571)));
    assert_eq!(map.coverage([]).per_mille(), None);
}

/// Whoever writes a map is told which route comes nearest, and what differs.
#[test]
fn a_request_without_a_route_says_what_it_lacks() {
    let map = RouteMap::parse(NOTES).unwrap();
    let entries = "nearest is `entries of a person` (GET /notes/people/{person}/entries): ";
    for (line, why) in [
        ("GET /notes/people/P-1/entries?sort=asc", format!("{entries}parameter `sort` is not served here")),
        (
            "GET /notes/people/P-1/entries?from=soon",
            format!("{entries}parameter `from` has a value outside its grammar; allowed: a date"),
        ),
        (
            "GET /notes/people/P_1/entries",
            format!("{entries}`P_1` is no {{person}}: letters, digits and -, at most 64"),
        ),
        ("GET /notes/people/P-1/entry", format!("{entries}`entry` stands where it has `entries`")),
        ("DELETE /notes/people/P-1/entries", "the address is served with GET, POST".to_owned()),
        ("GET /notes/a/b/c/d/e", " segments, not 6".to_owned()),
        ("GET /other/x", "it is not below /notes".to_owned()),
        ("GET /notes/", "the target ends with a slash".to_owned()),
    ] {
        let coverage = map.coverage([line]);
        let said = coverage.unmatched.iter().map(|one| one.why.as_str()).collect::<Vec<_>>();
        assert!(said.len() == 1 && said[0].contains(&why), "{line}: {said:?}");
    }
}

#[test]
fn what_nobody_can_amend_is_told() {
    assert_eq!(RouteMap::parse(NOTES).unwrap().warnings(), [""; 0]);
    let authors = r#", authors = "/author""#;
    assert!(NOTES.contains(authors));
    let without = RouteMap::parse(&NOTES.replacen(authors, "", 1)).unwrap();
    let warnings = without.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("kinds.entry: nobody can amend these: a note is "),
        "{warnings:?}"
    );
}

/// What is not read names no author: nobody amends a note by it.
#[test]
fn what_goes_on_and_amends_is_told() {
    let update = CALLS.replacen("action = \"create\"", "action = \"update\"", 1);
    let warnings = RouteMap::parse(&update).unwrap().warnings();
    let of_a_route = |warning: &&String| warning.starts_with("routes.`write`: nobody is permitted this");
    assert_eq!(warnings.iter().filter(of_a_route).count(), 1, "{warnings:?}");
    assert!(RouteMap::parse(CALLS).unwrap().warnings().is_empty());
}

/// Before anything passes, the store says once more whose it is: once, and in the same letters.
#[test]
fn the_store_says_once_more_whose_it_is() {
    let mut request = Request::get("/notes/people/P-1/listen");
    request.headers.push(("upgrade".to_owned(), b"websocket".to_vec()));
    let touches = touches(&request);
    for (named, fits) in [
        (&["P-1"][..], true),
        (&[], false),
        (&["P-2"], false),
        (&["p-1"], false),
        (&["P-1 "], false),
        (&[""], false),
        (&["P-1", "P-1"], false),
        (&["P-1", "P-2"], false),
        (&["P-1, P-2"], false),
    ] {
        assert_eq!(touches.is_of(named.iter().map(|name| name.as_bytes())).is_ok(), fits, "{named:?}");
    }
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
