//! Answers of ours (pages, refusals) over HTTP/2, which their clients have to take soon.
//!
//! They cost whoever asks for one a few octets, and us a stream and all that belongs to it for as long as its client opens no window
//! for it: a hundred a connection, from a stranger. (Answers with records in them have a bound of their own: [`super::untaken`], and
//! the places of a user ID.) Any window that clients begin with has room for such an answer. So who does not take one in time loses
//! the connection, and the more of them wait for the clients of one source, the less time there is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::bounds::{
    CONNECTIONS_PER_WORKER_MAX, PAGE_TAKEN_MAX, PAGE_TAKEN_SOON_MAX, PAGES_UNTAKEN_PER_SOURCE,
    PAGES_UNTAKEN_PER_SOURCE_MAX,
};
use crate::connection::Client;
use crate::cut::socket::Scissors;
use crate::source::{self, Prefix};
use crate::store::pool::{Body, BodyError};
use crate::worker::Worker;

/// Answers of one worker that wait for their clients, by source.
#[derive(Default)]
pub struct Waiting(Mutex<HashMap<Prefix, Arc<()>>>);

impl Waiting {
    /// One more of this source, counted until it is dropped; and how long it may wait.
    fn one_more(&self, source: IpAddr) -> (Arc<()>, Duration) {
        let mut each = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if each.len() > CONNECTIONS_PER_WORKER_MAX {
            each.retain(|_, waiting| Arc::strong_count(waiting) > 1);
        }
        let waiting = Arc::clone(each.entry(source::prefix(source)).or_default());
        // The map has one, too.
        let count = Arc::strong_count(&waiting) - 1;
        let patience = if count <= PAGES_UNTAKEN_PER_SOURCE {
            PAGE_TAKEN_MAX
        } else if count <= PAGES_UNTAKEN_PER_SOURCE_MAX {
            PAGE_TAKEN_SOON_MAX
        } else {
            Duration::ZERO
        };
        (waiting, patience)
    }
}

/// This answer, which cuts its connection if it is not taken. Over HTTP/1.1 one answer waits at most, and its socket sees to it.
pub fn soon(worker: &Worker, client: &Client, answer: Response<Body>) -> Response<Body> {
    if !client.multiplexed || answer.body().is_end_stream() {
        return answer;
    }
    let (waiting, patience) = worker.waiting().one_more(client.peer.ip());
    answer.map(|body| Soon::new(body, waiting, patience, client.scissors.clone()).boxed_unsync())
}

/// A body that is taken soon.
///
/// hyper lets go of a body as soon as it has its last piece, and asks for one only when the pieces before have left. So the last
/// octet goes as a piece of its own.
struct Soon {
    inner: Body,
    last: Option<Bytes>,
    watch: AbortHandle,
    _waiting: Arc<()>,
}

impl Soon {
    fn new(inner: Body, waiting: Arc<()>, patience: Duration, scissors: Scissors) -> Self {
        let watch = tokio::spawn(async move {
            sleep(patience).await;
            tracing::debug!("a client does not take what it asked for");
            scissors.cut();
        });
        Self { inner, last: None, watch: watch.abort_handle(), _waiting: waiting }
    }
}

impl HttpBody for Soon {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(last) = self.last.take() {
            return Poll::Ready(Some(Ok(Frame::data(last))));
        }
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(cx)) else { return Poll::Ready(None) };
        Poll::Ready(Some(match frame?.into_data() {
            Ok(mut data) if data.len() > 1 && self.inner.is_end_stream() => {
                self.last = Some(data.split_off(data.len() - 1));
                Ok(Frame::data(data))
            }
            Ok(data) => Ok(Frame::data(data)),
            Err(frame) => Ok(frame),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.last {
            Some(last) => SizeHint::with_exact(u64::try_from(last.len()).unwrap_or(u64::MAX)),
            None => self.inner.size_hint(),
        }
    }
}

impl Drop for Soon {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_wait_the_less_time_there_is_and_another_source_has_its_own() {
        let (waiting, here) = (Waiting::default(), "192.0.2.7".parse().unwrap());
        let mut held: Vec<_> = (0..PAGES_UNTAKEN_PER_SOURCE).map(|_| waiting.one_more(here)).collect();
        assert!(held.iter().all(|(_, patience)| *patience == PAGE_TAKEN_MAX));
        while held.len() < PAGES_UNTAKEN_PER_SOURCE_MAX {
            held.push(waiting.one_more(here));
        }
        assert_eq!(held.last().unwrap().1, PAGE_TAKEN_SOON_MAX);
        assert_eq!(waiting.one_more(here).1, Duration::ZERO);
        assert_eq!(waiting.one_more("192.0.2.8".parse().unwrap()).1, PAGE_TAKEN_MAX);
        held.clear();
        assert_eq!(waiting.one_more(here).1, PAGE_TAKEN_MAX);
    }
}
