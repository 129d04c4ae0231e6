//! A whole city on loopback: store, certificate authority, registry, audit log, gateway, terminals. Everything real: the
//! store is the stand-in over real sockets, the journals are SQLite files, the certificates are signed by our own CA.

pub(crate) mod city;
pub(crate) mod client;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anomaly::Quota;
use audit::{Audit, Entry, Event};
use ca::{
    AuthorityName, DeviceProfile, Host, Issuing, IssuingKey, LeafKey, Purpose, Root, RootKey, ServerProfile,
    SystemRandom,
};
use gateway::pages::{Desk, Phone};
use gateway::{Clock, Parts, Rates, Running, SessionLimits, Settings, Strictness, TlsProfile};
use journal::{Journal, Place};
use model::{Author, DeviceId, Office, ReasonCode, SerialNumber, Timestamp, UserId};
use policy::DecisionPoint;
use registry::{Command, PasswordCheck, Registry, Vault};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

pub(crate) use client::{Ask, Connection, Http, Keys, Reply, Terminal, Tls};

pub(crate) const CARE: &str = "care.sekisho.localhost";
const LIST: &str = "http://office.sekisho.localhost/crl/devices.crl";
pub(crate) const PUBLIC: &str = "www.sekisho.localhost";
/// The password that every user of the tests chose.
pub(crate) const PASSWORD: &str = "hashi wo wataru 7 nin";

/// A city that is running.
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) audit: Audit,
    pub(crate) store: backend_stub::Handle,
    pub(crate) authority: Authority,
    pub(crate) address: SocketAddr,
    clock_shift: Arc<AtomicI64>,
    clock: Clock,
    gateway: Option<Running>,
    passwords: Mutex<HashMap<UserId, String>>,
    serials: Mutex<HashMap<String, SerialNumber>>,
    folder: tempfile::TempDir,
}

/// The certificate authority of a city.
pub(crate) struct Authority {
    pub(crate) root: Root,
    pub(crate) devices: Issuing,
    pub(crate) devices_key: IssuingKey,
    servers: Issuing,
    servers_key: IssuingKey,
    random: SystemRandom,
}

/// How a city differs from the usual one.
pub(crate) struct Plan {
    pub(crate) tls: TlsProfile,
    pub(crate) strictness: Strictness,
    pub(crate) workers: usize,
    pub(crate) limits: SessionLimits,
    pub(crate) rates: Rates,
    pub(crate) store: Option<SocketAddr>,
    /// The store asks for no identity: for tests that move the gateway's clock, but not the store's.
    pub(crate) trusting_store: bool,
    pub(crate) audit: Option<Place>,
}

impl Default for Plan {
    fn default() -> Self {
        let plenty = Quota::new(100_000, 1, 100_000);
        Self {
            tls: TlsProfile::Standard,
            strictness: Strictness::Explain,
            workers: 2,
            limits: SessionLimits { idle_seconds: 900, absolute_seconds: 12 * 3600 },
            rates: Rates { per_device: plenty, per_user: plenty },
            store: None,
            trusting_store: false,
            audit: None,
        }
    }
}

