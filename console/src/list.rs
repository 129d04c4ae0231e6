//! The revocation list on the shelf, whole and in shards: what changed is built anew at each revocation, everything every
//! hour; handed out as it stands. Shards do not wait for the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ca::{Crl, RecordedNumber, Responder, Shard, Status};
use model::SerialNumber;
use registry::TaskId;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Clock;
use crate::bounds::{Bounds, RETRY_MAX};

/// Builds and signs what says which certificates are revoked now. Given by the composition: it holds the key and the
/// registry. All of it may block.
pub trait ListSource: Send + Sync + 'static {
    /// The next number, for so many lists: durable before any of them is signed, and larger than every one before it.
    ///
    /// # Errors
    /// It could not be recorded, so nothing is signed.
    fn number(&self, lists: usize) -> Result<RecordedNumber, ListError>;

    /// The whole list, with this number.
    ///
    /// # Errors
    /// It could not be built; the old one stays on the shelf until it runs out.
    fn build(&self, number: &RecordedNumber) -> Result<Crl, ListError>;

    /// These shards of it, each with this number.
    ///
    /// # Errors
    /// As [`Self::build`].
    fn shards(&self, wanted: &BTreeSet<Shard>, number: &RecordedNumber) -> Result<Built, ListError>;

    /// Shards with this number lie on the shelf: everybody can read of these revocations from here on.
    fn shelved(&self, told: Vec<TaskId>, number: &RecordedNumber);

    /// What is known of a certificate now.
    ///
    /// # Errors
    /// Just now nothing is known for sure.
    fn status(&self, serial: &SerialNumber) -> Result<Status, ListError>;

    /// A new delegate that signs answers about it.
    ///
    /// # Errors
    /// It could not be certified.
    fn responder(&self) -> Result<Responder, ListError>;
}

/// Shards, and whose revocations they are the first to tell of.
#[derive(Debug)]
pub struct Built {
    /// Each shard that was wanted.
    pub shards: BTreeMap<Shard, Crl>,
    /// Tasks of confirmation whose certificates all stand on them.
    pub told: Vec<TaskId>,
}

/// Why there is no new list, or no answer.
#[derive(Debug, thiserror::Error)]
#[error("the status of certificates could not be told")]
pub struct ListError(#[source] Box<dyn Error + Send + Sync>);

impl ListError {
    /// From whatever went wrong.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

fn with_causes(error: &ListError) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(because) = cause {
        text.push_str(": ");
        text.push_str(&because.to_string());
        cause = because.source();
    }
    text
}

/// Asks for new lists. Cheap, never blocks, safe to call from the registry's listeners; many calls at once make one list.
#[derive(Clone, Debug)]
pub struct Rebuild(Arc<[Weak<Shelf>]>);

impl Rebuild {
    pub(crate) fn new<'a>(shelves: impl Iterator<Item = &'a Arc<Shelf>>) -> Self {
        Self(shelves.map(Arc::downgrade).collect())
    }

    /// These certificates were revoked. What is asked for together is built together, under one number.
    pub fn ask(&self, revoked: &[SerialNumber]) {
        for shelf in self.0.iter().filter_map(Weak::upgrade) {
            shelf.lock().wanted.extend(revoked.iter().map(Shard::of));
            shelf.shards_woken.notify_one();
            shelf.whole_woken.notify_one();
        }
    }
}

/// The lists as they stand, and who builds the next.
pub(crate) struct Shelf {
    source: Arc<dyn ListSource>,
    clock: Clock,
    shards_woken: Notify,
    whole_woken: Notify,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    whole: Option<Arc<Crl>>,
    shards: BTreeMap<Shard, Arc<Crl>>,
    /// Shards that say less than is known.
    wanted: BTreeSet<Shard>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shelf({:?})", self.lock().whole.as_ref().map(|list| list.number()))
    }
}

