//! `policy test`: cases.

use std::path::{Path, PathBuf};

use serde_json::json;
use workbench::cases::{CASES, Case, Failure, parse, run as run_cases};
use workbench::{Bench, BenchError, Language};

use super::{bench, both, digest};
use crate::cli::policy::PolicyTest;
use crate::error::Error;
use crate::output::Output;

/// Cases, and which they are.
pub(super) struct Cases {
    pub(super) cases: Vec<Case>,
    /// The digest of those built in; where there are others beside them, `+` and the digest of those.
    pub(super) version: String,
}

impl Cases {
    /// Those built in, and those of a folder beside them: nobody chooses which of the house's cases rules are tried on.
    pub(super) fn of(folder: Option<&Path>) -> Result<Self, Error> {
        let house = CASES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut named = vec![of_texts(house)?];
        if let Some(folder) = folder {
            let own = of_texts(read(folder)?)?;
            if own.cases.is_empty() {
                return Err(BenchError::Missing { path: folder.to_owned(), what: "cases (*.txt)" }.into());
            }
            named.push(own);
        }
        let version = named.iter().map(|cases| cases.version.as_str()).collect::<Vec<_>>().join("+");
        Ok(Self { cases: named.into_iter().flat_map(|cases| cases.cases).collect(), version })
    }
}

fn of_texts(texts: Vec<(String, String)>) -> Result<Cases, Error> {
    let mut cases = Vec::new();
    for (name, text) in &texts {
        cases.extend(parse(name, text)?);
    }
    Ok(Cases { cases, version: digest(texts.iter().map(|(_, text)| text.as_str())) })
}

pub(super) fn run(output: Output, verb: &PolicyTest) -> Result<bool, Error> {
    passes(output, &bench(&verb.rules)?, &Cases::of(verb.cases.as_deref())?)
}

/// Whether the rules pass them, each rule tried. Says what does not.
pub(super) fn passes(output: Output, bench: &Bench, Cases { cases, .. }: &Cases) -> Result<bool, Error> {
    let outcome = run_cases(bench, cases)?;
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
        format_args!(
            "{} {}, {failed} turned out otherwise; {rules} rules, {untried} not tried",
            outcome.cases,
            if outcome.cases == 1 { "case" } else { "cases" }
        ),
        &json!({ "cases": outcome.cases, "failed": failed, "rules": rules, "not_tried": untried }),
    )?;
    Ok(outcome.is_in_order())
}

/// Every `*.txt` of a folder, by name: where it is, and its text.
fn read(folder: &Path) -> Result<Vec<(String, String)>, Error> {
    let failed = |source| BenchError::File { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
    paths.sort();
    let text = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(Error::file("reading", &path))?;
        Ok((path.display().to_string(), text))
    };
    paths.into_iter().map(text).collect()
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
