//! The event stream as JSON lines, for a replay elsewhere: every value by the word that `anomaly` has for it.

use anomaly::Prefix;
use anomaly::event::{Edit, Event, Refusal, What, Why};
use serde_json::{Value, json};

/// One event as one line.
#[must_use]
pub fn line(event: &Event) -> String {
    let mut line = json!({
        "at": event.at.as_millis(),
        "source": address(event.source),
        "device": event.device.0,
        "facility": event.facility.0,
    });
    let (what, more) = what(&event.what);
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.insert("what".to_owned(), what.into());
        line.extend(more);
    }
    line.to_string()
}

fn what(what: &What) -> (&'static str, Value) {
    match what {
        What::Opened { user, person, why, marked } => (
            "opened",
            json!({ "user": user.0, "person": person.0, "why": why_word(*why), "sensitive": marked.sensitive, "near": marked.near }),
        ),
        What::Wrote { user, person, edit } => {
            ("wrote", json!({ "user": user.0, "person": person.0, "edit": edit_word(*edit) }))
        }
        What::Refused { user, target, person, refusal } => (
            "refused",
            json!({ "user": user.0, "target": format!("{target:016x}"), "person": person.map(|person| person.0), "refusal": refusal_word(*refusal) }),
        ),
        What::Delivered { user, bytes, export } => {
            ("delivered", json!({ "user": user.0, "bytes": bytes, "export": export }))
        }
        What::SignedIn { account, user, right, step_up } => (
            "signed-in",
            json!({ "account": format!("{:016x}", account.0), "user": user.map(|user| user.0), "right": right, "step_up": step_up }),
        ),
        What::Connected { print, place } => {
            let place = place.map(|place| {
                json!({ "north": place.north, "east": place.east, "within_km": place.within_km, "abroad": place.abroad })
            });
            ("connected", json!({ "hello": format!("{:016x}", print.hello), "family": print.family, "place": place }))
        }
        What::Ended { user } => ("ended", json!({ "user": user.map(|user| user.0) })),
        What::Replayed { user } => ("replayed", json!({ "user": user.0 })),
    }
}

/// An IPv4 address, which is all that a city here has.
fn address(source: Prefix) -> String {
    let parts: Vec<String> = source.iter().take(4).map(u8::to_string).collect();
    parts.join(".")
}

const fn why_word(why: Why) -> &'static str {
    match why {
        Why::Team => "team",
        Why::Visit => "visit",
        Why::Duty => "duty",
        Why::Disaster => "disaster",
        Why::Emergency => "emergency",
        Why::Right => "right",
    }
}

const fn edit_word(edit: Edit) -> &'static str {
    match edit {
        Edit::New => "new",
        Edit::Own => "own",
        Edit::Others => "others",
        Edit::Deleted => "deleted",
    }
}

const fn refusal_word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotAvailable => "not-available",
        Refusal::Rule => "rule",
        Refusal::Stopped => "stopped",
        Refusal::Ours => "ours",
    }
}
