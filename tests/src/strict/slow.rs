//! Clients that take their time.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::world::{Ask, CARE, Http, Terminal, Tls, World};

use super::http2::raw::{PREFACE, headers, request, settings};

/// Sends an octet of a head every second for as long as it is let; how long that was.
async fn drip(terminal: &Terminal, first: &[u8], octet: u8) -> Duration {
    let mut connection = terminal.raw().await.unwrap();
    connection.write_all(first).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(40) {
        let mut room = [0; 1024];
        match tokio::time::timeout(Duration::from_secs(1), connection.read(&mut room)).await {
            Ok(Ok(0) | Err(_)) => return begun.elapsed(),
            Ok(Ok(_)) => continue,
            Err(_) => {}
        }
        if connection.write_all(&[octet]).await.is_err() {
            return begun.elapsed();
        }
    }
    begun.elapsed()
}

fn in_time(lasted: Duration) {
    let most = gateway::bounds::HEADER_READ_MAX + Duration::from_secs(6);
    assert!(lasted + Duration::from_secs(2) >= gateway::bounds::HEADER_READ_MAX && lasted < most, "{lasted:?}");
}

#[tokio::test]
async fn a_head_is_whole_in_time_or_never() {
    let world = World::start().await;
    let one = world.stranger(CARE);
    let two = Terminal::speaking(world.address, CARE, &world.authority.root_der(), None, Http::Two, Tls::V13);
    let head = format!("GET / HTTP/1.1\r\nHost: {CARE}\r\nA: ");
    // A header block without an end, of which a CONTINUATION drips.
    let block =
        [PREFACE, &settings(&[]), &headers(1, 0x1, &request("GET", "/", &[])), &[0, 16, 0, 9, 0, 0, 0, 0, 1]].concat();
    let begun = [PREFACE, &settings(&[])].concat();
    let (head, block, preface) =
        tokio::join!(drip(&one, head.as_bytes(), b'a'), drip(&two, &block, 0x82), drip(&two, &PREFACE[..4], b'x'),);
    in_time(head);
    in_time(block);
    // What is no preface is no HTTP/2.
    assert!(preface < Duration::from_secs(16), "{preface:?}");
    // A frame that begins and does not end.
    in_time(drip(&two, &[&begun[..], &[0, 0x3f, 0xfc, 4, 0, 0, 0, 0, 0]].concat(), 0).await);
    assert!(one.ask(Ask::get("/")).await.is_ok());
}
