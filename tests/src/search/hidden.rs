//! Pages that tell nothing of records that their reader may not see: what is on them, whether another follows and how many
//! there are is what a store would say that had no such records.

use std::time::{Duration, Instant};

use backend_stub::Paging;
use gateway::bounds::GATHERING_MAX;
use http::StatusCode;
use model::{FacilityId, TeamRole};
use registry::Command;
use serde_json::{Value, json};

use super::laid_out::{Clerk, FHIR, behind_a_relay, care_manager, city, observation, outline, pages};
use super::{Nurse, link, records};
use crate::world::relay::Twist;
use crate::world::{Ask, Http, Tls};

/// Every so many milliseconds a page that is made at the gateway may be given.
const MOMENT: Duration = Duration::from_millis(25);

/// First, last, in the middle, many, all: with every length of a page, and however the store finds its own.
#[tokio::test]
async fn a_page_is_what_it_would_be_without_what_is_hidden() {
    let world = city().await;
    let mut clerk = Clerk::of(&world).await;
    let many = "h".repeat(130);
    let layouts = [
        "v".to_owned(),
        "hv".to_owned(),
        "vh".to_owned(),
        "hhh".to_owned(),
        "vhvhhv".to_owned(),
        "hhvvvhv".to_owned(),
        format!("v{many}"),
        format!("{many}v{many}v"),
        format!("vv{many}{many}vvv{many}"),
        many.clone(),
        // A store's page ends with what is seen, with what is hidden, and with the last of all.
        format!("{}v{}v", "h".repeat(99), "h".repeat(99)),
        format!("v{}", "h".repeat(99)),
        "v".repeat(100),
        format!("{}h", "v".repeat(100)),
        format!("h{}v", "v".repeat(100)),
    ];
    let care_manager = care_manager(&world).await;
    for (number, layout) in layouts.iter().enumerate() {
        let (code, twin) = (format!("lay-{number:02}"), format!("twi-{number:02}"));
        let seen = clerk.laid_out("P-0001", &code, layout).await;
        clerk.laid_out("P-0001", &twin, &layout.replace('h', "")).await;
        let short = if layout.len() > 20 { &layout[..20] } else { layout };
        for count in [1, 2, 3, 50, 200] {
            if layout.len() > 60 && count == 1 && seen.len() > 60 {
                continue;
            }
            let paging = if (count + number) % 2 == 0 { Paging::Offset } else { Paging::Token };
            world.store.page_by(paging);
            let told = format!("{short}.. of {}, {count} a page, {paging:?}", layout.len());
            let ask = |code: &str| format!("/fhir/Observation?patient=P-0001&code={code}&_count={count}");
            let got = pages(&care_manager, &ask(&code)).await;
            let found: Vec<Vec<String>> = got.iter().map(|page| records(page, "match")).collect();
            assert_eq!(found.concat(), seen, "{told}");
            let full = found.len().saturating_sub(1);
            assert!(found[..full].iter().all(|page| page.len() == count), "{told}: {found:?}");
            assert!(found.len() == 1 || !found[full].is_empty(), "{told}: a page was offered with nothing on it");
            let total = if got.len() == 1 { Value::from(seen.len()) } else { Value::Null };
            assert!(got.iter().all(|page| page["total"] == total), "{told}: {:?}", outline(&got));
            assert_eq!(outline(&got), outline(&pages(&care_manager, &ask(&twin)).await), "{told}");
        }
    }
    // What was hidden is on no record, and nobody was alarmed.
    let entries = world.audit.search(&audit::Query { limit: 50, ..audit::Query::default() }).unwrap().entries;
    let named: Vec<&String> = entries.iter().flat_map(|found| &found.released).collect();
    assert!(named.iter().any(|record| record.starts_with("Observation/lay-14")), "{named:?}");
    assert!(!named.iter().any(|record| record.as_str() == "Observation/lay-14-000"), "{named:?}");
    assert!(world.alerts().is_empty(), "{:?}", world.alerts());
    // A nurse sees them all, on the store's own pages.
    let nurse = Nurse::sato(&world).await;
    let all = pages(&nurse, "/fhir/Observation?patient=P-0001&code=lay-04&_count=4").await;
    assert_eq!(all.iter().map(|page| records(page, "match").len()).collect::<Vec<_>>(), [4, 2]);
    assert!(link(&all[1], "previous").is_some());
}

