//! A record on its way in: created or updated, plainly or under a condition. Read from the body, its links looked up one
//! after the other, then which record the condition means, the version that it replaces last; then sent on as it was
//! understood.
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
use super::condition::{Criteria, Found, NO_VERSION, Whom, refused_by_the_store};
use super::interaction::is_the_one;
use super::links::{self, Source};
use super::person::{self, Owner};
use super::types::FhirType;
use super::{authors, labels};
use crate::error::Unreadable;
use crate::json::{self, Json, Object};
use crate::media::MediaType;
use crate::need::{Need, Stored, StoredNeeded};
use crate::touches::{AnswerKind, Authors, Claim, Forward, ForwardBody, RecordId, RecordRef, Touches};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) fhir_type: FhirType,
    pub(crate) minimal: bool,
    /// Created, or which record is replaced.
    way: Way,
    /// The version that the client named.
    named: Option<String>,
    /// The version that is replaced, once looked up.
    stored: Option<Replaced>,
    /// Whose it is, as it is written now; then whose it was.
    persons: Vec<PersonId>,
    /// In whose name, as it is written now.
    written: Authors,
    /// As it is written now, or was.
    sensitive: bool,
    links: Vec<(FhirType, RecordId)>,
    content_type: String,
    body: ForwardBody,
    /// The id that the body of a conditional update says.
    body_id: Option<RecordId>,
    /// `X-Security-Context` of an upload.
    context: Option<PersonId>,
    /// What it may refer to beside what is stored: the other entries of its transaction.
    pub(crate) neighbours: Arc<Neighbours>,
    /// What has to be permitted beside the write itself.
    also: Vec<Claim>,
    /// What is wrong with it, for after the permit.
    after: Option<Unreadable>,
}

#[derive(Clone, Debug)]
enum Way {
    Create,
    /// Unless there is such a record.
    CreateUnless(Criteria),
    Update(RecordId),
    /// The one record of which this is true; created if there is none.
    UpdateWhere(Criteria),
}

/// What is known of the version that is replaced.
#[derive(Clone, Debug)]
struct Replaced {
    version: String,
    authors: Authors,
}

impl Draft {
    fn new(fhir_type: FhirType, way: Way) -> Self {
        Self {
            fhir_type,
            minimal: false,
            way,
            named: None,
            stored: None,
            persons: Vec::new(),
            // Until it is read it may name anybody.
            written: Authors::Unclear,
            sensitive: false,
            links: Vec::new(),
            content_type: "application/fhir+json".to_owned(),
            body: ForwardBody::None,
            body_id: None,
            context: None,
            neighbours: Arc::default(),
            also: Vec::new(),
            after: None,
        }
    }

    pub(crate) fn create(fhir_type: FhirType, unless: Option<Criteria>) -> Self {
        Self::new(fhir_type, unless.map_or(Way::Create, Way::CreateUnless))
    }

    pub(crate) fn update(fhir_type: FhirType, whom: Whom, named: Option<String>) -> Self {
        let way = match whom {
            Whom::Id(id) => Way::Update(id),
            Whom::Where(criteria) => Way::UpdateWhere(criteria),
        };
        Self { named, ..Self::new(fhir_type, way) }
    }

    /// What comes of a patch; with what has to be permitted for the patch itself.
    pub(crate) fn patched(self, minimal: bool, also: Vec<Claim>) -> Self {
        Self { minimal, also, ..self }
    }

    /// Raw bytes of a document; they are not read.
    pub(crate) fn upload(mut self, person: PersonId, content_type: &MediaType) -> Self {
        self.content_type = content_type.to_string();
        self.body = ForwardBody::Stream;
        self.persons = vec![person.clone()];
        self.context = Some(person);
        // Bytes name nobody.
        self.written = Authors::Unknown;
        // The answer would hold the bytes once more.
        self.minimal = true;
        self
    }

    /// Reads the resource.
    pub(crate) fn read(self, body: &[u8]) -> Result<Self, Unreadable> {
        let tree = json::parse(body)?;
        self.take(tree.object().ok_or(Unreadable::Body("is no resource"))?)
    }

