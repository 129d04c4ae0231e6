//! What the city has decided: commands become changes in a journal, changes become an immutable snapshot.
//!
//! - Offices give a [`Command`]; [`Registry::execute`] validates it against the newest state, writes what it comes to
//!   as one journal entry, publishes the next [`Snapshot`] and tells the listeners. On return it is durable and in force.
//! - Readers hold a snapshot: a [`Generation`] of the state that never changes under their hands. Its
//!   [`Snapshot::facts`] are what the policy decides on.
//! - Several processes may work on one journal. Each follows what the others write within milliseconds; an entry that
//!   cannot be understood stops it, and [`Registry::freshness`] says so.
//! - [`Registry::as_of`] answers for the past, [`Registry::log`] for who did what.
//!
//! Reading order: `state` (the nouns), `command` and `kind` (who may ask what), `change` (what it comes to), `validate` (from the one
//! to the other), `apply` (what it does to the state), `form` (how it is written), `registry` (over a journal).

mod apply;
mod bounds;
mod change;
mod command;
mod credential;
mod error;
mod expiring;
mod facts;
mod follow;
mod form;
mod history;
mod kind;
mod log;
mod password;
mod refused;
mod registry;
mod state;
mod validate;

#[cfg(test)]
mod tests;

pub use apply::{Act, Misfit};
pub use bounds::{
    CERTIFICATE_DAYS_MAX, CERTIFICATES_PER_DEVICE_MAX, CONTRACTS_MAX, DELETED_PER_ORDER_MAX, DELETION_DAYS_MAX,
    DELETIONS_PER_PERSON_MAX, DISASTER_CONFIRM_MINUTES, DISASTER_HOURS_MAX, DUTIES_PER_USER_MAX, DUTY_DAYS_MAX,
    EFFECTS_PER_TASK_MAX, EMERGENCIES_MAX, EMERGENCIES_PER_USER_MAX, EMERGENCY_MINUTES,
    EMERGENCY_REASON_CHARACTERS_MAX, ENDED_SESSIONS_PER_USER_ID_MAX, ENROLMENT_HOURS_MAX, ENROLMENT_TRIES_MAX,
    ESCALATED_AFTER_HOURS, FACILITY_REVOCATION_HOURS, LIVE_CERTIFICATES_FOR_RENEWAL, NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN, REASON_CHARACTERS_MAX, REMINDED_AFTER_HOURS, RETIRING_DAYS,
    REVOCATION_EFFECTIVE_SECONDS, RULE_SETS_MAX, RULE_STEPS_BACK_MAX, RULES_BYTES_MAX, SESSION_HOURS_MAX,
    SUSPENSIONS_PER_TARGET_MAX, TEAM_MAX, USER_IDS_PER_USER_MAX,
};
pub use change::{Affected, Change};
pub use command::Command;
pub use credential::{PasswordCheck, Sealed, VAULT_KEY_OCTETS, Vault, VaultError, VerifiedPassword};
pub use error::{BadEntry, BadEntryWhy, RegistryError};
pub use expiring::{EXPIRY_DAYS, Expiring, ExpiryStage, days_left, renewal_due};
pub use facts::MissingFact;
pub use form::FormError;
pub use kind::CommandKind;
pub use log::{Logged, PastApproval, RollBack};
pub use password::{PasswordFault, check_password};
pub use refused::{Refused, Why};
pub use registry::{Executed, Listener, Registry, Secrets};
pub use state::{
    Administrator, Approval, Awaited, BreakGlass, Cancellation, Certificate, CertificateIndex, Confirmation,
    ConfirmationTask, Consent, ConsentForm, Contract, ContractId, Deleted, DeletionId, DeletionOrder, Device, Disaster,
    Duty, DutyId, EMERGENCY_PROFESSIONS, Effect, Eligibility, EligibilityKind, Emergency, EmergencyId, EndedSession,
    Enrolment, EnrolmentKind, External, Facility, FacilityDetails, FacilityKind, FacilityRevocation, Generation,
    GivenBy, Membership, MembershipId, NumberingKey, Person, Report, ReportId, ReportSubject, Retiring, Revocation,
    RuleApproval, RuleFile, RuleGates, RuleProof, RuleSet, Service, Signing, Snapshot, Status, Stop, StopReason,
    Suspension, SuspensionEnd, SuspensionId, TaskId, User, UserIdRecord, WHOLE_CITY,
};
