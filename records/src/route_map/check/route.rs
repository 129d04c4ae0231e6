//! A route: a method that fits, and that it can be told whose records are meant and whose the answer is.

use std::time::Duration;

use model::{Action, Category};

use super::answer::answer;
use super::fields::{body, fields};
use super::{Faults, live, path};
use crate::bounds::ANSWER_WITHIN_MAX;
use crate::route_map::answer::Form;
use crate::route_map::body::Body;
use crate::route_map::file::{MapFile, RouteTable};
use crate::route_map::grammar::{Field, Grammar};
use crate::route_map::{Kind, PersonSource, Route};

pub(super) fn route(file: &MapFile, table: &RouteTable, kinds: &[Kind], faults: &mut Faults) -> Option<Route> {
    let place = format!("routes.`{}`", table.name);
    let place = place.as_str();
    let method = match table.method.as_str() {
        "GET" => Some("GET"),
        "POST" => Some("POST"),
        "PUT" => Some("PUT"),
        "DELETE" => Some("DELETE"),
        _ => None,
    };
    faults.unless(method.is_some(), place, "method must be GET, POST, PUT or DELETE");
    let path = path(file, &format!("{place}.path"), &table.path, faults);
    let query = fields(&format!("{place}.query"), &table.query, faults);
    let answer = answer(file, &format!("{place}.answer"), &table.answer, faults);
    let body = match (&answer, &table.body) {
        (Some(Form::Call { .. }), None) => Some(Body::Messages),
        (_, given) => body(&format!("{place}.body"), given.as_ref(), faults),
    };
    let within = table.seconds_max.map(Duration::from_secs);
    let possible = within.is_none_or(|within| !within.is_zero() && within <= ANSWER_WITHIN_MAX);
    if !possible {
        faults.add(place, format_args!("seconds_max must be between 1 and {}", ANSWER_WITHIN_MAX.as_secs()));
    }
    let (method, path, body, answer) = (method?, path?, body?, answer?);
    let page_of_nobody = matches!(answer, Form::Page { .. }) && table.kind.is_none();
    let route = if page_of_nobody || matches!(answer, Form::Asset { .. }) {
        asset(table, place, faults);
        Route {
            name: table.name.clone(),
            method,
            path,
            kind: None,
            action: Action::Read,
            persons: Vec::new(),
            query,
            metadata: None,
            body,
            answer,
            within,
        }
    } else {
        let number = table.kind.as_ref().and_then(|name| kinds.iter().position(|kind| kind.name == *name));
        // A kind that is not in order has left its own faults.
        let named = table.kind.as_ref().is_some_and(|name| file.kinds.contains_key(name));
        faults.unless(named, place, "kind must name one of the kinds of the map");
        let action = table.action.as_deref().ok_or("is missing".to_owned());
        let action = action.and_then(|text| text.parse::<Action>().map_err(|error| error.to_string()));
        let action = faults.keep(&format!("{place}.action"), action);
        let persons = sources(place, &table.person, faults);
        Route {
            name: table.name.clone(),
            method,
            path,
            kind: Some(number?),
            action: action?,
            persons,
            query,
            metadata: table.metadata.clone(),
            body,
            answer,
            within,
        }
    };
    if let Some(kind) = route.kind.and_then(|number| kinds.get(number)) {
        if route.goes_on() {
            live::fits(&route, kind, place, faults);
        } else {
            fits_method(&route, place, faults);
        }
        tells_whose(&route, kind, place, faults);
        tells_who(&route, kind, place, faults);
        answers_whose(&route, kind, place, faults);
    } else {
        faults.unless(
            route.method == "GET" && route.body == Body::None,
            place,
            "what is nobody's must be a GET, without a body",
        );
        let fixed = !(route.path.has_id() || route.path.has_person() || !route.query.is_empty());
        faults.unless(fixed, place, "what is nobody's must have one address: no {person}, no {id}, no query");
    }
    Some(route)
}

/// What does not belong to what is nobody's.
fn asset(table: &RouteTable, place: &str, faults: &mut Faults) {
    let plain = table.kind.is_none() && table.action.is_none() && table.person.is_empty() && table.metadata.is_none();
    faults.unless(
        plain,
        place,
        "a static asset, or a page without kind, is nobody's: it must have no kind, action or person",
    );
}

fn sources(place: &str, words: &[String], faults: &mut Faults) -> Vec<PersonSource> {
    let mut sources = Vec::new();
    for word in words {
        let source = match word.as_str() {
            "path" => PersonSource::Path,
            "query" => PersonSource::Query,
            "body" => PersonSource::Body,
            "stored" => PersonSource::Stored,
            "metadata" => PersonSource::Metadata,
            _ => {
                faults.add(
                    place,
                    format_args!("person comes from `{word}`; one of: path, query, body, stored, metadata"),
                );
                continue;
            }
        };
        faults.unless(!sources.contains(&source), place, "person names one source twice");
        sources.push(source);
    }
    sources
}

