//! Putting the crates together: from settings to a gateway, to the office's door, and to the clock that ticks.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use anomaly::Quota;
use console::{Built, Console, EnrolmentDoor, Issuer, ListError, ListSource, RegistryList};
use gateway::ServerKey;
use gateway::pages::{Desk, Phone};
use journal::Journal;
use model::{Author, Office, SerialNumber};
use policy::DecisionPoint;
use registry::{Command, Registry, Vault};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::authority::Authority;
use crate::error::Error;
use crate::settings::{Rate, Settings, TlsProfile, WithoutCertificate};
use crate::{clock, maps, secrets, standing, verbs};

/// How often what only the clock ends is put in order in the registry. Decisions do not wait for it.
const TICK_EVERY: Duration = Duration::from_secs(10);
/// The registry may be silent for so long before the office says that it is not ready.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Starts the gateway. Nothing of the authority is read here: an edge gets no further (promise P6).
pub(crate) fn gateway(
    settings: &Settings,
    registry: Registry,
    vault: Vault,
    server_key: ServerKey,
) -> Result<gateway::Running, Error> {
    let journal = Journal::open_existing(&settings.journal.audit()).map_err(Error::journal("audit"))?;
    let audit = audit::Audit::open(journal)?;
    let policy = Arc::new(DecisionPoint::builtin().map_err(Error::usage)?);
    let device_issuers = standing::device_issuers(settings)?;
    let quota = |rate: Rate| Quota::new(rate.count, rate.seconds, rate.burst);
    let composed = gateway::Settings {
        care_host: settings.hosts.care.clone(),
        public_host: settings.hosts.public.clone(),
        listen: settings.listen.clients.all().collect(),
        balancers: settings.listen.balancers.clone(),
        store_door: settings.listen.store_door,
        store: secrets::store(&settings.store)?,
        reader: maps::reader(&settings.maps)?,
        workers: settings.workers,
        server_key,
        device_issuers,
        external: secrets::external(settings)?,
        tls_profile: tls_profile(settings),
        strictness: match settings.tls.without_certificate {
            WithoutCertificate::Explain => gateway::Strictness::Explain,
            WithoutCertificate::Alert => gateway::Strictness::Alert,
        },
        session_key: secrets::read_key(&settings.keys.session)?,
        identity_key: secrets::read_pkcs8(&settings.keys.identity)?,
        desk: Desk {
            name_ja: settings.desk.name_ja.clone(),
            name_en: settings.desk.name_en.clone(),
            phone: Phone(settings.desk.phone.clone()),
            loss_phone: Phone(settings.desk.loss_phone.clone()),
        },
        records_app: settings.records_app.clone(),
        session_limits: gateway::SessionLimits {
            idle_seconds: settings.session.idle_seconds,
            absolute_seconds: settings.session.absolute_seconds,
        },
        rates: gateway::Rates {
            per_source: quota(settings.limits.per_source),
            per_device: quota(settings.limits.per_device),
            per_user: quota(settings.limits.per_user),
        },
    };
    let parts = gateway::Parts { registry, vault, audit, policy, clock: Arc::new(clock::now) };
    gateway::start(composed, parts).map_err(|source| Error::Gateway(Box::new(source)))
}

fn tls_profile(settings: &Settings) -> gateway::TlsProfile {
    match settings.tls.profile {
        TlsProfile::Standard => gateway::TlsProfile::Standard,
        TlsProfile::Compatibility => gateway::TlsProfile::Compatibility,
    }
}

/// The office's door, open on a thread of its own until it is dropped or told to stop.
pub(crate) struct OfficeDoor {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OfficeDoor {
    /// Binds and opens. The authority's key is opened when the first list is signed, on that thread.
    pub(crate) fn open(
        at: SocketAddr,
        registry: Registry,
        authority: Arc<Authority>,
        former: Vec<Authority>,
        (root_list, servers): (Option<ca::RootList>, console::Servers),
    ) -> Result<Self, Error> {
        let listening = |source| Error::Listen { address: at, source };
        let listener = StdListener::bind(at).map_err(listening)?;
        listener.set_nonblocking(true).map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let root = authority.root.clone();
        let clock: console::Clock = Arc::new(clock::now);
        let told = |authority: Arc<Authority>| {
            let (folder, issuing) = (authority.folder.clone(), authority.issuing.clone());
            let source = LateList { registry: registry.clone(), authority, list: OnceLock::new() };
            Issuer::new(&folder, issuing, Arc::new(source), &clock)
        };
        let heard = registry.clone();
        let obstacle =
            Arc::new(move || (heard.freshness() > SILENCE_MAX).then(|| "the registry has not been heard".to_owned()));
        let former = former.into_iter().map(|one| told(Arc::new(one))).collect();
        let console = Console::new(root, told(authority), former, Arc::clone(&clock), obstacle)
            .with_root_list(root_list)
            .with_servers(servers);
        console::follow(&registry, console.rebuild());
        Self::beside(address, "sekisho-office", move |stopped| async move {
            console::serve(TcpListener::from_std(listener)?, console, stopped).await
        })
    }

