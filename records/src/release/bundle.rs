//! A searchset, built anew: the entries that belong, a total only where it is known to be true, links to our own pages.

use std::borrow::Cow;

use super::reach::Reach;
use super::{Dropped, Gatekeeper, Released, Remembering, fhir_json, judged};
use crate::bounds::{ANSWER_BYTES_MAX, BUNDLE_MEMBER_BYTES_MAX, BUNDLE_MEMBERS_MAX, ENTRIES_MAX, STREAMED_BYTES_MAX};
use crate::error::{Misbehaviour, quote};
use crate::fhir::search::Expected;
use crate::fhir::types::FhirType;
use crate::json::members::{Bounds, Members, Part};
use crate::json::{self, Json, Object};
use crate::touches::Touches;

/// A searchset on its way through. Fed with what the store sends, piece by piece, it gives what may go out: no more than one
/// entry is held at a time, however long the answer is.
#[derive(Debug)]
pub struct Searchset {
    members: Members,
    bytes: u64,
    reading: Reading,
}

/// What has been read so far.
#[derive(Debug)]
struct Reading {
    touches: Touches,
    expected: Expected,
    /// What the store says it is, once it has.
    is_bundle: bool,
    is_searchset: bool,
    links: Option<Vec<u8>>,
    total: Option<Vec<u8>>,
    entries: usize,
    kept: usize,
    matches: usize,
    /// What may come along, and whether something was left out: a number of the store would count it.
    reach: Reach,
}

impl Searchset {
    /// The answer to this request; `content_type` is the store's.
    ///
    /// # Errors
    /// No search was asked for, or the answer is no FHIR JSON.
    pub fn of(touches: &Touches, content_type: Option<&str>) -> Result<Self, Misbehaviour> {
        fhir_json(content_type)?;
        let expected = touches.expected().ok_or(Misbehaviour::Shape("is a searchset nobody asked for"))?;
        let bounds = Bounds { member: BUNDLE_MEMBER_BYTES_MAX, element: ANSWER_BYTES_MAX, members: BUNDLE_MEMBERS_MAX };
        let reading = Reading {
            touches: touches.clone(),
            expected: expected.clone(),
            is_bundle: false,
            is_searchset: false,
            links: None,
            total: None,
            entries: 0,
            kept: 0,
            matches: 0,
            reach: Reach::default(),
        };
        Ok(Self { members: Members::new("entry", bounds), bytes: 0, reading })
    }

    /// Reads the next piece, wherever it was cut: what may go out for it, and which records are in that.
    ///
    /// # Errors
    /// It is no searchset, or has more than one reading. What went out before is the beginning of an answer that has no end.
    pub fn read(&mut self, piece: &[u8], gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        self.bytes = self.bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.bytes > STREAMED_BYTES_MAX {
            return Err(Misbehaviour::Shape("is too large"));
        }
        let mut released = Released::with_body(Vec::with_capacity(piece.len()));
        let mut gatekeeper = Remembering::new(gatekeeper);
        let reading = &mut self.reading;
        self.members.read(piece, |part| match part {
            Part::Member(name, value) => reading.member(&name, value),
            Part::Element(entry) => reading.entry(&entry, &mut gatekeeper, &mut released),
        })?;
        Ok(released)
    }

    /// The store has said all it had to say: the end of the answer.
    ///
    /// # Errors
    /// It broke off, or was no searchset.
    pub fn end(self, gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        self.members.end()?;
        self.reading.end(gatekeeper)
    }
}

