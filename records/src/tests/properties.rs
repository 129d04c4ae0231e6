//! Properties: nothing panics, what is forwarded reads the same again, and a naive second reader agrees.

mod generators;

use proptest::prelude::*;

use self::generators::{json_like, searches, targets};
use super::Request;
use super::released::touches;
use crate::{ForwardBody, Head, Need, Touches, Unreadable, read_head, release};

fn served(request: &Request) -> Option<Touches> {
    match request.read() {
        Ok(Need::Done(touches)) => Some(touches),
        _ => None,
    }
}

/// A second implementation, as plain as can be: what a search about one person may look like once it is forwarded.
/// Splits, decodes and checks anew, with nothing shared.
fn naive(target: &str) -> Option<(String, Vec<(String, String)>)> {
    if !target.chars().all(|c| c.is_ascii_alphanumeric() || "/?&=%-._~:$".contains(c)) {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path.contains('%') || path.contains("//") || path.contains("..") || path.ends_with('/') {
        return None;
    }
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let mut decoded = Vec::new();
        let bytes = value.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'%' {
                decoded.push(u8::from_str_radix(std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?, 16).ok()?);
                at += 3;
            } else {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
        pairs.push((name.to_owned(), String::from_utf8(decoded).ok()?));
    }
    Some((path.to_owned(), pairs))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_head_panics(method in "GET|POST|PUT|PATCH|DELETE|HEAD|get|\\PC{0,8}", target in targets(), name in "[a-z-]{1,20}", value: Vec<u8>) {
        let headers = vec![(name, value)];
        let _ = Request { method, headers, ..Request::get(&target) }.read();
    }

    #[test]
    fn what_is_forwarded_reads_the_same_again(target in prop_oneof![targets(), searches()]) {
        if let Some(touches) = served(&Request::get(&target)) {
            prop_assert_eq!(&touches.forward.body, &ForwardBody::None);
            // All types of records, written out: more than a client may write.
            if touches.forward.target.contains("$everything") {
                return Ok(());
            }
            let again = served(&Request::get(&touches.forward.target));
            let again = again.as_ref();
            prop_assert_eq!(Some(&touches.forward), again.map(|again| &again.forward));
            prop_assert!(again.is_some_and(|again| touches.claims().eq(again.claims())));
            prop_assert_eq!(Some(&touches.records), again.map(|again| &again.records));
        }
    }

    #[test]
    fn a_second_reader_sees_the_same_person(target in prop_oneof![1 => targets(), 2 => searches()]) {
        if let Some(touches) = served(&Request::get(&target)) {
            let (path, pairs) = naive(&touches.forward.target).expect("not canonical");
            let named: Vec<&str> =
                pairs.iter().filter(|(name, _)| name == "patient").map(|(_, value)| value.as_str()).collect();
            let own = touches.persons();
            let persons: Vec<&str> = own.iter().map(model::PersonId::as_str).collect();
            if touches.main().action == model::Action::Search && !path.contains("/Patient") {
                let named: Vec<&str> = named.iter().flat_map(|named| named.split(',')).collect();
                prop_assert_eq!(&named, &persons);
            }
            if touches.main().category != model::Category::Directory {
                prop_assert!(!persons.is_empty());
            }
            for claim in touches.claims() {
                prop_assert_eq!(claim.persons.is_empty(), claim.category == model::Category::Directory);
                // Nobody is looked at beside those who are named.
                prop_assert!(claim.persons.is_empty() || claim.persons == own, "{:?}", claim);
            }
            let mut sorted = pairs.clone();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), pairs.len(), "a pair stands twice");
        }
    }

    /// What is sealed is ours; should it ever be another's, or an older form of ours, nothing breaks.
    #[test]
    fn no_ticket_panics(target in targets(), rest in "\\PC{0,20}", bytes: Vec<u8>) {
        for ticket in [bytes, format!("1\n{target}\n{rest}\noffset 5").into_bytes(), format!("1\n{target}\n-\nlink {rest}").into_bytes()] {
            for path in ["/fhir/Observation", "/fhir/Patient"] {
                let sealed: String = ticket.iter().map(|byte| format!("{byte:02x}")).collect();
                let _ = Request { cared_for: vec![super::person("P-1")], ..Request::get(&format!("{path}?_page={sealed}")) }.read();
            }
        }
    }

    #[test]
    fn no_body_panics(body: Vec<u8>, text in json_like()) {
        for body in [body, text.into_bytes()] {
            let headers = vec![("content-type".to_owned(), b"application/fhir+json".to_vec())];
            let request = Request { method: "POST".to_owned(), headers, body: body.clone(), ..Request::get("/fhir/Observation") };
            let _ = request.read();
            for method in ["PUT", "PATCH"] {
                let stored = vec![(200, None, body.clone()); 2];
                let headers = vec![("content-type".to_owned(), b"application/fhir+json".to_vec())];
                let target = "/fhir/Observation?patient=P-1&identifier=x";
                let _ = Request { method: method.to_owned(), headers, body: body.clone(), stored, ..Request::get(target) }.read();
            }
            for target in ["/fhir/Observation/o-1", "/fhir/Observation/o-1/_history/1"] {
                let _ = Request { stored: vec![(200, None, body.clone()); 2], ..Request::get(target) }.read();
            }
        }
    }

    /// Whatever a look-up shows, what is said before the decision is one of three things, and two of them are one answer
    /// for the client (promise P4). A version that is not the stored one is said after the decision only.
    #[test]
    fn look_ups_tell_nothing(
        which in 0..6usize,
        status in prop_oneof![4 => Just(200u16), 1 => 100..600u16],
        etag in proptest::option::of(prop_oneof![Just("W/\"1\"".to_owned()), Just("W/\"2\"".to_owned()), "\\PC{0,6}"]),
        owner in proptest::sample::select(&["P-1", "P-2", "", "G/1"][..]),
        inner in json_like(),
    ) {
        let own = r#"{"resourceType":"Observation","id":"o-1","subject":{"reference":"Patient/P-1"}}"#;
        let linking = r#"{"resourceType":"Observation","subject":{"reference":"Patient/P-1"},"hasMember":[{"reference":"Observation/o-1"}]}"#;
        let (method, target, body) = [("GET", "/fhir/Observation/o-1", ""), ("PUT", "/fhir/Observation/o-1", own), ("POST", "/fhir/Observation", linking),
            ("DELETE", "/fhir/Observation/o-1", ""), ("PATCH", "/fhir/Observation/o-1", r#"[{"op":"add","path":"/status","value":"final"}]"#),
            ("GET", "/fhir/Observation/o-1/_history/1", "")][which];
        let mut headers = Vec::new();
        if !body.is_empty() {
            let media = if method == "PATCH" { "application/json-patch+json" } else { "application/fhir+json" };
            headers.push(("content-type".to_owned(), media.as_bytes().to_vec()));
        }
        let replaces = matches!(method, "PUT" | "DELETE" | "PATCH");
        if replaces {
            headers.push(("if-match".to_owned(), b"W/\"1\"".to_vec()));
        }
        let stored = format!(r#"{{"resourceType":"Observation","id":"o-1","meta":{inner},"subject":{{"reference":"Patient/{owner}"}}}}"#);
        let request = Request {
            method: method.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
            // An old version is looked up after the newest.
            stored: vec![(status, etag.clone(), stored.into_bytes()); 2],
            ..Request::get(target)
        };
        match request.read() {
            Ok(Need::Done(touches)) => {
                prop_assert_eq!(status, 200);
                let stale = replaces && etag.as_deref() != Some("W/\"1\"");
                // A patch may fail to fit, too.
                let wrong = touches.check().is_err();
                prop_assert!(wrong == stale || (wrong && method == "PATCH"));
                // What is not the stored version is no version at all: the store refuses it too.
                let wanted = if wrong { "W/\"0\"" } else { "W/\"1\"" };
                prop_assert!(!replaces || touches.forward.if_match.as_deref() == Some(wanted));
                // Somebody else's record is never touched without him.
                prop_assert!(touches.persons().iter().any(|person| person.as_str() == owner), "{:?}", touches);
            }
            Err(Unreadable::NotThere | Unreadable::Withheld(_) | Unreadable::StoreFailed(_)) => {}
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// Whatever a look-up by criteria finds, what is touched is a record of the person who was meant, or none.
    #[test]
    fn a_condition_means_a_record_of_this_person(
        which in 0..3usize,
        entries in proptest::collection::vec((proptest::sample::select(&["o-1", "o-2", "", "o_3"][..]), proptest::sample::select(&["P-1", "P-2", ""][..]), proptest::sample::select(&["match", "outcome", "odd"][..])), 0..4),
        owner in proptest::sample::select(&["P-1", "P-2"][..]),
        goes_on: bool,
    ) {
        let own = r#"{"resourceType":"Observation","subject":{"reference":"Patient/P-1"}}"#;
        let (method, body, media) = [("PUT", own, "application/fhir+json"), ("DELETE", "", ""),
            ("PATCH", r#"[{"op":"add","path":"/status","value":"final"}]"#, "application/json-patch+json")][which];
        let headers = if media.is_empty() { Vec::new() } else { vec![("content-type".to_owned(), media.as_bytes().to_vec())] };
        let found: Vec<String> = entries.iter().map(|(id, person, mode)| format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"{id}","subject":{{"reference":"Patient/{person}"}}}},"search":{{"mode":"{mode}"}}}}"#
        )).collect();
        let link = if goes_on { r#","link":[{"relation":"next","url":"x"}]"# } else { "" };
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"searchset"{link},"entry":[{}]}}"#, found.join(","));
        let stored = format!(r#"{{"resourceType":"Observation","id":"o-1","subject":{{"reference":"Patient/{owner}"}}}}"#);
        let request = Request {
            method: method.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
            // A patch needs the version twice: whose it is, and all that is in it.
            stored: std::iter::once((200, None, bundle.into_bytes()))
                .chain(vec![(200, Some("W/\"1\"".to_owned()), stored.into_bytes()); 2])
                .collect(),
            ..Request::get("/fhir/Observation?patient=P-1&identifier=x")
        };
        match request.read() {
            Ok(Need::Done(touches)) => {
                prop_assert!(touches.persons().iter().any(|person| person.as_str() == "P-1" || person.as_str() == owner));
                // The criteria were a search in P-1's records, whatever came of it.
                let search = touches.claims().find(|claim| claim.action == model::Action::Search);
                prop_assert!(search.is_some_and(|claim| claim.persons == [super::person("P-1")]));
                let several = touches.check() == Err(Unreadable::Several);
                let counted: Vec<_> = entries.iter().filter(|(_, _, mode)| *mode != "outcome").collect();
                prop_assert_eq!(several, counted.len() > 1);
                prop_assert!(counted.iter().all(|(id, person, _)| id.starts_with("o-") && *person == "P-1"), "{:?}", entries);
            }
            // It stands for another one: the look-up of its version is of that id.
            Err(Unreadable::NotThere | Unreadable::Withheld(_)) => {}
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// Whatever else stands in a resource: if it is released to somebody who may see P-1 only, then P-2 is nowhere in it,
    /// as far as a reader who looks for addresses can tell.
    #[test]
    fn nobody_else_is_in_what_goes_out(inner in json_like(), as_entry: bool) {
        let line = if as_entry { "GET /fhir/Observation?patient=P-1" } else { "GET /fhir/Observation/o-1" };
        let touches = touches(line);
        let resource = format!(r#"{{"resourceType":"Observation","id":"o-1","subject":{{"reference":"Patient/P-1"}},"value":{inner}}}"#);
        let body = if as_entry {
            format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{resource}}}]}}"#)
        } else {
            resource
        };
        let mut only_p1 = super::Gate(|person: &model::PersonId, _| person.as_str() == "P-1");
        let answer = release(&touches.answer, &touches, 200, Some("application/fhir+json"), body.as_bytes(), &mut only_p1);
        if let Ok(released) = answer {
            let text = String::from_utf8(released.body).unwrap();
            prop_assert!(!text.contains("Patient/P-2"), "{}", text);
        }
    }
}

