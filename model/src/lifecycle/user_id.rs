//! A user ID (ユーザーID). Regulation art. 10-1: granted to one human being; 10-3: he changes the password himself;
//! 10-6: a lost one is stopped and a new one granted, never reset; art. 29-1: suspended without asking.

super::lifecycle! {
    "user ID";
    /// Where a user ID stands.
    states {
        /// Granted; the first password is still the one from the slip: only the change page is reachable.
        Granted = "granted",
        /// In use.
        Active = "active",
        /// Suspended before the first password was changed (art. 29).
        GrantedSuspended = "granted-suspended",
        /// Suspended (art. 29).
        Suspended = "suspended",
        /// Ended for good: replaced (10-6), left the facility (12) or the facility closed (13).
        Ended = "ended",
    }
    /// What happens to a user ID.
    events {
        /// The user sets a password of his own.
        ChangePassword = "change-password",
        /// Suspended by the city, the contractor in urgency, or a standing order (art. 29).
        Suspend = "suspend",
        /// The suspension is lifted.
        Resume = "resume",
        /// Ended.
        End = "end",
    }
    table {
        Granted + ChangePassword => Active,
        Active + ChangePassword => Active,
        Granted + Suspend => GrantedSuspended,
        Active + Suspend => Suspended,
        GrantedSuspended + Resume => Granted,
        Suspended + Resume => Active,
        Granted + End => Ended,
        Active + End => Ended,
        GrantedSuspended + End => Ended,
        Suspended + End => Ended,
    }
}
