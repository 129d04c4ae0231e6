//! What may come back of a request.

use std::fmt;
use std::sync::Arc;

use super::Touches;
use crate::fhir::types::FhirType;
use crate::route_map::{RouteMap, Socket, Streamed};

/// What may come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// One resource of this type.
    Resource {
        /// Which type.
        fhir_type: FhirType,
    },
    /// An old version of one: it may have belonged to somebody else, and nothing it says is remembered.
    Version {
        /// Which type.
        fhir_type: FhirType,
    },
    /// Every version of one, newest first.
    History {
        /// Which type.
        fhir_type: FhirType,
        /// As the client asked for it, in its one form.
        asked: String,
        /// How many entries it may have: of those that may be seen, which is known here only.
        count: usize,
    },
    /// A searchset.
    Bundle,
    /// What the store says it can do; what goes out is what is enforced here.
    Capabilities,
    /// A transaction-response, with an answer to each of these, in this order.
    Transaction(Vec<Part>),
    /// Bytes of a document of that person; not read. They must be of the version whose owner was looked up.
    Opaque {
        /// Entity tag of that version (RFC 9110 8.8.3).
        version: String,
    },
    /// News of one person, as server-sent events: references, no contents.
    EventStream,
    /// The same by WebSocket (RFC 6455).
    WebSocket,
    /// A WebSocket of a mapped store.
    Socket(Box<Socket>),
    /// A call of gRPC of a mapped store.
    Call(Streamed),
    /// An event stream of a mapped store, which is not read.
    Events(Streamed),
    /// What a route of a map says.
    Mapped(MappedAnswer),
}

/// A part of a transaction: what one entry touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where its answer belongs, from 0: the place of the entry in what the client sent.
    pub place: usize,
    /// What it touches, and what may come back for it. Its forward is that of the entry; the resource in it has gone into
    /// the Bundle.
    pub touches: Touches,
}

/// An answer as a route of a map says it.
#[derive(Clone)]
pub struct MappedAnswer {
    pub(crate) map: Arc<RouteMap>,
    /// The route's number in the map.
    pub(crate) route: usize,
}

impl PartialEq for MappedAnswer {
    /// By the map in memory: there is one of each.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.map, &other.map) && self.route == other.route
    }
}

impl Eq for MappedAnswer {}

impl fmt::Debug for MappedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.map.name(), self.map.route_name(self.route))
    }
}
