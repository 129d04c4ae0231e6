//! The gateway's own parts, forwarding and nothing else: what `tests/bench` measures as "bare".
//!
//! `bare LISTEN STORE HOST ISSUER SERVER_CERTIFICATE SERVER_KEY`, the last three files in PEM. The TLS settings and the check of
//! the terminal's chain and form (`gateway::tls`), the socket that can be cut, the guards of octets and frames, hyper with the product's
//! bounds, and the way to the store are the gateway's; of the pipeline nothing is there: no registry, no session, no decision, no audit
//! entry, no look at the answer. It opens a store to whoever has a certificate of the issuer: never a product, an example only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measuring tool stops at once"
)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use gateway::bounds::{ACCEPT_BACKLOG, SEND_BUFFER_BYTES};
use gateway::connection::{http1, http2};
use gateway::cut::socket::Socket;
use gateway::store::errand::{Class, Errand};
use gateway::store::lanes::Lane;
use gateway::store::pool::{Body, STORE_HOST};
use gateway::store::settings::StoreSettings;
use gateway::store::stores::Stores;
use gateway::store::way::Way as ToStore;
use gateway::strict::frames::Frames;
use gateway::strict::guard::Guard;
use gateway::tls::external::Externals;
use gateway::tls::hosts::{Chosen, Hosts};
use gateway::tls::readings::Readings;
use gateway::tls::verifier::{DeviceVerifier, Strictness};
use gateway::{ServerKey, TlsProfile};
use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::LocalOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::LazyConfigAcceptor;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Fields that end at each hop (RFC 9110 7.6.1).
const HOP_BY_HOP: [HeaderName; 4] = [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE];

/// What a connection needs.
struct Way {
    hosts: Hosts,
    store: ToStore,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [listen, store, host, issuer, certificate, key] = words.as_slice() else {
        panic!("bare LISTEN STORE HOST ISSUER SERVER_CERTIFICATE SERVER_KEY");
    };
    let store: SocketAddr = store.parse().unwrap();
    let stores = Arc::new(Stores::new(StoreSettings::plain(store)).unwrap());
    let way = Rc::new(Way { hosts: hosts(host, issuer, certificate, key), store: ToStore::new(&stores) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    runtime.unwrap().block_on(accept(listener(listen.parse().unwrap()), way));
}

fn hosts(host: &str, issuer: &str, certificate: &str, key: &str) -> Hosts {
    let issuers = [CertificateDer::from_pem_file(issuer).unwrap()];
    let (readings, externals) = (Arc::new(Readings::default()), Arc::new(Externals::new(Vec::new())));
    // Who has no certificate of this issuer gets no further than the handshake; no registry is asked about those who have.
    let verifier = DeviceVerifier::new(&issuers, Strictness::Alert, Arc::new(|_| Ok(())), readings, externals).unwrap();
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let key = ServerKey::new(Arc::new(CertifiedKey::new(chain, key)));
    Hosts::new(host, "nobody.invalid", key, TlsProfile::Standard, verifier).unwrap()
}

fn listener(address: SocketAddr) -> std::net::TcpListener {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(ACCEPT_BACKLOG).unwrap();
    socket.into()
}

/// Until it is told to end, so that a build that counts where it goes (`tests/bench/pgo.py`) tells what it has counted.
async fn accept(listener: std::net::TcpListener, way: Rc<Way>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut end = signal(SignalKind::terminate()).unwrap();
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted.unwrap(),
            _ = end.recv() => return,
        };
        stream.set_nodelay(true).unwrap();
        socket2::SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES).unwrap();
        let way = Rc::clone(&way);
        // A connection's end is its own affair.
        tokio::task::spawn_local(async move { drop(serve(way, stream).await) });
    }
}

async fn serve(way: Rc<Way>, stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), Socket::new(stream)).await?;
    let Some(Chosen::Client(_, config)) = way.hosts.choose(&start.client_hello()) else {
        return Err("another host".into());
    };
    let tls = start.into_stream(config).await?;
    let multiplexed = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(move |request| {
        let way = Rc::clone(&way);
        async move { Ok::<_, Infallible>(forward(&way, request).await) }
    });
    if multiplexed {
        http2().serve_connection(TokioIo::new(Frames::new(tls)), service).await?;
    } else {
        http1().serve_connection(TokioIo::new(Guard::new(tls, Arc::default())), service).await?;
    }
    Ok(())
}

/// The client's request with our own `Host`, and the store's answer as it comes.
async fn forward(way: &Way, request: Request<Incoming>) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().cloned();
    parts.uri = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    parts.version = http::Version::HTTP_11;
    without_hop_by_hop(&mut parts.headers);
    parts.headers.insert(HOST, STORE_HOST);
    let request = Request::from_parts(parts, body.map_err(Into::into).boxed_unsync());
    match way.store.send(request, Errand { lane: Lane::Care, class: Class::Upload, within: None }).await {
        Ok(mut answer) => {
            without_hop_by_hop(answer.headers_mut());
            *answer.version_mut() = http::Version::default();
            answer.map(|body| body.map_err(Into::into).boxed_unsync())
        }
        Err(_) => {
            let mut answer = Response::new(Empty::new().map_err(Into::into).boxed_unsync());
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            answer
        }
    }
}

fn without_hop_by_hop(headers: &mut HeaderMap) {
    // Nobody in a measurement names more of them in `Connection`.
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}
