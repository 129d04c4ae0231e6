//! A store that agrees to something else than it was asked, or breaks the rules afterwards.

use std::net::SocketAddr;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_tungstenite::tungstenite::Message;

use super::{TALK, next, outcome};
use crate::world::scripted::{Answer, scripted};
use crate::world::streams::socket_at;
use crate::world::{Plan, World};

/// A store that answers each handshake with this: `{accept}` stands for what answers the key. What follows an empty line is
/// said at once.
async fn store(answer: &'static [u8]) -> SocketAddr {
    scripted(move |asked| {
        let key = asked.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap_or_default();
        let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let accept = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let octets = match answer.windows(8).position(|part| part == b"{accept}") {
            Some(at) => [&answer[..at], STANDARD.encode(accept).as_bytes(), &answer[at + 8..]].concat(),
            None => answer.to_vec(),
        };
        Answer { octets, hangs_up: false }
    })
    .await
}

async fn world_before(answer: &'static [u8]) -> World {
    let store = Some(store(answer).await);
    World::planned(Plan { maps: vec!["deploy/maps/notes.toml"], store, ..Plan::default() }).await
}

macro_rules! agreed {
    ($more:literal) => {
        concat!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n",
            "sec-websocket-accept: {accept}\r\n",
            $more,
            "\r\n"
        )
        .as_bytes()
    };
}

#[tokio::test]
async fn what_was_not_asked_for_opens_nothing() {
    for (name, answer, status) in [
        ("no switch", &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"[..], 502),
        ("not there", b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404),
        ("another protocol", b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\nx-person: P-0001\r\nsec-websocket-accept: {accept}\r\nsec-websocket-protocol: notes.v1\r\n\r\n", 502),
        ("another key", b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-person: P-0001\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: notes.v1\r\n\r\n", 502),
        ("an extension", agreed!("x-person: P-0001\r\nsec-websocket-protocol: notes.v1\r\nsec-websocket-extensions: permessage-deflate\r\n"), 502),
        ("no subprotocol", agreed!("x-person: P-0001\r\n"), 502),
        ("another subprotocol", agreed!("x-person: P-0001\r\nsec-websocket-protocol: chat\r\n"), 502),
        ("two subprotocols", agreed!("x-person: P-0001\r\nsec-websocket-protocol: notes.v1\r\nsec-websocket-protocol: notes.v1\r\n"), 502),
        // It does not say whose it is, or says that it is somebody else's: to the client it is not there.
        ("nobody's", agreed!("sec-websocket-protocol: notes.v1\r\n"), 404),
        ("somebody else's", agreed!("x-person: P-0008\r\nsec-websocket-protocol: notes.v1\r\n"), 404),
        ("of two", agreed!("x-person: P-0001\r\nx-person: P-0008\r\nsec-websocket-protocol: notes.v1\r\n"), 404),
    ] {
        let world = world_before(answer).await;
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        let refused = socket_at(&terminal, &cookie, TALK, Some("notes.v1")).await.map(drop);
        assert_eq!(refused.map_err(|status| status.as_u16()), Err(status), "{name}");
        // What is not there is no fault of the store's.
        let told = usize::from(name != "not there");
        world.until(&format!("{name}: the officer hears of it"), |world| world.alerts().len() == told).await;
    }
}

#[tokio::test]
async fn a_store_that_breaks_the_rules_ends_it() {
    for (name, answer) in [
        ("a reserved bit", agreed!("x-person: P-0001\r\nsec-websocket-protocol: notes.v1\r\n\r\n\u{81}x")),
        ("a head of HTTP", agreed!("x-person: P-0001\r\nsec-websocket-protocol: notes.v1\r\n\r\nHTTP/1.1 200 OK\r\n")),
    ] {
        let world = world_before(answer).await;
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        let mut socket = socket_at(&terminal, &cookie, TALK, Some("notes.v1")).await.unwrap();
        let Some(Message::Close(Some(reason))) = next(&mut socket).await else { panic!("{name}: no goodbye") };
        assert_eq!(u16::from(reason.code), 1011, "{name}");
        drop(socket);
        let found = outcome(&world, "D-sato").await;
        assert_eq!(found.outcome.unwrap().ended, audit::Ended::StoreFailed, "{name}");
        world.until("the officer hears of it", |world| world.alerts().len() == 1).await;
    }
}
