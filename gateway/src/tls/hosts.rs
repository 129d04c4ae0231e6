//! Two hosts on one port, told apart by the server name in the first TLS message (RFC 6066 3): the care host asks for
//! the device certificate, the public host does not ask at all. Each has its own session store, so that a session of
//! one is never resumed on the other (CVE-2025-23419).

use std::sync::Arc;

use rustls::server::{ClientHello, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion, version};

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

/// The two hosts' names and TLS settings.
pub struct Hosts {
    care_name: String,
    public_name: String,
    care: Arc<ServerConfig>,
    public: Arc<ServerConfig>,
}

impl Hosts {
    /// Both hosts. Names are DNS names in lower case.
    ///
    /// # Errors
    /// The names are equal, or rustls does not take the settings.
    pub fn new(
        care_name: &str,
        public_name: &str,
        key: Arc<CertifiedKey>,
        profile: TlsProfile,
        verifier: DeviceVerifier,
    ) -> Result<Self, SetUpError> {
        if care_name == public_name {
            return Err(SetUpError::HostNames);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions: &[&SupportedProtocolVersion] = match profile {
            TlsProfile::Standard => &[&version::TLS13],
            TlsProfile::Compatibility => &[&version::TLS13, &version::TLS12],
        };
        let builder = || {
            ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(versions)
                .map_err(SetUpError::Tls)
        };
        let resolver = Arc::new(rustls::sign::SingleCertAndKey::from(key));
        let care = builder()?.with_client_cert_verifier(Arc::new(verifier)).with_cert_resolver(resolver.clone());
        let public = builder()?.with_no_client_auth().with_cert_resolver(resolver);
        Ok(Self {
            care_name: care_name.to_owned(),
            public_name: public_name.to_owned(),
            care: Arc::new(finish(care)),
            public: Arc::new(finish(public)),
        })
    }

    /// The host a client asks for; none for a name that is not ours, or no name at all.
    #[must_use]
    pub fn choose(&self, hello: &ClientHello<'_>) -> Option<(Host, Arc<ServerConfig>)> {
        let host = self.by_name(hello.server_name()?)?;
        let config = match host {
            Host::Care => &self.care,
            Host::Public => &self.public,
        };
        Some((host, Arc::clone(config)))
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

fn finish(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Sessions are kept here and not in tickets: bounded, gone with the process, and no key to steal. They may be
    // resumed freely, because the certificate is checked after every handshake and on every request.
    config.session_storage = ServerSessionMemoryCache::new(TLS_SESSIONS_MAX);
    config.max_early_data_size = 0;
    config
}
