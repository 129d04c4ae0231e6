//! A server in a mood.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::pipeline::extract::whole;
use crate::store::pool::Body;
use crate::store::settings::Protocol;

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Answers(StatusCode),
    /// Reads it, and closes.
    Closes,
    /// The same, once; then it answers.
    ClosesOnce,
    /// Reads it, and says nothing until it is told.
    Hangs,
    /// The head, and then the connection breaks.
    BreaksOff,
}

/// See the module.
#[derive(Clone)]
pub(super) struct House {
    pub(super) address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    asked: Arc<AtomicUsize>,
    /// Whoever hangs goes on.
    pub(super) told: Arc<Notify>,
}

impl House {
    pub(super) async fn build(protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let house = Self {
            address: listener.local_addr().unwrap(),
            mood: Arc::new(Mutex::new(Mood::Answers(StatusCode::OK))),
            asked: Arc::default(),
            told: Arc::default(),
        };
        let serving = house.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let house = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let house = house.clone();
                        async move { house.answer(request).await }
                    });
                    let stream = TokioIo::new(stream);
                    let _ = match protocol {
                        Protocol::Http1 => {
                            hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await
                        }
                        Protocol::Http2 => {
                            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                            builder.serve_connection(stream, service).await
                        }
                    };
                });
            }
        });
        house
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _ = request.into_body().collect().await;
        let mood = *self.mood.lock().unwrap();
        let (status, body) = match mood {
            Mood::Answers(status) => (status, whole(Bytes::from_static(b"here"))),
            Mood::Closes => return Err(std::io::ErrorKind::ConnectionReset.into()),
            Mood::ClosesOnce => {
                self.is(Mood::Answers(StatusCode::OK));
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            Mood::Hangs => {
                self.told.notified().await;
                (StatusCode::OK, whole(Bytes::from_static(b"late")))
            }
            Mood::BreaksOff => {
                let pieces = futures_util::stream::iter([
                    Ok(hyper::body::Frame::data(Bytes::from_static(b"he"))),
                    Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()),
                ]);
                (StatusCode::OK, http_body_util::StreamBody::new(pieces).boxed_unsync())
            }
        };
        Ok(Response::builder().status(status).body(body).unwrap())
    }

    /// The same, where it is not.
    pub(super) fn said_to_be_at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    pub(super) fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Requests so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
