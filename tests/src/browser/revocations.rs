//! A lost terminal, as people meet it in a browser: the report, the page that the terminal shows from then on, and the
//! confirmation.

use super::driver::{Browser, is_here};
use super::{care, in_order, sign_in};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_is_reported_shown_and_confirmed() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    let password = world.changed_password("U-ono");
    let lost = Browser::start(&world, Some(&world.container("D-sato"))).await;
    let found = lost.tab().await;
    assert_eq!(found.open(&care(&world, "/")).await, 200);
    let browser = Browser::start(&world, Some(&world.container("D-ono"))).await;
    let tab = browser.tab().await;
    tab.open(&care(&world, "/")).await;
    assert_eq!(sign_in(&tab, "U-ono", password).await, 200);

    // Three clicks from the first page: my terminals, this one, stolen.
    assert_eq!(tab.follow("a[href='/.sekisho/terminals']").await, 200);
    in_order(&tab, "terminals").await;
    assert_eq!(tab.follow("a[href='/.sekisho/terminals/report?device=D-sato']").await, 200);
    assert!(tab.text().await.contains("元に戻すことはできません"));
    in_order(&tab, "report").await;
    assert_eq!(tab.follow("button[value=stolen]").await, 200);
    assert_eq!(tab.path().await, "/.sekisho/terminals");
    assert!(tab.text().await.contains("使える電子証明書はありません"));

    // Whoever has it reads one page, in Japanese first, styled, without a complaint of the browser's.
    assert_eq!(found.open(&care(&world, "/fhir/Patient/P-0001")).await, 403);
    assert_eq!(found.heading().await, "この端末の電子証明書は失効しています");
    assert!(found.text().await.contains("0000-20-1999"), "whom to call");
    in_order(&found, "isolated").await;
    assert_eq!(found.follow(".language").await, 403);
    in_order(&found, "isolated-english").await;

    // The administrator sees what was cut, and confirms.
    world
        .until("it is on record", |world| world.registry.snapshot().open_tasks().any(|one| !one.effects.is_empty()))
        .await;
    tab.open(&care(&world, "/")).await;
    in_order(&tab, "home-revocation-waiting").await;
    assert_eq!(tab.follow("a[href='/.sekisho/revocations']").await, 200);
    let text = tab.text().await;
    assert!(text.contains("盗難") && text.contains("小野 彩"), "{text}");
    in_order(&tab, "revocations").await;
    assert_eq!(tab.follow("form button").await, 200);
    assert!(tab.text().await.contains("確認を待っている失効はありません"));
    in_order(&tab, "revocations-confirmed").await;
    lost.close().await;
    browser.close().await;
}