    /// Takes the resource, read.
    pub(crate) fn take(mut self, resource: &Object<'_>) -> Result<Self, Unreadable> {
        let (id, creates) = match &self.way {
            Way::Create | Way::CreateUnless(_) => (None, true),
            Way::Update(id) => (Some(id), false),
            Way::UpdateWhere(_) => (None, false),
        };
        is_the_one(resource, self.fhir_type, id).map_err(Unreadable::Body)?;
        no_labels_inside(resource)?;
        if creates {
            if resource.get("id").is_some() {
                return Err(Unreadable::Body("has an id, which the store will give"));
            }
            no_labels(resource)?;
        }
        if resource.get("implicitRules").is_some() || resource.get("_implicitRules").is_some() {
            return Err(Unreadable::Body("follows implicit rules, which are not known here"));
        }
        if matches!(self.way, Way::UpdateWhere(_))
            && let Some(id) = resource.get("id")
        {
            self.body_id = Some(RecordId::read(id.text().ok_or(Unreadable::Body("has an id that is no text"))?)?);
        }
        let owner = person::owner(resource, self.fhir_type)?;
        self.links = links::check_among(resource, &owner, Source::Client, &self.neighbours)?;
        let Owner::Person(person) = owner else { return Err(Unreadable::Interaction("changing the directory")) };
        match self.way {
            Way::CreateUnless(criteria) => {
                let criteria = criteria.about(&person)?;
                self.also.push(criteria.claim());
                self.way = Way::CreateUnless(criteria);
                // The record that is found instead has to come back whole, to be looked at.
                self.minimal = false;
            }
            Way::UpdateWhere(criteria) => self.way = Way::UpdateWhere(criteria.about(&person)?),
            Way::Create | Way::Update(_) => {}
        }
        self.persons = vec![person];
        self.written = authors::authors(resource, self.fhir_type);
        self.sensitive = labels::is_sensitive(resource);
        self.body = ForwardBody::Built(resource.to_bytes());
        Ok(self)
    }

    /// Whose it would be.
    pub(crate) fn person(&self) -> Option<&PersonId> {
        self.persons.first()
    }

    /// What whoever writes this must be permitted whatever is stored: to read such records of the person.
    pub(crate) fn asked(&self) -> Option<Touches> {
        let record = match &self.way {
            Way::Update(id) => RecordRef::one(self.fhir_type, id.clone()),
            Way::Create | Way::CreateUnless(_) | Way::UpdateWhere(_) => RecordRef::all(self.fhir_type),
        };
        let claim = Claim::read(record.category(), vec![self.person()?.clone()], false);
        let answer = AnswerKind::Resource { fhir_type: self.fhir_type };
        Some(Touches::new(claim, vec![record.clone()], refused_by_the_store(&record), answer))
    }

    /// Takes the answer to the last look-up of a link. Whoever links to a record has to be permitted to read it: else a link
    /// would tell him whether it is there.
    pub(crate) fn linked(mut self, fhir_type: FhirType, linked: &Stored) -> Result<Self, Unreadable> {
        self.links.pop();
        match &linked.owner {
            Owner::Directory => Ok(self),
            Owner::Person(person) if self.persons.first() == Some(person) => {
                let read = Claim::read(fhir_type.category(), vec![person.clone()], linked.sensitive);
                if !self.also.contains(&read) {
                    self.also.push(read);
                }
                Ok(self)
            }
            Owner::Person(_) => Err(Unreadable::NotThere),
        }
    }

    /// Takes what the criteria of a conditional update mean.
    pub(crate) fn found(mut self, criteria: Criteria, found: Found) -> Result<Need, Unreadable> {
        match found {
            Found::Several(first) => return Ok(Need::Done(criteria.several(first))),
            // To be created under an id of the client's: a record of that id is not there.
            Found::None if self.body_id.is_some() => return Err(Unreadable::NotThere),
            Found::None => {
                let ForwardBody::Built(body) = &self.body else { return Err(Unreadable::NotThere) };
                let tree = json::parse(body)?;
                let labelled = tree.object().map(no_labels);
                // Said after the permit: before it, it would tell that there is none.
                self.after = labelled.and_then(Result::err);
                // Somebody may create it meanwhile: so the store is asked to look once more.
                self.way = Way::CreateUnless(criteria.clone());
                self.minimal = false;
            }
            Found::One(id) => {
                if self.body_id.as_ref().is_some_and(|own| *own != id) {
                    self.after = Some(Unreadable::Body("has another id than the record that the criteria mean"));
                }
                let ForwardBody::Built(body) = &self.body else { return Err(Unreadable::NotThere) };
                let tree = json::parse(body)?;
                let resource = tree.object().ok_or(Unreadable::Body("is no resource"))?;
                self.body = ForwardBody::Built(with_id(resource, &id).to_bytes());
                self.way = Way::Update(id);
            }
        }
        self.also.push(criteria.claim());
        self.next()
    }

