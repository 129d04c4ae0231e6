//! What the look-ups of a user ID hold has a bound: whoever has reached it is told so, or hears what is said of what is not there.

use std::collections::BTreeSet;
use std::time::Duration;

use gateway::bounds::{LOOK_UP_KEPT_BYTES, LOOK_UPS_AGAIN_SECONDS, LOOK_UPS_MAX, LOOK_UPS_USER_BYTES};
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{NOBODYS, ask, linking};
use crate::bundles::{bundle, get, post, send, without_incident};
use crate::world::relay::{Relay, Twist};
use crate::world::{Plan, Terminal, World};

/// Transactions of this many links to what nobody has.
fn linking_to_nobodys(links: usize) -> Value {
    let entry = |number: usize| {
        let to: Vec<String> = (0..8).map(|link| format!("o-{number}-{link}")).collect();
        post(linking(&to.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    bundle("transaction", &(0..links / 8).map(entry).collect::<Vec<_>>())
}

/// A world of one worker, whose store answers when it is told to.
async fn with_a_slow_store() -> (World, Relay) {
    let relay = Relay::start().await;
    let plan = Plan { store: Some(relay.address), workers: 1, ..Plan::default() };
    let world = World::planned(plan).await;
    relay.lead_to(world.store.address());
    (world, relay)
}

/// Requests that hold all that the look-ups of one user ID may, but for a few. New ones are answered at once.
async fn holding_all(world: &World, relay: &Relay, terminal: &Terminal, cookie: &str) -> Vec<JoinHandle<()>> {
    relay.twist(Twist::Slow(Duration::from_secs(60)));
    // Each keeps room for one more look-up than it names.
    let (room, each) = (LOOK_UPS_USER_BYTES / LOOK_UP_KEPT_BYTES, LOOK_UPS_MAX + 1);
    let rest = (room % each - 1) / 8 * 8;
    let mut holding = Vec::new();
    for count in std::iter::repeat_n(LOOK_UPS_MAX, room / each).chain([rest]) {
        let (terminal, cookie, all) = (terminal.clone(), cookie.to_owned(), linking_to_nobodys(count));
        holding.push(tokio::spawn(async move { drop(send(&terminal, &cookie, &all).await) }));
    }
    world.until("all of them hold their room", |_| relay.slowed() >= holding.len() * 8).await;
    relay.twist(Twist::None);
    holding
}

/// Promise P9: what look-ups hold has a bound. Who has reached his own is told to come again by the words of the request alone;
/// nobody waits for anybody, and nobody else hears of it.
#[tokio::test]
async fn a_request_finds_no_room_for_its_look_ups_while_others_of_its_user_id_hold_all() {
    let (world, relay) = with_a_slow_store().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let (others, others_cookie) = world.signed_in("U-kato", "D-kato").await;
    let holding = holding_all(&world, &relay, &terminal, &cookie).await;
    let asked = world.entries().len();
    let few = linking_to_nobodys(16);
    let reply = send(&terminal, &cookie, &few).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"));
    assert_eq!(reply.headers["retry-after"], LOOK_UPS_AGAIN_SECONDS.to_string().as_str());
    assert_eq!(world.entries().len(), asked + 1);
    assert_eq!(world.entries().pop().unwrap().cause, "limit: look-ups");
    let reads: Vec<Value> = (1..20).map(|number| get(&format!("Observation/o-0001-{number:03}/_history"))).collect();
    let reply = send(&others, &others_cookie, &bundle("transaction", &reads)).await.unwrap();
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    // Their clients leave, and what they held is there for others.
    holding.iter().for_each(JoinHandle::abort);
    for _ in 0..200 {
        let reply = send(&terminal, &cookie, &few).await.unwrap();
        if reply.status == StatusCode::NOT_FOUND {
            return;
        }
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{}", reply.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("what was held does not come back");
}

/// Promise P4: how much a record holds must not show. Where there is no room for a long one, its reader hears what is said of one that
/// nobody has; the store is not asked whether it fails, and the officer sees why.
#[tokio::test]
async fn a_look_up_that_finds_no_room_is_answered_as_what_is_not_there() {
    let (world, relay) = with_a_slow_store().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let holding = holding_all(&world, &relay, &terminal, &cookie).await;
    relay.twist(Twist::Blanks(1024 * 1024));
    let mut said = BTreeSet::new();
    for (id, cause) in [("o-0001-001", "no room for look-ups"), (NOBODYS, "")] {
        world.store.clear_requests();
        let reply = ask(&terminal, &cookie, Method::GET, &format!("/fhir/Observation/{id}"), None).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{id}: {}", reply.text());
        said.insert(without_incident(&reply));
        let requests: Vec<String> = world.store.requests().into_iter().map(|request| request.target).collect();
        assert!(matches!(requests.as_slice(), [one] if one.contains(&format!("/{id}?"))), "{requests:?}");
        let refused = world.entries().pop().unwrap();
        assert_eq!((refused.reason.as_str(), refused.cause.as_str()), ("not-available", cause), "{id}");
    }
    assert_eq!(said.len(), 1, "{said:#?}");
    holding.iter().for_each(JoinHandle::abort);
}
