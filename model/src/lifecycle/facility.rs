//! A facility (利用施設). Regulation art. 8: its administrator applies; art. 9: the city approves or refuses and says so;
//! art. 13: it gives notice and everything of it ends.

super::lifecycle! {
    "facility";
    /// Where a facility stands.
    states {
        /// Applied, not yet reviewed (art. 8).
        Applied = "applied",
        /// Approved: users, devices and certificates may be given (art. 9).
        Approved = "approved",
        /// Refused, with a reason (art. 9). It may apply again.
        Refused = "refused",
        /// Suspended as a whole, for a while.
        Suspended = "suspended",
        /// Closed for good (art. 13).
        Closed = "closed",
    }
    /// What happens to a facility.
    events {
        /// The city finds the application in order.
        Approve = "approve",
        /// The city finds it not in order.
        Refuse = "refuse",
        /// The facility applies again.
        Reapply = "reapply",
        /// The city suspends it.
        Suspend = "suspend",
        /// The city lifts the suspension.
        Resume = "resume",
        /// It gives notice (art. 13).
        Close = "close",
    }
    table {
        Applied + Approve => Approved,
        Applied + Refuse => Refused,
        Refused + Reapply => Applied,
        Approved + Suspend => Suspended,
        Suspended + Resume => Approved,
        Applied + Close => Closed,
        Approved + Close => Closed,
        Suspended + Close => Closed,
    }
}
