//! The server is killed again and again while it works. Nothing that anybody was told may be gone (promises P3, P10).
//!
//! Real programs: `sekisho init` and `sekisho serve`, the stand-in store, terminals over HTTPS with certificates that
//! `sekisho device certificate` issued, and an office that writes to the same registry from another process (this one).
//! SIGKILL comes 0 to 200 ms after the server is ready (600 without optimisation). At the end, each answer that a terminal
//! saw has its entry in the audit, and a search's answer the records it named; each change that the office was told of and
//! each sign-out that a user was told of stands in the registry, and both chains are whole. `SEKISHO_KILLS=2000` for the long run.

pub(crate) mod city;
mod issuing;
mod presented;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use audit::{Audit, Event, Verdict};
use http::StatusCode;
use http_body_util::BodyExt as _;
use journal::testing::Dice;
use journal::{Journal, Place, Position};
use model::{Article, Author, Office, Target, Timestamp};
use registry::{Command, Registry};
use serde_json::json;

use self::city::{City, programs};
pub(crate) use self::city::{SEKISHO, program};
use crate::world::{Ask, PASSWORD, Terminal};

const FHIR: &str = "application/fhir+json";
/// Who reads and writes, and who signs in and out; each with the terminal of that name.
const AT_WORK: [&str; 3] = ["sato", "nakamura", "kobayashi"];
const COMING_AND_GOING: &str = "kato";
/// Sessions to be ended that are begun in peace: a password check can take longer than a server lives.
const SESSIONS_FIRST: usize = 10;

/// What a terminal asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Read,
    Search,
    Write,
}

/// What somebody was told.
#[derive(Default)]
struct Told {
    /// Number of each exchange whose answer was 2xx.
    exchanges: Mutex<Vec<(String, Asked)>>,
    /// Position in the registry's journal, and a text that stands there.
    changes: Mutex<Vec<(u64, String)>>,
    /// Cookies of sessions that were ended.
    signed_out: Mutex<Vec<String>>,
    /// Exchanges that broke off.
    broken: AtomicU64,
    /// How many of the users are signed in, and the killing may begin.
    begun: AtomicUsize,
    over: AtomicBool,
}

/// Longest life of a server after it is ready. Without optimisation everything takes longer.
fn life_max() -> Duration {
    Duration::from_millis(if programs().ends_with("release") { 200 } else { 600 })
}

fn now() -> Timestamp {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap())
}

