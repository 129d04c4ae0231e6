//! Searches beside a model as plain as can be.

use std::collections::BTreeSet;

use backend_stub::Paging;
use http::StatusCode;
use serde_json::Value;

use super::{Nurse, link, persons, records};
use crate::world::{Plan, World};

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
