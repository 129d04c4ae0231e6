//! An answer of a store on its way: as long as it is, it counts among what that store does for this worker, and what becomes
//! of it is told of the store.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::circuit::Failure;
use super::pool::Pool;

/// One more of something, for as long as this is kept.
pub(super) struct OneMore(Arc<AtomicU32>);

impl OneMore {
    pub(super) fn of(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of a store's answer.
pub struct StoreBody {
    inner: Incoming,
    /// Whose it is; none once it is known what became of it.
    of: Option<Arc<Pool>>,
    _going: OneMore,
    _stream: Option<OneMore>,
}

impl StoreBody {
    pub(super) const fn new(inner: Incoming, of: Option<Arc<Pool>>, going: OneMore, stream: Option<OneMore>) -> Self {
        Self { inner, of, _going: going, _stream: stream }
    }
}

impl Body for StoreBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Err(_))) = &polled
            && let Some(pool) = self.of.take()
        {
            pool.failed(Failure::Answer);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for StoreBody {
    /// Whether it was read to its end or let go of: it had begun, and nothing was wrong with it.
    fn drop(&mut self) {
        if let Some(pool) = self.of.take() {
            pool.answered();
        }
    }
}
