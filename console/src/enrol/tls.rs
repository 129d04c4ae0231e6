//! TLS of the enrolment door: our server certificate; a client certificate of our authority, if there is one.

use std::sync::Arc;

use gateway::tls::offered;
use gateway::{ServerKey, TlsProfile};
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

pub(super) fn config(
    issuing: &[ca::Issuing],
    server_key: ServerKey,
    profile: TlsProfile,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(offered::provider(profile));
    let mut anchors = RootCertStore::empty();
    for issuing in issuing {
        anchors.add(CertificateDer::from(issuing.der().to_vec()))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(anchors), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(offered::versions(profile))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(server_key));
    // One request per connection, some times a year: nothing is worth resuming here.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.ignore_client_order = offered::our_order_decides(profile);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
