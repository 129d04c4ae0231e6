//! Cities as a whole: what a mix asks for comes, in order, and the same for the same seed.

mod acts;
mod held;
mod stream;

use anomaly::event::{Event, What};

use crate::{Court, Mix, Run, Score, Silent, Size};

/// A city in which nothing happens by itself.
const QUIET: &str = "
[city]
stopped = 0.1
[care]
search = 0
export = 0
denied = 0
right_reads = 0
emergency = 0
[network]
updates = 0
other_program = 0
wrong_password = 0
[churn]
join = 0
leave = 0
persons = 0
terminals = 0
away = 0
";

/// A city in which nothing happens but what is said.
fn quiet(said: &str) -> Mix {
    let professions =
        model::Profession::ALL.iter().map(|profession| format!("[profession.{profession}]\nvisits = 0\ndesk = 0\n"));
    Mix::read(&format!("{}{QUIET}{said}", professions.collect::<String>())).unwrap()
}

fn size(users: u32, weeks: u32, seed: u64) -> Size {
    Size { users, weeks, seed }
}

/// Everything that happens where nobody is held.
fn events(mix: &Mix, size: Size) -> Vec<Event> {
    run(mix, size).1
}

fn run(mix: &Mix, size: Size) -> (Score, Vec<Event>) {
    let mut all = Vec::new();
    let (score, _) = Run::new(mix, size, Court::new(Silent, |event: &Event| all.push(*event))).unwrap().go();
    (score, all)
}

/// What an event is, in a word.
fn word(event: &Event) -> &'static str {
    match event.what {
        What::Opened { .. } => "opened",
        What::Wrote { .. } => "wrote",
        What::Refused { .. } => "refused",
        What::Delivered { export: false, .. } => "delivered",
        What::Delivered { export: true, .. } => "exported",
        What::SignedIn { right: true, step_up: false, .. } => "signed-in",
        What::SignedIn { right: true, step_up: true, .. } => "stepped-up",
        What::SignedIn { right: false, .. } => "wrong",
        What::Connected { .. } => "connected",
        What::Ended { .. } => "ended",
        What::Replayed { .. } => "replayed",
    }
}

/// The words of all events, each with how often it comes in a row.
fn words(events: &[Event]) -> String {
    let mut said: Vec<(&str, u32)> = Vec::new();
    for event in events.iter().filter(|event| !matches!(event.what, What::Delivered { export: false, .. })) {
        match said.last_mut() {
            Some((last, count)) if *last == word(event) => *count += 1,
            _ => said.push((word(event), 1)),
        }
    }
    let said =
        said.iter().map(|(word, count)| if *count == 1 { (*word).to_owned() } else { format!("{count} {word}") });
    said.collect::<Vec<_>>().join(", ")
}
