//! What is asked of the store before a decision: as much as the words of a request name, whatever is stored (promise P4), each
//! record once, within a bound (promise P9), charged to whoever asks, and on record as what was wanted.

mod room;

use std::collections::BTreeSet;

use anomaly::Quota;
use audit::Verdict;
use gateway::Rates;
use gateway::bounds::{ANSWER_READ_BYTES_MAX, LOOK_UPS_BYTES_MAX, LOOK_UPS_MAX};
use http::{Method, StatusCode};
use model::Action;
use serde_json::{Value, json};

use crate::bundles::transactions::behind_a_relay;
use crate::bundles::{FHIR, answers, bundle, get, measured, note, post, put, send, statuses, without_incident};
use crate::versions::put_at_the_store;
use crate::world::relay::Twist;
use crate::world::{Ask, Plan, Reply, Terminal, World};

/// Records of P-0001, somebody else's, nobody's, and one of P-0001 that a care manager may not see.
const OWN: [&str; 2] = ["o-0001-001", "o-0001-002"];
const FOREIGN: &str = "o-0008-001";
const NOBODYS: &str = "nobodys";
const LABELLED: &str = "labelled";

fn linking(to: &[&str]) -> Value {
    let mut note = note("P-0001");
    note["about"] = to.iter().map(|id| json!({ "reference": format!("Observation/{id}") })).collect();
    note
}

/// A city in which one record of P-0001 is labelled, and its care manager, who sees no labelled ones.
async fn care_manager() -> (World, Terminal, String) {
    let world = World::planned(Plan { trusting_store: true, ..Plan::default() }).await;
    let mut labelled = measured("P-0001");
    labelled["id"] = json!(LABELLED);
    let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    labelled["meta"] = json!({ "security": [{ "system": system, "code": "R" }] });
    put_at_the_store(&world, &labelled).await;
    let (terminal, cookie) = world.signed_in("U-kato", "D-kato").await;
    (world, terminal, cookie)
}

/// Look-ups since the last clearing, in the order of their targets.
fn look_ups(world: &World) -> Vec<String> {
    let looked_up = |target: &String| target.contains("_elements=") || target.ends_with("?_summary=false");
    let mut targets: Vec<String> =
        world.store.requests().iter().map(|request| request.target.clone()).filter(looked_up).collect();
    targets.sort();
    targets
}

async fn ask(terminal: &Terminal, cookie: &str, method: Method, target: &str, body: Option<&Value>) -> Reply {
    let ask = match body {
        Some(body) => Ask::post(target, FHIR, body.to_string()),
        None => Ask::get(target),
    };
    terminal.ask(Ask { method, ..ask }.as_(cookie)).await.unwrap()
}

/// Whatever a link leads to, and wherever it stands among the others, all are looked up; what is refused is refused in one way.
#[tokio::test]
async fn a_link_that_leads_elsewhere_does_not_save_a_look_up() {
    let (world, terminal, cookie) = care_manager().await;
    let mut said = BTreeSet::new();
    for stranger in [FOREIGN, NOBODYS, LABELLED] {
        for place in 0..3 {
            let mut to = OWN.to_vec();
            to.insert(place, stranger);
            world.store.clear_requests();
            let reply = ask(&terminal, &cookie, Method::POST, "/fhir/Communication", Some(&linking(&to))).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{stranger}: {}", reply.text());
            said.insert(without_incident(&reply));
            let expected: BTreeSet<&str> = to.into_iter().collect();
            let asked = look_ups(&world);
            let id_of = |target: &String| target.split(['/', '?']).nth(3).unwrap().to_owned();
            let asked: Vec<String> = asked.iter().map(id_of).collect();
            assert_eq!(asked, expected.into_iter().collect::<Vec<_>>(), "{stranger} in place {place}");
        }
    }
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(world.store_saw(), Vec::<String>::new());
    let created = ask(&terminal, &cookie, Method::POST, "/fhir/Communication", Some(&linking(&OWN))).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
}

