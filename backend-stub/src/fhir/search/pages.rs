//! Where the next page is. A link names the search itself and a place in it (`_offset`), or, as HAPI FHIR does it, an opaque
//! token of a search that lies in this server's memory (`/fhir?_getpages=...`): then nothing in the link says whose records
//! it leads to.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Search;
use crate::fhir::outcome::Fault;
use crate::options::Paging;

/// Searches kept; beyond it, the oldest is forgotten.
const KEPT_MAX: usize = 1_000;

/// Searches that go on.
pub(crate) struct Pages {
    by_token: AtomicBool,
    given: AtomicU64,
    // Keyed anew at each start: a token says nothing, and nobody guesses the next.
    key: RandomState,
    kept: Mutex<VecDeque<(String, Arc<Kept>)>>,
}

/// A search and what stands between base and `?` in its links.
pub(crate) struct Kept {
    pub(crate) search: Search,
    pub(crate) path: String,
}

impl Pages {
    pub(crate) fn new(paging: Paging) -> Self {
        Self {
            by_token: AtomicBool::new(paging == Paging::Token),
            given: AtomicU64::new(0),
            key: RandomState::new(),
            kept: Mutex::default(),
        }
    }

    /// From now on pages are found like this.
    pub(crate) fn switch(&self, paging: Paging) {
        self.by_token.store(paging == Paging::Token, Ordering::Release);
    }

    /// Keeps a search; its token, or none when links name the search.
    pub(super) fn keep(&self, search: &Search, path: &str) -> Option<String> {
        if !self.by_token.load(Ordering::Acquire) {
            return None;
        }
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let token = format!("{:016x}{:016x}", self.key.hash_one(number), self.key.hash_one(("second half", number)));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        let of = Kept { search: Search { token: Some(token.clone()), ..search.clone() }, path: path.to_owned() };
        kept.push_back((token.clone(), Arc::new(of)));
        Some(token)
    }

    /// The search of a token.
    pub(crate) fn find(&self, token: &str) -> Result<Arc<Kept>, Fault> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(known, _)| known == token).map(|(_, kept)| Arc::clone(kept));
        found.ok_or_else(|| Fault::new(410, "not-found", "the search is not known any longer"))
    }
}
