//! What was changed behind the journal's back is found, and never read as if it were true.

use std::fs;
use std::path::Path;

use super::{Home, all, entries, on_both_engines, texts};
use crate::engine::{Connection, Sqlite};
use crate::{Cut, End, Head, Journal, JournalError, Place, Position, tail};

on_both_engines!(
    every_kind_of_change_in_the_middle_is_found,
    a_torn_end_is_refused_named_and_cut_on_demand,
    a_head_record_that_disagrees_is_a_torn_end,
    damage_in_the_middle_is_not_cut,
    a_changed_entry_is_named_wherever_it_lies,
);

/// Ten rows of two entries.
fn written(home: &Home) -> Vec<String> {
    let journal = home.journal();
    for number in 0..10 {
        let (one, two) = (format!("entry {number} one"), format!("entry {number} two"));
        journal.append(entries(&[&one, &two])).wait().unwrap();
    }
    texts(&journal)
}

/// Cuts, keeping what is in order.
fn cut_all(home: &Home) -> Result<Cut, JournalError> {
    let keep = Journal::end_of(&home.place)?.intact;
    Journal::cut_torn_tail(&home.place, &keep).map(Option::unwrap)
}

fn every_kind_of_change_in_the_middle_is_found(home: &Home) {
    written(home);
    let whole = "CREATE TABLE kept AS SELECT * FROM {n}batch";
    home.tamper(&whole.replace("kept", "{n}kept"));
    let changes = [
        // An entry changed, with the same length: 'one' becomes 'two'.
        "UPDATE {n}batch SET body = (SELECT body FROM {n}batch WHERE first = 3) WHERE first = 5",
        "UPDATE {n}batch SET hash = (SELECT hash FROM {n}batch WHERE first = 3) WHERE first = 5",
        "UPDATE {n}batch SET count = 1 WHERE first = 5",
        "UPDATE {n}batch SET count = 3 WHERE first = 5",
        "UPDATE {n}batch SET count = -7 WHERE first = 5",
        "UPDATE {n}batch SET first = 6 WHERE first = 5",
        "UPDATE {n}batch SET first = -5 WHERE first = 5",
        "DELETE FROM {n}batch WHERE first = 5",
        "DELETE FROM {n}batch WHERE first < 5",
        "DELETE FROM {n}batch WHERE first >= 5",
        "DELETE FROM {n}batch",
        "INSERT INTO {n}batch SELECT 6, count, hash, body FROM {n}batch WHERE first = 5",
        "UPDATE {n}batch SET body = CAST('' AS bytea) WHERE first = 5",
        // Two rows change places.
        "UPDATE {n}batch SET first = -5 WHERE first = 5; UPDATE {n}batch SET first = 5 WHERE first = 7;
         UPDATE {n}batch SET first = 7 WHERE first = -5",
        "UPDATE {n}head SET position = 18",
        "UPDATE {n}head SET position = 22",
        "UPDATE {n}head SET hash = (SELECT hash FROM {n}batch WHERE first = 3)",
        "UPDATE {n}head SET hash = CAST('short' AS bytea)",
        "DELETE FROM {n}head",
    ];
    // Verified by a handle that was open all the while; whole again in between.
    let journal = home.journal();
    home.tamper("CREATE TABLE {n}kept_head AS SELECT * FROM {n}head");
    for change in changes {
        home.tamper(change);
        let found = journal.verify(Position::START);
        assert!(found.is_err(), "{change}: {found:?}");
        home.tamper("DELETE FROM {n}batch; INSERT INTO {n}batch SELECT * FROM {n}kept");
        home.tamper("DELETE FROM {n}head; INSERT INTO {n}head SELECT * FROM {n}kept_head");
        journal.verify(Position::START).unwrap();
    }
    // Reading finds it too, at the place.
    home.tamper("UPDATE {n}batch SET body = (SELECT body FROM {n}batch WHERE first = 3) WHERE first = 5");
    assert_eq!(journal.read(Position::START, 4).unwrap().len(), 4);
    let Err(JournalError::Damaged { intact, .. }) = journal.read(Position::START, 20) else { panic!("not found") };
    assert_eq!(intact.get(), 4);
    home.tamper("DELETE FROM {n}batch WHERE first = 5");
    assert!(matches!(journal.read(Position::new(4), 1), Err(JournalError::Damaged { .. })));
    assert!(matches!(journal.read(Position::new(5), 1), Err(JournalError::Damaged { .. })));
    assert!(matches!(journal.read(Position::new(6), 1), Err(JournalError::Damaged { .. })));
}

