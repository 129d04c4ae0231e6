//! One record read: as it is (`read`), as it was (`vread`), or all it ever was (`history` of an instance).
//! <https://hl7.org/fhir/R4/http.html#read>, `#vread`, `#history`.
//!
//! An old version may have belonged to somebody else: it is looked up and decided on by itself, and never taken for what the
//! record is now. The newest is looked up too: a record that was removed has no old versions either, and a label that was
//! given later holds for what it was given for. A history is decided on as the newest version is; at release each version is
//! judged by itself.

use super::date;
use super::links::is_id;
use super::person::Owner;
use super::search::whole_number_in_words;
use super::types::{FhirType, PersonElement};
use crate::bounds::{HISTORY_ASKED, HISTORY_COUNT_MAX};
use crate::error::{Unreadable, quote};
use crate::head::Fields;
use crate::media;
use crate::need::{Need, Stored, StoredNeeded};
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Claim, Forward, RecordId, RecordRef, Touches};

/// How a record is to be read, once it is known whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    opaque: bool,
    wanted: Wanted,
}

/// What of it.
#[derive(Clone, Debug)]
enum Wanted {
    /// As it is now.
    Newest,
    /// As it was in this version. What the newest is labelled, once looked up, or why it may not be known.
    Version { version: String, newest: Option<Result<bool, Unreadable>> },
    /// Every version; how many at most, and since when.
    History { count: u32, since: Option<String> },
}

impl Reading {
    /// The answer is bytes that are not read.
    pub(crate) const fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// An index may say whose it is: what comes back is read, and is what the index speaks of.
    pub(crate) const fn is_cacheable(&self) -> bool {
        !self.opaque && matches!(self.wanted, Wanted::Newest)
    }

    /// How many look-ups follow on the next one: an old version needs two.
    pub(crate) fn further(&self) -> usize {
        usize::from(matches!(self.wanted, Wanted::Version { newest: None, .. }))
    }

    /// Where the version lies whose owner is decided on.
    pub(crate) fn looked_up(&self, record: &RecordRef) -> String {
        match &self.wanted {
            Wanted::Version { version, newest: Some(_) } => format!("/fhir/{record}/_history/{version}"),
            Wanted::Newest | Wanted::Version { .. } | Wanted::History { .. } => format!("/fhir/{record}"),
        }
    }

    /// Takes what a look-up showed. An old version needs two, whatever the first one showed: else the time would tell which
    /// of the two was not there.
    pub(crate) fn looked_at(
        mut self,
        fhir_type: FhirType,
        record: RecordRef,
        stored: Result<Stored, Unreadable>,
    ) -> Result<Need, Unreadable> {
        if let Wanted::Version { newest, .. } = &mut self.wanted {
            let Some(newest) = newest else {
                *newest = Some(stored.map(|stored| stored.sensitive));
                return Ok(Need::Stored(StoredNeeded::read_of(fhir_type, record, self)));
            };
            let (labelled, stored) = (newest.clone()?, stored?);
            let stored = Stored { sensitive: labelled || stored.sensitive, ..stored };
            return Ok(Need::Done(self.done(fhir_type, record, stored)));
        }
        Ok(Need::Done(self.done(fhir_type, record, stored?)))
    }

    /// What is touched.
    pub(crate) fn done(&self, fhir_type: FhirType, record: RecordRef, stored: Stored) -> Touches {
        let history = |count: u32, since: &Option<String>| {
            let count = count.to_string();
            let since = since.as_ref().map(|since| ("_since", since.as_str()));
            target::build(&format!("/fhir/{record}/_history"), [("_count", count.as_str())].into_iter().chain(since))
        };
        let target = match &self.wanted {
            Wanted::Newest => format!("/fhir/{record}"),
            Wanted::Version { version, .. } => format!("/fhir/{record}/_history/{version}"),
            // Of so many as the client asks for, some may be hidden: a history that is shorter would tell of them. So more are
            // asked of the store, and as many as may be seen are shown.
            Wanted::History { since, .. } => history(HISTORY_ASKED, since),
        };
        let mut forward = Forward::get(target);
        let answer = match &self.wanted {
            Wanted::History { count, since } => {
                let asked = history(*count, since);
                AnswerKind::History { fhir_type, asked, count: usize::try_from(*count).unwrap_or(usize::MAX) }
            }
            _ if self.opaque => {
                // The native form: a resource in JSON would have to be read before release.
                forward.headers.push(("accept".into(), "*/*".to_owned()));
                AnswerKind::Opaque { version: stored.etag }
            }
            Wanted::Version { .. } => AnswerKind::Version { fhir_type },
            Wanted::Newest => AnswerKind::Resource { fhir_type },
        };
        let persons = match stored.owner {
            Owner::Person(person) => vec![person],
            Owner::Directory => Vec::new(),
        };
        let claim = Claim { authors: stored.authors, ..Claim::read(record.category(), persons, stored.sensitive) };
        Touches::new(claim, vec![record], forward, answer)
    }
}

