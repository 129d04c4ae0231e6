//! The audit entry. A write waits here until it is durable; a read goes on, and waits before anything is released
//! (promise P3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audit::{Audit, Durable, Entry, EntryId, Pending};
use model::Timestamp;
use registry::Snapshot;

use super::decide::Permit;
use super::trace::Trace;
use crate::refusal::Refusal;
use crate::worker::Worker;

/// Proof: the permit is on record, or on its way there; [`Recorded::durable`] is the only way to the answer.
pub struct Recorded<P> {
    pub(super) permit: P,
    pub(super) entry: Entry,
    state: State,
    /// The trace hears of it should the entry not become durable.
    lost: Arc<AtomicBool>,
}

enum State {
    Pending(Pending),
    Durable(Durable),
}

/// Records a permit.
///
/// # Errors
/// The entry of a write could not be made durable.
pub async fn record(worker: &Worker, permit: Permit, trace: &mut Trace) -> Result<Recorded<Permit>, Refusal> {
    // The trace knows the subject, because a permit holds one.
    let entry = trace.entry(None).ok_or(Refusal::AuditUnavailable)?;
    let pending = worker.audit().record(&entry);
    trace.owes_outcome(worker, &permit.living.exchange.switch);
    let lost = trace.lost();
    let state = if permit.touches.writes() {
        State::Durable(State::Pending(pending).durable(&lost).await?)
    } else {
        State::Pending(pending)
    };
    Ok(Recorded { permit, entry, state, lost })
}

impl State {
    async fn durable(self, lost: &AtomicBool) -> Result<Durable, Refusal> {
        match self {
            Self::Durable(durable) => Ok(durable),
            Self::Pending(pending) => pending.await.map_err(|error| {
                lost.store(true, Ordering::Relaxed);
                unavailable(&error)
            }),
        }
    }
}

impl<P> Recorded<P> {
    /// Takes something out of what is on record; the rest stays so.
    pub(super) fn split<Q, R>(self, split: impl FnOnce(P) -> (R, Q)) -> (R, Recorded<Q>) {
        let (taken, permit) = split(self.permit);
        (taken, Recorded { permit, entry: self.entry, state: self.state, lost: self.lost })
    }

    /// Waits until the entry is durable and gives out what it was about.
    ///
    /// # Errors
    /// It could not be made durable: nothing may be released.
    pub(super) async fn durable(self) -> Result<(P, Entry, Durable), Refusal> {
        let durable = self.state.durable(&self.lost).await?;
        Ok((self.permit, self.entry, durable))
    }
}

/// Records that go out and that the entry does not name are durable before they do (promise P3); without any, nothing is
/// written.
///
/// # Errors
/// It could not be made durable: nothing may be released.
pub(super) async fn released(
    audit: &Audit,
    id: &EntryId,
    at: Timestamp,
    snapshot: &Snapshot,
    records: Vec<String>,
) -> Result<(), Refusal> {
    if records.is_empty() {
        return Ok(());
    }
    let release = audit::Release { id: id.clone(), at, generation: snapshot.generation().get(), records };
    audit.release(&release).await.map(drop).map_err(|error| unavailable(&error))
}

/// What the client is told when the log fails; the cause goes to our own.
pub(super) fn unavailable(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "the audit entry could not be made durable; refused");
    Refusal::AuditUnavailable
}
