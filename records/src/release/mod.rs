//! What comes back is not believed: every resource of an answer is resolved to its person and asked about once more.
//!
//! What does not belong is left out of a searchset, and makes a single answer unusable. Whatever goes out is written anew
//! from what was read; an error of the store is replaced by one that says nothing (promise P4).

pub(crate) mod bundle;
pub(crate) mod entries;
mod found;
pub(crate) mod gathering;
mod history;
pub(crate) mod news;
mod outcome;
mod reach;
mod store_page;

use model::{Action, Category, PersonId};

use crate::bounds::{ANSWER_BYTES_MAX, DROPPED_KEPT_MAX};
use crate::error::{Misbehaviour, quote};
use crate::fhir::labels;
use crate::fhir::links::{self, Source};
use crate::fhir::metadata;
use crate::fhir::person::{self, Owner, Unclear};
use crate::fhir::types::FhirType;
use crate::json::{self, Object};
use crate::media::MediaType;
use crate::on_record;
use crate::route_map;
use crate::target::Target;
use crate::touches::{AnswerKind, RecordId, RecordRef, ResourceAttributes, Touches};

/// An answer that may go out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// FHIR JSON, written anew; empty where the store sent no body and none is needed (204, 304, a minimal answer).
    pub body: Vec<u8>,
    /// Every record in it, in order.
    pub records: Vec<RecordRef>,
    /// Every person in it, once.
    pub persons: Vec<PersonId>,
    /// Those of the records that bear a label of sensitivity: an index does not remember them, since it would not remember
    /// the label.
    pub sensitive: Vec<RecordRef>,
    /// How many entries were left out.
    pub dropped: usize,
    /// Why, for the first of them (at most [`DROPPED_KEPT_MAX`]).
    pub why: Vec<Dropped>,
}

/// An entry that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Which record, as far as it can be told.
    pub record: String,
    /// Why, for the officer.
    pub why: String,
}

impl Dropped {
    /// The store says that more follows, and not where: the list ends here, and looks whole.
    pub(crate) fn next_page() -> Self {
        let why = "it leads to another search, back, or too far; the list ends before it";
        Self { record: "the next page".to_owned(), why: why.to_owned() }
    }
}

impl Released {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The next piece of the same answer.
    pub fn append(&mut self, mut next: Self) {
        self.body.append(&mut next.body);
        self.records.append(&mut next.records);
        for person in next.persons {
            if !self.persons.contains(&person) {
                self.persons.push(person);
            }
        }
        self.sensitive.append(&mut next.sensitive);
        self.dropped += next.dropped;
        self.why.append(&mut next.why);
        self.why.truncate(DROPPED_KEPT_MAX);
    }

    pub(crate) fn with_body(body: Vec<u8>) -> Self {
        Self { body, ..Self::new() }
    }

    fn note(&mut self, Attributed { record, owner, sensitive }: Attributed) {
        match owner {
            Owner::Person(person) => self.note_mapped(record, Some(person), sensitive),
            Owner::Directory => self.note_mapped(record, None, sensitive),
        }
    }

    pub(crate) fn note_mapped(&mut self, record: RecordRef, owner: Option<PersonId>, sensitive: bool) {
        if sensitive {
            self.sensitive.push(record.clone());
        }
        self.records.push(record);
        if let Some(person) = owner
            && !self.persons.contains(&person)
        {
            self.persons.push(person);
        }
    }

    pub(crate) fn leave_out(&mut self, dropped: Dropped) {
        self.dropped += 1;
        if self.why.len() < DROPPED_KEPT_MAX {
            self.why.push(dropped);
        }
    }
}

/// What a release asks of the gateway.
pub trait Gatekeeper {
    /// Whether the subject may see this, by the newest facts.
    fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool;

    /// Seals what another page of a search stands for, so that nobody but this subject, on this terminal, in this session and
    /// under these rules can turn to it. None if it cannot be sealed: the page is not offered.
    fn seal_page(&mut self, ticket: &[u8]) -> Option<String>;

    /// What was made of these very octets before, read as this type, if that is remembered.
    fn attributed_before(&mut self, _fhir_type: FhirType, _body: &[u8]) -> Option<Attributed> {
        None
    }

    /// To remember: what was made of the octets that were asked about last, which may go out as they came.
    fn attributed(&mut self, _attributed: &Attributed) {}
}

/// Whose a resource is, and what else it says of itself that a decision needs. It depends on its octets alone, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributed {
    record: RecordRef,
    owner: Owner,
    sensitive: bool,
}

/// Asks each question once: the entries of a page are mostly alike, and a decision costs more than all else here.
pub(crate) struct Remembering<'g> {
    gatekeeper: &'g mut dyn Gatekeeper,
    /// What the answer holds is what this request wrote.
    written: bool,
    answers: Vec<(PersonId, Category, bool, bool)>,
}

impl<'g> Remembering<'g> {
    fn new(gatekeeper: &'g mut dyn Gatekeeper) -> Self {
        Self { gatekeeper, written: false, answers: Vec::new() }
    }

