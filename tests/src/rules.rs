//! Other rules taken into force while the gateway serves: they decide at once, what is open included, and one step back
//! undoes it (promises P2, P8).

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;
use policy::point::{RULES, SCHEMA};
use registry::{Command, RuleFile, RuleGates, RuleProof};
use tokio::time::timeout;

use crate::cutting::{body, ends};
use crate::world::{Ask, Http, Tls, World, city};

const RECORD: &str = "/fhir/Patient/P-0001";
const STREAM: &str = "/feeds/notes?patient=P-0001";

/// The house's rules, and one that closes to nurses.
fn closed_to_nurses() -> Command {
    let mut files: Vec<RuleFile> =
        RULES.iter().map(|(name, text)| RuleFile { name: (*name).to_owned(), text: (*text).to_owned() }).collect();
    let text = r#"@id("F90-nurses") @article("18") @text_ja("試行") @text_en("A trial.") @tell("officer")
        forbid (principal, action, resource)
        when { resource is Record && principal.profession == Profession::"nurse" };"#;
    files.push(RuleFile { name: "trial.cedar".to_owned(), text: text.to_owned() });
    Command::ProposeRules { schema: SCHEMA.to_owned(), files, reason: "trial".to_owned() }
}

#[tokio::test]
async fn rules_decide_from_the_moment_they_are_in_force() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let keys = world.keys("D-nakamura");
    let other = world.terminal_speaking(&keys, Http::Two, Tls::V13);
    let others = world.cookie(&other, "U-nakamura").await;
    let mut connection = terminal.connect().await.unwrap();
    let nurses = body(&mut connection, STREAM, &cookie, "text/event-stream").await;
    let mut two = other.connect().await.unwrap();
    let mut doctors = body(&mut two, STREAM, &others, "text/event-stream").await;

    world.officer(closed_to_nurses());
    let status = async || terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status;
    assert_eq!(status().await, StatusCode::OK, "a proposal decides nothing");
    let version = world.registry.snapshot().rule_sets().next().unwrap().version.clone();
    let proof = RuleProof::Without { reason: "trial".to_owned() };
    let gates = RuleGates { cases: 1, cases_version: "trial".to_owned(), proof };
    let approve = Command::ApproveRules { version: version.clone(), over: None, gates };
    world.registry.execute(approve, city::officer("officer-mori"), world.now()).unwrap();
    assert!(ends(nurses).await, "an open stream of a nurse goes on");
    assert_eq!(status().await, StatusCode::NOT_FOUND);
    world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"n","person":"P-0001"}"#);
    let news = timeout(Duration::from_secs(2), doctors.frame()).await.expect("no news");
    assert!(news.unwrap().is_ok(), "the neighbour is cut");
    // Each entry names the rules that decided it.
    let entries = world.entries();
    let refused = entries.iter().rev().find(|entry| entry.rules == "F90-nurses").unwrap();
    assert_eq!(refused.policy_version, version);
    assert_ne!(entries[0].policy_version, version);

    world.officer(Command::RollBackRules { reason: "over".to_owned() });
    assert_eq!(status().await, StatusCode::OK);
}
