//! TLS of the enrolment door: our server certificate; a client certificate of our authority, if there is one.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

pub(super) fn config(
    issuing: &[ca::Issuing],
    server_key: Arc<CertifiedKey>,
    older_tls: bool,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut anchors = RootCertStore::empty();
    for issuing in issuing {
        anchors.add(CertificateDer::from(issuing.der().to_vec()))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(anchors), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let versions: &[_] = if older_tls { &[&TLS13, &TLS12] } else { &[&TLS13] };
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(server_key));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(resolver);
    // One request per connection, some times a year: nothing is worth resuming here.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
