//! The door where terminals come to their certificates, over TLS: EST (RFC 7030), ACME, SCEP, pages.
//!
//! | address | who | what |
//! |---|---|---|
//! | `GET /.well-known/est/cacerts` | anybody | root and issuing authority |
//! | `GET /.well-known/est/csrattrs` | anybody | which keys we would like to see |
//! | `POST /.well-known/est/simpleenroll` | terminal's number and one-time code (HTTP Basic) | its certificate |
//! | `POST /.well-known/est/simplereenroll` | whoever shows a certificate that stands (TLS) | the one that follows it |
//! | `GET, POST /enrol` | the same code, on a page | its certificate, as a file |
//! | `GET /enrol/root.pem` | anybody | the root, to be compared with the slip's fingerprint |
//! | `GET /enrol/connection` | anybody | what was seen of the connection |
//! | `GET /enrol/profile` | a code for attested keys, in the address | a signed configuration profile for Apple's systems |
//! | `GET, POST /enrol/container` | a code and a password, from two sheets | a container with a key that is made then |
//! | `/acme/directory` and what it names | a key that is bound to a code | its certificate (RFC 8555) |
//! | `/acme/for/DEVICE/CODE/directory` | systems that know no binding (Apple's) | the same |
//! | `/scep?operation=...` | a code as the challenge password, or a certificate that stands | its certificate (RFC 8894) |
//!
//! Whoever gave four wrong codes for a terminal within an hour is heard no more about it for a while (`sources`).
//!
//! A client certificate is asked for and not needed; TLS looks at its chain, the registry at everything else, on every request.

mod acme;
mod check;
mod form;
mod page;
mod routes;
mod scep;
mod sources;
mod texts;
mod tls;

use std::future::Future;
use std::io;
use std::sync::Arc;

use gateway::balancer::Balancers;
use gateway::{ServerKey, TlsProfile};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::bounds::Bounds;
use crate::{Clock, door};

pub(crate) use sources::Held;

/// The door where terminals come to their certificates. Cheap to clone.
#[derive(Clone)]
pub struct EnrolmentDoor {
    pub(crate) desk: enrolment::Desk,
    pub(crate) acme: Arc<enrolment::Acme>,
    pub(crate) scep: Arc<enrolment::Scep>,
    pub(crate) sources: Arc<sources::Sources>,
    pub(crate) clock: Clock,
    pub(crate) bounds: Bounds,
    balancers: Balancers,
    tls: Arc<ServerConfig>,
}

impl EnrolmentDoor {
    /// Puts the parts together. Certificates that `desk` issues can be renewed here, and those of `former` authorities.
    /// Windows 10 needs [`TlsProfile::Compatibility`].
    ///
    /// # Errors
    /// The server's key or the issuing certificate is nothing that TLS can use.
    pub fn new(
        desk: enrolment::Desk,
        acme: enrolment::Acme,
        former: Vec<ca::Issuing>,
        server_key: ServerKey,
        profile: TlsProfile,
        clock: Clock,
    ) -> Result<Self, rustls::Error> {
        let mut trusted = former;
        trusted.push(desk.issuing().clone());
        let tls = Arc::new(tls::config(&trusted, server_key, profile)?);
        let scep = Arc::new(enrolment::Scep::new(desk.clone()));
        let (sources, balancers) = (Arc::default(), Balancers::default());
        Ok(Self { desk, scep, acme: Arc::new(acme), sources, clock, bounds: Bounds::enrolment(), balancers, tls })
    }

    /// Behind these, who say where a terminal comes from, and must.
    #[must_use]
    pub fn with_balancers(mut self, balancers: Balancers) -> Self {
        self.balancers = balancers;
        self
    }

    /// With other bounds than the usual ones.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }
}

/// Serves until `stop` resolves, then takes no more connections and waits for the open ones, up to [`Bounds::drain_within`].
///
/// # Errors
/// The listener is no listening socket.
pub async fn serve_enrolment(
    listener: TcpListener,
    enrolment: EnrolmentDoor,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), io::Error> {
    let (bounds, balancers) = (enrolment.bounds, enrolment.balancers.clone());
    let acceptor = TlsAcceptor::from(Arc::clone(&enrolment.tls));
    let router = routes::router(enrolment);
    door::open(listener, bounds, balancers, stop, move |stream, client| {
        let (acceptor, router) = (acceptor.clone(), router.clone());
        async move {
            let source = sources::Source(client);
            let shaken = tokio::time::timeout(bounds.head_within, acceptor.accept(stream)).await;
            match shaken {
                Ok(Ok(stream)) => {
                    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                    let shown = routes::Shown(shown.map(|leaf| leaf.to_vec()).map(Arc::new));
                    let line = check::Line::of(stream.get_ref().1);
                    door::connection(
                        stream,
                        router
                            .layer(axum::Extension(shown))
                            .layer(axum::Extension(line))
                            .layer(axum::Extension(source)),
                        bounds,
                    )
                    .await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        }
    })
    .await
}
