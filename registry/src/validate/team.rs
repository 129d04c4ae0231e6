//! Care teams (art. 7, 18).

use std::collections::BTreeSet;

use model::{FacilityId, PersonId, TeamRole, Timestamp, UserKey};

use super::Draft;
use crate::bounds::TEAM_MAX;
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Membership, MembershipId};

/// A place on a team.
pub(super) struct Place<'a> {
    pub(super) person: &'a PersonId,
    pub(super) user: &'a UserKey,
    pub(super) role: TeamRole,
    pub(super) facility: Option<&'a FacilityId>,
    pub(super) from: Timestamp,
    pub(super) until: Option<Timestamp>,
}

pub(super) fn join(d: &mut Draft, place: &Place<'_>) -> Result<(), Refused> {
    if d.next.person(place.person).is_none() {
        return Err(d.not_known("person", place.person));
    }
    if d.next.user(place.user).is_none() {
        return Err(d.not_known("user", place.user));
    }
    let facility = through(d, place)?;
    d.approved(&facility)?;
    let ends_first = place.until.is_some_and(|until| until <= place.from);
    d.require(!ends_first, || Why::Time("the membership ends before it begins"))?;
    let is_over = place.until.is_some_and(|until| until <= d.at());
    d.require(!is_over, || Why::Time("the membership is over already"))?;
    let (what, max) = ("memberships of this team", TEAM_MAX);
    d.require(d.next.team(place.person).count() < max, || Why::Full { what, max })?;
    let same =
        |one: &&Membership| one.facility == facility && one.role == place.role && one.meets(place.from, place.until);
    if let Some(there) = d.next.memberships(place.person, place.user).find(same) {
        let why = format!("membership {} of the same user in the same role meets this one", there.id);
        return Err(d.refused(Why::Condition(why)));
    }
    d.push(Change::TeamJoined {
        membership: Membership {
            id: MembershipId::new(d.number()),
            person: place.person.clone(),
            user: place.user.clone(),
            facility,
            role: place.role,
            from: place.from,
            until: place.until,
            added_by: d.act.by.clone(),
        },
    })
}

/// The facility of the membership: as said, or the only one the user has a user ID at.
fn through(d: &Draft, place: &Place<'_>) -> Result<FacilityId, Refused> {
    let live = d.next.user_ids_of(place.user).filter(|user_id| user_id.is_live());
    let facilities: BTreeSet<&FacilityId> = live.map(|user_id| &user_id.facility).collect();
    let found = match place.facility {
        Some(named) => facilities.get(named).copied(),
        None if facilities.len() == 1 => facilities.first().copied(),
        None => None,
    };
    let why = || match (place.facility, facilities.len()) {
        (Some(named), _) => format!("user `{}` has no user ID at facility `{named}`", place.user),
        (None, 0) => format!("user `{}` has no user ID", place.user),
        (None, _) => format!("user `{}` has user IDs at several facilities; say through which", place.user),
    };
    found.cloned().ok_or_else(|| d.refused(Why::Condition(why())))
}

pub(super) fn leave(d: &mut Draft, person: &PersonId, user: &UserKey) -> Result<(), Refused> {
    let ids: Vec<_> = d.next.memberships(person, user).map(|membership| membership.id).collect();
    d.require(!ids.is_empty(), || Why::Condition(format!("user `{user}` is not on the team of `{person}`")))?;
    for membership in ids {
        d.push(Change::TeamLeft { membership, person: person.clone(), user: user.clone() })?;
    }
    Ok(())
}

/// A user leaves all teams that he was on through this facility (art. 12, 13).
pub(super) fn leave_through(d: &mut Draft, user: &UserKey, facility: &FacilityId) -> Result<(), Refused> {
    let through = d.next.persons_of(user).filter(|membership| membership.facility == *facility);
    let left: Vec<_> = through.map(|membership| (membership.id, membership.person.clone())).collect();
    for (membership, person) in left {
        d.push(Change::TeamLeft { membership, person, user: user.clone() })?;
    }
    Ok(())
}
