//! Revocation as an act of people: reported on a page or at a desk, in force at once, confirmed by the facility administrator
//! with what it ended; and what a terminal meets whose certificate has ended.

mod matrix;
mod programs;
pub(crate) mod stalled;

use std::time::Duration;

use http::StatusCode;
use model::lifecycle::confirmation;
use model::{Author, Cause, DeviceId, Office};
use registry::Command;

use crate::world::{Ask, CARE, Http, Plan, Terminal, Tls, World, city};
use programs::{Programs, Told};

const RECORD: &str = "/fhir/Patient/P-0001";
const TERMINALS: &str = "/.sekisho/terminals";
const REPORT: &str = "/.sekisho/terminals/report";
const REVOCATIONS: &str = "/.sekisho/revocations";
const CONFIRM: &str = "/.sekisho/revocations/confirm";
const FORM: &str = "application/x-www-form-urlencoded";

/// A page's form token.
pub(crate) async fn ask_page(terminal: &Terminal, cookie: &str, target: &str) -> String {
    let page = terminal.ask(Ask::get(target).as_(cookie).with("accept", "text/html")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{target}: {}", page.text());
    let text = page.text();
    let token = text.split("name=\"form_token\" value=\"").nth(1).expect("a form").split('"').next().unwrap();
    token.to_owned()
}

/// A table in `docs/revocation.md`, between marks of its name. `UPDATE_TEXTS=1` writes it.
fn kept(name: &str, text: &str) {
    let path = crate::house::root().join("docs/revocation.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document.split_once(&begin).expect("a mark where it begins");
    let (was, after) = rest.split_once(&end).expect("a mark where it ends");
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{text}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(was, text, "docs/revocation.md: `{name}` is no longer so; UPDATE_TEXTS=1 rewrites it");
}

async fn page(terminal: &Terminal, cookie: &str, target: &str) -> (StatusCode, String) {
    let reply = terminal.ask(Ask::get(target).as_(cookie).with("accept", "text/html")).await.unwrap();
    (reply.status, reply.text())
}

/// Whose terminals one sees and reports: those one holds, those of the facility one administers, and no others.
#[tokio::test]
async fn a_terminal_is_reported_by_who_holds_it_and_by_his_administrator() {
    let world = World::start().await;
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    let (nakamura, nakamuras) = world.signed_in("U-nakamura", "D-nakamura").await;
    let (_, listed) = page(&sato, &satos, TERMINALS).await;
    assert!(listed.contains("device=D-sato") && !listed.contains("D-ono"), "{listed}");
    let (_, listed) = page(&ono, &onos, TERMINALS).await;
    assert!(listed.contains("device=D-sato") && listed.contains("device=D-ono"), "{listed}");
    assert!(!listed.contains("D-nakamura"), "{listed}");
    // What is not one's own is not there, whether there is such a terminal or not.
    for device in ["D-sato", "D-nobody", "", "D-sato%27"] {
        let target = format!("{REPORT}?device={device}");
        assert_eq!(page(&nakamura, &nakamuras, &target).await.0, StatusCode::NOT_FOUND, "{device}");
    }
    assert_eq!(page(&sato, &satos, &format!("{REPORT}?device=D-ono")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(page(&sato, &satos, REVOCATIONS).await.0, StatusCode::NOT_FOUND, "a user confirms nothing");
    let token = ask_page(&nakamura, &nakamuras, &format!("{REPORT}?device=D-nakamura")).await;
    let forms = [
        // Somebody else's terminal; none; a cause that is none of a user's; without the token; with somebody else's.
        (format!("form_token={token}&device=D-sato&because=stolen"), StatusCode::NOT_FOUND),
        (format!("form_token={token}&because=stolen"), StatusCode::NOT_FOUND),
        (format!("form_token={token}&device=D-nakamura&because=misuse"), StatusCode::BAD_REQUEST),
        (format!("form_token={token}&device=D-nakamura"), StatusCode::BAD_REQUEST),
        ("device=D-nakamura&because=stolen".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
    ];
    for (form, status) in forms {
        let reply = nakamura.ask(Ask::post(REPORT, FORM, form.clone()).as_(&nakamuras)).await.unwrap();
        assert_eq!(reply.status, status, "{form}: {}", reply.text());
    }
    let foreign = format!("form_token={token}&device=D-ono&because=stolen");
    assert_eq!(ono.ask(Ask::post(REPORT, FORM, foreign).as_(&onos)).await.unwrap().status, 422, "another's token");
    // A page of another site presses no button here, and nobody does without a session.
    let form = format!("form_token={token}&device=D-nakamura&because=stolen");
    for (name, value) in [("origin", "https://www.sekisho.localhost"), ("sec-fetch-site", "cross-site")] {
        let ask = Ask::post(REPORT, FORM, form.clone()).as_(&nakamuras).with(name, value);
        assert_eq!(nakamura.ask(ask).await.unwrap().code(), "foreign-form", "{name}");
    }
    assert_eq!(nakamura.ask(Ask::post(REPORT, FORM, form.clone())).await.unwrap().code(), "sign-in-required");
    assert_eq!(world.registry.snapshot().tasks().count(), 0, "something was revoked all the same");
    // The administrator, for a colleague who rings; twice is once.
    let token = ask_page(&ono, &onos, &format!("{REPORT}?device=D-sato")).await;
    for _ in 0..2 {
        let form = format!("form_token={token}&device=D-sato&because=lost");
        let reply = ono.ask(Ask::post(REPORT, FORM, form).as_(&onos)).await.unwrap();
        assert_eq!((reply.status, reply.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, TERMINALS));
    }
    let snapshot = world.registry.snapshot();
    let task = snapshot.task_of(&world.serial("D-sato")).unwrap();
    assert_eq!((task.by.to_string().as_str(), task.because), ("facility-administrator:K-ono", Cause::Lost));
    assert_eq!(sato.ask(Ask::get(RECORD).as_(&satos)).await.unwrap().code(), "certificate-revoked");
    let (_, listed) = page(&ono, &onos, TERMINALS).await;
    assert!(!listed.contains("device=D-sato"), "it is reported no more");
}

/// Art. 38-3: the administrator sees what a revocation ended, confirms it, and nobody else does.
#[tokio::test]
async fn the_administrator_confirms_with_what_it_ended() {
    let world = World::start().await;
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    let (nakamura, nakamuras) = world.signed_in("U-nakamura", "D-nakamura").await;
    let mut open = sato.connect().await.unwrap();
    let ask = Ask::get("/feeds/notes?patient=P-0001").as_(&satos).with("accept", "text/event-stream");
    let stream = open.start(ask).await.unwrap();
    let before = world.now();
    world
        .registry
        .execute(
            Command::RevokeDevice { device: "D-sato".parse().unwrap(), because: Cause::Stolen },
            Author::new(Office::CityClerk, "clerk-abe"),
            world.now(),
        )
        .unwrap();
    let serial = world.serial("D-sato");
    let task = |world: &World| world.registry.snapshot().task_of(&serial).unwrap().clone();
    world.until("what was cut is on record", |world| !task(world).effects.is_empty()).await;
    let told = task(&world);
    assert_eq!((told.connections(), told.exchanges(), told.state), (1, 1, confirmation::State::Effective));
    let last = told.last_octet_at().unwrap();
    assert!(last <= told.effects[0].at.plus_seconds(1) && before.plus_seconds(-60) <= last, "{told:?}");
    drop(stream);
    let (status, text) = page(&ono, &onos, REVOCATIONS).await;
    assert_eq!(status, StatusCode::OK);
    for shown in ["訪看タブレット 1", "佐藤 美咲", "盗難", "clerk-abe", "切れた接続の数"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let (_, home) = page(&ono, &onos, "/").await;
    assert!(home.contains("確認待ち 1件"), "{home}");
    // Another facility's administrator has a page, and this is not on it.
    let (status, text) = page(&nakamura, &nakamuras, REVOCATIONS).await;
    assert_eq!((status, text.contains("D-sato")), (StatusCode::OK, false));
    // With a token of his own, he gets as far as the question whose facility it is.
    let theirs = ask_page(&nakamura, &nakamuras, "/").await;
    let form = format!("form_token={theirs}&serial={serial}");
    let foreign = nakamura.ask(Ask::post(CONFIRM, FORM, form).as_(&nakamuras)).await.unwrap();
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{}", foreign.text());
    assert!(task(&world).is_open());
    let token = ask_page(&ono, &onos, REVOCATIONS).await;
    let form = format!("form_token={token}&serial={serial}");
    for (form, status) in
        [("serial=01", 422), (&format!("form_token={token}&serial=xyz"), 400), (&form, 303), (&form, 303)]
    {
        let reply = ono.ask(Ask::post(CONFIRM, FORM, form.to_owned()).as_(&onos)).await.unwrap();
        assert_eq!(reply.status, status, "{form}: {}", reply.text());
    }
    let confirmed = task(&world).confirmed.unwrap();
    assert_eq!(confirmed.by.to_string(), "facility-administrator:K-ono");
    let (_, text) = page(&ono, &onos, REVOCATIONS).await;
    assert!(text.contains("確認済") && text.contains("確認を待っている失効はありません"), "{text}");
}

/// A gateway that starts finds what was reported while none ran, and says that nothing was open.
#[tokio::test]
async fn a_gateway_that_comes_later_says_that_nothing_was_open() {
    let mut world = World::start().await;
    drop(world.keys("D-sato"));
    world.stop().await;
    let vault = registry::Vault::new(&[3; 32]).unwrap();
    let other = registry::Registry::open(world.registry_journal(), vault).unwrap();
    let revoke = Command::RevokeDevice { device: "D-sato".parse().unwrap(), because: Cause::Broken };
    other.execute(revoke, city::clerk(), world.now()).unwrap();
    world.restart().await;
    let serial = world.serial("D-sato");
    let told = |world: &World| !world.registry.snapshot().task_of(&serial).unwrap().effects.is_empty();
    world.until("it says so", told).await;
    let snapshot = world.registry.snapshot();
    let task = snapshot.task_of(&serial).unwrap();
    assert_eq!((task.connections(), task.last_octet_at(), task.effects.len()), (0, None, 1));
}

/// What has ended meets one page, in whatever it speaks and asks; the page needs nothing else, and leads to nothing.
#[tokio::test]
async fn what_has_ended_meets_one_page_and_nothing_else() {
    let world = crate::cutting::compatible().await;
    let keys = world.keys("D-sato");
    let programs = Programs::new(&world, &keys);
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    world.revoke("D-sato");
    world.store.clear_requests();
    for arguments in [&["--http1.1"][..], &["--http2"], &["--tls-max", "1.2"], &["-H", "accept: text/html"]] {
        for target in ["/", RECORD, TERMINALS, "/.sekisho/style.css", "/.sekisho/problems/refused"] {
            assert_eq!(programs.get(&cookie, arguments, target).await, Told::Page, "{arguments:?} {target}");
        }
        let post = [arguments, &["--data-binary", "{}", "-H", "content-type: application/fhir+json"]].concat();
        assert_eq!(programs.get(&cookie, &post, "/fhir/Communication").await, Told::Page, "{arguments:?}");
    }
    assert!(world.store.requests().is_empty() && world.entries().is_empty());
    for http in [Http::One, Http::Two] {
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let mut connection = terminal.connect().await.unwrap();
        let page = connection.ask(Ask::get("/?lang=en").with("accept", "text/html")).await.unwrap();
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        let text = page.text();
        assert!(text.contains("<html lang=\"en\"") && text.contains("0000-20-1999"), "whom to call: {text}");
        assert!(text.contains("<style>") && !text.contains("<link") && !text.contains("<form"), "{text}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(page.headers.contains_key("sekisho-incident") && !page.headers.contains_key("set-cookie"));
        // It ends by itself. Over HTTP/2 a request may cross the goodbye, and is told the same.
        let ending = async {
            while let Ok(again) = connection.ask(Ask::get("/")).await {
                assert_eq!(again.status, StatusCode::FORBIDDEN, "{http:?}");
            }
        };
        tokio::time::timeout(Duration::from_secs(5), ending).await.expect("it answers for ever");
    }
    // Nothing of it stands among the living, where a change would reset it while it is read.
    assert_eq!(world.living().0, 0);
}

/// Whoever asks for the page again and again is told nothing any more, and others are served all the same.
#[tokio::test]
async fn the_page_is_not_told_for_ever() {
    let few = anomaly::Quota::new(1, 3600, 3);
    let plan = Plan::default();
    let rates = gateway::Rates { per_source: few, ..plan.rates };
    let world = World::planned(Plan { rates, workers: 1, ..plan }).await;
    let lost = world.terminal("D-sato");
    world.revoke("D-sato");
    let mut told = 0;
    for _ in 0..10 {
        told += usize::from(lost.ask(Ask::get("/")).await.is_ok());
    }
    assert_eq!(told, 3);
    let (nakamura, cookie) = world.signed_in("U-nakamura", "D-nakamura").await;
    assert_eq!(nakamura.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    // Silent ones hold a few places for a few seconds, and no more.
    let other = World::start().await;
    let lost = other.terminal("D-sato");
    other.revoke("D-sato");
    let mut silent = lost.raw().await.unwrap();
    let mut piece = [0; 64];
    let gone = tokio::io::AsyncReadExt::read(&mut silent, &mut piece);
    let ended = tokio::time::timeout(gateway::bounds::ISOLATED_MAX + Duration::from_secs(5), gone).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "a silent one is kept");
}

/// All terminals of a facility go in one act of two officers, and those of the neighbour stay.
#[tokio::test]
async fn a_facility_goes_in_one_act() {
    let world = World::start().await;
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    let (nakamura, nakamuras) = world.signed_in("U-nakamura", "D-nakamura").await;
    let facility: model::FacilityId = "F-nursing".parse().unwrap();
    world.officer(Command::ProposeFacilityRevocation {
        facility: facility.clone(),
        because: Cause::Compromised,
        reason: "侵入".to_owned(),
    });
    assert_eq!(sato.ask(Ask::get(RECORD).as_(&satos)).await.unwrap().status, StatusCode::OK);
    let approve = Command::ApproveFacilityRevocation { facility };
    world.registry.execute(approve, city::officer("officer-mori"), world.now()).unwrap();
    for (terminal, cookie) in [(&sato, &satos), (&ono, &onos)] {
        assert_eq!(terminal.ask(Ask::get(RECORD).as_(cookie)).await.unwrap().code(), "certificate-revoked");
    }
    assert_eq!(nakamura.ask(Ask::get(RECORD).as_(&nakamuras)).await.unwrap().status, StatusCode::OK);
    let snapshot = world.registry.snapshot();
    let devices: Vec<&DeviceId> = snapshot.open_tasks().map(|task| &task.device).collect();
    assert_eq!(devices.len(), 2, "one task for each terminal that had a certificate: {devices:?}");
}

/// The hosts stay apart: the public one tells a terminal nothing, whatever its certificate.
#[tokio::test]
async fn the_public_host_goes_on_for_everybody() {
    let world = World::start().await;
    let keys = world.keys("D-sato");
    world.revoke("D-sato");
    let public = Terminal::new(world.address, crate::world::PUBLIC, &world.authority.root_der(), Some(&keys));
    assert_eq!(public.ask(Ask::get("/")).await.unwrap().status, StatusCode::OK);
    let crossing = public.ask(Ask::get(RECORD).with("host", CARE)).await.unwrap();
    assert_eq!(crossing.status, StatusCode::MISDIRECTED_REQUEST);
}
