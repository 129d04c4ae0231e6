//! A certificate that ends soon, and the connection check, as people meet them in a browser.

use super::driver::{Browser, is_here};
use super::{care, in_order, sign_in};
use crate::world::World;

/// The smallest side of anything that is pressed, of what stands alone: links in a sentence are as high as it is (WCAG 2.2, 2.5.8).
const SMALLEST: &str = "Math.min(...[...document.querySelectorAll('button, .pages a, .links a, .notice a, .language')]\
                        .map(one => { let box = one.getBoundingClientRect(); return Math.min(box.width, box.height) }))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_and_the_connection_check() {
    if !is_here() {
        return;
    }
    let world = World::start().await;
    let password = world.changed_password("U-ono");
    let browser = Browser::start(&world, Some(&world.container("D-ono"))).await;
    let tab = browser.tab().await;
    let days = world.registry.snapshot().certificate(&world.serial("D-ono")).unwrap().not_after;
    // Nine days and a half are left.
    world.shift_clock(days.millis_since(world.now()) / 1000 - 9 * 86_400 - 43_200);

    // From the sign-in page, before anybody is signed in.
    tab.open(&care(&world, "/")).await;
    assert_eq!(tab.follow("a[href='/.sekisho/connection']").await, 200);
    assert_eq!(tab.heading().await, "接続診断");
    let text = tab.text().await;
    assert!(text.contains("TLS 1.3") && text.contains("残り9日"), "{text}");
    assert!(tab.ask(SMALLEST).await.as_f64().unwrap() >= 44.0);
    in_order(&tab, "connection").await;

    tab.open(&care(&world, "/")).await;
    assert!(tab.ask(SMALLEST).await.as_f64().unwrap() >= 44.0);
    assert_eq!(sign_in(&tab, "U-ono", password).await, 200);
    assert!(tab.text().await.contains("まもなく有効期間が終わります"));
    assert!(tab.ask(SMALLEST).await.as_f64().unwrap() >= 44.0);
    in_order(&tab, "home-ending").await;
    assert_eq!(tab.follow(".notice a[href='/.sekisho/terminals/expiring']").await, 200);
    assert!(tab.text().await.contains("D-ono"));
    assert!(tab.ask(SMALLEST).await.as_f64().unwrap() >= 44.0);
    in_order(&tab, "expiring").await;
    browser.close().await;
}
