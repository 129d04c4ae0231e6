//! Policy decision point: facts, request and time in; decision, rules and articles out. Cedar inside. Pure.
//!
//! Cedar fails open in two ways if used naively: an entity left out of the store makes a forbid that needs it an error,
//! and errors are skipped; and a forbid scoped by an action group never matches in a store built without the schema.
//! Here both are closed more than once: rules are linted when they are loaded ([`lint`]), facts reach Cedar only through
//! a slice that is complete and schema-checked (`slice`), and any error in an evaluation is a denial ([`point`]).

pub mod cedar_form;
pub mod decision;
pub mod error;
pub mod explain;
pub mod facts;
pub mod lint;
pub mod matrix;
pub mod point;
pub mod what_if;

mod compiled;
mod place;
mod slice;
mod vocabulary;

pub use cedar_form::FormError;
pub use decision::{Audience, Basis, Decision, PolicyVersion, Rule, RuleId};
pub use error::PolicyError;
pub use explain::{Explanation, NearPermit};
pub use facts::{
    DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, Said, ServiceFacts, SubjectFacts,
};
pub use lint::Finding;
pub use matrix::access_matrix;
pub use point::DecisionPoint;
pub use what_if::WhatIf;

pub use model::Authorship;

#[cfg(test)]
mod tests;