/// Parts, forms, an order of the client's, everything of a person, a compartment, an entry of a batch: the same pages.
#[tokio::test]
async fn whichever_way_it_is_asked_the_pages_are_the_same() {
    let world = city().await;
    let mut clerk = Clerk::of(&world).await;
    clerk.laid_out("P-0001", "ways", "hvhvhhvv").await;
    clerk.laid_out("P-0001", "twin", "vvvv").await;
    let care_manager = care_manager(&world).await;
    let of = |pages: &[Value]| pages.iter().map(|page| records(page, "match")).collect::<Vec<_>>();
    for more in [
        "",
        "&_elements=code",
        "&_summary=true",
        "&_summary=text",
        "&_summary=data",
        "&_sort=-_lastUpdated",
        "&_total=none",
        "&_lastUpdated=ge2020",
    ] {
        let asked = |code: &str| format!("/fhir/Observation?patient=P-0001&code={code}&_count=2{more}");
        let got = pages(&care_manager, &asked("ways")).await;
        let mut seen = of(&got).concat();
        seen.sort();
        let expected = [1, 3, 6, 7].map(|number| format!("Observation/ways-{number:03}"));
        assert_eq!(seen, expected, "{more}");
        assert_eq!(outline(&got), outline(&pages(&care_manager, &asked("twin")).await), "{more}");
    }
    let plain = of(&pages(&care_manager, "/fhir/Observation?patient=P-0001&code=ways&_count=3").await);
    assert_eq!(plain.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    let compartment = of(&pages(&care_manager, "/fhir/Patient/P-0001/Observation?code=ways&_count=3").await);
    assert_eq!(compartment, plain);
    let form = Ask::post(
        "/fhir/Observation/_search",
        "application/x-www-form-urlencoded",
        "patient=P-0001&code=ways&_count=3",
    );
    let form = care_manager.terminal.ask(form.as_(&care_manager.cookie)).await.unwrap().json();
    assert_eq!(records(&form, "match"), plain[0]);
    let next = care_manager.found(&link(&form, "next").unwrap()).await;
    assert_eq!((records(&next, "match"), link(&next, "next")), (plain[1].clone(), None));
    let entry = json!({ "request": { "method": "GET", "url": "Observation?patient=P-0001&code=ways&_count=3" } });
    let bundle = |kind: &str| json!({ "resourceType": "Bundle", "type": kind, "entry": [entry] }).to_string();
    let batch = Ask::post("/fhir", FHIR, bundle("batch")).as_(&care_manager.cookie);
    let batch = care_manager.terminal.ask(batch).await.unwrap().json();
    assert_eq!(records(&batch["entry"][0]["resource"], "match"), plain[0], "{batch}");
    // A store answers a transaction at once: there is nothing to make pages out of.
    let transaction = Ask::post("/fhir", FHIR, bundle("transaction"));
    let his = care_manager.terminal.ask(transaction.clone().as_(&care_manager.cookie)).await.unwrap();
    assert_eq!(his.status, StatusCode::BAD_REQUEST, "{}", his.text());
    let nurse = Nurse::sato(&world).await;
    let hers = nurse.terminal.ask(transaction.as_(&nurse.cookie)).await.unwrap();
    assert_eq!(hers.status, StatusCode::OK, "{}", hers.text());

    let everything = pages(&care_manager, "/fhir/Patient/P-0001/$everything?_type=Observation&_count=7").await;
    let found = of(&everything);
    let sizes: Vec<usize> = found.iter().map(Vec::len).collect();
    assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == 7), "{sizes:?}");
    assert_eq!(found.concat().iter().filter(|record| record.contains("/ways-")).count(), 4);
}

