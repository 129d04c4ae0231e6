//! Break-glass (art. 41-1): a doctor or a nurse declares an emergency about one person, reads what treats, and no longer than
//! it lasts.

use std::time::Duration;

use audit::{AlertKind, Query};
use http::StatusCode;
use journal::Position;
use model::PersonId;
use policy::DecisionPoint;
use registry::{Command, EMERGENCIES_MAX, EMERGENCIES_PER_USER_MAX, EMERGENCY_MINUTES};
use serde_json::Value;

use crate::cutting::{body, drain};
use crate::sign_in::{field, form};
use crate::world::{Ask, CARE, Http, Plan, Reply, Terminal, Tls, World};
use gateway::SessionLimits;

const PAGE: &str = "/.sekisho/emergency";
const END: &str = "/.sekisho/emergency/end";
const FORM: &str = "application/x-www-form-urlencoded";
const REASON: &str = "訪問先で意識がない。家族は不在。";

/// A nurse of another station, at a stranger's bedside.
struct Nurse {
    terminal: Terminal,
    cookie: String,
}

impl Nurse {
    async fn arrives(world: &World) -> Self {
        Self::signs_in(world, "U-tamura", "D-tamura").await
    }

    async fn signs_in(world: &World, user_id: &str, device: &str) -> Self {
        let (terminal, cookie) = world.signed_in(user_id, device).await;
        Self { terminal, cookie }
    }

    async fn page(&self, target: &str) -> Reply {
        self.terminal.ask(Ask::get(target).as_(&self.cookie).with("accept", "text/html")).await.unwrap()
    }

    async fn post(&self, target: &str, pairs: &[(&str, &str)]) -> Reply {
        let ask = Ask::post(target, FORM, form(pairs)).as_(&self.cookie).with("accept", "text/html");
        self.terminal.ask(ask.with("origin", &format!("https://{CARE}"))).await.unwrap()
    }

    /// As the form sends it, opened just now.
    async fn declares(&self, person: &str) -> Reply {
        let token = field(&self.page(PAGE).await.text(), "form_token");
        let pairs = [("form_token", token.as_str()), ("person", person), ("reason", REASON), ("confirmed", "yes")];
        self.post(PAGE, &pairs).await
    }

    /// By the first button that there is for it at home.
    async fn ends(&self) {
        let home = self.page("/").await.text();
        let (token, number) = (field(&home, "form_token"), field(&home, "emergency"));
        let ended = self.post(END, &[("form_token", &token), ("emergency", &number)]).await;
        assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.text());
    }

    async fn reads(&self, target: &str) -> StatusCode {
        self.terminal.ask(Ask::get(target).as_(&self.cookie)).await.unwrap().status
    }
}

fn declared(world: &World) -> usize {
    world.registry.snapshot().emergencies().count()
}

