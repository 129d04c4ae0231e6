//! The doors over real sockets: what they give, what they refuse, how fast a revocation shows.

mod registry;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ca::{
    AuthorityName, Crl, Issuing, IssuingKey, Purpose, RecordedNumber, Responder, Revoked, Root, RootKey, Shard, Status,
    StatusPlaces, SystemRandom, build_crl, build_shard, reserve,
};
use model::{ReasonCode, SerialNumber, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;

use crate::{Bounds, Built, Clock, Console, Issuer, ListError, ListSource, Rebuild, serve};

/// The authority and what it has revoked, with a clock that the test sets.
struct Office {
    issuing: Issuing,
    key: IssuingKey,
    revoked: Mutex<Vec<Revoked>>,
    broken: AtomicBool,
    millis: AtomicI64,
    responders: AtomicUsize,
    numbers: AtomicU64,
}

impl Office {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn revoke(&self, serial: &str) {
        let serial = SerialNumber::parse(serial).unwrap();
        self.revoked.lock().unwrap().push(Revoked { serial, at: self.now(), reason: ReasonCode::KeyCompromise });
    }

    fn pass(&self, hours: i64) {
        self.millis.fetch_add(hours * 3_600_000, Ordering::SeqCst);
    }
}

impl ListSource for Office {
    fn number(&self, _lists: usize) -> Result<RecordedNumber, ListError> {
        RecordedNumber::next(|| Ok::<_, Infallible>(self.numbers.fetch_add(1, Ordering::SeqCst)))
            .map_err(ListError::new)
    }

    fn build(&self, number: &RecordedNumber) -> Result<Crl, ListError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(ListError::new("the signer is away"));
        }
        build_crl(&self.issuing, &self.key, &self.revoked.lock().unwrap(), number, self.now()).map_err(ListError::new)
    }

    fn shards(&self, wanted: &BTreeSet<Shard>, number: &RecordedNumber) -> Result<Built, ListError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(ListError::new("the signer is away"));
        }
        let revoked = self.revoked.lock().unwrap();
        let places = StatusPlaces::beside("http://status.sekisho.example/crl/devices.crl").unwrap();
        let build = |shard: &Shard| {
            let its: Vec<_> = revoked.iter().filter(|one| Shard::of(&one.serial) == *shard).copied().collect();
            let list = build_shard(&self.issuing, &self.key, (&places, *shard), &its, number, self.now());
            list.map(|list| (*shard, list)).map_err(ListError::new)
        };
        let shards = wanted.iter().map(build).collect::<Result<_, _>>()?;
        Ok(Built { shards, told: vec![] })
    }

    /// Numbers of eight octets are ours.
    fn shelved(&self, _: Vec<::registry::TaskId>, _: &RecordedNumber) {}

    fn status(&self, serial: &SerialNumber) -> Result<Status, ListError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(ListError::new("the registry is away"));
        }
        let revoked = self.revoked.lock().unwrap().iter().find(|one| one.serial == *serial).copied();
        Ok(match revoked {
            Some(Revoked { at, reason, .. }) => Status::Revoked { at, reason },
            None if serial.octets().len() == 8 => Status::Good,
            None => Status::Unknown,
        })
    }

    fn responder(&self) -> Result<Responder, ListError> {
        self.responders.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(ListError::new("the signer is away"));
        }
        let serial = reserve(&SystemRandom::new(), &mut |_: &SerialNumber| Ok::<(), Infallible>(()));
        let made = serial.and_then(|serial| Responder::create(&self.issuing, &self.key, serial, self.now()));
        made.map_err(ListError::new)
    }
}

