//! A city's care network at work, from a seed: what people do, honest and not, and how well the detectors tell them apart.
//!
//! Four parts, in the order of things: a [`mix`] says what a city is like; the [`city`] is founded from it; people live their
//! days ([`day`]) and attackers carry out their plans ([`attack`]), each deed ([`deed`]) in its order ([`run`]) before a sink,
//! which is the detectors in memory ([`judge`]); and the [`score`] says what came of it. How to write a mix is in `docs/citysim.md`.

pub mod attack;
pub mod calendar;
pub mod city;
pub mod day;
pub mod deed;
mod door;
pub mod judge;
pub mod lines;
pub mod mix;
mod office;
mod people;
pub mod rng;
pub mod run;
pub mod score;
pub mod stream;
mod villains;

pub use judge::{Court, Judge, Silent};
pub use mix::Mix;
pub use run::{Run, Size};
pub use score::{Report, Score};

/// The mixes that come with it, each by its name.
pub const MIXES: [(&str, &str); 3] = [
    ("shipped", include_str!("../mixes/shipped.toml")),
    ("other-city", include_str!("../mixes/other-city.toml")),
    ("hospital-days", include_str!("../mixes/hospital-days.toml")),
];

#[cfg(test)]
mod tests;
