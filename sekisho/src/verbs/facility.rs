//! `facility`: apply, approve, refuse, change, close (art. 6, 8, 9, 12, 13).

use std::fmt::{self, Display};

use model::FacilityId;
use registry::{Administrator, Change, Command, Facility as Known, FacilityDetails};
use serde_json::{Value, json};

use super::Desk;
use crate::cli::Facility;
use crate::cli::facility::{
    FacilityAdd, FacilityChange, FacilityDecision, FacilityDifferences, FacilityReapply, FacilitySetAdministrator,
};
use crate::error::Error;
use crate::ids;
use crate::output;
use crate::output::listed;

pub(super) fn run(desk: &Desk, verb: &Facility) -> Result<(), Error> {
    match verb {
        Facility::Add(add) => apply(desk, add),
        Facility::Approve(decision) => {
            let facility = decide(desk, decision, |facility, reason| Command::ApproveFacility { facility, reason })?;
            desk.say(format_args!("facility {facility} is approved"), &moved(&facility, "approved"))
        }
        Facility::Refuse(decision) => {
            let facility = decide(desk, decision, |facility, reason| Command::RefuseFacility { facility, reason })?;
            desk.say(format_args!("facility {facility} is refused"), &moved(&facility, "refused"))
        }
        Facility::Reapply(reapply) => apply_again(desk, reapply),
        Facility::Change(change) => give_notice(desk, change),
        Facility::SetAdministrator(set) => set_administrator(desk, set),
        Facility::Close(decision) => close(desk, decision),
        Facility::List => list(desk),
    }
}

fn apply(desk: &Desk, add: &FacilityAdd) -> Result<(), Error> {
    let facility: FacilityId = ids::given_or_drawn(add.id.as_deref(), "F")?;
    let details = FacilityDetails {
        name: add.name.clone(),
        address: add.address.clone(),
        phone: add.phone.clone(),
        kind: add.kind.parse().map_err(Error::usage)?,
        publish_consent: add.publish,
    };
    let administrator = Administrator { key: ids::parse(&add.administrator)?, name: add.administrator_name.clone() };
    desk.execute(Command::RegisterFacility { facility: facility.clone(), details, administrator })?;
    let sentence = format!(
        "facility {facility} `{}` has applied; next: sekisho facility approve {facility} --reason TEXT",
        add.name
    );
    desk.say(sentence, &moved(&facility, "applied"))
}

fn decide(
    desk: &Desk,
    decision: &FacilityDecision,
    command: impl FnOnce(FacilityId, String) -> Command,
) -> Result<FacilityId, Error> {
    let facility: FacilityId = ids::parse(&decision.facility)?;
    desk.execute(command(facility.clone(), decision.reason.clone()))?;
    Ok(facility)
}

/// With nothing different too: what was missing may have been a paper.
fn apply_again(desk: &Desk, reapply: &FacilityReapply) -> Result<(), Error> {
    let (facility, before) = particulars(desk, &reapply.facility)?;
    let details = differing(&before, &reapply.different)?;
    let differences = differences(&before, &details);
    desk.execute(Command::ReapplyFacility { facility: facility.clone(), details })?;
    desk.say(
        format_args!(
            "facility {facility} has applied again; different: {}; next: sekisho facility approve {facility} --reason TEXT",
            listed(&differences)
        ),
        &json!({ "facility": facility.as_str(), "state": "applied", "different": texts(&differences) }),
    )
}

fn give_notice(desk: &Desk, change: &FacilityChange) -> Result<(), Error> {
    let (facility, before) = particulars(desk, &change.facility)?;
    let details = differing(&before, &change.different)?;
    let differences = differences(&before, &details);
    if differences.is_empty() {
        let what = "--name, --kind, --address, --phone, --publish or --no-publish";
        return Err(Error::usage(format_args!("nothing of facility `{facility}` would be different; name it: {what}")));
    }
    desk.execute(Command::ChangeFacility { facility: facility.clone(), details })?;
    desk.say(
        format_args!("facility {facility} is changed: {}", listed(&differences)),
        &json!({ "facility": facility.as_str(), "different": texts(&differences) }),
    )
}

fn set_administrator(desk: &Desk, set: &FacilitySetAdministrator) -> Result<(), Error> {
    let facility: FacilityId = ids::parse(&set.facility)?;
    let administrator = Administrator { key: ids::parse(&set.administrator)?, name: set.administrator_name.clone() };
    let Administrator { key, name } = administrator.clone();
    desk.execute(Command::SetAdministrator { facility: facility.clone(), administrator })?;
    desk.say(
        format_args!("{key} {name} answers for facility {facility} from now on, as facility-administrator:{key}"),
        &json!({ "facility": facility.as_str(), "administrator": key.as_str(), "administrator_name": name }),
    )
}

