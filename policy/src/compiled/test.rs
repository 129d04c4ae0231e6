//! What is left of a condition: a tree of comparisons, asked from left to right as Cedar does, so that what fails there fails
//! here and nothing else does.

use std::cmp::Ordering;

use super::place::{Flag, Time, WordOf};
use crate::facts::{Facts, Request};

/// An attribute that is not there: Cedar's evaluation would fail at the same point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) &'static str);

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Const(bool),
    /// Fails whatever the facts are.
    Fault(Fault),
    Flag(Flag),
    /// One bit for each word that fits.
    Word(WordOf, u32),
    /// The device is loaned to the facility of the user ID.
    SameFacility,
    HasDisasterUntil,
    Compare(Time, Compare, Time),
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    If(Box<Test>, Box<Test>, Box<Test>),
}

/// How two times are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Less,
    LessOrEqual,
    Equal,
}

impl Test {
    /// Whether it holds on these facts.
    pub(super) fn holds(&self, request: &Request, facts: &Facts) -> Result<bool, Fault> {
        match self {
            Self::Const(value) => Ok(*value),
            Self::Fault(fault) => Err(*fault),
            Self::Flag(flag) => flag.get(request, facts),
            Self::Word(word, fitting) => Ok(fitting & bit(word.get(request, facts)?) != 0),
            Self::SameFacility => Ok(facts.device.facility == facts.subject.facility),
            Self::HasDisasterUntil => Ok(facts.service.disaster.is_some()),
            Self::Compare(left, compare, right) => {
                let order = left.get(request, facts)?.cmp(&right.get(request, facts)?);
                Ok(match compare {
                    Compare::Less => order == Ordering::Less,
                    Compare::LessOrEqual => order != Ordering::Greater,
                    Compare::Equal => order == Ordering::Equal,
                })
            }
            Self::Not(inner) => inner.holds(request, facts).map(|value| !value),
            Self::And(left, right) => Ok(left.holds(request, facts)? && right.holds(request, facts)?),
            Self::Or(left, right) => Ok(left.holds(request, facts)? || right.holds(request, facts)?),
            Self::If(condition, then, otherwise) => {
                if condition.holds(request, facts)? { then } else { otherwise }.holds(request, facts)
            }
        }
    }

    /// Both, in this order; what can be said already is said.
    pub(super) fn and(self, right: Self) -> Self {
        match (self, right) {
            (Self::Const(false), _) => Self::Const(false),
            (Self::Fault(fault), _) => Self::Fault(fault),
            (Self::Const(true), right) => right,
            (left, Self::Const(true)) => left,
            (left, right) => Self::And(Box::new(left), Box::new(right)),
        }
    }

    /// Either, in this order. Several words of one place are one look.
    pub(super) fn or(self, right: Self) -> Self {
        match (self, right) {
            (Self::Const(true), _) => Self::Const(true),
            (Self::Fault(fault), _) => Self::Fault(fault),
            (Self::Const(false), right) => right,
            (left, Self::Const(false)) => left,
            (Self::Word(one, fitting), Self::Word(other, more)) if one == other => Self::Word(one, fitting | more),
            (left, right) => Self::Or(Box::new(left), Box::new(right)),
        }
    }

    /// The opposite.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Const(value) => Self::Const(!value),
            Self::Fault(fault) => Self::Fault(fault),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// One or the other.
    pub(super) fn if_then_else(self, then: Self, otherwise: Self) -> Self {
        match self {
            Self::Const(true) => then,
            Self::Const(false) => otherwise,
            Self::Fault(fault) => Self::Fault(fault),
            condition => Self::If(Box::new(condition), Box::new(then), Box::new(otherwise)),
        }
    }

    /// One word fits.
    pub(super) const fn word(place: WordOf, number: u8) -> Self {
        Self::Word(place, bit(number))
    }
}

/// Lists of words are far shorter than 32; `read` sees to it.
const fn bit(number: u8) -> u32 {
    1_u32 << (number % 32)
}
