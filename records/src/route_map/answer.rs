//! What may come back by a route, and how it says whose it is. Nothing of it is believed: the person in the answer is
//! compared with the one that was asked about, and asked about once more.

use std::fmt;
use std::sync::Arc;

use model::{Action, PersonId};

use super::form;
use super::grammar::{Field, Grammar};
use super::live::SocketForm;
use super::page;
use super::pointer::Pointer;
use super::template::Found;
use super::{Kind, Route, RouteMap};
use crate::bounds::{ANSWER_BYTES_MAX, ENTRIES_MAX};
use crate::error::{Misbehaviour, Unreadable, quote};
use crate::json::{self, Json, Object};
use crate::media::MediaType;
use crate::release::{Dropped, Released, Remembering, in_origin_form};
use crate::target::Target;
use crate::touches::{MappedAnswer, RecordId, RecordRef, ResourceAttributes, Touches};

/// The form of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One record in JSON. No `person` only where records of this kind are nobody's. `to`: the route to which `Location` may
    /// lead.
    Record { id: Pointer, person: Option<Pointer>, to: Option<usize> },
    /// A list of records in JSON.
    List(ListForm),
    /// A page that names its person in one attribute; on a route without kind, one that names nobody.
    Page { marker: String },
    /// Bytes that are not read: of the version that was looked up.
    Bytes,
    /// Another route of the map, by its number.
    Redirect { to: usize },
    /// A static asset of one of these media types.
    Asset { types: Vec<String> },
    /// No body.
    Nothing,
    /// A WebSocket.
    Socket(SocketForm),
    /// A call of gRPC; the field of its head that names the person.
    Call { person: String },
    /// An event stream; likewise.
    Events { person: String },
}

/// A list, and what may stand beside it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListForm {
    /// The member that holds the list; none if the list is all there is.
    pub(super) list: Option<String>,
    /// Of an item.
    pub(super) id: Pointer,
    /// Of an item. None only where records of this kind are nobody's.
    pub(super) person: Option<Pointer>,
    /// The member with the number of items; written anew, since the store counts what may not be seen, too.
    pub(super) count: Option<String>,
    /// Members that pass as they are.
    pub(super) beside: Vec<(String, Field)>,
}

/// The media type in which an answer goes out; `given` is what the store calls it.
pub(crate) fn content_type(answer: &MappedAnswer, given: Option<&str>) -> Option<String> {
    let given = given.and_then(MediaType::read);
    match &answer.route()?.answer {
        Form::Record { .. } | Form::List(_) => Some("application/json; charset=utf-8".to_owned()),
        Form::Page { .. } => Some("text/html; charset=utf-8".to_owned()),
        Form::Asset { types } => {
            types.iter().find(|own| given.as_ref().is_some_and(|it| it.essence() == *own)).cloned()
        }
        Form::Bytes | Form::Redirect { .. } | Form::Nothing => None,
        Form::Socket(_) | Form::Call { .. } | Form::Events { .. } => None,
    }
}

