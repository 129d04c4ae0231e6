//! Frames, streams and the connection (RFC 9113 3-6), and how fields are packed (RFC 7541).

use crate::world::{CARE, Http, Terminal, Tls, World};

use super::raw::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, Link, Outcome, PADDED, PING, PREFACE, PRIORITY,
    PUSH_PROMISE, RST_STREAM, SETTINGS, WHOLE, WINDOW_UPDATE, frame, headers, request, settings,
};

const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const CLOSED: u32 = 5;
const SIZE: u32 = 6;
const REFUSED: u32 = 7;
const COMPRESSION: u32 = 9;

/// What is to come of a case.
#[derive(Clone, Copy)]
enum Wanted {
    /// An error of the stream with one of these codes. It may be taken for one of the connection (RFC 9113 5.4.1).
    Stream(&'static [u32]),
    /// An error of the connection with one of these codes, or its end.
    Connection(&'static [u32]),
    /// The stream is answered.
    Fine,
    /// The connection goes on.
    GoesOn,
}
use Wanted::{Connection, Fine, GoesOn, Stream};

fn get() -> Vec<u8> {
    request("GET", "/", &[])
}

fn post() -> Vec<u8> {
    request("POST", "/.sekisho/session", &[("content-type", "application/json")])
}

fn ping() -> Vec<u8> {
    frame(PING, 0, 0, b"01234567")
}

/// The frames of each case, behind the settings of both sides.
fn cases() -> Vec<(&'static str, Vec<Vec<u8>>, Wanted)> {
    let window = |stream: u32, by: u32| frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes());
    let opened = || headers(1, END_HEADERS, &post());
    let asked = || headers(1, WHOLE, &get());
    let fine = || headers(3, WHOLE, &get());
    vec![
        ("a request", vec![asked()], Fine),
        ("4.1: a frame of a kind nobody knows", vec![frame(0x42, 0xff, 0, b"grease"), asked()], Fine),
        ("4.1: flags nobody knows", vec![frame(PING, 0xfe, 0, b"01234567"), asked()], Fine),
        ("4.1: a reserved bit", vec![frame(PING, 0, 0x8000_0000, b"01234567"), asked()], Fine),
        ("4.2: DATA larger than agreed", vec![opened(), frame(DATA, 0, 1, &[0; 16_385])], Stream(&[SIZE])),
        ("4.2: HEADERS larger than agreed", vec![headers(1, WHOLE, &[0; 16_385])], Connection(&[SIZE])),
        ("4.2: a ping of a megabyte", vec![frame(PING, 0, 0, &[0; 1 << 20])], Connection(&[SIZE])),
        (
            "4.3: a block that is none",
            vec![headers(1, WHOLE, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
            Connection(&[COMPRESSION]),
        ),
        (
            "4.3: a priority within a block",
            vec![headers(1, END_STREAM, &get()), frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1])],
            Connection(&[PROTOCOL]),
        ),
        ("4.3: a ping within a block", vec![headers(1, END_STREAM, &get()), ping()], Connection(&[PROTOCOL])),
        ("4.3: another stream within a block", vec![headers(1, END_STREAM, &get()), fine()], Connection(&[PROTOCOL])),
        (
            "4.3: the same HEADERS again within a block",
            vec![headers(1, END_STREAM, &get()), asked()],
            Connection(&[PROTOCOL]),
        ),
        (
            "5.5: something unknown within a block",
            vec![headers(1, END_STREAM, &get()), frame(0x42, 0, 1, b"a")],
            Connection(&[PROTOCOL]),
        ),
        ("5.1: DATA on an idle stream", vec![frame(DATA, END_STREAM, 1, b"a")], Connection(&[PROTOCOL])),
        ("5.1: RST_STREAM on an idle stream", vec![frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])], Connection(&[PROTOCOL])),
        ("5.1: WINDOW_UPDATE on an idle stream", vec![window(1, 100)], Connection(&[PROTOCOL])),
        (
            "5.1: CONTINUATION on an idle stream",
            vec![frame(CONTINUATION, END_HEADERS, 1, &get())],
            Connection(&[PROTOCOL]),
        ),
        ("5.1: DATA behind the end", vec![asked(), frame(DATA, END_STREAM, 1, b"a")], Stream(&[CLOSED])),
        ("5.1: HEADERS behind the end", vec![asked(), asked()], Stream(&[CLOSED, PROTOCOL])),
        (
            "5.1: CONTINUATION behind the end",
            vec![asked(), frame(CONTINUATION, END_HEADERS, 1, &get())],
            Connection(&[CLOSED, PROTOCOL]),
        ),
        (
            "5.1: DATA behind a reset",
            vec![opened(), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), frame(DATA, END_STREAM, 1, b"a")],
            Stream(&[CLOSED]),
        ),
        (
            "5.1: HEADERS behind a reset",
            vec![opened(), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), asked()],
            Stream(&[CLOSED, PROTOCOL]),
        ),
        (
            "5.1: CONTINUATION behind a reset",
            vec![opened(), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), frame(CONTINUATION, END_HEADERS, 1, &get())],
            Connection(&[CLOSED, PROTOCOL]),
        ),
        ("5.1: a priority of an idle stream", vec![frame(PRIORITY, 0, 7, &[0, 0, 0, 0, 1]), asked()], Fine),
        ("5.1.1: an even stream", vec![headers(2, WHOLE, &get())], Connection(&[PROTOCOL])),
        (
            "5.1.1: a stream that was passed over",
            vec![headers(5, WHOLE, &get()), fine()],
            Connection(&[PROTOCOL, CLOSED]),
        ),
        ("6.1: DATA of the connection", vec![frame(DATA, 0, 0, b"a")], Connection(&[PROTOCOL])),
        (
            "6.1: more padding than there is",
            vec![opened(), frame(DATA, PADDED | END_STREAM, 1, &[9, b'a'])],
            Connection(&[PROTOCOL]),
        ),
        (
            "6.1: padding of an empty frame",
            vec![opened(), frame(DATA, PADDED | END_STREAM, 1, &[])],
            Connection(&[PROTOCOL, SIZE]),
        ),
        ("6.2: HEADERS of the connection", vec![headers(0, WHOLE, &get())], Connection(&[PROTOCOL])),
        (
            "6.2: more padding than there is, of HEADERS",
            vec![headers(1, WHOLE | PADDED, &[200, 0x82])],
            Connection(&[PROTOCOL]),
        ),
        (
            "6.2: HEADERS too short for a priority",
            vec![headers(1, WHOLE | 0x20, &[0, 0])],
            Connection(&[PROTOCOL, SIZE, COMPRESSION]),
        ),
        ("6.3: a priority of the connection", vec![frame(PRIORITY, 0, 0, &[0, 0, 0, 1, 1])], Connection(&[PROTOCOL])),
        ("6.3: a priority of four octets", vec![opened(), frame(PRIORITY, 0, 1, &[0, 0, 0, 3])], Stream(&[SIZE])),
        ("6.4: RST_STREAM of the connection", vec![frame(RST_STREAM, 0, 0, &[0, 0, 0, 8])], Connection(&[PROTOCOL])),
        ("6.4: RST_STREAM of three octets", vec![opened(), frame(RST_STREAM, 0, 1, &[0, 0, 8])], Connection(&[SIZE])),
        ("6.5: settings taken with something", vec![frame(SETTINGS, ACK, 0, &[0; 6])], Connection(&[SIZE])),
        ("6.5: settings of a stream", vec![frame(SETTINGS, 0, 1, &[])], Connection(&[PROTOCOL])),
        ("6.5: settings of five octets", vec![frame(SETTINGS, 0, 0, &[0; 5])], Connection(&[SIZE])),
        ("6.5.2: pushes by halves", vec![settings(&[(2, 2)])], Connection(&[PROTOCOL])),
        ("6.5.2: a window that is too large", vec![settings(&[(4, 0x8000_0000)])], Connection(&[FLOW])),
        ("6.5.2: frames that are too small", vec![settings(&[(5, 16_383)])], Connection(&[PROTOCOL])),
        ("6.5.2: frames that are too large", vec![settings(&[(5, 16_777_216)])], Connection(&[PROTOCOL])),
        ("6.5.2: a setting nobody knows", vec![settings(&[(0x4242, 7)]), asked()], Fine),
        (
            "6.6: a promise of a client",
            vec![opened(), frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82])],
            Connection(&[PROTOCOL]),
        ),
        ("6.7: a ping of a stream", vec![frame(PING, 0, 1, b"01234567")], Connection(&[PROTOCOL])),
        ("6.7: a ping of six octets", vec![frame(PING, 0, 0, b"012345")], Connection(&[SIZE])),
        ("6.7: a ping", vec![ping()], GoesOn),
        ("6.7: the answer to a ping that was none", vec![frame(PING, ACK, 0, b"01234567"), asked()], Fine),
        ("6.8: a goodbye of a stream", vec![frame(GOAWAY, 0, 1, &[0; 8])], Connection(&[PROTOCOL])),
        ("6.9: a window of nothing more", vec![window(0, 0)], Connection(&[PROTOCOL])),
        ("6.9: a stream's window of nothing more", vec![opened(), window(1, 0)], Stream(&[PROTOCOL])),
        ("6.9: a window of three octets", vec![frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1])], Connection(&[SIZE])),
        (
            "6.9.1: a window that is too large by steps",
            vec![window(0, 0x7fff_ffff), window(0, 0x7fff_ffff)],
            Connection(&[FLOW]),
        ),
        (
            "6.9.1: a stream's window that is too large",
            vec![opened(), window(1, 0x7fff_ffff), window(1, 0x7fff_ffff)],
            Stream(&[FLOW]),
        ),
        (
            "6.10: CONTINUATION of the connection",
            vec![headers(1, END_STREAM, &get()), frame(CONTINUATION, END_HEADERS, 0, &[0x82])],
            Connection(&[PROTOCOL]),
        ),
        ("6.10: CONTINUATION of nothing", vec![frame(CONTINUATION, END_HEADERS, 1, &[0x82])], Connection(&[PROTOCOL])),
        (
            "6.10: CONTINUATION behind the end of a block",
            vec![opened(), frame(CONTINUATION, END_HEADERS, 1, &[0x82])],
            Connection(&[PROTOCOL]),
        ),
        (
            "6.10: CONTINUATION of another stream",
            vec![headers(1, END_STREAM, &get()), frame(CONTINUATION, END_HEADERS, 3, &[0x82])],
            Connection(&[PROTOCOL]),
        ),
        (
            "6.10: DATA within a block",
            vec![headers(1, 0, &post()), frame(DATA, END_STREAM, 1, b"a")],
            Connection(&[PROTOCOL]),
        ),
        (
            "6.10: a block in two",
            vec![headers(1, END_STREAM, &get()[..20]), frame(CONTINUATION, END_HEADERS, 1, &get()[20..])],
            Fine,
        ),
        ("HPACK: the number 0", vec![headers(1, WHOLE, &[0x80])], Connection(&[COMPRESSION])),
        ("HPACK: a number that is not there", vec![headers(1, WHOLE, &[0xc5])], Connection(&[COMPRESSION])),
        (
            "HPACK: a name that is not there",
            vec![headers(1, WHOLE, &[0x7f, 0x30, 1, b'a'])],
            Connection(&[COMPRESSION]),
        ),
        (
            "HPACK: a table larger than agreed",
            vec![headers(1, WHOLE, &[&[0x3f, 0xe2, 0x1f][..], &get()].concat())],
            Connection(&[COMPRESSION]),
        ),
        (
            "HPACK: a change of the table behind a field",
            vec![headers(1, WHOLE, &[&get()[..], &[0x20]].concat())],
            Connection(&[COMPRESSION]),
        ),
        (
            "HPACK: Huffman's padding of eight bits",
            vec![headers(1, WHOLE, &[&get()[..], &[0, 1, b'a', 0x82, 0x1f, 0xff]].concat())],
            Connection(&[COMPRESSION]),
        ),
        (
            "HPACK: Huffman's padding of zeros",
            vec![headers(1, WHOLE, &[&get()[..], &[0, 1, b'a', 0x81, 0x00]].concat())],
            Connection(&[COMPRESSION]),
        ),
        (
            "HPACK: Huffman's end within",
            vec![headers(1, WHOLE, &[&get()[..], &[0, 1, b'a', 0x84, 0xff, 0xff, 0xff, 0xfc]].concat())],
            Connection(&[COMPRESSION]),
        ),
        (
            "HPACK: a value that is cut off",
            vec![headers(1, WHOLE, &[&get()[..], &[0, 1, b'a', 9, b'b']].concat())],
            Connection(&[COMPRESSION]),
        ),
        (
            "HPACK: a length without an end",
            vec![headers(1, WHOLE, &[0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
            Connection(&[COMPRESSION]),
        ),
    ]
}

fn fits(wanted: Wanted, outcome: &Outcome) -> bool {
    match (wanted, outcome) {
        (Fine, Outcome::Answered(status)) => *status < 500,
        // RFC 9113 5.4: a generic code can stand in place of a more specific one.
        (Stream(_) | Connection(_), Outcome::Gone(PROTOCOL)) => true,
        (Stream(codes), Outcome::Reset(code) | Outcome::Gone(code)) => codes.contains(code),
        (Connection(codes), Outcome::Gone(code)) => codes.contains(code),
        (Stream(_) | Connection(_), Outcome::Closed) => true,
        _ => false,
    }
}

fn speaking(world: &World) -> Terminal {
    Terminal::speaking(world.address, CARE, &world.authority.root_der(), None, Http::Two, Tls::V13)
}

#[tokio::test]
async fn frames_are_where_they_belong() {
    let world = World::start().await;
    let terminal = speaking(&world);
    let mut faults = Vec::new();
    let cases = cases();
    let count = cases.len();
    for (name, frames, wanted) in cases {
        let mut link = Link::open(&terminal).await;
        link.send(&frames.concat()).await;
        if matches!(wanted, GoesOn) {
            if !link.is_alive().await {
                faults.push(format!("{name}: the connection ended"));
            }
            continue;
        }
        // A stream that is answered before its fault is seen has had its answer.
        let mut outcome = link.outcome(1).await;
        while matches!(wanted, Stream(_) | Connection(_)) && matches!(outcome, Outcome::Answered(_)) {
            outcome = link.outcome(1).await;
        }
        if !fits(wanted, &outcome) {
            faults.push(format!("{name}: {outcome:?}"));
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count >= 70, "only {count}");
    assert!(world.store_saw().is_empty());
}

/// RFC 9113 3.4.
#[tokio::test]
async fn a_connection_begins_as_one() {
    let world = World::start().await;
    let terminal = speaking(&world);
    for begun in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"] {
        let mut link = Link::bare(&terminal).await;
        link.send(begun).await;
        assert!(matches!(link.outcome(0).await, Outcome::Gone(_) | Outcome::Closed));
    }
    // Something else than settings first.
    let mut link = Link::bare(&terminal).await;
    link.send(&[PREFACE, &headers(1, WHOLE, &get())].concat()).await;
    assert!(matches!(link.outcome(1).await, Outcome::Gone(PROTOCOL) | Outcome::Closed));
}

/// RFC 9113 5.1.2: more streams than agreed are refused, and the others go on.
#[tokio::test]
async fn streams_are_counted() {
    let world = World::start().await;
    let mut link = Link::open(&speaking(&world)).await;
    let streams = gateway::bounds::H2_STREAMS_MAX + 1;
    // None of them ends.
    let opened: Vec<u8> = (0..streams).flat_map(|number| headers(number * 2 + 1, END_HEADERS, &post())).collect();
    link.send(&opened).await;
    let outcome = link.outcome((streams - 1) * 2 + 1).await;
    assert!(matches!(outcome, Outcome::Reset(REFUSED | PROTOCOL) | Outcome::Gone(PROTOCOL)), "{outcome:?}");
}
