//! A record on its way in: created or updated, plainly or under a condition. Read from the body; then all that its words name
//! is looked up, its links and the version that it replaces, or which record the condition means; then sent on as it was
//! understood.
//!
//! All look-ups come before the decision, so none of them may change what a client hears: a linked record that is not
//! there, or is another person's, is "not there"; so is the record to be replaced. Nor may it change how many there are: what
//! is missing is said only when nothing more is to be looked up.

use std::sync::Arc;

use model::{Action, PersonId};

use super::bundle::Neighbours;
use super::condition::{Criteria, Matches, Selector, refused_by_the_store};
use super::interaction::is_the_one;
use super::labels_written::{no_labels, no_labels_inside, with_labels_of};
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
    way: Way,
    /// The version that the client named.
    named: Option<String>,
    /// Whose it is, as it is written now; then whose it was.
    persons: Vec<PersonId>,
    /// In whose name, as it is written now.
    written: Authors,
    /// Whom it names as authors of parts, and the version that it replaces does not.
    beneath: Vec<String>,
    /// As it is written now, or was.
    sensitive: bool,
    /// Records that it links to, and that are still to be looked up.
    links: Vec<(FhirType, RecordId)>,
    /// What was looked up and is not there for this person.
    missing: Option<Unreadable>,
    content_type: String,
    body: ForwardBody,
    /// The id that the body of a conditional update says.
    body_id: Option<RecordId>,
    /// `X-Security-Context` of an upload.
    context: Option<PersonId>,
    /// What it may refer to beside what is stored: the other entries of its transaction.
    pub(crate) neighbours: Arc<Neighbours>,
    /// Others of them refer to it, and so to whatever its condition finds.
    pub(crate) referred_to: bool,
    /// What has to be permitted beside the write itself.
    also: Vec<Claim>,
    /// What is wrong with it, for after the permit.
    after: Option<Unreadable>,
}

#[derive(Clone, Debug)]
enum Way {
    /// In place of which record: its version, or which one it is, is still to be looked up.
    Replaces(Selector),
    /// Nothing is to be looked up but links.
    Becomes(Becomes),
}

