//! Search beyond one type and one person (<https://hl7.org/fhir/R4/search.html>): lists, compartments, chains forwards and
//! backwards, includes that go on, summaries, pages by token.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Told, World};
use crate::Paging;

fn sorted(told: &Told) -> Vec<String> {
    let mut ids = told.ids();
    ids.sort();
    ids
}

/// Types of the entries, by mode.
fn types(told: &Told, mode: &str) -> BTreeSet<String> {
    let bundle = told.json();
    let entries = bundle["entry"].as_array().unwrap().iter().filter(|entry| entry["search"]["mode"] == mode);
    entries.map(|entry| entry["resource"]["resourceType"].as_str().unwrap().to_owned()).collect()
}

async fn finds(world: &World, query: &str, expected: &[&str]) {
    assert_eq!(sorted(&world.get(&format!("/fhir/{query}")).await), expected, "{query}");
}

#[tokio::test]
async fn persons_are_named_in_every_spelling_and_by_the_hundred() {
    let world = World::new().await;
    let base = format!("http://{}/fhir", world.store.address());
    let both = ["goal-0001-01", "goal-0002-01"];
    finds(&world, "Goal?patient=P-0001,P-0002", &both).await;
    finds(&world, "Goal?patient=Patient/P-0001,Patient/P-0002", &both).await;
    finds(&world, "Goal?subject=Patient/P-0001,Patient/P-0002", &both).await;
    finds(&world, "Goal?subject:Patient=P-0001,P-0002", &both).await;
    finds(&world, &format!("Goal?patient={base}/Patient/P-0001,P-0002"), &both).await;
    finds(&world, "Goal?patient=Patient/P-0001/_history/1", &["goal-0001-01"]).await;
    finds(&world, "Goal?subject=Group/P-0001", &[]).await;
    finds(&world, "Goal?patient=http://elsewhere.invalid/fhir/Patient/P-0001", &[]).await;
    finds(&world, "Appointment?patient=P-0001,P-0002", &["appt-0001-01", "appt-0002-01"]).await;
    let many: Vec<String> = (0..3_000).map(|number| format!("P-{number:04}")).collect();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (kind, parameter) in [("Goal", "patient"), ("Appointment", "patient"), ("Procedure", "performer,x")] {
        let parameter = parameter.split(',').next().unwrap();
        let body = format!("{parameter}={}&_count=1000", many.join(","));
        let told = world.ask("POST", &format!("/fhir/{kind}/_search"), &form, body).await;
        let expected = if parameter == "patient" { 13 } else { 0 };
        assert_eq!((told.status, told.ids().len()), (200, expected), "{kind}");
    }
    let codes = format!("code={}&patient=P-0001", many.join(","));
    assert_eq!(world.ask("POST", "/fhir/Condition/_search", &form, codes).await.status, 200);
    let endless = format!("_id={}", "x,".repeat(20_000));
    assert_eq!(world.ask("POST", "/fhir/Condition/_search", &form, endless).await.status, 413);
}

#[tokio::test]
async fn several_types_are_searched_at_once() {
    let world = World::new().await;
    finds(&world, "?_type=Goal,CarePlan&patient=P-0001", &["goal-0001-01", "plan-0001"]).await;
    finds(&world, "?_type=Goal,Immunization&_id=goal-0001-01,imm-0001-01,o-0001-001", &["goal-0001-01", "imm-0001-01"])
        .await;
    // What only one of the types knows finds nothing of the other.
    finds(&world, "?_type=Goal,Appointment&patient=P-0001&lifecycle-status=active", &["goal-0001-01"]).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let posted = world.ask("POST", "/fhir/_search?_type=Goal", &form, "patient=P-0002").await;
    assert_eq!(posted.ids(), ["goal-0002-01"]);
    let restricted = world.get("/fhir?_security=R&_count=100").await;
    assert_eq!(
        types(&restricted, "match"),
        BTreeSet::from(["Condition".to_owned(), "QuestionnaireResponse".to_owned()])
    );
    assert_eq!(world.get("/fhir?_type=Subscription").await.status, 400);
}