    /// Binds and opens the door where terminals come to their certificates.
    pub(crate) fn open_enrolment(
        at: SocketAddr,
        settings: &Settings,
        registry: Registry,
        (authority, former): (Arc<Authority>, Vec<ca::Issuing>),
        server_key: ServerKey,
    ) -> Result<Self, Error> {
        let listening = |source| Error::Listen { address: at, source };
        let listener = StdListener::bind(at).map_err(listening)?;
        listener.set_nonblocking(true).map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        // Of a key that a terminal made, nobody says where: a claim that it is in a chip is not proved here.
        let profile = verbs::profile(settings, ca::Assurance::Software, ca::DeviceProfile::DAYS)?;
        let (root, issuing) = (authority.root.clone(), authority.issuing.clone());
        let key: enrolment::KeySource = Arc::new(move || authority.key().map_err(Into::into));
        let desk = enrolment::Desk::new(registry, root, issuing, profile, key);
        let roots = |paths: &[std::path::PathBuf]| -> Result<Vec<Vec<u8>>, Error> {
            let mut roots = Vec::new();
            for path in paths {
                roots.extend(secrets::read_certificates(path)?.iter().map(|root| root.to_vec()));
            }
            Ok(roots)
        };
        let anchors =
            enrolment::Anchors { apple: roots(&settings.attestation.apple)?, tpm: roots(&settings.attestation.tpm)? };
        let acme = enrolment::Acme::new(desk.clone(), anchors).map_err(Error::usage)?;
        let profile = tls_profile(settings);
        let door = EnrolmentDoor::new(desk, acme, former, server_key, profile, Arc::new(clock::now));
        let door = door.map_err(Error::usage)?.with_balancers(settings.listen.balancers.clone());
        Self::beside(address, "sekisho-enrolment", move |stopped| async move {
            console::serve_enrolment(TcpListener::from_std(listener)?, door, stopped).await
        })
    }

    /// Serves on a thread of its own.
    fn beside<F: Future<Output = std::io::Result<()>>>(
        address: SocketAddr,
        name: &str,
        serve: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>) -> F + Send + 'static,
    ) -> Result<Self, Error> {
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = Box::pin(async move {
            let _ = stopped.await;
        });
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || serve_office(|| serve(stopped))).map_err(Error::Thread)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it is open.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for OfficeDoor {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody waits for it any more when the door has fallen shut by itself.
            let _ = stop.send(());
        }
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the office's door ended by a panic");
        }
    }
}

fn serve_office<F: Future<Output = std::io::Result<()>>>(serve: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.and_then(|runtime| runtime.block_on(async { serve().await }));
    if let Err(error) = served {
        tracing::error!(%error, "the office's door is shut");
    }
}

/// The status of certificates, whose key is asked for when the first one is signed: that of an authority that is over never is.
struct LateList {
    registry: Registry,
    authority: Arc<Authority>,
    list: OnceLock<RegistryList>,
}

impl LateList {
    fn list(&self) -> Result<&RegistryList, ListError> {
        if let Some(list) = self.list.get() {
            return Ok(list);
        }
        let key = self.authority.key().map_err(ListError::new)?;
        let (issuing, places) = (self.authority.issuing.clone(), self.authority.places.clone());
        let list = RegistryList::new(self.registry.clone(), issuing, key, places, Arc::new(clock::now));
        Ok(self.list.get_or_init(|| list))
    }
}

impl ListSource for LateList {
    fn number(&self, lists: usize) -> Result<ca::RecordedNumber, ListError> {
        self.list()?.number(lists)
    }

    fn build(&self, number: &ca::RecordedNumber) -> Result<ca::Crl, ListError> {
        self.list()?.build(number)
    }

    fn shards(&self, wanted: &BTreeSet<ca::Shard>, number: &ca::RecordedNumber) -> Result<Built, ListError> {
        self.list()?.shards(wanted, number)
    }

    fn shelved(&self, told: Vec<registry::TaskId>, number: &ca::RecordedNumber) {
        // What was built was built by it.
        if let Some(list) = self.list.get() {
            list.shelved(told, number);
        }
    }

    fn status(&self, serial: &SerialNumber) -> Result<ca::Status, ListError> {
        self.list()?.status(serial)
    }

    fn responder(&self) -> Result<ca::Responder, ListError> {
        self.list()?.responder()
    }
}

/// The thread that puts in order what only the clock ended. Ends when dropped.
pub(crate) struct Ticking {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticking {
    /// Begins.
    pub(crate) fn start(registry: Registry) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("sekisho-tick".to_owned()).spawn(move || {
            let author = Author::new(Office::System, "sekisho");
            while stopped.recv_timeout(TICK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = registry.execute(Command::Tick, author.clone(), clock::now()) {
                    // The next tick tries again; what is over is over without it.
                    tracing::warn!(error = &error as &dyn std::error::Error, "the registry could not be put in order");
                }
            }
        });
        Ok(Self { stop: Some(stop), thread: Some(thread.map_err(Error::Thread)?) })
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the tick ended by a panic");
        }
    }
}
