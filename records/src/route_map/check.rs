//! From a map as it is written to one that can be used: everything that is wrong is named, with its place.
//!
//! What is asked of a map is what keeps the promises: that it can be told whose a record is *before* anything is sent, that
//! it can be told once more from the answer, and that no request has two routes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use model::{Action, Category};

use super::answer::{Form, ListForm};
use super::body::Body;
use super::file::{AnswerTable, BodyTable, FieldTable, KindTable, MapFile, RouteTable};
use super::grammar::{Field, Grammar};
use super::pointer::{ANY_ITEM, Pointer};
use super::template::Template;
use super::{Kind, LookUp, PersonSource, RESERVED, Route, RouteMap};
use crate::bounds::{MAP_BODY_BYTES_MAX, MAP_ROUTES_MAX, MAP_TEXT_MAX};
use crate::json;
use crate::media::MediaType;
use crate::touches::RecordKind;

/// What is wrong so far. A value that cannot be had is none, and the reason stands here.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, place: &str, what: impl Display) {
        self.0.push(format!("{place}: {what}"));
    }

    fn keep<T, E: Display>(&mut self, place: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(place, error)).ok()
    }

    fn unless(&mut self, fits: bool, place: &str, what: &str) {
        if !fits {
            self.add(place, what);
        }
    }
}

/// Checks a map.
///
/// # Errors
/// Everything that is wrong, each with its place.
pub(super) fn check(file: &MapFile) -> Result<RouteMap, Vec<String>> {
    let mut faults = Faults::default();
    faults.unless(is_word(&file.name), "name", "must be a word of lower-case letters, digits and -");
    faults.unless(is_word(&file.prefix), "prefix", "must be one segment of lower-case letters, digits and -");
    faults.unless(!RESERVED.contains(&file.prefix.as_str()), "prefix", "is the gateway's own");
    let mut kinds = Vec::new();
    for (name, table) in &file.kinds {
        kinds.extend(kind(file, name, table, &mut faults));
        let used = file.routes.iter().any(|route| route.kind.as_ref() == Some(name));
        faults.unless(used, &format!("kinds.{name}"), "is the kind of no route");
    }
    faults.unless(!file.routes.is_empty(), "routes", "there is none");
    faults.unless(file.routes.len() <= MAP_ROUTES_MAX, "routes", "there are too many");
    let mut routes = Vec::new();
    for table in &file.routes {
        routes.extend(route(file, table, &kinds, &mut faults));
    }
    names(&file.routes, &mut faults);
    if routes.len() == file.routes.len() {
        meetings(&routes, &mut faults);
        redirects(&routes, &mut faults);
    }
    let map = RouteMap { name: file.name.clone(), prefix: file.prefix.clone(), kinds, routes };
    if faults.0.is_empty() { Ok(map) } else { Err(faults.0) }
}

/// Names of maps, kinds, prefixes.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text.len() <= 32
}

fn path(file: &MapFile, place: &str, text: &str, faults: &mut Faults) -> Option<Template> {
    let template = faults.keep(place, Template::parse(text))?;
    let known = is_word(&file.prefix) && !RESERVED.contains(&file.prefix.as_str());
    let below = !known || template.first() == Some(&file.prefix);
    faults.unless(below, place, "does not begin with the prefix of the map");
    Some(template)
}

fn kind(file: &MapFile, name: &str, table: &KindTable, faults: &mut Faults) -> Option<Kind> {
    let place = format!("kinds.{name}");
    faults.unless(is_word(name), &place, "must be a word of lower-case letters, digits and -");
    let category = faults.keep(&format!("{place}.category"), table.category.parse::<Category>());
    let mut look_up = None;
    if let Some(table) = &table.look_up {
        let place = format!("{place}.look_up");
        let path = path(file, &format!("{place}.path"), &table.path, faults);
        if let Some(path) = &path {
            faults.unless(
                path.has_id() && !path.has_person(),
                &place,
                "a look-up has {id} in its path, and no {person}",
            );
        }
        let id = faults.keep(&format!("{place}.id"), Pointer::parse(&table.id));
        let person = faults.keep(&format!("{place}.person"), Pointer::parse(&table.person));
        let authors = table.authors.as_ref().map(|text| faults.keep(&format!("{place}.authors"), Pointer::parse(text)));
        look_up = Some(LookUp { path: path?, id: id?, person: person?, authors: authors.flatten() });
        let nobodys = category == Some(Category::Directory);
        faults.unless(!nobodys, &place, "records of the directory are nobody's: there is nothing to look up");
    }
    let record = RecordKind::Mapped { name: Arc::from(format!("{}.{name}", file.name)), category: category? };
    Some(Kind { name: name.to_owned(), record, sensitive: table.sensitive, look_up })
}

