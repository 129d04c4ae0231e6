//! The journal against a plain vector: any sequence of operations gives the same answers.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Home, all};
use crate::{Journal, JournalError, Position, Receipt};

/// One step. Numbers are taken modulo what makes sense, so that shrinking stays simple.
#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Vec<u8>>),
    AppendAt { off_by: u64, entries: Vec<Vec<u8>> },
    Together(Vec<Vec<Vec<u8>>>),
    Read { after: u64, limit: usize },
    Snapshot { at: u64 },
    FindSnapshot { at: u64 },
    Verify { from: u64 },
    Reopen,
}

fn bodies() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..6)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => bodies().prop_map(Step::Append),
        3 => (0..3_u64, bodies()).prop_map(|(off_by, entries)| Step::AppendAt { off_by, entries }),
        2 => proptest::collection::vec(bodies(), 1..8).prop_map(Step::Together),
        4 => (0..40_u64, 0..20_usize).prop_map(|(after, limit)| Step::Read { after, limit }),
        1 => (0..40_u64).prop_map(|at| Step::Snapshot { at }),
        2 => (0..40_u64).prop_map(|at| Step::FindSnapshot { at }),
        1 => (0..40_u64).prop_map(|from| Step::Verify { from }),
        1 => Just(Step::Reopen),
    ]
}

fn agrees(home: &Home, steps: Vec<Step>) {
    let mut journal = home.journal();
    let mut model: Vec<Vec<u8>> = Vec::new();
    let mut snapshots: Vec<u64> = Vec::new();
    let length = |model: &Vec<Vec<u8>>| model.len() as u64;
    for step in steps {
        match step {
            Step::Append(entries) => {
                let appended = journal.append(entries.clone()).wait().unwrap();
                assert_eq!(appended.first.get(), length(&model) + 1);
                model.extend(entries);
                assert_eq!(appended.last.get(), length(&model));
            }
            Step::AppendAt { off_by, entries } => {
                let at = Position::new(length(&model).saturating_sub(off_by));
                let outcome = journal.append_at(at, entries.clone()).wait();
                if at.get() == length(&model) {
                    outcome.unwrap();
                    model.extend(entries);
                } else {
                    assert!(matches!(&*outcome.unwrap_err(), JournalError::HeadMoved { .. }));
                }
            }
            Step::Together(calls) => {
                let receipts: Vec<Receipt> = calls.iter().map(|call| journal.append(call.clone())).collect();
                for (call, receipt) in calls.into_iter().zip(receipts) {
                    assert_eq!(receipt.wait().unwrap().first.get(), length(&model) + 1);
                    model.extend(call);
                }
            }
            Step::Read { after, limit } => {
                let found = journal.read(Position::new(after), limit);
                if after > length(&model) && limit > 0 {
                    assert!(matches!(found, Err(JournalError::Beyond { .. })));
                } else {
                    let found: Vec<_> = found.unwrap().into_iter().map(|entry| entry.body).collect();
                    let wanted: Vec<_> = model.iter().skip(after as usize).take(limit).cloned().collect();
                    assert_eq!(found, wanted);
                }
            }
            Step::Snapshot { at } => {
                let saved = journal.save_snapshot(Position::new(at), &at.to_be_bytes());
                assert_eq!(saved.is_ok(), at <= length(&model));
                if saved.is_ok() {
                    snapshots.push(at);
                    snapshots.sort_unstable();
                    snapshots.dedup();
                    let old = snapshots.len().saturating_sub(crate::SNAPSHOTS_KEPT);
                    snapshots.drain(..old);
                }
            }
            Step::FindSnapshot { at } => {
                let found = journal.snapshot_before(Some(Position::new(at))).unwrap();
                let wanted = snapshots.iter().rev().find(|saved| **saved <= at);
                assert_eq!(found, wanted.map(|at| (Position::new(*at), at.to_be_bytes().to_vec())));
            }
            Step::Verify { from } => {
                let verified = journal.verify(Position::new(from));
                assert_eq!(
                    verified.map(|head| head.position.get()).ok(),
                    (from <= length(&model)).then_some(length(&model))
                );
            }
            Step::Reopen => {
                drop(journal);
                journal = Journal::open_existing(&home.place).unwrap();
            }
        }
    }
    assert_eq!(all(&journal), model);
    assert_eq!(journal.head().unwrap().position.get(), length(&model));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_is_a_vector(steps in proptest::collection::vec(step(), 1..40)) {
        agrees(&Home::sqlite(), steps);
    }

    #[test]
    fn postgres_is_a_vector(steps in proptest::collection::vec(step(), 1..40)) {
        // One server for all cases: it is kept as long as somebody holds it.
        static KEPT: std::sync::OnceLock<Option<Arc<Home>>> = std::sync::OnceLock::new();
        let kept = KEPT.get_or_init(|| Home::postgres().map(Arc::new));
        if kept.is_some() {
            agrees(&Home::postgres().unwrap(), steps);
        }
    }
}
