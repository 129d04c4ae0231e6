//! The registry over a real journal: durable, published, replayed, told of, and asked about the past.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use journal::{Journal, Place};
use model::{Author, Cause, Profession, Timestamp};

use super::world::*;
use crate::{
    Change, Command, Executed, Generation, PasswordCheck, PasswordFault, Registry, RegistryError, Snapshot, StopReason,
    Vault, VaultError,
};

pub(crate) fn place(folder: &Path) -> Place {
    Place::Sqlite { file: folder.join("registry.db") }
}

pub(crate) fn vault() -> Vault {
    Vault::new(&[5; 32]).unwrap()
}

pub(crate) fn open(folder: &Path) -> Registry {
    Registry::open(Journal::open(&place(folder)).unwrap(), vault()).unwrap()
}

#[track_caller]
pub(crate) fn must(registry: &Registry, author: Author, command: Command) -> Executed {
    let kind = command.kind();
    registry.execute(command, author, begin()).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

pub(crate) fn register_person(number: usize) -> Command {
    let (name, area) = ("山田 太郎".to_owned(), "north".to_owned());
    Command::RegisterPerson { person: person(&format!("P-{number}")), name, area, eligibility: eligibility() }
}

/// An approved facility, a nurse with her first password, a device with a certificate, a person; in `F-1`.
pub(crate) fn found(registry: &Registry) -> String {
    let facility = facility("F-1");
    must(
        registry,
        clerk(),
        Command::RegisterFacility {
            facility: facility.clone(),
            details: details("F-1"),
            administrator: administrator("F-1"),
        },
    );
    must(registry, clerk(), Command::ApproveFacility { facility: facility.clone(), reason: "in order".to_owned() });
    must(registry, clerk(), Command::RegisterUser { user: user("K-1"), name: "佐藤 花子".to_owned() });
    let (id, profession) = (user_id("U-1"), Profession::Nurse);
    let granted = must(
        registry,
        clerk(),
        Command::GrantUserId {
            user_id: id,
            user: user("K-1"),
            facility: facility.clone(),
            profession,
            recognised_by: None,
        },
    );
    must(
        registry,
        clerk(),
        Command::RegisterDevice { device: device("D-1"), label: "tablet".to_owned(), facility, holder: user("K-1") },
    );
    let (not_before, not_after) = (begin(), begin().plus_seconds(DAY));
    must(
        registry,
        clerk(),
        Command::ReserveCertificate {
            serial: serial(1),
            device: device("D-1"),
            not_before,
            not_after,
            assurance: model::Assurance::Software,
            key: key_of(serial(1)),
        },
    );
    must(registry, clerk(), Command::RecordIssued { serial: serial(1), fingerprint: [1; 32] });
    must(registry, clerk(), register_person(1));
    granted.secrets.first_password.unwrap().to_string()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_was_carried_out_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    assert_eq!(*registry.snapshot(), Snapshot::default());
    found(&registry);
    let before = registry.snapshot();
    assert_eq!(before.generation(), Generation::new(8));
    drop(registry);
    let registry = open(folder.path());
    assert_eq!(registry.snapshot(), before);
    // Again from a stored state, and with entries after it.
    assert_eq!(registry.keep().unwrap(), before.generation());
    must(&registry, clerk(), register_person(2));
    let after = registry.snapshot();
    drop(registry);
    let registry = open(folder.path());
    assert_eq!(registry.snapshot(), after);
    assert_eq!(registry.at_generation(after.generation()).unwrap(), *after);
}

#[test]
fn passwords_from_the_slip_to_the_users_own() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let first = found(&registry);
    let id = user_id("U-1");
    let check = |password: &str| told(&registry.verify_password(&id, password));
    assert_eq!(check("not on the slip"), None);
    assert_eq!(check(&first), Some((1, true)));
    let PasswordCheck::Right { verified, .. } = registry.verify_password(&id, &first) else { panic!("wrong") };
    let change = |new: &str| {
        let command = Command::ChangePassword { current: verified.clone(), new: secret(new) };
        registry.execute(command, himself("U-1"), begin())
    };
    let fault = |new: &str| change(new).unwrap_err().password();
    assert_eq!(fault("too short"), Some(PasswordFault::TooShort));
    assert_eq!(fault("passwordpassword"), Some(PasswordFault::Guessable));
    assert_eq!(fault(&first), Some(PasswordFault::Same));
    let executed = change(PASSWORD).unwrap();
    assert!(executed.secrets.first_password.is_none());
    assert_eq!(check(&first), None);
    assert_eq!(check(PASSWORD), Some((2, false)));
    // The proof was of the password that is gone.
    assert_eq!(fault("another long one"), Some(PasswordFault::WrongCurrent));

    // Lost: a new ID with a new first password, and the old one is dead (art. 10-6).
    let replace = Command::ReplaceUserId { old: id.clone(), new: user_id("U-2"), reason: "lost".to_owned() };
    let second = must(&registry, clerk(), replace).secrets.first_password.unwrap();
    assert_eq!(check(PASSWORD), None);
    let new = registry.verify_password(&user_id("U-2"), &second);
    assert_eq!(told(&new), Some((1, true)));

    // Neither passwords nor hashes are in the journal, nor in what is stored beside it, nor in what is printed.
    registry.keep().unwrap();
    drop(registry);
    let mut octets = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        octets.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let found = |needle: &str| octets.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(found("password-changed") && found("user-id-granted"), "the search finds what is there");
    for secret in ["argon2", "m=19456", PASSWORD, first.as_str(), second.as_str()] {
        assert!(!found(secret), "`{secret}` is on disk");
    }
    let journal = Journal::open(&place(folder.path())).unwrap();
    for entry in journal.read(journal::Position::START, 1000).unwrap() {
        assert!(!String::from_utf8(entry.body).unwrap().contains("argon2"));
    }
    let command = Command::ChangePassword { current: verified.clone(), new: secret("s3cret") };
    let printed = format!("{executed:?} {new:?} {verified:?} {command:?}");
    for secret in ["s3cret", first.as_str(), second.as_str()] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn the_wrong_vault_key_is_noticed_at_opening() {
    let folder = tempfile::tempdir().unwrap();
    found(&open(folder.path()));
    let journal = Journal::open(&place(folder.path())).unwrap();
    let error = Registry::open(journal, Vault::new(&[6; 32]).unwrap()).unwrap_err();
    assert!(matches!(error, RegistryError::Vault(VaultError::Opening)), "{error}");
}

#[test]
fn listeners_hear_in_order_and_after_readers_can_see() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let heard: Arc<Mutex<Vec<(Generation, Change, bool)>>> = Arc::default();
    let (to, reader) = (Arc::clone(&heard), registry.clone());
    registry.on_change(Box::new(move |change, snapshot| {
        let visible = Arc::ptr_eq(&reader.snapshot(), snapshot);
        to.lock().unwrap().push((snapshot.generation(), change.clone(), visible));
    }));
    found(&registry);
    let closed =
        must(&registry, clerk(), Command::CloseFacility { facility: facility("F-1"), reason: "notice".to_owned() });
    let heard = heard.lock().unwrap();
    assert!(heard.iter().all(|(_, _, visible)| *visible), "a listener heard before readers could see");
    assert!(heard.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    let last: Vec<_> = heard.iter().filter(|one| one.0 == closed.generation).map(|one| one.1.clone()).collect();
    assert_eq!(last, closed.changes);
    assert_eq!(heard.iter().map(|one| one.0).collect::<std::collections::BTreeSet<_>>().len(), 9);
    drop(heard);
}

#[test]
fn nothing_to_do_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let executed = must(&registry, machine(), Command::Tick);
    assert_eq!((executed.generation, executed.changes), (Generation::START, vec![]));
    let error = registry.execute(Command::ResumeService, clerk(), begin()).unwrap_err();
    assert_eq!(error.to_string(), "resume-service: service: `resume` is not possible while `running` (art. 26-1)");
    assert_eq!(registry.snapshot().generation(), Generation::START);
}

