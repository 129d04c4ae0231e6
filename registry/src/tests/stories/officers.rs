//! What only city officers decide: contracts (art. 4), and break-glass, which is off (art. 41).

use model::lifecycle::break_glass;
use model::{Action, Category, Cause};
use policy::{DecisionPoint, Request, Said};

use super::super::world::*;
use crate::{Command, ContractId};

/// Art. 4-3: one second before and at the end of the contract, and where there never was one.
#[test]
fn the_contractor_acts_inside_its_contract_only() {
    let mut world = World::new();
    world.facility("F-1");
    world.nurse("1", "F-1");
    world.device("D-1", "F-1", "K-1", 1);
    let revoke = || Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen };
    assert!(world.refused(contractor(), revoke()).contains("no contract with a contractor is in force (art. 4-3)"));
    let (from, until) = (world.now.plus_seconds(DAY), world.now.plus_seconds(2 * DAY));
    let enter = |from, until| Command::EnterContract { contractor: "Works".to_owned(), from, until };
    assert!(world.refused(clerk(), enter(from, until)).contains("may not do this"));
    assert!(world.refused(officer(), enter(until, from)).contains("before it begins"));
    assert!(world.refused(officer(), enter(begin().plus_seconds(-DAY), begin())).contains("over already"));
    world.must(officer(), enter(from, until));
    for (at, inside) in [(from.plus_seconds(-1), false), (from, true), (until.plus_seconds(-1), true), (until, false)] {
        let mut then = world.clone();
        then.now = at;
        assert_eq!(then.give(contractor(), revoke()).is_ok(), inside, "{at}");
        assert!(then.give(clerk(), revoke()).is_ok() != inside, "the city goes on: it is revoked, or can be");
    }
    // Whoever reads can say which contracts there were.
    let contract = world.snapshot.contracts().next().unwrap().clone();
    assert_eq!((contract.contractor.as_str(), contract.entered_by), ("Works", officer()));
    world.now = from;
    let end = |contract| Command::EndContract { contract, reason: "breach".to_owned() };
    assert!(world.refused(officer(), end(ContractId::new(99))).contains("no contract `99`"));
    world.must(officer(), end(contract.id));
    assert!(world.refused(contractor(), revoke()).contains("(art. 4-3)"));
    assert!(world.refused(officer(), end(contract.id)).contains("over already"));
}

/// Art. 41: off, and not to be switched on by one officer, whoever he says he is. Off again by one.
#[test]
fn break_glass_is_off_until_two_officers_issue_a_rule() {
    let mut world = World::usual();
    let point = DecisionPoint::builtin().unwrap();
    // A nurse of another facility, at a stranger's bedside, who says so.
    let opens = |world: &World| {
        let asked = Request::new(Action::Read, Category::Medication, world.now, Said::NOTHING).with_break_glass(true);
        point.decide(&asked, &world.facts("U-2", 2, "P-1")).is_permit()
    };
    assert!(!opens(&world) && !world.snapshot.service_facts(world.now).break_glass_issued);
    let propose = || Command::ProposeBreakGlass { rule: "救急時閲覧規定（令和9年4月1日）".to_owned() };
    for nobody in [clerk(), contractor(), administrator_of("F-1"), himself("U-1"), machine()] {
        for command in [propose(), Command::IssueBreakGlass] {
            assert!(world.refused(nobody.clone(), command).contains("may not do this"), "{nobody}");
        }
    }
    assert!(world.refused(officer(), Command::IssueBreakGlass).contains("no rule has been entered"));
    world.must(officer(), propose());
    assert!(!opens(&world), "one officer is not enough");
    let twin = model::Author::new(model::Office::CityOfficer, "TANAKA ");
    for same in [officer(), twin] {
        assert!(world.refused(same, Command::IssueBreakGlass).contains("needs a second city officer"));
    }
    let mut declined = world.clone();
    declined.must(second_officer(), Command::WithdrawBreakGlass { reason: "not agreed".to_owned() });
    assert!(declined.refused(second_officer(), Command::IssueBreakGlass).contains("no rule has been entered"));

    world.must(second_officer(), Command::IssueBreakGlass);
    assert!(opens(&world), "as the city would have decided");
    let issued = world.snapshot.break_glass().clone();
    assert_eq!((issued.proposed.unwrap().by, issued.issued.unwrap().by), (officer(), second_officer()));
    let changes = world.must(officer(), Command::WithdrawBreakGlass { reason: "misused".to_owned() });
    assert!(changes[0].affects().service, "whatever is open under it is judged anew");
    assert!(!opens(&world));
    assert_eq!(world.snapshot.break_glass().state, break_glass::State::Off);
    assert!(
        world.refused(officer(), Command::WithdrawBreakGlass { reason: "again".to_owned() }).contains("not possible")
    );
}
