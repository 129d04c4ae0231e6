//! What the regulation tells, told to the registry.

mod care;
mod deletions;
mod devices;
mod duties;
mod emergencies;
mod enrolments;
mod expiring;
mod hits;
mod institutions;
mod officers;
mod revocations;
mod rules;
mod suspensions;
mod users;

use crate::Change;

/// The kinds of these changes, as the journal names them.
fn kinds(changes: &[Change]) -> Vec<String> {
    use crate::form::Form as _;
    changes.iter().map(|change| change.write()["kind"].as_str().unwrap().to_owned()).collect()
}
