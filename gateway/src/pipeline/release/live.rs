//! WebSockets, calls and event streams of a mapped store. What is said in them is not read: before anything of it passes, the store
//! has said whose it is, and it is the person who was decided on.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use records::{Misbehaviour, Socket, Streamed};

use super::{Checking, told};
use crate::pipeline::call;
use crate::pipeline::tunnel::Tunnel;
use crate::pipeline::tunnel::handshake::Asked;
use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::pool::Body;

impl Checking<'_> {
    /// The store's 101, and the tunnel behind it.
    pub(super) fn messages(
        &self,
        response: Response<StoreBody>,
        asked: Asked,
        socket: &Socket,
    ) -> Result<(Response<Body>, Tunnel), Refusal> {
        let status = self.told_if_failed(&response)?;
        if status.is_informational() {
            self.says_whose(&response, socket.person_field())?;
        }
        Tunnel::of_messages(response, asked, socket, &self.alarm).map_err(|misbehaviour| self.misbehaves(&misbehaviour))
    }

    /// The head of the answer to a call, and its messages and trailers as far as they may pass.
    pub(super) fn call(&self, response: Response<StoreBody>, of: &Streamed) -> Result<Response<Body>, Refusal> {
        self.told_if_failed(&response)?;
        if !call::has_failed(&response) {
            self.says_whose(&response, of.person_field())?;
        }
        call::answer(response).map_err(|misbehaviour| self.misbehaves(&misbehaviour))
    }

    /// An event stream as it comes: no event of it waits here for another.
    pub(super) fn events(&self, response: Response<StoreBody>, of: &Streamed) -> Result<Response<Body>, Refusal> {
        let status = self.told_if_failed(&response)?;
        let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if status != StatusCode::OK || !content_type.starts_with(b"text/event-stream") {
            return Err(self.misbehaves(&Misbehaviour::Shape("is no event stream")));
        }
        self.says_whose(&response, of.person_field())?;
        let body = response.into_body().map_err(Into::into).boxed_unsync();
        let answer = Response::builder().header(CONTENT_TYPE, "text/event-stream").body(body);
        answer.map_err(|_| Refusal::StoreMisbehaves)
    }

    /// The status, unless it is an error of the store's that ends it here.
    fn told_if_failed(&self, response: &Response<StoreBody>) -> Result<StatusCode, Refusal> {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            told(status.as_u16(), self.touches)?;
        }
        Ok(status)
    }

    fn says_whose(&self, response: &Response<StoreBody>, field: &str) -> Result<(), Refusal> {
        let named = response.headers().get_all(field).iter().map(HeaderValue::as_bytes);
        self.touches.is_of(named).map_err(|misbehaviour: Misbehaviour| self.misbehaves(&misbehaviour))
    }
}
