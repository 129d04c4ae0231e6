//! TLS sessions that may be resumed, kept here: so many, of which the oldest go first.
//!
//! The library's own store looks through all of them whenever one is taken, behind a lock that all workers share: with as many as may be
//! kept that took longer than the key exchange, and anybody could bring it about. Here nothing is looked through.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::server::StoresServerSessions;

/// See the module. One a host, shared by all workers.
pub(super) struct Sessions {
    kept: Mutex<Kept>,
    max: usize,
}

#[derive(Default)]
struct Kept {
    by_name: HashMap<Box<[u8]>, Box<[u8]>>,
    /// Names in the order in which they came, those that were taken since too: there are never more of them than of sessions that
    /// may be kept. Names are thirty-two random octets, so none comes twice.
    order: VecDeque<Box<[u8]>>,
}

impl Sessions {
    /// Keeps at most so many.
    pub(super) fn new(max: usize) -> Self {
        Self { kept: Mutex::default(), max }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whoever panicked while he held it left at worst a name without a session.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    /// Says nothing of them: they are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, name: Vec<u8>, session: Vec<u8>) -> bool {
        // Without the room that they grew in.
        let (name, session) = (name.into_boxed_slice(), session.into_boxed_slice());
        let mut kept = self.kept();
        while kept.order.len() >= self.max {
            let Some(oldest) = kept.order.pop_front() else { return false };
            kept.by_name.remove(&oldest);
        }
        kept.order.push_back(name.clone());
        kept.by_name.insert(name, session);
        true
    }

    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.kept().by_name.get(name).map(|session| session.to_vec())
    }

    fn take(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.kept().by_name.remove(name).map(<[u8]>::into_vec)
    }

    fn can_cache(&self) -> bool {
        self.max > 0
    }
}

#[cfg(test)]
mod tests;