fn real_now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Authority {
    pub(crate) fn new(now: Timestamp) -> Self {
        let random = SystemRandom::new();
        let name = |text: &str| AuthorityName::new("水花道市", text).unwrap();
        let root_key = RootKey::generate().unwrap();
        let serial = ca::reserve(&random, &mut recorded).unwrap();
        let root = Root::create(&name("Sekisho Root"), &root_key, serial, now).unwrap();
        let issuing = |purpose, common: &str| {
            let key = IssuingKey::generate().unwrap();
            let serial = ca::reserve(&random, &mut recorded).unwrap();
            let issuing = Issuing::create(purpose, &name(common), &key, serial, now, &root, &root_key).unwrap();
            (issuing, key)
        };
        let (devices, devices_key) = issuing(Purpose::Devices, "Sekisho Devices");
        let (servers, servers_key) = issuing(Purpose::Servers, "Sekisho Servers");
        Self { root, devices, devices_key, servers, servers_key, random }
    }

    pub(crate) fn root_der(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.root.der().to_vec())
    }

    /// A certificate for a terminal, signed; recorded nowhere.
    pub(crate) fn sign(&self, device: &DeviceId, now: Timestamp, days: u16) -> (ca::Issued, Keys) {
        let key = LeafKey::generate().unwrap();
        let profile = DeviceProfile::new(Host::new(CARE).unwrap(), LIST).unwrap();
        let serial = ca::reserve(&self.random, &mut recorded).unwrap();
        let prepared =
            ca::prepare(&profile.valid_for(days).unwrap(), device, key.public(), serial, now, &self.devices).unwrap();
        let issued = prepared.issue(&self.devices_key).unwrap();
        let keys = self.keys(&issued, &key, &self.devices);
        (issued, keys)
    }

    /// Two certificates for one device with one serial number, as a stolen issuing key could make the second.
    pub(crate) fn twins(&self, device: &DeviceId, now: Timestamp) -> (ca::Issued, Keys) {
        let number = ca::fresh_serial(&self.random).unwrap();
        let mut fixed = |serial: &SerialNumber| {
            let _ = serial;
            Ok::<(), std::io::Error>(())
        };
        let sign = |serial| {
            let key = LeafKey::generate().unwrap();
            let profile = DeviceProfile::new(Host::new(CARE).unwrap(), LIST).unwrap();
            let prepared = ca::prepare(&profile, device, key.public(), serial, now, &self.devices).unwrap();
            (prepared.issue(&self.devices_key).unwrap(), key)
        };
        let repeat = Repeat(number);
        let (recorded, _) = sign(ca::reserve(&repeat, &mut fixed).unwrap());
        let (other, key) = sign(ca::reserve(&repeat, &mut fixed).unwrap());
        assert_eq!(recorded.serial(), other.serial());
        let keys = self.keys(&other, &key, &self.devices);
        (recorded, keys)
    }

    fn keys(&self, issued: &ca::Issued, key: &LeafKey, issuing: &Issuing) -> Keys {
        Keys {
            chain: vec![CertificateDer::from(issued.der().to_vec()), CertificateDer::from(issuing.der().to_vec())],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8_der().to_vec())),
        }
    }

    fn server(&self, now: Timestamp) -> Arc<CertifiedKey> {
        let key = LeafKey::generate().unwrap();
        let hosts = vec![Host::new(CARE).unwrap(), Host::new(PUBLIC).unwrap()];
        let profile = ServerProfile::new(hosts, Vec::new()).unwrap();
        let serial = ca::reserve(&self.random, &mut recorded).unwrap();
        let prepared = ca::prepare_server(&profile, key.public(), serial, now, &self.servers).unwrap();
        let issued = prepared.issue(&self.servers_key).unwrap();
        let keys = self.keys(&issued, &key, &self.servers);
        let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&keys.key).unwrap();
        Arc::new(CertifiedKey::new(keys.chain, signing))
    }
}

/// "Random" octets that are always the same.
struct Repeat(SerialNumber);

impl ca::Random for Repeat {
    fn fill(&self, octets: &mut [u8]) -> Result<(), ca::Refused> {
        for (octet, given) in octets.iter_mut().zip(self.0.octets().iter().cycle()) {
            *octet = *given;
        }
        Ok(())
    }
}

fn recorded(_: &SerialNumber) -> Result<(), std::io::Error> {
    Ok(())
}

impl World {
    /// The usual city.
    pub(crate) async fn start() -> Self {
        Self::planned(Plan::default()).await
    }

