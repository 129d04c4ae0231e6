//! One client connection: handshake, reading the certificate once, and serving HTTP/1.1 or HTTP/2 over it.
//!
//! A connection is idle for most of its life. What its handshake, its requests and the writing of their answers need lies in boxes of
//! their own, and is given back as soon as they are over; what stays is TLS, the guard, and a place among the living.

mod answering;
mod fair;
mod one;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::UPGRADE;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::Timestamp;
use registry::{Snapshot, Status};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use self::answering::Answering;
use self::fair::Fairly;
use self::one::{Going, Pace};
use crate::bounds::{
    H1_IDLE_MAX, H2_CONNECTION_WINDOW_BYTES, H2_ERROR_RESETS_MAX, H2_IDLE_MAX, H2_PENDING_RESETS_MAX, H2_PING_AFTER,
    H2_PING_ANSWER_MAX, H2_SEND_BUFFER_BYTES_MAX, H2_STREAM_WINDOW_BYTES, H2_STREAMS_MAX, HANDSHAKE_MAX,
    HEADER_BYTES_MAX, HEADERS_MAX, READ_BUFFER_BYTES_MAX,
};
use crate::cut::live::{ConnectionEntry, Last};
use crate::cut::socket::{Scissors, Socket};
use crate::refusal::{CertificateProblem, Refusal};
use crate::strict::frames::Frames;
use crate::strict::guard::Guard;
use crate::strict::lent::Lent;
use crate::strict::signs::Signs;
use crate::tls::arrival::{Arrival, Standing};
use crate::tls::device::{Presented, VerifiedDevice};
use crate::tls::hosts::{Chosen, Host};
use crate::tls::negotiated::Negotiated;
use crate::tls::verifier::Strictness;
use crate::worker::{Draining, Worker};
use crate::{isolated, pipeline};

/// A client, for as long as its connection lasts.
pub struct Client {
    /// Where it connects from.
    pub peer: SocketAddr,
    /// The host it asked for in the handshake.
    pub host: Host,
    /// The certificate it presented, which stood then: read from the session, so it is there after a resumption too.
    pub certificate: Option<Standing>,
    /// Cuts the connection.
    pub scissors: Scissors,
    /// Several exchanges at once (HTTP/2).
    pub multiplexed: bool,
    /// Its place among the living; none without a certificate that the registry knows.
    pub living: Option<ConnectionEntry>,
    /// Held by whatever is going on: requests, exchanges, and over HTTP/1.1 the bodies of answers. Nobody else holding it means idle.
    pub busy: Arc<()>,
    /// Its last exchange, over HTTP/1.1.
    pub last: Last,
    /// What the handshake came to, for the connection check.
    pub tls: Negotiated,
    /// What its guard says, over HTTP/1.1.
    pub signs: Arc<Signs>,
}

impl Client {
    /// The device behind the connection, as of this snapshot.
    ///
    /// # Errors
    /// What is wrong with its certificate.
    pub fn device(&self, snapshot: &Snapshot, now: Timestamp) -> Result<VerifiedDevice, Refusal> {
        let presented = self.presented().ok_or(Refusal::Certificate(CertificateProblem::Missing))?;
        if !presented.is_heard(now) {
            return Err(Refusal::RegistryStale);
        }
        presented.verify(snapshot, now).map_err(Refusal::Certificate)
    }

    /// The certificate it presented.
    #[must_use]
    pub fn presented(&self) -> Option<&Presented> {
        self.certificate.as_ref().map(Standing::presented)
    }
}

