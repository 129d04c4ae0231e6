//! WebSockets and calls of a mapped store. What is said in them is not read: before anything of it passes, the store has said
//! whose it is, and it is the person who was decided on.

use http::Response;
use hyper::body::Incoming;
use records::{Call, Misbehaviour, Socket};

use super::{Checking, told};
use crate::pipeline::call;
use crate::pipeline::tunnel::Tunnel;
use crate::pipeline::tunnel::handshake::Asked;
use crate::refusal::Refusal;
use crate::store::pool::Body;

impl Checking<'_> {
    /// The store's 101, and the tunnel behind it.
    pub(super) fn messages(
        &self,
        response: Response<Incoming>,
        asked: Asked,
        socket: &Socket,
    ) -> Result<(Response<Body>, Tunnel), Refusal> {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            told(status.as_u16(), self.touches)?;
        }
        if status.is_informational() {
            self.says_whose(&response, socket.person_field())?;
        }
        Tunnel::of_messages(response, asked, socket, &self.alarm).map_err(|misbehaviour| self.misbehaves(&misbehaviour))
    }

    /// The head of the answer to a call, and its messages and trailers as far as they may pass.
    pub(super) fn call(&self, response: Response<Incoming>, of: &Call) -> Result<Response<Body>, Refusal> {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            told(status.as_u16(), self.touches)?;
        }
        if !call::has_failed(&response) {
            self.says_whose(&response, of.person_field())?;
        }
        call::answer(response).map_err(|misbehaviour| self.misbehaves(&misbehaviour))
    }

    fn says_whose(&self, response: &Response<Incoming>, field: &str) -> Result<(), Refusal> {
        let named = response.headers().get_all(field).iter().map(http::HeaderValue::as_bytes);
        self.touches.is_of(named).map_err(|misbehaviour: Misbehaviour| self.misbehaves(&misbehaviour))
    }
}
