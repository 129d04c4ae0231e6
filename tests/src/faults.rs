//! When something around the gateway fails: closed, with a clear word, and back by itself.

use audit::{AlertKind, Ended, Query, Verdict};
use http::StatusCode;
use journal::Place;
use registry::Command;

use crate::world::{Ask, Http, Lock, PUBLIC, Plan, Ports, Tls, World, city};

const RECORD: &str = "/fhir/Patient/P-0001";

#[tokio::test]
async fn a_store_that_is_down_is_a_502_with_an_entry() {
    let dead = Ports::row(1);
    let world = World::planned(Plan { store: Some(dead.first()), ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let reply = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_GATEWAY, "store-unreachable"));
    world.until("the entry is there", |world| world.entries().len() == 1).await;
}

/// A request whose client is gone before the answer has an outcome all the same: what was permitted, and that it never
/// arrived.
#[tokio::test]
async fn a_client_that_leaves_while_the_store_thinks_is_on_record() {
    let world = World::start().await;
    for (number, http) in [Http::One, Http::Two].into_iter().enumerate() {
        let keys = world.keys("D-sato");
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
        world.store.clear_requests();
        let slow = terminal.ask(Ask::get("/fhir/Observation/slow-2s").as_(&cookie));
        tokio::select! {
            biased;
            () = world.until("the store is asked", |world| !world.store_saw().is_empty()) => {}
            reply = slow => panic!("it was not slow: {reply:?}"),
        }
        let found = || world.audit.search(&Query::default()).unwrap().entries;
        world
            .until("entry and outcome are on record", |_| {
                found().len() == number + 1 && found().iter().all(|found| found.outcome.is_some())
            })
            .await;
        let newest = found().remove(0);
        let (entry, outcome) = (newest.entry, newest.outcome.unwrap());
        assert_eq!(
            (entry.verdict, outcome.ended, outcome.bytes),
            (Verdict::Permitted, Ended::ClientLeft, 0),
            "{http:?}"
        );
    }
}

/// Promise P3: the log cannot be written, so no record leaves and no write reaches the store. And it comes back.
#[tokio::test]
async fn a_full_audit_disk_releases_nothing() {
    let disk = FullDisk::of("audit.db", "3m");
    let world =
        World::planned(Plan { audit: Some(Place::Sqlite { file: disk.path().join("audit.db") }), ..Plan::default() })
            .await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = || terminal.ask(Ask::get(RECORD).as_(&cookie));
    assert_eq!(get().await.unwrap().status, StatusCode::OK);
    disk.fill();
    let (mut refused, mut released) = (0, Vec::new());
    for _ in 0..200 {
        let reply = get().await.unwrap();
        if reply.status == StatusCode::OK {
            released.push(reply.headers["sekisho-incident"].to_str().unwrap().to_owned());
        }
        if reply.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(reply.code(), "audit-unavailable");
            assert!(!reply.text().contains("P-0001"));
            refused += 1;
            if refused == 5 {
                break;
            }
        }
    }
    assert_eq!(refused, 5, "the log never filled up");
    world.store.clear_requests();
    let note = serde_json::json!({ "resourceType": "Communication", "status": "completed", "subject": { "reference": "Patient/P-0001" } });
    let write = Ask::post("/fhir/Communication", "application/fhir+json", note.to_string()).as_(&cookie);
    let reply = terminal.ask(write).await.unwrap();
    assert_eq!(reply.code(), "audit-unavailable");
    assert!(world.store_saw().is_empty(), "a write reached the store without its entry");
    let page = world.stranger(PUBLIC).ask(Ask::get("/")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "public information stays open");
    disk.empty();
    let mut back = false;
    for _ in 0..100 {
        let reply = get().await.unwrap();
        if reply.status == StatusCode::OK {
            released.push(reply.headers["sekisho-incident"].to_str().unwrap().to_owned());
            back = true;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(back, "the log does not come back after space returns");
    world.audit.verify().unwrap();
    let entries = world.entries();
    for incident in &released {
        let entry = entries.iter().find(|entry| entry.id.to_string() == *incident);
        assert!(
            entry.is_some_and(|entry| entry.verdict == Verdict::Permitted),
            "{incident} was released without entry"
        );
    }
}

/// Art. 19-2: what was deleted and cannot be marked on its order stays done. It is tried again, and then the officer is told.
#[tokio::test]
async fn a_deletion_that_cannot_be_marked_is_no_error() {
    let disk = FullDisk::of("registry.db", "16m");
    let place = Place::Sqlite { file: disk.path().join("registry.db") };
    let world = World::planned(Plan { registry: Some(place), ..Plan::default() }).await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    world.order_deletion("P-0001", None, "U-sato");
    let order = world.registry.snapshot().deletions().last().unwrap().id;
    let marked = |world: &World| world.registry.snapshot().deleted_under(order).count();
    // What the database has in reserve is used up first.
    let full = |world: &World| {
        disk.fill();
        let change = |number: usize| Command::ChangePerson {
            person: "P-0001".parse().unwrap(),
            name: format!("斎藤 典子 {number}"),
            area: "honcho".to_owned(),
        };
        let refused = |number| world.registry.execute(change(number), city::clerk(), world.now()).is_err();
        assert!((0..5000).any(refused), "the disk never filled up");
    };
    for (id, comes_back) in [("o-0001-001", true), ("o-0001-002", false)] {
        full(&world);
        let target = format!("/fhir/Observation/{id}");
        let delete = Ask { method: http::Method::DELETE, ..Ask::get(&target) }.as_(&cookie);
        let done = terminal.ask(delete).await.unwrap();
        assert!(done.status.is_success(), "{}", done.text());
        if comes_back {
            assert_eq!(marked(&world), 0);
            disk.empty();
            world.until("it is marked after all", |world| marked(world) == 1).await;
            assert!(world.alerts().is_empty());
            continue;
        }
        for _ in 0..200 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            if !world.alerts().is_empty() {
                break;
            }
        }
        let alerts = world.alerts();
        assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::DeletionNotMarked));
        assert!(alerts[0].seen[0].contains("Observation/o-0001-002"), "{alerts:?}");
        assert_eq!(marked(&world), 1);
        disk.empty();
    }
}

