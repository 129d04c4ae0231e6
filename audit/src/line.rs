//! The written form: one line of canonical JSON per event, version 1. Nothing else knows it.
//!
//! Canonical: the keys stand in the order below, none is missing, none is added, no space. One is left out where it says
//! nothing: `break_glass` and `cause`, which came later than the lines that are kept. A line that says anything
//! else, another version included, is an error; what cannot be read is never passed over.

use std::borrow::Cow;

use journal::Position;
use model::{Action, Category, SerialNumber, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bounds::{
    CAUSE_BYTES_MAX, FACTS_BYTES_MAX, PERSONS_MAX, RECORD_BYTES_MAX, RECORDS_MAX, RULES_BYTES_MAX, SEEN_MAX,
    TARGET_BYTES_MAX, WORD_BYTES_MAX,
};
use crate::text::harmless;
use crate::{
    Alert, AlertKind, AuditError, Ended, Entry, EntryId, Event, Outcome, Release, SignIn, SignInOutcome, Verdict,
};

/// Version of the lines below.
const VERSION: u32 = 1;

/// A line as it stands.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Line<'a> {
    Entry(Box<EntryLine<'a>>),
    Release(ReleaseLine<'a>),
    Outcome(OutcomeLine<'a>),
    SignIn(SignInLine<'a>),
    Alert(AlertLine<'a>),
}

#[derive(Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "str::is_empty")]
    cause: Cow<'a, str>,
    rules: Cow<'a, str>,
    articles: Cow<'a, str>,
    policy_version: Cow<'a, str>,
    generation: u64,
    facts: Cow<'a, str>,
    disaster: bool,
    #[serde(default, skip_serializing_if = "is_not")]
    break_glass: bool,
    source: Cow<'a, str>,
    method: Cow<'a, str>,
    target: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseLine<'a> {
    v: u32,
    id: Cow<'a, str>,
    at: Cow<'a, str>,
    generation: u64,
    records: Vec<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeLine<'a> {
    v: u32,
    id: Cow<'a, str>,
    at: Cow<'a, str>,
    status: u16,
    bytes: u64,
    ended: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    cause: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
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

#[derive(Serialize, Deserialize)]
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
    at_most("bytes of facts", entry.facts.len(), FACTS_BYTES_MAX)?;
    at_most("bytes of rules", entry.rules.len(), RULES_BYTES_MAX)?;
    at_most("bytes of articles", entry.articles.len(), RULES_BYTES_MAX)?;
    if entry.id.is_empty() {
        return Err(AuditError::NoId);
    }
    Ok(write(&Line::Entry(Box::new(EntryLine {
        v: VERSION,
        id: entry.id.to_string().into(),
        at: entry.at.to_string().into(),
        user_id: entry.user_id.as_str().into(),
        user: entry.user.as_str().into(),
        device: entry.device.as_str().into(),
        serial: entry.serial.to_string().into(),
        facility: entry.facility.as_str().into(),
        persons: entry.persons.iter().map(|person| person.as_str().into()).collect(),
        records: entry.records.iter().map(|record| harmless(record, RECORD_BYTES_MAX)).collect(),
        action: entry.action.map(|action| action.as_str().into()),
        category: entry.category.map(|category| category.as_str().into()),
        verdict: entry.verdict.as_str().into(),
        reason: short(&entry.reason),
        cause: harmless(&entry.cause, CAUSE_BYTES_MAX),
        rules: lossless("bytes of rules", &entry.rules, RULES_BYTES_MAX)?,
        articles: lossless("bytes of articles", &entry.articles, RULES_BYTES_MAX)?,
        policy_version: short(&entry.policy_version),
        generation: entry.generation,
        facts: lossless("bytes of facts", &entry.facts, FACTS_BYTES_MAX)?,
        disaster: entry.disaster,
        break_glass: entry.break_glass,
        source: short(&entry.source),
        method: short(&entry.method),
        target: harmless(&entry.target, TARGET_BYTES_MAX),
    }))))
}

/// Writes what an answer holds: as many lines as it takes, since none may be left out.
pub(crate) fn write_release(release: &Release) -> Vec<Vec<u8>> {
    let lines = release.records.chunks(RECORDS_MAX).map(|records| {
        write(&Line::Release(ReleaseLine {
            v: VERSION,
            id: release.id.to_string().into(),
            at: release.at.to_string().into(),
            generation: release.generation,
            records: records.iter().map(|record| harmless(record, RECORD_BYTES_MAX)).collect(),
        }))
    });
    lines.collect()
}

/// Writes an outcome. It cannot fail: an exchange that is over must not lose its end to a bound.
pub(crate) fn write_outcome(outcome: &Outcome) -> Vec<u8> {
    write(&Line::Outcome(OutcomeLine {
        v: VERSION,
        id: outcome.id.to_string().into(),
        at: outcome.at.to_string().into(),
        status: outcome.status,
        bytes: outcome.bytes,
        ended: outcome.ended.as_str().into(),
        cause: harmless(&outcome.cause, CAUSE_BYTES_MAX),
    }))
}

/// Writes a sign-in. It cannot fail: whatever was typed can be kept in some form.
pub(crate) fn write_sign_in(sign_in: &SignIn) -> Vec<u8> {
    write(&Line::SignIn(SignInLine {
        v: VERSION,
        at: sign_in.at.to_string().into(),
        user_id: harmless(&sign_in.user_id, WORD_BYTES_MAX),
        device: sign_in.device.to_string().into(),
        serial: sign_in.serial.to_string().into(),
        source: harmless(&sign_in.source, WORD_BYTES_MAX),
        outcome: sign_in.outcome.as_str().into(),
    }))
}

/// Writes an alert. It cannot fail: of what was seen the first few are enough.
pub(crate) fn write_alert(alert: &Alert) -> Vec<u8> {
    write(&Line::Alert(AlertLine {
        v: VERSION,
        id: alert.id.to_string().into(),
        at: alert.at.to_string().into(),
        about: alert.kind.as_str().into(),
        seen: alert.seen.iter().take(SEEN_MAX).map(|seen| harmless(seen, RECORD_BYTES_MAX)).collect(),
        count: alert.count,
    }))
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
        facts: line.facts.into_owned(),
        disaster: line.disaster,
        break_glass: line.break_glass,
        source: line.source.into_owned(),
        method: line.method.into_owned(),
        target: line.target.into_owned(),
    })
}

fn is_not(flag: &bool) -> bool {
    !flag
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

fn write(line: &Line<'_>) -> Vec<u8> {
    // Strings, numbers and lists of strings always serialise; an empty line would be refused by `read`.
    serde_json::to_vec(line).unwrap_or_default()
}
