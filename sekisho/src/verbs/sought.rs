//! What a list or a search was about, and whether there is such a thing: whoever mistyped a number hears of it where nothing
//! is found.

use model::Target;
use registry::Snapshot;

/// Those of them that nobody has entered, as the end of a sentence; empty where all are known.
pub(super) fn unknown(snapshot: &Snapshot, sought: impl IntoIterator<Item = Target>) -> String {
    let is_known = |one: &Target| match one {
        Target::UserId(id) => snapshot.user_id(id).is_some(),
        Target::User(key) => snapshot.user(key).is_some(),
        Target::Device(id) => snapshot.device(id).is_some(),
        Target::Facility(id) => snapshot.facility(id).is_some(),
        Target::Person(id) => snapshot.person(id).is_some(),
    };
    let unknown = sought.into_iter().filter(|one| !is_known(one));
    unknown.map(|one| format!("; there is no {}", in_words(&one))).collect()
}

fn in_words(target: &Target) -> String {
    match target {
        Target::UserId(id) => format!("user ID `{id}`"),
        Target::User(key) => format!("user `{key}`"),
        Target::Device(id) => format!("device `{id}`"),
        Target::Facility(id) => format!("facility `{id}`"),
        Target::Person(id) => format!("person `{id}`"),
    }
}
