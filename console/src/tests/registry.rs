//! From the office's command to the list, through a real registry.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use ca::{AuthorityName, Issuing, IssuingKey, Purpose, Root, RootKey, Status, StatusPlaces, SystemRandom, reserve};
use journal::{Journal, Place};
use model::{
    Author, Cause, DeviceId, FacilityId, Office, Profession, ReasonCode, SerialNumber, Timestamp, UserId, UserKey,
};
use registry::{Administrator, Command, FacilityDetails, FacilityKind, Registry, Vault};
use tokio::net::TcpListener;
use x509_parser::prelude::FromDer as _;

use super::fetch;
use crate::{Clock, Console, Issuer, ListSource, RegistryList, follow, serve};

fn registry(folder: &Path) -> Registry {
    let journal = Journal::open(&Place::Sqlite { file: folder.join("registry.db") }).unwrap();
    Registry::open(journal, Vault::new(&[7; 32]).unwrap()).unwrap()
}

fn execute(registry: &Registry, command: Command) {
    let clerk = Author::new(Office::CityClerk, "佐藤");
    registry.execute(command, clerk, begin()).unwrap();
}

fn begin() -> Timestamp {
    Timestamp::parse("2026-11-23T05:00:00Z").unwrap()
}

fn serial(number: u8) -> SerialNumber {
    SerialNumber::from_octets(&[0x41, 2, 3, 4, 5, 6, 7, number]).unwrap()
}

/// A facility with one user, one terminal and two certificates for it.
fn furnish(registry: &Registry) {
    let facility = FacilityId::new("F-1").unwrap();
    let user = UserKey::new("P-1").unwrap();
    let device = DeviceId::new("D-1").unwrap();
    let details = FacilityDetails {
        name: "関所訪問看護ステーション".to_owned(),
        address: String::new(),
        phone: String::new(),
        kind: FacilityKind::NursingStation,
        publish_consent: false,
    };
    let administrator = Administrator { key: UserKey::new("P-9").unwrap(), name: "高橋".to_owned() };
    execute(registry, Command::RegisterFacility { facility: facility.clone(), details, administrator });
    execute(registry, Command::ApproveFacility { facility: facility.clone(), reason: "適".to_owned() });
    execute(registry, Command::RegisterUser { user: user.clone(), name: "鈴木".to_owned() });
    execute(
        registry,
        Command::GrantUserId {
            user_id: UserId::new("U-1").unwrap(),
            user: user.clone(),
            facility: facility.clone(),
            profession: Profession::Nurse,
            recognised_by: None,
        },
    );
    let label = "看護 1 号".to_owned();
    execute(registry, Command::RegisterDevice { device: device.clone(), label, facility, holder: user });
    for number in [1, 2] {
        let (not_before, not_after) = (begin(), begin().plus_seconds(86_400));
        let reserve = Command::ReserveCertificate {
            serial: serial(number),
            device: device.clone(),
            not_before,
            not_after,
            assurance: model::Assurance::Software,
            key: [3; 32],
        };
        execute(registry, reserve);
    }
    execute(registry, Command::RecordIssued { serial: serial(1), fingerprint: [1; 32] });
}

struct Authority {
    root: Root,
    issuing: Issuing,
    key: Arc<IssuingKey>,
}

fn places() -> StatusPlaces {
    StatusPlaces::beside("http://status.sekisho.example/crl/devices.crl").unwrap()
}

fn authority() -> Authority {
    authority_at(begin())
}

fn authority_at(now: Timestamp) -> Authority {
    let (root_key, key) = (RootKey::generate().unwrap(), IssuingKey::generate().unwrap());
    let name = |text| AuthorityName::new("関所市", text).unwrap();
    let random = SystemRandom::new();
    let recorded = || reserve(&random, &mut |_: &SerialNumber| Ok::<(), Infallible>(())).unwrap();
    let root = Root::create(&name("Root"), &root_key, recorded(), now).unwrap();
    let issuing = Issuing::create(Purpose::Devices, &name("Devices"), &key, recorded(), now, &root, &root_key).unwrap();
    Authority { root, issuing, key: Arc::new(key) }
}

/// The status door over a registry.
async fn lists_of(office: &Registry) -> (String, tokio::task::JoinHandle<()>) {
    let Authority { root, issuing, key } = authority();
    let clock: Clock = Arc::new(begin);
    let source = RegistryList::new(office.clone(), issuing.clone(), key, places(), Arc::clone(&clock));
    let issuer = Issuer::new("", issuing, Arc::new(source), &clock);
    let console = Console::new(root, issuer, vec![], clock, Arc::new(|| None));
    follow(office, console.rebuild());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, tokio::spawn(async { drop(serve(listener, console, std::future::pending()).await) }))
}

