//! Forms, and where they come from.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use registry::{Refused, Registry, RegistryError};

use crate::bounds::{FORM_BYTES_MAX, FORM_TOKEN_SECONDS_MAX};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::extract::read_body;
use crate::refusal::Refusal;
use crate::worker::{Shared, Worker};

/// Refuses a state-changing request that another site started: by `Sec-Fetch-Site` where the browser says it, and by
/// `Origin`. Programs send neither and are let through; they hold no cookie that a stranger's page could use, because
/// ours is `SameSite=Strict`.
///
/// # Errors
/// Another site.
pub fn same_origin(headers: &HeaderMap, authority: &str) -> Result<(), Refusal> {
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(Refusal::ForeignForm);
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    // An opaque origin says nothing either way; a browser that says where the form was does (no page can set the field).
    if origin == "null" && site.is_some_and(|site| site == "same-origin") {
        return Ok(());
    }
    let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("https://")).ok_or(Refusal::ForeignForm)?;
    // Another port is another origin (RFC 6454 4): something else may be listening there.
    let plain = |authority: &str| authority.strip_suffix(":443").unwrap_or(authority).to_ascii_lowercase();
    if plain(host) == plain(authority) { Ok(()) } else { Err(Refusal::ForeignForm) }
}

/// The authority that a request names: of its target, or of its `Host` field; [`crate::pipeline::route`] has seen to it that
/// it is the care host's.
#[must_use]
pub fn authority<B>(request: &Request<B>) -> &str {
    let target = request.uri().authority().map(http::uri::Authority::as_str);
    target.or_else(|| request.headers().get(HOST)?.to_str().ok()).unwrap_or_default()
}

/// The fields of a posted form, each at most once.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// Another content type, not UTF-8, or a field twice.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let unreadable = |why: &'static str| Refusal::Unreadable(why.into());
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
            return Err(Refusal::ForeignForm);
        }
        if std::str::from_utf8(body).is_err() {
            return Err(unreadable("a form that is no UTF-8"));
        }
        let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let twice =
            fields.iter().enumerate().any(|(index, (name, _))| fields.iter().skip(index + 1).any(|(n, _)| n == name));
        if twice {
            return Err(unreadable("a form with a field twice"));
        }
        Ok(Self(fields))
    }

    /// A field's value, empty when it is missing.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

/// The fields of the form, and whether its token is good.
pub(super) async fn token_and_form(
    worker: &Worker,
    subject: &Subject,
    request: Request<Incoming>,
) -> Result<(Form, bool), Refusal> {
    let (parts, mut body) = request.into_parts();
    let headers: &HeaderMap = &parts.headers;
    let body = read_body(&mut body, FORM_BYTES_MAX).await?;
    let form = Form::read(headers, &body)?;
    let serial = subject.device().serial();
    let in_time =
        worker.sealer().form_token_fits(form.field("form_token"), serial, worker.now(), FORM_TOKEN_SECONDS_MAX);
    Ok((form, in_time))
}

/// Asks the registry off the worker's thread. A refusal of the registry is an answer; anything else is a fault.
pub(super) async fn on_registry<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&Registry) -> Result<T, RegistryError> + Send + 'static,
) -> Result<Result<T, Refused>, Refusal> {
    let shared = Arc::clone(shared);
    match tokio::task::spawn_blocking(move || ask(&shared.registry)).await {
        Ok(Ok(done)) => Ok(Ok(done)),
        Ok(Err(RegistryError::Refused(refused))) => Ok(Err(refused)),
        Ok(Err(error)) => {
            tracing::error!(%error, "what a form asked for could not be put on record");
            Err(Refusal::RegistryStale)
        }
        Err(error) => {
            tracing::error!(%error, "what a form asked for ended early");
            Err(Refusal::RegistryStale)
        }
    }
}

/// A user ID or the number of a person as a Japanese keyboard may have written it, in the letters it stands in on paper: full-width forms become
/// ASCII (what NFKC does to them), and so does whatever the hyphen's key writes; blanks around it go.
pub(super) fn in_ascii(typed: &str) -> String {
    let ascii = |character: char| match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        // Hyphens and dashes, the minus sign, the long-vowel mark in both widths.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff70}' => '-',
        other => other,
    };
    typed.trim().chars().take(64).map(ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_change_something() {
        let mut headers = HeaderMap::new();
        assert_eq!(same_origin(&headers, "care.example"), Ok(()));
        for (origin, ours) in [
            ("https://care.example", true),
            ("https://CARE.example:443", true),
            ("https://care.example:8443", false),
            ("https://care.example.evil", false),
            ("https://evil/care.example", false),
            ("http://care.example", false),
            ("null", false),
        ] {
            headers.insert(ORIGIN, origin.parse().unwrap());
            assert_eq!(same_origin(&headers, "care.example").is_ok(), ours, "{origin}");
        }
        headers.insert(ORIGIN, "https://care.example".parse().unwrap());
        headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
        assert_eq!(same_origin(&headers, "care.example"), Err(Refusal::ForeignForm));
    }

    #[test]
    fn forms_are_read_strictly() {
        let mut headers = HeaderMap::new();
        assert!(Form::read(&headers, b"a=1").is_err());
        headers.insert(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap());
        assert_eq!(Form::read(&headers, b"a=1&b=%E3%81%82").unwrap().field("b"), "あ");
        assert!(Form::read(&headers, b"a=1&a=2").is_err());
        headers.insert(CONTENT_TYPE, "text/plain".parse().unwrap());
        assert!(Form::read(&headers, b"a=1").is_err());
    }

    #[test]
    fn a_user_id_is_read_as_japanese_keyboards_write_it() {
        for typed in
            ["U-0015", " U-0015\t", "Ｕ－００１５", "　Ｕ‐００１５　", "Uー0015", "Ｕｰ0015", "U−0015", "U—0015"]
        {
            assert_eq!(in_ascii(typed), "U-0015", "{typed:?}");
        }
        // Case stays: which one is meant is asked of the registry.
        assert_eq!(in_ascii("ｕ－sato"), "u-sato");
        // What is no form of ASCII stays what it is, and is no user ID.
        assert_eq!(in_ascii("さとう①"), "さとう①");
        assert_eq!(in_ascii(&"Ａ".repeat(100)), "A".repeat(64));
    }
}
