//! Search: filters, paging, order, includes, parts of records; and that this store protects nobody.

use std::collections::HashSet;

use super::World;

#[tokio::test]
async fn pages_follow_one_another_and_show_everything_once() {
    let world = World::new().await;
    let mut target = Some("/fhir/Observation?patient=P-0001&_count=15&_sort=-date".to_owned());
    let (mut seen, mut pages, mut last) = (Vec::new(), 0, None);
    while let Some(at) = target {
        let told = world.get(&at).await;
        assert_eq!(told.json()["total"], 40);
        assert_eq!(told.link("previous").is_some(), pages > 0);
        seen.extend(told.ids());
        target = told.link("next");
        pages += 1;
        last = Some(told);
    }
    assert_eq!((pages, seen.len(), seen.iter().collect::<HashSet<_>>().len()), (3, 40, 40));
    let back = world.get(&last.unwrap().link("previous").unwrap()).await;
    assert_eq!(back.ids(), seen[15..30]);
}

#[tokio::test]
async fn filters_find_what_they_name() {
    let world = World::new().await;
    let check = async |query: &str, expected: &[&str]| {
        let mut ids = world.get(&format!("/fhir/{query}")).await.ids();
        ids.sort();
        assert_eq!(ids, expected, "{query}");
    };
    check("Patient?_id=P-0001,P-0002", &["P-0001", "P-0002"]).await;
    check("Patient?name=%E8%A9%A6%E9%A8%93", &["P-0900"]).await;
    check("Patient?birthdate=1940-01-01", &["P-0900"]).await;
    check("Patient?organization=F-support&_id=P-0003", &["P-0003"]).await;
    check("CarePlan?subject=Patient/P-0001", &["plan-0001"]).await;
    check("CarePlan?patient=P-0001,P-0002", &["plan-0001", "plan-0002"]).await;
    check("CarePlan?patient=P-0001&date=ge2026-04-01", &["plan-0001"]).await;
    check("CarePlan?patient=P-0001&date=gt2027-03-31", &[]).await;
    check("Consent?status=inactive", &["consent-0005"]).await;
    check("Consent?status:not=active", &["consent-0005"]).await;
    check("Communication?patient=P-0001&sent=2026-11-02", &["note-0001-01"]).await;
    check("Communication?patient=P-0001&sent=ge2026-11-02&sent=lt2026-11-04", &["note-0001-01", "note-0001-02"]).await;
    check("Communication?patient=P-0002&sender=Practitioner/K-kato", &["note-0002-03"]).await;
    check("DocumentReference?patient=P-0001&type=http://loinc.org%7C72170-4", &["doc-0001-04"]).await;
    check("DocumentReference?patient=P-0001&contenttype=image/png", &["doc-0001-04"]).await;
    check("Binary?patient=P-0900", &["bin-0900-01", "broken-version", "slow-100mb", "trickle"]).await;
    check("Organization?type=pharmacy", &["F-pharmacy"]).await;
    check("Practitioner?name=%E4%BD%90%E8%97%A4", &["K-sato"]).await;
    check("CareTeam?participant=Practitioner/K-ishii", &["team-0001"]).await;
    check("Observation?patient=nobody", &[]).await;
}

#[tokio::test]
async fn categories_and_codes_agree_with_the_records() {
    let world = World::new().await;
    let all = world.get("/fhir/Observation?patient=P-0001&_count=1000").await.json();
    let of = |wanted: &str| {
        let entries = all["entry"].as_array().unwrap().iter();
        entries.filter(|entry| entry["resource"]["category"][0]["coding"][0]["code"] == wanted).count()
    };
    let found = world.get("/fhir/Observation?patient=P-0001&category=vital-signs&_count=1000").await;
    assert!(of("vital-signs") > 0 && found.ids().len() == of("vital-signs"));
    let count = world.get("/fhir/Observation?patient=P-0001&_summary=count").await.json();
    assert_eq!((count["total"].as_u64(), count["entry"].as_array().map(Vec::len)), (Some(40), Some(0)));
    assert_eq!(world.get("/fhir/Observation?patient=P-0001&_total=none").await.json().get("total"), None);
}

#[tokio::test]
async fn newest_first_is_newest_first() {
    let world = World::new().await;
    let told = world.get("/fhir/Communication?patient=P-0001&_sort=-date&_count=5").await.json();
    let sent: Vec<String> =
        told["entry"].as_array().unwrap().iter().map(|e| e["resource"]["sent"].as_str().unwrap().to_owned()).collect();
    let mut sorted = sent.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!((sent.len(), &sent), (5, &sorted));
    assert!(sent[0].starts_with("2026-11-19"), "{sent:?}");
}

