//! Cedar against the oracle, and properties that hold over all facts.

use std::collections::{BTreeMap, BTreeSet};

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Authorship, Category, Profession, TeamRole};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::generator::cases;
use super::{POINT, decided, line, oracle, request};
use crate::decision::Audience;
use crate::facts::{Facts, PersonFacts, Relation, Request, Resource};
use crate::matrix::{SITUATIONS, ordinary};

/// The oracle's decision, in the same words as [`line`].
fn expected(request: &Request, facts: &Facts) -> String {
    let (permit, rules) = oracle::decide(request, facts);
    let names = if rules.is_empty() { "-".to_owned() } else { rules.join(",") };
    format!("{} {names}", if permit { "permit" } else { "denial" })
}

/// Goal: decisions and reasons of Cedar are those of the regulation as written a second time, over random facts; and the
/// facts are random enough. A first comparison elsewhere looked at decisions only, by facts that happened to hold no
/// withdrawn team member, and found nothing: so here every rule fires, and every rule is the only reason at least once.
/// A forbid counts as the only reason where a permit would otherwise have held, so that it alone made the difference.
#[test]
fn compiled_rules_cedar_and_the_oracle_agree_in_decisions_and_reasons() {
    let mut runner = TestRunner::deterministic();
    let strategy = cases();
    let mut fired: BTreeMap<String, usize> = BTreeMap::new();
    let mut alone: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..20_000 {
        let (request, facts) = strategy.new_tree(&mut runner).unwrap().current();
        assert_eq!(decided(&request, &facts), expected(&request, &facts), "{request:?} {facts:#?}");
        assert_eq!(
            line(&POINT.decide_by_cedar(&request, &facts)),
            expected(&request, &facts),
            "{request:?} {facts:#?}"
        );
        let (permit, rules) = oracle::decide(&request, &facts);
        for rule in &rules {
            *fired.entry((*rule).to_owned()).or_default() += 1;
        }
        if let [only] = rules[..]
            && (permit || !oracle::permits(&request, &facts).is_empty())
        {
            *alone.entry(only.to_owned()).or_default() += 1;
        }
    }
    let names: BTreeSet<String> =
        POINT.rules().map(|rule| rule.id.to_string()).filter(|name| name != "P08-public-page").collect();
    assert_eq!(fired.keys().cloned().collect::<BTreeSet<_>>(), names, "every rule fires");
    assert_eq!(alone.keys().cloned().collect::<BTreeSet<_>>(), names, "every rule is the only reason once");
}

/// Every profession x relation x category x action x situation of the table, all of it and nothing random. The three
/// roles on a team are alike in the rules; that they are is looked at on the ordinary day and by the random facts.
#[test]
fn every_cell_of_the_table_agrees_with_the_oracle() {
    let both = [Relation::Team(TeamRole::Member), Relation::Duty, Relation::Manager, Relation::None];
    let others = [Relation::Team(TeamRole::Substitute), Relation::Team(TeamRole::OnCall)];
    let every = SITUATIONS.iter().flat_map(|situation| both.map(|relation| (situation, relation)));
    for (situation, relation) in every.chain(others.map(|relation| (&SITUATIONS[0], relation))) {
        for (category, action) in Category::ALL.iter().flat_map(|c| Action::ALL.iter().map(move |a| (*c, *a))) {
            for profession in Profession::ALL {
                let mut facts = ordinary();
                facts.subject.profession = *profession;
                if let Resource::Record { relation: place, .. } = &mut facts.resource {
                    *place = relation;
                }
                let (request, facts) = situation.applied(action, category, facts);
                assert_eq!(decided(&request, &facts), expected(&request, &facts), "{}", situation.name);
            }
        }
    }
}

/// Art. 22: public information is open in every state of the service, disaster use past its end included.
#[test]
fn public_information_stays_open() {
    for state in service::State::ALL {
        let mut facts = ordinary();
        facts.service.state = *state;
        assert_eq!(line(&POINT.decide_public(&facts.service)), "permit P08-public-page", "{state}");
    }
}

