//! Neighbours: connections of another terminal, which nobody cuts. They live in a process of their own, because one process may not
//! have as many descriptors as both ends of ten thousand connections take.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::shared::world::{Ask, CARE, Keys, Terminal, World};
use crate::{STREAM, end_of, stream};

/// Connections of one user ID: it may have so many requests in flight.
const A_USER: usize = 60;
/// How often a connection without a stream asks for something, well before it would be closed as idle.
const ASK_EVERY: Duration = Duration::from_secs(15);
const RECORD: &str = "/fhir/Patient/P-0001";

/// The other process.
pub(crate) struct Neighbours {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Neighbours {
    /// So many connections, so many of them with an event stream on it.
    pub(crate) async fn open(world: &World, connections: usize, streams: usize) -> Self {
        let keys = world.keys("D-ono");
        let terminal = world.terminal_with(&keys);
        let mut users = Vec::new();
        for number in 0..connections.div_ceil(A_USER) {
            let user_id = world.another_nurse(&format!("nurse-{number}"), &["P-0001"]);
            users.push(world.cookie(&terminal, &user_id).await);
        }
        let chain: Vec<String> = keys.chain.iter().map(|one| STANDARD.encode(one)).collect();
        let all = json!({
            "address": terminal.address.to_string(), "root": STANDARD.encode(world.authority.root_der()),
            "chain": chain, "key": STANDARD.encode(keys.key.secret_der()), "users": users,
            "connections": connections, "streams": streams,
        });
        let mut child = Process::new(std::env::current_exe().unwrap())
            .arg("neighbours")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut neighbours = Self { child, to, from };
        tokio::task::spawn_blocking(move || {
            assert_eq!(neighbours.say(&all.to_string()), "open");
            neighbours
        })
        .await
        .unwrap()
    }

    fn say(&mut self, line: &str) -> String {
        writeln!(self.to, "{line}").unwrap();
        let mut answer = String::new();
        self.from.read_line(&mut answer).unwrap();
        answer.trim().to_owned()
    }

    /// How many were broken off, at the end.
    pub(crate) fn hurt(mut self) -> usize {
        let hurt = self.say("hurt").parse().unwrap();
        drop(self.to);
        let _ = self.child.wait();
        hurt
    }
}

/// The other process's side, until its standard input ends.
pub(crate) async fn serve() {
    let mut lines = BufReader::new(std::io::stdin()).lines();
    let all: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let octets = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let number = |name: &str| usize::try_from(all[name].as_u64().unwrap()).unwrap();
    let keys = Keys {
        chain: all["chain"].as_array().unwrap().iter().map(|one| CertificateDer::from(octets(one))).collect(),
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(octets(&all["key"]))),
    };
    let root = CertificateDer::from(octets(&all["root"]));
    let terminal = Terminal::new(all["address"].as_str().unwrap().parse().unwrap(), CARE, &root, Some(&keys));
    let users: Vec<String> = all["users"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().into()).collect();
    let hurt = Arc::new(AtomicUsize::new(0));
    let (connections, streams) = (number("connections"), number("streams"));
    for at in 0..connections {
        let cookie = users[at / A_USER].clone();
        if at < streams {
            with_stream(&terminal, &cookie, &hurt).await;
        } else {
            without(&terminal, cookie, &hurt).await;
        }
    }
    println!("open");
    tokio::task::spawn_blocking(move || {
        while lines.next().is_some_and(|line| line.is_ok()) {
            println!("{}", hurt.load(Ordering::Relaxed));
        }
    })
    .await
    .unwrap();
}

async fn with_stream(terminal: &Terminal, cookie: &str, hurt: &Arc<AtomicUsize>) {
    let (end, hurt) = (end_of(stream(terminal, cookie, STREAM).await), Arc::clone(hurt));
    tokio::spawn(async move {
        let _ = end.await;
        hurt.fetch_add(1, Ordering::Relaxed);
    });
}

async fn without(terminal: &Terminal, cookie: String, hurt: &Arc<AtomicUsize>) {
    let mut connection = terminal.connect().await.unwrap();
    let hurt = Arc::clone(hurt);
    let first = connection.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!(first.status, http::StatusCode::OK);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            let answer = connection.ask(Ask::get(RECORD).as_(&cookie)).await;
            if !answer.is_ok_and(|answer| answer.status == http::StatusCode::OK) {
                hurt.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    });
}
