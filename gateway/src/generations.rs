//! A bounded memory in two generations: when the young one is full it becomes the old one, and the old one is forgotten. What is asked
//! for stays young.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module.
pub(crate) struct Generations<K, V> {
    held: Mutex<Held<K, V>>,
    young_max: usize,
}

struct Held<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Clone + Eq + Hash, V: Clone + PartialEq> Generations<K, V> {
    /// Remembers so many at most.
    pub(crate) fn of(max: usize) -> Self {
        Self { held: Mutex::new(Held { young: HashMap::new(), old: HashMap::new() }), young_max: max / 2 }
    }

    /// What is remembered of this.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut held = self.lock();
        if let Some(value) = held.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = held.old.remove_entry(key)?;
        held.insert(self.young_max, key, value.clone());
        Some(value)
    }

    /// Remembers; what is remembered so already stays as it is.
    pub(crate) fn keep(&self, key: &K, value: &V) {
        let mut held = self.lock();
        if held.young.get(key) != Some(value) {
            held.insert(self.young_max, key.clone(), value.clone());
        }
    }

    /// Forgets.
    pub(crate) fn forget(&self, key: &K) {
        let mut held = self.lock();
        held.young.remove(key);
        held.old.remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Held<K, V>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Held<K, V> {
    fn insert(&mut self, young_max: usize, key: K, value: V) {
        if self.young.len() >= young_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_nothing_grows() {
        let memory = Generations::of(8);
        memory.keep(&0, &"asked for");
        for number in 1..1000 {
            memory.keep(&number, &"once");
            assert_eq!(memory.get(&0), Some("asked for"), "{number}");
            let held = memory.lock();
            assert!(held.young.len() <= 4 && held.old.len() <= 4);
        }
        assert_eq!((memory.get(&1), memory.get(&999)), (None, Some("once")));
        memory.keep(&999, &"otherwise");
        assert_eq!(memory.get(&999), Some("otherwise"));
        memory.forget(&0);
        assert_eq!(memory.get(&0), None);
    }
}
