//! Facts in short, and back.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Authorship, Category, Profession, Timestamp};
use policy::{
    DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, Said, ServiceFacts, SubjectFacts,
};
use proptest::prelude::*;

use crate::facts::{compact, read};

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9-]{1,64}"
}

fn any_facts() -> impl Strategy<Value = (Request, Facts)> {
    use proptest::sample::select;
    let names = (select(Authorship::ALL), select(Authorship::ALL));
    let request = (select(Action::ALL), select(Category::ALL), any::<i64>(), names);
    let subject = (proptest::collection::vec(id(), 6), select(Profession::ALL), select(user_id::State::ALL));
    let states = (select(facility::State::ALL), select(certificate::State::ALL), select(consent::State::ALL));
    let rest = (select(service::State::ALL), proptest::option::of(any::<i64>()));
    let relation = select(Relation::ALL);
    (request, subject, states, rest, relation, any::<[bool; 16]>()).prop_map(
        |(
            (action, category, at, (authorship, written_as)),
            (ids, profession, state),
            (facility, certificate, consent),
            (service, until),
            relation,
            b,
        )| {
            let said = Said { authorship, written_as, sensitive: b[12] };
            let request = Request::new(action, category, Timestamp::from_millis(at), said).with_break_glass(b[13]);
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
                assurance: if b[4] { model::Assurance::Attested } else { model::Assurance::Container },
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
            let resource = if b[11] {
                Resource::Directory
            } else {
                Resource::Record { person, relation, deletion_ordered: b[14] }
            };
            let disaster = until.map(|until| DisasterFacts { until: Timestamp::from_millis(until) });
            let service = ServiceFacts { state: service, disaster, break_glass_issued: b[15] };
            (request, Facts { subject, device, resource, service })
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
        assert!(read(&text.replacen(r#""sensitive":"#, r#""insensitive":"#, 1)).is_err());
        assert!(read(&text.replacen(r#""v":4"#, r#""v":5"#, 1)).is_err());
        // What says more than its version had is no record of that version.
        assert!(read(&text.replacen(r#""v":4"#, r#""v":3"#, 1)).is_err());
        assert!(read(&text.replacen(r#""v":4"#, r#""v":2"#, 1)).is_err());
        assert!(read(&text.replacen(r#""v":4"#, r#""v":1"#, 1)).is_err());
    }
}

/// As it was written before authors, labels, orders and break-glass were facts; read to this day, and only whole.
#[test]
fn the_first_version_is_read_for_ever() {
    let old = r#"{"v":1,"ask":{"action":"update","category":"note","at":"2026-11-23T05:05:00.250Z"},"subject":{"user_id":"U-sato","user":"K-sato","profession":"nurse","state":"active","suspended":false,"qualification_suspended":false,"facility":"F-nursing","facility_state":"approved","facility_suspended":false},"device":{"id":"D-sato","facility":"F-nursing","certificate":"active","in_validity":true,"suspended":false},"person":{"id":"P-0001","eligible":true,"consent":"given","store":true,"share":true,"disaster":true,"suspended":false,"in_area":false,"team":"member"},"service":"running","disaster":null}"#;
    let (request, facts) = read(old).unwrap();
    assert_eq!((request.authorship, request.sensitive, request.break_glass), (Authorship::Unknown, false, false));
    assert!(!facts.service.break_glass_issued);
    let Resource::Record { relation, deletion_ordered, .. } = &facts.resource else { panic!("{facts:?}") };
    assert_eq!((relation.as_str(), *deletion_ordered), ("member", false));
    // The same facts, written now, say more, and are the same.
    assert_eq!(read(&compact(&request, &facts)).unwrap(), (request, facts));
    assert!(read(&old.replace(r#""v":1"#, r#""v":2"#)).is_err(), "the second version says everything");
    assert!(read(&old.replace(r#""member""#, r#""duty""#)).is_err(), "there was no such role");
}

/// As it was written before it was a fact in whose name something is written. One fact was said for both; a forged name in a
/// create is therefore found by a replay of what was permitted then.
#[test]
fn the_second_version_is_read_for_ever() {
    let new = r#"{"v":3,"ask":{"action":"create","category":"note","at":"2026-11-23T05:05:00.250Z","author":"other","written_as":"other","sensitive":false,"glass":false},"subject":{"user_id":"U-sato","user":"K-sato","profession":"nurse","state":"active","suspended":false,"qualification_suspended":false,"facility":"F-nursing","facility_state":"approved","facility_suspended":false},"device":{"id":"D-sato","facility":"F-nursing","certificate":"active","in_validity":true,"suspended":false},"person":{"id":"P-0001","eligible":true,"consent":"given","store":true,"share":true,"disaster":true,"suspended":false,"in_area":false,"team":"member","ordered":false},"service":"running","disaster":null,"glass_issued":false}"#;
    let old = new.replace(r#""v":3"#, r#""v":2"#).replace(r#""written_as":"other","#, "");
    let names = |text: &str| read(text).map(|(request, _)| (request.authorship, request.written_as));
    assert_eq!(names(&old).unwrap(), (Authorship::Other, Authorship::Other));
    let reading = old.replace("create", "read");
    assert_eq!(names(&reading).unwrap(), (Authorship::Other, Authorship::Unknown), "nothing was written");
    assert!(names(new).is_ok());
    assert!(names(&old.replace(r#""v":2"#, r#""v":3"#)).is_err(), "the third version says everything");
    assert!(names(&new.replace(r#""v":3"#, r#""v":2"#)).is_err(), "there was no such fact");
}

/// As it was written before it was a fact how a certificate's key came about: the least is taken.
#[test]
fn the_third_version_is_read_for_ever() {
    let (request, facts) = (policy::matrix::now(), policy::matrix::ordinary());
    let request = Request::new(model::Action::Read, model::Category::Note, request, Said::OWN);
    let new = compact(&request, &facts);
    let old = new.replace(r#""v":4"#, r#""v":3"#).replace(r#","key":"software""#, "");
    assert_eq!(read(&old).unwrap().1.device.assurance, model::Assurance::Container);
    assert!(read(&old.replace(r#""v":3"#, r#""v":4"#)).is_err(), "the fourth version says everything");
    assert!(read(&new.replace(r#""v":4"#, r#""v":3"#)).is_err(), "there was no such fact");
}
