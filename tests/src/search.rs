//! Searches in all their forms, against the gateway and a store that answers whatever it is asked.

use std::collections::BTreeSet;

use backend_stub::Paging;
use http::StatusCode;
use model::PersonId;
use registry::Command;
use serde_json::Value;

use crate::world::{Ask, Plan, Reply, Terminal, World};

const FORM: &str = "application/x-www-form-urlencoded";

/// Whose records this nurse may see.
const HERS: [&str; 4] = ["Patient/P-0001", "Patient/P-0002", "Patient/P-0003", "Patient/P-0900"];

/// A nurse at her terminal.
struct Nurse {
    terminal: Terminal,
    cookie: String,
}

impl Nurse {
    async fn sato(world: &World) -> Self {
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        Self { terminal, cookie }
    }

    async fn get(&self, target: &str) -> Reply {
        self.terminal.ask(Ask::get(target).as_(&self.cookie)).await.unwrap()
    }

    /// A search that is served.
    async fn found(&self, target: &str) -> Value {
        let reply = self.get(target).await;
        assert_eq!(reply.status, StatusCode::OK, "{target}: {}", reply.text());
        reply.json()
    }

    async fn refused(&self, target: &str) -> (StatusCode, String) {
        let reply = self.get(target).await;
        assert!(!reply.status.is_success(), "{target}: {}", reply.text());
        (reply.status, reply.text())
    }
}

/// `Type/id` of all entries of a mode, in order.
fn records(bundle: &Value, mode: &str) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let of_mode = entries.iter().filter(|entry| entry["search"]["mode"] == mode).map(|entry| &entry["resource"]);
    let text = |resource: &Value, name: &str| resource[name].as_str().unwrap().to_owned();
    of_mode.map(|resource| format!("{}/{}", text(resource, "resourceType"), text(resource, "id"))).collect()
}

/// Whose records they are, each once.
fn persons(bundle: &Value) -> BTreeSet<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let resources = entries.iter().map(|entry| &entry["resource"]);
    let of = |resource: &Value| match resource["resourceType"].as_str() {
        Some("Patient") => Some(format!("Patient/{}", resource["id"].as_str().unwrap())),
        Some("Practitioner" | "Organization") => None,
        Some("Appointment") => {
            let actors = resource["participant"].as_array().unwrap().iter();
            let mut actors = actors.filter_map(|one| one["actor"]["reference"].as_str());
            Some(actors.find(|actor| actor.starts_with("Patient/")).unwrap_or("?").to_owned())
        }
        _ => {
            let named = ["subject", "patient"].iter().find_map(|name| resource[name]["reference"].as_str());
            Some(named.unwrap_or("?").to_owned())
        }
    };
    resources.filter_map(of).collect()
}

fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle["link"].as_array().unwrap();
    let link = links.iter().find(|link| link["relation"] == relation)?;
    Some(link["url"].as_str().unwrap().to_owned())
}

/// Turns all pages; gives what was found on them, page by page.
async fn all_pages(nurse: &Nurse, target: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(target.to_owned());
    while let Some(target) = next {
        assert!(pages.len() < 50, "no end");
        let page = nurse.found(&target).await;
        for link in page["link"].as_array().unwrap() {
            let url = link["url"].as_str().unwrap();
            assert!(!url.contains("_getpages") && !url.contains("_offset") && !url.contains("P-0002"), "{link}");
            // The first page is the search itself.
            let first = link["relation"] == "first" || link["relation"] == "self" && pages.is_empty();
            let back = link["relation"] == "previous" && pages.len() == 1;
            assert!(url.contains("?_page=") != first || back, "{link}");
        }
        next = link(&page, "next");
        pages.push(records(&page, "match"));
    }
    pages
}

