//! The facts of one decision as Cedar sees them. A [`Slice`] can only be made from whole [`Facts`] and with the schema.
//!
//! Trap A: a store from which an entity is missing passes schema validation; a forbid that needs the entity is then an
//! evaluation error, which Cedar skips, and a permit is left standing. So every entity that is named here is counted,
//! and a slice in which one named entity has no facts is never made.
//! Trap B: without the schema the store holds no action entities. There is no way here to build one without.

use cedar_policy::{Context, Entities, Entity, EntityUid, Request as CedarRequest, RestrictedExpression, Schema};

use crate::facts::{DeviceFacts, Facts, PersonFacts, Request, Resource, ServiceFacts, SubjectFacts};
use crate::vocabulary::{Vocabulary, uid};

/// Why facts make no slice. The decision is then a denial, and this its error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SliceError {
    /// A word that the vocabulary does not have here.
    #[error("`{0}` cannot be said of this resource")]
    Word(&'static str),
    /// Trap A.
    #[error("nothing is known of `{0}`, which the facts name")]
    Incomplete(EntityUid),
    /// A fact that the schema refuses.
    #[error("the facts do not fit the schema: {0}")]
    Schema(String),
}

/// Request and entities of one decision: complete, and checked against the schema.
#[derive(Debug)]
pub(crate) struct Slice {
    request: CedarRequest,
    entities: Entities,
}

impl Slice {
    /// From the facts of a request.
    pub(crate) fn new(
        vocabulary: &Vocabulary,
        schema: &Schema,
        request: &Request,
        facts: &Facts,
    ) -> Result<Self, SliceError> {
        Self::make(vocabulary, schema, request, facts, |_| true)
    }

    fn make(
        vocabulary: &Vocabulary,
        schema: &Schema,
        request: &Request,
        facts: &Facts,
        keep: impl Fn(&Entity) -> bool,
    ) -> Result<Self, SliceError> {
        let mut build = Build::new(vocabulary);
        build.facilities(&facts.subject, &facts.device)?;
        let principal = build.subject(&facts.subject)?;
        let device = build.device(&facts.device)?;
        let service = build.service(&facts.service)?;
        let resource = build.resource(request, &facts.resource)?;
        let action = vocabulary.action(request.action).ok_or(SliceError::Word("action"))?;
        let context = [
            ("at".to_owned(), RestrictedExpression::new_long(request.at.as_millis())),
            ("breakGlass".to_owned(), vocabulary.bool(request.break_glass)),
            ("device".to_owned(), device),
            ("service".to_owned(), service),
        ];
        build.entities.retain(keep);
        build.finish(schema, (principal, action, resource), context)
    }

    /// Somebody, who need not say who, looks at public information (art. 22).
    pub(crate) fn public(vocabulary: &Vocabulary, schema: &Schema, service: &ServiceFacts) -> Result<Self, SliceError> {
        let mut build = Build::new(vocabulary);
        let service = build.service(service)?;
        let who = vocabulary.visitor.clone();
        let what = vocabulary.public_page.clone();
        build.finish(schema, (who, vocabulary.view.clone(), what), [("service".to_owned(), service)])
    }

    pub(crate) const fn request(&self) -> &CedarRequest {
        &self.request
    }

    pub(crate) const fn entities(&self) -> &Entities {
        &self.entities
    }

    /// A slice whose maker forgot the person's facts: the proof must refuse it.
    #[cfg(test)]
    pub(crate) fn without_person(
        vocabulary: &Vocabulary,
        schema: &Schema,
        request: &Request,
        facts: &Facts,
    ) -> Result<Self, SliceError> {
        Self::make(vocabulary, schema, request, facts, |entity| *entity.uid().type_name() != vocabulary.person)
    }

    /// Past the proof of completeness, so that tests can show what stands behind it.
    #[cfg(test)]
    pub(crate) fn unproved(request: CedarRequest, entities: Entities) -> Self {
        Self { request, entities }
    }
}

/// Gathers entities, and the names that other entities call them by.
struct Build<'a> {
    words: &'a Vocabulary,
    named: Vec<EntityUid>,
    entities: Vec<Entity>,
}

impl<'a> Build<'a> {
    fn new(words: &'a Vocabulary) -> Self {
        Self { words, named: Vec::with_capacity(6), entities: Vec::with_capacity(7) }
    }

    /// A reference to an entity whose facts must be here at the end.
    fn name(&mut self, uid: EntityUid) -> RestrictedExpression {
        self.named.push(uid.clone());
        RestrictedExpression::new_entity_uid(uid)
    }

