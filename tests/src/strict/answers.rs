//! A store whose answers can be read in more than one way, or in none: the client gets one answer of ours, and never a second one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::world::scripted::{Answer, scripted};
use crate::world::{Ask, CARE, Plan, World};

use super::raw::say;

/// What the store says to each request, and whether it hangs up then.
type Script = Arc<Mutex<(Vec<u8>, bool)>>;

async fn store() -> (SocketAddr, Script) {
    let script: Script = Arc::default();
    let said = Arc::clone(&script);
    let answer = move |_: &str| {
        let (octets, hangs_up) = said.lock().unwrap().clone();
        Answer { octets, hangs_up }
    };
    (scripted(answer).await, script)
}

const PATIENT: &str = r#"{"resourceType":"Patient","id":"P-0001","active":true}"#;
const OTHER: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 6\r\n\r\nstolen";

/// Head and body of each answer; `{b}` is the record, `{n}` how long it is, `{x}` an answer that belongs to nobody.
const ANSWERS: &[(&str, &str)] = &[
    ("a length and chunks", "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\nTransfer-Encoding: chunked\r\n\r\n{b}"),
    ("chunks and a length", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    ("two lengths", "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\nContent-Length: 5\r\n\r\n{b}"),
    ("two equal lengths", "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("a list of lengths", "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}, {n}\r\n\r\n{b}"),
    ("a length with a plus", "HTTP/1.1 200 OK\r\n{t}Content-Length: +{n}\r\n\r\n{b}"),
    ("a length that is none", "HTTP/1.1 200 OK\r\n{t}Content-Length: a\r\n\r\n{b}"),
    ("an empty length", "HTTP/1.1 200 OK\r\n{t}Content-Length:\r\n\r\n{b}"),
    ("a length with a minus", "HTTP/1.1 200 OK\r\n{t}Content-Length: -1\r\n\r\n{b}"),
    ("a length that nothing has", "HTTP/1.1 200 OK\r\n{t}Content-Length: 99999999999999999999\r\n\r\n{b}"),
    ("chunked twice", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("gzip and chunked", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("identity", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: identity\r\n\r\n{b}"),
    ("a chunk that is none", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{b}\r\n0\r\n\r\n"),
    ("a chunk without its end", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked\r\n\r\n5\r\n{\"res{b}0\r\n\r\n"),
    ("a chunk with a bare LF", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked\r\n\r\n5\n{\"res\n0\n\n"),
    ("a length without end", "HTTP/1.1 200 OK\r\n{t}\r\n{b}"),
    ("a blank before the colon", "HTTP/1.1 200 OK\r\n{t}Content-Length : {n}\r\n\r\n{b}"),
    ("a field that is folded", "HTTP/1.1 200 OK\r\n{t}A: b\r\n c\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("a field without a colon", "HTTP/1.1 200 OK\r\n{t}garbage\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("a field's name that is none", "HTTP/1.1 200 OK\r\n{t}A B: c\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("NUL in a field", "HTTP/1.1 200 OK\r\n{t}A: b\0c\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("a bare CR in a field", "HTTP/1.1 200 OK\r\n{t}A: b\rContent-Length: 5\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("lines that end in LF", "HTTP/1.1 200 OK\nContent-Type: application/fhir+json\nContent-Length: {n}\n\n{b}"),
    ("HTTP/0.9", "{b}"),
    ("garbage", "\0\u{1}\u{2}\u{3}\r\n\r\n"),
    ("HTTP/1.0", "HTTP/1.0 200 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}"),
    ("HTTP/2", "HTTP/2 200\r\n{t}Content-Length: {n}\r\n\r\n{b}"),
    ("a status of two digits", "HTTP/1.1 20 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}"),
    ("a status of four digits", "HTTP/1.1 2000 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}"),
    ("a status that is none", "HTTP/1.1 abc OK\r\n{t}Content-Length: {n}\r\n\r\n{b}"),
    ("a status of 999", "HTTP/1.1 999 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}"),
    (
        "switching without being asked",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n{x}",
    ),
    ("an interim answer with a length", "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello{x}"),
    ("a 204 with a body", "HTTP/1.1 204 No Content\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("a second answer at once", "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}{x}"),
    ("more than it says", "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}\r\n\r\n"),
    ("two hundred interim answers", "{i}HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}"),
    ("three megabytes of a field", "HTTP/1.1 200 OK\r\n{t}A: {a}\r\nContent-Length: {n}\r\n\r\n{b}"),
    ("a thousand fields", "HTTP/1.1 200 OK\r\n{t}{m}Content-Length: {n}\r\n\r\n{b}"),
];

/// What a store says and then hangs up.
const BROKEN_OFF: &[(&str, &str)] = &[
    ("nothing", ""),
    ("half a status", "HTTP/1.1 2"),
    ("half a head", "HTTP/1.1 200 OK\r\n{t}Content-Le"),
    ("a head without a body", "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\n\r\n"),
    ("half a body", "HTTP/1.1 200 OK\r\n{t}Content-Length: 100\r\n\r\n{b}"),
    ("half of the chunks", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked\r\n\r\n5\r\n{\"res"),
    ("chunks without the last", "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked\r\n\r\n5\r\n{\"res\r\n"),
    ("a body that ends with the connection", "HTTP/1.1 200 OK\r\n{t}Connection: close\r\n\r\n{b}"),
    ("an interim answer", "HTTP/1.1 100 Continue\r\n\r\n"),
];

fn octets(text: &str) -> Vec<u8> {
    let text = text
        .replace("{t}", "Content-Type: application/fhir+json\r\n")
        .replace("{n}", &PATIENT.len().to_string())
        .replace("{b}", PATIENT)
        .replace("{x}", OTHER)
        .replace("{i}", &"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n".repeat(200))
        .replace("{m}", &"A: b\r\n".repeat(1000))
        .replace("{a}", &"a".repeat(3 << 20));
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

#[tokio::test]
async fn a_broken_answer_is_none_and_never_two() {
    let (address, script) = store().await;
    let world = World::planned(Plan { store: Some(address), ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let message = format!("GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {CARE}\r\nCookie: {cookie}\r\n\r\n");
    let twice = message.repeat(2);
    let mut faults = Vec::new();
    let cases = ANSWERS.iter().map(|case| (case, false)).chain(BROKEN_OFF.iter().map(|case| (case, true)));
    for ((name, text), hangs_up) in cases {
        *script.lock().unwrap() = (octets(text), hangs_up);
        let said = say(&terminal, twice.as_bytes()).await;
        let stolen = said.answers.iter().any(|(_, body)| body.contains("stolen") || body.contains("P-0001\""));
        if said.statuses() != [502, 502] || stolen {
            faults.push(format!("{name}: {said:?}"));
        }
    }
    // The store mends its ways.
    let good = "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}";
    for text in [
        good,
        "HTTP/1.1 200 OK\r\n{t}Transfer-Encoding: chunked\r\n\r\n36\r\n{b}\r\n0\r\n\r\n",
        &format!("HTTP/1.1 103 Early Hints\r\n\r\n{good}"),
    ] {
        *script.lock().unwrap() = (octets(text), false);
        let said = say(&terminal, twice.as_bytes()).await;
        if said.statuses() != [200, 200] {
            faults.push(format!("{text}: {said:?}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), ANSWERS.len() + BROKEN_OFF.len(), faults.join("\n"));
}

/// What a store sends while nobody asks it ends its connection, and is nobody's answer.
#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_nobodys() {
    let (address, script) = store().await;
    let world = World::planned(Plan { store: Some(address), ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let good = "HTTP/1.1 200 OK\r\n{t}Content-Length: {n}\r\n\r\n{b}";
    let mut connection = terminal.connect().await.unwrap();
    *script.lock().unwrap() = (octets(good), false);
    let ask = || Ask::get("/fhir/Patient/P-0001").as_(&cookie);
    assert_eq!(connection.ask(ask()).await.unwrap().status, 200);
    // With the answer comes another one, and then silence.
    *script.lock().unwrap() = (octets(&format!("{good}{{x}}")), false);
    assert_eq!(connection.ask(ask()).await.unwrap().status, 502);
    *script.lock().unwrap() = (octets(good), false);
    let reply = connection.ask(ask()).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.text().contains("stolen")), (200, false));
}