/// Serves a connection to its end. Errors end only this connection.
pub async fn serve(worker: Rc<Worker>, stream: TcpStream, peer: SocketAddr) {
    let socket = Socket::new(stream);
    let scissors = socket.scissors();
    let handshake = Box::pin(handshake(&worker, socket));
    let Ok(Some((host, mut tls))) = timeout(HANDSHAKE_MAX, handshake).await else { return };
    tls.get_mut().0.take_part_in(worker.handle().turns().rounds());
    let (_, session) = tls.get_ref();
    let multiplexed = session.alpn_protocol() == Some(b"h2");
    let presented = match session.peer_certificates() {
        // Read in this handshake, or in the one that is resumed, unless that is long ago.
        Some(chain) => match worker.read_again(chain) {
            Some(presented) => Some(presented),
            // The handshake read it already; a second reading that fails opens nothing.
            None => return,
        },
        None => None,
    };
    let negotiated = Negotiated::of(session);
    // Entered first, looked up afterwards: a revocation in between finds the connection.
    let living = presented.as_ref().and_then(|presented| {
        let snapshot = worker.snapshot();
        let Status { index, device, .. } = presented.status(&snapshot)?;
        let (live, serial) = (worker.live(), presented.serial(&snapshot, index)?);
        let certificate = (serial, Some(presented.clone()));
        Some(live.enter_connection(worker.number(), certificate, &device.id, &device.facility, scissors.clone()))
    });
    let certificate = match presented.map(|presented| Arrival::of(presented, &worker.snapshot(), worker.now())) {
        None => None,
        Some(Arrival::Standing(standing)) => Some(standing),
        // Not among the living, so that nobody resets it while it is read; nothing but a page is served to it.
        Some(Arrival::Lapsed(lapsed)) if worker.strictness() == Strictness::Explain => {
            drop(living);
            return Box::pin(isolated::serve(worker.portal(), lapsed, tls, peer)).await;
        }
        // A resumed session passes the handshake without a question: asked here, it is refused all the same.
        Some(Arrival::Lapsed(_) | Arrival::Unknown) => return,
    };
    let client = Client {
        peer,
        host,
        certificate,
        scissors,
        multiplexed,
        living,
        last: Last::default(),
        busy: Arc::default(),
        tls: negotiated,
        signs: Arc::default(),
    };
    // The handshake asked for one; should it not have, closed.
    if host == Host::Care && worker.strictness() == Strictness::Alert && client.certificate.is_none() {
        return;
    }
    if let Err(error) = speak(&worker, Rc::new(client), tls).await {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

/// TLS, with the settings of the host that the client names. None when it names none of ours or fails. In a box: it is large, and
/// would be moved with whatever it is handed to.
async fn handshake(worker: &Worker, socket: Socket) -> Option<(Host, Box<TlsStream<Socket>>)> {
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), socket).await;
    let start = start.inspect_err(|error| tracing::debug!(%error, "no TLS client hello")).ok()?;
    let failed = |error: &std::io::Error| tracing::debug!(%error, "a TLS handshake failed");
    match worker.hosts().choose(&start.client_hello())? {
        Chosen::Client(host, config) => {
            // Some tenths of a millisecond of reckoning. Reading what a client wants is none, and had no turn.
            let made = worker.handshakes().in_turns(start.into_stream(config)).await;
            made.inspect_err(failed).ok().map(|tls| (host, Box::new(tls)))
        }
        Chosen::Question(config) => {
            let made = worker.handshakes().in_turns(start.into_stream(config)).await;
            let mut answered = made.inspect_err(failed).ok()?;
            // It has what it wanted to know, whether or not it hears the goodbye.
            let _ = answered.shutdown().await;
            None
        }
    }
}

async fn speak(worker: &Rc<Worker>, client: Rc<Client>, tls: Box<TlsStream<Socket>>) -> hyper::Result<()> {
    let service = service(worker, &client);
    if client.multiplexed {
        return two(&client, tls, service, worker.draining()).await;
    }
    let lent = Lent::new(Guard::new(tls, Arc::clone(&client.signs)));
    let going = Going { signs: &client.signs, busy: &client.busy, pace: Pace::default() };
    one::serve(lent, going, service, worker.draining()).await
}

type Answer = Response<Answering>;

