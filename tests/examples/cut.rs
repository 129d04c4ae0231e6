//! How long after a revocation or suspension does the last byte arrive? A distribution, not an assurance.
//!
//! `cargo run --release -p tests --example cut [TRIALS]` (200 if not given). A whole city on loopback with 200 live
//! streams: 196 of seven neighbours, who stay, and four of one terminal, which is cut: an event stream over HTTP/1.1 and
//! one over HTTP/2, a WebSocket, and a download of 100 MB. Each trial has a new terminal. Four series: a certificate is
//! revoked, or a user ID suspended, each by a command in the gateway's own process, and by another process on the same
//! journal, as the command line does it.
//!
//! Two clocks are started: when the command is called, and when it returns, which is when the office may rely on it. Both
//! stop when the terminal's client sees the end. A time below zero says that the end was seen before the office was told.
//! Client, store and gateway share the machine, so that their work is in the figures. Exit code 1 if a stream did not
//! end, or a neighbour's did.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool stops at once"
)]
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "shares the tests' city")]

#[path = "../src/world/mod.rs"]
mod world;

/// What the tests' city asks of the house.
mod house {
    pub(crate) fn root() -> std::path::PathBuf {
        std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }
}

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use journal::{Journal, Place};
use model::{Article, Author, DeviceId, Office, ReasonCode, SerialNumber, Target, TeamRole, Timestamp};
use registry::{Command, Registry, Vault};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite;
use world::{Ask, CARE, Http, Keys, Terminal, Tls, World};

const STREAM: &str = "/feeds/notes?patient=P-0001";
const SOCKET: &str = "/feeds/notes/socket?patient=P-0001";
const DOWNLOAD: &str = "/fhir/Binary/slow-100mb";
const DOWNLOAD_BYTES: usize = 100_000_000;
const VICTIM: &str = "U-sato";
/// All on the team of the same person.
const NEIGHBOURS: [&str; 7] = ["nakamura", "kobayashi", "kato", "yamamoto", "matsuda", "ishii", "ono"];
/// Streams of each kind that a neighbour has open.
const EACH: usize = 7;
/// How long an end may take before it counts as missing.
const END_MAX: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    EventsOne,
    EventsTwo,
    Socket,
    Download,
}

impl Kind {
    const ALL: [Self; 4] = [Self::EventsOne, Self::EventsTwo, Self::Socket, Self::Download];

    const fn name(self) -> &'static str {
        match self {
            Self::EventsOne => "event stream, HTTP/1.1",
            Self::EventsTwo => "event stream, HTTP/2",
            Self::Socket => "WebSocket",
            Self::Download => "100 MB download",
        }
    }
}

/// Nanoseconds on a clock that two processes share.
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [role, file] = args.as_slice()
        && role == "office"
    {
        return office(Path::new(file));
    }
    let trials: usize = args.first().map_or(200, |text| text.parse().expect("a number of trials"));
    // Neighbours and store on threads of their own, so that their work does not stand in the way of the watching client.
    let crowd = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let watching = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = crowd.block_on(World::start());
    let neighbours = crowd.block_on(neighbours(&world));
    println!("{trials} trials a series, {} live streams of neighbours and 4 of the terminal", neighbours.list.len());
    let mut good = true;
    for by in [By::Here, By::AnotherProcess] {
        let mut office = Officer::start(&by, &world);
        for deed in [Deed::Revoke, Deed::Suspend] {
            let series = watching.block_on(series(&world, &mut office, deed, &by, trials));
            let hurt = crowd.block_on(neighbours.hurt(&world));
            series.print(deed, &by, hurt, neighbours.list.len());
            good &= hurt == 0 && series.missing == 0;
        }
    }
    // Streams are open on purpose; nobody waits for them.
    std::process::exit(i32::from(!good));
}

// --- the office -----------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Revoke,
    Suspend,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Here,
    AnotherProcess,
}

/// Who gives the order: the gateway's own registry, or a process that has the journal's file and nothing else.
enum Officer {
    Here(Registry),
    There { child: Child, orders: ChildStdin, answers: BufReader<ChildStdout> },
}

