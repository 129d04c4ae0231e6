//! A terminal's side: TLS with or without a certificate, HTTP/1.1 or HTTP/2 on a connection that is held in the hand, so
//! that a test can say what happens to *this* connection.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Certificate chain and key of a terminal.
pub(crate) struct Keys {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// A terminal (or a stranger's machine): remembers TLS sessions as browsers do.
#[derive(Clone)]
pub(crate) struct Terminal {
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
    config: Arc<ClientConfig>,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

/// Which TLS is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    V12,
    V13,
}

/// An open connection.
pub(crate) struct Connection {
    sender: Sender,
    host: String,
    /// The handshake resumed an earlier session.
    pub(crate) resumed: bool,
}

enum Sender {
    One(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Two(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

/// An answer read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a problem document.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The session cookie that was set, as the client sends it back.
    pub(crate) fn cookie(&self) -> Option<String> {
        let set = self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        set.filter(|value| value.starts_with("__Host-sekisho="))
            .find_map(|value| value.split(';').next().map(str::to_owned))
    }
}

impl Terminal {
    pub(crate) fn new(address: SocketAddr, host: &str, root: &CertificateDer<'static>, keys: Option<&Keys>) -> Self {
        Self::speaking(address, host, root, keys, Http::One, Tls::V13)
    }

    pub(crate) fn speaking(
        address: SocketAddr,
        host: &str,
        root: &CertificateDer<'static>,
        keys: Option<&Keys>,
        http: Http,
        tls: Tls,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions: &[&rustls::SupportedProtocolVersion] = match tls {
            Tls::V12 => &[&rustls::version::TLS12],
            Tls::V13 => &[&rustls::version::TLS13],
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match keys {
            Some(keys) => builder.with_client_auth_cert(keys.chain.clone(), keys.key.clone_key()).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = match http {
            Http::One => vec![b"http/1.1".to_vec()],
            Http::Two => vec![b"h2".to_vec()],
        };
        config.resumption = Resumption::in_memory_sessions(64);
        Self { address, host: host.to_owned(), config: Arc::new(config) }
    }

    /// How it speaks TLS.
    pub(crate) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// TLS and nothing above it; an error says what the handshake said.
    pub(crate) async fn raw(&self) -> Result<tokio_rustls::client::TlsStream<TcpStream>, String> {
        self.over(TcpStream::connect(self.address).await.map_err(|error| error.to_string())?).await
    }

    /// The same over a connection that is open already, on which something may have been said.
    pub(crate) async fn over(&self, stream: TcpStream) -> Result<tokio_rustls::client::TlsStream<TcpStream>, String> {
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from(self.host.clone()).unwrap();
        let tls = TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await;
        tls.map_err(|error| error.to_string())
    }

    /// Opens an HTTP/2 connection whose client takes one octet of an answer and no more until it reads.
    pub(crate) async fn connect_narrow(&self) -> Connection {
        self.connect_with_window(1).await
    }

    /// The same, so many octets.
    pub(crate) async fn connect_with_window(&self, octets: u32) -> Connection {
        let tls = self.raw().await.unwrap();
        let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(octets)
            .handshake(TokioIo::new(tls))
            .await
            .unwrap();
        tokio::spawn(connection);
        Connection { sender: Sender::Two(sender), host: self.host.clone(), resumed: false }
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Result<Connection, String> {
        self.speak(self.raw().await?).await
    }

    /// HTTP over TLS that is there already.
    pub(crate) async fn speak(&self, tls: tokio_rustls::client::TlsStream<TcpStream>) -> Result<Connection, String> {
        let resumed = tls.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        let two = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        let sender = if two {
            let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls))
                .await
                .map_err(|e| e.to_string())?;
            tokio::spawn(connection);
            Sender::Two(sender)
        } else {
            let (sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(|e| e.to_string())?;
            tokio::spawn(connection.with_upgrades());
            Sender::One(sender)
        };
        Ok(Connection { sender, host: self.host.clone(), resumed })
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: Ask) -> Result<Reply, String> {
        self.connect().await?.ask(request).await
    }

    /// Signs in as a program does; gives the cookie.
    pub(crate) async fn sign_in(&self, user_id: &str, password: &str) -> Result<String, Reply> {
        let body = serde_json::json!({ "user_id": user_id, "password": password }).to_string();
        let reply = self.ask(Ask::post("/.sekisho/session", "application/json", body)).await.unwrap();
        match reply.cookie() {
            Some(cookie) if reply.status == StatusCode::OK => Ok(cookie),
            _ => Err(reply),
        }
    }
}

/// A request to be.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Ask {
    pub(crate) fn get(target: &str) -> Self {
        Self { method: Method::GET, target: target.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn post(target: &str, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, body: body.into(), ..Self::get(target) }.with("content-type", content_type)
    }

    pub(crate) fn put(target: &str, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { method: Method::PUT, ..Self::post(target, content_type, body) }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn as_(self, cookie: &str) -> Self {
        self.with("cookie", cookie)
    }
}

impl Connection {
    /// Sends a request and gives the answer's head; the body is still coming.
    pub(crate) async fn start(&mut self, ask: Ask) -> Result<Response<Incoming>, String> {
        let mut request = Request::builder().method(ask.method);
        let (hosts, others): (Vec<_>, Vec<_>) = ask.headers.iter().partition(|(name, _)| *name == "host");
        for (name, value) in others {
            request = request.header(*name, value);
        }
        // The one of the connection, unless the request names another.
        let host = hosts.first().map_or(self.host.as_str(), |(_, value)| value.as_str());
        match &mut self.sender {
            Sender::One(sender) => {
                let request = request.uri(&ask.target).header("host", host).body(Full::new(ask.body)).unwrap();
                sender.ready().await.map_err(|error| error.to_string())?;
                sender.send_request(request).await.map_err(|error| error.to_string())
            }
            Sender::Two(sender) => {
                let uri = format!("https://{host}{}", ask.target);
                let request = request.uri(uri).body(Full::new(ask.body)).unwrap();
                sender.ready().await.map_err(|error| error.to_string())?;
                sender.send_request(request).await.map_err(|error| error.to_string())
            }
        }
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn ask(&mut self, ask: Ask) -> Result<Reply, String> {
        let (parts, body) = self.start(ask).await?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }
}