fn route(file: &MapFile, table: &RouteTable, kinds: &[Kind], faults: &mut Faults) -> Option<Route> {
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
    let body = body(&format!("{place}.body"), table.body.as_ref(), faults);
    let answer = answer(file, &format!("{place}.answer"), &table.answer, faults);
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
            body,
            answer,
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
            body,
            answer,
        }
    };
    if let Some(kind) = route.kind.and_then(|number| kinds.get(number)) {
        fits_method(&route, place, faults);
        tells_whose(&route, kind, place, faults);
        tells_who(&route, kind, place, faults);
        answers_whose(&route, kind, place, faults);
    } else {
        faults.unless(
            route.method == "GET" && route.body == Body::None,
            place,
            "what is nobody's is got, without a body",
        );
        let fixed = !(route.path.has_id() || route.path.has_person() || !route.query.is_empty());
        faults.unless(fixed, place, "what is nobody's has one address");
    }
    Some(route)
}

/// What does not belong to what is nobody's.
fn asset(table: &RouteTable, place: &str, faults: &mut Faults) {
    let plain = table.kind.is_none() && table.action.is_none() && table.person.is_empty();
    faults.unless(plain, place, "a static asset, or a page without kind, is nobody's: it has no action or person");
}

fn sources(place: &str, words: &[String], faults: &mut Faults) -> Vec<PersonSource> {
    let mut sources = Vec::new();
    for word in words {
        let source = match word.as_str() {
            "path" => PersonSource::Path,
            "query" => PersonSource::Query,
            "body" => PersonSource::Body,
            "stored" => PersonSource::Stored,
            _ => {
                faults.add(place, format_args!("person comes from `{word}`; one of: path, query, body, stored"));
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
    faults.unless(fits, place, "a GET reads or searches, a POST writes, a PUT updates, a DELETE deletes");
    let bodies = matches!(route.method, "POST" | "PUT") || route.body == Body::None;
    faults.unless(bodies, place, "a GET or a DELETE has no body");
    let replaces = matches!(route.action, Action::Update | Action::Delete);
    let looked_up = !replaces || (route.path.has_id() && route.looks_up());
    faults.unless(
        looked_up,
        place,
        "what is updated or deleted is named by {id} and looked up first: person from `stored`",
    );
    let creates = route.action != Action::Create || !route.path.has_id();
    faults.unless(creates, place, "what is created has no {id} yet");
}

/// It can be told whose records are meant, before anything is sent.
fn tells_whose(route: &Route, kind: &Kind, place: &str, faults: &mut Faults) {
    let nobodys = kind.category() == Category::Directory;
    if nobodys {
        let none = route.persons.is_empty() && route.action != Action::Create && !route.action.writes();
        faults.unless(none, place, "records of the directory are nobody's, and are not changed here");
    } else {
        faults.unless(!route.persons.is_empty(), place, "it cannot be told whose record is meant: person is missing");
    }
    let has = |source| route.persons.contains(&source);
    let typed = |fields: Vec<&Field>| fields.iter().filter(|field| field.grammar == Grammar::Person).count();
    let required = |fields: &[&Field]| fields.iter().all(|field| field.required || field.grammar != Grammar::Person);
    let query: Vec<&Field> = route.query.iter().map(|(_, field)| field).collect();
    let sent = route.body.fields();
    faults.unless(required(&query) && required(&sent), place, "who names the person is required");
    faults.unless(
        route.path.has_person() == has(PersonSource::Path),
        place,
        "{person} in the path, and person from `path`, go together",
    );
    let in_query = typed(query) == usize::from(has(PersonSource::Query));
    faults.unless(in_query, place, "one parameter of type person, and person from `query`, go together");
    let in_body = typed(sent) == usize::from(has(PersonSource::Body));
    faults.unless(in_body, place, "one field of type person, and person from `body`, go together");
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
                if nobodys { "the directory has no person" } else { whose },
            );
            faults.unless(route.action != Action::Search, place, "a search is answered by a list, or by a page");
        }
        Form::List(list) => {
            faults.unless(
                list.person.is_some() != nobodys,
                place,
                if nobodys { "the directory has no person" } else { whose },
            );
            faults.unless(route.action == Action::Search, place, "a list is the answer to a search");
        }
        Form::Page { .. } => faults.unless(!nobodys, place, "a page names a person, and the directory has none"),
        Form::Bytes => {
            let bound = route.action == Action::Read && route.looks_up();
            faults.unless(bound, place, "bytes are not read: their version is looked up first, person from `stored`");
        }
        Form::Redirect { .. } => {}
        Form::Nothing => faults.unless(route.action.writes(), place, "who reads gets an answer"),
        Form::Asset { .. } => {}
    }
}

