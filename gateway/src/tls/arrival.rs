//! What the certificate of a connection comes to, once its handshake is over: it stands, it has ended, or nobody knows it.
//!
//! Made once a connection, also after a resumption. Only [`Standing`] goes into a [`crate::connection::Client`], which is what
//! the pipeline asks for; only [`Lapsed`] goes to [`crate::isolated`], which has no store, no session and no upstream. Neither
//! can be made elsewhere, and neither becomes the other.

use model::{SerialNumber, Timestamp};
use registry::Snapshot;

use super::device::Presented;
use crate::refusal::CertificateProblem;

/// Proof: the certificate stood when the connection was opened. Whether it still does is asked at every request.
#[derive(Clone, Debug)]
pub struct Standing(Presented);

/// Proof: one that the registry knows, ours or registered of another authority, and that has ended, or has not begun. It opens nothing but a page that says so.
#[derive(Debug)]
pub struct Lapsed {
    serial: SerialNumber,
    problem: CertificateProblem,
}

/// See the module.
#[derive(Debug)]
pub enum Arrival {
    /// It stands.
    Standing(Standing),
    /// It is over, or its time has not come.
    Lapsed(Lapsed),
    /// Correctly signed, and not in the registry (promise P7): somebody has a key that he should not have. Told nothing.
    Unknown,
}

impl Arrival {
    /// Asks the registry about what was presented.
    #[must_use]
    pub fn of(presented: Presented, snapshot: &Snapshot, now: Timestamp) -> Self {
        let problem = match presented.verify(snapshot, now) {
            Ok(_) => return Self::Standing(Standing(presented)),
            Err(problem) => problem,
        };
        match problem {
            CertificateProblem::Revoked | CertificateProblem::Expired | CertificateProblem::NotYetValid => {
                Self::Lapsed(Lapsed { serial: *presented.number(), problem })
            }
            CertificateProblem::Unknown | CertificateProblem::Missing => Self::Unknown,
        }
    }
}

impl Standing {
    /// The certificate.
    #[must_use]
    pub const fn presented(&self) -> &Presented {
        &self.0
    }
}

impl Lapsed {
    /// Its number, as it says it.
    #[must_use]
    pub const fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn problem(&self) -> CertificateProblem {
        self.problem
    }
}
