//! A request as a route of a map reads it, on the way to knowing whose records it touches.

use std::sync::Arc;

use model::{Action, Category, PersonId};

use super::answer::Form;
use super::body::Body;
use super::live::{self, Socket, Streamed};
use super::template::Found;
use super::{Route, RouteMap, unmatched};
use crate::bounds::TARGET_BYTES_MAX;
use crate::error::Unreadable;
use crate::fhir::interaction::tag;
use crate::head::{Fields, Head};
use crate::json::{self, Json};
use crate::need::{BodyFor, BodyNeeded, LookUp, LookedUp, Need, StoredNeeded};
use crate::target::Target;
use crate::touches::{self, AnswerKind, Authors, Claim, Forward, ForwardBody, MappedAnswer, RecordRef, Touches};

/// A version that no record has, for a request that is to fail at the store whatever happens.
const NO_VERSION: &str = "\"sekisho-none\"";

/// What is understood so far.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    answer: MappedAnswer,
    found: Found,
    query: Vec<(String, String)>,
    /// Whom the client's own words name, or the stored record.
    person: Option<PersonId>,
    /// The body, written anew.
    body: Option<Vec<u8>>,
    /// The version that the client says it replaces.
    named: Option<String>,
    stored: Option<Stored>,
    /// Whom the body names as authors; none where it has no place for them.
    written: Option<Authors>,
    /// What of the head goes on with a WebSocket or a call.
    live: Live,
}

/// What a WebSocket or a call takes along of the head of the request.
#[derive(Clone, Debug, Default)]
struct Live {
    fields: Vec<touches::Field>,
    /// Subprotocols.
    protocols: Vec<String>,
    content_type: Option<&'static str>,
}

/// What the look-up showed.
#[derive(Clone, Debug)]
struct Stored {
    /// Entity tag as the store wrote it; none where an index answered.
    tag: Option<String>,
    authors: Authors,
}

