//! WebSocket (RFC 6455) through the gateway: only where the route says so, only after the store's own 101 that answers our own
//! key, and in this order: tunnels opened before the store agreed were the smuggling of CVE-2026-2833.
//!
//! Two kinds are tunnelled. *News* of one person: upwards only control frames pass (close, ping, pong), downwards each frame is
//! read and written anew, references to this person's records pass, contents and other people's do not. *Messages* of a mapped
//! store's route: they are not read, so the request was decided on as whatever may be said in them, and the store has said once
//! more whose they are; their frames are read strictly and written anew in both directions ([`frames`]).

mod carry;
pub mod frames;
pub mod handshake;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use audit::Ended;
use http::Response;
use hyper_util::rt::TokioIo;
use records::bounds::NEWS_BYTES_MAX;
use records::{Feed, Misbehaviour, Socket};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use self::carry::{Patience, Rules};
use self::frames::{CONTROL_BYTES_MAX, Frames, Sender};
use self::handshake::{Agreed, Asked};
use super::alarm::Alarm;
use crate::bounds::SOCKET_CLOSE_MAX;
use crate::cut::live::Switch;
use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::pool::Body;

/// A tunnel that both sides agreed on.
pub(super) struct Tunnel {
    agreed: Agreed,
    carries: Carries,
    alarm: Alarm,
}

/// What may pass.
enum Carries {
    News(Feed),
    Messages(Rules),
}

/// How much passed, in octets of payload (of news none is counted), and how it ended.
pub(super) type Ran = (u64, Ended);

impl Tunnel {
    /// A tunnel of news; the answer to the client, after which it is to be run.
    pub(super) fn of_news(
        response: Response<StoreBody>,
        asked: Asked,
        feed: Feed,
        alarm: &Alarm,
    ) -> Result<(Response<Body>, Self), Refusal> {
        let agreed = asked.agree(response, &[]);
        let (answer, agreed) = agreed.map_err(|misbehaviour| {
            tracing::warn!(%misbehaviour, "the store did not agree to a WebSocket");
            Refusal::StoreMisbehaves
        })?;
        Ok((answer, Self { agreed, carries: Carries::News(feed), alarm: alarm.clone() }))
    }

    /// A tunnel of messages, which are not read.
    pub(super) fn of_messages(
        response: Response<StoreBody>,
        asked: Asked,
        socket: &Socket,
        alarm: &Alarm,
    ) -> Result<(Response<Body>, Self), Misbehaviour> {
        let (answer, agreed) = asked.agree(response, &socket.protocols)?;
        let Socket { speaks, message_bytes_max, .. } = *socket;
        let rules = Rules { speaks, message_bytes_max, patience: Patience::USUAL };
        Ok((answer, Self { agreed, carries: Carries::Messages(rules), alarm: alarm.clone() }))
    }

    /// Carries frames until one side ends, the drain begins or the exchange is cut. Both sides are closed when this returns.
    pub(super) async fn run(self, switch: &Arc<Switch>, drain: impl Future<Output = ()>) -> Ran {
        let Self { agreed, carries, alarm } = self;
        let carried = AtomicU64::new(0);
        let joined = async {
            let Ok((client, store)) = tokio::try_join!(agreed.client, agreed.store) else {
                return Ended::ClientLeft;
            };
            let (client, store) = (TokioIo::new(client), TokioIo::new(store));
            match carries {
                Carries::News(feed) => news(client, store, &feed, &alarm, drain).await,
                Carries::Messages(rules) => {
                    let end = carry::carry(client, store, rules, &carried, drain).await;
                    if let Some(breach) = end.store {
                        alarm.misbehaves(&Misbehaviour::Shape(breach.what()));
                    }
                    end.ended
                }
            }
        };
        let ended = tokio::select! {
            biased;
            () = switch.cut_off() => Ended::Cut,
            ended = joined => if switch.is_over() { Ended::Cut } else { ended },
        };
        (carried.into_inner(), ended)
    }
}

/// A tunnel of news to its end.
async fn news(
    client: impl AsyncRead + AsyncWrite,
    store: impl AsyncRead + AsyncWrite,
    feed: &Feed,
    alarm: &Alarm,
    drain: impl Future<Output = ()>,
) -> Ended {
    let (mut client_in, mut client_out) = tokio::io::split(client);
    let (mut store_in, mut store_out) = tokio::io::split(store);
    let tell = |what: &Misbehaviour| alarm.misbehaves(what);
    let ended = tokio::select! {
        ended = upwards(&mut client_in, &mut store_out) => ended,
        ended = downwards(&mut store_in, &mut client_out, feed, &tell) => ended,
        () = drain => Ended::Drained,
    };
    if ended == Ended::Drained {
        // It may have left by itself.
        let _ = send(&mut client_out, &frame(CLOSE, &GOING_AWAY)).await;
    }
    let _ = tokio::join!(client_out.shutdown(), store_out.shutdown());
    ended
}

