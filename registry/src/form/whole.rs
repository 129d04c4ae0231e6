//! The form of a whole snapshot: lists of what the state consists of. Indexes are built anew when it is read. It only
//! saves replaying; the journal is the truth.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Fields, Form, FormError, put};
use crate::state::{
    Certificate, Consent, Contract, Deleted, DeletionOrder, Device, Duty, Emergency, EndedSession, Enrolment, Facility,
    Generation, Membership, NumberingKey, Person, Report, Retiring, RuleApproval, RuleSet, Rules, Signing, Snapshot,
    Suspension, Tables, User, UserIdRecord,
};

/// Version of the form. One of another version is passed over, and the journal replayed.
const VERSION: u64 = 3;

/// Writes a snapshot.
pub(crate) fn write_snapshot(snapshot: &Snapshot) -> Vec<u8> {
    let tables = &snapshot.tables;
    let mut map = Map::new();
    put(&mut map, "v", &VERSION);
    put(&mut map, "generation", &snapshot.generation.get());
    put(&mut map, "last_at", &snapshot.last_at);
    put(&mut map, "last_number", &tables.last_number);
    let mut list = |name: &str, items: Vec<Value>| map.insert(name.to_owned(), Value::Array(items));
    list("facilities", tables.facilities.values().map(|one| one.write()).collect());
    list("users", tables.users.values().map(|one| one.write()).collect());
    // Along the indexes, which have an order that means something.
    let user_ids = tables.user_ids_of.values().flat_map(|ids| ids.iter()).filter_map(|id| tables.user_ids.get(id));
    list("user_ids", user_ids.map(|one| one.write()).collect());
    list("devices", tables.devices.values().map(|one| one.write()).collect());
    // In the order their numbers were taken, which is what their indexes are.
    list("certificates", tables.certificates.values().map(|one| one.write()).collect());
    list("persons", tables.persons.values().map(|one| one.write()).collect());
    list("consents", tables.consents.values().map(|one| one.write()).collect());
    list("memberships", tables.teams.values().flat_map(|team| team.iter()).map(|one| one.write()).collect());
    list("suspensions", tables.suspensions.values().map(|one| one.write()).collect());
    list("reports", tables.reports.values().map(|one| one.write()).collect());
    list("sessions", tables.sessions.iter().map(|one| one.write()).collect());
    list("duties", tables.duties.values().map(|one| one.write()).collect());
    list("contracts", tables.contracts.values().map(|one| one.write()).collect());
    list("deletions", tables.deletions.values().map(|one| one.write()).collect());
    put(&mut map, "numbering", &tables.certificates.numbering());
    // Left out where there are none, as in every snapshot before there were rules here.
    let sets: Vec<RuleSet> = tables.rules.sets.values().map(|one| one.as_ref().clone()).collect();
    put(&mut map, "rule_sets", &(!sets.is_empty()).then_some(sets));
    let approvals = &tables.rules.approvals;
    put(&mut map, "rule_approvals", &(!approvals.is_empty()).then_some(approvals.clone()));
    put(&mut map, "service", tables.service.as_ref());
    put(&mut map, "break_glass", tables.break_glass.as_ref());
    // Likewise left out where there are none.
    let deleted: Vec<Deleted> =
        tables.deleted.values().flat_map(|records| records.values()).map(|one| one.as_ref().clone()).collect();
    put(&mut map, "deleted", &(!deleted.is_empty()).then_some(deleted));
    let emergencies: Vec<Emergency> = tables.emergencies.values().map(|one| one.as_ref().clone()).collect();
    put(&mut map, "emergencies", &(!emergencies.is_empty()).then_some(emergencies));
    let enrolments: Vec<Enrolment> = tables.enrolments.values().map(|one| one.as_ref().clone()).collect();
    put(&mut map, "enrolments", &(!enrolments.is_empty()).then_some(enrolments));
    let retiring: Vec<Retiring> = tables.retiring.values().map(|one| one.as_ref().clone()).collect();
    put(&mut map, "retiring", &(!retiring.is_empty()).then_some(retiring));
    let signing = tables.signing.as_ref();
    put(&mut map, "signing", &(*signing != Signing::default()).then(|| signing.clone()));
    Value::Object(map).to_string().into_bytes()
}

