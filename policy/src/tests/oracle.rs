//! The regulation written a second time: plain Rust on facts, from the articles and not from the rules. Cedar must agree
//! with it in decisions and in reasons.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Category, Profession};

use crate::facts::{Facts, Relation, Request, Resource};

/// Decision, and the rules that made it, in the order of the files.
pub(super) fn decide(request: &Request, facts: &Facts) -> (bool, Vec<&'static str>) {
    let forbids = forbids(request, facts);
    if !forbids.is_empty() {
        return (false, forbids);
    }
    let permits = permits(request, facts);
    (!permits.is_empty(), permits)
}

pub(super) fn forbids(request: &Request, facts: &Facts) -> Vec<&'static str> {
    let (subject, device) = (&facts.subject, &facts.device);
    let mut list = Vec::new();
    match facts.service.state {
        service::State::Running | service::State::DisasterUse => {}
        service::State::Stopped => list.push("F01-service-stopped"),
        service::State::Ended => list.push("F02-service-ended"),
    }
    let (mut first_password, mut ended, mut suspended) = (false, false, subject.user_id_suspended);
    match subject.user_id_state {
        user_id::State::Active => {}
        user_id::State::Granted => first_password = true,
        user_id::State::GrantedSuspended => (first_password, suspended) = (true, true),
        user_id::State::Suspended => suspended = true,
        user_id::State::Ended => ended = true,
    }
    let mut add = |holds: bool, rule| {
        if holds {
            list.push(rule);
        }
    };
    add(first_password, "F03-first-password");
    add(ended, "F04-user-id-ended");
    add(suspended, "F05-user-id-suspended");
    add(subject.qualification_suspended, "F06-qualification-suspended");
    let state = subject.facility_state;
    add(matches!(state, facility::State::Applied | facility::State::Refused), "F07-facility-not-approved");
    add(subject.facility_suspended || state == facility::State::Suspended, "F08-facility-suspended");
    add(state == facility::State::Closed, "F09-facility-closed");
    add(device.facility != subject.facility, "F10-device-of-another-facility");
    add(device.device_suspended, "F11-device-suspended");
    let (revoked, never_issued) = match device.certificate_state {
        certificate::State::Active => (false, false),
        certificate::State::Revoked | certificate::State::Confirmed => (true, false),
        certificate::State::Reserved | certificate::State::Abandoned => (false, true),
    };
    add(revoked, "F12-certificate-revoked");
    add(never_issued, "F13-certificate-not-issued");
    add(!device.certificate_in_validity, "F14-certificate-out-of-validity");
    if let Resource::Record { person, .. } = &facts.resource {
        add(!person.eligible, "F15-person-not-eligible");
        match person.consent {
            consent::State::SupportStopped => add(true, "F16-support-stopped"),
            consent::State::Absent => add(true, "F17-consent-absent"),
            consent::State::Given => {
                add(request.action.writes() && !person.consent_store, "F18-storing-not-agreed");
                add(!request.action.writes() && !person.consent_share, "F19-sharing-not-agreed");
            }
        }
        add(person.person_suspended, "F20-person-suspended");
    }
    list
}

pub(super) fn permits(request: &Request, facts: &Facts) -> Vec<&'static str> {
    let profession = facts.subject.profession;
    let (person, relation) = match &facts.resource {
        Resource::Record { person, relation } => (person, relation),
        Resource::Directory => {
            return if matches!(request.action, Action::Read | Action::Search) {
                vec!["P06-directory"]
            } else {
                vec![]
            };
        }
    };
    match (request.action, relation) {
        (Action::Delete, _) => vec![],
        (Action::Read | Action::Search, Relation::Team(_)) => vec!["P01-team-reads"],
        (Action::Read | Action::Search, Relation::None) => {
            let declared = facts.service.state == service::State::DisasterUse;
            let lasts = facts.service.disaster.as_ref().is_some_and(|disaster| request.at < disaster.until);
            let agreed = person.consent == consent::State::Given && person.consent_disaster;
            if declared && lasts && agreed && person.in_disaster_area { vec!["P07-disaster-reads"] } else { vec![] }
        }
        (Action::Create | Action::Update, Relation::None) => vec![],
        (action, Relation::Team(_)) => match request.category {
            Category::Note | Category::Observation | Category::Document => vec!["P02-team-writes"],
            Category::Plan => match profession {
                Profession::SupportCentre | Profession::Doctor | Profession::CareManager => vec!["P03-plan"],
                _ => vec![],
            },
            Category::Medication => match profession {
                Profession::Doctor | Profession::Pharmacist => vec!["P04-medication"],
                _ => vec![],
            },
            Category::Demographics => match (profession, action) {
                (Profession::SupportCentre | Profession::CareManager, Action::Update) => vec!["P05-demographics"],
                _ => vec![],
            },
            Category::Team | Category::Consent | Category::Directory => vec![],
        },
    }
}
