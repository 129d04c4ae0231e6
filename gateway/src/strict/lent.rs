//! A guard that is lent to hyper for as long as something goes on, and taken back while nothing does.
//!
//! What hyper holds for a connection is made for a request: buffers for reading and for writing, and the state of a message. Of a
//! connection that is idle none of it says anything, so it is given back, and made anew when the client has more to say. The guard, with
//! TLS under it, stays.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::guard::Guard;

/// See the module. All clones are the same guard, of which one is used at a time, on one thread: the lock is for the compiler, since
/// what may be upgraded has to be able to leave its thread.
pub struct Lent<S>(Arc<Mutex<Guard<S>>>);

impl<S> Clone for Lent<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Lent<S> {
    /// Of this guard.
    pub fn new(guard: Guard<S>) -> Self {
        Self(Arc::new(Mutex::new(guard)))
    }

    /// Tells how many have it, without having it.
    #[cfg(test)]
    pub(crate) fn observed(&self) -> std::sync::Weak<impl Sized + use<S>> {
        Arc::downgrade(&self.0)
    }

    /// Nothing has begun, nothing is held, and nothing is left to write. Whoever reads may still be at work on what has passed.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.guard().is_between_messages()
    }

    fn guard(&self) -> MutexGuard<'_, Guard<S>> {
        // Whoever panicked in it ended the connection with it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + Unpin> Lent<S> {
    /// Waits, while it is lent to nobody, until the client has more to say: true, or will not any more: false. What it says is held
    /// until somebody reads.
    ///
    /// # Errors
    /// The connection is broken.
    pub async fn stirred(&self) -> io::Result<bool> {
        std::future::poll_fn(|cx| self.guard().poll_stirred(cx)).await
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lent<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.guard()).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lent<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.guard()).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.guard()).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.guard().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.guard()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.guard()).poll_shutdown(cx)
    }
}