impl Reading {
    fn end(self, gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        self.is_one()?;
        let mut out = Vec::new();
        out.extend_from_slice(if self.kept == 0 { HEAD } else { b"]" });
        let given = self.links.as_deref().map(json::parse).transpose()?;
        let given = given.as_ref().and_then(Json::list).unwrap_or_default();
        let (links, whole) = self.expected.links(given, &mut |ticket| gatekeeper.seal_page(ticket));
        out.extend_from_slice(br#","link":"#);
        Json::List(links.iter().map(|(relation, url)| link(relation, url)).collect()).write(&mut out);
        let total = self.total.as_deref().map(json::parse).transpose()?;
        let total = self.expected.total(total.as_ref(), self.matches, whole, self.reach.left_out);
        if self.expected.counts_only() && total.is_none() {
            return Err(Misbehaviour::Shape("gives no number where one was asked for"));
        }
        if let Some(total) = total {
            out.extend_from_slice(format!(r#","total":{total}"#).as_bytes());
        }
        out.push(b'}');
        Ok(Released::with_body(out))
    }

    fn is_one(&self) -> Result<(), Misbehaviour> {
        if self.is_bundle && self.is_searchset { Ok(()) } else { Err(Misbehaviour::Shape("is no searchset")) }
    }

    fn member(&mut self, name: &str, value: Vec<u8>) -> Result<(), Misbehaviour> {
        let tree = json::parse(&value)?;
        match name {
            "resourceType" => self.is_bundle = tree.text() == Some("Bundle"),
            "type" => self.is_searchset = tree.text() == Some("searchset"),
            "entry" => return Err(Misbehaviour::Shape("has entries that are no list")),
            "link" => self.links = Some(value),
            "total" => self.total = Some(value),
            _ => {}
        }
        Ok(())
    }

    fn entry(
        &mut self,
        text: &[u8],
        gatekeeper: &mut Remembering<'_>,
        released: &mut Released,
    ) -> Result<(), Misbehaviour> {
        // Servers write what a thing is before what is in it. Entries of who knows what would have to be kept until it is said.
        self.is_one()?;
        self.entries += 1;
        if self.entries > ENTRIES_MAX {
            return Err(Misbehaviour::Shape("has too many entries"));
        }
        let entry = json::parse(text)?;
        let Self { touches, expected, reach, .. } = self;
        let (mode, resource) = match read_entry(&entry, expected, touches, reach, gatekeeper, released) {
            Ok(Kept::Entry(mode, resource)) => (mode, resource),
            Ok(Kept::Outcome) => return Ok(()),
            Ok(Kept::NotSeen) => {
                self.reach.left_out = true;
                return Ok(());
            }
            Err(dropped) => {
                self.reach.left_out = true;
                released.leave_out(dropped);
                return Ok(());
            }
        };
        let out = &mut released.body;
        if self.kept == 0 {
            out.extend_from_slice(HEAD);
            out.extend_from_slice(br#","entry":["#);
        } else {
            out.push(b',');
        }
        self.kept += 1;
        self.matches += usize::from(mode == "match");
        // No `fullUrl`: the store's would name its own address.
        out.extend_from_slice(br#"{"resource":"#);
        resource.write(out);
        for text in [r#","search":{"mode":""#, mode, r#""}}"#] {
            out.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }
}

/// How every searchset begins.
const HEAD: &[u8] = br#"{"resourceType":"Bundle","type":"searchset""#;

/// The whole of a searchset at once.
pub(super) fn release(
    touches: &Touches,
    content_type: Option<&str>,
    bytes: &[u8],
    gatekeeper: &mut dyn Gatekeeper,
) -> Result<Released, Misbehaviour> {
    let mut searchset = Searchset::of(touches, content_type)?;
    let mut released = searchset.read(bytes, gatekeeper)?;
    released.body.append(&mut searchset.end(gatekeeper)?.body);
    Ok(released)
}

/// What becomes of an entry that is none too many.
enum Kept<'t, 'a> {
    /// It goes out: its mode and its resource.
    Entry(&'static str, Cow<'t, Object<'a>>),
    /// An outcome of the store, which says nothing about a record.
    Outcome,
    /// The subject may not see it, or what it came along with.
    NotSeen,
}

/// One entry: kept or left out in silence; an error says what the store did wrong.
fn read_entry<'t, 'a>(
    entry: &'t Json<'a>,
    expected: &Expected,
    touches: &Touches,
    reach: &mut Reach,
    gatekeeper: &mut Remembering<'_>,
    released: &mut Released,
) -> Result<Kept<'t, 'a>, Dropped> {
    let out = |record: &str, why: &str| Dropped { record: quote(record), why: why.to_owned() };
    let resource = entry.object().and_then(|entry| entry.get("resource")).and_then(Json::object);
    let resource = resource.ok_or_else(|| out("?", "an entry without a resource"))?;
    let name = resource.text("resourceType").unwrap_or("?");
    if name == "OperationOutcome" {
        return Ok(Kept::Outcome);
    }
    let fhir_type = FhirType::parse(name).map_err(|_| out(name, "a type that is not served"))?;
    let search = entry.object().and_then(|entry| entry.get("search")).and_then(Json::object);
    let mode = expected.mode(fhir_type, search.and_then(|search| search.text("mode")));
    let mode = mode.map_err(|why| out(name, why))?;
    let Some(judged) = judged(resource, fhir_type, touches, gatekeeper)? else { return Ok(Kept::NotSeen) };
    if mode == "include" && expected.brings_along() && !reach.holds(resource, fhir_type) {
        return Ok(Kept::NotSeen);
    }
    reach.show(resource, fhir_type, expected);
    released.note(judged);
    let shown = expected.show(resource, fhir_type);
    Ok(Kept::Entry(mode, shown.map_or(Cow::Borrowed(resource), Cow::Owned)))
}

fn link<'a>(relation: &'a str, url: &'a str) -> Json<'a> {
    Json::Object(Object::of(vec![("relation", Json::own(relation)), ("url", Json::own(url))]))
}
