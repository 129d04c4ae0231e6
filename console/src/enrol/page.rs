//! The pages: for people who make a request with a program of their own and have no EST, and for terminals that can make no
//! key. Number and code in, a file out. They need no script.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ca::Encoding;
use enrolment::{ContainerAsked, Flaw, Turned};
use registry::{RegistryError, Why};
use serde::Deserialize;

use super::form::Fields;
use super::routes::trying;
use super::sources::{Held, Source};
use super::texts::Language;
use super::{EnrolmentDoor, acme};

/// Only our own style; a form to ourselves; nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Which page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A request of the terminal's own.
    Request,
    /// A container that is made here.
    Container,
}

impl Kind {
    const fn address(self) -> &'static str {
        match self {
            Self::Request => "/enrol",
            Self::Container => "/enrol/container",
        }
    }

    const fn not_allowed(self) -> &'static str {
        match self {
            Self::Request => "not-allowed",
            Self::Container => "container-not-allowed",
        }
    }

    const fn unusable(self) -> &'static str {
        match self {
            Self::Request => "request-unusable",
            Self::Container => "container-unusable",
        }
    }
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct RequestPage<'a> {
    language: Language,
    address: &'static str,
    title: String,
    trouble: Option<Trouble>,
    /// Fingerprint of the root, as openssl prints it.
    root: &'a str,
    device: &'a str,
    code: &'a str,
}

#[derive(Template)]
#[template(path = "container.html")]
struct ContainerPage<'a> {
    language: Language,
    address: &'static str,
    title: String,
    trouble: Option<Trouble>,
    /// Fingerprint of the root, as openssl prints it.
    root: &'a str,
    device: &'a str,
    code: &'a str,
    /// The encoding that is chosen beforehand.
    older: bool,
}

/// What is said against what was sent.
pub(super) struct Trouble {
    pub(super) key: &'static str,
    /// More exactly, in the words of the registry or of who read the request, for who is asked for help.
    pub(super) exactly: Option<String>,
}

impl From<&'static str> for Trouble {
    fn from(key: &'static str) -> Self {
        Self { key, exactly: None }
    }
}

/// What stands in the address, as the picture on the slip has it.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) lang: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    code: String,
}

pub(super) async fn show(State(door): State<EnrolmentDoor>, Query(asked): Query<Asked>) -> Response {
    Shown::of(&door, Kind::Request, &asked.lang, false).page(StatusCode::OK, None, &asked.device, &asked.code)
}

pub(super) async fn show_container(
    State(door): State<EnrolmentDoor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let shown = Shown::of(&door, Kind::Container, &asked.lang, reads_older(&headers));
    shown.page(StatusCode::OK, None, &asked.device, &asked.code)
}

/// The root's certificate. Whoever fetches it here trusts nobody yet: it is worth what the slip's fingerprint makes of it.
pub(super) async fn root(State(door): State<EnrolmentDoor>) -> Response {
    file_of("root.pem", "application/pem-certificate-chain", door.desk.root().pem().into())
}

pub(super) async fn style() -> Response {
    let style = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (style, include_str!("../../templates/enrol.css")).into_response()
}

pub(super) async fn send(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let shown = Shown::of(&door, Kind::Request, &asked.lang, false);
    let Some(fields) = Fields::read(request).await else { return shown.unreadable() };
    let (device, code) = (fields.text("device"), fields.text("code"));
    let file = fields.octets("file");
    let body = if file.is_empty() { fields.octets("request") } else { file }.to_vec();
    let tried = match door.sources.begin(source, Some(&device), (door.clock)()).await {
        Ok(tried) => tried,
        Err(held) => return shown.too_many(held, &device),
    };
    let by = (device.clone(), code.clone());
    match trying(&door, tried, move |desk, now| desk.by_code(&by.0, &by.1, &body, now)).await {
        Ok(issued) => {
            let pem = format!("{}{}", issued.pem(), door.desk.issuing().pem());
            file_of(&format!("{device}-certificate.pem"), "application/pem-certificate-chain", pem.into_bytes())
        }
        Err(turned) => shown.turned(&door, turned, &device, &code).await,
    }
}

pub(super) async fn send_container(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let older = reads_older(request.headers());
    let shown = Shown::of(&door, Kind::Container, &asked.lang, older);
    let Some(fields) = Fields::read(request).await else { return shown.unreadable() };
    let (device, code) = (fields.text("device"), fields.text("code"));
    let encoding = match fields.text("encoding").as_str() {
        "older" => Encoding::Older,
        "current" => Encoding::Current,
        _ if older => Encoding::Older,
        _ => Encoding::Current,
    };
    let tried = match door.sources.begin(source, Some(&device), (door.clock)()).await {
        Ok(tried) => tried,
        Err(held) => return shown.too_many(held, &device),
    };
    let (by, password) = ((device.clone(), code.clone()), ca::Zeroizing::new(fields.text("password")));
    let made = trying(&door, tried, move |desk, now| {
        desk.container(&ContainerAsked { device: &by.0, code: &by.1, password: &password, encoding }, now)
    });
    match made.await {
        Ok((device, container)) => file_of(&format!("{device}.p12"), "application/x-pkcs12", container),
        Err(turned) => shown.turned(&door, turned, &device, &code).await,
    }
}

