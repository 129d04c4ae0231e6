//! Rules and facts in Cedar's own form, for those who reason about rules (crate `workbench`) and never for requests.
//!
//! [`DecisionPoint::facts_of`] is the way back from a slice: a counterexample of a solver becomes facts that can be read
//! and decided on. Names are not taken over, since a solver's are empty or odd: everybody gets the names of
//! [`crate::matrix::ordinary`].

use cedar_policy::{Entities, EntityUid, EvalResult, PolicySet, Request as CedarRequest, Schema};
use model::{Action, Timestamp};

use crate::facts::{DisasterFacts, Facts, Relation, Request, Resource, Said, ServiceFacts};
use crate::matrix::ordinary;
use crate::point::DecisionPoint;
use crate::slice::Slice;

/// Why facts have no Cedar form, or a Cedar form is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormError(String);

impl DecisionPoint {
    /// The schema the rules are valid under.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        self.parts().0
    }

    /// All rules; each policy is named by its `@id`.
    #[must_use]
    pub const fn policies(&self) -> &PolicySet {
        self.parts().2
    }

    /// A request and its facts as Cedar sees them.
    ///
    /// # Errors
    /// Facts that belong to no request, such as a note in the directory.
    pub fn cedar_form(&self, request: &Request, facts: &Facts) -> Result<(CedarRequest, Entities), FormError> {
        let slice = self.slice(request, facts).map_err(|error| FormError(error.to_string()))?;
        Ok((slice.request().clone(), slice.entities().clone()))
    }

    /// The same for public information (art. 22).
    ///
    /// # Errors
    /// A state of the service that the schema does not have.
    pub fn cedar_form_of_public(&self, service: &ServiceFacts) -> Result<(CedarRequest, Entities), FormError> {
        let (schema, vocabulary, _) = self.parts();
        let slice = Slice::public(vocabulary, schema, service).map_err(|error| FormError(error.to_string()))?;
        Ok((slice.request().clone(), slice.entities().clone()))
    }

    /// What is asked and on which facts; none where somebody looks at public information, which has the state of the
    /// service only.
    ///
    /// # Errors
    /// A fact that is missing, has another type, or stands there and is not read here.
    pub fn facts_of(&self, request: &CedarRequest, entities: &Entities) -> Result<(Option<Request>, Facts), FormError> {
        let form = Form { entities };
        let mut facts = ordinary();
        let context = request.context().ok_or_else(|| missing("context"))?;
        let of_context = |name: &str| context.get(name).ok_or_else(|| missing(name));
        facts.service = form.service(&reference("service", of_context("service")?)?)?;
        let (Some(principal), Some(action), Some(resource)) =
            (request.principal(), request.action(), request.resource())
        else {
            return Err(missing("principal, action or resource"));
        };
        if action.id().unescaped() == "view" {
            return Ok((None, facts));
        }
        let own = form.subject(principal, &mut facts)?;
        form.device(&reference("device", of_context("device")?)?, &own, &mut facts)?;
        let asked = if resource.type_name().to_string() == "Directory" {
            facts.resource = Resource::Directory;
            Asked { category: model::Category::Directory, said: Said::NOTHING }
        } else {
            form.record(resource, &mut facts)?
        };
        let at = match of_context("at")? {
            EvalResult::Long(millis) => Timestamp::from_millis(millis),
            _ => return Err(missing("at")),
        };
        let action: Action = action.id().unescaped().parse().map_err(|_| missing("action"))?;
        let break_glass = match of_context("breakGlass")? {
            EvalResult::Bool(declared) => declared,
            _ => return Err(missing("breakGlass")),
        };
        let request = Request::new(action, asked.category, at, asked.said).with_break_glass(break_glass);
        Ok((Some(request), facts))
    }
}

/// What a record's entity says about the request.
struct Asked {
    category: model::Category,
    said: Said,
}

/// Attributes of entities, each asked for by name and type.
struct Form<'a> {
    entities: &'a Entities,
}

