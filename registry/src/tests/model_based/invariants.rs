//! What must hold in every state.

use std::collections::{BTreeMap, BTreeSet};

use model::lifecycle::{
    break_glass, certificate, confirmation, deletion, facility as facility_lifecycle, user_id as user_id_lifecycle,
};
use model::{ReasonCode, Target};

use crate::{
    EMERGENCIES_PER_USER_MAX, EMERGENCY_MINUTES, EMERGENCY_PROFESSIONS, ENROLMENT_HOURS_MAX, ENROLMENT_TRIES_MAX,
    MembershipId, Snapshot,
};

/// What must hold in every state, looked up the slow way.
pub(super) fn check(snapshot: &Snapshot) {
    for id in snapshot.user_ids() {
        assert_eq!(id.credential.is_some(), id.is_live(), "{}", id.id);
        assert_eq!(id.ended_at.is_some(), !id.is_live());
        let home = snapshot.facility(&id.facility).unwrap();
        assert!(snapshot.user(&id.user).is_some());
        if home.state == facility_lifecycle::State::Closed {
            assert_eq!(id.state, user_id_lifecycle::State::Ended);
        }
        let suspensions = snapshot.suspensions_of(&Target::UserId(id.id.clone())).count();
        let suspended =
            matches!(id.state, user_id_lifecycle::State::Suspended | user_id_lifecycle::State::GrantedSuspended);
        assert_eq!(suspended, suspensions > 0, "{}", id.id);
    }
    for facility in snapshot.facilities() {
        let suspensions = snapshot.suspensions_of(&Target::Facility(facility.id.clone())).count();
        assert_eq!(facility.state == facility_lifecycle::State::Suspended, suspensions > 0, "{}", facility.id);
        let live = |user: &crate::User| {
            snapshot.user_ids_of(&user.key).filter(|id| id.is_live() && id.facility == facility.id).count()
        };
        assert!(snapshot.users().all(|user| live(user) <= 1), "two user IDs at {}", facility.id);
    }
    for certificate in snapshot.certificates() {
        let device = snapshot.device(&certificate.device).unwrap();
        assert!(device.returned_at.is_none() || !certificate.is_live());
        let revoked = matches!(certificate.state, certificate::State::Revoked | certificate::State::Confirmed);
        assert_eq!(revoked, certificate.revocation.is_some());
        let confirmed = certificate.revocation.as_ref().is_some_and(|revocation| revocation.confirmed.is_some());
        assert_eq!(confirmed, certificate.state == certificate::State::Confirmed);
        assert!(certificate.state != certificate::State::Active || certificate.fingerprint.is_some());
        // A key stands for one terminal, and one that was lost for none.
        let key = certificate.key.filter(|_| certificate.state != certificate::State::Abandoned);
        let same = |one: &&crate::Certificate| one.key == key && one.state != certificate::State::Abandoned;
        for other in snapshot.certificates().filter(same).filter(|_| key.is_some()) {
            assert_eq!(other.device, certificate.device);
            let lost = |revocation: &crate::Revocation| revocation.reason == ReasonCode::KeyCompromise;
            assert!(!other.is_live() || !certificate.revocation.as_deref().is_some_and(lost), "{}", other.serial);
        }
    }
    // The table of states says what the records say.
    for (place, certificate) in snapshot.certificates().enumerate() {
        assert_eq!(snapshot.certificate(&certificate.serial), Some(certificate));
        let status = snapshot.status(&certificate.serial, &certificate.fingerprint.unwrap_or([9; 32])).unwrap();
        assert_eq!(status.index.get() as usize, place);
        assert_eq!((status.state, &status.device.id), (certificate.state, &certificate.device));
        assert_eq!(snapshot.status_at(status.index), Some(status));
        if let (Some(external), Some(fingerprint)) = (&certificate.external, &certificate.fingerprint) {
            assert_eq!(snapshot.status_elsewhere(&external.authority, fingerprint), Some(status));
            assert_eq!(snapshot.status_elsewhere("another", fingerprint), None);
            assert_eq!(snapshot.registered(&external.issuer, &external.number), Some(certificate));
        }
        let other = snapshot.status(&certificate.serial, &[0xee; 32]);
        assert_eq!(other.is_none(), certificate.fingerprint.is_some(), "another certificate of its number");
    }
    for task in snapshot.tasks() {
        assert_eq!(task.is_open(), task.confirmed.is_none());
        assert_eq!(snapshot.open_tasks().any(|open| open.id == task.id), task.is_open());
        assert!(task.because.is_to_be_confirmed() && !task.serials.is_empty());
        assert!(task.state != confirmation::State::Reported || task.effects.is_empty());
        assert!(task.escalated_at.is_none() || task.reminded_at.is_some(), "first the facility, then the city");
        for serial in &task.serials {
            let certificate = snapshot.certificate(serial).unwrap();
            assert_eq!(snapshot.task_of(serial).unwrap().id, task.id);
            assert_eq!(certificate.device, task.device);
            assert_eq!(certificate.revocation.as_ref().unwrap().reason, task.because.reason_code());
            assert_eq!(certificate.state == certificate::State::Confirmed, !task.is_open());
        }
    }
    for code in snapshot.enrolments() {
        assert!(snapshot.device(&code.device).unwrap().returned_at.is_none());
        assert!(code.tries < ENROLMENT_TRIES_MAX);
        assert!(code.until <= code.offered_at.plus_seconds(ENROLMENT_HOURS_MAX * 3600));
    }
    for retiring in snapshot.retiring() {
        let successor = snapshot.certificate(&retiring.successor).unwrap();
        assert_eq!(successor.predecessor, Some(retiring.serial));
        assert_eq!(successor.device, snapshot.certificate(&retiring.serial).unwrap().device);
    }
    // What is in force was proposed by somebody else.
    for approval in snapshot.rule_approvals() {
        assert_ne!(snapshot.rule_set(&approval.version).unwrap().proposed_by, approval.by);
    }
    // Every index leads to what the other one does.
    let by_person: BTreeMap<MembershipId, _> =
        snapshot.persons().flat_map(|person| snapshot.team(&person.id)).map(|one| (one.id, one.clone())).collect();
    let by_user: BTreeMap<MembershipId, _> =
        snapshot.users().flat_map(|user| snapshot.persons_of(&user.key)).map(|one| (one.id, one.clone())).collect();
    assert_eq!(by_person, by_user);
    assert_eq!(by_person.len(), snapshot.tables.membership_count);
    assert_eq!(by_person.values().filter(|one| one.until.is_some()).count(), snapshot.tables.expiring.len());
    for membership in by_person.values() {
        assert!(snapshot.user_ids_of(&membership.user).any(|id| id.is_live() && id.facility == membership.facility));
    }
    for duty in snapshot.duties() {
        assert!(snapshot.duties_of(&duty.user).any(|other| other == duty));
        assert!(snapshot.user_ids_of(&duty.user).any(|id| id.is_live() && id.facility == duty.facility));
    }
    assert_eq!(
        snapshot.users().map(|user| snapshot.duties_of(&user.key).count()).sum::<usize>(),
        snapshot.duties().count()
    );
    // Two officers, always: whatever is in force was approved by somebody else than who ordered it.
    for order in snapshot.deletions() {
        assert!(snapshot.deletions_of(&order.person).any(|other| other == order));
        assert_eq!(order.state == deletion::State::Ordered, order.approved.is_none() && order.cancelled.is_none());
        assert!(order.approved.as_ref().is_none_or(|second| second.by != order.ordered.by));
        let deleted: Vec<_> = snapshot.deleted_under(order.id).collect();
        assert!(deleted.is_empty() || order.approved.is_some());
        assert!(deleted.iter().all(|one| order.covers(Some(&one.record)) && one.by == order.executor));
        if order.record.is_some() {
            assert!(deleted.is_empty() || order.state != deletion::State::Approved, "used up");
            assert!(order.state != deletion::State::CarriedOut || deleted.len() == 1);
        } else {
            assert_ne!(order.state, deletion::State::CarriedOut);
        }
    }
    let deleted: usize = snapshot.deletions().map(|order| snapshot.deleted_under(order.id).count()).sum();
    assert_eq!(deleted, snapshot.tables.deleted_count);
    let glass = snapshot.break_glass();
    let by = |approval: &Option<crate::Approval>| approval.as_ref().map(|one| one.by.clone());
    assert_eq!(glass.state == break_glass::State::Issued, glass.issued.is_some());
    assert!(glass.issued.is_none() || by(&glass.issued) != by(&glass.proposed));
    let ended = snapshot.emergencies().all(|one| one.ended_at.is_some());
    assert!(glass.state == break_glass::State::Issued || ended, "without a rule");
    for emergency in snapshot.emergencies() {
        assert!(snapshot.emergencies_of(&emergency.user_id).any(|other| other == emergency));
        assert!(emergency.until == emergency.declared_at.plus_seconds(EMERGENCY_MINUTES * 60));
        assert!(EMERGENCY_PROFESSIONS.contains(&snapshot.user_id(&emergency.user_id).unwrap().profession));
        let beside = snapshot.emergencies_of(&emergency.user_id).filter(|one| one.until > emergency.declared_at);
        assert!(beside.filter(|one| one.declared_at <= emergency.declared_at).count() <= EMERGENCIES_PER_USER_MAX);
    }
    let by_user_id: usize = snapshot.user_ids().map(|known| snapshot.emergencies_of(&known.id).count()).sum();
    assert_eq!(by_user_id, snapshot.emergencies().count());
    let by_device: usize = snapshot.devices().map(|device| snapshot.certificates_of(&device.id).count()).sum();
    assert_eq!(by_device, snapshot.certificates().count());
    let targets: BTreeSet<_> = snapshot.suspensions().map(|suspension| suspension.target.clone()).collect();
    let by_target: usize = targets.iter().map(|target| snapshot.suspensions_of(target).count()).sum();
    assert_eq!(by_target, snapshot.suspensions().count());
}
