//! Nothing more is learned: random towns, random questions, and a naive model of what each user may learn there, held against
//! gateway and store. Whatever a question is, no answer holds a word or an id of a record that its user may not read; what he
//! may read and asks for is there, page by page as a store would show it that had nothing else; numbers are those of the model;
//! and what is refused is refused in the one way that says nothing.
//!
//! The model (`town`, `model`) says the rules in words of its own. `SEKISHO_LEARNED_SEED` begins with another town, and
//! `SEKISHO_LEARNED_ROUNDS` goes through more of them; a failure says which town it was.

mod kinds;
mod model;
mod questions;
mod searches;
mod stage;
mod town;

use std::collections::{BTreeMap, BTreeSet};

use backend_stub::Paging;
use journal::testing::Dice;
use serde_json::Value;

use self::kinds::Record;
use self::model::{Expected, Found};
use self::questions::Question;
use self::searches::{Search, View};
use self::stage::{Stage, without_incident};
use self::town::Town;
use crate::world::{Ask, Reply};

/// The first town, and how many.
const USUAL: (u64, u64) = (1, 4);
/// Questions in each town; every so many of them something changes in it.
const QUESTIONS: usize = 240;
const CHANGE_EVERY: usize = 8;
/// Pages that are turned at most.
const PAGES_MAX: usize = 80;

/// How often each kind of question was served and refused, and what else occurred.
#[derive(Default)]
struct Coverage {
    questions: BTreeMap<&'static str, (usize, usize)>,
    occurred: BTreeMap<&'static str, usize>,
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[tokio::test]
async fn nothing_more_is_learned_than_may_be_and_nothing_less() {
    let first = number("SEKISHO_LEARNED_SEED", USUAL.0);
    let rounds = number("SEKISHO_LEARNED_ROUNDS", USUAL.1);
    let mut coverage = Coverage::default();
    for seed in first..first + rounds {
        let mut dice = Dice::new(seed);
        let mut stage = Stage::set(&mut dice).await;
        stage.world.store.page_by(if seed % 2 == 0 { Paging::Offset } else { Paging::Token });
        for round in 0..QUESTIONS {
            if round % CHANGE_EVERY == CHANGE_EVERY - 1 {
                *coverage.occurred.entry(stage.change(&mut dice).await).or_default() += 1;
            }
            let user = dice.below(stage.town.users.len());
            let question = Question::random(&mut dice, &stage.town, user);
            if let Err(fault) = tried(&mut stage, user, &question, &mut coverage).await {
                let user = &stage.town.users[user];
                panic!(
                    "SEKISHO_LEARNED_SEED={seed}, question {round}, {} ({}):\n{:?}\n{question:?}\n{fault}",
                    user.user_id,
                    user.profession,
                    question.ask(&stage.town)
                );
            }
        }
        // The store did nothing wrong, and is not said to have.
        assert!(stage.world.alerts().is_empty(), "SEKISHO_LEARNED_SEED={seed}: {:?}", stage.world.alerts());
    }
    coverage.check((first, rounds) == USUAL);
}

impl Coverage {
    fn note(&mut self, stage: &Stage, user: usize, question: &Question, expected: &Expected) {
        let refused = match expected {
            Expected::Each(each) => each.contains(&Expected::NotThere),
            other => *other == Expected::NotThere,
        };
        for tag in question.tags() {
            let (served, not_served) = self.questions.entry(tag).or_default();
            *(if refused { not_served } else { served }) += 1;
        }
        *self.occurred.entry(stage.town.users[user].profession).or_default() += 1;
        for person in &stage.town.persons {
            *self.occurred.entry(person.situation()).or_default() += 1;
        }
        if *expected == Expected::InAnothersName {
            let what = if matches!(question, Question::Create(_)) { "a forged name" } else { "a name handed over" };
            *self.occurred.entry(what).or_default() += 1;
        }
        if let Expected::Found(Found { matches, hidden }) = expected {
            let along = stage.town.comes_along(user, question, matches);
            let mut occurred = |what, did: bool| *self.occurred.entry(what).or_default() += usize::from(did);
            occurred("something was found", !matches.is_empty());
            occurred("something came along", !along.is_empty());
            occurred("something was hidden among it", *hidden > 0 && !matches.is_empty());
            occurred("something was hidden among several pages", *hidden > 0 && matches.len() > question.count());
        }
    }

