//! A page of a search that is made here: the store is asked for page after page of its own, in the name of the same subject,
//! until ours is whole (`records`, `release/gathering.rs`).
//!
//! How often it is asked follows what is hidden, in steps of a whole page of the store. So nothing else may follow that: no
//! request is charged for it, or a quota would count what is passed over; the request's place among those in flight is held
//! meanwhile, each question waits for the one before, and there is a last. Whoever lets go or is cut is asked nothing for any
//! more: nobody reads on.
//!
//! Only the store's own time is bounded. A client that stops reading must not be able to say where the page ends: it would end
//! where one of the store's does, and how many are shown up to there tells how many are not.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use records::{Gatekeeper, Gathering, Misbehaviour, Released, Touches, Unreadable};
use tokio::time::Instant;

use super::forward::AskingOn;
use super::sift::{Fault, next_data};
use crate::bounds::GATHERING_MAX;
use crate::refusal::Refusal;
use crate::store::going::StoreBody;

/// See the module.
pub struct Gatherer {
    asking: AskingOn,
    /// The answer that is being read.
    store: StoreBody,
    gathering: Gathering,
    /// How long the store was waited for.
    waited: Duration,
}

impl Gatherer {
    /// A page of this search; the response is the store's first.
    ///
    /// # Errors
    /// It is none to a search.
    pub(super) fn new(
        touches: &Touches,
        response: Response<StoreBody>,
        asking: AskingOn,
    ) -> Result<Self, Misbehaviour> {
        let mut gathering = Gathering::of(touches)?;
        let (head, store) = response.into_parts();
        gathering.answered(content_type(&head.headers))?;
        Ok(Self { asking, store, gathering, waited: Duration::ZERO })
    }

    /// The next octets of the store, from whichever of its answers; none when nothing more is to be asked.
    ///
    /// # Errors
    /// The store broke off, was silent, misbehaves, has let go of the search or took more than [`GATHERING_MAX`].
    pub(super) async fn more(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            // The rest of an answer of which nothing more is needed is not read, and its connection not used again.
            if !self.gathering.is_served()
                && let Some(data) = timed(&mut self.waited, next_data(&mut self.store)).await?
            {
                return Ok(Some(data));
            }
            let Some(forward) = self.gathering.turn().map_err(Fault::Misbehaviour)? else { return Ok(None) };
            if self.waited >= GATHERING_MAX {
                tracing::warn!("the store takes too long over the pages of a search");
                return Err(Refusal::StoreTimeout.into());
            }
            let (head, store) = timed(&mut self.waited, self.asking.send(forward)).await?.into_parts();
            if self.gathering.asks_for_kept() {
                still_kept(head.status)?;
            }
            if head.status != StatusCode::OK {
                tracing::error!(status = %head.status, "the store does not go on with a search");
                return Err(Refusal::StoreMisbehaves.into());
            }
            self.gathering.answered(content_type(&head.headers)).map_err(Fault::Misbehaviour)?;
            self.store = store;
        }
    }

    /// What may go out for these octets.
    ///
    /// # Errors
    /// The store misbehaves.
    pub(super) fn read(&mut self, data: &[u8], gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        self.gathering.read(data, gatekeeper)
    }

    /// The end of the page.
    ///
    /// # Errors
    /// It is not whole.
    pub(super) fn end(self, gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        self.gathering.end(gatekeeper)
    }
}

/// What a store says of a page of a search that it keeps.
///
/// # Errors
/// It has let go of it: the search is to be begun anew.
pub(super) fn still_kept(status: StatusCode) -> Result<(), Refusal> {
    if matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE) {
        tracing::info!(%status, "the store has let go of a search that it kept");
        return Err(Refusal::Unreadable(Unreadable::PageOver.into()));
    }
    Ok(())
}

/// Waits, and adds how long that took.
async fn timed<T>(waited: &mut Duration, what: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let came = what.await;
    *waited = waited.saturating_add(begun.elapsed());
    came
}

fn content_type(headers: &http::HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
}