/// Checks an answer of the store. A status of 400 and above is the caller's business: nothing of such an answer goes out.
pub(crate) fn release(
    answer: &MappedAnswer,
    touches: &Touches,
    status: u16,
    given_type: Option<&str>,
    body: &[u8],
    gatekeeper: &mut Remembering<'_>,
) -> Result<Released, Misbehaviour> {
    let route = answer.route().ok_or(Misbehaviour::Shape("belongs to no route"))?;
    if body.len() > ANSWER_BYTES_MAX {
        return Err(Misbehaviour::Shape("is too large"));
    }
    let writes = touches.writes();
    match (&route.answer, status) {
        // What a redirect says beside its address goes to nobody.
        (Form::Redirect { .. }, 302 | 303) => return Ok(Released::new()),
        (Form::Redirect { .. }, _) => return Err(Misbehaviour::Status(status)),
        (_, 200) => {}
        (_, 201 | 204) if writes => {}
        _ => return Err(Misbehaviour::Status(status)),
    }
    if writes && body.is_empty() {
        return Ok(Released::new());
    }
    let media = given_type.and_then(MediaType::read);
    let is = |fits: fn(&MediaType) -> bool| {
        let wrong = || Misbehaviour::ContentType(quote(given_type.unwrap_or("none")));
        media.as_ref().filter(|media| fits(media)).map(|_| ()).ok_or_else(wrong)
    };
    let checked = Checked { touches, kind: answer.map.kind(route), gatekeeper };
    match &route.answer {
        Form::Record { id, person, .. } => {
            is(MediaType::is_json)?;
            checked.record(id, person.as_ref(), body)
        }
        Form::List(list) => {
            is(MediaType::is_json)?;
            checked.list(list, body)
        }
        Form::Page { marker } => {
            is(MediaType::is_page)?;
            checked.page(marker, body)
        }
        Form::Asset { .. } if content_type(answer, given_type).is_some() => Ok(Released::with_body(body.to_vec())),
        Form::Asset { .. } => Err(Misbehaviour::ContentType(quote(given_type.unwrap_or("none")))),
        // A body where none was asked for, or one that would have to be streamed.
        Form::Nothing
        | Form::Bytes
        | Form::Redirect { .. }
        | Form::Socket(_)
        | Form::Call { .. }
        | Form::Events { .. } => Err(Misbehaviour::Shape("has a body")),
    }
}

struct Checked<'c, 'g> {
    touches: &'c Touches,
    kind: Option<&'c Kind>,
    gatekeeper: &'c mut Remembering<'g>,
}

impl Checked<'_, '_> {
    fn is_sensitive(&self) -> bool {
        self.kind.is_some_and(|kind| kind.sensitive)
    }

    fn record(mut self, id: &Pointer, person: Option<&Pointer>, body: &[u8]) -> Result<Released, Misbehaviour> {
        let tree = json::parse_mapped(body)?;
        let (record, owner) =
            self.judged(id, person, &tree, self.touches.writes()).map_err(foreign)?.ok_or(Misbehaviour::NotSeen)?;
        let asked = self.touches.records.first().and_then(|record| record.id.as_ref());
        if self.touches.main().action != Action::Create && asked.is_some() && record.id.as_ref() != asked {
            let why = "another one was asked for".to_owned();
            return Err(foreign(Dropped { record: record.to_string(), why }));
        }
        let mut out = Vec::with_capacity(body.len());
        tree.write(&mut out);
        let mut released = Released::with_body(out);
        released.note_mapped(record, owner, self.is_sensitive());
        Ok(released)
    }

