//! What somebody does, and what becomes of it: the seam between a city and whatever judges it.
//!
//! People know nothing of detectors. They do something and see what comes of it, as at a real gateway: it is done, refused, to be
//! tried later, or only after the password. What stands behind is a [`Sink`]: detectors in memory, or one day a gateway over HTTPS.

use anomaly::event::{Account, Device, Edit, Facility, Person, Place, Print, User};
use anomaly::{Prefix, Profile, Step, Subject, Told};
use model::Timestamp;

use crate::city::City;

/// What somebody acts with.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    /// As whom; nobody has signed in where there is none.
    pub user: Option<User>,
    /// With which certificate.
    pub device: Device,
    /// To whom that terminal is loaned.
    pub facility: Facility,
    /// From which address.
    pub source: Prefix,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Connect.
    Connect {
        /// What the client's TLS says.
        print: Print,
        /// Where the address seems to be.
        place: Option<Place>,
    },
    /// Sign in, or prove oneself once more.
    SignIn {
        /// The user ID as typed.
        account: Account,
        /// Whose it is.
        owner: Option<User>,
        /// With the right password.
        right: bool,
        /// Because it was asked for.
        step_up: bool,
    },
    /// Open a record of a person.
    Open {
        /// Whose.
        person: Person,
        /// Octets of the answer.
        bytes: u32,
    },
    /// Search, and find these.
    Search {
        /// Whose records are found, as far as they are his to see.
        persons: Box<[Person]>,
        /// Octets of the answer.
        bytes: u32,
    },
    /// Have everything of a person at once.
    Export {
        /// Whose.
        person: Person,
        /// Octets of the answer.
        bytes: u64,
    },
    /// Open a record that does not exist.
    Missing {
        /// A digest of its name.
        target: u64,
    },
    /// Write.
    Write {
        /// Whose record.
        person: Person,
        /// How.
        edit: Edit,
    },
    /// Declare an emergency and open the record.
    Declare {
        /// Whose.
        person: Person,
    },
    /// Show a certificate that has ended.
    ShowEnded {
        /// Whose it was.
        owner: Option<User>,
    },
    /// Use a session that was replaced.
    Replay,
}

impl Act {
    /// Types the user ID of a user, and a password.
    #[must_use]
    pub fn sign_in(owner: User, right: bool, step_up: bool) -> Self {
        Self::SignIn { account: City::account(owner), owner: Some(owner), right, step_up }
    }

    /// The persons it is about.
    #[must_use]
    pub fn persons(&self) -> &[Person] {
        match self {
            Self::Open { person, .. }
            | Self::Export { person, .. }
            | Self::Write { person, .. }
            | Self::Declare { person } => std::slice::from_ref(person),
            Self::Search { persons, .. } => persons,
            _ => &[],
        }
    }
}

/// Something is done.
#[derive(Clone, Debug)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// With what.
    pub hand: Hand,
    /// What.
    pub act: Act,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// The rules refuse it, or it is not there.
    Refused,
    /// First the password.
    PasswordFirst,
    /// After so many milliseconds.
    Later(i64),
    /// Not while he is narrowed.
    Narrowed,
    /// Not at all: his terminal or his user ID is suspended.
    Suspended,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// Records that went out.
    pub records: u32,
    /// Persons among them whom nothing explains.
    pub strange: Vec<Person>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, records: 0, strange: Vec::new() }
    }
}

/// What stands behind a city.
pub trait Sink {
    /// Whom a number stands for; before his first deed, and when it changes.
    fn know(&mut self, user: User, profile: Profile);

    /// Something is done: what becomes of it, and what an officer hears because of it.
    fn take(&mut self, deed: &Deed, city: &City, told: &mut Vec<Told>) -> Answer;

    /// An officer lifts what is held.
    fn lift(&mut self, subject: Subject);

    /// How far a user or a terminal is held.
    fn step(&self, subject: Subject, at: Timestamp) -> Step;
}
