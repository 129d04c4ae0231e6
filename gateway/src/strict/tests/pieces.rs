//! Properties of the guard, over messages that are good, nearly good, and octets of any kind.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::naive::messages;
use super::{End, through};

/// Lines that a head may be made of: most of them good, others nearly.
fn line() -> impl Strategy<Value = &'static str> {
    select(vec![
        "Host: a",
        "Host: a",
        "Accept: */*",
        "Cookie: a=b; c=d",
        "Content-Length: 5",
        "Content-Length: 0",
        "Content-Length: 05",
        "Content-Length: +5",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: Chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding:",
        "Transfer-Encoding : chunked",
        "Connection: close",
        "Connection: keep-alive, upgrade",
        "Connection: host",
        "Upgrade: websocket",
        "Upgrade: h2c",
        "Expect: 100-continue",
        "X_Y: z",
        " folded",
        "",
        "no colon",
        ": no name",
        "A: \u{e9}",
        "A: b\0c",
        "A: b\rc",
        "A: b\nTransfer-Encoding: chunked",
    ])
}

fn body() -> impl Strategy<Value = &'static str> {
    select(vec![
        "",
        "hello",
        "5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "5;a=b\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "0\r\n\r\n",
    ])
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let request = select(vec![
        "GET / HTTP/1.1",
        "POST /a?b=c HTTP/1.1",
        "POST /a HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.0",
        "GET /\u{e9} HTTP/1.1",
        "get / HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ]);
    (request, vec(line(), 0..5), body()).prop_map(|(request, lines, body)| {
        let mut head = format!("{request}\r\nHost: a\r\n");
        for line in lines.iter().filter(|line| !line.starts_with("Host") || lines.len() > 3) {
            head.push_str(line);
            head.push_str("\r\n");
        }
        format!("{head}\r\n{body}").into_bytes()
    })
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(message(), 1..4).prop_map(|messages| messages.concat()),
        1 => (message(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut message, at, octet)| {
            let at = at.index(message.len());
            message[at] = octet;
            message
        }),
        1 => vec(any::<u8>(), 0..60),
    ]
}

fn cut(octets: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(octets.len() + 1)).collect();
    at.sort_unstable();
    at.push(octets.len());
    let mut from = 0;
    at.into_iter().map(|to| octets[std::mem::replace(&mut from, to)..to].to_vec()).collect()
}

/// Up to where the last message's head has passed: how much of a body that breaks the rules passes is a matter of pieces.
fn heads(passed: &[u8], end: &End) -> Vec<(String, Vec<(String, String)>)> {
    let messages = messages(passed).into_iter().map(|message| (message.line, message.fields));
    let mut heads: Vec<_> = messages.collect();
    if *end == End::Broken {
        heads.pop();
    }
    heads
}

proptest! {
    #[test]
    fn every_cutting_comes_to_the_same(
        octets in stream(),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
        room in select(vec![1_usize, 7, 8192]),
    ) {
        let (whole, whole_end) = through(vec![octets.clone()], 8192);
        let (pieces, end) = through(cut(&octets, &cuts), room);
        match (&whole_end, &end) {
            // What comes along with a head is looked at before it passes; what comes later breaks off the body.
            (End::Refused(_), End::Broken) => prop_assert_eq!(heads(&pieces, &end), heads(&whole, &whole_end)),
            _ => {
                prop_assert_eq!(&whole_end, &end);
                prop_assert_eq!(heads(&pieces, &end), heads(&whole, &whole_end));
                if end != End::Broken {
                    prop_assert_eq!(whole, pieces);
                }
            }
        }
    }

    #[test]
    fn what_passes_is_read_by_another_as_the_same_messages(octets in stream()) {
        let (passed, end) = through(vec![octets.clone()], 8192);
        // It is as it came, from the first octet on.
        prop_assert!(octets.starts_with(&passed));
        // The other reader panics at whatever it would not take.
        let read = messages(&passed);
        let unfinished = read.iter().filter(|message| !message.whole).count();
        prop_assert!(unfinished == 0 || (unfinished == 1 && !read.last().unwrap().whole));
        if matches!(end, End::Refused(_)) {
            prop_assert_eq!(unfinished, 0, "a refusal comes between messages");
        }
    }
}
