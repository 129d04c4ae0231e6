//! Numbers for what has no name of its own: memberships, suspensions, reports, duties, contracts, deletion orders,
//! emergencies, tasks of confirmation. One row of numbers for all of them, given in the order of the journal, so that two of them never meet.

use std::fmt;

macro_rules! numbers {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u64);

        impl $name {
            /// From its number.
            #[must_use]
            pub const fn new(number: u64) -> Self { Self(number) }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )+ };
}

numbers! {
    /// Names a membership of a care team.
    MembershipId,
    /// Names a suspension.
    SuspensionId,
    /// Names a report that the contractor or the machine owes the city (art. 29-2, 39-3).
    ReportId,
    /// Names a duty.
    DutyId,
    /// Names a contract.
    ContractId,
    /// Names a deletion order.
    DeletionId,
    /// Names a declared emergency.
    EmergencyId,
    /// Names a task of confirmation (art. 38-3).
    TaskId,
}

/// Which state of the registry: the position of the last journal entry in it. 0 is the empty registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(u64);

impl Generation {
    /// Before the first command.
    pub const START: Self = Self(0);

    /// From its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number: a journal position.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