/// The number of the list that names all of the revocation of this certificate, once it is on record.
async fn listed(office: &Registry, number: u8) -> u64 {
    let listed = async || loop {
        match office.snapshot().task_of(&serial(number)).unwrap().listed {
            Some(number) => return number,
            None => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    };
    tokio::time::timeout(Duration::from_secs(5), listed()).await.expect("no list on record")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_with_many_certificates_is_named_by_one_number() {
    let folder = tempfile::tempdir().unwrap();
    let office = registry(folder.path());
    furnish(&office);
    let numbers = 3..=9;
    for number in numbers.clone() {
        let (not_before, not_after) = (begin(), begin().plus_seconds(86_400));
        let (serial, device, assurance) = (serial(number), "D-1".parse().unwrap(), model::Assurance::Software);
        let key = [3; 32];
        execute(&office, Command::ReserveCertificate { serial, device, not_before, not_after, assurance, key });
    }
    let (address, served) = lists_of(&office).await;
    let shard = async |number: u8| fetch(&address, &format!("/crl/{number:03}.crl")).await;
    while shard(3).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let here = office.clone();
    let lost = Command::RevokeDevice { device: "D-1".parse().unwrap(), because: Cause::Lost };
    tokio::task::spawn_blocking(move || execute(&here, lost)).await.unwrap();
    let list_number = listed(&office, 3).await;
    for number in numbers {
        let list = shard(number).await;
        let (_, list) = x509_parser::revocation_list::CertificateRevocationList::from_der(&list.body).unwrap();
        assert_eq!(list.crl_number().map(ToString::to_string), Some(list_number.to_string()));
        assert_eq!(list.iter_revoked_certificates().count(), 1);
    }
    served.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_by_command_is_on_the_list_at_once_even_from_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let office = registry(folder.path());
    furnish(&office);
    let (address, served) = lists_of(&office).await;
    let wait = async |entries: usize| {
        let begin = Instant::now();
        loop {
            let list = fetch(&address, "/crl/devices.crl").await;
            // One entry: serial number of 8 octets, a time, a reason.
            if list.status == 200
                && list.body.windows(8).filter(|octets| octets[..7] == [0x41, 2, 3, 4, 5, 6, 7]).count() == entries
            {
                return begin.elapsed();
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "not on the list: {list:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    wait(0).await;
    let revoke = |number, because| Command::RevokeCertificate { serial: serial(number), because };
    let (here, first) = (office.clone(), revoke(1, Cause::Left));
    tokio::task::spawn_blocking(move || execute(&here, first)).await.unwrap();
    println!("own command: on the list after {:?}", wait(1).await);
    // Whoever confirms the revocation is told which list names it (art. 38-3).
    listed(&office, 1).await;

    // Another process beside this one, as the command line is: the same file, its own registry. The number was only
    // reserved, and is revoked all the same.
    let other = registry(folder.path());
    let second = revoke(2, Cause::Replaced);
    tokio::task::spawn_blocking(move || execute(&other, second)).await.unwrap();
    println!("another process: on the list after {:?}", wait(2).await);
    served.abort();
}

#[test]
fn expired_certificates_leave_the_list_two_days_later() {
    let folder = tempfile::tempdir().unwrap();
    let office = registry(folder.path());
    furnish(&office);
    execute(&office, Command::RevokeCertificate { serial: serial(1), because: Cause::Left });
    let Authority { issuing, key, .. } = authority();
    let hours = Arc::new(AtomicI64::new(0));
    let passed = Arc::clone(&hours);
    let clock: Clock = Arc::new(move || begin().plus_seconds(passed.load(Ordering::SeqCst) * 3600));
    let list = RegistryList::new(office, issuing, key, places(), clock);
    for (after, entries) in [(0, 1), (24, 1), (72, 1), (73, 0)] {
        hours.store(after, Ordering::SeqCst);
        let number = list.number(1).unwrap();
        assert_eq!(list.build(&number).unwrap().entries(), entries, "after {after} h");
    }
}

#[test]
fn a_number_without_a_certificate_is_unknown_and_not_good() {
    let folder = tempfile::tempdir().unwrap();
    let office = registry(folder.path());
    furnish(&office);
    let Authority { issuing, key, .. } = authority();
    let list = RegistryList::new(office.clone(), issuing, key, places(), Arc::new(begin));
    let status = |number| list.status(&serial(number)).unwrap();
    // Issued; only reserved; never heard of.
    assert_eq!((status(1), status(2), status(3)), (Status::Good, Status::Unknown, Status::Unknown));
    execute(&office, Command::AbandonCertificate { serial: serial(2) });
    execute(&office, Command::RevokeCertificate { serial: serial(1), because: Cause::Stolen });
    let revoked = Status::Revoked { at: begin(), reason: ReasonCode::KeyCompromise };
    assert_eq!((status(1), status(2)), (revoked, Status::Unknown));
    assert!(!list.responder().unwrap().is_old(begin()));
}

/// RFC 5280 5.2.3, and promise P10: whoever finds a list whose number is not on record has found one that was signed elsewhere.
#[test]
fn numbers_of_lists_are_on_record_and_rise_whatever_the_clock_says() {
    let folder = tempfile::tempdir().unwrap();
    let year = 365 * 86_400;
    let mut last = 0;
    for (at, clock) in
        [begin(), begin().plus_seconds(year), begin(), begin().plus_seconds(-year)].into_iter().enumerate()
    {
        // Another process each time.
        let office = registry(folder.path());
        let Authority { issuing, key, .. } = authority_at(clock);
        let list = RegistryList::new(office.clone(), issuing, key, places(), Arc::new(move || clock));
        let number = list.number(129).unwrap();
        assert!(number.number() > last, "try {at}");
        last = number.number();
        assert_eq!(list.build(&number).unwrap().number(), last);
        assert_eq!(office.snapshot().signing().list_number, last);
        let responder = list.responder().unwrap();
        assert_eq!(office.snapshot().signing().responders.last(), Some(&responder.certificate().serial()));
    }
}

/// Refused before a number is taken: whoever asks, and each try, would write into the journal.
#[test]
fn an_authority_that_is_over_takes_no_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let office = registry(folder.path());
    let Authority { issuing, key, .. } = authority();
    let (last, over) = (issuing.not_after(), issuing.not_after().plus_seconds(1));
    let at = |clock: Timestamp| {
        RegistryList::new(office.clone(), issuing.clone(), Arc::clone(&key), places(), Arc::new(move || clock))
    };
    let before = office.snapshot().generation();
    assert!(at(over).number(1).is_err());
    assert!(at(last).responder().is_err(), "less than a day is left");
    assert_eq!(office.snapshot().generation(), before);
    assert!(at(last).number(1).is_ok());
}