#[tokio::test]
async fn what_treats_is_read_and_nothing_else() {
    let limits = SessionLimits { idle_seconds: 9000, absolute_seconds: 9000 };
    let world = World::planned(Plan { limits, ..Plan::default() }).await;
    let nurse = Nurse::arrives(&world).await;
    // Without a rule there is no such page, and no word of it.
    assert_eq!(nurse.page(PAGE).await.status, StatusCode::NOT_FOUND);
    assert!(!nurse.page("/").await.text().contains("緊急"));
    world.issue_break_glass();
    assert!(nurse.page("/").await.text().contains(PAGE));
    assert_eq!(nurse.reads("/fhir/Patient/P-0001").await, StatusCode::NOT_FOUND, "not declared yet");
    let told = nurse.declares("P-0001").await;
    assert_eq!((told.status, told.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));

    for (target, opens) in [
        ("/fhir/Patient/P-0001", true),
        ("/fhir/Observation/o-0001-001", true),
        ("/fhir/MedicationStatement/med-0001-01", true),
        ("/fhir/Condition/cond-0001-01", true),
        ("/fhir/Condition/cond-0001-90", false),
        ("/fhir/Communication/note-0001-01", false),
        ("/fhir/Patient?_id=P-0001", true),
        ("/fhir/Observation?patient=P-0001", true),
        ("/fhir/MedicationStatement?patient=P-0001", true),
        ("/fhir/Condition?patient=P-0001", true),
        ("/fhir/Communication?patient=P-0001", false),
        ("/fhir/CarePlan?patient=P-0001", false),
        ("/fhir/Patient?_id=P-0002", false),
        ("/fhir/Observation?patient=P-0002", false),
        ("/fhir/Observation?patient=P-0001,P-0002", false),
        ("/fhir/Patient/P-0002", false),
        ("/fhir/Observation/o-0002-001", false),
    ] {
        let wanted = if opens { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(nurse.reads(target).await, wanted, "{target}");
    }
    // Searching is how she learns which there are; what is labelled is not among them.
    let found = nurse.page("/fhir/Condition?patient=P-0001").await.text();
    assert!(found.contains("cond-0001-01") && !found.contains("cond-0001-90"), "{found}");
    let note = r#"{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/P-0001"}}"#;
    let write = Ask::post("/fhir/Communication", "application/fhir+json", note).as_(&nurse.cookie);
    assert_eq!(nurse.terminal.ask(write).await.unwrap().status, StatusCode::NOT_FOUND, "never a write");
    let delete = Ask { method: http::Method::DELETE, ..Ask::get("/fhir/Observation/o-0001-001") };
    assert_eq!(nurse.terminal.ask(delete.as_(&nurse.cookie)).await.unwrap().status, StatusCode::NOT_FOUND);
    // Nobody else reads by it.
    let other = Nurse::signs_in(&world, "U-hayashi", "D-hayashi").await;
    assert_eq!(other.reads("/fhir/Patient/P-0001").await, StatusCode::NOT_FOUND);

    // Each access is marked, is on the list of who saw the record, and can be decided again from its entry.
    let marked = world.audit.search(&Query { break_glass: true, ..Query::default() }).unwrap().entries;
    assert_eq!(marked.len(), 9, "{marked:?}");
    for found in &marked {
        let entry = &found.entry;
        assert_eq!((entry.rules.as_str(), entry.articles.as_str(), entry.disaster), ("P13-break-glass", "41-1", false));
        for (request, facts) in audit::facts::read_all(&entry.facts).unwrap() {
            assert!(request.break_glass);
            assert!(DecisionPoint::builtin().unwrap().decide(&request, &facts).is_permit());
        }
    }
    let seen = world.audit.who_saw(&PersonId::new("P-0001").unwrap(), 100).unwrap();
    assert_eq!(seen.iter().filter(|found| found.entry.break_glass).count(), 9);
    // The officer was told, once, and by whom and about whom.
    let alerts = world.alerts();
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::EmergencyDeclared));
    assert!(alerts[0].seen.iter().any(|seen| seen.contains("U-tamura")), "{alerts:?}");
    assert!(alerts[0].seen.iter().any(|seen| seen.contains("P-0001")), "{alerts:?}");

    // It stands on her first page, with a way to end it.
    assert!(nurse.page("/").await.text().contains("申告中の緊急時"));
    nurse.ends().await;
    assert_eq!(nurse.reads("/fhir/Patient/P-0001").await, StatusCode::NOT_FOUND, "ended");
    assert!(!nurse.page("/").await.text().contains("申告中の緊急時"));
    // Declared anew, it ends by the clock.
    nurse.declares("P-0001").await;
    assert_eq!(nurse.reads("/fhir/Patient/P-0001").await, StatusCode::OK);
    world.shift_clock(EMERGENCY_MINUTES * 60 + 1);
    assert_eq!(nurse.reads("/fhir/Patient/P-0001").await, StatusCode::NOT_FOUND, "over");
}

/// An answer that is on its way when the rule is withdrawn, or when the user ends the emergency, does not go on (promise P2).
#[tokio::test]
async fn what_is_open_is_cut_with_the_emergency() {
    for by_the_user in [false, true] {
        let world = World::start().await;
        world.issue_break_glass();
        let keys = world.keys("D-tamura");
        let terminal = world.terminal_speaking(&keys, Http::Two, Tls::V13);
        let cookie = world.cookie(&terminal, "U-tamura").await;
        let nurse = Nurse { terminal: terminal.clone(), cookie: cookie.clone() };
        nurse.declares("P-0001").await;
        let mut connection = terminal.connect_narrow().await;
        let target = "/fhir/MedicationStatement/med-0001-01";
        let waiting = body(&mut connection, target, &cookie, "application/fhir+json").await;
        // It has long been buffered as far as it can be.
        tokio::time::sleep(Duration::from_millis(300)).await;
        if by_the_user {
            nurse.ends().await;
        } else {
            world.officer(Command::WithdrawBreakGlass { reason: "濫用の疑い".to_owned() });
        }
        let (received, broken) = drain(waiting).await;
        assert!(received <= 1 && broken, "{received} octets came afterwards");
        assert_eq!(nurse.reads(target).await, StatusCode::NOT_FOUND);
    }
}

