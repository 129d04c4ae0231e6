//! A worker: one thread, one current-thread runtime, its own listening socket, its own way to the stores.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audit::{Audit, Entry, EntryId, Pending};
use http::HeaderMap;
use model::Timestamp;
use registry::{Registry, Snapshot, Vault};
use rustls::pki_types::CertificateDer;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::attributions::{self, Attributions};
use crate::balancer::Balancers;
use crate::bounds::{DRAIN_MAX, REGISTRY_SILENCE_MAX};
use crate::cut::live::Live;
use crate::gate::emergency::Declarations;
use crate::gate::guessing::Guessing;
use crate::index::Index;
use crate::isolated::Portal;
use crate::judge::Judge;
use crate::pages::{self, Frame, Place};
use crate::pieces::Pieces;
use crate::pipeline::admit::{Limits, Rates};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::held::HeldPool;
use crate::pipeline::taken::Waiting;
use crate::pipeline::trace::Trace;
use crate::pipeline::turns::Turns;
use crate::post::{Brought, Post};
use crate::refusal::Refusal;
use crate::session::{Sealer, SessionLimits};
use crate::source::Sources;
use crate::store::identity::{self, Asker, Identity};
use crate::store::stores::Stores;
use crate::store::way::Way;
use crate::tls::device::Presented;
use crate::tls::external::Externals;
use crate::tls::hosts::Host;
use crate::tls::hosts::Hosts;
use crate::tls::readings::Readings;
use crate::tls::verifier::Strictness;
use crate::{Clock, accept};

/// What all workers share.
pub struct Shared {
    pub(crate) registry: Registry,
    pub(crate) vault: Vault,
    pub(crate) audit: Audit,
    pub(crate) judge: Judge,
    pub(crate) live: Arc<Live>,
    pub(crate) hosts: Hosts,
    pub(crate) balancers: Balancers,
    pub(crate) readings: Arc<Readings>,
    pub(crate) externals: Arc<Externals>,
    pub(crate) sealer: Sealer,
    pub(crate) identity: Identity,
    pub(crate) session_limits: SessionLimits,
    pub(crate) guessing: Guessing,
    pub(crate) declarations: Declarations,
    pub(crate) clock: Clock,
    pub(crate) desk: pages::Desk,
    pub(crate) records_app: Option<pages::RecordsApp>,
    pub(crate) reader: records::Reader,
    pub(crate) strictness: Strictness,
    /// The drain's time is over: what ends now ends with the gateway.
    pub(crate) stopped: AtomicBool,
    /// Shared, so that what one worker learns to be otherwise no other goes on believing.
    pub(crate) index: Index,
}

/// One worker.
pub struct Worker {
    number: usize,
    handle: Handle,
    limits: Limits,
    held: HeldPool,
    waiting: Waiting,
    handshakes: Pieces,
    portal: Rc<Portal>,
    /// Held by every open connection, tunnels included.
    open: Arc<()>,
}

/// What an answer needs of its worker after the request is over.
#[derive(Clone)]
pub struct Handle(Arc<Lasting>);

struct Lasting {
    shared: Arc<Shared>,
    judge: Judge,
    attributions: Attributions,
    way: Way,
    post: Post,
    turns: Turns,
    drain: watch::Receiver<bool>,
}

impl Handle {
    pub(crate) fn of(worker: &Worker) -> Self {
        worker.handle.clone()
    }

    /// The audit log.
    pub(crate) fn audit(&self) -> &Audit {
        &self.0.shared.audit
    }

    /// Whom the policy is asked of.
    pub(crate) fn judge(&self) -> &Judge {
        &self.0.judge
    }

    /// Whose what the store answered is.
    pub(crate) fn attributions(&self) -> &Attributions {
        &self.0.attributions
    }

    /// Seals pages.
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.shared.sealer
    }

    /// The current snapshot of the registry.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.shared.registry.snapshot()
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.0.shared.clock)()
    }

    /// The way to the stores.
    pub(crate) fn way(&self) -> &Way {
        &self.0.way
    }

    /// What other threads tell is waited for by letter.
    pub(crate) fn post(&self) -> &Post {
        &self.0.post
    }

    /// How much is taken on at once.
    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// Whether the drain's time is over.
    pub(crate) fn is_stopped(&self) -> bool {
        self.0.shared.stopped.load(Ordering::Acquire)
    }

    /// Ready when the drain has begun.
    pub(crate) fn drain_begun(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut draining = Draining(self.0.drain.clone());
        async move { draining.begun().await }
    }
}

impl Shared {
    /// Strips whatever identity is in these headers and puts in the subject's, signed.
    ///
    /// # Errors
    /// Signing fails.
    pub(crate) fn identify(&self, headers: &mut HeaderMap, subject: &Subject) -> Result<(), Refusal> {
        headers.remove(identity::HEADER);
        let asker = Asker {
            session: subject.session(),
            user_id: subject.user_id(),
            user: subject.user(),
            profession: subject.profession(),
            facility: subject.facility().as_str(),
            device: subject.device().device().as_str(),
        };
        let token = self.identity.token(&asker, (self.clock)()).map_err(|error| {
            tracing::error!(%error, "no identity token; refused");
            Refusal::StoreMisbehaves
        })?;
        headers.insert(identity::HEADER, token);
        Ok(())
    }
}

/// Tells when the drain begins.
pub struct Draining(watch::Receiver<bool>);

impl Draining {
    #[cfg(test)]
    pub(crate) const fn of(told: watch::Receiver<bool>) -> Self {
        Self(told)
    }

