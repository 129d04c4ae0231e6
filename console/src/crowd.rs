//! Open connections by source, so that none takes more than its share of a door.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anomaly::Prefix;

/// Who holds how many. A source that holds none is not remembered: there are never more than connections.
pub(crate) struct Crowd {
    each_max: usize,
    held: Arc<Mutex<HashMap<Prefix, usize>>>,
}

/// A connection's place in its source's share; dropped, it is given back.
pub(crate) struct Share {
    source: Prefix,
    held: Arc<Mutex<HashMap<Prefix, usize>>>,
}

impl Crowd {
    /// With so many for each source at most.
    pub(crate) fn new(each_max: usize) -> Self {
        Self { each_max, held: Arc::default() }
    }

    /// A place for one more from there; none, where its share is taken.
    pub(crate) fn enter(&self, source: Prefix) -> Option<Share> {
        let mut held = lock(&self.held);
        if held.get(&source).is_some_and(|count| *count >= self.each_max) {
            return None;
        }
        *held.entry(source).or_default() += 1;
        Some(Share { source, held: Arc::clone(&self.held) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if let Some(count) = held.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.source);
            }
        }
    }
}

fn lock(held: &Mutex<HashMap<Prefix, usize>>) -> MutexGuard<'_, HashMap<Prefix, usize>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_share_and_nobody_is_remembered_for_nothing() {
        let crowd = Crowd::new(2);
        let (here, there) = ([1; 8], [2; 8]);
        let first = crowd.enter(here).unwrap();
        let second = crowd.enter(here).unwrap();
        assert!(crowd.enter(here).is_none());
        let other = crowd.enter(there).unwrap();
        drop(first);
        let third = crowd.enter(here).unwrap();
        assert!(crowd.enter(here).is_none(), "one was given back, not two");
        drop((second, third, other));
        assert!(lock(&crowd.held).is_empty());
    }
}
