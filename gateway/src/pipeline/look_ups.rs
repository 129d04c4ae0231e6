//! Look-ups at the store on behalf of one request. All that are needed are made, whatever one of them shows; each once,
//! however many entries of a transaction need it; a few at a time. How many there may be is counted by the words of the request
//! and charged to its subject before the first of them.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::header::{ACCEPT, ETAG};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use model::PersonId;
use records::{Head, LookUp, LookedUp, Need, RecordKind, StoredNeeded};
use tokio::time::timeout;

use super::admit;
use super::authenticate::Subject;
use super::extract::{refusal, unavailable, whole};
use super::forward::{asking, to_the_store};
use crate::bounds::{
    ANSWER_READ_BYTES_MAX, LOOK_UPS_AT_ONCE_MAX, LOOK_UPS_BYTES_MAX, LOOK_UPS_MAX, STORE_ANSWER_MAX, STORE_READ_MAX,
};
use crate::refusal::{Refusal, fault};
use crate::session::fresh_id;
use crate::worker::Worker;

/// Those of one request.
pub(super) struct LookUps<'w> {
    worker: &'w Worker,
    subject: &'w Subject,
    /// By target. None: the store fails this one, and not others.
    made: HashMap<String, Option<Found>>,
    /// How many are paid for.
    paid: usize,
    /// Bytes of all that were made.
    held: AtomicUsize,
}

/// What the store answered: there or not, under which entity tag.
struct Found {
    status: u16,
    etag: Option<String>,
    body: Bytes,
}

impl Found {
    fn shown(&self) -> LookedUp<'_> {
        LookedUp { status: self.status, etag: self.etag.as_deref(), body: &self.body }
    }
}

impl<'w> LookUps<'w> {
    /// None yet. The first is paid for with the request.
    pub(super) fn of(worker: &'w Worker, subject: &'w Subject) -> Self {
        Self { worker, subject, made: HashMap::new(), paid: 1, held: AtomicUsize::new(0) }
    }

    /// Pays for all that the words of the request can cause, whether or not an index will save one.
    ///
    /// # Errors
    /// More than one request may cause; more than its subject may, at this time.
    pub(super) fn pay_for_all(&mut self, needed: &[StoredNeeded]) -> Result<(), Refusal> {
        let named: HashSet<&str> = needed.iter().flat_map(StoredNeeded::look_ups).map(LookUp::target).collect();
        let further: usize = needed.iter().map(StoredNeeded::further).sum();
        self.pay_for(named.len().saturating_add(further))
    }

    fn pay_for(&mut self, count: usize) -> Result<(), Refusal> {
        if count > LOOK_UPS_MAX {
            let why = format!("more than {LOOK_UPS_MAX} records that have to be looked up; send it in parts");
            return Err(Refusal::Unreadable(why));
        }
        let more = u32::try_from(count.saturating_sub(self.paid)).unwrap_or(u32::MAX);
        if more > 0 {
            admit::look_ups(self.worker, self.subject, more)?;
            self.paid = count;
        }
        Ok(())
    }

    /// Makes those that are not made yet.
    ///
    /// # Errors
    /// The store fails every look-up. Of what a patch makes of a record, which its own words do not say, there may also be more
    /// than is paid for.
    pub(super) async fn make(&mut self, needed: &[StoredNeeded]) -> Result<(), Refusal> {
        let mut named = HashSet::new();
        let wanted: Vec<(&StoredNeeded, &LookUp)> = needed
            .iter()
            .flat_map(|needed| needed.look_ups().iter().map(move |one| (needed, one)))
            .filter(|(_, one)| !self.made.contains_key(one.target()) && named.insert(one.target()))
            .collect();
        self.pay_for(self.made.len().saturating_add(wanted.len()))?;
        let (worker, subject, held) = (self.worker, self.subject, &self.held);
        let asked = wanted.iter().map(|(needed, one)| {
            let (target, accept) = (one.target(), needed.accept());
            async move { look_up(worker, subject, target, accept, held).await }
        });
        let asked: Vec<_> = asked.collect();
        // In their order, whichever comes first.
        let mut answers = pin!(stream::iter(asked).buffered(LOOK_UPS_AT_ONCE_MAX));
        let mut probed: HashSet<&RecordKind> = HashSet::new();
        let mut made = Vec::with_capacity(wanted.len());
        for (needed, one) in wanted {
            let Some(answer) = answers.next().await else { break };
            let found = match answer? {
                Ok(found) => Some(found),
                Err(failed) => {
                    // A store that fails this one only would tell by it that there is such a record.
                    if probed.insert(&one.record().kind) && self.fails_every(needed, one).await? {
                        return Err(failed);
                    }
                    let record = one.record();
                    tracing::error!(%record, ?failed, "the store fails look-ups of this record, and not of others");
                    None
                }
            };
            made.push((one.target().to_owned(), found));
        }
        self.made.extend(made);
        Ok(())
    }

