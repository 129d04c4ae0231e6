//! Which person's record does this message touch? Canonical targets, FHIR R4 grammar, checks on what comes back. Pure.
//!
//! A message is read by asking [`read_head`]; the answer is a [`Need`]: either [`Touches`] (whose record, what is done,
//! and what is to be sent to the store), or what must be known first: the body, the stored version, whom the subject may
//! search for, what a page was sealed for. The caller brings that and asks again until it is done. Whatever comes back from
//! the store goes through [`release`]. A batch comes apart into requests of their own, a transaction is put together to one.
//!
//! Three rules hold everywhere:
//!
//! - **One reading.** A message that two readers could read differently is refused, not interpreted. What is forwarded is
//!   built anew from what was understood ([`Forward`]); no byte of the client's head reaches the store.
//! - **Closed by default.** Types, interactions, parameters and forms of reference stand on allow-lists. Who cannot be
//!   told apart is refused.
//! - **Nothing is said before the decision.** "Not there", "not yours" and "cannot tell whose" are one answer
//!   (promise P4): what a look-up at the store showed never changes the cause that a client hears.

pub mod bounds;
mod error;
mod feeds;
mod fhir;
mod head;
mod json;
mod media;
mod need;
mod on_record;
mod patch;
mod release;
mod route_map;
mod target;
mod touches;
mod whose;

pub use error::{Misbehaviour, Unreadable};
pub use fhir::bundle::{Batch, Entry, Joining, Transaction};
pub use fhir::types::FhirType;
pub use head::Head;
pub use json::JsonFault;
pub use need::{BodyNeeded, CategoriesNeeded, LookUp, LookedUp, Need, PageNeeded, PersonsNeeded, StoredNeeded};
pub use on_record::Words;
pub use patch::{PatchCause, PatchFault, PatchKind, patched};
pub use release::bundle::Searchset;
pub use release::entries::{Answered, EntryAnswer, ResponseKind, bundle_response, transaction_answers};
pub use release::gathering::Gathering;
pub use release::news::{EventStream, Feed, Passed};
pub use release::{Attributed, Dropped, Gatekeeper, Located, Released, content_type, located, location, release};
pub use route_map::{Coverage, MapError, NotRemovable, Reader, RouteMap, Socket, Streamed, Unmatched};
pub use touches::{
    AnswerKind, Authors, Claim, Field, Forward, ForwardBody, MappedAnswer, Pages, Part, RecordId, RecordKind,
    RecordRef, ResourceAttributes, Touches,
};
pub use whose::{Known, Whom, Whose, whose};

use head::Fields;
use target::Target;

/// Reads the head of a request to a store that speaks FHIR. With route maps there is more to read: [`Reader::read_head`].
///
/// # Errors
/// The message cannot be read in one way only, or asks for something that is not served.
pub fn read_head(head: &Head<'_>) -> Result<Need, Unreadable> {
    let fields = Fields::read(head.headers)?;
    if let Some(page) = target::page(head.target) {
        return fhir::interaction::turn(head.method, page?, &fields);
    }
    let target = Target::read(head.target)?;
    match target.segments.split_first() {
        Some((&"fhir", rest)) => fhir::interaction::read(head.method, rest, target.query, &fields),
        Some((&"feeds", rest)) => feeds::read(head.method, rest, target.query, &fields),
        _ => Err(Unreadable::Interaction("an address outside /fhir and /feeds")),
    }
}

// The fuzz targets' functions call this crate by its name, and are among the tests too.
#[cfg(test)]
extern crate self as records;

#[cfg(test)]
mod tests;
