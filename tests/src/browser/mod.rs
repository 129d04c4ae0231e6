//! What people do, in the browser that they do it with: Chromium, with the terminal's certificate in its store.
//!
//! `SEKISHO_PICTURES=folder` keeps a picture of every page on the way, at two widths, for people to look at.

mod driver;
mod ending;
mod revocations;
mod talking;

use audit::Verdict;
use driver::{Browser, Tab, is_here};
use model::suspension::Target;
use model::{Article, UserId};
use registry::Command;

use crate::world::{CARE, PASSWORD, PUBLIC, World};

const HOME: &str = "はじめの画面";
const SIGN_IN: &str = "ログイン";
const SIGNED_OUT: &str = "ログアウトしました";
const CHANGE: &str = "パスワードの変更";
const OUTLINE: &str = "在宅医療・介護連携ネットワークのご案内";

fn care(world: &World, path: &str) -> String {
    format!("https://{CARE}:{}{path}", world.address.port())
}

fn public(world: &World, path: &str) -> String {
    format!("https://{PUBLIC}:{}{path}", world.address.port())
}

/// Signs in as people do: the cursor is there already.
async fn sign_in(tab: &Tab, user_id: &str, password: &str) -> u16 {
    assert_eq!(tab.focus().await, "user_id");
    tab.type_here(user_id).await;
    tab.next_field().await;
    tab.type_here(password).await;
    tab.enter().await
}

/// Fills in the page for changing the password.
async fn change(tab: &Tab, current: &str, new: &str, again: &str) -> u16 {
    assert_eq!(tab.focus().await, "current");
    tab.type_here(current).await;
    for password in [new, again] {
        tab.next_field().await;
        tab.type_here(password).await;
    }
    tab.enter().await
}

