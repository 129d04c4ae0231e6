//! The city is as the mix says, and who may open what is as our policy has it.

use anomaly::event::{Person, Refusal, User, Why};
use model::{Profession, Timestamp};

use super::*;
use crate::calendar::{Calendar, DAY};
use crate::mix::Mix;
use crate::rng::Rng;

fn city(mix: &str) -> (City, Mix, Calendar) {
    let mix = Mix::read(mix).unwrap();
    let city = City::found(&mix, 400, 1);
    let calendar = Calendar::new(&mix.city.start).unwrap();
    (city, mix, calendar)
}

/// On a working day at noon, when nobody is on duty by roster.
fn noon(calendar: &Calendar) -> Timestamp {
    calendar.at(1, 12.0)
}

/// Somebody with a person on his panel, and a person of his facility who is not.
fn somebody(city: &City, such: impl Fn(&Worker) -> bool) -> (User, Person, Person) {
    let found = city.users().find_map(|(user, worker)| {
        let own = worker.panel.first()?;
        let house = city.house(worker.facility)?;
        let other = house.persons.iter().find(|person| !worker.panel.contains(person))?;
        such(worker).then_some((user, *own, *other))
    });
    found.unwrap()
}

#[test]
fn shares_and_teams_are_as_the_mix_says() {
    let (city, mix, _) = city("");
    let nurses = city.workers.iter().filter(|worker| worker.profession == Profession::Nurse).count();
    assert_eq!((city.workers.len(), nurses), (400, 88));
    assert_eq!(city.persons.len(), 476);
    for person in city.persons.iter().filter(|person| person.stopped.is_none()) {
        for team in &person.team {
            let rotation = mix.profession.of(team.profession).rotation as usize;
            assert!((1..=rotation).contains(&team.users.len()), "{team:?}");
            assert!(team.users.iter().all(|user| city.worker(*user).unwrap().facility == team.facility), "{team:?}");
        }
        assert_eq!(person.team.iter().filter(|team| team.profession == Profession::Doctor).count(), 1);
    }
    for house in &city.houses {
        let heads = house.users.iter().filter(|user| city.worker(**user).unwrap().manages).count();
        assert_eq!(heads, 1);
    }
}

#[test]
fn a_seed_is_a_city() {
    let mix = Mix::default();
    let [one, same, other] = [1, 1, 2].map(|seed| format!("{:?}", City::found(&mix, 100, seed)));
    assert!(one == same && one != other);
}

#[test]
fn the_team_may_and_others_may_not() {
    let (city, _, calendar) = city("");
    let (user, own, other) = somebody(&city, |worker| !worker.manages && !worker.city_right);
    let at = noon(&calendar);
    assert_eq!(city.access(user, own, at), Access::Permitted(Why::Team));
    assert_eq!(city.access(user, other, at), Access::Refused(Refusal::NotAvailable));
    assert_eq!(city.access(user, Person(9_999), at), Access::Refused(Refusal::NotAvailable));
}

#[test]
fn heads_may_and_nothing_explains_it_until_something_does() {
    let (mut city, _, calendar) = city("");
    let (user, _, other) = somebody(&city, |worker| worker.manages);
    let (at, tomorrow) = (noon(&calendar), noon(&calendar).plus_millis(DAY));
    assert_eq!(city.access(user, other, at), Access::Permitted(Why::Right));
    city.facts.visits.insert((user, other), tomorrow);
    assert_eq!(city.access(user, other, at), Access::Permitted(Why::Visit));
    assert_eq!(city.access(user, other, tomorrow), Access::Permitted(Why::Right), "it was yesterday");
    city.facts.visits.clear();
    city.facts.errands.insert(user, Errand { until: tomorrow, scope: Scope::Facility });
    assert_eq!(city.access(user, other, at), Access::Permitted(Why::Duty));
}

