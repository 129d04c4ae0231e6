//! `suspend`, `resume`, `suspension`: of a user ID, a user, a device, a facility, a person's records (art. 29, 39-2).

use model::{Article, Target};
use registry::{Change, Command, Suspension as InForce, SuspensionId};
use serde_json::json;

use super::{Desk, sought};
use crate::cli::{Resume, Suspend, Suspension};
use crate::error::Error;
use crate::output;

pub(super) fn suspend(desk: &Desk, verb: &Suspend) -> Result<(), Error> {
    let target = Target::parse(&verb.target).map_err(Error::usage)?;
    let article = Article::parse(&verb.article).map_err(Error::usage)?;
    let (reason, until) = (verb.reason.clone(), verb.until);
    let executed = desk.execute(Command::Suspend { target: target.clone(), reason, article, until })?;
    let number = executed.changes.iter().find_map(|change| match change {
        Change::Suspended { suspension } => Some(suspension.id.get()),
        _ => None,
    });
    let number = number.ok_or_else(|| Error::usage(format_args!("{target} was not suspended")))?;
    let end = until.map_or_else(|| "lifted".to_owned(), |until| until.to_jst_minutes());
    let by = desk.author()?;
    desk.say(
        format_args!("{target} is suspended until {end} (art. {article}), by {by}; number of the suspension: {number}"),
        &json!({
            "target": target.to_string(), "suspended": true, "suspension": number, "article": article.to_string(),
            "until": until.map(|until| until.to_string()), "by": by.to_string(),
            "generation": executed.generation.get(),
        }),
    )
}

/// One suspension, or all of a target: whoever asked for one need not know of the others, so what stays is said.
pub(super) fn resume(desk: &Desk, verb: &Resume) -> Result<(), Error> {
    let (target, one) = match (&verb.what.target, verb.what.suspension) {
        (Some(text), None) => (Target::parse(text).map_err(Error::usage)?, None),
        (None, Some(number)) => (suspended_by(desk, number)?, Some(SuspensionId::new(number))),
        _ => return Err(Error::usage("name a target, or one suspension with --suspension")),
    };
    let command = Command::Lift { target: target.clone(), suspension: one, reason: verb.reason.clone() };
    let executed = desk.execute(command)?;
    let by = desk.author()?;
    let snapshot = desk.snapshot();
    let left = snapshot.suspension(&target, desk.now());
    let lifted = one.map_or_else(|| "every suspension".to_owned(), |one| format!("suspension {one}"));
    let stays = left.map_or_else(String::new, |left| format!("; suspension {} stays, until {}", left.id, end(left)));
    desk.say(
        format_args!("{lifted} of {target} is lifted, by {by}{stays}"),
        &json!({
            "target": target.to_string(), "suspended": left.is_some(), "by": by.to_string(),
            "generation": executed.generation.get(),
        }),
    )
}

/// What a suspension is aimed at, by its number.
fn suspended_by(desk: &Desk, number: u64) -> Result<Target, Error> {
    let snapshot = desk.snapshot();
    let found = snapshot.suspensions().find(|suspension| suspension.id.get() == number);
    found.map(|suspension| suspension.target.clone()).ok_or_else(|| {
        Error::usage(format_args!("there is no suspension `{number}`; those there are: sekisho suspension list"))
    })
}

pub(super) fn run(desk: &Desk, verb: &Suspension) -> Result<(), Error> {
    let Suspension::List(list) = verb;
    let target = list.target.as_deref().map(Target::parse).transpose().map_err(Error::usage)?;
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let of_target = |one: &&InForce| target.as_ref().is_none_or(|target| one.target == *target);
    let in_force = snapshot.suspensions().filter(of_target).filter(|one| one.holds_at(now));
    let whose = target.as_ref().map_or_else(String::new, |target| format!(" of {target}"));
    let what = format!("no suspension{whose} is in force{}", sought::unknown(&snapshot, target.clone()));
    output::each(in_force, what, |one| say(desk, one))
}

fn say(desk: &Desk, suspension: &InForce) -> Result<(), Error> {
    let InForce { id, target, reason, article, author, since, until } = suspension;
    desk.say(
        format_args!(
            "{id}  {target}  since {} until {}  art. {article}  by {author}  {reason}",
            since.to_jst_minutes(),
            end(suspension)
        ),
        &json!({
            "suspension": id.get(), "target": target.to_string(), "since": since.to_string(),
            "until": until.map(|until| until.to_string()), "article": article.to_string(),
            "by": author.to_string(), "reason": reason,
        }),
    )
}

fn end(suspension: &InForce) -> String {
    suspension.until.map_or_else(|| "lifted".to_owned(), |until| until.to_jst_minutes())
}