    fn list(mut self, form: &ListForm, body: &[u8]) -> Result<Released, Misbehaviour> {
        let tree = json::parse_mapped(body)?;
        let items = match &form.list {
            None => tree.list(),
            Some(name) => tree.object().and_then(|object| object.get(name)?.list()),
        };
        let items = items.ok_or(Misbehaviour::Shape("holds no list where it should"))?;
        if items.len() > ENTRIES_MAX {
            return Err(Misbehaviour::Shape("has too many entries"));
        }
        let mut released = Released::new();
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            match self.judged(&form.id, form.person.as_ref(), item, false) {
                Ok(Some((record, owner))) => {
                    released.note_mapped(record, owner, self.is_sensitive());
                    kept.push(item.clone());
                }
                Ok(None) => {}
                Err(dropped) => released.leave_out(dropped),
            }
        }
        let count = kept.len().to_string();
        let kept = Json::List(kept);
        let whole = match &form.list {
            None => kept,
            Some(name) => {
                let mut members = vec![(name.as_str(), kept)];
                if let Some(name) = &form.count {
                    members.push((name.as_str(), Json::Number(&count)));
                }
                members.extend(self.beside(form, &tree)?);
                Json::Object(Object::of(members))
            }
        };
        whole.write(&mut released.body);
        Ok(released)
    }

    /// What passes beside a list. A person named there is the one that was asked about.
    fn beside<'m>(&self, form: &'m ListForm, tree: &Json<'m>) -> Result<Vec<(&'m str, Json<'m>)>, Misbehaviour> {
        let mut members = Vec::new();
        for (name, field) in &form.beside {
            let Some(value) = tree.object().and_then(|object| object.get(name)) else { continue };
            if !field.grammar.takes_json(value) {
                return Err(Misbehaviour::Shape("holds beside its list what it should not"));
            }
            let asked_about = |text: &str| self.touches.persons().iter().any(|person| person.as_str() == text);
            if field.grammar == Grammar::Person && !value.text().is_some_and(asked_about) {
                return Err(foreign(Dropped {
                    record: "?".to_owned(),
                    why: "its list is another person's".to_owned(),
                }));
            }
            members.push((name.as_str(), value.clone()));
        }
        Ok(members)
    }

    fn page(mut self, marker: &str, body: &[u8]) -> Result<Released, Misbehaviour> {
        let text = std::str::from_utf8(body).map_err(|_| Misbehaviour::Shape("is a page that is not UTF-8"))?;
        let named = page::person(text, marker)?;
        let named = match (named, self.kind) {
            (Some(named), Some(_)) => named,
            (None, None) => return Ok(Released::with_body(body.to_vec())),
            (None, Some(_)) => return Err(Misbehaviour::Shape("is a page without its marker")),
            (Some(_), None) => {
                return Err(Misbehaviour::Shape("is a page of somebody, where one of nobody was asked for"));
            }
        };
        let records = self.touches.records.clone();
        let record = records.first().map_or_else(|| "?".to_owned(), ToString::to_string);
        // A page may show more than what was just written.
        if !self.may_see(&named, false).map_err(|why| foreign(Dropped { record, why }))? {
            return Err(Misbehaviour::NotSeen);
        }
        let mut released = Released::with_body(body.to_vec());
        // A page of many names none of them: it stands on record as the person's, by the entry of the request.
        for record in records.into_iter().filter(|record| record.id.is_some()) {
            released.note_mapped(record, Some(named.clone()), self.is_sensitive());
        }
        Ok(released)
    }

    /// Resolves a record to its person and asks. None if the subject may not see it: the store did nothing wrong then.
    fn judged(
        &mut self,
        id: &Pointer,
        person: Option<&Pointer>,
        tree: &Json<'_>,
        written: bool,
    ) -> Result<Option<(RecordRef, Option<PersonId>)>, Dropped> {
        let kind = self.kind.map(|kind| kind.record.clone());
        let given = id.id(tree).unwrap_or("?");
        let out = |why: String| {
            let kind = self.kind.map_or_else(String::new, |kind| kind.record.to_string());
            // Words of what is stored are not put on record.
            let given = if RecordId::new(given).is_ok() { given } else { "?" };
            Dropped { record: format!("{kind}/{given}"), why }
        };
        let id = RecordId::new(given).map_err(|error| out(error.to_string()))?;
        let record =
            kind.map(|kind| RecordRef { kind, id: Some(id) }).ok_or_else(|| out("is of no kind".to_owned()))?;
        let Some(person) = person else { return Ok(Some((record, None))) };
        let named = person.id(tree).and_then(|text| PersonId::new(text).ok());
        let named = named.ok_or_else(|| out(format!("it names no person in `{person}`")))?;
        match self.may_see(&named, written) {
            Ok(true) => Ok(Some((record, Some(named)))),
            Ok(false) => Ok(None),
            Err(why) => Err(Dropped { record: record.to_string(), why }),
        }
    }

    /// Asks, about a person who was asked about: the audit entry names those of the request, and nobody else's record leaves
    /// under it (promise P3).
    fn may_see(&mut self, person: &PersonId, written: bool) -> Result<bool, String> {
        if !self.touches.claims().any(|claim| claim.persons.contains(person)) {
            return Err(format!("it belongs to `{person}`, who was not asked about"));
        }
        let kind = self.kind.ok_or_else(|| "it is of no kind".to_owned())?;
        let attributes = ResourceAttributes { person, category: kind.category(), sensitive: kind.sensitive, written };
        Ok(self.gatekeeper.may_see(&attributes))
    }
}

