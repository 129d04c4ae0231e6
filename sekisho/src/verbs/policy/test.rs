//! `policy test`: cases.

use std::path::Path;

use serde_json::json;
use workbench::cases::{CASES, Case, Failure, parse, run as run_cases};
use workbench::{BenchError, Language};

use super::{bench, both};
use crate::cli::policy::PolicyTest;
use crate::error::Error;
use crate::output::Output;

pub(super) fn run(output: Output, verb: &PolicyTest) -> Result<bool, Error> {
    let bench = bench(&verb.rules)?;
    let cases = match &verb.cases {
        Some(folder) => read(folder)?,
        None => house()?,
    };
    let outcome = run_cases(&bench, &cases)?;
    outcome.failures.iter().try_for_each(|failure| say(output, failure))?;
    for (what_ja, what, ids) in [
        ("どの事例でも当てはまりません", "holds in no case", &outcome.never_fired),
        ("どの事例でも決め手になりません", "decides no case", &outcome.never_decisive),
    ] {
        for id in ids {
            output.say(format_args!("{id}: {what_ja} / {what}"), &json!({ "rule": id, "finding": what }))?;
        }
    }
    let failed = outcome.failures.len();
    let untried = outcome.never_fired.len().saturating_add(outcome.never_decisive.len());
    let rules = bench.point().rules().count();
    output.say(
        format_args!("{} cases, {failed} turned out otherwise; {rules} rules, {untried} not tried", outcome.cases),
        &json!({ "cases": outcome.cases, "failed": failed, "rules": rules, "not_tried": untried }),
    )?;
    Ok(outcome.is_in_order())
}

fn house() -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for (name, text) in CASES {
        cases.extend(parse(name, text)?);
    }
    Ok(cases)
}

/// Every `*.txt` of a folder, by name.
fn read(folder: &Path) -> Result<Vec<Case>, Error> {
    let failed = |source| BenchError::File { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(Error::file("reading", &path))?;
        cases.extend(parse(&path.display().to_string(), &text)?);
    }
    if cases.is_empty() {
        return Err(BenchError::Missing { path: folder.to_owned(), what: "cases (*.txt)" }.into());
    }
    Ok(cases)
}

fn say(output: Output, failure: &Failure) -> Result<(), Error> {
    let Failure { case, decided } = failure;
    let verdict = |language: Language| {
        let nothing = match language {
            Language::Japanese => "評価エラー",
            Language::English => "an error of evaluation",
        };
        let (decided, expected) = (
            decided.as_ref().map_or_else(|| nothing.to_owned(), |verdict| verdict.text(language)),
            case.expected.text(language),
        );
        match language {
            Language::Japanese => format!("{decided}（期待: {expected}）"),
            Language::English => format!("{decided} (expected: {expected})"),
        }
    };
    let told = both(|language| case.situation.told(language, &verdict(language)));
    output.say(
        format_args!("{}:{}: {}\n{told}", case.file, case.line, case.title),
        &json!({
            "file": case.file, "line": case.line, "case": case.title,
            "expected": case.expected.text(Language::English),
            "decided": decided.as_ref().map(|verdict| verdict.text(Language::English)),
        }),
    )
}
