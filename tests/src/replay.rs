//! Every decision can be made again (promise P8): an entry of the log holds the facts, the rules and their version, and
//! the state of the registry it rests on still gives the same facts, whatever has been decided since.

use std::collections::BTreeSet;

use audit::{Entry, Event, Verdict};
use http::StatusCode;
use model::{Article, PersonId, Target, UserId};
use policy::{DecisionPoint, Resource};
use registry::{Command, Generation, Registry, Snapshot, StopReason};

use crate::world::{Ask, World, city, node};

const NOTE: &str = r#"{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/P-0001"}}"#;

/// A day in the city: permits and denials of every kind. Gives who, what, and the status that was answered.
async fn a_day(world: &World) -> Vec<(&'static str, u16)> {
    let (sato, satos) = world.signed_in("U-sato", "D-sato").await;
    let (tamura, tamuras) = world.signed_in("U-tamura", "D-tamura").await;
    let mut day = Vec::new();
    let mut note = async |what: &'static str, ask: Ask, (terminal, cookie): (&crate::world::Terminal, &str)| {
        let reply = terminal.ask(ask.as_(cookie)).await.unwrap();
        day.push((what, reply.status.as_u16()));
    };
    let sato = (&sato, satos.as_str());
    note("a record of the team's own person", Ask::get("/fhir/Patient/P-0001"), sato).await;
    note("a search", Ask::get("/fhir/Observation?patient=P-0001"), sato).await;
    note("a note", Ask::post("/fhir/Communication", "application/fhir+json", NOTE), sato).await;
    note("the directory", Ask::get("/fhir/Practitioner/K-sato"), sato).await;
    note("another team's person", Ask::get("/fhir/Patient/P-0008"), sato).await;
    note("support stopped", Ask::get("/fhir/Patient/P-0005"), sato).await;
    note("a membership that is over", Ask::get("/fhir/Patient/P-0010"), sato).await;
    note("nobody", Ask::get("/fhir/Patient/P-9999"), sato).await;
    world.officer(Command::DeclareDisaster {
        area: "kawabata".to_owned(),
        reason: "台風による浸水".to_owned(),
        from: world.now(),
        until: world.now().plus_seconds(3600),
        officers: [city::officer("officer-ito"), city::officer("officer-mori")],
    });
    note("disaster use", Ask::get("/fhir/Observation?patient=P-0006"), sato).await;
    note("not in the area", Ask::get("/fhir/Observation?patient=P-0008"), sato).await;
    world.officer(Command::EndDisaster { reason: "水が引いた".to_owned() });
    let user_id = Target::UserId(UserId::new("U-sato").unwrap());
    world.officer(Command::Suspend {
        target: user_id.clone(),
        reason: "不正アクセスの疑い".to_owned(),
        article: Article::paragraph(29, 1),
        until: None,
    });
    note("suspended", Ask::get("/fhir/Patient/P-0001"), sato).await;
    world.officer(Command::Lift { target: user_id, suspension: None, reason: "誤検知".to_owned() });
    world.officer(Command::StopService { reason: StopReason::Maintenance, text: String::new() });
    note("stopped", Ask::get("/fhir/Patient/P-0006"), (&tamura, &tamuras)).await;
    world.officer(Command::ResumeService);
    day
}

/// What the city decides afterwards: hardly a fact of that day still holds.
fn afterwards(world: &World) {
    world.clerk(Command::WithdrawConsent { person: PersonId::new("P-0001").unwrap(), reason: "申出".to_owned() });
    world.clerk(Command::EndUserId { user_id: UserId::new("U-sato").unwrap(), reason: "退職".to_owned() });
    world.revoke("D-sato");
    let facility = "F-north".parse().unwrap();
    world.clerk(Command::CloseFacility { facility, reason: "廃止届".to_owned() });
}

/// From the entry alone: the same rules, asked the same on the same facts, say the same.
fn replayed_from_the_entry(point: &DecisionPoint, entry: &Entry, what: &str) -> bool {
    let (request, facts) = audit::facts::read(&entry.facts).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!((Some(request.action), Some(request.category)), (entry.action, entry.category), "{what}");
    assert_eq!(entry.policy_version, point.version().as_str(), "{what}");
    let decision = point.decide(&request, &facts);
    assert_eq!(decision.is_permit(), entry.verdict == Verdict::Permitted, "{what}");
    assert_eq!(decision.basis().rule_names(), entry.rules, "{what}");
    let articles: Vec<String> = decision.basis().articles().iter().map(ToString::to_string).collect();
    assert_eq!(articles.join(","), entry.articles, "{what}");
    decision.is_permit()
}

/// The facts of an entry, as a state of the registry gives them.
fn facts_by(snapshot: &Snapshot, entry: &Entry) -> Result<policy::Facts, registry::MissingFact> {
    let at = audit::facts::read(&entry.facts).map_or(entry.at, |(request, _)| request.at);
    snapshot.facts(&entry.user_id, &entry.serial, entry.persons.first(), at)
}