/// Promise P1: facts that cannot be understood serve nothing, and nothing behind them is believed.
#[tokio::test]
async fn a_registry_that_cannot_be_understood_serves_no_record() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let get = || terminal.ask(Ask::get(RECORD).as_(&cookie));
    assert_eq!(get().await.unwrap().status, StatusCode::OK);
    let mut connection = terminal.connect().await.unwrap();
    let stream = Ask::get("/feeds/notes?patient=P-0001").as_(&cookie).with("accept", "text/event-stream");
    let mut stream = connection.start(stream).await.unwrap().into_body();
    world.registry_journal().append(vec![b"{\"v\":1,\"kind\":\"unheard-of\"}".to_vec()]).wait().unwrap();
    world.until("the registry notices", |world| world.registry.fault().is_some()).await;
    let reply = get().await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "registry-stale"));
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while let Some(Ok(_)) = http_body_util::BodyExt::frame(&mut stream).await {}
    });
    assert!(ended.await.is_ok(), "a stream goes on upon facts that nobody can read");
    let page = world.stranger(PUBLIC).ask(Ask::get("/")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "public information stays open");
}

/// A command given by another process takes effect here within moments, on what is open too.
#[tokio::test]
async fn another_process_revokes_and_it_bites_here() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let mut connection = terminal.connect().await.unwrap();
    let stream = Ask::get("/feeds/notes?patient=P-0001").as_(&cookie).with("accept", "text/event-stream");
    let mut stream = connection.start(stream).await.unwrap().into_body();
    let vault = registry::Vault::new(&[3; 32]).unwrap();
    let other = registry::Registry::open(world.registry_journal(), vault).unwrap();
    let command =
        registry::Command::RevokeCertificate { serial: world.serial("D-sato"), because: model::Cause::Stolen };
    other.execute(command, crate::world::city::officer("officer-ito"), world.now()).unwrap();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(1), async {
        while let Some(Ok(_)) = http_body_util::BodyExt::frame(&mut stream).await {}
    });
    assert!(ended.await.is_ok(), "the stream goes on");
    assert_eq!(terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().code(), "certificate-revoked");
}

/// A small file system of its own, where mounting is possible (root); else a folder whose database is held to a size by
/// an exclusive lock of another connection, which fails every write all the same.
struct FullDisk {
    folder: tempfile::TempDir,
    mounted: bool,
    database: &'static str,
    lock: std::sync::Mutex<Option<Lock>>,
}

impl FullDisk {
    fn of(database: &'static str, size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success());
        Self { folder, mounted, database, lock: std::sync::Mutex::default() }
    }

    fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    fn fill(&self) {
        if self.mounted {
            let filler = std::fs::File::create(self.path().join("filler")).unwrap();
            let block = vec![0_u8; 64 * 1024];
            while std::io::Write::write_all(&mut &filler, &block).is_ok() {}
            while std::io::Write::write_all(&mut &filler, &[0_u8; 512]).is_ok() {}
        } else {
            *self.lock.lock().unwrap() = Some(Lock::of(&self.path().join(self.database)));
        }
    }

    fn empty(&self) {
        if self.mounted {
            std::fs::remove_file(self.path().join("filler")).unwrap();
        } else {
            self.lock.lock().unwrap().take();
        }
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        self.empty_quietly();
        if self.mounted {
            // Lazily: the gateway of this test may still hold the database.
            let _ = std::process::Command::new("umount").arg("-l").arg(self.path()).status();
        }
    }
}

impl FullDisk {
    fn empty_quietly(&self) {
        let _ = std::fs::remove_file(self.path().join("filler"));
        self.lock.lock().unwrap().take();
    }
}
