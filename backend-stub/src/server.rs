//! Listeners, connections and the drain: HTTP/1.1 with keep-alive; on stop, running answers get a few seconds.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::extract::connect_info::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::StubError;
use crate::wire::Wire;

/// How long a client may take to send its header.
const HEADER_READ_MAX: Duration = Duration::from_secs(30);
/// How long running answers may go on after the stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// Open connections of one listener; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 20_000;

/// Binds; port 0 takes a free one.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StubError> {
    let failed = |source| StubError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Serves until `draining` turns true, then waits for what still runs, at most [`DRAIN_MAX`].
pub(crate) async fn serve(listener: TcpListener, router: Router, mut draining: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        let accepted = tokio::select! {
            () = begun(&mut draining) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors, most likely: let some close.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        connections.spawn(connection(stream, peer, router.clone(), draining.clone()));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_MAX, all).await.is_err() {
        connections.abort_all();
    }
}

async fn connection(
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    router: Router,
    mut draining: watch::Receiver<bool>,
) {
    let (wire, breaker) = Wire::new(stream);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(breaker.clone());
        request.extensions_mut().insert(ConnectInfo(peer));
        hyper::service::Service::call(&router, request)
    });
    let running = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_MAX)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    tokio::pin!(running);
    let ended = tokio::select! {
        ended = running.as_mut() => ended,
        () = begun(&mut draining) => {
            running.as_mut().graceful_shutdown();
            running.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Returns when the drain has begun.
pub(crate) async fn begun(draining: &mut watch::Receiver<bool>) {
    // A sender that is gone has begun it too.
    drop(draining.wait_for(|begun| *begun).await);
}
