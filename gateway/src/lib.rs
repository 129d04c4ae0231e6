//! Policy enforcement point: TLS, the request pipeline, forwarding, cutting. The only way to a record.
//!
//! Start reading at [`pipeline`]: one function lists the steps of a request. What ends a request early is in
//! [`refusal`]; what ends it late is in [`cut`]; every bound is in [`bounds`]. This crate cannot name `ca`: the edge
//! cannot sign (promise P6).

// The fuzz target's functions, which run among the tests, name the crate as a stranger does.
#[cfg(test)]
extern crate self as gateway;

mod accept;
pub mod answer;
mod attributions;
pub mod balancer;
pub mod bounds;
pub mod connection;
pub mod cut;
pub mod gate;
mod generations;
pub mod index;
pub mod isolated;
pub mod judge;
mod listen;
pub mod pages;
mod pieces;
pub mod pipeline;
mod post;
pub mod public;
pub mod refusal;
mod rounds;
pub mod session;
pub mod source;
pub mod store;
pub mod store_door;
pub mod strict;
pub mod tls;
pub mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use audit::Audit;
use model::Timestamp;
use policy::DecisionPoint;
use registry::{Registry, Vault};
use rustls::pki_types::CertificateDer;
use tls::external::watch::Watch;
use tokio::runtime::LocalOptions;
use tokio::sync::watch;

pub use pipeline::admit::Rates;
pub use session::SessionLimits;
pub use store::settings::{
    Address, HealthSettings, Protocol as StoreProtocol, Server, ServerTls, StoreSettings, Timeouts, Within,
};
pub use store::station::{Standing as StoreStanding, StoreStatus};
pub use tls::external::{ExternalAuthority, ExternalSettings, Externals};
pub use tls::hosts::TlsProfile;
pub use tls::server_key::ServerKey;
pub use tls::verifier::Strictness;

/// A clock: the time of day, as late as it is asked.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How the gateway is set up.
pub struct Settings {
    /// DNS name of the care host, in lower case.
    pub care_host: String,
    /// DNS name of the public host, in lower case.
    pub public_host: String,
    /// Where clients connect, at least one address. Port 0 takes a free one. An IPv6 address takes IPv6 only, `[::]` too: for
    /// both, both are named.
    pub listen: Vec<SocketAddr>,
    /// Who may say where a client comes from, and must.
    pub balancers: balancer::Balancers,
    /// Where the store fetches our public keys, over plain HTTP: a loopback or internal address only.
    pub store_door: SocketAddr,
    /// The stores.
    pub store: StoreSettings,
    /// How it names persons and records: FHIR, and what route maps say.
    pub reader: records::Reader,
    /// Threads that serve, at least 1.
    pub workers: usize,
    /// Certificate and key of both hosts.
    pub server_key: ServerKey,
    /// Issuing certificates of device certificates.
    pub device_issuers: Vec<CertificateDer<'static>>,
    /// Other authorities whose certificates are considered.
    pub external: Vec<ExternalSettings>,
    /// Versions of TLS.
    pub tls_profile: TlsProfile,
    /// What a terminal without a standing certificate meets.
    pub strictness: Strictness,
    /// Key that seals sessions: 32 octets.
    pub session_key: zeroize::Zeroizing<Vec<u8>>,
    /// P-256 key that signs identity tokens: PKCS#8, DER.
    pub identity_key: zeroize::Zeroizing<Vec<u8>>,
    /// Whom to call.
    pub desk: pages::Desk,
    /// Where people read records, if not with a program of their own.
    pub records_app: Option<pages::RecordsApp>,
    /// How long sessions last.
    pub session_limits: SessionLimits,
    /// Requests allowed.
    pub rates: Rates,
}

