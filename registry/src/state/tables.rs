//! The tables behind a snapshot, with the indexes that keep look-ups short. Only inserting and taking out: what may
//! happen when is `apply`'s.

use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};
use model::{DeviceId, FacilityId, PersonId, RecordName, SerialNumber, Target, Timestamp, UserId, UserKey};

use super::session::EndedSessions;
use super::{
    BreakGlass, Certificate, Certificates, Consent, Contract, ContractId, Deleted, DeletionId, DeletionOrder, Device,
    Devices, Duty, DutyId, Emergency, EmergencyId, Enrolment, Facility, Membership, MembershipId, Person, Report,
    ReportId, Retiring, Rules, Service, Signing, Suspension, SuspensionId, User, UserIdRecord,
};

/// All tables. Values are behind `Arc`: changing a map copies its path of nodes, and with it pointers only.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tables {
    pub(crate) facilities: OrdMap<FacilityId, Arc<Facility>>,
    pub(crate) users: HashMap<UserKey, Arc<User>>,
    pub(crate) user_ids: HashMap<UserId, Arc<UserIdRecord>>,
    /// In the order they were granted.
    pub(crate) user_ids_of: HashMap<UserKey, Arc<Vec<UserId>>>,
    pub(crate) devices: Devices,
    pub(crate) certificates: Certificates,
    pub(crate) persons: HashMap<PersonId, Arc<Person>>,
    pub(crate) consents: HashMap<PersonId, Arc<Consent>>,
    /// A team is short and is always read whole.
    pub(crate) teams: HashMap<PersonId, Arc<Vec<Arc<Membership>>>>,
    /// A user may be on many teams.
    pub(crate) memberships_of: HashMap<UserKey, OrdMap<MembershipId, Arc<Membership>>>,
    pub(crate) membership_count: usize,
    /// Memberships that end by the clock, the earliest first.
    pub(crate) expiring: OrdSet<(Timestamp, MembershipId, PersonId)>,
    pub(crate) suspensions: OrdMap<SuspensionId, Arc<Suspension>>,
    pub(crate) suspensions_of: HashMap<Target, Arc<Vec<Arc<Suspension>>>>,
    pub(crate) reports: OrdMap<ReportId, Arc<Report>>,
    pub(crate) service: Arc<Service>,
    pub(crate) sessions: EndedSessions,
    pub(crate) duties: OrdMap<DutyId, Arc<Duty>>,
    pub(crate) duties_of: HashMap<UserKey, Arc<Vec<Arc<Duty>>>>,
    pub(crate) contracts: OrdMap<ContractId, Arc<Contract>>,
    pub(crate) deletions: OrdMap<DeletionId, Arc<DeletionOrder>>,
    pub(crate) deletions_of: HashMap<PersonId, Arc<Vec<DeletionId>>>,
    pub(crate) deleted: OrdMap<DeletionId, Arc<OrdMap<RecordName, Arc<Deleted>>>>,
    pub(crate) deleted_count: usize,
    pub(crate) break_glass: Arc<BreakGlass>,
    pub(crate) emergencies: OrdMap<EmergencyId, Arc<Emergency>>,
    pub(crate) emergencies_of: HashMap<UserId, Arc<Vec<EmergencyId>>>,
    /// One for each device at most.
    pub(crate) enrolments: OrdMap<DeviceId, Arc<Enrolment>>,
    /// By successor: a certificate may be renewed twice, when the first answer got lost.
    pub(crate) retiring: OrdMap<SerialNumber, Arc<Retiring>>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) signing: Arc<Signing>,
    /// The last number given to anything that is numbered.
    pub(crate) last_number: u64,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            facilities: OrdMap::new(),
            users: HashMap::new(),
            user_ids: HashMap::new(),
            user_ids_of: HashMap::new(),
            devices: Devices::default(),
            certificates: Certificates::default(),
            persons: HashMap::new(),
            consents: HashMap::new(),
            teams: HashMap::new(),
            memberships_of: HashMap::new(),
            membership_count: 0,
            expiring: OrdSet::new(),
            suspensions: OrdMap::new(),
            suspensions_of: HashMap::new(),
            reports: OrdMap::new(),
            service: Arc::new(Service::RUNNING),
            sessions: EndedSessions::default(),
            duties: OrdMap::new(),
            duties_of: HashMap::new(),
            contracts: OrdMap::new(),
            deletions: OrdMap::new(),
            deletions_of: HashMap::new(),
            deleted: OrdMap::new(),
            deleted_count: 0,
            break_glass: Arc::new(BreakGlass::OFF),
            emergencies: OrdMap::new(),
            emergencies_of: HashMap::new(),
            enrolments: OrdMap::new(),
            retiring: OrdMap::new(),
            rules: Arc::default(),
            signing: Arc::default(),
            last_number: 0,
        }
    }
}

