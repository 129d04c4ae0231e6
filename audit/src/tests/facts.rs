//! Facts in short, and back.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Category, Profession, TeamRole, Timestamp};
use policy::{DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, ServiceFacts, SubjectFacts};
use proptest::prelude::*;

use crate::facts::{compact, read};

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9-]{1,64}"
}

fn any_facts() -> impl Strategy<Value = (Request, Facts)> {
    use proptest::sample::select;
    let request = (select(Action::ALL), select(Category::ALL), any::<i64>());
    let subject = (proptest::collection::vec(id(), 6), select(Profession::ALL), select(user_id::State::ALL));
    let states = (select(facility::State::ALL), select(certificate::State::ALL), select(consent::State::ALL));
    let rest = (select(service::State::ALL), proptest::option::of(any::<i64>()));
    let relation = prop_oneof![Just(Relation::None), select(TeamRole::ALL).prop_map(Relation::Team)];
    (request, subject, states, rest, relation, any::<[bool; 14]>()).prop_map(
        |(
            (action, category, at),
            (ids, profession, state),
            (facility, certificate, consent),
            (service, until),
            relation,
            b,
        )| {
            let request = Request { action, category, at: Timestamp::from_millis(at) };
            let subject = SubjectFacts {
                user_id: ids[0].parse().unwrap(),
                user: ids[1].parse().unwrap(),
                profession,
                user_id_state: state,
                user_id_suspended: b[0],
                qualification_suspended: b[1],
                facility: ids[2].parse().unwrap(),
                facility_state: facility,
                facility_suspended: b[2],
            };
            let device = DeviceFacts {
                device: ids[3].parse().unwrap(),
                facility: ids[4].parse().unwrap(),
                certificate_state: certificate,
                certificate_in_validity: b[3],
                device_suspended: b[4],
            };
            let person = PersonFacts {
                person: ids[5].parse().unwrap(),
                eligible: b[5],
                consent,
                consent_store: b[6],
                consent_share: b[7],
                consent_disaster: b[8],
                person_suspended: b[9],
                in_disaster_area: b[10],
            };
            let resource = if b[11] { Resource::Directory } else { Resource::Record { person, relation } };
            let disaster = until.map(|until| DisasterFacts { until: Timestamp::from_millis(until) });
            (request, Facts { subject, device, resource, service: ServiceFacts { state: service, disaster } })
        },
    )
}

proptest! {
    #[test]
    fn facts_come_back_as_they_were((request, facts) in any_facts()) {
        let text = compact(&request, &facts);
        assert!(text.len() < 2048, "{}", text.len());
        assert!(text.is_ascii() && !text.contains('\n'));
        assert_eq!(read(&text).unwrap(), (request, facts));
        // A fact less, or one nobody knows, is an error and not a default.
        assert!(read(&text.replacen(r#""suspended":"#, r#""suspendet":"#, 1)).is_err());
        assert!(read(&text.replacen(r#""v":1"#, r#""v":2"#, 1)).is_err());
    }
}
