//! Two gateways, one pair of journals in PostgreSQL: what is decided on one node holds on the other within moments
//! (promise P2), and what was done on either stands in one log (promise P5).

use std::time::Duration;

use audit::Query;
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use journal::testing::Postgres;
use model::{Article, Target, UserId};
use registry::Command;
use tokio::time::timeout;

use crate::cutting::body;
use crate::world::{Ask, Node, PASSWORD, Plan, Terminal, World, city, postgres};

const RECORD: &str = "/fhir/Patient/P-0001";
const STREAM: &str = "/feeds/notes?patient=P-0001";
/// The promise is one second from the commit; the rest is for a busy machine.
const A_FEW_SECONDS: Duration = Duration::from_secs(5);

/// A city with two nodes.
async fn two_nodes(server: &Postgres) -> (World, Node) {
    let (registry, audit) = (Some(server.place()), Some(server.place()));
    let world = World::planned(Plan { registry, audit, ..Plan::default() }).await;
    let node = world.another_node();
    (world, node)
}

async fn stream(terminal: &Terminal, cookie: &str) -> Incoming {
    let mut connection = terminal.connect().await.unwrap();
    body(&mut connection, STREAM, cookie, "text/event-stream").await
}

async fn must_end(what: &str, mut stream: Incoming) {
    let ended = async { while let Some(Ok(_)) = stream.frame().await {} };
    timeout(A_FEW_SECONDS, ended).await.unwrap_or_else(|_| panic!("the stream goes on: {what}"));
}

/// What a request is answered. One act may be several changes, and a connection opened between two of them is cut with the
/// others: its client comes again.
async fn answer(terminal: &Terminal, cookie: &str) -> (StatusCode, String) {
    let answered = async {
        loop {
            if let Ok(reply) = terminal.ask(Ask::get(RECORD).as_(cookie)).await {
                return (reply.status, reply.code());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(A_FEW_SECONDS, answered).await.expect("no answer at all")
}

async fn must_go_on(world: &World, mut stream: Incoming) {
    world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#);
    let news = timeout(A_FEW_SECONDS, stream.frame()).await.expect("no news").expect("the stream ended");
    assert!(news.unwrap().data_ref().is_some_and(|data| !data.is_empty()));
}

#[tokio::test]
async fn what_is_decided_on_one_node_ends_streams_on_the_other() {
    let Some(server) = postgres() else { return };
    let (world, second) = two_nodes(&server).await;
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    let (nakamura, nakamuras) = world.signed_in("U-nakamura", "D-nakamura").await;
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    let there = |terminal: &Terminal| second.reached_by(terminal);
    world
        .until("the other node has heard", |world| {
            second.registry.snapshot().generation() == world.registry.snapshot().generation()
        })
        .await;
    // A session is good on every node.
    let revoked = stream(&there(&sato), &satos).await;
    let suspended = stream(&there(&nakamura), &nakamuras).await;
    let neighbour = stream(&there(&ono), &onos).await;

    world.revoke("D-sato");
    must_end("revoked on the first node", revoked).await;
    assert_eq!(answer(&there(&sato), &satos).await, (StatusCode::FORBIDDEN, "certificate-revoked".to_owned()));

    let target = Target::UserId(UserId::new("U-nakamura").unwrap());
    let suspend = |target| Command::Suspend {
        target,
        reason: "漏洩".to_owned(),
        article: Article::paragraph(29, 1),
        until: None,
    };
    world.officer(suspend(target.clone()));
    must_end("suspended on the first node", suspended).await;
    assert_eq!(answer(&there(&nakamura), &nakamuras).await, (StatusCode::FORBIDDEN, "refused".to_owned()));
    assert_eq!(there(&nakamura).sign_in("U-nakamura", PASSWORD).await.unwrap_err().code(), "refused");

    // And the other way: lifted and suspended on the second node, felt on the first.
    let officer = |command| second.registry.execute(command, city::officer("officer-mori"), world.now()).unwrap();
    officer(Command::Lift { target: target.clone(), suspension: None, reason: "誤検知".to_owned() });
    let lifted = async {
        while answer(&nakamura, &nakamuras).await.0 != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(A_FEW_SECONDS, lifted).await.expect("lifting does not reach the first node");
    let again = stream(&nakamura, &nakamuras).await;
    officer(suspend(target));
    must_end("suspended on the second node", again).await;
    must_go_on(&world, neighbour).await;
}

#[tokio::test]
async fn what_is_done_on_either_node_stands_in_one_log() {
    const EACH: usize = 20;
    let Some(server) = postgres() else { return };
    let (world, second) = two_nodes(&server).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let there = second.reached_by(&terminal);
    world
        .until("the other node has heard", |world| {
            second.registry.snapshot().generation() == world.registry.snapshot().generation()
        })
        .await;
    let ask = async |terminal: &Terminal| {
        let mut incidents = Vec::new();
        for number in 0..EACH {
            // Every other one is refused, and on record like the rest.
            let (target, expected) = if number % 2 == 0 {
                (RECORD, StatusCode::OK)
            } else {
                ("/fhir/Patient/P-0008", StatusCode::NOT_FOUND)
            };
            let reply = terminal.ask(Ask::get(target).as_(&cookie)).await.unwrap();
            assert_eq!(reply.status, expected, "{}", reply.text());
            incidents.push(reply.headers["sekisho-incident"].to_str().unwrap().to_owned());
        }
        incidents
    };
    let (here, over_there) = tokio::join!(ask(&terminal), ask(&there));
    // Either node shows all of it, whole, in the same order.
    let logs = [&world.audit, &second.audit].map(|audit| {
        let found = audit.search(&Query::default()).unwrap();
        found.entries.into_iter().map(|found| found.entry.id.to_string()).collect::<Vec<_>>()
    });
    assert_eq!(logs[0], logs[1]);
    let (mut kept, mut told) = (logs[0].clone(), [here, over_there].concat());
    kept.sort();
    told.sort();
    assert_eq!(kept, told);
    world
        .until("every permitted request has its outcome", |world| {
            let found = world.audit.search(&Query::default()).unwrap().entries;
            found.iter().filter(|found| found.entry.reason.is_empty()).all(|found| found.outcome.is_some())
        })
        .await;
    let (first, second) = (world.audit.verify().unwrap(), second.audit.verify().unwrap());
    assert_eq!(first, second);
    world.registry_journal().verify(journal::Position::START).unwrap();
}