/// The version that a condition means is looked up too, though a link has led elsewhere already.
#[tokio::test]
async fn what_a_condition_means_is_looked_up_whatever_a_link_shows() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let identifier = json!([{ "system": "urn:sato", "value": "17" }]);
    let mut own = measured("P-0001");
    own["identifier"] = identifier.clone();
    assert_eq!(
        ask(&terminal, &cookie, Method::POST, "/fhir/Observation", Some(&own)).await.status,
        StatusCode::CREATED
    );
    for (to, expected) in [(OWN[0], StatusCode::OK), (FOREIGN, StatusCode::NOT_FOUND), (NOBODYS, StatusCode::NOT_FOUND)]
    {
        let mut changed = own.clone();
        changed["hasMember"] = json!([{ "reference": format!("Observation/{to}") }]);
        world.store.clear_requests();
        let target = "/fhir/Observation?identifier=urn:sato%7C17";
        let reply = ask(&terminal, &cookie, Method::PUT, target, Some(&changed)).await;
        assert_eq!(reply.status, expected, "{to}: {}", reply.text());
        assert_eq!(look_ups(&world).len(), 3, "{to}: {:?}", look_ups(&world));
    }
}

/// Of a transaction too; and what several entries link to, read or change is looked up once.
#[tokio::test]
async fn a_transaction_looks_each_record_up_once_whatever_is_stored() {
    let (world, terminal, cookie) = care_manager().await;
    for stranger in [FOREIGN, NOBODYS, LABELLED] {
        let mut changed = measured("P-0001");
        changed["id"] = json!(OWN[0]);
        let entries = [
            post(linking(&[stranger, OWN[0]])),
            post(linking(&[OWN[0], stranger, OWN[1]])),
            put(changed),
            get(&format!("Observation/{}/_history", OWN[1])),
        ];
        world.store.clear_requests();
        let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{stranger}: {}", reply.text());
        let asked = look_ups(&world);
        assert_eq!(asked.len(), 3, "{stranger}: {asked:?}");
    }
    assert_eq!(world.store_saw(), Vec::<String>::new());
}

fn plenty() -> Quota {
    Quota::new(100_000, 1, 100_000)
}

const SECONDS_EACH: u32 = 600;

/// `burst` at once, then one in a long time.
fn scarce(burst: u32) -> Quota {
    Quota::new(1, SECONDS_EACH, burst)
}

/// A transaction that looks this many records up.
fn asking_for(count: usize) -> Value {
    let reads: Vec<Value> =
        (0..count).map(|number| get(&format!("Observation/o-0001-{:03}/_history", number + 1))).collect();
    bundle("transaction", &reads)
}

