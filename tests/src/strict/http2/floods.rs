//! Floods: each ends its connection, and nobody else waits for it (CVE-2023-44487, CVE-2025-8671, CVE-2019-9511 to 9518, VU#421644).

use std::time::{Duration, Instant};

use crate::world::memory::resident_kib;
use crate::world::{Ask, CARE, Http, Terminal, Tls, World};

use super::raw::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, Link, PING, PRIORITY, RST_STREAM, SETTINGS, WHOLE,
    WINDOW_UPDATE, block, frame, headers, request, settings,
};

/// What is sent first, and what is sent over and over: the second by the number of the round.
type Flood = (&'static str, Vec<u8>, Box<dyn Fn(u32) -> Vec<u8> + Send>);

fn floods() -> Vec<Flood> {
    let get = || request("GET", "/", &[]);
    let post = || request("POST", "/.sekisho/session", &[]);
    let opened = || headers(1, END_HEADERS, &post());
    let reset = |stream: u32| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
    let stream = |round: u32| round * 2 + 1;
    vec![
        ("rapid reset", vec![], Box::new(move |n| [headers(stream(n), WHOLE, &get()), reset(stream(n))].concat())),
        (
            "rapid reset of bodies",
            vec![],
            Box::new(move |n| [headers(stream(n), END_HEADERS, &post()), reset(stream(n))].concat()),
        ),
        (
            "made to reset by windows",
            vec![],
            Box::new(move |n| {
                [headers(stream(n), END_HEADERS, &post()), frame(WINDOW_UPDATE, 0, stream(n), &[0; 4])].concat()
            }),
        ),
        (
            "made to reset by too large windows",
            vec![],
            Box::new(move |n| {
                let most = frame(WINDOW_UPDATE, 0, stream(n), &[0x7f, 0xff, 0xff, 0xff]);
                [headers(stream(n), END_HEADERS, &post()), most].concat()
            }),
        ),
        (
            "made to reset by data behind the end",
            vec![],
            Box::new(move |n| [headers(stream(n), WHOLE, &get()), frame(DATA, 0, stream(n), b"a")].concat()),
        ),
        (
            "made to reset by malformed requests",
            vec![],
            Box::new(move |n| headers(stream(n), WHOLE, &block(&[(":method", "GET"), ("connection", "close")]))),
        ),
        ("settings", vec![], Box::new(|_| settings(&[(4, 65_535)]))),
        ("empty settings", vec![], Box::new(|_| settings(&[]))),
        ("settings taken", vec![], Box::new(|_| frame(SETTINGS, ACK, 0, &[]))),
        ("pings", vec![], Box::new(|_| frame(PING, 0, 0, b"01234567"))),
        ("answers to pings", vec![], Box::new(|_| frame(PING, ACK, 0, b"01234567"))),
        ("priorities", vec![], Box::new(|n| frame(PRIORITY, 0, n % 1000 * 2 + 1, &[0, 0, 0, 0, 1]))),
        ("windows of one octet", vec![], Box::new(|_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]))),
        ("empty data", opened(), Box::new(|_| frame(DATA, 0, 1, &[]))),
        ("data of padding", opened(), Box::new(|_| frame(DATA, 8, 1, &[3, 0, 0, 0]))),
        ("empty CONTINUATION", headers(1, END_STREAM, &get()), Box::new(|_| frame(CONTINUATION, 0, 1, &[]))),
        (
            "CONTINUATION without an end",
            headers(1, END_STREAM, &get()),
            Box::new(|_| frame(CONTINUATION, 0, 1, &block(&[("x-a", &"b".repeat(1000))]))),
        ),
        ("what nobody knows", vec![], Box::new(|_| frame(0x42, 0, 0, b"grease"))),
        ("goodbyes", vec![], Box::new(|_| frame(GOAWAY, 0, 0, &[0; 8]))),
    ]
}

