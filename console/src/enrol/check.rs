//! The connection check of this door: what it saw of whoever comes, certificate or not. Nothing of it is looked up anywhere.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use rustls::{ProtocolVersion, ServerConnection};

use super::EnrolmentDoor;
use super::page::{Asked, Trouble, fields};
use super::routes::Shown;
use super::texts::Language;
use crate::bounds::BROWSER_CHARACTERS_MAX;

/// What the handshake came to.
pub(super) struct Line {
    version: &'static str,
    suite: String,
    group: String,
}

impl Line {
    /// Of a handshake that is over. Nothing is resumed at this door, so there always is a group.
    pub(super) fn of(session: &ServerConnection) -> Arc<Self> {
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS",
        };
        let suite = session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
        let group = session.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name()));
        Arc::new(Self { version, suite: suite.replacen("TLS13_", "TLS_", 1), group: group.unwrap_or_default() })
    }
}

#[derive(Template)]
#[template(path = "connection.html")]
struct CheckPage<'a> {
    language: Language,
    address: &'static str,
    title: String,
    trouble: Option<Trouble>,
    line: &'a Line,
    /// A certificate of ours was shown.
    shown: bool,
    /// What the browser calls itself.
    browser: &'a str,
    /// Where the terminal's certificate is looked at.
    care: String,
    iso: String,
    clock: String,
}

pub(super) async fn show(
    State(door): State<EnrolmentDoor>,
    Extension(line): Extension<Arc<Line>>,
    Extension(Shown(shown)): Extension<Shown>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let (language, now) = (Language::of(&asked.lang), (door.clock)());
    // Visible ASCII, or nothing.
    let browser = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let page = CheckPage {
        language,
        address: "/enrol/connection",
        title: language.say("connection-title"),
        trouble: None,
        line: &line,
        shown: shown.is_some(),
        browser: browser.get(..BROWSER_CHARACTERS_MAX).unwrap_or(browser),
        care: format!("https://{}/.sekisho/connection", door.desk.host()),
        iso: now.to_jst(),
        clock: clock(language, now),
    };
    match page.render() {
        Ok(body) => (StatusCode::OK, fields(), body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// To the second, by the clock in Japan.
fn clock(language: Language, now: Timestamp) -> String {
    let iso = now.to_jst();
    let (date, time) = iso.split_once('T').unwrap_or((iso.as_str(), ""));
    let time = time.split('.').next().unwrap_or_default();
    let mut parts = date.split('-').map(|part| part.trim_start_matches('0'));
    match (language, parts.next(), parts.next(), parts.next()) {
        (Language::Ja, Some(year), Some(month), Some(day)) => format!("{year}年{month}月{day}日 {time}"),
        _ => format!("{date} {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_japans() {
        let at = Timestamp::parse("2026-01-31T23:04:05.678Z").unwrap();
        assert_eq!(clock(Language::Ja, at), "2026年2月1日 08:04:05");
        assert_eq!(clock(Language::En, at), "2026-02-01 08:04:05");
    }
}
