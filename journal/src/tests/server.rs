//! A PostgreSQL server that stops, crashes and comes back.

use std::thread;
use std::time::{Duration, Instant};

use super::{entries, texts, without_postgres};
use crate::testing::Postgres;
use crate::{Journal, JournalError, Place, Position};

#[test]
fn a_lost_server_is_an_error_and_then_forgotten() {
    if without_postgres() {
        return;
    }
    let server = Postgres::start().unwrap();
    let journal = Journal::open(&server.place()).unwrap();
    let mut watch = journal.watch();
    journal.append(entries(&["before"])).wait().unwrap();

    server.stop_server().unwrap();
    let error = journal.append(entries(&["never"])).wait().unwrap_err();
    assert!(matches!(&*error, JournalError::Unreachable { .. }), "{error:?}");
    assert!(matches!(journal.head(), Err(JournalError::Unreachable { .. })));
    // A node can tell that it hears nothing.
    let begun = Instant::now();
    while journal.silent_for() < Duration::from_millis(500) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }

    server.start_server().unwrap();
    // The same handle: appends, reads and notices work again.
    let appended = journal.append(entries(&["after"])).wait().unwrap();
    assert_eq!(texts(&journal), ["before", "after"]);
    let other = Journal::open_existing(journal.place()).unwrap();
    other.append(entries(&["from another"])).wait().unwrap();
    assert_eq!(watch.wait_past(appended.last, Duration::from_secs(10)).get(), 3);
    assert!(journal.silent_for() < Duration::from_secs(2));

    // A restart between two appends goes unnoticed.
    server.crash_server().unwrap();
    server.start_server().unwrap();
    journal.append(entries(&["after the crash"])).wait().unwrap();
    assert_eq!(texts(&journal), ["before", "after", "from another", "after the crash"]);
    journal.verify(Position::START).unwrap();
}

#[test]
fn a_server_that_does_not_sync_is_refused() {
    if without_postgres() {
        return;
    }
    let server = Postgres::start().unwrap();
    let mut client = postgres::Client::connect(&server.url(), postgres::NoTls).unwrap();
    client.batch_execute("ALTER SYSTEM SET fsync = off").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    let begun = Instant::now();
    loop {
        match Journal::open(&server.place()) {
            Err(JournalError::NotDurable { .. }) => return,
            // The server takes a moment to read its settings.
            _ => assert!(begun.elapsed() < Duration::from_secs(20)),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn synchronous_commit_is_on_whatever_the_server_says() {
    if without_postgres() {
        return;
    }
    let server = Postgres::shared().unwrap();
    let Place::Postgres { url, name } = server.place() else { unreachable!() };
    // As a session's own default, which is how a URL may bring it along.
    let place = Place::Postgres { url: format!("{url} options='-c synchronous_commit=off'"), name };
    Journal::open(&place).unwrap();
    let Place::Postgres { url, name } = &place else { unreachable!() };
    let mut connection = crate::engine::Postgres::open(&place, url, name).unwrap();
    assert_eq!(connection.setting("synchronous_commit"), "on");
}
