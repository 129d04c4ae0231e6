//! What is to be done: the command line, read once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::terminal::Terminal;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mode {
    One,
    Two { streams: usize },
    Even { rate: f64 },
    Open { rate: f64 },
    Full,
    Resumed,
    Idle,
    Down,
    Up,
}

pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) host: String,
    pub(crate) to: SocketAddr,
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) paths: Vec<String>,
    pub(crate) count: usize,
    pub(crate) time: Duration,
    /// Length of a body that is sent; none for GET.
    pub(crate) body: Option<usize>,
    /// Addresses that connections come from.
    sources: usize,
}

/// A request, and the octets of its body that follow its head.
pub(crate) struct Request {
    pub(crate) head: Vec<u8>,
    pub(crate) body: usize,
}

impl Plan {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Self {
        let (mut to, mut host, mut root, mut mode) = (None, None, None, None);
        let (mut who, mut paths, mut body, mut pq) = (Vec::new(), Vec::new(), None, false);
        let (mut count, mut seconds, mut sources) = (1, 1.0, 1);
        while let Some(flag) = words.next() {
            let value = words.next().unwrap_or_else(|| panic!("{flag} needs a value"));
            match flag.as_str() {
                "--to" => to = Some(value.parse().unwrap()),
                "--host" => host = Some(value),
                "--root" => root = Some(value),
                "--as" => who.push(value),
                "--path" => paths.push(value),
                "--mode" => mode = Some(Mode::read(&value)),
                "--count" => count = value.parse().unwrap(),
                "--seconds" => seconds = value.parse().unwrap(),
                "--body" => body = Some(value.parse().unwrap()),
                "--from" => sources = value.parse().unwrap(),
                "--groups" => pq = value == "pq",
                _ => panic!("what is {flag}?"),
            }
        }
        let (host, root, mode) = (host.expect("--host"), root.expect("--root"), mode.expect("--mode"));
        let two = matches!(mode, Mode::Two { .. } | Mode::Open { .. });
        let terminal = |who: &String| {
            let (pem, cookie) = who.split_once('=').expect("--as PEM=COOKIE");
            Terminal::new(&host, &root, pem, cookie, two, pq)
        };
        let terminals = who.iter().map(terminal).collect();
        let time = Duration::from_secs_f64(seconds);
        Self { mode, host, to: to.expect("--to"), terminals, paths, count, time, body, sources }
    }

    /// Who this connection is.
    pub(crate) fn terminal(&self, number: usize) -> &Terminal {
        &self.terminals[number % self.terminals.len()]
    }

    /// What this connection asks for at this turn.
    pub(crate) fn path(&self, number: usize, turn: usize) -> &str {
        &self.paths[(number + turn) % self.paths.len()]
    }

    /// Where this connection comes from: addresses from 127.0.0.2 on, if more than one is asked for.
    pub(crate) fn source(&self, number: usize) -> IpAddr {
        let host = if self.sources > 1 { 2 + u8::try_from(number % self.sources).unwrap() } else { 1 };
        Ipv4Addr::new(127, 0, 0, host).into()
    }

    /// A request over HTTP/1.1, as it is sent.
    pub(crate) fn request(&self, number: usize, turn: usize) -> Request {
        let (host, path, cookie) = (&self.host, self.path(number, turn), &self.terminal(number).cookie);
        let (method, more) = match self.body {
            None => ("GET", String::new()),
            Some(length) => {
                let context = "content-type: image/jpeg\r\nx-security-context: Patient/P-0001\r\n";
                ("POST", format!("{context}content-length: {length}\r\n"))
            }
        };
        let accept = if self.mode == Mode::Down { "*/*" } else { "application/fhir+json" };
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\naccept: {accept}\r\n{more}\r\n");
        Request { head: head.into_bytes(), body: self.body.unwrap_or(0) }
    }
}

impl Mode {
    fn read(text: &str) -> Self {
        let (word, number) = text.split_once(':').unwrap_or((text, ""));
        match word {
            "h1" => Self::One,
            "h2" => Self::Two { streams: number.parse().unwrap_or(1) },
            "even" => Self::Even { rate: number.parse().expect("even:RATE") },
            "open" => Self::Open { rate: number.parse().expect("open:RATE") },
            "full" => Self::Full,
            "resumed" => Self::Resumed,
            "idle" => Self::Idle,
            "down" => Self::Down,
            "up" => Self::Up,
            _ => panic!("what is the mode {text}?"),
        }
    }
}
