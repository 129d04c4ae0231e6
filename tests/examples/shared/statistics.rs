//! Figures of series of measurements.

/// The value up to which so large a share of them lies (nearest rank). None of none.
pub(crate) fn quantile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Two series held against each other.
pub(crate) struct Held {
    /// Of the means: the second's, less the first's.
    pub(crate) difference: f64,
    /// Probability of so large a difference of means where there is none (Welch).
    pub(crate) welch: f64,
    /// The same of ranks (Mann-Whitney).
    pub(crate) ranks: f64,
    /// Difference of means that would have been found four times in five at p < 0.05.
    pub(crate) detectable: f64,
    /// The same in standard deviations.
    pub(crate) effect: f64,
}

/// Holds two series against each other; neither may be empty.
pub(crate) fn compare(one: &[f64], other: &[f64]) -> Held {
    let ((mean, deviation), (mean_2, deviation_2)) = (moments(one), moments(other));
    let (count, count_2) = (one.len() as f64, other.len() as f64);
    let error = (deviation * deviation / count + deviation_2 * deviation_2 / count_2).sqrt();
    let detectable = 2.8 * error;
    let mut all: Vec<(f64, bool)> =
        one.iter().map(|time| (*time, true)).chain(other.iter().map(|time| (*time, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = 0.0;
    let mut start = 0;
    while start < all.len() {
        let end = start + all[start..].iter().take_while(|(time, _)| *time == all[start].0).count();
        let rank = (start + 1 + end) as f64 / 2.0;
        ranks += all[start..end].iter().filter(|(_, first)| *first).count() as f64 * rank;
        start = end;
    }
    let u = ranks - count * (count + 1.0) / 2.0;
    let z = (u - count * count_2 / 2.0) / (count * count_2 * (count + count_2 + 1.0) / 12.0).sqrt();
    let pooled = ((deviation * deviation + deviation_2 * deviation_2) / 2.0).sqrt();
    Held {
        difference: mean_2 - mean,
        welch: two_sided((mean_2 - mean) / error),
        ranks: two_sided(z),
        detectable,
        effect: detectable / pooled,
    }
}

/// Probability of a standard normal value at least so far out (Abramowitz and Stegun 26.2.17).
fn two_sided(z: f64) -> f64 {
    let z = z.abs();
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = series.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    2.0 * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
}

/// Mean and standard deviation.
pub(crate) fn moments(times: &[f64]) -> (f64, f64) {
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean) * (time - mean)).sum::<f64>() / (count - 1.0);
    (mean, variance.sqrt())
}
