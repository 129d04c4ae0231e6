//! Deletion orders (art. 17-2, 19-2): one officer orders, another approves, a named user ID carries out, and what was deleted
//! is marked on the order.

use model::{PersonId, RecordName, Timestamp, UserId};

use super::Draft;
use crate::bounds::{DELETED_PER_ORDER_MAX, DELETION_DAYS_MAX, DELETIONS_PER_PERSON_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Approval, Deleted, DeletionId, DeletionOrder};

/// What is ordered.
pub(super) struct Ordered<'a> {
    pub(super) person: &'a PersonId,
    pub(super) record: Option<&'a RecordName>,
    pub(super) reason: &'a str,
    pub(super) executor: &'a UserId,
    pub(super) until: Timestamp,
}

pub(super) fn order(d: &mut Draft, ordered: &Ordered<'_>) -> Result<(), Refused> {
    d.reason(ordered.reason)?;
    if d.next.person(ordered.person).is_none() {
        return Err(d.not_known("person", ordered.person));
    }
    if let Some(record) = ordered.record {
        could_be_theirs(d, record, ordered.person)?;
    }
    live_executor(d, ordered.executor)?;
    d.require(d.at() < ordered.until, || Why::Time("the order is over already"))?;
    let latest = d.at().plus_seconds(DELETION_DAYS_MAX * 86_400);
    d.require(ordered.until <= latest, || Why::Time("a deletion is carried out within 30 days of its order"))?;
    let (what, max) = ("deletion orders about this person", DELETIONS_PER_PERSON_MAX);
    d.require(d.next.deletions_of(ordered.person).count() < max, || Why::Full { what, max })?;
    d.push(Change::DeletionOrdered {
        order: DeletionOrder {
            id: DeletionId::new(d.number()),
            person: ordered.person.clone(),
            record: ordered.record.cloned(),
            reason: ordered.reason.to_owned(),
            executor: ordered.executor.clone(),
            until: ordered.until,
            state: model::lifecycle::deletion::State::Ordered,
            ordered: Approval { at: d.at(), by: d.act.by.clone() },
            approved: None,
            cancelled: None,
        },
    })
}

pub(super) fn approve(d: &mut Draft, id: DeletionId) -> Result<(), Refused> {
    let known = find(d, id)?;
    d.another_officer(&known.ordered.by)?;
    d.require(d.at() < known.until, || Why::Time("the order is over already"))?;
    live_executor(d, &known.executor)?;
    d.push(Change::DeletionApproved { order: id, person: known.person })
}

/// Any officer, alone: taking back needs no second.
pub(super) fn cancel(d: &mut Draft, id: DeletionId, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let known = find(d, id)?;
    d.push(Change::DeletionCancelled { order: id, person: known.person, reason: reason.to_owned() })
}

/// What was done is on record whatever became of the order meanwhile: its end may have come, or an officer have taken it back.
pub(super) fn mark(d: &mut Draft, id: DeletionId, record: &RecordName, request: &str) -> Result<(), Refused> {
    d.name("the number of the request", request)?;
    let known = find(d, id)?;
    if d.next.deleted_under(id).any(|deleted| deleted.record == *record) {
        return Ok(());
    }
    let (what, max) = ("records marked as deleted under this order", DELETED_PER_ORDER_MAX);
    let count = d.next.tables.deleted.get(&id).map_or(0, |records| records.len());
    d.require(count < max, || Why::Full { what, max })?;
    let (record, request, at) = (record.clone(), request.to_owned(), d.at());
    d.push(Change::DeletionCarriedOut { deleted: Deleted { order: id, record, at, by: known.executor, request } })
}

fn find(d: &Draft, id: DeletionId) -> Result<DeletionOrder, Refused> {
    d.next.deletion(id).cloned().ok_or_else(|| d.not_known("deletion order", &id))
}

/// As far as a name tells. Which types are served, and which kinds the maps name, is not known here.
fn could_be_theirs(d: &Draft, record: &RecordName, person: &PersonId) -> Result<(), Refused> {
    let (kind, id) = record.parts();
    let is_word = |word: &str| {
        let mut octets = word.bytes();
        !word.is_empty() && octets.all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-')
    };
    let fits = match kind.split_once('.') {
        Some((map, kind)) => is_word(map) && is_word(kind),
        None => {
            kind.starts_with(|first: char| first.is_ascii_uppercase()) && kind.bytes().all(|c| c.is_ascii_alphabetic())
        }
    };
    d.require(fits, || {
        let expected = "a type of FHIR such as `Observation`, or a route map and its kind such as `notes.entry`";
        Why::Condition(format!("`{kind}` is no kind of record; expected {expected}"))
    })?;
    if let Err(fault) = model::id::check(id) {
        return Err(d.refused(Why::Condition(format!("`{record}` names no record: {fault}"))));
    }
    d.require(kind != "Patient" || id == person.as_str(), || {
        Why::Condition(format!("`{record}` is the record of another person than `{person}`"))
    })
}

fn live_executor(d: &Draft, executor: &UserId) -> Result<(), Refused> {
    let known = d.next.user_id(executor).ok_or_else(|| d.not_known("user ID", executor))?;
    d.require(known.is_live(), || Why::Condition(format!("user ID `{executor}` has ended")))
}
