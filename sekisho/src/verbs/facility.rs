//! `facility`: apply, approve, refuse, close (art. 6, 8, 9, 13).

use model::FacilityId;
use registry::{Administrator, Change, Command, Facility as Known, FacilityDetails};
use serde_json::{Value, json};

use super::Desk;
use crate::cli::Facility;
use crate::cli::facility::{FacilityAdd, FacilityDecision};
use crate::error::Error;
use crate::ids;

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
    let sentence = format!("facility {facility} `{}` has applied; next: sekisho facility approve {facility}", add.name);
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
    for known in snapshot.facilities() {
        let Known { id, name, kind, administrator, .. } = known;
        let state = snapshot.facility_state(known, now);
        desk.say(
            format_args!("{id}  {state}  {kind}  {name}  administrator {} {}", administrator.key, administrator.name),
            &json!({
                "facility": id.as_str(), "state": state.as_str(), "kind": kind.as_str(), "name": name,
                "address": known.address, "phone": known.phone, "public": known.publish_consent,
                "administrator": administrator.key.as_str(), "administrator_name": administrator.name,
            }),
        )?;
    }
    Ok(())
}

fn moved(facility: &FacilityId, state: &str) -> Value {
    json!({ "facility": facility.as_str(), "state": state })
}