    /// A city that differs.
    pub(crate) async fn planned(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock_shift = Arc::new(AtomicI64::new(0));
        let clock: Clock = {
            let shift = Arc::clone(&clock_shift);
            Arc::new(move || Timestamp::from_millis(real_now() + shift.load(Ordering::Relaxed)))
        };
        let vault = || Vault::new(&[3; 32]).unwrap();
        let place = Place::Sqlite { file: folder.path().join("registry.db") };
        let registry = Registry::open(Journal::open(&place).unwrap(), vault()).unwrap();
        let passwords = city::enter(&registry).into_iter().collect();
        let audit_place = plan.audit.unwrap_or(Place::Sqlite { file: folder.path().join("audit.db") });
        let audit = Audit::open(Journal::open(&audit_place).unwrap()).unwrap();
        // A year ago, so that certificates can have expired by now.
        let authority = Authority::new(clock().plus_seconds(-400 * 86_400));
        // The door's port must be known to the store before the gateway knows the store's.
        let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let keys = format!("http://{door}/.well-known/jwks.json");
        let trust = if plan.trusting_store { backend_stub::Trust::Anyone } else { backend_stub::Trust::Url(keys) };
        let store = backend_stub::run(backend_stub::Options::new(trust)).await.unwrap();
        let settings = Settings {
            care_host: CARE.to_owned(),
            public_host: PUBLIC.to_owned(),
            listen: "127.0.0.1:0".parse().unwrap(),
            store_door: door,
            store: plan.store.unwrap_or(store.address()),
            workers: plan.workers,
            server_key: authority.server(clock()),
            device_issuers: vec![CertificateDer::from(authority.devices.der().to_vec())],
            tls_profile: plan.tls,
            strictness: plan.strictness,
            session_key: Zeroizing::new(vec![5; 32]),
            identity_key: Zeroizing::new(LeafKey::generate().unwrap().pkcs8_der().to_vec()),
            desk: Desk {
                name_ja: "水花道市 長寿介護課".to_owned(),
                name_en: "City of Mizukado, Elderly Care".to_owned(),
                phone: Phone("0000-20-1000".to_owned()),
                loss_phone: Phone("0000-20-1999".to_owned()),
            },
            session_limits: plan.limits,
            rates: plan.rates,
        };
        let parts = Parts {
            registry: registry.clone(),
            vault: vault(),
            audit: audit.clone(),
            policy: Arc::new(DecisionPoint::builtin().unwrap()),
            clock: Arc::clone(&clock),
        };
        let gateway = gateway::start(settings, parts).unwrap();
        Self {
            address: gateway.address(),
            registry,
            audit,
            store,
            authority,
            clock_shift,
            clock,
            gateway: Some(gateway),
            passwords: Mutex::new(passwords),
            serials: Mutex::default(),
            folder,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Moves the gateway's clock.
    pub(crate) fn shift_clock(&self, seconds: i64) {
        self.clock_shift.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Carries out a command as a clerk.
    pub(crate) fn clerk(&self, command: Command) -> registry::Executed {
        self.registry.execute(command, city::clerk(), self.now()).unwrap()
    }

    /// Carries out a command as an officer.
    pub(crate) fn officer(&self, command: Command) -> registry::Executed {
        self.registry.execute(command, city::officer("officer-ito"), self.now()).unwrap()
    }

    /// The keys of a device: its certificate issued and recorded, at first use.
    pub(crate) fn keys(&self, device: &str) -> Keys {
        let id = DeviceId::new(device).unwrap();
        let (issued, keys) = self.authority.sign(&id, self.now(), 180);
        self.record(&id, &issued);
        self.serials.lock().unwrap().insert(device.to_owned(), issued.serial());
        keys
    }

    /// Records a signed certificate, now.
    pub(crate) fn record(&self, device: &DeviceId, issued: &ca::Issued) {
        self.record_at(device, issued, self.now());
    }

    /// Records a signed certificate, at an earlier time than anything else since the city was entered.
    pub(crate) fn record_at(&self, device: &DeviceId, issued: &ca::Issued, at: Timestamp) {
        let clerk = |command| self.registry.execute(command, city::clerk(), at).unwrap();
        clerk(Command::ReserveCertificate {
            serial: issued.serial(),
            device: device.clone(),
            not_before: issued.not_before(),
            not_after: issued.not_after().plus_seconds(1),
        });
        let mut fingerprint = [0; 32];
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, issued.der());
        fingerprint.copy_from_slice(digest.as_ref());
        clerk(Command::RecordIssued { serial: issued.serial(), fingerprint });
    }

    /// Serial number of the certificate last issued to a device.
    pub(crate) fn serial(&self, device: &str) -> SerialNumber {
        self.serials.lock().unwrap()[device]
    }

    /// A device on the care host, with a certificate of its own.
    pub(crate) fn terminal(&self, device: &str) -> Terminal {
        self.terminal_with(&self.keys(device))
    }

    pub(crate) fn terminal_with(&self, keys: &Keys) -> Terminal {
        Terminal::new(self.address, CARE, &self.authority.root_der(), Some(keys))
    }

    pub(crate) fn terminal_speaking(&self, keys: &Keys, http: Http, tls: Tls) -> Terminal {
        Terminal::speaking(self.address, CARE, &self.authority.root_der(), Some(keys), http, tls)
    }

    /// Somebody on a host, without a certificate.
    pub(crate) fn stranger(&self, host: &str) -> Terminal {
        Terminal::new(self.address, host, &self.authority.root_der(), None)
    }

    /// The first password of a user ID, from the slip.
    pub(crate) fn first_password(&self, user_id: &str) -> String {
        self.passwords.lock().unwrap()[&UserId::new(user_id).unwrap()].clone()
    }

    /// The password of a user ID, who has changed the first one to [`PASSWORD`].
    pub(crate) fn changed_password(&self, user_id: &str) -> &'static str {
        let id = UserId::new(user_id).unwrap();
        let mut passwords = self.passwords.lock().unwrap();
        let current = passwords.get(&id).cloned().unwrap();
        if current != PASSWORD {
            let PasswordCheck::Right { verified, .. } = self.registry.verify_password(&id, &current) else {
                panic!("the first password of {user_id} is not right");
            };
            let command = Command::ChangePassword { current: verified, new: Zeroizing::new(PASSWORD.to_owned()) };
            self.registry.execute(command, Author::new(Office::User, user_id), self.now()).unwrap();
            passwords.insert(id, PASSWORD.to_owned());
        }
        PASSWORD
    }

    /// A terminal and a session on it.
    pub(crate) async fn signed_in(&self, user_id: &str, device: &str) -> (Terminal, String) {
        let terminal = self.terminal(device);
        let cookie = self.cookie(&terminal, user_id).await;
        (terminal, cookie)
    }

    /// A session on a terminal.
    pub(crate) async fn cookie(&self, terminal: &Terminal, user_id: &str) -> String {
        let password = self.changed_password(user_id);
        terminal.sign_in(user_id, password).await.unwrap_or_else(|reply| panic!("no session: {}", reply.text()))
    }

    pub(crate) fn revoke(&self, device: &str) {
        self.officer(Command::RevokeCertificate { serial: self.serial(device), reason: ReasonCode::KeyCompromise });
    }

    /// All audit entries, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut after = journal::Position::START;
        loop {
            let events = self.audit.events(after, 500).unwrap();
            let Some((last, _)) = events.last() else { return entries };
            after = *last;
            entries.extend(events.into_iter().filter_map(|(_, event)| match event {
                Event::Entry(entry) => Some(*entry),
                _ => None,
            }));
        }
    }

    /// What reached the store, but for look-ups of whose a record is.
    pub(crate) fn store_saw(&self) -> Vec<String> {
        let requests = self.store.requests();
        requests
            .iter()
            .filter(|request| !request.target.contains("_elements="))
            .map(|request| format!("{} {}", request.method, request.target))
            .collect()
    }

    /// Another handle on the registry's journal, as another process would have it.
    pub(crate) fn registry_journal(&self) -> Journal {
        Journal::open_existing(&Place::Sqlite { file: self.folder.path().join("registry.db") }).unwrap()
    }

    /// Open connections, exchanges in flight, keys.
    pub(crate) fn living(&self) -> (usize, usize, usize) {
        self.gateway.as_ref().unwrap().living()
    }

    /// Waits until something holds, at most five seconds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..500 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("in vain: {what}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            // Tests leave connections open on purpose; nobody waits for them.
            std::thread::spawn(move || gateway.drain());
        }
    }
}
