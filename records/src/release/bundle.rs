//! A searchset, built anew: the entries that belong, a total only where it is known to be true, links to our own pages.

use model::Action;

use super::{Dropped, Released, Remembering, in_origin_form, judged};
use crate::bounds::ENTRIES_MAX;
use crate::error::{Misbehaviour, quote};
use crate::fhir::interaction;
use crate::fhir::types::FhirType;
use crate::head::Fields;
use crate::json::{Json, Object};
use crate::need::Need;
use crate::target::Target;
use crate::touches::{RecordRef, Touches};

pub(super) fn release(
    touches: &Touches,
    bundle: &Object<'_>,
    length: usize,
    gatekeeper: &mut Remembering<'_>,
) -> Result<Released, Misbehaviour> {
    if bundle.text("resourceType") != Some("Bundle") || bundle.text("type") != Some("searchset") {
        return Err(Misbehaviour::Shape("is no searchset"));
    }
    let asked = touches.records.first().filter(|_| touches.main().action == Action::Search);
    let asked = asked.and_then(RecordRef::fhir_type).ok_or(Misbehaviour::Shape("is a searchset nobody asked for"))?;
    let entries = match bundle.get("entry") {
        None => &[],
        Some(entries) => entries.list().ok_or(Misbehaviour::Shape("has entries that are no list"))?,
    };
    if entries.len() > ENTRIES_MAX {
        return Err(Misbehaviour::Shape("has too many entries"));
    }
    let mut released = Released::new();
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        match read_entry(entry, asked, touches, gatekeeper, &mut released) {
            Ok(entry) => kept.extend(entry),
            Err(dropped) => released.leave_out(dropped),
        }
    }
    released.body = write(bundle, touches, &kept, length);
    Ok(released)
}

/// An entry that is kept: its mode and its resource.
type Kept<'t, 'a> = (&'static str, &'t Object<'a>);

/// The bundle anew; the resources are written from the tree as it is, without copying it first.
fn write(bundle: &Object<'_>, touches: &Touches, kept: &[Kept<'_, '_>], length: usize) -> Vec<u8> {
    let (links, whole) = links(bundle, touches);
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(br#"{"resourceType":"Bundle","type":"searchset","#);
    if whole {
        // All there is stands on this page, so this is the number of what may be seen. Any other total would count what
        // may not.
        let matches = kept.iter().filter(|(mode, _)| *mode == "match").count();
        out.extend_from_slice(format!(r#""total":{matches},"#).as_bytes());
    }
    out.extend_from_slice(br#""link":"#);
    Json::List(links).write(&mut out);
    for (index, (mode, resource)) in kept.iter().enumerate() {
        out.extend_from_slice(if index == 0 { br#","entry":["# } else { b"," });
        // No `fullUrl`: the store's would name its own address.
        out.extend_from_slice(br#"{"resource":"#);
        resource.write(&mut out);
        out.extend_from_slice(format!(r#","search":{{"mode":"{mode}"}}}}"#).as_bytes());
    }
    out.extend_from_slice(if kept.is_empty() { b"}" } else { b"]}" });
    out
}

/// One entry: kept, left out in silence (an outcome of the store, which says nothing about a record), or dropped.
fn read_entry<'t, 'a>(
    entry: &'t Json<'a>,
    asked: FhirType,
    touches: &Touches,
    gatekeeper: &mut Remembering<'_>,
    released: &mut Released,
) -> Result<Option<Kept<'t, 'a>>, Dropped> {
    let out = |record: &str, why: &str| Dropped { record: quote(record), why: why.to_owned() };
    let resource = entry.object().and_then(|entry| entry.get("resource")).and_then(Json::object);
    let resource = resource.ok_or_else(|| out("?", "an entry without a resource"))?;
    let name = resource.text("resourceType").unwrap_or("?");
    if name == "OperationOutcome" {
        return Ok(None);
    }
    let fhir_type = FhirType::parse(name).map_err(|_| out(name, "a type that is not served"))?;
    let search = entry.object().and_then(|entry| entry.get("search")).and_then(Json::object);
    let mode = match search.and_then(|search| search.text("mode")) {
        Some("include") => "include",
        Some("match") | None => "match",
        Some(_) => return Err(out(name, "an entry of unknown mode")),
    };
    if mode == "match" && fhir_type != asked {
        return Err(out(name, "another type than was searched for"));
    }
    if mode == "include" && !fhir_type.is_directory() {
        // Includes lead towards the directory only; the decision was on the category that was searched.
        return Err(out(name, "included, though nobody may ask for that"));
    }
    released.note(judged(resource, fhir_type, touches, gatekeeper)?);
    Ok(Some((mode, resource)))
}

/// Our own link to this page, and the store's to its neighbours where they are pages of the same search, written anew.
/// The flag says that this page holds the whole result.
fn links<'a>(bundle: &Object<'_>, touches: &Touches) -> (Vec<Json<'a>>, bool) {
    let own = &touches.forward.target;
    let mut written = vec![link("self", own.clone())];
    let mut whole = offset(own) == 0;
    let given = bundle.get("link").and_then(Json::list).unwrap_or_default();
    for relation in ["next", "previous"] {
        let mut urls = given.iter().filter_map(Json::object).filter(|link| link.text("relation") == Some(relation));
        let Some(first) = urls.next() else { continue };
        whole = false;
        let page = first.text("url").filter(|_| urls.next().is_none()).and_then(|url| page_of(url, touches));
        if let Some(target) = page {
            written.push(link(relation, target));
        }
    }
    (written, whole)
}

fn link<'a>(relation: &'static str, url: String) -> Json<'a> {
    Json::Object(Object::of(vec![("relation", Json::own(relation)), ("url", Json::own(url))]))
}

/// The canonical target of a store's link, if it is another page of this search: the same request but for `_offset`.
fn page_of(url: &str, touches: &Touches) -> Option<String> {
    let target = Target::read(in_origin_form(url)).ok()?;
    let (first, rest) = target.segments.split_first()?;
    let Ok(Need::Done(page)) = interaction::read("GET", rest, target.query, &Fields::default()) else { return None };
    let pages = (without_offset(&page.forward.target), without_offset(&touches.forward.target));
    let same = *first == "fhir" && page.answer == touches.answer && pages.0 == pages.1;
    (same && page.forward.target != touches.forward.target).then_some(page.forward.target)
}

/// `_offset` is the last on every list, so it is the last in every canonical target.
fn without_offset(target: &str) -> &str {
    target.split_once("&_offset=").map_or(target, |(before, _)| before)
}

fn offset(target: &str) -> u32 {
    target.split_once("&_offset=").and_then(|(_, offset)| offset.parse().ok()).unwrap_or(0)
}
