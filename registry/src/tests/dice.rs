//! Dice that throw any value of any form; the same seed throws the same values.

use model::{SerialNumber, Timestamp};

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    pub(crate) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    pub(crate) fn id(&mut self) -> String {
        let length = 1 + self.below(64);
        (0..length).map(|_| char::from(*self.one_of(b"ABCxyz019-"))).collect()
    }

    /// Texts that are awkward in JSON, without control characters where an author's name may not have them.
    pub(crate) fn text(&mut self) -> String {
        const PIECES: &[&str] =
            &["佐藤 花子", "\"", "\\", "a", ":", " ", "é", "{\"v\":1}", "\u{202e}", "🏥", "null", "/"];
        (0..self.below(6)).map(|_| *self.one_of(PIECES)).collect()
    }

    pub(crate) fn time(&mut self) -> Timestamp {
        let span = Timestamp::MAX.as_millis().abs_diff(Timestamp::MIN.as_millis());
        Timestamp::MIN.plus_millis(i64::try_from(self.below(span)).unwrap())
    }

    pub(crate) fn serial(&mut self) -> SerialNumber {
        let octets: Vec<u8> = (0..=self.below(18)).map(|_| self.octet()).chain([1]).collect();
        SerialNumber::from_octets(&octets).unwrap()
    }
}
