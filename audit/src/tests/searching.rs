//! Searching: the same as reading everything and sorting it out by hand.

use std::thread;

use journal::Position;
use model::{Action, Timestamp};
use proptest::prelude::*;

use super::{entry, journal_in, open, outcome, release};
use crate::{Audit, Entry, EntryId, Outcome, Query, Reader, Recorded, SignIn, SignInOutcome, Verdict};

fn entries(found: Result<Vec<Recorded>, crate::AuditError>) -> Vec<Entry> {
    found.unwrap().into_iter().map(|recorded| recorded.entry).collect()
}

#[test]
fn the_newest_comes_first_with_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    for number in 0..5 {
        audit.record(&entry(number)).wait().unwrap();
    }
    audit.outcome(&outcome(&entry(3)));
    audit.release(&release(&entry(1), &["Observation/o-7", "Observation/o-8"])).wait().unwrap();
    audit.release(&release(&entry(1), &["Observation/o-9"])).wait().unwrap();
    audit.outcome(&outcome(&entry(1)));
    // Behind both: appends keep their order.
    audit.record(&entry(5)).wait().unwrap();
    let found = audit.search(&Query::default()).unwrap();
    let wanted: Vec<Recorded> = [(10, 5), (5, 4), (4, 3), (3, 2), (2, 1), (1, 0)]
        .map(|(position, number)| Recorded {
            position: Position::new(position),
            entry: entry(number),
            released: match number {
                1 => ["Observation/o-7", "Observation/o-8", "Observation/o-9"].map(str::to_owned).to_vec(),
                _ => Vec::new(),
            },
            outcome: [1, 3].contains(&number).then(|| outcome(&entry(number))),
        })
        .to_vec();
    assert_eq!(found.entries, wanted);
    assert_eq!(found.more_before, None);

    // Cut, and gone on with; the outcomes lie before where the second search begins.
    let first = audit.search(&Query { limit: 2, ..Query::default() }).unwrap();
    assert_eq!((first.entries.as_slice(), first.more_before), (&wanted[..2], Some(Position::new(5))));
    let second = audit.search(&Query { limit: 2, before: first.more_before, ..Query::default() }).unwrap();
    assert_eq!((second.entries.as_slice(), second.more_before), (&wanted[2..4], Some(Position::new(3))));
    let third = audit.search(&Query { limit: 2, before: second.more_before, ..Query::default() }).unwrap();
    assert_eq!((third.entries.as_slice(), third.more_before), (&wanted[4..], None));
}

/// What an answer holds, and its end, may stand on both sides of where a search begins, and far behind it.
#[test]
fn what_stands_behind_the_beginning_of_a_search_is_read_forward() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    for number in 0..2 {
        audit.record(&entry(number)).wait().unwrap();
    }
    audit.release(&release(&entry(0), &["Observation/o-7"])).wait().unwrap();
    let before = Some(audit.record(&entry(2)).wait().unwrap().position());
    for _ in 0..crate::bounds::STRIDE {
        drop(audit.record(&entry(3)));
    }
    audit.release(&release(&entry(0), &["Observation/o-8"])).wait().unwrap();
    audit.outcome(&outcome(&entry(0)));
    audit.record(&entry(4)).wait().unwrap();
    let found = Reader::new(journal_in(&folder)).search(&Query { before, ..Query::default() }).unwrap();
    let seen = |position: u64, number: u8, released: &[&str], ended: bool| Recorded {
        position: Position::new(position),
        entry: entry(number),
        released: released.iter().map(ToString::to_string).collect(),
        outcome: ended.then(|| outcome(&entry(number))),
    };
    assert_eq!(found.entries, [seen(2, 1, &[], false), seen(1, 0, &["Observation/o-7", "Observation/o-8"], true)]);
}

#[test]
fn histories_see_what_other_processes_append() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder), open(&folder));
    let user_id = entry(0).user_id;
    assert!(one.history_of(std::slice::from_ref(&user_id), 10).unwrap().is_empty());
    for number in 0..20 {
        other.record(&entry(number)).wait().unwrap();
        assert_eq!(entries(one.history_of(std::slice::from_ref(&user_id), 1)), [entry(number)]);
    }
    assert_eq!(one.who_saw(&entry(0).persons[0], 100).unwrap().len(), 20);
}

#[test]
fn what_is_heard_and_what_is_read_come_to_one_index() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder), open(&folder));
    // Own lines, which are not read back, between those of another process, which are.
    for number in 0..60 {
        let writer = if number % 7 < 3 { &other } else { &one };
        writer.record(&entry(number)).wait().unwrap();
        if number % 5 == 0 {
            one.release(&release(&entry(number), &["Observation/o-8"])).wait().unwrap();
        }
        writer.outcome(&outcome(&entry(number)));
    }
    drop(other);
    let fresh = open(&folder);
    let user_id = [entry(0).user_id];
    // An outcome has no receipt: it is there once what follows it is.
    one.record(&entry(61)).wait().unwrap();
    let heard = one.history_of(&user_id, 100).unwrap();
    assert_eq!(heard.len(), 61);
    assert!(heard.iter().skip(1).all(|recorded| recorded.outcome.is_some()));
    assert_eq!(heard, fresh.history_of(&user_id, 100).unwrap());
    assert_eq!(one.who_saw(&entry(0).persons[0], 100).unwrap(), fresh.who_saw(&entry(0).persons[0], 100).unwrap());
}

