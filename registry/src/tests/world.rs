//! A small city for tests: commands are validated and applied without a journal, and without hashing passwords.

use std::sync::Arc;

use model::{
    Author, DeviceId, FacilityId, Office, PersonId, Profession, SerialNumber, TeamRole, Timestamp, UserId, UserKey,
};
use zeroize::Zeroizing;

use crate::credential::{Sealed, VerifiedPassword};
use crate::validate::{Materials, validate};
use crate::{
    Administrator, Change, Command, ConsentForm, Eligibility, EligibilityKind, FacilityDetails, FacilityKind,
    Generation, GivenBy, PasswordCheck, Refused, RuleFile, RuleGates, RuleProof, Snapshot,
};

pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const PASSWORD: &str = "kumo-tori-umi-7";

pub(crate) fn facility(id: &str) -> FacilityId {
    FacilityId::new(id).unwrap()
}
pub(crate) fn user(id: &str) -> UserKey {
    UserKey::new(id).unwrap()
}
pub(crate) fn user_id(id: &str) -> UserId {
    UserId::new(id).unwrap()
}
pub(crate) fn device(id: &str) -> DeviceId {
    DeviceId::new(id).unwrap()
}
pub(crate) fn person(id: &str) -> PersonId {
    PersonId::new(id).unwrap()
}
pub(crate) fn serial(number: u64) -> SerialNumber {
    SerialNumber::from_octets(&number.to_be_bytes()).unwrap()
}
/// A key that only the certificate with this number has.
pub(crate) fn key_of(serial: SerialNumber) -> [u8; 32] {
    let mut key = [0; 32];
    key.iter_mut().rev().zip(serial.octets().iter().rev()).for_each(|(octet, given)| *octet = *given);
    key
}
pub(crate) fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}
pub(crate) fn begin() -> Timestamp {
    Timestamp::parse("2026-11-23T09:00:00+09:00").unwrap()
}

pub(crate) fn clerk() -> Author {
    Author::new(Office::CityClerk, "Suzuki")
}
pub(crate) fn officer() -> Author {
    Author::new(Office::CityOfficer, "Tanaka")
}
pub(crate) fn second_officer() -> Author {
    Author::new(Office::CityOfficer, "Ito")
}
pub(crate) fn contractor() -> Author {
    Author::new(Office::Contractor, "operator-1")
}
pub(crate) fn machine() -> Author {
    Author::new(Office::System, "anomaly")
}
pub(crate) fn himself(user_id: &str) -> Author {
    Author::new(Office::User, user_id)
}
/// The administrator of a facility of this world: `F-1` has `A-F-1`.
pub(crate) fn administrator_of(facility: &str) -> Author {
    Author::new(Office::FacilityAdministrator, &format!("A-{facility}"))
}

pub(crate) fn details(name: &str) -> FacilityDetails {
    FacilityDetails {
        name: name.to_owned(),
        address: "1-1".to_owned(),
        phone: "0297-00-0000".to_owned(),
        kind: FacilityKind::NursingStation,
        publish_consent: true,
    }
}

pub(crate) fn administrator(facility: &str) -> Administrator {
    Administrator { key: user(&format!("A-{facility}")), name: "管理 者".to_owned() }
}

pub(crate) fn eligibility() -> Eligibility {
    let kind = EligibilityKind::Insured;
    Eligibility { kind, municipality: "Joso".to_owned(), from: begin().plus_seconds(-DAY), until: None }
}

/// A certificate of another authority for `D-1`: under our number, with this fingerprint, of its own number.
pub(crate) fn register_certificate(serial: SerialNumber, fingerprint: [u8; 32], number: SerialNumber) -> Command {
    let (not_before, not_after) = (begin().plus_seconds(-HOUR), begin().plus_seconds(365 * DAY));
    let external = crate::External { authority: "hospital".to_owned(), issuer: [5; 32], number };
    Command::RegisterCertificate { serial, device: device("D-1"), external, fingerprint, not_before, not_after }
}

