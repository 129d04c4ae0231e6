//! The order to stop: nobody new is let in, what runs is finished, and it ends in time whatever runs.

use std::net::SocketAddr;
use std::time::Duration;

use audit::{Ended, Query};
use gateway::bounds::DRAIN_MAX;
use http::StatusCode;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::cutting::{body, drain as read_to_the_end, socket};
use crate::world::{Ask, Connection, Http, Plan, Tls, World};

const RECORD: &str = "/fhir/Patient/P-0001";
const STREAM: &str = "/feeds/notes?patient=P-0001";
const DOWNLOAD: &str = "/fhir/Binary/slow-100mb";
/// More than the buffers on the way hold, so that a client that does not read keeps it running.
const BYTES: usize = 24_000_000;
/// For whatever takes no time at all on a machine that is not busy.
const SOON: Duration = Duration::from_secs(5);

async fn download(connection: &mut Connection, cookie: &str) -> Incoming {
    let range = format!("bytes=0-{}", BYTES - 1);
    let ask = Ask::get(DOWNLOAD).as_(cookie).with("accept", "*/*").with("range", &range);
    let response = connection.start(ask).await.unwrap();
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    response.into_body()
}

/// Waits until a connection to there is refused.
async fn nobody_listens(address: SocketAddr) {
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, refused).await.expect("new connections are still taken");
}

/// Waits until a connection takes no further request.
async fn takes_nothing_more(connection: &mut Connection, cookie: &str) {
    let refused = async {
        while connection.ask(Ask::get(RECORD).as_(cookie)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, refused).await.expect("the connection still answers");
}

#[tokio::test]
async fn what_runs_is_finished_and_nobody_new_is_let_in() {
    let mut world = World::start().await;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_with(&keys);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let mut idle = terminal.connect().await.unwrap();
    assert_eq!(idle.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    let mut one = terminal.connect().await.unwrap();
    let over_one = download(&mut one, &cookie).await;
    let mut two = world.terminal_speaking(&keys, Http::Two, Tls::V13).connect().await.unwrap();
    let over_two = download(&mut two, &cookie).await;

    let address = world.address;
    let drained = world.drain();
    nobody_listens(address).await;
    takes_nothing_more(&mut idle, &cookie).await;
    // The same connection that takes no new request goes on with the answer it is in.
    takes_nothing_more(&mut two, &cookie).await;
    assert!(!drained.is_finished(), "the downloads were not waited for");
    for (name, running) in [("HTTP/1.1", over_one), ("HTTP/2", over_two)] {
        assert_eq!(read_to_the_end(running).await, (BYTES, false), "the download over {name} broke off");
    }
    // Not at the deadline, but when the last one is done.
    let took = timeout(DRAIN_MAX, drained).await.expect("the drain waits for nobody").unwrap();
    assert!(took < DRAIN_MAX, "{took:?}");
    let found = world.audit.search(&Query::default()).unwrap().entries;
    let downloads = found.iter().filter(|found| found.entry.target == DOWNLOAD);
    let ends: Vec<Option<Ended>> = downloads.map(|found| found.outcome.as_ref().map(|end| end.ended)).collect();
    assert_eq!(ends, [Some(Ended::Completed), Some(Ended::Completed)]);
}

/// An event stream and a WebSocket have no end of their own: their clients are sent off at once, to come again elsewhere. A
/// download goes on until the bound, and not beyond.
#[tokio::test]
async fn streams_that_never_end_do_not_hold_it_up() {
    use futures_util::StreamExt as _;
    // One worker: a drain waits for the longest of the connections that share it.
    let mut world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_with(&keys);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let mut one = terminal.connect().await.unwrap();
    let stream = body(&mut one, STREAM, &cookie, "text/event-stream").await;
    let mut two = world.terminal_speaking(&keys, Http::Two, Tls::V13).connect().await.unwrap();
    let stream_two = body(&mut two, STREAM, &cookie, "text/event-stream").await;
    let mut third = terminal.connect().await.unwrap();
    let trickle = body(&mut third, "/fhir/Binary/trickle", &cookie, "*/*").await;
    let mut socket = socket(&world, &keys, &cookie).await;

    let address = world.address;
    let drained = world.drain();
    nobody_listens(address).await;
    for stream in [stream, stream_two] {
        let (_, broken) = timeout(SOON, read_to_the_end(stream)).await.expect("the stream goes on");
        assert!(!broken, "the stream broke off instead of ending");
    }
    let goodbye = timeout(SOON, socket.next()).await.expect("the socket goes on").unwrap().unwrap();
    let Message::Close(Some(reason)) = goodbye else { panic!("no goodbye: {goodbye:?}") };
    assert_eq!(u16::from(reason.code), 1001);
    assert!(!drained.is_finished(), "the download was not waited for");

    let took = timeout(DRAIN_MAX * 3, drained).await.expect("the drain goes on for ever").unwrap();
    assert!(took < DRAIN_MAX + SOON, "{took:?}");
    let all = async {
        read_to_the_end(trickle).await;
        while let Some(Ok(_)) = socket.next().await {}
    };
    timeout(SOON, all).await.expect("a stream outlives the gateway");
    // What was broken off has its outcome on record all the same.
    world
        .until("every exchange has its outcome", |world| {
            let found = world.audit.search(&Query::default()).unwrap().entries;
            let drained =
                |found: &audit::Recorded| found.outcome.as_ref().is_some_and(|end| end.ended == Ended::Drained);
            found.len() == 4 && found.iter().all(drained)
        })
        .await;
}

/// RFC 9113 6.8: GOAWAY names the last request that counts, so that a client sends the others elsewhere.
#[tokio::test]
async fn an_idle_http_2_connection_is_told_to_go_away() {
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    let mut world = World::start().await;
    let mut tls = world.terminal_speaking(&world.keys("D-sato"), Http::Two, Tls::V13).raw().await.unwrap();
    tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    tls.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
    tls.flush().await.unwrap();
    // The server's own settings: the connection is up.
    while read_frame(&mut tls).await.expect("the connection ended").0 != SETTINGS {}
    let drained = world.drain();
    let mut told = Vec::new();
    let listening = async {
        while let Some((kind, flags, payload)) = read_frame(&mut tls).await {
            match kind {
                PING if flags & 1 == 0 => {
                    tls.write_all(&frame(PING, 1, &payload)).await.unwrap();
                    tls.flush().await.unwrap();
                }
                GOAWAY => told.push((number(&payload[..4]), number(&payload[4..8]))),
                _ => {}
            }
        }
    };
    timeout(SOON, listening).await.expect("the connection is left open");
    // Stream and error code: first a warning, then the last stream that was taken, and no error in either.
    assert_eq!(told, [(0x7fff_ffff, 0), (0, 0)]);
    timeout(SOON, drained).await.expect("the drain waits for nobody").unwrap();
}

/// RFC 9113 4.1, on stream 0.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// Kind, flags and payload; none at the end.
async fn read_frame(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await.ok()?;
    let mut payload = vec![0; usize::try_from(number(&head[..3])).unwrap()];
    from.read_exact(&mut payload).await.ok()?;
    Some((head[3], head[4], payload))
}

fn number(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet))
}