/// However the store finds its pages, the client's links are ours, and lead over everything once.
#[tokio::test]
async fn pages_are_turned_by_our_own_links() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let whole = records(&nurse.found("/fhir/Observation?patient=P-0001&_count=100").await, "match");
    assert_eq!(whole.len(), 40);
    for paging in [Paging::Offset, Paging::Token] {
        world.store.page_by(paging);
        let pages = all_pages(&nurse, "/fhir/Observation?patient=P-0001&_count=15").await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [15, 15, 10], "{paging:?}");
        assert_eq!(pages.concat(), whole, "{paging:?}");
        // Narrowed: over all persons she cares for, and nobody else.
        let narrowed = all_pages(&nurse, "/fhir/Condition?_count=4").await.concat();
        assert_eq!(narrowed.iter().collect::<BTreeSet<_>>().len(), narrowed.len(), "{paging:?}");
        assert_eq!(narrowed.len(), 12, "{paging:?}: three each of four persons: {narrowed:?}");
    }
    // Each page is on record with its person, and what it held by name.
    let entries = world.audit.search(&audit::Query { limit: 20, ..audit::Query::default() }).unwrap().entries;
    let turned = entries.iter().filter(|found| found.entry.target.contains("_page")).collect::<Vec<_>>();
    assert!(turned.len() >= 4);
    assert!(turned.iter().all(|found| !found.entry.persons.is_empty() && !found.released.is_empty()));
}

/// A page is its subject's, in this session, on this terminal; and only as long as the search is what it was.
#[tokio::test]
async fn a_page_is_nobody_elses_and_ends_with_the_permit() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let next = |page: &Value| link(page, "next").unwrap();
    let own = next(&nurse.found("/fhir/Observation?patient=P-0001&_count=10").await);
    let narrowed = next(&nurse.found("/fhir/Observation?_count=10").await);
    nurse.found(&own).await;
    nurse.found(&narrowed).await;

    let (kato, katos) = world.signed_in("U-kato", "D-kato").await;
    let again = Nurse { cookie: world.cookie(&nurse.terminal, "U-sato").await, terminal: nurse.terminal.clone() };
    world.store.clear_requests();
    let elsewhere = kato.ask(Ask::get(&own).as_(&katos)).await.unwrap();
    assert_eq!(elsewhere.status, StatusCode::BAD_REQUEST, "a colleague on the same team: {}", elsewhere.text());
    let (status, text) = again.refused(&own).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "another session");
    assert!(text.contains("begin the search anew"), "{text}");
    // Whatever is changed in it, it opens nothing.
    let (path, sealed) = own.split_once("?_page=").unwrap();
    let mut forged = sealed.to_owned();
    let last = if forged.ends_with('A') { 'B' } else { 'A' };
    forged.replace_range(10..11, if &forged[10..11] == "A" { "B" } else { "A" });
    for forged in [forged, format!("{sealed}{last}"), sealed[..sealed.len() - 4].to_owned()] {
        assert_eq!(nurse.refused(&format!("{path}?_page={forged}")).await.0, StatusCode::BAD_REQUEST);
    }
    assert_eq!(nurse.refused(&own.replace("/Observation", "/Communication")).await.0, StatusCode::BAD_REQUEST);
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());

    // Between two pages a consent is withdrawn.
    world.clerk(Command::WithdrawConsent {
        person: PersonId::new("P-0001").unwrap(), reason: "本人の申出".to_owned()
    });
    world.store.clear_requests();
    assert_eq!(nurse.refused(&own).await.0, StatusCode::NOT_FOUND, "her own page, decided on anew");
    let (status, text) = nurse.refused(&narrowed).await;
    assert_eq!((status, text.contains("begin the search anew")), (StatusCode::BAD_REQUEST, true), "{text}");
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
    let anew = nurse.found("/fhir/Observation?_count=10").await;
    assert!(!persons(&anew).contains("Patient/P-0001"));
}