    /// Whether the store fails look-ups as such: asked for a record that nobody has.
    async fn fails_every(&self, needed: &StoredNeeded, failed: &LookUp) -> Result<bool, Refusal> {
        let nobodys = fresh_id().map_err(fault("no random octets"))?;
        let target = needed.probe(failed.record(), &nobodys);
        // With room of its own: whether the store fails must not depend on how much it has said.
        let held = AtomicUsize::new(0);
        let probed = look_up(self.worker, self.subject, &target, needed.accept(), &held).await?;
        Ok(!matches!(probed, Ok(Found { status: 404 | 410, .. })))
    }

    /// Reads what was shown, and remembers whose it is where that may be.
    ///
    /// # Errors
    /// It is not available, or the store failed it.
    pub(super) fn read(&self, needed: StoredNeeded) -> Result<Need, Refusal> {
        let found = |one: &LookUp| Some(self.made.get(one.target())?.as_ref()?.shown());
        let shown: Option<Vec<LookedUp<'_>>> = needed.look_ups().iter().map(found).collect();
        let shown = shown.ok_or(Refusal::NotAvailable)?;
        let (record, tells) = (needed.record().clone(), needed.cacheable());
        let next = needed.read(&shown).map_err(refusal)?;
        if let Need::Done(touches) = &next
            && tells
            && !touches.main().sensitive
        {
            self.worker.index().learn(&record, &touches.persons());
        }
        Ok(next)
    }
}

/// Whether a redirect of a mapped store leads to a record of one of these persons: read as its client would ask for it, and
/// looked up. Whoever has written by right must not be shown to somebody else's record for it.
pub(super) async fn leads_to(
    worker: &Worker,
    subject: &Subject,
    target: &str,
    persons: &[PersonId],
) -> Result<bool, Refusal> {
    let mut need = worker.reader().read_head(&Head { method: "GET", target, headers: &[] });
    loop {
        need = match need {
            Ok(Need::Done(touches)) => {
                let led_to = touches.persons();
                return Ok(!led_to.is_empty() && led_to.iter().all(|person| persons.contains(person)));
            }
            Ok(Need::Stored(needed)) => {
                let [one] = needed.look_ups() else { return Ok(false) };
                let held = AtomicUsize::new(0);
                match look_up(worker, subject, one.target(), needed.accept(), &held).await? {
                    Ok(found) => needed.read(&[found.shown()]),
                    Err(_) => return Ok(false),
                }
            }
            // Whatever would need more is nothing that a redirect leads to.
            Ok(_) | Err(_) => return Ok(false),
        };
    }
}

/// Asks the store. The inner error is the store's failing of this look-up: what it would be to the client if it were no
/// secret that there is something to fail at.
async fn look_up(
    worker: &Worker,
    subject: &Subject,
    target: &str,
    accept: &'static str,
    held: &AtomicUsize,
) -> Result<Result<Found, Refusal>, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    let request = to_the_store(worker.shared(), subject, headers, &asking(target), whole(Bytes::new()))?;
    let answer = match worker.pool().send(request, STORE_ANSWER_MAX).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(unavailable(&error))),
    };
    let status = answer.status().as_u16();
    if !matches!(status, 200 | 404 | 410) {
        tracing::warn!(status, "the store failed a look-up");
        return Ok(Err(Refusal::StoreMisbehaves));
    }
    let etag = answer.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // A store that answers with whole records where a part was asked for must not fill the memory.
    let room = LOOK_UPS_BYTES_MAX.saturating_sub(held.load(Ordering::Relaxed)).min(ANSWER_READ_BYTES_MAX);
    let body = timeout(STORE_READ_MAX, Limited::new(answer.into_body(), room).collect()).await;
    Ok(match body {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            held.fetch_add(body.len(), Ordering::Relaxed);
            Ok(Found { status, etag, body })
        }
        // Our bound, and no failing of the store's.
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            tracing::warn!(room, "the store's answers to the look-ups of a request are too large");
            Err(Refusal::NotAvailable)
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store's answer to a look-up broke off");
            Err(Refusal::StoreMisbehaves)
        }
        Err(_) => Err(Refusal::StoreTimeout),
    })
}