impl Asked {
    /// Reads a head whose path begins with the prefix of `map`.
    pub(crate) fn read(map: &Arc<RouteMap>, head: &Head<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
        let Head { method, target, .. } = *head;
        if target.len() > TARGET_BYTES_MAX {
            return Err(Unreadable::Target("is too long"));
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let segments = Target::read(path)?.segments;
        let (number, route, found) = map.matched(method, &segments, |body| body.takes(fields.content_type.as_ref()))?;
        let upgrade = fields.upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
        let socket = matches!(route.answer, Form::Socket(_));
        if socket && !upgrade {
            return Err(Unreadable::Interaction("this address without a WebSocket handshake"));
        }
        let upgrade = fields.upgrade.filter(|_| !socket);
        for (name, given) in [("x-security-context", fields.security_context), ("upgrade", upgrade)] {
            if given.is_some() {
                return Err(Unreadable::Header { name: name.to_owned(), why: "does not belong to this request" });
            }
        }
        // Only what is replaced or removed has a version that a client can name.
        if fields.if_match.is_some() && !(route.action.writes() && route.looks_up()) {
            return Err(Unreadable::Header { name: "if-match".to_owned(), why: "does not belong to this request" });
        }
        if matches!(route.body, Body::None) {
            fields.no_body()?;
        }
        let (query, in_query) = route.read_query(query)?;
        let in_path = found.person.clone();
        let mut asked = Self {
            answer: MappedAnswer::of(Arc::clone(map), number),
            found,
            query,
            person: None,
            body: None,
            named: fields.if_match.map(tag).transpose()?,
            stored: None,
            written: None,
            live: Live::of(route, head, fields)?,
        };
        let in_metadata = route.metadata.as_ref().map(|name| asked.named_by(head, name)).transpose()?;
        for person in [in_path, in_query, in_metadata].into_iter().flatten() {
            asked.about(person)?;
        }
        asked.next()
    }

    /// Whom a field of the head names; it goes on.
    fn named_by(&mut self, head: &Head<'_>, name: &str) -> Result<PersonId, Unreadable> {
        let given = live::once(head, name)?.ok_or(Unreadable::OnePerson)?;
        let person = PersonId::new(given);
        let person = person.map_err(|_| Unreadable::Header { name: name.to_owned(), why: "names no person" })?;
        self.live.fields.push((name.to_owned().into(), person.as_str().to_owned()));
        Ok(person)
    }

    /// How many bytes the body may have.
    pub(crate) fn bytes_max(&self) -> usize {
        self.answer.route().map_or(0, |route| route.body.bytes_max())
    }

    /// Takes the body.
    pub(crate) fn read_body(mut self, body: &[u8]) -> Result<Need, Unreadable> {
        let written = self.route()?.body.read(body)?;
        self.body = Some(written.bytes);
        self.written = written.authors;
        if let Some(person) = written.person {
            self.about(person)?;
        }
        self.next()
    }

    fn route(&self) -> Result<&Route, Unreadable> {
        self.answer.route().ok_or(Unreadable::Interaction("an address that the map does not name"))
    }

    /// One person, however often it is said who.
    fn about(&mut self, person: PersonId) -> Result<(), Unreadable> {
        if self.person.get_or_insert_with(|| person.clone()) == &person { Ok(()) } else { Err(Unreadable::OnePerson) }
    }

    /// What is needed next.
    fn next(self) -> Result<Need, Unreadable> {
        let route = self.route()?;
        if !matches!(route.body, Body::None | Body::Messages) && self.body.is_none() {
            return Ok(Need::Body(BodyNeeded(BodyFor::Mapped(Box::new(self)))));
        }
        if route.looks_up() && self.stored.is_none() {
            return MappedNeeded::of(self).map(|needed| Need::Stored(StoredNeeded::mapped(needed)));
        }
        self.done().map(Need::Done)
    }

    fn done(mut self) -> Result<Touches, Unreadable> {
        let (body, stored, written) = (self.body.take(), self.stored.take(), self.written.take());
        let live = std::mem::take(&mut self.live);
        let route = self.route()?;
        let kind = self.answer.map.kind(route);
        let category = kind.map_or(Category::Directory, |kind| kind.category());
        let persons: Vec<PersonId> = self.person.iter().cloned().collect();
        // Closed by default: `check` lets no such route load.
        if persons.is_empty() == (category != Category::Directory) {
            return Err(Unreadable::OnePerson);
        }
        let writes = route.action.writes();
        let tag = stored.as_ref().and_then(|stored| stored.tag.clone());
        let stale = self.named.is_some() && self.named != tag.as_deref().and_then(version_in);
        let if_match = tag.clone().filter(|_| writes).map(|tag| if stale { NO_VERSION.to_owned() } else { tag });
        let target = route.target(&self.found, &self.query);
        let forward = Forward {
            method: route.method,
            target: target.ok_or(Unreadable::Interaction("an address that the map does not name"))?,
            if_match,
            content_type: live.content_type.or_else(|| route.body.content_type()).map(str::to_owned),
            headers: route.answer.accepted().into_iter().chain(live.fields).collect(),
            body: match (body, &route.body) {
                (Some(body), _) => ForwardBody::Built(body),
                (None, Body::Messages) => ForwardBody::Stream,
                (None, _) => ForwardBody::None,
            },
            within: route.within,
        };
        let record = |kind: &super::Kind| RecordRef { kind: kind.record.clone(), id: self.found.id.clone() };
        let authors = stored.map_or(Authors::Unknown, |stored| stored.authors);
        let written = match (route.action, written) {
            (Action::Create | Action::Update, Some(written)) => written,
            // A request that cannot say who wrote it leaves that to the application: who did writes, who has written has.
            (Action::Update, None) => authors.clone(),
            _ => Authors::Unknown,
        };
        let sensitive = kind.is_some_and(|kind| kind.sensitive);
        let records: Vec<RecordRef> = kind.map(record).into_iter().collect();
        // A removal is ordered of one record (art. 19-2): without its name nothing is removed.
        let record = match (route.action, records.first()) {
            (Action::Delete, Some(record)) => Some(record.name()?),
            (Action::Delete, None) => return Err(Unreadable::Interaction("a removal of what is no record")),
            _ => None,
        };
        let beneath = Vec::new();
        let action = route.action;
        // What is not read may show anything of that kind.
        let shown = (route.goes_on() && writes).then(|| Claim::read(category, persons.clone(), sensitive));
        let claim = Claim { action, category, persons, authors, written, beneath, sensitive, record };
        let answer = match (&route.answer, tag) {
            (Form::Bytes, Some(version)) => AnswerKind::Opaque { version },
            // Without a tag nobody could tell whether the bytes that come next are of the version looked at.
            (Form::Bytes, None) => return Err(Unreadable::Withheld("it came without a version".to_owned())),
            (Form::Socket(form), _) => AnswerKind::Socket(Box::new(Socket::of(form, writes, live.protocols))),
            (Form::Call { person }, _) => AnswerKind::Call(Streamed::of(person)),
            (Form::Events { person }, _) => AnswerKind::Events(Streamed::of(person)),
            _ => AnswerKind::Mapped(self.answer.clone()),
        };
        let touches = Touches::new(claim, records, forward, answer);
        let touches = shown.into_iter().fold(touches, Touches::and);
        Ok(if stale { touches.but(Unreadable::Stale) } else { touches })
    }
}

impl Live {
    fn of(route: &Route, head: &Head<'_>, fields: &Fields<'_>) -> Result<Self, Unreadable> {
        match &route.answer {
            Form::Socket(form) => {
                let protocols = live::protocols(form, head)?;
                let offered = (!protocols.is_empty()).then(|| ("sec-websocket-protocol".into(), protocols.join(", ")));
                Ok(Self { fields: offered.into_iter().collect(), protocols, content_type: None })
            }
            Form::Call { .. } => {
                let content_type = fields.content_type.as_ref().and_then(|given| live::call_type(given.essence()));
                Ok(Self { fields: live::call_fields(head)?, protocols: Vec::new(), content_type })
            }
            _ => Ok(Self::default()),
        }
    }
}

impl RouteMap {
    /// The route that a request is meant for.
    pub(super) fn matched(
        &self,
        method: &str,
        segments: &[&str],
        takes: impl Fn(&Body) -> bool,
    ) -> Result<(usize, &Route, Found), Unreadable> {
        let mut other_methods = false;
        let mut other_bodies = false;
        for (number, route) in self.routes.iter().enumerate() {
            let Some(found) = route.path.read(segments) else { continue };
            if route.method != method {
                other_methods = true;
            } else if takes(&route.body) {
                return Ok((number, route, found));
            } else {
                other_bodies = true;
            }
        }
        if other_bodies {
            let why = "is not that of a body that is served here";
            return Err(Unreadable::Header { name: "content-type".to_owned(), why });
        }
        Err(unmatched(method, other_methods))
    }
}

impl Form {
    /// What the store is asked for.
    fn accepted(&self) -> Option<touches::Field> {
        let types = match self {
            Self::Record { .. } | Self::List(_) => "application/json".to_owned(),
            Self::Page { .. } | Self::Redirect { .. } => "text/html".to_owned(),
            Self::Bytes | Self::Nothing => "*/*".to_owned(),
            Self::Asset { types } => types.join(", "),
            Self::Events { .. } => "text/event-stream".to_owned(),
            Self::Socket(_) | Self::Call { .. } => return None,
        };
        Some(("accept".into(), types))
    }
}

/// The stored version of a mapped record is needed.
#[derive(Clone, Debug)]
pub(crate) struct MappedNeeded {
    asked: Box<Asked>,
    look_up: LookUp,
}

impl MappedNeeded {
    fn of(asked: Asked) -> Result<Self, Unreadable> {
        let kind = asked.answer.map.kind(asked.route()?);
        let target = kind.and_then(|kind| kind.look_up.as_ref()?.path.fill(&asked.found));
        let record = kind.map(|kind| RecordRef { kind: kind.record.clone(), id: asked.found.id.clone() });
        let (Some(target), Some(record)) = (target, record) else {
            return Err(Unreadable::Interaction("a record that cannot be looked up"));
        };
        Ok(Self { asked: Box::new(asked), look_up: LookUp { record, target } })
    }

