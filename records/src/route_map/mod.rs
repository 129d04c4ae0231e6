//! Route maps: how a store that does not speak FHIR names persons and records, told in TOML instead of in code.
//!
//! A map says for every request that is served: method and path, where the person comes from, what is done to which kind
//! of record, which parameters and fields may be in it, and how the answer says whose it is. What no route matches is
//! refused. The three rules of this crate hold as they do for FHIR:
//!
//! - **One reading.** Two routes that one request could be meant for do not load. Query, form and JSON are read by the
//!   grammar of the route and written anew.
//! - **Closed by default.** An unknown key of the map, parameter, field or member is refused, never passed over. A route
//!   that has no way to tell whose its answer is does not load.
//! - **Nothing is said before the decision.** Where the client's words do not say whose a record is, it is looked up under
//!   the client's own identity, and what is found there is said to nobody.
//!
//! `docs/route-map.md` tells how to write one; `deploy/maps/notes.toml` is one.

mod answer;
mod asked;
mod body;
mod check;
mod coverage;
mod file;
mod form;
mod grammar;
mod live;
mod nearest;
mod page;
mod pointer;
mod removable;
mod template;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::{Action, Category};

pub(crate) use answer::{content_type, located, release};
pub(crate) use asked::{Asked, MappedNeeded};
pub use coverage::{Coverage, Unmatched};
pub use live::{Socket, Streamed};
pub use removable::NotRemovable;

use crate::error::{Unreadable, quote};
use crate::head::{Fields, Head};
use crate::need::{self, Need};
use crate::target;
use crate::touches::{RecordKind, RecordRef};
use answer::Form;
use body::Body;
use grammar::Field;
use pointer::Pointer;
use template::Found;
use template::Template;

/// A map that was read and found in order.
#[derive(Debug, PartialEq, Eq)]
pub struct RouteMap {
    name: String,
    /// The first segment of every path.
    prefix: String,
    kinds: Vec<Kind>,
    routes: Vec<Route>,
}

/// Why a map cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// No TOML, or a key that is missing or not known: line and what is wrong there.
    #[error("it is not in the form of a map:\n{0}")]
    Form(String),
    /// What cannot be used; all of it, each with its place.
    #[error("it is not in order:\n  {}", .0.join("\n  "))]
    Faults(Vec<String>),
}

/// A kind of record.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    /// As it is named in the map.
    name: String,
    record: RecordKind,
    /// Every record of this kind is.
    sensitive: bool,
    look_up: Option<LookUp>,
}

/// How to learn whose a record is.
#[derive(Debug, PartialEq, Eq)]
struct LookUp {
    path: Template,
    id: Pointer,
    person: Pointer,
    authors: Option<Pointer>,
}

/// One kind of request.
#[derive(Debug, PartialEq, Eq)]
struct Route {
    name: String,
    method: &'static str,
    path: Template,
    /// None: a static asset or a page that is nobody's.
    kind: Option<usize>,
    action: Action,
    persons: Vec<PersonSource>,
    query: Vec<(String, Field)>,
    /// The field that names the person, of a call of gRPC.
    metadata: Option<String>,
    body: Body,
    answer: Form,
    /// How long its answer may take, where that is not as of all others of its kind.
    within: Option<Duration>,
}

/// Where it stands whose records are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PersonSource {
    /// `{person}` in the path.
    Path,
    /// The query parameter of type `person`.
    Query,
    /// The member or field of type `person` in the body.
    Body,
    /// The stored record that `{id}` names.
    Stored,
    /// A field of the head of a call.
    Metadata,
}

impl RouteMap {
    /// Reads a map.
    ///
    /// # Errors
    /// See [`MapError`].
    pub fn parse(text: &str) -> Result<Self, MapError> {
        let file: file::MapFile =
            toml::from_str(text).map_err(|error| MapError::Form(error.to_string().trim_end().to_owned()))?;
        check::check(&file).map_err(MapError::Faults)
    }

    /// Its name, with which the kinds of its records begin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first segment of every path that it serves.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Each route with what it demands, a line each, in the order of the map.
    #[must_use]
    pub fn demands(&self) -> Vec<String> {
        self.routes.iter().map(|route| route.demands(self)).collect()
    }

    /// What is in order and hardly meant, a sentence each.
    ///
    /// A note, an observation or a document is changed by its author alone (art. 18, 28): where the look-up does not say who
    /// that is, every change is refused.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let authored =
            |kind: &Kind| matches!(kind.category(), Category::Note | Category::Observation | Category::Document);
        let nameless = |kind: &Kind| kind.look_up.as_ref().is_none_or(|look_up| look_up.authors.is_none());
        let updated = |kind: &Kind| {
            let mut routes =
                self.routes.iter().filter(|route| self.kind(route).is_some_and(|own| own.name == kind.name));
            routes.any(|route| route.action == Action::Update)
        };
        let kinds = self.kinds.iter().filter(|kind| authored(kind) && nameless(kind) && updated(kind));
        let kinds = kinds.map(|kind| {
            let (name, category) = (&kind.name, kind.category());
            format!("kinds.{name}: nobody can amend these: a {category} is changed by its author alone, and the look-up has no `authors`")
        });
        // What is not read names no author.
        let unread = |route: &&Route| {
            route.goes_on() && route.action == Action::Update && self.kind(route).is_some_and(authored)
        };
        let routes = self.routes.iter().filter(unread).map(|route| {
            format!("routes.`{}`: nobody is permitted this: a record of this kind is changed by its author alone, and what goes on here is not read; let it create", route.name)
        });
        kinds.chain(routes).collect()
    }

    pub(crate) fn route_name(&self, number: usize) -> &str {
        self.routes.get(number).map_or("?", |route| &route.name)
    }

    fn kind(&self, route: &Route) -> Option<&Kind> {
        self.kinds.get(route.kind?)
    }
}