impl Officer {
    fn start(by: &By, world: &World) -> Arc<Mutex<Self>> {
        let officer = match by {
            By::Here => Self::Here(world.registry.clone()),
            By::AnotherProcess => {
                let mut child = std::process::Command::new(std::env::current_exe().unwrap())
                    .arg("office")
                    .arg(registry_file())
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let orders = child.stdin.take().unwrap();
                let answers = BufReader::new(child.stdout.take().unwrap());
                Self::There { child, orders, answers }
            }
        };
        Arc::new(Mutex::new(officer))
    }

    /// Has an order carried out; when it was called and when it had returned.
    fn order(&mut self, order: &str) -> (i64, i64) {
        match self {
            Self::Here(registry) => carry_out(registry, order),
            Self::There { orders, answers, .. } => {
                writeln!(orders, "{order}").unwrap();
                let mut line = String::new();
                answers.read_line(&mut line).unwrap();
                let mut times = line.split_whitespace().map(|text| text.parse().unwrap());
                (times.next().expect("an answer"), times.next().expect("two times"))
            }
        }
    }
}

/// The city keeps its folder to itself; its journal is open in this process.
fn registry_file() -> PathBuf {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut targets = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    targets.find(|path| path.ends_with("registry.db")).expect("the registry's journal is open")
}

/// The other process: carries out the orders that come on its standard input.
fn office(file: &Path) -> ExitCode {
    let journal = Journal::open_existing(&Place::Sqlite { file: file.to_owned() }).unwrap();
    let registry = Registry::open(journal, Vault::new(&[3; 32]).unwrap()).unwrap();
    for line in std::io::stdin().lines() {
        let (called, returned) = carry_out(&registry, &line.unwrap());
        println!("{called} {returned}");
    }
    ExitCode::SUCCESS
}

fn carry_out(registry: &Registry, order: &str) -> (i64, i64) {
    let (verb, whom) = order.split_once(' ').unwrap();
    let command = match verb {
        "revoke" => {
            Command::RevokeCertificate { serial: SerialNumber::parse(whom).unwrap(), reason: ReasonCode::KeyCompromise }
        }
        "suspend" => Command::Suspend {
            target: Target::parse(whom).unwrap(),
            reason: "試験".to_owned(),
            article: Article::paragraph(29, 1),
            until: None,
        },
        "lift" => {
            Command::Lift { target: Target::parse(whom).unwrap(), suspension: None, reason: "試験終了".to_owned() }
        }
        _ => panic!("{order}"),
    };
    let called = now();
    let at = Timestamp::from_millis(called / 1_000_000);
    registry.execute(command, Author::new(Office::CityOfficer, "officer-ito"), at).unwrap();
    (called, now())
}

// --- streams --------------------------------------------------------------------------------------------------------

type Socket = tokio_tungstenite::WebSocketStream<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>;

async fn body(terminal: &Terminal, target: &str, cookie: &str, accept: &str) -> Incoming {
    let mut connection = terminal.connect().await.unwrap();
    let ask = Ask::get(target).as_(cookie).with("accept", accept);
    let response = connection.start(ask).await.unwrap();
    assert_eq!(response.status(), http::StatusCode::OK, "{target}");
    response.into_body()
}

