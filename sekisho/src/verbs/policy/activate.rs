//! `policy propose`, `approve`, `rollback` and `list`: rules as facts of the registry. A server that runs beside
//! decides by what is in force from the same moment on.

use std::path::Path;

use policy::DecisionPoint;
use registry::{Command, PastApproval, RollBack, RuleFile, RuleGates, RuleProof, RuleSet, Snapshot};
use serde_json::{Value, json};
use workbench::{Bench, Solver, Sources};

use super::test::{self, Cases};
use super::{digest, in_order, prove, solver};
use crate::cli::Common;
use crate::cli::policy::{PolicyApprove, PolicyPropose, PolicyRollback};
use crate::error::Error;
use crate::output::Output;
use crate::verbs::Desk;

/// The decision point of the rules in force: those of the registry, or those built in.
pub(crate) fn in_force(snapshot: &Snapshot) -> Result<DecisionPoint, Error> {
    let point = snapshot.rules_in_force().map_or_else(DecisionPoint::builtin, |(set, _)| set.point());
    point.map_err(Error::usage)
}

/// Proposes rules that are in order and pass the cases. False: they do not, and are not proposed.
pub(super) fn propose(desk: &Desk, output: Output, verb: &PolicyPropose) -> Result<bool, Error> {
    let sources = Sources::read(&verb.rules)?;
    if !in_order(output, &sources)? {
        return Ok(false);
    }
    let bench = Bench::new(&sources)?;
    if !test::passes(output, &bench, &Cases::of(verb.cases.as_deref())?)? {
        return Ok(false);
    }
    let version = bench.point().version().to_string();
    // Without them the other officer would try the rules on other cases than these.
    let cases = verb.cases.as_deref().map_or_else(String::new, |folder| format!(" --cases {}", as_a_word(folder)));
    let files = sources.files.into_iter().map(|(name, text)| RuleFile { name, text }).collect();
    desk.execute(Command::ProposeRules { schema: sources.schema, files, reason: verb.reason.clone() })?;
    desk.say(
        format_args!(
            "proposed as version {version}; it decides nothing until another officer gives: sekisho policy approve \
             {version}{cases} --as city-officer:NAME"
        ),
        &json!({ "version": version, "state": "proposed" }),
    )?;
    Ok(true)
}

/// A path as one word of a shell's command.
fn as_a_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Takes rules into force that pass every gate, once the officer has seen what changes: the first time this says what, and which
/// word confirms it. False: a gate found something wrong, and nothing has changed.
pub(super) fn approve(desk: &Desk, common: &Common, output: Output, verb: &PolicyApprove) -> Result<bool, Error> {
    let snapshot = desk.snapshot();
    let set = snapshot.rule_set(&verb.version).ok_or_else(|| unknown(&verb.version))?;
    // What is compared with is what the registry must still have in force when it takes the approval.
    let over = snapshot.rules_in_force().map(|(set, _)| set.version.clone());
    let approve = |gates| Command::ApproveRules { version: verb.version.clone(), over: over.clone(), gates };
    // Whoever may not approve hears so now, and not after all the proofs.
    let (cases_version, reason) = ("-".to_owned(), verb.without_proof.clone().unwrap_or_else(|| "-".to_owned()));
    desk.rehearse(&[approve(RuleGates { cases: 1, cases_version, proof: RuleProof::Without { reason } })])?;
    let Some(gates) = passed(&snapshot, set, common, output, verb)? else {
        desk.say(
            format_args!("version {} is not approved; what is in force stays so", verb.version),
            &json!({ "version": verb.version, "state": "proposed" }),
        )?;
        return Ok(false);
    };
    let told = gates.to_string();
    let confirm = digest([over.as_deref().unwrap_or("builtin"), &verb.version, &told].into_iter());
    match &verb.confirm {
        None => return ask(desk, verb, &told, &confirm).map(|()| true),
        Some(given) if *given != confirm => {
            return Err(Error::usage(format_args!(
                "`{given}` confirms something else: the rules in force, the cases or what was proved have changed since. Give the \
                 command without --confirm, and read what would change now"
            )));
        }
        Some(_) => {}
    }
    desk.execute(approve(gates))?;
    desk.say(
        format_args!(
            "version {} is in force ({told}); the way back is: sekisho policy rollback --reason TEXT",
            verb.version
        ),
        &json!({ "version": verb.version, "state": "in-force", "passed": told }),
    )?;
    Ok(true)
}

/// Says that nothing is approved yet, and how it is.
fn ask(desk: &Desk, verb: &PolicyApprove, told: &str, confirm: &str) -> Result<(), Error> {
    let seen = if verb.without_proof.is_some() { "nothing was compared" } else { "what changes stands above" };
    desk.say(
        format_args!(
            "version {} is NOT in force yet ({told}; {seen}). If that is as it should be, give the same command once more with: \
             --confirm {confirm}",
            verb.version
        ),
        &json!({ "version": verb.version, "state": "proposed", "passed": told, "confirm": confirm }),
    )
}

/// By what the last gates are gone through.
enum Means {
    /// A solver that compares, and one that proves.
    Solvers(Box<(Solver, Solver)>),
    /// Nothing, for this reason.
    None(String),
}

