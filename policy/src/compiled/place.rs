//! Where in the facts a name of the schema stands.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Assurance, Authorship, Category, Profession};

use super::Kind;
use super::test::Fault;
use crate::facts::{Facts, PersonFacts, Relation, Request, Resource};

/// A fact that is true or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    UserIdSuspended,
    QualificationSuspended,
    FacilitySuspended,
    DeviceSuspended,
    CertificateInValidity,
    Eligible,
    ConsentStore,
    ConsentShare,
    ConsentDisaster,
    PersonSuspended,
    InDisasterArea,
    Sensitive,
    DeletionOrdered,
    BreakGlass,
    BreakGlassIssued,
}

/// A fact that is one of a list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordOf {
    Profession,
    UserIdState,
    FacilityState,
    CertificateState,
    Assurance,
    ConsentState,
    ServiceState,
    Category,
    Relation,
    Authorship,
    WrittenAs,
}

/// A fact that is a time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    At,
    DisasterUntil,
}

/// A place, as a path of the schema names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Flag(Flag),
    Word(WordOf),
    Time(Time),
    /// The facility of the user ID.
    OwnFacility,
    /// The facility that the device is loaned to.
    DeviceFacility,
}

impl Place {
    /// The place of a path; none for one that is not known here. `Err`: this kind of resource has no such attribute, and
    /// Cedar would fail.
    pub(super) fn of(path: &[&str], kind: Kind) -> Result<Option<Self>, Fault> {
        let place = match path {
            ["principal", "profession"] => Self::Word(WordOf::Profession),
            ["principal", "userIdState"] => Self::Word(WordOf::UserIdState),
            ["principal", "userIdSuspended"] => Self::Flag(Flag::UserIdSuspended),
            ["principal", "qualificationSuspended"] => Self::Flag(Flag::QualificationSuspended),
            ["principal", "facility"] => Self::OwnFacility,
            ["principal", "facility", "state"] => Self::Word(WordOf::FacilityState),
            ["principal", "facility", "suspended"] => Self::Flag(Flag::FacilitySuspended),
            ["context", "at"] => Self::Time(Time::At),
            ["context", "breakGlass"] => Self::Flag(Flag::BreakGlass),
            ["context", "device", "facility"] => Self::DeviceFacility,
            ["context", "device", "suspended"] => Self::Flag(Flag::DeviceSuspended),
            ["context", "device", "certificateState"] => Self::Word(WordOf::CertificateState),
            ["context", "device", "assurance"] => Self::Word(WordOf::Assurance),
            ["context", "device", "certificateInValidity"] => Self::Flag(Flag::CertificateInValidity),
            ["context", "service", "state"] => Self::Word(WordOf::ServiceState),
            ["context", "service", "disasterUntil"] => Self::Time(Time::DisasterUntil),
            ["context", "service", "breakGlassIssued"] => Self::Flag(Flag::BreakGlassIssued),
            ["resource", rest @ ..] => return Self::of_resource(rest, kind),
            _ => return Ok(None),
        };
        Ok(Some(place))
    }

    fn of_resource(rest: &[&str], kind: Kind) -> Result<Option<Self>, Fault> {
        let (place, attribute) = match rest {
            ["category"] => (Self::Word(WordOf::Category), "category"),
            ["relation"] => (Self::Word(WordOf::Relation), "relation"),
            ["authorship"] => (Self::Word(WordOf::Authorship), "authorship"),
            ["writtenAs"] => (Self::Word(WordOf::WrittenAs), "writtenAs"),
            ["sensitive"] => (Self::Flag(Flag::Sensitive), "sensitive"),
            ["deletionOrdered"] => (Self::Flag(Flag::DeletionOrdered), "deletionOrdered"),
            ["person", inner] => (
                match *inner {
                    "consent" => Self::Word(WordOf::ConsentState),
                    "eligible" => Self::Flag(Flag::Eligible),
                    "consentStore" => Self::Flag(Flag::ConsentStore),
                    "consentShare" => Self::Flag(Flag::ConsentShare),
                    "consentDisaster" => Self::Flag(Flag::ConsentDisaster),
                    "suspended" => Self::Flag(Flag::PersonSuspended),
                    "inDisasterArea" => Self::Flag(Flag::InDisasterArea),
                    _ => return Ok(None),
                },
                "person",
            ),
            _ => return Ok(None),
        };
        match kind {
            Kind::Record => Ok(Some(place)),
            Kind::Directory => Err(Fault(attribute)),
        }
    }
}