#[test]
fn every_fact_permits_for_its_time() {
    let (mut city, _, calendar) = city("");
    let (user, _, other) = somebody(&city, |worker| !worker.manages && !worker.city_right);
    let (at, tomorrow) = (noon(&calendar), noon(&calendar).plus_millis(DAY));
    let facility = city.worker(user).unwrap().facility;
    city.facts.substitutes.insert((user, other), tomorrow);
    assert_eq!(city.access(user, other, at), Access::Permitted(Why::Team));
    city.facts.substitutes.clear();
    city.facts.called.insert((user, other), tomorrow);
    assert_eq!(city.access(user, other, at), Access::Permitted(Why::Visit));
    city.facts.forget(tomorrow);
    city.facts.visits.insert((user, other), tomorrow);
    assert_eq!(city.access(user, other, at), Access::Refused(Refusal::NotAvailable), "a visit alone permits nothing");
    city.facts.emergencies.insert((user, other), tomorrow);
    assert_eq!(city.access(user, other, at), Access::Permitted(Why::Emergency));
    let evening = calendar.at(1, 19.0);
    city.facts.duty[1] = vec![None; city.houses.len()];
    city.facts.duty[1][facility.0 as usize] = Some(user);
    city.facts.visits.clear();
    assert_eq!(city.access(user, other, evening), Access::Permitted(Why::Duty));
    let what = Meanwhile { disaster: true, ..Meanwhile::default() };
    city.conditions.push(Condition { burst: 0, from: at, until: tomorrow, what });
    city.facts.forget(tomorrow);
    assert_eq!(city.access(user, other, at), Access::Permitted(Why::Disaster));
}

#[test]
fn wrong_rules_refuse_their_share() {
    let (mut city, _, calendar) = city("");
    let at = noon(&calendar);
    let what = Meanwhile { refused: 0.3, ..Meanwhile::default() };
    city.conditions.push(Condition { burst: 0, from: at, until: at.plus_millis(DAY), what });
    let own: Vec<(User, Person)> =
        city.users().flat_map(|(user, worker)| worker.panel.iter().map(move |person| (user, *person))).collect();
    let refused = own.iter().filter(|(user, person)| !city.access(*user, *person, at).is_explained()).count();
    let share = refused as f64 / own.len() as f64;
    assert!((0.25..0.35).contains(&share), "{share} of {}", own.len());
}

#[test]
fn when_support_stops_the_team_hears_so_and_others_hear_nothing() {
    let (mut city, _, calendar) = city("");
    let at = noon(&calendar);
    let (user, own, _) = somebody(&city, |worker| !worker.city_right);
    let (stranger, ..) = somebody(&city, |worker| !worker.panel.contains(&own) && !worker.city_right);
    city.stop(own, at);
    assert_eq!(city.access(user, own, at), Access::Refused(Refusal::Stopped));
    assert_eq!(city.access(stranger, own, at), Access::Refused(Refusal::NotAvailable));
    assert!(!city.worker(user).unwrap().panel.contains(&own));
}

#[test]
fn whoever_leaves_hands_his_persons_over() {
    let (mut city, _, calendar) = city("");
    let at = noon(&calendar);
    let (user, own, _) = somebody(&city, |worker| worker.profession == Profession::Nurse && !worker.manages);
    let facility = city.worker(user).unwrap().facility;
    city.part(user, at);
    assert!(!city.works(user, at) && !city.person(own).unwrap().is_on_team(user));
    assert!(city.person(own).unwrap().is_cared_for_by(facility));
    let heirs = city.house(facility).unwrap().users.clone();
    assert!(!heirs.contains(&user) && heirs.iter().any(|heir| city.person(own).unwrap().is_on_team(*heir)));
}

#[test]
fn a_month_changes_as_much_as_it_should() {
    let (mut city, mix, calendar) = city("[churn]\njoin = 0.2\nleave = 0.1\npersons = 0.3\nterminals = 0.2");
    let (users, persons, terminals) = (city.workers.len(), city.persons.len(), city.terminals.len());
    let mut stopped = 0;
    for number in 0..30 {
        let mut rng = Rng::of(1, &[u64::from(number)]);
        let day = calendar.day(number);
        stopped += city.change(&mix, calendar.midnight(number), day.is_working(), &mut rng).stopped.len();
    }
    let joined = city.workers.len() - users;
    let left = city.workers.iter().filter(|worker| worker.until.is_some()).count();
    let new = city.persons.len() - persons;
    assert!((50..=110).contains(&joined) && (12..=60).contains(&left), "{joined} joined, {left} left");
    assert!((90..=190).contains(&new) && (80..=190).contains(&stopped), "{new} came, {stopped} stopped");
    assert!(city.terminals.len() - terminals > 60, "{}", city.terminals.len() - terminals);
}
