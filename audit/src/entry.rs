//! What is kept: one entry per record request, what its answer holds, its outcome, and sign-ins.

use std::fmt;

use model::{
    Action, Category, DeviceId, FacilityId, PersonId, SerialNumber, Timestamp, UserId, UserKey, hexadecimal, words,
};

use crate::bounds::{FACTS_BYTES_MAX, PERSONS_MAX, RECORDS_MAX, RULES_BYTES_MAX};
use crate::facts_text::FactsText;
use crate::text::harmless;

/// Number of an entry, by which a user may ask about it: 128 random bits, shown as 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EntryId([u8; 16]);

impl EntryId {
    /// A fresh one. Should the system give no random octets it is all zeros, which [`crate::Audit::record`] refuses.
    #[must_use]
    pub fn fresh() -> Self {
        let mut octets = [0; 16];
        match aws_lc_rs::rand::fill(&mut octets) {
            Ok(()) => Self(octets),
            Err(_) => Self([0; 16]),
        }
    }

    /// From its octets.
    #[must_use]
    pub const fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// Of an entry of the batch that this is the number of: all but the last four digits are the batch's, so that who asks
    /// with those finds every entry. Nobody's stays nobody's.
    #[must_use]
    pub fn of_entry(&self, number: u16) -> Self {
        let mut octets = self.0;
        if let (false, [.., high, low]) = (self.is_empty(), &mut octets) {
            [*high, *low] = number.to_be_bytes();
        }
        Self(octets)
    }

    /// How the numbers of all entries of this batch begin.
    #[must_use]
    pub fn of_batch(&self) -> String {
        let [first @ .., _, _] = self.0;
        first.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// All zeros: nobody's.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 16]
    }

    /// Reads 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let octets: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
                _ => None,
            })
            .collect();
        octets?.try_into().ok().map(Self)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hexadecimal(&self.0, &mut [0; 32]))
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryId({self})")
    }
}

/// The beginning of an entry's number, as somebody reads it out on the telephone: its first eight hexadecimal digits or
/// more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPrefix(String);

impl IdPrefix {
    /// Fewest digits: of several million entries hardly two begin with the same.
    pub const DIGITS_MIN: usize = 8;

    /// Reads 8 to 32 hexadecimal digits, in capitals or not. Blanks and hyphens between them are how people write them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let fits = (Self::DIGITS_MIN..=32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
        fits.then(|| Self(digits.to_ascii_lowercase()))
    }

    /// Whether an entry's number begins so.
    #[must_use]
    pub fn begins(&self, id: &EntryId) -> bool {
        id.to_string().starts_with(&self.0)
    }
}

words! {
    /// What was decided.
    pub enum Verdict ("verdict") {
        /// The request was permitted.
        Permitted = "permitted",
        /// It was refused.
        Refused = "refused",
    }
}

words! {
    /// How an exchange ended.
    pub enum Ended ("end") {
        /// The whole answer was sent.
        Completed = "completed",
        /// The client left before.
        ClientLeft = "client-left",
        /// Cut off: a revocation, a suspension and the like took effect.
        Cut = "cut",
        /// The gateway stopped before its end.
        Drained = "drained",
        /// The store failed in between.
        StoreFailed = "store-failed",
        /// Refused after the decision, such as an answer that did not belong.
        Refused = "refused",
    }
}

words! {
    /// What came of a sign-in.
    pub enum SignInOutcome ("sign-in outcome") {
        /// Signed in.
        Welcome = "welcome",
        /// The user ID or the password was wrong.
        Wrong = "wrong",
        /// Both were right, and it was refused all the same.
        Refused = "refused",
    }
}