/// Whoever answers the requests of a connection.
fn service(
    worker: &Rc<Worker>,
    client: &Rc<Client>,
) -> impl Service<Request<Incoming>, Response = Answer, Error = Infallible, Future: Unpin + 'static> + Clone + use<> {
    let (worker, client) = (Rc::clone(worker), Rc::clone(client));
    service_fn(move |request: Request<Incoming>| {
        let (worker, client) = (Rc::clone(&worker), Rc::clone(&client));
        let busy = Arc::clone(&client.busy);
        client.signs.taken();
        // The way of a request is long, and hyper keeps room for it in every connection, idle or not: here it is room for a pointer.
        Box::pin(async move {
            client.scissors.asked();
            let upgrade = request.headers().contains_key(UPGRADE);
            let response = pipeline::serve(&worker, &client, request).await;
            if upgrade {
                client.signs.answered(response.status() == StatusCode::SWITCHING_PROTOCOLS);
            }
            let busy = (!client.multiplexed).then_some(busy);
            Ok(response.map(|body| Answering::new(body, busy)))
        })
    })
}

/// HTTP/2 over a connection, to its end.
async fn two<S>(client: &Client, tls: Box<TlsStream<Socket>>, service: S, mut draining: Draining) -> hyper::Result<()>
where
    S: Service<Request<Incoming>, Response = Answer, Error = Infallible, Future: Unpin + 'static>,
{
    let service = Fairly::new(service);
    let mut connection = Box::pin(http2().serve_connection(TokioIo::new(Frames::new(tls)), service));
    tokio::select! {
        ended = &mut connection => return ended,
        () = draining.begun() => connection.as_mut().graceful_shutdown(),
        () = idle(client) => {
            connection.as_mut().graceful_shutdown();
            // Who does not answer the goodbye either is cut.
            let ended = timeout(HANDSHAKE_MAX, &mut connection).await;
            client.scissors.cut();
            return ended.unwrap_or(Ok(()));
        }
    }
    connection.await
}

/// HTTP/1.1 within our bounds; [`Guard`] stands under it.
#[must_use]
pub fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // Our guard counts the time of a head that has begun.
        .header_read_timeout(H1_IDLE_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(READ_BUFFER_BYTES_MAX)
        .half_close(false);
    builder
}

/// HTTP/2 within our bounds; [`Frames`] stands under it.
#[must_use]
pub fn http2() -> http2::Builder<LocalExecutor> {
    let mut builder = http2::Builder::new(LocalExecutor);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS_MAX)
        // WebSockets come as extended CONNECT (RFC 8441).
        .enable_connect_protocol()
        .max_pending_accept_reset_streams(H2_PENDING_RESETS_MAX)
        .max_local_error_reset_streams(H2_ERROR_RESETS_MAX)
        .initial_stream_window_size(H2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(H2_CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(H2_SEND_BUFFER_BYTES_MAX)
        .max_header_list_size(u32::try_from(HEADER_BYTES_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(H2_PING_AFTER)
        .keep_alive_timeout(H2_PING_ANSWER_MAX);
    builder
}

/// Ready when nothing has been going on for [`H2_IDLE_MAX`]. hyper's HTTP/2 has no such limit, and answers to pings are no
/// sign of need: a stranger could hold a connection for ever.
async fn idle(client: &Client) {
    let mut busy_at = Instant::now();
    loop {
        tokio::time::sleep(H2_IDLE_MAX / 12).await;
        if Arc::strong_count(&client.busy) > 1 {
            busy_at = Instant::now();
        }
        let since_asked = client.scissors.last_asked_ago().unwrap_or(Duration::MAX);
        if busy_at.elapsed().min(since_asked) >= H2_IDLE_MAX {
            return;
        }
    }
}

/// Runs the streams of an HTTP/2 connection on the worker's own thread.
#[derive(Clone, Copy)]
pub struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

#[cfg(test)]
mod tests;
