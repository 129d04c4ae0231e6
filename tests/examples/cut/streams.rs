//! What a terminal has open: streams of four kinds, and how each comes to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::task::JoinHandle;

use crate::now;
use crate::shared::world::streams::{self, socket};
use crate::shared::world::{Http, Keys, Terminal, Tls, World};

pub(crate) const STREAM: &str = "/feeds/notes?patient=P-0001";
pub(crate) const DOWNLOAD: &str = "/fhir/Binary/slow-100mb";
pub(crate) const VICTIM: &str = "U-sato";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    EventsOne,
    EventsTwo,
    Socket,
    Download,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::EventsOne, Self::EventsTwo, Self::Socket, Self::Download];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EventsOne => "event stream, HTTP/1.1",
            Self::EventsTwo => "event stream, HTTP/2",
            Self::Socket => "WebSocket",
            Self::Download => "100 MB download",
        }
    }
}

/// A body on a connection of its own.
pub(crate) async fn body(terminal: &Terminal, target: &str, cookie: &str, accept: &str) -> Incoming {
    streams::body(&mut terminal.connect().await.unwrap(), target, cookie, accept).await
}

/// When a stream had its end.
pub(crate) struct End {
    pub(crate) at: i64,
    /// Bytes that were read after the client was told to hurry, shortly before the order.
    pub(crate) bytes: usize,
}

/// A terminal's four streams.
pub(crate) struct Open {
    pub(crate) streams: Vec<(Kind, JoinHandle<End>)>,
    pub(crate) hurry: Arc<AtomicBool>,
}

impl Open {
    pub(crate) async fn open(world: &World, device: &str) -> Self {
        let keys = world.keys(device);
        let one = world.terminal_speaking(&keys, Http::One, Tls::V13);
        let cookie = world.cookie(&one, VICTIM).await;
        let hurry = Arc::new(AtomicBool::new(false));
        let mut streams = Vec::new();
        for kind in Kind::ALL {
            let task = match kind {
                Kind::EventsOne => {
                    tokio::spawn(to_the_end(body(&one, STREAM, &cookie, "text/event-stream").await, Arc::clone(&hurry)))
                }
                Kind::EventsTwo => {
                    let two: Keys = Keys { chain: keys.chain.clone(), key: keys.key.clone_key() };
                    let two = world.terminal_speaking(&two, Http::Two, Tls::V13);
                    tokio::spawn(to_the_end(body(&two, STREAM, &cookie, "text/event-stream").await, Arc::clone(&hurry)))
                }
                Kind::Socket => {
                    let mut socket = socket(&one, &cookie).await;
                    tokio::spawn(async move {
                        while let Some(Ok(_)) = socket.next().await {}
                        End { at: now(), bytes: 0 }
                    })
                }
                Kind::Download => {
                    let body = body(&one, DOWNLOAD, &cookie, "application/octet-stream").await;
                    tokio::spawn(to_the_end(body, Arc::clone(&hurry)))
                }
            };
            streams.push((kind, task));
        }
        Self { streams, hurry }
    }
}

/// Reads slowly until told to hurry (a download must still be running when the order comes), then as fast as it comes.
async fn to_the_end(mut body: Incoming, hurry: Arc<AtomicBool>) -> End {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        if hurry.load(Ordering::Relaxed) {
            bytes += frame.data_ref().map_or(0, bytes::Bytes::len);
        } else {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    End { at: now(), bytes }
}
