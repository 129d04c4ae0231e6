//! The certificate and key that we show, in one place for all doors: swapped in one step while they are open.
//!
//! A handshake takes the pair that is there when it comes to it; what is open already is not touched. Beside it lie answers to an
//! ACME server that asks whether a host is ours (tls-alpn-01, RFC 8737): shown to nobody who does not ask for just that, and only
//! while an order is out.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The protocol by which an ACME server asks (RFC 8737 6.2).
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// A handle: every clone shows the same pair.
#[derive(Clone)]
pub struct ServerKey(Arc<Held>);

struct Held {
    current: ArcSwap<CertifiedKey>,
    challenges: ArcSwap<Vec<Challenge>>,
}

/// What a certificate authority is shown that asks for a host.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The host, in lower case.
    pub host: String,
    /// A certificate that says what the authority wants to hear (RFC 8737 3), with its key.
    pub answer: Arc<CertifiedKey>,
}

/// While it lives, an authority's questions are answered.
#[must_use]
pub struct Answering(ServerKey);

impl Answering {
    /// This one too, from now on.
    pub fn also(&self, challenge: Challenge) {
        self.0.0.challenges.rcu(|before| {
            let mut all = before.to_vec();
            all.push(challenge.clone());
            all
        });
    }
}

impl ServerKey {
    /// Shows this pair, whose key must belong to its certificate.
    #[must_use]
    pub fn new(pair: Arc<CertifiedKey>) -> Self {
        Self(Arc::new(Held { current: ArcSwap::new(pair), challenges: ArcSwap::default() }))
    }

    /// From the next handshake on, shows this one.
    pub fn swap(&self, pair: Arc<CertifiedKey>) {
        self.0.current.store(pair);
    }

    /// What is shown.
    #[must_use]
    pub fn current(&self) -> Arc<CertifiedKey> {
        self.0.current.load_full()
    }

    /// Begins to answer an authority's questions, until what is returned is dropped: for one order at a time.
    pub fn answering(&self) -> Answering {
        Answering(self.clone())
    }

    /// Whether a first message is an authority's question that is expected: this protocol and no other, by the host's name.
    pub(super) fn is_asked(&self, hello: &ClientHello<'_>) -> bool {
        self.challenge(hello).is_some()
    }

    fn challenge(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut protocols = hello.alpn()?;
        if protocols.next() != Some(ACME_TLS) || protocols.next().is_some() {
            return None;
        }
        let name = hello.server_name()?;
        let challenges = self.0.challenges.load();
        let asked = challenges.iter().find(|challenge| name.eq_ignore_ascii_case(&challenge.host))?;
        Some(Arc::clone(&asked.answer))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.challenges.store(Arc::default());
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey")
    }
}

impl ResolvesServerCert for ServerKey {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

/// Shows the answer to a question, and nothing but that.
#[derive(Debug)]
pub(super) struct Answers(pub(super) ServerKey);

impl ResolvesServerCert for Answers {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.challenge(&hello)
    }
}
