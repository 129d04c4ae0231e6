//! Facilities (利用施設, art. 6, 8, 9, 13).

use model::lifecycle::facility;
use model::{FacilityId, Timestamp, UserKey, words};

words! {
    /// What kind of facility it is (art. 6).
    pub enum FacilityKind ("kind of facility") {
        /// Hospital, clinic or dental clinic.
        MedicalInstitution = "medical-institution",
        /// Pharmacy.
        Pharmacy = "pharmacy",
        /// Home-visit nursing station.
        NursingStation = "nursing-station",
        /// Office of care managers.
        CareManagerOffice = "care-manager-office",
        /// Provider of care services: home help, day care, rehabilitation.
        CareProvider = "care-provider",
        /// Community comprehensive support centre.
        SupportCentre = "support-centre",
        /// Any other that the city recognises.
        Other = "other",
    }
}

/// What the application says of a facility (art. 8), as changed since (art. 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacilityDetails {
    /// Name, 1 to 200 characters.
    pub name: String,
    /// Postal address; may be empty.
    pub address: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// What kind.
    pub kind: FacilityKind,
    /// It agreed to be named on the public page (art. 22-2).
    pub publish_consent: bool,
}

/// The facility administrator (施設管理者, art. 8): need not be a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// Who, as a human being; equal to the user's key where he is a user too. Acts as
    /// `facility-administrator:KEY`.
    pub key: UserKey,
    /// Name.
    pub name: String,
}

/// A facility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facility {
    /// Which.
    pub id: FacilityId,
    /// Name.
    pub name: String,
    /// Postal address; may be empty.
    pub address: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// What kind.
    pub kind: FacilityKind,
    /// It agreed to be named on the public page (art. 22-2).
    pub publish_consent: bool,
    /// Who answers for it.
    pub administrator: Administrator,
    /// Where it stands, as last moved. For what holds at a point in time see [`crate::Snapshot::facility_state`].
    pub state: facility::State,
    /// Why it was last approved, refused or closed (art. 9).
    pub reason: Option<String>,
    /// When it (last) applied.
    pub applied_at: Timestamp,
    /// When it was last approved, refused or closed.
    pub decided_at: Option<Timestamp>,
}

impl Facility {
    pub(crate) fn change(&mut self, details: &FacilityDetails) {
        let FacilityDetails { name, address, phone, kind, publish_consent } = details.clone();
        (self.name, self.address, self.phone, self.kind) = (name, address, phone, kind);
        self.publish_consent = publish_consent;
    }
}