async fn socket(terminal: &Terminal, cookie: &str) -> Socket {
    let stream = terminal.raw().await.unwrap();
    let request = http::Request::builder()
        .uri(format!("wss://{CARE}{SOCKET}"))
        .header("host", CARE)
        .header("cookie", cookie)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", tungstenite::handshake::client::generate_key())
        .body(())
        .unwrap();
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

// --- neighbours -----------------------------------------------------------------------------------------------------

/// A stream that must go on: what it has received, and whether it broke off.
#[derive(Default)]
struct Neighbour {
    pieces: AtomicU64,
    hurt: AtomicBool,
}

struct Neighbours {
    list: Vec<Arc<Neighbour>>,
}

impl Neighbours {
    /// How many are not alive: broken off, or deaf to what is sent now.
    async fn hurt(&self, world: &World) -> usize {
        let before: Vec<u64> = self.list.iter().map(|one| one.pieces.load(Ordering::Relaxed)).collect();
        let mut hurt = self.list.len();
        for _ in 0..50 {
            world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#);
            tokio::time::sleep(Duration::from_millis(100)).await;
            let dead = |(one, before): (&Arc<Neighbour>, &u64)| {
                one.hurt.load(Ordering::Relaxed) || one.pieces.load(Ordering::Relaxed) <= *before
            };
            hurt = self.list.iter().zip(&before).filter(|pair| dead(*pair)).count();
            if hurt == 0 {
                break;
            }
        }
        hurt
    }
}

async fn neighbours(world: &World) -> Neighbours {
    let mut list = Vec::new();
    for name in NEIGHBOURS {
        // Whose the download is.
        world.clerk(Command::JoinTeam {
            person: "P-0900".parse().unwrap(),
            user: format!("K-{name}").parse().unwrap(),
            // Not `member`: one of them is that already.
            role: TeamRole::OnCall,
            facility: None,
            from: Timestamp::parse("2025-04-01T00:00:00+09:00").unwrap(),
            until: None,
        });
        let keys = world.keys(&format!("D-{name}"));
        let one = world.terminal_speaking(&keys, Http::One, Tls::V13);
        let cookie = world.cookie(&one, &format!("U-{name}")).await;
        // Several streams on one HTTP/2 connection, as a browser has them.
        let mut two = world.terminal_speaking(&keys, Http::Two, Tls::V13).connect().await.unwrap();
        for _ in 0..EACH {
            let events = body(&one, STREAM, &cookie, "text/event-stream").await;
            list.push(neighbour(|me| go_on(events, me)));
            let ask = Ask::get(STREAM).as_(&cookie).with("accept", "text/event-stream");
            let events = two.start(ask).await.unwrap().into_body();
            list.push(neighbour(|me| go_on(events, me)));
            let mut news = socket(&one, &cookie).await;
            list.push(neighbour(|me| async move {
                while let Some(Ok(_)) = news.next().await {
                    me.pieces.fetch_add(1, Ordering::Relaxed);
                }
                me.hurt.store(true, Ordering::Relaxed);
            }));
            let (terminal, cookie) = (one.clone(), cookie.clone());
            let first = body(&terminal, DOWNLOAD, &cookie, "application/octet-stream").await;
            list.push(neighbour(|me| async move { download_for_ever(first, &terminal, &cookie, &me).await }));
        }
    }
    Neighbours { list }
}

fn neighbour<F: Future<Output = ()> + Send + 'static>(task: impl FnOnce(Arc<Neighbour>) -> F) -> Arc<Neighbour> {
    let neighbour = Arc::new(Neighbour::default());
    tokio::spawn(task(Arc::clone(&neighbour)));
    neighbour
}

async fn go_on(mut body: Incoming, me: Arc<Neighbour>) {
    while let Some(Ok(_)) = body.frame().await {
        me.pieces.fetch_add(1, Ordering::Relaxed);
    }
    me.hurt.store(true, Ordering::Relaxed);
}

