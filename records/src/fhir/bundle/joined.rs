//! The entries of a transaction as one request: every permit of every entry, and one Bundle for the store.
//!
//! FHIR R4 http.html#trules: removals first, then what is new, what is changed, and what is read. The Bundle is sent in that
//! order, so that a store that goes from top to bottom does the same; the answer goes back in the client's.

use std::collections::HashSet;

use super::entry::Name;
use super::neighbours::names_in;
use super::{Joining, written_out};
use crate::bounds::{JOINED_BYTES_MAX, QUESTIONS_MAX};
use crate::error::Unreadable;
use crate::json::{self, Json};
use crate::touches::{AnswerKind, Forward, ForwardBody, Part, Touches};

impl Joining {
    /// One request of all entries. `touched` is what each of them touches, in the order of the needs.
    ///
    /// # Errors
    /// An entry cannot be part of a transaction.
    pub fn join(self, touched: Vec<Touches>) -> Result<Touches, Unreadable> {
        if touched.len() != self.names.len() {
            return Err(Unreadable::Body("has entries of which it was not found out what they touch"));
        }
        let mut parts: Vec<(u8, Option<String>, Part)> = Vec::with_capacity(touched.len());
        for (place, (touches, name)) in touched.into_iter().zip(self.names).enumerate() {
            let rank = rank(&touches).map_err(|cause| super::in_entry(place + 1, cause))?;
            parts.push((rank, name, Part { place, touches }));
        }
        let unread = unread(&parts, &self.mentioned);
        found_is_written_out(&mut parts)?;
        // Stable: within a rank the client's order.
        parts.sort_by_key(|(rank, ..)| *rank);
        let twice = changed_twice(&parts);
        // A record that was there already has to come back, to be looked at.
        let unless = |(_, _, part): &(u8, Option<String>, Part)| if_none_exist(&part.touches.forward).is_some();
        let minimal = self.minimal && !parts.iter().any(unless);
        let mut body = br#"{"resourceType":"Bundle","type":"transaction","entry":["#.to_vec();
        // How long the patched records are is stored, so it is said after the decision.
        let too_long = resources_bytes(&parts) > JOINED_BYTES_MAX;
        if too_long {
            parts.iter_mut().for_each(|(.., part)| part.touches.forward.body = ForwardBody::None);
        }
        for (index, (_, name, part)) in parts.iter_mut().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            write(name.take(), &mut part.touches.forward, &mut body);
        }
        body.extend_from_slice(b"]}");
        let prefer = if minimal { "return=minimal" } else { "return=representation" };
        let forward = Forward {
            method: "POST",
            target: "/fhir".to_owned(),
            if_match: None,
            content_type: Some("application/fhir+json".to_owned()),
            headers: vec![("prefer".into(), prefer.to_owned())],
            body: ForwardBody::Built(body),
            within: None,
        };
        let parts: Vec<Part> = parts.into_iter().map(|(.., part)| part).collect();
        let all = Touches::all_of(parts, forward).ok_or(Unreadable::Body("is a Bundle without entries"))?;
        // Said after the decision: what is stored, and which record a condition means, was looked up.
        let unread = unread.map(|place| super::in_entry(place + 1, NAMED_IN_STORED));
        let twice = twice.map(|place| super::in_entry(place + 1, super::CHANGED_TWICE));
        let too_long = too_long.then_some(Unreadable::BodyTooLarge(JOINED_BYTES_MAX));
        Ok(within_bounds(match unread.or(twice).or(too_long) {
            Some(wrong) if all.check().is_ok() => all.but(wrong),
            _ => all,
        }))
    }
}

/// Octets of all that is written.
fn resources_bytes(parts: &[(u8, Option<String>, Part)]) -> usize {
    let octets = |(.., part): &(u8, Option<String>, Part)| match &part.touches.forward.body {
        ForwardBody::Built(body) => body.len(),
        ForwardBody::None | ForwardBody::Stream => 0,
    };
    parts.iter().map(octets).sum()
}

const NAMED_IN_STORED: Unreadable =
    Unreadable::Interaction("the name of an entry that stands in what is stored already");

/// An entry that would carry the name of one into the Bundle, and whose words do not hold it: it came from what is stored, by a
/// patch or by a label that is kept. There it says nothing of that entry, but the store would write an id over it.
fn unread(parts: &[(u8, Option<String>, Part)], mentioned: &[HashSet<Name>]) -> Option<usize> {
    let names: HashSet<&str> = parts.iter().filter_map(|(_, name, _)| name.as_deref()).collect();
    let carries = |part: &Part| match &part.touches.forward.body {
        ForwardBody::Built(body) => names_in(body).filter(|name| names.contains(name)).any(|name| {
            let read = mentioned.get(part.place);
            !read.is_some_and(|read| read.iter().any(|Name(own)| own == name))
        }),
        ForwardBody::None | ForwardBody::Stream => false,
    };
    parts.iter().map(|(.., part)| part).find(|part| carries(part)).map(|part| part.place)
}