    /// How such a record is looked up, by the map.
    fn rule(&self) -> Option<&super::LookUp> {
        let map = &self.asked.answer.map;
        map.kind(self.asked.answer.route()?)?.look_up.as_ref()
    }

    pub(crate) const fn look_up(&self) -> &LookUp {
        &self.look_up
    }

    pub(crate) fn action(&self) -> Action {
        // A route that is not there does nothing.
        self.asked.answer.route().map_or(Action::Read, |route| route.action)
    }

    /// Whether the answer to the request says whose it is, too.
    pub(crate) fn cacheable(&self) -> bool {
        self.asked.answer.route().is_some_and(|route| {
            !route.action.writes() && matches!(route.answer, Form::Record { .. } | Form::List(_) | Form::Page { .. })
        })
    }

    pub(crate) fn probe(&self, nobodys: &str) -> String {
        let found = Found { id: crate::touches::RecordId::new(nobodys).ok(), ..Found::default() };
        self.rule().and_then(|rule| rule.path.fill(&found)).unwrap_or_default()
    }

    pub(crate) fn read(self, shown: &LookedUp<'_>) -> Result<Need, Unreadable> {
        match shown.status {
            200 => {}
            404 | 410 => return Err(Unreadable::NotThere),
            other => return Err(Unreadable::StoreFailed(other)),
        }
        let withheld = |why: &dyn std::fmt::Display| Unreadable::Withheld(format!("it {why}"));
        let tree = json::parse_mapped(shown.body).map_err(|fault| withheld(&fault))?;
        let look_up = self.rule().ok_or(Unreadable::NotThere)?;
        if look_up.id.id(&tree) != self.look_up.record.id.as_ref().map(crate::touches::RecordId::as_str) {
            return Err(withheld(&"has another id than was asked for"));
        }
        let person = look_up.person.id(&tree).and_then(|text| PersonId::new(text).ok());
        let person = person.ok_or_else(|| withheld(&format!("names no person in `{}`", look_up.person)))?;
        let authors = look_up.authors.as_ref().map_or(Authors::Unknown, |pointer| named_in(pointer.find(&tree)));
        // Check and use are of one version, or the one is not of the other.
        let tag = shown.etag.filter(|text| tag(text).is_ok()).map(str::to_owned);
        let asked = self.asked.route()?;
        if tag.is_none() && (asked.action.writes() || asked.answer == Form::Bytes) {
            return Err(withheld(&"came without a version"));
        }
        self.known(person, Stored { tag, authors })
    }

