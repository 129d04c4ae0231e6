//! What a decision rested on, as the audit entry keeps it.

use std::collections::BTreeSet;
use std::sync::Arc;

use audit::{FactsText, facts};
use model::Article;
use policy::{Basis, Rule};

use super::Judgement;

/// What a decision rested on, as the entry keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionBasis {
    /// Names of the rules.
    pub rules: String,
    /// Articles, comma separated.
    pub articles: String,
    /// Which set of rules.
    pub policy_version: String,
    /// Which state of the registry.
    pub generation: u64,
    /// The facts, in short.
    pub facts: FactsText,
    /// Only disaster use (art. 21) made it possible.
    pub disaster: bool,
    /// Only break-glass (art. 41) made it possible.
    pub break_glass: bool,
}

impl DecisionBasis {
    /// What decisions of one kind rest on: all permits, or a denial.
    #[must_use]
    pub fn of(judgements: &[Arc<Judgement>], generation: u64) -> Arc<Self> {
        match judgements {
            [only] => only.basis(generation),
            several => Arc::new(Self::joined(several, generation)),
        }
    }

    pub(super) fn joined<J: AsRef<Judgement>>(judgements: &[J], generation: u64) -> Self {
        let judgements = || judgements.iter().map(J::as_ref);
        let bases = || judgements().map(|judgement| judgement.decision.basis());
        let articles: BTreeSet<Article> = bases().flat_map(Basis::articles).collect();
        let mut rules: Vec<&str> = bases().flat_map(|basis| &basis.rules).map(|rule| rule.id.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        // What opens besides the everyday: disaster use (art. 21) and break-glass (art. 41). A permit by both is marked as both.
        let of = |rule: &Rule, numbers: &[u8]| rule.articles.iter().any(|article| numbers.contains(&article.number()));
        let only_by = |number: u8| {
            judgements().any(|judgement| {
                let rules = &judgement.decision.basis().rules;
                judgement.decision.is_permit()
                    && rules.iter().any(|rule| of(rule, &[number]))
                    && rules.iter().all(|rule| of(rule, &[21, 41]))
            })
        };
        Self {
            rules: if rules.is_empty() { "-".to_owned() } else { rules.join(",") },
            articles: articles.iter().map(Article::to_string).collect::<Vec<_>>().join(","),
            policy_version: bases().next().map(|basis| basis.version.to_string()).unwrap_or_default(),
            generation,
            facts: facts::compact_all(judgements().map(|judgement| (&judgement.request, &judgement.facts))).into(),
            disaster: only_by(21),
            break_glass: only_by(41),
        }
    }
}
