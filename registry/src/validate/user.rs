//! Users, user IDs, passwords and sessions (art. 7, 10, 12).

use model::lifecycle::user_id::{Event, State};
use model::{Article, FacilityId, Office, Profession, SessionId, Target, Timestamp, UserId, UserKey};

use super::{Draft, Materials, duty, suspension, team};
use crate::bounds::{ENDED_SESSIONS_PER_USER_ID_MAX, SESSION_HOURS_MAX, USER_IDS_PER_USER_MAX};
use crate::change::Change;
use crate::credential::VerifiedPassword;
use crate::password::{PasswordFault, check_password};
use crate::refused::{Refused, Why};
use crate::state::{User, UserIdRecord};

pub(super) fn register(d: &mut Draft, user: &UserKey, name: &str) -> Result<(), Refused> {
    d.name("the user's name", name)?;
    let (key, name, registered_at) = (user.clone(), name.to_owned(), d.at());
    d.push(Change::UserRegistered { user: User { key, name, registered_at } })
}

/// What a user ID is granted with.
pub(super) struct Granted<'a> {
    pub(super) user_id: &'a UserId,
    pub(super) user: &'a UserKey,
    pub(super) facility: &'a FacilityId,
    pub(super) profession: Profession,
    pub(super) recognised_by: &'a Option<String>,
}

pub(super) fn grant(d: &mut Draft, granted: &Granted<'_>, materials: &Materials) -> Result<(), Refused> {
    d.approved(granted.facility)?;
    recognition(d, granted.profession, granted.recognised_by.as_deref())?;
    if d.next.user(granted.user).is_none() {
        return Err(d.not_known("user", granted.user));
    }
    if d.next.suspension(&Target::User(granted.user.clone()), d.at()).is_some() {
        let why = Why::Condition(format!("the qualification of user `{}` is suspended", granted.user));
        return Err(d.refused_by(Article::paragraph(39, 2), why));
    }
    // One person, one user ID (art. 10-1): a second one here would be shared, or lie about.
    if let Some(there) = d.user_id_at(granted.user, granted.facility) {
        return Err(d.refused(Why::Condition(format!("the user has user ID `{}` there already", there.id))));
    }
    push_grant(d, granted, None, materials)
}

fn push_grant(
    d: &mut Draft,
    granted: &Granted<'_>,
    replaces: Option<UserId>,
    materials: &Materials,
) -> Result<(), Refused> {
    let count = d.next.user_ids_of(granted.user).count();
    let (what, max) = ("user IDs of this user", USER_IDS_PER_USER_MAX);
    d.require(count < max, || Why::Full { what, max })?;
    d.push(Change::UserIdGranted {
        user_id: UserIdRecord {
            id: granted.user_id.clone(),
            user: granted.user.clone(),
            facility: granted.facility.clone(),
            profession: granted.profession,
            recognised_by: granted.recognised_by.clone(),
            state: State::Granted,
            credential_epoch: 1,
            granted_at: d.at(),
            ended_at: None,
            replaces,
            credential: materials.credential.clone(),
        },
    })
}

/// Art. 7-8 to 7-10 name who recognises; for the other professions there is nobody to name.
fn recognition(d: &Draft, profession: Profession, recognised_by: Option<&str>) -> Result<(), Refused> {
    let article = Article::parse(&format!("7-1-{}", profession.item())).unwrap_or(Article::new(7));
    match recognised_by {
        Some(by) if profession.needs_recognition() => d.name("who recognised the user", by),
        None if profession.needs_recognition() => {
            let why = Why::Condition(format!("`{profession}` needs to be recognised by somebody"));
            Err(d.refused_by(article, why))
        }
        Some(_) => {
            let why = Why::Condition(format!("`{profession}` is not recognised by anybody; it is a qualification"));
            Err(d.refused_by(article, why))
        }
        None => Ok(()),
    }
}

