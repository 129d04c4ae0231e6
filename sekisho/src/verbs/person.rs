//! `person` and `consent`: who is supported, and what may be done with the records (art. 3, 17, 21-2).

use model::PersonId;
use registry::{Command, Consent as OnRecord, ConsentForm, Eligibility, GivenBy, Person as Known};
use serde_json::json;

use super::Desk;
use crate::cli::person::{
    ConsentGive, ConsentList, ConsentWithdraw, PersonAdd, PersonChange, PersonEndEligibility, PersonRenewEligibility,
};
use crate::cli::{Consent, Person};
use crate::error::Error;
use crate::ids;
use crate::output::{self, listed};

pub(super) fn run(desk: &Desk, verb: &Person) -> Result<(), Error> {
    match verb {
        Person::Add(add) => register(desk, add),
        Person::Change(change) => rename_or_move(desk, change),
        Person::EndEligibility(end) => end_eligibility(desk, end),
        Person::RenewEligibility(renew) => renew_eligibility(desk, renew),
        Person::List => list(desk),
    }
}

fn register(desk: &Desk, add: &PersonAdd) -> Result<(), Error> {
    let person: PersonId = ids::parse(&add.id)?;
    let eligibility = Eligibility {
        kind: add.eligibility.parse().map_err(Error::usage)?,
        municipality: add.municipality.clone(),
        from: add.from.unwrap_or_else(|| desk.now()),
        until: add.until,
    };
    let (name, area) = (add.name.clone(), add.area.clone());
    desk.execute(Command::RegisterPerson { person: person.clone(), name, area, eligibility })?;
    desk.say(
        format_args!(
            "person {person} is registered; nothing is stored or shared before: sekisho consent give {person}"
        ),
        &json!({ "person": person.as_str() }),
    )
}

fn rename_or_move(desk: &Desk, change: &PersonChange) -> Result<(), Error> {
    let Known { id: person, name, area, .. } = known(desk, &change.person)?;
    let name = change.different.name.clone().unwrap_or(name);
    let area = change.different.area.clone().unwrap_or(area);
    desk.execute(Command::ChangePerson { person: person.clone(), name: name.clone(), area: area.clone() })?;
    desk.say(
        format_args!("person {person} is {name}, district `{area}`, from now on"),
        &json!({ "person": person.as_str(), "name": name, "area": area }),
    )
}

fn end_eligibility(desk: &Desk, end: &PersonEndEligibility) -> Result<(), Error> {
    let person: PersonId = ids::parse(&end.person)?;
    let until = end.until.unwrap_or_else(|| desk.now());
    desk.execute(Command::EndEligibility { person: person.clone(), until })?;
    desk.say(
        format_args!(
            "person {person} is not eligible from {} on: nobody reads or writes the records then",
            until.to_jst_minutes()
        ),
        &json!({ "person": person.as_str(), "eligible_until": until.to_string() }),
    )
}

fn renew_eligibility(desk: &Desk, renew: &PersonRenewEligibility) -> Result<(), Error> {
    let Known { id: person, eligibility: before, .. } = known(desk, &renew.person)?;
    let eligibility = Eligibility {
        kind: renew.eligibility.as_deref().map_or(Ok(before.kind), str::parse).map_err(Error::usage)?,
        municipality: renew.municipality.clone().unwrap_or(before.municipality),
        from: renew.from.unwrap_or_else(|| desk.now()),
        until: renew.until,
    };
    let Eligibility { kind, municipality, from, until } = eligibility.clone();
    desk.execute(Command::RenewEligibility { person: person.clone(), eligibility })?;
    let end = until.map_or_else(String::new, |until| format!(" until {}", until.to_jst_minutes()));
    desk.say(
        format_args!("person {person} is eligible ({kind}, {municipality}) from {}{end}", from.to_jst_minutes()),
        &json!({
            "person": person.as_str(), "eligibility": kind.as_str(), "municipality": municipality,
            "eligible_from": from.to_string(), "eligible_until": until.map(|until| until.to_string()),
        }),
    )
}

fn known(desk: &Desk, text: &str) -> Result<Known, Error> {
    let person: PersonId = ids::parse(text)?;
    let known = desk.snapshot().person(&person).cloned();
    known.ok_or_else(|| Error::usage(format_args!("there is no person `{person}`")))
}

fn list(desk: &Desk) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let mut persons: Vec<_> = snapshot.persons().collect();
    persons.sort_by(|a, b| a.id.cmp(&b.id));
    output::each(persons, "no person is on record", |person| {
        let consent = snapshot.consent(&person.id);
        let state = consent.map_or("absent", |consent| consent.state.as_str());
        let scopes = consent.map_or([false; 3], |consent| [consent.store(), consent.share(), consent.disaster()]);
        let named = ["store", "share", "disaster use"].into_iter().zip(scopes);
        let named = listed(named.filter(|(_, given)| *given).map(|(scope, _)| scope));
        let team = snapshot.team(&person.id).filter(|membership| membership.holds_at(now)).count();
        let Eligibility { kind, municipality, from, until } = &person.eligibility;
        let eligible = person.eligibility.holds_at(now);
        let [store, share, disaster] = scopes;
        desk.say(
            format_args!(
                "{}  {}  {}  {}  consent {state}: {named}  team of {team}",
                person.id,
                person.name,
                person.area,
                if eligible { "eligible" } else { "not eligible" }
            ),
            &json!({
                "person": person.id.as_str(), "name": person.name, "area": person.area, "eligible": eligible,
                "eligibility": kind.as_str(), "municipality": municipality, "eligible_from": from.to_string(),
                "eligible_until": until.map(|until| until.to_string()),
                "consent": state, "store": store, "share": share, "disaster": disaster, "team": team,
            }),
        )
    })
}

