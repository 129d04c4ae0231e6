//! WebSockets of a mapped store (RFC 6455, RFC 8441): with clients of others, by right and not, and cut in the middle.

mod broken;
mod raw;
mod two;

use std::time::Duration;

use audit::{Ended, Query, Verdict};
use futures_util::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use model::Action;
use registry::Command;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::world::outsiders::{Outsiders, printed, python};
use crate::world::streams::{Socket, socket_at};
use crate::world::{Ask, Http, Plan, Terminal, Tls, World};

const TALK: &str = "/notes/people/P-0001/talk";
const LISTEN: &str = "/notes/people/P-0001/listen";
const SOON: Duration = Duration::from_secs(5);

pub(crate) async fn mapped() -> World {
    World::planned(Plan { maps: vec!["deploy/maps/notes.toml"], ..Plan::default() }).await
}

/// Opens a WebSocket of the notes.
async fn open(terminal: &Terminal, cookie: &str, target: &str) -> Socket {
    let protocol = target.ends_with("talk").then_some("notes.v1");
    socket_at(terminal, cookie, target, protocol).await.unwrap_or_else(|status| panic!("{target}: {status}"))
}

async fn next(socket: &mut Socket) -> Option<Message> {
    timeout(SOON, socket.next()).await.expect("the socket says nothing").and_then(Result::ok)
}

/// Says something and hears it again.
async fn echoes(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
    assert_eq!(next(socket).await, Some(Message::text(text)));
}

/// Whether nothing more comes.
async fn ends(mut socket: Socket) -> bool {
    let over = async { while let Some(Ok(Message::Text(_) | Message::Ping(_))) = socket.next().await {} };
    timeout(Duration::from_secs(2), over).await.is_ok()
}

/// The outcome of the only WebSocket of this terminal.
async fn outcome(world: &World, device: &str) -> audit::Recorded {
    let query = Query { device: Some(device.parse().unwrap()), ..Query::default() };
    world
        .until("its outcome is on record", |world| {
            world.audit.search(&query).unwrap().entries.iter().any(|found| found.outcome.is_some())
        })
        .await;
    world.audit.search(&query).unwrap().entries.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_called_websockets_talks_and_listens() {
    let Some(python) = python() else { return };
    let world = mapped().await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    let said = printed(Outsiders::new(&world, &keys, &cookie).script(&python, "talk_websockets.py")).await;
    let expected = "agreed notes.v1 []
text 体温 36.5
binary 00ff
pieces in three pieces
64 MB True
long text 1000001
pong
closed 4001 enough
closed by the store 4002 too-much
told P-0001 is well
listening only 1008
another site 403
another's 404
nobody's 404
another protocol 400
no protocol 400
";
    assert_eq!(said, expected);
    // Of whom nothing may be seen, the store was not asked.
    assert!(world.store.requests().iter().all(|request| request.target.contains("P-0001")), "{:?}", world.store_saw());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_called_wsproto_talks_over_both_versions_of_http() {
    let Some(python) = python() else { return };
    let world = mapped().await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    let said = printed(Outsiders::new(&world, &keys, &cookie).script(&python, "talk_wsproto.py")).await;
    let talk = "text 体温 36.5
pong b'between'
pieces one two three
1 MB True
pinged b'are you there'
text after
closed 4003 enough
";
    let expected = format!("Over HTTP/1.1.\nagreed notes.v1 []\n{talk}Over HTTP/2.\nagreed 200 notes.v1 None\n{talk}");
    assert_eq!(said, expected);
}

/// What is said is not read: on record are the claims that it was decided on, how much passed, and how it ended.
#[tokio::test]
async fn a_talk_is_on_record_before_it_begins_and_with_its_end() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut socket = open(&terminal, &cookie, TALK).await;
    let entries = world.entries();
    let entry = entries.last().unwrap();
    assert_eq!((entry.verdict, entry.action), (Verdict::Permitted, Some(Action::Create)));
    assert_eq!(entry.persons.iter().map(ToString::to_string).collect::<Vec<_>>(), ["P-0001"]);
    assert_eq!((entry.records.as_slice(), entry.target.as_str()), (&["notes.entry".to_owned()][..], TALK));
    // Both were asked: what is said may be written, and anything of that kind may be shown.
    assert!(entry.rules.contains("P02") && entry.rules.contains("P01"), "{}", entry.rules);
    echoes(&mut socket, "hello").await;
    socket.close(None).await.unwrap();
    assert!(ends(socket).await);
    let found = outcome(&world, "D-sato").await;
    let outcome = found.outcome.unwrap();
    assert_eq!((outcome.ended, outcome.bytes, outcome.status), (Ended::Completed, 10, 101));
    world.until("the register empties", |world| world.living() == (0, 0, 0)).await;
    // The store was told who, and nothing of the terminal's own words.
    let request = &world.store.requests()[0];
    assert!(request.identity.is_some() && request.refused.is_none());
}

/// Whoever may read and not write may listen.
#[tokio::test]
async fn a_refused_talk_tells_nothing_and_reaches_nobody() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut refusals = Vec::new();
    for target in [
        "/notes/people/P-0008/talk",
        "/notes/people/P-9999/talk",
        "/notes/people/P-0005/talk",
        "/notes/people/P-0008/listen",
    ] {
        let ask = Ask::get(target).as_(&cookie).with("connection", "upgrade").with("upgrade", "websocket");
        let ask = ask.with("sec-websocket-version", "13").with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let ask = if target.ends_with("talk") { ask.with("sec-websocket-protocol", "notes.v1") } else { ask };
        let reply = terminal.ask(ask).await.unwrap();
        let incident = reply.headers["sekisho-incident"].to_str().unwrap();
        refusals.push((reply.status, reply.text().replace(incident, "*")));
    }
    assert_eq!(refusals[0].0, StatusCode::NOT_FOUND);
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    assert!(world.store.requests().is_empty(), "{:?}", world.store_saw());
    // A page of the same address that is no handshake is no page.
    let reply = terminal.ask(Ask::get(TALK).as_(&cookie)).await.unwrap();
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text());
}