/// What comes along is what comes along with the records that are shown, behind all of them.
#[tokio::test]
async fn what_comes_along_with_what_is_passed_over_stays_behind() {
    let world = city().await;
    let mut clerk = Clerk::of(&world).await;
    let many = "h".repeat(120);
    for (number, what) in format!("hv{many}vvh").chars().enumerate() {
        let encounter = format!("enc-{number:03}");
        clerk
            .put(&json!({
                "resourceType": "Encounter", "id": encounter, "status": "finished", "class": { "code": "HH" },
                "subject": { "reference": "Patient/P-0001" },
            }))
            .await;
        let mut one = observation("P-0001", "along", &format!("along-{number:03}"), what == 'h');
        one["encounter"] = json!({ "reference": format!("Encounter/{encounter}") });
        one["performer"] = json!([{ "reference": "Practitioner/K-sato" }]);
        clerk.put(&one).await;
    }
    let care_manager = care_manager(&world).await;
    for paging in [Paging::Offset, Paging::Token] {
        world.store.page_by(paging);
        let target = "/fhir/Observation?patient=P-0001&code=along&_include=Observation:encounter\
                      &_include=Observation:performer:Practitioner&_count=2";
        let pages = pages(&care_manager, target).await;
        let shown = |page: &Value| {
            let mode = |entry: &Value| entry["search"]["mode"].as_str().unwrap().to_owned();
            let modes: Vec<String> = page["entry"].as_array().unwrap().iter().map(mode).collect();
            assert!(modes.is_sorted_by(|one, next| one >= next), "matches first: {modes:?}");
            (records(page, "match"), records(page, "include"))
        };
        let named = |kind: &str, numbers: &[usize]| -> Vec<String> {
            numbers.iter().map(|number| format!("{kind}-{number:03}")).collect()
        };
        for (page, numbers) in pages.iter().zip([&[1, 122][..], &[123]]) {
            let (matches, along) = shown(page);
            assert_eq!(matches, named("Observation/along", numbers), "{paging:?}");
            let mut expected = named("Encounter/enc", numbers);
            expected.push("Practitioner/K-sato".to_owned());
            assert_eq!(along, expected, "{paging:?}");
        }
        assert_eq!(pages.len(), 2, "{paging:?}");
    }
}

/// A nurse sees labelled notes of those on whose team she is, and none of those whom her facility cares for and she only
/// answers for (art. 18, 31-1).
#[tokio::test]
async fn of_several_persons_only_what_is_hidden_stays_hidden() {
    let world = city().await;
    let mut clerk = Clerk::of(&world).await;
    let join = |person: &str| Command::JoinTeam {
        person: person.parse().unwrap(),
        user: "K-ono".parse().unwrap(),
        role: TeamRole::Member,
        facility: None,
        from: world.now(),
        until: None,
    };
    world.clerk(join("P-0001"));
    world.clerk(Command::EnterDuty {
        user: "K-ono".parse().unwrap(),
        facility: FacilityId::new("F-nursing").unwrap(),
        kind: model::DutyKind::Manager,
        from: world.now(),
        until: Some(world.now().plus_seconds(12 * 3600)),
    });
    let (terminal, cookie) = world.signed_in("U-ono", "D-ono").await;
    let ono = Nurse { terminal, cookie };
    let mut note = async |person: &str, id: &str, labelled: bool| {
        let mut note = observation(person, "-", id, labelled);
        let category = json!([{ "coding": [{ "code": "several" }] }]);
        (note["resourceType"], note["category"], note["status"]) =
            (json!("Communication"), category, json!("completed"));
        clerk.put(&note).await;
    };
    for (number, (person, labelled)) in
        [("P-0001", true), ("P-0002", true), ("P-0002", false), ("P-0001", false), ("P-0002", true), ("P-0001", true)]
            .into_iter()
            .enumerate()
    {
        note(person, &format!("several-{number}"), labelled).await;
    }
    let both = "/fhir/Communication?patient=P-0001,P-0002&category=several&_count=3";
    let found: Vec<Vec<String>> = pages(&ono, both).await.iter().map(|page| records(page, "match")).collect();
    let named =
        |numbers: &[usize]| numbers.iter().map(|one| format!("Communication/several-{one}")).collect::<Vec<_>>();
    assert_eq!(found, [named(&[0, 2, 3]), named(&[5])]);
    // About the one of whom she sees all, it is the store's own page.
    let alone = pages(&ono, "/fhir/Communication?patient=P-0001&category=several&_count=2").await;
    assert_eq!(alone.iter().map(|page| records(page, "match").len()).collect::<Vec<_>>(), [2, 1]);
    assert!(link(&alone[1], "previous").is_some());
    // The kind of a page goes with what its reader may see: once she is on the team, the other one is begun anew.
    let page = ono.found(both).await;
    world.clerk(join("P-0002"));
    let (status, text) = ono.refused(&link(&page, "next").unwrap()).await;
    assert_eq!((status, text.contains("begin the search anew")), (StatusCode::BAD_REQUEST, true), "{text}");
    assert_eq!(records(&ono.found(&both.replace("=3", "=20")).await, "match").len(), 6);
}

