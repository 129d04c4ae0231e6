//! Two hosts on one port, told apart by the server name in the first TLS message (RFC 6066 3): the care host asks for
//! the device certificate, the public host does not ask at all. Each has its own session store, so that a session of
//! one is never resumed on the other (CVE-2025-23419).

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage};

use super::offered;
use super::server_key::{ACME_TLS, Answers, ServerKey};
use super::sessions::Sessions;
use super::verifier::DeviceVerifier;
use crate::SetUpError;
use crate::bounds::TLS_SESSIONS_MAX;

/// Which versions of TLS are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsProfile {
    /// TLS 1.3 only (MHLW guideline v6.0, ch. 13).
    Standard,
    /// TLS 1.3, and TLS 1.2 with ECDHE and AEAD for terminals that cannot do better.
    Compatibility,
}

/// Which of the two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Records; certificate asked for.
    Care,
    /// Public information (art. 22); nothing asked for.
    Public,
}

/// What becomes of a first message.
pub enum Chosen {
    /// A client of this host, with the settings it meets.
    Client(Host, Arc<ServerConfig>),
    /// A certificate authority that asks whether a host is ours: shown the answer, and nothing is spoken after it (RFC 8737 3).
    Question(Arc<ServerConfig>),
}

/// The two hosts' names and TLS settings.
pub struct Hosts {
    care_name: String,
    public_name: String,
    care: Arc<ServerConfig>,
    public: Arc<ServerConfig>,
    key: ServerKey,
    question: Arc<ServerConfig>,
}

impl Hosts {
    /// Both hosts. Names are DNS names in lower case.
    ///
    /// # Errors
    /// The names are equal, or rustls does not take the settings.
    pub fn new(
        care_name: &str,
        public_name: &str,
        key: ServerKey,
        profile: TlsProfile,
        verifier: DeviceVerifier,
    ) -> Result<Self, SetUpError> {
        if care_name == public_name {
            return Err(SetUpError::HostNames);
        }
        let provider = Arc::new(offered::provider(profile));
        let builder = || {
            ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(offered::versions(profile))
                .map_err(SetUpError::Tls)
        };
        let resolver = Arc::new(key.clone());
        let care = builder()?.with_client_cert_verifier(Arc::new(verifier)).with_cert_resolver(resolver.clone());
        let public = builder()?.with_no_client_auth().with_cert_resolver(resolver);
        let mut question = builder()?.with_no_client_auth().with_cert_resolver(Arc::new(Answers(key.clone())));
        question.alpn_protocols = vec![ACME_TLS.to_vec()];
        question.session_storage = Arc::new(NoServerSessionStorage {});
        question.send_tls13_tickets = 0;
        Ok(Self {
            care_name: care_name.to_owned(),
            public_name: public_name.to_owned(),
            care: Arc::new(finish(care, profile)),
            public: Arc::new(finish(public, profile)),
            key,
            question: Arc::new(question),
        })
    }

    /// What a client asks for; none for a name that is not ours, or no name at all.
    #[must_use]
    pub fn choose(&self, hello: &ClientHello<'_>) -> Option<Chosen> {
        if self.key.is_asked(hello) {
            return Some(Chosen::Question(Arc::clone(&self.question)));
        }
        let host = self.by_name(hello.server_name()?)?;
        let config = match host {
            Host::Care => &self.care,
            Host::Public => &self.public,
        };
        Some(Chosen::Client(host, Arc::clone(config)))
    }

    /// The host of this name, compared without regard to case (RFC 9110 4.2.3).
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<Host> {
        if name.eq_ignore_ascii_case(&self.care_name) {
            Some(Host::Care)
        } else if name.eq_ignore_ascii_case(&self.public_name) {
            Some(Host::Public)
        } else {
            None
        }
    }
}

fn finish(mut config: ServerConfig, profile: TlsProfile) -> ServerConfig {
    config.ignore_client_order = offered::our_order_decides(profile);
    config.alpn_protocols = offered::protocols();
    // Sessions are kept here and not in tickets: bounded, gone with the process, and no key to steal. They may be
    // resumed freely, because the certificate is checked after every handshake and on every request.
    config.session_storage = Arc::new(Sessions::new(TLS_SESSIONS_MAX));
    // One at a time: who comes back brings one and is given another. A second would lie here unused for every connection over HTTP/2.
    config.send_tls13_tickets = 1;
    config.max_early_data_size = 0;
    config
}
