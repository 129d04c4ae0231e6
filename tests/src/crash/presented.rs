//! A gateway over what a crash left: what it says to certificates that are shown to it in real handshakes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use model::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::runtime::Runtime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::world::{Ask, Authority, CARE, Keys, Node, Nodes, Ports, Terminal};

/// What gateways are started with, again and again.
pub(super) struct Edge {
    authority: Authority,
    issuer: CertificateDer<'static>,
    no_store: Ports,
    runtime: Runtime,
}

/// One certificate, shown once.
pub(super) struct Showing {
    pub(super) serial: String,
    pub(super) at: Timestamp,
    /// The code of the page, or what [`Edge::meets`] gives where there is none.
    pub(super) expected: &'static str,
}

/// Whoever is let in is asked for a session.
pub(super) const LET_IN: &str = "sign-in-required";
/// No connection comes about.
pub(super) const SHUT_OUT: &str = "shut out";

impl Edge {
    /// Trusts certificates that this one signed.
    pub(super) fn new(issuer: Vec<u8>) -> Self {
        let authority = Authority::new(super::now());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { authority, issuer: issuer.into(), no_store: Ports::row(1), runtime }
    }

    /// Shows them to a gateway that has just started over a copy of the registry, so that what it writes is not in the way of
    /// the next kill. Nobody else has the registry open.
    pub(super) fn show(&self, folder: &Path, mut showings: Vec<Showing>) {
        // A clock that goes back empties the buckets of the gateway's limits, and that is not the question here.
        showings.sort_by_key(|showing| showing.at);
        let Some(begin) = showings.first().map(|showing| showing.at) else { return };
        let copy = tempfile::tempdir().unwrap();
        for name in ["registry.db", "registry.db-wal"].into_iter().filter(|name| folder.join(name).exists()) {
            std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
        }
        let time = Arc::new(AtomicI64::new(begin.as_millis()));
        let clock = Arc::clone(&time);
        let clock: gateway::Clock = Arc::new(move || Timestamp::from_millis(clock.load(Ordering::Relaxed)));
        let nodes = Nodes::over(copy.path(), &self.authority, self.issuer.clone(), self.no_store.first(), clock);
        let node = Node::start(&nodes);
        for Showing { serial, at, expected } in &showings {
            time.store(at.as_millis(), Ordering::Relaxed);
            let met = self.runtime.block_on(self.meets(&node, &handed(folder, serial, &self.issuer)));
            assert_eq!(met, *expected, "{serial} at {at:?}");
        }
        node.stop();
    }

    async fn meets(&self, node: &Node, keys: &Keys) -> String {
        let terminal = Terminal::new(node.address, CARE, &self.authority.root_der(), Some(keys));
        match terminal.ask(Ask::get("/")).await {
            Ok(reply) => reply.code(),
            Err(_) => SHUT_OUT.to_owned(),
        }
    }
}

/// A certificate that was handed over, with its key.
fn handed(folder: &Path, serial: &str, issuer: &CertificateDer<'static>) -> Keys {
    let read = |kind: &str| std::fs::read(folder.join(kind).join(serial)).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(read("keys")));
    Keys { chain: vec![read("handed").into(), issuer.clone()], key }
}

/// First and last second of a certificate, as it says itself; none where the end came before it was handed over whole.
pub(super) fn validity(folder: &Path, serial: &str) -> Option<(Timestamp, Timestamp)> {
    let der = std::fs::read(folder.join("handed").join(serial)).ok()?;
    let (_, read) = X509Certificate::from_der(&der).ok()?;
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
    Some((at(read.validity().not_before.timestamp()), at(read.validity().not_after.timestamp())))
}
