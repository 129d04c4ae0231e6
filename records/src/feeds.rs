//! News of one person: `/feeds/notes` as an event stream, `/feeds/notes/socket` by WebSocket. References only, never
//! contents; to read a note, a client asks for it like for any other record.

use model::Category;

use crate::error::{Unreadable, quote};
use crate::fhir::search;
use crate::fhir::types::FhirType;
use crate::head::Fields;
use crate::need::Need;
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Claim, Forward, RecordRef, Touches};

pub(crate) fn read(method: &str, rest: &[&str], query: Query<'_>, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    let (path, answer) = match rest {
        ["notes"] => ("/feeds/notes", AnswerKind::EventStream),
        ["notes", "socket"] => ("/feeds/notes/socket", AnswerKind::WebSocket),
        _ => return Err(Unreadable::Interaction("this feed")),
    };
    if method != "GET" {
        return Err(Unreadable::Method(quote(method)));
    }
    fields.no_body()?;
    let [(name, value)] = query.0.as_slice() else { return Err(Unreadable::OnePerson) };
    if *name != "patient" {
        return Err(Unreadable::Parameter { name: quote(name), why: "is not served here" });
    }
    let person = search::person(name, value)?;
    let mut forward = Forward::get(target::build(path, [("patient", person.as_str())]));
    let upgrade = fields.upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
    match answer {
        AnswerKind::WebSocket if !upgrade => {
            return Err(Unreadable::Interaction("this feed without a WebSocket handshake"));
        }
        AnswerKind::WebSocket => {}
        _ => {
            fields.nothing_special()?;
            forward.headers.push(("accept".into(), "text/event-stream".to_owned()));
        }
    }
    let claim = Claim::read(Category::Note, vec![person], false);
    let records = vec![RecordRef::all(FhirType::Communication)];
    Ok(Need::Done(Touches::new(claim, records, forward, answer)))
}