    /// Takes the version that will be replaced.
    pub(crate) fn replacing(mut self, stored: Stored, resource: &Object<'_>) -> Result<Self, Unreadable> {
        let version = stored.version()?;
        match stored.owner {
            Owner::Person(person) if !self.persons.contains(&person) => self.persons.push(person),
            Owner::Person(_) => {}
            Owner::Directory => return Err(Unreadable::Withheld("it is nobody's".to_owned())),
        }
        self.sensitive |= stored.sensitive;
        self.stored = Some(Replaced { version, authors: stored.authors });
        if let ForwardBody::Built(body) = &self.body {
            let tree = json::parse(body)?;
            let own = tree.object().ok_or(Unreadable::Body("is no resource"))?;
            self.body = ForwardBody::Built(with_labels_of(own, resource)?.to_bytes());
        }
        Ok(self)
    }

    /// What is needed next.
    pub(crate) fn next(self) -> Result<Need, Unreadable> {
        if let Some((fhir_type, id)) = self.links.last().cloned() {
            return Ok(Need::Stored(StoredNeeded::link_of(fhir_type, id, self)));
        }
        match self.way.clone() {
            Way::UpdateWhere(criteria) => Ok(Need::Stored(StoredNeeded::meant_by(criteria, self.into()))),
            Way::Update(id) if self.stored.is_none() => {
                Ok(Need::Stored(StoredNeeded::version_of(self.fhir_type, id, self.into())))
            }
            _ => Ok(Need::Done(self.done())),
        }
    }

    fn done(self) -> Touches {
        let fhir_type = self.fhir_type;
        let (action, record, unless) = match self.way {
            Way::Update(id) => (Action::Update, RecordRef::one(fhir_type, id), None),
            Way::CreateUnless(criteria) => (Action::Create, RecordRef::all(fhir_type), Some(criteria)),
            Way::Create | Way::UpdateWhere(_) => (Action::Create, RecordRef::all(fhir_type), None),
        };
        let authors = self.stored.as_ref().map_or(Authors::Unknown, |stored| stored.authors.clone());
        let stale = self.named.is_some() && self.named != self.stored.as_ref().map(|stored| stored.version.clone());
        let after = self.after.or(stale.then_some(Unreadable::Stale));
        let spoilt = after.is_some();
        let if_match = if spoilt { Some(NO_VERSION.to_owned()) } else { self.stored.map(|stored| stored.version) };
        let mut headers = Vec::new();
        if let Some(person) = self.context {
            headers.push(("x-security-context", format!("Patient/{person}")));
        }
        if let Some(criteria) = unless {
            headers.push(("if-none-exist", criteria.query()));
        }
        let wanted = if self.minimal { "return=minimal" } else { "return=representation" };
        headers.push(("prefer", wanted.to_owned()));
        let claim = Claim {
            action,
            category: record.category(),
            persons: self.persons,
            authors,
            written: self.written,
            sensitive: self.sensitive,
            record: None,
        };
        let forward = Forward {
            method: if action == Action::Create { "POST" } else { "PUT" },
            target: format!("/fhir/{record}"),
            if_match: if_match.map(|version| format!("W/\"{version}\"")),
            content_type: Some(self.content_type),
            headers,
            body: self.body,
        };
        let touches = Touches::new(claim, vec![record], forward, AnswerKind::Resource { fhir_type });
        let touches = self.also.into_iter().fold(touches, Touches::and);
        match after {
            Some(wrong) => touches.but(wrong),
            None => touches,
        }
    }
}

const LABELS: [&str; 4] = ["security", "tag", "_security", "_tag"];

/// What stands inside another resource bears no labels of a client's either: it would hide or open the whole.
pub(crate) fn no_labels_inside(resource: &Object<'_>) -> Result<(), Unreadable> {
    let inside = resource.get("contained").and_then(Json::list).unwrap_or_default();
    inside.iter().filter_map(Json::object).try_for_each(no_labels)
}

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
fn with_labels_of<'a>(resource: &Object<'a>, stored: &Object<'a>) -> Result<Object<'a>, Unreadable> {
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

/// The resource under the id that the store knows it by.
fn with_id<'a>(resource: &Object<'a>, id: &'a RecordId) -> Object<'a> {
    let mut members: Vec<(&str, Json<'a>)> = Vec::with_capacity(8);
    for (name, value) in resource.members().filter(|(name, _)| *name != "id") {
        members.push((name, value.clone()));
        if name == "resourceType" {
            members.push(("id", Json::own(id.as_str())));
        }
    }
    Object::of(members)
}
