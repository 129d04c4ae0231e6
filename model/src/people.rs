//! Who people are: professions of art. 7, roles on a care team, offices, and who stands behind an act.

use crate::words;

words! {
    /// The ten user categories of art. 7, in its order.
    pub enum Profession ("profession") {
        /// 7-1: staff of the community comprehensive support centre (地域包括支援センター職員).
        SupportCentre = "support-centre",
        /// 7-2: physician or dentist (医師・歯科医師).
        Doctor = "doctor",
        /// 7-3: pharmacist or dental hygienist (薬剤師・歯科衛生士).
        Pharmacist = "pharmacist",
        /// 7-4: registered dietitian (管理栄養士).
        Dietitian = "dietitian",
        /// 7-5: public health nurse, nurse, assistant nurse, midwife (保健師・看護師・准看護師・助産師).
        Nurse = "nurse",
        /// 7-6: physical, occupational or speech therapist (理学療法士・作業療法士・言語療法士).
        Therapist = "therapist",
        /// 7-7: care manager (介護支援専門員).
        CareManager = "care-manager",
        /// 7-8: recognised by a participating medical institution.
        MedicalRecognised = "medical-recognised",
        /// 7-9: recognised by a participating care provider, such as a helper.
        CareRecognised = "care-recognised",
        /// 7-10: recognised by the city otherwise.
        CityRecognised = "city-recognised",
    }
}

impl Profession {
    /// Item of art. 7, 1 to 10.
    #[must_use]
    pub const fn item(self) -> u8 {
        self as u8 + 1
    }

    /// Whether art. 7-8, 7-9 or 7-10 asks who recognised this user.
    #[must_use]
    pub const fn needs_recognition(self) -> bool {
        matches!(self, Self::MedicalRecognised | Self::CareRecognised | Self::CityRecognised)
    }
}

words! {
    /// Why somebody is on a person's care team.
    pub enum TeamRole ("team role") {
        /// Carries the case: a full member.
        Member = "member",
        /// Stands in for a member for a while.
        Substitute = "substitute",
        /// Looks after the person's nights and weekends.
        OnCall = "on-call",
    }
}

words! {
    /// A role for a whole facility, for a while.
    pub enum DutyKind ("kind of duty") {
        /// Stands in for the facility's team members (当番): nights, weekends, illness.
        OnDuty = "on-duty",
        /// Runs the facility (管理者), and sees that care is given and written down.
        Manager = "manager",
    }
}

words! {
    /// In which office somebody acts.
    pub enum Office ("office") {
        /// The city's security officer.
        CityOfficer = "city-officer",
        /// The city's clerk.
        CityClerk = "city-clerk",
        /// An operator of the contractor, for the city (art. 4-3).
        Contractor = "contractor",
        /// The administrator of a facility (art. 8).
        FacilityAdministrator = "facility-administrator",
        /// The user himself.
        User = "user",
        /// Sekisho itself, under a standing order of the city.
        System = "system",
    }
}

/// Who stands behind an act: an office and the name or ID it was done under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Author {
    /// In which office.
    pub office: Office,
    /// Name or ID, 1 to 200 characters, no control characters.
    pub name: String,
}

impl Author {
    /// An author; control characters in the name are dropped and it is cut at 200 characters.
    #[must_use]
    pub fn new(office: Office, name: &str) -> Self {
        let name = name.chars().filter(|c| !c.is_control()).take(200).collect();
        Self { office, name }
    }
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.office, self.name)
    }
}
