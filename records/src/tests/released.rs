//! Answers. A case is a request line (`page ...` if it turns to one: what its seal holds), an answer (`< status
//! content-type`), its body (`| ...`), what may not be seen (`hidden: category`, `hidden: sensitive`, `hidden: read` for what
//! was not just written), and what goes out.

use std::collections::HashMap;

use model::Category;

use super::cases::unescape;
use super::{Gate, Request, check_folder};
use crate::{
    Attributed, FhirType, ForwardBody, Gatekeeper, Misbehaviour, Need, Pages, ResourceAttributes, Touches, location,
    read_head, release,
};

const SUBJECTS: &str = r#"{"resourceType":"Observation","id":"o-1","subject":{"reference":"Patient/P-1"}}"#;

/// The touches of a request line; look-ups say that the record is P-1's.
pub(super) fn touches(line: &str) -> Touches {
    let (method, target) = line.split_once(' ').unwrap();
    let (target, field) = target.split_once(' ').unwrap_or((target, ""));
    let mut request = Request { method: method.to_owned(), ..Request::get(target) };
    let kind = target.split(['/', '?']).nth(2).unwrap_or_default().to_owned();
    let id = target.split(['/', '?']).nth(3).unwrap_or_default().to_owned();
    let element = match kind.as_str() {
        "Consent" => "patient",
        "Binary" => "securityContext",
        _ => "subject",
    };
    if let Some((name, value)) = field.split_once(": ") {
        request.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    }
    let body = SUBJECTS.replace("Observation", &kind).replace("subject", element);
    if matches!(method, "POST" | "PUT") {
        request.headers.push(("content-type".to_owned(), b"application/fhir+json".to_vec()));
        let id = if method == "PUT" { format!(r#""id":"{id}""#) } else { r#""language":"ja""#.to_owned() };
        request.body = body.replace(r#""id":"o-1""#, &id).into_bytes();
    } else if kind == "Binary" && !target.contains("raw") {
        request.headers.push(("accept".to_owned(), b"application/fhir+json".to_vec()));
    }
    // An old version needs two look-ups.
    let stored = (200, Some("W/\"1\"".to_owned()), body.replace("o-1", &id).into_bytes());
    request.stored.extend([stored.clone(), stored]);
    request.touches().in_pages(Pages::Stores).unwrap()
}

/// Hides a category, what is sensitive, or whatever was not just written.
struct Hiding<'h>(&'h [&'h str]);

impl Gatekeeper for Hiding<'_> {
    fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool {
        !self.0.iter().any(|hidden| match *hidden {
            "sensitive" => attributes.sensitive,
            "read" => !attributes.written,
            category => Category::parse(category).unwrap() == attributes.category,
        })
    }

    fn seal_page(&mut self, ticket: &[u8]) -> Option<String> {
        Gate(|_: &_, _| true).seal_page(ticket)
    }
}

fn run(block: &[&str]) -> Vec<String> {
    let (mut line, mut block) = (block[0].to_owned(), &block[1..]);
    if let Some(ticket) = block[0].strip_prefix("page ") {
        line = super::page(&line, ticket);
        block = &block[1..];
    }
    let touches = touches(&line);
    let (mut status, mut content_type, mut body, mut hidden) = (200, None, Vec::new(), Vec::new());
    for line in block {
        if let Some(answer) = line.strip_prefix("< ") {
            let (number, kind) = answer.split_once(' ').unwrap_or((answer, "application/fhir+json; charset=utf-8"));
            status = number.parse().unwrap();
            content_type = Some(kind).filter(|kind| *kind != "-");
        } else if let Some(text) = line.strip_prefix("| ") {
            body.extend(unescape(text));
        } else {
            hidden.push(line.strip_prefix("hidden: ").unwrap());
        }
    }
    let mut may_see = Hiding(&hidden);
    match release(&touches.answer, &touches, status, content_type, &body, &mut may_see) {
        Err(misbehaviour) => vec![format!("misbehaves: {misbehaviour}")],
        Ok(released) => {
            let join = |texts: Vec<String>| if texts.is_empty() { "-".to_owned() } else { texts.join(", ") };
            let mut lines = vec![
                format!("| {}", super::with_tickets(&String::from_utf8(released.body).unwrap())),
                format!(
                    "records {} of {}",
                    join(released.records.iter().map(ToString::to_string).collect()),
                    join(released.persons.iter().map(ToString::to_string).collect())
                ),
            ];
            assert!(released.dropped == released.why.len() || released.why.len() == crate::bounds::DROPPED_KEPT_MAX);
            lines.extend(released.sensitive.iter().map(|record| format!("sensitive {record}")));
            lines.extend(released.why.iter().map(|dropped| format!("dropped {}: {}", dropped.record, dropped.why)));
            lines
        }
    }
}

#[test]
fn released() {
    let count = check_folder("released", run);
    assert!(count >= 45, "only {count} cases");
}

/// What went out is a fixed point: read again as an answer, it goes out the same, but for the pages, which are ours.
#[test]
fn what_goes_out_goes_out_again() {
    let touches = touches("GET /fhir/Observation?patient=P-1&_count=2");
    let body = br#"{"resourceType":"Bundle","type":"searchset","total":9,"link":[
        {"relation":"next","url":"http://store:1/fhir/Observation?patient=P-1&_count=2&_offset=2"}],
        "entry":[{"resource":{"resourceType":"Observation","id":"a","subject":{"reference":"Patient/P-1"},"value":36.50}}]}"#;
    let mut all = Gate(|_: &_, _| true);
    let json = Some("application/fhir+json");
    let first = release(&touches.answer, &touches, 200, json, body, &mut all).unwrap();
    let text = String::from_utf8(first.body.clone()).unwrap();
    let (before, next) = text.split_once(r#",{"relation":"next","url":"/fhir/Observation?_page="#).unwrap();
    let without = format!("{before}{}", next.split_once("\"}").unwrap().1);
    let second = release(&touches.answer, &touches, 200, json, &first.body, &mut all).unwrap();
    assert_eq!(String::from_utf8(second.body).unwrap(), without);
    assert_eq!(first.records, second.records);
    assert!(text.contains("36.50"));
}

/// Remembers whose octets are, and shows them or not.
#[derive(Default)]
struct Knowing {
    shows: bool,
    known: HashMap<(FhirType, Vec<u8>), Attributed>,
    asked: Option<(FhirType, Vec<u8>)>,
    found: usize,
}

impl Gatekeeper for Knowing {
    fn may_see(&mut self, _: &ResourceAttributes<'_>) -> bool {
        self.shows
    }

    fn seal_page(&mut self, _: &[u8]) -> Option<String> {
        None
    }

    fn attributed_before(&mut self, fhir_type: FhirType, body: &[u8]) -> Option<Attributed> {
        let asked = (fhir_type, body.to_vec());
        let found = self.known.get(&asked).cloned();
        self.found += usize::from(found.is_some());
        self.asked = Some(asked);
        found
    }

    fn attributed(&mut self, attributed: &Attributed) {
        self.known.insert(self.asked.take().unwrap(), attributed.clone());
    }
}

/// Promises P3 and P4: what is remembered of an answer's octets opens nothing. Who may see it, and whether it was asked about, is asked
/// as if they were read anew.
#[test]
fn what_is_remembered_of_an_answer_says_whose_it_is_and_nothing_more() {
    let asked = |target: &str| touches(&format!("GET {target}"));
    let one = asked("/fhir/Observation/o-1");
    let octets = SUBJECTS.as_bytes();
    let json = Some("application/fhir+json");
    let mut knowing = Knowing { shows: true, ..Knowing::default() };
    let told = |knowing: &mut Knowing, touches: &Touches, body: &[u8]| {
        release(&touches.answer, touches, 200, json, body, knowing).map(|released| (released.body, released.persons))
    };
    let first = told(&mut knowing, &one, octets).unwrap();
    assert_eq!((told(&mut knowing, &one, octets).unwrap(), knowing.found), (first, 1));
    // Whom it is not shown to any more, and who asked for another one.
    knowing.shows = false;
    assert_eq!((told(&mut knowing, &one, octets).unwrap_err(), knowing.found), (Misbehaviour::NotSeen, 2));
    knowing.shows = true;
    let other = told(&mut knowing, &asked("/fhir/Observation/o-2"), octets).unwrap_err();
    assert!(matches!(other, Misbehaviour::ForeignRecord { .. }), "{other:?}");
    // One octet more is another answer; so is what is not written as it would be here.
    let spaced = [octets, b" "].concat();
    for _ in 0..2 {
        let found = knowing.found;
        assert!(told(&mut knowing, &one, &spaced).is_ok() && knowing.found == found);
    }
}

#[test]
fn a_page_asks_once_for_each_person_and_category() {
    let touches = touches("GET /fhir/Observation?patient=P-1");
    let entry = r#"{"resource":{"resourceType":"Observation","id":"a","subject":{"reference":"Patient/P-1"}}}"#;
    let body = format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{}]}}"#, [entry; 50].join(","));
    let mut asked = 0;
    let mut may_see = Gate(|_: &_, _| {
        asked += 1;
        true
    });
    let json = Some("application/fhir+json");
    let released = release(&touches.answer, &touches, 200, json, body.as_bytes(), &mut may_see).unwrap();
    assert_eq!((released.records.len(), asked), (50, 1));
}

