//! Order, hashes, conditions, bounds, watching within one process.

use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use super::{Home, all, entries, on_both_engines, texts};
use crate::{Appended, CALL_ENTRIES_MAX, ENTRY_BYTES_MAX, Hash, Head, Journal, JournalError, Place, Position};

on_both_engines!(
    entries_come_back_in_order_with_the_hashes_of_the_chain,
    reading_starts_and_stops_anywhere,
    a_conditional_append_holds_only_at_its_head,
    two_handles_never_both_win,
    what_one_handle_appends_the_other_sees,
    a_receipt_is_a_future,
    bounds_are_kept,
    a_head_kept_elsewhere_is_recognised,
    missing_is_an_error_and_not_made,
    dropping_the_last_handle_writes_what_waits,
    reads_do_not_wait_for_a_writer,
    many_appenders_share_transactions,
    what_nobody_waits_for_comes_with_what_somebody_does,
    settling_waits_for_what_nobody_waits_for,
    what_became_of_it_is_told_in_the_order_of_the_journal,
    it_says_that_it_hears_the_database,
    two_journals_in_one_database_do_not_mix,
);

/// The chain, written down a second time, from the documentation of `chain.rs`.
fn expected_hash(before: &Hash, position: u64, body: &[u8]) -> Hash {
    let mut text = b"sekisho journal entry 1\n".to_vec();
    text.extend(before.octets());
    text.extend(position.to_be_bytes());
    text.extend((body.len() as u64).to_be_bytes());
    text.extend(body);
    Hash::new(digest(&SHA256, &text).as_ref().try_into().unwrap())
}

fn entries_come_back_in_order_with_the_hashes_of_the_chain(home: &Home) {
    let journal = home.journal();
    assert_eq!(journal.head().unwrap(), Head::START);
    assert_eq!(journal.verify(Position::START).unwrap(), Head::START);
    assert!(journal.read(Position::START, 10).unwrap().is_empty());

    let first = journal.append(entries(&["a", "", "c"])).wait().unwrap();
    let second = journal.append(entries(&["d"])).wait().unwrap();
    let mut hash = Hash::START;
    for (entry, (position, body)) in
        journal.read(Position::START, 10).unwrap().iter().zip([(1, "a"), (2, ""), (3, "c"), (4, "d")])
    {
        hash = expected_hash(&hash, position, body.as_bytes());
        assert_eq!((entry.position.get(), entry.body.as_slice(), entry.hash), (position, body.as_bytes(), hash));
        if position == 3 {
            assert_eq!(first, Appended { first: Position::new(1), last: Position::new(3), hash });
        }
    }
    assert_eq!(second, Appended { first: Position::new(4), last: Position::new(4), hash });
    let head = Head { position: Position::new(4), hash };
    assert_eq!(journal.head().unwrap(), head);
    assert_eq!(journal.verify(Position::START).unwrap(), head);

    drop(journal);
    let again = Journal::open_existing(&home.place).unwrap();
    assert_eq!(again.head().unwrap(), head);
    assert_eq!(texts(&again), ["a", "", "c", "d"]);
}

fn reading_starts_and_stops_anywhere(home: &Home) {
    let journal = home.journal();
    // Rows of one, two, three, ... entries.
    let bodies: Vec<Vec<u8>> = (1..=21_u8).map(|number| vec![number; usize::from(number)]).collect();
    let mut rest = bodies.as_slice();
    for length in 1..=6 {
        let (row, after) = rest.split_at(length);
        journal.append(row.to_vec()).wait().unwrap();
        rest = after;
    }
    for after in 0..=21 {
        for limit in [0, 1, 2, 5, 30] {
            let found = journal.read(Position::new(after as u64), limit).unwrap();
            let wanted = &bodies[after..bodies.len().min(after + limit)];
            assert_eq!(found.iter().map(|entry| entry.body.clone()).collect::<Vec<_>>(), wanted);
        }
        let head = journal.verify(Position::new(after as u64)).unwrap();
        assert_eq!(head.position.get(), 21);
    }
    for beyond in [22, 1000, u64::MAX] {
        assert!(matches!(journal.read(Position::new(beyond), 1), Err(JournalError::Beyond { .. })));
        assert!(matches!(journal.verify(Position::new(beyond)), Err(JournalError::Beyond { .. })));
    }
}