fn a_torn_end_is_refused_named_and_cut_on_demand(home: &Home) {
    let before = written(home);
    let kept = home.journal().head().unwrap();
    assert_eq!(Journal::cut_torn_tail(&home.place, &kept).unwrap(), None);
    assert_eq!(Journal::end_of(&home.place).unwrap(), End { intact: kept, claimed: kept, torn: None });
    {
        let journal = home.journal();
        journal.save_snapshot(Position::new(18), b"at 18").unwrap();
        journal.save_snapshot(Position::new(20), b"at 20").unwrap();
    }
    home.tamper("UPDATE {n}batch SET body = CAST('torn' AS bytea) WHERE first = 19");
    let Err(JournalError::TornTail { intact, .. }) = Journal::open(&home.place) else { panic!("not found") };
    assert_eq!(intact.get(), 18);
    // Refusing repairs nothing.
    assert!(matches!(Journal::open_existing(&home.place), Err(JournalError::TornTail { .. })));

    // Nor does looking; and what is not what is in order is not kept.
    let end = Journal::end_of(&home.place).unwrap();
    assert_eq!((end.intact.position.get(), end.claimed, end.torn.is_some()), (18, kept, true));
    for other in [kept, Head::START, Head { hash: kept.hash, ..end.intact }] {
        let refused = Journal::cut_torn_tail(&home.place, &other);
        assert!(
            matches!(refused, Err(JournalError::OtherHead { intact, keep }) if (*intact, *keep) == (end.intact, other))
        );
    }
    assert_eq!(Journal::end_of(&home.place).unwrap(), end);

    let cut = cut_all(home).unwrap();
    assert_eq!((cut.intact, cut.claimed), (end.intact, kept));
    assert_eq!(cut.rows, [(Position::new(19), b"torn".to_vec())]);
    let journal = home.journal();
    assert_eq!(texts(&journal), before[..18]);
    assert_eq!(journal.snapshot_before(None).unwrap().unwrap().0.get(), 18);
    journal.append(entries(&["after the cut"])).wait().unwrap();
    journal.verify(Position::START).unwrap();
    // Somebody who kept the old head sees that something is gone.
    assert!(matches!(journal.holds(&kept), Err(JournalError::Rewritten { .. })));
    home.tamper("UPDATE {n}batch_cut SET count = count"); // the table is there
}

fn a_head_record_that_disagrees_is_a_torn_end(home: &Home) {
    let before = written(home);
    // The last two rows were lost, the head record was not.
    home.tamper("DELETE FROM {n}batch WHERE first > 16");
    let Err(JournalError::TornTail { intact, .. }) = Journal::open(&home.place) else { panic!("not found") };
    assert_eq!(intact.get(), 16);
    let cut = cut_all(home).unwrap();
    assert_eq!((cut.intact.position.get(), cut.claimed.position.get(), cut.rows.len()), (16, 20, 0));
    assert_eq!(texts(&home.journal()), before[..16]);
    // Everything was lost.
    home.tamper("DELETE FROM {n}batch");
    assert!(matches!(Journal::open(&home.place), Err(JournalError::TornTail { .. })));
    let cut = cut_all(home).unwrap();
    assert_eq!((cut.intact, cut.claimed.position.get()), (Head::START, 16));
    assert!(all(&home.journal()).is_empty());
}

fn damage_in_the_middle_is_not_cut(home: &Home) {
    {
        let journal = home.journal();
        (0..100).for_each(|_| assert!(journal.append(entries(&["x"])).wait().is_ok()));
    }
    home.tamper("UPDATE {n}batch SET body = CAST('y' AS bytea) WHERE first = 37");
    let place = |error: Option<JournalError>| match error {
        Some(JournalError::Changed { first, last, behind, .. }) => (first.get(), last.get(), behind),
        other => panic!("not found: {other:?}"),
    };
    assert_eq!(place(Journal::end_of(&home.place).err()), (37, 37, 63));
    assert_eq!(place(Journal::cut_torn_tail(&home.place, &Head::START).err()), (37, 37, 63));
    // Nor does it keep the journal from opening for what it can still prove; verifying finds it.
    home.tamper("UPDATE {n}batch SET body = (SELECT body FROM {n}batch WHERE first = 1) WHERE first = 37");
    home.tamper("UPDATE {n}batch SET body = CAST('y' AS bytea) WHERE first = 36");
    let journal = home.journal();
    assert_eq!(journal.head().unwrap().position.get(), 100);
    assert_eq!(place(journal.verify(Position::START).err()), (36, 36, 64));
}

