//! Why a message is not served, and what the store did wrong. Both are for the officer; what a client hears is decided
//! by the gateway.

use crate::fhir::person::Unclear;
use crate::json::JsonFault;
use crate::patch::PatchFault;

/// Why a request is refused: before it is decided on, or, where the stored record would show by it, after the permit
/// ([`crate::Touches::check`]).
///
/// [`Self::NotThere`], [`Self::Withheld`] and [`Self::StoreFailed`] come from a look-up at the store: the first two must be
/// one and the same answer for the client (promise P4). All others are about the client's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The target has no single reading.
    #[error("the target {0}")]
    Target(&'static str),
    /// A header field changes the meaning of the message, or has no single reading.
    #[error("header `{name}` {why}")]
    Header {
        /// Its name, lower-case.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// No such method here.
    #[error("method `{0}` is not served here")]
    Method(String),
    /// No such type.
    #[error("type `{0}` is not served: it {why}", why = crate::fhir::refused::why(.0))]
    Type(String),
    /// Understood, and not served.
    #[error("{0} is not served")]
    Interaction(&'static str),
    /// An identifier outside the grammar.
    #[error("`{given}` is no record ID: {cause}")]
    Id {
        /// What was given.
        given: String,
        /// What is wrong.
        cause: model::IdError,
    },
    /// A search parameter that is not on the list, or whose value is not in its grammar; or a field of a body.
    #[error("parameter `{name}` {why}")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A field of a body that has to be there; by the name that the route map gives it.
    #[error("parameter `{0}` is missing")]
    Missing(String),
    /// A parameter, or a field of a body, with a value that is not in its grammar.
    #[error("parameter `{name}` has a value outside its grammar; allowed: {allowed}")]
    Value {
        /// Its name, one that is on our lists or in a route map.
        name: String,
        /// The grammar in words.
        allowed: String,
    },
    /// More than one person is named, or none where one has to be; or they are named in two places.
    #[error("exactly one person has to be named, once")]
    OnePerson,
    /// A search names nobody, and its subject cares for more persons than one search can name.
    #[error("you care for more persons than one search can name; name the person")]
    TooManyPersons,
    /// A page was sealed for somebody else or elsewhere, or the search has another extent by now.
    #[error("this page is over; begin the search anew")]
    PageOver,
    /// The entry of a batch or transaction is not of the form that entries have. Reads behind "entry 3: ".
    #[error("it {0}")]
    EntryForm(&'static str),
    /// What is wrong with one entry of a transaction; the others are not done either.
    #[error("entry {number}: {cause}")]
    Entry {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        cause: Box<Unreadable>,
    },
    /// A batch or transaction has more entries than are read.
    #[error("the body has more than {} entries", crate::bounds::BUNDLE_ENTRIES_MAX)]
    TooManyEntries,
    /// A transaction is about more persons, or needs more permits, than one audit entry can hold. How many permits it needs is
    /// only said after them.
    #[error("the transaction is more than can be decided on at once; send it in parts")]
    TooManyQuestions,
    /// The body is larger than its bound.
    #[error("the body has more than {0} bytes")]
    BodyTooLarge(usize),
    /// The body is not one JSON text.
    #[error("the body {0}")]
    Json(#[from] JsonFault),
    /// The body is JSON, but not the resource that the target says.
    #[error("the body {0}")]
    Body(&'static str),
    /// It cannot be told whose the record is, or it reaches into somebody else's.
    #[error("the body {0}")]
    Person(#[from] Unclear),
    /// A patch that cannot be read, or be applied. What [`crate::PatchFault`] says of the stored record is for after a permit.
    #[error(transparent)]
    Patch(#[from] PatchFault),
    /// The store has no such record. One answer with "not yours" and "stopped" (promise P4).
    #[error("no such record")]
    NotThere,
    /// The store has the record, but it cannot be told whose it is. To the client this is [`Self::NotThere`].
    #[error("the stored record cannot be attributed: {0}")]
    Withheld(String),
    /// The look-up failed: the store answered neither "here" nor "not there".
    #[error("the store answered the look-up with status {0}")]
    StoreFailed(u16),
    /// The version that the client named is not the stored one. Only said after a permit, by
    /// [`crate::Touches::check`]: before it, it would tell that the record exists.
    #[error("the record has been changed meanwhile")]
    Stale,
    /// The criteria of a conditional interaction fit more than one record. Said after a permit only, like [`Self::Stale`].
    #[error("the criteria fit more than one record")]
    Several,
}

/// Why an answer of the store is not passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A record that this answer must not hold, or that cannot be attributed.
    #[error("the store answered with `{record}`: {why}")]
    ForeignRecord {
        /// Which, as far as it can be told.
        record: String,
        /// Why not.
        why: String,
    },
    /// What was asked for, and may not be seen after all. No fault of the store's: the record is labelled, which the request
    /// could not know, or consent has been withdrawn while the store was thinking.
    #[error("the record may not be seen")]
    NotSeen,
    /// Not FHIR JSON.
    #[error("the store answered with content type `{0}`")]
    ContentType(String),
    /// Truncated, ambiguous or oversized JSON.
    #[error("the answer of the store {0}")]
    Json(#[from] JsonFault),
    /// A status that does not belong to this interaction.
    #[error("the store answered with status {0}")]
    Status(u16),
    /// JSON, but not the answer that was asked for.
    #[error("the answer of the store {0}")]
    Shape(&'static str),
}

/// At most 64 characters of somebody else's text, for an error.
pub(crate) fn quote(text: &str) -> String {
    text.chars().take(64).collect()
}