fn a_conditional_append_holds_only_at_its_head(home: &Home) {
    let journal = home.journal();
    journal.append_at(Position::START, entries(&["a"])).wait().unwrap();
    let late = journal.append_at(Position::START, entries(&["never"])).wait().unwrap_err();
    assert!(matches!(&*late, JournalError::HeadMoved { expected, found } if expected.get() == 0 && found.get() == 1));
    let early = journal.append_at(Position::new(2), entries(&["never"])).wait().unwrap_err();
    assert!(matches!(&*early, JournalError::HeadMoved { .. }));
    journal.append_at(Position::new(1), entries(&["b"])).wait().unwrap();
    assert_eq!(texts(&journal), ["a", "b"]);

    // Queued together: those that hold are committed, those that do not fail alone.
    let receipts: Vec<_> =
        (0..20).map(|number| journal.append_at(Position::new(2 + number / 2), entries(&["x"]))).collect();
    let won = receipts.into_iter().map(crate::Receipt::wait).filter(Result::is_ok).count();
    assert_eq!(won, 10);
    assert_eq!(all(&journal).len(), 12);
}

fn two_handles_never_both_win(home: &Home) {
    let won: usize = thread::scope(|scope| {
        let climbers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let journal = home.journal();
                    let mut won = 0;
                    while won < 50 {
                        let head = journal.head().unwrap().position;
                        let body = format!("after {head}").into_bytes();
                        match journal.append_at(head, vec![body]).wait() {
                            Ok(appended) => {
                                assert_eq!(appended.first.get(), head.get() + 1);
                                won += 1;
                            }
                            Err(error) => assert!(matches!(&*error, JournalError::HeadMoved { .. }), "{error:?}"),
                        }
                    }
                    won
                })
            })
            .collect();
        climbers.into_iter().map(|climber| climber.join().unwrap()).sum()
    });
    let found = texts(&home.journal());
    assert_eq!(found.len(), won);
    assert!(found.iter().enumerate().all(|(number, text)| *text == format!("after {number}")));
}

fn what_one_handle_appends_the_other_sees(home: &Home) {
    let (one, other) = (home.journal(), home.journal());
    let mut watch = other.watch();
    assert_eq!(watch.wait_past(Position::START, Duration::ZERO), Position::START);
    for number in 1..=20 {
        one.append(entries(&["x"])).wait().unwrap();
        let seen = watch.wait_past(Position::new(number - 1), Duration::from_secs(10));
        assert_eq!(seen.get(), number);
    }
    // And its own appends at once: known when the receipt is.
    let mut watch = one.watch();
    let appended = one.append(entries(&["y"])).wait().unwrap();
    assert_eq!(watch.wait_past(Position::START, Duration::ZERO), appended.last);
    drop(one);
    assert!(watch.is_closed());
    assert_eq!(watch.wait_past(appended.last, Duration::from_millis(1)), appended.last);
}

/// The smallest executor: parks until woken.
#[derive(Default)]
struct Parked {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

fn a_receipt_is_a_future(home: &Home) {
    let journal = home.journal();
    for _ in 0..20 {
        let parked = Arc::new(Parked::default());
        let waker = Waker::from(Arc::clone(&parked));
        let mut receipt = std::pin::pin!(journal.append(entries(&["x"])));
        let appended = loop {
            match receipt.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => break outcome.unwrap(),
                Poll::Pending => {
                    let woken = parked.woken.lock().unwrap();
                    *parked.changed.wait_while(woken, |woken| !*woken).unwrap() = false;
                }
            }
        };
        assert_eq!(journal.head().unwrap().position, appended.last);
    }
}

