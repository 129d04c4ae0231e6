//! Explanations for officers.

use model::lifecycle::{certificate, consent, service};
use model::{Action, Authorship, Category, Profession};
use proptest::prelude::*;

use super::generator::cases;
use super::{POINT, oracle, request};
use crate::facts::{DisasterFacts, Facts, Relation, Request, Resource};
use crate::matrix::{now, ordinary};
use crate::what_if::WhatIf;

fn ways(action: Action, category: Category, facts: &Facts) -> Vec<Vec<WhatIf>> {
    POINT.explain(&request(action, category), facts).ways
}

fn outsider(mut facts: Facts) -> Facts {
    if let Resource::Record { relation, .. } = &mut facts.resource {
        *relation = Relation::None;
    }
    facts
}

#[test]
fn one_fact_that_would_do_is_named() {
    let read = |facts: &Facts| ways(Action::Read, Category::Note, facts);
    assert_eq!(read(&outsider(ordinary())), [[WhatIf::OnTeam], [WhatIf::OnDuty]]);
    let mut facts = ordinary();
    facts.device.certificate_state = certificate::State::Revoked;
    assert_eq!(read(&facts), [[WhatIf::CertificateActive]]);
    let mut facts = ordinary();
    if let Resource::Record { person, .. } = &mut facts.resource {
        person.consent = consent::State::SupportStopped;
    }
    assert_eq!(read(&facts), [[WhatIf::ConsentGiven]]);
    let professions: Vec<_> = ways(Action::Create, Category::Medication, &ordinary()).concat();
    assert_eq!(professions, [WhatIf::Profession(Profession::Doctor), WhatIf::Profession(Profession::Pharmacist)]);
}

/// In a disaster an outsider is one tick on the form away, or one place on the team.
#[test]
fn two_ways_are_both_named() {
    let mut facts = outsider(ordinary());
    facts.service.state = service::State::DisasterUse;
    facts.service.disaster = Some(DisasterFacts { until: now().plus_seconds(60) });
    if let Resource::Record { person, .. } = &mut facts.resource {
        person.in_disaster_area = true;
    }
    let found = ways(Action::Read, Category::Note, &facts);
    assert_eq!(found, [[WhatIf::OnTeam], [WhatIf::OnDuty], [WhatIf::ConsentDisaster]]);
}

#[test]
fn several_faults_need_several_facts() {
    let mut facts = outsider(ordinary());
    facts.subject.user_id_suspended = true;
    facts.device.certificate_in_validity = false;
    let explanation = POINT.explain(&request(Action::Create, Category::Note), &facts);
    assert_eq!(explanation.ways, [[WhatIf::UserIdNotSuspended, WhatIf::CertificateInValidity, WhatIf::OnTeam]]);
    assert_eq!(explanation.forbids.len(), 2);
    assert!(explanation.permits.is_empty());
    assert_eq!(explanation.near.len(), 1, "{explanation}");
    assert_eq!(explanation.near[0].rule.id.as_str(), "P02-team-writes");
    assert_eq!(explanation.near[0].missing, [WhatIf::OnTeam]);
}

#[test]
fn only_an_order_helps_to_delete() {
    let explanation = POINT.explain(&request(Action::Delete, Category::Note), &ordinary());
    assert_eq!(explanation.ways, [[WhatIf::DeletionOrdered]]);
    assert!(explanation.forbids.is_empty());
}

/// Who wrote it, and what it is labelled as, are among what is named.
#[test]
fn authors_and_labels_are_named() {
    assert_eq!(ways(Action::Update, Category::Note, &ordinary()), [[WhatIf::OwnRecord, WhatIf::OwnName]]);
    let forged = request(Action::Create, Category::Note).with_written_as(Authorship::Other);
    assert_eq!(POINT.explain(&forged, &ordinary()).ways, [[WhatIf::OwnName]]);
    let mut facts = ordinary();
    facts.subject.profession = Profession::Therapist;
    let sensitive = request(Action::Read, Category::Condition).with_sensitive(true);
    let found = POINT.explain(&sensitive, &facts).ways.concat();
    assert_eq!(found.first(), Some(&WhatIf::NotSensitive));
    assert!(found.contains(&WhatIf::Profession(Profession::Nurse)) && found.len() == 5, "{found:?}");
}

/// Break-glass is no way that anybody is led to, declared or not.
#[test]
fn nobody_is_led_to_break_glass() {
    let asked = request(Action::Read, Category::Medication).with_break_glass(true);
    let text = POINT.explain(&asked, &outsider(ordinary())).to_string();
    assert!(!text.contains("P13") && !text.contains("emergenc"), "{text}");
}

