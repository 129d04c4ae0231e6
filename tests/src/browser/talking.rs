//! WebSockets in a browser: by a page of our own, over whatever the browser chooses, and by a page of somebody else's.

use super::{Browser, PASSWORD, care, is_here, public, sign_in};
use crate::world::{Plan, World};

/// Talks, with 64 MiB of octets among it, and puts down what it is answered in `window.out`.
const TALKS: &str = "(() => {
    const out = window.out = [];
    const socket = new WebSocket(ADDRESS, 'notes.v1');
    socket.binaryType = 'arraybuffer';
    const long = new Uint8Array(64 << 20).fill(7);
    socket.onopen = () => { out.push(`open ${socket.protocol} [${socket.extensions}]`); socket.send('体温 36.5'); };
    socket.onmessage = ({ data }) => {
        if (typeof data === 'string') { out.push(`text ${data}`); socket.send(long.buffer); return; }
        const same = new Uint8Array(data);
        out.push(`octets ${same.length} ${same[0]} ${same[same.length - 1]}`);
        CLOSES
    };
    socket.onerror = () => out.push('error');
    socket.onclose = ({ code, reason, wasClean }) => out.push(`closed ${code} ${reason} ${wasClean}`);
})()";

async fn talked(tab: &super::Tab, address: &str, closes: &str) -> Vec<String> {
    tab.ask(&TALKS.replace("ADDRESS", &format!("'{address}'")).replace("CLOSES", closes)).await;
    for _ in 0..600 {
        let out = tab.ask("window.out").await;
        let out: Vec<String> = out.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect();
        if out.iter().any(|line| line.starts_with("closed")) {
            return out;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("in vain: {}", tab.ask("window.out").await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_ours_talks_and_nobody_elses_does() {
    if !is_here() {
        return;
    }
    let world = World::planned(Plan { maps: vec!["deploy/maps/notes.toml"], ..Plan::default() }).await;
    world.changed_password("U-sato");
    let browser = Browser::start(&world, Some(&world.container("D-sato"))).await;
    let tab = browser.tab().await;
    // Our own pages open no socket; what a script of the house could do is seen with their policy lifted.
    tab.lift_policy().await;
    tab.open(&care(&world, "/")).await;
    assert_eq!(sign_in(&tab, "U-sato", PASSWORD).await, 200);
    tab.look_away().await;
    let address = care(&world, "/notes/people/P-0001/talk").replace("https:", "wss:");
    let out = talked(&tab, &address, "socket.close(4001, 'enough');").await;
    let begun = ["open notes.v1 []", "text 体温 36.5", "octets 67108864 7 7"];
    assert_eq!(out, [&begun[..], &["closed 4001 enough true"]].concat());
    let out = talked(&tab, &address, "socket.onmessage = null; socket.send('close 4002 too-much');").await;
    assert_eq!(out, [&begun[..], &["closed 4002 too-much true"]].concat());
    // It came as an extended CONNECT over the connection of the page (RFC 8441), or over one of its own.
    let methods: Vec<String> = world.entries().iter().map(|entry| entry.method.clone()).collect();
    println!("the browser asked by {methods:?}");
    let others = care(&world, "/notes/people/P-0008/talk").replace("https:", "wss:");
    assert_eq!(talked(&tab, &others, "").await.last().map(String::as_str), Some("closed 1006  false"));

    let before = world.store.requests().len();
    let attacker = browser.tab().await;
    attacker.lift_policy().await;
    attacker.open(&public(&world, "/")).await;
    assert_eq!(talked(&attacker, &address, "").await, ["error", "closed 1006  false"]);
    assert_eq!(world.store.requests().len(), before, "a page of another host reached the store");
    browser.close().await;
}