/// The page is in order: styled, and nothing that the browser complains of since the tab was made.
async fn in_order(tab: &Tab, picture: &str) {
    assert!(tab.is_styled().await, "no style sheet on {}", tab.path().await);
    assert_eq!(tab.complaints(), Vec::<String>::new(), "{}", tab.path().await);
    let Some(folder) = std::env::var_os("SEKISHO_PICTURES") else { return };
    for width in [1280, 360] {
        tab.photograph(width, &std::path::Path::new(&folder).join(format!("{picture}-{width}.png"))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nurse_s_first_day() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    let browser = Browser::start(&world, Some(&world.container("D-sato"))).await;
    let tab = browser.tab().await;

    // The slip from the city names one address, the leaflet the other.
    assert_eq!((tab.open(&public(&world, "/")).await, tab.heading().await.as_str()), (200, OUTLINE));
    in_order(&tab, "outline").await;
    assert_eq!((tab.open(&care(&world, "/")).await, tab.heading().await.as_str()), (200, SIGN_IN));
    assert!(tab.text().await.contains("訪看タブレット 1"), "the terminal is not named");
    in_order(&tab, "sign-in").await;

    // Mistyped from paper: told so, and the user ID is still there.
    let first = world.first_password("U-sato");
    assert_eq!(sign_in(&tab, "U-sato", "mistyped").await, 401);
    assert!(tab.text().await.contains("ログインできませんでした"));
    assert_eq!(tab.ask("document.querySelector('[name=user_id]').value").await, "U-sato");
    in_order(&tab, "sign-in-wrong").await;

    // The first password opens the change page, and the way home leads back there. Only the password is typed again, and the
    // cursor is where it belongs.
    assert_eq!(tab.focus().await, "password");
    tab.type_here(&first).await;
    assert_eq!(tab.enter().await, 200);
    assert_eq!((tab.path().await.as_str(), tab.heading().await.as_str()), ("/.sekisho/password", CHANGE));
    tab.open(&care(&world, "/")).await;
    assert_eq!(tab.heading().await, CHANGE);
    assert_eq!(change(&tab, &first, PASSWORD, "another one than this").await, 422);
    in_order(&tab, "change-not-repeated").await;
    assert_eq!(change(&tab, "not this one", PASSWORD, PASSWORD).await, 422);
    in_order(&tab, "change-current-wrong").await;
    assert_eq!(change(&tab, &first, PASSWORD, PASSWORD).await, 200);

    // Home, with those she cares for and nobody else.
    assert_eq!((tab.path().await.as_str(), tab.heading().await.as_str()), ("/", HOME));
    let text = tab.text().await;
    assert!(text.contains("佐藤 美咲") && text.contains("斎藤 典子"), "{text}");
    in_order(&tab, "home").await;
    assert_eq!(tab.follow(".language").await, 200);
    assert_eq!(tab.heading().await, "Start");
    in_order(&tab, "home-english").await;
    assert_eq!(tab.follow(".language").await, 200);
    assert_eq!(tab.heading().await, HOME);

    // A record, and then her own history says so.
    assert_eq!(tab.open(&care(&world, "/fhir/Patient/P-0001")).await, 200);
    tab.open(&care(&world, "/")).await;
    assert_eq!(tab.follow("a[href='/.sekisho/history']").await, 200);
    let text = tab.text().await;
    assert!(text.contains("斎藤 典子") && text.contains("閲覧"), "{text}");
    in_order(&tab, "history").await;

    // Signed out: the cookie that is left opens nothing, neither here nor in another tab.
    tab.open(&care(&world, "/")).await;
    let other = browser.tab().await;
    other.open(&care(&world, "/")).await;
    assert_eq!(other.heading().await, HOME);
    assert_eq!(tab.follow("form button").await, 200);
    assert_eq!(tab.heading().await, SIGNED_OUT);
    in_order(&tab, "signed-out").await;
    other.reload().await;
    assert_eq!(other.heading().await, SIGN_IN);

    // The second day: the password she chose, and where she had wanted to go.
    tab.open(&care(&world, "/.sekisho/history")).await;
    assert_eq!(tab.heading().await, SIGN_IN);
    assert_eq!(sign_in(&tab, "Ｕ－sato　", PASSWORD).await, 200);
    assert_eq!(tab.path().await, "/.sekisho/history");
    in_order(&tab, "history-again").await;
    browser.close().await;
}

/// A doctor declares an emergency with the keyboard alone, finds it on the first page, and ends it there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doctor_declares_an_emergency() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    world.changed_password("U-hayashi");
    world.issue_break_glass();
    let browser = Browser::start(&world, Some(&world.container("D-hayashi"))).await;
    let tab = browser.tab().await;
    tab.open(&care(&world, "/")).await;
    assert_eq!(sign_in(&tab, "U-hayashi", PASSWORD).await, 200);
    assert_eq!(tab.follow("a[href='/.sekisho/emergency']").await, 200);
    assert_eq!(tab.heading().await, "緊急時の申告");
    in_order(&tab, "emergency").await;
    assert_eq!(tab.follow(".language").await, 200);
    assert_eq!(tab.heading().await, "Declare an emergency");
    in_order(&tab, "emergency-english").await;
    tab.follow(".language").await;
    // A person that cannot be one: told so, and what else was typed is still there.
    for (person, status) in [("P-0001?", 422), ("P-0001", 200)] {
        tab.ask("document.querySelector('#person').select()").await;
        tab.ask("document.querySelector('#person').focus()").await;
        tab.type_here(person).await;
        tab.next_field().await;
        if status == 422 {
            tab.type_here("訪問先で意識がない。家族は不在。").await;
        }
        assert_eq!(tab.focus().await, "reason");
        tab.click("#confirmed").await;
        assert_eq!(tab.ask("document.querySelector('#confirmed').checked").await, true);
        tab.ask("document.querySelector('#reason').focus()").await;
        assert_eq!(tab.enter().await, status);
        in_order(&tab, &format!("emergency-{status}")).await;
    }
    assert_eq!(tab.heading().await, HOME);
    assert!(tab.text().await.contains("申告中の緊急時"));
    tab.open(&care(&world, "/fhir/MedicationStatement/med-0001-01")).await;
    assert!(tab.text().await.contains("P-0001"));
    tab.open(&care(&world, "/")).await;
    assert_eq!(tab.follow("form button").await, 200);
    assert!(!tab.text().await.contains("申告中の緊急時"));
    in_order(&tab, "emergency-ended").await;
    browser.close().await;
}

/// What a suspension says on every page is said once, with the telephone, and without a way that leads in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_suspended_finds_the_telephone() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    world.changed_password("U-sato");
    let browser = Browser::start(&world, Some(&world.container("D-sato"))).await;
    let tab = browser.tab().await;
    tab.open(&care(&world, "/")).await;
    assert_eq!(sign_in(&tab, "U-sato", PASSWORD).await, 200);
    world.officer(Command::Suspend {
        target: Target::UserId(UserId::new("U-sato").unwrap()),
        reason: "照会中".to_owned(),
        article: Article::paragraph(29, 1),
        until: None,
    });
    let new_tab = browser.tab().await;
    new_tab.open(&care(&world, "/.sekisho/sign-in")).await;
    let (reloaded, signed_in) = (tab.reload().await, sign_in(&new_tab, "U-sato", PASSWORD).await);
    assert_eq!((reloaded, signed_in), (403, 403));
    for (tab, picture) in [(&tab, "suspended"), (&new_tab, "suspended-at-sign-in")] {
        let text = tab.text().await;
        assert!(text.contains("ユーザーIDは一時停止されています。") && text.contains("受付番号"), "{text}");
        assert_eq!(tab.ask("document.querySelectorAll('main a:not([href^=tel])').length").await, 0);
        assert_eq!(tab.ask("document.querySelector('main a').getAttribute('href')").await, "tel:0000201000");
        in_order(tab, picture).await;
    }
    browser.close().await;
}

