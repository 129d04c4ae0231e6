//! Both directions of a WebSocket of a mapped store, from the 101 to its end: closed by both sides, broken off, or ended here.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use audit::Ended;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::frames::{Breach, Frames, Sender};
use crate::bounds::{
    SOCKET_CLOSE_MAX, SOCKET_FIRST_PIECE_BYTES, SOCKET_LINGER_MAX, SOCKET_PIECE_BYTES, SOCKET_SILENCE_MAX, UNTAKEN_MAX,
};

/// RFC 6455 7.4.1: the endpoint is going away.
const GOING_AWAY: u16 = 1001;
/// RFC 6455 7.4.1: the server met with something unexpected.
const UNEXPECTED: u16 = 1011;

/// What may be said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// By the client.
    pub(super) speaks: bool,
    pub(super) message_bytes_max: u64,
    pub(super) patience: Patience,
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For anything from a side, until it is pinged; and as long again until it is let go of.
    silence: Duration,
    /// For a close that answers a close.
    close: Duration,
    /// For a side that takes nothing.
    untaken: Duration,
}

impl Patience {
    /// By the bounds.
    pub(super) const USUAL: Self = Self { silence: SOCKET_SILENCE_MAX, close: SOCKET_CLOSE_MAX, untaken: UNTAKEN_MAX };
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) ended: Ended,
    /// What the store sent that is no WebSocket.
    pub(super) store: Option<Breach>,
}

/// Why one direction does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Its sender broke the rules.
    Breach(Breach),
    /// Its sender left, or says nothing any more.
    Left,
    /// Whom it leads to takes nothing, or left.
    Untaken,
}

/// One direction.
struct Way {
    frames: Frames,
    patience: Patience,
    /// Read, and not yet passed on: from `sent` on.
    out: Vec<u8>,
    sent: usize,
    piece: Vec<u8>,
}

/// Carries frames until both sides have closed, one of them left or broke the rules, or `drain` is ready. The payload of both
/// directions is counted in `carried`, in octets, as it goes.
pub(super) async fn carry(
    client: impl AsyncRead + AsyncWrite,
    store: impl AsyncRead + AsyncWrite,
    rules: Rules,
    carried: &AtomicU64,
    drain: impl Future<Output = ()>,
) -> End {
    let (mut client_in, mut client_out) = tokio::io::split(client);
    let (mut store_in, mut store_out) = tokio::io::split(store);
    let Rules { speaks, message_bytes_max, patience } = rules;
    let mut up = Way::new(Frames::new(Sender::Client, speaks, message_bytes_max), patience);
    let mut down = Way::new(Frames::new(Sender::Store, true, message_bytes_max), patience);
    let (ask_client, ask_store) = (Notify::new(), Notify::new());
    let ended = {
        let upwards = up.run(&mut client_in, &mut store_out, (&ask_client, &ask_store), carried);
        let downwards = down.run(&mut store_in, &mut client_out, (&ask_store, &ask_client), carried);
        tokio::select! {
            stopped = joined(upwards, downwards, patience.close) => stopped,
            () = drain => Err(None),
        }
    };
    let (ended, to_client, to_store, breach) = match ended {
        Ok(()) => (Ended::Completed, None, None, None),
        Err(None) => (Ended::Drained, Some(GOING_AWAY), Some(GOING_AWAY), None),
        Err(Some((Sender::Client, Stop::Breach(breach)))) => {
            tracing::warn!(what = breach.what(), "a client broke the rules of its WebSocket, which was ended");
            (Ended::Refused, Some(breach.code()), Some(GOING_AWAY), None)
        }
        Err(Some((Sender::Store, Stop::Breach(breach)))) => {
            (Ended::StoreFailed, Some(UNEXPECTED), Some(breach.code()), Some(breach))
        }
        // Whoever left hears nothing; whoever is left sees that it broke off.
        Err(Some((Sender::Client, Stop::Left) | (Sender::Store, Stop::Untaken))) => {
            (Ended::ClientLeft, None, None, None)
        }
        Err(Some((Sender::Store, Stop::Left) | (Sender::Client, Stop::Untaken))) => {
            (Ended::StoreFailed, None, None, None)
        }
    };
    let goodbyes = async {
        tokio::join!(
            down.goodbye(to_client, &mut client_out, &mut client_in),
            up.goodbye(to_store, &mut store_out, &mut store_in),
        )
    };
    // Whoever does not take a goodbye gets none.
    let _ = timeout(patience.close, goodbyes).await;
    End { ended, store: breach }
}

