//! A searchset, built anew: the entries that belong, a total only where it is known to be true, links to our own pages.

use std::borrow::Cow;

use super::{Dropped, Released, Remembering, judged};
use crate::bounds::ENTRIES_MAX;
use crate::error::{Misbehaviour, quote};
use crate::fhir::search::Expected;
use crate::fhir::types::FhirType;
use crate::json::{Json, Object};
use crate::touches::Touches;

pub(super) fn release(
    touches: &Touches,
    bundle: &Object<'_>,
    length: usize,
    gatekeeper: &mut Remembering<'_>,
) -> Result<Released, Misbehaviour> {
    if bundle.text("resourceType") != Some("Bundle") || bundle.text("type") != Some("searchset") {
        return Err(Misbehaviour::Shape("is no searchset"));
    }
    let expected = touches.expected().ok_or(Misbehaviour::Shape("is a searchset nobody asked for"))?;
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
        match read_entry(entry, expected, touches, gatekeeper, &mut released) {
            Ok(entry) => kept.extend(entry),
            Err(dropped) => released.leave_out(dropped),
        }
    }
    let given = bundle.get("link").and_then(Json::list).unwrap_or_default();
    let (links, whole) = expected.links(given, &mut |ticket| gatekeeper.seal_page(ticket));
    let matches = kept.iter().filter(|(mode, _)| *mode == "match").count();
    let total = expected.total(bundle.get("total"), matches, whole, released.dropped > 0);
    if expected.counts_only() && total.is_none() {
        return Err(Misbehaviour::Shape("gives no number where one was asked for"));
    }
    released.body = write(total, &links, &kept, length);
    Ok(released)
}

/// An entry that is kept: its mode and its resource.
type Kept<'t, 'a> = (&'static str, Cow<'t, Object<'a>>);

/// The bundle anew; the resources are written from the tree as it is, without copying it first.
fn write(total: Option<usize>, links: &[(&str, String)], kept: &[Kept<'_, '_>], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(br#"{"resourceType":"Bundle","type":"searchset","#);
    if let Some(total) = total {
        out.extend_from_slice(format!(r#""total":{total},"#).as_bytes());
    }
    out.extend_from_slice(br#""link":"#);
    Json::List(links.iter().map(|(relation, url)| link(relation, url)).collect()).write(&mut out);
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

fn link<'a>(relation: &'a str, url: &'a str) -> Json<'a> {
    Json::Object(Object::of(vec![("relation", Json::own(relation)), ("url", Json::own(url))]))
}

/// One entry: kept, left out in silence (an outcome of the store, which says nothing about a record), or dropped.
fn read_entry<'t, 'a>(
    entry: &'t Json<'a>,
    expected: &Expected,
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
    let mode = expected.mode(fhir_type, search.and_then(|search| search.text("mode")));
    let mode = mode.map_err(|why| out(name, why))?;
    let (record, owner) = judged(resource, fhir_type, touches, gatekeeper)?;
    released.note(record, owner);
    let shown = expected.show(resource, fhir_type);
    Ok(Some((mode, shown.map_or(Cow::Borrowed(resource), Cow::Owned))))
}
