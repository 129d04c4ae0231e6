//! WebSocket (RFC 6455) through the gateway: only where the route says so, only after the store's own 101 that answers
//! the client's own key, and in this order: tunnels opened before the store agreed were the smuggling of CVE-2026-2833.

use std::sync::Arc;

use audit::Ended;
use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::cut::live::Switch;
use crate::refusal::Refusal;
use crate::store::pool::{Body, BodyError};

/// Both sides of a tunnel, agreed on but not yet joined.
pub(super) struct Tunnel {
    client: OnUpgrade,
    store: OnUpgrade,
}

/// The answer to the client, and the tunnel to be run once it is sent.
pub(super) fn open(
    response: Response<Incoming>,
    client: Option<OnUpgrade>,
) -> Result<(Response<Body>, Tunnel), Refusal> {
    let client = client.ok_or_else(|| Refusal::Unreadable("no upgrade was asked for".to_owned()))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        tracing::warn!(status = %response.status(), "the store did not switch protocols");
        return Err(Refusal::StoreMisbehaves);
    }
    let mut answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, HeaderValue::from_static("upgrade"))
        .header(UPGRADE, HeaderValue::from_static("websocket"));
    if let Some(headers) = answer.headers_mut() {
        for name in [SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_EXTENSIONS] {
            if let Some(value) = response.headers().get(&name) {
                headers.insert(name, value.clone());
            }
        }
    }
    let empty = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let answer = answer.body(empty).map_err(|_| Refusal::StoreMisbehaves)?;
    Ok((answer, Tunnel { client, store: hyper::upgrade::on(response) }))
}

impl Tunnel {
    /// Carries bytes both ways until one side ends or the exchange is cut. Both sides are closed when this returns.
    pub(super) async fn run(self, switch: &Arc<Switch>) -> Ended {
        let joined = async {
            let (client, store) = tokio::try_join!(self.client, self.store)?;
            let (mut client, mut store) = (TokioIo::new(client), TokioIo::new(store));
            copy_bidirectional(&mut client, &mut store).await?;
            Ok::<_, BodyError>(())
        };
        tokio::select! {
            biased;
            () = switch.cut_off() => Ended::Cut,
            ended = joined => match ended {
                Ok(()) => Ended::Completed,
                Err(_) if switch.is_cut() => Ended::Cut,
                Err(_) => Ended::ClientLeft,
            },
        }
    }
}
