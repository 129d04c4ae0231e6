//! Signing in, the first password, sessions and their ends.

use http::StatusCode;
use model::{FacilityId, Profession, UserId, UserKey};
use registry::Command;
use serde_json::json;

use crate::world::{Ask, CARE, PASSWORD, Plan, World};

const RECORD: &str = "/fhir/Patient/P-0001";
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn field(page: &str, name: &str) -> String {
    let start = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name}: {page}"));
    let tag_start = page[..start].rfind('<').unwrap();
    let tag = &page[tag_start..page[tag_start..].find('>').unwrap() + tag_start];
    tag.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn the_first_password_opens_the_change_page_and_nothing_else() {
    let world = World::start().await;
    let terminal = world.terminal("D-sato");
    let first = world.first_password("U-sato");
    let cookie = terminal.sign_in("U-sato", &first).await.unwrap();
    for target in [RECORD, "/.sekisho/history"] {
        let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (StatusCode::FORBIDDEN, "password-change-required"),
            "{target}"
        );
    }
    let change = |current: &str, new: &str| {
        let body = json!({ "current": current, "new": new }).to_string();
        terminal.ask(Ask::post("/.sekisho/password", "application/json", body).as_(&cookie))
    };
    assert_eq!(change("wrong", PASSWORD).await.unwrap().code(), "wrong-credentials");
    assert_eq!(change(&first, "short").await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(change(&first, &first).await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
    let changed = change(&first, PASSWORD).await.unwrap();
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let fresh = changed.cookie().unwrap();
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&fresh)).await.unwrap().status, StatusCode::OK);
    // The session of the first password is over, and so is the password.
    let old = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!(old.code(), "session-ended");
    assert_eq!(terminal.sign_in("U-sato", &first).await.unwrap_err().code(), "wrong-credentials");
}

#[tokio::test]
async fn people_sign_in_by_pages() {
    let world = World::start().await;
    let terminal = world.terminal("D-sato");
    world.changed_password("U-sato");
    let asked = terminal.ask(Ask::get(RECORD).with("accept", "text/html")).await.unwrap();
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    let sign_in = asked.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(sign_in, "/.sekisho/sign-in?next=%2Ffhir%2FPatient%2FP-0001");
    let page = terminal.ask(Ask::get(&sign_in).with("accept", "text/html")).await.unwrap().text();
    assert!(page.contains("訪看タブレット 1"), "the terminal is not named: {page}");
    let (token, next) = (field(&page, "form_token"), field(&page, "next"));
    assert_eq!(next, RECORD);
    let post = |password: &str, token: &str| {
        let body = form(&[("user_id", "U-sato"), ("password", password), ("form_token", token), ("next", &next)]);
        Ask::post("/.sekisho/sign-in", FORM, body)
            .with("accept", "text/html")
            .with("origin", &format!("https://{CARE}"))
    };
    let wrong = terminal.ask(post("not this one", &token)).await.unwrap();
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.cookie().is_none() && wrong.text().contains("<form"));
    let forged = terminal.ask(post(PASSWORD, "forged")).await.unwrap();
    assert!(forged.cookie().is_none());
    let foreign = post(PASSWORD, &token).with("sec-fetch-site", "cross-site");
    assert_eq!(terminal.ask(foreign).await.unwrap().status, StatusCode::FORBIDDEN);
    let welcome = terminal.ask(post(PASSWORD, &token)).await.unwrap();
    assert_eq!(welcome.status, StatusCode::SEE_OTHER, "{}", welcome.text());
    assert_eq!(welcome.headers["location"], RECORD);
    let cookie = welcome.cookie().unwrap();

    let home = terminal.ask(Ask::get("/").as_(&cookie).with("accept", "text/html")).await.unwrap();
    assert_eq!(home.status, StatusCode::OK);
    let text = home.text();
    assert!(text.contains("佐藤 美咲") && text.contains("P-0001"), "{text}");
    for hidden in ["P-0005", "P-0008", "P-0004"] {
        assert!(!text.contains(hidden), "{hidden} is named");
    }
    let english =
        terminal.ask(Ask::get("/").as_(&format!("{cookie}; sekisho-language=en")).with("accept", "text/html"));
    assert!(english.await.unwrap().text().contains("lang=\"en\""));

    terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    let history = terminal.ask(Ask::get("/.sekisho/history").as_(&cookie).with("accept", "text/html")).await.unwrap();
    assert!(history.text().contains("斎藤 典子"), "{}", history.text());

    let out = Ask::post("/.sekisho/sign-out", FORM, "").as_(&cookie).with("accept", "text/html");
    let out = terminal.ask(out.with("origin", &format!("https://{CARE}"))).await.unwrap();
    assert_eq!(out.status, StatusCode::OK, "{}", out.text());
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().code(), "session-ended");
}