const CLOSE: u8 = 0x88;
/// RFC 6455 7.4.1: the endpoint is going away.
const GOING_AWAY: [u8; 2] = 1001_u16.to_be_bytes();
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// A text frame that is a whole message.
const TEXT: u8 = 0x81;

/// Control frames and nothing else, read strictly and written anew, up to a close.
async fn upwards(client: &mut (impl AsyncRead + Unpin), store: &mut (impl AsyncWrite + Unpin)) -> Ended {
    let mut frames = Frames::new(Sender::Client, false, 0);
    let (mut piece, mut out) = ([0; 2 + 4 + CONTROL_BYTES_MAX], Vec::new());
    while !frames.is_closed() {
        let count = match client.read(&mut piece).await {
            Ok(0) if !frames.has_begun() => return Ended::Completed,
            Ok(0) | Err(_) => return Ended::ClientLeft,
            Ok(count) => count,
        };
        let read = frames.read(piece.get(..count).unwrap_or_default(), &mut out);
        // What came before a breach was in order.
        if !out.is_empty() && send(store, &out).await.is_err() {
            return Ended::StoreFailed;
        }
        out.clear();
        if let Err(breach) = read {
            tracing::warn!(
                what = breach.what(),
                "a client sent something other than a control frame; its tunnel was ended"
            );
            return Ended::Refused;
        }
    }
    // Nothing that follows a close is read. The store has so long to answer it, unless the client leaves before.
    let leaves = async { while matches!(client.read(&mut piece).await, Ok(1..)) {} };
    let _ = timeout(SOCKET_CLOSE_MAX, leaves).await;
    Ended::Completed
}

/// News as text frames, unmasked and whole, written anew; pings and pongs without what they carry; a close with its code.
async fn downwards(
    store: &mut (impl AsyncRead + Unpin),
    client: &mut (impl AsyncWrite + Unpin),
    feed: &Feed,
    alarm: &(impl Fn(&Misbehaviour) + Sync),
) -> Ended {
    let mut head = [0_u8; 2];
    let mut payload = vec![0_u8; NEWS_BYTES_MAX];
    let misbehaves = |why: &'static str| {
        alarm(&Misbehaviour::Shape(why));
        Ended::StoreFailed
    };
    loop {
        match read_head(store, &mut head).await {
            Ok(true) => {}
            Ok(false) => return Ended::Completed,
            Err(_) => return Ended::StoreFailed,
        }
        let length = match head[1] {
            short @ 0..=125 => usize::from(short),
            126 => match store.read_u16().await {
                Ok(length) => usize::from(length),
                Err(_) => return Ended::StoreFailed,
            },
            _ => return misbehaves("is a frame that is masked, or far too long"),
        };
        let Some(payload) = payload.get_mut(..length) else { return misbehaves("is a frame longer than any news") };
        if store.read_exact(payload).await.is_err() {
            return Ended::StoreFailed;
        }
        let told = match head[0] {
            TEXT => match feed.news(payload) {
                Ok(told) => told,
                Err(misbehaviour) => {
                    alarm(&misbehaviour);
                    continue;
                }
            },
            CLOSE => payload.iter().take(2).copied().collect(),
            PING | PONG => Vec::new(),
            _ => return misbehaves("is a frame that is not agreed on"),
        };
        if send(client, &frame(head[0], &told)).await.is_err() {
            return Ended::ClientLeft;
        }
    }
}

/// A frame from a server: whole and unmasked (RFC 6455 5.2). News are shorter than 64 KiB.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![opcode];
    match u8::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.push(short),
        _ => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// The first two octets of a frame; false when the stream ends before it.
async fn read_head(from: &mut (impl AsyncRead + Unpin), head: &mut [u8]) -> io::Result<bool> {
    let (first, second) = head.split_at_mut(1);
    if from.read(first).await? == 0 {
        return Ok(false);
    }
    from.read_exact(second).await.map(|_| true)
}

async fn send(to: &mut (impl AsyncWrite + Unpin), octets: &[u8]) -> io::Result<()> {
    to.write_all(octets).await?;
    to.flush().await
}

const _: () = assert!(NEWS_BYTES_MAX > CONTROL_BYTES_MAX && NEWS_BYTES_MAX <= u16::MAX as usize, "frames of one form");

#[cfg(test)]
mod tests;
