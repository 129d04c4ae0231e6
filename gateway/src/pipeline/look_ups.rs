//! Look-ups at the store on behalf of one request. All that are needed are made, whatever one of them shows; each once,
//! however many entries of a transaction need it; a few at a time. How many there may be is counted by the words of the request
//! and charged to its subject before the first of them.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream;
use http::header::{ACCEPT, ETAG};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use model::PersonId;
use records::{Head, LookUp, LookedUp, Need, RecordKind, StoredNeeded};
use tokio::time::timeout;

use super::admit;
use super::authenticate::Subject;
use super::extract::{refusal, unavailable, whole};
use super::forward::{asking, to_the_store};
use super::held::Held;
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
    /// Octets of all that were made.
    held: Held<'w>,
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
        Self { worker, subject, made: HashMap::new(), paid: 1, held: Held::nothing(worker.held()) }
    }

    /// Pays for all that the words of the request can cause, whether or not an index will save one.
    ///
    /// # Errors
    /// More than one request may cause; more than its subject may, or than there is room for, at this time.
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
        if count > 0 && !self.held.keep(count) {
            return Err(Refusal::TooMany { limit: "look-ups", retry_after_seconds: 1 });
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
        let held = Held::one_more(self.worker.held());
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
                let held = Held::one_more(worker.held());
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
    held: &Held<'_>,
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
    let room = LOOK_UPS_BYTES_MAX.saturating_sub(held.bytes()).min(ANSWER_READ_BYTES_MAX);
    let body = timeout(STORE_READ_MAX, read_all(Limited::new(answer.into_body(), room), held)).await;
    Ok(match body {
        Ok(Ok(Some(body))) => Ok(Found { status, etag, body }),
        // Likewise, and told as that: "too much at once" would tell that there is such a record.
        Ok(Ok(None)) => {
            tracing::warn!("the look-ups of all requests hold too much");
            Err(Refusal::NotAvailable)
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

/// Reads to the end, each piece counted as it comes. None: there is no room for it.
async fn read_all(mut body: Limited<Incoming>, held: &Held<'_>) -> Result<Option<Bytes>, BoxError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are nothing that is looked up.
        let Ok(data) = frame?.into_data() else { continue };
        if !held.add(data.len()) {
            return Ok(None);
        }
        read.extend_from_slice(&data);
    }
    Ok(Some(read.freeze()))
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
