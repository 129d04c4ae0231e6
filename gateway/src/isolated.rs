//! What a terminal meets whose certificate was revoked, has expired or is not valid yet: one page that says so, and whom to
//! call. A bare TLS alert is a riddle in a browser, and whoever found a lost terminal should read whom to give it to.
//!
//! Nothing leads from here to the pipeline: what is served is made of the proof [`Lapsed`] and of the words of the page, and a
//! [`Portal`] has no store, no session, no registry and no upstream. Like a captive portal, it answers whatever is asked for. A
//! connection is answered and closed (over HTTP/2 a request may cross the goodbye, and is told the same); a few at a time, so many
//! a source; each answer is in the log. The guards of every client stand under it all the same: whoever holds a terminal that was lost
//! is no friend.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use audit::EntryId;
use aws_lc_rs::digest;
use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::bounds::{HEADER_BYTES_MAX, HEADER_READ_MAX, ISOLATED_ANSWERS_MAX, ISOLATED_CONNECTIONS_MAX, ISOLATED_MAX};
use crate::connection::{LocalExecutor, http1};
use crate::cut::socket::Socket;
use crate::pages::{self, Frame, Language, LocalPath, Place};
use crate::pipeline::admit::{Buckets, Rates};
use crate::refusal::Refusal;
use crate::strict::frames::Frames;
use crate::strict::guard::Guard;
use crate::tls::arrival::Lapsed;
use crate::tls::negotiated::Negotiated;
use crate::{Clock, answer, source};

/// One of a worker. See the module.
pub struct Portal {
    desk: pages::Desk,
    clock: Clock,
    sources: Buckets<source::Prefix>,
    open: Rc<Cell<usize>>,
}

/// One place among the few; given back when dropped.
struct Room(Rc<Cell<usize>>);

impl Drop for Room {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Portal {
    pub(crate) fn new(desk: pages::Desk, clock: Clock, rates: Rates) -> Self {
        Self { desk, clock, sources: Buckets::new("source", rates.per_source), open: Rc::default() }
    }

    fn enter(&self, source: IpAddr) -> Option<Room> {
        self.sources.charge(&source::prefix(source), (self.clock)(), 1).ok()?;
        let open = self.open.get();
        (open < ISOLATED_CONNECTIONS_MAX).then(|| {
            self.open.set(open + 1);
            Room(Rc::clone(&self.open))
        })
    }

    /// The one answer: a page for people, a problem document for programs; 403 whatever was asked for.
    fn answer(&self, lapsed: &Lapsed, tls: &Negotiated, head: &http::request::Parts) -> Response<Full<Bytes>> {
        let (refusal, incident) = (Refusal::Certificate(lapsed.problem()), EntryId::fresh());
        tracing::info!(
            serial = %lapsed.serial(), problem = refusal.code(), %incident, "a terminal was told why it is not served"
        );
        let text = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let page = text(ACCEPT).is_some_and(|accept| accept.contains("text/html"));
        let body = if page {
            let frame = self.frame(&head.uri, text(ACCEPT_LANGUAGE));
            let seen = pages::Seen { serial: lapsed.serial(), tls };
            pages::help(&frame, lapsed.problem(), &incident.to_string(), Some(seen))
        } else {
            pages::problem(&refusal, &incident.to_string())
        };
        let mut response = Response::new(Full::new(body.into()));
        *response.status_mut() = StatusCode::FORBIDDEN;
        let headers = response.headers_mut();
        answer::page_headers(headers);
        answer::incident(headers, &incident);
        if page {
            self_contained(headers);
        } else {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        }
        response
    }

    /// In the language that the address asks for, else the browser's: nothing is remembered here.
    fn frame(&self, uri: &Uri, accept_language: Option<&str>) -> Frame<'_> {
        let asked = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
        let here = uri.path_and_query().and_then(|target| LocalPath::new(target.as_str()));
        Frame {
            language: Language::choose(asked, accept_language),
            place: Place::Isolated,
            here: here.unwrap_or_else(LocalPath::home),
            desk: &self.desk,
            now: (self.clock)(),
        }
    }
}

/// The page brings its style along, for nothing else is served here; the policy names it by its digest.
fn self_contained(headers: &mut HeaderMap) {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let digest = digest::digest(&digest::SHA256, pages::STYLE.as_bytes());
        let named = base64::engine::general_purpose::STANDARD.encode(digest.as_ref());
        format!("default-src 'none'; style-src 'sha256-{named}'; frame-ancestors 'none'; base-uri 'none'")
    });
    // Base64 is visible ASCII. Should that ever change, the stricter policy stays, and the page is plain.
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Answers and closes.
pub(crate) async fn serve(portal: Rc<Portal>, lapsed: Lapsed, tls: Box<TlsStream<Socket>>, peer: SocketAddr) {
    let Some(_room) = portal.enter(peer.ip()) else { return };
    let scissors = tls.get_ref().0.scissors();
    let negotiated = Negotiated::of(tls.get_ref().1);
    let two = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let (answered, answers) = (Notify::new(), Cell::new(0));
    let service = service_fn(|request: Request<Incoming>| {
        // A goodbye takes effect when its client has answered it, and it may ask on until then.
        answers.set(answers.get() + 1);
        if answers.get() > ISOLATED_ANSWERS_MAX {
            scissors.cut();
        }
        let (head, _) = request.into_parts();
        let response = portal.answer(&lapsed, &negotiated, &head);
        answered.notify_one();
        async move { Ok::<_, Infallible>(response) }
    });
    let spoken = async {
        if two {
            let connection = http2::Builder::new(LocalExecutor)
                .timer(TokioTimer::new())
                .max_concurrent_streams(1)
                .max_header_list_size(u32::try_from(HEADER_BYTES_MAX).unwrap_or(u32::MAX))
                .serve_connection(TokioIo::new(Frames::new(tls)), service);
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                ended = &mut connection => return ended,
                () = answered.notified() => connection.as_mut().graceful_shutdown(),
            }
            connection.await
        } else {
            http1()
                .keep_alive(false)
                .header_read_timeout(HEADER_READ_MAX)
                .serve_connection(TokioIo::new(Guard::new(tls, Arc::default())), service)
                .await
        }
    };
    match timeout(ISOLATED_MAX, spoken).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, %error, "an isolated connection ended"),
        Err(_) => scissors.cut(),
    }
}
