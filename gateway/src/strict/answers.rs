//! What the store answers over HTTP/1.1, octet by octet (RFC 9112 4-6), before hyper sees it: an answer that could be read in two
//! ways, or that nobody asked for, ends the connection to the store, and the client hears that the store misbehaves (502).
//!
//! An answer whose body would end with its connection is none either: nobody can tell its end from its being cut off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::chunked::Follower;
use super::flaw::{Flaw, unreadable};
use super::head::Framing;
use super::lines::{Lengths, Lines, field, plain};
use crate::bounds::{HEADERS_MAX, INTERIM_ANSWERS_MAX, READ_BUFFER_BYTES_MAX};
use crate::refusal::MessageProblem;

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    octets: usize,
    body: Framing,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The answer itself.
    Final,
    /// RFC 9110 15.2: another follows.
    Interim,
    /// No HTTP any more (RFC 9110 15.2.2). Whether that was asked for is for whoever forwarded the request.
    Switched,
}

/// Reads the head of an answer.
#[derive(Debug, Default)]
struct HeadReader {
    lines: Lines,
    status: Option<u16>,
    fields: usize,
    lengths: Lengths,
}

impl HeadReader {
    fn read(&mut self, octets: &[u8]) -> Result<Option<Head>, Flaw> {
        while let Some(line) = self.lines.next(octets)? {
            match self.status {
                None => self.status = Some(status_line(line)?),
                Some(status) if line.is_empty() => return self.end(status).map(Some),
                Some(_) => self.field(line)?,
            }
        }
        if octets.len() > READ_BUFFER_BYTES_MAX {
            return Err(Flaw::Of(MessageProblem::FieldsTooLarge));
        }
        Ok(None)
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Flaw> {
        self.fields += 1;
        if self.fields > HEADERS_MAX {
            return Err(Flaw::Of(MessageProblem::FieldsTooLarge));
        }
        let (name, value) = field(line)?;
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => self.lengths.length(plain(value)?, u64::MAX),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.lengths.coding(plain(value)?),
            _ => Ok(()),
        }
    }

    fn end(&self, status: u16) -> Result<Head, Flaw> {
        let octets = self.lines.octets();
        let given = self.lengths.given()?;
        let (kind, body) = match (status, given) {
            (101, (None, false)) => (Kind::Switched, Framing::None),
            (100..=199, (None, false)) => (Kind::Interim, Framing::None),
            // RFC 9112 6.3: these have no body, whatever a 304 says of the one it would have had.
            (204, (None | Some(0), false)) | (304, (_, false)) => (Kind::Final, Framing::None),
            (100..=199 | 204 | 304, _) => return unreadable("a body of an answer that has none"),
            (_, (_, true)) => (Kind::Final, Framing::Chunked),
            (_, (Some(0), false)) => (Kind::Final, Framing::None),
            (_, (Some(length), false)) => (Kind::Final, Framing::Length(length)),
            (_, (None, false)) => return unreadable("an answer without a length"),
        };
        Ok(Head { octets, body, kind })
    }
}

/// RFC 9112 4.
fn status_line(line: &[u8]) -> Result<u16, Flaw> {
    let Some(rest) = line.strip_prefix(b"HTTP/1.1 ") else { return unreadable("an answer that is no HTTP/1.1") };
    let (status, reason) = rest.split_at_checked(3).unwrap_or_default();
    let status = std::str::from_utf8(status).ok().filter(|status| status.bytes().all(|octet| octet.is_ascii_digit()));
    match status.and_then(|status| status.parse().ok()) {
        Some(status @ 100..=599) if matches!(reason.first(), None | Some(b' ')) => Ok(status),
        _ => unreadable("an answer without a status"),
    }
}

/// The store's side of a connection, read along. See the module.
pub struct Answers<S> {
    stream: S,
    state: State,
    /// What has come of a head that is not whole.
    head: Vec<u8>,
    /// Something was sent since the last answer ended.
    asked: bool,
    interim: usize,
}

#[derive(Debug)]
enum State {
    Head(HeadReader),
    Body(Follower),
    Switched,
}

impl<S> Answers<S> {
    /// Reads along on a connection on which nothing was sent yet.
    pub fn new(stream: S) -> Self {
        let state = State::Head(HeadReader::default());
        Self { stream, state, head: Vec::new(), asked: false, interim: 0 }
    }

    fn follow(&mut self, mut octets: &[u8]) -> Result<(), Flaw> {
        while !octets.is_empty() {
            let taken = match &mut self.state {
                State::Switched => return Ok(()),
                State::Head(_) if !self.asked => return unreadable("an answer that nobody asked for"),
                State::Head(reader) => {
                    let before = self.head.len();
                    let read = if before == 0 {
                        reader.read(octets)?
                    } else {
                        self.head.extend_from_slice(octets);
                        reader.read(&self.head)?
                    };
                    let Some(head) = read else {
                        if before == 0 {
                            self.head.extend_from_slice(octets);
                        }
                        return Ok(());
                    };
                    self.head = Vec::new();
                    self.begins(head)?;
                    head.octets - before
                }
                State::Body(follower) => {
                    let taken = follower.follow(octets)?;
                    if follower.is_over() {
                        self.ended();
                    }
                    taken
                }
            };
            octets = octets.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// A head is whole.
    fn begins(&mut self, head: Head) -> Result<(), Flaw> {
        match head.kind {
            Kind::Switched => self.state = State::Switched,
            Kind::Interim => {
                self.interim += 1;
                if self.interim > INTERIM_ANSWERS_MAX {
                    return unreadable("interim answers without an end");
                }
                self.state = State::Head(HeadReader::default());
            }
            Kind::Final => {
                let follower = Follower::new(head.body);
                let over = follower.is_over();
                self.state = State::Body(follower);
                if over {
                    self.ended();
                }
            }
        }
        Ok(())
    }

    fn ended(&mut self) {
        self.state = State::Head(HeadReader::default());
        (self.asked, self.interim) = (false, 0);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Answers<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let start = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let followed = this.follow(buf.filled().get(start..).unwrap_or_default());
        Poll::Ready(followed.map_err(|flaw| {
            tracing::warn!(?flaw, "the store's answer has no single reading");
            buf.set_filled(start);
            io::Error::new(io::ErrorKind::InvalidData, "the store's answer has no single reading")
        }))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Answers<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.asked = true;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.asked = true;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