/// One request for records: who asked for what, and what was decided by which rule (art. 28, 34).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// When the request arrived.
    pub at: Timestamp,
    /// The user ID signed in with.
    pub user_id: UserId,
    /// The human being behind it.
    pub user: UserKey,
    /// The terminal.
    pub device: DeviceId,
    /// The device certificate presented.
    pub serial: SerialNumber,
    /// The facility the user ID was granted at.
    pub facility: FacilityId,
    /// Whose records; at most [`crate::PERSONS_MAX`]. Empty for the directory, or when it could not be read.
    pub persons: Vec<PersonId>,
    /// Which records; at most [`crate::RECORDS_MAX`].
    pub records: Vec<String>,
    /// What was to be done. `None`: the request could not be read.
    pub action: Option<Action>,
    /// To which kind of record. `None`: the request could not be read.
    pub category: Option<Category>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why it was refused, as a short code; empty when permitted.
    pub reason: String,
    /// What is said of the cause beside that code, in one phrase; empty where the code says all. What the client was told of its
    /// own words, or which bound of the gateway was met, and never what is stored. Entries of earlier programs have none.
    pub cause: String,
    /// Names of the rules that decided, comma separated.
    pub rules: String,
    /// Articles behind them, comma separated.
    pub articles: String,
    /// Which set of rules was asked.
    pub policy_version: String,
    /// Which state of the registry was asked.
    pub generation: u64,
    /// The facts that were used: [`crate::facts::compact_all`].
    pub facts: FactsText,
    /// Only disaster use (art. 21) made it possible.
    pub disaster: bool,
    /// Only break-glass (art. 41) made it possible: the subject had declared an emergency.
    pub break_glass: bool,
    /// Address the request came from.
    pub source: String,
    /// Its method.
    pub method: String,
    /// Its canonical target. The caller leaves secrets out.
    pub target: String,
}

impl Entry {
    /// The entry of a refusal as it can always be written: names beyond the bounds are cut, and how many there were stands in
    /// their place; facts that do not fit are left out, since half of them replay no decision. What is within the bounds comes
    /// back as it was. Not for permits: what does not fit into one is not permitted.
    #[must_use]
    pub fn within_bounds(self) -> Self {
        let (mut persons, mut records) = (self.persons, self.records);
        let left_out = persons.len().saturating_sub(PERSONS_MAX);
        persons.truncate(PERSONS_MAX);
        if left_out > 0 {
            records.insert(0, format!("… {left_out} more persons"));
        }
        if records.len() > RECORDS_MAX {
            let left_out = records.len() - (RECORDS_MAX - 1);
            records.truncate(RECORDS_MAX - 1);
            records.push(format!("… {left_out} more"));
        }
        let facts =
            if harmless(&self.facts, usize::MAX).len() > FACTS_BYTES_MAX { FactsText::default() } else { self.facts };
        let cut = |text: &str| harmless(text, RULES_BYTES_MAX).into_owned();
        let (rules, articles) = (cut(&self.rules), cut(&self.articles));
        Self { persons, records, facts, rules, articles, ..self }
    }
}

/// How it went on after the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The entry's number.
    pub id: EntryId,
    /// When it ended.
    pub at: Timestamp,
    /// Status of the answer.
    pub status: u16,
    /// Bytes of the body that were sent.
    pub bytes: u64,
    /// How it ended.
    pub ended: Ended,
    /// Why it was refused after the entry, as [`Entry::cause`]; empty for any other end.
    pub cause: String,
}

/// Records that an answer tells of and the entry could not name yet: those a search found, or one that was just created.
/// Durable before any of it leaves (promise P3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The entry's number.
    pub id: EntryId,
    /// When.
    pub at: Timestamp,
    /// Which state of the registry was asked about them.
    pub generation: u64,
    /// Which records, such as `Observation/o-1`.
    pub records: Vec<String>,
}

words! {
    /// What an officer has to look at.
    pub enum AlertKind ("kind of alert") {
        /// The store answered with what was not asked for, or in a form with more than one reading. What that concerns was not
        /// passed on.
        StoreMisbehaves = "store-misbehaves",
        /// A record was deleted under an order, or it is not known whether it was, and that could not be marked on it.
        DeletionNotMarked = "deletion-not-marked",
        /// A user declares an emergency under the city's rule for break-glass (art. 41). Written before it counts.
        EmergencyDeclared = "emergency-declared",
    }
}

/// Something that an officer has to look at, and that came up in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The number of the request, which is that of its entry where it has one.
    pub id: EntryId,
    /// When.
    pub at: Timestamp,
    /// Of what kind.
    pub kind: AlertKind,
    /// What was seen, a few words each; bounded and made harmless when written. Names records, never what is in them.
    pub seen: Vec<String>,
    /// How often, the ones above included.
    pub count: u64,
}

/// One try at signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// When.
    pub at: Timestamp,
    /// The user ID as it was typed; bounded and made harmless when written.
    pub user_id: String,
    /// From which terminal.
    pub device: DeviceId,
    /// With which device certificate.
    pub serial: SerialNumber,
    /// Address it came from.
    pub source: String,
    /// What came of it.
    pub outcome: SignInOutcome,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request.
    Entry(Box<Entry>),
    /// What its answer holds.
    Release(Release),
    /// Its outcome.
    Outcome(Outcome),
    /// A sign-in.
    SignIn(SignIn),
    /// An alert.
    Alert(Alert),
}
