//! First messages of TLS, written by hand: for what no TLS library would say (RFC 8446 4.1.2, RFC 5246 7.4.1.2).

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest record (RFC 8446 5.1).
const RECORD: usize = 16_384;
/// `random` of a HelloRetryRequest (RFC 8446 4.1.3): SHA-256 of its name.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A first message.
#[derive(Clone)]
pub(crate) struct Hello {
    /// TLS 1.3, else 1.2.
    pub(crate) newest: bool,
    pub(crate) host: Option<String>,
    pub(crate) suites: Vec<u16>,
    pub(crate) groups: Vec<u16>,
    pub(crate) schemes: Vec<u16>,
    pub(crate) protocols: Vec<&'static str>,
    /// So many octets that mean nothing (RFC 7685).
    pub(crate) padding: usize,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A version, suite and group were chosen, before any key was sent.
    Chosen { version: u16, suite: u16, group: Option<u16> },
    /// An alert with this description.
    Alert(u8),
    /// Nothing but the end.
    Closed,
}

impl Hello {
    /// As an ordinary client says it.
    pub(crate) fn usual(newest: bool, host: &str) -> Self {
        Self {
            newest,
            host: Some(host.to_owned()),
            suites: if newest { vec![0x1301, 0x1302, 0x1303] } else { vec![0xc02b, 0xc02c] },
            groups: vec![29, 23],
            schemes: vec![0x0403, 0x0804, 0x0503],
            protocols: vec!["http/1.1"],
            padding: 0,
        }
    }

    /// The message itself, without records.
    pub(crate) fn message(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        if let Some(host) = &self.host {
            extensions.extend(extension(0, &sized(&[&[0][..], &sized(host.as_bytes())].concat())));
        }
        extensions.extend(extension(10, &numbers(&self.groups)));
        extensions.extend(extension(11, &[1, 0]));
        extensions.extend(extension(13, &numbers(&self.schemes)));
        let protocols: Vec<u8> = self
            .protocols
            .iter()
            .flat_map(|name| [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat())
            .collect();
        if !protocols.is_empty() {
            extensions.extend(extension(16, &sized(&protocols)));
        }
        extensions.extend(extension(23, &[]));
        if self.newest {
            // supported_versions, and a key_share without keys: the answer names the group that is wanted.
            extensions.extend(extension(43, &[2, 3, 4]));
            extensions.extend(extension(51, &[0, 0]));
        }
        if self.padding > 0 {
            extensions.extend(extension(21, &vec![0; self.padding]));
        }
        let body = [&[3, 3][..], &[7; 32], &[0], &numbers(&self.suites), &[1, 0], &sized(&extensions)].concat();
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[1][..], &length[1..], &body].concat()
    }

    /// In as few records as may be.
    pub(crate) fn records(&self) -> Vec<u8> {
        self.message().chunks(RECORD).flat_map(|piece| record(22, piece)).collect()
    }

    /// What a server says to it.
    pub(crate) async fn ask(&self, server: SocketAddr) -> Answer {
        let mut stream = TcpStream::connect(server).await.unwrap();
        // It may be closed before all is taken.
        let _ = stream.write_all(&self.records()).await;
        answer(&mut stream).await
    }
}

/// What comes back on a connection.
pub(crate) async fn answer(stream: &mut TcpStream) -> Answer {
    let mut handshake = Vec::new();
    let read = async {
        loop {
            let mut head = [0; 5];
            if stream.read_exact(&mut head).await.is_err() {
                return Answer::Closed;
            }
            let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            if stream.read_exact(&mut body).await.is_err() {
                return Answer::Closed;
            }
            match head[0] {
                21 => return Answer::Alert(body[1]),
                22 => handshake.extend(body),
                _ => {}
            }
            if let Some(chosen) = chosen(&handshake) {
                return chosen;
            }
        }
    };
    timeout(Duration::from_secs(15), read).await.expect("neither an answer nor an end")
}

/// What a server's first messages say, once they are there.
fn chosen(mut handshake: &[u8]) -> Option<Answer> {
    let (mut version, mut suite, mut newest) = (0, 0, false);
    while let [kind, a, b, c, rest @ ..] = handshake {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        let body = rest.get(..length)?;
        handshake = &rest[length..];
        let number = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        match kind {
            2 => {
                let session = usize::from(body[34]);
                (version, suite) = (number(0), number(35 + session));
                let mut at = 35 + session + 2 + 1 + 2;
                let mut group = None;
                while at < body.len() {
                    match number(at) {
                        43 => (version, newest) = (number(at + 4), true),
                        51 => group = Some(number(at + 4)),
                        _ => {}
                    }
                    at += 4 + usize::from(number(at + 2));
                }
                if newest {
                    assert_eq!(body[2..34], RETRY, "no key was sent, so none can be answered");
                    return Some(Answer::Chosen { version, suite, group });
                }
            }
            // ServerKeyExchange: a named curve (RFC 8422 5.4).
            12 => return Some(Answer::Chosen { version, suite, group: (body[0] == 3).then(|| number(1)) }),
            _ => {}
        }
    }
    None
}

/// One record.
pub(crate) fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &sized(body)].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(body)].concat()
}

fn numbers(all: &[u16]) -> Vec<u8> {
    sized(&all.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>())
}

/// With its length in two octets before it.
pub(crate) fn sized(octets: &[u8]) -> Vec<u8> {
    [&u16::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat()
}
