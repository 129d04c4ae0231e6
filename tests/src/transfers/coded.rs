//! Bytes that are coded on their way (RFC 9110 8.4): passed through, since nobody here reads them, and of the version that was
//! looked up all the same.

use std::net::SocketAddr;

use http::StatusCode;

use crate::world::scripted::{Answer, scripted};
use crate::world::{Ask, Plan, World};

const ABOUT: &str = r#"{"id":"a-1","person":"P-0001"}"#;
/// `hello`, by gzip.
const HELLO: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00";

/// A store with one attachment of the notes, which answers with these fields beside its length, in this status.
async fn store(status: &'static str, fields: &'static str) -> SocketAddr {
    scripted(move |asked| {
        let octets = if asked.contains("/about") {
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\netag: \"1\"";
            [head, &format!("\r\ncontent-length: {}\r\n\r\n{ABOUT}", ABOUT.len())].concat().into_bytes()
        } else {
            assert!(asked.contains("accept-encoding: gzip, br\r\n"), "{asked}");
            let length = HELLO.len();
            let head =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{fields}\r\n\r\n");
            [head.as_bytes(), HELLO].concat()
        };
        Answer { octets, hangs_up: true }
    })
    .await
}

#[tokio::test]
async fn coded_bytes_pass_if_they_are_of_the_version_that_was_looked_up() {
    for (name, status, fields, expected) in [
        ("coded", "200 OK", "content-type: image/png\r\ncontent-encoding: gzip\r\netag: \"1\"", StatusCode::OK),
        (
            "a weaker tag",
            "200 OK",
            "content-type: image/png\r\ncontent-encoding: gzip\r\netag: W/\"1\"",
            StatusCode::OK,
        ),
        (
            "another version",
            "200 OK",
            "content-type: image/png\r\ncontent-encoding: gzip\r\netag: W/\"2\"",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "a weaker tag of what is not coded",
            "200 OK",
            "content-type: image/png\r\netag: W/\"1\"",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "a coding of its own",
            "200 OK",
            "content-type: image/png\r\ncontent-encoding: x-own\r\netag: \"1\"",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "two codings",
            "200 OK",
            "content-type: image/png\r\ncontent-encoding: gzip, br\r\netag: \"1\"",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "a piece of nothing",
            "206 Partial Content",
            "content-type: image/png\r\netag: \"1\"",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "several pieces",
            "206 Partial Content",
            "content-type: multipart/byteranges; boundary=x\r\netag: \"1\"",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "a whole that says it is a piece",
            "200 OK",
            "content-type: image/png\r\ncontent-range: bytes 0-1/2\r\netag: \"1\"",
            StatusCode::BAD_GATEWAY,
        ),
    ] {
        let store = Some(store(status, fields).await);
        let world = World::planned(Plan { maps: vec!["deploy/maps/notes.toml"], store, ..Plan::default() }).await;
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        let ask = Ask::get("/notes/attachments/a-1").as_(&cookie).with("accept-encoding", "gzip, br");
        let reply = terminal.ask(ask).await.unwrap();
        assert_eq!(reply.status, expected, "{name}: {}", reply.text());
        if expected == StatusCode::OK {
            assert_eq!(
                (&reply.headers["content-encoding"], &reply.body[..]),
                (&"gzip".parse().unwrap(), HELLO),
                "{name}"
            );
        }
    }
}