impl Tables {
    pub(crate) fn put_facility(&mut self, facility: Facility) {
        self.facilities.insert(facility.id.clone(), Arc::new(facility));
    }

    pub(crate) fn put_user(&mut self, user: User) {
        self.users.insert(user.key.clone(), Arc::new(user));
    }

    /// A new user ID.
    pub(crate) fn put_user_id(&mut self, user_id: UserIdRecord) {
        Arc::make_mut(self.user_ids_of.entry(user_id.user.clone()).or_default()).push(user_id.id.clone());
        self.user_ids.insert(user_id.id.clone(), Arc::new(user_id));
    }

    pub(crate) fn put_device(&mut self, device: Device) {
        self.devices.push(device);
    }

    /// A new certificate, on a device that is there. Its device's id is the device's, not a copy of it.
    pub(crate) fn put_certificate(&mut self, mut certificate: Certificate) {
        let Some(slot) = self.devices.slot(&certificate.device) else { return };
        if let Some(device) = self.devices.at(slot) {
            certificate.device = device.id.clone();
        }
        self.certificates.push(certificate, slot);
    }

    pub(crate) fn put_person(&mut self, person: Person) {
        self.persons.insert(person.id.clone(), Arc::new(person));
    }

    pub(crate) fn put_consent(&mut self, consent: Consent) {
        self.consents.insert(consent.person.clone(), Arc::new(consent));
    }

    /// A new membership. Its ids are those of the person, the user and the facility it names, not copies of them: there are
    /// more memberships than anything else.
    pub(crate) fn put_membership(&mut self, mut membership: Membership) {
        self.number(membership.id.get());
        if let Some(known) = self.persons.get(&membership.person) {
            membership.person = known.id.clone();
        }
        if let Some(known) = self.users.get(&membership.user) {
            membership.user = known.key.clone();
        }
        if let Some(known) = self.facilities.get(&membership.facility) {
            membership.facility = known.id.clone();
        }
        if let Some(until) = membership.until {
            self.expiring.insert((until, membership.id, membership.person.clone()));
        }
        let membership = Arc::new(membership);
        Arc::make_mut(self.teams.entry(membership.person.clone()).or_default()).push(Arc::clone(&membership));
        self.memberships_of.entry(membership.user.clone()).or_default().insert(membership.id, membership);
        self.membership_count += 1;
    }

    pub(crate) fn take_membership(&mut self, id: MembershipId, person: &PersonId) -> Option<Arc<Membership>> {
        let team = self.teams.get_mut(person)?;
        let place = team.iter().position(|membership| membership.id == id)?;
        let team_now = Arc::make_mut(team);
        let taken = team_now.remove(place);
        if team_now.is_empty() {
            self.teams.remove(person);
        }
        if let Some(until) = taken.until {
            self.expiring.remove(&(until, id, person.clone()));
        }
        let emptied = self.memberships_of.get_mut(&taken.user).is_some_and(|memberships| {
            memberships.remove(&id);
            memberships.is_empty()
        });
        if emptied {
            self.memberships_of.remove(&taken.user);
        }
        self.membership_count = self.membership_count.saturating_sub(1);
        Some(taken)
    }

    /// A new suspension.
    pub(crate) fn put_suspension(&mut self, suspension: Suspension) {
        self.number(suspension.id.get());
        let suspension = Arc::new(suspension);
        let of_target = self.suspensions_of.entry(suspension.target.clone()).or_default();
        Arc::make_mut(of_target).push(Arc::clone(&suspension));
        self.suspensions.insert(suspension.id, suspension);
    }

