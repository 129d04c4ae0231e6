//! `policy replay`: recorded decisions under other rules.

use audit::{Event, FOUND_MAX, Reader, Verdict};
use journal::{Journal, Position};
use serde_json::json;
use workbench::Sources;
use workbench::replay::Replay;

use crate::cli::Common;
use crate::cli::policy::PolicyReplay;
use crate::error::Error;
use crate::output::{Output, listed};
use crate::settings::Settings;
use crate::verbs::open_registry;

use super::activate::in_force;

pub(super) fn run(common: &Common, output: Output, verb: &PolicyReplay) -> Result<bool, Error> {
    let settings = Settings::load(&common.settings_file()?)?;
    let (registry, _) = open_registry(&settings)?;
    let old = in_force(&registry.snapshot())?;
    let new = Sources::read(&verb.rules)?.point()?;
    let reader = Reader::new(Journal::open_existing(&settings.journal.audit()).map_err(Error::journal("audit"))?);
    let mut replay = Replay::new(&old, &new);
    let (mut without_decision, mut after) = (0_u64, Position::START);
    loop {
        let events = reader.events(after, FOUND_MAX)?;
        let Some((last, _)) = events.last() else { break };
        after = *last;
        for (position, event) in &events {
            let Event::Entry(entry) = event else { continue };
            if verb.from.is_some_and(|from| entry.at < from) || verb.to.is_some_and(|to| entry.at >= to) {
                continue;
            }
            if entry.facts.is_empty() {
                without_decision = without_decision.saturating_add(1);
                continue;
            }
            let decisions = audit::facts::read_all(&entry.facts)
                .map_err(|error| Error::usage(format_args!("entry #{position}: {error}")))?;
            replay.add(&entry.id.to_string(), &decisions, entry.verdict == Verdict::Permitted);
        }
    }
    report(output, &replay, without_decision)?;
    Ok(true)
}

fn report(output: Output, replay: &Replay<'_>, without_decision: u64) -> Result<(), Error> {
    for (group, tally) in &replay.groups {
        output.say(
            format_args!(
                "{}, {}, {}: {} gained, {} lost, {} as before",
                group.profession, group.facility, group.action, tally.gains, tally.loses, tally.same
            ),
            &json!({
                "profession": group.profession.as_str(), "facility": group.facility.as_str(),
                "action": group.action.as_str(), "gained": tally.gains, "lost": tally.loses, "same": tally.same,
            }),
        )?;
    }
    for (japanese, what, examples) in [("新たに許可", "gained", &replay.gained), ("新たに拒否", "lost", &replay.lost)]
    {
        if !examples.is_empty() {
            let sentence = format!("{japanese} / {what}, such as entries {}", listed(examples));
            output.say(sentence, &json!({ "examples_of": what, "entries": examples }))?;
        }
    }
    let total = replay.total();
    output.say(
        format_args!(
            "all together: {} gained, {} lost, {} as before; not counted: {} refused for other reasons than rules, \
             {without_decision} without a decision; {} decided by other rules than those in force",
            total.gains, total.loses, total.same, replay.refused_otherwise, replay.by_other_rules
        ),
        &json!({
            "gained": total.gains, "lost": total.loses, "same": total.same,
            "refused_otherwise": replay.refused_otherwise, "without_decision": without_decision,
            "by_other_rules": replay.by_other_rules,
        }),
    )
}
