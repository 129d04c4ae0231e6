//! Look-ups at the store on behalf of one request. All that are needed are made, whatever one of them shows; each once,
//! however many entries of a transaction need it; a few at a time. How many there may be is counted by the words of the request
//! and charged to its subject before the first of them.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use audit::EntryId;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::header::{ACCEPT, ETAG};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use model::PersonId;
use records::{Head, LookUp, LookedUp, Need, RecordKind, StoredNeeded};
use tokio::time::timeout;

use super::admit;
use super::authenticate::Subject;
use super::extract::{refusal, unavailable, whole};
use super::forward::{asking, to_the_store};
use super::held::{Beyond, Held};
use super::trace::Trace;
use crate::bounds::{LOOK_UPS_AGAIN_SECONDS, LOOK_UPS_AT_ONCE_MAX, LOOK_UPS_MAX};
use crate::refusal::{Refusal, fault};
use crate::session::fresh_id;
use crate::store::errand::Errand;
use crate::store::going::StoreBody;
use crate::store::pool::StoreError;
use crate::worker::Worker;

/// Those of one request.
pub(super) struct LookUps<'w> {
    worker: &'w Worker,
    subject: &'w Subject,
    /// By target. None: the store fails this one, and not others; or it is beyond a bound of ours.
    made: HashMap<String, Option<Found>>,
    /// How many are paid for.
    paid: usize,
    /// Octets of all that were made.
    held: Held<'w>,
}