    /// What an index says; it knows no version.
    pub(crate) fn known_by_index(self, person: &PersonId) -> Result<Need, Unreadable> {
        self.known(person.clone(), Stored { tag: None, authors: Authors::Unknown })
    }

    fn known(self, person: PersonId, stored: Stored) -> Result<Need, Unreadable> {
        let mut asked = *self.asked;
        // Another person than the client said: to the client this is "not there", as for a record that is not (promise P4).
        asked.about(person).map_err(|_| Unreadable::NotThere)?;
        asked.stored = Some(stored);
        asked.next()
    }
}

fn version_in(etag: &str) -> Option<String> {
    tag(etag).ok()
}

/// Who wrote it: an identifier, or a list of them.
pub(super) fn named_in(value: Option<&Json<'_>>) -> Authors {
    let Some(value) = value else { return Authors::Unknown };
    let list = value.list().unwrap_or(std::slice::from_ref(value));
    let one = |value: &Json<'_>| value.text().filter(|text| model::id::check(text).is_ok()).map(str::to_owned);
    match list.iter().map(one).collect::<Option<Vec<String>>>() {
        None => Authors::Unclear,
        Some(named) if named.is_empty() => Authors::Unknown,
        Some(mut named) => {
            named.sort();
            named.dedup();
            Authors::Named(named)
        }
    }
}