/// A place that we did not give, and links of the store that lead elsewhere.
#[tokio::test]
async fn nobody_jumps_to_a_page() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    world.store.clear_requests();
    for target in [
        "/fhir/Observation?patient=P-0001&_offset=10",
        "/fhir/Observation?patient=P-0001&_getpages=x",
        "/fhir?_getpages=x",
        "/fhir/Observation?_page=x",
    ] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
    for code in ["broken-next", "broken-next-elsewhere"] {
        let page = nurse.found(&format!("/fhir/Observation?patient=P-0900&code={code}")).await;
        assert_eq!(link(&page, "next"), None, "{code}: {page}");
        assert!(!page.to_string().contains("store.invalid"), "{code}: {page}");
    }
}

/// All of several persons must be permitted; one who is not makes the answer what it is for him alone.
#[tokio::test]
async fn several_persons_are_all_or_nobody() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let both = nurse.found("/fhir/Condition?patient=P-0001,P-0002").await;
    assert_eq!(persons(&both), ["Patient/P-0001", "Patient/P-0002"].map(str::to_owned).into());
    world.store.clear_requests();
    let alone = nurse.get("/fhir/Condition?patient=P-0008").await;
    for target in ["/fhir/Condition?patient=P-0001,P-0008", "/fhir/Patient?_id=P-0001,P-9999"] {
        let refused = nurse.get(target).await;
        assert_eq!((refused.status, refused.code()), (alone.status, alone.code()), "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
    // By a name: among those whom she may search for.
    let named = nurse.found("/fhir/Patient?name=%E6%96%8E%E8%97%A4").await;
    assert_eq!(records(&named, "match"), ["Patient/P-0001"]);
    let asked = world.store_saw().pop().unwrap();
    assert!(asked.contains("_id=P-0001%2CP-0002"), "{asked}");
}

/// A chain that ends at the same persons or in the directory finds what is there; others are refused by name.
#[tokio::test]
async fn chains_end_where_they_began() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let all = records(&nurse.found("/fhir/Condition?patient=P-0001").await, "match");
    let found = |target: &'static str| async { records(&nurse.found(target).await, "match") };
    assert_eq!(found("/fhir/Condition?patient.name=%E6%96%8E%E8%97%A4").await, all);
    assert_eq!(found("/fhir/Condition?patient=P-0001&patient.name=%E9%88%B4%E6%9C%A8").await, Vec::<String>::new());
    let hers =
        found("/fhir/Observation?patient=P-0001&performer:Practitioner.name=%E4%BD%90%E8%97%A4&_count=100").await;
    assert!(!hers.is_empty());
    assert_eq!(found("/fhir/Observation?patient=P-0001&performer=Practitioner/K-sato&_count=100").await, hers);
    assert_eq!(found("/fhir/Observation?patient=P-0001&performer:Practitioner.name=zz").await, Vec::<String>::new());

    // Of whom there is such a record: of those she cares for, whoever else there may be.
    let whom = found("/fhir/Patient?_has:DiagnosticReport:patient:status=final").await;
    assert_eq!(whom, HERS);
    let asked = world.store_saw().pop().unwrap();
    assert!(asked.contains("_id=P-0001%2CP-0002%2CP-0003%2CP-0900&_has"), "{asked}");
    world.store.clear_requests();
    for target in [
        "/fhir/Patient?_id=P-0008&_has:DiagnosticReport:patient:status=final",
        "/fhir/Observation?patient=P-0008&patient.name=x",
    ] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    for target in [
        "/fhir/Practitioner?_has:Observation:performer:patient=P-0008",
        "/fhir/Observation?patient=P-0001&encounter.patient=P-0008",
        "/fhir/Observation?patient=P-0001&patient._id=P-0008",
        "/fhir/Organization?_has:Patient:organization:name=x",
    ] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// What comes along is the person's or the directory's, in as many steps as are asked for.
#[tokio::test]
async fn what_comes_along_is_the_same_persons() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let report = nurse
        .found(
            "/fhir/DiagnosticReport?patient=P-0001&_include=DiagnosticReport:patient\
             &_include=DiagnosticReport:result&_include:iterate=Observation:performer:Practitioner",
        )
        .await;
    assert_eq!(records(&report, "match"), ["DiagnosticReport/report-0001-01"]);
    let along = records(&report, "include");
    for kind in ["Patient/P-0001", "Observation/", "Practitioner/"] {
        assert!(along.iter().any(|record| record.starts_with(kind)), "{kind}: {along:?}");
    }
    assert_eq!(persons(&report), ["Patient/P-0001".to_owned()].into());

    let person =
        nurse.found("/fhir/Patient?_id=P-0001&_revinclude=Condition:patient&_revinclude=CarePlan:subject").await;
    assert_eq!(records(&person, "match"), ["Patient/P-0001"]);
    assert_eq!(records(&person, "include").len(), 4, "three problems and a plan: {person}");
    assert_eq!(persons(&person), ["Patient/P-0001".to_owned()].into());

    // The store adds somebody nobody asked for; somebody else; what was asked for, of somebody else.
    for target in [
        "/fhir/Observation?patient=P-0900&code=broken-include",
        "/fhir/Observation?patient=P-0900&code=broken-include&_include=Observation:patient",
        "/fhir/Observation?patient=P-0900&code=broken-fullurl",
        "/fhir/Observation?patient=P-0900&code=broken-surplus&_total=accurate",
    ] {
        let found = nurse.found(target).await;
        assert!(persons(&found).iter().all(|person| person == "Patient/P-0900"), "{target}: {found}");
        assert!(!found.to_string().contains("P-0001"), "{target}: {found}");
    }
    for target in ["_include=*", "_include=Observation:*", "_revinclude=*", "_revinclude=Provenance:target"] {
        let target = format!("/fhir/Observation?patient=P-0001&{target}");
        assert_eq!(nurse.refused(&target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
}

/// Parts, texts and numbers: whose they are is read all the same, and not shown unless asked for.
#[tokio::test]
async fn parts_and_numbers_are_attributed_too() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let parts = nurse.found("/fhir/Observation?patient=P-0001&_elements=code&_count=3").await;
    let entries = parts["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let resource = &entry["resource"];
        assert!(resource["code"].is_object() && resource["subject"].is_null(), "{resource}");
        assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED", "{resource}");
        assert!(resource["valueQuantity"].is_null() && resource["effectiveDateTime"].is_null(), "{resource}");
    }
    let asked = world.store.requests().pop().unwrap().target;
    assert!(asked.contains("_elements=code%2Ccontained%2Cmeta%2Csubject"), "{asked}");
    for summary in ["true", "text", "data", "false"] {
        let found = nurse.found(&format!("/fhir/Observation?patient=P-0001&_summary={summary}&_count=100")).await;
        assert_eq!(records(&found, "match").len(), 40, "{summary}");
    }
    let counted = nurse.found("/fhir/Observation?patient=P-0001&_summary=count").await;
    assert_eq!((&counted["total"], &counted["entry"]), (&Value::from(40), &Value::Null));
    let total = |bundle: Value| bundle["total"].clone();
    assert_eq!(total(nurse.found("/fhir/Observation?patient=P-0001&_count=5&_total=accurate").await), 40);
    assert_eq!(total(nurse.found("/fhir/Observation?patient=P-0001&_count=5").await), Value::Null);
    assert_eq!(total(nurse.found("/fhir/Observation?patient=P-0001&_count=100").await), 40);
    // Narrowed: the number of those persons' records, and no others'.
    let mut own = 0;
    for person in HERS {
        let counted = nurse.found(&format!("/fhir/Observation?patient={person}&_summary=count")).await;
        own += counted["total"].as_u64().unwrap();
    }
    assert_eq!(total(nurse.found("/fhir/Observation?_summary=count").await), own);
    // A number that cannot be true is not passed on.
    let wrong = nurse.found("/fhir/Observation?patient=P-0900&code=broken-total&_total=accurate&_count=200").await;
    assert_eq!(total(wrong.clone()), records(&wrong, "match").len());
    world.store.clear_requests();
    assert_eq!(nurse.refused("/fhir/Observation?patient=P-0008&_summary=count").await.0, StatusCode::NOT_FOUND);
    assert_eq!(nurse.refused("/fhir/Observation?patient=P-0001&_total=estimate").await.0, StatusCode::BAD_REQUEST);
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// A compartment is a search about its person; by GET and as a form.
#[tokio::test]
async fn a_compartment_is_a_search_about_its_person() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let plain = records(&nurse.found("/fhir/Observation?patient=P-0001&_count=100").await, "match");
    let within = nurse.found("/fhir/Patient/P-0001/Observation?_count=100").await;
    assert_eq!(records(&within, "match"), plain);
    let form = |target: &str, body: &'static str| Ask::post(target, FORM, body).as_(&nurse.cookie);
    for (target, body) in [
        ("/fhir/Patient/P-0001/Observation/_search", "_count=100"),
        ("/fhir/Observation/_search", "patient=P-0001&patient.name=%E6%96%8E%E8%97%A4&_count=100"),
        ("/fhir/Observation/_search?_count=100", "patient=Patient%2FP-0001&_include=Observation:patient"),
    ] {
        let found = nurse.terminal.ask(form(target, body)).await.unwrap();
        assert_eq!(found.status, StatusCode::OK, "{target}: {}", found.text());
        assert_eq!(records(&found.json(), "match"), plain, "{target}");
    }
    world.store.clear_requests();
    for target in ["/fhir/Patient/P-0008/Observation", "/fhir/Patient/P-9999/Observation"] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    for target in [
        "/fhir/Patient/P-0001/Observation?patient=P-0008",
        "/fhir/Patient/P-0001/*",
        "/fhir/Practitioner/K-sato/Observation",
        "/fhir/Encounter/visit-0008-01/Observation",
    ] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
    let lenient = Ask::get("/fhir/Observation?patient=P-0001").as_(&nurse.cookie).with("prefer", "handling=lenient");
    assert_eq!(nurse.terminal.ask(lenient).await.unwrap().status, StatusCode::BAD_REQUEST);
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// Everything of a person, over all pages, however the store finds them.
#[tokio::test]
async fn everything_of_a_person_is_that_persons() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let mut ways = Vec::new();
    for paging in [Paging::Offset, Paging::Token] {
        world.store.page_by(paging);
        let (mut found, mut next) = (Vec::new(), Some("/fhir/Patient/P-0001/$everything?_count=20".to_owned()));
        while let Some(target) = next {
            let page = nurse.found(&target).await;
            assert!(persons(&page).iter().all(|person| person == "Patient/P-0001"), "{page}");
            found.extend(records(&page, "match"));
            next = link(&page, "next");
        }
        for kind in ["Patient/P-0001", "Observation/", "Communication/", "Condition/", "Consent/", "Appointment/"] {
            assert!(found.iter().any(|record| record.starts_with(kind)), "{kind}: {found:?}");
        }
        assert!(found.iter().all(|record| !record.contains("-0008") && !record.starts_with("Binary/")), "{found:?}");
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
        ways.push(found);
    }
    assert_eq!(ways[0], ways[1]);
    let some = nurse.found("/fhir/Patient/P-0001/$everything?_type=Condition,Patient&_count=50").await;
    assert_eq!(records(&some, "match").len(), 4, "{some}");
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.persons.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P-0001"]);
    world.store.clear_requests();
    for target in ["/fhir/Patient/P-0008/$everything", "/fhir/Patient/P-9999/$everything?_type=Observation"] {
        assert_eq!(nurse.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    for target in ["/fhir/Patient/$everything", "/fhir/Practitioner/K-sato/$everything", "/fhir/Patient/P-0001/$export"]
    {
        assert_eq!(nurse.refused(target).await.0, StatusCode::BAD_REQUEST, "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
}

/// What is listed is what is served; nobody learns it who may not use the service.
#[tokio::test]
async fn the_capability_statement_lists_what_is_enforced() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let statement = nurse.found("/fhir/metadata").await;
    assert_eq!(
        (&statement["resourceType"], &statement["fhirVersion"]),
        (&"CapabilityStatement".into(), &"4.0.1".into())
    );
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let named = |name: &str| resources.iter().find(|one| one["type"] == name);
    assert!(named("AuditEvent").is_none() && named("Group").is_none());
    let observation = named("Observation").unwrap().to_string();
    for listed in ["search-type", r#""name":"patient""#, "Observation:encounter"] {
        assert!(observation.contains(listed), "{listed}: {observation}");
    }
    for kept_out in ["history-type", r#""*""#, "_tag", "_text"] {
        assert!(!observation.contains(kept_out), "{kept_out}: {observation}");
    }
    assert!(!statement.to_string().contains("backend-stub"), "the store's own words");
    let stranger = nurse.terminal.ask(Ask::get("/fhir/metadata")).await.unwrap();
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

/// Promise P4 in the store's own log: whatever was asked above, nothing reaches it that is about everybody.
#[tokio::test]
async fn no_search_reaches_the_store_that_names_nobody() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    for target in [
        "/fhir/Observation",
        "/fhir/Observation?_id=o-0008-001",
        "/fhir/Observation?code=8867-4&_summary=count",
        "/fhir/Communication?_lastUpdated=ge2020&_sort=-_lastUpdated",
        "/fhir/Patient?_has:Observation:patient:code=8867-4",
        "/fhir/Patient?_revinclude=Observation:patient",
        "/fhir/DiagnosticReport?_include=DiagnosticReport:result",
    ] {
        let found = nurse.found(target).await;
        assert!(persons(&found).iter().all(|person| HERS.contains(&person.as_str())), "{target}: {found}");
    }
    for asked in world.store_saw() {
        assert!(asked.contains("patient=P-0001%2C") || asked.contains("_id=P-0001%2C"), "{asked}");
    }
}

/// Asks the store itself, as if there were no gateway.
async fn without_a_gateway(world: &World, target: &str) -> Value {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(world.store.address()).await.unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.to_lowercase().contains("content-length"), "{target}: {head}");
    serde_json::from_str(body).unwrap()
}

/// `Type/id` of all entries that are of these persons; of the directory, what was searched for, and what one of those
/// records names.
fn of_these(bundle: &Value, whose: &BTreeSet<String>) -> BTreeSet<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let alone = |entry: &Value| serde_json::json!({ "entry": [entry] });
    let is_theirs = |entry: &&Value| !persons(&alone(entry)).is_empty() && persons(&alone(entry)).is_subset(whose);
    let theirs: Vec<&Value> = entries.iter().filter(is_theirs).collect();
    let named = serde_json::to_string(&theirs).unwrap();
    let name = |entry: &Value| {
        let one = alone(entry);
        records(&one, "match").into_iter().chain(records(&one, "include")).next().unwrap()
    };
    let nobodys = entries.iter().filter(|entry| persons(&alone(entry)).is_empty());
    let nobodys = nobodys.filter(|entry| {
        entry["search"]["mode"] == "match" || named.contains(&format!("\"reference\":\"{}\"", name(entry)))
    });
    nobodys.chain(theirs.iter().copied()).map(name).collect()
}

/// The whole of it beside a model as plain as can be: the store's own answer to everybody, less what is others'. Nothing more
/// is found through the gateway, and nothing less.
#[tokio::test]
async fn what_is_found_is_what_there_is_less_what_is_others() {
    let world = World::planned(Plan { trusting_store: true, ..Plan::default() }).await;
    let searches = [
        "Observation?",
        "Observation?code=8867-4,9279-1&_sort=-date",
        "Observation?code=http://loinc.org|8867-4&date=ge2026-09&date=lt2026-11",
        "Observation?category=vital-signs&status=final",
        "Observation?_id=o-0001-001,o-0008-001,o-0900-001",
        "Observation?performer=Practitioner/K-sato",
        "Observation?performer:Practitioner.name=%E4%BD%90%E8%97%A4",
        "Observation?patient.gender=female",
        "Observation?subject:Patient.birthdate=le1945",
        "Condition?patient.name=%E6%96%8E%E8%97%A4",
        "Communication?_lastUpdated=ge2020-01-01",
        "Communication?_include=Communication:sender:Practitioner",
        "Patient?gender=male",
        "Patient?name=%E3%82%B5",
        "Patient?_has:Observation:patient:code=8867-4",
        "Patient?_has:Condition:patient:code=N10",
        "Patient?_revinclude=Condition:patient",
        "Encounter?_revinclude=Condition:encounter",
        "DiagnosticReport?_include=DiagnosticReport:result",
        "Appointment?status=booked",
        "DocumentReference?_elements=status,subject",
        "Practitioner?",
        "Organization?name=%E6%B0%B4",
    ];
    let mut found_any = 0;
    // A nurse and a doctor, who may see labelled records too; of others, see below.
    for (user_id, device) in [("U-sato", "D-sato"), ("U-nakamura", "D-nakamura")] {
        let (terminal, cookie) = world.signed_in(user_id, device).await;
        let user = Nurse { terminal, cookie };
        let mut hers = BTreeSet::new();
        for number in (1..=12).chain([900]) {
            let person = format!("Patient/P-{number:04}");
            if user.get(&format!("/fhir/{person}")).await.status == StatusCode::OK {
                hers.insert(person);
            }
        }
        assert!((3..13).contains(&hers.len()), "{user_id}: {hers:?}");
        for (number, search) in searches.iter().enumerate() {
            world.store.page_by(if number % 2 == 0 { Paging::Offset } else { Paging::Token });
            let there_is = without_a_gateway(&world, &format!("/fhir/{search}&_count=1000").replace("?&", "?")).await;
            let (mut found, mut next) = (BTreeSet::new(), Some(format!("/fhir/{search}&_count=7").replace("?&", "?")));
            while let Some(target) = next {
                let page = user.found(&target).await;
                found.extend(records(&page, "match").into_iter().chain(records(&page, "include")));
                next = link(&page, "next");
            }
            let expected = of_these(&there_is, &hers);
            found_any += expected.len();
            assert_eq!(found, expected, "{user_id}: {search}");
        }
    }
    assert!(found_any > 500, "the model knows of {found_any} records only");
}

/// What is looked through or counted is not seen, so it counts as labelled: who may not see labelled records may search, but
/// not count or look through.
#[tokio::test]
async fn what_is_not_seen_needs_the_permit_for_labelled_records() {
    let world = World::start().await;
    let nurse = Nurse::sato(&world).await;
    let (terminal, cookie) = world.signed_in("U-kato", "D-kato").await;
    let care_manager = Nurse { terminal, cookie };
    let found = care_manager.found("/fhir/Observation?patient=P-0001&_count=100").await;
    assert!(!records(&found, "match").is_empty());
    world.store.clear_requests();
    for target in [
        "/fhir/Observation?patient=P-0001&_summary=count",
        "/fhir/Observation?patient=P-0001&_total=accurate",
        "/fhir/Observation?patient=P-0001&patient.gender=female",
        "/fhir/Patient?_id=P-0001&_has:Observation:patient:code=8867-4",
        "/fhir/Patient?_has:Observation:patient:code=8867-4",
    ] {
        assert_eq!(care_manager.refused(target).await.0, StatusCode::NOT_FOUND, "{target}");
    }
    assert!(world.store_saw().is_empty(), "{:?}", world.store_saw());
    // Of a questionnaire that is labelled, the nurse sees more than the care manager; and no number tells of it.
    let hers = records(&nurse.found("/fhir/QuestionnaireResponse?patient=P-0001").await, "match");
    assert_eq!(hers, ["QuestionnaireResponse/answers-0001-01"]);
    let his = care_manager.found("/fhir/QuestionnaireResponse?patient=P-0001").await;
    assert_eq!((records(&his, "match"), &his["total"]), (Vec::new(), &Value::from(0)));
}
