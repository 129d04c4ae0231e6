//! What kind of request a store is asked: whose turn it is, how long it may take, and whether it may be asked twice. All of it
//! follows from the words of the request, never from what is stored.

use std::time::Duration;

use http::{Method, Request};
use model::Action;
use records::{AnswerKind, ForwardBody, Touches};

use super::lanes::Lane;
use super::pool::Body;

/// How long a request may take, and at whose pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One record, its history, bytes of a document, or whose a record is.
    Read,
    /// A search.
    Search,
    /// What is written whole.
    Write,
    /// A streamed upload.
    Upload,
    /// An event stream or a WebSocket: it has no end of its own.
    Stream,
    /// A call of gRPC: over HTTP/2, whatever is spoken else; its client may go on for as long as it likes.
    Call,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Whose turn it is.
    pub lane: Lane,
    /// What it is.
    pub class: Class,
    /// How long its answer may take, where that is not as of all others of its class.
    pub within: Option<Duration>,
}

impl Errand {
    /// To look up whose a record is, one of so many for one request: a transaction must not hold up who asks for one.
    pub(crate) const fn look_up(one_of: usize) -> Self {
        let lane = if one_of <= 1 { Lane::Care } else { Lane::Search };
        Self { lane, class: Class::Read, within: None }
    }

    /// To go on with what is begun: what was asked for it so far would be lost.
    pub(crate) const fn going_on() -> Self {
        Self { lane: Lane::Care, class: Class::Search, within: None }
    }

    /// Whether it should not take long, whatever is asked for: only of such a request does it say something of the store that no
    /// answer comes, and only such a one goes on trial; what has a time of its own may take it. Otherwise whoever knows of a search that takes a minute could have a
    /// store left alone that is well.
    pub(super) const fn is_quick(self) -> bool {
        self.within.is_none() && matches!((self.lane, self.class), (Lane::Care, Class::Read | Class::Write))
    }

    /// What a permitted request is.
    pub(crate) fn of(touches: &Touches) -> Self {
        let class = Class::of(touches);
        let lane = match class {
            Class::Read if matches!(touches.answer, AnswerKind::History { .. }) => Lane::Search,
            // What names nobody is about all who may be searched for.
            Class::Search if touches.persons().len() > 1 => Lane::Export,
            Class::Search => Lane::Search,
            Class::Read | Class::Write | Class::Upload | Class::Stream | Class::Call => Lane::Care,
        };
        Self { lane, class, within: touches.forward.within }
    }
}

impl Class {
    /// Of a permitted request.
    pub(crate) fn of(touches: &Touches) -> Self {
        match touches.answer {
            AnswerKind::EventStream | AnswerKind::WebSocket | AnswerKind::Socket(_) | AnswerKind::Events(_) => {
                Self::Stream
            }
            AnswerKind::Call(_) => Self::Call,
            _ if matches!(touches.forward.body, ForwardBody::Stream) => Self::Upload,
            _ if touches.writes() => Self::Write,
            _ if touches.main().action == Action::Search => Self::Search,
            _ => Self::Read,
        }
    }

    /// It takes as long as its client takes: it holds no place, or a few slow ones would hold all.
    pub(crate) const fn goes_at_the_clients_pace(self) -> bool {
        matches!(self, Self::Upload | Self::Stream | Self::Call)
    }

    /// That it has begun says as much of the store as is ever said of it.
    pub(super) const fn has_no_end(self) -> bool {
        matches!(self, Self::Stream | Self::Call)
    }

    /// Whether a request of this class may be asked once more although the store may have it: it changes nothing there
    /// (RFC 9110 9.2.1), and there is no body to be sent again.
    pub(super) fn may_be_repeated(self, request: &Request<Body>) -> bool {
        matches!(self, Self::Read | Self::Search)
            && *request.method() == Method::GET
            && hyper::body::Body::is_end_stream(request.body())
    }
}