fn bounds_are_kept(home: &Home) {
    let journal = home.journal();
    assert!(matches!(&*journal.append(Vec::new()).wait().unwrap_err(), JournalError::Nothing));
    let failed = |entries| matches!(&*journal.append(entries).wait().unwrap_err(), JournalError::TooLarge { .. });
    assert!(failed(vec![vec![0; ENTRY_BYTES_MAX + 1]]));
    assert!(failed(vec![Vec::new(); CALL_ENTRIES_MAX + 1]));
    assert!(failed(vec![vec![0; ENTRY_BYTES_MAX]; 9]));
    assert_eq!(journal.head().unwrap(), Head::START);
    // The largest entry passes, as often as a call takes; reading them stops at its own bound and goes on from there.
    for _ in 0..4 {
        journal.append(vec![vec![7; ENTRY_BYTES_MAX]; 8]).wait().unwrap();
    }
    let found = journal.read(Position::START, 1000).unwrap().len();
    assert!((8..32).contains(&found), "{found}");
    assert_eq!(all(&journal).len(), 32);

    // A queue that is full says so, at once, and takes more when there is room again.
    let receipts: Vec<_> = (0..40).map(|_| journal.append(vec![vec![1; ENTRY_BYTES_MAX]; 8])).collect();
    let outcomes: Vec<_> = receipts.into_iter().map(crate::Receipt::wait).collect();
    let busy = outcomes.iter().filter(|o| matches!(o, Err(error) if matches!(**error, JournalError::Busy))).count();
    assert!(busy >= 1 && outcomes.iter().filter(|o| o.is_ok()).count() == 40 - busy, "{busy}");
    journal.append(entries(&["room again"])).wait().unwrap();
}

fn a_head_kept_elsewhere_is_recognised(home: &Home) {
    let journal = home.journal();
    journal.append(entries(&["a", "b"])).wait().unwrap();
    let kept = journal.head().unwrap();
    journal.append(entries(&["c"])).wait().unwrap();
    journal.holds(&kept).unwrap();
    journal.holds(&Head::START).unwrap();
    for entry in journal.read(Position::START, 10).unwrap() {
        journal.holds(&Head { position: entry.position, hash: entry.hash }).unwrap();
    }
    let other = Head { hash: Hash::new([1; 32]), ..kept };
    assert!(matches!(journal.holds(&other), Err(JournalError::Rewritten { .. })));
    let longer = Head { position: Position::new(4), ..kept };
    assert!(matches!(journal.holds(&longer), Err(JournalError::Rewritten { .. })));
}

#[test]
fn a_head_is_written_down_and_read_back() {
    let head = Head { position: Position::new(120), hash: Hash::new(*b"0123456789abcdef0123456789ABCDEF") };
    let text = "120:3031323334353637383961626364656630313233343536373839414243444546";
    assert_eq!(head.to_string(), text);
    assert_eq!(text.parse::<Head>().unwrap(), head);
    assert_eq!(Head::START.to_string().parse::<Head>().unwrap(), Head::START);
    for wrong in
        ["", "120", "120:", &text[..text.len() - 1], &text[1..].replace("20:", "-20:"), "120:é", ":", &text[3..]]
    {
        assert!(matches!(wrong.parse::<Head>(), Err(JournalError::NoHead { .. })), "{wrong}");
    }
    let signs = format!("1:{}", "+1".repeat(32));
    assert!(signs.parse::<Head>().is_err(), "a sign is no digit");
}

fn missing_is_an_error_and_not_made(home: &Home) {
    assert!(matches!(Journal::open_existing(&home.place), Err(JournalError::Missing { .. })));
    assert!(matches!(Journal::cut_torn_tail(&home.place, &Head::START), Err(JournalError::Missing { .. })));
    assert!(matches!(Journal::open_existing(&home.place), Err(JournalError::Missing { .. })));
    home.journal();
    Journal::open_existing(&home.place).unwrap();
}

