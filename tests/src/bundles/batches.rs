//! Batches: many requests, each served or refused by itself.

use anomaly::Quota;
use audit::{Ended, EntryId, Query, Verdict};
use gateway::Rates;
use model::PersonId;
use registry::Command;
use serde_json::json;

use super::{answers, bundle, get, note, post, send, statuses};
use crate::world::{Http, Plan, Tls, World};

#[tokio::test]
async fn a_batch_is_many_requests_and_each_is_answered_by_itself() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let own = "o-0001-001";
    let foreign = "o-0008-001";
    world.store.clear_requests();
    let batch = bundle(
        "batch",
        &[
            get(&format!("Observation/{own}")),
            get(&format!("Observation/{foreign}")),
            get("Observation/nobodys"),
            get("Observation?patient=P-0001&_count=2"),
            get("Observation?patient=P-0008&_count=2"),
            post(note("P-0001")),
            post(note("P-0008")),
            json!({ "resource": note("P-0001") }),
            get("../feeds/notes?patient=P-0001"),
            get("Patient/P-0001"),
        ],
    );
    let reply = send(&terminal, &cookie, &batch).await.unwrap();
    let told = answers(&reply);
    assert_eq!(reply.json()["type"], "batch-response");
    assert_eq!(statuses(&told), [200, 404, 404, 200, 404, 201, 404, 400, 400, 200], "{}", reply.text());
    assert_eq!(told[0]["resource"]["id"], json!(own));
    assert_eq!(told[3]["resource"]["type"], "searchset");
    assert_eq!(told[3]["resource"]["entry"].as_array().unwrap().len(), 2);
    let location = told[5]["response"]["location"].as_str().unwrap();
    assert!(location.starts_with("/fhir/Communication/"), "{location}");
    assert_eq!(told[5]["response"]["etag"], "W/\"1\"");
    assert_eq!(told[9]["resource"]["resourceType"], "Patient");
    assert_eq!(reply.headers["cache-control"], "no-store");
    for refused in [1, 2, 4, 6, 7, 8] {
        assert!(told[refused].get("resource").is_none() && told[refused]["response"]["outcome"].is_object());
    }
    // "Not there" and "not yours" are one answer, but for the number to ask about.
    let batch_number = reply.headers["sekisho-incident"].to_str().unwrap().to_owned();
    let outcome = |index: usize| {
        let text = told[index].to_string();
        let at = text.find(&batch_number).expect("no number to ask about");
        text.replace(&text[at..at + 32], "*")
    };
    assert_eq!(outcome(1), outcome(2));
    assert_eq!(outcome(4), outcome(6));
    assert_eq!(outcome(1), outcome(4));
    // Each on record by itself, all of them found by how their numbers begin.
    let entries = world.entries();
    assert_eq!(entries.len(), 10);
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry.id.to_string(), format!("{batch_number}{:04x}", index + 1));
        assert_eq!(entry.verdict == Verdict::Permitted, [0, 3, 5, 9].contains(&index), "{entry:#?}");
    }
    // What is foreign was looked up, as what is not there was, and nothing more.
    let saw = world.store_saw();
    assert_eq!(saw.len(), 4, "{saw:?}");
    assert!(saw.iter().all(|line| !line.contains("P-0008") && !line.contains(foreign)), "{saw:?}");
    // Every outcome is that of the whole answer.
    let ended = || world.audit.search(&Query::default()).unwrap().entries;
    world
        .until("the outcomes are on record", |_| {
            ended()
                .iter()
                .filter(|found| found.outcome.as_ref().is_some_and(|one| one.ended == Ended::Completed))
                .count()
                == 4
        })
        .await;
}

#[tokio::test]
async fn every_entry_of_a_batch_counts_for_the_limits() {
    let few = Quota::new(5, 60, 5);
    let plenty = Quota::new(100_000, 1, 100_000);
    let rates = Rates { per_source: plenty, per_device: plenty, per_user: few };
    let world = World::planned(Plan { rates, workers: 1, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let reply = send(&terminal, &cookie, &bundle("batch", &vec![get("Patient/P-0001"); 8])).await.unwrap();
    // The batch itself is one of the five.
    assert_eq!(statuses(&answers(&reply)), [200, 200, 200, 200, 429, 429, 429, 429]);
}

/// Consent is withdrawn between two entries of a batch: what comes after is refused, what was before of somebody else stays.
#[tokio::test]
async fn consent_that_is_withdrawn_within_a_batch_refuses_what_comes_after() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let batch = bundle(
        "batch",
        &[get("Patient/P-0002"), get("Observation/slow-2s"), get("Patient/P-0001"), get("Patient/P-0002")],
    );
    world.store.clear_requests();
    let withdrawing = async {
        world
            .until("the slow one is asked for", |world| world.store_saw().iter().any(|line| line.contains("slow-2s")))
            .await;
        let person = PersonId::new("P-0001").unwrap();
        world.clerk(Command::WithdrawConsent { person, reason: "申出".to_owned() });
    };
    let (reply, ()) = tokio::join!(send(&terminal, &cookie, &batch), withdrawing);
    assert_eq!(statuses(&answers(&reply.unwrap())), [200, 200, 404, 200]);
}

/// And what is waiting to go out already does not go out any more, whatever the connection.
#[tokio::test]
async fn consent_that_is_withdrawn_within_a_batch_takes_back_what_came_before() {
    let world = World::start().await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    for (http, person) in [(Http::One, "P-0001"), (Http::Two, "P-0002")] {
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let batch = bundle("batch", &[get(&format!("Patient/{person}")), get("Observation/slow-2s")]);
        world.store.clear_requests();
        let before = world.entries().len();
        let withdrawing = async {
            world
                .until("the slow one is asked for", |world| {
                    world.store_saw().iter().any(|line| line.contains("slow-2s"))
                })
                .await;
            let person = PersonId::new(person).unwrap();
            world.clerk(Command::WithdrawConsent { person, reason: "申出".to_owned() });
        };
        let (reply, ()) = tokio::join!(send(&terminal, &cookie, &batch), withdrawing);
        assert!(!reply.as_ref().is_ok_and(|reply| reply.text().contains(person)), "{http:?}: {reply:?}");
        assert!(!reply.as_ref().is_ok_and(|reply| reply.status.is_success()), "{http:?}: {reply:?}");
        let of_the_batch = || {
            let found = world.audit.search(&Query::default()).unwrap().entries;
            let permitted = found.into_iter().filter(|found| found.entry.verdict == Verdict::Permitted);
            permitted.take(2).map(|found| found.outcome.map(|outcome| outcome.ended)).collect::<Vec<_>>()
        };
        world.until("both ended by the cut", |_| of_the_batch() == [Some(Ended::Cut), Some(Ended::Cut)]).await;
        assert!(world.entries().len() >= before + 2);
    }
}

/// An officer finds every entry of a batch by how its number begins, as it is read out on the telephone.
#[test]
fn the_number_of_an_entry_begins_with_that_of_its_batch() {
    let batch = EntryId::fresh();
    let third = batch.of_entry(3);
    let begins = audit::IdPrefix::parse(&batch.of_batch()).unwrap();
    assert!(begins.begins(&third) && begins.begins(&batch.of_entry(128)) && third != batch.of_entry(4));
    assert!(EntryId::new([0; 16]).of_entry(1).is_empty(), "nobody's number would become somebody's");
}
