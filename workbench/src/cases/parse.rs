//! The form of a file of cases. A line is a keyword and a sentence; blank lines and lines with `#` say nothing.
//!
//! ```text
//! 事例   他の施設の端末では、連絡帳を閲覧できない      case   A note is not read with another facility's device
//! 前提   端末は他の施設の貸与端末                    given  the device is of another facility
//! もし   利用者が連絡帳を閲覧する                    when   the user reads a note
//! ならば 拒否 F10                                    then   denied by F10
//! ```

use std::collections::BTreeSet;

use policy::matrix::ordinary;
use policy::{Facts, Request};

use super::{Case, Verdict};
use crate::error::BenchError;
use crate::words::{Language, Phrase, Situation, phrase, phrases, question, time, usual};

/// What a line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyword {
    Case,
    Given,
    When,
    Then,
}

const KEYWORDS: [(&str, Keyword); 10] = [
    ("case", Keyword::Case),
    ("given", Keyword::Given),
    ("and", Keyword::Given),
    ("when", Keyword::When),
    ("then", Keyword::Then),
    ("事例", Keyword::Case),
    ("前提", Keyword::Given),
    ("かつ", Keyword::Given),
    ("もし", Keyword::When),
    ("ならば", Keyword::Then),
];

/// Where the sentences are found.
const WORDS: &str = "those there are: sekisho policy words";

/// A case so far.
struct Draft {
    title: String,
    line: usize,
    request: Request,
    facts: Facts,
    given: Vec<&'static Phrase>,
    timed: bool,
    situation: Option<Situation>,
    expected: Option<Verdict>,
}

/// Reads a file of cases.
///
/// # Errors
/// Where and why: an unknown keyword or sentence, two sentences about one fact, a part missing or out of its place.
pub fn parse(file: &str, text: &str) -> Result<Vec<Case>, BenchError> {
    let (mut cases, mut draft): (Vec<Case>, Option<Draft>) = (Vec::new(), None);
    for (number, line) in text.lines().enumerate() {
        let number = number.saturating_add(1);
        let wrong = |what: String| BenchError::Case { file: file.to_owned(), line: number, what };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (keyword, rest) =
            keyword(line).ok_or_else(|| wrong(format!("`{line}` begins with no keyword; one of: {}", keywords())))?;
        if keyword == Keyword::Case {
            if let Some(whole) = draft.take() {
                cases.push(finish(file, whole)?);
            }
            draft = Some(begin(rest, number));
        } else {
            let draft = draft.as_mut().ok_or_else(|| wrong("stands before the first case".to_owned()))?;
            add(draft, keyword, rest).map_err(wrong)?;
        }
    }
    if let Some(whole) = draft {
        cases.push(finish(file, whole)?);
    }
    Ok(cases)
}

fn keywords() -> String {
    KEYWORDS.map(|(word, _)| word).join(", ")
}

fn keyword(line: &str) -> Option<(Keyword, &str)> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (_, keyword) = KEYWORDS.iter().find(|(known, _)| *known == word)?;
    Some((*keyword, rest.trim()))
}

fn begin(title: &str, line: usize) -> Draft {
    Draft {
        title: title.to_owned(),
        line,
        request: usual(),
        facts: ordinary(),
        given: Vec::new(),
        timed: false,
        situation: None,
        expected: None,
    }
}