fn dropping_the_last_handle_writes_what_waits(home: &Home) {
    let journal = home.journal();
    let receipts: Vec<_> = (0..100).map(|number: u32| journal.append(vec![number.to_be_bytes().to_vec()])).collect();
    drop(journal);
    assert!(receipts.into_iter().all(|receipt| receipt.wait().is_ok()));
    assert_eq!(all(&home.journal()).len(), 100);
}

fn reads_do_not_wait_for_a_writer(home: &Home) {
    let journal = home.journal();
    journal.append(entries(&["a"])).wait().unwrap();
    // Somebody holds the writers' lock.
    let hold = match &home.place {
        Place::Sqlite { file } => {
            let db = rusqlite::Connection::open(file).unwrap();
            db.execute_batch("BEGIN IMMEDIATE").unwrap();
            Box::new(db) as Box<dyn std::any::Any>
        }
        Place::Postgres { url, name } => {
            let mut client = ::postgres::Client::connect(url, ::postgres::NoTls).unwrap();
            client.batch_execute(&format!("BEGIN; LOCK TABLE {name}_head IN EXCLUSIVE MODE")).unwrap();
            Box::new(client)
        }
    };
    let waiting = journal.append(entries(&["b"]));
    assert_eq!(texts(&journal), ["a"]);
    assert_eq!(journal.verify(Position::START).unwrap().position.get(), 1);
    drop(hold);
    waiting.wait().unwrap();
    assert_eq!(texts(&journal), ["a", "b"]);
}

fn many_appenders_share_transactions(home: &Home) {
    let journal = home.journal();
    thread::scope(|scope| {
        for writer in 0..16_u8 {
            let journal = journal.clone();
            scope.spawn(move || {
                for number in 0..50_u8 {
                    let appended = journal.append(vec![vec![writer, number]; 2]).wait().unwrap();
                    assert_eq!(appended.last.get(), appended.first.get() + 1);
                    let found = journal.read(Position::new(appended.first.get() - 1), 2).unwrap();
                    assert!(found.iter().all(|entry| entry.body == [writer, number]));
                    assert_eq!(found.last().unwrap().hash, appended.hash);
                }
            });
        }
    });
    let found = all(&journal);
    assert_eq!(found.len(), 1600);
    for writer in 0..16 {
        let own: Vec<u8> = found.iter().filter(|body| body[0] == writer).map(|body| body[1]).collect();
        assert!(own.is_sorted() && own.len() == 100, "each appender's entries keep their order");
    }
    journal.verify(Position::START).unwrap();
}

fn it_says_that_it_hears_the_database(home: &Home) {
    let journal = home.journal();
    thread::sleep(Duration::from_millis(500));
    // Asked all the while, though nothing was appended. A second leaves room for a busy machine.
    assert!(journal.silent_for() < Duration::from_secs(1), "{:?}", journal.silent_for());
}

fn two_journals_in_one_database_do_not_mix(home: &Home) {
    let (one, other) = (home.journal(), Journal::open(&home.another()).unwrap());
    one.append(entries(&["one"])).wait().unwrap();
    other.append(entries(&["other", "other"])).wait().unwrap();
    assert_eq!(texts(&one), ["one"]);
    assert_eq!(texts(&other), ["other", "other"]);
}

#[test]
fn only_letters_name_a_journal() {
    for name in ["", "A", "a b", "a;b", "a\"b", "_a", "a1", &"a".repeat(41)] {
        let place = Place::Postgres { url: "host=/nowhere".to_owned(), name: name.to_owned() };
        assert!(matches!(Journal::open(&place), Err(JournalError::NotAJournal { .. })), "{name}");
    }
}