/// Not a reset: the lost ID is dead, on live connections too, and a new one takes its place. Care teams hang on the user
/// and stay (art. 10-6).
pub(super) fn replace(
    d: &mut Draft,
    old: &UserId,
    new: &UserId,
    reason: &str,
    materials: &Materials,
) -> Result<(), Refused> {
    d.reason(reason)?;
    let lost = d.next.user_id(old).cloned().ok_or_else(|| d.not_known("user ID", old))?;
    d.approved(&lost.facility)?;
    end_one(d, old, reason)?;
    let granted = Granted {
        user_id: new,
        user: &lost.user,
        facility: &lost.facility,
        profession: lost.profession,
        recognised_by: &lost.recognised_by,
    };
    push_grant(d, &granted, Some(old.clone()), materials)
}

pub(super) fn end(d: &mut Draft, user_id: &UserId, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let known = d.next.user_id(user_id).cloned().ok_or_else(|| d.not_known("user ID", user_id))?;
    end_one(d, user_id, reason)?;
    team::leave_through(d, &known.user, &known.facility)?;
    duty::end_through(d, &known.user, &known.facility)
}

/// Ends a user ID and its suspensions; its user's care teams are another matter.
pub(super) fn end_one(d: &mut Draft, user_id: &UserId, reason: &str) -> Result<(), Refused> {
    let given = Some(reason.to_owned());
    d.push(Change::UserIdMoved { user_id: user_id.clone(), event: Event::End, reason: given })?;
    d.end_suspensions(&Target::UserId(user_id.clone()))
}

pub(super) fn change_password(
    d: &mut Draft,
    current: &VerifiedPassword,
    new: &str,
    materials: &Materials,
) -> Result<(), Refused> {
    let user_id = current.user_id();
    d.own_user_id(user_id)?;
    let known = d.next.user_id(user_id).ok_or_else(|| d.not_known("user ID", user_id))?;
    if !current.holds_for(known) {
        return Err(d.refused(PasswordFault::WrongCurrent));
    }
    let name = d.next.user(&known.user).map_or("", |user| user.name.as_str());
    check_password(new, &[user_id.as_str(), name, known.user.as_str()]).map_err(|fault| d.refused(fault))?;
    d.require(!current.is(new), || PasswordFault::Same.into())?;
    let epoch = known.credential_epoch.saturating_add(1);
    let no_credential = || d.refused(Why::Condition("no password was made ready".to_owned()));
    let credential = materials.credential.clone().ok_or_else(no_credential)?;
    // A suspension that is over by the clock does not stand in the way until somebody tidies up.
    suspension::settle(d, &Target::UserId(user_id.clone()))?;
    d.push(Change::PasswordChanged { user_id: user_id.clone(), credential, epoch })
}

/// A sign-out. Idempotent: what is over or ended already comes to no changes.
pub(super) fn end_session(d: &mut Draft, session: &SessionId, over_at: Timestamp) -> Result<(), Refused> {
    let user_id = d.author_user_id()?.id.clone();
    if d.next.session_ended(session) || over_at <= d.at() {
        return Ok(());
    }
    let latest = d.at().plus_seconds(SESSION_HOURS_MAX * 3600);
    d.require(over_at <= latest, || Why::Time("no session lasts so long"))?;
    if d.next.tables.sessions.count_of(&user_id) >= ENDED_SESSIONS_PER_USER_ID_MAX {
        return push_sessions_ended(d, &user_id);
    }
    d.push(Change::SessionEnded { session: session.clone(), user_id, over_at })
}

pub(super) fn end_sessions(d: &mut Draft, user_id: &UserId) -> Result<(), Refused> {
    d.own_user_id(user_id)?;
    let known = d.next.user_id(user_id).ok_or_else(|| d.not_known("user ID", user_id))?;
    d.require(known.is_live(), || Why::Condition(format!("user ID `{user_id}` has ended")))?;
    if d.act.by.office == Office::User {
        d.author_user_id()?;
    }
    push_sessions_ended(d, user_id)
}

fn push_sessions_ended(d: &mut Draft, user_id: &UserId) -> Result<(), Refused> {
    let epoch = d.next.user_id(user_id).map_or(0, |known| known.credential_epoch).saturating_add(1);
    d.push(Change::SessionsEnded { user_id: user_id.clone(), epoch })
}
