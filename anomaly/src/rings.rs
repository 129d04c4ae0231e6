//! What came lately, in a fixed room.

/// The last few of something, without order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recent<T, const N: usize> {
    last: [T; N],
    next: u8,
}

impl<T: Copy + Default + PartialEq, const N: usize> Default for Recent<T, N> {
    fn default() -> Self {
        Self { last: [T::default(); N], next: 0 }
    }
}

impl<T: Copy + PartialEq, const N: usize> Recent<T, N> {
    /// Whether it is among them; it is from now on.
    pub(crate) fn has(&mut self, one: T) -> bool {
        let has = self.last.contains(&one);
        if !has {
            if let Some(place) = self.last.get_mut(usize::from(self.next)) {
                *place = one;
            }
            self.next = if usize::from(self.next) + 1 < N { self.next + 1 } else { 0 };
        }
        has
    }
}

/// Something with the minute at which it was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Dated {
    what: u32,
    /// 0: none.
    minute: u32,
    flag: bool,
}

/// Distinct things within a span of time, up to `N` of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distinct<const N: usize>([Dated; N]);

impl<const N: usize> Default for Distinct<N> {
    fn default() -> Self {
        Self([Dated::default(); N])
    }
}

impl<const N: usize> Distinct<N> {
    /// One more, at this minute; the oldest gives way. Whether it is new among those since `since`.
    pub(crate) fn note(&mut self, what: u32, minute: u32, since: u32, flag: bool) -> bool {
        if let Some(known) = self.0.iter_mut().find(|one| one.what == what && one.minute >= since && one.minute > 0) {
            known.minute = minute;
            known.flag |= flag;
            return false;
        }
        if let Some(oldest) = self.0.iter_mut().min_by_key(|one| one.minute) {
            *oldest = Dated { what, minute, flag };
        }
        true
    }

    /// Takes it out.
    pub(crate) fn forget(&mut self, what: u32) {
        self.0.iter_mut().filter(|one| one.what == what).for_each(|one| *one = Dated::default());
    }

    /// How many there are since then, and how many of them are flagged.
    pub(crate) fn since(&self, since: u32) -> (u32, u32) {
        self.0
            .iter()
            .filter(|one| one.minute > 0 && one.minute >= since)
            .fold((0, 0), |(all, flagged), one| (all + 1, flagged + u32::from(one.flag)))
    }
}

/// How many distinct things there were, by a map of bits: one off at most for a few, some hundredths for hundreds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    bits: [u64; Self::WORDS],
    set: u32,
}

impl Default for Counted {
    fn default() -> Self {
        Self { bits: [0; Self::WORDS], set: 0 }
    }
}

impl Counted {
    const WORDS: usize = 32;

    /// One more; whether it is new.
    pub(crate) fn note(&mut self, what: u32) -> bool {
        let hash = mixed(u64::from(what)) >> 53;
        let (word, bit) = (usize::try_from(hash / 64).unwrap_or_default(), 1_u64 << (hash % 64));
        let Some(word) = self.bits.get_mut(word) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        self.set += u32::from(new);
        new
    }

    /// How many (linear counting: Whang, Vander-Zanden, Taylor 1990).
    pub(crate) fn count(&self) -> f32 {
        let room = (Self::WORDS * 64) as f32;
        let empty = (room - self.set as f32).max(1.0);
        room * (room / empty).ln()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Mixes all bits of a number into all others (SplitMix64's finaliser: Steele, Lea, Flood 2014).
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_things_within_a_span() {
        let mut distinct = Distinct::<4>::default();
        assert!(distinct.note(7, 10, 1, false) && distinct.note(8, 11, 1, true) && !distinct.note(7, 12, 1, true));
        assert_eq!(distinct.since(1), (2, 2));
        assert_eq!(distinct.since(12), (1, 1));
        for one in 20..24 {
            distinct.note(one, one, 1, false);
        }
        assert_eq!(distinct.since(1), (4, 0), "the oldest gave way");
        distinct.forget(20);
        assert_eq!(distinct.since(1).0, 3);
    }

    #[test]
    fn counting_is_near_for_a_few_and_for_hundreds() {
        let mut counted = Counted::default();
        let new = (0..20).filter(|one| counted.note(one * 31)).count();
        assert!(new >= 18 && (0..20).all(|one| !counted.note(one * 31)), "{new}");
        assert!((counted.count() - 20.0).abs() < 2.0);
        (0..500).for_each(|one| {
            counted.note(1000 + one * 7);
        });
        assert!((counted.count() - 520.0).abs() < 40.0, "{}", counted.count());
    }

    #[test]
    fn what_came_lately_is_known() {
        let mut recent = Recent::<u32, 2>::default();
        assert!(!recent.has(5) && !recent.has(6) && recent.has(5));
        assert!(!recent.has(7) && !recent.has(5), "5 gave way to 7");
    }
}
