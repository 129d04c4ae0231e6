//! The request towards the store.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The request towards the store, built from what was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Method.
    pub method: &'static str,
    /// Canonical target in origin form. Reading it again gives the same [`Touches`](super::Touches).
    pub target: String,
    /// `If-Match`: the version that was looked at, so that check and use are of the same one.
    pub if_match: Option<String>,
    /// `Content-Type`, where there is a body.
    pub content_type: Option<String>,
    /// Further fields, names in lower case. They take the place of the client's.
    pub headers: Vec<Field>,
    /// The body.
    pub body: ForwardBody,
    /// How long the answer may take, where a route says so: until its head, and from there to its end.
    pub within: Option<Duration>,
}

impl Forward {
    pub(crate) fn get(target: String) -> Self {
        Self {
            method: "GET",
            target,
            if_match: None,
            content_type: None,
            headers: Vec::new(),
            body: ForwardBody::None,
            within: None,
        }
    }
}

/// A header field: its name in lower case, and its value.
pub type Field = (Cow<'static, str>, String);

/// The body towards the store.
#[derive(Clone, PartialEq, Eq)]
pub enum ForwardBody {
    /// None, whatever the client sent. A search sent as a form goes on as a plain `GET`.
    None,
    /// This: the client's resource, written anew from what was understood.
    Built(Vec<u8>),
    /// The client's, as a stream, unread: the bytes of a document.
    Stream,
}

impl fmt::Debug for ForwardBody {
    // Contents of records stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Built(body) => write!(f, "Built({} bytes)", body.len()),
            Self::Stream => f.write_str("Stream"),
        }
    }
}