/// The properties above are about something: a good part of the generated searches is served.
#[test]
fn the_generators_reach_what_they_are_for() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut count = |strategy: &dyn Fn(&mut proptest::test_runner::TestRunner) -> String| {
        (0..500).filter(|_| served(&Request::get(&strategy(&mut runner))).is_some()).count()
    };
    let of_searches = count(&|runner| searches().new_tree(runner).unwrap().current());
    assert!(of_searches > 100, "{of_searches} of 500 searches are served");
    let of_targets = count(&|runner| targets().new_tree(runner).unwrap().current());
    assert!(of_targets > 5, "{of_targets} of 500 targets are served");
}

/// What a client sends costs no more than its length: neither many contained resources nor many references into them.
#[test]
fn references_inside_a_resource_do_not_cost_their_square() {
    let references = |count: usize, target: &str| {
        let one = format!(r##"{{"reference":"#{target}"}}"##);
        vec![one; count].join(",")
    };
    let contained = |count: usize| {
        let one = |number: usize| format!(r#"{{"resourceType":"Device","id":"d{number}"}}"#);
        (0..count).map(one).collect::<Vec<_>>().join(",")
    };
    let observation = |inside: &str, references: &str| {
        format!(
            r#"{{"resourceType":"Observation","subject":{{"reference":"Patient/P-1"}},"contained":[{inside}],"focus":[{references}]}}"#
        )
    };
    let read = |body: String| {
        let head = Head {
            method: "POST",
            target: "/fhir/Observation",
            headers: &[("content-type", b"application/fhir+json")],
        };
        let Ok(Need::Body(needed)) = read_head(&head) else { panic!("no body is asked for") };
        needed.read(body.as_bytes()).map(drop)
    };
    assert_eq!(read(observation(&contained(64), &references(5_000, "d63"))), Ok(()));
    assert!(read(observation(&contained(65), "")).is_err());
}
