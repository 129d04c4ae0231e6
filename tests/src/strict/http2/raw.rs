//! A client that sends the frames it is told to, and encodes its fields in the plainest way (RFC 7541 6.2.2).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::world::{CARE, Terminal};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
/// A message in one frame.
pub(crate) const WHOLE: u8 = END_STREAM | END_HEADERS;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub(crate) fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> =
        values.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(SETTINGS, 0, 0, &payload)
}

pub(crate) fn headers(stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, block)
}

/// A length in seven bits and what goes on (RFC 7541 5.1).
fn length(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short @ 0..=126) => vec![short],
        _ => {
            let mut octets = vec![127];
            let mut rest = length - 127;
            while rest >= 128 {
                octets.push(u8::try_from(rest % 128).unwrap() | 128);
                rest /= 128;
            }
            octets.push(u8::try_from(rest).unwrap());
            octets
        }
    }
}

/// A field, never indexed nor compressed: its octets are the letters.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let octets = |text: &str| text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect::<Vec<u8>>();
    let (name, value) = (octets(name), octets(value));
    [vec![0], length(name.len()), name, length(value.len()), value].concat()
}

pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name, value)).collect()
}

/// The block of a request to the care host.
pub(crate) fn request(method: &str, path: &str, others: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "https"), (":authority", CARE), (":path", path)];
    block(&[&own[..], others].concat())
}

/// What the gateway came to say first about a stream or the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered(u16),
    Reset(u32),
    Gone(u32),
    Closed,
    Silent,
}

/// An open connection; its handshake and settings are over.
pub(crate) struct Link {
    pub(crate) stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

impl Link {
    /// After the preface, both settings, and their acknowledgements.
    pub(crate) async fn open(terminal: &Terminal) -> Self {
        let mut link = Self::bare(terminal).await;
        link.send(&[PREFACE, &settings(&[])].concat()).await;
        loop {
            let (kind, flags, ..) = link.next(5000).await.expect("settings");
            if kind == SETTINGS && flags & ACK == 0 {
                break;
            }
        }
        link.send(&frame(SETTINGS, ACK, 0, &[])).await;
        link
    }

    /// TLS, and nothing sent yet.
    pub(crate) async fn bare(terminal: &Terminal) -> Self {
        Self { stream: terminal.raw().await.unwrap(), read: Vec::new() }
    }

    /// The gateway may have ended the connection already: then nothing is sent.
    pub(crate) async fn send(&mut self, octets: &[u8]) -> bool {
        self.stream.write_all(octets).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// The next frame: kind, flags, stream, payload. None when the connection ends, or nothing comes in so many milliseconds.
    pub(crate) async fn next(&mut self, millis: u64) -> Option<(u8, u8, u32, Vec<u8>)> {
        self.next_or_end(millis).await.ok().flatten()
    }

    /// The same; an error when nothing comes.
    async fn next_or_end(&mut self, millis: u64) -> Result<Option<(u8, u8, u32, Vec<u8>)>, ()> {
        loop {
            if self.read.len() >= 9 {
                let size = u32::from_be_bytes([0, self.read[0], self.read[1], self.read[2]]) as usize;
                if self.read.len() >= 9 + size {
                    let octets: Vec<u8> = self.read.drain(..9 + size).collect();
                    let stream = u32::from_be_bytes([octets[5], octets[6], octets[7], octets[8]]);
                    return Ok(Some((octets[3], octets[4], stream, octets[9..].to_vec())));
                }
            }
            let mut room = vec![0; 16_384];
            match timeout(Duration::from_millis(millis), self.stream.read(&mut room)).await {
                Ok(Ok(0) | Err(_)) => return Ok(None),
                Ok(Ok(count)) => self.read.extend_from_slice(&room[..count]),
                Err(_) => return Err(()),
            }
        }
    }

    /// Whether this stream is answered, whatever is said about the connection before it.
    pub(crate) async fn is_answered(&mut self, about: u32) -> bool {
        while let Some((kind, _, stream, _)) = self.next(3000).await {
            if kind == HEADERS && stream == about {
                return true;
            }
        }
        false
    }

    /// What is said about this stream, or the connection.
    pub(crate) async fn outcome(&mut self, about: u32) -> Outcome {
        loop {
            let code = |payload: &[u8], at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
            match self.next_or_end(3000).await {
                Err(()) => return Outcome::Silent,
                Ok(None) => return Outcome::Closed,
                Ok(Some((GOAWAY, _, _, payload))) => return Outcome::Gone(code(&payload, 4)),
                Ok(Some((RST_STREAM, _, stream, payload))) if stream == about => {
                    return Outcome::Reset(code(&payload, 0));
                }
                Ok(Some((HEADERS, _, stream, payload))) if stream == about => {
                    return Outcome::Answered(status(&payload));
                }
                Ok(Some(_)) => {}
            }
        }
    }

    /// Whether a ping is answered: the connection goes on.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.send(&frame(PING, 0, 0, b"are you?")).await;
        while let Some((kind, flags, _, payload)) = self.next(3000).await {
            if kind == PING && flags & ACK != 0 && payload == b"are you?" {
                return true;
            }
        }
        false
    }
}

/// `:status` at the beginning of a block, as h2 writes it: a number of the static table, or its name with three digits.
fn status(block: &[u8]) -> u16 {
    let block = if block[0] & 0xe0 == 0x20 { &block[1..] } else { block };
    match *block {
        [0x88, ..] => 200,
        [0x89, ..] => 204,
        [0x8a, ..] => 206,
        [0x8b, ..] => 304,
        [0x8c, ..] => 400,
        [0x8d, ..] => 404,
        [0x8e, ..] => 500,
        [0x08 | 0x48, length, ref rest @ ..] if length & 0x80 == 0 => {
            std::str::from_utf8(&rest[..usize::from(length)]).unwrap().parse().unwrap()
        }
        [0x08 | 0x48, length, ref rest @ ..] => {
            // Digits as Huffman writes them (RFC 7541 appendix B): five bits for 0-2, six for the others.
            let octets = &rest[..usize::from(length & 0x7f)];
            let mut bits = octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| u16::from(octet >> bit & 1)));
            let mut take = |count: usize| (0..count).fold(0, |value, _| value * 2 + bits.next().unwrap());
            (0..3).fold(0, |status, _| {
                let five = take(5);
                status * 10 + if five < 3 { five } else { five * 2 + take(1) - 22 }
            })
        }
        _ => panic!("no status: {block:x?}"),
    }
}

#[test]
fn a_status_is_read() {
    // 4 is 011010, 2 is 00010, 1 is 00001; padded with ones.
    assert_eq!(status(&[0x48, 0x82, 0b0110_1000, 0b0100_0001]), 421);
    assert_eq!(status(&[0x48, 3, b'4', b'2', b'1']), 421);
    assert_eq!(status(&[0x8c]), 400);
}
