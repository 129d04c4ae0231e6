//! The facts a decision rests on. Every field must be filled: a fact that cannot be had is a refusal before this point,
//! never a default (promise P1). Time-dependent facts ("valid now") are resolved by whoever fills them in, at
//! [`Request::at`].

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{
    Action, Assurance, Authorship, Category, DeviceId, FacilityId, PersonId, Profession, TeamRole, Timestamp,
    UnknownWord, UserId, UserKey,
};

/// What is asked: an action on a category of record, at a time, with what the record and the request say of themselves.
///
/// Made by [`Request::new`], which has to be told all that the record says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is done.
    pub action: Action,
    /// To which kind of record.
    pub category: Category,
    /// When.
    pub at: Timestamp,
    /// Who wrote the stored version.
    pub authorship: Authorship,
    /// In whose name the version stands that is written now; see [`Said::written_as`].
    pub written_as: Authorship,
    /// The record is labelled as sensitive: confidentiality R or V, or a sensitivity code.
    pub sensitive: bool,
    /// The subject has declared an emergency about this person, and it stands (break-glass, art. 41). Opens nothing while the
    /// city has issued no rule for it.
    pub break_glass: bool,
}

impl Request {
    /// A request about a record that says this of itself. No emergency is declared.
    #[must_use]
    pub const fn new(action: Action, category: Category, at: Timestamp, said: Said) -> Self {
        let Said { authorship, written_as, sensitive } = said;
        Self { action, category, at, authorship, written_as, sensitive, break_glass: false }
    }

    /// The same request, about a record of this authorship.
    #[must_use]
    pub const fn with_authorship(self, authorship: Authorship) -> Self {
        Self { authorship, ..self }
    }

    /// The same request, in which a version is written that stands in this name.
    #[must_use]
    pub const fn with_written_as(self, written_as: Authorship) -> Self {
        Self { written_as, ..self }
    }

    /// The same request, about a record that is, or is not, labelled as sensitive.
    #[must_use]
    pub const fn with_sensitive(self, sensitive: bool) -> Self {
        Self { sensitive, ..self }
    }

    /// The same request, with an emergency declared or not.
    #[must_use]
    pub const fn with_break_glass(self, break_glass: bool) -> Self {
        Self { break_glass, ..self }
    }
}

/// What a record says of itself, as the subject stands to it. There is no default: whoever asks says all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who wrote the stored version.
    pub authorship: Authorship,
    /// In whose name the version stands that is written now: [`Authorship::Own`] where the user is among the authors it names
    /// and, in an update, nobody else was added and nobody left out; [`Authorship::Unknown`] where it names nobody, or nothing
    /// is written.
    pub written_as: Authorship,
    /// It is labelled as sensitive: confidentiality R or V, or a sensitivity code.
    pub sensitive: bool,
}

impl Said {
    /// Nothing: the directory, or records that are each judged when they are known (a search).
    pub const NOTHING: Self =
        Self { authorship: Authorship::Unknown, written_as: Authorship::Unknown, sensitive: false };
    /// As on an ordinary day: the user's own, which stays his own, without a label.
    pub const OWN: Self = Self { authorship: Authorship::Own, written_as: Authorship::Own, sensitive: false };
}

/// Everything one decision may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who asks.
    pub subject: SubjectFacts,
    /// With which terminal.
    pub device: DeviceFacts,
    /// About what.
    pub resource: Resource,
    /// In which state of the service.
    pub service: ServiceFacts,
}

/// Who asks: a user ID, the human being behind it, and the facility it was granted at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectFacts {
    /// The user ID signed in with.
    pub user_id: UserId,
    /// The human being.
    pub user: UserKey,
    /// Category of art. 7.
    pub profession: Profession,
    /// Where the user ID stands in its lifecycle.
    pub user_id_state: user_id::State,
    /// A suspension of this user ID is in force (art. 29).
    pub user_id_suspended: bool,
    /// The qualification of the human being is suspended (art. 39-2).
    pub qualification_suspended: bool,
    /// The facility that the user ID was granted at.
    pub facility: FacilityId,
    /// Where that facility stands (art. 6, 13).
    pub facility_state: facility::State,
    /// A suspension of that facility is in force.
    pub facility_suspended: bool,
}

/// With which terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceFacts {
    /// The terminal.
    pub device: DeviceId,
    /// The facility it is loaned to.
    pub facility: FacilityId,
    /// Where the presented certificate stands.
    pub certificate_state: certificate::State,
    /// Now lies within the certificate's validity.
    pub certificate_in_validity: bool,
    /// A suspension of the terminal is in force.
    pub device_suspended: bool,
    /// How the key of that certificate came about (art. 38-1).
    pub assurance: Assurance,
}

/// About what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A record of a person.
    Record {
        /// Whose.
        person: PersonFacts,
        /// How the subject stands to that person.
        relation: Relation,
        /// A deletion order in force names this user ID and covers this record (art. 17-2, 19-2).
        deletion_ordered: bool,
    },
    /// Names of professionals and facilities ([`Category::Directory`]).
    Directory,
}

/// The supported person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonFacts {
    /// Who.
    pub person: PersonId,
    /// Insured in this city, now (art. 3).
    pub eligible: bool,
    /// Where consent stands (art. 17).
    pub consent: consent::State,
    /// The form allows storing (17-1). False unless `consent` is given.
    pub consent_store: bool,
    /// The form allows sharing (17-1). False unless `consent` is given.
    pub consent_share: bool,
    /// The form allows disaster use (21-2). False unless `consent` is given.
    pub consent_disaster: bool,
    /// All records of the person are suspended.
    pub person_suspended: bool,
    /// The person lives in the area of the disaster use in force; false when none is.
    pub in_disaster_area: bool,
}

/// How the subject stands to the person, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// On the care team, in this role, with a validity that holds now.
    Team(TeamRole),
    /// Not on the care team, but on duty now for a facility through which somebody else is on it.
    Duty,
    /// Not on the care team and not on duty, but manager of a facility through which somebody else is on it.
    Manager,
    /// None of these.
    None,
}

impl Relation {
    /// Every relation, in the order of the schema's `TeamRole`.
    pub const ALL: &'static [Self] = &[
        Self::Team(TeamRole::Member),
        Self::Team(TeamRole::Substitute),
        Self::Team(TeamRole::OnCall),
        Self::Duty,
        Self::Manager,
        Self::None,
    ];

    /// The one text form, in rules and in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Team(role) => role.as_str(),
            Self::Duty => "duty",
            Self::Manager => "manager",
            Self::None => "none",
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// The word is not in the list.
    pub fn parse(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.iter().copied().find(|relation| relation.as_str() == text).ok_or_else(|| UnknownWord {
            kind: "relation",
            given: text.chars().take(64).collect(),
            allowed: Self::ALL.iter().map(|relation| relation.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// The service as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Where it stands (art. 21, 26).
    pub state: service::State,
    /// Disaster use in force now (declared, begun and not past its end).
    pub disaster: Option<DisasterFacts>,
    /// The city has issued a rule for break-glass (art. 41), by two officers.
    pub break_glass_issued: bool,
}

impl ServiceFacts {
    /// As every day: running, no disaster use, no rule for break-glass.
    pub const EVERYDAY: Self = Self { state: service::State::Running, disaster: None, break_glass_issued: false };
}

/// Disaster use (art. 21), in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisasterFacts {
    /// When it ends by itself.
    pub until: Timestamp,
}
