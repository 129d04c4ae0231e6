//! The doors of the store: which path goes where, and the check of identity before all of them.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get};
use http::Version;
use http::header::HOST;
use tokio::sync::watch;

use crate::feeds::{self, Hub};
use crate::fhir::outcome::Fault;
use crate::fhir::search::pages::Pages;
use crate::fhir::{self, refuse};
use crate::request_log::RequestLog;
use crate::store::Store;
use crate::trust::{Gatekeeper, Identity};
use crate::{broken, notes};

/// Who asks, as a handler finds it in the request; none when anyone may ask.
#[derive(Clone)]
pub(crate) struct Asking(pub(crate) Option<Arc<Identity>>);

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// See [`App`].
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) pages: Arc<Pages>,
    pub(crate) hub: Hub,
    pub(crate) log: RequestLog,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) heartbeat: Duration,
    pub(crate) draining: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The record side.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/fhir", any(fhir::handle))
        .route("/fhir/", any(fhir::handle))
        .route("/fhir/{*rest}", any(fhir::handle))
        .route("/feeds/notes", get(feeds::events))
        .route("/feeds/notes/socket", get(feeds::socket))
        .merge(notes::router())
        .route("/broken/{what}", get(broken::direct))
        .route("/slow/{millis}", get(broken::slow))
        .fallback(nothing)
        .layer(from_fn_with_state(app.clone(), identify))
        .with_state(app)
}

async fn nothing(request: Request) -> Response {
    refuse(&Fault::new(404, "not-found", format!("{} is nowhere", request.uri().path())))
}

/// Nothing is answered without an identity, and everything is logged.
async fn identify(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // RFC 9112 3.2: as every server in the field does.
    if parts.version == Version::HTTP_11 && parts.headers.get_all(HOST).iter().count() != 1 {
        return refuse(&Fault::new(400, "invalid", "a request without exactly one Host"));
    }
    let now = fhir::date::now();
    match app.gatekeeper.check(&parts.headers, now.div_euclid(1_000)).await {
        Ok(identity) => {
            app.log.note(&parts, now, identity.as_ref(), None);
            parts.extensions.insert(Asking(identity));
            next.run(Request::from_parts(parts, body)).await
        }
        Err(stranger) => {
            tracing::warn!(method = %parts.method, path = parts.uri.path(), %stranger, "refused");
            app.log.note(&parts, now, None, Some(stranger.to_string()));
            refuse(&Fault::new(401, "login", stranger.to_string()))
        }
    }
}