/// Promise P4: whoever declares does not learn whether there is such a person.
#[tokio::test]
async fn a_person_who_is_not_there_is_declared_about_as_one_who_is() {
    let world = World::start().await;
    world.issue_break_glass();
    let nurse = Nurse::arrives(&world).await;
    let (there, nobody) = (nurse.declares("P-0001").await, nurse.declares("P-7777").await);
    let told = |reply: &Reply| (reply.status, reply.text(), reply.headers["location"].clone());
    assert_eq!(told(&there), told(&nobody));
    let home = nurse.page("/").await.text();
    for person in ["P-0001", "P-7777"] {
        assert!(home.contains(person), "{home}");
    }
    assert!(!home.contains("斎藤"), "a name tells that there is such a person");
    assert_eq!(nurse.reads("/fhir/Patient/P-7777").await, StatusCode::NOT_FOUND);
    // Support was stopped, or never agreed to: as on any day.
    nurse.declares("P-0005").await;
    assert_eq!(nurse.reads("/fhir/Patient/P-0005").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_flood_of_declarations_is_no_flood_of_alerts() {
    let world = World::start().await;
    world.issue_break_glass();
    let nurse = Nurse::arrives(&world).await;
    for number in 1..=10 {
        let told = nurse.declares(&format!("P-{number:04}")).await;
        let fits = number <= EMERGENCIES_PER_USER_MAX;
        let wanted = if fits { StatusCode::SEE_OTHER } else { StatusCode::UNPROCESSABLE_ENTITY };
        assert_eq!(told.status, wanted, "{number}: {}", told.text());
        // Sent again it is no other one.
        assert_eq!(nurse.declares(&format!("P-{number:04}")).await.status, wanted);
    }
    assert_eq!((declared(&world), world.alerts().len()), (EMERGENCIES_PER_USER_MAX, EMERGENCIES_PER_USER_MAX));
    nurse.ends().await;
    assert_eq!(nurse.declares("P-0010").await.status, StatusCode::UNPROCESSABLE_ENTITY, "ending gives no place back");
    assert_eq!(world.alerts().len(), EMERGENCIES_PER_USER_MAX);
}

/// Of the two bounds the page names the one that is reached: what to do differs.
#[tokio::test]
async fn the_page_says_whose_bound_is_reached() {
    let world = World::start().await;
    world.issue_break_glass();
    let nurse = Nurse::arrives(&world).await;
    for number in 1..=EMERGENCIES_PER_USER_MAX {
        assert_eq!(nurse.declares(&format!("P-{number:04}")).await.status, StatusCode::SEE_OTHER);
    }
    let (own, citys) = ("一度に申告できる数を超えました", "市全体で申告できる数を超えた");
    let told = nurse.declares("P-0009").await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.text().contains(own) && !told.text().contains(citys), "{}", told.text());
    // The whole city reaches the bound of all, and the doctor none of her own.
    declared_by_others(&world, EMERGENCIES_MAX - EMERGENCIES_PER_USER_MAX).await;
    let doctor = Nurse::signs_in(&world, "U-hayashi", "D-hayashi").await;
    let told = doctor.declares("P-0001").await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.text().contains(citys) && !told.text().contains(own), "{}", told.text());
    // Who has reached both hears of his own.
    assert!(nurse.declares("P-0009").await.text().contains(own));
    assert_eq!(world.alerts().len(), EMERGENCIES_PER_USER_MAX, "what is refused is no alert");
}

/// As another process would write them whose users are many: the newest declaration so many times over, under new numbers, and not
/// the nurse's.
async fn declared_by_others(world: &World, count: usize) {
    let journal = world.registry_journal();
    let head = journal.head().unwrap().position;
    let newest = journal.read(Position::new(head.get() - 1), 1).unwrap().remove(0);
    let mut entry: Value = serde_json::from_slice(&newest.body).unwrap();
    let change = entry["changes"][0].clone();
    let number = change["emergency"]["id"].as_u64().unwrap();
    let another = |more: usize| {
        let mut change = change.clone();
        change["emergency"]["id"] = (number + more as u64).into();
        change["emergency"]["user_id"] = "U-kato".into();
        change
    };
    entry["changes"] = (1..=count).map(another).collect();
    let before = declared(world);
    journal.append(vec![serde_json::to_vec(&entry).unwrap()]).wait().unwrap();
    world.until("they are known", |world| declared(world) == before + count).await;
}