    /// A generator that asks nothing would find nothing. Other towns than the usual are told of and not held to it: one or the
    /// other situation may be missing there.
    fn check(&self, usual: bool) {
        eprintln!("{:#?}\n{:#?}", self.questions, self.occurred);
        if !usual {
            return;
        }
        for (question, (served, refused)) in &self.questions {
            assert!(*served > 0 && *refused > 0, "{question}: {served} served, {refused} refused");
        }
        assert_eq!(self.questions.len(), KINDS_OF_QUESTIONS, "{:?}", self.questions.keys());
        let missing: Vec<&&str> =
            OCCUR.iter().filter(|what| self.occurred.get(**what).is_none_or(|times| *times == 0)).collect();
        assert!(missing.is_empty(), "never: {missing:?}");
    }
}

/// As [`Question::tags`] tells them apart.
const KINDS_OF_QUESTIONS: usize = 31;

/// What must have occurred.
const OCCUR: [&str; 20] = [
    "store and share",
    "share only",
    "store only",
    "no form",
    "support stopped",
    "suspended",
    "not eligible",
    "consent withdrawn",
    "a new form",
    "suspension lifted",
    "left a team",
    "joined a team",
    "a label",
    "a forged name",
    "a name handed over",
    "something was found",
    "something came along",
    "something was hidden among it",
    "something was hidden among several pages",
    "pages were turned",
];

/// Asks, and holds what comes against the model.
async fn tried(stage: &mut Stage, user: usize, question: &Question, coverage: &mut Coverage) -> Result<(), String> {
    let expected = stage.town.expected(user, question);
    coverage.note(stage, user, question, &expected);
    let ask = question.ask(&stage.town);
    let told = format!("{} {}", ask.target, String::from_utf8_lossy(&ask.body));
    let reply = stage.ask(user, ask).await;
    quiet(stage, user, &told, &reply)?;
    match (question, &expected) {
        (_, Expected::NotThere) => says_nothing(stage, user, &reply).await,
        (Question::Create(_), Expected::InAnothersName) | (Question::Amend(_), Expected::InAnothersName) => {
            in_anothers_name(&reply)
        }
        (Question::Batch(entries), Expected::Each(each)) => batch(&stage.town, user, &reply, entries, each),
        (Question::Create(record), Expected::Written) => created(stage, record, &reply),
        (Question::Amend(record), Expected::Written) => amended(stage, record, &reply),
        (Question::Search(_) | Question::Everything { .. }, Expected::Found(found)) => {
            pages(stage, user, question, found, reply, coverage).await
        }
        (_, expected) => served(&reply).and_then(|()| answers(&stage.town, user, question, expected, &reply.json())),
    }
}

/// No answer tells of what its user may not learn, beyond what he said himself.
fn quiet(stage: &Stage, user: usize, told: &str, reply: &Reply) -> Result<(), String> {
    let headers: Vec<String> = reply.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    let answer = format!("{}\n{}", headers.join("\n"), reply.text());
    let leaked: Vec<String> = stage
        .town
        .hidden_from(user)
        .into_iter()
        .filter(|word| answer.contains(word.as_str()) && !told.contains(word.as_str()))
        .collect();
    if leaked.is_empty() { Ok(()) } else { Err(format!("it tells of {leaked:?}: {answer}")) }
}

fn served(reply: &Reply) -> Result<(), String> {
    if reply.status.is_success() { Ok(()) } else { Err(format!("{}: {}", reply.status, reply.text())) }
}

/// The one answer to "not there", "not yours" and "stopped".
async fn says_nothing(stage: &mut Stage, user: usize, reply: &Reply) -> Result<(), String> {
    let nothing = stage.nothing(user).await;
    if nothing.0 == 404 && nothing == without_incident(reply) {
        return Ok(());
    }
    Err(format!("must be refused as what is not there: {} {}", reply.status, reply.text()))
}

/// The one refusal of a record that is told, to whom else it would be permitted.
fn in_anothers_name(reply: &Reply) -> Result<(), String> {
    let told = (reply.status.as_u16(), reply.json()["rule"].as_str().unwrap_or_default().to_owned());
    if told == (403, "F23-in-somebody-elses-name".to_owned()) {
        return Ok(());
    }
    Err(format!("must be refused as written in another's name: {} {}", reply.status, reply.text()))
}

/// One answer on one page.
fn answers(town: &Town, user: usize, question: &Question, expected: &Expected, body: &Value) -> Result<(), String> {
    let text = body.to_string();
    match expected {
        Expected::One(word) if text.contains(word.as_str()) => Ok(()),
        Expected::Versions(words, all) => {
            let entries = body["entry"].as_array().cloned().unwrap_or_default();
            let same = entries.len() == words.len()
                && entries.iter().zip(words).all(|(entry, word)| entry.to_string().contains(word.as_str()));
            let total = if *all { Value::from(words.len()) } else { Value::Null };
            if same && body["total"] == total { Ok(()) } else { Err(format!("must be {words:?}: {body}")) }
        }
        Expected::Number(number) if body["total"] == *number && body.get("entry").is_none() => Ok(()),
        Expected::Found(found) => Page::of(body).is(town, user, question, found, 0),
        expected => Err(format!("must be {expected:?}: {body}")),
    }
}

fn batch(town: &Town, user: usize, reply: &Reply, entries: &[Question], expected: &[Expected]) -> Result<(), String> {
    served(reply)?;
    let answer = reply.json();
    let told = answer["entry"].as_array().cloned().unwrap_or_default();
    if told.len() != entries.len() {
        return Err(format!("{} answers to {} entries: {answer}", told.len(), entries.len()));
    }
    for ((question, expected), entry) in entries.iter().zip(expected).zip(&told) {
        let status = entry["response"]["status"].as_str().unwrap_or_default().to_owned();
        match expected {
            Expected::NotThere if status == "404" && entry.get("resource").is_none() => {}
            Expected::NotThere => return Err(format!("{question:?} must be refused as what is not there: {entry}")),
            _ if status != "200" => return Err(format!("{question:?}: {entry}")),
            expected => answers(town, user, question, expected, &entry["resource"])
                .map_err(|why| format!("{question:?}: {why}"))?,
        }
    }
    Ok(())
}

/// A new record: from now on it is in the model, and is found by those who may and by nobody else.
fn created(stage: &mut Stage, record: &Record, reply: &Reply) -> Result<(), String> {
    if reply.status != 201 {
        return Err(format!("must be created: {} {}", reply.status, reply.text()));
    }
    let location = reply.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = location.rsplit('/').next().unwrap_or_default().to_owned();
    if !location.starts_with(&format!("/fhir/{}/", record.kind().name)) || id.is_empty() {
        return Err(format!("it was created, and nobody knows where: {location}"));
    }
    stage.town.records.push(Record { id, ..record.clone() });
    Ok(())
}

fn amended(stage: &mut Stage, record: &Record, reply: &Reply) -> Result<(), String> {
    if reply.status != 200 {
        return Err(format!("must be amended: {} {}", reply.status, reply.text()));
    }
    let address = record.address();
    let stored = stage.town.records.iter_mut().find(|stored| stored.address() == address);
    *stored.unwrap() = record.clone();
    Ok(())
}

/// What is on a page.
#[derive(Default)]
struct Page {
    /// What was searched for, in order.
    matches: Vec<String>,
    /// What came along with it, behind all of it.
    along: Vec<String>,
    entries: Vec<Value>,
    total: Option<usize>,
    next: Option<String>,
}

impl Page {
    fn of(body: &Value) -> Self {
        let mut page = Self { entries: body["entry"].as_array().cloned().unwrap_or_default(), ..Self::default() };
        for entry in &page.entries {
            let part = |name: &str| entry["resource"][name].as_str().unwrap_or("?").to_owned();
            let address = format!("{}/{}", part("resourceType"), part("id"));
            if entry["search"]["mode"] == "match" && page.along.is_empty() {
                page.matches.push(address);
            } else {
                page.along.push(address);
            }
        }
        page.total = body["total"].as_u64().and_then(|total| total.try_into().ok());
        let links = body["link"].as_array().into_iter().flatten();
        let next = links.filter(|link| link["relation"] == "next").find_map(|link| link["url"].as_str());
        page.next = next.map(str::to_owned);
        page
    }

