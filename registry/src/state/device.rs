//! Devices (貸与端末, art. 37) and their certificates (電子証明書, art. 38).

use model::lifecycle::certificate;
use model::{Assurance, Author, DeviceId, FacilityId, ReasonCode, SerialNumber, Timestamp, UserKey};

/// A loaned terminal. There is none without a holder (art. 37: one person answers for it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// What people call it, 1 to 200 characters.
    pub label: String,
    /// To which facility it is loaned.
    pub facility: FacilityId,
    /// Who answers for it.
    pub holder: UserKey,
    /// Since when.
    pub loaned_at: Timestamp,
    /// When it came back, was lost or retired; it gets no certificate any more.
    pub returned_at: Option<Timestamp>,
    /// The maker's serial number or another name that its hardware vouches for, 1 to 128 characters.
    pub hardware: Option<String>,
}

/// A device certificate. Never removed: a serial number is never used twice (promise P10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Serial number.
    pub serial: SerialNumber,
    /// The only terminal it may be on (art. 38-1).
    pub device: DeviceId,
    /// Where it stands. Expiry is not a state: see [`Self::in_validity`].
    pub state: certificate::State,
    /// SHA-256 of the signed certificate in DER, once it is recorded (promise P7).
    pub fingerprint: Option<[u8; 32]>,
    /// SHA-256 of the public key (SubjectPublicKeyInfo); none on numbers taken before that was written down, and on others'
    /// certificates.
    pub key: Option<[u8; 32]>,
    /// First instant of its validity.
    pub not_before: Timestamp,
    /// Its validity ends here: half-open.
    pub not_after: Timestamp,
    /// The certificate of the same terminal that it follows.
    pub predecessor: Option<SerialNumber>,
    /// How its key came about; none on numbers taken before that was written down.
    pub assurance: Option<Assurance>,
    /// When the number was taken.
    pub reserved_at: Timestamp,
    /// Where it comes from, if not from our own authority: then the serial number above is ours for it, and stands in no
    /// certificate.
    pub external: Option<Box<External>>,
    /// The revocation, if any. Apart, since most certificates have none.
    pub revocation: Option<Box<Revocation>>,
}

/// Where a certificate of another authority comes from. Two authorities may give the same number; together with the issuer's
/// name it is one certificate's (RFC 5280 4.1.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The authority, as the settings name it.
    pub authority: String,
    /// SHA-256 of the issuer's name in DER.
    pub issuer: [u8; 32],
    /// The serial number that stands in it.
    pub number: SerialNumber,
}

/// That, when and why a certificate was revoked (RFC 5280 5.3), and who confirmed it (art. 38-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: ReasonCode,
    /// By whom.
    pub by: Author,
    /// The facility administrator who confirmed it, and when.
    pub confirmed: Option<Confirmation>,
}

/// A confirmation by the facility administrator (art. 38-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Author,
}

impl Certificate {
    /// `at` lies within its validity.
    #[must_use]
    pub fn in_validity(&self, at: Timestamp) -> bool {
        self.not_before <= at && at < self.not_after
    }

    /// How its key came about; of what nobody wrote down, the least.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        self.assurance.unwrap_or(Assurance::Container)
    }

    /// Neither revoked nor given up.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.state, certificate::State::Reserved | certificate::State::Active)
    }
}
