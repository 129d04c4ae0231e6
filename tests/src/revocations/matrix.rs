//! The revocation matrix: whoever revokes, whatever is open, and however one comes back: nothing is served afterwards, the
//! neighbour notices nothing, and what was on its way to the store has its outcome in the log.
//!
//! The table is kept in `docs/revocation.md`; a cell says what was seen, by whom.

use std::fmt::Write as _;
use std::time::Duration;

use audit::{Ended, Query, Verdict};
use futures_util::StreamExt as _;
use gateway::TlsProfile;
use http::StatusCode;
use http_body_util::BodyExt as _;
use model::{Action, Author, Cause, DeviceId, Office, TeamRole};
use registry::Command;
use tokio::time::timeout;

use super::programs::{Programs, Told, document};
use super::{ask_page, stalled};
use crate::cutting::socket;
use crate::uploads::documents;
use crate::world::streams::body;
use crate::world::{Ask, Connection, Plan, Terminal, Tls, World, city};

const RECORD: &str = "/fhir/Patient/P-0001";
const STREAM: &str = "/feeds/notes?patient=P-0001";
const NEWS: &str = r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#;
const DOCUMENT: &str = "/fhir/Binary";

/// Rows of the table.
const ROWS: [&str; 13] = [
    "HTTP/1.1 connection kept open (openssl)",
    "event stream, HTTP/1.1 (curl)",
    "event stream, HTTP/2 (curl)",
    "WebSocket (tungstenite)",
    "100 MB download, reader stalled",
    "40 MB upload on its way (curl)",
    "new full handshake, TLS 1.3 (curl)",
    "new full handshake, TLS 1.2 (curl)",
    "TLS 1.3 session resumed (openssl)",
    "TLS 1.2 session resumed (openssl)",
    "after a restart: full handshake (curl)",
    "after a restart: TLS 1.3 session offered (openssl)",
    "after a restart: TLS 1.2 session offered (openssl)",
];

/// Who revokes, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    User,
    FacilityAdministrator,
    Clerk,
    Officer,
    Contractor,
    Detector,
}

const ROLES: [Role; 6] =
    [Role::User, Role::FacilityAdministrator, Role::Clerk, Role::Officer, Role::Contractor, Role::Detector];

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user, on the page",
            Self::FacilityAdministrator => "facility administrator, on the page",
            Self::Clerk => "clerk",
            Self::Officer => "officer, another process",
            Self::Contractor => "contractor",
            Self::Detector => "detector",
        }
    }

    /// Revokes what D-sato has.
    async fn act(self, world: &World, victim: &Terminal, cookie: &str) {
        let device = DeviceId::new("D-sato").unwrap();
        let command = |because| Command::RevokeDevice { device: device.clone(), because };
        let here = |author: Author, because| {
            world.registry.execute(command(because), author, world.now()).unwrap();
        };
        match self {
            Self::User => {
                let token = ask_page(victim, cookie, "/.sekisho/terminals/report?device=D-sato").await;
                // Of the terminal in his own hand the answer never comes.
                let answer = victim.ask(report(cookie, &token)).await;
                assert!(answer.is_err(), "{answer:?}");
            }
            Self::FacilityAdministrator => {
                let (terminal, cookie) = world.signed_in("U-ono", "D-ono").await;
                let token = ask_page(&terminal, &cookie, "/.sekisho/terminals/report?device=D-sato").await;
                let answer = terminal.ask(report(&cookie, &token)).await.unwrap();
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
            }
            Self::Clerk => here(city::clerk(), Cause::Broken),
            Self::Officer => {
                let vault = registry::Vault::new(&[3; 32]).unwrap();
                let other = registry::Registry::open(world.registry_journal(), vault).unwrap();
                other.execute(command(Cause::Compromised), city::officer("officer-ito"), world.now()).unwrap();
            }
            Self::Contractor => {
                let (from, until) = (world.now(), world.now().plus_seconds(86_400));
                world.officer(Command::EnterContract { contractor: "運用会社".to_owned(), from, until });
                here(Author::new(Office::Contractor, "night"), Cause::Stolen);
            }
            Self::Detector => here(Author::new(Office::System, "anomaly"), Cause::Copied),
        }
        // Another process's act is heard within moments.
        world
            .until("it is revoked", |world| world.registry.snapshot().task_of(&world.serial("D-sato")).is_some())
            .await;
    }
}