    pub(crate) fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool {
        let ResourceAttributes { person, category, sensitive, .. } = *attributes;
        let known = |(who, what, label, _): &&(PersonId, Category, bool, bool)| {
            who == person && *what == category && *label == sensitive
        };
        if let Some((.., answer)) = self.answers.iter().find(known) {
            return *answer;
        }
        let answer = self.gatekeeper.may_see(attributes);
        self.answers.push((person.clone(), category, sensitive, answer));
        answer
    }
}

/// Checks an answer of the store and writes it anew.
///
/// A status of 400 and above gives a neutral OperationOutcome whatever the store wrote; the caller decides whether even
/// that goes out.
///
/// # Errors
/// The answer is not what was asked for, has no single reading, or is a record that must not be seen.
pub fn release(
    kind: &AnswerKind,
    touches: &Touches,
    status: u16,
    content_type: Option<&str>,
    body: &[u8],
    gatekeeper: &mut dyn Gatekeeper,
) -> Result<Released, Misbehaviour> {
    if (400..600).contains(&status) {
        return Ok(Released::with_body(outcome::refused(status)));
    }
    if let AnswerKind::Mapped(answer) = kind {
        let mut gatekeeper = Remembering::new(gatekeeper);
        return route_map::release(answer, touches, status, content_type, body, &mut gatekeeper);
    }
    let writes = touches.writes();
    match (status, writes) {
        // RFC 9110 15.4.5: no body, whatever is there.
        (304, false) => return Ok(Released::new()),
        (200, false) | (200 | 201 | 204, true) => {}
        _ => return Err(Misbehaviour::Status(status)),
    }
    if touches.main().action == Action::Delete {
        // Some stores show what they removed once more.
        return Ok(if status == 204 { Released::new() } else { Released::with_body(outcome::done()) });
    }
    if writes && body.is_empty() {
        return Ok(Released::new());
    }
    if body.len() > ANSWER_BYTES_MAX {
        return Err(Misbehaviour::Shape("is too large"));
    }
    fhir_json(content_type)?;
    // FHIR R4 http.html#ccreate: 200 is for the record that was there already.
    let written = writes && !(status == 200 && touches.main().action == Action::Create);
    let mut remembering = Remembering { written, ..Remembering::new(gatekeeper) };
    match kind {
        AnswerKind::Resource { fhir_type } | AnswerKind::Version { fhir_type } => {
            if let Some(attributed) = remembering.gatekeeper.attributed_before(*fhir_type, body) {
                return passed_on(attributed, touches, body.to_vec(), &mut remembering);
            }
            let (tree, as_is) = json::parse_as_is(body)?;
            let resource = tree.object().ok_or(Misbehaviour::Shape("is no resource"))?;
            // Already in the one form in which it would be written.
            single(*fhir_type, touches, (resource, as_is.then_some(body)), &mut remembering)
        }
        AnswerKind::History { fhir_type, asked, count } => {
            let tree = json::parse(body)?;
            let bundle = tree.object().ok_or(Misbehaviour::Shape("is no history"))?;
            history::release(*fhir_type, touches, (asked, *count), bundle, &mut remembering)
        }
        AnswerKind::Capabilities => {
            let tree = json::parse(body)?;
            let statement = tree.object().ok_or(Misbehaviour::Shape("is no capability statement"))?;
            metadata::reduced(statement).map(Released::with_body)
        }
        AnswerKind::Bundle => bundle::release(touches, content_type, body, gatekeeper),
        // These are not read as JSON; a success that is neither bytes nor a stream was not asked for.
        AnswerKind::Transaction(_)
        | AnswerKind::Opaque { .. }
        | AnswerKind::EventStream
        | AnswerKind::WebSocket
        | AnswerKind::Socket(_)
        | AnswerKind::Call(_)
        | AnswerKind::Events(_)
        | AnswerKind::Mapped(_) => Err(Misbehaviour::Status(status)),
    }
}

fn fhir_json(content_type: Option<&str>) -> Result<(), Misbehaviour> {
    let media = content_type.and_then(MediaType::read);
    if media.is_some_and(|media| media.is_fhir_json()) {
        return Ok(());
    }
    Err(Misbehaviour::ContentType(quote(content_type.unwrap_or("none"))))
}

