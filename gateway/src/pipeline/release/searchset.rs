//! What a search found.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use records::{Pages, Searchset};
use tokio::time::Instant;

use super::{Checking, FHIR_JSON, in_pieces};
use crate::pipeline::enforcer::Requester;
use crate::pipeline::forward::AskingOn;
use crate::pipeline::gather::{Gatherer, still_kept};
use crate::pipeline::moment;
use crate::pipeline::sift::{Fault, Piece, Reading, Sifting};
use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::pool::Body;
use crate::worker::Handle;

impl Checking<'_> {
    /// A searchset: checked and passed on entry by entry. Its first piece is waited for, so that most answers, which have no
    /// second, are whole or not at all.
    pub(super) async fn searchset(
        &self,
        response: Response<StoreBody>,
        arrived: Instant,
        languages: Option<HeaderValue>,
    ) -> Result<Response<Body>, Refusal> {
        if self.touches.asks_for_kept() {
            still_kept(response.status())?;
        }
        if response.status() != StatusCode::OK {
            return self.resources(response).await;
        }
        let mut sifting = match self.touches.pages() {
            Pages::Stores => self.page(response)?,
            Pages::Ours => {
                let mut moment = Box::pin(moment::first(arrived));
                moment::enter(moment.as_mut()).await;
                self.gathering(response, languages)?.at_moments(moment)
            }
        };
        let Piece { released, last } = sifting.next().await.map_err(|fault| match fault {
            Fault::Misbehaviour(misbehaviour) => self.misbehaves(&misbehaviour),
            Fault::Refusal(refusal) => refusal,
        })?;
        self.learn(&released);
        let body = if last { in_pieces(released.body) } else { sifting.behind(released.body) };
        Response::builder()
            .status(StatusCode::OK)
            .header(CONTENT_TYPE, FHIR_JSON)
            .body(body)
            .map_err(|_| Refusal::StoreMisbehaves)
    }

    /// The store's page.
    fn page(&self, response: Response<StoreBody>) -> Result<Sifting, Refusal> {
        let (parts, store) = response.into_parts();
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let searchset = Searchset::of(self.touches, content_type).map_err(|wrong| self.misbehaves(&wrong))?;
        Ok(self.sifting(Reading::Page(store, Box::new(searchset))))
    }

    /// A page that is made here.
    fn gathering(&self, response: Response<StoreBody>, languages: Option<HeaderValue>) -> Result<Sifting, Refusal> {
        let asking = AskingOn { handle: Handle::of(self.worker), subject: Arc::clone(self.subject), languages };
        let gatherer = Gatherer::new(self.touches, response, asking).map_err(|wrong| self.misbehaves(&wrong))?;
        Ok(self.sifting(Reading::Gathering(Box::new(gatherer))))
    }

    fn sifting(&self, reading: Reading) -> Sifting {
        let requester = Requester::of(self.subject, self.touches);
        Sifting::new(reading, requester, self.entry.id.clone(), Handle::of(self.worker), self.alarm.clone())
    }
}
