//! A WebSocket, a call of gRPC or an event stream: that its person stands in words that are decided on, and is said once more by the store.

use model::{Action, Category};

use super::Faults;
use crate::bounds::MAP_MESSAGE_BYTES_MAX;
use crate::route_map::answer::Form;
use crate::route_map::body::Body;
use crate::route_map::file::AnswerTable;
use crate::route_map::live::{SocketForm, token};
use crate::route_map::{Kind, PersonSource, Route};

/// What the map says of a WebSocket.
pub(super) fn socket(place: &str, table: &AnswerTable, faults: &mut Faults) -> Option<Form> {
    let person = person_field(place, table, faults);
    let protocols = table.protocols.clone().unwrap_or_default();
    let different = protocols.iter().enumerate().all(|(at, one)| !protocols.iter().take(at).any(|other| other == one));
    faults.unless(
        protocols.iter().all(|protocol| token(protocol))
            && different
            && table.protocols.as_ref().is_none_or(|all| !all.is_empty()),
        place,
        "protocols must be names of subprotocols, each once, and none is no list",
    );
    let message_bytes_max = table.message_bytes_max.unwrap_or(MAP_MESSAGE_BYTES_MAX);
    faults.unless(
        (1..=MAP_MESSAGE_BYTES_MAX).contains(&message_bytes_max),
        place,
        &format!("message_bytes_max must be 1 to {MAP_MESSAGE_BYTES_MAX}"),
    );
    Some(Form::Socket(SocketForm { person: person?, protocols, message_bytes_max }))
}

/// What the map says of a call of gRPC.
pub(super) fn call(place: &str, table: &AnswerTable, faults: &mut Faults) -> Option<Form> {
    Some(Form::Call { person: person_field(place, table, faults)? })
}

/// What the map says of an event stream.
pub(super) fn events(place: &str, table: &AnswerTable, faults: &mut Faults) -> Option<Form> {
    Some(Form::Events { person: person_field(place, table, faults)? })
}

fn person_field(place: &str, table: &AnswerTable, faults: &mut Faults) -> Option<String> {
    let name = table.person.as_ref()?;
    faults.unless(is_own_field(name), place, OWN_FIELD);
    Some(name.clone())
}

const OWN_FIELD: &str =
    "the field that names the person must be one of the application's own: x- and lower-case letters, digits and -";

/// Nothing that anybody else reads something into.
fn is_own_field(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.starts_with("x-")
        && (3..=64).contains(&name.len())
        && name.bytes().all(plain)
        && !name.ends_with("-bin")
        && name != "x-security-context"
        && !name.starts_with("x-forwarded")
        && !crate::head::is_refused(name)
}

/// What goes on is about one person whom the request names, and does what can be said of all of it.
pub(super) fn fits(route: &Route, kind: &Kind, place: &str, faults: &mut Faults) {
    let call = matches!(route.answer, Form::Call { .. });
    let (what, method, own) = match route.answer {
        Form::Call { .. } => ("a call of gRPC", "POST", PersonSource::Metadata),
        Form::Events { .. } => ("an event stream", "GET", PersonSource::Query),
        _ => ("a WebSocket", "GET", PersonSource::Query),
    };
    faults.unless(route.method == method, place, &format!("{what} must be a {method}"));
    if let Form::Events { .. } = route.answer {
        faults.unless(route.action == Action::Read, place, "an event stream is listened to: action must be read");
    } else {
        let action = matches!(route.action, Action::Read | Action::Create | Action::Update);
        let needed = "reads, or reads and creates or updates: action must be read, create or update";
        faults.unless(action, place, &format!("{what} {needed}"));
    }
    let named = route.persons.iter().all(|source| *source == PersonSource::Path || *source == own);
    faults.unless(
        named && !route.path.has_id(),
        place,
        &format!("{what} outlives whatever is looked up: its person must come from path or {own_word}, and its path must have no {{id}}", own_word = if call { "metadata" } else { "query" }),
    );
    faults.unless(
        kind.category() != Category::Directory,
        place,
        &format!("{what} is about a person, and the directory has none"),
    );
    let body = if call { Body::Messages } else { Body::None };
    faults.unless(route.body == body, place, &format!("{what} must have no body: what is said in it is not read"));
    faults.unless(!call || route.query.is_empty(), place, "a call of gRPC has no query");
    if let Some(field) = &route.metadata {
        faults.unless(is_own_field(field), place, OWN_FIELD);
    }
    faults.unless(
        route.metadata.is_some() == route.persons.contains(&PersonSource::Metadata),
        place,
        "metadata, which names a field, and person from `metadata` must go together, and one of them is missing",
    );
}