fn fields(place: &str, tables: &BTreeMap<String, FieldTable>, faults: &mut Faults) -> Vec<(String, Field)> {
    let mut fields: Vec<(String, Field)> = Vec::new();
    for (name, table) in tables {
        let place = format!("{place}.{name}");
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        faults.unless(plain, &place, "is no plain name");
        let other = fields.iter().all(|(own, _)| !own.eq_ignore_ascii_case(name));
        faults.unless(other, &place, "differs from another by upper and lower case only");
        fields.extend(field(&place, table, faults).map(|field| (name.clone(), field)));
    }
    fields
}

fn field(place: &str, table: &FieldTable, faults: &mut Faults) -> Option<Field> {
    let FieldTable { kind, required, least, most, words, characters_max } = table;
    let bounds = (least.is_some() || most.is_some(), words.is_some(), characters_max.is_some());
    let expected = match kind.as_str() {
        "number" => (true, false, false),
        "words" => (false, true, false),
        "text" | "lines" => (false, false, true),
        _ => (false, false, false),
    };
    faults.unless(
        bounds == expected,
        place,
        "number has least and most, words has words, text and lines have characters_max, and others have none of these",
    );
    let grammar = match kind.as_str() {
        "person" => Grammar::Person,
        "id" => Grammar::Id,
        "date" => Grammar::Date,
        "time" => Grammar::Time,
        "truth" => Grammar::Truth,
        "number" => {
            let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
            faults.unless(
                table.least.is_some() && table.most.is_some() && least <= most,
                place,
                "least must not be above most",
            );
            Grammar::Number { least, most }
        }
        "words" => {
            let words = words.clone().unwrap_or_default();
            let plain = |word: &String| (1..=64).contains(&word.chars().count()) && !word.contains(char::is_control);
            faults.unless(!words.is_empty() && words.iter().all(plain), place, "words must be 1 to 64 characters each");
            Grammar::Words(words)
        }
        "text" | "lines" => {
            let characters_max = characters_max.unwrap_or_default();
            faults.unless((1..=MAP_TEXT_MAX).contains(&characters_max), place, "characters_max is out of bounds");
            Grammar::Text { characters_max, lines: kind == "lines" }
        }
        other => {
            faults.add(
                place,
                format_args!(
                    "unknown type `{other}`; one of: person, id, date, time, number, words, truth, text, lines"
                ),
            );
            return None;
        }
    };
    Some(Field { grammar, required: *required })
}

const AUTHORS_ARE_IDS: &str = "authors names a field of type id, or a list of them";

fn body(place: &str, table: Option<&BodyTable>, faults: &mut Faults) -> Option<Body> {
    let Some(BodyTable { form, bytes_max, authors, fields: tables }) = table else { return Some(Body::None) };
    faults.unless((1..=MAP_BODY_BYTES_MAX).contains(bytes_max), place, "bytes_max is out of bounds");
    match form.as_str() {
        "form" => {
            let fields = fields(place, tables, faults);
            let id = |name: &String| fields.iter().any(|(own, field)| own == name && field.grammar == Grammar::Id);
            faults.unless(authors.as_ref().is_none_or(id), place, AUTHORS_ARE_IDS);
            Some(Body::Form { bytes_max: *bytes_max, authors: authors.clone(), fields })
        }
        "json" => {
            let members = members(place, tables, faults);
            let authors = authors.as_ref().map(|text| faults.keep(&format!("{place}.authors"), Pointer::parse(text)));
            let authors = authors.map_or(Some(None), |pointer| pointer.map(Some))?;
            let id = |authors: &Pointer| {
                let own = |pointer: &Pointer| pointer == authors || authors.is_list_of(pointer);
                members.iter().any(|(pointer, field)| own(pointer) && field.grammar == Grammar::Id)
            };
            faults.unless(authors.as_ref().is_none_or(id), place, AUTHORS_ARE_IDS);
            Some(Body::Json { bytes_max: *bytes_max, authors, members })
        }
        other => {
            faults.add(place, format_args!("unknown form `{other}`; one of: json, form"));
            None
        }
    }
}