#[test]
fn a_broken_answer_is_never_half_released() {
    let touches = touches("GET /fhir/Observation/o-1");
    let whole = br#"{"resourceType":"Observation","id":"o-1","subject":{"reference":"Patient/P-1"},"note":[{"text":"\u98df"}]}"#;
    let mut all = Gate(|_: &_, _| true);
    for length in 0..whole.len() {
        let answer = release(&touches.answer, &touches, 200, Some("application/json"), &whole[..length], &mut all);
        assert!(answer.is_err(), "{length} bytes");
    }
    assert!(release(&touches.answer, &touches, 200, Some("application/json"), whole, &mut all).is_ok());
}

#[test]
fn locations_are_made_anew() {
    let create = touches("POST /fhir/Observation");
    let update = touches("PUT /fhir/Observation/o-1");
    let read = touches("GET /fhir/Observation/o-1");
    let cases = [
        (&create, "http://127.0.0.1:8080/fhir/Observation/o-9/_history/1", Some("/fhir/Observation/o-9")),
        (&create, "Observation/o-9/_history/1", Some("/fhir/Observation/o-9")),
        (&create, "/fhir/Observation/o-9", Some("/fhir/Observation/o-9")),
        (&create, "/fhir/Consent/o-9", None),
        (&create, "https://evil.example/", None),
        (&create, "https://evil.example", None),
        (&create, "/fhir/Observation/o-9?patient=P-2", None),
        (&create, "/fhir/Observation/../Patient/P-2", None),
        (&create, "", None),
        (&update, "/fhir/Observation/o-1", Some("/fhir/Observation/o-1")),
        (&update, "/fhir/Observation/o-2", None),
        (&read, "/fhir/Observation/o-1", None),
    ];
    for (touches, text, expected) in cases {
        assert_eq!(location(text, touches).as_deref(), expected, "{text}");
    }
}

