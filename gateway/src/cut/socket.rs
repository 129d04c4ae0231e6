//! A client's socket that can be cut from any thread.
//!
//! Cancelling the task that serves a connection is not enough: a stalled reader still received 3.58 MB that lay in the
//! kernel's send queue (`connect(fd, AF_UNSPEC)` sends RST and purges the queue, Linux `tcp_disconnect`), and a task may
//! not be scheduled for a while. The socket is shared by reference count, so its descriptor cannot be reused for a
//! stranger's connection while somebody is about to cut it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::bounds::WRITE_STALL_MAX;
use crate::rounds::{Rounds, Seat};

/// The cut side of a socket: cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Scissors(Arc<Shared>);

struct Shared {
    stream: TcpStream,
    cut: AtomicBool,
    /// When the kernel last took an octet, as [`micros`] tells it.
    last_octet: AtomicU64,
    /// When its client last asked for something, likewise.
    last_asked: AtomicU64,
    /// It was cut because its client takes nothing, and not because of anything that changed.
    let_go: AtomicBool,
    /// What goes on over it and is only an empty shell of an answer that was let go of.
    shells: AtomicUsize,
}

/// Microseconds since this clock was first looked at, and one more: 0 is never.
fn micros() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    u64::try_from(FIRST.get_or_init(Instant::now).elapsed().as_micros()).map_or(u64::MAX, |micros| micros + 1)
}

fn ago(at: &AtomicU64) -> Option<Duration> {
    let at = at.load(Ordering::Relaxed);
    (at > 0).then(|| Duration::from_micros(micros().saturating_sub(at)))
}

/// The served side of a socket. Reads and writes fail once it is cut, and a write that waits for [`WRITE_STALL_MAX`] cuts it:
/// a client that takes nothing would otherwise hold megabytes in the kernel for as long as it likes.
pub struct Socket {
    shared: Arc<Shared>,
    /// Runs while a write waits.
    stall: Option<Pin<Box<Sleep>>>,
    /// When its client is heard, while more is asked of the worker than it can do; at once without one.
    seat: Option<Seat>,
}

impl Socket {
    /// Takes over an accepted connection.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        let (last_octet, last_asked) = (AtomicU64::new(0), AtomicU64::new(0));
        let (cut, let_go, shells) = (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
        Self {
            shared: Arc::new(Shared { stream, cut, last_octet, last_asked, let_go, shells }),
            stall: None,
            seat: None,
        }
    }

    /// Its client is heard with those of these rounds from now on.
    pub(crate) fn take_part_in(&mut self, rounds: &Rounds) {
        self.seat = Some(rounds.seat());
    }

    /// The cut side.
    #[must_use]
    pub fn scissors(&self) -> Scissors {
        Scissors(Arc::clone(&self.shared))
    }

    fn whole(&self) -> io::Result<&TcpStream> {
        if self.shared.cut.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut"));
        }
        Ok(&self.shared.stream)
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        send: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.whole()?.poll_write_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => {
                    let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(WRITE_STALL_MAX)));
                    ready!(stall.as_mut().poll(cx));
                    self.scissors().cut();
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
            match send(self.whole()?) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    self.shared.last_octet.store(micros(), Ordering::Relaxed);
                    self.stall = None;
                    return Poll::Ready(result);
                }
            }
        }
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

    /// How long ago the kernel last took an octet for this client; none when it never did.
    #[must_use]
    pub fn last_octet_ago(&self) -> Option<Duration> {
        ago(&self.0.last_octet)
    }

    /// Its client asks for something.
    pub(crate) fn asked(&self) {
        self.0.last_asked.store(micros(), Ordering::Relaxed);
    }

    /// How long ago its client last asked for something; none when he never did.
    #[must_use]
    pub fn last_asked_ago(&self) -> Option<Duration> {
        ago(&self.0.last_asked)
    }

    /// Ends the connection because its client takes nothing.
    pub fn let_go(&self) {
        self.0.let_go.store(true, Ordering::Release);
        self.cut();
    }

    /// Whether it was let go of, and not cut.
    #[must_use]
    pub fn is_let_go(&self) -> bool {
        self.0.let_go.load(Ordering::Acquire)
    }

    /// So much more of what goes on over it is an empty shell; how much of it in all.
    pub fn leave_shell(&self, busy: usize) -> usize {
        self.0.shells.fetch_add(busy, Ordering::AcqRel).saturating_add(busy)
    }

    /// A shell is gone.
    pub fn clear_shell(&self, busy: usize) {
        self.0.shells.fetch_sub(busy, Ordering::AcqRel);
    }

    /// Whether it was cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.0.cut.load(Ordering::Acquire)
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.whole()?.poll_read_ready(cx))?;
            if let Some(seat) = &mut self.seat {
                ready!(seat.poll_heard(cx));
            }
            let stream = self.whole()?;
            let room = buf.initialize_unfilled();
            let (mut came, wanted) = (None, room.len());
            let read = stream.try_io(Interest::READABLE, || {
                let read = rustix::net::recv(stream, &mut *room, RecvFlags::empty())?.1;
                came = Some(read);
                // Less than there was room for: the queue is empty, and another look would only cost a system call. The kernel
                // tells of what comes later (edge-triggered); the end of the stream stays known to the runtime.
                if read > 0 && read < wanted { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            if came.is_none_or(|read| read < wanted)
                && let Some(seat) = &mut self.seat
            {
                seat.heard();
            }
            match (came, read) {
                (Some(read), _) => {
                    buf.advance(read);
                    return Poll::Ready(Ok(()));
                }
                (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                (None, _) => {}
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, |stream| stream.try_write(buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, |stream| stream.try_write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.shared.cut.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(rustix::net::shutdown(&self.shared.stream, rustix::net::Shutdown::Write).map_err(io::Error::from))
    }
}
