//! Over HTTP/2, a client that stops reading one answer: it is let go of, and the store's with it; the other streams go on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use audit::{Ended, Query};
use gateway::bounds::UNTAKEN_MAX;
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::cutting::{body, drain};
use crate::world::{Ask, Connection, Http, Plan, Terminal, Tls, World};

/// The way to the store, where open connections are counted.
#[derive(Clone, Default)]
struct Way {
    store: Arc<OnceLock<SocketAddr>>,
    open: Arc<AtomicUsize>,
}

impl Way {
    async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, way) = (listener.local_addr().unwrap(), self.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let way = way.clone();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(way.store.get().unwrap()).await.unwrap();
                    way.open.fetch_add(1, Ordering::SeqCst);
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    way.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        address
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_gives_the_store_back() {
    let way = Way::default();
    let store = Some(way.start().await);
    let world = World::planned(Plan { workers: 1, store, ..Plan::default() }).await;
    way.store.set(world.store.address()).unwrap();
    let keys = world.keys("D-sato");
    let terminal = world.terminal_speaking(&keys, Http::Two, Tls::V13);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let mut connection = terminal.connect_narrow().await;
    let record = || Ask::get("/fhir/Patient/P-0001").as_(&cookie);
    let waiting = body(&mut connection, "/fhir/Binary/slow-100mb", &cookie, "*/*").await;
    assert_eq!(connection.ask(record()).await.unwrap().status, StatusCode::OK);
    let both = way.open();
    assert!(both >= 2, "one for the answer that waits, one for all others");
    tokio::time::sleep(UNTAKEN_MAX - Duration::from_secs(10)).await;
    assert_eq!(connection.ask(record()).await.unwrap().status, StatusCode::OK);
    assert_eq!(way.open(), both, "who reads slowly is waited for");
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(way.open(), both - 1, "the store waits for a client that takes nothing");
    // Its neighbour on the same connection goes on; whoever comes for the rest hears that it is over.
    assert_eq!(connection.ask(record()).await.unwrap().status, StatusCode::OK);
    let (received, broken) = drain(waiting).await;
    assert!(broken && received < 1_000_000, "{received} {broken}");
}

/// A connection of a client that takes nothing of a long document.
async fn paused(terminal: &Terminal, cookie: &str) -> (Connection, Incoming) {
    let mut connection = terminal.connect_narrow().await;
    let waiting = body(&mut connection, "/fhir/Binary/slow-100mb", cookie, "*/*").await;
    (connection, waiting)
}

#[tokio::test]
async fn a_connection_over_which_nothing_else_goes_on_is_ended_with_what_nobody_takes() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let terminal = world.terminal_speaking(&world.keys("D-sato"), Http::Two, Tls::V13);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let (mut idle, waiting) = paused(&terminal, &cookie).await;
    // Whoever waits for news is not done with the connection.
    let (mut in_use, also) = paused(&terminal, &cookie).await;
    let mut news = body(&mut in_use, "/feeds/notes?patient=P-0001", &cookie, "text/event-stream").await;
    tokio::time::sleep(UNTAKEN_MAX + Duration::from_secs(5)).await;
    let record = || Ask::get("/fhir/Patient/P-0001").as_(&cookie);
    assert!(idle.ask(record()).await.is_err(), "a shell is left");
    assert_eq!(in_use.ask(record()).await.unwrap().status, StatusCode::OK);
    world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#);
    let told = timeout(Duration::from_secs(2), news.frame()).await.expect("no news").unwrap();
    assert!(told.is_ok(), "{told:?}");
    for waiting in [waiting, also] {
        let (received, broken) = drain(waiting).await;
        assert!(broken && received < 1_000_000, "{received} {broken}");
    }
    // Nothing was withdrawn: its client took nothing.
    let ends = |world: &World| -> Vec<_> {
        let found = world.audit.search(&Query { limit: 50, ..Query::default() }).unwrap().entries;
        let documents = found.iter().filter(|found| found.entry.target.contains("slow-100mb"));
        documents.filter_map(|found| found.outcome.as_ref().map(|outcome| outcome.ended)).collect()
    };
    world.until("both ends are on record", |world| ends(world).len() == 2).await;
    assert_eq!(ends(&world), [Ended::ClientLeft; 2]);
}
