//! Consent (参加同意書). Regulation art. 17-1: before anything is stored or shared; 17-2, 17-3: on request the city sets
//! "support stopped" (支援中止): nobody reads or writes. Disaster consent is a flag of the same form (21-2).

super::lifecycle! {
    "consent";
    /// Where a person's consent stands.
    states {
        /// No form received: nothing is stored or shared.
        Absent = "absent",
        /// Given, by the person, family or a relative (17-1).
        Given = "given",
        /// Withdrawn: support stopped (17-3).
        SupportStopped = "support-stopped",
    }
    /// What happens to consent.
    events {
        /// A form is received, or a new form changes its scopes.
        Give = "give",
        /// Withdrawn on request (17-2).
        Withdraw = "withdraw",
    }
    table {
        Absent + Give => Given,
        Given + Give => Given,
        Given + Withdraw => SupportStopped,
        // A deletion request may come before any form did.
        Absent + Withdraw => SupportStopped,
        SupportStopped + Give => Given,
    }
}
