//! Persons, eligibility and consent (art. 3, 17).

use model::{Article, PersonId, Timestamp};

use super::Draft;
use crate::bounds::NAME_CHARACTERS_MAX;
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{ConsentForm, Eligibility, GivenBy, Person};

pub(super) fn register(
    d: &mut Draft,
    id: &PersonId,
    name: &str,
    area: &str,
    eligibility: &Eligibility,
) -> Result<(), Refused> {
    names(d, name, area)?;
    check(d, eligibility)?;
    let is_over = eligibility.until.is_some_and(|until| until <= d.at());
    d.require(!is_over, || Why::Time("the person is not eligible any more"))?;
    d.push(Change::PersonRegistered {
        person: Person {
            id: id.clone(),
            name: name.to_owned(),
            area: area.to_owned(),
            eligibility: eligibility.clone(),
            registered_at: d.at(),
        },
    })
}

pub(super) fn change(d: &mut Draft, person: &PersonId, name: &str, area: &str) -> Result<(), Refused> {
    names(d, name, area)?;
    let (person, name, area) = (person.clone(), name.to_owned(), area.to_owned());
    d.push(Change::PersonChanged { person, name, area })
}

pub(super) fn end_eligibility(d: &mut Draft, person: &PersonId, until: Timestamp) -> Result<(), Refused> {
    let known = d.next.person(person).ok_or_else(|| d.not_known("person", person))?;
    let mut eligibility = known.eligibility.clone();
    eligibility.until = Some(until);
    check(d, &eligibility)?;
    d.push(Change::EligibilityChanged { person: person.clone(), eligibility })
}

pub(super) fn renew_eligibility(d: &mut Draft, person: &PersonId, eligibility: &Eligibility) -> Result<(), Refused> {
    check(d, eligibility)?;
    d.push(Change::EligibilityChanged { person: person.clone(), eligibility: eligibility.clone() })
}

pub(super) fn give_consent(d: &mut Draft, person: &PersonId, form: &ConsentForm) -> Result<(), Refused> {
    let says_something = form.store || form.share || form.disaster;
    d.require(says_something, || Why::Condition("the form agrees to nothing".to_owned()))?;
    match &form.reason {
        Some(reason) => d.reason(reason)?,
        None if form.given_by == GivenBy::Person => {}
        None => {
            let why = format!("given by `{}`; it must be said why the person did not", form.given_by);
            return Err(d.refused(Why::Condition(why)));
        }
    }
    d.require(form.signed_at <= form.received_at, || Why::Time("the form was received before its date"))?;
    d.require(form.received_at <= d.at(), || Why::Time("the form has not been received yet"))?;
    d.push(Change::ConsentGiven { person: person.clone(), form: form.clone() })
}

pub(super) fn withdraw_consent(d: &mut Draft, person: &PersonId, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    d.push(Change::ConsentWithdrawn { person: person.clone(), reason: reason.to_owned() })
}

fn names(d: &Draft, name: &str, area: &str) -> Result<(), Refused> {
    d.name("the person's name", name)?;
    d.text("the district", area, 0, NAME_CHARACTERS_MAX)
}

fn check(d: &Draft, eligibility: &Eligibility) -> Result<(), Refused> {
    d.name("the municipality", &eligibility.municipality)?;
    if eligibility.until.is_some_and(|until| until <= eligibility.from) {
        return Err(d.refused_by(Article::new(3), Why::Time("eligibility ends before it begins")));
    }
    Ok(())
}
