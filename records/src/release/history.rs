//! The history of one record, built anew: each version by its own owner and its own labels.
//!
//! A version that belonged to somebody else, or whose label hides it, is left out in silence: the store was asked for it, and
//! did nothing wrong. With it goes the tombstone of its removal, which would tell that there was something
//! to remove.

use model::PersonId;

use super::{Dropped, Released, Remembering, releasable};
use crate::bounds::ENTRIES_MAX;
use crate::error::{Misbehaviour, quote};
use crate::fhir::condition::goes_on;
use crate::fhir::person::{self, Owner};
use crate::fhir::types::FhirType;
use crate::fhir::{date, interaction};
use crate::json::{Json, Object};
use crate::touches::{RecordRef, Touches};

/// The method that made a version, and what came of it, where the store does not say: an old version may be older than that.
const METHODS: [(&str, &str); 3] = [("PUT", "200"), ("POST", "201"), ("PATCH", "200")];

pub(super) fn release(
    fhir_type: FhirType,
    touches: &Touches,
    (as_asked, count): (&str, usize),
    bundle: &Object<'_>,
    gatekeeper: &mut Remembering<'_>,
) -> Result<Released, Misbehaviour> {
    if bundle.text("resourceType") != Some("Bundle") || bundle.text("type") != Some("history") {
        return Err(Misbehaviour::Shape("is no history"));
    }
    let entries = match bundle.get("entry") {
        None => &[],
        Some(entries) => entries.list().ok_or(Misbehaviour::Shape("has entries that are no list"))?,
    };
    if entries.len() > ENTRIES_MAX {
        return Err(Misbehaviour::Shape("has too many entries"));
    }
    let asked = touches.records.first().ok_or(Misbehaviour::Shape("is a history nobody asked for"))?;
    let mut released = Released::new();
    let mut kept: Vec<Json<'_>> = Vec::new();
    // Newest first: a removal stands before the version that was removed, and waits for what becomes of it.
    let mut removal = None;
    for entry in entries {
        let entry = entry.object().ok_or(Misbehaviour::Shape("has an entry that is no object"))?;
        let Some(resource) = entry.get("resource").and_then(Json::object) else {
            removal = is_removal(entry).then_some(entry);
            continue;
        };
        let removal = removal.take();
        match version(resource, fhir_type, asked, touches, gatekeeper, &mut released) {
            Ok(false) => {}
            Ok(true) => {
                kept.extend(removal.map(|removal| tombstone(removal, asked)));
                kept.push(shown(entry, resource, asked, fhir_type));
            }
            Err(dropped) => released.leave_out(dropped),
        }
    }
    let mut members = vec![("resourceType", Json::own("Bundle")), ("type", Json::own("history"))];
    // What may be seen, and not what there is.
    let whole = !goes_on(bundle) && kept.len() <= count;
    kept.truncate(count);
    let total = kept.len().to_string();
    if whole {
        members.push(("total", Json::Number(&total)));
    }
    let own = vec![("relation", Json::own("self")), ("url", Json::own(as_asked.to_owned()))];
    members.push(("link", Json::List(vec![Json::Object(Object::of(own))])));
    if !kept.is_empty() {
        members.push(("entry", Json::List(kept)));
    }
    released.body = Object::of(members).to_bytes();
    Ok(released)
}

/// Whether a version goes out. Left out in silence where it was somebody else's, or may not be seen by its labels.
fn version(
    resource: &Object<'_>,
    fhir_type: FhirType,
    asked: &RecordRef,
    touches: &Touches,
    gatekeeper: &mut Remembering<'_>,
    released: &mut Released,
) -> Result<bool, Dropped> {
    let out = |why: &str| Dropped { record: quote(&asked.to_string()), why: why.to_owned() };
    interaction::is_the_one(resource, fhir_type, asked.id.as_ref())
        .map_err(|_| out("a version of another record in its history"))?;
    let asked_about = |person: &PersonId| touches.claims().any(|claim| claim.persons.contains(person));
    if let Ok(Owner::Person(person)) = person::owner(resource, fhir_type)
        && !asked_about(&person)
    {
        return Ok(false);
    }
    let Some(releasable) = releasable(resource, fhir_type, touches, gatekeeper)? else { return Ok(false) };
    if released.records.is_empty() {
        released.note(releasable);
    }
    Ok(true)
}

fn is_removal(entry: &Object<'_>) -> bool {
    entry.get("request").and_then(Json::object).and_then(|request| request.text("method")) == Some("DELETE")
}

fn shown<'a>(entry: &Object<'a>, resource: &Object<'a>, asked: &RecordRef, fhir_type: FhirType) -> Json<'a> {
    let given = entry.get("request").and_then(Json::object).and_then(|request| request.text("method"));
    let made_by = METHODS.into_iter().find(|(method, _)| given == Some(*method));
    let (method, status) = made_by.unwrap_or(("PUT", "200"));
    let url = if method == "POST" { fhir_type.as_str().to_owned() } else { asked.to_string() };
    let status = if told_status(entry) == Some("201") { "201" } else { status };
    Json::Object(Object::of(vec![
        ("resource", Json::Object(resource.clone())),
        ("request", request(method, url)),
        ("response", response(entry, status)),
    ]))
}

/// That it was removed, and when.
fn tombstone<'a>(entry: &Object<'a>, asked: &RecordRef) -> Json<'a> {
    Json::Object(Object::of(vec![
        ("request", request("DELETE", asked.to_string())),
        ("response", response(entry, "204")),
    ]))
}

fn request<'a>(method: &'static str, url: String) -> Json<'a> {
    Json::Object(Object::of(vec![("method", Json::own(method)), ("url", Json::own(url))]))
}

fn response<'a>(entry: &Object<'a>, status: &'static str) -> Json<'a> {
    let given = entry.get("response").and_then(Json::object);
    let mut members = vec![("status", Json::own(status))];
    let etag = given.and_then(|response| response.text("etag")).filter(|etag| interaction::tag(etag).is_ok());
    members.extend(etag.map(|etag| ("etag", Json::own(etag.to_owned()))));
    let at = given.and_then(|response| response.text("lastModified")).filter(|at| date::instant(at));
    members.extend(at.map(|at| ("lastModified", Json::own(at.to_owned()))));
    Json::Object(Object::of(members))
}

fn told_status<'t>(entry: &'t Object<'_>) -> Option<&'t str> {
    entry.get("response").and_then(Json::object)?.text("status")?.split(' ').next()
}