fn members(place: &str, tables: &BTreeMap<String, FieldTable>, faults: &mut Faults) -> Vec<(Pointer, Field)> {
    let mut members: Vec<(Pointer, Field)> = Vec::new();
    for (text, table) in tables {
        let place = format!("{place}.{text}");
        let Some(pointer) = faults.keep(&place, Pointer::parse_with_items(text)) else { continue };
        let Some(field) = field(&place, table, faults) else { continue };
        let many = pointer.names().iter().any(|name| name == ANY_ITEM);
        let one = !many || !(field.required || field.grammar == Grammar::Person);
        faults.unless(one, &place, "an item of a list is neither required nor the person");
        faults.unless(!pointer.names().is_empty(), &place, "points to the whole body");
        let within = |own: &[String], other: &[String]| own.iter().zip(other).all(|(own, other)| own == other);
        let apart = members.iter().all(|(other, _)| !within(other.names(), pointer.names()));
        faults.unless(apart, &place, "stands within another member");
        members.push((pointer, field));
    }
    members
}

fn answer(file: &MapFile, place: &str, table: &AnswerTable, faults: &mut Faults) -> Option<Form> {
    let AnswerTable { form, id, person, list, count, beside, marker, to, types } = table;
    let given = [
        ("id", id.is_some()),
        ("person", person.is_some()),
        ("list", list.is_some()),
        ("count", count.is_some()),
        ("beside", beside.is_some()),
        ("marker", marker.is_some()),
        ("to", to.is_some()),
        ("types", types.is_some()),
    ];
    let (needed, allowed): (&[&str], &[&str]) = match form.as_str() {
        "record" => (&["id"], &["id", "person", "to"]),
        "list" => (&["id", "list"], &["id", "person", "list", "count", "beside"]),
        "page" => (&["marker"], &["marker"]),
        "bytes" | "nothing" => (&[], &[]),
        "redirect" => (&["to"], &["to"]),
        "asset" => (&["types"], &["types"]),
        other => {
            let known = "record, list, page, bytes, redirect, asset, nothing";
            faults.add(place, format_args!("unknown form `{other}`; one of: {known}"));
            return None;
        }
    };
    for (key, is_given) in given {
        faults.unless(is_given || !needed.contains(&key), place, &format!("a {form} needs `{key}`"));
        faults.unless(!is_given || allowed.contains(&key), place, &format!("`{key}` does not belong to a {form}"));
    }
    let pointer =
        |text: &Option<String>, faults: &mut Faults| text.as_ref().map(|text| faults.keep(place, Pointer::parse(text)));
    match form.as_str() {
        "record" => {
            let (id, person) = (pointer(id, faults), pointer(person, faults));
            let to = to.as_ref().map(|name| leads_to(file, place, name, faults));
            Some(Form::Record {
                id: id??,
                person: person.map_or(Some(None), |found| found.map(Some))?,
                to: to.map_or(Some(None), |found| found.map(Some))?,
            })
        }
        "list" => {
            let (id, person) = (pointer(id, faults), pointer(person, faults));
            let beside = beside.as_ref().map(|tables| beside_list(place, tables, faults)).unwrap_or_default();
            // A list that is all there is has nothing beside it.
            let list = list.as_ref().filter(|text| !text.is_empty()).map(|text| member(place, text, faults));
            let count = count.as_ref().map(|text| member(place, text, faults));
            faults.unless(
                list.is_some() || (count.is_none() && beside.is_empty()),
                place,
                "nothing stands beside a list that is the whole",
            );
            let (list, count) =
                (list.map_or(Some(None), |found| found.map(Some))?, count.map_or(Some(None), |found| found.map(Some))?);
            let mut names: Vec<&String> =
                list.iter().chain(&count).chain(beside.iter().map(|(name, _)| name)).collect();
            names.sort_unstable();
            faults.unless(
                names.windows(2).all(|pair| matches!(pair, [a, b] if a != b)),
                place,
                "list, count and beside name one member twice",
            );
            let person = person.map_or(Some(None), |found| found.map(Some))?;
            Some(Form::List(ListForm { list, id: id??, person, count, beside }))
        }
        "page" => {
            let marker = marker.clone()?;
            faults.unless(
                is_word(&marker),
                place,
                "marker must be an attribute's name of lower-case letters, digits and -",
            );
            Some(Form::Page { marker })
        }
        "bytes" => Some(Form::Bytes),
        "redirect" => {
            let to = leads_to(file, place, to.as_ref()?, faults)?;
            Some(Form::Redirect { to })
        }
        "asset" => {
            let types = types.clone()?;
            let plain =
                |text: &String| MediaType::read(text).is_some_and(|media| media.essence() == text && !media.is_page());
            faults.unless(
                !types.is_empty() && types.iter().all(plain),
                place,
                "types must be media types in lower case, and no page",
            );
            Some(Form::Asset { types })
        }
        _ => Some(Form::Nothing),
    }
}

