//! Situations of the regulation: consent, facility, suspension, stop, disaster.

use http::StatusCode;
use model::{Article, FacilityId, PersonId, Target, UserId};
use registry::{Command, StopReason};

use crate::world::{Ask, PUBLIC, Plan, World, city};
use gateway::SessionLimits;

const RECORD: &str = "/fhir/Patient/P-0001";

#[tokio::test]
async fn withdrawn_consent_closes_the_person_for_everybody_and_a_new_form_opens_it() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = || terminal.ask(Ask::get("/fhir/Observation?patient=P-0001").as_(&cookie));
    assert_eq!(get().await.unwrap().status, StatusCode::OK);
    let person = PersonId::new("P-0001").unwrap();
    let form = world.registry.snapshot().consent(&person).unwrap().form.clone().unwrap();
    world.clerk(Command::WithdrawConsent { person: person.clone(), reason: "本人の申出".to_owned() });
    let stopped = get().await.unwrap();
    assert_eq!((stopped.status, stopped.code().as_str()), (StatusCode::NOT_FOUND, "not-available"));
    let last = world.entries().pop().unwrap();
    assert!(last.facts.contains("support-stopped"), "{}", last.facts);
    world.clerk(Command::GiveConsent {
        person,
        form: registry::ConsentForm { signed_at: world.now(), received_at: world.now(), ..form },
    });
    assert_eq!(get().await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn a_suspended_user_is_told_the_article_and_lifted_again() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let target = Target::UserId(UserId::new("U-sato").unwrap());
    world.officer(Command::Suspend {
        target: target.clone(),
        reason: "不正アクセスの疑い".to_owned(),
        article: Article::paragraph(29, 1),
        until: None,
    });
    // Whatever is asked for, there or not: one answer, which is about the user ID alone.
    for target in [RECORD, "/fhir/Patient/P-9999", "/fhir/Observation/nobodys"] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "refused"), "{}", reply.text());
        assert!(reply.json()["articles"].to_string().contains("29"), "{}", reply.text());
        let entry = world.entries().pop().unwrap();
        assert!(entry.rules.contains("F05") && entry.generation > 0 && entry.action.is_some(), "{entry:?}");
    }
    let again = terminal.sign_in("U-sato", crate::world::PASSWORD).await.unwrap_err();
    assert_eq!(again.code(), "refused");
    world.officer(Command::Lift { target, suspension: None, reason: "誤検知".to_owned() });
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn a_closed_facility_is_closed_in_one_act() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let facility = FacilityId::new("F-nursing").unwrap();
    world.clerk(Command::CloseFacility { facility: facility.clone(), reason: "廃止届".to_owned() });
    let reply = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "certificate-revoked"));
    let page = world.stranger(PUBLIC).ask(Ask::get("/").with("accept", "text/html")).await.unwrap();
    assert!(!page.text().contains("みずかど訪問看護ステーション"), "still listed");
}

#[tokio::test]
async fn a_stopped_service_says_so_and_the_public_page_still_answers() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.officer(Command::StopService { reason: StopReason::Maintenance, text: "緊急保守のため".to_owned() });
    for target in [RECORD, "/fhir/Patient/P-9999", "/fhir/Observation/nobodys", "/fhir/Observation?patient=P-0001"] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{target}: {}", reply.text());
        assert_eq!(reply.code(), "service-stopped");
        assert!(reply.headers.contains_key("retry-after"));
        assert!(reply.json()["articles"].to_string().contains("26"));
    }
    assert!(world.store_saw().is_empty());
    let page = world.stranger(PUBLIC).ask(Ask::get("/").with("accept", "text/html")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("緊急保守のため"), "{}", page.text());
    world.officer(Command::ResumeService);
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
}

