//! From a map as it is written to one that can be used: everything that is wrong is named, with its place.
//!
//! What is asked of a map is what keeps the promises: that it can be told whose a record is *before* anything is sent, that
//! it can be told once more from the answer, and that no request has two routes.

mod answer;
mod fields;
mod live;
mod route;

use std::fmt::Display;
use std::sync::Arc;

use model::Category;

use self::route::route;
use super::answer::Form;
use super::file::{KindTable, MapFile, RouteTable};
use super::pointer::Pointer;
use super::template::Template;
use super::{Kind, LookUp, RESERVED, Route, RouteMap};
use crate::bounds::MAP_ROUTES_MAX;
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
    faults.unless(
        is_word(&file.name),
        "name",
        "must be a word of lower-case letters, digits and -, a letter first, at most 32",
    );
    faults.unless(
        is_prefix(&file.prefix),
        "prefix",
        "must be one segment of lower-case letters, digits and -, a letter first, at most 32; or a service of gRPC: package.Service",
    );
    faults.unless(
        !RESERVED.contains(&file.prefix.as_str()),
        "prefix",
        &format!("is the gateway's own, as are {}", RESERVED.join(", ")),
    );
    let mut kinds = Vec::new();
    for (name, table) in &file.kinds {
        kinds.extend(kind(file, name, table, &mut faults));
        let used = file.routes.iter().any(|route| route.kind.as_ref() == Some(name));
        faults.unless(used, &format!("kinds.{name}"), "is the kind of no route");
    }
    faults.unless(!file.routes.is_empty(), "routes", "there is none");
    let count = file.routes.len();
    faults.unless(
        count <= MAP_ROUTES_MAX,
        "routes",
        &format!("there are {count}, and at most {MAP_ROUTES_MAX} may be"),
    );
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

/// The first segment of every path: a word, or the full name of a service of gRPC.
fn is_prefix(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    is_word(text) || (text.contains('.') && text.len() <= 128 && text.split('.').all(part))
}

/// Names of maps, kinds, prefixes.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text.len() <= 32
}

fn path(file: &MapFile, place: &str, text: &str, faults: &mut Faults) -> Option<Template> {
    let template = faults.keep(place, Template::parse(text))?;
    let known = is_prefix(&file.prefix) && !RESERVED.contains(&file.prefix.as_str());
    let below = !known || template.first() == Some(&file.prefix);
    faults.unless(below, place, &format!("does not begin with the prefix of the map, /{}", file.prefix));
    Some(template)
}

fn kind(file: &MapFile, name: &str, table: &KindTable, faults: &mut Faults) -> Option<Kind> {
    let place = format!("kinds.{name}");
    faults.unless(
        is_word(name),
        &place,
        "must be a word of lower-case letters, digits and -, a letter first, at most 32",
    );
    let category = faults.keep(&format!("{place}.category"), table.category.parse::<Category>());
    let mut look_up = None;
    if let Some(table) = &table.look_up {
        let place = format!("{place}.look_up");
        let path = path(file, &format!("{place}.path"), &table.path, faults);
        if let Some(path) = &path {
            faults.unless(
                path.has_id() && !path.has_person(),
                &place,
                "the path of a look-up must have {id} and no {person}",
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

fn names(routes: &[RouteTable], faults: &mut Faults) {
    for (number, route) in routes.iter().enumerate() {
        let place = format!("routes.`{}`", route.name);
        let plain = (1..=64).contains(&route.name.chars().count()) && !route.name.contains(char::is_control);
        faults.unless(plain, &place, "the name of a route must have 1 to 64 characters");
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
            && !target.goes_on()
            && target.name != route.name;
        let what = "`to` must lead to another route, which gets a kind of record and is no redirect itself";
        faults.unless(fits, &format!("routes.`{}`", route.name), what);
        let writes = route.action.writes() || matches!(route.answer, Form::Redirect { .. });
        faults.unless(
            writes,
            &format!("routes.`{}`", route.name),
            "a route that reads must lead nowhere: `to` belongs to those that write, and to redirects",
        );
    }
}
