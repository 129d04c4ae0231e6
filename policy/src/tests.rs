//! Tests of the decision point. `oracle` is the same regulation written a second time, by hand and without Cedar.

mod agreement;
mod cedar_form;
mod compiled;
mod explained;
mod generator;
mod loading;
mod oracle;
mod table;
mod traps;

use std::sync::LazyLock;

use model::{Action, Category};

use crate::facts::{Facts, Request, Said};
use crate::matrix::now;
use crate::point::DecisionPoint;

/// One point for all tests: it is immutable, and parsing it takes a moment.
static POINT: LazyLock<DecisionPoint> = LazyLock::new(|| DecisionPoint::builtin().unwrap());

fn request(action: Action, category: Category) -> Request {
    Request::new(action, category, now(), Said::NOTHING)
}

/// The decision in one line: `permit P01-team-reads`, `denial -`, `denial ! …` with an error.
fn decided(request: &Request, facts: &Facts) -> String {
    line(&POINT.decide(request, facts))
}

fn line(decision: &crate::Decision) -> String {
    let word = if decision.is_permit() { "permit" } else { "denial" };
    let basis = decision.basis();
    let errors = if basis.errors.is_empty() { String::new() } else { format!(" ! {}", basis.errors.join("; ")) };
    format!("{word} {}{errors}", basis.rule_names())
}
