//! From a stream of outcomes to a judgement. Pure: time is passed in, state is a value the caller keeps and bounds.
//!
//! [`gcra`] is a leaky bucket in one number, behind every limit of the gateway; [`guess`] slows down the guessing of passwords without
//! locking anybody out for good. On top stands [`guard`]: events in, findings and acts out. Its detectors look at one thing each; how far
//! somebody is held while something about him is not settled is [`contain`]'s.

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