/// Reads a snapshot.
///
/// # Errors
/// Anything about it is not in the form.
pub(crate) fn read_snapshot(body: &[u8]) -> Result<Snapshot, FormError> {
    let value: Value = serde_json::from_slice(body).map_err(|error| FormError::new(error.to_string()))?;
    let mut fields = Fields::of(&value)?;
    let version: u64 = fields.take("v")?;
    if version != VERSION {
        return Err(FormError::new(format!("version {version} is not known here")));
    }
    let generation = Generation::new(fields.take("generation")?);
    let last_at = fields.take("last_at")?;
    let mut tables = Tables { last_number: fields.take("last_number")?, ..Tables::default() };
    fields.take::<Vec<Facility>>("facilities")?.into_iter().for_each(|one| tables.put_facility(one));
    fields.take::<Vec<User>>("users")?.into_iter().for_each(|one| tables.put_user(one));
    fields.take::<Vec<UserIdRecord>>("user_ids")?.into_iter().for_each(|one| tables.put_user_id(one));
    fields.take::<Vec<Device>>("devices")?.into_iter().for_each(|one| tables.put_device(one));
    if let Some(key) = fields.take::<Option<NumberingKey>>("numbering")? {
        tables.certificates.begin_numbering(key);
    }
    for one in fields.take::<Vec<Certificate>>("certificates")? {
        // Out of its turn: the journal says what is right.
        let known = tables.devices.contains_key(&one.device) && tables.certificates.fits(&one.serial).is_ok();
        if !known {
            return Err(FormError::new(format!("certificate `{}` does not fit", one.serial)));
        }
        tables.put_certificate(one);
    }
    fields.take::<Vec<Person>>("persons")?.into_iter().for_each(|one| tables.put_person(one));
    fields.take::<Vec<Consent>>("consents")?.into_iter().for_each(|one| tables.put_consent(one));
    fields.take::<Vec<Membership>>("memberships")?.into_iter().for_each(|one| tables.put_membership(one));
    fields.take::<Vec<Suspension>>("suspensions")?.into_iter().for_each(|one| tables.put_suspension(one));
    fields.take::<Vec<Report>>("reports")?.into_iter().for_each(|one| tables.put_report(one));
    fields.take::<Vec<EndedSession>>("sessions")?.into_iter().for_each(|one| tables.sessions.insert(one));
    fields.take::<Vec<Duty>>("duties")?.into_iter().for_each(|one| tables.put_duty(one));
    fields.take::<Vec<Contract>>("contracts")?.into_iter().for_each(|one| tables.put_contract(one));
    fields.take::<Vec<DeletionOrder>>("deletions")?.into_iter().for_each(|one| tables.put_deletion(one));
    let mut rules = Rules::default();
    for set in fields.take::<Option<Vec<RuleSet>>>("rule_sets")?.into_iter().flatten() {
        rules.sets.insert(set.version.clone(), Arc::new(set));
    }
    rules.approvals = fields.take::<Option<Vec<RuleApproval>>>("rule_approvals")?.unwrap_or_default();
    tables.rules = Arc::new(rules);
    tables.service = Arc::new(fields.take("service")?);
    tables.break_glass = Arc::new(fields.take("break_glass")?);
    let deleted = fields.take::<Option<Vec<Deleted>>>("deleted")?;
    deleted.into_iter().flatten().for_each(|one| tables.put_deleted(one));
    let emergencies = fields.take::<Option<Vec<Emergency>>>("emergencies")?;
    emergencies.into_iter().flatten().for_each(|one| tables.put_emergency(one));
    let enrolments = fields.take::<Option<Vec<Enrolment>>>("enrolments")?;
    enrolments.into_iter().flatten().for_each(|one| tables.put_enrolment(one));
    let retiring = fields.take::<Option<Vec<Retiring>>>("retiring")?;
    retiring.into_iter().flatten().for_each(|one| tables.put_retiring(one));
    tables.signing = Arc::new(fields.take::<Option<Signing>>("signing")?.unwrap_or_default());
    fields.finish()?;
    Ok(Snapshot { generation, last_at, tables })
}
