//! Accepting connections, and what comes before TLS: a place for each source, a balancer's header, the first octet.
//!
//! Whoever connects and says nothing is let go of sooner than whoever is in the middle of a handshake: a client of TLS speaks
//! first, at once. Who speaks plain HTTP here is told so; whatever else is no TLS ends without a word.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::balancer::header::Origin;
use crate::balancer::{self, OriginFault};
use crate::bounds::{
    CONNECTIONS_PER_WORKER_MAX, FIRST_OCTET_MAX, PLAIN_HTTP_BYTES_MAX, SEND_BUFFER_BYTES, WRITE_STALL_MAX,
};
use crate::connection;
use crate::source::{Place, Sources};
use crate::worker::Worker;

/// After a failed accept, others may finish first.
const PAUSE: Duration = Duration::from_millis(20);
/// Content type of a handshake's record (RFC 8446 5.1), with which every client begins.
const HANDSHAKE: u8 = 0x16;

/// Accepts until the drain begins.
pub(crate) async fn accept(worker: &Rc<Worker>, sources: &Rc<Sources>, listener: TcpListener) {
    let mut draining = worker.draining();
    loop {
        let accepted = tokio::select! {
            biased;
            () = draining.begun() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => take(worker, sources, stream, peer),
            // Out of descriptors or the like: let others finish, do not spin.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    // From here on a new connection is refused, and can go to another node, instead of waiting in the kernel's queue for somebody
    // who accepts no more.
    drop(listener);
}

/// Serves one connection on a task of its own, unless there are too many.
fn take(worker: &Rc<Worker>, sources: &Rc<Sources>, stream: TcpStream, peer: SocketAddr) {
    // A balancer's connections are its clients', each of whom has a share of its own.
    let balanced = worker.balancers().hold(peer.ip());
    let place = if balanced { None } else { sources.enter(peer.ip()) };
    if (place.is_none() && !balanced) || worker.has_too_many(CONNECTIONS_PER_WORKER_MAX) {
        return;
    }
    // Without these it is served all the same, a little slower or at a little more cost.
    let _ = stream.set_nodelay(true);
    let socket = socket2::SockRef::from(&stream);
    let _ = socket.set_send_buffer_size(SEND_BUFFER_BYTES);
    // Also for what is left in the kernel of an answer when we have let go of the connection.
    let _ = socket.set_tcp_user_timeout(Some(WRITE_STALL_MAX));
    let (worker, sources, open) = (Rc::clone(worker), Rc::clone(sources), worker.hold_open());
    tokio::task::spawn_local(async move {
        let _open = open;
        let Ok(Some((stream, client, _place))) = timeout(FIRST_OCTET_MAX, begin(&sources, stream, peer, place)).await
        else {
            return;
        };
        connection::serve(worker, stream, client).await;
    });
}

/// Reads a balancer's header, where there must be one, and looks at the first octet behind it. None: there is nothing to serve.
async fn begin(
    sources: &Sources,
    mut stream: TcpStream,
    peer: SocketAddr,
    place: Option<Place>,
) -> Option<(TcpStream, SocketAddr, Place)> {
    let (client, place) = match place {
        Some(place) => (peer, place),
        None => behind(sources, &mut stream, peer).await?,
    };
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) if first == [HANDSHAKE] => Some((stream, client, place)),
        Ok(1) if first.iter().all(u8::is_ascii_uppercase) => {
            // Boxed: every connection would have the room of what hardly any is told.
            Box::pin(explain(stream)).await;
            None
        }
        // Gone, or no TLS: a balancer's header from somebody who is none, for one.
        _ => None,
    }
}

/// The client behind a balancer, with a place for it.
async fn behind(sources: &Sources, stream: &mut TcpStream, balancer: SocketAddr) -> Option<(SocketAddr, Place)> {
    let client = match balancer::origin(stream).await {
        Ok(Origin::Client(client)) => client,
        Ok(Origin::Balancer) => balancer,
        // It looks whether the port is open, and no more.
        Err(OriginFault::Io(_)) => return None,
        Err(fault @ OriginFault::Header(_)) => {
            let cause = std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%balancer, cause, "{fault}; the connection is closed");
            return None;
        }
    };
    sources.enter(client.ip()).map(|place| (client, place))
}

/// Tells a client that speaks HTTP without TLS to speak it with TLS. What it sent is read first: closing on top of octets that
/// nobody read would reset the connection, and the answer with it.
async fn explain(mut stream: TcpStream) {
    const WORDS: &str = "ここでは HTTPS で通信してください（http:// ではなく https://）。\r\nSpeak HTTPS here: https:// instead of http://.\r\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{WORDS}",
        WORDS.len()
    );
    let mut sent = [0; PLAIN_HTTP_BYTES_MAX];
    // One piece is enough to have seen a request; the answer does not depend on it.
    let told = match stream.read(&mut sent).await {
        Ok(_) => stream.write_all(answer.as_bytes()).await,
        Err(error) => Err(error),
    };
    if told.is_ok() && stream.shutdown().await.is_ok() {
        // Until it closes, or the time is over.
        let mut rest = stream.take(PLAIN_HTTP_BYTES_MAX as u64);
        while matches!(rest.read(&mut sent).await, Ok(1..)) {}
    }
}