#[tokio::test]
async fn a_compartment_holds_what_belongs_to_the_person() {
    let world = World::new().await;
    finds(&world, "Patient/P-0001/Goal", &["goal-0001-01"]).await;
    finds(&world, "Patient/P-0001/Appointment?status=booked", &["appt-0001-01"]).await;
    finds(&world, "Patient/P-0001/Appointment?status=cancelled", &[]).await;
    finds(&world, "Patient/P-0001/Practitioner", &[]).await;
    finds(&world, "Patient/nobody/Goal", &[]).await;
    let all = world.get("/fhir/Patient/P-0001/*?_count=1000").await;
    let everything = world.get("/fhir/Patient/P-0001/$everything?_count=1000").await;
    assert_eq!(all.json()["total"], everything.json()["total"]);
    assert!(types(&everything, "include").contains("Practitioner"));
    assert!(types(&all, "match").len() > 15 && !types(&all, "match").contains("Practitioner"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let posted = world.ask("POST", "/fhir/Patient/P-0001/Condition/_search", &form, "code=F32.9").await;
    assert_eq!(posted.ids(), ["cond-0001-90"]);
    // Whoever performed is in the compartment too: a record in two persons' compartments.
    let mut shared = json!({
        "resourceType": "Observation", "id": "shared", "status": "final", "code": { "text": "自己測定" },
        "subject": { "reference": "Patient/P-0001" }, "performer": [{ "reference": "Patient/P-0008" }] });
    world.put("/fhir/Observation/shared", "", &shared).await;
    for person in ["P-0001", "P-0008"] {
        finds(&world, &format!("Patient/{person}/Observation?_id=shared"), &["shared"]).await;
    }
    finds(&world, "Observation?patient=P-0008&_id=shared", &[]).await;
    shared["performer"] = json!([]);
    world.put("/fhir/Observation/shared", "", &shared).await;
    finds(&world, "Patient/P-0008/Observation?_id=shared", &[]).await;
}

#[tokio::test]
async fn everything_can_be_narrowed() {
    let world = World::new().await;
    finds(&world, "Patient/P-0001/$everything?_type=Goal,CarePlan", &["goal-0001-01", "plan-0001"]).await;
    finds(&world, "Patient/P-0001/$everything?_type=Goal&_since=2100-01-01", &[]).await;
    finds(&world, "Patient/P-0001/$everything?_type=Goal&_since=2020-01-01", &["goal-0001-01"]).await;
    let first = world.get("/fhir/Patient/P-0001/$everything?_since=2020-01-01&_count=5").await;
    assert!(first.link("next").unwrap().contains("_since=2020-01-01"));
    let body = json!({ "resourceType": "Parameters", "parameter": [{ "name": "_type", "valueCode": "Goal" }, { "name": "_count", "valueInteger": 1 }] });
    assert_eq!(world.post("/fhir/Patient/P-0001/$everything", &body).await.ids(), ["goal-0001-01"]);
    let of_all = world.get("/fhir/Patient/$everything?_type=Goal,Practitioner&_count=100").await;
    assert_eq!(of_all.ids().len(), 13, "of every person, and of nobody else");
}

#[tokio::test]
async fn chains_lead_forwards_and_backwards() {
    let world = World::new().await;
    finds(&world, "Goal?patient.name=%E8%A9%A6%E9%A8%93", &["goal-0900-01"]).await;
    finds(&world, "Goal?subject:Patient._id=P-0001", &["goal-0001-01"]).await;
    finds(&world, "Goal?subject:Patient.name=%E8%A9%A6%E9%A8%93&_sort=_id", &["goal-0900-01"]).await;
    finds(&world, "CarePlan?patient=P-0001&author:Practitioner.name=%E5%8A%A0%E8%97%A4", &["plan-0001"]).await;
    finds(&world, "CarePlan?patient=P-0001&author:Practitioner.name=%E4%BD%90%E8%97%A4", &[]).await;
    finds(&world, "Procedure?based-on:ServiceRequest.patient.birthdate=1940-01-01", &["proc-0900-01"]).await;
    finds(&world, "Patient?_has:CareTeam:patient:participant=K-ishii", &["P-0001"]).await;
    finds(&world, "Patient?_has:Condition:patient:code=F32.9&_id=P-0001,P-0002", &["P-0001", "P-0002"]).await;
    finds(&world, "Patient?_has:Condition:patient:code=nothing", &[]).await;
    finds(&world, "Practitioner?_has:CareTeam:participant:patient._id=P-0008", &["K-hayashi", "K-tamura"]).await;
    finds(&world, "Goal?patient._has:CareTeam:patient:participant=K-ishii", &["goal-0001-01"]).await;
    for wrong in [
        "Goal?patient.nonsense=1",
        "Patient?_has:Goal:nonsense:code=1",
        "Patient?_has:Goal=1",
        "Encounter?part-of.part-of.part-of.part-of.part-of.status=x",
    ] {
        assert_eq!(world.get(&format!("/fhir/{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn values_are_compared_as_their_kind_is() {
    let world = World::new().await;
    finds(
        &world,
        "Condition?patient=P-0001&_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality%7CR",
        &["cond-0001-90"],
    )
    .await;
    finds(&world, "Immunization?patient=P-0001&date=2026-10", &["imm-0001-01"]).await;
    let tagged = json!({ "resourceType": "Basic", "id": "tagged", "code": { "text": "印" }, "subject": { "reference": "Patient/P-0001" },
        "meta": { "tag": [{ "system": "urn:tag", "code": "own" }], "profile": ["urn:profile:1"], "source": "urn:source:1" } });
    world.put("/fhir/Basic/tagged", "", &tagged).await;
    finds(&world, "Basic?_tag=urn:tag%7Cown&_profile=urn:profile:1&_source=urn:source:1", &["tagged"]).await;
    finds(&world, "Basic?_tag:not=own", &[]).await;
    finds(&world, "Basic?_profile=urn:profile", &[]).await;
    let written = world.get("/fhir/Basic/tagged").await.json()["meta"]["lastUpdated"].as_str().unwrap().to_owned();
    let written = written.replace('+', "%2B");
    finds(&world, &format!("Basic?_lastUpdated=ge{written}"), &["tagged"]).await;
    finds(&world, &format!("Basic?_lastUpdated={written}"), &["tagged"]).await;
    finds(&world, &format!("Basic?_lastUpdated=lt{written}"), &[]).await;
    finds(&world, "Basic?_lastUpdated=lt2000-01-01,gt2000-01-01", &["tagged"]).await;
    finds(&world, "Patient?phone=0000-00-0001", &["P-0001"]).await;
    finds(&world, "Patient?email=0000-00-0001", &[]).await;
    finds(&world, "Consent?patient=P-0001&source-reference:missing=true", &["consent-0001"]).await;
    finds(&world, "Consent?patient=P-0001&date:missing=true", &[]).await;
    let logical = json!({ "resourceType": "Flag", "id": "flag-1", "status": "active", "code": { "text": "転倒" },
        "subject": { "identifier": { "system": "urn:x", "value": "9" } } });
    world.put("/fhir/Flag/flag-1", "", &logical).await;
    finds(&world, "Flag?subject:identifier=urn:x%7C9", &["flag-1"]).await;
    finds(&world, "Flag?patient=9", &[]).await;
    for (number, value) in [("1", 36.5), ("2", 38.2)] {
        let body = json!({ "resourceType": "Observation", "id": format!("temp-{number}"), "status": "final",
            "identifier": [{ "system": "urn:t", "value": number }], "code": { "text": "体温" },
            "subject": { "reference": "Patient/P-0001" },
            "valueQuantity": { "value": value, "system": "http://unitsofmeasure.org", "code": "Cel" } });
        world.put(&format!("/fhir/Observation/temp-{number}"), "", &body).await;
    }
    finds(&world, "Observation?identifier=urn:t%7C&value-quantity=gt37", &["temp-2"]).await;
    finds(&world, "Observation?identifier=urn:t%7C&value-quantity=36.5", &["temp-1"]).await;
    finds(&world, "Observation?identifier=urn:t%7C&value-quantity=36.50", &["temp-1"]).await;
    finds(&world, "Observation?identifier=urn:t%7C&value-quantity=36.55", &[]).await;
    finds(&world, "Observation?identifier=urn:t%7C&value-quantity=lt37%7C%7CCel", &["temp-1"]).await;
    finds(&world, "Observation?identifier=urn:t%7C&value-quantity=lt37%7C%7Ckg", &[]).await;
    // A comma that belongs to the value.
    let body = json!({ "resourceType": "Organization", "id": "comma", "name": "A, B" });
    world.put("/fhir/Organization/comma", "", &body).await;
    finds(&world, "Organization?name:exact=A%5C,%20B", &["comma"]).await;
    assert_eq!(world.get("/fhir/Observation?value-quantity=heavy").await.status, 400);
    assert_eq!(world.get("/fhir/Patient?gender:above=male").await.status, 400);
}

#[tokio::test]
async fn includes_go_on_only_where_they_are_told_to() {
    let world = World::new().await;
    let included = async |query: &str| types(&world.get(&format!("/fhir/{query}")).await, "include");
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let one = "Procedure?_id=proc-0001-01&_include=Procedure:based-on";
    assert_eq!(included(one).await, set(&["ServiceRequest"]));
    assert_eq!(included(&format!("{one}&_include=ServiceRequest:patient")).await, set(&["ServiceRequest"]));
    let on = format!("{one}&_include:iterate=ServiceRequest:patient");
    assert_eq!(included(&on).await, set(&["Patient", "ServiceRequest"]));
    let on = format!("{on}&_include:iterate=Patient:organization&_revinclude:iterate=Goal:patient");
    assert_eq!(included(&on).await, set(&["Goal", "Organization", "Patient", "ServiceRequest"]));
    assert!(included("Procedure?_id=proc-0001-01&_include=*").await.contains("Encounter"));
    assert!(included("Procedure?_id=proc-0001-01&_include=Procedure:*").await.contains("Patient"));
    assert!(included("Patient?_id=P-0001&_revinclude=*").await.len() > 10);
    assert_eq!(included("Goal?_id=goal-0001-01&_include=Goal:subject:Group").await, set(&[]));
    for wrong in ["_include=Goal", "_include=Goal:nonsense", "_include:other=Goal:subject", "_include=Nothing:subject"]
    {
        assert_eq!(world.get(&format!("/fhir/Goal?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn summaries_show_a_part_and_say_so() {
    let world = World::new().await;
    let body = json!({ "resourceType": "Condition", "id": "told", "subject": { "reference": "Patient/P-0001" },
        "text": { "status": "generated", "div": "<div>語り</div>" }, "note": [{ "text": "覚え書き" }],
        "code": { "text": "褥瘡" } });
    world.put("/fhir/Condition/told", "", &body).await;
    let check = async |summary: &str, there: &[&str], gone: &[&str]| {
        for target in
            [format!("/fhir/Condition/told?_summary={summary}"), format!("/fhir/Condition?_id=told&_summary={summary}")]
        {
            let told = world.get(&target).await.json();
            let shown: &Value = if told["resourceType"] == "Bundle" { &told["entry"][0]["resource"] } else { &told };
            assert!(there.iter().all(|name| shown.get(name).is_some()), "{target}: {shown}");
            assert!(gone.iter().all(|name| shown.get(name).is_none()), "{target}: {shown}");
            let part = shown["meta"]["tag"][0]["code"] == "SUBSETTED";
            assert_eq!(part, summary != "false", "{target}");
        }
    };
    check("true", &["id", "subject", "code"], &["text", "note"]).await;
    check("text", &["id", "subject", "text"], &["code", "note"]).await;
    check("data", &["id", "code", "note"], &["text"]).await;
    check("false", &["text", "code", "note"], &[]).await;
    let count = world.get("/fhir/Condition?patient=P-0001&_summary=count").await.json();
    assert_eq!((&count["total"], count["entry"].as_array().unwrap().len()), (&json!(4), 0));
    for (total, told) in [("none", json!(null)), ("estimate", json!(4)), ("accurate", json!(4))] {
        assert_eq!(world.get(&format!("/fhir/Condition?patient=P-0001&_total={total}")).await.json()["total"], told);
    }
    assert_eq!(world.get("/fhir/Condition?_summary=some").await.status, 400);
}

#[tokio::test]
async fn any_parameter_sorts_and_ties_keep_their_order() {
    let world = World::new().await;
    let ids = async |query: &str| world.get(&format!("/fhir/{query}")).await.ids();
    assert_eq!(
        ids("Condition?patient=P-0001&_sort=-recorded-date").await,
        ["cond-0001-90", "cond-0001-02", "cond-0001-01"]
    );
    assert_eq!(
        ids("Condition?patient=P-0001&_sort=recorded-date").await,
        ["cond-0001-01", "cond-0001-02", "cond-0001-90"]
    );
    assert_eq!(ids("Patient?_sort=-_id&_count=2").await, ["P-0900", "P-0012"]);
    assert_eq!(ids("Patient?_sort=gender,-birthdate&_count=100").await.len(), 13);
    assert_eq!(ids("?_type=Goal,Immunization&patient=P-0001&_sort=-_id").await, ["imm-0001-01", "goal-0001-01"]);
}

#[tokio::test]
async fn pages_by_token_say_nothing_of_whose_they_are() {
    let world = World::with(|options| options.paging = Paging::Token).await;
    let mut told = world.get("/fhir/Observation?patient=P-0001&_sort=-date&_count=15&_elements=status").await;
    let (mut seen, mut pages) = (told.ids(), 1);
    while let Some(next) = told.link("next") {
        assert!(
            next.starts_with("/fhir?_getpages=") && !next.contains("P-0001") && !next.contains("Observation"),
            "{next}"
        );
        told = world.get(&next).await;
        assert_eq!((told.status, &told.json()["total"]), (200, &json!(40)));
        assert_eq!(told.json()["entry"][0]["resource"].get("subject"), None, "the search goes on as it began");
        seen.extend(told.ids());
        pages += 1;
    }
    let all = world.get("/fhir/Observation?patient=P-0001&_sort=-date&_count=1000").await;
    assert_eq!((pages, seen), (3, all.ids()));
    assert_eq!(all.link("next"), None);
    assert_eq!(world.get("/fhir?_getpages=0123456789abcdef").await.status, 410);
    // Two searches, two tokens: one does not lead on to the other.
    let token = async |person: &str| {
        world.get(&format!("/fhir/Observation?patient={person}&_count=1")).await.link("next").unwrap()
    };
    let (one, other) = (token("P-0001").await, token("P-0002").await);
    assert!(
        world.get(&one).await.ids()[0].starts_with("o-0001") && world.get(&other).await.ids()[0].starts_with("o-0002")
    );
    let headers = [("content-type", "application/json")];
    let switched = super::ask(world.store.admin(), "PUT", "/stub/paging", &headers, r#"{"by":"offset"}"#).await;
    assert_eq!(switched.status, 204);
    assert!(token("P-0001").await.contains("_offset=1"));
    world.store.page_by(Paging::Token);
    assert!(token("P-0001").await.contains("_getpages="));
}
