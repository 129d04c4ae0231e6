//! `policy propose`, `approve`, `rollback`, `list` and `show`: rules as facts of the registry. A server that runs beside
//! decides by what is in force from the same moment on.

use std::path::Path;

use policy::DecisionPoint;
use registry::{Command, RuleFile, RuleSet, Snapshot};
use serde_json::json;
use workbench::Sources;

use crate::cli::policy::{PolicyPropose, PolicyRollback, PolicyShow, PolicyVersion};
use crate::error::Error;
use crate::verbs::Desk;

/// The decision point of the rules in force: those of the registry, or those built in.
pub(crate) fn in_force(snapshot: &Snapshot) -> Result<DecisionPoint, Error> {
    let point = snapshot.rules_in_force().map_or_else(DecisionPoint::builtin, |(set, _)| set.point());
    point.map_err(Error::usage)
}

pub(super) fn propose(desk: &Desk, verb: &PolicyPropose) -> Result<(), Error> {
    let sources = Sources::read(&verb.rules)?;
    let version = sources.point()?.version().to_string();
    let files = sources.files.into_iter().map(|(name, text)| RuleFile { name, text }).collect();
    desk.execute(Command::ProposeRules { schema: sources.schema, files, reason: verb.reason.clone() })?;
    desk.say(
        format_args!(
            "proposed as version {version}; it decides nothing until another officer gives: sekisho policy approve {version}"
        ),
        &json!({ "version": version, "state": "proposed" }),
    )
}

pub(super) fn approve(desk: &Desk, verb: &PolicyVersion) -> Result<(), Error> {
    desk.execute(Command::ApproveRules { version: verb.version.clone() })?;
    desk.say(
        format_args!("version {} is in force; the way back is: sekisho policy rollback --reason TEXT", verb.version),
        &json!({ "version": verb.version, "state": "in-force" }),
    )
}

pub(super) fn roll_back(desk: &Desk, verb: &PolicyRollback) -> Result<(), Error> {
    desk.execute(Command::RollBackRules { reason: verb.reason.clone() })?;
    let point = in_force(&desk.snapshot())?;
    desk.say(
        format_args!("version {} is in force again", point.version()),
        &json!({ "version": point.version().as_str(), "state": "in-force" }),
    )
}

pub(super) fn list(desk: &Desk) -> Result<(), Error> {
    let snapshot = desk.snapshot();
    let builtin = DecisionPoint::builtin().map_err(Error::usage)?;
    let now = snapshot.rules_in_force().map(|(set, _)| set.version.as_str());
    let state = if now.is_none() { "in force" } else { "built in" };
    desk.say(
        format_args!("{}  {state}, the rules built into this program", builtin.version()),
        &json!({ "version": builtin.version().as_str(), "built_in": true, "in_force": now.is_none() }),
    )?;
    let mut sets: Vec<&RuleSet> = snapshot.rule_sets().collect();
    sets.sort_by_key(|set| set.proposed_at);
    for set in sets {
        let approval = snapshot.rule_approvals().iter().rev().find(|approval| approval.version == set.version);
        let (in_force, at) = (now == Some(set.version.as_str()), set.proposed_at.to_jst_minutes());
        let state = match approval {
            Some(approval) => {
                let word = if in_force { "in force" } else { "was in force" };
                format!("{word}, approved by {} on {}", approval.by, approval.at.to_jst_minutes())
            }
            None => "proposed".to_owned(),
        };
        desk.say(
            format_args!("{}  {state}; proposed by {} on {at}: {}", set.version, set.proposed_by, set.reason),
            &json!({
                "version": set.version, "built_in": false, "in_force": in_force, "reason": set.reason,
                "proposed_by": set.proposed_by.to_string(), "proposed_at": set.proposed_at.to_string(),
                "approved_by": approval.map(|approval| approval.by.to_string()),
                "approved_at": approval.map(|approval| approval.at.to_string()),
            }),
        )?;
    }
    Ok(())
}

pub(super) fn show(desk: &Desk, verb: &PolicyShow) -> Result<(), Error> {
    let snapshot = desk.snapshot();
    let set = snapshot
        .rule_set(&verb.version)
        .ok_or_else(|| Error::usage(format_args!("there is no set of rules `{}`", verb.version)))?;
    let schema = ("schema.cedarschema", set.schema.as_str());
    let files = set.files.iter().map(|file| (file.name.as_str(), file.text.as_str()));
    if let Some(folder) = &verb.out {
        write(folder, std::iter::once(schema).chain(files))?;
        return desk.say(
            format_args!("version {} lies in {}", set.version, folder.display()),
            &json!({ "version": set.version, "folder": folder.display().to_string() }),
        );
    }
    for (name, text) in std::iter::once(schema).chain(files) {
        desk.say(format_args!("// ==== {name}\n{text}"), &json!({ "file": name, "text": text }))?;
    }
    Ok(())
}

/// Into a folder that is made for it: nothing is written over.
fn write<'a>(folder: &Path, files: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), Error> {
    std::fs::create_dir(folder).map_err(Error::file("making", folder))?;
    for (name, text) in files {
        // A name in the registry is somebody's text: it names a file in this folder, and nothing else.
        let plain = Path::new(name).file_name().is_some_and(|file| file == name);
        if !plain {
            return Err(Error::usage(format_args!("`{name}` is no name of a file")));
        }
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(Error::file("writing", &path))?;
    }
    Ok(())
}
