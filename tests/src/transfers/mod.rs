//! What is large, slow or in pieces: `Expect`, ranges, coded bytes, events as they come, and transfers at constant memory.

mod coded;
mod memory;

use std::time::{Duration, Instant};

use audit::Verdict;
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::world::streams::body;
use crate::world::{Ask, CARE, Http, Tls, World};

const SOON: Duration = Duration::from_secs(5);

type Line = tokio_rustls::client::TlsStream<tokio::net::TcpStream>;

fn upload(person: &str, cookie: &str) -> String {
    format!(
        "POST /fhir/Binary HTTP/1.1\r\nhost: {CARE}\r\ncookie: {cookie}\r\ncontent-type: image/jpeg\r\n\
         x-security-context: Patient/{person}\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n"
    )
}

/// The next head on the line.
async fn head(line: &mut Line) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(SOON, line.read_u8()).await.expect("no answer").unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A client that asks before it sends (RFC 9110 10.1.1) is told to go on once it is permitted and on record, and not before.
#[tokio::test]
async fn whoever_asks_whether_to_go_on_is_told_after_the_decision() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut line = terminal.raw().await.unwrap();
    line.write_all(upload("P-0001", &cookie).as_bytes()).await.unwrap();
    let told = head(&mut line).await;
    assert!(told.starts_with("HTTP/1.1 100 "), "{told}");
    let entries = world.entries();
    assert_eq!(entries.last().map(|entry| entry.verdict), Some(Verdict::Permitted), "it is not on record");
    line.write_all(b"bytes").await.unwrap();
    let answer = head(&mut line).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");

    // Refused: no word to go on, and what is sent all the same is no second request.
    for cookie in [cookie.as_str(), "__Host-sekisho=none"] {
        let mut line = terminal.raw().await.unwrap();
        line.write_all(upload("P-0008", cookie).as_bytes()).await.unwrap();
        let told = head(&mut line).await;
        assert!(told.starts_with("HTTP/1.1 40"), "{told}");
        let _ = line.write_all(format!("GET /notes HTTP/1.1\r\nhost: {CARE}\r\n\r\n").as_bytes()).await;
        let mut rest = Vec::new();
        let _ = timeout(SOON, line.read_to_end(&mut rest)).await.expect("the connection goes on");
        assert!(!String::from_utf8_lossy(&rest).contains("HTTP/1.1"), "{}", String::from_utf8_lossy(&rest));
    }
    assert_eq!(world.store_saw(), ["POST /fhir/Binary"]);
}

/// One range is a piece of the version that was looked up; several at once are not asked for (RFC 9110 14.2).
#[tokio::test]
async fn a_piece_of_a_document_is_a_piece_of_it() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let written = Ask::post("/fhir/Binary", "image/jpeg", "0123456789").as_(&cookie);
    let written = terminal.ask(written.with("x-security-context", "Patient/P-0001")).await.unwrap();
    assert_eq!(written.status, StatusCode::CREATED, "{}", written.text());
    let target = written.headers["location"].to_str().unwrap().to_owned();
    let get = async |fields: &[(&'static str, &str)]| {
        let ask = Ask::get(&target).as_(&cookie).with("accept", "*/*");
        terminal.ask(fields.iter().fold(ask, |ask, (name, value)| ask.with(name, value))).await.unwrap()
    };
    let whole = get(&[]).await;
    assert_eq!((whole.status, whole.text().as_str()), (StatusCode::OK, "0123456789"));
    let tag = whole.headers["etag"].to_str().unwrap().to_owned();
    for (range, piece, told) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"), ("bytes=-1", "9", "bytes 9-9/10")]
    {
        let part = get(&[("range", range)]).await;
        assert_eq!((part.status, part.text().as_str()), (StatusCode::PARTIAL_CONTENT, piece), "{range}");
        assert_eq!(part.headers["content-range"], told);
    }
    let beyond = get(&[("range", "bytes=10-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers["content-range"], "bytes */10");
    for several in ["bytes=0-1,3-4", "bytes=0-1, 3-4", "octets=0-1"] {
        let whole = get(&[("range", several)]).await;
        assert_eq!((whole.status, whole.text().as_str()), (StatusCode::OK, "0123456789"), "{several}");
    }
    // Of another version there is no piece.
    let other = get(&[("range", "bytes=0-1"), ("if-range", "W/\"9\"")]).await;
    assert_eq!((other.status, other.text().len()), (StatusCode::OK, 10));
    let unchanged = get(&[("if-none-match", &tag)]).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
    // Of another person's there is nothing, in pieces or not.
    let others = Ask::get("/fhir/Binary/b-0008").as_(&cookie).with("range", "bytes=0-1");
    assert_eq!(terminal.ask(others).await.unwrap().status, StatusCode::NOT_FOUND);
}

/// An event stream of a mapped store: passed on as it is, and cut like everything else.
#[tokio::test]
async fn events_of_a_mapped_store_pass_until_they_are_cut() {
    let world = crate::sockets::mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let target = |person: &str| format!("/notes/people/{person}/events");
    let mut connection = terminal.connect().await.unwrap();
    let mut stream = body(&mut connection, &target("P-0001"), &cookie, "text/event-stream").await;
    let frame = timeout(SOON, stream.frame()).await.expect("nothing").unwrap().unwrap().into_data().unwrap();
    assert_eq!(frame, "id: 1\ndata: P-0001 is well\n\n");
    for person in ["P-0008", "P-9999"] {
        let reply = terminal.ask(Ask::get(&target(person)).as_(&cookie)).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{person}");
    }
    world.clerk(registry::Command::WithdrawConsent { person: "P-0001".parse().unwrap(), reason: "申出".to_owned() });
    assert!(crate::cutting::ends(stream).await, "it goes on");
    assert!(world.store.requests().iter().all(|request| request.target == target("P-0001")));
}

/// Each event is with its client before the next is told: nothing is held back to be sent together. How long it takes beside the
/// store's own way stands in the output.
#[tokio::test]
async fn events_come_as_they_are_told() {
    let world = World::start().await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    for http in [Http::One, Http::Two] {
        let mut connection = world.terminal_speaking(&keys, http, Tls::V13).connect().await.unwrap();
        let mut stream = body(&mut connection, "/feeds/notes?patient=P-0001", &cookie, "text/event-stream").await;
        let mut took = Vec::new();
        for number in 0..200 {
            let told = Instant::now();
            let news = format!(r#"{{"resourceType":"Communication","id":"n-{number}","person":"P-0001"}}"#);
            world.store.tell("P-0001", &news);
            loop {
                let frame = timeout(SOON, stream.frame()).await.expect("held back").unwrap().unwrap();
                let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
                // The first words of a stream, and what keeps it alive.
                if text.contains("data: ") {
                    assert!(text.contains(&format!("n-{number}\"")) && text.matches("data: ").count() == 1, "{text}");
                    break;
                }
            }
            took.push(told.elapsed());
        }
        took.sort();
        println!("{http:?}: an event took {:?} (median), {:?} (19 of 20)", took[100], took[190]);
        assert!(took[100] < Duration::from_millis(100), "{:?}", took[100]);
    }
}