/// Signs in, however often the server dies over it.
async fn sign_in(terminal: &Terminal, name: &str, told: &Told) -> Option<String> {
    let body = json!({ "user_id": format!("U-{name}"), "password": PASSWORD }).to_string();
    while !told.over.load(Ordering::Relaxed) {
        if let Ok(mut connection) = terminal.connect().await
            && let Ok(reply) = connection.ask(Ask::post("/.sekisho/session", "application/json", body.clone())).await
            && reply.status == StatusCode::OK
        {
            return reply.cookie();
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    None
}

/// Reads and writes one person's records as fast as it is answered; notes what was answered with yes.
async fn at_work(terminal: Terminal, name: &'static str, told: Arc<Told>) {
    let Some(mut cookie) = sign_in(&terminal, name, &told).await else { return };
    told.begun.fetch_add(1, Ordering::Relaxed);
    let note = json!({
        "resourceType": "Communication",
        "status": "completed",
        "subject": { "reference": "Patient/P-0001" },
        "payload": [{ "contentString": "体温 36.50 度。" }],
    });
    let mut number = 0_u64;
    while !told.over.load(Ordering::Relaxed) {
        let Ok(mut connection) = terminal.connect().await else {
            tokio::time::sleep(Duration::from_millis(3)).await;
            continue;
        };
        while !told.over.load(Ordering::Relaxed) {
            number += 1;
            let (ask, asked) = match number % 4 {
                0 => (Ask::post("/fhir/Communication", FHIR, note.to_string()), Asked::Write),
                2 => (Ask::get("/fhir/CarePlan?patient=P-0001"), Asked::Search),
                _ => (Ask::get("/fhir/Patient/P-0001"), Asked::Read),
            };
            let Ok(response) = connection.start(ask.as_(&cookie)).await else {
                told.broken.fetch_add(1, Ordering::Relaxed);
                break;
            };
            // From the head on, the terminal has something in its hand.
            if response.status().is_success() {
                let incident = response.headers()["sekisho-incident"].to_str().unwrap().to_owned();
                told.exchanges.lock().unwrap().push((incident, asked));
            } else if response.status() == StatusCode::TOO_MANY_REQUESTS {
                tokio::time::sleep(Duration::from_millis(50)).await;
            } else {
                // The store is there all the time, and nothing was taken away from anybody.
                let status = response.status();
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{name} was refused");
            }
            let set = response.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
            if let Some(renewed) = set.filter_map(|value| value.split(';').next()).next_back() {
                renewed.clone_into(&mut cookie);
            }
            if response.into_body().collect().await.is_err() {
                told.broken.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
    }
}

/// Signs in and out; each sign-out is a change that the server itself commits.
async fn coming_and_going(terminal: Terminal, told: Arc<Told>) {
    let mut cookies = Vec::new();
    while cookies.len() < SESSIONS_FIRST {
        let Some(cookie) = sign_in(&terminal, COMING_AND_GOING, &told).await else { return };
        cookies.push(cookie);
    }
    told.begun.fetch_add(1, Ordering::Relaxed);
    loop {
        let cookie = match cookies.pop() {
            Some(cookie) => Some(cookie),
            None => sign_in(&terminal, COMING_AND_GOING, &told).await,
        };
        let Some(cookie) = cookie else { return };
        loop {
            let mut ask = Ask::get("/.sekisho/session").as_(&cookie);
            ask.method = http::Method::DELETE;
            let reply = match terminal.connect().await {
                Ok(mut connection) => connection.ask(ask).await,
                Err(error) => Err(error),
            };
            match reply {
                Ok(reply) if reply.status == StatusCode::NO_CONTENT => {
                    told.signed_out.lock().unwrap().push(cookie);
                    break;
                }
                // The one before was carried out, and nobody was left to say so.
                Ok(reply) if reply.status == StatusCode::UNAUTHORIZED => break,
                Ok(reply) => {
                    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "no sign-out: {}", reply.text());
                }
                Err(_) if told.over.load(Ordering::Relaxed) => return,
                Err(_) => tokio::time::sleep(Duration::from_millis(3)).await,
            }
        }
    }
}

/// Suspends a terminal that nobody uses, and lifts it, from beside the server.
fn office(registry: &Registry, told: &Told) {
    let target = || Target::parse("device:D-hirano").unwrap();
    let mut number = 0_u64;
    while !told.over.load(Ordering::Relaxed) {
        number += 1;
        let reason = format!("crash-{number}-end");
        let command = if number % 2 == 1 {
            let article = Article::paragraph(29, 1);
            Command::Suspend { target: target(), reason: reason.clone(), article, until: None }
        } else {
            Command::Lift { target: target(), suspension: None, reason: reason.clone() }
        };
        let executed = registry.execute(command, Author::new(Office::CityOfficer, "officer-ito"), now()).unwrap();
        // A lifting's reason is not kept for ever; a suspension's is.
        if number % 2 == 1 {
            told.changes.lock().unwrap().push((executed.generation.get(), reason));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_anybody_was_told_is_lost_when_the_server_is_killed() {
    let kills: u32 = std::env::var("SEKISHO_KILLS").map_or(40, |text| text.parse().unwrap());
    let begun = Instant::now();
    let (city, registry) = City::found();
    let told = Arc::new(Told::default());
    let mut tasks = Vec::new();
    for name in AT_WORK {
        tasks.push(tokio::spawn(at_work(city.terminal(name), name, Arc::clone(&told))));
    }
    let terminal = city.terminal(COMING_AND_GOING);
    tasks.push(tokio::spawn(coming_and_going(terminal.clone(), Arc::clone(&told))));
    let office = {
        let told = Arc::clone(&told);
        std::thread::spawn(move || office(&registry, &told))
    };

    let ready = Arc::clone(&told);
    let (city, mut starts) = tokio::task::spawn_blocking(move || {
        let mut starts = Vec::new();
        let in_peace = city.serve();
        while ready.begun.load(Ordering::Relaxed) < AT_WORK.len() + 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(in_peace);
        // The moments differ from run to run.
        let mut dice = Dice::new(u64::from(std::process::id()));
        for _ in 0..kills {
            let starting = Instant::now();
            let (mut server, _out) = city.serve();
            starts.push(starting.elapsed());
            std::thread::sleep(life_max().mul_f64(dice.number(1000) as f64 / 1000.0));
            server.0.kill().unwrap();
            server.0.wait().unwrap();
        }
        (city, starts)
    })
    .await
    .unwrap();
    told.over.store(true, Ordering::Relaxed);
    office.join().unwrap();
    for task in tasks {
        task.await.unwrap();
    }

    let signed_out = told.signed_out.lock().unwrap().clone();
    let (server, _out) = city.serve();
    for cookie in &signed_out {
        let reply = terminal.ask(Ask::get("/fhir/Patient/P-0001").as_(cookie)).await.unwrap();
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "a session that was ended opens again");
    }
    drop(server);
    eprint!("{}", std::fs::read_to_string(city.folder.path().join("server.log")).unwrap_or_default());
    let exchanges = told.exchanges.lock().unwrap();
    let missing = without_entry(&city.place("audit.db"), &exchanges);
    assert!(missing.is_empty(), "{} answers without an entry: {missing:?}", missing.len());
    let changes = told.changes.lock().unwrap();
    changes_stand(&city.place("registry.db"), &changes);

    let writes = exchanges.iter().filter(|(_, asked)| *asked == Asked::Write).count();
    starts.sort_unstable();
    let broken = told.broken.load(Ordering::Relaxed);
    eprintln!(
        "{kills} kills in {:.0} s: {} reads, {writes} writes, {} changes and {} sign-outs were acknowledged, none is \
         lost; {broken} exchanges broke off; start-up {:.0} ms (median), {:.0} ms (longest)",
        begun.elapsed().as_secs_f64(),
        exchanges.len() - writes,
        changes.len(),
        signed_out.len(),
        starts[starts.len() / 2].as_secs_f64() * 1e3,
        starts[starts.len() - 1].as_secs_f64() * 1e3,
    );
    // Otherwise the test would show nothing.
    let kills = kills as usize;
    assert!(exchanges.len() > kills && writes > kills / 8 && changes.len() > kills / 4, "hardly anything was done");
    assert!(broken > u64::from(kills as u32 / 8) && !signed_out.is_empty(), "the kills hit nobody");
}

/// Answers whose permitted entry is not in the audit, or, of a search, what it found. The whole chain is checked on the way.
fn without_entry(place: &Place, exchanges: &[(String, Asked)]) -> Vec<String> {
    let audit = Audit::open(Journal::open_existing(place).unwrap()).unwrap();
    audit.verify().unwrap();
    let (mut permitted, mut released) = (HashSet::new(), HashSet::new());
    let mut after = Position::START;
    loop {
        let events = audit.events(after, 1000).unwrap();
        let Some((last, _)) = events.last() else { break };
        after = *last;
        for (_, event) in events {
            match event {
                Event::Entry(entry) if entry.verdict == Verdict::Permitted => {
                    permitted.insert((entry.id.to_string(), entry.method == "POST"));
                }
                Event::Release(release) => {
                    released.insert(release.id.to_string());
                }
                _ => {}
            }
        }
    }
    let kept = |(id, asked): &(String, Asked)| {
        permitted.contains(&(id.clone(), *asked == Asked::Write)) && (*asked != Asked::Search || released.contains(id))
    };
    exchanges.iter().filter(|exchange| !kept(exchange)).map(|(id, _)| id.clone()).collect()
}

/// Every change stands where the office was told it stands. The whole chain is checked first.
fn changes_stand(place: &Place, changes: &[(u64, String)]) {
    let journal = Journal::open_existing(place).unwrap();
    journal.verify(Position::START).unwrap();
    let mut bodies = HashMap::new();
    let mut after = Position::START;
    loop {
        let entries = journal.read(after, 1000).unwrap();
        let Some(last) = entries.last() else { break };
        after = last.position;
        bodies.extend(entries.into_iter().map(|entry| (entry.position.get(), entry.body)));
    }
    for (position, reason) in changes {
        let body = bodies.get(position).map(|body| String::from_utf8_lossy(body));
        let stands = body.as_ref().is_some_and(|body| body.contains(reason.as_str()));
        assert!(stands, "`{reason}` does not stand at {position}: {body:?}");
    }
}
