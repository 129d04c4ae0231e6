//! The public host (art. 22): open to anyone, no certificate asked, no way to the store.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use model::lifecycle::facility;

use crate::pages::{FacilityListing, Outline, Page as _, Phone, Shown, Stop, paths};
use crate::pipeline::extract::whole;
use crate::pipeline::trace::Trace;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::strict::target::Canonical;
use crate::worker::Worker;
use crate::{answer, gate};

/// One of the public pages.
pub struct PublicPage {
    kind: Kind,
}

enum Kind {
    Outline,
    Style,
    Keys,
    Language(Response<Body>),
}

impl PublicPage {
    /// The page a request asks for. The request itself is left behind: nothing of it reaches further.
    ///
    /// # Errors
    /// There is none, or not with this method.
    pub fn of(request: &Request<Incoming>, _: Canonical) -> Result<Self, Refusal> {
        let kind = match request.uri().path() {
            "/" => gate::chosen_language(request)
                .map_or(Kind::Outline, |language| Kind::Language(gate::remember_language(request, language))),
            paths::PUBLIC_STYLE => Kind::Style,
            "/.well-known/jwks.json" => Kind::Keys,
            _ => return Err(Refusal::NoSuchPage),
        };
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            return Err(Refusal::MethodNotAllowed("GET, HEAD"));
        }
        Ok(Self { kind })
    }
}

/// Serves a public page.
///
/// # Errors
/// None so far: public pages stay open.
pub fn serve(worker: &Worker, page: PublicPage, trace: &Trace) -> Result<Response<Body>, Refusal> {
    Ok(match page.kind {
        Kind::Outline => outline(worker, trace),
        Kind::Style => gate::style(),
        Kind::Language(response) => response,
        Kind::Keys => {
            let mut response = Response::new(whole(worker.shared().identity.key_set().to_owned().into()));
            answer::page_headers(response.headers_mut());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
            response
        }
    })
}

/// What the system is, and the facilities that agreed to be listed (art. 22-2). Stays open while the service is stopped
/// and while the registry is silent: it shows what was last known.
fn outline(worker: &Worker, trace: &Trace) -> Response<Body> {
    let snapshot = worker.snapshot();
    let listed: Vec<(&str, &str, Phone)> = snapshot
        .facilities()
        .filter(|facility| facility.publish_consent && facility.state == facility::State::Approved)
        .map(|facility| (facility.name.as_str(), facility.address.as_str(), Phone(facility.phone.clone())))
        .collect();
    let facilities: Vec<FacilityListing<'_>> = listed
        .iter()
        .map(|(name, address, phone)| FacilityListing { name: Shown(name), address: Shown(address), phone })
        .collect();
    let service = snapshot.service();
    let stop = service.stopped.as_ref().map(|stopped| Stop { since: stopped.since, words: Some(Shown(&stopped.text)) });
    let page = Outline { frame: &worker.frame(trace), facilities: &facilities, stop };
    gate::html(StatusCode::OK, page.html())
}
