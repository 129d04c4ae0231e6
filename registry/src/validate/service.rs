//! The service as a whole: stop (art. 26), disaster use (art. 21), and what only the clock ends.

use std::collections::BTreeSet;

use model::{Author, Office, Timestamp};

use super::{Draft, break_glass, differ, enrolment, revocation, suspension};
use crate::bounds::{DISASTER_CONFIRM_MINUTES, DISASTER_HOURS_MAX, REASON_CHARACTERS_MAX, TICK_CHANGES_MAX};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Awaited, Disaster, Stop, StopReason};

pub(super) fn stop(d: &mut Draft, reason: StopReason, text: &str) -> Result<(), Refused> {
    d.text("the announcement", text, 0, REASON_CHARACTERS_MAX)?;
    let stop = Stop { reason, text: text.to_owned(), since: d.at(), by: d.act.by.clone() };
    d.push(Change::ServiceStopped { stop })
}

pub(super) fn declare_disaster(
    d: &mut Draft,
    area: &str,
    reason: &str,
    (from, until): (Timestamp, Timestamp),
    officers: &[Author; 2],
) -> Result<(), Refused> {
    d.name("the district", area)?;
    d.reason(reason)?;
    let [first, second] = officers;
    let both = officers.iter().all(|officer| officer.office == Office::CityOfficer && !officer.name.trim().is_empty());
    d.require(both && differ(first, second), || {
        Why::Condition("disaster use needs two different city officers".to_owned())
    })?;
    if !officers.contains(&d.act.by) {
        return Err(d.not_theirs("a declaration of two others"));
    }
    d.require(from < until && d.at() < until, || Why::Time("disaster use ends before it begins"))?;
    let latest = d.at().plus_seconds(DISASTER_HOURS_MAX * 3600);
    d.require(until <= latest, || Why::Time("disaster use ends within 72 hours of its declaration"))?;
    // Both have agreed, says the first; the second says so himself within the hour, or it ends.
    let officer = officers.iter().find(|officer| **officer != d.act.by).unwrap_or(second).clone();
    let awaits = Some(Awaited { officer, until: d.at().max(from).plus_seconds(DISASTER_CONFIRM_MINUTES * 60) });
    let (area, reason, officers) = (area.to_owned(), reason.to_owned(), officers.clone());
    d.push(Change::DisasterDeclared { disaster: Disaster { area, reason, from, until, officers, awaits } })
}

pub(super) fn confirm_disaster(d: &mut Draft) -> Result<(), Refused> {
    let disaster = d.next.service().disaster.clone();
    let awaited = disaster.as_ref().and_then(|disaster| disaster.awaits.clone());
    let why = || d.refused(Why::Condition("no disaster use waits for a second officer".to_owned()));
    let awaited = awaited.ok_or_else(why)?;
    if awaited.officer != d.act.by {
        return Err(d.not_theirs(format!("a declaration that waits for `{}`", awaited.officer)));
    }
    let over = disaster.is_none_or(|disaster| disaster.ends_at() <= d.at());
    d.require(!over, || Why::Time("the disaster use is over already"))?;
    d.push(Change::DisasterConfirmed)
}

pub(super) fn end_disaster(d: &mut Draft, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    d.push(Change::DisasterEnded { reason: Some(reason.to_owned()) })
}

/// Puts in order what only the clock ended. Nobody waits for this: facts are taken at a time.
pub(super) fn tick(d: &mut Draft) -> Result<(), Refused> {
    let at = d.at();
    if d.next.service().disaster.as_ref().is_some_and(|disaster| disaster.ends_at() <= at) {
        d.push(Change::DisasterEnded { reason: None })?;
    }
    let over = d.next.suspensions().filter(|suspension| !suspension.holds_at(at));
    let targets: BTreeSet<_> = over.map(|suspension| suspension.target.clone()).collect();
    for target in targets {
        if d.changes.len() >= TICK_CHANGES_MAX {
            return Ok(());
        }
        suspension::settle(d, &target)?;
    }
    while d.changes.len() < TICK_CHANGES_MAX {
        let first = d.next.tables.expiring.get_min().filter(|(until, ..)| *until <= at).cloned();
        let Some((_, membership, person)) = first else { break };
        let user = d.next.team(&person).find(|one| one.id == membership).map(|one| one.user.clone());
        let user = user.ok_or_else(|| d.not_known("membership", &membership))?;
        d.push(Change::TeamLeft { membership, person, user })?;
    }
    let over = d.next.duties().filter(|duty| duty.until.is_some_and(|until| until <= at));
    let over: Vec<_> = over.map(|duty| (duty.id, duty.user.clone())).collect();
    for (duty, user) in over {
        if d.changes.len() >= TICK_CHANGES_MAX {
            return Ok(());
        }
        d.push(Change::DutyEnded { duty, user })?;
    }
    break_glass::settle(d)?;
    enrolment::settle(d)?;
    revocation::settle(d)?;
    if d.next.tables.sessions.first_over().is_some_and(|over_at| over_at <= at) {
        d.push(Change::SessionsForgotten { over_by: at })?;
    }
    Ok(())
}
