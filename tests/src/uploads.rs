//! An upload that ends half-way, by a cut or by its client: nothing of it is in the store, and the log says what became
//! of it (promises P2, P3).

use std::time::Duration;

use audit::{Ended, Query, Verdict};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::{Action, PersonId};
use registry::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::world::{Ask, CARE, Http, Keys, Plan, Tls, World};

/// The whole of an upload, and the part of it that is sent. Neither fits the buffers on the way.
const BYTES: usize = 40_000_000;
const HALF: usize = 20_000_000;
const PIECE: usize = 100_000;
const SOON: Duration = Duration::from_secs(5);

/// A body that comes in pieces.
type Pieces = http_body_util::combinators::UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// An upload of a document of P-0001 that has come half-way.
struct Upload {
    pieces: mpsc::Sender<Bytes>,
    answer: JoinHandle<Result<StatusCode, String>>,
    connection: JoinHandle<()>,
    /// For more requests on the same connection.
    two: Option<http2::SendRequest<Pieces>>,
}

impl Upload {
    /// Sends half of it; the store has been told of it when this returns.
    async fn half(world: &World, http: Http, keys: &Keys, cookie: &str) -> Self {
        world.store.clear_requests();
        let (pieces, coming) = mpsc::channel::<Bytes>(1);
        let body = StreamBody::new(stream::unfold(coming, async |mut coming| {
            let piece = coming.recv().await?;
            Some((Ok(Frame::data(piece)), coming))
        }));
        let request = Request::post(address(http, "/fhir/Binary"))
            .header("host", CARE)
            .header("cookie", cookie)
            .header("content-type", "image/jpeg")
            .header("content-length", BYTES)
            .header("x-security-context", "Patient/P-0001")
            .body(body.boxed_unsync())
            .unwrap();
        let tls = TokioIo::new(world.terminal_speaking(keys, http, Tls::V13).raw().await.unwrap());
        let (answer, connection, two) = match http {
            Http::One => {
                let (mut sender, connection) = http1::handshake(tls).await.unwrap();
                let answer = tokio::spawn(async move { status(sender.send_request(request).await) });
                (answer, tokio::spawn(async move { drop(connection.await) }), None)
            }
            Http::Two => {
                let (mut sender, connection) = http2::handshake(TokioExecutor::new(), tls).await.unwrap();
                let two = sender.clone();
                let answer = tokio::spawn(async move { status(sender.send_request(request).await) });
                (answer, tokio::spawn(async move { drop(connection.await) }), Some(two))
            }
        };
        let upload = Self { pieces, answer, connection, two };
        for _ in 0..HALF / PIECE {
            let sent = timeout(SOON, upload.pieces.send(Bytes::from(vec![0xa5; PIECE]))).await;
            sent.expect("the upload stands still").unwrap_or_else(|_| panic!("{http:?}: the upload is not taken"));
        }
        assert_eq!(world.store_saw(), ["POST /fhir/Binary"], "{http:?}: it has not reached the store");
        upload
    }
}

fn address(http: Http, target: &str) -> String {
    match http {
        Http::One => target.to_owned(),
        Http::Two => format!("https://{CARE}{target}"),
    }
}

fn status(answer: hyper::Result<http::Response<Incoming>>) -> Result<StatusCode, String> {
    answer.map(|response| response.status()).map_err(|error| error.to_string())
}

