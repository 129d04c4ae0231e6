//! The guard under hyper over HTTP/2: the frames of a connection are counted as they pass, by their heads (RFC 9113 4.1).
//!
//! Frames that move nothing cost their sender an octet or nine and us the work of a message: who sends more of them than anybody
//! needs ends the connection. So does who resets streams, or brings us to reset them, at that pace; who never ends a header block; and
//! who does what the RFC forbids and hyper would let pass ([`trailers`]). A connection that ends so is told why, where that fits
//! between two frames.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use self::counted::{Inbound, Outbound};
use crate::bounds::HEADER_READ_MAX;

mod budget;
mod counted;
mod trailers;

#[cfg(test)]
mod tests;

/// Why a connection ends: the code of its GOAWAY (RFC 9113 7), and a word for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    code: u32,
    why: &'static str,
}

impl Breach {
    /// RFC 9113 7: ENHANCE_YOUR_CALM.
    const fn flood(why: &'static str) -> Self {
        Self { code: 0xb, why }
    }

    /// RFC 9113 7: FRAME_SIZE_ERROR.
    const fn size() -> Self {
        Self { code: 0x6, why: "a frame that is as long as none of its kind" }
    }

    /// RFC 9113 7: PROTOCOL_ERROR.
    const fn protocol(why: &'static str) -> Self {
        Self { code: 0x1, why }
    }
}

/// See the module.
pub struct Frames<S> {
    stream: S,
    inbound: Inbound,
    outbound: Outbound,
    /// Runs while a frame or a header block is unfinished.
    deadline: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl<S> Frames<S> {
    /// The guard of a connection on which HTTP/2 begins.
    pub fn new(stream: S) -> Self {
        Self { stream, inbound: Inbound::default(), outbound: Outbound::default(), deadline: None, over: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// The connection ends. What hyper has begun to write is not finished: then there is no place for a word.
    fn end(&mut self, cx: &mut Context<'_>, breach: Breach) -> io::Error {
        tracing::debug!(why = breach.why, "a client's frames end its connection");
        self.over = true;
        if self.outbound.is_between_frames() {
            let goaway = goaway(self.inbound.highest(), breach.code);
            // Whoever does not take it does without.
            let _ = Pin::new(&mut self.stream).poll_write(cx, &goaway);
            let _ = Pin::new(&mut self.stream).poll_flush(cx);
            let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
        }
        io::Error::new(io::ErrorKind::InvalidData, breach.why)
    }

    /// So many of these octets were written.
    fn wrote<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>, mut count: usize) {
        for piece in pieces {
            let taken = piece.get(..count.min(piece.len())).unwrap_or_default();
            self.outbound.follow(taken, &mut self.inbound);
            count -= taken.len();
        }
    }
}

/// RFC 9113 6.8.
fn goaway(last: u32, code: u32) -> [u8; 17] {
    let mut frame = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (_, body) = frame.split_at_mut(9);
    let (stream, why) = body.split_at_mut(4);
    stream.copy_from_slice(&last.to_be_bytes());
    why.copy_from_slice(&code.to_be_bytes());
    frame
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Frames<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let start = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Ready(read) => read?,
            Poll::Pending if !this.inbound.is_unfinished() => return Poll::Pending,
            Poll::Pending => {
                let deadline = this.deadline.get_or_insert_with(|| Box::pin(sleep(HEADER_READ_MAX)));
                return match deadline.as_mut().poll(cx) {
                    Poll::Ready(()) => {
                        Poll::Ready(Err(this.end(cx, Breach::flood("a frame or a header block that does not end"))))
                    }
                    Poll::Pending => Poll::Pending,
                };
            }
        }
        let came = buf.filled().get(start..).unwrap_or_default();
        let followed = this.inbound.follow(came);
        if let Err(breach) = followed.and_then(|()| this.inbound.within()) {
            buf.set_filled(start);
            return Poll::Ready(Err(this.end(cx, breach)));
        }
        if !this.inbound.is_unfinished() {
            this.deadline = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = written {
            this.wrote([buf], count);
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(count)) = written {
            this.wrote(bufs.iter().map(|buf| &**buf), count);
        }
        written
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
