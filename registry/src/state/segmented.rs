//! A long row of small values of one size, in segments that snapshots share: a change copies one segment and the way to it.

use std::sync::Arc;

use imbl::Vector;

/// Values in the order they were put in, `N` to a segment. Nothing is ever taken out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segmented<T: Clone, const N: usize> {
    segments: Vector<Arc<[T]>>,
    len: usize,
}

impl<T: Clone, const N: usize> Default for Segmented<T, N> {
    fn default() -> Self {
        Self { segments: Vector::new(), len: 0 }
    }
}

impl<T: Clone + Default, const N: usize> Segmented<T, N> {
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        // A segment is whole from the beginning; what lies behind the last value is nobody's.
        if place >= self.len {
            return None;
        }
        self.segments.get(place / N)?.get(place % N)
    }

    /// The value at a place, to be changed; other snapshots keep theirs.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        if place >= self.len {
            return None;
        }
        Arc::make_mut(self.segments.get_mut(place / N)?).get_mut(place % N)
    }

    /// Puts one behind the last.
    pub(crate) fn push(&mut self, value: T) {
        if self.len.is_multiple_of(N) {
            self.segments.push_back(std::iter::repeat_n(T::default(), N).collect());
        }
        self.len += 1;
        if let Some(place) = self.get_mut(self.len - 1) {
            *place = value;
        }
    }

    /// Octets that it takes: whole segments, and two words and a pointer for each.
    #[cfg(test)]
    pub(crate) fn octets(&self) -> usize {
        self.segments.len() * (N * size_of::<T>() + 4 * size_of::<usize>())
    }
}
