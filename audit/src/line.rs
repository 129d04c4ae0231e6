//! The written form: one line of canonical JSON per event, version 1. Nothing else knows it.
//!
//! Canonical: the keys stand in the order below, none is missing, none is added, no space. One is left out where it says
//! nothing: `break_glass` and `cause`, which came later than the lines that are kept. A line that says anything
//! else, another version included, is an error; what cannot be read is never passed over.

use std::borrow::Cow;

use journal::Position;
use model::{Action, Category, PersonId, SerialNumber, Timestamp};
use serde::Deserialize;

use crate::bounds::{
    CAUSE_BYTES_MAX, FACTS_BYTES_MAX, PERSONS_MAX, RECORD_BYTES_MAX, RECORDS_MAX, RULES_BYTES_MAX, SEEN_MAX,
    TARGET_BYTES_MAX, WORD_BYTES_MAX,
};
use crate::json::{self, Writer};
use crate::text::harmless;
use crate::{
    Alert, AlertKind, AuditError, Ended, Entry, EntryId, Event, Outcome, Release, SignIn, SignInOutcome, Verdict,
};

/// Version of the lines below.
const VERSION: u32 = 1;

/// A line as it stands.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Line<'a> {
    Entry(Box<EntryLine<'a>>),
    Release(ReleaseLine<'a>),
    Outcome(OutcomeLine<'a>),
    SignIn(SignInLine<'a>),
    Alert(AlertLine<'a>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine<'a> {
    v: u32,
    id: Cow<'a, str>,
    at: Cow<'a, str>,
    user_id: Cow<'a, str>,
    user: Cow<'a, str>,
    device: Cow<'a, str>,
    serial: Cow<'a, str>,
    facility: Cow<'a, str>,
    persons: Vec<Cow<'a, str>>,
    records: Vec<Cow<'a, str>>,
    action: Option<Cow<'a, str>>,
    category: Option<Cow<'a, str>>,
    verdict: Cow<'a, str>,
    reason: Cow<'a, str>,
    #[serde(default)]
    cause: Cow<'a, str>,
    rules: Cow<'a, str>,
    articles: Cow<'a, str>,
    policy_version: Cow<'a, str>,
    generation: u64,
    facts: Cow<'a, str>,
    disaster: bool,
    #[serde(default)]
    break_glass: bool,
    source: Cow<'a, str>,
    method: Cow<'a, str>,
    target: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseLine<'a> {
    v: u32,
    id: Cow<'a, str>,
    at: Cow<'a, str>,
    generation: u64,
    records: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeLine<'a> {
    v: u32,
    id: Cow<'a, str>,
    at: Cow<'a, str>,
    status: u16,
    bytes: u64,
    ended: Cow<'a, str>,
    #[serde(default)]
    cause: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInLine<'a> {
    v: u32,
    at: Cow<'a, str>,
    user_id: Cow<'a, str>,
    device: Cow<'a, str>,
    serial: Cow<'a, str>,
    source: Cow<'a, str>,
    outcome: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertLine<'a> {
    v: u32,
    id: Cow<'a, str>,
    at: Cow<'a, str>,
    // `kind` is the line's.
    about: Cow<'a, str>,
    seen: Vec<Cow<'a, str>>,
    count: u64,
}

/// Writes an entry.
///
/// # Errors
/// A bound that must not be met by cutting, or no id.
pub(crate) fn write_entry(entry: &Entry) -> Result<Vec<u8>, AuditError> {
    at_most("persons", entry.persons.len(), PERSONS_MAX)?;
    at_most("records", entry.records.len(), RECORDS_MAX)?;
    at_most("bytes of rules", entry.rules.len(), RULES_BYTES_MAX)?;
    at_most("bytes of articles", entry.articles.len(), RULES_BYTES_MAX)?;
    if entry.id.is_empty() {
        return Err(AuditError::NoId);
    }
    let rules = lossless("bytes of rules", &entry.rules, RULES_BYTES_MAX)?;
    let articles = lossless("bytes of articles", &entry.articles, RULES_BYTES_MAX)?;
    let facts = lossless("bytes of facts", &entry.facts, FACTS_BYTES_MAX)?;
    let facts = entry.facts.quoted(|| json::string(&facts));
    let mut line = begin("entry", 1024 + facts.len());
    line.text("id", &entry.id.to_string());
    line.text("at", &entry.at.to_string());
    line.text("user_id", entry.user_id.as_str());
    line.text("user", entry.user.as_str());
    line.text("device", entry.device.as_str());
    line.text("serial", &entry.serial.to_string());
    line.text("facility", entry.facility.as_str());
    line.texts("persons", entry.persons.iter().map(PersonId::as_str));
    line.texts("records", entry.records.iter().map(|record| harmless(record, RECORD_BYTES_MAX)));
    line.text_or_null("action", entry.action.map(Action::as_str));
    line.text_or_null("category", entry.category.map(Category::as_str));
    line.text("verdict", entry.verdict.as_str());
    line.text("reason", &short(&entry.reason));
    cause(&mut line, &entry.cause);
    line.text("rules", &rules);
    line.text("articles", &articles);
    line.text("policy_version", &short(&entry.policy_version));
    line.number("generation", entry.generation);
    line.written("facts", facts);
    line.flag("disaster", entry.disaster);
    if entry.break_glass {
        line.flag("break_glass", true);
    }
    line.text("source", &short(&entry.source));
    line.text("method", &short(&entry.method));
    line.text("target", &harmless(&entry.target, TARGET_BYTES_MAX));
    Ok(line.end())
}

/// Begins a line of this kind.
fn begin(kind: &str, octets: usize) -> Writer {
    let mut line = Writer::object(octets);
    line.text("kind", kind);
    line.number("v", VERSION.into());
    line
}

/// A cause is left out where there is none.
fn cause(line: &mut Writer, cause: &str) {
    let cause = harmless(cause, CAUSE_BYTES_MAX);
    if !cause.is_empty() {
        line.text("cause", &cause);
    }
}

/// Writes what an answer holds: as many lines as it takes, since none may be left out.
pub(crate) fn write_release(release: &Release) -> Vec<Vec<u8>> {
    let lines = release.records.chunks(RECORDS_MAX).map(|records| {
        let mut line = begin("release", 256);
        line.text("id", &release.id.to_string());
        line.text("at", &release.at.to_string());
        line.number("generation", release.generation);
        line.texts("records", records.iter().map(|record| harmless(record, RECORD_BYTES_MAX)));
        line.end()
    });
    lines.collect()
}

/// Writes an outcome. It cannot fail: an exchange that is over must not lose its end to a bound.
pub(crate) fn write_outcome(outcome: &Outcome) -> Vec<u8> {
    let mut line = begin("outcome", 256);
    line.text("id", &outcome.id.to_string());
    line.text("at", &outcome.at.to_string());
    line.number("status", outcome.status.into());
    line.number("bytes", outcome.bytes);
    line.text("ended", outcome.ended.as_str());
    cause(&mut line, &outcome.cause);
    line.end()
}

/// Writes a sign-in. It cannot fail: whatever was typed can be kept in some form.
pub(crate) fn write_sign_in(sign_in: &SignIn) -> Vec<u8> {
    let mut line = begin("sign-in", 256);
    line.text("at", &sign_in.at.to_string());
    line.text("user_id", &short(&sign_in.user_id));
    line.text("device", sign_in.device.as_str());
    line.text("serial", &sign_in.serial.to_string());
    line.text("source", &short(&sign_in.source));
    line.text("outcome", sign_in.outcome.as_str());
    line.end()
}

/// Writes an alert. It cannot fail: of what was seen the first few are enough.
pub(crate) fn write_alert(alert: &Alert) -> Vec<u8> {
    let mut line = begin("alert", 512);
    line.text("id", &alert.id.to_string());
    line.text("at", &alert.at.to_string());
    line.text("about", alert.kind.as_str());
    line.texts("seen", alert.seen.iter().take(SEEN_MAX).map(|seen| harmless(seen, RECORD_BYTES_MAX)));
    line.number("count", alert.count);
    line.end()
}

/// One of the short texts.
fn short(text: &str) -> Cow<'_, str> {
    harmless(text, WORD_BYTES_MAX)
}

/// Reads a line.
///
/// # Errors
/// It is none of ours: `Unreadable` with the position given.
pub(crate) fn read(position: Position, line: &[u8]) -> Result<Event, AuditError> {
    parse(line).map_err(|why| AuditError::Unreadable { position, why })
}

fn parse(line: &[u8]) -> Result<Event, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    match line {
        Line::Entry(line) => Ok(Event::Entry(Box::new(entry(*line)?))),
        Line::Release(line) => {
            check_version(line.v)?;
            Ok(Event::Release(Release {
                id: EntryId::parse(&line.id).ok_or("an entry's id is malformed")?,
                at: time(&line.at)?,
                generation: line.generation,
                records: owned(line.records),
            }))
        }
        Line::Outcome(line) => {
            check_version(line.v)?;
            Ok(Event::Outcome(Outcome {
                id: EntryId::parse(&line.id).ok_or("an entry's id is malformed")?,
                at: time(&line.at)?,
                status: line.status,
                bytes: line.bytes,
                ended: word(Ended::parse(&line.ended))?,
                cause: line.cause.into_owned(),
            }))
        }
        Line::SignIn(line) => {
            check_version(line.v)?;
            Ok(Event::SignIn(SignIn {
                at: time(&line.at)?,
                user_id: line.user_id.into_owned(),
                device: word(line.device.parse())?,
                serial: word(SerialNumber::parse(&line.serial))?,
                source: line.source.into_owned(),
                outcome: word(SignInOutcome::parse(&line.outcome))?,
            }))
        }
        Line::Alert(line) => {
            check_version(line.v)?;
            Ok(Event::Alert(Alert {
                id: EntryId::parse(&line.id).ok_or("an entry's id is malformed")?,
                at: time(&line.at)?,
                kind: word(AlertKind::parse(&line.about))?,
                seen: owned(line.seen),
                count: line.count,
            }))
        }
    }
}

fn entry(line: EntryLine<'_>) -> Result<Entry, String> {
    check_version(line.v)?;
    Ok(Entry {
        id: EntryId::parse(&line.id).ok_or("an entry's id is malformed")?,
        at: time(&line.at)?,
        user_id: word(line.user_id.parse())?,
        user: word(line.user.parse())?,
        device: word(line.device.parse())?,
        serial: word(SerialNumber::parse(&line.serial))?,
        facility: word(line.facility.parse())?,
        persons: line.persons.iter().map(|person| word(person.parse())).collect::<Result<_, _>>()?,
        records: owned(line.records),
        action: line.action.map(|action| word(Action::parse(&action))).transpose()?,
        category: line.category.map(|category| word(Category::parse(&category))).transpose()?,
        verdict: word(Verdict::parse(&line.verdict))?,
        reason: line.reason.into_owned(),
        cause: line.cause.into_owned(),
        rules: line.rules.into_owned(),
        articles: line.articles.into_owned(),
        policy_version: line.policy_version.into_owned(),
        generation: line.generation,
        facts: line.facts.into_owned().into(),
        disaster: line.disaster,
        break_glass: line.break_glass,
        source: line.source.into_owned(),
        method: line.method.into_owned(),
        target: line.target.into_owned(),
    })
}

fn check_version(version: u32) -> Result<(), String> {
    if version == VERSION {
        return Ok(());
    }
    Err(format!("its version is {version}, this program reads {VERSION}"))
}

fn time(text: &str) -> Result<Timestamp, String> {
    word(Timestamp::parse(text))
}

fn word<T, E: std::fmt::Display>(parsed: Result<T, E>) -> Result<T, String> {
    parsed.map_err(|error| error.to_string())
}

fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), AuditError> {
    if count > max { Err(AuditError::TooMuch { what, count, max }) } else { Ok(()) }
}

/// A text of ours that must not lose a character to its bound. (Harmful characters are replaced all the same.)
fn lossless<'a>(what: &'static str, text: &'a str, bytes_max: usize) -> Result<Cow<'a, str>, AuditError> {
    // Replacing may lengthen: a control character of one byte becomes three.
    let kept = harmless(text, usize::MAX);
    at_most(what, kept.len(), bytes_max)?;
    Ok(kept)
}

fn owned(texts: Vec<Cow<'_, str>>) -> Vec<String> {
    texts.into_iter().map(Cow::into_owned).collect()
}
