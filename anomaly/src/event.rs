//! What the detectors hear: one event for each thing that the audit journal tells, in numbers.
//!
//! Whoever reads the journal gives users, terminals, facilities, persons and accounts numbers of his own, dense and from zero, so that state
//! here lies in tables and hearing an event allocates nothing. The numbers mean nothing outside of one [`crate::Watch`]; a replay
//! that numbers in the order of the journal comes to the same findings.

use model::Timestamp;

use crate::source::Prefix;

/// A human being (`UserKey`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User(pub u32);

/// A terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device(pub u32);

/// A facility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Facility(pub u32);

/// A supported person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Person(pub u32);

/// A user ID as it was typed, which need not exist: a digest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account(pub u64);

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Where the request came from.
    pub source: Prefix,
    /// The terminal that showed its certificate.
    pub device: Device,
    /// The facility that it is loaned to, or that the user ID was granted at.
    pub facility: Facility,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A record of a person was opened: read, or found by a search. A search that finds several persons is one event each.
    Opened {
        /// By whom.
        user: User,
        /// Whose.
        person: Person,
        /// Why it was permitted, by the facts of that moment.
        why: Why,
        /// It is labelled as sensitive, or the person is staff, or lives with the user (a flag alone means nothing).
        marked: Marks,
    },
    /// A record was written.
    Wrote {
        /// By whom.
        user: User,
        /// Whose.
        person: Person,
        /// How.
        edit: Edit,
    },
    /// A record was refused, or not there: both are one.
    Refused {
        /// Whom.
        user: User,
        /// A digest of what was asked for.
        target: u64,
        /// The person, where the request names one.
        person: Option<Person>,
        /// Why.
        refusal: Refusal,
    },
    /// An answer has gone out.
    Delivered {
        /// To whom.
        user: User,
        /// So many octets.
        bytes: u64,
        /// It was asked for as a whole: an export, a print, everything of a person.
        export: bool,
    },
    /// Somebody signed in, or tried to.
    SignedIn {
        /// With which user ID, as typed.
        account: Account,
        /// Whose it is, if there is such an ID.
        user: Option<User>,
        /// The password was right.
        right: bool,
        /// He proved himself once more because he was asked to.
        step_up: bool,
    },
    /// A connection was opened, or resumed.
    Connected {
        /// The hash of what the client says of itself in a handshake that is the same when it resumes.
        print: Print,
        /// The region that the network is in, if it is known.
        place: Option<Place>,
    },
    /// A certificate that has ended, or a suspended user ID, was shown again.
    Ended {
        /// Whose it was, where it is known.
        user: Option<User>,
    },
    /// A session was used after it was replaced or ended, or its octets do not belong to this terminal.
    Replayed {
        /// Whose.
        user: User,
    },
}

/// Why a record was open to somebody, the best reason that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// He is on the person's care team, also as a substitute or on call.
    Team,
    /// He visits the person that day, or wrote or was written to about the person lately, or the person is new and he was called in.
    Visit,
    /// He is on duty for his facility, which is on the team.
    Duty,
    /// The city opened all records (art. 21).
    Disaster,
    /// He declared an emergency.
    Emergency,
    /// A right of his permits it, and nothing says why he would need it now: he manages a facility, or works for the city.
    Right,
}

impl Why {
    /// Whether something says why he needs it.
    #[must_use]
    pub const fn is_explained(self) -> bool {
        matches!(self, Self::Team | Self::Visit | Self::Duty)
    }
}

/// What a record is marked with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Labelled as sensitive.
    pub sensitive: bool,
    /// The person shares address and surname with the user, or is staff of a facility.
    pub near: bool,
}

/// How a record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A new one.
    New,
    /// A new version of one's own, no older than a week.
    Own,
    /// A new version of somebody else's, or of one older than a week.
    Others,
    /// It was deleted.
    Deleted,
}

/// Why a record was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not there, not his, or stopped.
    NotAvailable,
    /// A rule that says something about himself or the kind of record.
    Rule,
    /// Support of the person was stopped, or a consent withdrawn (art. 17).
    Stopped,
    /// A consequence of an act of ours (narrowed, suspended, limited): never evidence of anything.
    Ours,
}

/// What a client's TLS says of it: a digest of its suites, groups, signature schemes and protocols, sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Print {
    /// The digest.
    pub hello: u64,
    /// Platform (high octet) and program (low octet), as the client names itself; 0 when it does not.
    pub family: u16,
}

impl Print {
    /// The platform alone.
    #[must_use]
    pub const fn platform(self) -> u16 {
        self.family >> 8
    }
}

/// A place on earth, as coarsely as an address tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Degrees north, in hundredths.
    pub north: i16,
    /// Degrees east, in hundredths.
    pub east: i16,
    /// Kilometres that it may be off.
    pub within_km: u16,
    /// Outside of the country.
    pub abroad: bool,
}

impl Place {
    /// Kilometres to another place (haversine, a sphere of 6,371 km).
    #[must_use]
    pub fn km_to(self, other: Self) -> f32 {
        let radians = |hundredths: i16| f32::from(hundredths) / 100.0 * core::f32::consts::PI / 180.0;
        let (a, b) = (radians(self.north), radians(other.north));
        let (north, east) = (b - a, radians(other.east) - radians(self.east));
        let h = (north / 2.0).sin().powi(2) + a.cos() * b.cos() * (east / 2.0).sin().powi(2);
        2.0 * 6371.0 * h.sqrt().min(1.0).asin()
    }
}
