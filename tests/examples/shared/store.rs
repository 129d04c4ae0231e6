//! A store in a process of its own, because one process may not have as many descriptors as the measuring takes: the tool itself,
//! started with a word that says so.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};

const WORD: &str = "store";

/// Whether this process is the other one. Asked first in `main`.
pub(crate) fn is_asked_for() -> bool {
    std::env::args().nth(1).is_some_and(|first| first == WORD)
}

/// The other process: a store, until its standard input ends.
pub(crate) async fn serve() -> ExitCode {
    let store = backend_stub::run(backend_stub::Options::new(backend_stub::Trust::Anyone)).await.unwrap();
    println!("{}", store.address());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    ExitCode::SUCCESS
}

/// The other process, as this one sees it.
pub(crate) struct Store {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Store {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg(WORD).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().unwrap() }
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}
