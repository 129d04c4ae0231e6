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

/// A request under way with one store, until the end of its answer.
pub(super) struct Going {
    pool: Arc<Pool>,
    /// It is still to be said that all was well.
    owes: bool,
}

impl Going {
    pub(super) fn to(pool: &Arc<Pool>) -> Self {
        pool.going.fetch_add(1, Ordering::Relaxed);
        Self { pool: Arc::clone(pool), owes: false }
    }

    /// The head of its answer has come, and its end says whether all was well: read to there or let go of.
    pub(super) fn until_its_end(mut self, waits: bool) -> Self {
        self.owes = waits;
        self
    }

    fn broke_off(&mut self) {
        if std::mem::take(&mut self.owes) {
            self.pool.failed(Failure::Answer);
        }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.pool.going.fetch_sub(1, Ordering::Relaxed);
        if self.owes {
            self.pool.answered();
        }
    }
}

/// One more stream, for as long as this is kept.
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
    going: Going,
    _stream: Option<OneMore>,
}

impl StoreBody {
    pub(super) const fn new(inner: Incoming, going: Going, stream: Option<OneMore>) -> Self {
        Self { inner, going, _stream: stream }
    }
}

impl Body for StoreBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            self.going.broke_off();
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