/// Both directions to their ends. Once one side has closed, the other has so long to do so, too.
async fn joined(
    upwards: impl Future<Output = Result<(), Stop>>,
    downwards: impl Future<Output = Result<(), Stop>>,
    close_max: Duration,
) -> Result<(), Option<(Sender, Stop)>> {
    let (mut upwards, mut downwards) = (std::pin::pin!(upwards), std::pin::pin!(downwards));
    let by = |sender: Sender| move |stop: Stop| Some((sender, stop));
    // A side that answers a close by leaving has done what was asked of it.
    let answered = |answer: Result<Result<(), Stop>, _>| match answer {
        Ok(Ok(()) | Err(Stop::Left | Stop::Untaken)) | Err(_) => Ok(()),
        Ok(Err(stop)) => Err(stop),
    };
    tokio::select! {
        ended = upwards.as_mut() => {
            ended.map_err(by(Sender::Client))?;
            answered(timeout(close_max, downwards).await).map_err(by(Sender::Store))
        }
        ended = downwards.as_mut() => {
            ended.map_err(by(Sender::Store))?;
            answered(timeout(close_max, upwards).await).map_err(by(Sender::Client))
        }
    }
}

impl Way {
    fn new(frames: Frames, patience: Patience) -> Self {
        Self { frames, patience, out: Vec::new(), sent: 0, piece: vec![0; SOCKET_FIRST_PIECE_BYTES] }
    }

    /// Carries frames until the sender has closed. Whatever it is in the middle of when it is dropped, `out` and `sent` tell.
    ///
    /// Of the two that ask, the first has the sender pinged, by the other direction; the second has whom this one leads to pinged.
    async fn run(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        (ask, asked): (&Notify, &Notify),
        carried: &AtomicU64,
    ) -> Result<(), Stop> {
        // Being asked to ping the other side says nothing of this one: its time goes on.
        let (mut silent, mut until) = (false, Instant::now() + self.patience.silence);
        loop {
            let read = tokio::select! {
                read = timeout_at(until, from.read(&mut self.piece)) => read,
                () = asked.notified() => {
                    if self.frames.between_frames() {
                        self.frames.ping(&mut self.out).map_err(Stop::Breach)?;
                        self.flush(to).await?;
                    }
                    continue;
                }
            };
            let count = match read {
                // Pinged, and still nothing.
                Err(_) if silent => return Err(Stop::Left),
                Err(_) => {
                    (silent, until) = (true, Instant::now() + self.patience.silence);
                    ask.notify_one();
                    continue;
                }
                Ok(Ok(0) | Err(_)) => return Err(Stop::Left),
                Ok(Ok(count)) => count,
            };
            (silent, until) = (false, Instant::now() + self.patience.silence);
            let piece = self.piece.get(..count).unwrap_or_default();
            let passed = self.frames.read(piece, &mut self.out);
            carried.fetch_add(self.frames.take_carried(), Ordering::Relaxed);
            // What came before a breach was in order.
            self.flush(to).await?;
            passed.map_err(Stop::Breach)?;
            if self.frames.is_closed() {
                return Ok(());
            }
            if count == self.piece.len() && count < SOCKET_PIECE_BYTES {
                self.piece.resize(SOCKET_PIECE_BYTES, 0);
            }
        }
    }

    /// Passes on what has been read, piece by piece: whoever takes nothing is not waited for.
    async fn flush(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), Stop> {
        loop {
            let left = self.out.get(self.sent..).unwrap_or_default();
            if left.is_empty() {
                break;
            }
            match timeout(self.patience.untaken, to.write(left)).await {
                Ok(Ok(count @ 1..)) => self.sent = self.sent.saturating_add(count),
                _ => return Err(Stop::Untaken),
            }
        }
        self.out.clear();
        self.sent = 0;
        match timeout(self.patience.untaken, to.flush()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Stop::Untaken),
        }
    }

    /// Ends the direction: what has been read goes out, then the close if there is one and no frame is half written; and what
    /// still comes from there is waited for and thrown away, so that the end is not lost in a reset (RFC 9112 9.6).
    async fn goodbye(
        &mut self,
        code: Option<u16>,
        to: &mut (impl AsyncWrite + Unpin),
        rest: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<()> {
        if let Some(code) = code {
            if self.flush(to).await.is_err() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if self.frames.between_frames() && self.frames.close(code, &mut self.out).is_ok() {
                to.write_all(&self.out).await?;
                to.flush().await?;
            }
        }
        to.shutdown().await?;
        let until = Instant::now() + SOCKET_LINGER_MAX;
        let mut thrown = [0; 512];
        while code.is_some() && matches!(timeout_at(until, rest.read(&mut thrown)).await, Ok(Ok(1..))) {}
        Ok(())
    }
}

#[cfg(test)]
mod tests;