    fn add<const N: usize>(
        &mut self,
        uid: EntityUid,
        attributes: [(&str, RestrictedExpression); N],
    ) -> Result<(), SliceError> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
        let entity =
            Entity::new_with_tags(uid, attributes, [], []).map_err(|error| SliceError::Schema(error.to_string()))?;
        self.entities.push(entity);
        Ok(())
    }

    /// Both facilities: the subject's, and the device's where it is another one. Of the latter only the name is asked
    /// (F10), and nothing else about it is among the facts; so it is said to be suspended, which can only close.
    fn facilities(&mut self, subject: &SubjectFacts, device: &DeviceFacts) -> Result<(), SliceError> {
        let words = self.words;
        let state = |state| words.facility_state(state).ok_or(SliceError::Word("facility state"));
        let own = uid(&words.facility, subject.facility.as_str());
        let attributes =
            [("state", state(subject.facility_state)?), ("suspended", words.bool(subject.facility_suspended))];
        self.add(own, attributes)?;
        if device.facility != subject.facility {
            let other = uid(&words.facility, device.facility.as_str());
            let closed = state(model::lifecycle::facility::State::Suspended)?;
            self.add(other, [("state", closed), ("suspended", words.yes.clone())])?;
        }
        Ok(())
    }

    fn subject(&mut self, subject: &SubjectFacts) -> Result<EntityUid, SliceError> {
        let words = self.words;
        let who = uid(&words.user, subject.user_id.as_str());
        let facility = self.name(uid(&words.facility, subject.facility.as_str()));
        let attributes = [
            ("profession", words.profession(subject.profession).ok_or(SliceError::Word("profession"))?),
            ("userIdState", words.user_id_state(subject.user_id_state).ok_or(SliceError::Word("user ID state"))?),
            ("userIdSuspended", words.bool(subject.user_id_suspended)),
            ("qualificationSuspended", words.bool(subject.qualification_suspended)),
            ("facility", facility),
        ];
        self.add(who.clone(), attributes)?;
        Ok(who)
    }

    fn device(&mut self, device: &DeviceFacts) -> Result<RestrictedExpression, SliceError> {
        let words = self.words;
        let what = uid(&words.device, device.device.as_str());
        let facility = self.name(uid(&words.facility, device.facility.as_str()));
        let state = words.certificate_state(device.certificate_state);
        let attributes = [
            ("facility", facility),
            ("suspended", words.bool(device.device_suspended)),
            ("certificateState", state.ok_or(SliceError::Word("certificate state"))?),
            ("certificateInValidity", words.bool(device.certificate_in_validity)),
            ("assurance", words.assurance(device.assurance).ok_or(SliceError::Word("assurance"))?),
        ];
        self.add(what.clone(), attributes)?;
        Ok(self.name(what))
    }

    fn service(&mut self, service: &ServiceFacts) -> Result<RestrictedExpression, SliceError> {
        let what = self.words.service.clone();
        let state = ("state", self.words.service_state(service.state).ok_or(SliceError::Word("service state"))?);
        let issued = ("breakGlassIssued", self.words.bool(service.break_glass_issued));
        match &service.disaster {
            Some(disaster) => {
                let until = RestrictedExpression::new_long(disaster.until.as_millis());
                self.add(what.clone(), [state, issued, ("disasterUntil", until)])?;
            }
            None => self.add(what.clone(), [state, issued])?,
        }
        Ok(self.name(what))
    }

    /// A category that does not belong to the resource (a directory said to be somebody's note) is no slice.
    fn resource(&mut self, request: &Request, resource: &Resource) -> Result<EntityUid, SliceError> {
        let words = self.words;
        match resource {
            Resource::Directory if request.category == model::Category::Directory => {
                self.add(words.directory.clone(), [])?;
                Ok(words.directory.clone())
            }
            Resource::Directory => Err(SliceError::Word("category")),
            Resource::Record { person, relation, deletion_ordered } => {
                let whose = self.person(person)?;
                let record = uid(&words.record, person.person.as_str());
                let attributes = [
                    ("person", whose),
                    ("category", words.category(request.category).ok_or(SliceError::Word("category"))?),
                    ("relation", words.relation(*relation).ok_or(SliceError::Word("relation"))?),
                    ("authorship", words.authorship(request.authorship).ok_or(SliceError::Word("authorship"))?),
                    ("writtenAs", words.authorship(request.written_as).ok_or(SliceError::Word("writtenAs"))?),
                    ("sensitive", words.bool(request.sensitive)),
                    ("deletionOrdered", words.bool(*deletion_ordered)),
                ];
                self.add(record.clone(), attributes)?;
                Ok(record)
            }
        }
    }

    fn person(&mut self, person: &PersonFacts) -> Result<RestrictedExpression, SliceError> {
        let words = self.words;
        let who = uid(&words.person, person.person.as_str());
        let attributes = [
            ("eligible", words.bool(person.eligible)),
            ("consent", words.consent_state(person.consent).ok_or(SliceError::Word("consent state"))?),
            ("consentStore", words.bool(person.consent_store)),
            ("consentShare", words.bool(person.consent_share)),
            ("consentDisaster", words.bool(person.consent_disaster)),
            ("suspended", words.bool(person.person_suspended)),
            ("inDisasterArea", words.bool(person.in_disaster_area)),
        ];
        self.add(who.clone(), attributes)?;
        Ok(self.name(who))
    }

    /// The proof: every name has its entity, every entity and the request fit the schema.
    fn finish<const N: usize>(
        self,
        schema: &Schema,
        (principal, action, resource): (EntityUid, EntityUid, EntityUid),
        context: [(String, RestrictedExpression); N],
    ) -> Result<Slice, SliceError> {
        let misfit = |error: &dyn std::fmt::Display| SliceError::Schema(error.to_string());
        let entities = Entities::from_entities(self.entities, Some(schema)).map_err(|error| misfit(&error))?;
        if let Some(missing) = self.named.into_iter().find(|uid| entities.get(uid).is_none()) {
            return Err(SliceError::Incomplete(missing));
        }
        let context = Context::from_pairs(context).map_err(|error| misfit(&error))?;
        let request = CedarRequest::new(principal, action, resource, context, Some(schema));
        Ok(Slice { request: request.map_err(|error| misfit(&error))?, entities })
    }
}