fn single(
    fhir_type: FhirType,
    touches: &Touches,
    (resource, as_is): (&Object<'_>, Option<&[u8]>),
    gatekeeper: &mut Remembering<'_>,
) -> Result<Released, Misbehaviour> {
    match resource.text("resourceType") {
        Some("OperationOutcome") if touches.writes() => return Ok(Released::with_body(outcome::done())),
        Some(name) if name == fhir_type.as_str() => {}
        _ => return Err(Misbehaviour::Shape("is of another type than was asked for")),
    }
    let attributed = attributed(resource, fhir_type).map_err(foreign)?;
    if as_is.is_some() {
        gatekeeper.gatekeeper.attributed(&attributed);
    }
    passed_on(attributed, touches, as_is.map_or_else(|| resource.to_bytes(), <[u8]>::to_vec), gatekeeper)
}

fn foreign(Dropped { record, why }: Dropped) -> Misbehaviour {
    Misbehaviour::ForeignRecord { record, why }
}

/// The answer is this one record, if it is the one that was asked for and may be seen.
fn passed_on(
    attributed: Attributed,
    touches: &Touches,
    body: Vec<u8>,
    gatekeeper: &mut Remembering<'_>,
) -> Result<Released, Misbehaviour> {
    let may_leave = attributed.may_leave(touches, gatekeeper).map_err(foreign)?;
    let attributed = may_leave.ok_or(Misbehaviour::NotSeen)?;
    let asked = touches.records.first().and_then(|record| record.id.as_ref());
    if touches.main().action != Action::Create && attributed.record.id.as_ref() != asked {
        return Err(Misbehaviour::ForeignRecord {
            record: attributed.record.to_string(),
            why: "another one was asked for".to_owned(),
        });
    }
    let mut released = Released::with_body(body);
    released.note(attributed);
    Ok(released)
}

/// Resolves a resource to its person and asks. None if the subject may not see it: it is labelled, or consent has been
/// withdrawn while the store was thinking. The store did nothing wrong then; an error says what it did.
fn releasable(
    resource: &Object<'_>,
    fhir_type: FhirType,
    touches: &Touches,
    gatekeeper: &mut Remembering<'_>,
) -> Result<Option<Attributed>, Dropped> {
    attributed(resource, fhir_type)?.may_leave(touches, gatekeeper)
}

/// Resolves a resource to its person.
fn attributed(resource: &Object<'_>, fhir_type: FhirType) -> Result<Attributed, Dropped> {
    let id = RecordId::new(resource.text("id").unwrap_or_default());
    // What is left out is on record with the officer's alert: no word of what is stored gets there.
    let named = id.as_ref().map_or("?", RecordId::as_str).to_owned();
    let out = |why: String| Dropped { record: format!("{fhir_type}/{named}"), why };
    let record = id.map(|id| RecordRef::one(fhir_type, id)).map_err(|error| out(error.to_string()))?;
    let unclear = |unclear: Unclear| out(format!("it {}", on_record::of_person(&unclear)));
    let owner = person::owner(resource, fhir_type).map_err(unclear)?;
    links::check(resource, &owner, Source::Store).map_err(unclear)?;
    Ok(Attributed { record, owner, sensitive: labels::is_sensitive(resource) })
}

impl Attributed {
    fn may_leave(self, touches: &Touches, gatekeeper: &mut Remembering<'_>) -> Result<Option<Self>, Dropped> {
        let Owner::Person(person) = &self.owner else { return Ok(Some(self)) };
        // The audit entry names the persons of the request; nobody else's record leaves under it (promise P3).
        if !touches.claims().any(|claim| claim.persons.contains(person)) {
            let why = format!("it belongs to `{person}`, who was not asked about");
            return Err(Dropped { record: self.record.to_string(), why });
        }
        let (category, sensitive) = (self.record.category(), self.sensitive);
        let attributes = ResourceAttributes { person, category, sensitive, written: gatekeeper.written };
        Ok(gatekeeper.may_see(&attributes).then_some(self))
    }
}

/// `Location` of a written record, made anew from what it names. None for a foreign or unreadable one, and for a request
/// that writes nothing.
#[must_use]
pub fn location(text: &str, touches: &Touches) -> Option<String> {
    if !touches.writes() {
        return None;
    }
    let record = touches.records.first()?;
    let path = in_origin_form(text);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/fhir/{path}") };
    let target = Target::read(&path).ok()?;
    let (["fhir", kind, id] | ["fhir", kind, id, "_history", _]) = target.segments.as_slice() else { return None };
    let id = RecordId::new(id).ok()?;
    let same = record.fhir_type().is_some_and(|own| own.as_str() == *kind) && target.query.0.is_empty();
    let known = record.id.as_ref().is_none_or(|own| *own == id);
    (same && known).then(|| format!("/fhir/{kind}/{id}"))
}

/// Where an answer says that a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Target in origin form, written anew.
    pub target: String,
    /// Which record, if it names one.
    pub record: Option<String>,
}

/// `Location` of a written record, or of a redirect within a map. None for one that may not go out.
#[must_use]
pub fn located(text: &str, touches: &Touches) -> Option<Located> {
    if let AnswerKind::Mapped(answer) = &touches.answer {
        let (target, record) = route_map::located(answer, touches, text)?;
        return Some(Located { target, record: record.map(|record| record.to_string()) });
    }
    let target = location(text, touches)?;
    let record = target.strip_prefix("/fhir/").map(str::to_owned);
    Some(Located { target, record })
}

/// The media type in which an answer goes out; `given` is what the store calls it. None: it has none, or may not go out.
#[must_use]
pub fn content_type(kind: &AnswerKind, given: Option<&str>) -> Option<String> {
    match kind {
        AnswerKind::Mapped(answer) => route_map::content_type(answer, given),
        _ => Some("application/fhir+json; charset=utf-8".to_owned()),
    }
}

/// The path and query of a URL of the store. Which host it names does not matter: what is made of it is checked, and
/// written anew without one.
pub(crate) fn in_origin_form(url: &str) -> &str {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match rest {
        Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => url,
    }
}
