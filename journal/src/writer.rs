//! The writer: one thread, one transaction for whatever waits (group commit).

use std::sync::Arc;

use crate::chain::{Row, RowMaker};
use crate::engine::Connection;
use crate::queue::{Queue, Wanted};
use crate::receipt::Outcome;
use crate::watch::Notice;
use crate::{Appended, Head, JournalError};

/// Runs until the queue is closed and empty.
pub(crate) fn run(mut connection: Box<dyn Connection>, queue: &Queue, notice: &Notice) {
    let _end = End(queue);
    loop {
        let batch = queue.take_batch();
        if batch.is_empty() {
            return;
        }
        commit(connection.as_mut(), batch, notice);
    }
}

/// However the writer ends, even by a panic: nobody waits for it for ever.
struct End<'a>(&'a Queue);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Commits a batch and tells everybody who waits. A crash before the commit loses only what nobody was told of; a crash
/// behind it, before the receipts, leaves entries whose callers never learnt it, which is what a crash means for them.
fn commit(connection: &mut dyn Connection, batch: Vec<Wanted>, notice: &Notice) {
    let mut outcomes = Vec::new();
    let mut head = Head::START;
    let committed = connection.transact(&mut |found| {
        let (row, planned, after) = plan(found, &batch);
        (outcomes, head) = (planned, after);
        row
    });
    match committed {
        Ok(()) => {
            notice.committed(head.position);
            batch.into_iter().zip(outcomes).for_each(|(wanted, outcome)| wanted.promise.fulfil(outcome));
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, calls = batch.len(), "journal: commit failed");
            let error = Arc::new(error);
            batch.into_iter().for_each(|wanted| wanted.promise.fulfil(Err(Arc::clone(&error))));
        }
    }
}

/// What a batch comes to on a given head. Conditional appends are judged in order, each on what those before it leave;
/// one that finds the head moved fails alone.
fn plan(head: Head, batch: &[Wanted]) -> (Option<Row>, Vec<Outcome>, Head) {
    let (entries, bytes) =
        batch.iter().fold((0, 0), |(entries, bytes), wanted| (entries + wanted.entries.len(), bytes + wanted.bytes));
    let mut maker = RowMaker::new(head, entries, bytes);
    let outcomes = batch
        .iter()
        .map(|wanted| {
            let found = maker.head().position;
            if let Some(expected) = wanted.expected
                && expected != found
            {
                return Err(Arc::new(JournalError::HeadMoved { expected, found }));
            }
            wanted.entries.iter().for_each(|entry| maker.add(entry));
            let Head { position, hash } = maker.head();
            Ok(Appended { first: found.plus(1), last: position, hash })
        })
        .collect();
    let after = maker.head();
    (maker.row(), outcomes, after)
}
