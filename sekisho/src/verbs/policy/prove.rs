//! `policy prove` and `policy diff`: what a solver says about rules, in words.

use std::path::Path;
use std::time::Instant;

use registry::RuleProof;
use serde_json::json;
use workbench::diff::{Difference, Direction, diff as difference, pair};
use workbench::fences::{self, FENCES};
use workbench::prove::{Claim, Proof, Refutation, prove};
use workbench::{Bench, Language, Situation, Solver, Sources};

use super::{bench, both, digest, named, solver};
use crate::cli::Common;
use crate::cli::policy::{PolicyDiff, PolicyProve};
use crate::error::Error;
use crate::output::{Output, listed};

pub(super) fn run(common: &Common, output: Output, verb: &PolicyProve) -> Result<bool, Error> {
    let bench = bench(&verb.rules)?;
    Ok(proved(common, output, &bench, verb.fences.as_deref(), &mut solver(&verb.solver)?)?.is_some())
}

/// Proves the fences built in, those of a file beside them, and what must hold of each rule. None: something is refuted. Says all
/// of it. Nobody chooses which of the house's fences are proved.
pub(super) fn proved(
    common: &Common,
    output: Output,
    bench: &Bench,
    file: Option<&Path>,
    solver: &mut Solver,
) -> Result<Option<RuleProof>, Error> {
    let schema = bench.point().schema();
    let (mut fences, mut which) = (fences::read(FENCES, schema)?, digest(std::iter::once(FENCES)));
    if let Some(file) = file {
        let text = std::fs::read_to_string(file).map_err(Error::file("reading", file))?;
        fences.extend(fences::read(&text, schema)?);
        which = format!("{which}+{}", digest(std::iter::once(text.as_str())));
    }
    let start = Instant::now();
    let proofs = prove(bench, &fences, solver)?;
    let seconds = start.elapsed().as_secs_f64();
    proofs.iter().try_for_each(|proof| say(output, proof, common.json))?;
    let refuted = proofs.iter().filter(|proof| proof.refuted.is_some()).count();
    let (count, version) = (proofs.len(), bench.point().version());
    output.say(
        format_args!(
            "version {version}: {} of {count} claims proved ({} fences; of each rule, that it cannot fail, can hold and can \
             decide), {refuted} refuted, in {seconds:.1} s",
            count.saturating_sub(refuted),
            fences.len()
        ),
        &json!({ "version": version.as_str(), "claims": count, "refuted": refuted, "seconds": seconds }),
    )?;
    let proof = RuleProof::Proved { fences: which, claims: u64::try_from(count).unwrap_or(u64::MAX) };
    Ok((refuted == 0).then_some(proof))
}

/// What a claim is called, and in both languages.
fn words(claim: &Claim) -> (String, String, String) {
    match claim {
        Claim::Fence(fence) => (fence.id.clone(), fence.text_ja.clone(), fence.text_en.clone()),
        Claim::NeverErrors(id) => {
            (id.clone(), "評価エラーになることはありません。".to_owned(), "It can never fail.".to_owned())
        }
        Claim::CanFire(id) => (id.clone(), "当てはまることがあります。".to_owned(), "It can hold.".to_owned()),
        Claim::CanDecide(id) => {
            (id.clone(), "これがなければ決定が変わることがあります。".to_owned(), "It can decide.".to_owned())
        }
    }
}

/// Fences each; what is proved of every rule is counted at the end, and told rule by rule only to programs.
fn say(output: Output, proof: &Proof, json: bool) -> Result<(), Error> {
    if proof.refuted.is_none() && !json && !matches!(proof.claim, Claim::Fence(_)) {
        return Ok(());
    }
    let (id, japanese, english) = words(&proof.claim);
    let articles: Vec<String> = match &proof.claim {
        Claim::Fence(fence) => fence.articles.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let value = |refuted: Option<&Refutation>| {
        let example = refuted.and_then(|refuted| refuted.example.as_ref());
        json!({
            "id": id, "articles": articles, "text_ja": japanese, "text_en": english, "proved": refuted.is_none(),
            "requests": refuted.map(|refuted| refuted.kinds.clone()),
            "example_ja": example.map(|one| one.situation.told(Language::Japanese, &one.verdict.text(Language::Japanese))),
            "example_en": example.map(|one| one.situation.told(Language::English, &one.verdict.text(Language::English))),
        })
    };
    match &proof.refuted {
        None => output.say(format_args!("証明 / proved    {id}  {japanese} / {english}"), &value(None)),
        Some(refuted) => {
            let kinds =
                if refuted.kinds.is_empty() { String::new() } else { format!("\n  {}", listed(&refuted.kinds)) };
            let example = match &refuted.example {
                Some(one) => {
                    format!("\n{}", both(|language| one.situation.told(language, &one.verdict.text(language))))
                }
                None => String::new(),
            };
            output.say(
                format_args!("反証 / REFUTED   {id}  {japanese} / {english}{kinds}{example}"),
                &value(Some(refuted)),
            )
        }
    }
}

pub(super) fn diff(output: Output, verb: &PolicyDiff) -> Result<bool, Error> {
    between(output, &named(&verb.old)?, &named(&verb.new)?, &mut solver(&verb.solver)?)?;
    Ok(true)
}

/// Says what the change from the one to the other opens and closes.
pub(super) fn between(output: Output, old: &Sources, new: &Sources, solver: &mut Solver) -> Result<(), Error> {
    let (old, new) = pair(old, new)?;
    let start = Instant::now();
    let found = difference(&old, &new, solver)?;
    let seconds = start.elapsed().as_secs_f64();
    found.iter().try_for_each(|one| say_difference(output, one))?;
    let count = |direction| found.iter().filter(|one| one.direction == direction).count();
    let (opens, closes) = (count(Direction::Opens), count(Direction::Closes));
    let versions = (old.point().version(), new.point().version());
    output.say(
        format_args!("{} to {}: {opens} opened, {closes} closed, in {seconds:.1} s", versions.0, versions.1),
        &json!({
            "old": versions.0.as_str(), "new": versions.1.as_str(), "opened": opens, "closed": closes,
            "seconds": seconds,
        }),
    )
}

fn say_difference(output: Output, one: &Difference) -> Result<(), Error> {
    let (word_ja, word) = match one.direction {
        Direction::Opens => ("新たに許可", "OPENS"),
        Direction::Closes => ("新たに拒否", "CLOSES"),
    };
    let kinds = listed(&one.kinds);
    let Some(example) = &one.example else {
        let sentence = format!("{word_ja} / {word}  {kinds}: for facts that do not occur");
        return output.say(sentence, &json!({ "direction": word, "requests": one.kinds }));
    };
    let told = |language| {
        let (new, old) = (example.new.text(language), example.old.text(language));
        let verdict = match language {
            Language::Japanese => format!("{new}（これまで: {old}）"),
            Language::English => format!("{new} (until now: {old})"),
        };
        example.situation.told(language, &verdict)
    };
    let professions = listed(&example.professions);
    let reach = match &example.situation {
        Situation::Care(..) if example.categories.is_empty() => format!("professions: {professions}"),
        Situation::Care(..) => format!("professions: {professions}; categories: {}", listed(&example.categories)),
        Situation::Public(_) => "anyone".to_owned(),
    };
    output.say(
        format_args!("{word_ja} / {word}  {kinds}\n  {reach}\n{}", both(told)),
        &json!({
            "direction": word, "requests": one.kinds,
            "professions": example.professions.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
            "categories": example.categories.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
            "example_ja": told(Language::Japanese), "example_en": told(Language::English),
        }),
    )
}
