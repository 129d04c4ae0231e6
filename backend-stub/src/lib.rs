//! A stand-in care-record store: FHIR R4, notes as event stream and WebSocket, documents, and a web application that speaks
//! no FHIR. Imports nothing of ours.
//!
//! Believable, and naive on purpose: it answers whatever the gateway's token vouches for, about anybody. It has no idea of
//! consent, teams or professions; that nothing wrong reaches it is what Sekisho is for. It runs as a program
//! (`backend-stub`) and inside a test ([`run`]).
//!
//! Served with an identity: `/fhir/...`, `/notes/...` (told in `notes/mod.rs`), `/feeds/notes?patient=ID`,
//! `/feeds/notes/socket?patient=ID`, `/broken/{what}`, `/slow/{milliseconds}`. Served for tests, on a listener of its own: `GET`
//! and `DELETE /stub/requests`, `GET /stub/count`, `POST /stub/news` (`{"person":"P-0001","data":"..."}`: told to the listeners
//! word for word), `PUT /stub/paging` (`{"by":"token"}` or `{"by":"offset"}`). Which records misbehave, and how, stands in
//! `data/README.md`.
//!
//! Of FHIR R4 it does what `/fhir/metadata` says: all types of the patient compartment, versions and histories, conditional
//! writes, search by type, system and compartment with chains and includes, `$everything`, batch and transaction. Not done:
//! PATCH, XML, composite parameters, other operations, GraphQL, subscriptions, bulk export.

mod admin;
mod app;
mod binary;
mod broken;
mod error;
mod feeds;
mod fhir;
mod notes;
mod options;
mod request_log;
mod seed;
mod server;
mod store;
#[cfg(test)]
mod tests;
mod trust;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use crate::error::StubError;
pub use crate::options::{Options, Paging, Seed, Trust};
pub use crate::request_log::{Counts, LoggedRequest};
pub use crate::trust::{IDENTITY_HEADER, Identity};

/// The registry's side of the built-in seed: facilities, users, devices, persons, consents, teams (see `data/README.md`).
pub const CITY: &str = include_str!("../data/city.json");

/// A running store. Dropped, it stops like [`Handle::stop`], but nobody waits for it.
pub struct Handle {
    address: SocketAddr,
    admin: SocketAddr,
    app: app::App,
    stop: watch::Sender<bool>,
    serving: Vec<JoinHandle<()>>,
}

/// Starts a store on the current runtime; it serves when this returns.
///
/// # Errors
/// The data file, the seed, the key set or a listener cannot be used, or a door would be open to others.
pub async fn run(options: Options) -> Result<Handle, StubError> {
    let doors = [(options.admin_listen, true), (options.listen, matches!(options.trust, Trust::Anyone))];
    if let Some((door, _)) = doors.iter().find(|(door, loopback_only)| *loopback_only && !door.ip().is_loopback()) {
        return Err(StubError::OpenToAll(*door));
    }
    let gatekeeper = trust::Gatekeeper::new(&options.trust)?;
    let (file, seed) = (options.data_file.clone(), options.seed.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let store = store::Store::open(file.as_deref())?;
        seed::fill(&store, &seed)?;
        Ok::<_, StubError>(store)
    });
    let store = opened.await.map_err(|_| StubError::Database(rusqlite::Error::InvalidQuery))??;
    let (stop, draining) = watch::channel(false);
    let app = app::App::new(app::Shared {
        store,
        pages: Arc::new(fhir::search::pages::Pages::new(options.paging)),
        hub: feeds::Hub::new(),
        log: request_log::RequestLog::new(options.requests_kept),
        gatekeeper,
        heartbeat: options.heartbeat,
        draining: draining.clone(),
    });
    let (records, address) = server::bind(options.listen).await?;
    let (tests, admin) = server::bind(options.admin_listen).await?;
    let serving = vec![
        tokio::spawn(server::serve(records, app::router(app.clone()), draining.clone())),
        tokio::spawn(server::serve(tests, admin::router(app.clone()), draining)),
    ];
    Ok(Handle { address, admin, app, stop, serving })
}

impl Handle {
    /// Where records are served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/stub/...` is served.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The last requests that came, refused ones too.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.app.log.requests()
    }

    /// How many came.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.app.log.counts()
    }

    /// Forgets what came.
    pub fn clear_requests(&self) {
        self.app.log.clear();
    }

    /// Changes how links to further pages look.
    pub fn page_by(&self, paging: Paging) {
        self.app.pages.switch(paging);
    }

    /// Tells the listeners of a person something, in words of the caller's choice.
    pub fn tell(&self, person: &str, data: &str) {
        self.app.hub.tell(person, data);
    }

    /// Stops: no new connections, running answers get five seconds, feeds end.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        for serving in self.serving.drain(..) {
            let _ = serving.await;
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}
