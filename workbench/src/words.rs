//! Facts in words, Japanese and English: one table, read in both directions. A case that an officer writes is read by it,
//! and a counterexample is printed by it, so that what the prover says can be pasted into a file of cases.
//!
//! A phrase is a sentence and what it makes of the facts. Whether it holds needs no second piece of code: it holds where
//! making it so changes nothing.

mod facts;
mod questions;

use std::fmt;
use std::sync::LazyLock;

use model::{Action, Authorship, Category, Timestamp};
use policy::matrix::{now, ordinary};
use policy::{Facts, Request, Resource, Said, ServiceFacts};

/// What the sentence about the time begins with.
const TIME_JA: &str = "時刻は";
const TIME_EN: &str = "it is ";

/// A language that cases are written in and counterexamples are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 日本語.
    Japanese,
    /// English.
    English,
}

impl Language {
    /// Both, Japanese first.
    pub const ALL: [Self; 2] = [Self::Japanese, Self::English];
}

/// What is asked on which facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// A user works with records or with the directory.
    Care(Request, Box<Facts>),
    /// Somebody, who need not say who, looks at public information (art. 22).
    Public(ServiceFacts),
}

/// What a sentence makes of the request and its facts.
type Make = Box<dyn Fn(&mut Request, &mut Facts) + Send + Sync>;

/// A sentence, in both languages, and what it makes of the request and its facts.
pub struct Phrase {
    /// Which fact it is about: of one subject one phrase holds at a time.
    pub(crate) subject: usize,
    japanese: String,
    english: String,
    make: Make,
}

impl Phrase {
    /// The sentence.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Japanese => &self.japanese,
            Language::English => &self.english,
        }
    }

    /// Request and facts, with this so.
    pub fn make(&self, request: &mut Request, facts: &mut Facts) {
        (self.make)(request, facts);
    }

    /// Whether it is so already.
    #[must_use]
    pub fn holds(&self, request: &Request, facts: &Facts) -> bool {
        let (mut asked, mut made) = (*request, facts.clone());
        self.make(&mut asked, &mut made);
        asked == *request && made == *facts
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(facts::phrases);

/// Every sentence about a fact, in the order of telling.
#[must_use]
pub fn phrases() -> &'static [Phrase] {
    &PHRASES
}

/// The sentence that says this, in either language. Signs at the end do not matter, and neither do blanks in Japanese.
#[must_use]
pub(crate) fn phrase(text: &str) -> Option<&'static Phrase> {
    let text = plain(text);
    phrases().iter().find(|phrase| Language::ALL.iter().any(|language| plain(phrase.text(*language)) == text))
}

/// What is asked on an ordinary day, about a record of the user's own as in the access matrix.
#[must_use]
pub(crate) const fn usual() -> Request {
    Request::new(Action::Read, Category::Note, now(), Said::OWN)
}

/// What is asked, from its sentence; facts, time and what the record says of itself are given so far.
#[must_use]
pub(crate) fn question(text: &str, request: Request, facts: Facts) -> Option<Situation> {
    let text = plain(text);
    questions::all()
        .into_iter()
        .find(|question| Language::ALL.iter().any(|language| plain(&question.text(*language)) == text))?
        .asked(request, facts)
}

/// A time that is given, as `it is 2026-11-23T02:00:00+09:00` (RFC 3339).
#[must_use]
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let time = text.strip_prefix(TIME_JA).or_else(|| text.strip_prefix(TIME_EN))?;
    Timestamp::parse(time.trim()).ok()
}

/// Every sentence that asks something.
#[must_use]
pub fn question_texts(language: Language) -> Vec<String> {
    questions::all().into_iter().map(|question| question.text(language)).collect()
}

/// The directory says nothing of who wrote it, is written by nobody and has no label.
const fn of_directory(request: Request, resource: &Resource) -> Request {
    match resource {
        Resource::Directory => {
            request.with_authorship(Authorship::Unknown).with_written_as(Authorship::Unknown).with_sensitive(false)
        }
        Resource::Record { .. } => request,
    }
}

