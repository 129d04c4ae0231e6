//! Values that a mix may have: each fault names its key.

use std::ops::RangeInclusive;

use super::span::Span;

/// A value that a mix cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct Fault {
    /// The whole key, such as `attack "stolen tablet": phase 1: pace_s`.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

/// The place in a mix whose keys are looked at.
#[derive(Clone, Debug)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn table(name: &str) -> Self {
        Self(format!("{name}."))
    }

    pub(super) fn entry(kind: &str, name: &str) -> Self {
        Self(format!("{kind} \"{name}\": "))
    }

    pub(super) fn within(&self, part: &str) -> Self {
        Self(format!("{}{part}", self.0))
    }

    pub(super) fn must(&self, holds: bool, name: &str, problem: &str) -> Result<(), Fault> {
        if holds { Ok(()) } else { Err(Fault { key: format!("{}{name}", self.0), problem: problem.to_owned() }) }
    }

    pub(super) fn number(&self, name: &str, value: f64, bounds: RangeInclusive<f64>) -> Result<(), Fault> {
        let problem = || format!("{value} is not from {} to {}", bounds.start(), bounds.end());
        self.must(bounds.contains(&value), name, &problem())
    }

    pub(super) fn share(&self, name: &str, value: f64) -> Result<(), Fault> {
        self.number(name, value, 0.0..=1.0)
    }

    pub(super) fn span(&self, name: &str, span: Span, bounds: RangeInclusive<f64>) -> Result<(), Fault> {
        self.number(name, span.least(), bounds.clone())?;
        self.number(name, span.most(), bounds)?;
        self.must(span.least() <= span.most(), name, "the first is above the second")?;
        self.must(!matches!(span, Span::Log(least, _) if least <= 0.0), name, "`log` begins above 0")
    }

    pub(super) fn maybe(&self, name: &str, span: Option<Span>, bounds: RangeInclusive<f64>) -> Result<(), Fault> {
        span.map_or(Ok(()), |span| self.span(name, span, bounds))
    }
}
