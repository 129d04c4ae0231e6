//! The listeners: HTTP/1.1, one request per connection, every wait bounded.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use gateway::balancer::header::Origin;
use gateway::balancer::{self, Balancers};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::bounds::{ACCEPT_PAUSE, Bounds};
use crate::crowd::{Crowd, Share};
use crate::list::Shelf;
use crate::{Console, routes};

/// Ends a task with its owner.
struct Ended(AbortHandle);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves until `stop` resolves, then takes no more connections and waits for the open ones, up to
/// [`Bounds::drain_within`]. Keeps the revocation list fresh meanwhile.
///
/// # Errors
/// The listener is no listening socket.
pub async fn serve(
    listener: TcpListener,
    console: Console,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), io::Error> {
    let bounds = console.bounds;
    let keep = |list: &Arc<Shelf>| Ended(tokio::spawn(Arc::clone(list).keep(bounds)).abort_handle());
    let now = (console.clock)();
    let standing = console.issuers().filter(|issuer| !issuer.is_over(now));
    let _keepers: Vec<_> = standing.map(|issuer| keep(&issuer.list)).collect();
    let router = routes::router(console);
    // Only those who live beside us come here, and nobody in between speaks for them.
    let nobody = Balancers::default();
    open(listener, bounds, nobody, stop, move |stream, _| connection(stream, router.clone(), bounds)).await
}

/// Accepts until `stop` resolves, then drains; `serve` is one connection's whole life, and is told where it comes from: from a
/// balancer, what that says.
pub(crate) async fn open<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    bounds: Bounds,
    balancers: Balancers,
    stop: impl Future<Output = ()> + Send,
    serve: impl Fn(TcpStream, IpAddr) -> F + Clone + Send + 'static,
) -> Result<(), io::Error> {
    let at = listener.local_addr()?;
    let places = Arc::new(Semaphore::new(bounds.connections_max));
    let crowd = Arc::new(Crowd::new(bounds.connections_per_source_max));
    tracing::info!(%at, "a door of the office is open");
    let mut stop = std::pin::pin!(stop);
    loop {
        // The place comes before the connection: without one, the next waits in the kernel's queue.
        let place = tokio::select! {
            () = &mut stop => break,
            place = Arc::clone(&places).acquire_owned() => place.map_err(io::Error::other)?,
        };
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, peer.ip()),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let (serve, crowd) = (serve.clone(), Arc::clone(&crowd));
        if balancers.hold(peer) {
            tokio::spawn(async move {
                let _held = place;
                let Some((stream, client)) = behind(stream, peer, bounds).await else { return };
                let Some(_share) = share(&crowd, client) else { return };
                serve(stream, client).await;
            });
            continue;
        }
        // Closed at once, and the place is free for the next: who has its share takes nobody else's.
        let Some(share) = share(&crowd, peer) else { continue };
        tokio::spawn(async move {
            // Given back with the task, however it ends.
            let _held = (place, share);
            serve(stream, peer).await;
        });
    }
    drop(listener);
    let all = u32::try_from(bounds.connections_max).unwrap_or(u32::MAX);
    if tokio::time::timeout(bounds.drain_within, places.acquire_many(all)).await.is_err() {
        tracing::warn!(%at, "connections were still open at the end of the drain");
    }
    Ok(())
}

fn share(crowd: &Crowd, source: IpAddr) -> Option<Share> {
    let share = crowd.enter(anomaly::prefix(source));
    if share.is_none() {
        tracing::debug!("a source that has its share of connections asked for one more");
    }
    share
}

/// The client behind a balancer, which must say so before anything else.
async fn behind(mut stream: TcpStream, peer: IpAddr, bounds: Bounds) -> Option<(TcpStream, IpAddr)> {
    match tokio::time::timeout(bounds.head_within, balancer::origin(&mut stream)).await {
        Ok(Ok(Origin::Client(client))) => Some((stream, client.ip())),
        Ok(Ok(Origin::Balancer)) => Some((stream, peer)),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a balancer did not say where its client comes from");
            None
        }
        Err(_) => None,
    }
}

/// One connection, which carries one request.
pub(crate) async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: axum::Router,
    bounds: Bounds,
) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .header_read_timeout(bounds.head_within)
        .max_header_size(bounds.head_octets_max)
        .max_headers(bounds.fields_max)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // Strangers break off and send nonsense all day: worth a line for who looks, no more.
    match tokio::time::timeout(bounds.connection_within, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::debug!("a connection took too long"),
    }
}
