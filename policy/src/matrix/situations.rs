//! An ordinary day, and what the situations of the table change of it.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Assurance, Authorship, Category, Profession, TeamRole, Timestamp};

use crate::facts::{
    DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, Said, ServiceFacts, SubjectFacts,
};

/// A situation: a name, and what it changes of an ordinary day.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    change: fn(&mut Request, &mut Facts),
}

impl Situation {
    /// Request and facts of an ordinary day, changed. The user's own record, where nothing else is said.
    pub(crate) fn applied(&self, action: Action, category: Category, facts: Facts) -> (Request, Facts) {
        let mut facts = facts;
        let mut request = Request::new(action, category, now(), Said::OWN);
        (self.change)(&mut request, &mut facts);
        if category == Category::Directory {
            facts.resource = Resource::Directory;
        }
        (request, facts)
    }
}

/// Every situation of the table, in its order.
pub(crate) const SITUATIONS: &[Situation] = &[
    Situation { name: "an ordinary day", change: |_, _| {} },
    Situation { name: "service stopped (26)", change: |_, f| f.service.state = service::State::Stopped },
    Situation { name: "service ended (27)", change: |_, f| f.service.state = service::State::Ended },
    Situation {
        name: "user ID granted, first password not changed (10-3)",
        change: |_, f| f.subject.user_id_state = user_id::State::Granted,
    },
    Situation {
        name: "user ID granted and suspended (10-3, 29)",
        change: |_, f| f.subject.user_id_state = user_id::State::GrantedSuspended,
    },
    Situation {
        name: "user ID suspended (29), by its state",
        change: |_, f| f.subject.user_id_state = user_id::State::Suspended,
    },
    Situation { name: "user ID suspended (29), by an order", change: |_, f| f.subject.user_id_suspended = true },
    Situation { name: "user ID ended (10-6, 12, 13)", change: |_, f| f.subject.user_id_state = user_id::State::Ended },
    Situation { name: "qualification suspended (39-2)", change: |_, f| f.subject.qualification_suspended = true },
    Situation {
        name: "facility applied, not yet approved (8, 9)",
        change: |_, f| f.subject.facility_state = facility::State::Applied,
    },
    Situation { name: "facility refused (9)", change: |_, f| f.subject.facility_state = facility::State::Refused },
    Situation {
        name: "facility suspended, by its state",
        change: |_, f| f.subject.facility_state = facility::State::Suspended,
    },
    Situation { name: "facility suspended, by an order", change: |_, f| f.subject.facility_suspended = true },
    Situation { name: "facility closed (13)", change: |_, f| f.subject.facility_state = facility::State::Closed },
    Situation { name: "another facility's device (37, 38)", change: |_, f| f.device.facility = id("F-other") },
    Situation { name: "device suspended (38-2)", change: |_, f| f.device.device_suspended = true },
    Situation {
        name: "certificate reserved, never signed (38-1)",
        change: |_, f| f.device.certificate_state = certificate::State::Reserved,
    },
    Situation {
        name: "certificate abandoned, never signed (38-1)",
        change: |_, f| f.device.certificate_state = certificate::State::Abandoned,
    },
    Situation {
        name: "certificate revoked (38-2)",
        change: |_, f| f.device.certificate_state = certificate::State::Revoked,
    },
    Situation {
        name: "certificate revoked and confirmed (38-3)",
        change: |_, f| f.device.certificate_state = certificate::State::Confirmed,
    },
    Situation { name: "certificate out of validity", change: |_, f| f.device.certificate_in_validity = false },
    Situation { name: "person not eligible (3)", change: |_, f| person(f, |p| p.eligible = false) },
    Situation {
        name: "consent absent (17-1)",
        change: |_, f| {
            person(f, |p| {
                p.consent = consent::State::Absent;
                (p.consent_store, p.consent_share) = (false, false);
            });
        },
    },
    Situation { name: "consent without storing (17-1)", change: |_, f| person(f, |p| p.consent_store = false) },
    Situation { name: "consent without sharing (17-1)", change: |_, f| person(f, |p| p.consent_share = false) },
    Situation {
        name: "support stopped (17-3)",
        change: |_, f| {
            person(f, |p| {
                p.consent = consent::State::SupportStopped;
                (p.consent_store, p.consent_share) = (false, false);
            });
        },
    },
    Situation { name: "all records of the person suspended", change: |_, f| person(f, |p| p.person_suspended = true) },
    Situation {
        name: "disaster use (21), prior disaster consent, in the area",
        change: |_, f| disaster(f, |p| p.consent_disaster = true),
    },
    Situation { name: "disaster use (21), no prior disaster consent, in the area", change: |_, f| disaster(f, |_| {}) },
    Situation {
        name: "disaster use (21), prior disaster consent, outside the area",
        change: |_, f| {
            disaster(f, |p| {
                p.consent_disaster = true;
                p.in_disaster_area = false;
            });
        },
    },
    Situation {
        name: "disaster use (21), prior disaster consent, in the area, but without sharing",
        change: |_, f| {
            disaster(f, |p| {
                p.consent_disaster = true;
                p.consent_share = false;
            });
        },
    },
    Situation {
        name: "disaster use (21), disaster consent withdrawn with the rest: support stopped",
        change: |_, f| {
            disaster(f, |p| {
                p.consent = consent::State::SupportStopped;
                (p.consent_store, p.consent_share) = (false, false);
            });
        },
    },
    Situation {
        name: "disaster use (21) past its end, prior disaster consent, in the area",
        change: |_, f| {
            disaster(f, |p| p.consent_disaster = true);
            f.service.disaster = Some(DisasterFacts { until: now() });
        },
    },
    Situation {
        name: "disaster use (21) and the service stopped (26)",
        change: |_, f| {
            disaster(f, |p| p.consent_disaster = true);
            f.service.state = service::State::Stopped;
        },
    },
    Situation { name: "a record of somebody else's", change: |request, _| request.authorship = Authorship::Other },
    Situation {
        name: "a record whose author is not known",
        change: |request, _| request.authorship = Authorship::Unknown,
    },
    Situation {
        name: "written in somebody else's name (18, 28)",
        change: |request, _| {
            // Only a write puts a record under a name.
            if matches!(request.action, Action::Create | Action::Update) {
                request.written_as = Authorship::Other;
            }
        },
    },
    Situation {
        name: "created in nobody's name",
        change: |request, _| {
            if request.action == Action::Create {
                request.written_as = Authorship::Unknown;
            }
        },
    },
    Situation { name: "a record labelled as sensitive", change: |request, _| request.sensitive = true },
    Situation {
        name: "a record labelled as sensitive, in disaster use (21), prior disaster consent, in the area",
        change: |request, f| {
            request.sensitive = true;
            disaster(f, |p| p.consent_disaster = true);
        },
    },
    Situation {
        name: "a deletion order names the user ID (19-2), support stopped (17-2, 17-3)",
        change: |_, f| {
            person(f, |p| {
                p.consent = consent::State::SupportStopped;
                (p.consent_store, p.consent_share) = (false, false);
            });
            if let Resource::Record { deletion_ordered, .. } = &mut f.resource {
                *deletion_ordered = true;
            }
        },
    },
    Situation {
        name: "break-glass declared, and no rule issued (41): as every day",
        change: |request, _| request.break_glass = true,
    },
    Situation {
        name: "break-glass declared, if the city had issued a rule (41)",
        change: |request, f| {
            request.break_glass = true;
            f.service.break_glass_issued = true;
        },
    },
];