/// What the gateway asks.
pub struct Parts {
    /// What the city has decided.
    pub registry: Registry,
    /// Opens sealed credentials.
    pub vault: Vault,
    /// Who did what.
    pub audit: Audit,
    /// The rules, where the registry has no others in force.
    pub policy: Arc<DecisionPoint>,
    /// The time of day.
    pub clock: Clock,
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// Care host and public host have one name.
    #[error("care host and public host must have different names")]
    HostNames,
    /// A trusted issuing certificate cannot be used, or there is none.
    #[error("the issuing certificates of devices cannot be used")]
    DeviceTrust(#[source] rustls::Error),
    /// A trusted issuing certificate is not in the form of an authority's.
    #[error("an issuing certificate of devices is not in the form of RFC 5280")]
    DeviceIssuer(#[source] tls::profile::ProfileFault),
    /// Another authority cannot be set up.
    #[error("the external authority `{name}` cannot be used")]
    External {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: tls::external::ExternalFault,
    },
    /// rustls does not take the settings.
    #[error("the TLS settings cannot be used")]
    Tls(#[source] rustls::Error),
    /// The session key is not 32 octets.
    #[error("the session key cannot be used")]
    SessionKey(#[source] session::SealError),
    /// The identity key is not a P-256 key.
    #[error("the identity key cannot be used")]
    IdentityKey(#[source] store::identity::IdentityKeyError),
    /// The stores cannot be set up.
    #[error("the stores cannot be set up")]
    Stores(#[source] store::settings::StoreSetUpError),
    /// No address is given.
    #[error("no address to listen on for clients")]
    Nowhere,
    /// A port cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// A gateway that is serving, until it is dropped or told to [`Running::drain`], which also waits.
pub struct Running {
    address: SocketAddr,
    addresses: Vec<SocketAddr>,
    store_door: SocketAddr,
    drain: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    live: Arc<cut::live::Live>,
    audit: Audit,
    stores: Arc<store::stores::Stores>,
}

impl Running {
    /// Where clients connect; the first, where there are several.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every address where clients connect.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where the store fetches our keys.
    #[must_use]
    pub const fn store_door(&self) -> SocketAddr {
        self.store_door
    }

    /// Open connections of terminals, exchanges in flight, and keys that lead to them.
    #[must_use]
    pub fn living(&self) -> (usize, usize, usize) {
        self.live.counts()
    }

    /// How each store stands.
    #[must_use]
    pub fn stores(&self) -> Vec<StoreStatus> {
        self.stores.status()
    }

    /// Tells everybody, waits for everybody (at most [`bounds::DRAIN_MAX`]), then stops.
    pub fn drain(self) {
        let _ = self.drain.send(true);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker ended by a panic");
            }
        }
        if let Err(error) = self.audit.settle() {
            tracing::error!(%error, "what ended last may be missing in the audit log");
        }
    }
}

/// Starts the gateway: binds first, then listens to the registry, then serves.
///
/// # Errors
/// See [`SetUpError`]; nothing is left running.
pub fn start(settings: Settings, parts: Parts) -> Result<Running, SetUpError> {
    listen::raise_descriptors();
    let judge = judge::Judge::new(Arc::clone(&parts.policy));
    let live = Arc::new(cut::live::Live::new(settings.workers));
    let standing: tls::verifier::StatusCheck = {
        let (registry, clock) = (parts.registry.clone(), Arc::clone(&parts.clock));
        Arc::new(move |presented| tls::device::standing_in_handshake(presented, &registry.snapshot(), clock()))
    };
    let readings = Arc::new(tls::readings::Readings::default());
    let (issuers, strictness) = (&settings.device_issuers, settings.strictness);
    let externals = Arc::new(externals(settings.external, issuers)?);
    let mut lists = Watch::new(Arc::clone(&externals), parts.registry.clone(), Arc::clone(&parts.clock));
    let (kept, others) = (Arc::clone(&readings), Arc::clone(&externals));
    let verifier = tls::verifier::DeviceVerifier::new(issuers, strictness, standing, kept, others)?;
    let hosts = tls::hosts::Hosts::new(
        &settings.care_host,
        &settings.public_host,
        settings.server_key,
        settings.tls_profile,
        verifier,
    )?;
    let sealer = session::Sealer::new(&settings.session_key).map_err(SetUpError::SessionKey)?;
    let identity = store::identity::Identity::new(&settings.identity_key).map_err(SetUpError::IdentityKey)?;
    let key_set = identity.key_set().to_owned();
    let stores = Arc::new(store::stores::Stores::new(settings.store).map_err(SetUpError::Stores)?);
    let (listeners, addresses) = listen::for_workers(&settings.listen, settings.workers.max(1))?;
    let address = *addresses.first().ok_or(SetUpError::Nowhere)?;
    let door = listen::alone(settings.store_door)?;
    let door_address =
        door.local_addr().map_err(|source| SetUpError::Listen { address: settings.store_door, source })?;

    let cutter = cut::cutter::Cutter::new(Arc::clone(&live), judge.clone(), Arc::clone(&externals));
    let node = cut::receipts::node_name(address.port());
    let receipts = Arc::new(cut::receipts::Receipts::new(node, &parts.registry.snapshot(), (parts.clock)()));
    {
        let (cutter, clock, receipts) = (cutter.clone(), Arc::clone(&parts.clock), Arc::clone(&receipts));
        parts.registry.on_change(Box::new(move |change, snapshot| {
            let ended = cutter.change(change, snapshot, clock());
            receipts.note(change, ended, snapshot, clock());
        }));
    }
    let (told, clock) = (parts.registry.clone(), Arc::clone(&parts.clock));
    let audit = parts.audit.clone();
    let shared = Arc::new(worker::Shared {
        registry: parts.registry,
        vault: parts.vault,
        audit: parts.audit,
        judge,
        live: Arc::clone(&live),
        hosts,
        balancers: settings.balancers,
        readings,
        externals,
        sealer,
        identity,
        session_limits: settings.session_limits,
        desk: settings.desk,
        records_app: settings.records_app,
        reader: settings.reader,
        strictness: settings.strictness,
        guessing: gate::guessing::Guessing::default(),
        declarations: gate::emergency::Declarations::default(),
        clock: parts.clock,
        stopped: AtomicBool::new(false),
        index: index::Index::default(),
    });
    // Before anybody is served, and then every two seconds.
    lists.look();
    let (drain, draining) = watch::channel(false);
    let mut threads = Vec::new();
    for (number, listeners) in listeners.into_iter().enumerate() {
        let (shared, draining, stores) = (Arc::clone(&shared), draining.clone(), Arc::clone(&stores));
        let rates = settings.rates;
        threads.push(thread(&format!("worker-{number}"), move || async move {
            let worker = worker::Worker::new(number, shared, &stores, rates, draining);
            if let Err(error) = worker.run(listeners).await {
                tracing::error!(%error, "a worker ended");
            }
        })?);
    }
    threads.push(thread("store-door", {
        let draining = draining.clone();
        move || store_door::serve(door, key_set, draining)
    })?);
    threads.push(thread("store-watch", {
        let (stores, draining) = (Arc::clone(&stores), draining.clone());
        move || store::watch::look_after(stores, draining)
    })?);
    threads.push(thread("receipts", {
        let draining = draining.clone();
        move || cut::receipts::tell(receipts, told, clock, draining)
    })?);
    if shared.externals.iter().next().is_some() {
        let draining = draining.clone();
        threads.push(thread("lists", move || lists.run(draining))?);
    }
    threads.push(thread("sweep", move || sweep(cutter, shared, draining))?);
    Ok(Running { address, addresses, store_door: door_address, drain, threads, live, audit, stores })
}

fn externals(given: Vec<ExternalSettings>, ours: &[CertificateDer<'static>]) -> Result<Externals, SetUpError> {
    let one = |settings: ExternalSettings| {
        let name = settings.name.clone();
        ExternalAuthority::new(settings, ours).map_err(|source| SetUpError::External { name, source })
    };
    given.into_iter().map(one).collect::<Result<_, _>>().map(Externals::new)
}

/// Ends what only the clock ends.
async fn sweep(cutter: cut::cutter::Cutter, shared: Arc<worker::Shared>, mut draining: watch::Receiver<bool>) {
    for round in 0_u64.. {
        tokio::select! {
            _ = draining.wait_for(|begun| *begun) => return,
            () = tokio::time::sleep(bounds::SWEEP_EVERY) => {}
        }
        let judge_all = round % bounds::SWEEPS_PER_JUDGEMENT == 0;
        let round = std::panic::AssertUnwindSafe(|| {
            let known = || cut::cutter::Known {
                snapshot: shared.registry.snapshot(),
                now: (shared.clock)(),
                silence: shared.registry.freshness(),
            };
            cutter.sweep(known, judge_all);
        });
        // The judgements are guarded one by one; nothing else in there must end the watch either.
        if std::panic::catch_unwind(round).is_err() {
            tracing::error!("a sweep ended by a panic; the next one goes on");
        }
    }
}

fn thread<F, W>(name: &str, work: F) -> Result<JoinHandle<()>, SetUpError>
where
    F: FnOnce() -> W + Send + 'static,
    W: Future<Output = ()>,
{
    std::thread::Builder::new()
        .name(format!("sekisho-{name}"))
        .spawn(move || {
            match tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(bounds::BLOCKING_THREADS_MAX)
                .build_local(LocalOptions::default())
            {
                Ok(runtime) => runtime.block_on(work()),
                Err(error) => tracing::error!(%error, "a thread has no runtime"),
            }
        })
        .map_err(SetUpError::Thread)
}
