//! Recorded decisions under other rules.

use model::{Action, Category, Profession};
use policy::matrix::{now, ordinary};
use policy::{Facts, Relation, Request, Resource, Said};

use super::{replaced, with};
use crate::replay::{Replay, Tally};
use crate::{Bench, Sources};

fn asked(action: Action, change: impl Fn(&mut Facts)) -> Vec<(Request, Facts)> {
    let mut facts = ordinary();
    change(&mut facts);
    vec![(Request::new(action, Category::Medication, now(), Said::NOTHING), facts)]
}

fn tally(same: u64, gains: u64, loses: u64) -> Tally {
    Tally { same, gains, loses }
}

#[test]
fn who_gains_and_who_loses_is_counted_by_profession_and_facility() {
    let old = Bench::new(&Sources::builtin()).unwrap();
    let new = replaced(
        "(principal.profession == Profession::\"doctor\" || principal.profession == Profession::\"pharmacist\")",
        "(principal.profession == Profession::\"nurse\" || principal.profession == Profession::\"doctor\")",
    );
    let mut replay = Replay::new(old.point(), new.point());
    let profession = |profession| move |facts: &mut Facts| facts.subject.profession = profession;
    replay.add("a", &asked(Action::Create, profession(Profession::Nurse)), false);
    replay.add("b", &asked(Action::Create, profession(Profession::Pharmacist)), true);
    replay.add("c", &asked(Action::Create, profession(Profession::Pharmacist)), true);
    replay.add("d", &asked(Action::Create, profession(Profession::Doctor)), true);
    replay.add("e", &asked(Action::Read, profession(Profession::Doctor)), true);
    // A limit refused it, not a rule.
    replay.add("f", &asked(Action::Read, profession(Profession::Doctor)), false);
    assert_eq!(replay.total(), tally(2, 1, 2));
    assert_eq!((replay.refused_otherwise, replay.by_other_rules), (1, 0));
    assert_eq!((replay.gained.concat(), replay.lost.concat()), ("a".to_owned(), "bc".to_owned()));
    let told: Vec<String> = replay
        .groups
        .iter()
        .map(|(group, tally)| {
            let Tally { same, gains, loses } = tally;
            format!("{} {} {} {same} {gains} {loses}", group.profession, group.facility, group.action)
        })
        .collect();
    assert_eq!(
        told,
        [
            "doctor F-0001 read 1 0 0",
            "doctor F-0001 create 1 0 0",
            "pharmacist F-0001 create 0 0 2",
            "nurse F-0001 create 0 1 0",
        ]
    );
}

/// A request about several persons is permitted only if each decision permits.
#[test]
fn an_entry_of_several_decisions_needs_all_of_them() {
    let old = Bench::new(&Sources::builtin()).unwrap();
    let new = with(
        r#"@id("P90-all-read") @article("18") @text_ja("閲覧") @text_en("Read.") @tell("subject")
        permit (principal is User, action == Action::"read", resource is Record)
        when { resource.relation == TeamRole::"none" && !resource.person.consentDisaster };"#,
    );
    let outsider = |disaster: bool| {
        asked(Action::Read, move |facts| {
            if let Resource::Record { person, relation, .. } = &mut facts.resource {
                person.consent_disaster = disaster;
                *relation = Relation::None;
            }
        })
    };
    let member = asked(Action::Read, |_| {});
    let mut replay = Replay::new(old.point(), new.point());
    replay.add("both open", &[member.clone(), outsider(false)].concat(), false);
    replay.add("one closed", &[member, outsider(true)].concat(), false);
    assert_eq!(replay.total(), tally(1, 1, 0));
    // By other rules than these it had been permitted.
    replay.add("older rules", &outsider(true), true);
    assert_eq!((replay.total(), replay.by_other_rules), (tally(1, 1, 1), 1));
}