#[derive(Clone, Debug)]
enum Becomes {
    /// A new record.
    New,
    /// A new record, unless there is such a one.
    NewUnless(Criteria),
    /// The next version of this record, in place of that one.
    Version { id: RecordId, replaced: Replaced },
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
            persons: Vec::new(),
            // Until it is read it may name anybody.
            written: Authors::Unclear,
            beneath: Vec::new(),
            sensitive: false,
            links: Vec::new(),
            missing: None,
            content_type: "application/fhir+json".to_owned(),
            body: ForwardBody::None,
            body_id: None,
            context: None,
            neighbours: Arc::default(),
            referred_to: false,
            also: Vec::new(),
            after: None,
        }
    }

    pub(crate) fn create(fhir_type: FhirType, unless: Option<Criteria>) -> Self {
        Self::new(fhir_type, Way::Becomes(unless.map_or(Becomes::New, Becomes::NewUnless)))
    }

    pub(crate) fn update(fhir_type: FhirType, selector: Selector, named: Option<String>) -> Self {
        Self { named, ..Self::new(fhir_type, Way::Replaces(selector)) }
    }

    /// What comes of a patch; with what has to be permitted for the patch itself.
    pub(crate) fn patched(self, minimal: bool, also: Vec<Claim>, neighbours: Arc<Neighbours>) -> Self {
        Self { minimal, also, neighbours, ..self }
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
            Way::Becomes(Becomes::New | Becomes::NewUnless(_)) => (None, true),
            Way::Replaces(Selector::Id(id)) | Way::Becomes(Becomes::Version { id, .. }) => (Some(id), false),
            Way::Replaces(Selector::Where(_)) => (None, false),
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
        if matches!(self.way, Way::Replaces(Selector::Where(_)))
            && let Some(id) = resource.get("id")
        {
            self.body_id = Some(RecordId::read(id.text().ok_or(Unreadable::Body("has an id that is no text"))?)?);
        }
        let owner = person::owner(resource, self.fhir_type)?;
        self.links = links::check_among(resource, &owner, Source::Client, &self.neighbours)?;
        let Owner::Person(person) = owner else { return Err(Unreadable::Interaction("changing the directory")) };
        match self.way {
            Way::Becomes(Becomes::NewUnless(criteria)) => {
                let criteria = criteria.about(&person)?;
                self.also.push(searches(&criteria, self.referred_to));
                self.way = Way::Becomes(Becomes::NewUnless(criteria));
                // The record that is found instead has to come back whole, to be looked at.
                self.minimal = false;
            }
            Way::Replaces(Selector::Where(criteria)) => {
                self.way = Way::Replaces(Selector::Where(criteria.about(&person)?));
            }
            Way::Becomes(Becomes::New | Becomes::Version { .. }) | Way::Replaces(Selector::Id(_)) => {}
        }
        self.persons = vec![person];
        self.written = authors::authors(resource, self.fhir_type);
        self.beneath = authors::beneath(resource, self.fhir_type);
        self.sensitive = labels::is_sensitive(resource);
        self.body = ForwardBody::Built(resource.to_bytes());
        Ok(self)
    }

    /// Whose it would be.
    pub(crate) fn person(&self) -> Option<&PersonId> {
        self.persons.first()
    }

    /// What is to be done.
    pub(crate) const fn action(&self) -> Action {
        match &self.way {
            Way::Becomes(Becomes::New | Becomes::NewUnless(_)) => Action::Create,
            Way::Becomes(Becomes::Version { .. }) | Way::Replaces(_) => Action::Update,
        }
    }

    /// Records that it links to, and that are still to be looked up.
    pub(crate) fn links(&self) -> &[(FhirType, RecordId)] {
        &self.links
    }

    /// The same, to be looked up no more: what they show goes to [`Self::linked`].
    pub(crate) fn take_links(&mut self) -> Vec<(FhirType, RecordId)> {
        std::mem::take(&mut self.links)
    }

    /// What it replaces, as long as that is still to be looked up.
    pub(crate) const fn replaces(&self) -> Option<&Selector> {
        match &self.way {
            Way::Replaces(selector) => Some(selector),
            Way::Becomes(_) => None,
        }
    }

    /// What is decided on before any look-up, whatever is stored: to read such records of the person where something is linked to
    /// or replaced, and to search for them by the criteria. None where the record says nobody's. It does nothing, and is not there
    /// for whoever is permitted it by the time it is decided on: nothing was looked up for him.
    pub(crate) fn asked(&self) -> Option<Touches> {
        let all = || RecordRef::all(self.fhir_type);
        let (record, criteria) = match &self.way {
            Way::Replaces(Selector::Id(id)) | Way::Becomes(Becomes::Version { id, .. }) => {
                (RecordRef::one(self.fhir_type, id.clone()), None)
            }
            Way::Replaces(Selector::Where(criteria)) if self.links.is_empty() => {
                return Some(criteria.asked(self.action()));
            }
            Way::Replaces(Selector::Where(criteria)) => (all(), Some(criteria)),
            Way::Becomes(Becomes::New | Becomes::NewUnless(_)) => (all(), None),
        };
        let claim = Claim::read(record.category(), vec![self.person()?.clone()], false);
        let answer = AnswerKind::Resource { fhir_type: self.fhir_type };
        let touches = Touches::new(claim, vec![record.clone()], refused_by_the_store(&record), answer);
        let touches = touches.wanting(self.action()).but(Unreadable::NotThere);
        Some(criteria.map(Criteria::claim).into_iter().fold(touches, Touches::and))
    }

    /// Takes what the look-up of a link showed. Whoever links to a record has to be permitted to read it: else a link would
    /// tell him whether it is there.
    pub(crate) fn linked(&mut self, fhir_type: FhirType, linked: Result<Stored, Unreadable>) {
        match linked {
            Ok(Stored { owner: Owner::Directory, .. }) => {}
            Ok(Stored { owner: Owner::Person(person), sensitive, .. }) if self.persons.first() == Some(&person) => {
                let read = Claim::read(fhir_type.category(), vec![person], sensitive);
                if !self.also.contains(&read) {
                    self.also.push(read);
                }
            }
            Ok(_) => self.missing = Some(Unreadable::NotThere),
            Err(missing) => self.missing = Some(missing),
        }
    }

    /// Takes what the criteria of a conditional update mean.
    pub(crate) fn found(mut self, criteria: Criteria, found: Matches) -> Result<Need, Unreadable> {
        match found {
            Matches::Several(first) => {
                let several = criteria.several(first, self.action());
                return self.missing.map_or(Ok(Need::Done(several)), Err);
            }
            // To be created under an id of the client's: a record of that id is not there.
            Matches::None if self.body_id.is_some() => return Err(Unreadable::NotThere),
            Matches::None => {
                let ForwardBody::Built(body) = &self.body else { return Err(Unreadable::NotThere) };
                let tree = json::parse(body)?;
                let labelled = tree.object().map(no_labels);
                // Said after the permit: before it, it would tell that there is none.
                self.after = labelled.and_then(Result::err);
                // Somebody may create it meanwhile: so the store is asked to look once more.
                self.way = Way::Becomes(Becomes::NewUnless(criteria.clone()));
                self.minimal = false;
            }
            Matches::One(id) => {
                if self.body_id.as_ref().is_some_and(|own| *own != id) {
                    self.after = Some(Unreadable::Body("has another id than the record that the criteria mean"));
                }
                let ForwardBody::Built(body) = &self.body else { return Err(Unreadable::NotThere) };
                let tree = json::parse(body)?;
                let resource = tree.object().ok_or(Unreadable::Body("is no resource"))?;
                self.body = ForwardBody::Built(with_id(resource, &id).to_bytes());
                self.way = Way::Replaces(Selector::Id(id));
            }
        }
        self.also.push(searches(&criteria, self.referred_to));
        self.next()
    }

    /// Takes the version that will be replaced.
    pub(crate) fn replacing(mut self, id: RecordId, stored: Stored, resource: &Object<'_>) -> Result<Self, Unreadable> {
        let version = stored.version()?;
        match stored.owner {
            Owner::Person(person) if !self.persons.contains(&person) => self.persons.push(person),
            Owner::Person(_) => {}
            Owner::Directory => return Err(Unreadable::Withheld("it is nobody's".to_owned())),
        }
        self.sensitive |= stored.sensitive;
        let named = authors::beneath(resource, self.fhir_type);
        self.beneath.retain(|name| !named.contains(name));
        let replaced = Replaced { version, authors: stored.authors };
        self.way = Way::Becomes(Becomes::Version { id, replaced });
        if let ForwardBody::Built(body) = &self.body {
            let tree = json::parse(body)?;
            let own = tree.object().ok_or(Unreadable::Body("is no resource"))?;
            self.body = ForwardBody::Built(with_labels_of(own, resource)?.to_bytes());
        }
        Ok(self)
    }

    /// What is needed next.
    pub(crate) fn next(self) -> Result<Need, Unreadable> {
        match &self.way {
            Way::Becomes(becomes) if self.links.is_empty() => {
                let becomes = becomes.clone();
                self.missing.clone().map_or(Ok(()), Err)?;
                Ok(Need::Done(self.done(becomes)))
            }
            Way::Becomes(_) | Way::Replaces(_) => Ok(Need::Stored(StoredNeeded::write_of(self))),
        }
    }

    fn done(self, becomes: Becomes) -> Touches {
        let fhir_type = self.fhir_type;
        let (action, record, unless, replaced) = match becomes {
            Becomes::Version { id, replaced } => (Action::Update, RecordRef::one(fhir_type, id), None, Some(replaced)),
            Becomes::NewUnless(criteria) => (Action::Create, RecordRef::all(fhir_type), Some(criteria), None),
            Becomes::New => (Action::Create, RecordRef::all(fhir_type), None, None),
        };
        let (version, authors) = match replaced {
            Some(Replaced { version, authors }) => (Some(version), authors),
            None => (None, Authors::Unknown),
        };
        let stale = self.named.is_some() && self.named != version;
        let after = self.after.or(stale.then_some(Unreadable::Stale));
        let mut headers = Vec::<crate::touches::Field>::new();
        if let Some(person) = self.context {
            headers.push(("x-security-context".into(), format!("Patient/{person}")));
        }
        if let Some(criteria) = unless {
            headers.push(("if-none-exist".into(), criteria.query()));
        }
        let wanted = if self.minimal { "return=minimal" } else { "return=representation" };
        headers.push(("prefer".into(), wanted.to_owned()));
        let claim = Claim {
            action,
            category: record.category(),
            persons: self.persons,
            authors,
            written: self.written,
            beneath: self.beneath,
            sensitive: self.sensitive,
            record: None,
        };
        let forward = Forward {
            method: if action == Action::Create { "POST" } else { "PUT" },
            target: format!("/fhir/{record}"),
            if_match: version.map(|version| format!("W/\"{version}\"")),
            content_type: Some(self.content_type),
            headers,
            body: self.body,
            within: None,
        };
        let touches = Touches::new(claim, vec![record], forward, AnswerKind::Resource { fhir_type });
        let touches = self.also.into_iter().fold(touches, Touches::and);
        match after {
            Some(wrong) => touches.but(wrong),
            None => touches,
        }
    }
}

/// What has to be permitted for asking by these criteria. A reference to what they find is a link to it, labelled or not.
fn searches(criteria: &Criteria, referred_to: bool) -> Claim {
    let claim = criteria.claim();
    Claim { sensitive: claim.sensitive || referred_to, ..claim }
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