pub(crate) fn form(store: bool, share: bool, disaster: bool) -> ConsentForm {
    let signed_at = begin().plus_seconds(-DAY);
    let (given_by, reason, form_hash) = (GivenBy::Person, None, Some([7; 32]));
    ConsentForm { store, share, disaster, given_by, reason, signed_at, received_at: signed_at, form_hash }
}

/// A few of the house's rules, which are quickly read, with a remark that makes them a version of their own.
pub(crate) fn propose_rules(remark: &str) -> Command {
    let few = policy::point::RULES.iter().filter(|(name, _)| *name == "person.cedar");
    let files = few.map(|(name, text)| RuleFile { name: (*name).to_owned(), text: format!("// {remark}\n{text}") });
    let (schema, files) = (policy::point::SCHEMA.to_owned(), files.collect());
    Command::ProposeRules { schema, files, reason: "as decided".to_owned() }
}

/// As if they had passed every gate.
pub(crate) fn gates() -> RuleGates {
    let proof = RuleProof::Proved { fences: "0123456789ab".to_owned(), claims: 158 };
    RuleGates { cases: 99, cases_version: "ba9876543210".to_owned(), proof }
}

/// The version of those rules.
pub(crate) fn version_of(remark: &str) -> String {
    let Command::ProposeRules { schema, files, .. } = propose_rules(remark) else { unreachable!() };
    let files: Vec<(&str, &str)> = files.iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
    policy::DecisionPoint::from_sources(&schema, &files).unwrap().version().to_string()
}

/// The user ID, as it is in this state, gets another password; whatever was on the slip counts as right.
pub(crate) fn change_password(snapshot: &Snapshot, id: &UserId, new: &str) -> Command {
    Command::ChangePassword {
        current: VerifiedPassword::unchecked(snapshot, id, "what was on the slip"),
        new: secret(new),
    }
}

/// What a check of a password says: epoch, and whether it must be changed.
pub(crate) fn told(check: &PasswordCheck) -> Option<(u32, bool)> {
    match check {
        PasswordCheck::Right { credential_epoch, must_change, .. } => Some((*credential_epoch, *must_change)),
        PasswordCheck::Wrong => None,
    }
}

