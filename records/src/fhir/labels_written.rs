//! Security labels and tags of a record on its way in are the store's: whoever may set them may hide or unlock a record (FHIR R4
//! resource.html#security-labels). A create may carry none; an update keeps those of the version it replaces, whatever the
//! client sent or left out.

use crate::error::Unreadable;
use crate::json::{Json, Object};

const LABELS: [&str; 4] = ["security", "tag", "_security", "_tag"];

/// What stands inside another resource bears no labels of a client's either: it would hide or open the whole.
pub(super) fn no_labels_inside(resource: &Object<'_>) -> Result<(), Unreadable> {
    let inside = resource.get("contained").and_then(Json::list).unwrap_or_default();
    inside.iter().filter_map(Json::object).try_for_each(no_labels)
}

/// A create bears none.
pub(super) fn no_labels(resource: &Object<'_>) -> Result<(), Unreadable> {
    let Some(meta) = resource.get("meta") else { return Ok(()) };
    let meta = meta.object().ok_or(Unreadable::Body("has a `meta` that is no object"))?;
    let empty = |value: &Json<'_>| value.list().is_some_and(<[_]>::is_empty);
    if meta.members().any(|(name, value)| LABELS.contains(&name) && !empty(value)) {
        return Err(Unreadable::Body("sets security labels or tags, which are the store's"));
    }
    Ok(())
}

/// The resource with the labels of the version that it replaces, and no others.
pub(super) fn with_labels_of<'a>(resource: &Object<'a>, stored: &Object<'a>) -> Result<Object<'a>, Unreadable> {
    let own = resource.get("meta").and_then(Json::object);
    let mut meta: Vec<(&str, Json<'a>)> = own
        .iter()
        .flat_map(|meta| meta.members())
        .filter(|(name, _)| !LABELS.contains(name))
        .map(|(name, value)| (name, value.clone()))
        .collect();
    let kept = stored.get("meta").and_then(Json::object);
    for (name, value) in kept.iter().flat_map(|meta| meta.members()).filter(|(name, _)| LABELS.contains(name)) {
        // The look-up asked for a part of the record, and the store says so by a tag of its own.
        let part = |value: &&Json<'_>| {
            let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
            value
                .object()
                .is_some_and(|tag| tag.text("code") == Some("SUBSETTED") && tag.text("system") == Some(system))
        };
        // Labels that cannot be read cannot be kept either.
        let given = value.list().ok_or_else(|| Unreadable::Withheld(format!("its `{name}` is no list")))?;
        let labels: Vec<Json<'a>> = given.iter().filter(|value| !part(value)).cloned().collect();
        if !labels.is_empty() {
            meta.push((name, Json::List(labels)));
        }
    }
    let mut members: Vec<(&str, Json<'a>)> =
        resource.members().filter(|(name, _)| *name != "meta").map(|(name, value)| (name, value.clone())).collect();
    if !meta.is_empty() {
        members.push(("meta", Json::Object(Object::of(meta))));
    }
    Ok(Object::of(members))
}
