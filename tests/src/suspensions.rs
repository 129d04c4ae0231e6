//! A terminal, a facility, a person: what each suspension ends, whom it tells which article, and that lifting it is the
//! way back (promises P2, P4, P11). User IDs and human beings are in `situations` and `cutting`.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;
use model::{Article, DeviceId, FacilityId, PersonId, Target, TeamRole, UserKey};
use registry::Command;
use tokio::time::timeout;

use crate::cutting::{Everything, body, compatible, ends};
use crate::world::{Ask, Http, PASSWORD, Reply, Terminal, Tls, World};

const RECORD: &str = "/fhir/Patient/P-0001";
const STREAM: &str = "/feeds/notes?patient=P-0001";

/// A city where U-ono, too, reaches the large document of P-0900 that everybody here downloads.
async fn city() -> World {
    let world = compatible().await;
    world.clerk(Command::JoinTeam {
        person: PersonId::new("P-0900").unwrap(),
        user: UserKey::new("K-ono").unwrap(),
        role: TeamRole::OnCall,
        facility: Some(FacilityId::new("F-nursing").unwrap()),
        from: world.now(),
        until: None,
    });
    world
}

fn suspend(world: &World, target: &Target, article: Article) {
    let reason = "調査中".to_owned();
    world.officer(Command::Suspend { target: target.clone(), reason, article, until: None });
}

fn lift(world: &World, target: Target) {
    world.officer(Command::Lift { target, suspension: None, reason: "疑いが晴れた".to_owned() });
}

async fn get(terminal: &Terminal, cookie: &str, target: &str) -> Reply {
    terminal.ask(Ask::get(target).as_(cookie)).await.unwrap()
}

/// Whatever is asked for, there or not: this rule and this article, in the answer and in the entry; and no sign-in.
async fn must_be_told(world: &World, terminal: &Terminal, cookie: &str, user_id: &str, rule: &str, article: &str) {
    world.store.clear_requests();
    for target in [RECORD, "/fhir/Patient/P-9999", "/fhir/Observation/nobodys", "/fhir/Practitioner/K-sato"] {
        let reply = get(terminal, cookie, target).await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "refused"), "{}", reply.text());
        let problem = reply.json();
        assert_eq!(problem["rule"], rule, "{target}");
        assert_eq!(problem["articles"], serde_json::json!([article]), "{target}");
        let entry = world.entries().pop().unwrap();
        assert_eq!((entry.rules.as_str(), entry.articles.as_str()), (rule, article), "{target}");
    }
    assert!(world.store.requests().is_empty(), "{:?}", world.store_saw());
    let refused = terminal.sign_in(user_id, PASSWORD).await.unwrap_err();
    assert_eq!(refused.json()["rule"], rule, "{}", refused.text());
}

#[tokio::test]
async fn a_suspended_device_ends_on_its_own_and_its_user_goes_on_with_another() {
    let world = city().await;
    let victim = Everything::open(&world, "U-sato", "D-sato").await;
    let (terminal, cookie) = (victim.terminal.clone(), victim.cookie.clone());
    let colleague = Everything::open(&world, "U-ono", "D-ono").await;
    let other = colleague.terminal.clone();
    let target = Target::Device(DeviceId::new("D-sato").unwrap());
    suspend(&world, &target, Article::paragraph(38, 2));
    victim.must_be_dead("refused").await;
    colleague.must_be_alive(&world).await;
    must_be_told(&world, &terminal, &cookie, "U-sato", "F11-device-suspended", "38-2").await;
    let elsewhere = world.cookie(&other, "U-sato").await;
    assert_eq!(get(&other, &elsewhere, RECORD).await.status, StatusCode::OK);
    lift(&world, target);
    assert_eq!(get(&terminal, &cookie, RECORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_suspended_facility_ends_for_all_its_users_and_for_no_other_facility() {
    let world = city().await;
    let sato = Everything::open(&world, "U-sato", "D-sato").await;
    let (terminal, cookie) = (sato.terminal.clone(), sato.cookie.clone());
    let ono = Everything::open(&world, "U-ono", "D-ono").await;
    let clinic = Everything::open(&world, "U-nakamura", "D-nakamura").await;
    let target = Target::Facility(FacilityId::new("F-nursing").unwrap());
    suspend(&world, &target, Article::new(6));
    sato.must_be_dead("refused").await;
    ono.must_be_dead("refused").await;
    clinic.must_be_alive(&world).await;
    must_be_told(&world, &terminal, &cookie, "U-sato", "F08-facility-suspended", "6").await;
    lift(&world, target);
    assert_eq!(get(&terminal, &cookie, RECORD).await.status, StatusCode::OK);
}

/// A suspension of a person's records is the officers' business: to everybody else they are "not there" (promise P4).
#[tokio::test]
async fn a_suspended_person_is_as_one_who_does_not_exist() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let other = world.terminal_speaking(&world.keys("D-nakamura"), Http::Two, Tls::V13);
    let others = world.cookie(&other, "U-nakamura").await;
    let mut one = terminal.connect().await.unwrap();
    let first = body(&mut one, STREAM, &cookie, "text/event-stream").await;
    let mut two = other.connect().await.unwrap();
    let second = body(&mut two, STREAM, &others, "text/event-stream").await;
    let mut unaffected = body(&mut two, "/feeds/notes?patient=P-0900", &others, "text/event-stream").await;
    let list = get(&terminal, &cookie, "/fhir/Observation?patient=P-0001&_count=1").await;
    let id = list.json()["entry"][0]["resource"]["id"].as_str().unwrap().to_owned();

    let target = Target::Person(PersonId::new("P-0001").unwrap());
    suspend(&world, &target, Article::new(18));
    assert!(ends(first).await && ends(second).await, "a stream of the person goes on");
    world.store.tell("P-0900", r#"{"resourceType":"Communication","id":"n","person":"P-0900"}"#);
    assert!(timeout(Duration::from_secs(5), unaffected.frame()).await.expect("no news").unwrap().is_ok());
    // The connection is the clinic's, not the person's.
    assert_eq!(two.ask(Ask::get("/fhir/Patient/P-0900").as_(&others)).await.unwrap().status, StatusCode::OK);

    world.store.clear_requests();
    let nobody = shown(get(&terminal, &cookie, "/fhir/Patient/P-9999").await);
    assert_eq!(nobody.0, StatusCode::NOT_FOUND);
    for target in [RECORD, "/fhir/Observation?patient=P-0001", STREAM, &format!("/fhir/Observation/{id}")] {
        assert_eq!(shown(get(&terminal, &cookie, target).await), nobody, "{target}");
        let entry = world.entries().pop().unwrap();
        assert_eq!((entry.rules.as_str(), entry.articles.as_str()), ("F20-person-suspended", "18"), "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
    lift(&world, target);
    assert_eq!(get(&terminal, &cookie, RECORD).await.status, StatusCode::OK);
}

/// An answer without what differs from one request to the next.
fn shown(reply: Reply) -> (StatusCode, Vec<String>, String) {
    let incident = reply.headers["sekisho-incident"].to_str().unwrap().to_owned();
    let fields = reply.headers.iter().filter(|(name, _)| *name != "date");
    let mut fields: Vec<String> =
        fields.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap().replace(&incident, "*"))).collect();
    fields.sort();
    (reply.status, fields, reply.text().replace(&incident, "*"))
}