/// The profile of a terminal's own. What is wrong is said in words: a person looks at it.
pub(super) async fn profile(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let shown = Shown::of(&door, Kind::Request, &asked.lang, false);
    let Some(authority) = acme::authority(&door, &headers) else { return shown.unreadable() };
    let tried = match door.sources.begin(source, Some(&asked.device), (door.clock)()).await {
        Ok(tried) => tried,
        Err(held) => return shown.too_many(held, &asked.device),
    };
    let (base, by) = (format!("https://{authority}"), (asked.device.clone(), asked.code));
    match trying(&door, tried, move |desk, now| desk.profile(&by.0, &by.1, &base, now)).await {
        Ok((device, profile)) => {
            file_of(&format!("{device}.mobileconfig"), "application/x-apple-aspen-config", profile)
        }
        Err(turned) => shown.turned(&door, turned, &asked.device, "").await,
    }
}

/// Systems of which some take AES for a wrong password, by what their browsers call themselves; those of Apple tell no
/// version that could be trusted. All of them read the older form.
fn reads_older(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    ["iPhone", "iPad", "Macintosh", "Windows NT 6"].iter().any(|system| agent.contains(system))
}

/// A page in a language.
struct Shown {
    kind: Kind,
    language: Language,
    older: bool,
    root: String,
}

impl Shown {
    fn of(door: &EnrolmentDoor, kind: Kind, language: &str, older: bool) -> Self {
        let root = ca::in_pairs(&door.desk.root().fingerprint_sha256());
        Self { kind, language: Language::of(language), older, root }
    }

    fn too_many(&self, held: Held, device: &str) -> Response {
        let mut response = self.page(StatusCode::TOO_MANY_REQUESTS, Some("too-many".into()), device, "");
        response.headers_mut().insert(header::RETRY_AFTER, held.seconds.into());
        response
    }

    fn unreadable(&self) -> Response {
        self.page(StatusCode::BAD_REQUEST, Some(self.kind.unusable().into()), "", "")
    }

    /// The page once more, with why not; what was typed stands there again, but for passwords and requests.
    async fn turned(&self, door: &EnrolmentDoor, turned: Turned, device: &str, code: &str) -> Response {
        let error: &dyn std::error::Error = &turned;
        let exactly = turned.obstacle();
        let (status, trouble) = match &turned {
            Turned::Request(unusable) => {
                let trouble = Trouble { key: of_request(unusable.flaw), exactly: Some(unusable.to_string()) };
                (StatusCode::BAD_REQUEST, trouble)
            }
            Turned::NotAllowed | Turned::NoCode | Turned::Spent => {
                tokio::time::sleep(door.bounds.wrong_pause).await;
                (StatusCode::FORBIDDEN, self.kind.not_allowed().into())
            }
            Turned::Refused(why) => {
                tracing::warn!(error, "the registry refuses an enrolment");
                (StatusCode::FORBIDDEN, Trouble { key: of_refusal(why), exactly })
            }
            Turned::Fault(_) => {
                tracing::error!(error, "an enrolment failed");
                (StatusCode::SERVICE_UNAVAILABLE, "fault".into())
            }
        };
        self.page(status, Some(trouble), device, code)
    }

    fn page(&self, status: StatusCode, trouble: Option<Trouble>, device: &str, code: &str) -> Response {
        let Self { kind, language, older, ref root } = *self;
        let address = kind.address();
        let rendered = match kind {
            Kind::Request => {
                let title = language.say("request-title");
                RequestPage { language, address, title, trouble, root, device, code }.render()
            }
            Kind::Container => {
                let title = language.say("container-title");
                ContainerPage { language, address, title, trouble, root, device, code, older }.render()
            }
        };
        let Ok(body) = rendered else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        (status, fields(), body).into_response()
    }
}

/// What is wrong with a request, in words for who made it.
const fn of_request(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Nothing => "request-nothing",
        Flaw::Secret => "request-secret",
        Flaw::Certificate => "request-certificate",
        Flaw::Unsigned => "request-unsigned",
        Flaw::Key => "request-key",
        Flaw::Unreadable | Flaw::SameKey => "request-unusable",
    }
}

/// What the registry has against it, in words for who has a code that is right.
fn of_refusal(why: &RegistryError) -> &'static str {
    match why.refused().map(|refused| &refused.why) {
        Some(Why::Key(_)) => "refused-key",
        Some(Why::Full { .. }) => "refused-full",
        _ => "refused",
    }
}

/// Of every page.
pub(super) const fn fields() -> [(header::HeaderName, &'static str); 3] {
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ]
}

/// A file to be saved. Its name begins with the terminal's number, which has passed as one.
pub(super) fn file_of(name: &str, content_type: &'static str, content: Vec<u8>) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(named) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    response
}