/// How many documents are in the store, asked past the gateway.
pub(crate) async fn documents(world: &World) -> u64 {
    let stream = tokio::net::TcpStream::connect(world.store.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/fhir/Binary?_count=1").header("host", "store");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();
    let bundle: serde_json::Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    bundle["total"].as_u64().unwrap_or_else(|| panic!("no total: {bundle}"))
}

/// The upload is on record as begun by right, and with this end.
async fn must_be_on_record(world: &World, device: &str, ended: Ended) {
    let query = Query { device: Some(device.parse().unwrap()), ..Query::default() };
    world
        .until("its outcome is on record", |world| world.audit.search(&query).unwrap().entries[0].outcome.is_some())
        .await;
    let found = world.audit.search(&query).unwrap().entries.remove(0);
    assert_eq!((found.entry.action, found.entry.verdict), (Some(Action::Create), Verdict::Permitted));
    assert_eq!(found.entry.persons, [PersonId::new("P-0001").unwrap()]);
    let outcome = found.outcome.unwrap();
    assert_eq!((outcome.ended, outcome.bytes), (ended, 0), "{outcome:?}");
}

/// The store is asked directly here, so it must answer anybody.
async fn open_store() -> World {
    World::planned(Plan { trusting_store: true, ..Plan::default() }).await
}

#[tokio::test]
async fn revoking_the_terminal_in_the_middle_of_an_upload_leaves_nothing_of_it() {
    let world = open_store().await;
    for (http, user_id, device) in [(Http::One, "U-sato", "D-sato"), (Http::Two, "U-nakamura", "D-nakamura")] {
        let keys = world.keys(device);
        let cookie = world.cookie(&world.terminal_with(&keys), user_id).await;
        let before = documents(&world).await;
        let upload = Upload::half(&world, http, &keys, &cookie).await;
        world.revoke(device);
        // The client's connection ends, whatever it still has to say.
        timeout(SOON, upload.connection).await.expect("the connection goes on").unwrap();
        let answered = timeout(SOON, upload.answer).await.expect("the request goes on").unwrap();
        assert!(answered.is_err(), "{http:?}: it was answered: {answered:?}");
        must_be_on_record(&world, device, Ended::Cut).await;
        assert_eq!(documents(&world).await, before, "{http:?}: half an upload is in the store");
    }
}

/// Over HTTP/2 a withdrawn consent ends the upload, not the connection.
#[tokio::test]
async fn withdrawn_consent_ends_an_upload_and_not_its_connection() {
    let world = open_store().await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    let before = documents(&world).await;
    let upload = Upload::half(&world, Http::Two, &keys, &cookie).await;
    world.clerk(Command::WithdrawConsent { person: PersonId::new("P-0001").unwrap(), reason: "申出".to_owned() });
    let answered = timeout(SOON, upload.answer).await.expect("the upload goes on").unwrap();
    assert!(answered.as_ref().map_or(true, |status| !status.is_success()), "{answered:?}");
    must_be_on_record(&world, "D-sato", Ended::Cut).await;
    assert_eq!(documents(&world).await, before, "half an upload is in the store");
    let another = Request::get(address(Http::Two, "/fhir/Patient/P-0900")).header("cookie", &cookie);
    let another = another.body(Empty::new().boxed_unsync()).unwrap();
    let answered = timeout(SOON, upload.two.unwrap().send_request(another)).await.expect("no answer");
    assert_eq!(status(answered), Ok(StatusCode::OK), "the connection went too");
}

/// A client that breaks off is seen as such.
#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_an_upload_leaves_nothing_of_it() {
    let world = open_store().await;
    for (http, user_id, device) in [(Http::One, "U-sato", "D-sato"), (Http::Two, "U-nakamura", "D-nakamura")] {
        let keys = world.keys(device);
        let cookie = world.cookie(&world.terminal_with(&keys), user_id).await;
        let before = documents(&world).await;
        let upload = Upload::half(&world, http, &keys, &cookie).await;
        upload.answer.abort();
        upload.connection.abort();
        drop(upload);
        must_be_on_record(&world, device, Ended::ClientLeft).await;
        assert_eq!(documents(&world).await, before, "{http:?}: half an upload is in the store");
    }
}

/// A note is read whole before anything is decided: half of one comes to nothing at all.
#[tokio::test]
async fn half_a_note_reaches_nobody() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let note = r#"{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/P-0001"}}"#;
    let head = format!(
        "POST /fhir/Communication HTTP/1.1\r\nhost: {CARE}\r\ncookie: {cookie}\r\n\
         content-type: application/fhir+json\r\ncontent-length: {}\r\n\r\n",
        note.len()
    );
    world.until("earlier connections are gone", |world| world.living().0 == 0).await;
    let mut tls = terminal.raw().await.unwrap();
    tls.write_all(format!("{head}{}", &note[..40]).as_bytes()).await.unwrap();
    tls.flush().await.unwrap();
    world.until("the connection is among the living", |world| world.living().0 == 1).await;
    world.revoke("D-sato");
    let mut rest = Vec::new();
    let read = timeout(SOON, tls.read_to_end(&mut rest)).await.expect("the connection goes on");
    assert!(read.is_err() || rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    assert!(world.store.requests().is_empty(), "{:?}", world.store_saw());
    assert_eq!(terminal.ask(Ask::get("/").as_(&cookie)).await.unwrap().code(), "certificate-revoked");
}