/// A running door.
struct Door {
    office: Arc<Office>,
    root_pem: String,
    address: String,
    rebuild: Rebuild,
    obstacle: Arc<Mutex<Option<String>>>,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Door {
    async fn open(bounds: Bounds, broken: bool) -> Door {
        let begin = Timestamp::parse("2026-11-23T05:00:00Z").unwrap();
        let (root_key, key) = (RootKey::generate().unwrap(), IssuingKey::generate().unwrap());
        let name = |text| AuthorityName::new("関所市", text).unwrap();
        let random = SystemRandom::new();
        let serial = || reserve(&random, &mut |_: &SerialNumber| Ok::<(), Infallible>(())).unwrap();
        let root = Root::create(&name("Root"), &root_key, serial(), begin).unwrap();
        let issuing =
            Issuing::create(Purpose::Devices, &name("Devices"), &key, serial(), begin, &root, &root_key).unwrap();
        let office = Arc::new(Office {
            issuing: issuing.clone(),
            key,
            revoked: Mutex::default(),
            broken: AtomicBool::new(broken),
            millis: AtomicI64::new(begin.as_millis()),
            responders: AtomicUsize::new(0),
            numbers: AtomicU64::new(1),
        });
        let obstacle: Arc<Mutex<Option<String>>> = Arc::default();
        let (clock, says) = (Arc::clone(&office), Arc::clone(&obstacle));
        let root_pem = root.pem().to_owned();
        let source: Arc<dyn ListSource> = Arc::clone(&office) as Arc<dyn ListSource>;
        let clock: Clock = Arc::new(move || clock.now());
        let issuer = Issuer::new("", issuing, source, &clock);
        let console = Console::new(root, issuer, vec![], clock, Arc::new(move || says.lock().unwrap().clone()))
            .with_bounds(bounds);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel();
        let rebuild = console.rebuild();
        let served = tokio::spawn(serve(listener, console, async {
            let _ = stopped.await;
        }));
        Door { office, root_pem, address, rebuild, obstacle, stop: Some(stop), served }
    }

    fn revoke(&self, serial: &str) {
        self.office.revoke(serial);
        self.rebuild.ask(&[SerialNumber::parse(serial).unwrap()]);
    }

    /// Sends `request` as it is and reads to the end.
    async fn send(&self, request: &str) -> Answer {
        send(&self.address, request).await
    }

    async fn ask(&self, method: &str, path: &str, fields: &str) -> Answer {
        self.send(&format!("{method} {path} HTTP/1.1\r\nHost: status.sekisho.example\r\n{fields}\r\n")).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    /// Asks until the answer is as wanted; gives up after ten seconds.
    async fn wait(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let begin = Instant::now();
        loop {
            let answer = self.get(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "still {answer:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn send(address: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut octets = vec![];
    stream.read_to_end(&mut octets).await.unwrap();
    Answer::read(&octets)
}

async fn fetch(address: &str, path: &str) -> Answer {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: status.sekisho.example\r\n\r\n")).await
}

#[derive(Debug)]
struct Answer {
    status: u16,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn read(octets: &[u8]) -> Answer {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(octets[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let field =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
        Answer { status, fields: lines.map(field).collect(), body: octets[end + 4..].to_vec() }
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn number(&self) -> u64 {
        self.field("etag").trim_matches('"').parse().unwrap()
    }
}

fn patient() -> Bounds {
    Bounds { list_retry: Duration::from_millis(20), ..Bounds::default() }
}

#[tokio::test]
async fn trust_is_handed_out_as_it_is() {
    let door = Door::open(patient(), false).await;
    for (path, pem) in [("/ca/root.pem", door.root_pem.as_str()), ("/ca/issuing.pem", door.office.issuing.pem())] {
        let answer = door.get(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, pem));
        assert_eq!(answer.field("content-type"), "application/pem-certificate-chain");
        let again = door.ask("GET", path, &format!("If-None-Match: {}\r\n", answer.field("etag"))).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
}

#[tokio::test]
async fn a_revocation_shows_on_the_list_that_openssl_reads() {
    let door = Door::open(patient(), false).await;
    let empty = door.wait("/crl/devices.crl", |answer| answer.status == 200).await;
    assert_eq!(empty.field("content-type"), "application/pkix-crl");
    assert_eq!(empty.field("cache-control"), "public, no-cache");

    let begin = Instant::now();
    door.revoke("4142434445464748");
    let list = door.wait("/crl/devices.crl", |answer| answer.number() > empty.number()).await;
    println!("on the list after {:?}", begin.elapsed());
    let kept = format!("If-None-Match: {}\r\n", empty.field("etag"));
    assert_eq!(door.ask("GET", "/crl/devices.crl", &kept).await.status, 200);

    let folder = tempfile::tempdir().unwrap();
    let (list_file, issuer) = (folder.path().join("list.crl"), folder.path().join("issuing.pem"));
    std::fs::write(&list_file, &list.body).unwrap();
    std::fs::write(&issuer, door.office.issuing.pem()).unwrap();
    let shown = Command::new("openssl")
        .args(["crl", "-inform", "DER", "-noout", "-text", "-in"])
        .args([&list_file, std::path::Path::new("-CAfile"), &issuer])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned() + &String::from_utf8_lossy(&shown.stderr);
    for text in ["verify OK", "4142434445464748", "Key Compromise"] {
        assert!(shown.contains(text), "{text} is missing in {shown}");
    }
}

#[tokio::test]
async fn the_list_is_signed_anew() {
    let door = Door::open(Bounds { list_every: Duration::from_millis(20), ..patient() }, false).await;
    let first = door.wait("/crl/devices.crl", |answer| answer.status == 200).await.number();
    let second = door.wait("/crl/devices.crl", |answer| answer.number() > first).await.number();
    door.wait("/crl/devices.crl", |answer| answer.number() > second).await;
}

#[tokio::test]
async fn no_list_is_better_than_an_old_one() {
    let door = Door::open(patient(), true).await;
    let refused = door.get("/crl/devices.crl").await;
    assert_eq!((refused.status, refused.field("retry-after")), (503, "5"));
    let unready = door.get("/readyz").await;
    assert_eq!(unready.status, 503);
    assert!(unready.text().contains("no current revocation list"), "{unready:?}");
    assert_eq!(door.get("/healthz").await.status, 200);

    // The signer comes back; nobody has to ask.
    door.office.broken.store(false, Ordering::SeqCst);
    door.wait("/crl/devices.crl", |answer| answer.status == 200).await;
    door.wait("/readyz", |answer| answer.status == 200).await;

    // It goes away again: the list stays until it runs out, and no longer.
    door.office.broken.store(true, Ordering::SeqCst);
    door.office.pass(23);
    assert_eq!(door.get("/crl/devices.crl").await.status, 200);
    door.office.pass(1);
    assert_eq!(door.get("/crl/devices.crl").await.status, 503);
    assert_eq!(door.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn readiness_names_what_stands_in_the_way() {
    let door = Door::open(patient(), false).await;
    door.wait("/readyz", |answer| answer.status == 200).await;
    *door.obstacle.lock().unwrap() = Some("the registry has not been heard for 5 s".to_owned());
    let answer = door.get("/readyz").await;
    assert_eq!((answer.status, answer.field("content-type")), (503, "application/problem+json"));
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(document["obstacles"][0], "the registry has not been heard for 5 s");
}

#[tokio::test]
async fn everything_else_is_a_problem_document() {
    let door = Door::open(patient(), false).await;
    for path in [
        "/",
        "/ca",
        "/ca/",
        "/ca/root.pem/",
        "/CA/root.pem",
        "/ca/../ca/root.pem",
        "/crl/other.crl",
        "/crl/128.crl",
        "/crl/1.crl",
        "/%2e",
        "//",
    ] {
        let answer = door.get(path).await;
        assert_eq!((answer.status, answer.field("content-type")), (404, "application/problem+json"), "{path}");
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((&document["status"], &document["title"]), (&404.into(), &"Not Found".into()));
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let answer = door.ask(method, "/ca/root.pem", "Content-Length: 0\r\n").await;
        assert_eq!((answer.status, answer.field("allow")), (405, "GET, HEAD"), "{method}");
        assert_eq!(answer.field("content-type"), "application/problem+json");
    }
    let head = door.ask("HEAD", "/ca/root.pem", "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.field("content-length"), door.root_pem.len().to_string());
}

#[tokio::test]
async fn every_answer_carries_the_protective_headers() {
    let door = Door::open(patient(), false).await;
    for (method, path) in
        [("GET", "/ca/root.pem"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/no"), ("POST", "/readyz")]
    {
        let answer = door.ask(method, path, "").await;
        assert!(answer.field("content-security-policy").contains("default-src 'none'"), "{method} {path}");
        assert_eq!(answer.field("x-content-type-options"), "nosniff", "{method} {path}");
        assert_eq!(answer.field("referrer-policy"), "no-referrer", "{method} {path}");
        assert!(!answer.field("cache-control").is_empty(), "{method} {path}");
        // One request per connection.
        assert_eq!(answer.field("connection"), "close", "{method} {path}");
    }
}

#[tokio::test]
async fn strangers_cannot_hold_the_door() {
    let bounds = Bounds { connections_max: 4, head_within: Duration::from_millis(200), ..patient() };
    let door = Door::open(bounds, false).await;
    // All places are taken by some who send nothing, or half a head, for ever.
    let mut idle = vec![];
    for _ in 0..4 {
        let mut stream = TcpStream::connect(&door.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a").await.unwrap();
        idle.push(stream);
    }
    assert_eq!(door.get("/healthz").await.status, 200);
    // A head that is too long, or has too many fields, is refused.
    let long = format!("X-Long: {}\r\n", "x".repeat(bounds.head_octets_max));
    assert_eq!(door.ask("GET", "/healthz", &long).await.status, 431);
    let many: String = (0..65).map(|number| format!("X-{number}: x\r\n")).collect();
    assert_eq!(door.ask("GET", "/healthz", &many).await.status, 431);
    assert_eq!(door.send("nonsense\r\n\r\n").await.status, 400);
}

/// A connection from one of this machine's addresses.
async fn connect_from(from: &str, address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(address.parse().unwrap()).await.unwrap()
}

/// What comes before the other side closes; nothing, where it was closed before anything was read.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut octets = vec![];
    let _ = stream.read_to_end(&mut octets).await;
    octets
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn no_source_takes_more_than_its_share() {
    let bounds = Bounds { connections_max: 4, connections_per_source_max: 3, ..patient() };
    let door = Door::open(bounds, false).await;
    let mut held = vec![];
    for _ in 0..3 {
        held.push(connect_from("127.0.0.1", &door.address).await);
    }
    // However often it knocks, it is let in no more, and whoever comes from elsewhere is served.
    for _ in 0..20 {
        let more = connect_from("127.0.0.1", &door.address).await;
        assert_eq!(rest(more).await, b"");
    }
    let mut other = connect_from("127.0.0.2", &door.address).await;
    other.write_all(HEALTH).await.unwrap();
    assert_eq!(Answer::read(&rest(other).await).status, 200);
    // Those that were let in are served too, and what they give back can be had again.
    for mut one in held {
        one.write_all(HEALTH).await.unwrap();
        assert_eq!(Answer::read(&rest(one).await).status, 200);
    }
    let begin = Instant::now();
    loop {
        let mut again = connect_from("127.0.0.1", &door.address).await;
        // Closed before it was written to, or after.
        let _ = again.write_all(HEALTH).await;
        if rest(again).await.starts_with(b"HTTP/1.1 200") {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "no place came back");
    }
}

#[tokio::test]
async fn a_connection_that_panics_gives_its_places_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let bounds = Bounds { connections_max: 2, connections_per_source_max: 1, ..patient() };
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let nobody = gateway::balancer::Balancers::default();
    let served = tokio::spawn(crate::door::open(listener, bounds, nobody, std::future::pending(), move |_, _| {
        let heard = heard.clone();
        async move {
            heard.send(()).unwrap();
            panic!("a bug");
        }
    }));
    for _ in 0..10 {
        // It may come while the one before still falls.
        while hears.try_recv().is_err() {
            assert_eq!(rest(connect_from("127.0.0.1", &address).await).await, b"");
        }
    }
    served.abort();
}

#[tokio::test]
async fn stopping_closes_the_door_and_lets_the_last_one_out() {
    let mut door = Door::open(patient(), false).await;
    let mut inside = TcpStream::connect(&door.address).await.unwrap();
    inside.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    // The door knows of the connection once it has answered a later one.
    assert_eq!(door.get("/healthz").await.status, 200);
    door.stop.take().unwrap().send(()).unwrap();
    inside.write_all(b"Host: a\r\n\r\n").await.unwrap();
    let mut octets = vec![];
    inside.read_to_end(&mut octets).await.unwrap();
    assert_eq!(Answer::read(&octets).status, 200);
    (&mut door.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(&door.address).await.is_err());
    // Nobody keeps the list any more; asking for one is harmless.
    door.rebuild.ask(&[SerialNumber::parse("4142434445464748").unwrap()]);
}
