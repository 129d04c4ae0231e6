//! A deletion order. Regulation art. 17-2: on request the city must have records deleted; 19-2: it may have part or all of
//! them deleted. One officer orders it, a second one approves it, and only then may the named user ID delete. The end of
//! its validity is not a state: it is the time of day.

super::lifecycle! {
    "deletion order";
    /// Where a deletion order stands.
    states {
        /// Ordered by one officer: nothing may be deleted yet.
        Ordered = "ordered",
        /// Approved by a second officer: the only state in which anything may be deleted.
        Approved = "approved",
        /// Taken back, before or after it was approved.
        Cancelled = "cancelled",
        /// The one record that it names was deleted: it is used up.
        CarriedOut = "carried-out",
    }
    /// What happens to a deletion order.
    events {
        /// A second officer agrees.
        Approve = "approve",
        /// An officer takes it back.
        Cancel = "cancel",
        /// The one record that it names was deleted. An order for all of a person's records stays open until its end.
        CarryOut = "carry-out",
    }
    table {
        Ordered + Approve => Approved,
        Ordered + Cancel => Cancelled,
        Approved + Cancel => Cancelled,
        Approved + CarryOut => CarriedOut,
    }
}
