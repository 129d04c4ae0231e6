//! `policy`: writing rules safely, and taking them into force. All but `propose`, `approve` and `rollback` change nothing.

mod activate;
mod prove;
mod replay;
mod show;
mod test;

pub(crate) use activate::in_force;

use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde_json::json;
use workbench::{Bench, Language, Solver, Sources, phrases, question_texts};

use super::Desk;
use crate::cli::policy::{PolicyRules, PolicySolver};
use crate::cli::{Common, Policy};
use crate::error::Error;
use crate::output::Output;

/// The verb. False: something was found wrong.
pub(crate) fn run(common: &Common, verb: &Policy) -> Result<bool, Error> {
    let output = Output::new(common.json);
    match verb {
        Policy::Check(rules) => check(output, rules),
        Policy::Test(verb) => test::run(output, verb),
        Policy::Prove(verb) => prove::run(common, output, verb),
        Policy::Diff(verb) => prove::diff(output, verb),
        Policy::Replay(verb) => replay::run(common, output, verb),
        Policy::Words => words(output).map(|()| true),
        Policy::Propose(verb) => activate::propose(&Desk::open(common)?, output, verb),
        Policy::Approve(verb) => activate::approve(&Desk::open(common)?, common, output, verb),
        Policy::Rollback(verb) => activate::roll_back(&Desk::open(common)?, verb).map(|()| true),
        Policy::List => activate::list(&Desk::open(common)?).map(|()| true),
        Policy::Show(verb) => show::run(common, output, verb).map(|()| true),
    }
}

/// What is not in order with rules is an answer here, not an error: one line each.
fn check(output: Output, rules: &PolicyRules) -> Result<bool, Error> {
    in_order(output, &sources(rules)?)
}

fn in_order(output: Output, sources: &Sources) -> Result<bool, Error> {
    match sources.point() {
        Ok(point) => {
            let (name, count, version) = (&sources.name, point.rules().count(), point.version());
            output.say(
                format_args!("{name}: {count} rules in order, version {version}"),
                &json!({ "rules": name, "count": count, "version": version.as_str() }),
            )?;
            // Right, and slower: said, so that nobody finds out under load.
            if let Some(why) = point.why_not_compiled() {
                output.say(format_args!("{name}: slower than they need be: {why}"), &json!({ "slow": why }))?;
            }
            Ok(true)
        }
        Err(workbench::BenchError::Rules { source: policy::PolicyError::Lint(findings), .. }) => {
            for finding in findings {
                output
                    .say(&finding, &json!({ "rule": finding.rule, "place": finding.place, "finding": finding.what }))?;
            }
            Ok(false)
        }
        Err(error) => {
            let fault = crate::error::with_causes(&error);
            output.say(&fault, &json!({ "fault": fault }))?;
            Ok(false)
        }
    }
}

fn words(output: Output) -> Result<(), Error> {
    let say = |kind: &str, japanese: &str, english: &str| {
        output.say(
            format_args!("{kind:5}  {japanese}  /  {english}"),
            &json!({ "kind": kind, "text_ja": japanese, "text_en": english }),
        )
    };
    for phrase in phrases() {
        say("given", phrase.text(Language::Japanese), phrase.text(Language::English))?;
    }
    let questions = question_texts(Language::Japanese).into_iter().zip(question_texts(Language::English));
    questions.into_iter().try_for_each(|(japanese, english)| say("when", &japanese, &english))
}

fn sources(rules: &PolicyRules) -> Result<Sources, Error> {
    rules.rules.as_deref().map_or_else(|| Ok(Sources::builtin()), |folder| Ok(Sources::read(folder)?))
}

/// The folder's rules, or those built in.
fn named(folder: &Path) -> Result<Sources, Error> {
    if is_builtin(folder) { Ok(Sources::builtin()) } else { Ok(Sources::read(folder)?) }
}

/// Whether this stands for the rules built in, where others are named by a folder or a version.
fn is_builtin(given: &Path) -> bool {
    given == Path::new("builtin")
}

fn bench(rules: &PolicyRules) -> Result<Bench, Error> {
    Ok(Bench::new(&sources(rules)?)?)
}

fn solver(given: &PolicySolver) -> Result<Solver, Error> {
    let by_environment = || std::env::var_os("CVC5").filter(|text| !text.is_empty()).map(PathBuf::from);
    let program = given.solver.clone().or_else(by_environment).unwrap_or_else(|| PathBuf::from("cvc5"));
    Ok(Solver::start(&program)?)
}

/// Both languages, Japanese first, each line after a few blanks.
fn both(told: impl Fn(Language) -> String) -> String {
    let texts = Language::ALL
        .map(|language| told(language).lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"));
    texts.join("\n    --\n")
}

/// Which texts these are: 12 hexadecimal digits of SHA-256, made as the version of rules is.
fn digest<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in texts {
        context.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().iter().take(6).map(|octet| format!("{octet:02x}")).collect()
}
