//! Handshakes and frames of a client, octet by octet.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::{SOON, TALK, mapped};
use crate::world::{Terminal, World};

const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
const HANDSHAKE: [&str; 4] =
    ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-protocol: notes.v1"];

type Line = tokio_rustls::client::TlsStream<tokio::net::TcpStream>;

/// Sends a head, and gives the status and the rest of the line.
async fn asked(terminal: &Terminal, cookie: &str, line: &str, fields: &[&str]) -> (u16, Line) {
    let mut stream = terminal.raw().await.unwrap();
    let mut head = format!("{line}\r\nhost: {}\r\ncookie: {cookie}\r\n", terminal.host);
    fields.iter().for_each(|field| head.push_str(&format!("{field}\r\n")));
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        match timeout(SOON, stream.read_u8()).await.expect("no answer") {
            Ok(octet) => answer.push(octet),
            Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), stream)
}

#[tokio::test]
async fn what_is_no_handshake_opens_nothing() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let line = format!("GET {TALK} HTTP/1.1");
    let with = |more: &[&'static str]| [&HANDSHAKE[..], more].concat();
    let without = |name: &str, more: &[&'static str]| {
        [&HANDSHAKE.into_iter().filter(|field| !field.starts_with(name)).collect::<Vec<_>>()[..], &[KEY], more].concat()
    };
    let cases: Vec<(&str, Vec<&str>)> = vec![
        ("no key", with(&[])),
        ("two keys", with(&[KEY, KEY])),
        ("a short key", with(&["sec-websocket-key: c2hvcnQ="])),
        ("a key that is no base64", with(&["sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ"])),
        ("no version", without("sec-websocket-version", &[])),
        ("another version", without("sec-websocket-version", &["sec-websocket-version: 8"])),
        ("two versions", with(&[KEY, "sec-websocket-version: 13"])),
        ("a list of versions", without("sec-websocket-version", &["sec-websocket-version: 13, 8"])),
        ("no connection", without("connection", &[])),
        ("a connection that names something else", without("connection", &["connection: close"])),
        ("no upgrade", without("upgrade", &[])),
        ("an upgrade to two", without("upgrade", &["upgrade: websocket, h2c"])),
        ("an upgrade to h2c", without("upgrade", &["upgrade: h2c"])),
        ("two upgrades", with(&[KEY, "upgrade: websocket"])),
        ("a body", with(&[KEY, "content-length: 5"])),
        ("a chunked body", with(&[KEY, "transfer-encoding: chunked"])),
        ("a protocol twice", with(&[KEY, "sec-websocket-protocol: notes.v1"])),
        ("a protocol twice in one", without("sec-websocket-protocol", &["sec-websocket-protocol: notes.v1, notes.v1"])),
        ("an empty protocol", without("sec-websocket-protocol", &["sec-websocket-protocol: "])),
        ("another site", with(&[KEY, "origin: https://evil.example"])),
        ("a sibling host", with(&[KEY, "origin: https://www.sekisho.localhost"])),
        ("an opaque site", with(&[KEY, "origin: null"])),
    ];
    for (name, fields) in cases {
        let (status, _) = asked(&terminal, &cookie, &line, &fields).await;
        assert!(status == 400 || status == 403, "{name}: {status}");
    }
    for line in [format!("GET {TALK} HTTP/1.0"), format!("POST {TALK} HTTP/1.1"), format!("GET {TALK}?x=1 HTTP/1.1")] {
        let (status, _) = asked(&terminal, &cookie, &line, &with(&[KEY])).await;
        assert!((400..500).contains(&status) || status == 505, "{line}: {status}");
    }
    assert!(world.store.requests().is_empty(), "{:?}", world.store_saw());
    // Extensions are offered in vain, and harm nobody; what else there is stays behind.
    let extension = "sec-websocket-extensions: permessage-deflate";
    let (status, _) = asked(&terminal, &cookie, &line, &with(&[KEY, extension, "x-person: P-0008"])).await;
    assert_eq!(status, 101);
}

async fn talking(world: &World) -> Line {
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let fields = [&HANDSHAKE[..], &[KEY]].concat();
    let (status, line) = asked(&terminal, &cookie, &format!("GET {TALK} HTTP/1.1"), &fields).await;
    assert_eq!(status, 101);
    line
}

/// All that comes until the end.
async fn rest(mut line: Line) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = timeout(SOON, line.read_to_end(&mut rest)).await.expect("it goes on");
    rest
}

/// A client's frame, under a mask that changes nothing.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn whoever_breaks_the_rules_is_told_the_code_and_nothing_more_passes() {
    let world = mapped().await;
    let large = {
        let mut frame = vec![0x82, 0xff];
        frame.extend_from_slice(&(128_u64 * 1024 * 1024 + 1).to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame
    };
    for (name, octets, code) in [
        ("not masked", vec![0x81, 1, b'x'], 1002_u16),
        ("a reserved bit", masked(0xc1, b"x"), 1002),
        ("a reserved opcode", masked(0x83, b"x"), 1002),
        ("a reserved control", masked(0x8b, b""), 1002),
        ("a ping in pieces", masked(0x09, b"x"), 1002),
        ("a ping of 126", [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat(), 1002),
        ("the rest of nothing", masked(0x80, b"x"), 1002),
        ("a message in a message", [masked(0x01, b"a"), masked(0x81, b"b")].concat(), 1002),
        ("a length in two octets for one", vec![0x82, 0xfe, 0, 5, 0, 0, 0, 0], 1002),
        ("a length in eight octets for two", vec![0x82, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], 1002),
        ("a close of one octet", masked(0x88, b"\x03"), 1002),
        ("a close that none may send", masked(0x88, b"\x03\xed"), 1002),
        ("no text", masked(0x81, b"\xff"), 1007),
        ("a reason that is no text", masked(0x88, b"\x03\xe8\xff"), 1007),
        ("too long", large, 1009),
    ] {
        let mut line = talking(&world).await;
        line.write_all(&[masked(0x81, b"fine"), octets, masked(0x81, b"after")].concat()).await.unwrap();
        let rest = rest(line).await;
        // What was said before it may be said again or not: the store may be faster, or not.
        let rest = rest.strip_prefix(b"\x81\x04fine").unwrap_or(&rest);
        assert_eq!(rest, [&[0x88, 2][..], &code.to_be_bytes()].concat(), "{name}");
    }
    // The officer hears of no store that misbehaves.
    assert!(world.alerts().is_empty(), "{:?}", world.alerts());
}

/// Octets that come in one piece with the handshake wait for the 101: they are frames, and nothing else.
#[tokio::test]
async fn what_follows_the_handshake_at_once_is_no_second_request() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut stream = terminal.raw().await.unwrap();
    let fields = [&HANDSHAKE[..], &[KEY]].concat().join("\r\n");
    let head = format!("GET {TALK} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n{fields}\r\n\r\n", terminal.host);
    let smuggled = format!("GET /notes/people/P-0008 HTTP/1.1\r\nhost: {}\r\n\r\n", terminal.host);
    stream.write_all(format!("{head}{smuggled}").as_bytes()).await.unwrap();
    let rest = String::from_utf8_lossy(&rest(stream).await).into_owned();
    assert!(rest.starts_with("HTTP/1.1 101") && rest.matches("HTTP/1.1").count() == 1, "{rest:?}");
    assert!(rest.ends_with("\u{3}\u{fffd}") || rest.ends_with("\u{3}\u{ea}"), "no close: {rest:?}");
    assert!(world.store.requests().iter().all(|request| request.target == TALK), "{:?}", world.store_saw());
}
