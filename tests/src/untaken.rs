//! Over HTTP/2, a client that stops reading one answer: it is let go of, and the store's with it; the other streams go on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gateway::bounds::UNTAKEN_MAX;
use http::StatusCode;
use tokio::net::{TcpListener, TcpStream};

use crate::cutting::{body, drain};
use crate::world::{Ask, Http, Plan, Tls, World};

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

#[tokio::test]
async fn a_connection_over_which_nothing_is_taken_is_cut_with_what_waits() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_speaking(&keys, Http::Two, Tls::V13);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let mut connection = terminal.connect_narrow().await;
    let waiting = body(&mut connection, "/fhir/Binary/slow-100mb", &cookie, "*/*").await;
    tokio::time::sleep(UNTAKEN_MAX + Duration::from_secs(5)).await;
    assert!(connection.ask(Ask::get("/fhir/Patient/P-0001").as_(&cookie)).await.is_err(), "a shell is left");
    let (received, broken) = drain(waiting).await;
    assert!(broken && received < 1_000_000, "{received} {broken}");
}
