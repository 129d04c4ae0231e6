//! The server's certificate, from when the process starts until it ends: read, held to be fit, shown at every door, and exchanged
//! while they are open.
//!
//! The files are looked at every few seconds, and at once on SIGHUP. What lies there is read and checked whole ([`fitness`])
//! before it is swapped in one step; a pair that cannot be shown changes nothing, and is said once. Where the settings name an ACME
//! server ([`acme`]), the next pair is fetched when two thirds of the last one's time are over, and put beside the account in one file.

mod acme;
mod fitness;
mod places;
mod tries;

use std::sync::Arc;
use std::thread::JoinHandle;

use gateway::ServerKey;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

pub(crate) use acme::Standing;
pub(crate) use fitness::{Fit, Unfit};
pub(crate) use places::Places;
use places::{LOOK_EVERY, Stamp};

use crate::clock;
use crate::error::{Error, with_causes};
use crate::settings::Settings;
use acme::Client;

/// What is shown, and what is known of the files it came from.
pub(crate) struct ServerCertificate {
    key: ServerKey,
    places: Places,
    client: Option<Client>,
    seen: Option<Stamp>,
    said: Option<String>,
}

impl ServerCertificate {
    /// Reads the first pair.
    pub(crate) fn load(settings: &Settings) -> Result<Self, Error> {
        let places = Places::of(settings);
        let seen = Some(places.stamp());
        let key = ServerKey::new(places.first(clock::now())?);
        Ok(Self { key, places, client: None, seen, said: None })
    }

    /// The handle that doors show it by.
    pub(crate) fn key(&self) -> ServerKey {
        self.key.clone()
    }

    /// Keeps it new, on a thread of its own, from when the doors are open: an ACME server comes in by one of them. Only where
    /// clients are served is one asked.
    pub(crate) fn keep(mut self, settings: &Settings, serves_clients: bool) -> Result<Keeper, Error> {
        self.client = settings.acme.as_ref().filter(|_| serves_clients).map(|acme| Client::new(acme, &settings.hosts));
        let (wake, woken) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
        let thread = std::thread::Builder::new().name("sekisho-certificate".to_owned());
        let thread = thread.spawn(move || runtime.block_on(self.run(woken))).map_err(Error::Thread)?;
        Ok(Keeper { wake: Some(wake), thread: Some(thread) })
    }

    async fn run(mut self, mut woken: UnboundedReceiver<()>) {
        loop {
            if self.client.is_some() {
                tokio::select! {
                    () = self.renew() => {}
                    () = closed(&mut woken) => return,
                }
            }
            tokio::select! {
                told = woken.recv() => if told.is_none() { return },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            self.look();
        }
    }

    /// Takes a new pair into use, if there is one that can be.
    fn look(&mut self) {
        let stamp = self.places.stamp();
        if self.seen.as_ref() == Some(&stamp) {
            return;
        }
        match self.places.now(clock::now()) {
            Ok(fit) => {
                (self.seen, self.said) = (Some(stamp), None);
                self.show(&fit);
            }
            // Looked at again each time: it may only be early, or half written.
            Err(fault) if self.said.as_ref() == Some(&fault) => self.seen = None,
            Err(fault) => {
                tracing::warn!(fault, "a new server certificate cannot be used; the one before stays in use");
                (self.seen, self.said) = (None, Some(fault));
            }
        }
    }

    fn show(&self, fit: &Fit) {
        if self.key.current().cert != fit.pair.cert {
            self.key.swap(Arc::clone(&fit.pair));
            tracing::info!(until = fit.not_after.to_jst_minutes(), "a new server certificate is in use");
        }
    }

    /// Fetches the next pair, if it is time.
    async fn renew(&self) {
        let (Some(client), now) = (&self.client, clock::now()) else { return };
        let brought = self.places.brought(now).and_then(Result::ok);
        let accept = |pair| self.places.fit(pair, clock::now());
        match client.renew(brought.as_ref(), &self.key, now, accept).await {
            Ok(None) => {}
            Ok(Some(fit)) => self.show(&fit),
            Err(fault) => {
                let fault = with_causes(&fault);
                tracing::error!(fault, "no server certificate could be fetched; the one before stays in use");
            }
        }
    }
}

/// Ready when whoever could wake us is gone.
async fn closed(woken: &mut UnboundedReceiver<()>) {
    while woken.recv().await.is_some() {}
}

/// Keeps the server's certificate new until it is dropped.
pub(crate) struct Keeper {
    wake: Option<UnboundedSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Looks at the files at once.
    pub(crate) fn look(&self) {
        if let Some(wake) = &self.wake {
            // Nobody hears it any more only when the thread has ended, and that was said.
            let _ = wake.send(());
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.wake.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("who keeps the server certificate new ended by a panic");
        }
    }
}

#[cfg(test)]
mod tests;