#[test]
fn the_past_is_answered_from_history() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let at = |minutes: i64| begin().plus_seconds(60 * minutes);
    let at_minute = |minute, command| registry.execute(command, clerk(), at(minute)).unwrap();
    at_minute(0, register_person(1));
    at_minute(10, Command::GiveConsent { person: person("P-1"), form: form(true, true, true) });
    registry.keep().unwrap();
    at_minute(20, Command::WithdrawConsent { person: person("P-1"), reason: "on request".to_owned() });
    registry.keep().unwrap();
    let last = at_minute(30, Command::StopService { reason: StopReason::Other, text: String::new() });
    let consent = |at: Timestamp| {
        let snapshot = registry.as_of(at).unwrap();
        (snapshot.generation().get(), snapshot.consent(&person("P-1")).map(|consent| consent.share()))
    };
    assert_eq!(consent(at(-1)), (0, None));
    assert_eq!(consent(at(0)), (1, None));
    assert_eq!(consent(at(10).plus_millis(-1)), (1, None));
    assert_eq!(consent(at(10)), (2, Some(true)));
    assert_eq!(consent(at(19)), (2, Some(true)));
    assert_eq!(consent(at(20)), (3, Some(false)));
    assert_eq!(consent(at(1000)), (4, Some(false)));
    assert_eq!(registry.as_of(at(1000)).unwrap(), *registry.snapshot());
    for generation in 0..=last.generation.get() {
        assert_eq!(registry.at_generation(Generation::new(generation)).unwrap().generation().get(), generation);
    }
    assert!(matches!(registry.at_generation(Generation::new(5)), Err(RegistryError::NotReached(_))));
}

