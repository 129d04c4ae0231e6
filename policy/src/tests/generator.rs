//! Random requests and facts: mostly in order, so that a single fault decides often, and every state of everything.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Assurance, Authorship, Category, Profession};
use proptest::prelude::*;
use proptest::sample::select;

use crate::facts::{DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, Said, ServiceFacts};
use crate::matrix::{now, ordinary};

/// `good` most of the time, otherwise anything from the list.
fn mostly<T: Copy + std::fmt::Debug + 'static>(good: T, all: &'static [T]) -> impl Strategy<Value = T> {
    prop_oneof![14 => Just(good), 1 => select(all)]
}

fn rarely() -> impl Strategy<Value = bool> {
    prop_oneof![19 => Just(false), 1 => Just(true)]
}

fn person() -> impl Strategy<Value = PersonFacts> {
    let forms = (mostly(consent::State::Given, consent::State::ALL), rarely(), rarely(), any::<bool>());
    (forms, rarely(), rarely(), any::<bool>(), "[A-Za-z0-9-]{1,8}").prop_map(
        |((consent, no_store, no_share, consent_disaster), not_eligible, person_suspended, in_disaster_area, id)| {
            PersonFacts {
                person: id.parse().unwrap(),
                eligible: !not_eligible,
                consent,
                consent_store: !no_store,
                consent_share: !no_share,
                consent_disaster,
                person_suspended,
                in_disaster_area,
            }
        },
    )
}

fn service() -> impl Strategy<Value = ServiceFacts> {
    let state = prop_oneof![
        12 => Just(service::State::Running),
        6 => Just(service::State::DisasterUse),
        1 => select(service::State::ALL),
    ];
    // Past, exactly now, later; and all combinations with the state, contradictory ones included.
    let until = prop_oneof![3 => Just(None), 1 => Just(Some(-1_i64)), 1 => Just(Some(0)), 5 => Just(Some(1000))];
    (state, until, prop::bool::weighted(0.3)).prop_map(|(state, until, break_glass_issued)| ServiceFacts {
        state,
        disaster: until.map(|millis| DisasterFacts { until: now().plus_millis(millis) }),
        break_glass_issued,
    })
}

fn relation() -> impl Strategy<Value = Relation> {
    prop_oneof![4 => select(Relation::ALL), 1 => Just(Relation::None)]
}

/// A request and facts that belong together: a directory's category with the directory, and no other.
pub(super) fn cases() -> impl Strategy<Value = (Request, Facts)> {
    let subject = (
        select(Profession::ALL),
        mostly(user_id::State::Active, user_id::State::ALL),
        mostly(facility::State::Approved, facility::State::ALL),
        (rarely(), rarely(), rarely()),
    );
    let device = (
        mostly(certificate::State::Active, certificate::State::ALL),
        rarely(),
        rarely(),
        rarely(),
        select(Assurance::ALL),
    );
    let asked = (select(Action::ALL), select(Category::ALL));
    let said = (select(Authorship::ALL), select(Authorship::ALL), prop::bool::weighted(0.15));
    let said = said.prop_map(|(authorship, written_as, sensitive)| Said { authorship, written_as, sensitive });
    let of_record = (said, any::<bool>(), prop::bool::weighted(0.3));
    (asked, of_record, subject, device, person(), relation(), service()).prop_map(
        |((action, category), of_record, subject, device, person, relation, service)| {
            let mut facts = ordinary();
            let (profession, user_id_state, facility_state, suspended) = subject;
            facts.subject.profession = profession;
            facts.subject.user_id_state = user_id_state;
            facts.subject.facility_state = facility_state;
            facts.subject.user_id_suspended = suspended.0;
            facts.subject.qualification_suspended = suspended.1;
            facts.subject.facility_suspended = suspended.2;
            let (certificate_state, out_of_validity, device_suspended, other_facility, assurance) = device;
            facts.device.assurance = assurance;
            facts.device.certificate_state = certificate_state;
            facts.device.certificate_in_validity = !out_of_validity;
            facts.device.device_suspended = device_suspended;
            if other_facility {
                facts.device.facility = "F-0002".parse().unwrap();
            }
            facts.service = service;
            facts.resource = match category {
                Category::Directory => Resource::Directory,
                _ => Resource::Record { person, relation, deletion_ordered: of_record.1 },
            };
            let request = Request::new(action, category, now(), of_record.0).with_break_glass(of_record.2);
            (request, facts)
        },
    )
}
