//! Far more than the store can do: what it can do it goes on doing, the rest hears so at once, and care goes before searches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gateway::{Server, StoreSettings};
use http::StatusCode;

use crate::world::relay::{Relay, Twist};
use crate::world::{Ask, Plan, Terminal, World};

const RECORD: &str = "/fhir/Patient/P-0001";
/// What the store takes for each, and how many at once: it can do 200 a second.
const TAKES: Duration = Duration::from_millis(40);
const AT_ONCE: u16 = 8;

/// A city whose store is slow, and asked so much at once at most.
async fn city() -> World {
    let relay = Relay::start().await;
    let address = relay.address;
    let world = World::planned(Plan {
        workers: 1,
        trusting_store: true,
        reached: Some(Box::new(move |_| StoreSettings {
            at_once: AT_ONCE,
            queue_max: 16,
            ..StoreSettings::of(vec![Server::plain(address)])
        })),
        ..Plan::default()
    })
    .await;
    relay.lead_to(world.store.address());
    relay.twist(Twist::Slow(TAKES));
    world
}

/// What became of requests in a time.
#[derive(Default)]
struct Tally {
    served: usize,
    /// How long those waited who were refused for want of a place at the store.
    refused: Vec<Duration>,
    /// How many were because the gateway was busy.
    by_gateway: usize,
}

/// So many who ask one after the other, for so long; each with a breath after a refusal, as clients that are told to wait.
async fn asked_by(terminal: &Terminal, cookie: &str, many: usize, target: &'static str, lasts: Duration) -> Tally {
    let over = Arc::new(AtomicBool::new(false));
    let each: Vec<_> = (0..many)
        .map(|_| {
            let (terminal, cookie, over) = (terminal.clone(), cookie.to_owned(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut tally = Tally::default();
                let mut connection = terminal.connect().await.unwrap();
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let reply = connection.ask(Ask::get(target).as_(&cookie)).await.unwrap();
                    if reply.status == StatusCode::OK {
                        tally.served += 1;
                        continue;
                    }
                    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
                    assert_eq!(reply.headers["retry-after"], "1");
                    match reply.code().as_str() {
                        "store-busy" => tally.refused.push(begun.elapsed()),
                        "gateway-busy" => tally.by_gateway += 1,
                        other => panic!("refused as {other}"),
                    }
                    tokio::time::sleep(TAKES).await;
                }
                tally
            })
        })
        .collect();
    tokio::time::sleep(lasts).await;
    over.store(true, Ordering::Relaxed);
    let mut all = Tally::default();
    for one in each {
        let one = one.await.unwrap();
        all.served += one.served;
        all.refused.extend(one.refused);
        all.by_gateway += one.by_gateway;
    }
    all
}

/// Four times as many as there is room for: as much is served as before, and the rest hears so in a blink.
#[tokio::test]
async fn what_can_be_done_goes_on_being_done() {
    const LASTS: Duration = Duration::from_secs(3);
    let world = city().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let room = usize::from(AT_ONCE) - 2;
    let peak = asked_by(&terminal, &cookie, room, RECORD, LASTS).await;
    assert!(peak.refused.is_empty(), "{:?}", peak.refused);
    let flood = asked_by(&terminal, &cookie, room * 4, RECORD, LASTS).await;
    let (served, refused) = (flood.served, flood.refused.len());
    println!("{} served at peak; {served} served and {refused} refused at four times as many", peak.served);
    // Nine in ten on a machine of its own; here others are at work too.
    assert!(served * 4 >= peak.served * 3, "{served} of {}", peak.served);
    assert!(refused > 0);
    assert_eq!(peak.by_gateway + flood.by_gateway, 0, "so few requests of care are never too much for the gateway");
    let mut waits = flood.refused;
    waits.sort_unstable();
    let (half, most) = (waits[waits.len() / 2], waits[waits.len() * 95 / 100]);
    println!("refused after {half:?}, 95 in 100 after {most:?}");
    // Likewise: 50 ms.
    assert!(half < Duration::from_millis(250) && most < Duration::from_secs(1), "{half:?} {most:?}");
}

/// A flood of searches does not keep anybody from a record.
#[tokio::test]
async fn care_goes_before_searches() {
    const SEARCH: &str = "/fhir/Observation?patient=P-0001&_count=1";
    let world = city().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let flooding = {
        let (terminal, cookie) = (terminal.clone(), cookie.clone());
        tokio::spawn(async move { asked_by(&terminal, &cookie, 30, SEARCH, Duration::from_secs(3)).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let care = asked_by(&terminal, &cookie, 2, RECORD, Duration::from_secs(2)).await;
    let searches = flooding.await.unwrap();
    println!("{} records, {} refused; {} searches", care.served, care.refused.len(), searches.served);
    assert!(care.refused.is_empty() && care.served >= 30, "{} {}", care.served, care.refused.len());
    assert_eq!(care.by_gateway, 0);
    assert!(searches.served > 0 && !searches.refused.is_empty());
}

/// More searches than the gateway itself can do: what it can do it goes on doing, the rest hears so, and when it is over all is as before.
#[tokio::test]
async fn a_gateway_that_is_busy_says_so() {
    const SEARCH: &str = "/fhir/Observation?patient=P-0001";
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let mut asking = Vec::new();
    // No user ID may have more than so many going.
    for (user, device) in [("U-sato", "D-sato"), ("U-nakamura", "D-nakamura")] {
        let (terminal, cookie) = world.signed_in(user, device).await;
        asking
            .push(tokio::spawn(async move { asked_by(&terminal, &cookie, 60, SEARCH, Duration::from_secs(4)).await }));
    }
    let (mut served, mut refused) = (0, 0);
    for one in asking {
        let tally = one.await.unwrap();
        assert!(tally.refused.is_empty(), "the store has room for all of them");
        (served, refused) = (served + tally.served, refused + tally.by_gateway);
    }
    println!("{served} served, {refused} refused");
    assert!(served > 0 && refused > 0, "{served} served, {refused} refused");
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while connection.ask(Ask::get(SEARCH).as_(&cookie)).await.unwrap().status != StatusCode::OK {
        assert!(Instant::now() < end, "it is over, and searches are still refused");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
