//! Several stores that hold the same. One that is down, hangs, says that it cannot, closes in our face or dies in the middle of
//! traffic is hardly noticed, nothing is written twice, and a denial tells nothing of which of them was asked (promise P4).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use audit::Verdict;
use gateway::{Server, StoreSettings, StoreStanding};
use http::StatusCode;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::world::{Ask, Plan, Ports, Reply, Terminal, World};

const RECORD: &str = "/fhir/Patient/P-0001";
const OBSERVATION: &str = "/fhir/Observation?patient=P-0001&_count=2";

/// A store on a thread of its own, which can die: with all its connections, in the middle of whatever it does.
struct Mortal {
    address: SocketAddr,
    kill: Option<oneshot::Sender<()>>,
    dead: Option<std::thread::JoinHandle<()>>,
}

impl Mortal {
    fn born(at: SocketAddr) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (kill, killed) = oneshot::channel::<()>();
        let dead = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let store = runtime.block_on(async {
                let options =
                    backend_stub::Options { listen: at, ..backend_stub::Options::new(backend_stub::Trust::Anyone) };
                backend_stub::run(options).await.unwrap()
            });
            tell.send(store.address()).unwrap();
            let _ = runtime.block_on(killed);
            // Nothing is closed in order: the tasks are dropped where they stand.
            runtime.shutdown_timeout(Duration::ZERO);
            drop(store);
        });
        Self { address: told.recv().unwrap(), kill: Some(kill), dead: Some(dead) }
    }

    fn dies(mut self) {
        drop(self.kill.take());
        self.dead.take().unwrap().join().unwrap();
    }
}

/// Someone who listens where a store should be, and does this with each connection.
async fn stranger(treat: fn(tokio::net::TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            treat(stream);
        }
    });
    address
}

/// Reads whatever comes, and says nothing.
fn hangs(mut stream: tokio::net::TcpStream) {
    tokio::spawn(async move { while let Ok(1..) = stream.read(&mut [0; 4096]).await {} });
}

fn closes(stream: tokio::net::TcpStream) {
    drop(stream);
}

/// Reads a request, and says that it cannot.
fn says_no(mut stream: tokio::net::TcpStream) {
    tokio::spawn(async move {
        while let Ok(1..) = stream.read(&mut [0; 4096]).await {
            let no = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
            if tokio::io::AsyncWriteExt::write_all(&mut stream, no).await.is_err() {
                return;
            }
        }
    });
}

/// A city with these beside its store.
async fn city(others: Vec<SocketAddr>) -> World {
    World::planned(Plan {
        trusting_store: true,
        workers: 1,
        reached: Some(Box::new(move |store| {
            let mut settings = StoreSettings::of(std::iter::once(store).chain(others).map(Server::plain).collect());
            settings.timeouts.read.head = Duration::from_millis(500);
            settings.timeouts.search.head = Duration::from_millis(500);
            settings
        })),
        ..Plan::default()
    })
    .await
}

async fn get(terminal: &Terminal, cookie: &str, target: &str) -> Reply {
    terminal.ask(Ask::get(target).as_(cookie)).await.unwrap()
}

fn note() -> serde_json::Value {
    serde_json::json!({
        "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient/P-0001" }
    })
}

/// What cannot be reached, or closes before a word, costs nobody an answer: reads and writes go to the other.
#[tokio::test]
async fn a_store_that_is_down_is_not_noticed() {
    let down = Ports::row(1);
    let world = city(vec![down.first()]).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for number in 0..30 {
        assert_eq!(get(&terminal, &cookie, RECORD).await.status, StatusCode::OK, "read {number}");
        let write = Ask::post("/fhir/Communication", "application/fhir+json", note().to_string()).as_(&cookie);
        assert_eq!(terminal.ask(write).await.unwrap().status, StatusCode::CREATED, "write {number}");
    }
    let standings: Vec<_> = world.stores().into_iter().map(|store| store.standing).collect();
    assert_eq!(standings, [StoreStanding::Asked, StoreStanding::Resting]);
    // Each was written once.
    let written = world.store_saw().iter().filter(|line| line.starts_with("POST /fhir/Communication")).count();
    assert_eq!(written, 30);
}

