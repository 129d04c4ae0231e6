//! Why a certificate is revoked, and who may say so (art. 29, 38, 39): one table of causes, one of acts by office.
//!
//! A cause is a word of the regulation; what others read in a revocation list is one of RFC 5280's reason codes, and the
//! former leads to the latter. `model/revocations.txt` shows both tables, and a test keeps it equal to them.
//!
//! One authorised act cuts at once: nothing here knows a second person. The opposite direction has no act at all, for what
//! is revoked stays revoked (RFC 5280 5.3.1); a terminal that was found enrols anew.

use crate::{Article, Office, ReasonCode, words};

words! {
    /// Why a certificate is revoked.
    pub enum Cause ("cause of a revocation") {
        /// The terminal was stolen (盗難).
        Stolen = "stolen",
        /// The terminal is lost (亡失).
        Lost = "lost",
        /// The certificate is on another terminal than the loaned one.
        Copied = "copied",
        /// Somebody else has, or may have, the terminal in his hand: malware, unauthorised access.
        Compromised = "compromised",
        /// What the certificate was used for is forbidden.
        Misuse = "misuse",
        /// The terminal is broken.
        Broken = "broken",
        /// The terminal is no longer used (使用をやめた).
        Retired = "retired",
        /// The terminal came back from its loan (返却).
        Returned = "returned",
        /// Whoever held the terminal left.
        Left = "left",
        /// The office gave the terminal another certificate.
        Replaced = "replaced",
        /// The facility closed.
        Closed = "closed",
        /// The certificate was renewed by its terminal.
        Renewed = "renewed",
    }
}

impl Cause {
    /// What the revocation list says (RFC 5280 5.3.1).
    #[must_use]
    pub const fn reason_code(self) -> ReasonCode {
        match self {
            Self::Stolen | Self::Lost | Self::Copied | Self::Compromised => ReasonCode::KeyCompromise,
            Self::Misuse => ReasonCode::PrivilegeWithdrawn,
            Self::Broken | Self::Retired | Self::Returned | Self::Closed => ReasonCode::CessationOfOperation,
            Self::Left => ReasonCode::AffiliationChanged,
            Self::Replaced | Self::Renewed => ReasonCode::Superseded,
        }
    }

    /// On which article the revocation rests.
    #[must_use]
    pub const fn article(self) -> Article {
        match self {
            Self::Stolen | Self::Lost | Self::Broken | Self::Retired | Self::Returned => Article::paragraph(38, 2),
            Self::Copied | Self::Replaced | Self::Renewed => Article::paragraph(38, 1),
            Self::Compromised => Article::paragraph(29, 1),
            Self::Misuse => Article::paragraph(39, 2),
            Self::Left => Article::new(12),
            Self::Closed => Article::new(13),
        }
    }

    /// The key is out of our hands. Whoever has it could have renewed with it: the whole renewal family goes, and so does a
    /// code that was offered for the terminal.
    #[must_use]
    pub const fn loses_the_key(self) -> bool {
        matches!(self.reason_code(), ReasonCode::KeyCompromise)
    }

    /// Nothing of the terminal may open or be enrolled any more until the office says so: the renewal family and a waiting code go
    /// too. Beside a lost key, after misuse: whoever held it must not come back by a slip in his drawer.
    #[must_use]
    pub const fn takes_everything(self) -> bool {
        self.loses_the_key() || matches!(self, Self::Misuse)
    }

    /// The facility administrator has to confirm it (art. 38-3): everything that happened to a terminal. A successor in its
    /// place, and the end of the facility itself, are nothing that somebody reported.
    #[must_use]
    pub const fn is_to_be_confirmed(self) -> bool {
        match self {
            Self::Stolen
            | Self::Lost
            | Self::Copied
            | Self::Compromised
            | Self::Misuse
            | Self::Broken
            | Self::Retired
            | Self::Returned
            | Self::Left => true,
            Self::Replaced | Self::Closed | Self::Renewed => false,
        }
    }
}