#[test]
fn a_password_shows_in_no_message() {
    for url in ["host=/nowhere password=hunter2 user=x", "postgres://x:hunter2@[", "hunter2"] {
        let place = Place::Postgres { url: url.to_owned(), name: "audit".to_owned() };
        let error = Journal::open(&place).unwrap_err();
        let mut text = format!("{place} {place:?} {error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn another_programs_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE precious (x)").unwrap();
    let before = std::fs::read(&file).unwrap();
    let place = Place::Sqlite { file: file.clone() };
    assert!(matches!(Journal::open(&place), Err(JournalError::NotAJournal { .. })));
    assert!(matches!(Journal::open_existing(&place), Err(JournalError::NotAJournal { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    std::fs::write(&file, "these are no pages of a database, only text, but long enough to look like some".repeat(20))
        .unwrap();
    assert!(matches!(Journal::open(&place), Err(JournalError::NotAJournal { .. })));
}

/// SQLite's last connection takes the write-ahead log back: nothing may hold one any more, and no two may go at once, since each
/// would leave that to the other.
#[test]
fn a_closed_journal_is_one_file_at_rest() {
    for round in 0..200 {
        let home = Home::sqlite();
        let journal = home.journal();
        journal.append(entries(&["somewhere in here"])).wait().unwrap();
        // Every reader has a connection.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5).for_each(|_| assert_eq!(texts(&journal), ["somewhere in here"])));
            }
        });
        drop(journal);
        let Place::Sqlite { file } = &home.place else { unreachable!() };
        assert!(!file.with_file_name("journal.db-wal").exists(), "{round}");
        assert!(std::fs::read(file).unwrap().windows(9).any(|window| window == b"somewhere"), "{round}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::sqlite();
    let journal = home.journal();
    journal.append(entries(&["secret"])).wait().unwrap();
    let Place::Sqlite { file } = &home.place else { unreachable!() };
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let mode = std::fs::metadata(file.with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

fn what_nobody_waits_for_comes_with_what_somebody_does(home: &Home) {
    let journal = home.journal();
    let (tell, told) = mpsc::channel();
    let note = |name: &'static str| {
        let tell = tell.clone();
        move |outcome: &Result<Appended, Arc<JournalError>>| {
            tell.send((name, outcome.as_ref().map(|appended| appended.first.get()).ok())).unwrap();
        }
    };
    journal.append_soon(entries(&["an outcome"]), note("soon"));
    let receipt = journal.append_then(entries(&["an entry"]), note("then"));
    receipt.wait().unwrap();
    // The entry's receipt says that both are there, in order.
    assert_eq!(texts(&journal), ["an outcome", "an entry"]);
    assert_eq!([told.recv().unwrap(), told.recv().unwrap()], [("soon", Some(1)), ("then", Some(2))]);
    // And alone it does not wait for ever.
    journal.append_soon(entries(&["alone"]), note("alone"));
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(("alone", Some(3))));
    // What breaks a bound is told too.
    journal.append_soon(Vec::new(), note("nothing"));
    assert_eq!(told.recv(), Ok(("nothing", None)));
}

fn settling_waits_for_what_nobody_waits_for(home: &Home) {
    let journal = home.journal();
    for round in 0..20 {
        journal.append_soon(entries(&["soon"]), |_| {});
        journal.settle().unwrap();
        assert_eq!(texts(&journal).len(), round + 1);
    }
    // It adds nothing by itself.
    let head = journal.head().unwrap();
    journal.settle().unwrap();
    assert_eq!(journal.head().unwrap(), head);
}

fn what_became_of_it_is_told_in_the_order_of_the_journal(home: &Home) {
    let journal = home.journal();
    let told = Arc::new(Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..50 {
                    let told = Arc::clone(&told);
                    let note = move |outcome: &Result<Appended, Arc<JournalError>>| {
                        told.lock().unwrap().push(outcome.as_ref().unwrap().first);
                    };
                    if number % 3 == 0 {
                        journal.append_soon(entries(&["soon"]), note);
                    } else {
                        journal.append_then(entries(&["then"]), note).wait().unwrap();
                    }
                }
            });
        }
    });
    journal.settle().unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 200);
    assert!(told.is_sorted());
}