/// Downloads at the pace of a mobile network (under 1 MB a second); from the beginning again when it is whole.
async fn download_for_ever(mut download: Incoming, terminal: &Terminal, cookie: &str, me: &Neighbour) {
    loop {
        let mut bytes = 0;
        while let Some(Ok(frame)) = download.frame().await {
            bytes += frame.data_ref().map_or(0, bytes::Bytes::len);
            me.pieces.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if bytes != DOWNLOAD_BYTES {
            me.hurt.store(true, Ordering::Relaxed);
            return;
        }
        download = body(terminal, DOWNLOAD, cookie, "application/octet-stream").await;
    }
}

// --- trials ---------------------------------------------------------------------------------------------------------

/// When a stream had its end.
struct End {
    at: i64,
    /// Bytes that were read after the client was told to hurry, shortly before the order.
    bytes: usize,
}

/// A terminal's four streams.
struct Open {
    streams: Vec<(Kind, JoinHandle<End>)>,
    hurry: Arc<AtomicBool>,
}

impl Open {
    async fn open(world: &World, device: &str) -> Self {
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

/// One end: nanoseconds from the call and from its return.
struct Sample {
    kind: Kind,
    from_call: i64,
    from_return: i64,
}

#[derive(Default)]
struct Series {
    samples: Vec<Sample>,
    /// Call to return.
    orders: Vec<i64>,
    missing: usize,
    /// Fewest exchanges that were open when an order came.
    live_min: usize,
    /// Most bytes of a download that the client read from 5 ms before the order on.
    bytes_max: usize,
}

async fn series(world: &World, office: &mut Arc<Mutex<Officer>>, deed: Deed, by: &By, trials: usize) -> Series {
    let mut series = Series { live_min: usize::MAX, ..Series::default() };
    for trial in 0..trials {
        let name = match (deed, by) {
            (Deed::Revoke, By::Here) => "a",
            (Deed::Suspend, By::Here) => "b",
            (Deed::Revoke, By::AnotherProcess) => "c",
            (Deed::Suspend, By::AnotherProcess) => "d",
        };
        let device = format!("D-{name}{trial}");
        world.clerk(Command::RegisterDevice {
            device: DeviceId::new(&device).unwrap(),
            label: "試験端末".to_owned(),
            facility: "F-nursing".parse().unwrap(),
            holder: "K-sato".parse().unwrap(),
        });
        let open = Open::open(world, &device).await;
        world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#);
        // Not in step with anything that polls.
        tokio::time::sleep(Duration::from_micros(20_000 + (trial as u64 * 7_919) % 10_000)).await;
        series.live_min = series.live_min.min(world.living().1);
        let order = match deed {
            Deed::Revoke => format!("revoke {}", world.serial(&device)),
            Deed::Suspend => format!("suspend user-id:{VICTIM}"),
        };
        open.hurry.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (called, returned) = ordered(office, order).await;
        series.orders.push(returned - called);
        for (kind, task) in open.streams {
            match tokio::time::timeout(END_MAX, task).await {
                Ok(end) => {
                    let end = end.unwrap();
                    assert!(end.at >= called, "{} ended before it was cut: the trial shows nothing", kind.name());
                    series.bytes_max = series.bytes_max.max(end.bytes);
                    let (from_call, from_return) = (end.at - called, end.at - returned);
                    series.samples.push(Sample { kind, from_call, from_return });
                }
                Err(_) => series.missing += 1,
            }
        }
        if deed == Deed::Suspend {
            ordered(office, format!("lift user-id:{VICTIM}")).await;
        }
    }
    series
}

/// The order is given on another thread: the watching client must not wait for it.
async fn ordered(office: &Arc<Mutex<Officer>>, order: String) -> (i64, i64) {
    let office = Arc::clone(office);
    tokio::task::spawn_blocking(move || office.lock().unwrap().order(&order)).await.unwrap()
}

// --- the table ------------------------------------------------------------------------------------------------------

/// p50, p99 (nearest rank) and the largest, in milliseconds.
fn quantiles(mut nanos: Vec<i64>) -> String {
    nanos.sort_unstable();
    let rank = |q: f64| (nanos.len() as f64 * q).ceil() as usize;
    let at = |rank: usize| nanos.get(rank.saturating_sub(1)).map_or(f64::NAN, |nanos| *nanos as f64 / 1e6);
    format!("{:8.2} {:8.2} {:8.2}", at(rank(0.5)), at(rank(0.99)), at(nanos.len()))
}

impl Series {
    fn print(&self, deed: Deed, by: &By, hurt: usize, neighbours: usize) {
        let what = match deed {
            Deed::Revoke => "a certificate revoked",
            Deed::Suspend => "a user ID suspended",
        };
        let by = match by {
            By::Here => "in the gateway's process",
            By::AnotherProcess => "by another process",
        };
        println!("\n{what} {by}; at least {} streams live", self.live_min);
        println!(
            "{:24} {:>6} | {:^26} | {:^26}",
            "ms", "ends", "from call: p50  p99  max", "from return: p50  p99  max"
        );
        for kind in Kind::ALL {
            self.line(kind.name(), |sample| sample.kind == kind);
        }
        self.line("all", |_| true);
        println!("{:24} {:>6} | {}", "command, call to return", self.orders.len(), quantiles(self.orders.clone()));
        println!(
            "streams that did not end: {}; neighbours hurt: {hurt} of {neighbours}; a download read at most {} kB more",
            self.missing,
            self.bytes_max / 1000
        );
    }

    fn line(&self, name: &str, which: impl Fn(&Sample) -> bool) {
        let chosen: Vec<&Sample> = self.samples.iter().filter(|sample| which(sample)).collect();
        let call = quantiles(chosen.iter().map(|sample| sample.from_call).collect());
        let returned = quantiles(chosen.iter().map(|sample| sample.from_return).collect());
        println!("{name:24} {:>6} | {call} | {returned}", chosen.len());
    }
}
