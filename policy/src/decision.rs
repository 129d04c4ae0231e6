//! What comes out of a decision: permit or denial, with the rules and articles that made it.

use std::fmt;
use std::sync::Arc;

use model::Article;

/// Name of a rule: the `@id` of a policy, such as `P01-team-reads`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(Arc<str>);

impl RuleId {
    pub(crate) fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number in front of the words, `P01` of `P01-team-reads`: unique, and what tables print.
    #[must_use]
    pub fn number(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(number, _)| number)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RuleId({})", self.0)
    }
}

/// A rule as its readers see it: the annotations of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `@id`.
    pub id: RuleId,
    /// `@article`: one or more, comma separated in the file.
    pub articles: Vec<Article>,
    /// `@text_ja`: one sentence in Japanese.
    pub text_ja: String,
    /// `@text_en`: the same in English.
    pub text_en: String,
    /// Who may be told that this rule refused (`@tell`).
    pub told: Audience,
}

/// Who may be told that a rule refused the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The subject, always: `@tell("subject")`. The rule does not look at the person or the record.
    Subject,
    /// The subject, where nothing else stands in the way: `@tell("entitled")`. The rule says something about what the request
    /// would make of a record; whoever would be permitted but for it learns nothing of the person that he may not know, and
    /// nobody else hears of it (promise P4).
    Entitled,
    /// Officers only: `@tell("officer")`. The rule is about the person or the record, and the subject gets the one answer for
    /// "not there", "not yours" and "stopped" (promise P4).
    Officer,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Self; 3] = [Self::Subject, Self::Entitled, Self::Officer];

    /// The word in the rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Entitled => "entitled",
            Self::Officer => "officer",
        }
    }
}

/// Which set of rules decided: a digest of schema and policies.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PolicyVersion(Arc<str>);

impl PolicyVersion {
    pub(crate) fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text: 12 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyVersion({})", self.0)
    }
}

/// On what a decision rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The rules that decided: every permit that holds, or every forbid that holds. Empty: no permit held.
    pub rules: Vec<Arc<Rule>>,
    /// Which set of rules was asked.
    pub version: PolicyVersion,
    /// Evaluation errors. Any error is a denial and an alert (promise P1).
    pub errors: Vec<String>,
    /// Of a denial: a permit holds, so that nothing but these forbids stands in the way.
    pub only_forbidden: bool,
}

impl Basis {
    /// The articles behind the decision, each once, in order. Without any rule it is art. 18: only what is permitted.
    #[must_use]
    pub fn articles(&self) -> Vec<Article> {
        let mut articles: Vec<Article> = self.rules.iter().flat_map(|rule| rule.articles.iter().copied()).collect();
        articles.sort_unstable();
        articles.dedup();
        if articles.is_empty() {
            articles.push(Article::new(18));
        }
        articles
    }

    /// Names of the rules, comma separated, `-` for none.
    #[must_use]
    pub fn rule_names(&self) -> String {
        if self.rules.is_empty() {
            return "-".to_owned();
        }
        self.rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The first rule that the subject may be told: see [`Audience`].
    #[must_use]
    pub fn told_to_subject(&self) -> Option<&Arc<Rule>> {
        let always = self.rules.iter().find(|rule| rule.told == Audience::Subject);
        let entitled = self.only_forbidden && self.rules.iter().all(|rule| rule.told == Audience::Entitled);
        always.or_else(|| self.rules.first().filter(|_| entitled))
    }
}

/// Permit or denial.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// At least one permit holds, no forbid holds, no error.
    Permit(Basis),
    /// Everything else.
    Denial(Basis),
}

impl Decision {
    /// On what it rests.
    #[must_use]
    pub const fn basis(&self) -> &Basis {
        match self {
            Self::Permit(basis) | Self::Denial(basis) => basis,
        }
    }

    /// Whether it permits.
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        matches!(self, Self::Permit(_))
    }
}
