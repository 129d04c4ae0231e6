//! System calls per request, over all threads of the server: where the time of a fast proxy goes, and a figure that does not depend on how
//! busy the machine is. A real server, followed by strace; what it does when nobody asks is subtracted.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::crash::city::{City, Killed};
use crate::world::{Ask, Connection, PASSWORD};

/// Goes down as the gateway gets better, never up. The aim is 4.3: a read and a write on each side, and a little for waiting. Three runs
/// on a busy machine came to 12.9, 15.9 and 18.1 before commits waited for each other; alone it is 5.5 (`docs/performance.md`).
const CALLS_PER_REQUEST_MAX: f64 = 20.0;
const PEOPLE: [&str; 3] = ["sato", "nakamura", "kobayashi"];
/// Connections of each of them.
const CONNECTIONS: usize = 16;
/// Requests on each: all of a person's fit the burst that a user ID has.
const REQUESTS: usize = 15;
const QUIET: Duration = Duration::from_secs(2);

/// strace on a process and all its threads, counting.
struct Counting {
    strace: Child,
    said: JoinHandle<String>,
    table: PathBuf,
    since: Instant,
}

impl Counting {
    fn start(server: &Killed, table: PathBuf) -> Self {
        let mut strace = Command::new("strace")
            .args(["-f", "-c", "-p", &server.0.id().to_string(), "-o", table.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace is installed by tests/run.sh");
        let mut out = BufReader::new(strace.stderr.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.contains("attached"), "strace does not follow the server: {line}");
        // It says one line a thread, and what nobody reads would stop it.
        let said = std::thread::spawn(move || {
            let mut rest = String::new();
            out.read_to_string(&mut rest).unwrap();
            rest
        });
        std::thread::sleep(Duration::from_millis(200));
        Self { strace, said, table, since: Instant::now() }
    }

    /// Calls until now, and in what time.
    fn stop(mut self) -> (f64, f64, String) {
        let seconds = self.since.elapsed().as_secs_f64();
        let told = Command::new("kill").args(["-INT", &self.strace.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.strace.wait().unwrap();
        self.said.join().unwrap();
        let table = std::fs::read_to_string(&self.table).unwrap();
        let total = table.lines().rfind(|line| line.ends_with(" total")).expect("a line of totals");
        // Share of the time, seconds, microseconds a call, calls.
        let calls = total.split_whitespace().nth(3).unwrap().parse().unwrap();
        (calls, seconds, table)
    }
}

async fn ask_all(connections: &mut [(Connection, String)], times: usize) {
    let asking = connections.iter_mut().map(|(connection, cookie)| async move {
        for _ in 0..times {
            let reply = connection.ask(Ask::get("/fhir/Patient/P-0001").as_(cookie)).await.unwrap();
            assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        }
    });
    futures_util::future::join_all(asking).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_takes_few_system_calls() {
    let (city, _) = City::found();
    let (server, _out) = city.serve();
    let mut connections = Vec::new();
    for name in PEOPLE {
        let terminal = city.terminal(name);
        let cookie = terminal.sign_in(&format!("U-{name}"), PASSWORD).await.unwrap();
        for _ in 0..CONNECTIONS {
            connections.push((terminal.connect().await.unwrap(), cookie.clone()));
        }
    }
    // The way to the store is open, and what is done once is done.
    ask_all(&mut connections, 1).await;
    let folder = city.folder.path();
    let counting = Counting::start(&server, folder.join("quiet.txt"));
    tokio::time::sleep(QUIET).await;
    let (quiet, quiet_seconds, _) = counting.stop();
    let counting = Counting::start(&server, folder.join("busy.txt"));
    ask_all(&mut connections, REQUESTS).await;
    let (busy, busy_seconds, table) = counting.stop();
    let requests = (connections.len() * REQUESTS) as f64;
    let each = (busy - quiet / quiet_seconds * busy_seconds) / requests;
    println!(
        "{each:.2} system calls per request ({busy} in {busy_seconds:.1} s, {quiet} in {quiet_seconds:.1} s of quiet)\n{table}"
    );
    assert!(each > 3.0, "counting does not work: {each:.2}");
    assert!(each <= CALLS_PER_REQUEST_MAX, "{each:.2} system calls per request\n{table}");
}
