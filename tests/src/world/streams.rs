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
    let stream = terminal.raw().await.unwrap();
    let request = http::Request::builder()
        .uri(format!("wss://{CARE}{SOCKET}"))
        .header("host", CARE)
        .header("cookie", cookie)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", tungstenite::handshake::client::generate_key())
        .body(())
        .unwrap();
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}
