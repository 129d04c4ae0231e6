//! What a store answers over HTTP/1.1, held against a second, naive reader of answers. The same function runs over the seeds in the
//! ordinary tests (`gateway/src/strict/fuzz.rs`).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use gateway::bounds::{HEADERS_MAX, INTERIM_ANSWERS_MAX};
use gateway::strict::answers::Answers;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::strict::naive_chunks;

/// Stands where something is asked of the store.
const ASKED: u8 = 0x1f;

/// A store that answers a piece whenever it is asked something, so many octets at a time.
struct Store<'a> {
    pieces: std::slice::Split<'a, u8, fn(&u8) -> bool>,
    left: &'a [u8],
    at_a_time: usize,
}

impl AsyncRead for Store<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (piece, rest) = self.left.split_at(self.at_a_time.min(self.left.len()).min(buf.remaining()));
        buf.put_slice(piece);
        self.left = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Store<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        let piece = self.pieces.next();
        self.left = piece.unwrap_or_default();
        Poll::Ready(Ok(usize::from(piece.is_some())))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What passes, and whether all of it does.
fn read(data: &[u8], at_a_time: usize) -> (Vec<u8>, bool) {
    let asked: fn(&u8) -> bool = |octet| *octet == ASKED;
    let mut answers = Answers::new(Store { pieces: data.split(asked), left: &[], at_a_time });
    let mut cx = Context::from_waker(Waker::noop());
    let (mut buffer, mut passed) = (vec![0; data.len() + 1], Vec::new());
    while let Poll::Ready(Ok(1)) = Pin::new(&mut answers).poll_write(&mut cx, b"?") {
        loop {
            let mut buf = ReadBuf::new(&mut buffer);
            let Poll::Ready(read) = Pin::new(&mut answers).poll_read(&mut cx, &mut buf) else { panic!("it waits") };
            match (read, buf.filled()) {
                (Ok(()), []) => break,
                (Ok(()), piece) => passed.extend_from_slice(piece),
                (Err(_), []) => return (passed, false),
                (Err(_), _) => panic!("something of what is refused passes"),
            }
        }
    }
    (passed, true)
}

/// Cut anywhere, it comes to the same; nothing passes that a naive reader takes for no answer, and what it takes for nothing but
/// answers does.
pub(crate) fn store_answers(data: &[u8]) {
    let (passed, whole) = read(data, usize::MAX);
    let (slowly, octet_by_octet) = read(data, 1);
    assert_eq!(whole, octet_by_octet, "cut otherwise, it comes to something else");
    let octets: Vec<u8> = data.iter().copied().filter(|octet| *octet != ASKED).collect();
    assert!(octets.starts_with(&slowly) && slowly.starts_with(&passed));
    if whole {
        assert_eq!(passed, octets);
    }
    match naive(data, &octets) {
        Found::Answers => assert!(whole, "answers that are refused"),
        Found::Broken(at) => assert!(!whole && slowly.len() >= at, "what is no answer passes"),
        Found::Begun => {}
    }
}

enum Found {
    /// Nothing but answers, each of them asked for.
    Answers,
    /// The last of them has not ended, and might be none.
    Begun,
    /// From here on, something else.
    Broken(usize),
}

fn naive(data: &[u8], octets: &[u8]) -> Found {
    let pieces = data.split(|octet| *octet == ASKED);
    let asked: Vec<usize> = pieces.scan(0, |at, piece| Some(std::mem::replace(at, *at + piece.len()))).collect();
    let (mut at, mut interim) = (0, 0);
    while at < octets.len() {
        if interim == 0 && !asked.contains(&at) {
            return Found::Broken(at);
        }
        let rest = &octets[at..];
        let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") else { return Found::Begun };
        let begin = at;
        let Some((status, body)) = head(&rest[..end]) else { return Found::Broken(begin) };
        at += end + 4;
        match (status, body) {
            (101, Body::None) => return Found::Answers,
            (100..=199, Body::None) if interim == INTERIM_ANSWERS_MAX => return Found::Broken(begin),
            (100..=199, Body::None) => interim += 1,
            (204, Body::None | Body::Length(0)) | (304, Body::None | Body::Length(_)) => interim = 0,
            (100..=199 | 204 | 304, _) | (_, Body::None) => return Found::Broken(begin),
            (_, Body::Length(length)) => {
                let there = octets.len() - at;
                if length > there as u64 {
                    return Found::Answers;
                }
                (at, interim) = (at + usize::try_from(length).unwrap(), 0);
            }
            (_, Body::Chunked) => {
                let Some(length) = naive_chunks(&octets[at..]) else { return Found::Begun };
                (at, interim) = (at + length, 0);
            }
        }
    }
    Found::Answers
}

/// What the fields say of the body.
enum Body {
    None,
    Length(u64),
    Chunked,
}

/// Status, and what is said of the body. None where it is no head.
fn head(octets: &[u8]) -> Option<(u16, Body)> {
    let text: String = octets.iter().map(|octet| char::from(*octet)).collect();
    let lines: Vec<&str> = text.split("\r\n").collect();
    let control = |letter: char| (letter < ' ' && letter != '\t') || letter == '\x7f';
    if lines.iter().any(|line| line.contains(control)) || lines.len() > HEADERS_MAX + 1 {
        return None;
    }
    let mut words = lines[0].splitn(3, ' ');
    let (version, status) = (words.next()?, words.next()?);
    let number = status.parse().ok().filter(|_| status.len() == 3 && !status.starts_with('+'));
    let status = number.filter(|status| version == "HTTP/1.1" && (100..600).contains(status))?;
    let mut body = Body::None;
    for line in &lines[1..] {
        let (name, value) = line.split_once(':')?;
        let token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
        if name.is_empty() || !name.chars().all(token) {
            return None;
        }
        let value = value.strip_prefix(' ').unwrap_or(value);
        let of_body = match name.to_ascii_lowercase().as_str() {
            "content-length" => Body::Length(value.parse().ok().filter(|length: &u64| length.to_string() == value)?),
            "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => Body::Chunked,
            "transfer-encoding" => return None,
            _ => continue,
        };
        if !matches!(std::mem::replace(&mut body, of_body), Body::None) {
            return None;
        }
    }
    Some((status, body))
}