/// All at once: as many alerts as declarations, whether about one person or many.
#[tokio::test]
async fn declarations_at_once_are_told_of_as_often_as_they_are_made() {
    let world = World::start().await;
    world.issue_break_glass();
    let nurse = Nurse::arrives(&world).await;
    let token = field(&nurse.page(PAGE).await.text(), "form_token");
    let declare = async |person: String| {
        let pairs = [("form_token", token.as_str()), ("person", &person), ("reason", REASON), ("confirmed", "yes")];
        nurse.post(PAGE, &pairs).await.status
    };
    // Two clicks, and more.
    let clicks = futures_util::future::join_all((0..12).map(|_| declare("P-0001".to_owned()))).await;
    assert!(clicks.iter().all(|status| *status == StatusCode::SEE_OTHER), "{clicks:?}");
    assert_eq!((declared(&world), world.alerts().len()), (1, 1));
    let flood = futures_util::future::join_all((2..32).map(|number| declare(format!("P-{number:04}")))).await;
    let taken = flood.iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
    assert_eq!(taken, EMERGENCIES_PER_USER_MAX - 1, "{flood:?}");
    assert_eq!((declared(&world), world.alerts().len()), (EMERGENCIES_PER_USER_MAX, EMERGENCIES_PER_USER_MAX));
}

/// A number is declared about in one form, however it was typed: anything else would be about nobody, and told all the same.
#[tokio::test]
async fn a_number_in_small_or_wide_letters_is_the_same_number() {
    let world = World::start().await;
    world.issue_break_glass();
    let nurse = Nurse::arrives(&world).await;
    for typed in ["p-0001", "ｐ－０００１", "Ｐー０００１", "P-0001"] {
        assert_eq!(nurse.declares(typed).await.status, StatusCode::SEE_OTHER, "{typed}");
    }
    assert_eq!((declared(&world), world.alerts().len()), (1, 1));
    assert_eq!(nurse.reads("/fhir/Patient/P-0001").await, StatusCode::OK);
    assert!(nurse.page(PAGE).await.text().contains("autocapitalize=\"characters\""));
}

/// A profession without need of it, forms that are not ours, and what is left out of one: nothing is declared, nobody is told.
#[tokio::test]
async fn what_is_not_declared() {
    let world = World::start().await;
    world.issue_break_glass();
    let nurse = Nurse::arrives(&world).await;
    let token = field(&nurse.page(PAGE).await.text(), "form_token");
    let manager = Nurse::signs_in(&world, "U-kato", "D-kato").await;
    assert_eq!(manager.page(PAGE).await.status, StatusCode::NOT_FOUND);
    assert!(!manager.page("/").await.text().contains(PAGE));
    let pairs = [("form_token", "forged"), ("person", "P-0008"), ("reason", REASON), ("confirmed", "yes")];
    let refused = manager.post(PAGE, &pairs).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text());

    let long = "あ".repeat(201);
    for (token, person, reason, confirmed) in [
        ("forged", "P-0001", REASON, "yes"),
        ("", "P-0001", REASON, "yes"),
        (token.as_str(), "../P-0001", REASON, "yes"),
        (token.as_str(), "", REASON, "yes"),
        (token.as_str(), "P-0001", "", "yes"),
        (token.as_str(), "P-0001", "　", "yes"),
        (token.as_str(), "P-0001", long.as_str(), "yes"),
        (token.as_str(), "P-0001", "a\u{1b}b", "yes"),
        (token.as_str(), "P-0001", REASON, ""),
    ] {
        let pairs = [("form_token", token), ("person", person), ("reason", reason), ("confirmed", confirmed)];
        let told = nurse.post(PAGE, &pairs).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{person} {reason} {confirmed}: {}", told.text());
        assert!(told.text().contains("role=\"alert\""), "{}", told.text());
    }
    // Another site's form, and one made for another terminal.
    let pairs = [("form_token", token.as_str()), ("person", "P-0001"), ("reason", REASON), ("confirmed", "yes")];
    let foreign = Ask::post(PAGE, FORM, form(&pairs)).as_(&nurse.cookie).with("sec-fetch-site", "cross-site");
    assert_eq!(nurse.terminal.ask(foreign).await.unwrap().status, StatusCode::FORBIDDEN);
    let doctor = Nurse::signs_in(&world, "U-hayashi", "D-hayashi").await;
    assert_eq!(doctor.post(PAGE, &pairs).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((declared(&world), world.alerts().len()), (0, 0));

    // Nobody ends somebody else's.
    nurse.declares("Ｐ－０００１").await;
    let number = field(&nurse.page("/").await.text(), "emergency");
    let token = field(&doctor.page("/").await.text(), "form_token");
    // Told as one that has long been over.
    let others = doctor.post(END, &[("form_token", &token), ("emergency", &number)]).await;
    let forgotten = doctor.post(END, &[("form_token", &token), ("emergency", "999")]).await;
    assert_eq!((others.status, forgotten.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(others.text(), forgotten.text());
    let forged = nurse.post(END, &[("form_token", "forged"), ("emergency", &number)]).await;
    assert_eq!(forged.status, StatusCode::SEE_OTHER, "to where there is a fresh form");
    assert_eq!(
        nurse.reads("/fhir/Patient/P-0001").await,
        StatusCode::OK,
        "typed in full-width letters, and still there"
    );
}
