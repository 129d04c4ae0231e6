//! WebSockets over HTTP/2 (RFC 8441).

use futures_util::StreamExt as _;
use http::{Method, Request, StatusCode, Version};
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use registry::Command;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{SOON, TALK, mapped};
use crate::world::streams::SOCKET;
use crate::world::{CARE, Http, Terminal, Tls, World};

type Sender = http2::SendRequest<Empty<bytes::Bytes>>;
type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// A connection on which the gateway's settings have come, which allow an extended CONNECT: they come before its first answer.
async fn connected(terminal: &Terminal) -> Sender {
    let tls = TokioIo::new(terminal.raw().await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), tls).await.unwrap();
    tokio::spawn(connection);
    let page = Request::get(format!("https://{CARE}/")).body(Empty::new()).unwrap();
    sender.send_request(page).await.unwrap();
    sender
}

/// An extended CONNECT with these fields more.
fn connect(
    cookie: &str,
    target: &str,
    protocol: &'static str,
    fields: &[(&'static str, &str)],
) -> Request<Empty<bytes::Bytes>> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .version(Version::HTTP_2)
        .uri(format!("https://{CARE}{target}"))
        .header("cookie", cookie)
        .extension(Protocol::from_static(protocol));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Empty::new()).unwrap()
}

async fn open(sender: &mut Sender, cookie: &str, target: &str) -> Socket {
    let mut fields = vec![("sec-websocket-version", "13")];
    if target.ends_with("/talk") {
        fields.push(("sec-websocket-protocol", "notes.v1"));
    }
    let answer = sender.send_request(connect(cookie, target, "websocket", &fields)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{target}");
    assert!(answer.headers().get("sec-websocket-accept").is_none());
    let upgraded = hyper::upgrade::on(answer).await.unwrap();
    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await
}

async fn two(world: &World) -> (Terminal, String) {
    let keys = world.keys("D-sato");
    let terminal = world.terminal_speaking(&keys, Http::Two, Tls::V13);
    let cookie = world.cookie(&terminal, "U-sato").await;
    (terminal, cookie)
}

/// News and talk beside each other on one connection, and beside requests.
#[tokio::test]
async fn news_and_talk_are_served_beside_requests() {
    use futures_util::SinkExt as _;
    let world = mapped().await;
    let (terminal, cookie) = two(&world).await;
    let mut sender = connected(&terminal).await;
    let mut news = open(&mut sender, &cookie, SOCKET).await;
    let mut talk = open(&mut sender, &cookie, TALK).await;
    talk.send(Message::text("hello")).await.unwrap();
    assert_eq!(talk.next().await.unwrap().unwrap(), Message::text("hello"));
    world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"n-1","person":"P-0001"}"#);
    let told = tokio::time::timeout(SOON, news.next()).await.expect("no news").unwrap().unwrap();
    assert!(told.to_text().unwrap().contains("n-1"), "{told:?}");
    let page = Request::get(format!("https://{CARE}/notes")).header("cookie", &cookie).body(Empty::new()).unwrap();
    assert_eq!(sender.send_request(page).await.unwrap().status(), StatusCode::OK);
    talk.close(None).await.unwrap();
    while let Some(Ok(_)) = talk.next().await {}
    // The other goes on.
    world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"n-2","person":"P-0001"}"#);
    let told = tokio::time::timeout(SOON, news.next()).await.expect("no news").unwrap().unwrap();
    assert!(told.to_text().unwrap().contains("n-2"), "{told:?}");
    // Consent is withdrawn: what of it is on its way cannot be told from here, so the connection goes.
    world.clerk(Command::WithdrawConsent { person: "P-0001".parse().unwrap(), reason: "申出".to_owned() });
    let over = async { while let Some(Ok(Message::Ping(_))) = news.next().await {} };
    tokio::time::timeout(SOON, over).await.expect("the news go on");
}

#[tokio::test]
async fn what_is_no_handshake_opens_nothing_over_http_2_either() {
    let world = mapped().await;
    let (terminal, cookie) = two(&world).await;
    let version = ("sec-websocket-version", "13");
    let protocol = ("sec-websocket-protocol", "notes.v1");
    for (name, target, protocol, fields) in [
        ("another protocol", TALK, "connect-udp", &[version, protocol][..]),
        ("no version", TALK, "websocket", &[protocol]),
        ("another version", TALK, "websocket", &[("sec-websocket-version", "8"), protocol]),
        ("no subprotocol", TALK, "websocket", &[version]),
        ("another site", TALK, "websocket", &[version, protocol, ("origin", "https://evil.example")]),
        ("a page", "/notes/people/P-0001", "websocket", &[version]),
        ("a record", "/fhir/Patient/P-0001", "websocket", &[version]),
        ("another's", "/notes/people/P-0008/talk", "websocket", &[version, protocol]),
    ] {
        let mut sender = connected(&terminal).await;
        let answer = sender.send_request(connect(&cookie, target, protocol, fields)).await.unwrap();
        assert!(answer.status().is_client_error(), "{name}: {}", answer.status());
    }
    assert!(world.store.requests().is_empty(), "{:?}", world.store_saw());
}
