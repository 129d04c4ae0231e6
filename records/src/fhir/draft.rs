//! A record on its way in: created or updated. Read from the body, its links looked up one after the other, the version
//! that it replaces looked up last, then sent on as it was understood.
//!
//! Security labels and tags are the store's: whoever may set them may hide or unlock a record (FHIR R4
//! resource.html#security-labels). A create may carry none; an update keeps those of the version it replaces, whatever the
//! client sent or left out.
//!
//! All look-ups come before the decision, so none of them may change what a client hears: a linked record that is not
//! there, or is another person's, is "not there"; so is the record to be replaced.

use std::sync::Arc;

use model::{Action, PersonId};

use super::bundle::Neighbours;
use super::interaction::{is_the_one, tag};
use super::links::{self, Source};
use super::person::{self, Owner};
use super::types::FhirType;
use crate::error::Unreadable;
use crate::json::{self, Json, Object};
use crate::media::MediaType;
use crate::need::{Need, StoredNeeded};
use crate::touches::{AnswerKind, Claim, Forward, ForwardBody, RecordId, RecordRef, Touches};

/// A version that no record has: versions are counted from 1. What carries it is refused by the store (412).
const NO_VERSION: &str = "0";

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) fhir_type: FhirType,
    pub(crate) minimal: bool,
    /// Which record is replaced; none for a create.
    id: Option<RecordId>,
    /// The version that the client named.
    named: Option<String>,
    /// The version that is replaced, once looked up.
    stored: Option<String>,
    /// Whose it is, as it is written now; then whose it was.
    persons: Vec<PersonId>,
    links: Vec<(FhirType, RecordId)>,
    content_type: String,
    body: ForwardBody,
    /// `X-Security-Context` of an upload.
    context: Option<PersonId>,
    /// What it may refer to beside what is stored: the other entries of its transaction.
    pub(crate) neighbours: Arc<Neighbours>,
}

impl Draft {
    pub(crate) fn create(fhir_type: FhirType) -> Self {
        Self {
            fhir_type,
            minimal: false,
            id: None,
            named: None,
            stored: None,
            persons: Vec::new(),
            links: Vec::new(),
            content_type: "application/fhir+json".to_owned(),
            body: ForwardBody::None,
            context: None,
            neighbours: Arc::default(),
        }
    }

    pub(crate) fn update(fhir_type: FhirType, id: RecordId, named: Option<String>) -> Self {
        Self { id: Some(id), named, ..Self::create(fhir_type) }
    }

    /// Raw bytes of a document; they are not read.
    pub(crate) fn upload(mut self, person: PersonId, content_type: &MediaType) -> Self {
        self.content_type = content_type.to_string();
        self.body = ForwardBody::Stream;
        self.persons = vec![person.clone()];
        self.context = Some(person);
        // The answer would hold the bytes once more.
        self.minimal = true;
        self
    }

    /// Reads the resource.
    pub(crate) fn read(mut self, body: &[u8]) -> Result<Self, Unreadable> {
        let tree = json::parse(body)?;
        let resource = tree.object().ok_or(Unreadable::Body("is no resource"))?;
        is_the_one(resource, self.fhir_type, self.id.as_ref()).map_err(Unreadable::Body)?;
        if self.id.is_none() && resource.get("id").is_some() {
            return Err(Unreadable::Body("has an id, which the store will give"));
        }
        if resource.get("implicitRules").is_some() || resource.get("_implicitRules").is_some() {
            return Err(Unreadable::Body("follows implicit rules, which are not known here"));
        }
        if self.id.is_none() {
            no_labels(resource)?;
        }
        let owner = person::owner(resource, self.fhir_type)?;
        self.links = links::check_among(resource, &owner, Source::Client, &self.neighbours)?;
        match owner {
            Owner::Person(person) => self.persons = vec![person],
            Owner::Directory => return Err(Unreadable::Interaction("changing the directory")),
        }
        self.body = ForwardBody::Built(resource.to_bytes());
        Ok(self)
    }

    /// Takes the answer to the last look-up of a link.
    pub(crate) fn linked(mut self, owner: &Owner) -> Result<Self, Unreadable> {
        self.links.pop();
        match owner {
            Owner::Directory => Ok(self),
            Owner::Person(person) if self.persons.first() == Some(person) => Ok(self),
            Owner::Person(_) => Err(Unreadable::NotThere),
        }
    }