/// A store that accepts and closes, hangs, or says that it cannot: a few requests meet it, then it is left alone.
#[tokio::test]
async fn a_store_that_fails_is_left_alone_after_a_few() {
    for (what, treat) in [("closes", closes as fn(_)), ("hangs", hangs), ("says no", says_no)] {
        let bad = stranger(treat).await;
        let world = city(vec![bad]).await;
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        let (mut failed, begun) = (0, std::time::Instant::now());
        for _ in 0..60 {
            let reply = get(&terminal, &cookie, RECORD).await;
            if reply.status != StatusCode::OK {
                assert!(reply.status.is_server_error(), "{what}: {}", reply.text());
                assert!(!reply.text().contains("P-0001"), "{what}");
                failed += 1;
            }
        }
        // After each rest, of a second at least, one goes on trial.
        let trials = begun.elapsed().as_secs();
        assert!(failed <= 5 + trials, "{what}: {failed} of 60");
        assert_eq!(world.stores()[1].standing, StoreStanding::Resting, "{what}");
    }
}

/// Killed in the middle of traffic: reads go on, a write that may have been done is not done again, and when it is born anew
/// it is asked again.
#[tokio::test]
async fn a_store_that_dies_in_traffic_takes_nobody_along() {
    let port = Ports::row(1);
    let mortal = Mortal::born(port.first());
    let world = city(vec![mortal.address]).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    for _ in 0..20 {
        assert_eq!(connection.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    }
    let answered = Arc::new(AtomicUsize::new(0));
    let traffic = {
        let (terminal, cookie, answered) = (terminal.clone(), cookie.clone(), Arc::clone(&answered));
        tokio::spawn(async move {
            let mut connection = terminal.connect().await.unwrap();
            let mut statuses = Vec::new();
            for _ in 0..200 {
                statuses.push(connection.ask(Ask::get(OBSERVATION).as_(&cookie)).await.unwrap().status);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            statuses
        })
    };
    world.until("there is traffic", |_| answered.load(Ordering::Relaxed) >= 20).await;
    tokio::task::spawn_blocking(move || mortal.dies()).await.unwrap();
    let statuses = traffic.await.unwrap();
    let failed = statuses.iter().filter(|status| **status != StatusCode::OK).count();
    assert!(failed <= 2, "{failed} of {}", statuses.len());
    let again = Mortal::born(port.first());
    for _ in 0..300 {
        assert_eq!(get(&terminal, &cookie, RECORD).await.status, StatusCode::OK);
        if world.stores()[1].standing == StoreStanding::Asked && world.stores()[1].connections > 0 {
            again.dies();
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is not asked again: {:?}", world.stores());
}

/// Not there and not permitted are one answer, whichever store was asked and whatever has become of it.
#[tokio::test]
async fn a_denial_tells_nothing_of_the_stores() {
    let others = [stranger(says_no).await, Ports::row(1).first()];
    let world = city(others.to_vec()).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for _ in 0..40 {
        get(&terminal, &cookie, RECORD).await;
    }
    let mut answers = BTreeSet::new();
    for number in 0..10 {
        for target in ["/fhir/Patient/P-0008", "/fhir/Patient/P-9999", &format!("/fhir/Patient/P-77{number}")] {
            let reply = get(&terminal, &cookie, target).await;
            let mut problem = reply.json();
            for own in ["incident", "instance"] {
                problem.as_object_mut().unwrap().remove(own);
            }
            answers.insert((reply.status.as_u16(), problem.to_string()));
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers.first().unwrap().0, 404);
}

/// A lone store that hangs: after a few long waits everybody is told at once, with a time to come again, and on record.
#[tokio::test]
async fn a_lone_store_that_hangs_is_said_at_once() {
    let bad = stranger(hangs).await;
    let plan = Plan {
        workers: 1,
        reached: Some(Box::new(move |_| {
            let mut settings = StoreSettings::plain(bad);
            settings.timeouts.read.head = Duration::from_millis(200);
            settings
        })),
        ..Plan::default()
    };
    let world = World::planned(plan).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut waits = 0;
    let resting = loop {
        let reply = get(&terminal, &cookie, RECORD).await;
        if reply.code() == "store-resting" {
            break reply;
        }
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "store-timeout"));
        waits += 1;
        assert!(waits < 10, "it goes on");
    };
    assert_eq!(resting.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(resting.headers["content-type"], "application/problem+json");
    let seconds: u32 = resting.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=8).contains(&seconds), "{seconds}");
    assert_eq!(world.stores()[0].standing, StoreStanding::Resting);
    let page = terminal.ask(Ask::get(RECORD).as_(&cookie).with("accept", "text/html")).await.unwrap();
    assert!(page.text().contains("<html lang=\"ja\""), "{}", page.text());
    let entries = world.entries();
    assert_eq!(entries.len(), waits + 2);
    assert!(entries.iter().all(|entry| entry.verdict == Verdict::Permitted));
}
