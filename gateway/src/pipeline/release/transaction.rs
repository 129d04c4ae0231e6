//! The answer to a transaction.

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use model::Action;
use records::{Answered, Part, ResponseKind};

use super::{Checking, FHIR_JSON, in_pieces, read};
use crate::pipeline::enforcer::Requester;
use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::pool::Body;
use crate::worker::Handle;

impl Checking<'_> {
    /// The answer to a transaction: each entry checked against what that entry was permitted, on record together.
    pub(super) async fn transaction(
        &self,
        response: Response<StoreBody>,
        parts: &[Part],
    ) -> Result<Response<Body>, Refusal> {
        let worker = self.worker;
        if response.status() != StatusCode::OK {
            // Nothing was carried out.
            return self.resources(response).await;
        }
        let (head, body) = response.into_parts();
        let body = read(body, self.read_within()).await?;
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let misbehaves = |misbehaviour| self.misbehaves(&misbehaviour);
        let answers = records::transaction_answers(parts, content_type, &body).map_err(misbehaves)?;
        let (snapshot, handle) = (worker.snapshot(), Handle::of(worker));
        let mut told = vec![Answered::default(); parts.len()];
        let mut named = Vec::new();
        for (part, answer) in parts.iter().zip(answers) {
            let touches = &part.touches;
            let requester = Requester::of(self.subject, touches);
            let mut enforcer = requester.enforcer(&handle, &snapshot);
            // It came within FHIR JSON, and was written anew.
            let released = records::release(
                &touches.answer,
                touches,
                answer.status,
                content_type,
                &answer.resource,
                &mut enforcer,
            );
            let mut location = answer.location.and_then(|location| records::location(&location, touches));
            let (status, mut etag) = (answer.status, answer.etag);
            // It has been carried out, whatever of it may be shown: what may not is told by its status alone.
            let released = released.unwrap_or_else(|misbehaviour| {
                let _ = self.misbehaves(&misbehaviour);
                etag = None;
                records::Released::default()
            });
            self.alarm.left_out(released.dropped, &released.why);
            Checking { touches, alarm: self.alarm.clone(), ..*self }.learn(&released);
            named.extend(released.records.iter().map(ToString::to_string));
            named.extend(location.iter().filter_map(|path| path.strip_prefix("/fhir/")).map(str::to_owned));
            let found_instead = status == 200 && touches.main().action == Action::Create;
            if found_instead && released.records.is_empty() {
                // A conditional create has found a record, and nobody could look at it: not even its name is told.
                (location, etag) = (None, None);
            }
            if let Some(told) = told.get_mut(part.place) {
                *told = Answered { status, location, etag, resource: released.body, outcome: Vec::new() };
            }
        }
        self.names_on_record(&snapshot, named).await?;
        Response::builder()
            .status(StatusCode::OK)
            .header(CONTENT_TYPE, FHIR_JSON)
            .body(in_pieces(records::bundle_response(ResponseKind::Transaction, &told)))
            .map_err(|_| Refusal::StoreMisbehaves)
    }
}
