//! Pages of a search: turned by our own links, by whom they were sealed for.

use std::collections::BTreeSet;

use backend_stub::Paging;
use http::StatusCode;
use model::PersonId;
use registry::Command;
use serde_json::Value;

use super::{Nurse, link, persons, records};
use crate::world::{Ask, World};

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
    // The list ends there, and looks whole: the officer hears of it.
    world.until("the officer is told", |world| world.alerts().len() == 2).await;
    assert!(format!("{:?}", world.alerts()).contains("the next page"), "{:?}", world.alerts());
}