/// Request and facts of an ordinary day, about a record or about the directory.
fn usual_day(resource: &Resource) -> (Request, Facts) {
    let (request, mut facts) = (of_directory(usual(), resource), ordinary());
    if *resource == Resource::Directory {
        facts.resource = Resource::Directory;
    }
    (request, facts)
}

/// Two sentences are the same when these are.
fn plain(text: &str) -> String {
    let text = text.trim().trim_end_matches(['。', '.', '、', ',']).to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if text.is_ascii() { words.join(" ") } else { words.concat() }
}

impl Situation {
    /// The sentence that asks.
    #[must_use]
    pub fn question(&self, language: Language) -> String {
        questions::of(self).text(language)
    }

    /// Whatever is not as on an ordinary day, a sentence each.
    #[must_use]
    pub fn unusual(&self, language: Language) -> Vec<String> {
        let (request, facts) = (self.request(), self.facts());
        let mut told = usual_day(&facts.resource);
        let mut sentences = Vec::new();
        for phrase in self.strange() {
            phrase.make(&mut told.0, &mut told.1);
            sentences.push(phrase.text(language).to_owned());
        }
        if let Self::Care(request, _) = self
            && request.at != now()
        {
            let at = request.at.to_jst();
            sentences.push(match language {
                Language::Japanese => format!("{TIME_JA}{at}"),
                Language::English => format!("{TIME_EN}{at}"),
            });
        }
        // Said rather than hidden: a fact that has no sentence above.
        let (asked, told) = told;
        let asked = Request { action: request.action, category: request.category, at: request.at, ..asked };
        if (asked != request || told != facts) && matches!(self, Self::Care(..)) {
            sentences.push(format!("{request:?} {facts:?}"));
        }
        sentences
    }

    /// The sentences that hold here and do not on an ordinary day, in the order of telling.
    pub(crate) fn strange(&self) -> Vec<&'static Phrase> {
        let (request, facts) = (self.request(), self.facts());
        let (usual_request, usual_facts) = usual_day(&facts.resource);
        let as_usual = |phrase: &Phrase| {
            phrases().iter().any(|other| {
                other.subject == phrase.subject
                    && other.holds(&usual_request, &usual_facts)
                    && other.holds(&request, &facts)
            })
        };
        phrases().iter().filter(|phrase| phrase.holds(&request, &facts) && !as_usual(phrase)).collect()
    }

    /// The same question on an ordinary day.
    pub(crate) fn on_an_ordinary_day(&self) -> Self {
        match self {
            Self::Care(asked, facts) => {
                let (request, facts) = usual_day(&facts.resource);
                Self::Care(Request { action: asked.action, category: asked.category, ..request }, Box::new(facts))
            }
            Self::Public(_) => Self::Public(ordinary().service),
        }
    }

    /// The request: for public information, which has none, an ordinary day's.
    fn request(&self) -> Request {
        match self {
            Self::Care(request, _) => *request,
            Self::Public(_) => usual(),
        }
    }

    /// The facts: for public information an ordinary day's, with the state of the service.
    #[must_use]
    pub fn facts(&self) -> Facts {
        match self {
            Self::Care(_, facts) => (**facts).clone(),
            Self::Public(service) => Facts { service: service.clone(), ..ordinary() },
        }
    }

    /// The same with this so.
    #[must_use]
    pub fn with(&self, phrase: &Phrase) -> Self {
        let (mut request, mut facts) = (self.request(), self.facts());
        phrase.make(&mut request, &mut facts);
        match self {
            Self::Care(..) => Self::Care(request, Box::new(facts)),
            Self::Public(_) => Self::Public(facts.service),
        }
    }

    /// As an officer would write it in a file of cases: given, when, then.
    #[must_use]
    pub fn told(&self, language: Language, verdict: &str) -> String {
        let (given, and, when, then) = match language {
            Language::Japanese => ("前提  ", "かつ  ", "もし  ", "ならば "),
            Language::English => ("given ", "and   ", "when  ", "then  "),
        };
        let mut lines: Vec<String> = Vec::new();
        for sentence in self.unusual(language) {
            lines.push(format!("{}{sentence}", if lines.is_empty() { given } else { and }));
        }
        lines.push(format!("{when}{}", self.question(language)));
        lines.push(format!("{then}{verdict}"));
        lines.join("\n")
    }
}
