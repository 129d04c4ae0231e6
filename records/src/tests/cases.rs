//! Requests. A case is a request line, header fields (`name: value`), body lines (`| ...`), answers of the store to look-ups
//! (`< status etag body`), and what is made of it (`=> ...`).
//!
//! In `refused/` nothing may be served; in `served/` nothing refused, and what is forwarded must read the same again. Of what is wrong behind a permit, nothing is forwarded that a
//! store would take.

use super::{Request, check_folder};
use crate::{AnswerKind, Authors, Claim, Forward, ForwardBody, LookUp, Need, Touches, Unreadable};

pub(super) fn request(block: &[&str]) -> Request {
    let mut request = Request::default();
    for (index, line) in block.iter().enumerate() {
        if index == 0 {
            let (method, target) = line.split_once(' ').unwrap();
            request.method = method.to_owned();
            // Some targets cannot stand in a line of text.
            request.target = target.replace("{300 x a}", &"a".repeat(300)).replace("{65 x a}", &"a".repeat(65));
            request.target = request.target.replace("{3000 x a}", &"a".repeat(3000)).replace("{tab}", "\t");
        } else if let Some(body) = line.strip_prefix("| ") {
            request.body.extend_from_slice(unescape(body).as_slice());
        } else if let Some(stored) = line.strip_prefix("< ") {
            let mut parts = stored.splitn(3, ' ');
            let status = parts.next().unwrap().parse().unwrap();
            let etag = parts.next().filter(|etag| *etag != "-").map(str::to_owned);
            request.stored.push((status, etag, parts.next().unwrap_or_default().as_bytes().to_vec()));
        } else if let Some(person) = line.strip_prefix("cares for ") {
            request.cared_for.push(super::person(person));
        } else if let Some(category) = line.strip_prefix("may not see ") {
            request.hidden.push(model::Category::parse(category).unwrap());
        } else if let Some(ticket) = line.strip_prefix("page ") {
            request.target = super::page(&request.target, ticket);
        } else {
            let (name, value) = line.split_once(": ").unwrap();
            request.headers.push((name.to_owned(), unescape(value)));
        }
    }
    request
}

