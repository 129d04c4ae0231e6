//! How much of something: one number, anything between two, or anything between two by their logarithms.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::rng::Rng;

/// `5`, `[5, 20]` or `{ log = [2, 60] }`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    /// Always the same.
    Fixed(f64),
    /// Between two, evenly.
    Even(f64, f64),
    /// Between two, evenly by their logarithms.
    Log(f64, f64),
}

impl Span {
    /// The least that comes of it.
    #[must_use]
    pub const fn least(&self) -> f64 {
        match *self {
            Self::Fixed(least) | Self::Even(least, _) | Self::Log(least, _) => least,
        }
    }

    /// The most.
    #[must_use]
    pub const fn most(&self) -> f64 {
        match *self {
            Self::Fixed(most) | Self::Even(_, most) | Self::Log(_, most) => most,
        }
    }

    /// One value of it.
    pub fn draw(&self, rng: &mut Rng) -> f64 {
        match *self {
            Self::Fixed(value) => value,
            Self::Even(least, most) => rng.between(least, most),
            Self::Log(least, most) => rng.between_logs(least, most),
        }
    }

    /// One whole number of it; both ends are as likely as the rest.
    pub fn count(&self, rng: &mut Rng) -> u32 {
        match *self {
            Self::Even(least, most) => rng.between(least, most + 1.0).floor().min(most) as u32,
            _ => self.draw(rng).round() as u32,
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(form: D) -> Result<Self, D::Error> {
        form.deserialize_any(Form)
    }
}

struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, [least, most], or { log = [least, most] }")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Span, E> {
        Ok(Span::Fixed(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Span, E> {
        Ok(Span::Fixed(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Span, A::Error> {
        let mut ends = [0.0; 2];
        for (nth, end) in ends.iter_mut().enumerate() {
            *end = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(nth, &self))?;
        }
        match seq.next_element::<f64>()? {
            Some(_) => Err(A::Error::invalid_length(3, &self)),
            None => Ok(Span::Even(ends[0], ends[1])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Span, A::Error> {
        let Some((key, [least, most])) = map.next_entry::<String, [f64; 2]>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        if key != "log" {
            return Err(A::Error::invalid_value(Unexpected::Str(&key), &self));
        }
        match map.next_key::<String>()? {
            Some(other) => Err(A::Error::invalid_value(Unexpected::Str(&other), &self)),
            None => Ok(Span::Log(least, most)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct One {
        value: Span,
    }

    fn read(text: &str) -> Result<Span, String> {
        toml::from_str::<One>(&format!("value = {text}")).map(|one| one.value).map_err(|error| error.to_string())
    }

    #[test]
    fn three_forms_are_read_and_others_are_not() {
        assert_eq!(read("5"), Ok(Span::Fixed(5.0)));
        assert_eq!(read("[5, 20.5]"), Ok(Span::Even(5.0, 20.5)));
        assert_eq!(read("{ log = [2, 60] }"), Ok(Span::Log(2.0, 60.0)));
        for text in ["[1]", "[1, 2, 3]", "\"5\"", "{ even = [1, 2] }", "{ log = [1, 2], more = [1, 2] }", "{ }"] {
            assert!(read(text).unwrap_err().contains("number, [least, most]"), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn whole_numbers_reach_both_ends() {
        let mut rng = Rng::of(1, &[]);
        let drawn: Vec<u32> = (0..300).map(|_| Span::Even(1.0, 3.0).count(&mut rng)).collect();
        assert!([1, 2, 3].iter().all(|value| drawn.iter().filter(|one| *one == value).count() > 70), "{drawn:?}");
        let logs = (0..300).map(|_| Span::Log(2.0, 60.0).draw(&mut rng));
        assert!(logs.filter(|one| *one < 11.0).count() > 120, "half of them are below the middle of the logarithms");
    }
}