/// A method means to every cache, crawler and browser what HTTP says it means (RFC 9110 9.2).
fn fits_method(route: &Route, place: &str, faults: &mut Faults) {
    let fits = match route.method {
        "GET" => matches!(route.action, Action::Read | Action::Search),
        "POST" => route.action.writes(),
        "PUT" => route.action == Action::Update,
        _ => route.action == Action::Delete,
    };
    faults.unless(
        fits,
        place,
        "method and action do not go together: a GET reads or searches, a POST writes, a PUT updates, a DELETE deletes",
    );
    let metadata = route.metadata.is_none() && !route.persons.contains(&PersonSource::Metadata);
    faults.unless(metadata, place, "metadata belongs to calls of gRPC: form grpc");
    let bodies = matches!(route.method, "POST" | "PUT") || route.body == Body::None;
    faults.unless(bodies, place, "a GET or a DELETE must have no body");
    let replaces = matches!(route.action, Action::Update | Action::Delete);
    let looked_up = !replaces || (route.path.has_id() && route.looks_up());
    faults.unless(
        looked_up,
        place,
        "what is updated or deleted must be named by {id} and looked up first: person from `stored`",
    );
    let creates = route.action != Action::Create || !route.path.has_id();
    faults.unless(creates, place, "the path of what is created must have no {id}: there is none yet");
}

/// It can be told whose records are meant, before anything is sent.
fn tells_whose(route: &Route, kind: &Kind, place: &str, faults: &mut Faults) {
    let nobodys = kind.category() == Category::Directory;
    if nobodys {
        let none = route.persons.is_empty() && route.action != Action::Create && !route.action.writes();
        faults.unless(
            none,
            place,
            "records of the directory are nobody's: person must not be given, and the action must be read or search",
        );
    } else {
        faults.unless(!route.persons.is_empty(), place, "it cannot be told whose record is meant: person is missing");
    }
    let has = |source| route.persons.contains(&source);
    let typed = |fields: Vec<&Field>| fields.iter().filter(|field| field.grammar == Grammar::Person).count();
    let required = |fields: &[&Field]| fields.iter().all(|field| field.required || field.grammar != Grammar::Person);
    let query: Vec<&Field> = route.query.iter().map(|(_, field)| field).collect();
    let sent = route.body.fields();
    faults.unless(required(&query) && required(&sent), place, "a parameter or field of type person must be required");
    faults.unless(
        route.path.has_person() == has(PersonSource::Path),
        place,
        "{person} in the path and person from `path` must go together, and one of them is missing",
    );
    let in_query = typed(query) == usize::from(has(PersonSource::Query));
    faults.unless(in_query, place, "one parameter of type person and person from `query` must go together");
    let in_body = typed(sent) == usize::from(has(PersonSource::Body));
    faults.unless(in_body, place, "one field of type person and person from `body` must go together");
    let looked_up = !has(PersonSource::Stored) || (route.path.has_id() && kind.look_up.is_some());
    faults.unless(looked_up, place, "person from `stored` needs {id} in the path, and a look-up of the kind");
}

/// It can be told in whose name is written (art. 18, 28), where the client says so and not the application.
fn tells_who(route: &Route, kind: &Kind, place: &str, faults: &mut Faults) {
    let stored = kind.look_up.as_ref().and_then(|look_up| look_up.authors.as_ref());
    let told = route.body.names_authors() || !stored.is_some_and(|stored| route.body.reaches(stored));
    faults.unless(told, place, "a field is what the look-up calls authors: the body has to say so, by `authors`");
    faults.unless(
        stored.is_some() || !route.body.names_authors() || route.action != Action::Update,
        place,
        "the body of an update names authors, and the look-up of the kind does not",
    );
}

/// It can be told whose the answer is.
fn answers_whose(route: &Route, kind: &Kind, place: &str, faults: &mut Faults) {
    let nobodys = kind.category() == Category::Directory;
    let whose = "it cannot be told whose the answer is: person is missing";
    match &route.answer {
        Form::Record { person, .. } => {
            faults.unless(
                person.is_some() != nobodys,
                place,
                if nobodys { "the directory has no person, and the answer is to name one" } else { whose },
            );
            faults.unless(route.action != Action::Search, place, "a search must be answered by a list, or by a page");
        }
        Form::List(list) => {
            faults.unless(
                list.person.is_some() != nobodys,
                place,
                if nobodys { "the directory has no person, and the answer is to name one" } else { whose },
            );
            faults.unless(route.action == Action::Search, place, "a list answers a search, and the action is another");
        }
        Form::Page { .. } => faults.unless(!nobodys, place, "a page names a person, and the directory has none"),
        Form::Bytes => {
            let bound = route.action == Action::Read && route.looks_up();
            faults.unless(bound, place, "bytes are not looked into, so their version must be looked up first: action read, person from `stored`");
        }
        Form::Redirect { .. } => {}
        Form::Nothing => faults.unless(
            route.action.writes(),
            place,
            "a route that reads must have an answer: `nothing` belongs to those that write",
        ),
        Form::Asset { .. } | Form::Socket(_) | Form::Call { .. } | Form::Events { .. } => {}
    }
}
