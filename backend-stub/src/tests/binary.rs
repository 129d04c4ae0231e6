//! Documents: as they are, in parts, and large.

use http::Request;
use http_body_util::{BodyExt as _, StreamBody};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{World, try_ask};
use crate::IDENTITY_HEADER;
use crate::store::blob::CHUNK;

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from((n * 31 + n / 1_000) % 256).unwrap()).collect()
}

async fn upload(world: &World, data: Vec<u8>) -> String {
    let headers = [("content-type", "image/jpeg"), ("x-security-context", "Patient/P-0001")];
    let told = world.ask("POST", "/fhir/Binary", &headers, data).await;
    assert_eq!(told.status, 201, "{told:?}");
    assert_eq!(told.json()["securityContext"]["reference"], "Patient/P-0001");
    told.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bytes_come_back_as_they_went_in_with_their_type() {
    let world = World::new().await;
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
        let data = bytes(length);
        let id = upload(&world, data.clone()).await;
        let told = world.ask("GET", &format!("/fhir/Binary/{id}"), &[("accept", "image/*")], "").await;
        assert_eq!((told.status, told.header("content-type")), (200, "image/jpeg"));
        assert_eq!(told.header("x-security-context"), "Patient/P-0001");
        assert_eq!(told.header("content-length"), length.to_string());
        assert!(told.body == data, "{length} bytes changed");
    }
}

#[tokio::test]
async fn a_range_is_that_part_across_chunks_too() {
    let world = World::new().await;
    let data = bytes(2 * CHUNK + 100);
    let at = format!("/fhir/Binary/{}", upload(&world, data.clone()).await);
    let check = async |range: &str, from: usize, until: usize| {
        let told = world.ask("GET", &at, &[("range", range)], "").await;
        assert_eq!((told.status, told.body == data[from..until]), (206, true), "{range}");
        assert_eq!(told.header("content-range"), format!("bytes {from}-{}/{}", until - 1, data.len()));
    };
    check("bytes=0-0", 0, 1).await;
    check(&format!("bytes={}-{}", CHUNK - 5, CHUNK + 4), CHUNK - 5, CHUNK + 5).await;
    check(&format!("bytes={}-", 2 * CHUNK), 2 * CHUNK, data.len()).await;
    check("bytes=-100", data.len() - 100, data.len()).await;
    check("bytes=5-99999999", 5, data.len()).await;
    let told = world.ask("GET", &at, &[("range", "bytes=99999999-")], "").await;
    assert_eq!((told.status, told.header("content-range")), (416, format!("bytes */{}", data.len()).as_str()));
    let told = world.ask("GET", &at, &[("range", "bytes=0-0"), ("if-range", "W/\"9\"")], "").await;
    assert_eq!((told.status, told.body.len()), (200, data.len()), "another version's range");
}

#[tokio::test]
async fn json_and_raw_are_the_same_document() {
    let world = World::new().await;
    let body = json!({
        "resourceType": "Binary", "contentType": "text/plain", "data": "44GC",
        "securityContext": { "reference": "Patient/P-0002" } });
    let id = world.post("/fhir/Binary", &body).await.json()["id"].as_str().unwrap().to_owned();
    let at = format!("/fhir/Binary/{id}");
    assert_eq!(&world.ask("GET", &at, &[], "").await.body[..], "あ".as_bytes());
    assert_eq!(world.get(&at).await.json()["data"], "44GC");
    let headers = [("content-type", "text/plain"), ("x-security-context", "Patient/P-0002"), ("if-match", "W/\"1\"")];
    let told = world.ask("PUT", &at, &headers, "次").await;
    assert_eq!((told.status, told.header("etag")), (200, "W/\"2\""));
    assert_eq!(world.ask("PUT", &at, &headers, "次").await.status, 412);
    assert_eq!(world.get(&at).await.json()["data"], "5qyh");
    assert_eq!(world.get(&format!("{at}/_history/1")).await.json()["data"], "44GC");
    let picture = world.ask("GET", "/fhir/Binary/bin-0001-04", &[("accept", "image/png")], "").await;
    assert!(picture.body.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn the_large_one_is_a_pattern_that_can_be_checked() {
    let world = World::new().await;
    let check = async |range: &str, from: u64| {
        let told = world.ask("GET", "/fhir/Binary/slow-100mb", &[("range", range)], "").await;
        assert_eq!(told.status, 206);
        assert!(told.body.iter().zip(from..).all(|(byte, place)| u64::from(*byte) == place % 251), "{range}");
        told.body.len()
    };
    assert_eq!(check("bytes=0-999999", 0).await, 1_000_000);
    assert_eq!(check("bytes=99999990-", 99_999_990).await, 10);
    let told = world.ask("HEAD", "/fhir/Binary/slow-100mb", &[], "").await;
    assert_eq!(told.header("content-length"), "100000000");
    let json = world.get("/fhir/Binary/slow-100mb?_elements=securityContext").await.json();
    assert_eq!(json["securityContext"]["reference"], "Patient/P-0900");
}

/// A stream of 100 MB passes without 100 MB of memory on either side: what is read is thrown away.
#[tokio::test]
async fn the_large_one_streams_to_its_end() {
    let world = World::new().await;
    let stream = TcpStream::connect(world.store.address()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request =
        Request::get("/fhir/Binary/slow-100mb").header("host", "store").header(IDENTITY_HEADER, world.signer.token());
    let empty =
        StreamBody::new(futures_util::stream::empty::<Result<hyper::body::Frame<bytes::Bytes>, std::io::Error>>());
    let mut body = sender.send_request(request.body(empty).unwrap()).await.unwrap().into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().data_ref().map_or(0, bytes::Bytes::len);
    }
    assert_eq!(length, 100_000_000);
}

#[tokio::test]
async fn a_broken_upload_leaves_nothing_behind() {
    let world = World::new().await;
    let blobs = || -> i64 {
        world.store.app.store.reader().query_row("SELECT count(*) FROM blob", [], |row| row.get(0)).unwrap()
    };
    let before = blobs();
    let mut stream = TcpStream::connect(world.store.address()).await.unwrap();
    let head = format!(
        "POST /fhir/Binary HTTP/1.1\r\nhost: x\r\n{IDENTITY_HEADER}: {}\r\ncontent-type: image/png\r\ncontent-length: 9999999\r\n\r\n",
        world.signer.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&bytes(2 * CHUNK)).await.unwrap();
    while blobs() == before {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    drop(stream);
    while blobs() != before {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let chunks: i64 = world
        .store
        .app
        .store
        .reader()
        .query_row("SELECT count(*) FROM chunk WHERE blob NOT IN (SELECT number FROM blob)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(chunks, 0);
    assert!(try_ask(world.store.address(), "GET", "/none", &[], "").await.is_ok());
}