impl Shelf {
    pub(crate) fn new(source: Arc<dyn ListSource>, clock: Clock) -> Self {
        let (shards_woken, whole_woken) = (Notify::new(), Notify::new());
        Self { source, clock, shards_woken, whole_woken, kept: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list, unless there is none or it has run out: who gets an old list may let a lost terminal in.
    pub(crate) fn current(&self) -> Option<Arc<Crl>> {
        let whole = self.lock().whole.clone();
        whole.filter(|list| (self.clock)() < list.next_update())
    }

    /// The same for a shard.
    pub(crate) fn current_shard(&self, shard: Shard) -> Option<Arc<Crl>> {
        let kept = self.lock().shards.get(&shard).cloned();
        kept.filter(|list| (self.clock)() < list.next_update())
    }

    /// Nothing is missing and nothing has run out.
    pub(crate) fn is_complete(&self) -> bool {
        self.current().is_some() && Shard::all().all(|shard| self.current_shard(shard).is_some())
    }

    fn build_shards(&self, shards: &BTreeSet<Shard>) -> Result<(), ListError> {
        if shards.is_empty() {
            return Ok(());
        }
        let number = self.source.number(shards.len())?;
        let Built { shards, told } = self.source.shards(shards, &number)?;
        self.lock().shards.extend(shards.into_iter().map(|(shard, list)| (shard, Arc::new(list))));
        self.source.shelved(told, &number);
        Ok(())
    }

    fn build_whole(&self) -> Result<(), ListError> {
        let number = self.source.number(1)?;
        let whole = self.source.build(&number)?;
        self.lock().whole = Some(Arc::new(whole));
        Ok(())
    }

    /// Builds for ever. Shards are what certificates name, and do not wait for the whole, however long that has become.
    pub(crate) async fn keep(self: Arc<Self>, bounds: Bounds) {
        let whole = Self::keep_building(&self, bounds, &self.whole_woken, |_, _| (), |shelf, ()| shelf.build_whole());
        let take = |shelf: &Self, all: bool| {
            let mut wanted = std::mem::take(&mut shelf.lock().wanted);
            wanted.extend(Shard::all().filter(|_| all));
            wanted
        };
        let shards = Self::keep_building(&self, bounds, &self.shards_woken, take, |shelf, wanted| {
            let built = shelf.build_shards(&wanted);
            if built.is_err() {
                shelf.lock().wanted.extend(wanted);
            }
            built
        });
        tokio::join!(shards, whole);
    }

    /// One loop. What is asked for while it builds leads to one more round: nothing is missed. `take` is told whether everything
    /// is due.
    async fn keep_building<W: Send + 'static>(
        shelf: &Arc<Self>,
        bounds: Bounds,
        woken: &Notify,
        take: impl Fn(&Self, bool) -> W,
        build: fn(&Self, W) -> Result<(), ListError>,
    ) {
        let (mut all_due, mut retry) = (Instant::now(), bounds.list_retry);
        let mut told = None;
        loop {
            let all = Instant::now() >= all_due;
            let wanted = take(shelf, all);
            let own = Arc::clone(shelf);
            let built = tokio::task::spawn_blocking(move || build(&own, wanted)).await;
            // Each try takes a number: one that goes on failing is tried less and less often.
            let pause = if matches!(built, Ok(Ok(()))) { bounds.list_retry } else { retry };
            retry = if matches!(built, Ok(Ok(()))) { pause } else { pause.saturating_mul(2).min(RETRY_MAX) };
            let next = match built {
                Ok(Ok(())) => {
                    if told.take().is_some() {
                        tracing::info!("there are new revocation lists again");
                    }
                    if all {
                        all_due = Instant::now() + bounds.list_every;
                    }
                    all_due
                }
                Ok(Err(error)) => {
                    // Whoever reads the log is told once of each thing that is wrong, and not at every try.
                    let why = with_causes(&error);
                    if told.as_ref() != Some(&why) {
                        tracing::error!(error = %why, "no new revocation list; the old one stays; tried again in silence");
                        told = Some(why);
                    }
                    Instant::now() + pause
                }
                // The source panicked: a bug, but the list must go on, and with everything.
                Err(error) => {
                    tracing::error!(error = %error, "building the revocation list broke off; the old one stays");
                    all_due = Instant::now();
                    Instant::now() + pause
                }
            };
            // Either is a reason to build: a revocation, or the hour.
            let _ = tokio::time::timeout_at(next, woken.notified()).await;
        }
    }
}