impl Flag {
    pub(super) fn get(self, request: &Request, facts: &Facts) -> Result<bool, Fault> {
        Ok(match self {
            Self::UserIdSuspended => facts.subject.user_id_suspended,
            Self::QualificationSuspended => facts.subject.qualification_suspended,
            Self::FacilitySuspended => facts.subject.facility_suspended,
            Self::DeviceSuspended => facts.device.device_suspended,
            Self::CertificateInValidity => facts.device.certificate_in_validity,
            Self::Eligible => person(facts)?.eligible,
            Self::ConsentStore => person(facts)?.consent_store,
            Self::ConsentShare => person(facts)?.consent_share,
            Self::ConsentDisaster => person(facts)?.consent_disaster,
            Self::PersonSuspended => person(facts)?.person_suspended,
            Self::InDisasterArea => person(facts)?.in_disaster_area,
            Self::Sensitive => of_record(facts, "sensitive", |_, _| request.sensitive)?,
            Self::DeletionOrdered => of_record(facts, "deletionOrdered", |_, ordered| ordered)?,
            Self::BreakGlass => request.break_glass,
            Self::BreakGlassIssued => facts.service.break_glass_issued,
        })
    }
}

impl WordOf {
    /// The entity type that holds the words.
    pub(super) const fn entity_type(self) -> &'static str {
        match self {
            Self::Profession => "Profession",
            Self::UserIdState => "UserIdState",
            Self::FacilityState => "FacilityState",
            Self::CertificateState => "CertificateState",
            Self::Assurance => "Assurance",
            Self::ConsentState => "ConsentState",
            Self::ServiceState => "ServiceState",
            Self::Category => "Category",
            Self::Relation => "TeamRole",
            Self::Authorship | Self::WrittenAs => "Authorship",
        }
    }

    /// The number of a word; none for one that is not in the list.
    pub(super) fn number(self, word: &str) -> Option<u8> {
        match self {
            Self::Profession => Profession::parse(word).ok().map(|word| word as u8),
            Self::UserIdState => word.parse::<user_id::State>().ok().map(|word| word as u8),
            Self::FacilityState => word.parse::<facility::State>().ok().map(|word| word as u8),
            Self::CertificateState => word.parse::<certificate::State>().ok().map(|word| word as u8),
            Self::Assurance => Assurance::parse(word).ok().map(|word| word as u8),
            Self::ConsentState => word.parse::<consent::State>().ok().map(|word| word as u8),
            Self::ServiceState => word.parse::<service::State>().ok().map(|word| word as u8),
            Self::Category => Category::parse(word).ok().map(|word| word as u8),
            Self::Relation => Relation::parse(word).ok().map(relation),
            Self::Authorship | Self::WrittenAs => Authorship::parse(word).ok().map(|word| word as u8),
        }
    }

    /// The number of the word that the facts say here.
    pub(super) fn get(self, request: &Request, facts: &Facts) -> Result<u8, Fault> {
        Ok(match self {
            Self::Profession => facts.subject.profession as u8,
            Self::UserIdState => facts.subject.user_id_state as u8,
            Self::FacilityState => facts.subject.facility_state as u8,
            Self::CertificateState => facts.device.certificate_state as u8,
            Self::Assurance => facts.device.assurance as u8,
            Self::ConsentState => person(facts)?.consent as u8,
            Self::ServiceState => facts.service.state as u8,
            Self::Category => request.category as u8,
            Self::Relation => of_record(facts, "relation", |own, _| relation(own))?,
            Self::Authorship => of_record(facts, "authorship", |_, _| request.authorship as u8)?,
            Self::WrittenAs => of_record(facts, "writtenAs", |_, _| request.written_as as u8)?,
        })
    }
}

impl Time {
    pub(super) fn get(self, request: &Request, facts: &Facts) -> Result<i64, Fault> {
        match self {
            Self::At => Ok(request.at.as_millis()),
            Self::DisasterUntil => match &facts.service.disaster {
                Some(disaster) => Ok(disaster.until.as_millis()),
                None => Err(Fault("disasterUntil")),
            },
        }
    }
}

const fn relation(relation: Relation) -> u8 {
    match relation {
        Relation::None => 0,
        Relation::Duty => 1,
        Relation::Manager => 2,
        Relation::Team(role) => 3 + role as u8,
    }
}

/// What is said of a record, from its relation and whether its deletion is ordered; of the directory there is nothing to say.
fn of_record<T>(facts: &Facts, attribute: &'static str, say: impl FnOnce(Relation, bool) -> T) -> Result<T, Fault> {
    match &facts.resource {
        Resource::Record { relation, deletion_ordered, .. } => Ok(say(*relation, *deletion_ordered)),
        Resource::Directory => Err(Fault(attribute)),
    }
}

fn person(facts: &Facts) -> Result<&PersonFacts, Fault> {
    match &facts.resource {
        Resource::Record { person, .. } => Ok(person),
        Resource::Directory => Err(Fault("person")),
    }
}