#[tokio::test]
async fn every_decision_of_a_day_can_be_made_again() {
    let world = World::start().await;
    let day = a_day(&world).await;
    let statuses: Vec<u16> = day.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [200, 200, 201, 200, 404, 404, 404, 404, 200, 404, 403, 503], "{day:?}");
    afterwards(&world);

    // As somebody would who comes later, with the two journals and nothing else.
    let registry = Registry::open(world.registry_journal(), node::vault()).unwrap();
    let point = DecisionPoint::builtin().unwrap();
    let entries = world.entries();
    assert_eq!(entries.len(), day.len());
    let mut changed = 0;
    for (entry, (what, status)) in entries.iter().zip(&day) {
        assert!(entry.generation > 0, "{what}: it does not say on which state it rests");
        let then = registry.at_generation(Generation::new(entry.generation)).unwrap();
        if *what == "nobody" {
            // No facts, so no rule could be asked: that they were missing can be shown again.
            let missing = facts_by(&then, entry).unwrap_err();
            assert!(matches!(missing, registry::MissingFact::Person(_)), "{missing}");
            assert_eq!((entry.verdict, entry.rules.as_str()), (Verdict::Refused, "-"));
            continue;
        }
        let permitted = replayed_from_the_entry(&point, entry, what);
        assert_eq!(permitted, StatusCode::from_u16(*status).unwrap().is_success(), "{what}");
        let (_, facts) = audit::facts::read(&entry.facts).unwrap();
        assert_eq!(facts_by(&then, entry).unwrap(), facts, "{what}: the registry's history tells another story");
        changed += usize::from(facts_by(&registry.snapshot(), entry).as_ref() != Ok(&facts));
    }
    assert_eq!(changed, entries.len() - 1, "nothing has happened since: the test would show little");
}

/// A record that is not there at all: no decision was made, and the log holds what was asked and what came of it.
#[tokio::test]
async fn what_could_not_be_decided_says_so() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let reply = terminal.ask(Ask::get("/fhir/Observation/nobodys").as_(&cookie)).await.unwrap();
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    let events = world.audit.events(journal::Position::START, 100).unwrap();
    let entry = events.into_iter().find_map(|(_, event)| match event {
        Event::Entry(entry) => Some(entry),
        _ => None,
    });
    let entry = entry.unwrap();
    assert_eq!((entry.verdict, entry.reason.as_str()), (Verdict::Refused, "not-available"));
    assert_eq!(entry.records, ["Observation/nobodys"]);
    assert!(entry.facts.is_empty() && entry.persons.is_empty());
}

/// A batch leaves an entry for each of its entries; a transaction one that holds every decision of it. Each can be made
/// again, and the person finds both.
#[tokio::test]
async fn every_decision_on_a_bundle_can_be_made_again() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = |url: &str| format!(r#"{{"request":{{"method":"GET","url":"{url}"}}}}"#);
    let post = format!(r#"{{"resource":{NOTE},"request":{{"method":"POST","url":"Communication"}}}}"#);
    let (own, second, foreign) = (get("Patient/P-0001"), get("Patient/P-0002"), get("Patient/P-0008"));
    for (kind, entries) in [
        ("batch", vec![&own, &foreign, &post]),
        ("transaction", vec![&post, &own, &second]),
        ("transaction", vec![&post, &foreign, &own]),
    ] {
        let entries: Vec<&str> = entries.into_iter().map(String::as_str).collect();
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","));
        terminal.ask(Ask::post("/fhir", "application/fhir+json", bundle).as_(&cookie)).await.unwrap();
    }
    afterwards(&world);

    let registry = Registry::open(world.registry_journal(), node::vault()).unwrap();
    let point = DecisionPoint::builtin().unwrap();
    let entries = world.entries();
    // Of a refused transaction the decision that refuses it is kept.
    let decided: Vec<(bool, usize)> = entries
        .iter()
        .map(|entry| {
            let then = registry.at_generation(Generation::new(entry.generation)).unwrap();
            let decisions = audit::facts::read_all(&entry.facts).unwrap();
            let (mut rules, mut permitted) = (BTreeSet::new(), true);
            for (request, facts) in &decisions {
                let decision = point.decide(request, facts);
                permitted &= decision.is_permit();
                rules.extend(decision.basis().rules.iter().map(|rule| rule.id.as_str().to_owned()));
                let Resource::Record { person, .. } = &facts.resource else { panic!("{facts:?}") };
                assert!(entry.persons.contains(&person.person), "{entry:#?}");
                let again = then.facts(&entry.user_id, &entry.serial, Some(&person.person), request.at).unwrap();
                assert_eq!(again, *facts, "the registry's history tells another story");
            }
            let named = if rules.is_empty() { "-".to_owned() } else { rules.into_iter().collect::<Vec<_>>().join(",") };
            assert_eq!(named, entry.rules, "{entry:#?}");
            assert_eq!(permitted, entry.verdict == Verdict::Permitted, "{entry:#?}");
            (permitted, decisions.len())
        })
        .collect();
    assert_eq!(decided, [(true, 1), (false, 1), (true, 1), (true, 3), (false, 1)]);
    let seen = world.audit.who_saw(&PersonId::new("P-0001").unwrap(), 10).unwrap();
    assert_eq!(seen.len(), 3, "{seen:#?}");
}
