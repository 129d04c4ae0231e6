//! What was deleted is marked on the order it was deleted under (art. 19-2). From when the store is asked until it is marked that
//! goes on in a task of its own: the client may leave, be cut off or be told of an error meanwhile, and the record is deleted
//! all the same. That marking fails never makes an error of what was done: it is tried again, and then the officer is told.

use std::sync::Arc;

use audit::{Alert, AlertKind, EntryId};
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Request, Response};
use model::{Action, Author, Office, RecordName, Timestamp, UserId};
use records::{AnswerKind, LookUp, Reader, Touches};
use registry::{Command, DeletionId, RegistryError, Snapshot};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::authenticate::Subject;
use super::extract::whole;
use super::forward::{asking, to_the_store};
use crate::bounds::{MARK_PAUSES, MARK_WAIT_MAX};
use crate::cut::live::LiveExchange;
use crate::refusal::Refusal;
use crate::store::errand::Errand;
use crate::store::going::StoreBody;
use crate::store::pool::{Body, StoreError};
use crate::worker::{Handle, Shared, Worker};

/// A record that is deleted, and an order that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    order: DeletionId,
    record: RecordName,
    /// How to learn whether it is gone.
    look_up: LookUp,
}

impl Ordered {
    /// All that a permitted request deletes, by the orders of the snapshot that it was decided on.
    ///
    /// # Errors
    /// It cannot be told which record is deleted, or how that one is looked up: what could not be marked is not deleted.
    pub(super) fn all(
        reader: &Reader,
        snapshot: &Snapshot,
        touches: &Touches,
        user_id: &UserId,
        at: Timestamp,
    ) -> Result<Vec<Self>, Refusal> {
        let mut all: Vec<Self> = Vec::new();
        for claim in touches.claims().filter(|claim| claim.action == Action::Delete) {
            let unclear = || {
                tracing::error!(record = ?claim.record, "which record would be deleted cannot be told; refused");
                Refusal::Fault
            };
            let record = claim.record.as_ref().ok_or_else(unclear)?;
            let named = touches.records.iter().find(|one| one.to_string() == record.as_str());
            let look_up = named.and_then(|one| reader.look_up(one)).ok_or_else(unclear)?;
            for person in &claim.persons {
                let orders = snapshot.deletion_orders(person, Some(record), user_id, at);
                let ordered = |id: DeletionId| Self { order: id, record: record.clone(), look_up: look_up.clone() };
                all.extend(orders.map(|order| ordered(order.id)));
            }
        }
        Ok(all)
    }
}

/// A deletion under orders that goes to the store.
pub(super) struct Deletion {
    handle: Handle,
    shared: Arc<Shared>,
    subject: Arc<Subject>,
    exchange: Arc<LiveExchange>,
    /// A transaction: answered with 200 it was carried out, but what became of each entry is another question.
    several: bool,
    /// A drain waits for it.
    _open: Arc<()>,
}

/// How the store's part of it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Clearly refused, or never sent.
    NotDone,
    Deleted,
    /// It may be deleted or not.
    Unclear,
}

impl Deletion {
    pub(super) fn of(worker: &Worker, subject: &Arc<Subject>, exchange: &Arc<LiveExchange>, touches: &Touches) -> Self {
        Self {
            handle: Handle::of(worker),
            shared: worker.share(),
            subject: Arc::clone(subject),
            exchange: Arc::clone(exchange),
            several: matches!(touches.answer, AnswerKind::Transaction(_)),
            _open: worker.hold_open(),
        }
    }

    /// Sends, and marks; both go on if nobody waits for the answer any more. The answer comes behind the first try to mark, so
    /// that whoever deletes the same once more is answered by what the order says now.
    pub(super) fn send(
        self,
        request: Request<Body>,
        errand: Errand,
        ordered: Vec<Ordered>,
        entry: &EntryId,
    ) -> oneshot::Receiver<Result<Response<StoreBody>, StoreError>> {
        let all = ordered.into_iter().map(|ordered| Owing { ordered, state: State::Unclear }).collect();
        let owed = Owed { shared: Arc::clone(&self.shared), request: entry.clone(), all };
        let (tell, told) = oneshot::channel();
        drop(tokio::spawn(self.carry_through(request, errand, owed, tell)));
        told
    }