/// A slice of the rules decides as all of them do.
#[test]
fn cutting_the_rules_to_size_changes_nothing() {
    let mut runner = TestRunner::deterministic();
    let strategy = cases();
    for _ in 0..2_000 {
        let (request, facts) = strategy.new_tree(&mut runner).unwrap().current();
        let all = POINT.judge(POINT.slice(&request, &facts), POINT.parts().2);
        assert_eq!(POINT.decide(&request, &facts), all, "{request:?} {facts:#?}");
    }
}

type Worsening = (&'static str, fn(&mut Facts));

fn person(facts: &mut Facts, change: impl FnOnce(&mut PersonFacts)) {
    if let Resource::Record { person, .. } = &mut facts.resource {
        change(person);
    }
}

/// What the city, an officer, a clerk or the person can take away.
const WORSENINGS: &[Worsening] = &[
    ("user ID suspended by order", |f| f.subject.user_id_suspended = true),
    ("user ID suspended", |f| {
        f.subject.user_id_state =
            f.subject.user_id_state.after(user_id::Event::Suspend).unwrap_or(f.subject.user_id_state);
    }),
    ("user ID ended", |f| f.subject.user_id_state = user_id::State::Ended),
    ("qualification suspended", |f| f.subject.qualification_suspended = true),
    ("facility suspended by order", |f| f.subject.facility_suspended = true),
    ("facility suspended", |f| {
        f.subject.facility_state =
            f.subject.facility_state.after(facility::Event::Suspend).unwrap_or(f.subject.facility_state);
    }),
    ("facility closed", |f| f.subject.facility_state = facility::State::Closed),
    ("device suspended", |f| f.device.device_suspended = true),
    ("device moved to another facility", |f| f.device.facility = "F-0009".parse().unwrap()),
    ("certificate revoked", |f| f.device.certificate_state = certificate::State::Revoked),
    ("certificate expired", |f| f.device.certificate_in_validity = false),
    ("person no longer eligible", |f| person(f, |p| p.eligible = false)),
    ("consent withdrawn", |f| {
        person(f, |p| {
            p.consent = consent::State::SupportStopped;
            (p.consent_store, p.consent_share, p.consent_disaster) = (false, false, false);
        });
    }),
    ("storing withdrawn", |f| person(f, |p| p.consent_store = false)),
    ("sharing withdrawn", |f| person(f, |p| p.consent_share = false)),
    ("disaster consent withdrawn", |f| person(f, |p| p.consent_disaster = false)),
    ("person suspended", |f| person(f, |p| p.person_suspended = true)),
    ("left the area", |f| person(f, |p| p.in_disaster_area = false)),
    ("disaster use ended", |f| f.service.disaster = None),
    ("deletion order taken back", |f| {
        if let Resource::Record { deletion_ordered, .. } = &mut f.resource {
            *deletion_ordered = false;
        }
    }),
    ("rule for break-glass withdrawn", |f| f.service.break_glass_issued = false),
    ("duty over", |f| {
        if let Resource::Record { relation: relation @ Relation::Duty, .. } = &mut f.resource {
            *relation = Relation::Manager;
        }
    }),
    ("service stopped", |f| f.service.state = service::State::Stopped),
    ("service ended", |f| f.service.state = service::State::Ended),
];

/// Of these, the ones that close nothing to the city's own deletion (art. 17-2, 19-2): it is what follows from them.
const NOT_TO_DELETION: &[&str] = &["person no longer eligible", "consent withdrawn"];

/// The ones that must close everything (on a record), whatever else holds.
const CLOSING: &[&str] = &[
    "user ID suspended by order",
    "user ID ended",
    "qualification suspended",
    "facility suspended by order",
    "facility closed",
    "device suspended",
    "device moved to another facility",
    "certificate revoked",
    "certificate expired",
    "person no longer eligible",
    "consent withdrawn",
    "person suspended",
    "service stopped",
    "service ended",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Taking something away never opens anything, and what is to close everything does.
    #[test]
    fn a_suspension_revocation_or_withdrawal_never_opens((request, facts) in cases()) {
        let before = POINT.decide(&request, &facts).is_permit();
        for (name, worsen) in WORSENINGS {
            let mut worse = facts.clone();
            worsen(&mut worse);
            let after = POINT.decide(&request, &worse).is_permit();
            prop_assert!(before || !after, "{} opens", name);
            let deletes = request.action == Action::Delete && NOT_TO_DELETION.contains(name);
            if CLOSING.contains(name) && !deletes && matches!(facts.resource, Resource::Record { .. }) {
                prop_assert!(!after, "{} does not close", name);
            }
        }
    }

    /// Fences from the regulation: whatever the rules become, a permit on a record lies within them.
    #[test]
    fn permits_lie_within_the_fences((request, facts) in cases()) {
        let decision = POINT.decide(&request, &facts);
        if let (true, Resource::Record { person, relation, deletion_ordered }) = (decision.is_permit(), &facts.resource) {
            prop_assert_eq!(&facts.device.facility, &facts.subject.facility, "art. 37");
            prop_assert_eq!(facts.device.certificate_state, certificate::State::Active, "art. 38");
            prop_assert!(!person.person_suspended);
            if request.action == Action::Delete {
                prop_assert!(*deletion_ordered, "art. 17-2, 19-2: by order and not otherwise");
                return Ok(());
            }
            prop_assert_eq!(person.consent, consent::State::Given, "art. 17-1");
            prop_assert!(person.eligible, "art. 3");
            if matches!(relation, Relation::None | Relation::Manager) {
                prop_assert!(!request.action.writes(), "art. 18, 21: a disaster or an office widens reading only");
                prop_assert!(!request.sensitive, "labelled records are the team's");
            }
            let by_disaster = person.consent_disaster && person.in_disaster_area && facts.service.disaster.is_some();
            let by_break_glass = facts.service.break_glass_issued && request.break_glass;
            if *relation == Relation::None {
                prop_assert!(by_disaster || by_break_glass, "art. 21, 41");
            }
            if *relation == Relation::Duty && request.action.writes() {
                let entry = matches!(request.category, Category::Note | Category::Observation | Category::Document);
                prop_assert!(entry, "a duty leaves plans, medication and conditions to the team");
            }
            if request.action == Action::Update && request.category == Category::Note {
                prop_assert_eq!(request.authorship, Authorship::Own, "art. 28, 39-1-8");
                prop_assert_eq!(request.written_as, Authorship::Own, "art. 28, 39-1-8");
            }
            if request.action == Action::Create && request.category == Category::Note {
                prop_assert_ne!(request.written_as, Authorship::Other, "art. 28, 39-1-8");
            }
        }
    }

    /// Art. 41: while the city has issued no rule, declaring an emergency changes nothing at all.
    #[test]
    fn break_glass_is_off((request, facts) in cases()) {
        let mut facts = facts;
        facts.service.break_glass_issued = false;
        let declared = request.with_break_glass(true);
        prop_assert_eq!(POINT.decide(&declared, &facts), POINT.decide(&request.with_break_glass(false), &facts));
        prop_assert!(!line(&POINT.decide(&declared, &facts)).contains("P13"));
    }

    /// Whoever is not known to be the author is treated as somebody who is not, and a label only closes.
    #[test]
    fn unknown_authors_and_labels_only_close((request, facts) in cases()) {
        let permits = |request: Request| POINT.decide(&request, &facts).is_permit();
        let by = |authorship| permits(request.with_authorship(authorship));
        prop_assert_eq!(by(Authorship::Unknown), by(Authorship::Other));
        prop_assert!(by(Authorship::Own) || !by(Authorship::Other));
        let written = |name| permits(request.with_written_as(name));
        prop_assert!(written(Authorship::Own) || !written(Authorship::Unknown));
        prop_assert!(written(Authorship::Unknown) || !written(Authorship::Other));
        prop_assert!(permits(request.with_sensitive(false)) || !permits(request.with_sensitive(true)));
    }

    /// Promise P4: whether the subject is told a reason, and which, does not depend on the person or the relation; but for what
    /// is told to the entitled, who but for that rule would be permitted.
    #[test]
    fn what_the_subject_is_told_does_not_depend_on_the_person((request, facts) in cases(), (_, other) in cases()) {
        let mut second = facts.clone();
        if let (Resource::Record { .. }, Resource::Record { .. }) = (&facts.resource, &other.resource) {
            second.resource = other.resource;
        }
        let told = |facts: &Facts| {
            let decision = POINT.decide(&request, facts);
            let told = decision.basis().told_to_subject().cloned().filter(|_| !decision.is_permit());
            told.filter(|rule| rule.told == Audience::Subject)
        };
        prop_assert_eq!(told(&facts), told(&second));
    }

    /// Promise P4: what is told to the entitled, they could have learned by asking in their own name.
    #[test]
    fn what_the_entitled_are_told_is_all_that_stands_in_the_way((request, facts) in cases()) {
        let decision = POINT.decide(&request, &facts);
        let told = decision.basis().told_to_subject().filter(|rule| rule.told == Audience::Entitled);
        let in_own_name = POINT.decide(&request.with_written_as(Authorship::Own), &facts);
        let refused = decision.basis().rules.iter().any(|rule| rule.told == Audience::Entitled);
        prop_assert_eq!(told.is_some(), refused && in_own_name.is_permit());
    }
}

/// A directory said to be somebody's note, and a note said to be of the directory: no decision but denial with an error.
#[test]
fn a_category_that_does_not_belong_is_denied_with_an_error() {
    let mut facts = ordinary();
    for action in Action::ALL {
        let answer = decided(&request(*action, Category::Directory), &facts);
        assert_eq!(answer, "denial - ! `category` cannot be said of this resource");
    }
    facts.resource = Resource::Directory;
    for category in Category::ALL.iter().filter(|category| **category != Category::Directory) {
        let answer = decided(&request(Action::Read, *category), &facts);
        assert_eq!(answer, "denial - ! `category` cannot be said of this resource");
    }
}

/// What a decision costs, printed: `cargo test -p policy --release -- --ignored --nocapture costs`. No assertion on time,
/// since a busy machine is no fault of the rules.
#[test]
#[ignore = "a measurement, not a check"]
fn what_a_decision_costs() {
    let (request, facts) = (request(Action::Read, Category::Note), ordinary());
    let all = POINT.parts().2;
    let slice = POINT.slice(&request, &facts).unwrap();
    let measures: [(&str, &dyn Fn()); 5] = [
        ("decide", &|| assert!(POINT.decide(&request, &facts).is_permit())),
        ("decide by Cedar", &|| assert!(POINT.decide_by_cedar(&request, &facts).is_permit())),
        ("slice only", &|| assert!(POINT.slice(&request, &facts).is_ok())),
        ("evaluation only, all rules", &|| assert!(POINT.judge_slice(&slice, all).is_permit())),
        ("evaluation only, rules cut to size", &|| assert!(POINT.judge_sliced(&request, &facts, &slice).is_permit())),
    ];
    for (name, measure) in measures {
        let mut nanos: Vec<u128> = (0..5_000)
            .map(|_| {
                let start = std::time::Instant::now();
                measure();
                start.elapsed().as_nanos()
            })
            .collect();
        nanos.sort_unstable();
        let at = |percent: usize| nanos[nanos.len() * percent / 100] / 100;
        println!("{name}: p50 {}.{} us, p99 {}.{} us", at(50) / 10, at(50) % 10, at(99) / 10, at(99) % 10);
    }
}
