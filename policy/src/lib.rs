//! Policy decision point: facts, request and time in; decision, rules and articles out. Cedar inside. Pure.

pub mod decision;
pub mod facts;

pub use decision::{Basis, Decision, PolicyVersion, Rule, RuleId};
pub use facts::{
    DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, ServiceFacts, SubjectFacts,
};