/// Floods until it is cut, at most so long; how long that was.
async fn flood(terminal: &Terminal, first: &[u8], round: impl Fn(u32) -> Vec<u8>, most: Duration) -> Option<Duration> {
    let mut link = Link::open(terminal).await;
    let begun = Instant::now();
    link.send(first).await;
    let mut number = 0;
    while begun.elapsed() < most {
        let burst: Vec<u8> = (number..number + 200).flat_map(&round).collect();
        number += 200;
        if !link.send(&burst).await {
            return Some(begun.elapsed());
        }
        // What is said meanwhile is taken, so that nobody waits for us.
        while let Ok(Some(_)) = tokio::time::timeout(Duration::ZERO, link.next(5000)).await {}
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flood_is_cut_and_nobody_else_waits() {
    let world = World::start().await;
    let root = world.authority.root_der();
    let terminal = Terminal::speaking(world.address, CARE, &root, None, Http::Two, Tls::V13);
    let (neighbour, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut neighbour = neighbour.connect().await.unwrap();
    let mut faults = Vec::new();
    for (name, first, round) in floods() {
        let before = resident_kib();
        let flooding = {
            let terminal = terminal.clone();
            tokio::spawn(async move { flood(&terminal, &first, round, Duration::from_secs(8)).await })
        };
        let mut longest = Duration::ZERO;
        while !flooding.is_finished() {
            let begun = Instant::now();
            let reply = neighbour.ask(Ask::get("/fhir/Patient/P-0001").as_(&cookie)).await.unwrap();
            assert_eq!(reply.status, 200, "{name}");
            longest = longest.max(begun.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let grown = resident_kib().saturating_sub(before) / 1024;
        match flooding.await.unwrap() {
            None => faults.push(format!("{name}: it is not cut")),
            Some(lasted) if lasted > Duration::from_secs(6) => faults.push(format!("{name}: it lasted {lasted:?}")),
            Some(_) => {}
        }
        if longest > Duration::from_secs(1) || grown > 64 {
            faults.push(format!("{name}: the neighbour waited {longest:?}, and memory grew by {grown} MiB"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whose certificate has ended is told so, and not over and over: a goodbye that is not answered lets a client ask on.
#[tokio::test]
async fn whose_certificate_has_ended_does_not_ask_on() {
    let world = World::start().await;
    let terminal = world.terminal_speaking(&world.keys("D-sato"), Http::Two, Tls::V13);
    world.revoke("D-sato");
    let mut link = Link::open(&terminal).await;
    // Each status is told in full.
    link.send(&settings(&[(1, 0)])).await;
    let mut answered = 0;
    for number in 0..100 {
        // As long as there is one stream at a time.
        if !link.send(&headers(number * 2 + 1, WHOLE, &request("GET", "/", &[]))).await {
            break;
        }
        if !link.is_answered(number * 2 + 1).await {
            break;
        }
        answered += 1;
    }
    assert!((1..=gateway::bounds::ISOLATED_ANSWERS_MAX).contains(&answered), "{answered}");
    // Frames that move nothing end it here, too.
    let cut = flood(&terminal, &[], |_| frame(PING, 0, 0, b"01234567"), Duration::from_secs(8)).await;
    assert!(cut.is_some_and(|lasted| lasted < Duration::from_secs(6)), "{cut:?}");
}

/// Answers that are asked for and not taken: a hundred a connection, by a stranger. One that waits by itself is let go of soon; of
/// many, most are at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_takes_are_not_kept() {
    use gateway::bounds::{H2_STREAMS_MAX, PAGE_TAKEN_MAX, PAGE_TAKEN_SOON_MAX, PAGES_UNTAKEN_PER_SOURCE};
    let world = World::start().await;
    let terminal = Terminal::speaking(world.address, CARE, &world.authority.root_der(), None, Http::Two, Tls::V13);
    let begun = Instant::now();
    let untaken = async |streams: u32, window: u32| {
        let mut link = Link::open(&terminal).await;
        let asked = (0..streams).flat_map(|n| headers(n * 2 + 1, WHOLE, &request("GET", "/nothing", &[])));
        link.send(&[settings(&[(4, window)]), asked.collect()].concat()).await;
        link
    };
    let mut alone = untaken(1, 0).await;
    let mut octet = untaken(1, 1).await;
    let mut many = Vec::new();
    for _ in 0..20 {
        many.push(untaken(H2_STREAMS_MAX, 0).await);
    }
    tokio::time::sleep(PAGE_TAKEN_SOON_MAX + Duration::from_secs(1)).await;
    let mut left = 0;
    for link in &mut many {
        left += u32::from(link.is_alive().await);
    }
    // Two workers, and in each what one source may have waiting.
    let most = 2 * u32::try_from(PAGES_UNTAKEN_PER_SOURCE).unwrap() / H2_STREAMS_MAX;
    assert!(left <= most, "{left} of {} connections", many.len());
    // Who comes from the same place and takes what it asks for is served.
    for _ in 0..5 {
        assert_eq!(terminal.ask(Ask::get("/nothing")).await.unwrap().status, 401);
    }
    if begun.elapsed() + Duration::from_secs(1) < PAGE_TAKEN_MAX {
        assert!(alone.is_alive().await && octet.is_alive().await);
    }
    tokio::time::sleep((PAGE_TAKEN_MAX + Duration::from_secs(2)).saturating_sub(begun.elapsed())).await;
    for link in many.iter_mut().chain([&mut alone, &mut octet]) {
        assert!(!link.is_alive().await);
    }
}
