//! One-time codes by which a terminal comes to its certificate (art. 38-1), and certificates that a renewal will retire.

use model::{Author, DeviceId, SerialNumber, Timestamp, words};

words! {
    /// What a code is good for.
    pub enum EnrolmentKind ("kind of enrolment") {
        /// A request made on the terminal, whose key never leaves it.
        Csr = "csr",
        /// A container that is made when it is fetched: the key travels.
        Container = "container",
        /// A key in hardware whose maker vouches for it, and nothing less (ACME, device-attest-01).
        Attested = "attested",
    }
}

/// A code that was offered for a terminal. There is one for each terminal at most: offering another one ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// For which terminal.
    pub device: DeviceId,
    /// What for.
    pub kind: EnrolmentKind,
    /// SHA-256 over the code, its terminal and its kind. The code has 95 random bits, so nobody finds it by trying.
    pub digest: [u8; 32],
    /// When it was offered.
    pub offered_at: Timestamp,
    /// By whom.
    pub offered_by: Author,
    /// Until when (half-open) it can be used.
    pub until: Timestamp,
    /// Wrong tries so far; [`crate::ENROLMENT_TRIES_MAX`] end it.
    pub tries: u64,
}

impl Enrolment {
    /// Whether this is the code, told in constant time, and it can be used at `at`.
    #[must_use]
    pub fn opens(&self, kind: EnrolmentKind, digest: &[u8; 32], at: Timestamp) -> bool {
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&self.digest, digest).is_ok();
        same && self.kind == kind && at < self.until
    }
}

/// A certificate that has been renewed. It is revoked after [`crate::RETIRING_DAYS`], if its successor was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retiring {
    /// Its number.
    pub serial: SerialNumber,
    /// The number of the certificate that follows it.
    pub successor: SerialNumber,
    /// When.
    pub at: Timestamp,
}
