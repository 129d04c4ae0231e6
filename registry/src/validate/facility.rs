//! Facilities: application, review, change, closing (art. 8, 9, 12, 13).

use std::collections::BTreeSet;

use model::lifecycle::facility::{Event, State};
use model::{FacilityId, Office, Target, UserKey};

use super::revocation::Entitled;
use super::{Draft, device, duty, team, user};
use crate::bounds::NAME_CHARACTERS_MAX;
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Administrator, Facility, FacilityDetails};

fn check(d: &Draft, details: &FacilityDetails) -> Result<(), Refused> {
    d.name("the facility's name", &details.name)?;
    d.text("the address", &details.address, 0, NAME_CHARACTERS_MAX)?;
    d.text("the telephone number", &details.phone, 0, NAME_CHARACTERS_MAX)
}

pub(super) fn register(
    d: &mut Draft,
    id: &FacilityId,
    details: &FacilityDetails,
    administrator: &Administrator,
) -> Result<(), Refused> {
    check(d, details)?;
    d.name("the administrator's name", &administrator.name)?;
    // Online the administrator applies for himself; on paper a clerk enters it.
    let by = &d.act.by;
    if by.office == Office::FacilityAdministrator && by.name != administrator.key.as_str() {
        return Err(d.not_theirs(format!("facility `{id}`")));
    }
    let FacilityDetails { name, address, phone, kind, publish_consent } = details.clone();
    d.push(Change::FacilityApplied {
        facility: Facility {
            id: id.clone(),
            name,
            address,
            phone,
            kind,
            publish_consent,
            administrator: administrator.clone(),
            state: State::Applied,
            reason: None,
            applied_at: d.at(),
            decided_at: None,
        },
    })
}

pub(super) fn decide(d: &mut Draft, facility: &FacilityId, event: Event, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let (facility, reason) = (facility.clone(), Some(reason.to_owned()));
    d.push(Change::FacilityMoved { facility, event, reason })
}

pub(super) fn reapply(d: &mut Draft, facility: &FacilityId, details: &FacilityDetails) -> Result<(), Refused> {
    check(d, details)?;
    d.own_facility(facility)?;
    d.push(Change::FacilityMoved { facility: facility.clone(), event: Event::Reapply, reason: None })?;
    d.push(Change::FacilityChanged { facility: facility.clone(), details: details.clone() })
}

pub(super) fn change(d: &mut Draft, facility: &FacilityId, details: &FacilityDetails) -> Result<(), Refused> {
    check(d, details)?;
    not_closed(d, facility)?;
    d.push(Change::FacilityChanged { facility: facility.clone(), details: details.clone() })
}

pub(super) fn set_administrator(
    d: &mut Draft,
    facility: &FacilityId,
    administrator: &Administrator,
) -> Result<(), Refused> {
    d.name("the administrator's name", &administrator.name)?;
    // Allowed for a closed facility too: somebody has to confirm its revocations (art. 38-3).
    d.push(Change::AdministratorSet { facility: facility.clone(), administrator: administrator.clone() })
}

/// Closes a facility and everything of it, in one entry (art. 13).
pub(super) fn close(d: &mut Draft, facility: &FacilityId, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let (event, given) = (Event::Close, Some(reason.to_owned()));
    d.push(Change::FacilityMoved { facility: facility.clone(), event, reason: given })?;

    let here = |of: &FacilityId| of == facility;
    let mut user_ids: Vec<_> = d.next.user_ids().filter(|user_id| here(&user_id.facility)).cloned().collect();
    user_ids.sort_by(|a, b| a.id.cmp(&b.id));
    for user_id in user_ids.iter().filter(|user_id| user_id.is_live()) {
        user::end_one(d, &user_id.id, reason)?;
    }
    // Whoever is on a team through this facility has, or had, a user ID here.
    let users: BTreeSet<UserKey> = user_ids.into_iter().map(|user_id| user_id.user).collect();
    for user in &users {
        team::leave_through(d, user, facility)?;
        duty::end_through(d, user, facility)?;
    }
    let devices = d.next.devices().filter(|device| here(&device.facility)).map(|device| device.id.clone());
    for device in devices.collect::<BTreeSet<_>>() {
        device::end_one(d, &Entitled::by_closing(device))?;
    }
    if d.next.facility_revocation(facility).is_some() {
        let facility = facility.clone();
        d.push(Change::FacilityRevocationEnded { facility, carried_out: false, reason: Some(reason.to_owned()) })?;
    }
    d.end_suspensions(&Target::Facility(facility.clone()))
}

fn not_closed(d: &Draft, facility: &FacilityId) -> Result<(), Refused> {
    let known = d.next.facility(facility).ok_or_else(|| d.not_known("facility", facility))?;
    d.require(known.state != State::Closed, || Why::Condition(format!("facility `{facility}` is closed")))
}
