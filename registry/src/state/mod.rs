//! What the state is made of: the objects, the tables that hold them, and the snapshot through which they are looked at.

mod break_glass;
mod certificates;
mod contract;
mod deletion;
mod device;
mod devices;
mod duty;
mod enrolment;
mod facility;
mod number;
mod numbering;
mod person;
mod revocation;
mod rules;
mod segmented;
mod service;
mod session;
mod signing;
mod snapshot;
mod suspension;
mod tables;
mod team;
mod user;

pub use break_glass::{BreakGlass, EMERGENCY_PROFESSIONS, Emergency};
pub use certificates::{CertificateIndex, Status};
pub use contract::Contract;
pub use deletion::{Cancellation, Deleted, DeletionOrder};
pub use device::{Certificate, Confirmation, Device, External, Revocation};
pub use duty::Duty;
pub use enrolment::{Enrolment, EnrolmentKind, Retiring};
pub use facility::{Administrator, Facility, FacilityDetails, FacilityKind};
pub use number::{
    ContractId, DeletionId, DutyId, EmergencyId, Generation, MembershipId, ReportId, SuspensionId, TaskId,
};
pub use numbering::NumberingKey;
pub use person::{Consent, ConsentForm, Eligibility, EligibilityKind, GivenBy, Person};
pub use revocation::{ConfirmationTask, Effect, FacilityRevocation};
pub use rules::{RuleApproval, RuleFile, RuleGates, RuleProof, RuleSet};
pub use service::{Awaited, Disaster, Service, Stop, StopReason, WHOLE_CITY};
pub use session::EndedSession;
pub use signing::Signing;
pub use snapshot::Snapshot;
pub use suspension::{Report, ReportSubject, Suspension, SuspensionEnd};
pub use team::Membership;
pub use user::{User, UserIdRecord};

use model::{Author, Timestamp};

pub(crate) use certificates::{Certificates, Unfit};
pub(crate) use devices::Devices;
#[cfg(test)]
pub(crate) use numbering::Numbering;
pub(crate) use rules::Rules;
#[cfg(test)]
pub(crate) use segmented::Segmented;
pub(crate) use tables::Tables;

/// Who agreed to something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Author,
}