/// However few entries there are: nobody is told to cut thirty that are in order.
fn a_changed_entry_is_named_wherever_it_lies(home: &Home) {
    written(home);
    home.tamper("CREATE TABLE {n}kept AS SELECT * FROM {n}batch");
    for (change, named) in [
        ("UPDATE {n}batch SET body = (SELECT body FROM {n}batch WHERE first = 3) WHERE first = 5", (5, 6, 14)),
        ("UPDATE {n}batch SET hash = (SELECT hash FROM {n}batch WHERE first = 3) WHERE first = 5", (5, 6, 14)),
        ("UPDATE {n}batch SET body = CAST('' AS bytea) WHERE first = 17", (17, 18, 2)),
        // What takes the place of an entry that is gone cannot be judged either.
        ("DELETE FROM {n}batch WHERE first = 5", (5, 8, 12)),
        ("UPDATE {n}batch SET body = CAST('' AS bytea) WHERE first IN (5, 7, 15)", (5, 8, 12)),
    ] {
        home.tamper(change);
        match Journal::open(&home.place) {
            Err(JournalError::Changed { first, last, behind, .. }) => {
                assert_eq!((first.get(), last.get(), behind), named, "{change}");
            }
            other => panic!("{change}: {other:?}"),
        }
        home.tamper("DELETE FROM {n}batch; INSERT INTO {n}batch SELECT * FROM {n}kept");
    }
    home.tamper("UPDATE {n}batch SET body = CAST('' AS bytea) WHERE first = 19");
    assert!(matches!(Journal::open(&home.place), Err(JournalError::TornTail { .. })), "the last is the end");
}

/// Each byte of the file in turn: whatever it hits, the journal gives the truth or an error, never something else.
#[test]
fn no_byte_of_the_file_can_be_changed_unseen() {
    let home = Home::sqlite();
    let truth = written(&home);
    let Place::Sqlite { file } = &home.place else { unreachable!() };
    // Everything into the one file.
    rusqlite::Connection::open(file).unwrap().execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let whole = fs::read(file).unwrap();
    // Entries and hashes, wherever they lie; and every 29th byte of everything else.
    let content = |at: usize| {
        whole[at.saturating_sub(40)..(at + 40).min(whole.len())].windows(6).any(|window| window == b"entry ")
    };
    let (mut tried, mut found) = (0, 0);
    for at in (0..whole.len()).filter(|at| at % 29 == 0 || content(*at)) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        tried += 1;
        match truth_of(file, &changed) {
            Ok(read) => assert_eq!(read, truth, "byte {at} went unseen"),
            Err(_) => found += 1,
        }
    }
    assert!(tried > 1000 && found > 500, "{found} of {tried}");
    // And the file cut anywhere.
    for length in (0..whole.len()).step_by(397) {
        if let Ok(read) = truth_of(file, &whole[..length]) {
            assert_eq!(read, truth, "cut at {length}");
        }
    }
}

/// What a journal with this content says of itself, without its threads, so that thousands can be asked.
fn truth_of(file: &Path, content: &[u8]) -> Result<Vec<String>, JournalError> {
    for name in ["journal.db-wal", "journal.db-shm"] {
        drop(fs::remove_file(file.with_file_name(name)));
    }
    fs::write(file, content).unwrap();
    let place = Place::Sqlite { file: file.to_owned() };
    let mut connection = Sqlite::open(&place, file)?;
    let head = tail::check(&mut connection)?;
    let stretch = connection.rows(Position::new(1), 1000, usize::MAX)?;
    let mut chain = crate::chain::Chain::from(stretch.before);
    let mut found = Vec::new();
    for row in &stretch.rows {
        chain.follow(row, |_, body| found.push(String::from_utf8_lossy(body).into_owned()))?;
    }
    if chain.head() == head {
        return Ok(found);
    }
    Err(JournalError::Damaged { intact: chain.head().position, why: "another head".to_owned() })
}
