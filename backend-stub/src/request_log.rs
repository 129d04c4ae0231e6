//! What reached the store: the last requests, refused ones too, so that a test can say "this never came here".

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use serde::Serialize;

use crate::fhir::date::instant;
use crate::trust::Identity;

/// One request, as it came.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedRequest {
    /// Counted from 1 since the store began or the log was cleared.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Who asked, by the gateway's word.
    pub identity: Option<Identity>,
    /// Why it was not answered.
    pub refused: Option<String>,
}

/// How many came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All.
    pub requests: u64,
    /// Without a valid identity.
    pub refused: u64,
    /// POST, PUT, PATCH and DELETE with a valid identity, searches by POST left out.
    pub writes: u64,
}

/// The log: the last so many.
pub(crate) struct RequestLog {
    kept_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    counts: Counts,
    kept: VecDeque<Kept>,
}

/// As kept: cheap to make; text only when somebody reads it.
struct Kept {
    number: u64,
    at: i64,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    identity: Option<Arc<Identity>>,
    refused: Option<String>,
}

impl RequestLog {
    pub(crate) fn new(kept_max: usize) -> Self {
        Self { kept_max, inner: Mutex::default() }
    }

    /// Notes a request.
    pub(crate) fn note(&self, request: &Parts, at: i64, identity: Option<&Arc<Identity>>, refused: Option<String>) {
        let kept = (self.kept_max > 0).then(|| Kept {
            number: 0,
            at,
            method: request.method.clone(),
            uri: request.uri.clone(),
            headers: request.headers.clone(),
            identity: identity.cloned(),
            refused: refused.clone(),
        });
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.counts.requests += 1;
        inner.counts.refused += u64::from(refused.is_some());
        let reads = request.method.is_safe() || request.uri.path().ends_with("/_search");
        inner.counts.writes += u64::from(refused.is_none() && !reads);
        if let Some(mut kept) = kept {
            kept.number = inner.counts.requests;
            if inner.kept.len() >= self.kept_max {
                inner.kept.pop_front();
            }
            inner.kept.push_back(kept);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    pub(crate) fn clear(&self) {
        *self.inner.lock().unwrap_or_else(PoisonError::into_inner) = Inner::default();
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.kept.iter().map(Kept::told).collect()
    }
}

impl Kept {
    fn told(&self) -> LoggedRequest {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        LoggedRequest {
            number: self.number,
            at: instant(self.at),
            method: self.method.to_string(),
            target: self.uri.path_and_query().map_or_else(|| self.uri.to_string(), ToString::to_string),
            headers: self.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            identity: self.identity.as_deref().cloned(),
            refused: self.refused.clone(),
        }
    }
}
