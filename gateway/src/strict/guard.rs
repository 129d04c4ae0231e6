//! The guard under hyper over HTTP/1.1: what a client sends passes here first, one message at a time.
//!
//! Where a message passes, its octets do as they came, mostly in the buffer of whoever reads. Where it does not, one head of ours
//! takes its place, which no client can write ([`REFUSED`]), and nothing comes after it: so hyper answers what went before, then the
//! refusal, as it answers everything, and closes. A body that breaks the rules after its head has passed is an error of the
//! connection; as much of it as came along with the head is looked at before that passes.
//!
//! While a connection is idle nothing is held. What is held is at most a head, and what came with its end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::chunked::Follower;
use super::flaw::Flaw;
use super::head::HeadReader;
use super::signs::Signs;
use crate::bounds::{HEAD_READ_BYTES, HEADER_READ_MAX, LINGER_BYTES_MAX, LINGER_MAX};

/// Method of the request that stands for a refused message. Methods of clients are by list, and this is not on it.
pub const REFUSED: &str = "REFUSED";
const REFUSED_HEAD: &[u8] = b"REFUSED / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// See the module.
pub struct Guard<S> {
    stream: S,
    signs: Arc<Signs>,
    state: State,
    held: Held,
    /// Runs while a head is unfinished.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Whoever writes has nothing left to write: hyper asks for a flush when it holds nothing itself.
    flushed: bool,
    closing: Closing,
}

#[derive(Debug)]
enum State {
    /// In a head, or before one.
    Head(HeadReader),
    /// In the body of a message whose head has passed.
    Body(Follower),
    /// Behind a request for an upgrade, which is not answered yet.
    Asked,
    /// No HTTP any more.
    Switched,
    /// A message was refused.
    Over,
}

/// Octets that were read and have not passed.
#[derive(Debug, Default)]
struct Held {
    octets: Vec<u8>,
    /// So many of them may pass.
    cleared: usize,
    /// There are some that nobody has looked at.
    fresh: bool,
}

/// What comes of octets.
enum Judged {
    /// So many may pass.
    Good(usize),
    /// A head is not whole.
    Unfinished,
    /// The message is refused; nothing of it has passed.
    Refused(Flaw),
    /// The message breaks the rules in its body; its head has passed.
    Broken,
}

/// The connection is closed from our side while its client may still be sending.
enum Closing {
    NotYet,
    /// Nothing more is written; what still comes is thrown away, so that the answer is not lost with it.
    Lingering {
        until: Pin<Box<Sleep>>,
        left: usize,
    },
    Closed,
}

impl<S> Guard<S> {
    /// The guard of a connection on which HTTP/1.1 begins.
    pub fn new(stream: S, signs: Arc<Signs>) -> Self {
        let state = State::Head(HeadReader::default());
        Self { stream, signs, state, held: Held::default(), deadline: None, flushed: false, closing: Closing::NotYet }
    }

    /// Nothing has begun, nothing is held, and nothing is left to write. Whoever reads may still be at work on what has passed.
    pub(super) const fn is_between_messages(&self) -> bool {
        let begun = !matches!(self.state, State::Head(_)) || !self.held.octets.is_empty();
        !begun && self.flushed && matches!(self.closing, Closing::NotYet)
    }

    /// Looks at octets, of which the first follow on what has passed.
    fn judge(&mut self, octets: &[u8]) -> Judged {
        judge(&mut self.state, &self.signs, octets)
    }

    /// Nothing passes any more but the head that stands for the refusal.
    fn refuse(&mut self, flaw: Flaw) {
        self.signs.refuse(flaw);
        self.state = State::Over;
        self.held = Held { octets: REFUSED_HEAD.to_vec(), cleared: REFUSED_HEAD.len(), fresh: false };
        self.deadline = None;
    }

    /// More has to come. A head has only so much time to be whole.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.state, State::Head(_)) && !self.held.octets.is_empty() {
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(HEADER_READ_MAX)));
            if deadline.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        Poll::Pending
    }

    /// The client may be in the middle of something that nobody reads to its end.
    fn is_sending(&self) -> bool {
        matches!(self.state, State::Over | State::Body(_)) || !self.held.octets.is_empty()
    }
}

fn judge(state: &mut State, signs: &Signs, octets: &[u8]) -> Judged {
    let (mut follower, head, upgrade) = match state {
        State::Head(reader) => match reader.read(octets) {
            Ok(Some(head)) => (Follower::new(head.body), head.octets, head.upgrade),
            Ok(None) => return Judged::Unfinished,
            Err(flaw) => return Judged::Refused(flaw),
        },
        State::Body(follower) => (*follower, 0, false),
        State::Asked | State::Switched | State::Over => return Judged::Good(0),
    };
    let body = match follower.follow(octets.get(head..).unwrap_or_default()) {
        Ok(body) => body,
        Err(flaw) if head > 0 => return Judged::Refused(flaw),
        Err(_) => return Judged::Broken,
    };
    *state = match (upgrade, follower.is_over()) {
        (true, _) => State::Asked,
        (false, true) => State::Head(HeadReader::default()),
        (false, false) => State::Body(follower),
    };
    if head > 0 {
        signs.passed();
    }
    if upgrade {
        signs.asked();
    }
    Judged::Good(head + body)
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the body is not in the form that its head says")
}