#[test]
fn a_history_longer_than_the_index_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    let [busy, quiet]: [model::UserId; 2] = ["busy", "quiet"].map(|id| id.parse().unwrap());
    let mut wanted = Vec::new();
    let mut last = None;
    for number in 0..700_u16 {
        let mut entry = entry(0);
        entry.id = EntryId::new([&number.to_be_bytes()[..], &[1; 14]].concat().try_into().unwrap());
        entry.user_id = if number % 100 == 3 { quiet.clone() } else { busy.clone() };
        last = Some(audit.record(&entry));
        wanted.insert(0, entry);
    }
    last.unwrap().wait().unwrap();
    let both = [busy, quiet];
    for limit in [0, 1, 100, 256, 257, 500, 1000] {
        let found = entries(audit.history_of(&both, limit));
        assert_eq!(found, wanted[..limit.min(700)], "{limit}");
        let quiet = entries(audit.history_of(&both[1..], limit));
        assert_eq!(quiet.len(), limit.min(7));
        assert!(quiet.iter().all(|entry| entry.user_id == both[1]));
    }
}

#[test]
fn the_sign_in_before_this_one_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    let nurse: model::UserId = "nurse-1".parse().unwrap();
    let sign_in = |at: i64, typed: &str, outcome: SignInOutcome| {
        let tried = SignIn {
            at: Timestamp::from_millis(at),
            user_id: typed.to_owned(),
            device: entry(0).device,
            serial: entry(0).serial,
            source: "192.0.2.1".to_owned(),
            outcome,
        };
        audit.sign_in(&tried).wait().unwrap();
        tried
    };
    assert_eq!(audit.previous_sign_in(&nurse).unwrap(), None);
    let first = sign_in(1, "nurse-1", SignInOutcome::Welcome);
    assert_eq!(audit.previous_sign_in(&nurse).unwrap(), None);
    // Neither a failed try nor somebody else's counts.
    sign_in(2, "nurse-1", SignInOutcome::Wrong);
    sign_in(3, "nurse-2", SignInOutcome::Welcome);
    let second = sign_in(4, "nurse-1", SignInOutcome::Welcome);
    assert_eq!(audit.previous_sign_in(&nurse).unwrap(), Some(first));
    sign_in(5, "nurse-1", SignInOutcome::Welcome);
    assert_eq!(audit.previous_sign_in(&nurse).unwrap(), Some(second.clone()));
    // The same after a restart.
    drop(audit);
    assert_eq!(open(&folder).previous_sign_in(&nurse).unwrap(), Some(second));
}