fn foreign(Dropped { record, why }: Dropped) -> Misbehaviour {
    Misbehaviour::ForeignRecord { record, why }
}

/// Where a redirect leads, written anew: the target, and the record that it names if it names one. None for an address that
/// is not of the route it should be, or of somebody who was not asked about.
pub(crate) fn located(answer: &MappedAnswer, touches: &Touches, location: &str) -> Option<(String, Option<RecordRef>)> {
    let (Form::Redirect { to } | Form::Record { to: Some(to), .. }) = answer.route()?.answer else { return None };
    let route = answer.map.routes.get(to)?;
    let (path, query) = match in_origin_form(location).split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (in_origin_form(location), None),
    };
    let target = Target::read(path).ok()?;
    let found = route.path.read(&target.segments)?;
    let (query, person) = route.read_query(query).ok()?;
    let asked_about = touches.persons();
    let persons = [found.person.as_ref(), person.as_ref()];
    if persons.into_iter().flatten().any(|person| !asked_about.contains(person)) {
        return None;
    }
    let asked = touches.records.first().and_then(|record| record.id.as_ref());
    if let (Some(id), Some(asked), false) = (&found.id, asked, touches.main().action == Action::Create)
        && id != asked
    {
        return None;
    }
    let record = answer.map.kind(route).zip(found.id.clone());
    let record = record.map(|(kind, id)| RecordRef { kind: kind.record.clone(), id: Some(id) });
    Some((route.target(&found, &query)?, record))
}

/// Names and values of a query, in the order of the map.
type Parameters = Vec<(String, String)>;

impl Route {
    /// Reads a query by the grammar of this route: what it says, in the order of the map, and whom it names.
    pub(super) fn read_query(&self, query: Option<&str>) -> Result<(Parameters, Option<PersonId>), Unreadable> {
        let given = query.map(form::read).transpose()?.unwrap_or_default();
        let checked = super::body::checked(&self.query, given)?;
        let person = super::body::person_of(&self.query, &checked);
        Ok((checked.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), person))
    }

    /// The target towards the store.
    pub(super) fn target(&self, found: &Found, query: &[(String, String)]) -> Option<String> {
        let parameters = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Some(crate::target::build(&self.path.fill(found)?, parameters))
    }
}

impl MappedAnswer {
    pub(super) const fn of(map: Arc<RouteMap>, route: usize) -> Self {
        Self { map, route }
    }

    pub(super) fn route(&self) -> Option<&Route> {
        self.map.routes.get(self.route)
    }

    /// Whether only an address is expected.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.route().is_some_and(|route| matches!(route.answer, Form::Redirect { .. }))
    }

    /// Whether one record is expected, so that a tag of the store speaks of what goes out and of nothing else.
    #[must_use]
    pub fn is_one_record(&self) -> bool {
        self.route().is_some_and(|route| matches!(route.answer, Form::Record { .. }))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { person: Some(person), .. } => write!(f, "JSON, person at {person}"),
            Self::Record { person: None, .. } => f.write_str("JSON"),
            Self::List(ListForm { person: Some(person), .. }) => {
                write!(f, "a list in JSON, person of an item at {person}")
            }
            Self::List(_) => f.write_str("a list in JSON"),
            Self::Page { marker } => write!(f, "a page, person in `{marker}`"),
            Self::Bytes => f.write_str("bytes of the version looked up"),
            Self::Redirect { .. } => f.write_str("a redirect within the map"),
            Self::Asset { types } => f.write_str(&types.join(" or ")),
            Self::Nothing => f.write_str("without a body"),
            Self::Socket(socket) => socket.fmt(f),
            Self::Events { person } => write!(f, "events, person in `{person}`"),
            Self::Call { person } => write!(f, "messages of gRPC, person in `{person}`"),
        }
    }
}