/// How far the act of an office reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The terminals that he holds himself.
    Own,
    /// The terminals of the facility that he administers.
    Facility,
    /// Every terminal.
    Every,
    /// Every terminal, in urgency: inside a contract, and with a report owed to the city (art. 29-2, 39-3).
    Urgent,
    /// The terminal whose own key asks for it (RFC 8555 7.6): no report is owed for that.
    Key,
}

impl Reach {
    /// As the table has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Facility => "facility",
            Self::Every => "every",
            Self::Urgent => "urgent",
            Self::Key => "key",
        }
    }
}

/// How far an office reaches that revokes for this cause; none: it may not. Nobody acts outside this table.
///
/// A user says what happens to a terminal in his hands. What a certificate is used for is judged by the city (art. 39-2), and
/// in urgency by who acts in its place. The machine finds what a machine can find, and takes a
/// terminal at the word of its own key. A closed facility and a renewal are no acts
/// of their own: they come with what closes and renews.
#[must_use]
pub const fn reach(office: Office, cause: Cause) -> Option<Reach> {
    use Cause::{
        Broken, Closed, Compromised, Copied, Left, Lost, Misuse, Renewed, Replaced, Retired, Returned, Stolen,
    };
    match (office, cause) {
        (_, Closed | Renewed) => None,
        (Office::User, Stolen | Lost | Broken | Retired) => Some(Reach::Own),
        (Office::User, Copied | Compromised | Misuse | Returned | Left | Replaced) => None,
        (
            Office::FacilityAdministrator,
            Stolen | Lost | Copied | Compromised | Broken | Retired | Returned | Left | Replaced,
        ) => Some(Reach::Facility),
        (Office::FacilityAdministrator, Misuse) => None,
        (
            Office::CityClerk | Office::CityOfficer,
            Stolen | Lost | Copied | Compromised | Misuse | Broken | Retired | Returned | Left | Replaced,
        ) => Some(Reach::Every),
        (Office::Contractor, Stolen | Lost | Copied | Compromised | Misuse) => Some(Reach::Urgent),
        (Office::Contractor, Broken | Retired | Returned | Left | Replaced) => None,
        (Office::System, Copied | Compromised | Misuse) => Some(Reach::Urgent),
        (Office::System, Retired | Replaced) => Some(Reach::Key),
        (Office::System, Stolen | Lost | Broken | Returned | Left) => None,
    }
}

/// The offices that may revoke for this cause, comma separated; empty: none.
#[must_use]
pub fn who_may(cause: Cause) -> String {
    let may = Office::ALL.iter().filter(|office| reach(**office, cause).is_some());
    may.map(|office| office.as_str()).collect::<Vec<_>>().join(", ")
}

/// Both tables, as kept in `model/revocations.txt`.
#[must_use]
pub fn tables() -> String {
    let yes = |is: bool| if is { "yes" } else { "-" };
    let mut causes =
        vec![["because", "reason code", "article", "takes the renewal family", "to be confirmed"].map(str::to_owned)];
    let mut acts =
        vec![std::iter::once("because").chain(Office::ALL.iter().map(|one| one.as_str())).map(str::to_owned).collect()];
    for cause in Cause::ALL {
        let code = cause.reason_code();
        causes.push([
            cause.to_string(),
            format!("{code} ({})", code.number()),
            cause.article().to_string(),
            yes(cause.loses_the_key()).to_owned(),
            yes(cause.is_to_be_confirmed()).to_owned(),
        ]);
        let cells = Office::ALL.iter().map(|office| reach(*office, *cause).map_or("-", Reach::as_str).to_owned());
        acts.push(std::iter::once(cause.to_string()).chain(cells).collect::<Vec<_>>());
    }
    let causes: Vec<Vec<String>> = causes.into_iter().map(Vec::from).collect();
    format!(
        "# Why a certificate is revoked (art. 29, 38, 39), and what others read (RFC 5280 5.3.1)\n\n{}\n\n\
         # Who may revoke, and whose terminals: his own, of his facility, every one, in urgency every one, \
         whose own key asks\n\n{}\n",
        drawn(&causes),
        drawn(&acts)
    )
}

/// Columns as wide as they must be.
fn drawn(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let cell = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |text| text.len());
    let wide: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| cell(row, column)).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&wide).map(|(text, width)| format!("{text:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
