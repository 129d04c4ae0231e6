//! The rule for break-glass (art. 41): entered by one officer, issued by another, taken back by any. And what users declare
//! under it.

use model::PersonId;
use model::lifecycle::{break_glass, user_id};

use super::Draft;
use crate::bounds::{
    EMERGENCIES_MAX, EMERGENCIES_PER_USER_MAX, EMERGENCY_MINUTES, EMERGENCY_REASON_CHARACTERS_MAX, TICK_CHANGES_MAX,
};
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Emergency, EmergencyId};

pub(super) fn propose(d: &mut Draft, rule: &str) -> Result<(), Refused> {
    d.name("the name of the city's rule", rule)?;
    d.push(Change::BreakGlassProposed { rule: rule.to_owned() })
}

pub(super) fn issue(d: &mut Draft) -> Result<(), Refused> {
    let proposed = d.next.break_glass().proposed.clone();
    let why = || d.refused(Why::Condition("no rule has been entered that could be issued".to_owned()));
    d.another_officer(&proposed.ok_or_else(why)?.by)?;
    d.push(Change::BreakGlassIssued)
}

pub(super) fn withdraw(d: &mut Draft, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    d.push(Change::BreakGlassWithdrawn { reason: reason.to_owned() })
}

/// Whether there is such a person is not asked: the answer, and what it took, would tell (promise P4).
pub(super) fn declare(d: &mut Draft, person: &PersonId, reason: &str) -> Result<(), Refused> {
    d.text("the reason", reason, 1, EMERGENCY_REASON_CHARACTERS_MAX)?;
    let known = d.author_user_id()?.clone();
    let issued = d.next.break_glass().state == break_glass::State::Issued;
    d.require(issued, || Why::Condition("the city has issued no rule for emergencies".to_owned()))?;
    let treats = d.next.may_declare_emergency(known.profession);
    d.require(treats, || Why::Condition(format!("`{}` may not declare an emergency", known.profession)))?;
    let state = d.next.user_id_state(&known, d.at());
    let active = state == user_id::State::Active;
    d.require(active, || Why::Condition(format!("user ID `{}` is {state}, not active", known.id)))?;
    if d.next.emergency(&known.id, person, d.at()).is_some() {
        return Ok(());
    }
    let lately = |one: &&Emergency| d.at() < one.until;
    // Of the human being, under whatever user ID.
    let own = d.next.user_ids_of(&known.user).flat_map(|id| d.next.emergencies_of(&id.id)).filter(lately).count();
    let (what, max) = ("emergencies of this user within the hour", EMERGENCIES_PER_USER_MAX);
    d.require(own < max, || Why::Full { what, max })?;
    let (what, max) = ("emergencies within the hour", EMERGENCIES_MAX);
    d.require(d.next.emergencies().filter(lately).count() < max, || Why::Full { what, max })?;
    let emergency = Emergency {
        id: EmergencyId::new(d.number()),
        user_id: known.id,
        person: person.clone(),
        reason: reason.to_owned(),
        declared_at: d.at(),
        until: d.at().plus_seconds(EMERGENCY_MINUTES * 60),
        ended_at: None,
    };
    d.push(Change::EmergencyDeclared { emergency })
}

pub(super) fn end(d: &mut Draft, id: EmergencyId) -> Result<(), Refused> {
    let user_id = d.author_user_id()?.id.clone();
    let known = d.next.emergencies_of(&user_id).find(|one| one.id == id);
    match known.map(|known| known.stands_at(d.at())) {
        // Somebody else's is not told apart from one that there is not.
        None => Err(d.not_known("emergency", &id)),
        Some(false) => Ok(()),
        Some(true) => d.push(Change::EmergencyEnded { emergency: id, user_id }),
    }
}

/// Puts in order those whose time is over.
pub(super) fn settle(d: &mut Draft) -> Result<(), Refused> {
    let over = d.next.emergencies().filter(|one| one.until <= d.at());
    let over: Vec<_> = over.map(|one| (one.id, one.user_id.clone())).collect();
    for (emergency, user_id) in over {
        if d.changes.len() >= TICK_CHANGES_MAX {
            return Ok(());
        }
        d.push(Change::EmergencyOver { emergency, user_id })?;
    }
    Ok(())
}
