//! A score one by one, for whoever looks for the reason of a number: each attack, and each thing that an officer heard of.

use std::fmt::{self, Display, Formatter};

use anomaly::{Step, Subject, Told};

use super::{Fate, Score, Truth};

/// All of it, a line each.
#[derive(Clone, Copy, Debug)]
pub struct Details<'a>(pub &'a Score);

impl Display for Details<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for fate in &self.0.fates {
            attack(f, fate, self.0.kinds.get(fate.kind).map_or("", |(name, _)| name))?;
        }
        self.0.heard.iter().try_for_each(|(truth, told)| finding(f, *truth, told))
    }
}

fn attack(f: &mut Formatter<'_>, fate: &Fate, name: &str) -> fmt::Result {
    let after =
        |millis: Option<i64>| millis.map_or_else(|| "never".to_owned(), |millis| format!("after {} s", millis / 1000));
    let subjects: Vec<String> = fate.subjects.iter().map(subject).collect();
    let (detected, held) = (after(fate.detected), after(fate.held));
    writeln!(f, "{} attack \"{name}\" by {}: detected {detected}, held {held}", fate.from.to_jst(), subjects.join(", "))
}

fn finding(f: &mut Formatter<'_>, truth: Truth, told: &Told) -> fmt::Result {
    let finding = &told.finding;
    let alert = if finding.alert { "alert" } else { "no alert" };
    let done = if told.done == Step::None { "nothing done" } else { told.done.as_str() };
    let truth = format!("{truth:?}").to_lowercase();
    let (at, of, numbers) = (finding.at.to_jst(), subject(&finding.subject), finding.numbers);
    writeln!(f, "{at} {truth} {} of {of}: {alert}, {done}; {numbers:?}", finding.detector)
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::User(user) => format!("user {}", user.0),
        Subject::Device(device) => format!("device {}", device.0),
        Subject::Facility(facility) => format!("facility {}", facility.0),
        Subject::City => "the city".to_owned(),
    }
}