/// A permit that a forbid overrules is shown as holding.
#[test]
fn overruled_permits_are_shown() {
    let mut facts = ordinary();
    facts.service.state = service::State::Stopped;
    let explanation = POINT.explain(&request(Action::Read, Category::Note), &facts);
    assert_eq!(explanation.permits[0].id.as_str(), "P01-team-reads");
    assert_eq!(explanation.forbids[0].id.as_str(), "F01-service-stopped");
    assert_eq!(explanation.ways, [[WhatIf::ServiceRunning], [WhatIf::DisasterUse]]);
    assert!(explanation.near.is_empty());
}

#[test]
fn it_reads_as_sentences() {
    let explanation = POINT.explain(&request(Action::Update, Category::Plan), &outsider(ordinary()));
    assert_eq!(
        explanation.to_string(),
        "denied\n  would be permitted if the user were on the care team and the user's profession were support-centre\n  \
         would be permitted if the user were on the care team and the user's profession were doctor\n  would be \
         permitted if the user were on the care team and the user's profession were care-manager\n  nearest rule: \
         Support centre staff, doctors and care managers on the care team create and update care plans. (art. 7-1-1, \
         7-1-2, 7-1-7, 18) P03-plan; it would hold if the user were on the care team and the user's profession were \
         one of support-centre, doctor, care-manager"
    );
    let mut facts = ordinary();
    facts.subject.user_id_suspended = true;
    let explanation = POINT.explain(&request(Action::Read, Category::Note), &facts);
    assert_eq!(
        explanation.to_japanese(),
        "拒否\n  禁止：ユーザーIDは一時停止されています。（第29条第1項）F05-user-id-suspended\n  \
         許可：支援チームの利用者とその当番者は、職種に応じて、その支援対象者の連携情報を閲覧・検索できます。（第7条、第18条）P01-team-reads\n  \
         ユーザーIDの一時停止が解除済みならば許可されます。"
    );
}

/// A user ID not yet active and a suspended person, in disaster use: being on the team makes up for nothing, and is not named.
#[test]
fn a_way_names_nothing_that_can_be_left_out() {
    let mut facts = ordinary();
    facts.subject.user_id_state = model::lifecycle::user_id::State::Granted;
    facts.service.state = model::lifecycle::service::State::DisasterUse;
    facts.service.disaster = Some(crate::facts::DisasterFacts { until: crate::matrix::now().plus_seconds(1) });
    if let crate::Resource::Record { person, relation, .. } = &mut facts.resource {
        (person.person_suspended, person.consent_disaster, person.in_disaster_area) = (true, true, true);
        *relation = crate::Relation::None;
    }
    let explanation = POINT.explain(&request(Action::Read, Category::Demographics), &facts);
    assert_eq!(explanation.ways, [[WhatIf::UserIdActive, WhatIf::PersonNotSuspended]]);
}

fn turned(request: &Request, facts: &Facts, way: &[WhatIf]) -> (Request, Facts) {
    let begin = (*request, facts.clone());
    way.iter().fold(begin, |(request, facts), what_if| what_if.applied(&request, &facts))
}

fn permitted((request, facts): (Request, Facts)) -> bool {
    oracle::decide(&request, &facts).0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Each way leads to a permit, and no fact in it can be left out; what holds is what the oracle says holds.
    #[test]
    fn ways_are_true_and_least((request, facts) in cases()) {
        let explanation = POINT.explain(&request, &facts);
        let names = |rules: &[std::sync::Arc<crate::Rule>]| rules.iter().map(|r| r.id.to_string()).collect::<Vec<_>>();
        prop_assert_eq!(names(&explanation.forbids), oracle::forbids(&request, &facts));
        prop_assert_eq!(names(&explanation.permits), oracle::permits(&request, &facts));
        prop_assert!(!explanation.decision.is_permit() || explanation.ways.is_empty());
        for way in &explanation.ways {
            prop_assert!(permitted(turned(&request, &facts, way)), "{:?}", way);
            for left_out in 0..way.len() {
                let mut less = way.clone();
                less.remove(left_out);
                prop_assert!(!permitted(turned(&request, &facts, &less)), "{:?}", less);
            }
        }
        for near in &explanation.near {
            let (request, mut facts) = turned(&request, &facts, &near.missing);
            if let Some(profession) = near.professions.first() {
                facts.subject.profession = *profession;
            }
            let held = oracle::permits(&request, &facts);
            prop_assert!(held.contains(&near.rule.id.as_str()), "{:?}", near);
        }
    }
}