impl Form<'_> {
    /// Every attribute the schema gives this entity must be one of `read`: one that were not would be a fact lost on the way.
    fn all_read(&self, of: &EntityUid, read: &[&str]) -> Result<(), FormError> {
        let entity = self.entities.get(of).ok_or_else(|| missing(&of.to_string()))?;
        match entity.attrs().find(|(name, _)| !read.contains(name)) {
            Some((name, _)) => Err(FormError(format!("`{name}` of {of} is a fact that is not read back"))),
            None => Ok(()),
        }
    }

    fn get(&self, of: &EntityUid, name: &str) -> Result<Option<EvalResult>, FormError> {
        let entity = self.entities.get(of).ok_or_else(|| missing(&of.to_string()))?;
        entity.attr(name).transpose().map_err(|error| FormError(error.to_string()))
    }

    fn flag(&self, of: &EntityUid, name: &str) -> Result<bool, FormError> {
        match self.get(of, name)? {
            Some(EvalResult::Bool(flag)) => Ok(flag),
            _ => Err(missing(name)),
        }
    }

    fn entity(&self, of: &EntityUid, name: &str) -> Result<EntityUid, FormError> {
        reference(name, self.get(of, name)?.ok_or_else(|| missing(name))?)
    }

    fn word<T: std::str::FromStr>(&self, of: &EntityUid, name: &str) -> Result<T, FormError> {
        let word = self.entity(of, name)?;
        word.id().unescaped().parse().map_err(|_| FormError(format!("`{word}` is no word of ours")))
    }

    /// Gives the facility's entity, to compare the device's with.
    fn subject(&self, who: &EntityUid, facts: &mut Facts) -> Result<EntityUid, FormError> {
        let subject = &mut facts.subject;
        self.all_read(who, &["profession", "userIdState", "userIdSuspended", "qualificationSuspended", "facility"])?;
        subject.profession = self.word(who, "profession")?;
        subject.user_id_state = self.word(who, "userIdState")?;
        subject.user_id_suspended = self.flag(who, "userIdSuspended")?;
        subject.qualification_suspended = self.flag(who, "qualificationSuspended")?;
        let facility = self.entity(who, "facility")?;
        self.all_read(&facility, &["state", "suspended"])?;
        subject.facility_state = self.word(&facility, "state")?;
        subject.facility_suspended = self.flag(&facility, "suspended")?;
        Ok(facility)
    }

    fn device(&self, what: &EntityUid, own: &EntityUid, facts: &mut Facts) -> Result<(), FormError> {
        let device = &mut facts.device;
        self.all_read(what, &["facility", "suspended", "certificateState", "certificateInValidity", "assurance"])?;
        device.device_suspended = self.flag(what, "suspended")?;
        device.certificate_state = self.word(what, "certificateState")?;
        device.certificate_in_validity = self.flag(what, "certificateInValidity")?;
        device.assurance = self.word(what, "assurance")?;
        if self.entity(what, "facility")? != *own {
            device.facility = "F-0002".parse().map_err(|_| missing("facility"))?;
        }
        Ok(())
    }

    fn service(&self, what: &EntityUid) -> Result<ServiceFacts, FormError> {
        self.all_read(what, &["state", "disasterUntil", "breakGlassIssued"])?;
        let disaster = match self.get(what, "disasterUntil")? {
            None => None,
            Some(EvalResult::Long(millis)) => Some(DisasterFacts { until: Timestamp::from_millis(millis) }),
            Some(_) => return Err(missing("disasterUntil")),
        };
        let break_glass_issued = self.flag(what, "breakGlassIssued")?;
        Ok(ServiceFacts { state: self.word(what, "state")?, disaster, break_glass_issued })
    }

    fn record(&self, what: &EntityUid, facts: &mut Facts) -> Result<Asked, FormError> {
        self.all_read(
            what,
            &["person", "category", "relation", "authorship", "writtenAs", "sensitive", "deletionOrdered"],
        )?;
        let Resource::Record { person, relation, deletion_ordered } = &mut facts.resource else {
            return Err(missing("record"));
        };
        let role = self.entity(what, "relation")?;
        *relation = Relation::parse(role.id().unescaped()).map_err(|_| missing("relation"))?;
        *deletion_ordered = self.flag(what, "deletionOrdered")?;
        let who = self.entity(what, "person")?;
        self.all_read(
            &who,
            &["eligible", "consent", "consentStore", "consentShare", "consentDisaster", "suspended", "inDisasterArea"],
        )?;
        person.eligible = self.flag(&who, "eligible")?;
        person.consent = self.word(&who, "consent")?;
        person.consent_store = self.flag(&who, "consentStore")?;
        person.consent_share = self.flag(&who, "consentShare")?;
        person.consent_disaster = self.flag(&who, "consentDisaster")?;
        person.person_suspended = self.flag(&who, "suspended")?;
        person.in_disaster_area = self.flag(&who, "inDisasterArea")?;
        Ok(Asked {
            category: self.word(what, "category")?,
            said: Said {
                authorship: self.word(what, "authorship")?,
                written_as: self.word(what, "writtenAs")?,
                sensitive: self.flag(what, "sensitive")?,
            },
        })
    }
}

fn reference(name: &str, value: EvalResult) -> Result<EntityUid, FormError> {
    match value {
        EvalResult::EntityUid(uid) => Ok(uid),
        _ => Err(missing(name)),
    }
}

fn missing(what: &str) -> FormError {
    FormError(format!("`{what}` is missing or of another kind"))
}
