//! The guard by itself: every cutting of a stream into pieces comes to the same, and what passes is read by a second, naive
//! reader as exactly the same messages.

mod cases;
mod naive;
mod pieces;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use super::flaw::Flaw;
use super::guard::Guard;
use super::signs::Signs;

/// A client that sends these pieces, one a read, and then no more.
struct Pieces(Vec<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        while let Some(piece) = self.0.first_mut() {
            let taken = piece.len().min(buf.remaining());
            buf.put_slice(&piece.drain(..taken).collect::<Vec<_>>());
            if piece.is_empty() {
                self.0.remove(0);
            }
            if taken > 0 {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What became of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The client ended it; a head that was not whole has not passed.
    Ended,
    /// A message was refused, and a head of ours stands for it.
    Refused(Flaw),
    /// A body broke the rules.
    Broken,
    /// An upgrade was asked for, and nothing passes until it is answered.
    Asked,
}

const REFUSED_HEAD: &str = "REFUSED / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// Sends pieces through a guard; what passes, and how it ends.
fn through(pieces: Vec<Vec<u8>>, room: usize) -> (Vec<u8>, End) {
    let signs: Arc<Signs> = Arc::default();
    let mut guard = Guard::new(Pieces(pieces), Arc::clone(&signs));
    let mut passed = Vec::new();
    let mut buffer = vec![0; room];
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let end = loop {
        let mut buf = ReadBuf::new(&mut buffer);
        match Pin::new(&mut guard).poll_read(&mut cx, &mut buf) {
            Poll::Ready(Ok(())) if buf.filled().is_empty() => break End::Ended,
            Poll::Ready(Ok(())) => passed.extend_from_slice(buf.filled()),
            Poll::Ready(Err(error)) => {
                assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
                break End::Broken;
            }
            Poll::Pending => match signs.flaw() {
                Some(flaw) => {
                    let rest = passed.len().checked_sub(REFUSED_HEAD.len()).expect("a head of ours");
                    assert_eq!(String::from_utf8_lossy(&passed[rest..]), REFUSED_HEAD);
                    passed.truncate(rest);
                    break End::Refused(flaw);
                }
                None => break End::Asked,
            },
        }
    };
    (passed, end)
}

#[tokio::test]
async fn behind_an_upgrade_nothing_passes_until_it_is_answered() {
    let asked = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n".to_vec();
    for switched in [true, false] {
        let signs: Arc<Signs> = Arc::default();
        let behind: &[u8] = if switched { b"\x89\x00 and more" } else { b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n" };
        let mut guard = Guard::new(Pieces(vec![asked.clone(), behind.to_vec()]), Arc::clone(&signs));
        let mut passed = vec![0; asked.len()];
        guard.read_exact(&mut passed).await.unwrap();
        assert_eq!(passed, asked);
        let mut buffer = [0; 64];
        let waiting = guard.read(&mut buffer);
        let waited = tokio::time::timeout(std::time::Duration::from_millis(20), waiting).await;
        assert!(waited.is_err(), "nothing passes: {waited:?}");
        signs.answered(switched);
        let read = guard.read(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..read], behind);
    }
}
