//! Writing rules safely: cases, proofs, differences, replays. For people at a desk, never for requests.
//!
//! Reading order: `sources` (which rules), `words` (facts in words), `bench` (rules laid open), `cases` (what the city
//! expects), `fences`, `solver` and `prove` (what must hold of all facts), `diff` (what a change opens and closes), `replay`
//! (what it would have done to what was decided).

mod bench;
pub mod cases;
pub mod diff;
mod error;
mod example;
pub mod fences;
pub mod prove;
pub mod replay;
mod solver;
mod sources;
mod words;

pub use bench::{Bench, Holding};
pub use error::BenchError;
pub use solver::Solver;
pub use sources::{SCHEMA_FILE, Sources};
pub use words::{Language, Phrase, Situation, phrases, question_texts};

#[cfg(test)]
mod tests;