fn report(cookie: &str, token: &str) -> Ask {
    let form = format!("form_token={token}&device=D-sato&because=stolen");
    Ask::post("/.sekisho/terminals/report", "application/x-www-form-urlencoded", form).as_(cookie)
}

/// A neighbour on the same person, who must notice nothing.
struct Neighbour {
    connection: Connection,
    stream: hyper::body::Incoming,
    cookie: String,
}

impl Neighbour {
    async fn open(world: &World) -> Self {
        let (terminal, cookie) = world.signed_in("U-nakamura", "D-nakamura").await;
        let mut connection = terminal.connect().await.unwrap();
        assert_eq!(connection.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
        let stream = body(&mut terminal.connect().await.unwrap(), STREAM, &cookie, "text/event-stream").await;
        Self { connection, stream, cookie }
    }

    async fn must_be_alive(mut self, world: &World) {
        let reply = self.connection.ask(Ask::get(RECORD).as_(&self.cookie)).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK);
        world.store.tell("P-0001", NEWS);
        let news = timeout(Duration::from_secs(3), self.stream.frame()).await.expect("no news");
        assert!(news.unwrap().unwrap().data_ref().is_some_and(|data| !data.is_empty()));
    }
}

/// Everything is opened, one role acts, and everything is looked at. A cell for each row.
async fn column(role: Role) -> Vec<String> {
    // The store is asked past the gateway what it has, so it must answer anybody.
    let plan = Plan { tls: TlsProfile::Compatibility, trusting_store: true, ..Plan::default() };
    let mut world = World::planned(plan).await;
    world.clerk(Command::JoinTeam {
        person: "P-0900".parse().unwrap(),
        user: "K-sato".parse().unwrap(),
        role: TeamRole::OnCall,
        facility: None,
        from: world.now(),
        until: None,
    });
    let keys = world.keys("D-sato");
    let mut programs = Programs::new(&world, &keys);
    let victim = world.terminal_with(&keys);
    let cookie = world.cookie(&victim, "U-sato").await;
    for tls in [Tls::V12, Tls::V13] {
        programs.keep_session(tls, &cookie, RECORD).await;
        let control = programs.offer_session(tls, &cookie, RECORD).await;
        assert_eq!(control, (true, Told::Served), "{tls:?} sessions are not resumed: the test would show nothing");
        programs.keep_session(tls, &cookie, RECORD).await;
    }
    let neighbour = Neighbour::open(&world).await;
    let mut kept = programs.keep_alive(&cookie, RECORD).await;
    let accept = ["-H", "accept: text/event-stream"];
    let mut one = programs.stream(&cookie, &[&accept[..], &["--http1.1"]].concat(), STREAM).await;
    let mut two = programs.stream(&cookie, &[&accept[..], &["--http2"]].concat(), STREAM).await;
    let mut socket = socket(&world, &keys, &cookie).await;
    let telling = async {
        loop {
            world.store.tell("P-0001", NEWS);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = telling => {}
        () = async { one.has_received("news").await; two.has_received("news").await; } => {}
    }
    let stalled = stalled::Reader::begin(&world, &victim, &cookie).await;
    let file = programs.path("document");
    document(&file, 40_000_000);
    let stored = documents(&world).await;
    world.store.clear_requests();
    let named = format!("@{}", file.display());
    let upload = ["-X", "POST", "--http1.1", "--limit-rate", "4M", "-H", "content-type: image/jpeg", "-H", "expect:"];
    let owner = ["-H", "x-security-context: Patient/P-0001", "--data-binary", &named];
    let upload = programs.stream(&cookie, &[&upload[..], &owner].concat(), DOCUMENT).await;
    world.until("the upload is on its way", |world| world.store_saw() == ["POST /fhir/Binary"]).await;

    role.act(&world, &victim, &cookie).await;

    let cut = |broken: Result<String, String>| broken.map_or_else(|goes_on| goes_on, |_| "cut".to_owned());
    let mut cells = vec![if kept.ask(&cookie, RECORD).await { "answers".to_owned() } else { "cut".to_owned() }];
    cells.push(cut(one.breaks_off().await));
    cells.push(cut(two.breaks_off().await));
    cells.push(match timeout(Duration::from_secs(2), until_the_end(&mut socket)).await {
        Ok(()) => "cut".to_owned(),
        Err(_) => "goes on".to_owned(),
    });
    cells.push(match stalled.rest().await {
        (octets, window) if octets <= window => "cut; nothing more than its window".to_owned(),
        (octets, window) => format!("{octets} > {window}"),
    });
    cells.push(cut(upload.breaks_off().await));
    on_record(&world, stored).await;
    let say = |told: Told| match told {
        Told::Served => "SERVED".to_owned(),
        Told::Page => "page".to_owned(),
        Told::Nothing => "nothing".to_owned(),
    };
    cells.push(say(programs.get(&cookie, &["--tlsv1.3"], RECORD).await));
    cells.push(say(programs.get(&cookie, &["--tls-max", "1.2"], RECORD).await));
    for tls in [Tls::V13, Tls::V12] {
        let (resumed, told) = programs.offer_session(tls, &cookie, RECORD).await;
        assert!(resumed, "{role:?}: the {tls:?} session is not resumed: the cell would show nothing");
        cells.push(say(told));
    }
    neighbour.must_be_alive(&world).await;
    receipts(&world, role).await;
    world.restart().await;
    programs.reach(&world);
    cells.push(say(programs.get(&cookie, &[], RECORD).await));
    for tls in [Tls::V13, Tls::V12] {
        let (resumed, told) = programs.offer_session(tls, &cookie, RECORD).await;
        assert!(!resumed, "{role:?}: a {tls:?} session outlived the restart");
        cells.push(say(told));
    }
    cells
}

async fn until_the_end(socket: &mut crate::world::streams::Socket) {
    while let Some(Ok(_)) = socket.next().await {}
}

/// The upload that was cut says so in the log, and nothing of it is in the store, which had `before` documents.
async fn on_record(world: &World, before: u64) {
    let uploads = |world: &World| {
        let found = world.audit.search(&Query { device: Some("D-sato".parse().unwrap()), ..Query::default() });
        let mut uploads = found.unwrap().entries;
        uploads.retain(|one| one.entry.action == Some(Action::Create));
        uploads
    };
    let ended = |world: &World| uploads(world).iter().any(|one| one.outcome.is_some());
    world.until("the upload has its outcome", ended).await;
    let [upload] = &uploads(world)[..] else { panic!("{:?}", uploads(world)) };
    let outcome = upload.outcome.as_ref().unwrap();
    assert_eq!(
        (upload.entry.verdict, outcome.ended, outcome.bytes),
        (Verdict::Permitted, Ended::Cut, 0),
        "{outcome:?}"
    );
    assert_eq!(documents(world).await, before, "half an upload is in the store");
}

/// The facility administrator is told what was cut (art. 38-3).
async fn receipts(world: &World, role: Role) {
    let told = |world: &World| {
        let snapshot = world.registry.snapshot();
        snapshot.task_of(&world.serial("D-sato")).is_some_and(|task| !task.effects.is_empty())
    };
    world.until("it is on record what was cut", told).await;
    let snapshot = world.registry.snapshot();
    let task = snapshot.task_of(&world.serial("D-sato")).unwrap();
    assert!(task.connections() >= 4 && task.exchanges() >= 4, "{role:?}: {task:?}");
    let last = task.last_octet_at().unwrap();
    // What was written before the flag; the clock of the act is read a moment before it.
    assert!(last <= task.effects[0].at.plus_seconds(1), "{task:?}");
}

/// Done-when 3 of the device certificates: the whole table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_served_after_a_revocation() {
    let mut table = String::from("| what was open, or tried |");
    for role in ROLES {
        write!(table, " {} |", role.name()).unwrap();
    }
    table.push_str(&format!("\n|---|{}\n", "---|".repeat(ROLES.len())));
    let mut columns = Vec::new();
    for role in ROLES {
        columns.push(Box::pin(column(role)).await);
        println!("{}: {:?}", role.name(), columns.last().unwrap());
    }
    for (row, name) in ROWS.iter().enumerate() {
        let cells: Vec<&str> = columns.iter().map(|column| column[row].as_str()).collect();
        writeln!(table, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
    for cell in columns.iter().flatten() {
        assert!(["cut", "page", "nothing", "cut; nothing more than its window"].contains(&cell.as_str()), "\n{table}");
    }
    super::kept("matrix", &table);
}