/// What came of a look-up.
enum LookedFor {
    Shown(Found),
    /// The store fails it: what that would be to the client if it were no secret that there is something to fail at.
    Failed(Refusal),
    /// The store does not fail it: it is more than we hold.
    Ours(Beyond),
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
        Self { worker, subject, made: HashMap::new(), paid: 1, held: held(worker, subject) }
    }

    /// Pays for all that the words of the request can cause, whether or not an index will save one.
    ///
    /// # Errors
    /// More than one request may cause; more than its subject may, or than there is room for, at this time.
    pub(super) fn pay_for_all(&mut self, needed: &[StoredNeeded]) -> Result<(), Refusal> {
        let named: HashSet<&str> = needed.iter().flat_map(StoredNeeded::look_ups).map(LookUp::target).collect();
        let further: usize = needed.iter().map(StoredNeeded::further).sum();
        let count = named.len().saturating_add(further);
        within(count)?;
        if count > 0 && self.held.keep(count).is_err() {
            return Err(Refusal::TooMany { limit: "look-ups", retry_after_seconds: LOOK_UPS_AGAIN_SECONDS });
        }
        self.pay_for(count)
    }

    fn pay_for(&mut self, count: usize) -> Result<(), Refusal> {
        within(count)?;
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
    /// than is paid for, or than there is room for.
    pub(super) async fn make(&mut self, needed: &[StoredNeeded], trace: &mut Trace) -> Result<(), Refusal> {
        let mut named = HashSet::new();
        let wanted: Vec<(&StoredNeeded, &LookUp)> = needed
            .iter()
            .flat_map(|needed| needed.look_ups().iter().map(move |one| (needed, one)))
            .filter(|(_, one)| !self.made.contains_key(one.target()) && named.insert(one.target()))
            .collect();
        self.pay_for(self.made.len().saturating_add(wanted.len()))?;
        self.keep_for(&wanted, trace)?;
        let (worker, subject, held, errand) = (self.worker, self.subject, &self.held, Errand::look_up(self.paid));
        let asked = wanted.iter().map(|(needed, one)| {
            let (target, accept) = (one.target(), needed.accept());
            async move { look_up(worker, subject, errand, target, accept, held).await }
        });
        let asked: Vec<_> = asked.collect();
        // In their order, whichever comes first.
        let mut answers = pin!(stream::iter(asked).buffered(LOOK_UPS_AT_ONCE_MAX));
        let mut probed: HashSet<&RecordKind> = HashSet::new();
        let mut made = Vec::with_capacity(wanted.len());
        for (needed, one) in wanted {
            let Some(answer) = answers.next().await else { break };
            let found = match answer? {
                LookedFor::Shown(found) => Some(found),
                LookedFor::Ours(beyond) => {
                    ours(beyond, one, trace);
                    None
                }
                LookedFor::Failed(failed) => {
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

    /// Those that the words named have their room. For the rest it depends on how much the store has said, so that lacking it is
    /// told as "not available".
    fn keep_for(&self, wanted: &[(&StoredNeeded, &LookUp)], trace: &mut Trace) -> Result<(), Refusal> {
        let Some((_, first)) = wanted.first() else { return Ok(()) };
        self.held.keep(wanted.len()).map_err(|beyond| {
            ours(beyond, first, trace);
            Refusal::NotAvailable
        })
    }

    /// Whether the store fails look-ups as such: asked for a record that nobody has, in the room for one more. Whether it fails must
    /// not depend on how much it has said.
    async fn fails_every(&self, needed: &StoredNeeded, failed: &LookUp) -> Result<bool, Refusal> {
        let nobodys = fresh_id().map_err(fault("no random octets"))?;
        let target = needed.probe(failed.record(), &nobodys);
        let errand = Errand::look_up(self.paid);
        let probed = look_up(self.worker, self.subject, errand, &target, needed.accept(), &self.held).await?;
        Ok(match probed {
            LookedFor::Shown(found) => {
                self.held.give_back(found.body.len());
                !matches!(found.status, 404 | 410)
            }
            LookedFor::Failed(_) => true,
            // It answered, if only at length.
            LookedFor::Ours(_) => false,
        })
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
///
/// # Errors
/// It is more than we hold, which is no fault of the store's.
pub(super) async fn leads_to(
    worker: &Worker,
    subject: &Subject,
    target: &str,
    persons: &[PersonId],
    incident: &EntryId,
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
                let held = held(worker, subject);
                match look_up(worker, subject, Errand::look_up(1), one.target(), needed.accept(), &held).await? {
                    LookedFor::Shown(found) => needed.read(&[found.shown()]),
                    LookedFor::Failed(_) => return Ok(false),
                    LookedFor::Ours(beyond) => {
                        logged(beyond, one, incident);
                        return Err(Refusal::NotAvailable);
                    }
                }
            }
            // Whatever would need more is nothing that a redirect leads to.
            Ok(_) | Err(_) => return Ok(false),
        };
    }
}

/// Asks the store.
///
/// # Errors
/// There is no room at the stores, or none has answered lately: that says nothing of the record.
async fn look_up(
    worker: &Worker,
    subject: &Subject,
    errand: Errand,
    target: &str,
    accept: &'static str,
    held: &Held<'_>,
) -> Result<LookedFor, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    let request = to_the_store(worker.shared(), subject, headers, &asking(target), whole(Bytes::new()))?;
    let answer = match worker.way().send(request, errand).await {
        Ok(answer) => answer,
        Err(error @ (StoreError::Busy | StoreError::Resting { .. })) => return Err(unavailable(&error)),
        Err(error) => return Ok(LookedFor::Failed(unavailable(&error))),
    };
    let status = answer.status().as_u16();
    if !matches!(status, 200 | 404 | 410) {
        tracing::warn!(status, "the store failed a look-up");
        return Ok(LookedFor::Failed(Refusal::StoreMisbehaves));
    }
    let etag = answer.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(match timeout(worker.way().timeouts().read.whole, read_all(answer.into_body(), held)).await {
        Ok(Ok(Ok(body))) => LookedFor::Shown(Found { status, etag, body }),
        Ok(Ok(Err(beyond))) => LookedFor::Ours(beyond),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store's answer to a look-up broke off");
            LookedFor::Failed(Refusal::StoreMisbehaves)
        }
        Err(_) => LookedFor::Failed(Refusal::StoreTimeout),
    })
}

/// Reads to the end, each piece counted as it comes: a store that answers with whole records where a part was asked for must not
/// fill the memory.
async fn read_all(mut body: StoreBody, held: &Held<'_>) -> Result<Result<Bytes, Beyond>, hyper::Error> {
    let mut reading = match held.begin() {
        Ok(reading) => reading,
        Err(beyond) => return Ok(Err(beyond)),
    };
    while let Some(frame) = body.frame().await {
        // Trailers are nothing that is looked up.
        let Ok(data) = frame?.into_data() else { continue };
        if let Err(beyond) = reading.add(&data) {
            return Ok(Err(beyond));
        }
    }
    Ok(Ok(reading.end()))
}

/// Nothing yet, of a request of this subject.
fn held<'w>(worker: &'w Worker, subject: &Subject) -> Held<'w> {
    Held::nothing(worker.held(), admit::look_ups_of(worker, subject))
}

fn within(count: usize) -> Result<(), Refusal> {
    if count <= LOOK_UPS_MAX {
        return Ok(());
    }
    let why = format!("more than {LOOK_UPS_MAX} records that have to be looked up; send it in parts");
    Err(Refusal::Unreadable(why.into()))
}

/// A look-up beyond a bound of ours is told as "not available": "too much at once" would tell that there is such a record. The
/// officer sees which bound it was.
fn ours(beyond: Beyond, one: &LookUp, trace: &mut Trace) {
    trace.beyond(beyond.on_record());
    logged(beyond, one, trace.id());
}

fn logged(beyond: Beyond, one: &LookUp, incident: &EntryId) {
    let (record, why) = (one.record(), beyond.on_record());
    tracing::warn!(%incident, %record, why, "a look-up is beyond a bound of ours; not available");
}