/// State and time of day.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) now: Timestamp,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { snapshot: Arc::default(), now: begin() }
    }

    /// Gives a command; passwords count as right, and credentials are made up.
    pub(crate) fn give(&mut self, author: Author, command: Command) -> Result<Vec<Change>, Refused> {
        let command = match command {
            Command::ChangePassword { current, new } => change_password(&self.snapshot, current.user_id(), &new),
            other => other,
        };
        let materials = Materials { credential: Some(Sealed::new("sealed")) };
        let draft = validate(&self.snapshot, &command, &materials, &author, self.now)?;
        let mut next = draft.next;
        let generation = Generation::new(self.snapshot.generation().get() + 1);
        next.reached(journal::Position::new(generation.get()), self.now);
        self.snapshot = Arc::new(next);
        Ok(draft.changes)
    }

    /// Gives a command that must be carried out.
    #[track_caller]
    pub(crate) fn must(&mut self, author: Author, command: Command) -> Vec<Change> {
        let kind = command.kind();
        self.give(author, command).unwrap_or_else(|refused| panic!("{kind}: {refused}"))
    }

    /// Gives a command that must be refused; the reason, as text.
    #[track_caller]
    pub(crate) fn refused(&mut self, author: Author, command: Command) -> String {
        let kind = command.kind();
        match self.give(author, command) {
            Err(refused) => refused.to_string(),
            Ok(changes) => panic!("{kind} was carried out: {changes:?}"),
        }
    }

    pub(crate) fn later(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// A contract with the contractor, from now on for a year.
    pub(crate) fn contract(&mut self) {
        let (from, until) = (self.now, self.now.plus_seconds(365 * DAY));
        self.must(officer(), Command::EnterContract { contractor: "Works".to_owned(), from, until });
    }

    /// An approved facility.
    pub(crate) fn facility(&mut self, id: &str) {
        let (facility, details, administrator) = (facility(id), details(id), administrator(id));
        self.must(clerk(), Command::RegisterFacility { facility: facility.clone(), details, administrator });
        self.must(clerk(), Command::ApproveFacility { facility, reason: "in order".to_owned() });
    }

    /// A user with a user ID in use: `K-1` gets `U-1`.
    pub(crate) fn nurse(&mut self, number: &str, at: &str) {
        let (key, id) = (user(&format!("K-{number}")), user_id(&format!("U-{number}")));
        self.must(clerk(), Command::RegisterUser { user: key.clone(), name: "佐藤 花子".to_owned() });
        let profession = Profession::Nurse;
        let (facility, recognised_by) = (facility(at), None);
        self.must(
            clerk(),
            Command::GrantUserId { user_id: id.clone(), user: key, facility, profession, recognised_by },
        );
        self.change_password(&id);
    }

    pub(crate) fn change_password(&mut self, id: &UserId) {
        self.must(himself(id.as_str()), change_password(&self.snapshot, id, PASSWORD));
    }

    /// A device with an active certificate.
    pub(crate) fn device(&mut self, id: &str, at: &str, holder: &str, number: u64) {
        let (label, facility, holder) = ("訪問用タブレット".to_owned(), facility(at), user(holder));
        self.must(clerk(), Command::RegisterDevice { device: device(id), label, facility, holder });
        self.certificate(id, number);
    }

    pub(crate) fn certificate(&mut self, of: &str, number: u64) {
        let (not_before, not_after) = (self.now.plus_seconds(-HOUR), self.now.plus_seconds(365 * DAY));
        let (serial, device) = (serial(number), device(of));
        self.must(
            clerk(),
            Command::ReserveCertificate {
                serial,
                device,
                not_before,
                not_after,
                assurance: model::Assurance::Software,
                key: key_of(serial),
            },
        );
        self.must(clerk(), Command::RecordIssued { serial, fingerprint: [1; 32] });
    }

    /// A person who agreed to everything.
    pub(crate) fn person(&mut self, id: &str) {
        let (name, area, eligibility) = ("山田 太郎".to_owned(), "north".to_owned(), eligibility());
        self.must(clerk(), Command::RegisterPerson { person: person(id), name, area, eligibility });
        self.must(clerk(), Command::GiveConsent { person: person(id), form: form(true, true, true) });
    }

    pub(crate) fn joins(&mut self, number: &str, team_of: &str) {
        let (person, user) = (person(team_of), user(&format!("K-{number}")));
        let (role, facility, from, until) = (TeamRole::Member, None, self.now, None);
        self.must(clerk(), Command::JoinTeam { person, user, role, facility, from, until });
    }

    /// Two stations, two nurses, two devices, two persons; each nurse is on the team of one person. A contractor.
    pub(crate) fn usual() -> Self {
        let mut world = Self::new();
        world.contract();
        for number in ["1", "2"] {
            let facility = format!("F-{number}");
            world.facility(&facility);
            world.nurse(number, &facility);
            world.device(&format!("D-{number}"), &facility, &format!("K-{number}"), number.parse().unwrap());
            world.person(&format!("P-{number}"));
            world.joins(number, &format!("P-{number}"));
        }
        world
    }

    pub(crate) fn facts(&self, id: &str, number: u64, about: &str) -> policy::Facts {
        self.snapshot.facts(&user_id(id), &serial(number), Some(&person(about)), self.now).unwrap()
    }

    pub(crate) fn suspend(&mut self, author: Author, target: &str, until: Option<Timestamp>) -> Vec<Change> {
        let (target, reason) = (model::Target::parse(target).unwrap(), "shared password".to_owned());
        let article = model::Article::paragraph(29, 1);
        self.must(author, Command::Suspend { target, reason, article, until })
    }
}