#[tokio::test]
async fn everything_that_cuts_an_exchange_cuts_a_talk() {
    let world = mapped().await;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_speaking(&keys, Http::One, Tls::V13);
    let cookie = world.cookie(&terminal, "U-sato").await;
    let (neighbour, others) = world.signed_in("U-nakamura", "D-nakamura").await;

    let mut talk = open(&terminal, &cookie, TALK).await;
    echoes(&mut talk, "hello").await;
    let listening = open(&terminal, &cookie, LISTEN).await;
    let mut other_person = open(&terminal, &cookie, "/notes/people/P-0900/talk").await;
    let mut neighbours = open(&neighbour, &others, "/notes/people/P-0900/talk").await;
    world.clerk(Command::WithdrawConsent { person: "P-0001".parse().unwrap(), reason: "申出".to_owned() });
    assert!(ends(talk).await && ends(listening).await, "consent is withdrawn, and it goes on");
    echoes(&mut other_person, "still here").await;
    world.revoke("D-sato");
    assert!(ends(other_person).await, "the certificate is revoked, and it goes on");
    echoes(&mut neighbours, "still here").await;
    let query = Query { device: Some("D-sato".parse().unwrap()), ..Query::default() };
    world
        .until("all have their outcomes", |world| {
            world.audit.search(&query).unwrap().entries.iter().all(|found| found.outcome.is_some())
        })
        .await;
    let found = world.audit.search(&query).unwrap().entries;
    assert_eq!(found.iter().map(|found| found.outcome.as_ref().unwrap().ended).collect::<Vec<_>>(), [Ended::Cut; 3]);
    // What passed until then is on record.
    assert_eq!(found.iter().map(|found| found.outcome.as_ref().unwrap().bytes).max(), Some(20));
}

#[tokio::test]
async fn a_drain_sends_talkers_off() {
    let mut world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut talk = open(&terminal, &cookie, TALK).await;
    echoes(&mut talk, "hello").await;
    let drained = world.drain();
    let Some(Message::Close(Some(reason))) = next(&mut talk).await else { panic!("no goodbye") };
    assert_eq!(u16::from(reason.code), 1001);
    drop(talk);
    timeout(gateway::bounds::DRAIN_MAX, drained).await.expect("the drain waits").unwrap();
}