    /// Whether no more is shown of each record than was asked for.
    fn shows(&self, question: &Question) -> Result<(), String> {
        let Question::Search(Search { view: View::Elements, .. }) = question else { return Ok(()) };
        let whole = self.entries.iter().find(|entry| entry["resource"].get("text").is_some());
        whole.map_or(Ok(()), |entry| Err(format!("more is shown than was asked for: {entry}")))
    }

    /// Whether this is that page, counted from 0, of what was expected: as a store would show it that had nothing else. What
    /// is on it and in which order, what came along, whether another follows, and the number.
    fn is(&self, town: &Town, user: usize, question: &Question, found: &Found, number: usize) -> Result<(), String> {
        self.shows(question)?;
        let count = question.count();
        let behind = found.matches.get(number * count..).unwrap_or_default();
        let matches = &behind[..behind.len().min(count)];
        let along = town.comes_along(user, question, matches);
        let wrong = |what: &str| Err(format!("page {number}: {what}: must be {matches:?} with {along:?}, is {self:?}"));
        if self.matches != matches {
            return wrong("other matches");
        }
        let came: BTreeSet<String> = self.along.iter().cloned().collect();
        if came != along || came.len() != self.along.len() {
            return wrong("something else came along");
        }
        if self.next.is_some() != (behind.len() > count) {
            return wrong("a page is offered and is not there, or the other way round");
        }
        let told = question.asks_for_a_number() || number == 0 && behind.len() <= count;
        if self.total != told.then_some(found.matches.len()) {
            return wrong("another number");
        }
        Ok(())
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { matches, along, total, next, .. } = self;
        write!(f, "{matches:?} with {along:?}, in all {total:?}, next {}", next.is_some())
    }
}

/// All pages, to the end.
async fn pages(
    stage: &mut Stage,
    user: usize,
    question: &Question,
    found: &Found,
    first: Reply,
    coverage: &mut Coverage,
) -> Result<(), String> {
    let mut reply = first;
    for number in 0..PAGES_MAX {
        served(&reply)?;
        let page = Page::of(&reply.json());
        page.is(&stage.town, user, question, found, number)?;
        let Some(next) = &page.next else { return Ok(()) };
        *coverage.occurred.entry("pages were turned").or_default() += 1;
        reply = stage.ask(user, Ask::get(next)).await;
        // What it was sealed with is not the user's to know.
        quiet(stage, user, &format!("{:?}", question.ask(&stage.town)), &reply)?;
    }
    Err("its pages have no end".to_owned())
}
