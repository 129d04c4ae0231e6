//! Dice: the same seed throws the same.

/// splitmix64.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 1).unwrap() % bound.max(1)
    }

    /// True so many times out of a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Some of them, in their order: at least one, at most so many.
    pub(super) fn some_of<T: Clone>(&mut self, of: &[T], at_most: usize) -> Vec<T> {
        let mut left: Vec<usize> = (0..of.len()).collect();
        let wanted = 1 + self.below(at_most.min(of.len()));
        while left.len() > wanted {
            let out = self.below(left.len());
            left.remove(out);
        }
        left.into_iter().map(|at| of[at].clone()).collect()
    }

    /// A word that nothing else has.
    pub(super) fn word(&mut self, prefix: &str) -> String {
        format!("{prefix}{:012x}", self.next() >> 16)
    }
}