    pub(crate) fn take_suspension(&mut self, id: SuspensionId) -> Option<Arc<Suspension>> {
        let taken = self.suspensions.remove(&id)?;
        let emptied = self.suspensions_of.get_mut(&taken.target).is_some_and(|all| {
            let all = Arc::make_mut(all);
            all.retain(|suspension| suspension.id != id);
            all.is_empty()
        });
        if emptied {
            self.suspensions_of.remove(&taken.target);
        }
        Some(taken)
    }

    pub(crate) fn put_report(&mut self, report: Report) {
        self.number(report.id.get());
        self.reports.insert(report.id, Arc::new(report));
    }

    /// A new duty.
    pub(crate) fn put_duty(&mut self, duty: Duty) {
        self.number(duty.id.get());
        let duty = Arc::new(duty);
        Arc::make_mut(self.duties_of.entry(duty.user.clone()).or_default()).push(Arc::clone(&duty));
        self.duties.insert(duty.id, duty);
    }

    pub(crate) fn take_duty(&mut self, id: DutyId) -> Option<Arc<Duty>> {
        let taken = self.duties.remove(&id)?;
        let emptied = self.duties_of.get_mut(&taken.user).is_some_and(|all| {
            let all = Arc::make_mut(all);
            all.retain(|duty| duty.id != id);
            all.is_empty()
        });
        if emptied {
            self.duties_of.remove(&taken.user);
        }
        Some(taken)
    }

    /// A new contract.
    pub(crate) fn put_contract(&mut self, contract: Contract) {
        self.number(contract.id.get());
        self.contracts.insert(contract.id, Arc::new(contract));
    }

    /// A new deletion order.
    pub(crate) fn put_deletion(&mut self, order: DeletionOrder) {
        self.number(order.id.get());
        Arc::make_mut(self.deletions_of.entry(order.person.clone()).or_default()).push(order.id);
        self.deletions.insert(order.id, Arc::new(order));
    }

    /// A record that was deleted under an order.
    pub(crate) fn put_deleted(&mut self, deleted: Deleted) {
        let records = Arc::make_mut(self.deleted.entry(deleted.order).or_default());
        if records.insert(deleted.record.clone(), Arc::new(deleted)).is_none() {
            self.deleted_count += 1;
        }
    }

    /// A new emergency.
    pub(crate) fn put_emergency(&mut self, emergency: Emergency) {
        self.number(emergency.id.get());
        Arc::make_mut(self.emergencies_of.entry(emergency.user_id.clone()).or_default()).push(emergency.id);
        self.emergencies.insert(emergency.id, Arc::new(emergency));
    }

    pub(crate) fn take_emergency(&mut self, id: EmergencyId) -> Option<Arc<Emergency>> {
        let taken = self.emergencies.remove(&id)?;
        let emptied = self.emergencies_of.get_mut(&taken.user_id).is_some_and(|all| {
            let all = Arc::make_mut(all);
            all.retain(|emergency| *emergency != id);
            all.is_empty()
        });
        if emptied {
            self.emergencies_of.remove(&taken.user_id);
        }
        Some(taken)
    }

    /// A new code, in the place of the one before it.
    pub(crate) fn put_enrolment(&mut self, enrolment: Enrolment) {
        self.enrolments.insert(enrolment.device.clone(), Arc::new(enrolment));
    }

    pub(crate) fn put_retiring(&mut self, retiring: Retiring) {
        self.retiring.insert(retiring.successor, Arc::new(retiring));
    }

    /// Ends whatever emergency nobody has ended.
    pub(crate) fn end_emergencies(&mut self, at: Timestamp) {
        let standing: Vec<EmergencyId> =
            self.emergencies.values().filter(|one| one.ended_at.is_none()).map(|one| one.id).collect();
        for id in standing {
            if let Some(one) = self.emergencies.get_mut(&id).map(Arc::make_mut) {
                one.ended_at = Some(at.min(one.until));
            }
        }
    }

    fn number(&mut self, given: u64) {
        self.last_number = self.last_number.max(given);
    }
}
