//! What was deleted is marked on the order it was deleted under (art. 19-2), behind the store's answer. That it fails never
//! makes an error of what was done: it is tried again, and then the officer is told.

use std::sync::Arc;

use audit::{Alert, AlertKind, EntryId};
use model::{Action, Author, Office, RecordName, Timestamp, UserId};
use records::Touches;
use registry::{Command, DeletionId, RegistryError, Snapshot};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::bounds::{MARK_PAUSES, MARK_WAIT_MAX};
use crate::worker::{Shared, Worker};

/// A record that is deleted, and an order that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    order: DeletionId,
    record: RecordName,
}

impl Ordered {
    /// All that a permitted request deletes, by the orders of the snapshot that it was decided on.
    pub(super) fn all(snapshot: &Snapshot, touches: &Touches, user_id: &UserId, at: Timestamp) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for claim in touches.claims().filter(|claim| claim.action == Action::Delete) {
            // What a claim does not name, the target does.
            let target = || touches.records.first().and_then(|record| RecordName::new(&record.to_string()).ok());
            let Some(record) = claim.record.clone().or_else(target) else { continue };
            for person in &claim.persons {
                let orders = snapshot.deletion_orders(person, claim.record.as_ref(), user_id, at);
                all.extend(orders.map(|order| Self { order: order.id, record: record.clone() }));
            }
        }
        all
    }
}

/// Marks. Waits for the first try, so that whoever deletes the same once more is answered by what the order says now.
///
/// What goes on here does not end with the client's request: it may be gone already.
pub(super) async fn marked(worker: &Worker, ordered: Vec<Ordered>, request: &EntryId) {
    let (shared, request) = (worker.share(), request.clone());
    let (tried, first) = oneshot::channel();
    drop(tokio::task::spawn_blocking(move || until_marked(&shared, &ordered, &request, tried)));
    if timeout(MARK_WAIT_MAX, first).await.is_err() {
        tracing::warn!("marking a deletion takes long; it goes on without its client");
    }
}

fn until_marked(shared: &Arc<Shared>, ordered: &[Ordered], request: &EntryId, tried: oneshot::Sender<()>) {
    let mut left: Vec<&Ordered> = ordered.iter().collect();
    left.retain(|one| !mark(shared, one, request));
    // Nobody may be waiting any more.
    let _ = tried.send(());
    for pause in MARK_PAUSES {
        if left.is_empty() {
            return;
        }
        std::thread::sleep(pause);
        left.retain(|one| !mark(shared, one, request));
    }
    if left.is_empty() {
        return;
    }
    let seen: Vec<String> = left.iter().map(|one| format!("{} under order {}", one.record, one.order)).collect();
    tracing::error!(incident = %request, ?seen, "what was deleted could not be marked on its order");
    let count = u64::try_from(seen.len()).unwrap_or(u64::MAX);
    let (at, kind) = ((shared.clock)(), AlertKind::DeletionNotMarked);
    shared.audit.alert(&Alert { id: request.clone(), at, kind, seen, count });
}

/// One try. True: it is marked.
fn mark(shared: &Shared, Ordered { order, record }: &Ordered, request: &EntryId) -> bool {
    let command = Command::MarkDeleted { order: *order, record: record.clone(), request: request.to_string() };
    let marked = shared.registry.execute(command, Author::new(Office::System, "gateway"), (shared.clock)());
    if let Err(error) = &marked {
        let refused = matches!(error, RegistryError::Refused(_));
        tracing::warn!(%error, refused, %order, %record, "a deletion was not marked");
    }
    marked.is_ok()
}