/// A facility as it stands. Whoever changes it in the same instant is not merged with: the later notice holds, whole.
fn particulars(desk: &Desk, text: &str) -> Result<(FacilityId, FacilityDetails), Error> {
    let facility: FacilityId = ids::parse(text)?;
    let snapshot = desk.snapshot();
    let known = snapshot.facility(&facility);
    let known = known.ok_or_else(|| Error::usage(format_args!("there is no facility `{facility}`")))?;
    let Known { name, address, phone, kind, publish_consent, .. } = known.clone();
    Ok((facility, FacilityDetails { name, address, phone, kind, publish_consent }))
}

fn differing(before: &FacilityDetails, different: &FacilityDifferences) -> Result<FacilityDetails, Error> {
    let FacilityDifferences { name, kind, address, phone, publish, no_publish } = different;
    let or = |given: &Option<String>, before: &String| given.clone().unwrap_or_else(|| before.clone());
    Ok(FacilityDetails {
        name: or(name, &before.name),
        address: or(address, &before.address),
        phone: or(phone, &before.phone),
        kind: kind.as_deref().map_or(Ok(before.kind), str::parse).map_err(Error::usage)?,
        publish_consent: *publish || (before.publish_consent && !no_publish),
    })
}

/// One particular before and after, as the city files a change notice (art. 12).
struct Difference {
    what: &'static str,
    before: Value,
    after: Value,
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, before, after } = self;
        write!(f, "{what} {before} -> {after}")
    }
}

fn differences(before: &FacilityDetails, after: &FacilityDetails) -> Vec<Difference> {
    let particulars = |details: &FacilityDetails| {
        let FacilityDetails { name, address, phone, kind, publish_consent } = details;
        [json!(name), json!(kind.as_str()), json!(address), json!(phone), json!(publish_consent)]
    };
    let pairs = particulars(before).into_iter().zip(particulars(after));
    let named = ["name", "kind", "address", "phone", "public"].into_iter().zip(pairs);
    named
        .filter(|(_, (before, after))| before != after)
        .map(|(what, (before, after))| Difference { what, before, after })
        .collect()
}

fn texts(differences: &[Difference]) -> Value {
    let pairs = differences.iter().map(|difference| {
        let Difference { what, before, after } = difference;
        ((*what).to_owned(), json!({ "before": before, "after": after }))
    });
    Value::Object(pairs.collect())
}

fn close(desk: &Desk, decision: &FacilityDecision) -> Result<(), Error> {
    let facility: FacilityId = ids::parse(&decision.facility)?;
    let command = Command::CloseFacility { facility: facility.clone(), reason: decision.reason.clone() };
    let executed = desk.execute(command)?;
    let count = |wanted: fn(&Change) -> bool| executed.changes.iter().filter(|change| wanted(change)).count();
    let user_ids = count(|change| matches!(change, Change::UserIdMoved { .. }));
    let certificates = count(|change| matches!(change, Change::CertificateRevoked { .. }));
    let memberships = count(|change| matches!(change, Change::TeamLeft { .. }));
    desk.say(
        format_args!(
            "facility {facility} is closed; ended: {user_ids} user IDs, {certificates} certificates, {memberships} \
             places on care teams"
        ),
        &json!({
            "facility": facility.as_str(), "state": "closed", "user_ids_ended": user_ids,
            "certificates_revoked": certificates, "memberships_ended": memberships,
        }),
    )
}

fn list(desk: &Desk) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    output::each(snapshot.facilities(), "no facility is on record", |known| {
        let Known { id, name, kind, administrator, .. } = known;
        let state = snapshot.facility_state(known, now);
        desk.say(
            format_args!("{id}  {state}  {kind}  {name}  administrator {} {}", administrator.key, administrator.name),
            &json!({
                "facility": id.as_str(), "state": state.as_str(), "kind": kind.as_str(), "name": name,
                "address": known.address, "phone": known.phone, "public": known.publish_consent,
                "administrator": administrator.key.as_str(), "administrator_name": administrator.name,
            }),
        )
    })
}

fn moved(facility: &FacilityId, state: &str) -> Value {
    json!({ "facility": facility.as_str(), "state": state })
}
