//! `audit`: who did what to whose records; and whether both chains are whole.

use audit::{Alert, Query, Reader, Recorded, SignIn, SignInQuery, Verdict};
use journal::{Head, Journal, Position};
use serde_json::json;

use crate::cli::audit::{AuditSearch, AuditVerify};
use crate::cli::journal::Which;
use crate::cli::{Audit, Common};
use crate::error::{Error, with_causes};
use crate::ids;
use crate::output::{self, Output, listed};
use crate::settings::Settings;

/// The verb. False: a chain is not whole.
pub(crate) fn run(common: &Common, verb: &Audit) -> Result<bool, Error> {
    let settings = Settings::load(&common.settings_file()?)?;
    let output = Output::new(common.json);
    match verb {
        Audit::Search(search) if search.sign_ins => find_sign_ins(&settings, output, search).map(|()| true),
        Audit::Search(search) if search.alerts => find_alerts(&settings, output, search.limit).map(|()| true),
        Audit::Search(search) => find(&settings, output, search).map(|()| true),
        Audit::Verify(verb) => verify(&settings, output, verb),
    }
}

fn find(settings: &Settings, output: Output, search: &AuditSearch) -> Result<(), Error> {
    let query = Query {
        id: search.id.clone(),
        person: search.person.as_deref().map(ids::parse).transpose()?,
        user_ids: search.user.as_deref().map(ids::parse).transpose()?.into_iter().collect(),
        device: search.device.as_deref().map(ids::parse).transpose()?,
        from: search.from,
        until: search.to,
        disaster: search.disaster,
        break_glass: search.break_glass,
        limit: search.limit,
        ..Query::default()
    };
    let found = reader(settings)?.search(&query)?;
    if found.entries.is_empty() {
        output::nothing(format_args!("no request on record is as asked for{}", whether_there_is(search)));
    }
    found.entries.iter().try_for_each(|recorded| say(output, recorded))?;
    output::more(found.more_before.is_some());
    Ok(())
}

fn find_sign_ins(settings: &Settings, output: Output, search: &AuditSearch) -> Result<(), Error> {
    let query = SignInQuery {
        user_id: search.user.as_deref().map(ids::parse).transpose()?,
        device: search.device.as_deref().map(ids::parse).transpose()?,
        from: search.from,
        until: search.to,
        limit: search.limit,
    };
    let found = reader(settings)?.sign_ins(&query)?;
    if found.sign_ins.is_empty() {
        output::nothing(format_args!("no sign-in on record is as asked for{}", whether_there_is(search)));
    }
    found.sign_ins.iter().try_for_each(|(position, sign_in)| say_sign_in(output, *position, sign_in))?;
    output::more(found.more);
    Ok(())
}

/// How to find out whether a number was mistyped. Not looked up here: an auditor needs the log alone, and no key of the
/// registry's.
fn whether_there_is(search: &AuditSearch) -> String {
    let sought = [("person", &search.person), ("user", &search.user), ("device", &search.device)];
    let lists: Vec<String> =
        sought.iter().filter(|(_, given)| given.is_some()).map(|(verb, _)| format!("`sekisho {verb} list`")).collect();
    if lists.is_empty() { String::new() } else { format!("; whom and what the registry knows: {}", lists.join(", ")) }
}

fn find_alerts(settings: &Settings, output: Output, limit: usize) -> Result<(), Error> {
    let (alerts, more) = reader(settings)?.alerts(limit)?;
    output::each(&alerts, "no alert is on record", |(position, Alert { id, at, kind, seen, count })| {
        output.say(
            format_args!("{}  #{position}  {kind} ({count}) in request {id}: {}", at.to_jst(), listed(seen)),
            &json!({
                "position": position.get(), "at": at.to_string(), "alert": kind.as_str(), "id": id.to_string(),
                "seen": seen, "count": count,
            }),
        )
    })?;
    output::more(more);
    Ok(())
}

fn reader(settings: &Settings) -> Result<Reader, Error> {
    Ok(Reader::new(Journal::open_existing(&settings.journal.audit()).map_err(Error::journal("audit"))?))
}

fn say_sign_in(output: Output, position: Position, sign_in: &SignIn) -> Result<(), Error> {
    let SignIn { at, user_id, device, serial, source, outcome } = sign_in;
    output.say(
        format_args!("{}  #{position}  sign-in as `{user_id}` with {device} from {source}: {outcome}", at.to_jst()),
        &json!({
            "position": position.get(), "at": at.to_string(), "user_id": user_id, "device": device.as_str(),
            "serial": serial.to_string(), "source": source, "outcome": outcome.as_str(),
        }),
    )
}

