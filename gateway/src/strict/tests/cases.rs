//! What one message comes to.

use super::{End, through};
use crate::refusal::Refusal;

/// 0: it passes as it is; else the status of the refusal.
fn status(message: &str) -> u16 {
    let octets: Vec<u8> = message.chars().map(|octet| u8::try_from(u32::from(octet)).unwrap()).collect();
    match through(vec![octets.clone()], 8192) {
        (passed, End::Ended) if passed == octets => 0,
        (passed, End::Asked) if passed == octets => 0,
        (passed, End::Refused(flaw)) => {
            assert!(passed.is_empty(), "{message}");
            Refusal::from(flaw).status()
        }
        (_, end) => panic!("{message}: {end:?}"),
    }
}

#[test]
fn a_head_is_taken_in_one_form() {
    let upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
    for (message, wanted) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 0),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 0),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nhOST:a:8443\r\nA:\tb \r\nC:\r\n\r\n".to_owned(), 0),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\rHost: a\r\r\r\r".to_owned(), 400),
        ("GET /\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.0\r\nHost: a\r\n\r\n".to_owned(), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 501),
        ("REFUSED / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 501),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405),
        ("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(40_000)), 414),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "a".repeat(40_000)), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(100)), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(99)), 0),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n".to_owned(), 417),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n".to_owned(), 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\nHost: b\r\n\r\n".to_owned(), 0),
        (format!("{upgrade}\r\n"), 0),
        (format!("{upgrade}Content-Length: 0\r\n\r\n"), 400),
    ] {
        assert_eq!(status(&message), wanted, "{}", message.chars().take(200).collect::<String>());
    }
}

#[test]
fn chunks_are_taken_in_one_form() {
    let chunked = |body: &str| format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    for (body, wanted) in [
        ("5\r\nhello\r\n0\r\n\r\n", 0),
        ("A\r\nhellohello\r\n0\r\nA: b\r\nC: d\r\n\r\n", 0),
        ("00000005\r\nhello\r\n000\r\n\r\n", 0),
        ("000000005\r\nhello\r\n0\r\n\r\n", 400),
        ("5;a\r\nhello\r\n0\r\n\r\n", 400),
        ("5 \r\nhello\r\n0\r\n\r\n", 400),
        (" 5\r\nhello\r\n0\r\n\r\n", 400),
        ("+5\r\nhello\r\n0\r\n\r\n", 400),
        ("0x5\r\nhello\r\n0\r\n\r\n", 400),
        ("\r\nhello\r\n0\r\n\r\n", 400),
        ("5\nhello\r\n0\r\n\r\n", 400),
        ("5\r\nhello\n0\r\n\r\n", 400),
        ("5\r\nhello!\r\n0\r\n\r\n", 400),
        ("5\r\nhello\r\n0\r\n\n", 400),
        ("0\r\nA\r\n\r\n", 400),
        ("0\r\nA_B: c\r\n\r\n", 400),
        ("0\r\n a: b\r\n\r\n", 400),
        ("ffffffffffffffff\r\n", 400),
    ] {
        assert_eq!(status(&chunked(body)), wanted, "{body:?}");
    }
}
