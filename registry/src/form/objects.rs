//! Forms of what the state consists of. A field's name in the journal is its name here: renaming one in the code breaks
//! `registry/forms.ndjson`, which is the point of that file.

use serde_json::{Map, Value};

use super::{Fields, Form, FormError, put};
use crate::state::{
    Administrator, Approval, Awaited, BreakGlass, Cancellation, Certificate, Confirmation, ConfirmationTask, Consent,
    ConsentForm, Contract, Deleted, DeletionOrder, Device, Disaster, Duty, Effect, Eligibility, Emergency,
    EndedSession, Enrolment, External, Facility, FacilityDetails, FacilityRevocation, Membership, Person, Report,
    Retiring, Revocation, RuleApproval, RuleFile, RuleGates, RuleProof, RuleSet, Service, Signing, Stop, Suspension,
    User, UserIdRecord,
};

/// Writes `struct` by struct which fields there are.
macro_rules! objects {
    ($($type:ident { $($field:ident),+ $(,)? })+) => { $(
        impl Form for $type {
            fn write(&self) -> Value {
                // Taken apart whole, so that a new field that is not written here does not compile.
                let $type { $($field),+ } = self;
                let mut map = Map::new();
                $(put(&mut map, stringify!($field), $field);)+
                Value::Object(map)
            }

            fn read(value: &Value) -> Result<Self, FormError> {
                let mut fields = Fields::of(value)?;
                $(let $field = fields.take(stringify!($field))?;)+
                fields.finish()?;
                Ok($type { $($field),+ })
            }

            #[cfg(test)]
            fn any(dice: &mut crate::tests::dice::Dice) -> Self {
                $type { $($field: Form::any(dice)),+ }
            }
        }
    )+ };
}

objects! {
    FacilityDetails { name, address, phone, kind, publish_consent }
    Administrator { key, name }
    Facility {
        id, name, address, phone, kind, publish_consent, administrator, state, reason, applied_at, decided_at,
    }
    User { key, name, registered_at }
    UserIdRecord {
        id, user, facility, profession, recognised_by, state, credential_epoch, granted_at, ended_at, replaces, credential,
    }
    Device { id, label, facility, holder, loaned_at, returned_at, hardware }
    Certificate {
        serial, device, state, fingerprint, key, not_before, not_after, predecessor, assurance, reserved_at, external,
        revocation,
    }
    External { authority, issuer, number }
    Revocation { at, reason, by, confirmed }
    Confirmation { at, by }
    Eligibility { kind, municipality, from, until }
    Person { id, name, area, eligibility, registered_at }
    ConsentForm { store, share, disaster, given_by, reason, signed_at, received_at, form_hash }
    Consent { person, state, form, withdrawal, since }
    Membership { id, person, user, facility, role, from, until, added_by }
    Suspension { id, target, reason, article, author, since, until }
    Report { id, about, article, author, since }
    Stop { reason, text, since, by }
    Disaster { area, reason, from, until, officers, awaits }
    Awaited { officer, until }
    Service { state, stopped, disaster }
    Signing { list_number, responders }
    RuleFile { name, text }
    RuleSet { version, schema, files, reason, proposed_by, proposed_at }
    RuleApproval { version, by, at, gates }
    RuleGates { cases, cases_version, proof }
    EndedSession { session, user_id, over_at }
    Approval { at, by }
    Cancellation { at, by, reason }
    Duty { id, user, facility, kind, from, until, added_by }
    Contract { id, contractor, from, until, entered_by, ended }
    DeletionOrder { id, person, record, reason, executor, until, state, ordered, approved, cancelled }
    Deleted { order, record, at, by, request }
    BreakGlass { state, rule, proposed, issued }
    Emergency { id, user_id, person, reason, declared_at, until, ended_at }
    Enrolment { device, kind, digest, offered_at, offered_by, until, tries }
    Retiring { serial, successor, at }
    Effect { node, at, connections, exchanges, last_octet_at }
    ConfirmationTask {
        id, device, serials, because, by, reported_at, state, effects, listed, reminded_at, escalated_at, confirmed,
    }
    FacilityRevocation { facility, devices, because, reason, proposed, until }
}

/// `{"fences":"…","claims":1}` or `{"without":"…"}`.
impl Form for RuleProof {
    fn write(&self) -> Value {
        let mut map = Map::new();
        match self {
            Self::Proved { fences, claims } => {
                put(&mut map, "fences", fences);
                put(&mut map, "claims", claims);
            }
            Self::Without { reason } => put(&mut map, "without", reason),
        }
        Value::Object(map)
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        let mut fields = Fields::of(value)?;
        let read = match fields.take::<Option<String>>("without")? {
            Some(reason) => Self::Without { reason },
            None => Self::Proved { fences: fields.take("fences")?, claims: fields.take("claims")? },
        };
        fields.finish()?;
        Ok(read)
    }

    #[cfg(test)]
    fn any(dice: &mut crate::tests::dice::Dice) -> Self {
        if dice.below(2) == 0 {
            return Self::Without { reason: Form::any(dice) };
        }
        Self::Proved { fences: Form::any(dice), claims: Form::any(dice) }
    }
}