fn say(output: Output, recorded: &Recorded) -> Result<(), Error> {
    let Recorded { position, entry, released, outcome } = recorded;
    let action = entry.action.map_or("?", model::Action::as_str);
    let category = entry.category.map_or("?", model::Category::as_str);
    let why = match (entry.reason.as_str(), entry.cause.as_str()) {
        ("", _) => String::new(),
        (reason, "") => format!(" ({reason})"),
        (reason, cause) => format!(" ({reason}: {cause})"),
    };
    // A request that runs still and one that a crash ended look the same here.
    let end = match outcome {
        Some(outcome) => {
            let why = if outcome.cause.is_empty() { String::new() } else { format!(" ({})", outcome.cause) };
            format!("  {} {}{why}, {} bytes", outcome.status, outcome.ended, outcome.bytes)
        }
        None if entry.verdict == Verdict::Permitted => "  no end on record".to_owned(),
        None => String::new(),
    };
    output.say(
        format_args!(
            "{}  #{position}  {} with {}  {action} {category} of {}  {}{why}  rules {}  art. {}{end}  id {}",
            entry.at.to_jst(),
            entry.user_id,
            entry.device,
            listed(&entry.persons),
            entry.verdict,
            if entry.rules.is_empty() { "-" } else { &entry.rules },
            entry.articles,
            entry.id
        ),
        &json!({
            "position": position.get(), "id": entry.id.to_string(), "at": entry.at.to_string(),
            "user_id": entry.user_id.as_str(), "user": entry.user.as_str(), "facility": entry.facility.as_str(),
            "device": entry.device.as_str(), "serial": entry.serial.to_string(), "action": action,
            "category": category, "verdict": entry.verdict.as_str(), "reason": entry.reason,
            "cause": entry.cause, "persons": entry.persons.iter().map(|person| person.as_str()).collect::<Vec<_>>(),
            "records": entry.records, "rules": entry.rules, "articles": entry.articles,
            "policy_version": entry.policy_version, "generation": entry.generation, "disaster": entry.disaster,
            "break_glass": entry.break_glass, "source": entry.source, "method": entry.method, "target": entry.target,
            "status": outcome.as_ref().map(|outcome| outcome.status),
            "ended": outcome.as_ref().map(|outcome| outcome.ended.as_str()),
            "bytes": outcome.as_ref().map(|outcome| outcome.bytes),
            "ended_because": outcome.as_ref().map(|outcome| outcome.cause.as_str()),
            "released": released,
        }),
    )
}

/// Both journals or one of them, every entry. The heads printed are evidence when kept elsewhere: such a one is held
/// against the chain. What is wrong with the one keeps nobody from hearing of the other. True: all of it is whole.
fn verify(settings: &Settings, output: Output, verb: &AuditVerify) -> Result<bool, Error> {
    let mut whole = true;
    for which in Which::ALL.into_iter().filter(|which| verb.journal.is_none_or(|wanted| wanted == *which)) {
        let whose = which.as_str();
        match held(settings, which, &verb.head) {
            Ok(head) => {
                let kept: Vec<String> = verb.head.iter().map(Head::to_string).collect();
                let holds = if kept.is_empty() { String::new() } else { format!("; it holds {}", listed(&kept)) };
                output.say(
                    format_args!("{whose}: {} entries, the chain is whole; head {head}{holds}", head.position),
                    &json!({ "journal": whose, "entries": head.position.get(), "head": head.to_string(), "holds": kept }),
                )?;
            }
            Err(error) => {
                whole = false;
                let fault = with_causes(&error);
                output.say(format_args!("{whose}: fault: {fault}"), &json!({ "journal": whose, "fault": fault }))?;
            }
        }
    }
    Ok(whole)
}

/// The head of a chain that is whole and holds these heads.
fn held(settings: &Settings, which: Which, kept: &[Head]) -> Result<Head, Error> {
    let damaged = Error::journal(which.as_str());
    let journal = Journal::open_existing(&settings.journal.place(which)).map_err(&damaged)?;
    let head = journal.verify(Position::START).map_err(&damaged)?;
    kept.iter().try_for_each(|kept| journal.holds(kept)).map_err(&damaged)?;
    Ok(head)
}