#[test]
fn the_index_follows_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(&folder);
    thread::scope(|scope| {
        for writer in 0..4_u8 {
            let audit = audit.clone();
            scope.spawn(move || {
                for number in 0..30_u8 {
                    let mut entry = entry(0);
                    entry.id = EntryId::new([writer + 1, number, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
                    audit.record(&entry).wait().unwrap();
                    let found = entries(audit.history_of(&[entry.user_id.clone()], 200));
                    assert!(found.iter().any(|found| found.id == entry.id), "one's own entry is in one's history");
                }
            });
        }
    });
    assert_eq!(audit.history_of(&[entry(0).user_id], 500).unwrap().len(), 120);
}

/// An entry out of small lists, so that conditions meet.
fn small_entry() -> impl Strategy<Value = Entry> {
    let persons = proptest::collection::vec(0..3_u8, 0..3);
    (0..3_u8, 0..3_u8, 0..2_u8, 0..2_u8, persons, 0..20_i64, any::<bool>(), any::<[bool; 3]>()).prop_map(
        |(user_id, user, device, facility, persons, at, reads, [permitted, disaster, break_glass])| Entry {
            user_id: format!("id-{user_id}").parse().unwrap(),
            user: format!("user-{user}").parse().unwrap(),
            device: format!("device-{device}").parse().unwrap(),
            facility: format!("facility-{facility}").parse().unwrap(),
            persons: persons.iter().map(|person| format!("person-{person}").parse().unwrap()).collect(),
            at: Timestamp::from_millis(at),
            action: Some(if reads { Action::Read } else { Action::Create }),
            verdict: if permitted { Verdict::Permitted } else { Verdict::Refused },
            disaster,
            break_glass,
            ..entry(0)
        },
    )
}

fn query() -> impl Strategy<Value = Query> {
    use proptest::option::of;
    let who = (of(0..4_u8), proptest::collection::vec(0..4_u8, 0..3), of(0..3_u8), of(0..2_u8), of(0..2_u8));
    let what = (
        of(0..20_i64),
        of(0..20_i64),
        of(any::<bool>()),
        of(any::<bool>()),
        of(0..70_u64),
        (0..12_usize, any::<[bool; 2]>()),
    );
    (who, what).prop_map(
        |((person, user_ids, user, device, facility), (from, until, reads, permitted, before, (limit, extra)))| {
            Query {
                // Numbers are random: what begins so is tested through the command line.
                id: None,
                person: person.map(|number| format!("person-{number}").parse().unwrap()),
                user_ids: user_ids.iter().map(|number| format!("id-{number}").parse().unwrap()).collect(),
                user: user.map(|number| format!("user-{number}").parse().unwrap()),
                device: device.map(|number| format!("device-{number}").parse().unwrap()),
                facility: facility.map(|number| format!("facility-{number}").parse().unwrap()),
                from: from.map(Timestamp::from_millis),
                until: until.map(Timestamp::from_millis),
                disaster: extra[0],
                break_glass: extra[1],
                action: reads.map(|reads| if reads { Action::Read } else { Action::Create }),
                verdict: permitted.map(|permitted| if permitted { Verdict::Permitted } else { Verdict::Refused }),
                before: before.map(Position::new),
                limit,
            }
        },
    )
}

/// The conditions, written a second time and the long way.
fn wanted(query: &Query, entry: &Entry) -> bool {
    let mut wanted = true;
    if let Some(person) = &query.person {
        wanted &= entry.persons.contains(person);
    }
    if !query.user_ids.is_empty() {
        wanted &= query.user_ids.contains(&entry.user_id);
    }
    wanted &= query.user.as_ref().is_none_or(|user| *user == entry.user);
    wanted &= query.device.as_ref().is_none_or(|device| *device == entry.device);
    wanted &= query.facility.as_ref().is_none_or(|facility| *facility == entry.facility);
    wanted &= query.from.is_none_or(|from| from <= entry.at);
    wanted &= query.until.is_none_or(|until| until > entry.at);
    wanted &= query.action.is_none_or(|action| entry.action == Some(action));
    wanted &= entry.disaster || !query.disaster;
    wanted &= entry.break_glass || !query.break_glass;
    wanted & query.verdict.is_none_or(|verdict| entry.verdict == verdict)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_search_is_a_naive_filter(
        mut entries in proptest::collection::vec((small_entry(), any::<bool>()), 0..40),
        queries in proptest::collection::vec(query(), 1..20),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let audit = open(&folder);
        // What stands where: an entry, and right behind it what its answer holds and its outcome, if it has one.
        let mut all: Vec<Recorded> = Vec::new();
        let mut position = 0;
        for (number, (entry, has_outcome)) in entries.iter_mut().enumerate() {
            entry.id = EntryId::new([u8::try_from(number).unwrap() + 1; 16]);
            let durable = audit.record(entry).wait().unwrap();
            position += 1;
            assert_eq!(durable.position().get(), position);
            let outcome: Option<Outcome> = has_outcome.then(|| outcome(entry));
            let mut released = Vec::new();
            if let Some(outcome) = &outcome {
                let held = release(entry, &["Observation/o-7"]);
                audit.release(&held).wait().unwrap();
                audit.outcome(outcome);
                position += 2;
                released = held.records;
            }
            all.insert(0, Recorded { position: durable.position(), entry: entry.clone(), released, outcome });
        }
        // The last outcome was not waited for; closing writes it, and a fresh log has a fresh index.
        drop(audit);
        let audit = Audit::open(journal_in(&folder)).unwrap();
        while audit.journal().head().unwrap().position.get() < position {
            std::thread::yield_now();
        }
        for query in queries {
            let mut expected: Vec<Recorded> = all
                .iter()
                .filter(|found| query.before.is_none_or(|before| found.position < before))
                .filter(|found| wanted(&query, &found.entry))
                .cloned()
                .collect();
            let found = audit.search(&query).unwrap();
            let limit = if query.limit == 0 { usize::MAX } else { query.limit };
            let cut = expected.len() > limit;
            expected.truncate(limit);
            assert_eq!(found.more_before.is_some(), cut);
            assert_eq!(found.entries, expected, "{query:?}");

            if !query.user_ids.is_empty() {
                let history = audit.history_of(&query.user_ids, query.limit).unwrap();
                let own = all.iter().filter(|found| query.user_ids.contains(&found.entry.user_id));
                assert_eq!(history, own.take(query.limit).cloned().collect::<Vec<_>>());
            }
            if let Some(person) = &query.person {
                let saw = audit.who_saw(person, query.limit).unwrap();
                let permitted = all.iter().filter(|found| {
                    found.entry.persons.contains(person) && found.entry.verdict == Verdict::Permitted
                });
                assert_eq!(saw, permitted.take(query.limit).cloned().collect::<Vec<_>>());
            }
        }
    }
}
