//! What stands on record of a request that was refused, or that nobody waited for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use audit::{Ended, Entry, Query, Verdict};
use http::{Method, StatusCode};
use journal::Place;
use serde_json::{Value, json};

use crate::world::{Ask, Lock, Plan, Reply, World};

const FHIR: &str = "application/fhir+json";
const JSON_PATCH: &str = "application/json-patch+json";
/// How long the log waits for another process before an entry fails.
const LOCK_WAIT: Duration = Duration::from_secs(5);

fn note() -> Value {
    json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient/P-0001" } })
}

fn patch(target: &str, operations: &Value) -> Ask {
    Ask { method: Method::PATCH, ..Ask::post(target, JSON_PATCH, operations.to_string()) }
}

/// The entry of this answer.
fn entry_of(world: &World, reply: &Reply) -> Entry {
    let incident = reply.headers["sekisho-incident"].to_str().unwrap();
    let mut found = world.entries().into_iter().filter(|entry| entry.id.to_string() == incident);
    let entry = found.next().unwrap_or_else(|| panic!("no entry: {}", reply.text()));
    assert!(found.next().is_none(), "two entries of one request");
    entry
}

/// An officer who reviews a refusal sees what the client was told of its address, and nothing of what is stored.
#[tokio::test]
async fn a_refusal_is_on_record_with_what_the_client_was_told() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let ask = async |ask: Ask| terminal.ask(ask.as_(&cookie)).await.unwrap();
    for (target, says) in [
        ("/fhir/Observation?patient=P-0001&patient=P-0002", "person"),
        ("/fhir/Observation?patient=P-0001&nonsense=1", "`nonsense`"),
        ("/fhir/NoSuchThing/1", "`NoSuchThing`"),
        ("/fhir/Patient/a%00b", ""),
    ] {
        let reply = ask(Ask::get(target)).await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "unreadable"), "{target}");
        let entry = entry_of(&world, &reply);
        assert_eq!((entry.verdict, entry.reason.as_str()), (Verdict::Refused, "unreadable"), "{target}");
        assert_eq!(entry.cause, reply.json()["detail"].as_str().unwrap(), "{target}");
        assert!(!entry.cause.is_empty() && entry.cause.contains(says), "{target}: {entry:#?}");
    }
    // A long word of the client's is not kept in full.
    let reply = ask(Ask::get(&format!("/fhir/Observation?patient=P-0001&{}=1", "x".repeat(3000)))).await;
    assert!((1..=512).contains(&entry_of(&world, &reply).cause.len()), "{}", reply.text());
    // What has no cause beside its code has none.
    let reply = ask(Ask::get("/fhir/Observation?patient=P-0008")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(entry_of(&world, &reply).cause, "");
}

/// Whoever may read a record may be told what of a patch does not fit it; the log is read by others too.
#[tokio::test]
async fn a_cause_that_lies_in_the_record_is_not_on_record() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let ask = async |ask: Ask| terminal.ask(ask.as_(&cookie)).await.unwrap();
    let mut observation = json!({
        "resourceType": "Observation", "status": "final", "code": { "text": "体温" },
        "subject": { "reference": "Patient/P-0001" },
    });
    observation["performer"] = json!([{ "reference": "Practitioner/K-sato" }]);
    let created = ask(Ask::post("/fhir/Observation", FHIR, observation.to_string())).await;
    let target = format!("/fhir/Observation/{}", created.json()["id"].as_str().unwrap());

    let unfit = json!([{ "op": "test", "path": "/status", "value": "amended" }]);
    let reply = ask(patch(&target, &unfit)).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "does-not-fit"));
    let entry = entry_of(&world, &reply);
    assert_eq!((entry.reason.as_str(), entry.cause.as_str()), ("does-not-fit", ""));

    // Told in full to the client; on record without what was quoted.
    let window = json!([{ "op": "add", "path": "/focus", "value": [{ "reference": "Patient/P-0008" }] }]);
    let reply = ask(patch(&target, &window)).await;
    let told = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(reply.status == StatusCode::BAD_REQUEST && told.contains("P-0008"), "{told}");
    let entry = entry_of(&world, &reply);
    assert_eq!(entry.cause, "the body refers to another person");
}