/// Art. 18: a nurse of the same station stands in for a night: she reads, adds a note, leaves the rest alone, and when the
/// night is over nothing is left.
#[tokio::test]
async fn a_colleague_on_duty_stands_in_until_the_night_is_over() {
    let limits = SessionLimits { idle_seconds: 90_000, absolute_seconds: 90_000 };
    let world = World::planned(Plan { limits, ..Plan::default() }).await;
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    let get = || ono.ask(Ask::get("/fhir/Observation?patient=P-0002").as_(&onos));
    assert_eq!(get().await.unwrap().status, StatusCode::NOT_FOUND, "not on this team");
    world.clerk(Command::EnterDuty {
        user: "K-ono".parse().unwrap(),
        facility: FacilityId::new("F-nursing").unwrap(),
        kind: model::DutyKind::OnDuty,
        from: world.now(),
        until: Some(world.now().plus_seconds(12 * 3600)),
    });
    assert_eq!(get().await.unwrap().status, StatusCode::OK);
    assert!(world.entries().pop().unwrap().facts.contains(r#""team":"duty""#));
    let body = |kind: &str| {
        format!(r#"{{"resourceType":"{kind}","status":"completed","subject":{{"reference":"Patient/P-0002"}}}}"#)
    };
    let post = |kind: &'static str| {
        ono.ask(Ask::post(&format!("/fhir/{kind}"), "application/fhir+json", body(kind)).as_(&onos))
    };
    assert_eq!(post("Communication").await.unwrap().status, StatusCode::CREATED);
    assert_eq!(post("CarePlan").await.unwrap().status, StatusCode::NOT_FOUND);
    // Whom nobody of the station cares for stays closed, duty or not.
    let strangers = ono.ask(Ask::get("/fhir/Observation?patient=P-0008").as_(&onos)).await.unwrap();
    assert_eq!(strangers.status, StatusCode::NOT_FOUND);
    world.shift_clock(12 * 3600 + 1);
    assert_eq!(get().await.unwrap().status, StatusCode::NOT_FOUND);
}

/// Art. 41: nobody opens anything by what a request says of itself, with a rule issued or without: an emergency is declared on
/// its page, and is a fact of the registry (`emergencies`).
#[tokio::test]
async fn a_request_that_says_it_is_urgent_opens_nothing() {
    let world = World::start().await;
    let (tamura, tamuras) = world.signed_in("U-tamura", "D-tamura").await;
    for issued in [false, true] {
        for (name, value) in [("purpose-of-use", "BTG"), ("x-break-glass", "1"), ("x-purposeofuse", "ETREAT")] {
            let ask = Ask::get("/fhir/MedicationStatement/med-0001-01").as_(&tamuras).with(name, value);
            assert_eq!(tamura.ask(ask).await.unwrap().status, StatusCode::NOT_FOUND, "{name}");
        }
        let entry = world.entries().pop().unwrap();
        let told = format!(r#""glass_issued":{issued}"#);
        assert!(entry.facts.contains(r#""glass":false"#) && entry.facts.contains(&told), "{entry:?}");
        assert!(!entry.break_glass);
        if !issued {
            world.issue_break_glass();
        }
    }
}

/// Art. 21: reading opens for persons with prior disaster consent, in the area, until the set time, and is marked.
#[tokio::test]
async fn disaster_use_opens_what_was_consented_to_and_nothing_else() {
    let limits = SessionLimits { idle_seconds: 9000, absolute_seconds: 9000 };
    let world = World::planned(Plan { limits, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = |person: &'static str| {
        let target = format!("/fhir/Observation?patient={person}");
        let (terminal, cookie) = (terminal.clone(), cookie.clone());
        async move { terminal.ask(Ask::get(&target).as_(&cookie)).await.unwrap().status }
    };
    assert_eq!(get("P-0006").await, StatusCode::NOT_FOUND);
    let officers = [city::officer("officer-ito"), city::officer("officer-mori")];
    world.officer(Command::DeclareDisaster {
        area: "kawabata".to_owned(),
        reason: "台風による浸水".to_owned(),
        from: world.now(),
        until: world.now().plus_seconds(3600),
        officers,
    });
    assert_eq!(get("P-0006").await, StatusCode::OK, "prior disaster consent, in the area");
    assert!(world.entries().pop().unwrap().disaster, "the access is marked");
    let report = audit::Query { disaster: true, ..audit::Query::default() };
    let marked = world.audit.search(&report).unwrap().entries;
    assert_eq!(marked.len(), 1, "the report afterwards finds it");
    assert_eq!(marked[0].entry.persons, [PersonId::new("P-0006").unwrap()]);
    assert_eq!(get("P-0007").await, StatusCode::NOT_FOUND, "no disaster consent");
    assert_eq!(get("P-0008").await, StatusCode::NOT_FOUND, "disaster consent, another area");
    assert_eq!(get("P-0001").await, StatusCode::OK, "the own team goes on");
    assert!(!world.entries().pop().unwrap().disaster);
    let note = serde_json::json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient/P-0006" } });
    let write = Ask::post("/fhir/Communication", "application/fhir+json", note.to_string()).as_(&cookie);
    assert_eq!(terminal.ask(write).await.unwrap().status, StatusCode::NOT_FOUND, "never a write");
    // It ends by the clock, nobody acting.
    world.shift_clock(3601);
    let over = terminal.ask(Ask::get("/fhir/Observation?patient=P-0006").as_(&cookie)).await.unwrap();
    assert_eq!(over.status, StatusCode::NOT_FOUND, "{}", over.text());
}