impl Held {
    /// Hands on what may pass, as much as there is room for; false if there is nothing.
    fn give(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let given = self.cleared.min(buf.remaining());
        let Some(octets) = self.octets.get(..given).filter(|octets| !octets.is_empty()) else { return false };
        buf.put_slice(octets);
        self.cleared -= given;
        if given == self.octets.len() {
            // Nothing is held while nothing comes.
            *self = Self::default();
        } else {
            self.octets.drain(..given);
        }
        true
    }

    /// Keeps these in place of what is held: `fresh` if nobody has looked at them.
    fn keep(&mut self, octets: &[u8], fresh: bool) {
        *self = Self { octets: octets.to_vec(), cleared: 0, fresh };
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Reads into the buffer of whoever asks; only what does not pass is taken out of it again. Gives whether that is ready.
    fn poll_direct(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let start = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(read) => read?,
            Poll::Pending => return self.wait(cx).map_ok(|()| false),
        }
        let octets = buf.filled().get(start..).unwrap_or_default();
        if octets.is_empty() {
            return Poll::Ready(Ok(true));
        }
        match judge(&mut self.state, &self.signs, octets) {
            Judged::Good(passing) => {
                if passing < octets.len() {
                    self.held.keep(octets.get(passing..).unwrap_or_default(), true);
                    buf.set_filled(start + passing);
                }
                return Poll::Ready(Ok(true));
            }
            Judged::Unfinished => self.held.keep(octets, false),
            Judged::Refused(flaw) => self.refuse(flaw),
            Judged::Broken => return Poll::Ready(Err(broken())),
        }
        buf.set_filled(start);
        Poll::Ready(Ok(false))
    }

    /// Reads behind what is held. Gives whether the stream has ended.
    fn poll_behind(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let before = self.held.octets.len();
        self.held.octets.resize(before + HEAD_READ_BYTES, 0);
        let mut room = ReadBuf::new(self.held.octets.get_mut(before..).unwrap_or_default());
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut room);
        let count = room.filled().len();
        self.held.octets.truncate(before + count);
        match read {
            Poll::Ready(read) => read?,
            Poll::Pending => return self.wait(cx).map_ok(|()| false),
        }
        self.held.fresh = true;
        Poll::Ready(Ok(count == 0))
    }

    /// For when nobody reads: ready with whether something has come, which is held until somebody does, or nothing will any more.
    pub(super) fn poll_stirred(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let stirred = self.poll_behind(cx);
        if stirred.is_pending() {
            // Nothing has come, and no room is held for it either.
            self.held = Held::default();
        }
        stirred.map_ok(|ended| !ended)
    }

    /// Looks at what is held, where there is something new.
    fn look(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.held.fresh) {
            return Ok(());
        }
        let octets = std::mem::take(&mut self.held.octets);
        let judged = self.judge(&octets);
        self.held.octets = octets;
        match judged {
            Judged::Good(passing) => {
                self.held.cleared = passing;
                // What lies behind it is the next message's.
                self.held.fresh = true;
                self.deadline = None;
            }
            Judged::Unfinished => {}
            Judged::Refused(flaw) => self.refuse(flaw),
            Judged::Broken => return Err(broken()),
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.held.give(buf) {
                return Poll::Ready(Ok(()));
            }
            match this.state {
                State::Switched if this.held.octets.is_empty() => return Pin::new(&mut this.stream).poll_read(cx, buf),
                State::Switched => this.held.cleared = this.held.octets.len(),
                State::Over => return Poll::Pending,
                State::Asked => {
                    let switched = ready!(this.signs.poll_answered(cx));
                    this.state = if switched { State::Switched } else { State::Head(HeadReader::default()) };
                }
                State::Head(_) | State::Body(_) if this.held.octets.is_empty() => {
                    if ready!(this.poll_direct(cx, buf))? {
                        return Poll::Ready(Ok(()));
                    }
                }
                State::Head(_) | State::Body(_) if this.held.fresh => this.look()?,
                State::Head(_) | State::Body(_) => {
                    if ready!(this.poll_behind(cx))? {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.flushed = false;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.flushed = false;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.flushed = matches!(flushed, Poll::Ready(Ok(())));
        flushed
    }

    /// RFC 9112 9.6: what comes after the answer that closes is read and thrown away for a while. A socket that is closed with
    /// octets unread is reset, and the answer may be lost with it.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if matches!(this.closing, Closing::NotYet) {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.closing = if this.is_sending() {
                Closing::Lingering { until: Box::pin(sleep(LINGER_MAX)), left: LINGER_BYTES_MAX }
            } else {
                Closing::Closed
            };
            this.held = Held::default();
        }
        while let Closing::Lingering { until, left } = &mut this.closing {
            let mut thrown = [0; 4096];
            let mut room = ReadBuf::new(&mut thrown);
            let goes_on = match Pin::new(&mut this.stream).poll_read(cx, &mut room) {
                Poll::Ready(Ok(())) if !room.filled().is_empty() => {
                    *left = left.saturating_sub(room.filled().len());
                    *left > 0
                }
                Poll::Ready(_) => false,
                Poll::Pending => {
                    ready!(until.as_mut().poll(cx));
                    false
                }
            };
            if !goes_on {
                this.closing = Closing::Closed;
            }
        }
        Poll::Ready(Ok(()))
    }
}