impl Kind {
    const fn category(&self) -> Category {
        self.record.category()
    }
}

impl Route {
    /// What is demanded of whoever asks, and of the answer.
    fn demands(&self, map: &RouteMap) -> String {
        let Self { name, method, path, action, persons, answer, .. } = self;
        let Some(kind) = map.kind(self) else {
            let answer = match answer {
                Form::Page { marker } => format!("a page without `{marker}`"),
                other => other.to_string(),
            };
            return format!("{name}: {method} {path}: nobody's; answer {answer}");
        };
        let body = match &self.body {
            Body::None | Body::Messages => "",
            Body::Json { .. } => " (JSON)",
            Body::Form { .. } => " (form)",
        };
        let sources: Vec<String> = persons.iter().map(PersonSource::to_string).collect();
        let whose =
            if sources.is_empty() { "nobody's".to_owned() } else { format!("whose: {}", sources.join(" and ")) };
        let sensitive = if kind.sensitive { ", sensitive" } else { "" };
        let category = kind.category();
        // What is not read may show anything of that kind, beside what it writes.
        let beside = if self.goes_on() && action.writes() { "read and " } else { "" };
        format!("{name}: {method} {path}{body}: {beside}{action} {category}{sensitive}; {whose}; answer {answer}")
    }

    fn looks_up(&self) -> bool {
        self.persons.contains(&PersonSource::Stored)
    }
}

impl fmt::Display for PersonSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "by the path",
            Self::Query => "by the query",
            Self::Body => "by the body",
            Self::Stored => "by the stored record",
            Self::Metadata => "by the metadata",
        })
    }
}

/// Reads heads of requests: FHIR and the feeds, and what maps say.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    maps: Vec<Arc<RouteMap>>,
}

/// First segments that no map may take.
const RESERVED: [&str; 3] = ["fhir", "feeds", ".sekisho"];

impl Reader {
    /// A reader that knows these maps.
    ///
    /// # Errors
    /// Two maps have one name or one prefix.
    pub fn new(maps: Vec<RouteMap>) -> Result<Self, MapError> {
        let mut faults = Vec::new();
        for (index, map) in maps.iter().enumerate() {
            for earlier in maps.iter().take(index) {
                // Some applications take upper and lower case as one.
                if map.prefix.eq_ignore_ascii_case(&earlier.prefix) || map.name == earlier.name {
                    faults.push(format!(
                        "map `{}` below /{}: there is a map `{}` below /{} already",
                        map.name, map.prefix, earlier.name, earlier.prefix
                    ));
                }
            }
        }
        if faults.is_empty() {
            Ok(Self { maps: maps.into_iter().map(Arc::new).collect() })
        } else {
            Err(MapError::Faults(faults))
        }
    }

    /// Whether the path, as received, may be of a map: only then is [`Self::read_head`] worth asking.
    #[must_use]
    pub fn is_mapped(&self, path: &str) -> bool {
        self.map_of(path).is_some()
    }

    /// Reads the head of a request.
    ///
    /// # Errors
    /// The message cannot be read in one way only, or asks for something that is not served.
    pub fn read_head(&self, head: &Head<'_>) -> Result<Need, Unreadable> {
        let path = head.target.split('?').next().unwrap_or_default();
        match self.map_of(path) {
            Some(map) => Asked::read(map, head, &Fields::read(head.headers)?),
            None => crate::read_head(head),
        }
    }

    /// How to learn whether this record is there; none for what is no single record, or has no look-up.
    #[must_use]
    pub fn look_up(&self, record: &RecordRef) -> Option<need::LookUp> {
        let id = record.id.as_ref()?;
        let target = match &record.kind {
            RecordKind::Fhir(_) => target::build(&format!("/fhir/{}/{id}", record.kind), [("_elements", "id")]),
            RecordKind::Mapped { .. } => {
                let kind = self.maps.iter().flat_map(|map| &map.kinds).find(|kind| kind.record == record.kind)?;
                let found = Found { id: Some(id.clone()), ..Found::default() };
                kind.look_up.as_ref()?.path.fill(&found)?
            }
        };
        Some(need::LookUp { record: record.clone(), target })
    }

    fn map_of(&self, path: &str) -> Option<&Arc<RouteMap>> {
        let first = path.strip_prefix('/')?.split('/').next()?;
        self.maps.iter().find(|map| map.prefix == first)
    }
}

/// What no route of the map is.
fn unmatched(method: &str, other_methods: bool) -> Unreadable {
    if other_methods {
        Unreadable::Method(quote(method))
    } else {
        Unreadable::Interaction("an address that the map does not name")
    }
}
