//! The body of a request: still arriving, or read already because the request is an entry of a batch.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::call::Upwards;
use super::extract::read_body;
use crate::bounds::UPLOAD_BYTES_MAX;
use crate::cut::live::Switch;
use crate::refusal::Refusal;
use crate::store::paced::Paced;
use crate::store::pool::Body;

/// See the module.
pub enum ClientBody {
    /// As hyper gives it.
    Arriving(Incoming),
    /// All of it.
    Read(Bytes),
}

impl ClientBody {
    /// Whether its client has not sent all of it yet.
    pub(super) fn is_still_coming(&self) -> bool {
        matches!(self, Self::Arriving(incoming) if !incoming.is_end_stream())
    }

    /// Reads it to its end, within `bytes_max`.
    ///
    /// # Errors
    /// Too large, too slow, or broken off.
    pub async fn read(&mut self, bytes_max: usize) -> Result<Bytes, Refusal> {
        match self {
            Self::Arriving(incoming) => read_body(incoming, bytes_max).await,
            Self::Read(bytes) if bytes.len() > bytes_max => Err(Refusal::BodyTooLarge(bytes_max)),
            Self::Read(bytes) => Ok(bytes.clone()),
        }
    }

    /// Holds it to having none, not even an octet: it would travel unread.
    ///
    /// # Errors
    /// It has one, or does not end in time.
    pub async fn none(&mut self) -> Result<(), Refusal> {
        match self {
            Self::Arriving(incoming) if !incoming.is_end_stream() => match read_body(incoming, 0).await {
                Err(Refusal::BodyTooLarge(_)) => {
                    Err(Refusal::Unreadable("a body that does not belong to this request".into()))
                }
                read => read.map(drop),
            },
            // What is in a Bundle, `records` has read.
            Self::Arriving(_) | Self::Read(_) => Ok(()),
        }
    }

    /// Messages of a call to the store, unread, for as long as the exchange is not cut; counted in `up`, in octets.
    ///
    /// # Errors
    /// It is no stream any more.
    pub fn messages(self, switch: &Arc<Switch>, up: &Arc<AtomicU64>) -> Result<Body, Refusal> {
        let Self::Arriving(incoming) = self else {
            return Err(Refusal::Unreadable("a call cannot be made within a Bundle".into()));
        };
        Ok(Upwards::new(incoming, switch, up).boxed_unsync())
    }

    /// As a stream to the store, unread and bounded.
    ///
    /// # Errors
    /// It says that it is too large; it is no stream any more.
    pub fn upload(self) -> Result<Body, Refusal> {
        let Self::Arriving(incoming) = self else {
            return Err(Refusal::Unreadable("bytes cannot be sent within a Bundle".into()));
        };
        let limit = usize::try_from(UPLOAD_BYTES_MAX).unwrap_or(usize::MAX);
        if incoming.size_hint().lower() > UPLOAD_BYTES_MAX {
            return Err(Refusal::BodyTooLarge(limit));
        }
        Ok(http_body_util::Limited::new(Paced::new(incoming), limit).boxed_unsync())
    }
}
