//! Dice for tests of this and other crates: the same seed throws the same.

/// A row of numbers that looks random (SplitMix64). Moments and choices of a test need to differ, not to be unguessable.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that throw what this seed throws.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `0..bound`; 0 where that is empty.
    pub fn number(&mut self, bound: u64) -> u64 {
        self.any() % bound.max(1)
    }

    /// The same for places in a list.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.any() >> 1) as usize % bound.max(1)
    }

    /// True so many times out of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    ///
    /// # Panics
    /// There is none.
    #[allow(clippy::indexing_slicing, reason = "a test that offers nothing to choose from is wrong")]
    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Some of them, in their order: at least one, at most so many.
    pub fn some_of<T: Clone>(&mut self, of: &[T], at_most: usize) -> Vec<T> {
        let mut left: Vec<&T> = of.iter().collect();
        let wanted = 1 + self.below(at_most.min(of.len()));
        while left.len() > wanted {
            let out = self.below(left.len());
            left.remove(out);
        }
        left.into_iter().cloned().collect()
    }

    /// The numbers of `0..count`, in any order.
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    /// A word that nothing else has.
    pub fn word(&mut self, prefix: &str) -> String {
        format!("{prefix}{:012x}", self.any() >> 16)
    }
}
