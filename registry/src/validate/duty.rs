//! Roles for whole facilities (art. 7, 18).

use model::{DutyKind, FacilityId, Office, Timestamp, UserKey};

use super::Draft;
use crate::bounds::{DUTIES_PER_USER_MAX, DUTY_DAYS_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Duty, DutyId};

/// What is entered.
pub(super) struct Entered<'a> {
    pub(super) user: &'a UserKey,
    pub(super) facility: &'a FacilityId,
    pub(super) kind: DutyKind,
    pub(super) from: Timestamp,
    pub(super) until: Option<Timestamp>,
}

pub(super) fn enter(d: &mut Draft, entered: &Entered<'_>) -> Result<(), Refused> {
    let Entered { user, facility, kind, from, until } = *entered;
    d.own_facility(facility)?;
    d.approved(facility)?;
    // Who runs a facility is on its application, which the city reviews (art. 8, 12); a roster is the facility's own.
    if kind == DutyKind::Manager && d.act.by.office == Office::FacilityAdministrator {
        return Err(d.not_theirs("the facility's manager, whom the city enters"));
    }
    if d.next.user(user).is_none() {
        return Err(d.not_known("user", user));
    }
    let why = || Why::Condition(format!("user `{user}` has no user ID at facility `{facility}`"));
    d.require(d.user_id_at(user, facility).is_some(), why)?;
    d.require(until.is_none_or(|until| from < until), || Why::Time("the duty ends before it begins"))?;
    d.require(until.is_none_or(|until| d.at() < until), || Why::Time("the duty is over already"))?;
    if kind == DutyKind::OnDuty {
        let latest = from.plus_seconds(DUTY_DAYS_MAX * 86_400);
        let ends = until.is_some_and(|until| until <= latest);
        d.require(ends, || Why::Time("whoever stands in does so for 31 days at most"))?;
    }
    let (what, max) = ("duties of this user", DUTIES_PER_USER_MAX);
    d.require(d.next.duties_of(user).count() < max, || Why::Full { what, max })?;
    let same = |one: &&Duty| one.facility == *facility && one.kind == kind && one.meets(from, until);
    if let Some(there) = d.next.duties_of(user).find(same) {
        let why = format!("duty {} of the same user in the same role meets this one", there.id);
        return Err(d.refused(Why::Condition(why)));
    }
    let (id, added_by) = (DutyId::new(d.number()), d.act.by.clone());
    let (user, facility) = (user.clone(), facility.clone());
    d.push(Change::DutyEntered { duty: Duty { id, user, facility, kind, from, until, added_by } })
}

pub(super) fn end(d: &mut Draft, id: DutyId) -> Result<(), Refused> {
    let known = d.next.duties().find(|duty| duty.id == id).cloned().ok_or_else(|| d.not_known("duty", &id))?;
    d.own_facility(&known.facility)?;
    if known.kind == DutyKind::Manager && d.act.by.office == Office::FacilityAdministrator {
        return Err(d.not_theirs("the facility's manager, whom the city enters"));
    }
    d.push(Change::DutyEnded { duty: id, user: known.user })
}

/// A user's roles for this facility end with his last user ID there (art. 12, 13).
pub(super) fn end_through(d: &mut Draft, user: &UserKey, facility: &FacilityId) -> Result<(), Refused> {
    let here = d.next.duties_of(user).filter(|duty| duty.facility == *facility);
    let ended: Vec<_> = here.map(|duty| duty.id).collect();
    for duty in ended {
        d.push(Change::DutyEnded { duty, user: user.clone() })?;
    }
    Ok(())
}
