//! The facts of one decision, taken from one snapshot at one time. A fact that cannot be had is an error, never a default.

use model::lifecycle::{break_glass, certificate, consent, service};
use model::{DeviceId, DutyKind, FacilityId, PersonId, RecordName, SerialNumber, Target, Timestamp, UserId, UserKey};
use policy::{DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Resource, ServiceFacts, SubjectFacts};

use crate::state::{Membership, Snapshot, UserIdRecord};

/// A fact that the registry does not have: the caller refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingFact {
    /// No such user ID.
    #[error("there is no user ID `{0}`")]
    UserId(UserId),
    /// The user behind a user ID is not there.
    #[error("there is no user `{0}`")]
    User(UserKey),
    /// The facility of a user ID or device is not there.
    #[error("there is no facility `{0}`")]
    Facility(FacilityId),
    /// No such certificate.
    #[error("there is no certificate `{0}`")]
    Certificate(SerialNumber),
    /// The device of a certificate is not there.
    #[error("there is no device `{0}`")]
    Device(DeviceId),
    /// No such person.
    #[error("there is no person `{0}`")]
    Person(PersonId),
    /// The rules in force cannot be taken into use by this program.
    #[error("the rules in force, version `{0}`, cannot be used here")]
    Rules(String),
}

impl Snapshot {
    /// The facts of a request under this user ID, with this certificate, about this person (none: the directory), at
    /// `at`. Which record is not known: an order to delete one record is not among them; see [`Self::facts_of_record`].
    ///
    /// # Errors
    /// What is missing.
    pub fn facts(
        &self,
        user_id: &UserId,
        serial: &SerialNumber,
        person: Option<&PersonId>,
        at: Timestamp,
    ) -> Result<Facts, MissingFact> {
        self.facts_of_record(user_id, serial, person, None, at)
    }

    /// The same about one record of the person.
    ///
    /// # Errors
    /// What is missing.
    pub fn facts_of_record(
        &self,
        user_id: &UserId,
        serial: &SerialNumber,
        person: Option<&PersonId>,
        record: Option<&RecordName>,
        at: Timestamp,
    ) -> Result<Facts, MissingFact> {
        let known = self.user_id(user_id).ok_or_else(|| MissingFact::UserId(user_id.clone()))?;
        let resource = match person {
            None => Resource::Directory,
            Some(person) => Resource::Record {
                person: self.person_facts(person, at)?,
                relation: self.relation(person, known, at),
                deletion_ordered: self.deletion_ordered(person, record, user_id, at),
            },
        };
        let subject = self.subject_facts(known, at)?;
        Ok(Facts { subject, device: self.device_facts(serial, at)?, resource, service: self.service_facts(at) })
    }

    fn subject_facts(&self, known: &UserIdRecord, at: Timestamp) -> Result<SubjectFacts, MissingFact> {
        let facility = self.facility(&known.facility);
        let facility = facility.ok_or_else(|| MissingFact::Facility(known.facility.clone()))?;
        if self.user(&known.user).is_none() {
            return Err(MissingFact::User(known.user.clone()));
        }
        Ok(SubjectFacts {
            user_id: known.id.clone(),
            user: known.user.clone(),
            profession: known.profession,
            user_id_state: self.user_id_state(known, at),
            user_id_suspended: self.is_suspended(|| Target::UserId(known.id.clone()), at),
            qualification_suspended: self.is_suspended(|| Target::User(known.user.clone()), at),
            facility: known.facility.clone(),
            facility_state: self.facility_state(facility, at),
            facility_suspended: self.is_suspended(|| Target::Facility(known.facility.clone()), at),
        })
    }

    fn device_facts(&self, serial: &SerialNumber, at: Timestamp) -> Result<DeviceFacts, MissingFact> {
        let certificate = self.certificate(serial).ok_or(MissingFact::Certificate(*serial))?;
        let device = self.device(&certificate.device);
        let device = device.ok_or_else(|| MissingFact::Device(certificate.device.clone()))?;
        Ok(DeviceFacts {
            device: device.id.clone(),
            facility: device.facility.clone(),
            // A certificate without its fingerprint has never been recorded as signed, whatever else is said of it.
            certificate_state: match certificate.fingerprint {
                None if certificate.state == certificate::State::Active => certificate::State::Reserved,
                _ => certificate.state,
            },
            certificate_in_validity: certificate.in_validity(at),
            assurance: certificate.assurance(),
            device_suspended: self.is_suspended(|| Target::Device(device.id.clone()), at),
        })
    }

    fn person_facts(&self, person: &PersonId, at: Timestamp) -> Result<PersonFacts, MissingFact> {
        let known = self.person(person).ok_or_else(|| MissingFact::Person(person.clone()))?;
        let consent = self.consent(person);
        let disaster = self.service().disaster_at(at);
        Ok(PersonFacts {
            person: known.id.clone(),
            eligible: known.eligibility.holds_at(at),
            consent: consent.map_or(consent::State::Absent, |consent| consent.state),
            consent_store: consent.is_some_and(crate::Consent::store),
            consent_share: consent.is_some_and(crate::Consent::share),
            consent_disaster: consent.is_some_and(crate::Consent::disaster),
            person_suspended: self.is_suspended(|| Target::Person(known.id.clone()), at),
            in_disaster_area: disaster.is_some_and(|disaster| disaster.covers(&known.area)),
        })
    }

    /// On the team through the facility of this user ID, now; or with a role for the whole facility, through which somebody
    /// else is on the team now. Of several roles the fullest counts.
    fn relation(&self, person: &PersonId, known: &UserIdRecord, at: Timestamp) -> Relation {
        let holds = |membership: &&Membership| membership.facility == known.facility && membership.holds_at(at);
        let roles = self.memberships(person, &known.user).filter(holds).map(|membership| membership.role);
        if let Some(role) = roles.min() {
            return Relation::Team(role);
        }
        let duties = self.duties_of(&known.user).filter(|duty| duty.facility == known.facility && duty.holds_at(at));
        let kind = duties.map(|duty| duty.kind).min();
        let colleague = || self.team(person).filter(|one| one.user != known.user).any(|one| holds(&one));
        match kind {
            Some(DutyKind::OnDuty) if colleague() => Relation::Duty,
            Some(DutyKind::Manager) if colleague() => Relation::Manager,
            Some(_) | None => Relation::None,
        }
    }

    /// An order in force names this user ID and covers this record.
    fn deletion_ordered(
        &self,
        person: &PersonId,
        record: Option<&RecordName>,
        user_id: &UserId,
        at: Timestamp,
    ) -> bool {
        self.deletion_orders(person, record, user_id, at).next().is_some()
    }

    /// The facts of the service alone, for public pages.
    #[must_use]
    pub fn service_facts(&self, at: Timestamp) -> ServiceFacts {
        let service = self.service();
        let over = service.disaster.as_ref().is_some_and(|disaster| disaster.ends_at() <= at);
        let state = match service.state {
            // Past its end it is as every day, ticked or not.
            state @ service::State::DisasterUse if over => state.after(service::Event::EndDisaster).unwrap_or(state),
            state => state,
        };
        ServiceFacts {
            state,
            disaster: service.disaster_at(at).map(|one| DisasterFacts { until: one.ends_at() }),
            break_glass_issued: self.break_glass().state == break_glass::State::Issued,
        }
    }

    /// Without any suspension, as on almost every day, nothing is made to look one up.
    fn is_suspended(&self, target: impl FnOnce() -> Target, at: Timestamp) -> bool {
        !self.tables.suspensions.is_empty() && self.suspension(&target(), at).is_some()
    }
}