#[tokio::test]
async fn look_ups_count_for_the_limits_like_requests() {
    let rates = Rates { per_source: plenty(), per_device: scarce(40), per_user: scarce(10) };
    let world = World::planned(Plan { rates, workers: 1, trusting_store: true, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.store.clear_requests();
    // Eight look-ups, of which the first comes with the request: eight of ten.
    let served = send(&terminal, &cookie, &asking_for(8)).await.unwrap();
    assert_eq!(statuses(&answers(&served)), [200; 8]);
    assert_eq!(look_ups(&world).len(), 8);
    world.store.clear_requests();
    // One more is the request itself; there is one left, and two are needed. It is said before the store hears of it.
    let reply = send(&terminal, &cookie, &asking_for(3)).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"));
    assert!(reply.json()["detail"].as_str().unwrap().ends_with("Limit: user."), "{}", reply.text());
    assert!(world.store.requests().is_empty(), "{:?}", world.store.requests());
    let refused = world.entries().pop().unwrap();
    assert_eq!((refused.verdict, refused.reason.as_str()), (Verdict::Refused, "too-many-requests"));
    assert!(refused.records.contains(&"Observation/o-0001-003".to_owned()), "{refused:#?}");
    // What was refused has cost one request.
    assert_eq!(ask(&terminal, &cookie, Method::GET, "/fhir/Patient/P-0001", None).await.status, StatusCode::OK);
    assert_eq!(
        ask(&terminal, &cookie, Method::GET, "/fhir/Patient/P-0001", None).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    // A write with links is no cheaper alone than in a transaction, and waiting helps.
    let seconds: i64 = 3 * i64::from(SECONDS_EACH);
    world.shift_clock(seconds);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let created = ask(&terminal, &cookie, Method::POST, "/fhir/Communication", Some(&linking(&OWN))).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let next = ask(&terminal, &cookie, Method::GET, "/fhir/Patient/P-0001", None).await;
    assert_eq!(next.status, StatusCode::OK);
    let after = ask(&terminal, &cookie, Method::POST, "/fhir/Communication", Some(&linking(&OWN))).await;
    assert_eq!(after.status, StatusCode::TOO_MANY_REQUESTS, "{}", after.text());
}

/// What one user ID may not do is not charged to the terminal, which others share.
#[tokio::test]
async fn what_a_user_id_is_refused_costs_its_device_no_look_ups() {
    let rates = Rates { per_source: plenty(), per_device: scarce(30), per_user: scarce(10) };
    let world = World::planned(Plan { rates, workers: 1, trusting_store: true, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for _ in 0..4 {
        let reply = send(&terminal, &cookie, &asking_for(11)).await.unwrap();
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{}", reply.text());
    }
    // Signing in twice and four refused requests: of thirty there is room for this.
    let colleagues = world.cookie(&terminal, "U-ono").await;
    let reply = send(&terminal, &colleagues, &asking_for(9)).await.unwrap();
    assert_ne!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{}", reply.text());
}

/// 128 entries with eight links each: refused by its words alone, and on record, though its names are more than one entry of
/// the log holds.
#[tokio::test]
async fn more_look_ups_than_one_request_may_cause_are_refused_before_the_first() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let entry = |number: usize| {
        let to: Vec<String> = (0..8).map(|link| format!("o-{number}-{link}")).collect();
        post(linking(&to.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let entries: Vec<Value> = (0..128).map(entry).collect();
    world.store.clear_requests();
    let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "unreadable"));
    assert!(reply.text().contains(&LOOK_UPS_MAX.to_string()), "{}", reply.text());
    assert!(world.store.requests().is_empty());
    let refused = world.entries().pop().unwrap();
    assert_eq!(refused.id.to_string(), reply.headers["sekisho-incident"].to_str().unwrap());
    assert_eq!((refused.verdict, refused.action), (Verdict::Refused, Some(Action::Create)));
    assert!(refused.cause.contains(&format!("more than {LOOK_UPS_MAX} records")), "{refused:#?}");
    assert_eq!(refused.persons.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P-0001"]);
    // 1024 links, and the type of what is created.
    assert_eq!((refused.records.len(), refused.records.last().unwrap().as_str()), (audit::RECORDS_MAX, "… 2 more"));
    // As many as may be are served.
    let entries: Vec<Value> = (0..LOOK_UPS_MAX / 8).map(entry).collect();
    let reply = send(&terminal, &cookie, &bundle("transaction", &entries)).await.unwrap();
    assert_eq!(reply.status, StatusCode::NOT_FOUND, "{}", reply.text());
    assert_eq!(look_ups(&world).len(), LOOK_UPS_MAX);
}

/// Whoever may not ask what his criteria mean is refused on that, and is on record with what he wanted, and of whom.
#[tokio::test]
async fn a_condition_that_is_denied_is_on_record_as_what_was_wanted() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut foreign = measured("P-0008");
    foreign["identifier"] = json!([{ "system": "urn:x", "value": "1" }]);
    let mut linking = foreign.clone();
    linking["hasMember"] = json!([{ "reference": "Observation/o-0008-001" }]);
    let patch = json!({ "resourceType": "Parameters", "parameter": [{
        "name": "operation",
        "part": [
            { "name": "type", "valueCode": "delete" },
            { "name": "path", "valueString": "Observation.note" },
        ],
    }] });
    let plain = "/fhir/Observation";
    let criteria = "/fhir/Observation?patient=P-0008&identifier=urn:x%7C1";
    for (method, target, body, wanted) in [
        (Method::DELETE, criteria, None, Action::Delete),
        (Method::PUT, criteria, Some(&foreign), Action::Update),
        (Method::PUT, criteria, Some(&linking), Action::Update),
        (Method::PATCH, criteria, Some(&patch), Action::Update),
        (Method::POST, plain, Some(&linking), Action::Create),
        (Method::PUT, "/fhir/Observation/o-0008-001", Some(&with_id(&foreign, "o-0008-001")), Action::Update),
    ] {
        world.store.clear_requests();
        let reply = ask(&terminal, &cookie, method.clone(), target, body).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method} {target}: {}", reply.text());
        assert!(world.store.requests().is_empty(), "{method} {target}: {:?}", world.store.requests());
        let refused = world.entries().pop().unwrap();
        assert_eq!(refused.action, Some(wanted), "{method} {target}: {refused:#?}");
        assert_eq!(refused.persons.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P-0008"]);
        assert!(refused.records[0].starts_with("Observation"), "{refused:#?}");
    }
    let unless = Ask::post(plain, FHIR, foreign.to_string()).with("if-none-exist", "identifier=urn:x|1");
    assert_eq!(terminal.ask(unless.as_(&cookie)).await.unwrap().status, StatusCode::NOT_FOUND);
    assert_eq!(world.entries().pop().unwrap().action, Some(Action::Create));
    // A removal that finds several, and one within a transaction, are on record as removals too.
    let several = ask(&terminal, &cookie, Method::DELETE, "/fhir/Observation?patient=P-0001&status=final", None).await;
    assert_eq!((several.status, several.code().as_str()), (StatusCode::PRECONDITION_FAILED, "several-fit"));
    assert_eq!(world.entries().pop().unwrap().action, Some(Action::Delete));
    let removal = json!({ "request": { "method": "DELETE", "url": "Observation/nobodys" } });
    let reply = send(&terminal, &cookie, &bundle("transaction", &[removal])).await.unwrap();
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(world.entries().pop().unwrap().action, Some(Action::Delete));
}

/// A store that keeps a log of whose device asked finds it there for look-ups too.
#[tokio::test]
async fn a_look_up_says_who_asks_like_what_is_forwarded() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.store.clear_requests();
    let reply = ask(&terminal, &cookie, Method::GET, "/fhir/Observation/o-0001-001/_history", None).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let requests = world.store.requests();
    assert!(requests.len() >= 2 && !look_ups(&world).is_empty(), "{requests:?}");
    for request in requests {
        for ours in ["host", "accept", "sekisho-identity", "client-cert"] {
            let count = request.headers.iter().filter(|(name, _)| name == ours).count();
            assert_eq!(count, 1, "{ours}: {request:?}");
        }
    }
}

/// Records that are too long for us are not available, alone or together. That is no fault of the store's, which is not asked whether
/// it fails, and the officer sees which bound it was; the client hears the same as of what is not there.
#[tokio::test]
async fn look_ups_that_show_too_much_are_refused_in_one_way() {
    let (world, relay) = behind_a_relay().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut said = BTreeSet::new();
    for (twist, id, count, cause) in [
        (Twist::Blanks(LOOK_UPS_BYTES_MAX / 8), "o-0001-001", 20, "more than the look-ups of one request may hold"),
        (Twist::Blanks(ANSWER_READ_BYTES_MAX), "o-0001-001", 1, "longer than a look-up may be"),
        (Twist::None, NOBODYS, 20, ""),
    ] {
        relay.twist(twist);
        world.store.clear_requests();
        let mut reads = vec![get(&format!("Observation/{id}/_history"))];
        reads.extend((1..count).map(|number| get(&format!("Observation/o-0001-{:03}/_history", number + 1))));
        let reply = send(&terminal, &cookie, &bundle("transaction", &reads)).await.unwrap();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{id}: {}", reply.text());
        said.insert(without_incident(&reply));
        assert_eq!(look_ups(&world).len(), count, "no probe: {:?}", look_ups(&world));
        assert_eq!(world.entries().pop().unwrap().cause, cause);
    }
    assert_eq!(said.len(), 1, "{said:#?}");
}

/// A store that has no search where criteria are asked for fails, and that is no answer about a record.
#[tokio::test]
async fn a_store_that_does_not_search_is_at_fault() {
    let (world, relay) = behind_a_relay().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    for status in [StatusCode::NOT_FOUND, StatusCode::GONE] {
        relay.twist(Twist::Criteria(status));
        let target = "/fhir/Observation?patient=P-0001&identifier=urn:x%7C1";
        let reply = ask(&terminal, &cookie, Method::DELETE, target, None).await;
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY, "{status}: {}", reply.text());
    }
}

fn with_id(resource: &Value, id: &str) -> Value {
    let mut resource = resource.clone();
    resource["id"] = json!(id);
    resource
}