/// The gateway asks an index first; an index may save a look-up, never decide.
#[test]
fn an_index_answers_reads_only() {
    let json: &[(&str, &[u8])] = &[("content-type", b"application/fhir+json")];
    let need = |method, headers| read_head(&crate::Head { method, target: "/fhir/Observation/o-1", headers }).unwrap();
    let Need::Stored(read) = need("GET", &[]) else { panic!() };
    assert!(read.cacheable());
    let (one, two) = (super::person("P-1"), super::person("P-2"));
    assert!(
        matches!(read.clone().from_index(std::slice::from_ref(&one)), Need::Done(touches) if touches.persons() == [one.clone()])
    );
    assert!(matches!(read.clone().from_index(&[one.clone(), two]), Need::Stored(_)));
    assert!(matches!(read.from_index(&[]), Need::Stored(_)));
    let Need::Body(update) = need("PUT", json) else { panic!() };
    let Need::Stored(update) = update.read(SUBJECTS.as_bytes()).unwrap() else { panic!() };
    assert!(!update.cacheable());
    assert!(matches!(update.from_index(&[one]), Need::Stored(_)));
}

/// A search about more persons than a target can name goes as a form, and so do its pages.
#[test]
fn a_search_that_is_sent_as_a_form_has_pages_too() {
    let persons: Vec<_> = (0..64).map(|number| super::person(&format!("P-{number:03}-{}", "x".repeat(40)))).collect();
    let request = Request { cared_for: persons, ..Request::get("/fhir/Observation?code=8480-6") };
    let touches = request.touches().in_pages(Pages::Stores).unwrap();
    assert_eq!((touches.forward.method, touches.forward.target.as_str()), ("POST", "/fhir/Observation/_search"));
    let ForwardBody::Built(form) = &touches.forward.body else { panic!("no form") };
    let form = String::from_utf8(form.clone()).unwrap();
    let json = Some("application/fhir+json");
    let mut all = Gate(|_: &_, _| true);
    let mut next = |url: &str| {
        let body = format!(
            r#"{{"resourceType":"Bundle","type":"searchset","link":[{{"relation":"next","url":"{url}"}}],"entry":[]}}"#
        );
        let released = release(&touches.answer, &touches, 200, json, body.as_bytes(), &mut all).unwrap();
        let text = String::from_utf8(released.body).unwrap();
        assert!(!text.contains("xxxx"), "persons stand in a link: {text}");
        text.split_once(r#""next","url":""#).map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
    };
    // Stores write the comma as it is, name the path with or without `_search`, and put the place where they like.
    let plain = form.replace("%2C", ",");
    for url in [
        format!("http://store/fhir/Observation?{form}&_offset=50"),
        format!("http://store/fhir/Observation/_search?_offset=50&{plain}"),
    ] {
        let page = next(&url).unwrap_or_else(|| panic!("not offered: {url}"));
        let turned = Request { target: page, ..request.clone() }.touches();
        assert_eq!(turned.forward.body, ForwardBody::Built(format!("{form}&_offset=50").into_bytes()));
        assert!(turned.claims().eq(touches.claims()));
    }
    assert_eq!(next(&format!("http://store/fhir/Observation?{}&_offset=50", form.replace("P-063", "P-064"))), None);
}
