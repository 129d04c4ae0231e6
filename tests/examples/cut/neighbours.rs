//! The neighbours: seven terminals that nobody cuts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use model::{TeamRole, Timestamp};
use registry::Command;

use crate::shared::world::streams::socket;
use crate::shared::world::{Ask, Http, Terminal, Tls, World};
use crate::streams::{DOWNLOAD, STREAM, body};

const DOWNLOAD_BYTES: usize = 100_000_000;
/// All of professions that may read documents.
const NEIGHBOURS: [&str; 7] = ["nakamura", "kobayashi", "kato", "yamamoto", "hayashi", "ishii", "ono"];
/// Streams of each kind that a neighbour has open.
const EACH: usize = 7;

/// A stream that must go on: what it has received, and whether it broke off.
#[derive(Default)]
pub(crate) struct Neighbour {
    pieces: AtomicU64,
    hurt: AtomicBool,
}

pub(crate) struct Neighbours {
    pub(crate) list: Vec<Arc<Neighbour>>,
}

impl Neighbours {
    /// How many are not alive: broken off, or deaf to what is sent now.
    pub(crate) async fn hurt(&self, world: &World) -> usize {
        let before: Vec<u64> = self.list.iter().map(|one| one.pieces.load(Ordering::Relaxed)).collect();
        let mut hurt = self.list.len();
        for _ in 0..50 {
            world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#);
            tokio::time::sleep(Duration::from_millis(100)).await;
            let dead = |(one, before): (&Arc<Neighbour>, &u64)| {
                one.hurt.load(Ordering::Relaxed) || one.pieces.load(Ordering::Relaxed) <= *before
            };
            hurt = self.list.iter().zip(&before).filter(|pair| dead(*pair)).count();
            if hurt == 0 {
                break;
            }
        }
        hurt
    }
}

pub(crate) async fn neighbours(world: &World) -> Neighbours {
    let mut list = Vec::new();
    for name in NEIGHBOURS {
        // Whose the download is; and whose news, where the city has them not on that team already.
        let news = (name == "hayashi").then_some("P-0001");
        for person in std::iter::once("P-0900").chain(news) {
            world.clerk(Command::JoinTeam {
                person: person.parse().unwrap(),
                user: format!("K-{name}").parse().unwrap(),
                // Not `member`: one of them is that already.
                role: TeamRole::OnCall,
                facility: None,
                from: Timestamp::parse("2025-04-01T00:00:00+09:00").unwrap(),
                until: None,
            });
        }
        let keys = world.keys(&format!("D-{name}"));
        let one = world.terminal_speaking(&keys, Http::One, Tls::V13);
        let cookie = world.cookie(&one, &format!("U-{name}")).await;
        // Several streams on one HTTP/2 connection, as a browser has them.
        let mut two = world.terminal_speaking(&keys, Http::Two, Tls::V13).connect().await.unwrap();
        for _ in 0..EACH {
            let events = body(&one, STREAM, &cookie, "text/event-stream").await;
            list.push(neighbour(|me| go_on(events, me)));
            let ask = Ask::get(STREAM).as_(&cookie).with("accept", "text/event-stream");
            let events = two.start(ask).await.unwrap().into_body();
            list.push(neighbour(|me| go_on(events, me)));
            let mut news = socket(&one, &cookie).await;
            list.push(neighbour(|me| async move {
                while let Some(Ok(_)) = news.next().await {
                    me.pieces.fetch_add(1, Ordering::Relaxed);
                }
                me.hurt.store(true, Ordering::Relaxed);
            }));
            let (terminal, cookie) = (one.clone(), cookie.clone());
            let first = body(&terminal, DOWNLOAD, &cookie, "application/octet-stream").await;
            list.push(neighbour(|me| async move { download_for_ever(first, &terminal, &cookie, &me).await }));
        }
    }
    Neighbours { list }
}

fn neighbour<F: Future<Output = ()> + Send + 'static>(task: impl FnOnce(Arc<Neighbour>) -> F) -> Arc<Neighbour> {
    let neighbour = Arc::new(Neighbour::default());
    tokio::spawn(task(Arc::clone(&neighbour)));
    neighbour
}

async fn go_on(mut body: Incoming, me: Arc<Neighbour>) {
    while let Some(Ok(_)) = body.frame().await {
        me.pieces.fetch_add(1, Ordering::Relaxed);
    }
    me.hurt.store(true, Ordering::Relaxed);
}

/// Downloads at the pace of a mobile network (under 1 MB a second); from the beginning again when it is whole.
async fn download_for_ever(mut download: Incoming, terminal: &Terminal, cookie: &str, me: &Neighbour) {
    loop {
        let mut bytes = 0;
        while let Some(Ok(frame)) = download.frame().await {
            bytes += frame.data_ref().map_or(0, bytes::Bytes::len);
            me.pieces.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if bytes != DOWNLOAD_BYTES {
            me.hurt.store(true, Ordering::Relaxed);
            return;
        }
        download = body(terminal, DOWNLOAD, cookie, "application/octet-stream").await;
    }
}