    /// Ready when the drain has begun. Whoever gave the order being gone counts as the order.
    pub async fn begun(&mut self) {
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

impl Worker {
    pub(crate) fn new(
        number: usize,
        shared: Arc<Shared>,
        stores: &Arc<Stores>,
        rates: Rates,
        drain: watch::Receiver<bool>,
    ) -> Self {
        let (limits, held, waiting) = (Limits::new(rates), HeldPool::default(), Waiting::default());
        let handshakes = Pieces::default();
        let portal = Rc::new(Portal::new(shared.desk.clone(), Arc::clone(&shared.clock), rates));
        let (judge, way) = (shared.judge.remembering(), Way::new(stores));
        let (attributions, post, turns) = (attributions::none(), Post::default(), Turns::default());
        let handle = Handle(Arc::new(Lasting { shared, judge, attributions, way, post, turns, drain }));
        Self { number, handle, limits, held, waiting, handshakes, portal, open: Arc::default() }
    }

    /// Accepts and serves until the drain, then waits for open connections, at most [`DRAIN_MAX`].
    pub(crate) async fn run(self, listeners: Vec<std::net::TcpListener>) -> std::io::Result<()> {
        let listeners: Vec<_> = listeners.into_iter().map(TcpListener::from_std).collect::<Result<_, _>>()?;
        let (worker, sources) = (Rc::new(self), Rc::new(Sources::default()));
        tokio::task::spawn_local(worker.handle.post().carrier());
        let doors = listeners.into_iter().map(|listener| accept::accept(&worker, &sources, listener));
        futures_util::future::join_all(doors).await;
        let deadline = tokio::time::Instant::now() + DRAIN_MAX;
        while Arc::strong_count(&worker.open) > 1 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // What still runs ends with this thread, and not because its client left.
        worker.shared().stopped.store(true, Ordering::Release);
        Ok(())
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// The current snapshot of the registry.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared().registry.snapshot()
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.shared().clock)()
    }

    /// Refuses when the registry has been silent for too long: old facts open nothing (promise P2).
    ///
    /// # Errors
    /// It has.
    pub fn registry_is_fresh(&self) -> Result<(), Refusal> {
        if self.shared().registry.freshness() > REGISTRY_SILENCE_MAX { Err(Refusal::RegistryStale) } else { Ok(()) }
    }

    /// A number for the audit entry. When the system gives no random octets it is empty, which `audit` refuses: closed.
    #[must_use]
    pub fn fresh_entry_id(&self) -> EntryId {
        EntryId::fresh()
    }

    pub(crate) fn shared(&self) -> &Shared {
        self.handle.shared()
    }

    /// Tells terminals that their certificate has ended.
    pub(crate) fn portal(&self) -> Rc<Portal> {
        Rc::clone(&self.portal)
    }

    /// What a terminal without a standing certificate meets.
    pub(crate) fn strictness(&self) -> Strictness {
        self.shared().strictness
    }

    /// The frame of a page that answers this request.
    pub(crate) fn frame(&self, trace: &Trace) -> Frame<'_> {
        Frame {
            language: trace.language,
            place: match trace.host {
                Host::Care => Place::Care,
                Host::Public => Place::Public,
            },
            here: trace.here.clone(),
            desk: &self.shared().desk,
            now: self.now(),
        }
    }

    pub(crate) fn share(&self) -> Arc<Shared> {
        Arc::clone(&self.handle.0.shared)
    }

    /// As long as this is held, a drain waits.
    pub(crate) fn hold_open(&self) -> Arc<()> {
        Arc::clone(&self.open)
    }

    pub(crate) fn draining(&self) -> Draining {
        Draining(self.handle.0.drain.clone())
    }

    /// Whether more than so many connections are open.
    pub(crate) fn has_too_many(&self, connections_max: usize) -> bool {
        Arc::strong_count(&self.open) > connections_max
    }

    pub(crate) fn balancers(&self) -> &Balancers {
        &self.shared().balancers
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.shared().hosts
    }

    /// What a certificate says that a handshake, this one or an earlier one, has found good.
    pub(crate) fn read_again(&self, chain: &[CertificateDer<'_>]) -> Option<Presented> {
        let leaf = chain.first()?;
        if let Ok(presented) = self.shared().readings.read(leaf) {
            return Some(presented);
        }
        // It is in no form of ours, so it is another authority's, and was read long ago: its chain is asked about anew.
        let presented = self.shared().externals.present(chain, u64::try_from(self.now().as_seconds()).ok()?).ok()?;
        self.shared().readings.keep(presented.clone());
        Some(presented)
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.shared().live
    }

    pub(crate) fn judge(&self) -> &Judge {
        self.handle.judge()
    }

    /// Puts an entry on record; that it is durable comes by letter.
    pub(crate) fn record(&self, entry: &Entry) -> Brought<Pending> {
        self.handle.post().bring(self.audit().record(entry))
    }

    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.shared().audit
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.shared().sealer
    }

    pub(crate) fn session_limits(&self) -> SessionLimits {
        self.shared().session_limits
    }

    pub(crate) fn clock(&self) -> Clock {
        Arc::clone(&self.shared().clock)
    }

    /// How the store names persons and records.
    pub(crate) fn reader(&self) -> &records::Reader {
        &self.shared().reader
    }

    /// The way to the stores.
    pub(crate) fn way(&self) -> &Way {
        &self.handle.0.way
    }

    pub(crate) fn index(&self) -> &Index {
        &self.shared().index
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    pub(crate) const fn handshakes(&self) -> &Pieces {
        &self.handshakes
    }

    pub(crate) const fn held(&self) -> &HeldPool {
        &self.held
    }
}
