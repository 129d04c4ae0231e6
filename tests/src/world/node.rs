//! The nodes of a city: gateways with one certificate, one set of keys and one pair of journals. A city has one; more of
//! them need PostgreSQL.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use audit::Audit;
use ca::LeafKey;
use gateway::balancer::Balancers;
use gateway::pages::{Desk, Phone, RecordsApp};
use gateway::{
    Clock, Parts, Rates, Running, ServerKey, SessionLimits, Settings, StoreSettings, Strictness, TlsProfile,
};
use journal::testing::Postgres;
use journal::{Journal, Place};
use model::Timestamp;
use policy::DecisionPoint;
use registry::{Registry, Vault};
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::{Authority, CARE, PUBLIC, Plan, Terminal};

/// What all nodes of a city share.
pub(crate) struct Nodes {
    pub(super) registry: Place,
    pub(super) audit: Place,
    pub(super) store: StoreSettings,
    pub(super) listen: Vec<SocketAddr>,
    pub(super) balancers: Balancers,
    pub(super) reader: records::Reader,
    pub(super) server_key: ServerKey,
    pub(super) device_issuers: Vec<CertificateDer<'static>>,
    pub(super) external: Vec<gateway::ExternalSettings>,
    pub(super) identity_key: Zeroizing<Vec<u8>>,
    pub(super) tls: TlsProfile,
    pub(super) strictness: Strictness,
    pub(super) workers: usize,
    pub(super) limits: SessionLimits,
    pub(super) rates: Rates,
    pub(super) clock: Clock,
}

/// A node beside the first, as another process would be: its own handles on the journals, its own connections.
pub(crate) struct Node {
    pub(crate) registry: Registry,
    pub(crate) audit: Audit,
    pub(crate) address: SocketAddr,
    gateway: Option<Running>,
}

/// A PostgreSQL of the test's own. `SEKISHO_WITHOUT_POSTGRES=1` leaves it out, aloud.
pub(crate) fn postgres() -> Option<Postgres> {
    if std::env::var_os("SEKISHO_WITHOUT_POSTGRES").is_some() {
        eprintln!("PostgreSQL is left out");
        return None;
    }
    // Its client has a runtime of its own, and cannot be within another.
    Some(std::thread::spawn(|| Postgres::start().unwrap()).join().unwrap())
}

/// The key that opens credentials.
pub(crate) fn vault() -> Vault {
    Vault::new(&[3; 32]).unwrap()
}

/// Reads route maps.
pub(super) fn reader(maps: &[&str]) -> records::Reader {
    let read = |file: &&str| std::fs::read_to_string(crate::house::root().join(file)).unwrap();
    let maps = maps.iter().map(|file| records::RouteMap::parse(&read(file)).unwrap()).collect();
    records::Reader::new(maps).unwrap()
}

/// Opens registry and audit log.
pub(super) fn open(registry: &Place, audit: &Place) -> (Registry, Audit) {
    let registry = Registry::open(Journal::open(registry).unwrap(), vault()).unwrap();
    (registry, Audit::open(Journal::open(audit).unwrap()).unwrap())
}

impl Nodes {
    /// A gateway over a registry that lies in this folder, with an audit log beside it. The hosts' certificate is of `authority`.
    pub(crate) fn over(
        folder: &Path,
        authority: &Authority,
        issuer: CertificateDer<'static>,
        store: SocketAddr,
        clock: Clock,
    ) -> Self {
        let plan = Plan::default();
        let sqlite = |name: &str| Place::Sqlite { file: folder.join(name) };
        Self {
            registry: sqlite("registry.db"),
            audit: sqlite("audit.db"),
            store: StoreSettings::plain(store),
            listen: plan.listen,
            balancers: plan.balancers,
            reader: reader(&plan.maps),
            server_key: ServerKey::new(authority.server(Timestamp::from_millis(super::real_now()))),
            device_issuers: vec![issuer],
            external: plan.external,
            identity_key: Self::identity_key(),
            tls: plan.tls,
            strictness: plan.strictness,
            workers: 1,
            limits: plan.limits,
            rates: plan.rates,
            clock,
        }
    }

    /// TLS under the certificate of the city's hosts, for a site that is none of its own.
    pub(super) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_cert_resolver(Arc::new(self.server_key.clone()))))
    }

    /// A fresh key for identities towards the store.
    pub(super) fn identity_key() -> Zeroizing<Vec<u8>> {
        Zeroizing::new(LeafKey::generate().unwrap().pkcs8_der().to_vec())
    }

    /// Starts a gateway on a free port.
    pub(super) fn start(&self, store_door: SocketAddr, registry: &Registry, audit: &Audit) -> Running {
        let settings = Settings {
            care_host: CARE.to_owned(),
            public_host: PUBLIC.to_owned(),
            listen: self.listen.clone(),
            balancers: self.balancers.clone(),
            store_door,
            store: self.store.clone(),
            reader: self.reader.clone(),
            workers: self.workers,
            server_key: self.server_key.clone(),
            device_issuers: self.device_issuers.clone(),
            external: self.external.clone(),
            tls_profile: self.tls,
            strictness: self.strictness,
            session_key: Zeroizing::new(vec![5; 32]),
            identity_key: self.identity_key.clone(),
            desk: Desk {
                name_ja: "水花道市 長寿介護課".to_owned(),
                name_en: "City of Mizukado, Elderly Care".to_owned(),
                phone: Phone("0000-20-1000".to_owned()),
                loss_phone: Phone("0000-20-1999".to_owned()),
            },
            records_app: Some(RecordsApp::new("/fhir/Patient/{person}").unwrap()),
            session_limits: self.limits,
            rates: self.rates,
        };
        let parts = Parts {
            registry: registry.clone(),
            vault: vault(),
            audit: audit.clone(),
            policy: Arc::new(DecisionPoint::builtin().unwrap()),
            clock: Arc::clone(&self.clock),
        };
        gateway::start(settings, parts).unwrap()
    }
}

impl Node {
    pub(crate) fn start(nodes: &Nodes) -> Self {
        let (registry, audit) = open(&nodes.registry, &nodes.audit);
        let gateway = nodes.start("127.0.0.1:0".parse().unwrap(), &registry, &audit);
        Self { registry, audit, address: gateway.address(), gateway: Some(gateway) }
    }

    /// Stops it, and waits until it has.
    pub(crate) fn stop(mut self) {
        self.gateway.take().unwrap().drain();
    }

    /// The same terminal, connecting here.
    pub(crate) fn reached_by(&self, terminal: &Terminal) -> Terminal {
        let mut terminal = terminal.clone();
        terminal.address = self.address;
        terminal
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            // Tests leave connections open on purpose; nobody waits for them.
            std::thread::spawn(move || gateway.drain());
        }
    }
}