/// The number of the route of this name.
fn leads_to(file: &MapFile, place: &str, name: &str, faults: &mut Faults) -> Option<usize> {
    let number = file.routes.iter().position(|route| route.name == name);
    faults.unless(number.is_some(), place, "`to` names a route of the map");
    number
}

fn beside_list(place: &str, tables: &BTreeMap<String, FieldTable>, faults: &mut Faults) -> Vec<(String, Field)> {
    let mut beside = Vec::new();
    for (text, table) in tables {
        let place = format!("{place}.beside.{text}");
        let (name, field) = (member(&place, text, faults), field(&place, table, faults));
        beside.extend(name.zip(field));
    }
    beside
}

/// A pointer to a member of the whole: `/entries`.
fn member(place: &str, text: &str, faults: &mut Faults) -> Option<String> {
    let name = text.strip_prefix('/').filter(|name| json::mapped_name(name)).map(str::to_owned);
    faults.unless(name.is_some(), place, &format!("`{text}` must point to a member of the whole, such as /entries"));
    name
}

fn names(routes: &[RouteTable], faults: &mut Faults) {
    for (number, route) in routes.iter().enumerate() {
        let place = format!("routes.`{}`", route.name);
        let plain = (1..=64).contains(&route.name.chars().count()) && !route.name.contains(char::is_control);
        faults.unless(plain, &place, "a route has a name of 1 to 64 characters");
        let once = routes.iter().take(number).all(|earlier| earlier.name != route.name);
        faults.unless(once, &place, "there are two routes of this name");
    }
}

/// No request has two routes.
fn meetings(routes: &[Route], faults: &mut Faults) {
    for (number, route) in routes.iter().enumerate() {
        for earlier in routes.iter().take(number) {
            if route.method == earlier.method && route.path.meets(&earlier.path) && route.body.meets(&earlier.body) {
                let what = format!("a request can be meant for this and for `{}`", earlier.name);
                faults.add(&format!("routes.`{}`", route.name), what);
            }
        }
    }
}

/// Where an answer leads is got, and has a person who can be asked about.
fn redirects(routes: &[Route], faults: &mut Faults) {
    for route in routes {
        let (Form::Redirect { to } | Form::Record { to: Some(to), .. }) = route.answer else { continue };
        let Some(target) = routes.get(to) else { continue };
        let fits = target.method == "GET"
            && target.kind.is_some()
            && !matches!(target.answer, Form::Redirect { .. })
            && target.name != route.name;
        let what = "`to` is a route of a kind of record that is got, and no redirect itself";
        faults.unless(fits, &format!("routes.`{}`", route.name), what);
        let writes = route.action.writes() || matches!(route.answer, Form::Redirect { .. });
        faults.unless(writes, &format!("routes.`{}`", route.name), "who reads a record is led nowhere");
    }
}
