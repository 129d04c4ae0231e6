//! Dice that throw any value of any form; the same seed throws the same values.

use model::{SerialNumber, Timestamp};

pub(crate) struct Dice(journal::testing::Dice);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(journal::testing::Dice::new(seed))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.number(bound)
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.0.any().to_be_bytes()[0]
    }

    pub(crate) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        self.0.one_of(of)
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
