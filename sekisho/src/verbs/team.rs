//! `team`: who cares for whom, in which role, until when (art. 18).

use model::{PersonId, Target, UserKey};
use registry::{Command, Membership};
use serde_json::json;

use super::{Desk, sought};
use crate::cli::Team;
use crate::cli::team::TeamJoin;
use crate::error::Error;
use crate::{ids, output};

pub(super) fn run(desk: &Desk, verb: &Team) -> Result<(), Error> {
    match verb {
        Team::Join(join) => enter(desk, join),
        Team::Leave(leave) => {
            let (person, user): (PersonId, UserKey) = (ids::parse(&leave.person)?, ids::parse(&leave.user)?);
            desk.execute(Command::LeaveTeam { person: person.clone(), user: user.clone() })?;
            desk.say(
                format_args!("user {user} is no longer on the care team of person {person}"),
                &json!({ "person": person.as_str(), "user": user.as_str(), "on_team": false }),
            )
        }
        Team::List(list) => {
            let snapshot = desk.snapshot();
            match (&list.person, &list.user) {
                (Some(person), _) => {
                    let person: PersonId = ids::parse(person)?;
                    let unknown = sought::unknown(&snapshot, [Target::Person(person.clone())]);
                    let what = format!("nobody is on the care team of person `{person}`{unknown}");
                    output::each(snapshot.team(&person), what, |membership| say(desk, membership))
                }
                (None, Some(user)) => {
                    let user: UserKey = ids::parse(user)?;
                    let unknown = sought::unknown(&snapshot, [Target::User(user.clone())]);
                    let what = format!("user `{user}` is on nobody's care team{unknown}");
                    output::each(snapshot.persons_of(&user), what, |membership| say(desk, membership))
                }
                (None, None) => Err(Error::usage("name a person, or a user with --user")),
            }
        }
    }
}

fn enter(desk: &Desk, join: &TeamJoin) -> Result<(), Error> {
    let (person, user): (PersonId, UserKey) = (ids::parse(&join.person)?, ids::parse(&join.user)?);
    let role = join.role.parse().map_err(Error::usage)?;
    desk.execute(Command::JoinTeam {
        person: person.clone(),
        user: user.clone(),
        role,
        facility: join.facility.as_deref().map(ids::parse).transpose()?,
        from: join.from.unwrap_or_else(|| desk.now()),
        until: join.until,
    })?;
    let end = join.until.map_or_else(String::new, |until| format!(" until {}", until.to_jst_minutes()));
    desk.say(
        format_args!("user {user} is on the care team of person {person} as {role}{end}"),
        &json!({ "person": person.as_str(), "user": user.as_str(), "role": role.as_str(), "on_team": true }),
    )
}

fn say(desk: &Desk, membership: &Membership) -> Result<(), Error> {
    let Membership { person, user, facility, role, from, until, .. } = membership;
    let holds = membership.holds_at(desk.now());
    let end = until.map_or_else(|| "further notice".to_owned(), |until| until.to_jst_minutes());
    desk.say(
        format_args!(
            "person {person}  user {user}  {role}  through {facility}  from {} until {end}{}",
            from.to_jst_minutes(),
            if holds { "" } else { "  (not now)" }
        ),
        &json!({
            "person": person.as_str(), "user": user.as_str(), "facility": facility.as_str(), "role": role.as_str(),
            "from": from.to_string(), "until": until.map(|until| until.to_string()), "now": holds,
        }),
    )
}