/// `{xx}` is the byte of these hexadecimal digits; `{deep}` and the like are too long for a line.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let long = text
        .replace("{deep}", &format!("{}1{}", "[".repeat(60), "]".repeat(60)))
        .replace("{large}", &"1".repeat(2 * 1024 * 1024))
        .replace("{many digits}", &"1".repeat(50));
    let mut bytes = Vec::new();
    let mut rest = long.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if let [b'{', high, low, b'}', behind @ ..] = rest
            && let Ok(byte) = u8::from_str_radix(&format!("{}{}", char::from(*high), char::from(*low)), 16)
        {
            bytes.push(byte);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

/// A transaction by the places of its parts, which are described as claims and body.
fn answer(answer: &AnswerKind) -> String {
    match answer {
        AnswerKind::Transaction(parts) => {
            let places: Vec<String> = parts.iter().map(|part| (part.place + 1).to_string()).collect();
            format!("entries {}", places.join(", "))
        }
        other => format!("{other:?}"),
    }
}

pub(super) fn describe(touches: &Touches) -> Vec<String> {
    let forward = &touches.forward;
    let list = |texts: Vec<String>| if texts.is_empty() { "-".to_owned() } else { texts.join(", ") };
    let claim = |claim: &Claim| {
        let persons = list(claim.persons.iter().map(ToString::to_string).collect());
        let sensitive = if claim.sensitive { " (sensitive)" } else { "" };
        let named = |by, authors: &Authors| match authors {
            Authors::Unknown => String::new(),
            Authors::Unclear => format!(" {by} somebody unclear"),
            Authors::Named(names) => format!(" {by} {}", names.join(" and ")),
        };
        let (authors, written) = (named("by", &claim.authors), named("written as", &claim.written));
        let beneath = claim.beneath.iter().map(|name| format!(" naming {name}")).collect::<String>();
        format!("{} {}{sensitive} of {persons}{authors}{written}{beneath}", claim.action, claim.category)
    };
    let wanted = match touches.action() {
        action if action == touches.main().action => String::new(),
        action => format!(" (on the way to {action})"),
    };
    let mut lines = vec![
        format!(
            "{}: {}{wanted}",
            claim(touches.main()),
            list(touches.records.iter().map(ToString::to_string).collect())
        ),
        format!("{} {} for {}", forward.method, forward.target, answer(&touches.answer)),
    ];
    lines.extend(touches.claims().skip(1).map(|one| format!("and {}", claim(one))));
    lines.extend(forward.if_match.iter().map(|version| format!("if-match: {version}")));
    lines.extend(forward.content_type.iter().map(|value| format!("content-type: {value}")));
    lines.extend(forward.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    match &forward.body {
        ForwardBody::None => {}
        ForwardBody::Built(body) => lines.push(format!("| {}", String::from_utf8_lossy(body))),
        ForwardBody::Stream => lines.push("| the client's bytes".to_owned()),
    }
    if let Err(wrong) = touches.check() {
        lines.push(format!("said after the decision: {wrong}"));
    }
    lines
}

pub(super) fn run(block: &[&str]) -> Vec<String> {
    told(request(block).read())
}

/// What is made of a request.
pub(super) fn told(read: Result<Need, Unreadable>) -> Vec<String> {
    match read {
        Err(unreadable) => vec![format!("refused: {unreadable}")],
        Ok(Need::Stored(needed)) => {
            let look_up = |one: &LookUp| format!("look up {} (index: {})", one.target(), needed.cacheable());
            let first = needed.first().as_ref().map(describe).unwrap_or_default();
            let first = first.iter().map(|line| format!("first: {line}"));
            needed.look_ups().iter().map(look_up).chain(first).collect()
        }
        Ok(Need::Done(touches)) => describe(&touches),
        Ok(Need::Batch(batch)) => super::bundles::describe(batch),
        Ok(other) => unreachable!("{other:?} is given"),
    }
}

#[test]
fn refused() {
    let served = std::cell::RefCell::new(Vec::new());
    let count = check_folder("refused", |block| {
        let said = run(block);
        if !said[0].starts_with("refused: ") {
            served.borrow_mut().push(format!("{block:#?} is served: {said:#?}"));
        }
        said
    });
    assert!(served.borrow().is_empty(), "{}", served.borrow().join("\n"));
    assert!(count >= 170, "only {count} cases");
}

#[test]
fn served() {
    let count = check_folder("served", |block| {
        let said = run(block);
        assert!(!said[0].starts_with("refused: "), "{block:#?} is refused: {said:#?}");
        let request = request(block);
        // A search that was narrowed is sent on in other words, and so is another page of it; elements that we asked for are
        // none that the client did. A condition has become the record that it means, and a patch that does not fit has become
        // nothing.
        let conditional = !matches!(request.method.as_str(), "GET" | "POST") && request.target.contains('?');
        let patched = request.method == "PATCH";
        if let Ok(Need::Done(touches)) = request.read()
            && touches.check().is_err()
        {
            let Forward { method, if_match, body, .. } = &touches.forward;
            let refused = (*method, if_match.as_deref(), body) == ("PUT", Some("W/\"0\""), &ForwardBody::None);
            assert!(refused, "{block:#?} is served by a store, should nobody check: {said:#?}");
        }
        let in_other_words = ["_page=", "$everything", "_elements", "_summary"];
        if let Ok(Need::Done(touches)) = request.read()
            && request.cared_for.is_empty()
            && !in_other_words.iter().any(|word| request.target.contains(word))
            && !conditional
            && touches.check().is_ok()
        {
            let mut again = request.clone();
            again.target.clone_from(&touches.forward.target);
            again.method = touches.forward.method.to_owned();
            if again.method == "GET" && request.method == "POST" {
                // A form is merged into the target.
                again.headers.retain(|(name, _)| name != "content-type" && name != "content-length");
            }
            if let (true, ForwardBody::Built(body)) = (patched, &touches.forward.body) {
                // A patch has become an update, which needs no read.
                again.headers.retain(|(name, _)| name != "content-type");
                again.headers.push(("content-type".to_owned(), b"application/fhir+json".to_vec()));
                again.body.clone_from(body);
                again.stored.truncate(1);
                let again = again.touches();
                assert_eq!(again.forward, touches.forward, "what is forwarded reads otherwise");
                assert!(again.claims().eq([touches.main()]), "an update is decided on otherwise");
            } else if let AnswerKind::History { .. } = touches.answer {
                // More is asked of the store than is shown.
                let again = again.touches();
                assert_eq!(again.forward, touches.forward, "what is forwarded reads otherwise");
                assert!(again.claims().eq(touches.claims()), "what is forwarded reads otherwise");
            } else {
                assert_eq!(again.touches(), touches, "what is forwarded reads otherwise");
            }
        }
        said
    });
    assert!(count >= 50, "only {count} cases");
}