#[tokio::test]
async fn includes_bring_what_the_matches_refer_to_once() {
    let world = World::new().await;
    let told = world.get("/fhir/CareTeam?patient=P-0001&_include=CareTeam:participant").await.json();
    let included: HashSet<_> = told["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["search"]["mode"] == "include")
        .map(|entry| entry["resource"]["resourceType"].as_str().unwrap())
        .collect();
    assert_eq!(told["total"], 1);
    assert_eq!(included, HashSet::from(["Practitioner", "Organization"]));
    let told = world.get("/fhir/CareTeam?patient=P-0001&_include=CareTeam:participant:Practitioner").await;
    assert_eq!(told.ids().len(), 1 + 8);
    let told = world.get("/fhir/Patient?_id=P-0001&_revinclude=CarePlan:subject").await;
    assert_eq!(told.ids(), ["P-0001", "plan-0001"]);
    assert_eq!(world.get("/fhir/CareTeam?_include=CareTeam:name").await.status, 400);
}

#[tokio::test]
async fn elements_give_a_part_and_a_binary_without_its_data() {
    let world = World::new().await;
    let told = world.get("/fhir/Observation/o-0001-001?_elements=subject").await;
    let part = told.json();
    assert_eq!((part["subject"]["reference"].as_str(), part.get("code")), (Some("Patient/P-0001"), None));
    assert_eq!((told.header("etag"), part["meta"]["tag"][0]["code"].as_str()), ("W/\"1\"", Some("SUBSETTED")));
    let binary = world.get("/fhir/Binary/bin-0001-01?_elements=securityContext").await.json();
    assert_eq!((binary["securityContext"]["reference"].as_str(), binary.get("data")), (Some("Patient/P-0001"), None));
    let found = world.get("/fhir/Observation?patient=P-0001&_elements=status&_count=1").await.json();
    assert_eq!(found["entry"][0]["resource"].get("subject"), None);
}

#[tokio::test]
async fn a_posted_search_is_the_same_search() {
    let world = World::new().await;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let posted = world.ask("POST", "/fhir/Observation/_search?_count=7", &headers, "patient=P-0001&_sort=-date").await;
    let got = world.get("/fhir/Observation?patient=P-0001&_sort=-date&_count=7").await;
    assert_eq!(
        (posted.ids(), posted.link("next")),
        (got.ids(), got.link("next").map(|_| posted.link("next").unwrap()))
    );
    assert_eq!(world.store.counts().writes, 0, "a search by POST is no write");
}

#[tokio::test]
async fn everything_of_a_person_is_in_pages_too() {
    let world = World::new().await;
    let of_mode = |told: &super::Told, mode: &str| -> Vec<String> {
        let bundle = told.json();
        let entries = bundle["entry"].as_array().unwrap().iter().filter(|entry| entry["search"]["mode"] == mode);
        entries.map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let told = world.get("/fhir/Patient/P-0004/$everything?_count=10").await;
    assert_eq!(of_mode(&told, "match").len(), 10);
    let all = world.get("/fhir/Patient/P-0004/$everything?_count=1000").await;
    let own = of_mode(&all, "match");
    assert_eq!(all.json()["total"].as_u64().unwrap() as usize, own.len());
    assert!(own.contains(&"P-0004".to_owned()) && own.contains(&"plan-0004".to_owned()));
    // And what the records refer to, beyond the person.
    let referred = of_mode(&all, "include");
    assert!(referred.contains(&"K-kato".to_owned()) && referred.contains(&"F-clinic".to_owned()), "{referred:?}");
    assert!(told.link("next").unwrap().starts_with("/fhir/Patient/P-0004/$everything?"));
}

/// If the store protected anybody, the gateway's tests would prove nothing.
#[tokio::test]
async fn the_store_is_naive() {
    let world = World::new().await;
    let persons = |told: super::Told| {
        let bundle = told.json();
        let entries = bundle["entry"].as_array().unwrap().clone();
        entries.iter().map(|e| e["resource"]["subject"]["reference"].to_string()).collect::<HashSet<_>>().len()
    };
    assert!(persons(world.get("/fhir/Observation?_count=1000").await) > 10);
    assert!(persons(world.get("/fhir/Observation?patient=P-0001&unknown=x&patient=").await) == 0);
    assert_eq!(persons(world.get("/fhir/Observation?patient:below=P-0001&_count=1000").await), 1);
    assert_eq!(world.get("/fhir/Patient/P-0004").await.status, 200, "consent is not the store's matter");
}
