//! `suspend` and `resume`: a user ID, a user, a device, a facility, a person's records (art. 29, 39-2).

use model::{Article, Target};
use registry::Command;
use serde_json::json;

use super::Desk;
use crate::cli::{Resume, Suspend};
use crate::error::Error;

pub(super) fn suspend(desk: &Desk, verb: &Suspend) -> Result<(), Error> {
    let target = Target::parse(&verb.target).map_err(Error::usage)?;
    let article = Article::parse(&verb.article).map_err(Error::usage)?;
    let (reason, until) = (verb.reason.clone(), verb.until);
    let executed = desk.execute(Command::Suspend { target: target.clone(), reason, article, until })?;
    let end = until.map_or_else(|| "lifted".to_owned(), |until| until.to_jst_minutes());
    desk.say(
        format_args!("{target} is suspended until {end} (art. {article}), by {}", desk.author()?),
        &json!({
            "target": target.to_string(), "suspended": true, "article": article.to_string(),
            "until": until.map(|until| until.to_string()), "by": desk.author()?.to_string(),
            "generation": executed.generation.get(),
        }),
    )
}

pub(super) fn resume(desk: &Desk, verb: &Resume) -> Result<(), Error> {
    let target = Target::parse(&verb.target).map_err(Error::usage)?;
    let command = Command::Lift { target: target.clone(), suspension: None, reason: verb.reason.clone() };
    let executed = desk.execute(command)?;
    desk.say(
        format_args!("every suspension of {target} is lifted, by {}", desk.author()?),
        &json!({
            "target": target.to_string(), "suspended": false, "by": desk.author()?.to_string(),
            "generation": executed.generation.get(),
        }),
    )
}
