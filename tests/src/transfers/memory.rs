//! Large transfers at constant memory. `SEKISHO_TRANSFER_MIB=10240 cargo nextest run --workspace --release -E
//! 'test(constant_memory)'` moves 10 GiB each way; without it, enough to see whether anything of it is kept.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::world::memory::resident_kib;
use crate::world::{CARE, Http, Plan, Tls, World};

type Body = UnsyncBoxBody<Bytes, Infallible>;

const PIECE: usize = 1 << 20;
/// What may be added to the memory of the whole process: gateway, client and store.
const GROWTH_MAX_KIB: u64 = 64 * 1024;

fn pieces(count: usize) -> Body {
    let piece = Bytes::from(vec![0xa5; PIECE]);
    let pieces = stream::iter((0..count).map(move |_| Ok(Frame::data(piece.clone()))));
    StreamBody::new(pieces).boxed_unsync()
}

/// A store with one large document, which takes whatever is uploaded and keeps nothing.
async fn store(count: usize, taken: Arc<AtomicU64>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let taken = Arc::clone(&taken);
            let service = service_fn(move |request| answer(request, count, Arc::clone(&taken)));
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn answer(request: Request<Incoming>, count: usize, taken: Arc<AtomicU64>) -> Result<Response<Body>, Infallible> {
    let (parts, mut body) = request.into_parts();
    let answer = Response::builder();
    if parts.method == Method::POST {
        while let Some(Ok(frame)) = body.frame().await {
            taken.fetch_add(frame.data_ref().map_or(0, Bytes::len) as u64, Ordering::Relaxed);
        }
        let location = answer.status(StatusCode::CREATED).header("location", "/fhir/Binary/b-1/_history/1");
        return Ok(location.body(Full::default().boxed_unsync()).unwrap());
    }
    let answer = answer.header("etag", "W/\"1\"");
    if parts.headers["accept"] == "*/*" {
        let whole = answer.header("content-type", "image/jpeg").header("content-length", count * PIECE);
        return Ok(whole.body(pieces(count)).unwrap());
    }
    let about = r#"{"resourceType":"Binary","id":"b-1","meta":{"versionId":"1"},"contentType":"image/jpeg","securityContext":{"reference":"Patient/P-0001"}}"#;
    let about = Full::new(Bytes::from_static(about.as_bytes())).boxed_unsync();
    Ok(answer.header("content-type", "application/fhir+json").body(about).unwrap())
}

/// The most that this process holds from now on, until it is asked.
struct Watch {
    before: u64,
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Watch {
    fn begin() -> Self {
        let (before, over) = (resident_kib(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut most = resident_kib();
            while !told.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
                most = most.max(resident_kib());
            }
            most
        });
        Self { before, over, thread }
    }

    fn must_be_little(self, what: &str) {
        self.over.store(true, Ordering::Relaxed);
        let growth = self.thread.join().unwrap().saturating_sub(self.before);
        println!("{what}: {} KiB before, at most {growth} KiB more", self.before);
        assert!(growth < GROWTH_MAX_KIB, "{what}: {growth} KiB more");
    }
}

async fn send(world: &World, http: Http, keys: &crate::world::Keys, request: Request<Body>) -> Response<Incoming> {
    let tls = TokioIo::new(world.terminal_speaking(keys, http, Tls::V13).raw().await.unwrap());
    match http {
        Http::One => {
            let (mut sender, connection) = http1::handshake(tls).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        }
        Http::Two => {
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), tls).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_transfers_run_at_constant_memory() {
    let mebibytes = std::env::var("SEKISHO_TRANSFER_MIB").ok().map_or(192, |text| text.parse().unwrap());
    let bytes = mebibytes * PIECE;
    let taken = Arc::new(AtomicU64::new(0));
    let store = Some(store(mebibytes, Arc::clone(&taken)).await);
    let world = World::planned(Plan { store, workers: 1, ..Plan::default() }).await;
    let keys = world.keys("D-sato");
    for http in [Http::One, Http::Two] {
        let at = |target: &str| match http {
            Http::One => target.to_owned(),
            Http::Two => format!("https://{CARE}{target}"),
        };
        let request = async |method: &str, target: &str| {
            // A session that is not used while a transfer runs may be over by the next.
            let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
            Request::builder().method(method).uri(at(target)).header("host", CARE).header("cookie", cookie)
        };
        taken.store(0, Ordering::Relaxed);
        let upload = request("POST", "/fhir/Binary").await.header("content-type", "image/jpeg");
        let upload = upload.header("content-length", bytes).header("x-security-context", "Patient/P-0001");
        let upload = upload.body(pieces(mebibytes)).unwrap();
        let (watch, begun) = (Watch::begin(), Instant::now());
        let answered = send(&world, http, &keys, upload).await;
        assert_eq!(answered.status(), StatusCode::CREATED);
        assert_eq!(taken.load(Ordering::Relaxed), bytes as u64);
        watch.must_be_little(&format!("{http:?}: {mebibytes} MiB up in {:?}", begun.elapsed()));

        let download = request("GET", "/fhir/Binary/b-1").await.header("accept", "*/*");
        let download = download.body(Full::default().boxed_unsync()).unwrap();
        let (watch, begun) = (Watch::begin(), Instant::now());
        let mut body = send(&world, http, &keys, download).await.into_body();
        let mut got = 0;
        while let Some(frame) = body.frame().await {
            got += frame.unwrap().data_ref().map_or(0, Bytes::len);
        }
        assert_eq!(got, bytes);
        watch.must_be_little(&format!("{http:?}: {mebibytes} MiB down in {:?}", begun.elapsed()));
    }
}
