//! Something between gateway and store that can keep an answer back, change it, or let it break off: what a store might do
//! between two of its own lines.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What becomes of an answer to `POST /fhir`, or to look-ups. All else passes.
#[derive(Clone)]
pub(crate) enum Twist {
    /// As it is.
    None,
    /// Only when this is notified, and then as it is.
    After(Arc<Notify>),
    /// This instead of it, though the store has done what it was asked to.
    Instead(fn(serde_json::Value) -> serde_json::Value),
    /// The connection ends; the store has done it.
    Lost,
    /// The store never hears of it.
    Refused(StatusCode),
    /// Of any request: a page of a search that the store keeps is answered so.
    Kept(StatusCode),
    /// Of any request: it takes so long.
    Slow(Duration),
    /// This to every search for what criteria mean.
    Criteria(StatusCode),
    /// Blanks behind every record that is looked up, so many.
    Blanks(usize),
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    store: Arc<Mutex<Option<SocketAddr>>>,
    twist: Arc<Mutex<Twist>>,
    slowed: Arc<AtomicUsize>,
}

impl Relay {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let relay =
            Self { address, store: Arc::default(), twist: Arc::new(Mutex::new(Twist::None)), slowed: Arc::default() };
        let serving = relay.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let relay = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let relay = relay.clone();
                        async move { relay.pass(request).await }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        relay
    }

    /// The store behind it.
    pub(crate) fn lead_to(&self, store: SocketAddr) {
        *self.store.lock().unwrap() = Some(store);
    }

    pub(crate) fn twist(&self, twist: Twist) {
        *self.twist.lock().unwrap() = twist;
    }

    /// Requests that were slowed, so far.
    pub(crate) fn slowed(&self) -> usize {
        self.slowed.load(Ordering::SeqCst)
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let bundle = request.method() == http::Method::POST && request.uri().path() == "/fhir";
        let twist = self.twist.lock().unwrap().clone();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let looked_up = request.method() == http::Method::GET && query.contains("_elements=");
        match twist {
            Twist::Kept(status) if query.contains("_getpages") => {
                return Ok(Response::builder().status(status).body(Full::default()).unwrap());
            }
            Twist::Slow(long) => {
                self.slowed.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(long).await;
            }
            Twist::Criteria(status) if looked_up && query.contains("_count=2") => {
                return Ok(Response::builder().status(status).body(Full::default()).unwrap());
            }
            Twist::Blanks(count) if looked_up => {
                let (mut parts, body) = self.ask(request).await.into_parts();
                let count = if parts.status == StatusCode::OK { count } else { 0 };
                let mut long = body.to_vec();
                long.resize(long.len() + count, b' ');
                parts.headers.remove(http::header::CONTENT_LENGTH);
                return Ok(Response::from_parts(parts, Full::new(long.into())));
            }
            _ => {}
        }
        let twist = if bundle { twist } else { Twist::None };
        if let Twist::Refused(status) = twist {
            let body = r#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"Patient/P-0008"}]}"#;
            let answer = Response::builder().status(status).header("content-type", "application/fhir+json");
            return Ok(answer.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap());
        }
        let (parts, body) = self.ask(request).await.into_parts();
        match twist {
            Twist::After(notify) => notify.notified().await,
            Twist::Lost => return Err(std::io::ErrorKind::ConnectionReset.into()),
            Twist::Instead(change) => {
                let changed = change(serde_json::from_slice(&body).unwrap());
                let answer = Response::builder().status(parts.status).header("content-type", "application/fhir+json");
                return Ok(answer.body(Full::new(changed.to_string().into())).unwrap());
            }
            Twist::None
            | Twist::Refused(_)
            | Twist::Kept(_)
            | Twist::Slow(_)
            | Twist::Criteria(_)
            | Twist::Blanks(_) => {}
        }
        Ok(Response::from_parts(parts, Full::new(body)))
    }

    async fn ask(&self, request: Request<Incoming>) -> Response<Bytes> {
        let store = self.store.lock().unwrap().unwrap();
        let (parts, body) = request.into_parts();
        let body = Full::new(body.collect().await.unwrap().to_bytes());
        let stream = TcpStream::connect(store).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let (mut parts, body) = sender.send_request(Request::from_parts(parts, body)).await.unwrap().into_parts();
        parts.headers.remove("transfer-encoding");
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }
}
