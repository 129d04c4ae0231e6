//! Break-glass: reading outside the care team in an emergency. The regulation knows no such thing; art. 41 lets the city issue
//! rules of its own. Until it has issued one, by two officers, nothing opens.

super::lifecycle! {
    "break-glass";
    /// Where break-glass stands.
    states {
        /// There is no rule: nothing opens, whatever is claimed.
        Off = "off",
        /// One officer has entered the city's rule; it is not in force.
        Proposed = "proposed",
        /// A second officer has issued it (art. 41-1).
        Issued = "issued",
    }
    /// What happens to break-glass.
    events {
        /// One officer enters the rule.
        Propose = "propose",
        /// A second officer issues it.
        Issue = "issue",
        /// An officer takes it back, at any time and alone: closing needs one.
        Withdraw = "withdraw",
    }
    table {
        Off + Propose => Proposed,
        Proposed + Issue => Issued,
        Proposed + Withdraw => Off,
        Issued + Withdraw => Off,
    }
}