/// One certificate names both hosts, so a browser may send requests for one over a connection to the other (RFC 9113 9.1.1).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_hosts_in_one_browser_in_any_order() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    world.changed_password("U-sato");
    let container = world.container("D-sato");
    for care_first in [true, false] {
        let browser = Browser::start(&world, Some(&container)).await;
        let (one, other) = (browser.tab().await, browser.tab().await);
        if care_first {
            assert_eq!((one.open(&care(&world, "/")).await, one.heading().await.as_str()), (200, SIGN_IN));
        }
        assert_eq!((other.open(&public(&world, "/")).await, other.heading().await.as_str()), (200, OUTLINE));
        assert_eq!((one.open(&care(&world, "/")).await, one.heading().await.as_str()), (200, SIGN_IN));
        // Forms too come again, unchanged, when they took the wrong way.
        assert_eq!((other.reload().await, sign_in(&one, "U-sato", PASSWORD).await), (200, 200));
        assert_eq!(one.heading().await, HOME);
        assert_eq!((other.reload().await, one.reload().await), (200, 200));
        in_order(&one, "home-beside-outline").await;
        in_order(&other, "outline-beside-home").await;
        assert!(one.protocols().iter().all(|protocol| protocol == "h2"), "{:?}", one.protocols());
        browser.close().await;
    }
}

