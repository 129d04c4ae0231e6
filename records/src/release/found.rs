//! What a search found: each entry of the store judged, and written anew.

use super::reach::Reach;
use super::{Attributed, Dropped, Released, Remembering, releasable};
use crate::error::quote;
use crate::fhir::refused;
use crate::fhir::search::Expected;
use crate::fhir::types::FhirType;
use crate::json::{Json, Noted, Object};
use crate::touches::Touches;

/// An entry that may go out.
pub(super) struct Found<'t, 'a> {
    /// As what it comes.
    pub(super) mode: &'static str,
    pub(super) resource: &'t Object<'a>,
    /// The resource as it would be written, if the store wrote it so.
    text: Option<&'a str>,
    pub(super) fhir_type: FhirType,
    pub(super) releasable: Attributed,
}

/// What becomes of an entry that is none too many.
pub(super) enum Kept<'t, 'a> {
    /// It may go out.
    Entry(Found<'t, 'a>),
    /// An outcome of the store, which says nothing about a record.
    Outcome,
    /// The subject may not see it, or what it came along with; as what it came.
    NotSeen(&'static str),
}

/// One entry: kept or left out in silence; an error says what the store did wrong.
pub(super) fn read_entry<'t, 'a>(
    entry: &'t Noted<'a>,
    expected: &Expected,
    touches: &Touches,
    reach: &Reach,
    gatekeeper: &mut Remembering<'_>,
) -> Result<Kept<'t, 'a>, Dropped> {
    let out = |record: &str, why: &str| Dropped { record: quote(record), why: why.to_owned() };
    let Noted { tree: entry, member: text } = entry;
    let resource = entry.object().and_then(|entry| entry.get("resource")).and_then(Json::object);
    let resource = resource.ok_or_else(|| out("?", "an entry without a resource"))?;
    let name = resource.text("resourceType").unwrap_or("?");
    if name == "OperationOutcome" {
        return Ok(Kept::Outcome);
    }
    let fhir_type = FhirType::parse(name).map_err(|_| {
        // A name that is none of R4's may be anything.
        out(if refused::is_a_type(name) { name } else { "?" }, "a type that is not served")
    })?;
    let search = entry.object().and_then(|entry| entry.get("search")).and_then(Json::object);
    let mode = expected.mode(fhir_type, search.and_then(|search| search.text("mode")));
    let mode = mode.map_err(|why| out(name, why))?;
    let Some(releasable) = releasable(resource, fhir_type, touches, gatekeeper)? else {
        return Ok(Kept::NotSeen(mode));
    };
    if mode == "include" && expected.brings_along() && !reach.holds(resource, fhir_type, expected) {
        return Ok(Kept::NotSeen(mode));
    }
    Ok(Kept::Entry(Found { mode, resource, text: *text, fhir_type, releasable }))
}

/// A searchset as it goes out: its entries first, what is said about them at the end.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Entries.
    pub(super) kept: usize,
    /// Of them, what was searched for.
    pub(super) matches: usize,
}

/// How every searchset begins.
const HEAD: &[u8] = br#"{"resourceType":"Bundle","type":"searchset""#;

impl Written {
    /// An entry goes out: what came along with it may follow, and it is noted for the audit log.
    pub(super) fn show(
        &mut self,
        found: Found<'_, '_>,
        expected: &Expected,
        reach: &mut Reach,
        released: &mut Released,
    ) {
        reach.show(&found, expected);
        self.entry(&found, expected, &mut released.body);
        released.note(found.releasable);
    }

    /// Writes an entry.
    fn entry(&mut self, found: &Found<'_, '_>, expected: &Expected, out: &mut Vec<u8>) {
        if self.kept == 0 {
            out.extend_from_slice(HEAD);
            out.extend_from_slice(br#","entry":["#);
        } else {
            out.push(b',');
        }
        let Found { mode, resource, text, fhir_type, .. } = found;
        self.kept += 1;
        self.matches += usize::from(*mode == "match");
        // No `fullUrl`: the store's would name its own address.
        out.extend_from_slice(br#"{"resource":"#);
        match (expected.show(resource, *fhir_type), text) {
            (Some(view), _) => view.write(out),
            // Read through to its end, and in the one form there is: to write it anew would give these octets.
            (None, Some(text)) => out.extend_from_slice(text.as_bytes()),
            (None, None) => resource.write(out),
        }
        for text in [r#","search":{"mode":""#, mode, r#""}}"#] {
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// Writes the end, with these links and this number.
    pub(super) fn end(&self, links: &[(&'static str, String)], total: Option<usize>) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(if self.kept == 0 { HEAD } else { b"]" });
        out.extend_from_slice(br#","link":"#);
        Json::List(links.iter().map(|(relation, url)| link(relation, url)).collect()).write(&mut out);
        if let Some(total) = total {
            out.extend_from_slice(format!(r#","total":{total}"#).as_bytes());
        }
        out.push(b'}');
        out
    }
}

fn link<'a>(relation: &'a str, url: &'a str) -> Json<'a> {
    Json::Object(Object::of(vec![("relation", Json::own(relation)), ("url", Json::own(url))]))
}
