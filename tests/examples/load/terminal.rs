//! A terminal: certificate, cookie, and how it speaks TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[derive(Clone)]
pub(crate) struct Terminal {
    name: ServerName<'static>,
    pub(crate) cookie: String,
    config: Arc<ClientConfig>,
}

impl Terminal {
    pub(crate) fn new(host: &str, root: &str, pem: &str, cookie: &str, two: bool, pq: bool) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        if !pq {
            provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
        }
        let chain = CertificateDer::pem_file_iter(pem).unwrap().map(Result::unwrap).collect();
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(pem).unwrap())
            .unwrap();
        config.alpn_protocols = vec![if two { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        config.resumption = Resumption::in_memory_sessions(64);
        let name = ServerName::try_from(host.to_owned()).unwrap();
        Self { name, cookie: cookie.to_owned(), config: Arc::new(config) }
    }

    /// The same, remembering no session.
    pub(crate) fn forgetful(&self) -> Self {
        let mut config = (*self.config).clone();
        config.resumption = Resumption::in_memory_sessions(64);
        Self { config: Arc::new(config), ..self.clone() }
    }

    pub(crate) async fn connect(&self, to: SocketAddr, from: IpAddr) -> Result<TlsStream<TcpStream>, String> {
        let socket = TcpSocket::new_v4().map_err(|error| error.to_string())?;
        if from != to.ip() {
            socket.bind(SocketAddr::new(from, 0)).map_err(|error| error.to_string())?;
        }
        let stream = socket.connect(to).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let tls = TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await;
        tls.map_err(|error| error.to_string())
    }
}

/// Whether the handshake resumed an earlier session.
pub(crate) fn is_resumed(tls: &TlsStream<TcpStream>) -> bool {
    tls.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}