/// Another port of the care host, and the public host, are the same *site*: the browser sends the cookie along. That they
/// are another *origin* is ours to see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_of_other_origins_change_nothing() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    world.changed_password("U-sato");
    world.changed_password("U-ono");
    let browser = Browser::start(&world, Some(&world.container("D-sato"))).await;
    let tab = browser.tab().await;
    tab.open(&care(&world, "/")).await;
    assert_eq!(sign_in(&tab, "U-sato", PASSWORD).await, 200);
    let before = (world.registry.snapshot().generation(), world.entries().len());

    let stolen = format!(
        "<input name=current value='{PASSWORD}'><input name=new value='a password of theirs'>
         <input name=again value='a password of theirs'>"
    );
    let forms = [
        ("sign-out", form(&world, "/.sekisho/sign-out", "")),
        ("password", form(&world, "/.sekisho/password", &stolen)),
        // Signing her in as somebody else, so that what she writes goes to his account.
        (
            "sign-in",
            form(
                &world,
                "/.sekisho/sign-in",
                &format!("<input name=user_id value=U-ono><input name=password value='{PASSWORD}'>"),
            ),
        ),
        (
            "record",
            form(&world, "/fhir/Observation", "<input name='{\"resourceType\":\"Observation\",\"x\":\"' value='\"}'>"),
        ),
    ];
    let (there, other_port) = world.another_site(forms[0].1.clone()).await;
    for (name, form) in &forms {
        *there.lock().unwrap() = form.clone();
        for stranger in [format!("https://{CARE}:{other_port}/"), format!("https://{PUBLIC}:{other_port}/")] {
            let attacker = browser.tab().await;
            assert_eq!(attacker.open(&stranger).await, 200);
            assert_eq!(attacker.follow("button").await, 403, "{name} from {stranger}");
            assert_eq!(attacker.heading().await, "画面を開き直してください");
        }
        // A page on the public host itself, had somebody got the better of it.
        let attacker = browser.tab().await;
        attacker.lift_policy().await;
        attacker.open(&public(&world, "/")).await;
        attacker.ask(&format!("document.body.innerHTML = {}", serde_json::json!(form))).await;
        assert_eq!(attacker.follow("button").await, 403, "{name} from the public host");
        assert_eq!(attacker.heading().await, "画面を開き直してください");
        assert!(attacker.is_styled().await);
    }

    tab.reload().await;
    assert_eq!(tab.heading().await, HOME);
    assert!(tab.text().await.contains("佐藤 美咲"));
    assert_eq!(world.registry.snapshot().generation(), before.0, "something was decided");
    assert!(world.entries().iter().skip(before.1).all(|entry| entry.verdict == Verdict::Refused));
    assert_eq!(world.store_saw(), Vec::<String>::new());
    in_order(&tab, "home-after-attack").await;
    // And the same form of our own page does.
    assert_eq!(tab.follow("form button").await, 200);
    assert_eq!(tab.heading().await, SIGNED_OUT);
    browser.close().await;
}

fn form(world: &World, path: &str, fields: &str) -> String {
    let kind = if path.starts_with("/fhir/") { "text/plain" } else { "application/x-www-form-urlencoded" };
    format!(
        "<!DOCTYPE html><title>prize</title><form method=post enctype='{kind}' action='{}'>{fields}
         <button>prize</button></form>",
        care(world, path)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_without_certificate_and_one_with_a_revoked_one_are_helped() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    let stranger = Browser::start(&world, None).await;
    let tab = stranger.tab().await;
    assert_eq!(tab.open(&care(&world, "/")).await, 401);
    assert_eq!(tab.heading().await, "電子証明書を確認できません");
    in_order(&tab, "help-missing").await;
    assert_eq!(tab.open(&public(&world, "/")).await, 200);
    in_order(&tab, "outline-without-certificate").await;
    stranger.close().await;

    let container = world.container("D-sato");
    let browser = Browser::start(&world, Some(&container)).await;
    let tab = browser.tab().await;
    assert_eq!((tab.open(&care(&world, "/")).await, tab.heading().await.as_str()), (200, SIGN_IN));
    world.revoke("D-sato");
    assert_eq!(tab.reload().await, 403);
    assert_eq!(tab.heading().await, "この端末の電子証明書は失効しています");
    in_order(&tab, "help-revoked").await;
    browser.close().await;
    // And so does a browser that was started only now.
    let browser = Browser::start(&world, Some(&container)).await;
    let tab = browser.tab().await;
    assert_eq!(tab.open(&care(&world, "/")).await, 403);
    assert_eq!(tab.heading().await, "この端末の電子証明書は失効しています");
    in_order(&tab, "help-revoked-again").await;
    browser.close().await;
}

/// Pictures of pages that the gateway's own tests wrote: `SEKISHO_PAGES_TO=folder cargo test -p gateway -- --ignored
/// write_pages`, then the same folder here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes pictures for people to look at"]
async fn take_pictures() {
    let folder = std::path::PathBuf::from(std::env::var("SEKISHO_PAGES_TO").expect("SEKISHO_PAGES_TO names a folder"));
    let world = World::start().await;
    let browser = Browser::start(&world, None).await;
    let tab = browser.tab().await;
    let pages = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    for page in pages.filter(|path| path.extension().is_some_and(|end| end == "html")) {
        tab.open(&format!("file://{}", page.display())).await;
        for width in [1280, 360] {
            tab.photograph(width, &page.with_extension(format!("{width}.png"))).await;
        }
    }
    browser.close().await;
}
