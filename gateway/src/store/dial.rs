//! Connecting to a store: TCP, TLS, or a socket of this machine, and then HTTP/1.1 or HTTP/2 on it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::pool::{Body, StoreError};
use super::settings::{Address, Protocol, Server, ServerTls, StoreSetUpError};
use super::station::Connected;
use crate::bounds::{
    H2_CONNECTION_WINDOW_BYTES, H2_STREAM_WINDOW_BYTES, HEADER_BYTES_MAX, HEADERS_MAX, READ_BUFFER_BYTES_MAX,
    STORE_H2_PING_AFTER, STORE_H2_PING_ANSWER_MAX,
};
use crate::strict::answers::Answers;

/// How a store is reached.
pub(super) struct Dial {
    way: Way,
    within: Duration,
}

enum Way {
    Tcp(Address),
    Unix(PathBuf),
    Tls { address: Address, http1: TlsConnector, http2: TlsConnector, server_name: ServerName<'static> },
}

/// A fresh connection.
pub(super) enum Line {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Dial {
    /// To this store.
    ///
    /// # Errors
    /// What stands in its settings is no trust anchor, no name or no identity that TLS takes.
    pub(super) fn new(server: &Server, within: Duration) -> Result<Self, StoreSetUpError> {
        let address = server.address.clone();
        let way = match (address, &server.tls) {
            (Address::Unix(path), _) => Way::Unix(path),
            (address, None) => Way::Tcp(address),
            (address, Some(tls)) => {
                let server_name = ServerName::try_from(tls.server_name.clone()).map_err(|_| {
                    StoreSetUpError::ServerName { name: server.name.clone(), server_name: tls.server_name.clone() }
                })?;
                let wrong = |source| StoreSetUpError::Tls { name: server.name.clone(), source };
                let config = client_config(tls).map_err(wrong)?;
                Way::Tls {
                    address,
                    http1: speaking(&config, b"http/1.1"),
                    http2: speaking(&config, b"h2"),
                    server_name,
                }
            }
        };
        Ok(Self { way, within })
    }

    /// What stands before its name in an address.
    pub(super) const fn scheme(&self) -> Scheme {
        match &self.way {
            Way::Tls { .. } => Scheme::HTTPS,
            Way::Tcp(_) | Way::Unix(_) => Scheme::HTTP,
        }
    }

    /// Connects, and holds `connected` for as long as the connection lasts.
    ///
    /// # Errors
    /// [`StoreError::Connect`]: nothing of any request was sent.
    pub(super) async fn connect(&self, protocol: Protocol, connected: Connected) -> Result<Line, StoreError> {
        let line = timeout(self.within, self.dialled(protocol, connected)).await;
        line.map_err(|_| StoreError::Connect(io::ErrorKind::TimedOut.into()))?.map_err(StoreError::Connect)
    }

    async fn dialled(&self, protocol: Protocol, connected: Connected) -> io::Result<Line> {
        match &self.way {
            Way::Tcp(address) => speak(tcp(address).await?, protocol, connected).await,
            Way::Unix(path) => speak(UnixStream::connect(path).await?, protocol, connected).await,
            Way::Tls { address, http1, http2, server_name } => {
                let connector = match protocol {
                    Protocol::Http1 => http1,
                    Protocol::Http2 => http2,
                };
                let stream = connector.connect(server_name.clone(), tcp(address).await?).await?;
                if protocol == Protocol::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                    return Err(io::Error::other("the store does not speak HTTP/2"));
                }
                speak(stream, protocol, connected).await
            }
        }
    }
}

async fn tcp(address: &Address) -> io::Result<TcpStream> {
    let stream = match address {
        Address::Ip(address) => TcpStream::connect(address).await?,
        Address::Named { host, port } => TcpStream::connect((host.as_str(), *port)).await?,
        Address::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn speak<S>(stream: S, protocol: Protocol, connected: Connected) -> io::Result<Line>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    match protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::Builder::new()
                .max_headers(HEADERS_MAX)
                .max_buf_size(READ_BUFFER_BYTES_MAX)
                .handshake(TokioIo::new(Answers::new(stream)))
                .await
                .map_err(io::Error::other)?;
            runs(connection.with_upgrades(), connected);
            Ok(Line::Http1(sender))
        }
        Protocol::Http2 => {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(H2_STREAM_WINDOW_BYTES)
                .initial_connection_window_size(H2_CONNECTION_WINDOW_BYTES)
                .max_header_list_size(u32::try_from(HEADER_BYTES_MAX).unwrap_or(u32::MAX))
                .max_send_buf_size(READ_BUFFER_BYTES_MAX)
                .keep_alive_interval(STORE_H2_PING_AFTER)
                .keep_alive_timeout(STORE_H2_PING_ANSWER_MAX)
                .handshake(TokioIo::new(stream))
                .await
                .map_err(io::Error::other)?;
            runs(connection, connected);
            Ok(Line::Http2(sender))
        }
    }
}

/// Runs a connection to its end.
fn runs(connection: impl Future<Output = hyper::Result<()>> + Send + 'static, connected: Connected) {
    tokio::spawn(async move {
        let _connected = connected;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the store ended");
        }
    });
}

/// The given anchors and no others; our certificate where one is given.
fn client_config(tls: &ServerTls) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for anchor in &tls.anchors {
        roots.add(anchor.clone())?;
    }
    let no_anchor = |error: rustls::client::VerifierBuilderError| rustls::Error::General(error.to_string());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = verifier.build().map_err(no_anchor)?;
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = builder.with_webpki_verifier(verifier);
    Ok(match &tls.identity {
        None => builder.with_no_client_auth(),
        Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(key)))),
    })
}

fn speaking(config: &ClientConfig, protocol: &[u8]) -> TlsConnector {
    let mut config = config.clone();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsConnector::from(Arc::new(config))
}