/// An identifier of the table's imaginary world.
#[expect(clippy::expect_used, reason = "literals of this file, which every run of the table goes through")]
fn id<T: std::str::FromStr<Err = model::IdError>>(text: &str) -> T {
    text.parse().expect("an identifier written in this file")
}

/// The table's time.
#[must_use]
pub const fn now() -> Timestamp {
    Timestamp::from_millis(1_795_410_000_000)
}

/// An ordinary day: everything in order, an ordinary form without disaster use, a member of the team.
#[must_use]
pub fn ordinary() -> Facts {
    Facts {
        subject: SubjectFacts {
            user_id: id("U-0001"),
            user: id("K-0001"),
            profession: Profession::Nurse,
            user_id_state: user_id::State::Active,
            user_id_suspended: false,
            qualification_suspended: false,
            facility: id("F-0001"),
            facility_state: facility::State::Approved,
            facility_suspended: false,
        },
        device: DeviceFacts {
            device: id("D-0001"),
            facility: id("F-0001"),
            certificate_state: certificate::State::Active,
            certificate_in_validity: true,
            device_suspended: false,
            assurance: Assurance::Software,
        },
        resource: Resource::Record {
            person: PersonFacts {
                person: id("P-0001"),
                eligible: true,
                consent: consent::State::Given,
                consent_store: true,
                consent_share: true,
                consent_disaster: false,
                person_suspended: false,
                in_disaster_area: false,
            },
            relation: Relation::Team(TeamRole::Member),
            deletion_ordered: false,
        },
        service: ServiceFacts::EVERYDAY,
    }
}

fn person(facts: &mut Facts, change: impl FnOnce(&mut PersonFacts)) {
    if let Resource::Record { person, .. } = &mut facts.resource {
        change(person);
    }
}

fn disaster(facts: &mut Facts, change: impl FnOnce(&mut PersonFacts)) {
    facts.service.state = service::State::DisasterUse;
    facts.service.disaster = Some(DisasterFacts { until: now().plus_seconds(3600) });
    person(facts, |person| {
        person.in_disaster_area = true;
        change(person);
    });
}
