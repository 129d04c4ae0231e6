//! What is done to a record, and what kind of record it is.

use crate::words;

words! {
    /// What a request does to records of one person.
    pub enum Action ("action") {
        /// Reads one record, or subscribes to news of them.
        Read = "read",
        /// Searches the records of a person.
        Search = "search",
        /// Adds a record.
        Create = "create",
        /// Replaces a record by a new version.
        Update = "update",
        /// Removes a record (art. 17-2, 19-2).
        Delete = "delete",
    }
}

impl Action {
    /// Whether the store is changed: a write waits for its audit entry before it is forwarded (promise P3).
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete)
    }
}

words! {
    /// Whom a version of a record names as its author, as this subject stands to it: the stored version, or the one that is
    /// written now.
    pub enum Authorship ("authorship") {
        /// The user himself, under this user ID or an earlier one of his (art. 10-6).
        Own = "own",
        /// Somebody else, or somebody of whom it cannot be told who it is.
        Other = "other",
        /// Nobody: there is no such version, or it does not say who wrote it. Never taken for one's own.
        Unknown = "unknown",
    }
}

words! {
    /// What kind of shared information (連携情報) a record is; policy speaks of these, not of FHIR types.
    pub enum Category ("category") {
        /// Name, address, contacts of the person.
        Demographics = "demographics",
        /// Who is on the care team.
        Team = "team",
        /// The consent form on record.
        Consent = "consent",
        /// Notes between professions (連絡帳).
        Note = "note",
        /// Vital signs and measurements.
        Observation = "observation",
        /// Letters, images, scanned papers.
        Document = "document",
        /// Care plans.
        Plan = "plan",
        /// Medicines taken.
        Medication = "medication",
        /// Diagnoses, allergies and procedures (傷病・アレルギー).
        Condition = "condition",
        /// Names of professionals and facilities: shared information that belongs to no person.
        Directory = "directory",
    }
}
