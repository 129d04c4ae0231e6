//! From a stream of outcomes to a judgement. Pure: time is passed in, state is a value the caller keeps and bounds.
//!
//! Two engines so far: [`gcra`], a leaky bucket in one number, behind every limit of the gateway; and [`guess`], which
//! slows down the guessing of passwords without locking anybody out for good. The detectors of misuse come on top.

pub mod contain;
pub mod day;
mod detect;
mod device;
pub mod event;
pub mod finding;
pub mod gcra;
pub mod guard;
pub mod guess;
pub mod meter;
pub mod norm;
pub mod params;
mod recall;
mod rings;
pub mod sentence;
mod source;
mod user;

pub use contain::{Ask, Containment, Leave, Step};
pub use event::Event;
pub use finding::{Detector, Finding, Numbers, Subject};
pub use gcra::{Bucket, Quota, Verdict};
pub use guard::{Guard, Profile, Told};
pub use guess::{Guesses, Patience};
pub use params::{Order, Params, StandingOrder};
pub use sentence::Language;
pub use source::{Prefix, prefix};

#[cfg(test)]
mod tests;
