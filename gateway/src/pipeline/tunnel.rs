//! WebSocket (RFC 6455) through the gateway: only where the route says so, only after the store's own 101 that answers
//! the client's own key, and in this order: tunnels opened before the store agreed were the smuggling of CVE-2026-2833.
//!
//! What is tunnelled is news of one person. Upwards only control frames pass (close, ping, pong): the client has nothing to
//! say, and nothing can be written to the store behind the back of `decide` and `record`. Downwards each frame is read and
//! written anew: references to this person's records pass, contents and other people's do not.

use std::io;
use std::sync::Arc;

use audit::Ended;
use aws_lc_rs::digest;
use base64::Engine as _;
use http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use records::bounds::NEWS_BYTES_MAX;
use records::{Feed, Misbehaviour};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::alarm::Alarm;
use crate::cut::live::Switch;
use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::pool::Body;

/// What the client asked for: its side of the connection, and the key of its handshake.
pub(super) struct Asked {
    pub(super) client: OnUpgrade,
    pub(super) key: HeaderValue,
}

/// Both sides of a tunnel, agreed on but not yet joined.
pub(super) struct Tunnel {
    client: OnUpgrade,
    store: OnUpgrade,
}

/// The answer to the client, and the tunnel to be run once it is sent.
pub(super) fn open(response: Response<StoreBody>, asked: Option<Asked>) -> Result<(Response<Body>, Tunnel), Refusal> {
    let Asked { client, key } = asked.ok_or_else(|| Refusal::Unreadable("no upgrade was asked for".into()))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        tracing::warn!(status = %response.status(), "the store did not switch protocols");
        return Err(Refusal::StoreMisbehaves);
    }
    let accept = accept(&key)?;
    if response.headers().get(SEC_WEBSOCKET_ACCEPT) != Some(&accept) {
        tracing::warn!("the store did not answer the client's key");
        return Err(Refusal::StoreMisbehaves);
    }
    let answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, HeaderValue::from_static("upgrade"))
        .header(UPGRADE, HeaderValue::from_static("websocket"))
        .header(SEC_WEBSOCKET_ACCEPT, accept);
    let empty = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let answer = answer.body(empty).map_err(|_| Refusal::StoreMisbehaves)?;
    Ok((answer, Tunnel { client, store: hyper::upgrade::on(response) }))
}

/// RFC 6455 4.2.2: what answers a key. SHA-1 here is a handshake, not a safeguard.
fn accept(key: &HeaderValue) -> Result<HeaderValue, Refusal> {
    let mut text = key.as_bytes().to_vec();
    text.extend_from_slice(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &text);
    let encoded = base64::engine::general_purpose::STANDARD.encode(digest);
    HeaderValue::try_from(encoded).map_err(|_| Refusal::StoreMisbehaves)
}

impl Tunnel {
    /// Carries frames until one side ends, the drain begins or the exchange is cut. Both sides are closed when this returns.
    pub(super) async fn run(
        self,
        feed: &Feed,
        alarm: &Alarm,
        switch: &Arc<Switch>,
        drain: impl Future<Output = ()>,
    ) -> Ended {
        let joined = async {
            let Ok((client, store)) = tokio::try_join!(self.client, self.store) else { return Ended::ClientLeft };
            let (mut client_in, mut client_out) = tokio::io::split(TokioIo::new(client));
            let (mut store_in, mut store_out) = tokio::io::split(TokioIo::new(store));
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
        };
        tokio::select! {
            biased;
            () = switch.cut_off() => Ended::Cut,
            ended = joined => if switch.is_over() { Ended::Cut } else { ended },
        }
    }
}

/// The longest payload of a control frame (RFC 6455 5.5).
const CONTROL_BYTES_MAX: usize = 125;
const CLOSE: u8 = 0x88;
/// RFC 6455 7.4.1: the endpoint is going away.
const GOING_AWAY: [u8; 2] = 1001_u16.to_be_bytes();
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// A text frame that is a whole message.
const TEXT: u8 = 0x81;

/// Control frames, one after another: whole, masked, at most 125 octets.
async fn upwards(client: &mut (impl AsyncRead + Unpin), store: &mut (impl AsyncWrite + Unpin)) -> Ended {
    let mut frame = [0_u8; 2 + 4 + CONTROL_BYTES_MAX];
    loop {
        match read_head(client, frame.split_at_mut(2).0).await {
            Ok(true) => {}
            Ok(false) => return Ended::Completed,
            Err(_) => return Ended::ClientLeft,
        }
        let [opcode, second, ..] = frame;
        let (masked, length) = (second & 0x80 != 0, usize::from(second & 0x7f));
        if !matches!(opcode, CLOSE | PING | PONG) || !masked || length > CONTROL_BYTES_MAX {
            tracing::warn!(opcode, "a client sent something other than a control frame; its tunnel was ended");
            return Ended::Refused;
        }
        let (whole, _) = frame.split_at_mut(6 + length);
        if client.read_exact(whole.split_at_mut(2).1).await.is_err() {
            return Ended::ClientLeft;
        }
        if send(store, whole).await.is_err() {
            return Ended::StoreFailed;
        }
    }
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
