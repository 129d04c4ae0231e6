//! The whole policy as a table that people can read: who may do what, in which situation. Kept in the tree as
//! `policy/access-matrix.txt`, so that a change of a rule is a diff that the city office can review.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Authorship, Category, Profession, TeamRole, Timestamp};

use crate::decision::Decision;
use crate::facts::{
    DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, ServiceFacts, SubjectFacts,
};
use crate::point::DecisionPoint;

/// A situation: a name, and what it changes of an ordinary day.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    change: fn(&mut Request, &mut Facts),
}

impl Situation {
    /// Request and facts of an ordinary day, changed. The user's own record, where nothing else is said.
    pub(crate) fn applied(&self, action: Action, category: Category, facts: Facts) -> (Request, Facts) {
        let mut facts = facts;
        let mut request = Request::new(action, category, now()).with_authorship(Authorship::Own);
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

/// The relations of the table's rows.
const RELATIONS: [(&str, Relation); 4] = [
    ("on the team", Relation::Team(TeamRole::Member)),
    ("on duty", Relation::Duty),
    ("manager", Relation::Manager),
    ("outside", Relation::None),
];

/// The table as text.
#[must_use]
pub fn access_matrix(point: &DecisionPoint) -> String {
    let mut text = HEAD.to_owned();
    for situation in SITUATIONS {
        block(&mut text, point, situation);
    }
    legend(&mut text, point);
    text
}

const HEAD: &str = "\
# Who may do what, in which situation

Written by the rules themselves (policy/cedar), with what each decides; a test keeps it so. Whoever changes a rule
changes this table, and the change is read here. UPDATE_TEXTS=1 cargo test -p policy writes it anew.

Rows: the ten professions of art. 7, on the person's care team (member, substitute and on-call are alike), on duty for or
manager of a facility whose member is on it, or outside of all this. A record is the user's own unless it is said
otherwise.
Columns: kinds of records. In a cell five marks: read, search, create, update, delete; ✔ permitted, ✘ denied.
Behind the bar: the rules that decided anywhere in the row, by number (legend at the end). A ✘ that no forbid (F) made is
there because nothing permits it (art. 18). A row of ✘ throughout is written as one, and so are the rows that are as on an ordinary day.
The directory belongs to nobody: how the subject stands to a person makes no difference to it.

";

/// One row: what a profession may do in each category, and the rules that decided.
#[derive(Clone, PartialEq, Eq)]
struct Row {
    cells: Vec<String>,
    rules: BTreeSet<String>,
}

impl Row {
    fn is_closed(&self) -> bool {
        self.cells.iter().all(|cell| !cell.contains(['✔', '!']))
    }

    /// The same marks are one row, whichever rules made them.
    fn reads_as(&self, other: &Self) -> bool {
        self.cells == other.cells
    }
}

/// Rows that read alike, with who they are for: professions, and in which relations.
struct Group {
    row: Row,
    labels: Vec<(String, Vec<&'static str>)>,
}

impl Group {
    fn label(&mut self, professions: String, relation: &'static str) {
        match self.labels.iter_mut().find(|(known, _)| *known == professions) {
            Some((_, relations)) => relations.push(relation),
            None => self.labels.push((professions, vec![relation])),
        }
    }

    fn labels(&self) -> String {
        let text = |(professions, relations): &(String, Vec<&str>)| {
            if relations.len() == RELATIONS.len() {
                return format!("{professions}, whatever the relation");
            }
            format!("{professions}, {}", relations.join(" or "))
        };
        self.labels.iter().map(text).collect::<Vec<_>>().join("; ")
    }
}

fn block(text: &mut String, point: &DecisionPoint, situation: &Situation) {
    let _ = writeln!(text, "## {}\n", situation.name);
    let ordinary_day = SITUATIONS.first().filter(|first| first.name != situation.name);
    let mut groups: Vec<Group> = Vec::new();
    let mut unchanged: Option<Group> = None;
    for (relation_name, relation) in RELATIONS {
        let mut same: Vec<(Vec<Profession>, Row, bool)> = Vec::new();
        for profession in Profession::ALL {
            let row = row(point, situation, *profession, relation);
            let as_ever = ordinary_day.is_some_and(|day| self::row(point, day, *profession, relation) == row);
            match same.iter_mut().find(|(_, known, ever)| *ever == as_ever && (as_ever || known.reads_as(&row))) {
                Some((professions, known, _)) => {
                    professions.push(*profession);
                    known.rules.extend(row.rules);
                }
                None => same.push((vec![*profession], row, as_ever)),
            }
        }
        for (professions, row, as_ever) in same {
            let group = if as_ever {
                unchanged.get_or_insert_with(|| Group { row, labels: Vec::new() })
            } else if let Some(place) = groups.iter().position(|group| group.row.reads_as(&row)) {
                let Some(known) = groups.get_mut(place) else { continue };
                known.row.rules.extend(row.rules);
                known
            } else {
                groups.push(Group { row, labels: Vec::new() });
                let Some(new) = groups.last_mut() else { continue };
                new
            };
            group.label(names(&professions), relation_name);
        }
    }
    if groups.iter().any(|group| !group.row.is_closed()) {
        let head: Vec<String> = Category::ALL.iter().map(|column| format!("{:12}", column.as_str())).collect();
        let _ = writeln!(text, "{}", head.join(" ").trim_end());
    }
    for group in &groups {
        let rules: Vec<&str> = group.row.rules.iter().map(String::as_str).collect();
        let cells: Vec<String> = group.row.cells.iter().map(|cell| format!("{cell:12}")).collect();
        let cells = if group.row.is_closed() { "✘ throughout ".to_owned() } else { cells.join(" ") };
        let _ = writeln!(text, "{cells}| {:27} | {}", rules.join(" "), group.labels());
    }
    if let Some(unchanged) = unchanged {
        let _ = writeln!(text, "as on an ordinary day | {}", unchanged.labels());
    }
    let (_, facts) = situation.applied(Action::Read, Category::Note, ordinary());
    let public = point.decide_public(&facts.service);
    let numbers: BTreeSet<String> = numbers(&public);
    let _ = writeln!(
        text,
        "public information {} | {} | anyone, without device or user ID\n",
        mark(&public),
        numbers.into_iter().collect::<Vec<_>>().join(" ")
    );
}

fn row(point: &DecisionPoint, situation: &Situation, profession: Profession, relation: Relation) -> Row {
    let mut rules = BTreeSet::new();
    let mut cells = Vec::new();
    for category in Category::ALL {
        let mut cell = String::new();
        for action in Action::ALL {
            let mut facts = ordinary();
            facts.subject.profession = profession;
            if let Resource::Record { relation: place, .. } = &mut facts.resource {
                *place = relation;
            }
            let (request, facts) = situation.applied(*action, *category, facts);
            let decision = point.decide(&request, &facts);
            rules.extend(numbers(&decision));
            cell.push(mark(&decision));
        }
        cells.push(cell);
    }
    Row { cells, rules }
}

/// An error would be a denial that no rule made: it is shown, so that it cannot be overlooked.
const fn mark(decision: &Decision) -> char {
    match decision {
        Decision::Permit(_) => '✔',
        Decision::Denial(basis) if basis.errors.is_empty() => '✘',
        Decision::Denial(_) => '!',
    }
}

fn numbers(decision: &Decision) -> BTreeSet<String> {
    decision.basis().rules.iter().map(|rule| rule.id.number().to_owned()).collect()
}

fn names(professions: &[Profession]) -> String {
    if professions.len() == Profession::ALL.len() {
        return "all ten".to_owned();
    }
    professions.iter().map(|profession| profession.as_str()).collect::<Vec<_>>().join(" ")
}

fn legend(text: &mut String, point: &DecisionPoint) {
    text.push_str("## The rules\n\n");
    for rule in point.rules() {
        let articles: Vec<String> = rule.articles.iter().map(ToString::to_string).collect();
        let told = if rule.told_to_subject { "" } else { " [told to officers only]" };
        let _ = writeln!(text, "{} (art. {}) {} {}{told}", rule.id, articles.join(", "), rule.text_en, rule.text_ja);
    }
}

/// An identifier of the table's imaginary world.
#[expect(clippy::expect_used, reason = "literals of this file, which every run of the table goes through")]
fn id<T: std::str::FromStr<Err = model::IdError>>(text: &str) -> T {
    text.parse().expect("an identifier written in this file")
}

/// The table's time.
pub(crate) const fn now() -> Timestamp {
    Timestamp::from_millis(1_795_410_000_000)
}

/// An ordinary day: everything in order, an ordinary form without disaster use, a member of the team.
pub(crate) fn ordinary() -> Facts {
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