/// How long it takes is told in moments: how often the store was asked is not to be seen in between. Each question takes half
/// a moment here, so that an answer given when it is known would be half a moment late.
#[tokio::test]
async fn an_answer_is_given_at_its_moment() {
    let (world, relay) = behind_a_relay().await;
    let mut clerk = Clerk::of(&world).await;
    clerk.laid_out("P-0001", "once", "vh").await;
    clerk.laid_out("P-0001", "thrice", &format!("v{}", "h".repeat(250))).await;
    let care_manager = care_manager(&world).await;
    let mut connection = care_manager.terminal.connect().await.unwrap();
    relay.twist(Twist::Slow(MOMENT / 2));
    for (code, moments) in [("once", 1), ("thrice", 2)] {
        let mut late = Vec::new();
        for _ in 0..20 {
            let begun = Instant::now();
            let target = format!("/fhir/Observation?patient=P-0001&code={code}&_count=5");
            let reply = connection.ask(Ask::get(&target).as_(&care_manager.cookie)).await.unwrap();
            let took = begun.elapsed();
            assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
            assert!(took >= MOMENT * moments, "{code}: {took:?}");
            late.push(Duration::from_micros(u64::try_from(took.as_micros() % MOMENT.as_micros()).unwrap()));
        }
        // Other tests run beside this one: most answers may be late, and still not one in four would be at its moment by chance.
        late.sort();
        assert!(late[late.len() / 4] < MOMENT / 4, "{code}: {late:?}");
    }
}

/// A client that stops reading does not decide where its page ends: that would be where one of the store's ends, and how many
/// are shown up to there would tell how many are not.
#[tokio::test]
async fn a_page_does_not_end_because_its_client_waits() {
    let world = city().await;
    let mut clerk = Clerk::of(&world).await;
    // More than a piece of the answer is seen on the store's first page, and more is seen behind it.
    let layout = format!("{}{}vv", "v".repeat(30), "h".repeat(80));
    let seen = clerk.laid_out_long("P-0001", "waits", &layout, 6_000).await;
    let terminal = world.terminal_speaking(&world.keys("D-kato"), Http::Two, Tls::V13);
    let cookie = world.cookie(&terminal, "U-kato").await;
    let mut connection = terminal.connect_with_window(64 * 1024).await;
    let target = "/fhir/Observation?patient=P-0001&code=waits&_count=50";
    let response = connection.start(Ask::get(target).as_(&cookie)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    tokio::time::sleep(GATHERING_MAX + Duration::from_secs(1)).await;
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let page: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(records(&page, "match"), seen);
    assert_eq!((link(&page, "next"), page["total"].as_u64()), (None, Some(32)));
}

/// Where a piece of a long answer ends tells nothing of what was passed over up to there.
#[tokio::test]
async fn pieces_are_of_one_size() {
    let world = city().await;
    let mut clerk = Clerk::of(&world).await;
    clerk.laid_out_long("P-0001", "size", &"vhhvh".repeat(18), 5_000).await;
    clerk.laid_out_long("P-0001", "twin", &"v".repeat(36), 5_000).await;
    let care_manager = care_manager(&world).await;
    let mut sizes = Vec::new();
    for code in ["size", "twin"] {
        sizes.push(chunks(&care_manager, &format!("/fhir/Observation?patient=P-0001&code={code}")).await);
    }
    assert!(sizes[0].iter().sum::<usize>() > 2 * gateway::bounds::SIFTED_BYTES, "{sizes:?}");
    assert_eq!(sizes[0], sizes[1]);
}

/// The sizes of the chunks that an answer comes in (RFC 9112 7.1).
async fn chunks(nurse: &Nurse, target: &str) -> Vec<usize> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut tls = nurse.terminal.raw().await.unwrap();
    let (host, cookie) = (&nurse.terminal.host, &nurse.cookie);
    let ask = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
    tls.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n0\r\n\r\n") {
        assert!(tls.read_buf(&mut answer).await.unwrap() > 0, "{}", String::from_utf8_lossy(&answer));
    }
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (mut rest, mut sizes) = (&answer[head + 4..], Vec::new());
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return sizes;
        }
        sizes.push(size);
        rest = &rest[line + 2 + size + 2..];
    }
}

