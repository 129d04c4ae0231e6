//! One request over HTTPS, without a runtime: connect, ask, read to the end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned};

use super::root::Anybody;
use crate::error::Error;
use crate::{folder, secrets};

/// For connecting, and for each reading and writing.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer, in octets.
const ANSWER_OCTETS_MAX: u64 = 256 * 1024;

/// Where terminals come for certificates.
pub(super) struct Gateway {
    host: String,
    port: u16,
    at: Option<SocketAddr>,
    tls: Arc<ClientConfig>,
}

/// Whom we believe to be the office's door.
pub(super) enum Trust<'a> {
    /// Whoever has a certificate under what lies in this file.
    File(&'a Path),
    /// The same under this certificate (DER).
    Root(Vec<u8>),
    /// Whoever answers. Nothing may be sent.
    Anybody,
}

impl Trust<'_> {
    fn config(self) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
        let doing = "preparing the connection";
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(failed(doing))?;
        let trusted = match self {
            Self::File(path) => secrets::read_certificates(path)?,
            Self::Root(der) => vec![CertificateDer::from(der)],
            Self::Anybody => {
                let anybody = Arc::new(Anybody(provider));
                return Ok(builder.dangerous().with_custom_certificate_verifier(anybody));
            }
        };
        let mut anchors = RootCertStore::empty();
        for certificate in trusted {
            anchors.add(certificate).map_err(failed(doing))?;
        }
        Ok(builder.with_root_certificates(anchors))
    }
}

fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(doing: &'static str) -> impl FnOnce(E) -> Error {
    move |source| Error::Exchange { doing, source: source.into() }
}

impl Gateway {
    /// `own`: a file with key and certificate, to be shown in the handshake.
    pub(super) fn new(
        (url, at): (&str, Option<SocketAddr>),
        trust: Trust<'_>,
        own: Option<&Path>,
    ) -> Result<Self, Error> {
        let wrong = || Error::usage(format_args!("`{url}` is no address such as https://care.example.jp:8450"));
        let authority = url.strip_prefix("https://").ok_or_else(wrong)?.trim_end_matches('/');
        let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
        let port = port.parse().map_err(|_| wrong())?;
        ServerName::try_from(host).map_err(|_| wrong())?;
        let doing = "preparing the connection";
        let config = trust.config()?;
        let tls = match own {
            None => config.with_no_client_auth(),
            Some(path) => {
                let key = PrivateKeyDer::from_pem_slice(&folder::read_secret(path)?)
                    .map_err(|_| Error::NotA { path: path.to_owned(), what: "private key in PEM" })?;
                config.with_client_auth_cert(secrets::read_certificates(path)?, key).map_err(failed(doing))?
            }
        };
        Ok(Self { host: host.to_owned(), port, at, tls: Arc::new(tls) })
    }

    /// What lies there, out of base64.
    pub(super) fn get(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"), &[])
    }

    /// Sends a request in PEM; what comes back, out of base64.
    pub(super) fn post(&self, path: &str, by: Option<(&str, &str)>, pem: &[u8]) -> Result<Vec<u8>, Error> {
        let by = by.map(|(name, password)| {
            format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}")))
        });
        let length = pem.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/pkcs10\r\nContent-Length: {length}\r\n{}",
            by.unwrap_or_default()
        );
        self.ask(&head, pem)
    }

    fn ask(&self, head: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
        let doing = "asking the office's door";
        let name = ServerName::try_from(self.host.clone()).map_err(failed(doing))?;
        let tls = ClientConnection::new(Arc::clone(&self.tls), name).map_err(failed(doing))?;
        let mut stream = StreamOwned::new(tls, self.connect()?);
        let whole = format!("{head}Host: {}:{}\r\nConnection: close\r\n\r\n", self.host, self.port);
        stream.write_all(whole.as_bytes()).and_then(|()| stream.write_all(body)).map_err(failed(doing))?;
        stream.flush().map_err(failed(doing))?;
        let mut answer = Vec::new();
        stream.take(ANSWER_OCTETS_MAX).read_to_end(&mut answer).map_err(failed("reading the answer"))?;
        understood(&answer)
    }

    fn connect(&self) -> Result<TcpStream, Error> {
        let doing = "connecting";
        let found: Vec<SocketAddr> = match self.at {
            Some(at) => vec![at],
            None => (self.host.as_str(), self.port).to_socket_addrs().map_err(failed(doing))?.collect(),
        };
        // A name may have an address where nobody listens, such as one of IPv6: the first that answers counts.
        let mut last = failed(doing)("the name has no address");
        for address in found {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => return patient(stream),
                Err(error) => last = failed(doing)(error),
            }
        }
        Err(last)
    }
}

/// Neither reads nor writes for ever.
fn patient(stream: TcpStream) -> Result<TcpStream, Error> {
    let doing = "connecting";
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed(doing))?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed(doing))?;
    Ok(stream)
}

/// The body of a 200, out of base64; of anything else, its words.
fn understood(answer: &[u8]) -> Result<Vec<u8>, Error> {
    let no_answer = || failed("reading the answer")("it is no answer of HTTP");
    let text = std::str::from_utf8(answer).map_err(|_| no_answer())?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(no_answer)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(no_answer)?;
    if status == 200 {
        let packed: String = body.split_ascii_whitespace().collect();
        return STANDARD.decode(packed).map_err(failed("reading the answer"));
    }
    let problem: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or("no reason is given");
    let more = problem.get("obstacles").and_then(serde_json::Value::as_array).into_iter().flatten();
    let more: Vec<_> = more.filter_map(serde_json::Value::as_str).collect();
    let said = if more.is_empty() { detail.to_owned() } else { format!("{detail} ({})", more.join("; ")) };
    Err(Error::TurnedAway { status, said })
}
