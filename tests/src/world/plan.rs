//! How a city differs from the usual one.

use std::net::SocketAddr;

use anomaly::Quota;
use gateway::balancer::Balancers;
use gateway::{Rates, SessionLimits, StoreSettings, Strictness, TlsProfile};
use journal::Place;

/// See the module.
pub(crate) struct Plan {
    pub(crate) tls: TlsProfile,
    pub(crate) strictness: Strictness,
    pub(crate) workers: usize,
    pub(crate) limits: SessionLimits,
    pub(crate) rates: Rates,
    /// Something between gateway and store, or in place of it.
    pub(crate) store: Option<SocketAddr>,
    /// How the store is reached, given where it is; none: over plain HTTP/1.1.
    pub(crate) reached: Option<Box<dyn FnOnce(SocketAddr) -> StoreSettings>>,
    /// Where clients connect.
    pub(crate) listen: Vec<SocketAddr>,
    /// Who says where a client comes from.
    pub(crate) balancers: Balancers,
    /// Route maps, by the paths of their files.
    pub(crate) maps: Vec<&'static str>,
    /// The store asks for no identity: for tests that move the gateway's clock, but not the store's.
    pub(crate) trusting_store: bool,
    /// What the store holds at first.
    pub(crate) records: backend_stub::Seed,
    /// Other authorities whose certificates are considered.
    pub(crate) external: Vec<gateway::ExternalSettings>,
    /// Where the journals are, if not in files of the city's own.
    pub(crate) registry: Option<Place>,
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
            rates: Rates { per_source: plenty, per_device: plenty, per_user: plenty },
            store: None,
            reached: None,
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            balancers: Balancers::default(),
            maps: Vec::new(),
            trusting_store: false,
            records: backend_stub::Seed::BuiltIn,
            external: Vec::new(),
            registry: None,
            audit: None,
        }
    }
}
