//! Calls of gRPC through the gateway: a stock client, a stock server, and what lies between them.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audit::{Ended, Query, Verdict};
use model::Action;
use tokio::time::timeout;

use crate::world::outsiders::{Outsiders, printed, python};
use crate::world::{Plan, World};

const SOON: Duration = Duration::from_secs(10);

/// A program of others, and the lines that it has printed.
struct Talker {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Talker {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (out, kept) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    fn said(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The first line that begins so, once it is there.
    async fn line(&self, begin: &str) -> String {
        let there = async {
            loop {
                if let Some(line) = self.said().into_iter().find(|line| line.starts_with(begin)) {
                    return line;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, there).await.unwrap_or_else(|_| panic!("no `{begin}` in {:?}", self.said()))
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A city before a store that speaks gRPC and nothing else.
async fn calling() -> Option<(World, Talker, std::path::PathBuf)> {
    let python = python()?;
    let mut command = Command::new(&python);
    command.arg(crate::house::root().join("tests/live/calls_server.py")).env("PYTHONIOENCODING", "utf-8");
    let store = Talker::start(command);
    let port: u16 = store.line("").await.parse().unwrap();
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    let maps = vec!["records/testdata/maps/calls.toml"];
    let world = World::planned(Plan { maps, store: Some(address), ..Plan::default() }).await;
    Some((world, store, python))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_client_calls_a_stock_server() {
    let Some((world, store, python)) = calling().await else { return };
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    let said = printed(Outsiders::new(&world, &keys, &cookie).script(&python, "calls_client.py")).await;
    let expected = "unary b'hello' ['cache-control', 'content-security-policy', 'cross-origin-resource-policy', 'date', 'referrer-policy', 'sekisho-incident', 'sekisho-notice', 'strict-transport-security', 'x-content-type-options'] OK
unary trailers ['grpc-status-details-bin']
server streams [b'n0', b'n1', b'n2']
client streams b'50000'
both stream b'one'
both stream b'two'
both stream b'three'
both stream [] OK
3 MB 3000000
compressed True
fails FAILED_PRECONDITION not now: 体温
fails at once NOT_FOUND none such
fails in the middle FAILED_PRECONDITION not now: 体温
deadline DEADLINE_EXCEEDED
cancelled CANCELLED
another's NOT_FOUND not-available
nobody's NOT_FOUND not-available
answered as another's NOT_FOUND not-available
answered as nobody's NOT_FOUND not-available
no person INVALID_ARGUMENT
two persons INVALID_ARGUMENT
not signed in UNAUTHENTICATED sign-in-required
no such method INVALID_ARGUMENT unreadable
no such service UNIMPLEMENTED no-such-page
";
    assert_eq!(said, expected);
    let seen = store.said();
    let calls: Vec<&String> = seen.iter().filter(|line| line.starts_with("call ")).collect();
    // The person and who asks; nothing else of the client's metadata.
    assert!(
        calls.iter().all(|call| call.contains(" P-0001 ") && !call.contains("x-other") && !call.contains("cookie")),
        "{calls:?}"
    );
    assert!(calls.iter().all(|call| call.contains("sekisho-identity")), "{calls:?}");
    // What its client gave up was given up at the store, before its ten seconds were over.
    let over = seen.iter().filter(|line| line.starts_with("over ")).count();
    assert_eq!(over, calls.len(), "{seen:?}");
    let entries = world.entries();
    let written = entries.iter().find(|entry| entry.target.ends_with("/Write")).unwrap();
    assert_eq!((written.verdict, written.action), (Verdict::Permitted, Some(Action::Create)));
    assert_eq!(written.persons.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P-0001"]);
    world
        .until("the officer hears of the two that were answered as somebody else's", |world| world.alerts().len() == 2)
        .await;
    let found = world.audit.search(&Query::default()).unwrap().entries;
    let of_write = found.iter().find(|found| found.entry.target.ends_with("/Write")).unwrap().outcome.as_ref().unwrap();
    // Fifty messages up, each with a head of five octets, and one down.
    assert_eq!((of_write.ended, of_write.status), (Ended::Completed, 200));
    assert!(of_write.bytes > 50 * 1005, "{of_write:?}");
}

/// Revoked in the middle: the call ends, at the store too, and a client that goes on is heard by nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cuts_an_exchange_cuts_a_call() {
    let Some((world, store, python)) = calling().await else { return };
    for (device, user_id) in [("D-sato", "U-sato"), ("D-nakamura", "U-nakamura")] {
        let keys = world.keys(device);
        let cookie = world.cookie(&world.terminal_with(&keys), user_id).await;
        let outsiders = Outsiders::new(&world, &keys, &cookie);
        let mut script = outsiders.script(&python, "calls_client.py");
        script.arg("hold");
        let client = Talker::start(script);
        assert_eq!(client.line("open").await, "open b'hello'");
        if device == "D-sato" {
            world.revoke(device);
        } else {
            // Of one person, over a connection that goes on.
            world.clerk(registry::Command::WithdrawConsent {
                person: "P-0001".parse().unwrap(),
                reason: "申出".to_owned(),
            });
        }
        let ended = client.line("ended").await;
        assert!(!ended.ends_with("OK"), "{ended}");
        store.line("over Talk").await;
        store.lines.lock().unwrap().clear();
        let query = Query { device: Some(device.parse().unwrap()), ..Query::default() };
        world
            .until("its outcome is on record", |world| world.audit.search(&query).unwrap().entries[0].outcome.is_some())
            .await;
        let outcome = world.audit.search(&query).unwrap().entries.remove(0).outcome.unwrap();
        assert_eq!(outcome.ended, Ended::Cut, "{device}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_tells_a_call_to_come_again() {
    let Some((mut world, _store, python)) = calling().await else { return };
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    let outsiders = Outsiders::new(&world, &keys, &cookie);
    let mut script = outsiders.script(&python, "calls_client.py");
    script.arg("hold");
    let client = Talker::start(script);
    assert_eq!(client.line("open").await, "open b'hello'");
    let drained = world.drain();
    assert_eq!(client.line("ended").await, "ended UNAVAILABLE");
    timeout(SOON * 2, drained).await.expect("the drain waits").unwrap();
}