fn add(draft: &mut Draft, keyword: Keyword, text: &str) -> Result<(), String> {
    match keyword {
        Keyword::Given if draft.situation.is_some() => Err("is given after it was asked".to_owned()),
        Keyword::Given => {
            if let Some(at) = time(text) {
                if draft.timed {
                    return Err(format!("`{text}` gives a second time"));
                }
                draft.timed = true;
                draft.request.at = at;
                return Ok(());
            }
            let phrase = phrase(text).ok_or_else(|| format!("`{text}` is no sentence about a fact; {WORDS}"))?;
            if let Some(earlier) = draft.given.iter().find(|given| given.subject == phrase.subject) {
                let earlier = Language::ALL.map(|language| earlier.text(language)).join(" / ");
                return Err(format!("`{text}` speaks of a fact that was given already, by: {earlier}"));
            }
            draft.given.push(phrase);
            phrase.make(&mut draft.request, &mut draft.facts);
            Ok(())
        }
        Keyword::When if draft.situation.is_some() => Err("asks a second time".to_owned()),
        Keyword::When => {
            let asked = question(text, draft.request, draft.facts.clone());
            draft.situation = Some(asked.ok_or_else(|| format!("`{text}` asks nothing that is known; {WORDS}"))?);
            Ok(())
        }
        Keyword::Then if draft.situation.is_none() => Err("expects before it has asked".to_owned()),
        Keyword::Then if draft.expected.is_some() => Err("expects a second time".to_owned()),
        Keyword::Then => {
            draft.expected = Some(verdict(text).ok_or_else(|| no_verdict(text))?);
            Ok(())
        }
        Keyword::Case => Ok(()),
    }
}

fn finish(file: &str, draft: Draft) -> Result<Case, BenchError> {
    let Draft { title, line, situation, expected, given, .. } = draft;
    let wrong = |what: &str| BenchError::Case { file: file.to_owned(), line, what: what.to_owned() };
    if title.is_empty() {
        return Err(wrong("a case without a heading"));
    }
    let situation = situation.ok_or_else(|| wrong("a case that asks nothing"))?;
    let expected = expected.ok_or_else(|| wrong("a case that expects nothing"))?;
    // Said and of no effect, such as what a form allows where none is given: whoever reads it would believe it counts.
    if let Some(idle) = given.iter().find(|given| !counts(given, &situation)) {
        return Err(wrong(&format!("`{idle:?}` is given and plays no part in what is asked")));
    }
    Ok(Case { title, file: file.to_owned(), line, situation, expected })
}

/// Whether it is a fact of this situation: it is so, and could be otherwise.
fn counts(given: &Phrase, situation: &Situation) -> bool {
    let mut others = phrases().iter().filter(|other| other.subject == given.subject);
    situation.with(given) == *situation && others.any(|other| situation.with(other) != *situation)
}

/// What a verdict looks like, for whoever wrote something else.
fn no_verdict(text: &str) -> String {
    let list = text.trim_end_matches(['。', '.']).split(['、', ',', ' ']).filter(|word| word.len() == 3);
    let mut rules = BTreeSet::new();
    let twice = list.filter(|rule| rule.starts_with(['P', 'F'])).find(|rule| !rules.insert(*rule));
    let twice = twice.map_or_else(String::new, |rule| format!(", it names {rule} twice"));
    format!(
        "`{text}` is no verdict{twice}; verdicts are: permitted by P01, P02 / denied by F10, F11 / denied, for nothing permits it / \
         許可 P01、P02 / 拒否 F10、F11 / 拒否 許可する規則なし"
    )
}

fn verdict(text: &str) -> Option<Verdict> {
    let text = text.trim_end_matches(['。', '.']).trim();
    if text == "拒否 許可する規則なし" || text == "denied, for nothing permits it" {
        return Some(Verdict { permitted: false, rules: BTreeSet::new() });
    }
    let starts = [("許可", true), ("拒否", false), ("permitted by ", true), ("denied by ", false)];
    let (permitted, list) =
        starts.iter().find_map(|(start, permitted)| Some((*permitted, text.strip_prefix(start)?)))?;
    let rules: Vec<String> = list.split(['、', ',']).map(|rule| rule.trim().to_owned()).collect();
    let well_formed = |rule: &String| rule.len() == 3 && rule.starts_with(if permitted { 'P' } else { 'F' });
    let unique: BTreeSet<String> = rules.iter().cloned().collect();
    (rules.iter().all(well_formed) && unique.len() == rules.len()).then_some(Verdict { permitted, rules: unique })
}
