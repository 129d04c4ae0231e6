//! Facts go into Cedar's form and come back as they were: what a solver says is then what the decision point hears.

use model::{Authorship, Category};
use proptest::prelude::*;

use super::POINT;
use super::generator::cases;
use crate::facts::{Facts, Request, Resource};
use crate::matrix::ordinary;

/// Names are not taken over: only whether the device is of the own facility.
fn with_ordinary_names(mut facts: Facts) -> Facts {
    let own = facts.device.facility == facts.subject.facility;
    let names = ordinary();
    facts.subject.user_id = names.subject.user_id;
    facts.subject.user = names.subject.user;
    facts.subject.facility = names.subject.facility;
    facts.device.device = names.device.device;
    facts.device.facility = if own { names.device.facility } else { "F-0002".parse().unwrap() };
    if let (Resource::Record { person, .. }, Resource::Record { person: named, .. }) =
        (&mut facts.resource, names.resource)
    {
        person.person = named.person;
    }
    facts
}

/// The directory has no author and no label in Cedar's form: what a request says of them is not heard.
fn of_directory(request: Request) -> Request {
    if request.category == Category::Directory {
        let unknown = Authorship::Unknown;
        return request.with_authorship(unknown).with_written_as(unknown).with_sensitive(false);
    }
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn facts_come_back_from_cedar((request, facts) in cases()) {
        let (cedar_request, entities) = POINT.cedar_form(&request, &facts).unwrap();
        let (asked, back) = POINT.facts_of(&cedar_request, &entities).unwrap();
        prop_assert_eq!(asked, Some(of_directory(request)));
        prop_assert_eq!(back, with_ordinary_names(facts));
    }
}

#[test]
fn public_information_has_the_state_of_the_service_only() {
    let (request, entities) = POINT.cedar_form_of_public(&ordinary().service).unwrap();
    assert_eq!(POINT.facts_of(&request, &entities).unwrap(), (None, ordinary()));
}
