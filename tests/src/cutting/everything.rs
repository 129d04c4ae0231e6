//! Everything one terminal has open, and whether it is alive or dead.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::world::streams::{self, Socket, body};
use crate::world::{Ask, Connection, Http, Keys, Terminal, Tls, World};

pub(super) const RECORD: &str = "/fhir/Patient/P-0001";
pub(super) const STREAM: &str = "/feeds/notes?patient=P-0001";

/// Everything one terminal has open.
pub(crate) struct Everything {
    pub(crate) terminal: Terminal,
    pub(crate) cookie: String,
    resumable: Vec<Terminal>,
    one: Connection,
    two: Connection,
    stream: Incoming,
    stream_two: Incoming,
    download: Incoming,
    socket: Socket,
}

/// A WebSocket of a terminal of its own, over HTTP/1.1.
pub(crate) async fn socket(world: &World, keys: &Keys, cookie: &str) -> Socket {
    streams::socket(&world.terminal_speaking(keys, Http::One, Tls::V13), cookie).await
}

impl Everything {
    pub(crate) async fn open(world: &World, user_id: &str, device: &str) -> Self {
        let keys = world.keys(device);
        let terminal = world.terminal_speaking(&keys, Http::One, Tls::V13);
        let cookie = world.cookie(&terminal, user_id).await;
        let mut resumable = Vec::new();
        for tls in [Tls::V12, Tls::V13] {
            let terminal = world.terminal_speaking(&keys, Http::One, tls);
            assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
            let again = terminal.connect().await.unwrap();
            assert!(again.resumed, "{tls:?} sessions are not resumed: the test would show nothing");
            resumable.push(terminal);
        }
        let mut one = terminal.connect().await.unwrap();
        assert_eq!(one.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
        let mut two = world.terminal_speaking(&keys, Http::Two, Tls::V13).connect().await.unwrap();
        assert_eq!(two.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
        let mut connection = terminal.connect().await.unwrap();
        let stream = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
        let stream_two = body(&mut two, STREAM, &cookie, "text/event-stream").await;
        let mut connection = terminal.connect().await.unwrap();
        let download = body(&mut connection, "/fhir/Binary/slow-100mb", &cookie, "application/octet-stream").await;
        let socket = socket(world, &keys, &cookie).await;
        Self { terminal, cookie, resumable, one, two, stream, stream_two, download, socket }
    }

    /// All of it has ended, and nothing new begins. What a new connection is told is `code`.
    pub(crate) async fn must_be_dead(mut self, code: &str) {
        use futures_util::StreamExt as _;
        assert!(ends(self.stream).await, "the event stream goes on");
        assert!(ends(self.stream_two).await, "the event stream over HTTP/2 goes on");
        let (bytes, ended) = drain(self.download).await;
        assert!(ended && bytes < 100_000_000, "the download went on to {bytes}");
        let next = timeout(Duration::from_secs(2), self.socket.next()).await.expect("the socket goes on");
        assert!(!matches!(next, Some(Ok(tungstenite::Message::Text(_)))), "{next:?}");
        for (name, connection) in [("HTTP/1.1", &mut self.one), ("HTTP/2", &mut self.two)] {
            let reply = connection.ask(Ask::get(RECORD).as_(&self.cookie)).await;
            assert!(reply.is_err(), "the open {name} connection still answers: {reply:?}");
        }
        for terminal in self.resumable.iter().chain([&self.terminal]) {
            let reply = terminal.ask(Ask::get(RECORD).as_(&self.cookie)).await.unwrap();
            assert_ne!(reply.status, StatusCode::OK);
            assert_eq!(reply.code(), code);
        }
    }

    /// All of it is alive, and the same connections still answer.
    pub(crate) async fn must_be_alive(mut self, world: &World) {
        use futures_util::StreamExt as _;
        for (name, connection) in [("HTTP/1.1", &mut self.one), ("HTTP/2", &mut self.two)] {
            let reply = connection.ask(Ask::get(RECORD).as_(&self.cookie)).await;
            assert_eq!(reply.unwrap_or_else(|error| panic!("{name}: {error}")).status, StatusCode::OK);
        }
        world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#);
        for stream in [&mut self.stream, &mut self.stream_two] {
            let frame = timeout(Duration::from_secs(2), stream.frame()).await.expect("no news").unwrap().unwrap();
            assert!(frame.data_ref().is_some_and(|data| !data.is_empty()));
        }
        let news = timeout(Duration::from_secs(2), self.socket.next()).await.expect("no news").unwrap().unwrap();
        assert!(matches!(news, tungstenite::Message::Text(_)), "{news:?}");
        let (bytes, ended) = drain(self.download).await;
        assert!(!ended && bytes == 100_000_000, "the download ended at {bytes}");
    }
}

/// Whether a body breaks off within two seconds.
pub(crate) async fn ends(mut body: Incoming) -> bool {
    loop {
        match timeout(Duration::from_secs(2), body.frame()).await {
            Ok(None | Some(Err(_))) => return true,
            Ok(Some(Ok(_))) => {}
            Err(_) => return false,
        }
    }
}

/// Reads to the end: how much, and whether it broke off.
pub(crate) async fn drain(mut body: Incoming) -> (usize, bool) {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes += frame.data_ref().map_or(0, bytes::Bytes::len),
            Err(_) => return (bytes, true),
        }
    }
    (bytes, false)
}
