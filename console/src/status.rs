//! Answers to who asks about one certificate (OCSP, RFC 6960; by GET and POST as in RFC 5019).

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use ca::{ANSWER_SECONDS, Asked, OcspRefusal, OcspRequest, Responder, Status};
use model::Timestamp;

use crate::Clock;
use crate::bounds::{ANSWERS_KEPT_MAX, VACANT_SECONDS};
use crate::list::{ListError, ListSource};

/// Signs answers, and keeps those that somebody may ask for again.
pub(crate) struct StatusDesk {
    source: Arc<dyn ListSource>,
    clock: Clock,
    seat: Mutex<Seat>,
    kept: Mutex<HashMap<Asked, Kept>>,
}

/// Who signs, and when nobody could be found.
#[derive(Default)]
struct Seat {
    responder: Option<Arc<Responder>>,
    vacant_at: Option<Timestamp>,
}

/// An answer without a nonce, for as long as it says what is so.
struct Kept {
    status: Status,
    at: Timestamp,
    /// Whose certificate is in it.
    responder: Arc<Responder>,
    answer: Vec<u8>,
}

impl StatusDesk {
    pub(crate) fn new(source: Arc<dyn ListSource>, clock: Clock) -> Self {
        Self { source, clock, seat: Mutex::default(), kept: Mutex::default() }
    }

    /// The OCSPResponse to this OCSPRequest, both in DER. May block while a responder is certified.
    pub(crate) fn answer(&self, question: &[u8]) -> Vec<u8> {
        OcspRequest::read(question)
            .and_then(|request| self.signed(&request))
            .unwrap_or_else(|refusal| refusal.der().to_vec())
    }

    fn signed(&self, request: &OcspRequest) -> Result<Vec<u8>, OcspRefusal> {
        let now = (self.clock)();
        let responder = self.responder(now).map_err(|error| {
            tracing::error!(error = %error, cause = ?error.source(), "nobody can sign answers about certificates");
            OcspRefusal::InternalError
        })?;
        // Looked up before and not while signing: one that is not known closes the whole answer.
        let mut known = HashMap::new();
        for serial in request.asked().iter().filter_map(|asked| asked.of(responder.issuing())) {
            let status = self.source.status(&serial).map_err(|error| {
                tracing::warn!(error = %error, cause = ?error.source(), "a question about a certificate stays open");
                OcspRefusal::TryLater
            })?;
            known.insert(serial, status);
        }
        let status = |serial: &_| known.get(serial).copied().unwrap_or(Status::Unknown);
        // Only what is known is kept: strangers can ask about as many numbers as they like.
        let again = match (request.asked(), request.nonce()) {
            ([asked], None) => asked.of(responder.issuing()).map(|serial| (asked, status(&serial))),
            _ => None,
        };
        let again = again.filter(|(_, status)| *status != Status::Unknown);
        if let Some(answer) = again.and_then(|(asked, status)| self.kept(asked, status, &responder, now)) {
            return Ok(answer);
        }
        let answer = responder.answer(request, status, now).map_err(|_| OcspRefusal::InternalError)?;
        if let Some((asked, status)) = again {
            self.keep(asked, Kept { status, at: now, responder, answer: answer.clone() });
        }
        Ok(answer)
    }

    /// An answer that was signed before, if the certificate's status is still the same and half its hour is left.
    fn kept(&self, asked: &Asked, status: Status, responder: &Arc<Responder>, now: Timestamp) -> Option<Vec<u8>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(asked).filter(|kept| kept.status == status && Arc::ptr_eq(&kept.responder, responder))?;
        let age = now.as_seconds().saturating_sub(found.at.as_seconds());
        (0..ANSWER_SECONDS / 2).contains(&age).then(|| found.answer.clone())
    }

    fn keep(&self, asked: &Asked, answer: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= ANSWERS_KEPT_MAX {
            kept.clear();
        }
        kept.insert(asked.clone(), answer);
    }

    /// Who signs; another once half of its time is over. While one is made, others wait: the authority's key is asked once. Where
    /// none could be made, nobody tries again for some seconds: each try is on record, and strangers ask as often as they like.
    fn responder(&self, now: Timestamp) -> Result<Arc<Responder>, ListError> {
        let mut seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(responder) = seat.responder.as_ref().filter(|responder| !responder.is_old(now)) {
            return Ok(Arc::clone(responder));
        }
        let since = |at: Timestamp| now.as_seconds().saturating_sub(at.as_seconds());
        if seat.vacant_at.is_some_and(|at| (0..VACANT_SECONDS).contains(&since(at))) {
            return Err(ListError::new("nobody could be certified a moment ago"));
        }
        match self.source.responder() {
            Ok(made) => {
                let made = Arc::new(made);
                *seat = Seat { responder: Some(Arc::clone(&made)), vacant_at: None };
                Ok(made)
            }
            Err(error) => {
                seat.vacant_at = Some(now);
                Err(error)
            }
        }
    }
}