/// Every gate, cheapest first. None: one of them found something wrong.
fn passed(
    snapshot: &Snapshot,
    set: &RuleSet,
    common: &Common,
    output: Output,
    verb: &PolicyApprove,
) -> Result<Option<RuleGates>, Error> {
    // A solver that is not there is said before anything is tried.
    let means = match &verb.without_proof {
        Some(reason) => Means::None(reason.clone()),
        None => Means::Solvers(Box::new((solver(&verb.solver)?, solver(&verb.solver)?))),
    };
    let proposed = sources_of(set);
    if !in_order(output, &proposed)? {
        return Ok(None);
    }
    let bench = Bench::new(&proposed)?;
    let cases = Cases::of(verb.cases.as_deref())?;
    if !test::passes(output, &bench, &cases)? {
        return Ok(None);
    }
    let proof = match means {
        Means::None(reason) => RuleProof::Without { reason },
        Means::Solvers(solvers) => {
            let (mut comparing, mut proving) = *solvers;
            let now = snapshot.rules_in_force().map_or_else(Sources::builtin, |(set, _)| sources_of(set));
            prove::between(output, &now, &proposed, &mut comparing)?;
            let fences = verb.fences.as_deref();
            match prove::proved(common, output, &bench, fences, &mut proving)? {
                Some(proof) => proof,
                None => return Ok(None),
            }
        }
    };
    let count = u64::try_from(cases.cases.len()).unwrap_or(u64::MAX);
    Ok(Some(RuleGates { cases: count, cases_version: cases.version, proof }))
}

/// A set of the registry as the workbench takes it.
pub(super) fn sources_of(set: &RuleSet) -> Sources {
    let files = set.files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    Sources { name: set.version.clone(), schema: set.schema.clone(), files }
}

pub(super) fn unknown(version: &str) -> Error {
    Error::usage(format_args!("there is no set of rules `{version}`; those there are: sekisho policy list"))
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
    let ever = desk.registry.rule_approvals()?;
    let mut sets: Vec<&RuleSet> = snapshot.rule_sets().collect();
    sets.sort_by_key(|set| set.proposed_at);
    for set in sets {
        let approvals: Vec<&PastApproval> = ever.iter().filter(|one| one.approval.version == set.version).collect();
        let (in_force, at) = (now == Some(set.version.as_str()), set.proposed_at.to_jst_minutes());
        let state = if in_force {
            "in force"
        } else if approvals.is_empty() {
            "proposed"
        } else {
            "was in force"
        };
        let last = approvals.last().map(|one| &one.approval);
        let each: String = approvals.iter().map(|one| format!("\n    {}", approved(one))).collect();
        desk.say(
            format_args!("{}  {state}; proposed by {} on {at}: {}{each}", set.version, set.proposed_by, set.reason),
            &json!({
                "version": set.version, "built_in": false, "in_force": in_force, "reason": set.reason,
                "proposed_by": set.proposed_by.to_string(), "proposed_at": set.proposed_at.to_string(),
                "approved_by": last.map(|approval| approval.by.to_string()),
                "approved_at": last.map(|approval| approval.at.to_string()),
                "passed": last.and_then(|approval| approval.gates.as_ref()).map(told),
                "approvals": approvals.iter().map(|one| approved_json(one)).collect::<Vec<_>>(),
            }),
        )?;
    }
    // Sets that are remembered no longer: what was approved of them is on record all the same.
    for one in ever.iter().filter(|one| snapshot.rule_set(&one.approval.version).is_none()) {
        let version = &one.approval.version;
        desk.say(
            format_args!("{version}  was in force; what it says is in the journal alone\n    {}", approved(one)),
            &json!({
                "version": version, "built_in": false, "in_force": false, "approvals": [approved_json(one)],
            }),
        )?;
    }
    Ok(())
}

/// By whom and when, what was passed, and how it ended.
fn approved(PastApproval { approval, rolled_back }: &PastApproval) -> String {
    let passed = approval.gates.as_ref().map_or_else(String::new, |gates| format!(", {gates}"));
    let end = rolled_back.as_ref().map_or_else(String::new, |RollBack { by, at, reason }| {
        format!("; rolled back by {by} on {}: {reason}", at.to_jst_minutes())
    });
    format!("approved by {} on {}{passed}{end}", approval.by, approval.at.to_jst_minutes())
}

/// The same for programs.
fn approved_json(PastApproval { approval, rolled_back }: &PastApproval) -> Value {
    json!({
        "approved_by": approval.by.to_string(), "approved_at": approval.at.to_string(),
        "passed": approval.gates.as_ref().map(told),
        "rolled_back_by": rolled_back.as_ref().map(|end| end.by.to_string()),
        "rolled_back_at": rolled_back.as_ref().map(|end| end.at.to_string()),
        "rolled_back_because": rolled_back.as_ref().map(|end| &end.reason),
    })
}

/// What rules had passed, for programs.
fn told(RuleGates { cases, cases_version, proof }: &RuleGates) -> Value {
    let (fences, claims, without) = match proof {
        RuleProof::Proved { fences, claims } => (Some(fences), Some(claims), None),
        RuleProof::Without { reason } => (None, None, Some(reason)),
    };
    json!({
        "cases": cases, "cases_version": cases_version, "fences_version": fences, "claims_proved": claims,
        "without_proof": without,
    })
}
