//! One request, or many? A batch is as many requests as it has entries. A transaction is one, and so is everything else.

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, COOKIE};
use http::request::Parts;
use records::{Batch, Entry, Need, Reader};

use super::client_body::ClientBody;
use super::extract;
use super::route::RecordRequest;
use crate::bounds::BODY_READ_BYTES_MAX;
use crate::refusal::Refusal;

/// What came of it.
pub enum Split {
    /// One request.
    One(RecordRequest),
    /// A batch.
    Batch(Entries),
}

/// The entries of a batch, under the head that they came with.
pub struct Entries {
    pub(super) head: Parts,
    pub(super) batch: Batch,
}

/// Splits. Only a Bundle has to be read for that.
///
/// # Errors
/// The Bundle cannot be read in one way only.
pub async fn split(request: RecordRequest) -> Result<Split, Refusal> {
    if request.request().uri().path() != "/fhir" {
        return Ok(Split::One(request));
    }
    let (parts, mut body) = request.into_request().into_parts();
    let needed = match extract::read_head(&Reader::default(), &parts)? {
        Need::Body(needed) => needed,
        other => return Ok(Split::One(RecordRequest::begun(parts, body, other))),
    };
    let read = body.read(needed.bytes_max().min(BODY_READ_BYTES_MAX)).await?;
    Ok(match needed.read(&read).map_err(extract::refusal)? {
        Need::Batch(batch) => Split::Batch(Entries { head: parts, batch }),
        need => Split::One(RecordRequest::begun(parts, ClientBody::Read(Bytes::new()), need)),
    })
}

impl RecordRequest {
    /// An entry of a batch, as a request: the batch was well framed, for this host, and in this session.
    ///
    /// # Errors
    /// It cannot be written as one.
    pub(super) fn of_entry(head: &Parts, entry: Entry) -> Result<Self, Refusal> {
        let mut request = http::Request::builder().method(entry.method).uri(entry.target);
        for (name, value) in entry.headers {
            request = request.header(name, value);
        }
        for name in [COOKIE, ACCEPT_LANGUAGE] {
            for value in head.headers.get_all(&name) {
                request = request.header(&name, value);
            }
        }
        let request = request.body(ClientBody::Read(entry.body.into()));
        request.map(Self::of).map_err(|_| Refusal::Unreadable("an entry that is no request".into()))
    }
}