/// Writes `Type/ID` in place of the name of an entry whose condition has found its record.
fn found_is_written_out(parts: &mut [(u8, Option<String>, Part)]) -> Result<(), Unreadable> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (_, name, part) in parts.iter_mut().filter(|(.., part)| part.touches.forward.method == "PUT") {
        let reference = part.touches.forward.target.strip_prefix("/fhir/").map(str::to_owned);
        found.extend(name.take().zip(reference));
    }
    if found.is_empty() {
        return Ok(());
    }
    let found = found.iter().map(|(name, reference)| (name.as_str(), reference.as_str())).collect();
    for (.., part) in parts {
        if let ForwardBody::Built(body) = &mut part.touches.forward.body {
            let tree = json::parse(body)?;
            let resource = tree.object().ok_or(Unreadable::Body("is no resource"))?;
            let written = written_out(resource, &found).to_bytes();
            *body = written;
        }
    }
    Ok(())
}

/// An entry that changes what another changes too (FHIR R4 http.html#trules), which only look-ups could show.
fn changed_twice(parts: &[(u8, Option<String>, Part)]) -> Option<usize> {
    let mut changed = HashSet::new();
    let changing = parts.iter().map(|(.., part)| part);
    let mut changing = changing.filter(|part| matches!(part.touches.forward.method, "PUT" | "DELETE"));
    changing.find(|part| !changed.insert(&part.touches.forward.target)).map(|part| part.place)
}

/// The criteria of a conditional create.
fn if_none_exist(forward: &Forward) -> Option<&str> {
    forward.headers.iter().find(|(name, _)| *name == "if-none-exist").map(|(_, criteria)| criteria.as_str())
}

/// When it is carried out.
fn rank(touches: &Touches) -> Result<u8, Unreadable> {
    let Touches { forward, answer, .. } = touches;
    let json = match (&forward.body, forward.content_type.as_deref()) {
        (ForwardBody::None, _) => true,
        (ForwardBody::Built(_), Some("application/fhir+json")) => true,
        // A search about so many persons that it goes as a form, and bytes that are not read.
        (ForwardBody::Built(_) | ForwardBody::Stream, _) => false,
    };
    let known = matches!(
        answer,
        AnswerKind::Resource { .. } | AnswerKind::Version { .. } | AnswerKind::History { .. } | AnswerKind::Bundle
    );
    let plain = forward.headers.iter().all(|(name, _)| match &**name {
        "if-none-exist" => forward.method == "POST",
        name => name == "prefer",
    });
    if !(json && known && plain && forward.target.starts_with("/fhir/")) {
        return Err(Unreadable::Interaction("this within a transaction"));
    }
    match forward.method {
        "DELETE" => Ok(0),
        "POST" => Ok(1),
        "PUT" => Ok(2),
        "GET" => Ok(3),
        _ => Err(Unreadable::Interaction("this within a transaction")),
    }
}

/// One entry of the Bundle. Takes the resource out: it is needed once only.
fn write(name: Option<String>, forward: &mut Forward, out: &mut Vec<u8>) {
    let text = |text: &str, out: &mut Vec<u8>| Json::own(text.to_owned()).write(out);
    out.push(b'{');
    if let Some(name) = name {
        out.extend_from_slice(br#""fullUrl":"#);
        text(&name, out);
        out.push(b',');
    }
    if let ForwardBody::Built(resource) = std::mem::replace(&mut forward.body, ForwardBody::None) {
        out.extend_from_slice(br#""resource":"#);
        out.extend_from_slice(&resource);
        out.push(b',');
    }
    out.extend_from_slice(br#""request":{"method":"#);
    text(forward.method, out);
    out.extend_from_slice(br#","url":"#);
    text(forward.target.strip_prefix("/fhir/").unwrap_or_default(), out);
    if let Some(version) = &forward.if_match {
        out.extend_from_slice(br#","ifMatch":"#);
        text(version, out);
    }
    if let Some(criteria) = if_none_exist(forward) {
        out.extend_from_slice(br#","ifNoneExist":"#);
        text(criteria, out);
    }
    out.extend_from_slice(b"}}");
}

/// What cannot stand in one audit entry is not done; said after the decision, since how many questions there are depends on
/// what the look-ups showed.
fn within_bounds(touches: Touches) -> Touches {
    let questions: usize = touches.claims().map(|claim| claim.persons.len().max(1)).sum();
    if questions > QUESTIONS_MAX { touches.but(Unreadable::TooManyQuestions) } else { touches }
}
