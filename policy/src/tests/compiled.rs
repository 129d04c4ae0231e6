//! The compiled form against Cedar, for rules that nobody would write: whatever compiles decides as Cedar does, in decision,
//! reasons and whether something failed.

use proptest::prelude::*;

use super::generator::cases;
use super::{POINT, request};
use crate::Decision;
use crate::facts::{DisasterFacts, Facts, Request, Resource};
use crate::matrix::{now, ordinary};
use crate::point::{DecisionPoint, SCHEMA};

#[test]
fn the_rules_of_the_house_compile() {
    assert_eq!(POINT.why_not_compiled(), None);
}

/// Decision, rules, whether they alone stand in the way, and whether something failed. What exactly failed is said in other
/// words.
fn said(decision: &Decision) -> (bool, String, bool, bool) {
    let basis = decision.basis();
    (decision.is_permit(), basis.rule_names(), basis.only_forbidden, basis.errors.is_empty())
}

fn atom() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "true",
        "false",
        "principal.userIdSuspended",
        "principal.qualificationSuspended",
        "principal.facility.suspended",
        "context.device.suspended",
        "context.device.certificateInValidity",
        r#"context.device.assurance == Assurance::"container""#,
        r#"Assurance::"attested" != context.device.assurance"#,
        r#"principal.profession == Profession::"nurse""#,
        r#"Profession::"city-recognised" == principal.profession"#,
        r#"principal.profession != Profession::"doctor""#,
        r#"principal.userIdState == UserIdState::"active""#,
        r#"principal.facility.state == FacilityState::"approved""#,
        r#"context.device.certificateState == CertificateState::"active""#,
        r#"context.service.state == ServiceState::"disaster-use""#,
        "context.device.facility == principal.facility",
        "principal.facility != context.device.facility",
        r#"[Profession::"nurse", Profession::"doctor"].contains(principal.profession)"#,
        "principal is User",
        "resource is Record",
        "resource is Directory",
        "resource is PublicPage",
        r#"action == Action::"read""#,
        r#"action != Action::"create""#,
        "context.service has disasterUntil",
        // Those below fail where the attribute is not there, as a rule that slipped past the lint would.
        "context.at < context.service.disasterUntil",
        "context.service.disasterUntil <= context.at",
        "context.at >= context.service.disasterUntil",
        "context.service.disasterUntil > context.at",
        "context.service.disasterUntil == context.at",
        "resource.person.eligible",
        "resource.person.consentShare",
        "resource.person.suspended",
        r#"resource.person.consent == ConsentState::"given""#,
        r#"resource.relation == TeamRole::"none""#,
        r#"resource.relation == TeamRole::"substitute""#,
        r#"resource.category == Category::"note""#,
        r#"resource.relation == TeamRole::"duty""#,
        r#"resource.authorship == Authorship::"own""#,
        r#"resource.authorship != Authorship::"unknown""#,
        r#"resource.writtenAs == Authorship::"own""#,
        r#"resource.writtenAs != Authorship::"other""#,
        "resource.sensitive",
        "resource.deletionOrdered",
        "context.breakGlass",
        "context.service.breakGlassIssued",
        r#"resource.category != Category::"medication""#,
    ])
}

fn condition() -> impl Strategy<Value = String> {
    atom().prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} || {right})")),
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(one, two, three)| format!("(if {one} then {two} else {three})")),
        ]
    })
}

fn rule() -> impl Strategy<Value = String> {
    let scope = proptest::sample::select(vec![
        "principal, action, resource",
        "principal is User, action, resource",
        r#"principal, action == Action::"read", resource is Record"#,
        r#"principal, action in [Action::"create", Action::"update"], resource"#,
        "principal, action, resource is Directory",
    ]);
    let kind = proptest::sample::select(vec!["when", "unless"]);
    (any::<bool>(), scope, proptest::collection::vec((kind, condition()), 0..3)).prop_map(|(permits, scope, parts)| {
        let effect = if permits { "permit" } else { "forbid" };
        let parts: String = parts.iter().map(|(kind, condition)| format!("{kind} {{ {condition} }}\n")).collect();
        format!("{effect} ({scope})\n{parts};")
    })
}

fn named(rules: &[String]) -> String {
    let annotated = rules.iter().enumerate().map(|(number, rule)| {
        let letter = if rule.starts_with("permit") { 'P' } else { 'F' };
        let notes = r#"@article("18") @text_ja("試験") @text_en("A test.") @tell("officer")"#;
        format!("@id(\"{letter}{number:02}-rule\") {notes}\n{rule}\n")
    });
    annotated.collect()
}

/// The random facts, and beside them what they rarely are: a directory, a disaster on its last millisecond.
fn situations() -> impl Strategy<Value = (Request, Facts)> {
    prop_oneof![
        4 => cases(),
        1 => cases().prop_map(|(asked, facts)| {
            let directory = Request { category: model::Category::Directory, ..asked };
            (directory, Facts { resource: Resource::Directory, ..facts })
        }),
        1 => Just(()).prop_map(|()| {
            let mut facts = ordinary();
            facts.service.disaster = Some(DisasterFacts { until: now() });
            (request(model::Action::Read, model::Category::Note), facts)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_compiles_decides_as_cedar_does(
        rules in proptest::collection::vec(rule(), 1..6),
        situations in proptest::collection::vec(situations(), 20),
    ) {
        let text = named(&rules);
        let (point, _) = DecisionPoint::unlinted(SCHEMA, &[("random.cedar", &text)]).unwrap();
        prop_assert_eq!(point.why_not_compiled(), None, "{}", text);
        for (asked, facts) in situations {
            let (compiled, cedar) = (point.decide(&asked, &facts), point.decide_by_cedar(&asked, &facts));
            prop_assert_eq!(said(&compiled), said(&cedar), "{}\n{:?}\n{:#?}\n{:?}", text, asked, facts, cedar);
        }
    }
}

/// What is not known here is left to Cedar, and never taken for something else.
#[test]
fn what_cannot_be_compiled_is_left_to_cedar() {
    for rule in [
        r#"forbid (principal == User::"U-1", action, resource);"#,
        r#"forbid (principal, action == Action::"view", resource);"#,
        r#"forbid (principal, action, resource == Record::"P-1");"#,
        r#"forbid (principal, action, resource) when { context.at + 1 == 2 };"#,
        r#"forbid (principal, action, resource) when { context.at == 2 };"#,
        r#"forbid (principal, action, resource) when { principal.facility == Facility::"F-1" };"#,
        r#"forbid (principal, action, resource) when { principal has profession };"#,
        r#"forbid (principal, action, resource) when { principal in Facility::"F-1" };"#,
        r#"forbid (principal, action, resource) when { [principal.profession] == [principal.profession] };"#,
    ] {
        let text = named(&[rule.to_owned()]);
        let (point, _) = DecisionPoint::unlinted(SCHEMA, &[("odd.cedar", &text)]).unwrap();
        assert!(point.why_not_compiled().is_some(), "{rule}");
        let (asked, facts) = (request(model::Action::Read, model::Category::Note), ordinary());
        assert_eq!(point.decide(&asked, &facts), point.decide_by_cedar(&asked, &facts), "{rule}");
    }
}
