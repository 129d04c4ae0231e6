//! A searchset, built anew: the entries that belong, a total only where it is known to be true, links to our own pages.

use model::Action;

use super::{Dropped, Gatekeeper, Released, Remembering, fhir_json, in_origin_form, judged};
use crate::bounds::{ANSWER_BYTES_MAX, BUNDLE_MEMBER_BYTES_MAX, BUNDLE_MEMBERS_MAX, ENTRIES_MAX, STREAMED_BYTES_MAX};
use crate::error::{Misbehaviour, quote};
use crate::fhir::interaction;
use crate::fhir::types::FhirType;
use crate::head::Fields;
use crate::json::members::{Bounds, Members, Part};
use crate::json::{self, Json, Object};
use crate::need::Need;
use crate::target::Target;
use crate::touches::{RecordRef, Touches};

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
    asked: FhirType,
    /// What the store says it is, once it has.
    is_bundle: bool,
    is_searchset: bool,
    links: Option<Vec<u8>>,
    entries: usize,
    kept: usize,
    matches: usize,
}

impl Searchset {
    /// The answer to this request; `content_type` is the store's.
    ///
    /// # Errors
    /// No search was asked for, or the answer is no FHIR JSON.
    pub fn of(touches: &Touches, content_type: Option<&str>) -> Result<Self, Misbehaviour> {
        fhir_json(content_type)?;
        let asked = touches.records.first().filter(|_| touches.main().action == Action::Search);
        let asked = asked.and_then(RecordRef::fhir_type);
        let bounds = Bounds { member: BUNDLE_MEMBER_BYTES_MAX, element: ANSWER_BYTES_MAX, members: BUNDLE_MEMBERS_MAX };
        let reading = Reading {
            touches: touches.clone(),
            asked: asked.ok_or(Misbehaviour::Shape("is a searchset nobody asked for"))?,
            is_bundle: false,
            is_searchset: false,
            links: None,
            entries: 0,
            kept: 0,
            matches: 0,
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
    pub fn end(self) -> Result<Released, Misbehaviour> {
        self.members.end()?;
        self.reading.end()
    }
}

impl Reading {
    fn end(self) -> Result<Released, Misbehaviour> {
        self.is_one()?;
        let mut out = Vec::new();
        out.extend_from_slice(if self.kept == 0 { HEAD } else { b"]" });
        let given = self.links.as_deref().map(json::parse).transpose()?;
        let (links, whole) = links(given.as_ref(), &self.touches);
        out.extend_from_slice(br#","link":"#);
        Json::List(links).write(&mut out);
        if whole {
            // All there is stands on this page, so this is the number of what may be seen. Any other total would count what
            // may not.
            out.extend_from_slice(format!(r#","total":{}"#, self.matches).as_bytes());
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
        let (mode, resource) = match read_entry(&entry, self.asked, &self.touches, gatekeeper, released) {
            Ok(Some(kept)) => kept,
            Ok(None) => return Ok(()),
            Err(dropped) => {
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
        out.extend_from_slice(format!(r#","search":{{"mode":"{mode}"}}}}"#).as_bytes());
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
    released.body.append(&mut searchset.end()?.body);
    Ok(released)
}

/// An entry that is kept: its mode and its resource.
type Kept<'t, 'a> = (&'static str, &'t Object<'a>);

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
    let Some(judged) = judged(resource, fhir_type, touches, gatekeeper)? else { return Ok(None) };
    released.note(judged);
    Ok(Some((mode, resource)))
}

/// Our own link to this page, and the store's to its neighbours where they are pages of the same search, written anew.
/// The flag says that this page holds the whole result.
fn links<'a>(given: Option<&Json<'_>>, touches: &Touches) -> (Vec<Json<'a>>, bool) {
    let own = &touches.forward.target;
    let mut written = vec![link("self", own.clone())];
    let mut whole = offset(own) == 0;
    let given = given.and_then(Json::list).unwrap_or_default();
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