    async fn carry_through(
        self,
        request: Request<Body>,
        errand: Errand,
        mut owed: Owed,
        tell: oneshot::Sender<Result<Response<StoreBody>, StoreError>>,
    ) {
        let answer = self.handle.way().send(request, errand).await;
        match end(&answer, self.several) {
            End::NotDone => owed.all.clear(),
            End::Deleted => owed.all.iter_mut().for_each(|owing| owing.state = State::Deleted),
            End::Unclear => {
                let status = answer.as_ref().map(Response::status);
                tracing::warn!(incident = %owed.request, ?status, "what was deleted has to be looked up");
            }
        }
        if timeout(MARK_WAIT_MAX, self.settle(&mut owed)).await.is_err() {
            tracing::warn!("marking a deletion takes long; it goes on without its client");
        }
        // Nobody may be waiting any more.
        let _ = tell.send(answer);
        for pause in MARK_PAUSES {
            if !owed.all.iter().any(Owing::is_open) {
                return;
            }
            sleep(pause).await;
            self.settle(&mut owed).await;
        }
    }

    /// One try for all that is open. Given up halfway, it may be begun anew: marking twice is marking once.
    async fn settle(&self, owed: &mut Owed) {
        for owing in &mut owed.all {
            // One that is still there may be on its way out: it is looked up again.
            if owing.state == State::Unclear && self.is_gone(&owing.ordered.look_up).await {
                owing.state = State::Deleted;
            }
            if owing.state == State::Deleted {
                self.exchange.has_deleted();
                owing.state = self.mark(&owing.ordered, &owed.request).await;
            }
        }
    }

    /// Whether the store says that there is no such record any more.
    async fn is_gone(&self, look_up: &LookUp) -> bool {
        let asked = asking(look_up.target());
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(look_up.accept()))]);
        let Ok(request) = to_the_store(&self.shared, &self.subject, headers, &asked, whole(Bytes::new())) else {
            return false;
        };
        let answer = self.handle.way().send(request, Errand::look_up(1)).await;
        answer.is_ok_and(|answer| matches!(answer.status().as_u16(), 404 | 410))
    }

    /// One try, off the worker's thread.
    async fn mark(&self, ordered: &Ordered, request: &EntryId) -> State {
        let Ordered { order, record, .. } = ordered;
        let command = Command::MarkDeleted { order: *order, record: record.clone(), request: request.to_string() };
        let shared = Arc::clone(&self.shared);
        let marked = tokio::task::spawn_blocking(move || {
            shared.registry.execute(command, Author::new(Office::System, "gateway"), (shared.clock)())
        });
        match marked.await {
            Ok(Ok(_)) => State::Marked,
            Ok(Err(error)) => {
                let refused = matches!(error, RegistryError::Refused(_));
                tracing::warn!(%error, refused, %order, %record, "a deletion was not marked");
                // The registry will say no again.
                if refused { State::Refused } else { State::Deleted }
            }
            Err(error) => {
                tracing::error!(%error, %order, %record, "marking a deletion ended early");
                State::Deleted
            }
        }
    }
}

fn end(answer: &Result<Response<StoreBody>, StoreError>, several: bool) -> End {
    let status = match answer {
        Ok(answer) => answer.status().as_u16(),
        Err(error) if error.is_unsent() => return End::NotDone,
        Err(_) => return End::Unclear,
    };
    match status {
        200 | 204 if !several => End::Deleted,
        // It took too long to arrive, or so the store says.
        408 => End::Unclear,
        400..=499 => End::NotDone,
        _ => End::Unclear,
    }
}

/// What has to be marked. However this ends: of what is not marked by then, the officer is told.
struct Owed {
    shared: Arc<Shared>,
    request: EntryId,
    all: Vec<Owing>,
}

struct Owing {
    ordered: Ordered,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It may be deleted or not.
    Unclear,
    /// Deleted, and not marked.
    Deleted,
    Marked,
    /// The registry does not take the mark.
    Refused,
}

impl Owing {
    fn is_open(&self) -> bool {
        matches!(self.state, State::Unclear | State::Deleted)
    }

    /// What the officer is told.
    fn seen(&self) -> Option<String> {
        let Ordered { order, record, .. } = &self.ordered;
        match self.state {
            State::Marked => None,
            State::Unclear => Some(format!("{record} under order {order}: not known whether it is deleted")),
            State::Deleted | State::Refused => Some(format!("{record} under order {order}")),
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let seen: Vec<String> = self.all.iter().filter_map(Owing::seen).collect();
        if seen.is_empty() {
            return;
        }
        tracing::error!(incident = %self.request, ?seen, "what was deleted could not be marked on its order");
        let count = u64::try_from(seen.len()).unwrap_or(u64::MAX);
        let (at, kind) = ((self.shared.clock)(), AlertKind::DeletionNotMarked);
        self.shared.audit.alert(&Alert { id: self.request.clone(), at, kind, seen, count });
    }
}
