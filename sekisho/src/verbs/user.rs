//! `user`: register, grant user IDs, replace a lost one, end one or its sessions (art. 7, 10, 12). First passwords are printed once.

use model::{UserId, UserKey};
use registry::{Command, Device, Executed};
use serde_json::json;

use super::Desk;
use crate::cli::User;
use crate::cli::user::{UserAdd, UserPlace, UserReplaceId};
use crate::error::Error;
use crate::ids;
use crate::output::{self, listed};

pub(super) fn run(desk: &Desk, verb: &User) -> Result<(), Error> {
    match verb {
        User::Add(add) => register(desk, add),
        User::Grant(grant) => give_user_id(desk, &ids::parse(&grant.user)?, &grant.place),
        User::ReplaceId(replace) => replace_id(desk, replace),
        User::EndId(end) => {
            let user_id: UserId = ids::parse(&end.user_id)?;
            desk.execute(Command::EndUserId { user_id: user_id.clone(), reason: end.reason.clone() })?;
            let left = left_terminals(desk, &user_id);
            let next = match left.first() {
                Some(first) => format!(
                    "; nobody answers for {} any more (art. 37), go on with: sekisho device return {first} --because left",
                    listed(&left)
                ),
                None => String::new(),
            };
            desk.say(
                format_args!("user ID {user_id} has ended{next}"),
                &json!({ "user_id": user_id.as_str(), "state": "ended", "terminals": left }),
            )
        }
        User::EndSessions(end) => {
            let user_id: UserId = ids::parse(&end.user_id)?;
            desk.execute(Command::EndSessions { user_id: user_id.clone() })?;
            desk.say(
                format_args!("every session of user ID {user_id} has ended; its user signs in again"),
                &json!({ "user_id": user_id.as_str(), "sessions": "ended" }),
            )
        }
        User::List => list(desk),
    }
}

/// Terminals on loan whose holder has just left.
fn left_terminals(desk: &Desk, ended: &UserId) -> Vec<String> {
    let snapshot = desk.snapshot();
    let user = snapshot.user_id(ended).map(|id| id.user.clone());
    let his = |device: &&Device| user.as_ref() == Some(&device.holder) && device.returned_at.is_none();
    let mut left: Vec<String> =
        snapshot.devices().filter(his).filter(|one| !snapshot.is_held(one)).map(|one| one.id.to_string()).collect();
    left.sort_unstable();
    left
}

/// Two commands. Whatever is wrong with either is found before the first is given; should the second fail all the same,
/// the user is registered, and `user grant` goes on.
fn register(desk: &Desk, add: &UserAdd) -> Result<(), Error> {
    let user: UserKey = ids::given_or_drawn(add.id.as_deref(), "K")?;
    let registering = Command::RegisterUser { user: user.clone(), name: add.name.clone() };
    let (_, granting) = read(desk, &user, &add.place)?;
    desk.rehearse(&[registering.clone(), granting])?;
    desk.execute(registering)?;
    let UserPlace { user_id: _, facility, profession, recognised_by } = &add.place;
    let by = recognised_by.as_ref().map_or_else(String::new, |by| format!(" --recognised-by '{by}'"));
    give_user_id(desk, &user, &add.place).map_err(|error| Error::Halfway {
        done: format!("user {user} is registered"),
        next: format!("sekisho user grant {user} --facility {facility} --profession {profession}{by}"),
        source: Box::new(error),
    })
}

fn read(desk: &Desk, user: &UserKey, place: &UserPlace) -> Result<(UserId, Command), Error> {
    let user_id = given_or_free(desk, place.user_id.as_deref())?;
    let command = Command::GrantUserId {
        user_id: user_id.clone(),
        user: user.clone(),
        facility: ids::parse(&place.facility)?,
        profession: place.profession.parse().map_err(Error::usage)?,
        recognised_by: place.recognised_by.clone(),
    };
    Ok((user_id, command))
}

fn give_user_id(desk: &Desk, user: &UserKey, place: &UserPlace) -> Result<(), Error> {
    let (user_id, command) = read(desk, user, place)?;
    let executed = desk.execute(command)?;
    say_granted(desk, user, &user_id, &executed)
}

fn replace_id(desk: &Desk, replace: &UserReplaceId) -> Result<(), Error> {
    let old: UserId = ids::parse(&replace.user_id)?;
    let new = given_or_free(desk, replace.new.as_deref())?;
    let executed =
        desk.execute(Command::ReplaceUserId { old: old.clone(), new: new.clone(), reason: replace.reason.clone() })?;
    let snapshot = desk.snapshot();
    let user = snapshot.user_id(&new).map(|known| known.user.clone());
    let user = user.ok_or_else(|| Error::usage(format_args!("user ID {new} is not there any more")))?;
    say_granted(desk, &user, &new, &executed)
}

fn given_or_free(desk: &Desk, given: Option<&str>) -> Result<UserId, Error> {
    match given {
        Some(text) => ids::parse(text),
        None => desk.snapshot().free_user_id().map_err(Error::usage),
    }
}

/// The one time that the first password is shown. To be handed over in person (art. 10-2).
fn say_granted(desk: &Desk, user: &UserKey, user_id: &UserId, executed: &Executed) -> Result<(), Error> {
    let Some(password) = &executed.secrets.first_password else {
        return Err(Error::usage(format_args!("no first password came with user ID {user_id}")));
    };
    let password = password.as_str();
    desk.say(
        format_args!("user {user} has user ID {user_id}; first password, shown this once: {password}"),
        &json!({ "user": user.as_str(), "user_id": user_id.as_str(), "first_password": password }),
    )
}

fn list(desk: &Desk) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let mut users: Vec<_> = snapshot.users().collect();
    users.sort_by(|a, b| a.key.cmp(&b.key));
    output::each(users, "no user is on record", |user| {
        let ids: Vec<_> = snapshot.user_ids_of(&user.key).collect();
        let sentences = ids.iter().map(|known| {
            let state = snapshot.user_id_state(known, now);
            format!("{} {state} {} at {}", known.id, known.profession, known.facility)
        });
        let values: Vec<_> = ids
            .iter()
            .map(|known| {
                json!({
                    "user_id": known.id.as_str(), "state": snapshot.user_id_state(known, now).as_str(),
                    "profession": known.profession.as_str(), "facility": known.facility.as_str(),
                })
            })
            .collect();
        desk.say(
            format_args!("{}  {}  user IDs: {}", user.key, user.name, listed(sentences)),
            &json!({ "user": user.key.as_str(), "name": user.name, "user_ids": values }),
        )
    })
}