/// The free text of a note may hold anything, and nothing can be deleted from the log: what is wrong with it is on record, and none
/// of its words.
#[tokio::test]
async fn no_word_of_a_body_is_on_record() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let with = |member: &str, value: Value| {
        let mut note = note();
        note[member] = value;
        note
    };
    let in_a_bundle = |note: Value| {
        let request = json!({ "method": "POST", "url": "Communication" });
        json!({ "resourceType": "Bundle", "type": "transaction", "entry": [{ "resource": note, "request": request }] })
    };
    let mut said = Vec::new();
    for (member, value, cause) in [
        ("note", json!([{ "text": "Patient/P-0008/HIV陽性" }]), "the body refers to another person"),
        ("subject", json!({ "reference": "Kenji HIV" }), "is no reference of the form Patient/ID"),
        (
            "about",
            json!([{ "reference": "Observation?code=HIV" }]),
            "the body holds a reference whose form is not allowed",
        ),
        ("HIV", json!("positive"), "the body holds a name that is none of a FHIR element"),
        ("contained", json!([{ "resourceType": "HIV" }]), "the body contains what may not be contained"),
    ] {
        let note = with(member, value);
        for (target, body) in [("/fhir/Communication", note.clone()), ("/fhir", in_a_bundle(note))] {
            let reply = terminal.ask(Ask::post(target, FHIR, body.to_string()).as_(&cookie)).await.unwrap();
            said.push((member, target, reply, cause));
        }
    }
    let form = "patient=P-0001&HIV=1";
    let search = Ask::post("/fhir/Observation/_search", "application/x-www-form-urlencoded", form.to_owned());
    said.push(("form", "_search", terminal.ask(search.as_(&cookie)).await.unwrap(), "a parameter is not on the list"));
    for (member, target, reply, cause) in said {
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "unreadable"), "{member} {target}");
        let told = reply.text();
        assert!(told.contains("HIV") || told.contains("P-0008"), "told in full: {told}");
        let entry = entry_of(&world, &reply);
        assert!(entry.cause.contains(cause), "{member} {target}: {entry:#?}");
        let entry = format!("{entry:?}");
        assert!(!["HIV", "陽性", "Kenji", "P-0008"].iter().any(|word| entry.contains(word)), "{entry}");
    }
}

/// A city whose log can be held up.
async fn with_its_log_in(folder: &tempfile::TempDir) -> (World, PathBuf) {
    let file = folder.path().join("audit.db");
    let plan = Plan { audit: Some(Place::Sqlite { file: file.clone() }), ..Plan::default() };
    (World::planned(plan).await, file)
}

/// Promise P3: the entry of a permit is lost because the log cannot be written, and it can again a moment later. What is on
/// record then is the refusal that came of it, and no permit.
#[tokio::test]
async fn the_refusal_after_a_permit_that_was_lost_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let (world, log) = with_its_log_in(&folder).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for ask in [Ask::get("/fhir/Patient/P-0001"), Ask::post("/fhir/Communication", FHIR, note().to_string())] {
        world.store.clear_requests();
        let writes = ask.method == Method::POST;
        let (lock, begun) = (Lock::of(&log), Instant::now());
        // The permit fails after one wait; its refusal is tried for two more.
        let free = async {
            tokio::time::sleep(LOCK_WAIT * 3 / 2).await;
            drop(lock);
        };
        let (reply, ()) = tokio::join!(terminal.ask(ask.as_(&cookie)), free);
        let reply = reply.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "audit-unavailable"));
        assert!(begun.elapsed() >= LOCK_WAIT, "the log was not held up");
        let entry = entry_of(&world, &reply);
        assert_eq!((entry.verdict, entry.reason.as_str()), (Verdict::Refused, "audit-unavailable"), "{entry:#?}");
        assert_eq!((entry.user_id.as_str(), entry.persons[0].as_str()), ("U-sato", "P-0001"));
        let found = world.audit.search(&Query { limit: 1, ..Query::default() }).unwrap().entries.remove(0);
        assert_eq!((found.entry.id, found.outcome), (entry.id, None), "a refusal has no further end");
        assert!(!writes || world.store_saw().is_empty(), "it reached the store: {:?}", world.store_saw());
    }
}

/// Its client leaves while the permit of a write waits for the log: it is on record as permitted, as never answered, and the
/// store was not asked.
#[tokio::test]
async fn a_client_that_leaves_before_the_permit_is_durable_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let (world, log) = with_its_log_in(&folder).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.store.clear_requests();
    let lock = Lock::of(&log);
    let write = Ask::post("/fhir/Communication", FHIR, note().to_string()).as_(&cookie);
    tokio::select! {
        biased;
        () = world.until("it is among the living", |world| world.living().1 == 1) => {}
        reply = terminal.ask(write) => panic!("it did not wait for the log: {reply:?}"),
    }
    world.until("it is let go of", |world| world.living().1 == 0).await;
    drop(lock);
    let newest = || world.audit.search(&Query { limit: 1, ..Query::default() }).unwrap().entries.pop();
    world.until("its end is on record", |_| newest().is_some_and(|found| found.outcome.is_some())).await;
    let found = newest().unwrap();
    let outcome = found.outcome.unwrap();
    assert_eq!((found.entry.verdict, outcome.ended), (Verdict::Permitted, Ended::ClientLeft));
    assert_eq!((outcome.status, outcome.bytes), (0, 0), "no answer was begun");
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}