/// `GET /T/id`.
pub(crate) fn newest(
    fhir_type: FhirType,
    id: RecordId,
    query: &Query<'_>,
    fields: &Fields<'_>,
) -> Result<Need, Unreadable> {
    query.none()?;
    read(fhir_type, id, Wanted::Newest, fields)
}

/// `GET /T/id/_history/version`.
pub(crate) fn version(
    fhir_type: FhirType,
    id: RecordId,
    version: &str,
    query: &Query<'_>,
    fields: &Fields<'_>,
) -> Result<Need, Unreadable> {
    query.none()?;
    if !is_id(version) {
        return Err(Unreadable::Interaction("a version of this name"));
    }
    read(fhir_type, id, Wanted::Version { version: version.to_owned(), newest: None }, fields)
}

/// `GET /T/id/_history`. How many (`_count`) and since when (`_since`), and nothing else: a history has no further pages
/// here, so that no page is ever asked for of a record that has been handed over meanwhile.
pub(crate) fn history(
    fhir_type: FhirType,
    id: RecordId,
    query: &Query<'_>,
    fields: &Fields<'_>,
) -> Result<Need, Unreadable> {
    let (mut count, mut since) = (None, None);
    for (name, value) in &query.0 {
        let fault = |why| Unreadable::Parameter { name: quote(name), why };
        let outside = |allowed: String| move || Unreadable::Value { name: quote(name), allowed };
        let twice = match *name {
            "_count" => count
                .replace(whole_number(value).ok_or_else(outside(whole_number_in_words(1, HISTORY_ASKED)))?)
                .is_some(),
            "_since" => {
                let instant = Some(value.clone()).filter(|value| date::instant(value));
                since
                    .replace(
                        instant.ok_or_else(outside("a point in time such as 2026-11-23T09:00:00+09:00".to_owned()))?,
                    )
                    .is_some()
            }
            _ => return Err(fault("is not on the list of a history")),
        };
        if twice {
            return Err(fault("is given twice"));
        }
    }
    let count = count.unwrap_or(HISTORY_COUNT_MAX).min(HISTORY_COUNT_MAX);
    read(fhir_type, id, Wanted::History { count, since }, fields)
}

fn whole_number(text: &str) -> Option<u32> {
    let digits = (1..=7).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && (1..=HISTORY_ASKED).contains(number))
}

fn read(fhir_type: FhirType, id: RecordId, wanted: Wanted, fields: &Fields<'_>) -> Result<Need, Unreadable> {
    fields.no_body()?;
    fields.nothing_special()?;
    let json = fields.accept.is_some_and(media::accepts_fhir_json);
    let opaque = fhir_type == FhirType::Binary && !json && !matches!(wanted, Wanted::History { .. });
    let reading = Reading { opaque, wanted };
    let newest = matches!(reading.wanted, Wanted::Newest);
    let record = RecordRef::one(fhir_type, id);
    Ok(match fhir_type.person_element() {
        PersonElement::None => Need::Done(reading.done(fhir_type, record, Stored::known(Owner::Directory))),
        PersonElement::OwnId => {
            let id = record.id.as_ref().map_or("", RecordId::as_str);
            let person = model::PersonId::new(id).map_err(|cause| Unreadable::Id { given: quote(id), cause })?;
            if newest {
                Need::Done(reading.done(fhir_type, record, Stored::known(Owner::Person(person))))
            } else {
                Need::Stored(StoredNeeded::read_of(fhir_type, record, reading))
            }
        }
        PersonElement::Reference(_) | PersonElement::OneOf(..) => {
            Need::Stored(StoredNeeded::read_of(fhir_type, record, reading))
        }
    })
}
