//! Chance, from a seed: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, as in
//! Vigna's public-domain `splitmix64.c`).
//!
//! It is written here so that a seed means the same city with every version of every dependency. Whoever needs chance of his own
//! takes a stream of his own ([`Rng::of`]): what one person does then changes nothing for anybody else.

/// A stream of chance.
#[derive(Clone, Debug)]
pub struct Rng(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A digest of numbers: the same in every run.
#[must_use]
pub fn digest(labels: &[u64]) -> u64 {
    labels.iter().fold(STEP, |state, label| mixed(state.wrapping_add(STEP) ^ mixed(label.wrapping_add(STEP))))
}

/// A digest of a word.
#[must_use]
pub fn word(text: &str) -> u64 {
    text.bytes().fold(STEP, |state, byte| mixed(state.wrapping_add(STEP) ^ u64::from(byte)))
}

impl Rng {
    /// The stream that belongs to these numbers, under a seed.
    #[must_use]
    pub fn of(seed: u64, labels: &[u64]) -> Self {
        Self(mixed(seed.wrapping_add(STEP)) ^ digest(labels))
    }

    /// Sixty-four bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        // 53 bits are all that a double tells apart.
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Whether something of this likelihood happens.
    pub fn chance(&mut self, likelihood: f64) -> bool {
        self.unit() < likelihood
    }

    /// Anything between, evenly.
    pub fn between(&mut self, least: f64, most: f64) -> f64 {
        (most - least).mul_add(self.unit(), least)
    }

    /// Anything between, evenly by its logarithm: as often from 2 to 4 as from 20 to 40. Both above 0.
    pub fn between_logs(&mut self, least: f64, most: f64) -> f64 {
        self.between(least.ln(), most.ln()).exp()
    }

    /// A number below `count`; 0 when there is none.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        among.get(self.below(among.len()))
    }

    /// One of them, each as often as its weight says.
    pub fn pick_weighed<T: Copy>(&mut self, among: impl Iterator<Item = (T, f64)> + Clone) -> Option<T> {
        let whole: f64 = among.clone().map(|(_, weight)| weight).sum();
        let mut left = self.unit() * whole;
        let mut last = None;
        for (one, weight) in among.filter(|(_, weight)| *weight > 0.0) {
            last = Some(one);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// Puts them into any order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }

    /// Waiting for something that happens on average once in `mean`.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// The bell curve.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        // Box and Muller.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        deviation.mul_add(radius * (std::f64::consts::TAU * self.unit()).cos(), mean)
    }

    /// The bell curve of logarithms: half of them below `median`.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * self.normal(0.0, sigma).exp()
    }

    /// How often something happens that happens `mean` times on average.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 30.0 {
            return self.normal(mean, mean.sqrt()).round().max(0.0) as u32;
        }
        // Knuth: as many as fit before a product of units falls below e^-mean.
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// How often something of this likelihood happens in a row, at most 100 times.
    pub fn in_a_row(&mut self, likelihood: f64) -> u32 {
        let mut count = 0;
        while count < 100 && self.chance(likelihood) {
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Vigna's C code for the seed 1234567.
    #[test]
    fn it_is_the_published_generator() {
        let mut rng = Rng(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| rng.bits()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn streams_differ_by_seed_and_by_label() {
        let bits = |seed, labels: &[u64]| Rng::of(seed, labels).bits();
        assert_eq!(bits(1, &[2, 3]), bits(1, &[2, 3]));
        assert_ne!(bits(1, &[2, 3]), bits(2, &[2, 3]));
        assert_ne!(bits(1, &[2, 3]), bits(1, &[3, 2]));
        assert_ne!(bits(1, &[0]), bits(1, &[0, 0]));
    }

    #[test]
    fn means_are_what_they_should_be() {
        let mut rng = Rng::of(7, &[]);
        let mut mean =
            |draw: &mut dyn FnMut(&mut Rng) -> f64| (0..20_000).map(|_| draw(&mut rng)).sum::<f64>() / 20_000.0;
        for (found, expected) in [
            (mean(&mut |rng| rng.between(2.0, 4.0)), 3.0),
            (mean(&mut |rng| rng.exponential(5.0)), 5.0),
            (mean(&mut |rng| rng.normal(8.0, 2.0)), 8.0),
            (mean(&mut |rng| f64::from(rng.poisson(1.5))), 1.5),
            (mean(&mut |rng| f64::from(rng.poisson(60.0))), 60.0),
            (mean(&mut |rng| f64::from(rng.in_a_row(0.5))), 1.0),
            (mean(&mut |rng| rng.below(11) as f64), 5.0),
        ] {
            assert!((found - expected).abs() < 0.15 * expected, "{found}, expected {expected}");
        }
    }

    #[test]
    fn weights_weigh() {
        let mut rng = Rng::of(7, &[]);
        let weights = [('a', 3.0), ('b', 1.0), ('c', 0.0)];
        let drawn: Vec<char> = (0..4000).filter_map(|_| rng.pick_weighed(weights.iter().copied())).collect();
        let count = |letter| drawn.iter().filter(|one| **one == letter).count();
        assert!((2800..3200).contains(&count('a')) && count('c') == 0, "{} {}", count('a'), count('c'));
        assert_eq!(rng.pick_weighed(std::iter::empty::<(char, f64)>()), None);
    }
}
