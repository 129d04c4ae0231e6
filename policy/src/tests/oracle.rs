//! The regulation written a second time: plain Rust on facts, from the articles and not from the rules. Cedar must agree
//! with it in decisions and in reasons.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Authorship, Category, Profession};

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
        // Consent and eligibility are for those who read and write; the city deletes because they ended (17-2, 19-2).
        if request.action != Action::Delete {
            add(!person.eligible, "F15-person-not-eligible");
            match person.consent {
                consent::State::SupportStopped => add(true, "F16-support-stopped"),
                consent::State::Absent => add(true, "F17-consent-absent"),
                consent::State::Given => {
                    add(request.action.writes() && !person.consent_store, "F18-storing-not-agreed");
                    add(!request.action.writes() && !person.consent_share, "F19-sharing-not-agreed");
                }
            }
        }
        add(person.person_suspended, "F20-person-suspended");
        if request.action != Action::Delete {
            add(!needs(subject.profession, request.category), "F21-not-for-this-profession");
            add(request.sensitive && !may_see_sensitive(subject.profession), "F22-sensitive-record");
        }
        add(!in_own_name(request), "F23-in-somebody-elses-name");
    }
    list
}

/// Each profession's own list, in the order of art. 7.
fn needs(profession: Profession, category: Category) -> bool {
    use Category::{Condition, Consent, Demographics, Document, Medication, Note, Observation, Plan, Team};
    let list: &[Category] = match profession {
        Profession::SupportCentre | Profession::Doctor | Profession::Nurse | Profession::CareManager => {
            &[Demographics, Team, Note, Observation, Plan, Medication, Condition, Document, Consent]
        }
        Profession::Pharmacist | Profession::Dietitian | Profession::Therapist | Profession::MedicalRecognised => {
            &[Demographics, Team, Note, Observation, Plan, Medication, Condition, Document]
        }
        Profession::CareRecognised => &[Demographics, Team, Note, Observation, Plan, Medication, Condition],
        Profession::CityRecognised => &[Demographics, Team, Note],
    };
    list.contains(&category)
}

const fn may_see_sensitive(profession: Profession) -> bool {
    matches!(profession, Profession::SupportCentre | Profession::Doctor | Profession::Pharmacist | Profession::Nurse)
}

/// Art. 18, 28: what somebody saw and wrote stands in his name. What names nobody may be added, and stays so.
fn in_own_name(request: &Request) -> bool {
    let words = matches!(request.category, Category::Note | Category::Observation | Category::Document);
    match (request.action, request.written_as) {
        (Action::Read | Action::Search | Action::Delete, _) | (Action::Create, Authorship::Unknown) => true,
        (Action::Create | Action::Update, Authorship::Own) => true,
        (Action::Create | Action::Update, Authorship::Other) | (Action::Update, Authorship::Unknown) => !words,
    }
}

/// Every permit that holds, in the order of the files.
pub(super) fn permits(request: &Request, facts: &Facts) -> Vec<&'static str> {
    let (person, relation, deletion_ordered) = match &facts.resource {
        Resource::Record { person, relation, deletion_ordered } => (person, *relation, *deletion_ordered),
        Resource::Directory => {
            return if matches!(request.action, Action::Read | Action::Search) {
                vec!["P06-directory"]
            } else {
                vec![]
            };
        }
    };
    match (request.action, relation) {
        (Action::Delete, _) => {
            if deletion_ordered {
                vec!["P12-deletion-ordered"]
            } else {
                vec![]
            }
        }
        (Action::Read | Action::Search, Relation::Team(_) | Relation::Duty) => vec!["P01-team-reads"],
        (Action::Read | Action::Search, Relation::Manager) => {
            let his =
                matches!(request.category, Category::Demographics | Category::Team | Category::Note | Category::Plan);
            if his && !request.sensitive { vec!["P11-manager-reads"] } else { vec![] }
        }
        (Action::Read | Action::Search, Relation::None) if request.sensitive => vec![],
        (Action::Read | Action::Search, Relation::None) => {
            let mut list = vec![];
            let declared = facts.service.state == service::State::DisasterUse;
            let lasts = facts.service.disaster.as_ref().is_some_and(|disaster| request.at < disaster.until);
            let agreed = person.consent == consent::State::Given && person.consent_disaster;
            let shown = request.category != Category::Consent;
            if declared && lasts && agreed && person.in_disaster_area && shown {
                list.push("P07-disaster-reads");
            }
            if breaks_glass(request, facts) {
                list.push("P13-break-glass");
            }
            list
        }
        (Action::Create | Action::Update, Relation::None | Relation::Manager) => vec![],
        (action, Relation::Team(_) | Relation::Duty) => {
            let on_team = relation != Relation::Duty;
            writes(action, request, facts.subject.profession, on_team).into_iter().collect()
        }
    }
}

/// Only under a rule that the city has issued (art. 41), and after saying so.
fn breaks_glass(request: &Request, facts: &Facts) -> bool {
    let treats = matches!(facts.subject.profession, Profession::Doctor | Profession::Nurse);
    let treating = matches!(
        request.category,
        Category::Demographics | Category::Team | Category::Observation | Category::Medication | Category::Condition
    );
    facts.service.break_glass_issued && request.break_glass && treats && treating
}

/// What a member of the team, or who stands in for one, may write.
fn writes(action: Action, request: &Request, profession: Profession, on_team: bool) -> Option<&'static str> {
    let own = request.authorship == Authorship::Own;
    match (request.category, profession) {
        (Category::Note | Category::Observation | Category::Document, _) => match action {
            Action::Create => Some("P02-team-writes"),
            _ if own => Some("P09-author-amends"),
            _ => None,
        },
        _ if !on_team => None,
        (Category::Plan, Profession::SupportCentre | Profession::Doctor | Profession::CareManager) => Some("P03-plan"),
        (Category::Medication, Profession::Doctor | Profession::Pharmacist) => Some("P04-medication"),
        (Category::Condition, Profession::Doctor) => Some("P10-condition"),
        (Category::Condition, Profession::Pharmacist | Profession::Nurse)
            if action == Action::Create || (own && request.written_as == Authorship::Own) =>
        {
            Some("P10-condition")
        }
        (Category::Demographics, Profession::SupportCentre | Profession::CareManager) if action == Action::Update => {
            Some("P05-demographics")
        }
        _ => None,
    }
}
