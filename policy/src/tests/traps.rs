//! The two ways in which naive use of Cedar fails open, each first shown on raw Cedar, then on our wrapper.

use cedar_policy::{Authorizer, Context, Decision as Raw, Entities, Entity, PolicySet, Request as RawRequest};
use model::lifecycle::{consent, service};
use model::{Action, Category};

use super::{POINT, decided, line, request};
use crate::facts::{DisasterFacts, Facts, Relation, Resource};
use crate::matrix::{now, ordinary};
use crate::point::{DecisionPoint, RULES, SCHEMA};
use crate::slice::{Slice, SliceError};

/// Support stopped for a person; the asker is on the team.
fn support_stopped() -> Facts {
    let mut facts = ordinary();
    if let Resource::Record { person, .. } = &mut facts.resource {
        person.consent = consent::State::SupportStopped;
    }
    facts
}

/// The entities of a slice without one type, still passing schema validation: what a caller would build who forgot one.
fn without(slice: &Slice, kind: &str) -> Entities {
    let kept: Vec<Entity> = slice
        .entities()
        .iter()
        .filter(|entity| {
            entity.uid().type_name().to_string() != kind && entity.uid().type_name().to_string() != "Action"
        })
        .cloned()
        .collect();
    Entities::from_entities(kept, Some(POINT.parts().0)).unwrap()
}

/// Trap A on raw Cedar: leave the person out, and every forbid about the person is skipped. Then three guards, each on
/// its own: the slice is not made; a point handed such a slice all the same denies for the errors; and it says so.
#[test]
fn trap_a_a_missing_entity() {
    let (asked, facts) = (request(Action::Read, Category::Note), support_stopped());
    assert_eq!(decided(&asked, &facts), "denial F16-support-stopped");

    let whole = POINT.slice(&asked, &facts).unwrap();
    let holed = without(&whole, "Person");
    let raw = Authorizer::new().is_authorized(whole.request(), POINT.parts().2, &holed);
    assert_eq!(raw.decision(), Raw::Allow, "the trap: raw Cedar opens");
    assert!(raw.diagnostics().errors().count() > 0, "with nothing but errors to be ignored");

    let (schema, vocabulary, all) = POINT.parts();
    let refused = Slice::without_person(vocabulary, schema, &asked, &facts);
    assert!(matches!(refused, Err(SliceError::Incomplete(_))), "{refused:?}");
    assert_eq!(
        line(&POINT.judge(refused, all)),
        "denial - ! nothing is known of `Person::\"P-0001\"`, which the facts name"
    );

    let handed = POINT.judge_slice(&Slice::unproved(whole.request().clone(), holed), all);
    assert!(!handed.is_permit());
    assert!(handed.basis().rules.is_empty(), "the permit that raw Cedar gave is no reason of a denial");
    assert!(handed.basis().errors.iter().any(|error| error.contains("F16-support-stopped")), "{handed:?}");
}

/// The same with each other entity in turn: no missing fact opens anything, in disaster use either.
#[test]
fn no_missing_entity_opens() {
    let mut facts = ordinary();
    facts.service.state = service::State::DisasterUse;
    facts.service.disaster = Some(DisasterFacts { until: now().plus_seconds(60) });
    if let Resource::Record { person, relation, .. } = &mut facts.resource {
        (person.consent_disaster, person.in_disaster_area) = (true, true);
        *relation = Relation::None;
    }
    let asked = request(Action::Read, Category::Note);
    assert_eq!(decided(&asked, &facts), "permit P07-disaster-reads");
    let whole = POINT.slice(&asked, &facts).unwrap();
    for kind in ["User", "Facility", "Device", "Person", "Record", "Service"] {
        let holed = Slice::unproved(whole.request().clone(), without(&whole, kind));
        let answer = POINT.judge_slice(&holed, POINT.parts().2);
        assert!(!answer.is_permit() && !answer.basis().errors.is_empty(), "{kind}: {answer:?}");
    }
}

/// The house's schema with an action group, as somebody might tidily add one.
fn schema_with_group() -> String {
    SCHEMA
        .replace(
            "action read, search, create, update, delete appliesTo",
            "action reads;\naction read, search in [reads] appliesTo",
        )
        .replace(
            "action view appliesTo",
            "action create, update, delete appliesTo {\n  principal: User,\n  resource: [Record, Directory],\n  \
             context: { at: Long, breakGlass: Bool, device: Device, service: Service },\n};\naction view appliesTo",
        )
}

const SCOPED_FORBID: &str = r#"
    @id("F16-support-stopped") @article("17-3") @text_ja("支援中止") @text_en("Support is stopped.") @tell("officer")
    forbid (principal, action in Action::"reads", resource)
    when { resource is Record && resource.person.consent == ConsentState::"support-stopped" };
"#;

/// Trap B on raw Cedar: a complete store, built without the schema, and a request that was validated: the forbid scoped
/// by a group never matches, and there is no error at all. Then: the rule is not loaded; and were it loaded, a slice,
/// which cannot be built without the schema, hears it.
#[test]
fn trap_b_a_store_without_the_schema() {
    let permits = RULES.iter().find(|(file, _)| *file == "care.cedar").unwrap();
    let sources = [*permits, ("scoped.cedar", SCOPED_FORBID)];
    let schema_text = schema_with_group();
    let (point, findings) = DecisionPoint::unlinted(&schema_text, &sources).unwrap();
    let (schema, _, all) = point.parts();
    let (asked, facts) = (request(Action::Read, Category::Note), support_stopped());
    let slice = point.slice(&asked, &facts).unwrap();

    let bare: Vec<Entity> =
        slice.entities().iter().filter(|entity| entity.uid().type_name().to_string() != "Action").cloned().collect();
    let store = Entities::from_entities(bare, None).unwrap();
    let raw_request = slice.request();
    let revalidated = RawRequest::new(
        raw_request.principal().unwrap().clone(),
        raw_request.action().unwrap().clone(),
        raw_request.resource().unwrap().clone(),
        raw_request.context().cloned().unwrap_or_else(Context::empty),
        Some(schema),
    )
    .unwrap();
    let raw = Authorizer::new().is_authorized(&revalidated, all, &store);
    assert_eq!(raw.decision(), Raw::Allow, "the trap: raw Cedar opens");
    assert_eq!(raw.diagnostics().errors().count(), 0, "without a single error");

    assert!(
        findings.iter().any(|finding| finding.what.starts_with("is a forbid with a scope")),
        "the rule is not loaded: {findings:?}"
    );
    assert!(DecisionPoint::from_sources(&schema_text, &sources).is_err());
    assert_eq!(line(&point.decide(&asked, &facts)), "denial F16-support-stopped", "the slice carries the actions");
}

/// Even our unscoped forbids are heard in a store without the schema: they ask no hierarchy.
#[test]
fn unscoped_forbids_do_not_fall_into_trap_b() {
    let slice = POINT.slice(&request(Action::Read, Category::Note), &support_stopped()).unwrap();
    let bare: Vec<Entity> = slice.entities().iter().cloned().collect();
    let store = Entities::from_entities(bare, None).unwrap();
    let all: &PolicySet = POINT.parts().2;
    assert_eq!(Authorizer::new().is_authorized(slice.request(), all, &store).decision(), Raw::Deny);
}
