//! Answers that are wrong on purpose, for tests of a route map: by the id of an entry, or by the words that are searched for.
//! The entries belong to the test person.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use super::entries::{self, Entry, Wanted};
use super::{Answered, Listed, ask};
use crate::app::App;

/// Somebody else than the test person.
const FOREIGN: &str = "P-0008";
/// An entry of that one.
const FOREIGN_ENTRY: &str = "e-0008-01";

/// How a search is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mischief {
    /// `broken-surplus`: an entry of another person at the end.
    Surplus,
    /// `broken-person`: the list says it is another's, its entries do not.
    Person,
    /// `broken-duplicate`: the list says whose it is twice, and the second time wrongly.
    Duplicate,
    /// `broken-text`: the list calls itself plain text.
    Text,
}

impl Mischief {
    pub(super) fn named(words: &str) -> Option<Self> {
        Some(match words {
            "broken-surplus" => Self::Surplus,
            "broken-person" => Self::Person,
            "broken-duplicate" => Self::Duplicate,
            "broken-text" => Self::Text,
            _ => return None,
        })
    }
}

/// `e-broken-person` says in JSON that it is another's.
pub(super) fn spoil(entry: Entry) -> Entry {
    match entry.id.as_str() {
        "e-broken-person" => Entry { person: FOREIGN.to_owned(), ..entry },
        _ => entry,
    }
}

/// Whose a page says that it is: `e-broken-page` another's, `e-broken-two-mains` its own and another's.
pub(super) fn persons(entry: &Entry) -> Vec<String> {
    match entry.id.as_str() {
        "e-broken-page" => vec![FOREIGN.to_owned()],
        "e-broken-two-mains" => vec![entry.person.clone(), FOREIGN.to_owned()],
        _ => vec![entry.person.clone()],
    }
}

/// Where whoever wrote this text is sent: to another person's entry.
pub(super) fn redirect(text: &str) -> Option<String> {
    (text == "broken-redirect").then(|| FOREIGN_ENTRY.to_owned())
}

/// A search, spoilt.
pub(super) async fn search(app: &App, mischief: Mischief, mut listed: Listed) -> Answered {
    match mischief {
        Mischief::Surplus => {
            let others = Wanted { person: Some(FOREIGN), ..Wanted::default() };
            listed.entries.extend(ask(app, move |db| entries::list(db, &others)).await?.into_iter().take(1));
        }
        Mischief::Person => listed.person = Some(FOREIGN.to_owned()),
        Mischief::Duplicate | Mischief::Text => {}
    }
    let mut response: Response = Json(&listed).into_response();
    match mischief {
        Mischief::Duplicate => {
            let text = serde_json::to_string(&listed).unwrap_or_default();
            let text = format!(r#"{},"person":"{FOREIGN}"}}"#, text.trim_end_matches('}'));
            *response.body_mut() = axum::body::Body::from(text);
            response.headers_mut().remove(http::header::CONTENT_LENGTH);
        }
        Mischief::Text => {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        }
        Mischief::Surplus | Mischief::Person => {}
    }
    Ok(response)
}