pub(super) fn consent(desk: &Desk, verb: &Consent) -> Result<(), Error> {
    match verb {
        Consent::Give(give) => enter_form(desk, give),
        Consent::Withdraw(withdraw) => stop_support(desk, withdraw),
        Consent::List(list) => consents(desk, list),
    }
}

fn enter_form(desk: &Desk, give: &ConsentGive) -> Result<(), Error> {
    let person: PersonId = ids::parse(&give.person)?;
    let given_by: GivenBy = give.given_by.parse().map_err(Error::usage)?;
    let now = desk.now();
    let form = ConsentForm {
        store: !give.no_store,
        share: !give.no_share,
        disaster: give.disaster,
        given_by,
        reason: give.because.clone(),
        signed_at: give.form_date.unwrap_or(now),
        received_at: now,
        form_hash: give.form_hash.as_deref().map(hash).transpose()?,
    };
    let scopes = [("store", form.store), ("share", form.share), ("disaster use", form.disaster)];
    let named = listed(scopes.into_iter().filter(|(_, given)| *given).map(|(scope, _)| scope));
    let value = json!({
        "person": person.as_str(), "consent": "given",
        "store": form.store, "share": form.share, "disaster": form.disaster,
    });
    desk.execute(Command::GiveConsent { person: person.clone(), form })?;
    desk.say(format_args!("consent for person {person} is on record: {named}"), &value)
}

fn stop_support(desk: &Desk, withdraw: &ConsentWithdraw) -> Result<(), Error> {
    let person: PersonId = ids::parse(&withdraw.person)?;
    desk.execute(Command::WithdrawConsent { person: person.clone(), reason: withdraw.reason.clone() })?;
    desk.say(
        format_args!("support for person {person} is stopped: nobody reads or writes the records any more"),
        &json!({ "person": person.as_str(), "consent": "support-stopped" }),
    )
}

/// Without a person, whoever has anything on record; whoever has nothing is absent, and stands in the list of persons.
fn consents(desk: &Desk, list: &ConsentList) -> Result<(), Error> {
    let snapshot = desk.snapshot();
    if let Some(text) = &list.person {
        let person = known(desk, text)?.id;
        return match snapshot.consent(&person) {
            Some(consent) => say_consent(desk, consent),
            None => desk.say(
                format_args!("{person}  absent: no form was ever received"),
                &json!({ "person": person.as_str(), "consent": "absent" }),
            ),
        };
    }
    let mut consents: Vec<_> = snapshot.persons().filter_map(|person| snapshot.consent(&person.id)).collect();
    consents.sort_by(|a, b| a.person.cmp(&b.person));
    output::each(consents, "no form of consent was ever received", |consent| say_consent(desk, consent))
}

/// The scopes are those that count now: none once consent is withdrawn, whatever the last form says.
fn say_consent(desk: &Desk, consent: &OnRecord) -> Result<(), Error> {
    let OnRecord { person, state, form, withdrawal, since } = consent;
    let scopes = [("store", consent.store()), ("share", consent.share()), ("disaster use", consent.disaster())];
    let named = listed(scopes.into_iter().filter(|(_, given)| *given).map(|(scope, _)| scope));
    let of_form = form.as_ref().map_or_else(String::new, |form| {
        let because = form.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        let (signed, received) = (form.signed_at.to_jst_minutes(), form.received_at.to_jst_minutes());
        format!("  form of {signed}, received {received}, signed by {}{because}", form.given_by)
    });
    let why = withdrawal.as_ref().map_or_else(String::new, |reason| format!("  withdrawn: {reason}"));
    let form = form.as_ref();
    desk.say(
        format_args!("{person}  {state} since {}: {named}{of_form}{why}", since.to_jst_minutes()),
        &json!({
            "person": person.as_str(), "consent": state.as_str(), "since": since.to_string(),
            "store": consent.store(), "share": consent.share(), "disaster": consent.disaster(),
            "given_by": form.map(|form| form.given_by.as_str()), "because": form.and_then(|form| form.reason.as_deref()),
            "form_date": form.map(|form| form.signed_at.to_string()),
            "received": form.map(|form| form.received_at.to_string()),
            "form_hash": form.and_then(|form| form.form_hash).map(|hash| hexadecimal(&hash)),
            "withdrawal": withdrawal,
        }),
    )
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// SHA-256 in 64 hexadecimal digits.
fn hash(text: &str) -> Result<[u8; 32], Error> {
    let wrong = || Error::usage(format_args!("`{text}` is no SHA-256; 64 hexadecimal digits are expected"));
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong());
    }
    let mut octets = [0_u8; 32];
    for (place, octet) in octets.iter_mut().enumerate() {
        let digits = text.get(place * 2..place * 2 + 2).ok_or_else(wrong)?;
        *octet = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(octets)
}