#[tokio::test]
async fn unknown_ids_and_wrong_passwords_are_one_answer_and_get_slower() {
    let world = World::start().await;
    let terminal = world.terminal("D-sato");
    world.changed_password("U-sato");
    let known = terminal.sign_in("U-sato", "wrong").await.unwrap_err();
    let unknown = terminal.sign_in("U-nobody", "wrong").await.unwrap_err();
    let odd = terminal.sign_in("../etc/passwd\u{202e}", "wrong").await.unwrap_err();
    let plain = |reply: &crate::world::Reply| {
        let mut json = reply.json();
        json["instance"] = json!("*");
        (reply.status, json)
    };
    assert_eq!(plain(&known), plain(&unknown));
    assert_eq!(plain(&known), plain(&odd));
    for _ in 0..6 {
        let _ = terminal.sign_in("U-sato", "wrong").await;
    }
    let slowed = terminal.sign_in("U-sato", PASSWORD).await.unwrap_err();
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS, "{}", slowed.text());
    assert!(slowed.headers.contains_key("retry-after"));
    // Guessing on one terminal does not shut her out of another one of her facility.
    let other = world.terminal("D-ono");
    assert!(other.sign_in("U-sato", PASSWORD).await.is_ok());
    // And it is never for good.
    world.shift_clock(1800);
    assert!(terminal.sign_in("U-sato", PASSWORD).await.is_ok());
}

/// A user ID stands on the notice in capitals and digits; on a tablet it is typed as it comes.
#[tokio::test]
async fn a_user_id_is_understood_as_it_is_typed() {
    let world = World::start().await;
    let user = UserKey::new("K-0015").unwrap();
    world.clerk(Command::RegisterUser { user: user.clone(), name: "石川 和子".to_owned() });
    let granted = world.clerk(Command::GrantUserId {
        user_id: UserId::new("U-0015").unwrap(),
        user,
        facility: FacilityId::new("F-nursing").unwrap(),
        profession: Profession::Nurse,
        recognised_by: None,
    });
    let password = crate::world::city::first_password(&granted);
    let terminal = world.terminal("D-sato");
    for typed in ["U-0015", "u-0015", "Ｕ－００１５", "　ｕー００１５ "] {
        let reply = terminal.ask(Ask::post(
            "/.sekisho/session",
            "application/json",
            json!({ "user_id": typed, "password": password }).to_string(),
        ));
        // Whoever wrote it how: signed in, and on record, is the one ID.
        assert_eq!(reply.await.unwrap().json()["user_id"], "U-0015", "{typed}");
    }
    // The one typed comes first: `U-sato` is known, and nobody is `U-SATO`.
    world.changed_password("U-sato");
    assert!(terminal.sign_in("Ｕ－sato", PASSWORD).await.is_ok());
    assert_eq!(terminal.sign_in("u-sato", PASSWORD).await.unwrap_err().code(), "wrong-credentials");
}

#[tokio::test]
async fn sessions_end_by_the_clock() {
    let world = World::planned(Plan { trusting_store: true, ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.shift_clock(120);
    let touched = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    let cookie = touched.cookie().unwrap_or_else(|| panic!("the cookie is not written anew: {}", touched.text()));
    world.shift_clock(901);
    let idle = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!(idle.code(), "session-idle");
    world.shift_clock(12 * 3600);
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().code(), "session-over");
    let forged = terminal.ask(Ask::get(RECORD).as_("__Host-sekisho=AAAA")).await.unwrap();
    assert_eq!(forged.code(), "session-ended");
    let twice = terminal.ask(Ask::get(RECORD).as_(&format!("{cookie}; {cookie}"))).await.unwrap();
    assert_eq!(twice.code(), "sign-in-required");
}