    /// Takes the version that will be replaced.
    pub(crate) fn replacing(
        mut self,
        owner: Owner,
        etag: Option<&str>,
        stored: &Object<'_>,
    ) -> Result<Self, Unreadable> {
        let version = etag.and_then(|etag| tag(etag).ok()).filter(|version| version != NO_VERSION);
        let version = version.ok_or_else(|| Unreadable::Withheld("it came without a version".to_owned()))?;
        match owner {
            Owner::Person(person) if !self.persons.contains(&person) => self.persons.push(person),
            Owner::Person(_) => {}
            Owner::Directory => return Err(Unreadable::Withheld("it is nobody's".to_owned())),
        }
        self.stored = Some(version);
        if let ForwardBody::Built(body) = &self.body {
            let tree = json::parse(body)?;
            let resource = tree.object().ok_or(Unreadable::Body("is no resource"))?;
            self.body = ForwardBody::Built(with_labels_of(resource, stored).to_bytes());
        }
        Ok(self)
    }

    /// What is needed next.
    pub(crate) fn next(self) -> Result<Need, Unreadable> {
        if let Some((fhir_type, id)) = self.links.last().cloned() {
            return Ok(Need::Stored(StoredNeeded::link_of(fhir_type, id, self)));
        }
        if let Some(id) = self.id.clone().filter(|_| self.stored.is_none()) {
            return Ok(Need::Stored(StoredNeeded::version_of(self.fhir_type, id, self)));
        }
        Ok(Need::Done(self.done()))
    }

    fn record(&self) -> RecordRef {
        RecordRef { id: self.id.clone(), ..RecordRef::all(self.fhir_type) }
    }

    fn done(self) -> Touches {
        let record = self.record();
        let stale = self.named.is_some() && self.named != self.stored;
        let if_match = self.stored.map(|version| if stale { NO_VERSION.to_owned() } else { version });
        let mut headers = Vec::new();
        if let Some(person) = self.context {
            headers.push(("x-security-context", format!("Patient/{person}")));
        }
        let wanted = if self.minimal { "return=minimal" } else { "return=representation" };
        headers.push(("prefer", wanted.to_owned()));
        let (action, method) = if self.id.is_some() { (Action::Update, "PUT") } else { (Action::Create, "POST") };
        let claim = Claim::of(action, record.category(), self.persons);
        let forward = Forward {
            method,
            target: format!("/fhir/{record}"),
            if_match: if_match.map(|version| format!("W/\"{version}\"")),
            content_type: Some(self.content_type),
            headers,
            body: self.body,
        };
        let answer = AnswerKind::Resource { fhir_type: self.fhir_type };
        let touches = Touches::new(claim, vec![record], forward, answer);
        if stale { touches.but(Unreadable::Stale) } else { touches }
    }
}

const LABELS: [&str; 4] = ["security", "tag", "_security", "_tag"];

fn no_labels(resource: &Object<'_>) -> Result<(), Unreadable> {
    let Some(meta) = resource.get("meta") else { return Ok(()) };
    let meta = meta.object().ok_or(Unreadable::Body("has a `meta` that is no object"))?;
    let empty = |value: &Json<'_>| value.list().is_some_and(<[_]>::is_empty);
    if meta.members().any(|(name, value)| LABELS.contains(&name) && !empty(value)) {
        return Err(Unreadable::Body("sets security labels or tags, which are the store's"));
    }
    Ok(())
}

/// The resource with the labels of the version that it replaces, and no others.
fn with_labels_of<'a>(resource: &Object<'a>, stored: &Object<'a>) -> Object<'a> {
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
        let part = |value: &&Json<'_>| value.object().is_some_and(|tag| tag.text("code") == Some("SUBSETTED"));
        let labels: Vec<Json<'a>> =
            value.list().unwrap_or_default().iter().filter(|value| !part(value)).cloned().collect();
        if !labels.is_empty() {
            meta.push((name, Json::List(labels)));
        }
    }
    let mut members: Vec<(&str, Json<'a>)> =
        resource.members().filter(|(name, _)| *name != "meta").map(|(name, value)| (name, value.clone())).collect();
    if !meta.is_empty() {
        members.push(("meta", Json::Object(Object::of(meta))));
    }
    Object::of(members)
}
