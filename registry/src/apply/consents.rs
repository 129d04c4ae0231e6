//! Consent of a person, given and withdrawn.

use model::lifecycle::consent;

use super::{Act, Misfit, known};
use crate::change::Change;
use crate::state::{Consent, Tables};

pub(super) fn apply(tables: &mut Tables, act: &Act, change: &Change) -> Result<(), Misfit> {
    let (person, event) = match change {
        Change::ConsentGiven { person, .. } => (person, consent::Event::Give),
        Change::ConsentWithdrawn { person, .. } => (person, consent::Event::Withdraw),
        _ => return Err(Misfit::Contradiction("not a change of consent")),
    };
    known(tables.persons.contains_key(person), "person", person)?;
    let before = tables.consents.get(person);
    let state = before.map_or(consent::State::Absent, |consent| consent.state).after(event)?;
    let (form, withdrawal) = match change {
        Change::ConsentGiven { form, .. } => (Some(form.clone()), None),
        Change::ConsentWithdrawn { reason, .. } => {
            (before.and_then(|consent| consent.form.clone()), Some(reason.clone()))
        }
        _ => return Err(Misfit::Contradiction("not a change of consent")),
    };
    tables.put_consent(Consent { person: person.clone(), state, form, withdrawal, since: act.at });
    Ok(())
}
