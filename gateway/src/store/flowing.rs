//! Bytes of a document on their way to a client, unread: as long as the client takes them, the store must send some. Without a
//! bound a store that hangs in the middle would hold its client for good.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::pool::BodyError;

/// The store sent nothing for too long in the middle of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the store fell silent in the middle of its answer")]
pub struct FellSilent;

/// See the module.
pub struct Flowing<B> {
    inner: B,
    within: Duration,
    /// Since when the store is waited for; the time in which its client takes nothing does not count.
    waiting: bool,
    silence: Pin<Box<Sleep>>,
}

impl<B> Flowing<B> {
    /// A body whose frames come within this time of being waited for.
    #[must_use]
    pub fn new(inner: B, within: Duration) -> Self {
        Self { inner, within, waiting: false, silence: Box::pin(sleep(within)) }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BodyError>> + Unpin> Body for Flowing<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if !self.waiting {
            self.waiting = true;
            let until = Instant::now() + self.within;
            self.silence.as_mut().reset(until);
        }
        self.silence.as_mut().poll(cx).map(|()| Some(Err(FellSilent.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio::sync::mpsc;

    use super::*;

    const WITHIN: Duration = Duration::from_millis(200);

    /// A body whose pieces are sent by hand.
    fn body() -> (mpsc::Sender<Bytes>, Flowing<impl Body<Data = Bytes, Error = BodyError> + Unpin>) {
        let (pieces, coming) = mpsc::channel(1);
        let coming = futures_util::stream::unfold(coming, |mut coming: mpsc::Receiver<Bytes>| async {
            let piece = coming.recv().await?;
            Some((Ok::<_, BodyError>(Frame::data(piece)), coming))
        });
        (pieces, Flowing::new(StreamBody::new(Box::pin(coming)), WITHIN))
    }

    #[tokio::test]
    async fn a_store_that_falls_silent_is_let_go_of() {
        let (pieces, mut body) = body();
        pieces.send(Bytes::from_static(b"he")).await.unwrap();
        assert!(body.frame().await.unwrap().is_ok());
        let begun = Instant::now();
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(error.is::<FellSilent>(), "{error}");
        assert!(begun.elapsed() >= WITHIN);
    }

    /// A client that takes nothing for a while finds the store as it was.
    #[tokio::test]
    async fn the_clients_own_time_does_not_count() {
        let (pieces, mut body) = body();
        pieces.send(Bytes::from_static(b"he")).await.unwrap();
        assert!(body.frame().await.unwrap().is_ok());
        tokio::time::sleep(WITHIN * 2).await;
        let sends = tokio::spawn(async move {
            tokio::time::sleep(WITHIN / 4).await;
            pieces.send(Bytes::from_static(b"re")).await.unwrap();
        });
        assert!(body.frame().await.unwrap().is_ok());
        sends.await.unwrap();
        assert!(body.frame().await.is_none());
    }
}