#[test]
fn an_entry_that_cannot_be_understood_stops_everything() {
    for (bad, why) in [
        (
            r#"{"v":1,"at":"2026-11-23T05:05:00.250Z","by":"system:x","command":"tick","changes":[{"kind":"amnesty"}]}"#,
            "form",
        ),
        (r#"{"v":2,"at":"2026-11-23T05:05:00.250Z","by":"system:x","command":"tick","changes":[]}"#, "form"),
        (
            r#"{"v":1,"at":"2026-11-23T05:05:00.250Z","by":"system:x","command":"tick","changes":[{"kind":"service-resumed"}]}"#,
            "state",
        ),
        ("not JSON", "form"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let registry = open(folder.path());
        must(&registry, clerk(), register_person(1));
        assert!(registry.freshness() < Duration::from_secs(5));
        let before = registry.snapshot();
        let beside = Journal::open_existing(&place(folder.path())).unwrap();
        beside.append(vec![bad.as_bytes().to_vec()]).wait().unwrap();
        wait_until("the fault", || registry.fault().is_some());
        assert_eq!(registry.freshness(), Duration::MAX, "a node that does not understand stops serving records");
        assert_eq!(registry.snapshot(), before);
        // Good entries behind a bad one are not taken in, and nothing is written on top.
        let error = registry.execute(register_person(2), clerk(), begin()).unwrap_err();
        let RegistryError::Entry(entry) = &error else { panic!("{error}") };
        assert_eq!((entry.position.get(), entry.before.get()), (2, 1));
        let cause = std::error::Error::source(entry).unwrap().to_string();
        assert!(cause.contains(why), "{cause}");
        assert!(error.to_string().contains("cannot be followed beyond 1"), "{error}");
        drop(registry);
        let reopened = Registry::open(beside, vault());
        assert!(matches!(reopened, Err(RegistryError::Entry(_))));
    }
}

#[test]
fn a_stored_state_that_cannot_be_read_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    must(&registry, clerk(), register_person(1));
    registry.keep().unwrap();
    must(&registry, clerk(), register_person(2));
    let before = registry.snapshot();
    drop(registry);
    let journal = Journal::open_existing(&place(folder.path())).unwrap();
    journal.save_snapshot(journal::Position::new(2), b"{\"v\":99}").unwrap();
    drop(journal);
    assert_eq!(open(folder.path()).snapshot(), before);
}

#[test]
fn freshness_is_how_long_ago_the_journal_was_heard() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    for _ in 0..20 {
        assert!(registry.freshness() < Duration::from_secs(2), "{:?}", registry.freshness());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_follower_ends_with_the_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let second = registry.clone();
    drop(registry);
    must(&second, clerk(), register_person(1));
    let held = Arc::downgrade(&second.snapshot());
    drop(second);
    wait_until("the end of the follower", || held.upgrade().is_none());
}

#[test]
fn revoked_in_the_journal_is_revoked_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    found(&registry);
    must(&registry, clerk(), Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen });
    drop(registry);
    let registry = open(folder.path());
    assert!(!registry.snapshot().certificate(&serial(1)).unwrap().is_live());
    let again = registry.execute(Command::RecordIssued { serial: serial(1), fingerprint: [1; 32] }, clerk(), begin());
    assert!(again.unwrap_err().refused().is_some());
}

/// After enough entries the state is stored without anybody asking, so that the next opening need not replay them.
#[test]
fn the_state_is_stored_from_time_to_time() {
    use crate::form::{Entry, write_entry};
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    let beside = Journal::open_existing(&place(folder.path())).unwrap();
    let entry = |number: usize| {
        let (id, name, area) = (person(&format!("P-{number}")), "山田".to_owned(), String::new());
        let person = crate::Person { id, name, area, eligibility: eligibility(), registered_at: begin() };
        let changes = vec![Change::PersonRegistered { person }];
        write_entry(&Entry { at: begin(), by: clerk(), command: crate::CommandKind::RegisterPerson, changes })
    };
    let written = 1500;
    beside.append((0..written).map(entry).collect()).wait().unwrap();
    wait_until("the entries", || registry.snapshot().generation().get() == written as u64);
    wait_until("a stored state", || beside.snapshot_before(None).unwrap().is_some());
    let (position, _) = beside.snapshot_before(None).unwrap().unwrap();
    assert_eq!(position.get(), written as u64);
    let reopened = open(folder.path());
    assert_eq!(reopened.snapshot(), registry.snapshot());
    assert_eq!(reopened.at_generation(Generation::new(7)).unwrap().persons().count(), 7);
}

#[test]
fn a_rehearsal_finds_what_would_be_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    found(&registry);
    let before = registry.snapshot();
    let registering = Command::RegisterUser { user: user("K-9"), name: "Abe".to_owned() };
    let granting = |at: &str| Command::GrantUserId {
        user_id: user_id("U-9"),
        user: user("K-9"),
        facility: facility(at),
        profession: model::Profession::Nurse,
        recognised_by: None,
    };
    // The second rests on the first.
    registry.rehearse(&[registering.clone(), granting("F-1")], &clerk(), begin()).unwrap();
    for wrong in [vec![granting("F-1")], vec![registering.clone(), granting("F-9")], vec![registering.clone(); 2]] {
        let refused = registry.rehearse(&wrong, &clerk(), begin()).unwrap_err();
        assert!(refused.refused().is_some(), "{refused}");
    }
    assert!(registry.rehearse(&[registering], &contractor(), begin()).unwrap_err().refused().is_some());
    assert_eq!(registry.snapshot().generation(), before.generation());
    assert_eq!(registry.snapshot(), before);
}
