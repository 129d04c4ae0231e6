//! The confirmation of a revocation. Regulation art. 38-3: the facility administrator, told of a revocation, has to confirm it.

super::lifecycle! {
    "confirmation task";
    /// Where the task stands.
    states {
        /// The revocation is recorded and in force; what it ended is not yet known.
        Reported = "reported",
        /// Nothing is served on it any more, and it is known what was cut (失効済・確認待ち).
        Effective = "effective",
        /// The facility administrator has seen it (確認済).
        Confirmed = "confirmed",
    }
    /// What happens to the task.
    events {
        /// A gateway has said what it cut, or none that has not heard can be serving any more.
        TakeEffect = "take-effect",
        /// The facility administrator confirms (art. 38-3).
        Confirm = "confirm",
    }
    table {
        Reported + TakeEffect => Effective,
        // Every gateway says what it cut.
        Effective + TakeEffect => Effective,
        Effective + Confirm => Confirmed,
    }
}
