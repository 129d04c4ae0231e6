//! `person` and `consent`: who is supported, and what may be done with the records (art. 3, 17, 21-2).

use model::PersonId;
use registry::{Command, ConsentForm, Eligibility, GivenBy};
use serde_json::json;

use super::Desk;
use crate::cli::person::{ConsentGive, ConsentWithdraw, PersonAdd};
use crate::cli::{Consent, Person};
use crate::error::Error;
use crate::ids;
use crate::output::listed;

pub(super) fn run(desk: &Desk, verb: &Person) -> Result<(), Error> {
    match verb {
        Person::Add(add) => register(desk, add),
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

fn list(desk: &Desk) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let mut persons: Vec<_> = snapshot.persons().collect();
    persons.sort_by(|a, b| a.id.cmp(&b.id));
    for person in persons {
        let consent = snapshot.consent(&person.id);
        let state = consent.map_or("absent", |consent| consent.state.as_str());
        let scopes = consent.map_or([false; 3], |consent| [consent.store(), consent.share(), consent.disaster()]);
        let named = ["store", "share", "disaster use"].into_iter().zip(scopes);
        let named = listed(named.filter(|(_, given)| *given).map(|(scope, _)| scope));
        let team = snapshot.team(&person.id).filter(|membership| membership.holds_at(now)).count();
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
                "consent": state, "store": store, "share": share, "disaster": disaster, "team": team,
            }),
        )?;
    }
    Ok(())
}

pub(super) fn consent(desk: &Desk, verb: &Consent) -> Result<(), Error> {
    match verb {
        Consent::Give(give) => enter_form(desk, give),
        Consent::Withdraw(withdraw) => stop_support(desk, withdraw),
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
