//! Cases: what an officer expects of the rules, as given, when, then, in Japanese or in English.
//!
//! Whatever a case does not say is as on an ordinary day ([`policy::matrix::ordinary`]): a nurse on the care team, her own
//! facility's device, consent given, the service running. A sentence that nobody knows is refused, never passed over.

mod parse;

use std::collections::{BTreeMap, BTreeSet};

use policy::Decision;

use crate::bench::Bench;
use crate::error::BenchError;
use crate::words::{Language, Situation};

pub use parse::parse;

/// The cases of the house, in both languages: `(name, text)`.
pub const CASES: [(&str, &str); 2] = [
    ("cases.ja.txt", include_str!("../../policy/cases/cases.ja.txt")),
    ("cases.en.txt", include_str!("../../policy/cases/cases.en.txt")),
];

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its heading.
    pub title: String,
    /// In which file it stands.
    pub file: String,
    /// In which line it begins, from 1.
    pub line: usize,
    /// What is given and asked.
    pub situation: Situation,
    /// What is expected.
    pub expected: Verdict,
}

/// Permitted or denied, and by which rules, by number (`P01`): all of those that decide, and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is permitted.
    pub permitted: bool,
    /// The rules that decide; none where nothing permits.
    pub rules: BTreeSet<String>,
}

impl Verdict {
    /// That of a decision. None for one that rests on an error: no case expects that.
    #[must_use]
    pub fn of(decision: &Decision) -> Option<Self> {
        let basis = decision.basis();
        let rules = basis.rules.iter().map(|rule| rule.id.number().to_owned()).collect();
        basis.errors.is_empty().then_some(Self { permitted: decision.is_permit(), rules })
    }

    /// As it stands in a file of cases.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let rules: Vec<&str> = self.rules.iter().map(String::as_str).collect();
        match (language, self.permitted, rules.is_empty()) {
            (Language::Japanese, true, _) => format!("許可 {}", rules.join("、")),
            (Language::Japanese, false, false) => format!("拒否 {}", rules.join("、")),
            (Language::Japanese, false, true) => "拒否 許可する規則なし".to_owned(),
            (Language::English, true, _) => format!("permitted by {}", rules.join(", ")),
            (Language::English, false, false) => format!("denied by {}", rules.join(", ")),
            (Language::English, false, true) => "denied, for nothing permits it".to_owned(),
        }
    }
}

/// A case that turned out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub case: Case,
    /// What was decided; none: an error of evaluation.
    pub decided: Option<Verdict>,
}

/// What became of the cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many there are.
    pub cases: usize,
    /// Those that turned out otherwise.
    pub failures: Vec<Failure>,
    /// Rules that held in no case.
    pub never_fired: Vec<String>,
    /// Rules that held, and without which every case would have been decided alike.
    pub never_decisive: Vec<String>,
}

impl Outcome {
    /// Whether all is well.
    #[must_use]
    pub const fn is_in_order(&self) -> bool {
        self.failures.is_empty() && self.never_fired.is_empty() && self.never_decisive.is_empty()
    }
}

/// Runs the cases against the rules, and counts which rules they try.
///
/// # Errors
/// A situation that has no Cedar form.
pub fn run(bench: &Bench, cases: &[Case]) -> Result<Outcome, BenchError> {
    let mut tried: BTreeMap<String, Tried> =
        bench.point().rules().map(|rule| (rule.id.to_string(), Tried::default())).collect();
    let mut failures = Vec::new();
    for case in cases {
        let decided = Verdict::of(&bench.decide(&case.situation));
        if decided.as_ref() != Some(&case.expected) {
            failures.push(Failure { case: case.clone(), decided });
        }
        let holding = bench.holding(&case.situation).map_err(|error| BenchError::Case {
            file: case.file.clone(),
            line: case.line,
            what: error.to_string(),
        })?;
        // Taken away, it would turn the decision: the only permit where nothing forbids, the only forbid of what is permitted.
        let only = |these: &BTreeSet<String>, id: &String| these.len() == 1 && these.contains(id);
        for (id, tried) in &mut tried {
            tried.fired |= holding.permits.contains(id) || holding.forbids.contains(id);
            tried.decisive |= only(&holding.permits, id) && holding.forbids.is_empty();
            tried.decisive |= only(&holding.forbids, id) && !holding.permits.is_empty();
        }
    }
    let named = |which: fn(&Tried) -> bool| {
        tried.iter().filter(|(_, tried)| which(tried)).map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    Ok(Outcome {
        cases: cases.len(),
        failures,
        never_fired: named(|tried| !tried.fired),
        never_decisive: named(|tried| tried.fired && !tried.decisive),
    })
}

/// Whether a rule was put to the test.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    fired: bool,
    decisive: bool,
}
