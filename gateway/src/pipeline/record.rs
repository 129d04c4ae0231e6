//! The audit entry. A write waits here until it is durable; a read goes on, and waits before anything is released
//! (promise P3).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use audit::{AuditError, Durable, Entry, EntryId, Pending};
use registry::Snapshot;

use super::decide::Permit;
use super::trace::Trace;
use crate::post::Brought;
use crate::refusal::Refusal;
use crate::worker::{Handle, Worker};

/// Proof: the permit is on record, or on its way there; [`Recorded::durable`] is the only way to the answer.
pub struct Recorded<P> {
    pub(super) permit: P,
    pub(super) entry: Entry,
    state: State,
    /// The trace hears of it should the entry not become durable.
    lost: Arc<AtomicBool>,
}

enum State {
    Pending(Brought<Pending>),
    Durable(Durable),
}

/// Records a permit.
///
/// # Errors
/// The entry of a write could not be made durable.
pub async fn record(worker: &Worker, permit: Permit, trace: &mut Trace) -> Result<Recorded<Permit>, Refusal> {
    // The trace knows the subject, because a permit holds one.
    let entry = trace.entry(None).ok_or(Refusal::AuditUnavailable)?;
    let pending = worker.record(&entry);
    trace.owes_outcome(worker, &permit.living.exchange.switch);
    let lost = trace.lost();
    let state = if permit.touches.writes() {
        State::Durable(pending.await.map_err(|error| was_lost(&lost, &error))?)
    } else {
        State::Pending(pending)
    };
    Ok(Recorded { permit, entry, state, lost })
}

fn was_lost(lost: &AtomicBool, error: &AuditError) -> Refusal {
    lost.store(true, Ordering::Relaxed);
    unavailable(error)
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
    pub(super) const fn durable(self) -> Opening<P> {
        Opening(Some(self))
    }
}

/// See [`Recorded::durable`]. A future of its own, since an async function would have room for what it is about twice.
pub(super) struct Opening<P>(Option<Recorded<P>>);

impl<P: Unpin> Future for Opening<P> {
    type Output = Result<(P, Entry, Durable), Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Asked once more after it was told, there is nothing to give out any more.
        let Some(Recorded { permit, entry, state, lost }) = self.0.take() else {
            return Poll::Ready(Err(Refusal::AuditUnavailable));
        };
        let durable = match state {
            State::Durable(durable) => durable,
            State::Pending(mut pending) => match Pin::new(&mut pending).poll(context) {
                Poll::Ready(told) => told.map_err(|error| was_lost(&lost, &error))?,
                Poll::Pending => {
                    self.0 = Some(Recorded { permit, entry, state: State::Pending(pending), lost });
                    return Poll::Pending;
                }
            },
        };
        Poll::Ready(Ok((permit, entry, durable)))
    }
}

/// Records that go out and that the entry does not name are durable before they do (promise P3); without any, nothing is
/// written.
///
/// # Errors
/// It could not be made durable: nothing may be released.
pub(super) async fn released(
    handle: &Handle,
    id: &EntryId,
    snapshot: &Snapshot,
    records: Vec<String>,
) -> Result<(), Refusal> {
    if records.is_empty() {
        return Ok(());
    }
    let (at, generation) = (handle.now(), snapshot.generation().get());
    let pending = handle.audit().release(&audit::Release { id: id.clone(), at, generation, records });
    handle.post().bring(pending).await.map(drop).map_err(|error| unavailable(&error))
}

/// What the client is told when the log fails; the cause goes to our own.
pub(super) fn unavailable(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "the audit entry could not be made durable; refused");
    Refusal::AuditUnavailable
}
