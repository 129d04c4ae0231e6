//! What counts for a moment, and what ends it.

use std::sync::OnceLock;

use model::lifecycle::{certificate, facility, user_id};
use model::{Assurance, DeviceId, FacilityId, Profession, UserKey};
use policy::{DecisionPoint, DeviceFacts, Facts, Request, Resource, Said, ServiceFacts, SubjectFacts};

use super::*;

const AT: Timestamp = Timestamp::from_millis(1_000_000);

fn judgement() -> Arc<Judgement> {
    let facts = Facts {
        subject: SubjectFacts {
            user_id: UserId::new("U-1").unwrap(),
            user: UserKey::new("K-1").unwrap(),
            profession: Profession::Nurse,
            user_id_state: user_id::State::Active,
            user_id_suspended: false,
            qualification_suspended: false,
            facility: FacilityId::new("F-1").unwrap(),
            facility_state: facility::State::ALL[0],
            facility_suspended: false,
        },
        device: DeviceFacts {
            device: DeviceId::new("D-1").unwrap(),
            facility: FacilityId::new("F-1").unwrap(),
            certificate_state: certificate::State::Active,
            certificate_in_validity: true,
            device_suspended: false,
            assurance: Assurance::ALL[0],
        },
        resource: Resource::Directory,
        service: ServiceFacts::EVERYDAY,
    };
    let request = Request::new(Action::Read, Category::Directory, AT, Said::NOTHING);
    let decision = DecisionPoint::builtin().unwrap().decide(&request, &facts);
    Arc::new(Judgement { decision, request, facts, basis: OnceLock::new() })
}

fn asked(user_id: &str, sensitive: bool) -> Asked {
    let (user_id, user) = (UserId::new(user_id).unwrap(), UserKey::new("K-1").unwrap());
    let serial = SerialNumber::parse("01").unwrap();
    let asker = Asker { user_id: &user_id, user: &user, serial: &serial, at: AT };
    let person = PersonId::new("P-1").unwrap();
    Asked::of(&asker, &Question::reading(Some(&person), Category::Note, sensitive))
}

/// Promises P1 and P2: a change is another question at once, and time is one soon.
#[test]
fn an_answer_counts_for_this_state_and_this_moment_only() {
    let (now, other) = (Snapshot::default(), Snapshot::default());
    let mut recent = Recent::default();
    recent.keep(&now, AT, asked("U-1", false), &judgement());
    let later = |millis: i64| Timestamp::from_millis(AT.as_millis() + millis);
    for millis in [0, 1, DECISION_COUNTS_MAX] {
        assert!(recent.answer(&now, later(millis), &asked("U-1", false)).is_some(), "{millis}");
    }
    for millis in [DECISION_COUNTS_MAX + 1, -1] {
        assert!(recent.answer(&now, later(millis), &asked("U-1", false)).is_none(), "{millis}");
    }
    assert!(recent.answer(&other, AT, &asked("U-1", false)).is_none(), "another state");
    assert!(recent.answer(&now, AT, &asked("U-2", false)).is_none(), "somebody else");
    assert!(recent.answer(&now, AT, &asked("U-1", true)).is_none(), "with a label");
    // What is answered in another state ends what was answered before.
    recent.keep(&other, AT, asked("U-2", false), &judgement());
    assert!(recent.answer(&now, AT, &asked("U-1", false)).is_none());
    assert!(recent.answer(&other, AT, &asked("U-1", false)).is_none());
}

#[test]
fn no_more_is_remembered_than_may_be() {
    let (snapshot, judgement, mut recent) = (Snapshot::default(), judgement(), Recent::default());
    for number in 0..2 * DECISIONS_REMEMBERED_MAX {
        recent.keep(&snapshot, AT, asked(&format!("U-{number}"), false), &judgement);
        assert!(recent.answers.len() <= DECISIONS_REMEMBERED_MAX);
    }
}
