//! A client's socket that can be cut from any thread.
//!
//! Cancelling the task that serves a connection is not enough: a stalled reader still received 3.58 MB that lay in the
//! kernel's send queue (`connect(fd, AF_UNSPEC)` sends RST and purges the queue, Linux `tcp_disconnect`), and a task may
//! not be scheduled for a while. The socket is shared by reference count, so its descriptor cannot be reused for a
//! stranger's connection while somebody is about to cut it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The cut side of a socket: cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Scissors(Arc<Shared>);

struct Shared {
    stream: TcpStream,
    cut: AtomicBool,
}

/// The served side of a socket. Reads and writes fail once it is cut.
pub struct Socket(Arc<Shared>);

impl Socket {
    /// Takes over an accepted connection.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Shared { stream, cut: AtomicBool::new(false) }))
    }

    /// The cut side.
    #[must_use]
    pub fn scissors(&self) -> Scissors {
        Scissors(Arc::clone(&self.0))
    }

    fn whole(&self) -> io::Result<&TcpStream> {
        if self.0.cut.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut"));
        }
        Ok(&self.0.stream)
    }
}

impl Scissors {
    /// Ends the connection now: nothing more is read or written, and what waits in the kernel is thrown away. Doing it
    /// twice is harmless.
    pub fn cut(&self) {
        self.0.cut.store(true, Ordering::Release);
        // Failing means that the peer is gone already; the flag stands in any case.
        if rustix::net::connect_unspec(&self.0.stream).is_err() {
            let _ = rustix::net::shutdown(&self.0.stream, rustix::net::Shutdown::Both);
        }
    }

    /// Whether it was cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.0.cut.load(Ordering::Acquire)
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.whole()?.poll_read_ready(cx))?;
            match self.whole()?.try_read(buf.initialize_unfilled()) {
                Ok(read) => {
                    buf.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.whole()?.poll_write_ready(cx))?;
            match self.whole()?.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.whole()?.poll_write_ready(cx))?;
            match self.whole()?.try_write_vectored(bufs) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.cut.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(rustix::net::shutdown(&self.0.stream, rustix::net::Shutdown::Write).map_err(io::Error::from))
    }
}
