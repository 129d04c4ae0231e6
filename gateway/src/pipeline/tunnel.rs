//! WebSocket (RFC 6455) through the gateway: only where the route says so, only after the store's own 101 that answers
//! the client's own key, and in this order: tunnels opened before the store agreed were the smuggling of CVE-2026-2833.
//!
//! What is tunnelled is news of one person: the client has nothing to say. Upwards only control frames pass (close, ping,
//! pong); a data frame ends the tunnel, so that nothing can be written to the store behind the back of `decide` and
//! `record`. Downwards frames are not read yet: that they hold references to this person and no contents is the store's
//! word.

use std::io;
use std::sync::Arc;

use audit::Ended;
use aws_lc_rs::digest;
use base64::Engine as _;
use http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::cut::live::Switch;
use crate::refusal::Refusal;
use crate::store::pool::{Body, BodyError};

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
pub(super) fn open(response: Response<Incoming>, asked: Option<Asked>) -> Result<(Response<Body>, Tunnel), Refusal> {
    let Asked { client, key } = asked.ok_or_else(|| Refusal::Unreadable("no upgrade was asked for".to_owned()))?;
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
    /// Carries frames until one side ends or the exchange is cut. Both sides are closed when this returns.
    pub(super) async fn run(self, switch: &Arc<Switch>) -> Ended {
        let joined = async {
            let (client, store) = tokio::try_join!(self.client, self.store)?;
            let (mut client_in, mut client_out) = tokio::io::split(TokioIo::new(client));
            let (mut store_in, mut store_out) = tokio::io::split(TokioIo::new(store));
            tokio::select! {
                ended = upwards(&mut client_in, &mut store_out) => ended?,
                ended = tokio::io::copy(&mut store_in, &mut client_out) => { ended?; }
            }
            let _ = tokio::join!(client_out.shutdown(), store_out.shutdown());
            Ok::<_, BodyError>(())
        };
        tokio::select! {
            biased;
            () = switch.cut_off() => Ended::Cut,
            ended = joined => match ended {
                Ok(()) => Ended::Completed,
                Err(_) if switch.is_cut() => Ended::Cut,
                Err(error) if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) => {
                    tracing::warn!(%error, "a tunnel was ended");
                    Ended::Refused
                }
                Err(_) => Ended::ClientLeft,
            },
        }
    }
}

/// Control frames, one after another (RFC 6455 5.5): whole, masked, at most 125 octets.
async fn upwards(client: &mut (impl AsyncRead + Unpin), store: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut frame = [0_u8; 2 + 4 + 125];
    loop {
        match client.read(frame.split_at_mut(1).0).await? {
            0 => return Ok(()),
            _ => client.read_exact(frame.split_at_mut(2).0.split_at_mut(1).1).await?,
        };
        let [first, second, ..] = frame;
        let length = usize::from(second & 0x7f);
        let control = matches!(first, 0x88..=0x8a);
        if !control || second & 0x80 == 0 || length > 125 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a client frame other than a control frame"));
        }
        let (whole, _) = frame.split_at_mut(6 + length);
        client.read_exact(whole.split_at_mut(2).1).await?;
        store.write_all(whole).await?;
        store.flush().await?;
    }
}
