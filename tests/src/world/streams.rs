//! Streams that a terminal opens: an answer that is not over yet, and a WebSocket.

use http::StatusCode;
use hyper::body::Incoming;
use tokio_tungstenite::tungstenite;

use super::{Ask, CARE, Connection, Terminal};

/// News of P-0001, by WebSocket.
pub(crate) const SOCKET: &str = "/feeds/notes/socket?patient=P-0001";

/// A WebSocket as its client holds it.
pub(crate) type Socket = tokio_tungstenite::WebSocketStream<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>;

/// An answer's body, still to be read.
pub(crate) async fn body(connection: &mut Connection, target: &str, cookie: &str, accept: &str) -> Incoming {
    let response = connection.start(Ask::get(target).as_(cookie).with("accept", accept)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{target}");
    response.into_body()
}

/// [`SOCKET`], opened.
pub(crate) async fn socket(terminal: &Terminal, cookie: &str) -> Socket {
    socket_at(terminal, cookie, SOCKET, None).await.unwrap()
}

/// A WebSocket at this address, with this subprotocol; or the status that it was refused with.
pub(crate) async fn socket_at(
    terminal: &Terminal,
    cookie: &str,
    target: &str,
    protocol: Option<&str>,
) -> Result<Socket, StatusCode> {
    let stream = terminal.raw().await.unwrap();
    let mut request = http::Request::builder()
        .uri(format!("wss://{CARE}{target}"))
        .header("host", CARE)
        .header("cookie", cookie)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", tungstenite::handshake::client::generate_key());
    if let Some(protocol) = protocol {
        request = request.header("sec-websocket-protocol", protocol);
    }
    match tokio_tungstenite::client_async(request.body(()).unwrap(), stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => Err(answer.status()),
        Err(error) => panic!("{target}: {error}"),
    }
}