/// A store keeps a search for a while. Once it has let go of it, the client is told to begin anew, and not that something failed.
#[tokio::test]
async fn a_search_that_is_kept_no_longer_is_begun_anew() {
    let (world, relay) = behind_a_relay().await;
    world.store.page_by(Paging::Token);
    let mut clerk = Clerk::of(&world).await;
    clerk.laid_out("P-0001", "kept", &format!("{}vv", "h".repeat(130))).await;
    let target = "/fhir/Observation?patient=P-0001&code=kept&_count=1";
    let (care_manager, nurse) = (care_manager(&world).await, Nurse::sato(&world).await);
    let (his, hers) = (care_manager.found(target).await, nurse.found(target).await);
    for status in [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::GONE] {
        relay.twist(Twist::Kept(status));
        // In the middle of a page that is made here, and on turning one of either kind.
        let asked = [
            (&care_manager, target.to_owned()),
            (&care_manager, link(&his, "next").unwrap()),
            (&nurse, link(&hers, "next").unwrap()),
        ];
        for (whose, target) in asked {
            let (code, text) = whose.refused(&target).await;
            assert_eq!(
                (code, text.contains("begin the search anew")),
                (StatusCode::BAD_REQUEST, true),
                "{status}: {text}"
            );
        }
    }
    relay.twist(Twist::Kept(StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(care_manager.refused(target).await.0, StatusCode::BAD_GATEWAY);
}

/// A history is what it would be without the versions that are hidden.
#[tokio::test]
async fn a_history_does_not_tell_of_what_is_hidden() {
    let world = city().await;
    let mut clerk = Clerk::of(&world).await;
    let care_manager = care_manager(&world).await;
    // Hidden ones among more than are shown, and among few: beside as many that are seen, and nothing else.
    let long = [("long-a", "vvvhv".repeat(30)), ("long-b", "v".repeat(120))];
    let short = [("short-a", "vhhv".repeat(3)), ("short-b", "v".repeat(6))];
    for (id, layout) in long.iter().chain(&short) {
        for what in layout.chars() {
            clerk.put(&observation("P-0001", "history", id, what == 'h')).await;
        }
    }
    for (pair, count, shown, total) in [
        (&long, "", 100, None),
        (&long, "?_count=7", 7, None),
        (&long, "?_count=200", 100, None),
        (&short, "", 6, Some(6)),
        (&short, "?_count=5", 5, None),
    ] {
        for (id, _) in pair {
            let history = care_manager.found(&format!("/fhir/Observation/{id}/_history{count}")).await;
            let entries = history["entry"].as_array().unwrap().len();
            assert_eq!((entries, history["total"].as_u64()), (shown, total), "{id}{count}");
            assert_eq!(history["link"].as_array().unwrap().len(), 1, "{id}{count}");
        }
    }
    assert_eq!(care_manager.refused("/fhir/Observation/long-a/_history?_count=201").await.0, StatusCode::BAD_REQUEST);
}
