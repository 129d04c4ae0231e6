//! News: to those who listen, of the person they listen to, at once.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{World, ask, note};
use crate::IDENTITY_HEADER;

const SOON: Duration = Duration::from_secs(5);

async fn events(world: &World, target: &str) -> Incoming {
    let stream = TcpStream::connect(world.store.address()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(target).header("host", "store").header(IDENTITY_HEADER, world.signer.token());
    let response = sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body()
}

/// The text of the stream until it holds `wanted`.
async fn until(body: &mut Incoming, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let frame = tokio::time::timeout(SOON, body.frame()).await.unwrap_or_else(|_| panic!("only: {text}"));
        text.push_str(std::str::from_utf8(frame.unwrap().unwrap().data_ref().unwrap()).unwrap());
    }
    text
}

#[tokio::test]
async fn an_event_stream_tells_of_new_records_of_one_person() {
    let world = World::new().await;
    let mut body = events(&world, "/feeds/notes?patient=P-0001").await;
    until(&mut body, ": listening\n\n").await;
    world.post("/fhir/Communication", &note("P-0002")).await;
    let made = world.post("/fhir/Communication", &note("P-0001")).await.json();
    let id = made["id"].as_str().unwrap();
    // A new version is no new record.
    let mut second = note("P-0001");
    second["id"] = json!(id);
    world.put(&format!("/fhir/Communication/{id}"), "", &second).await;
    let headers = [("content-type", "text/plain"), ("x-security-context", "Patient/P-0001")];
    let binary = world.ask("POST", "/fhir/Binary", &headers, "x").await.json();
    let text = until(&mut body, binary["id"].as_str().unwrap()).await;
    let data: Vec<Value> =
        text.lines().filter_map(|line| line.strip_prefix("data: ")).map(|d| serde_json::from_str(d).unwrap()).collect();
    assert_eq!(
        data,
        [
            json!({ "resourceType": "Communication", "id": id, "person": "P-0001" }),
            json!({ "resourceType": "Binary", "id": binary["id"], "person": "P-0001" }),
        ]
    );
    assert!(text.starts_with("event: note\ndata: "), "{text}");
    assert!(!text.contains("訪問"), "contents went over the feed");
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives_and_ends_with_the_store() {
    let world = World::with(|options| options.heartbeat = Duration::from_millis(30)).await;
    let mut body = events(&world, "/feeds/notes?patient=Patient/P-0001").await;
    until(&mut body, ": alive").await;
    world.store.tell("P-0001", "a lie");
    until(&mut body, "data: a lie\n\n").await;
    world.store.stop().await;
    while let Some(Ok(_)) = tokio::time::timeout(SOON, body.frame()).await.unwrap() {}
}

#[tokio::test]
async fn a_socket_tells_the_same_and_answers_pings() {
    let world = World::new().await;
    let url = format!("ws://{}/feeds/notes/socket?patient=P-0001", world.store.address());
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert(IDENTITY_HEADER, world.signer.token().parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    socket.send(Message::Ping("p".into())).await.unwrap();
    let pong = tokio::time::timeout(SOON, socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(pong, Message::Pong("p".into()), "the first answer is the pong: the text was not echoed");
    world.post("/fhir/Communication", &note("P-0003")).await;
    let made = world.post("/fhir/Communication", &note("P-0001")).await.json();
    let told = tokio::time::timeout(SOON, socket.next()).await.unwrap().unwrap().unwrap();
    let told: Value = serde_json::from_str(told.to_text().unwrap()).unwrap();
    assert_eq!(told, json!({ "resourceType": "Communication", "id": made["id"], "person": "P-0001" }));
    world.store.stop().await;
    let closed = tokio::time::timeout(SOON, socket.next()).await.unwrap();
    assert!(matches!(closed, Some(Ok(Message::Close(_))) | Some(Err(_)) | None), "{closed:?}");
}

#[tokio::test]
async fn feeds_ask_for_an_identity_and_a_known_person() {
    let world = World::new().await;
    let url = format!("ws://{}/feeds/notes/socket?patient=P-0001", world.store.address());
    let refused = tokio_tungstenite::connect_async(url).await;
    assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == 401));
    assert_eq!(world.get("/feeds/notes").await.status, 400);
    assert_eq!(world.get("/feeds/notes?patient=P-9999").await.status, 404);
    assert_eq!(ask(world.store.address(), "GET", "/feeds/notes?patient=P-0001", &[], "").await.status, 401);
}
