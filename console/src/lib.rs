//! Doors for the office: certificate status now, pages for officers, clerks and facility administrators later.
//!
//! | address | what it gives |
//! |---|---|
//! | `GET /ca/root.pem` | the root's certificate; compare its fingerprint before trusting it |
//! | `GET /ca/issuing.pem` | the certificate of the authority that issues for terminals |
//! | `GET /ca/servers.pem` | that of the authority that issued the server's certificate |
//! | `GET /ca/chain.p7b` | both in one file (certs-only PKCS#7) |
//! | `GET /crl/devices.crl` | the revocation list of terminals, DER; at most a moment behind the registry |
//! | `GET /crl/000.crl` to `/crl/127.crl` | the shard of it that a terminal's certificate names |
//! | `GET /crl/issuing.cer` | the issuing certificate in DER, as terminals' certificates name it |
//! | `GET /crl/root.crl` | the root's own revocation list, where there is one |
//! | `POST /crl/ocsp`, `GET /crl/ocsp/BASE64` | the status of one certificate (OCSP, RFC 6960 and 5019) |
//! | the same below `/crl/FOLDER/` | of an issuing authority that has a folder of its own: see [`Issuer`] |
//! | `GET /healthz` | this process answers |
//! | `GET /readyz` | this process can do its work: the list is current, the registry is heard |
//!
//! All of it is public, signed or both, and served over plain HTTP: a revocation list fetched over TLS may need itself
//! (RFC 5280 8). Of a request's body only a question about a certificate is read, 2 kB at most. Terminals come to their
//! certificates at a door of its own, over TLS: see [`EnrolmentDoor`]. The crate owns no clock and no key: the composition hands in a
//! [`Clock`] and a [`ListSource`], which signs.

mod bounds;
mod crowd;
mod door;
mod enrol;
mod issuer;
mod list;
mod problem;
mod registry_list;
mod routes;
mod status;

use std::sync::Arc;

use model::Timestamp;

pub use bounds::Bounds;
pub use door::serve;
pub use enrol::{EnrolmentDoor, serve_enrolment};
pub use issuer::Issuer;
pub use list::{Built, ListError, ListSource, Rebuild};
pub use registry_list::{RegistryList, follow};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Says why the process cannot do its work just now; nothing when it can.
pub type Obstacle = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Gives the authority that issued the server's certificate, where that is one of the city's.
pub type Servers = Arc<dyn Fn() -> Option<ca::Issuing> + Send + Sync>;

/// What the doors for the office are made of. Cheap to copy.
#[derive(Clone)]
pub struct Console {
    pub(crate) root: Arc<ca::Root>,
    pub(crate) issuer: Issuer,
    pub(crate) former: Arc<[Issuer]>,
    pub(crate) root_list: Option<Arc<ca::RootList>>,
    pub(crate) servers: Servers,
    pub(crate) clock: Clock,
    pub(crate) obstacle: Obstacle,
    pub(crate) bounds: Bounds,
}

impl Console {
    /// Puts the parts together: the authority that issues, and those that issued before it, whose certificates are still
    /// about. No two of them may have the same folder. The first lists are built when [`serve`] begins.
    #[must_use]
    pub fn new(root: ca::Root, issuer: Issuer, former: Vec<Issuer>, clock: Clock, obstacle: Obstacle) -> Self {
        Self {
            root: Arc::new(root),
            issuer,
            former: former.into(),
            root_list: None,
            servers: Arc::new(|| None),
            clock,
            obstacle,
            bounds: Bounds::default(),
        }
    }

    /// All issuing authorities, the one that issues first.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &Issuer> {
        std::iter::once(&self.issuer).chain(self.former.iter())
    }

    /// With the root's own list, which says whom among the authorities nobody may rely on.
    #[must_use]
    pub fn with_root_list(mut self, list: Option<ca::RootList>) -> Self {
        self.root_list = list.map(Arc::new);
        self
    }

    /// With the authority that issued the server's certificate: asked each time, for another may have issued the next.
    #[must_use]
    pub fn with_servers(mut self, servers: Servers) -> Self {
        self.servers = servers;
        self
    }

    /// With other bounds than the usual ones.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// A handle for whoever hears of revocations.
    #[must_use]
    pub fn rebuild(&self) -> Rebuild {
        Rebuild::new(self.issuers().map(|issuer| &issuer.list))
    }
}

#[cfg(test)]
mod tests;
