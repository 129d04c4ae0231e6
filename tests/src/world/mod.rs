//! A whole city on loopback: store, certificate authority, registry, audit log, gateway, terminals. Everything real: the
//! store is the stand-in over real sockets, the journals are SQLite files, the certificates are signed by our own CA.

mod authority;
pub(crate) mod city;
pub(crate) mod client;
mod line;
mod lock;
pub(crate) mod memory;
pub(crate) mod node;
pub(crate) mod outsiders;
mod plan;
mod ports;
pub(crate) mod relay;
pub(crate) mod scripted;
pub(crate) mod streams;
mod terminals;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use audit::{Audit, Entry, Event};
use gateway::{Clock, Running, ServerKey, StoreSettings, StoreStatus};
use journal::{Journal, Place};
use model::{SerialNumber, Timestamp, UserId};
use registry::{Command, Registry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(crate) use authority::{Authority, CONTAINER_PASSWORD};
pub(crate) use client::{Ask, Connection, Http, Keys, Reply, Terminal, Tls};
pub(crate) use line::Line;
pub(crate) use lock::Lock;
pub(crate) use node::{Node, Nodes, postgres};
pub(crate) use plan::Plan;
pub(crate) use ports::Ports;

pub(crate) const CARE: &str = "care.sekisho.localhost";
pub(crate) const PUBLIC: &str = "www.sekisho.localhost";
/// The password that every user of the tests chose.
pub(crate) const PASSWORD: &str = "hashi wo wataru 7 nin";

/// A city that is running.
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) audit: Audit,
    pub(crate) store: backend_stub::Handle,
    pub(crate) authority: Authority,
    pub(crate) address: SocketAddr,
    clock_shift: Arc<AtomicI64>,
    clock: Clock,
    gateway: Option<Running>,
    door: Ports,
    nodes: Nodes,
    passwords: Mutex<HashMap<UserId, String>>,
    serials: Mutex<HashMap<String, SerialNumber>>,
    _folder: tempfile::TempDir,
}

fn real_now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl World {
    /// The usual city.
    pub(crate) async fn start() -> Self {
        Self::planned(Plan::default()).await
    }

    /// A city that differs.
    pub(crate) async fn planned(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock_shift = Arc::new(AtomicI64::new(0));
        let clock: Clock = {
            let shift = Arc::clone(&clock_shift);
            Arc::new(move || Timestamp::from_millis(real_now() + shift.load(Ordering::Relaxed)))
        };
        let sqlite = |name: &str| Place::Sqlite { file: folder.path().join(name) };
        let registry_place = plan.registry.unwrap_or_else(|| sqlite("registry.db"));
        let audit_place = plan.audit.unwrap_or_else(|| sqlite("audit.db"));
        let (registry, audit) = node::open(&registry_place, &audit_place);
        let passwords = city::enter(&registry).into_iter().collect();
        // A year ago, so that certificates can have expired by now.
        let authority = Authority::new(clock().plus_seconds(-400 * 86_400));
        // The door's port must be known to the store before the gateway knows the store's.
        let door = Ports::row(1);
        let keys = format!("http://{}/.well-known/jwks.json", door.first());
        let trust = if plan.trusting_store { backend_stub::Trust::Anyone } else { backend_stub::Trust::Url(keys) };
        let options = backend_stub::Options { seed: plan.records, ..backend_stub::Options::new(trust) };
        let store = backend_stub::run(options).await.unwrap();
        let at = plan.store.unwrap_or(store.address());
        let nodes = Nodes {
            registry: registry_place,
            audit: audit_place,
            store: plan.reached.map_or_else(|| StoreSettings::plain(at), |reached| reached(at)),
            listen: plan.listen,
            balancers: plan.balancers,
            reader: node::reader(&plan.maps),
            server_key: ServerKey::new(authority.server(clock())),
            device_issuers: vec![authority.devices_der()],
            external: plan.external,
            identity_key: Nodes::identity_key(),
            tls: plan.tls,
            strictness: plan.strictness,
            workers: plan.workers,
            limits: plan.limits,
            rates: plan.rates,
            clock: Arc::clone(&clock),
        };
        let gateway = nodes.start(door.first(), &registry, &audit);
        Self {
            address: gateway.address(),
            registry,
            audit,
            store,
            authority,
            clock_shift,
            clock,
            gateway: Some(gateway),
            door,
            nodes,
            passwords: Mutex::new(passwords),
            serials: Mutex::default(),
            _folder: folder,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Moves the gateway's clock.
    pub(crate) fn shift_clock(&self, seconds: i64) {
        self.clock_shift.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Carries out a command as a clerk.
    pub(crate) fn clerk(&self, command: Command) -> registry::Executed {
        self.registry.execute(command, city::clerk(), self.now()).unwrap()
    }

    /// Carries out a command as an officer.
    pub(crate) fn officer(&self, command: Command) -> registry::Executed {
        self.registry.execute(command, city::officer("officer-ito"), self.now()).unwrap()
    }

    /// The city orders, by two officers, that this user ID removes a person's records, or one of them, within a day.
    pub(crate) fn order_deletion(&self, person: &str, record: Option<&str>, executor: &str) {
        let executed = self.officer(Command::OrderDeletion {
            person: person.parse().unwrap(),
            record: record.map(|record| record.parse().unwrap()),
            reason: "本人の申出".to_owned(),
            executor: executor.parse().unwrap(),
            until: self.now().plus_seconds(86_400),
        });
        let order = executed.changes.iter().find_map(|change| match change {
            registry::Change::DeletionOrdered { order } => Some(order.id),
            _ => None,
        });
        let approve = Command::ApproveDeletion { order: order.unwrap() };
        // Nobody approves what he has ordered.
        let alone = self.registry.execute(approve.clone(), city::officer("officer-ito"), self.now());
        assert!(alone.is_err(), "{alone:?}");
        self.registry.execute(approve, city::officer("officer-mori"), self.now()).unwrap();
    }

    /// Two officers issue the city's rule for break-glass.
    pub(crate) fn issue_break_glass(&self) {
        self.officer(Command::ProposeBreakGlass { rule: "救急時閲覧規定".to_owned() });
        self.registry.execute(Command::IssueBreakGlass, city::officer("officer-mori"), self.now()).unwrap();
    }

    /// All audit entries, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        // A refusal of the store's is told before the permit it follows is durable: nothing is released by it.
        self.audit.settle().unwrap();
        let mut entries = Vec::new();
        let mut after = journal::Position::START;
        loop {
            let events = self.audit.events(after, 500).unwrap();
            let Some((last, _)) = events.last() else { return entries };
            after = *last;
            entries.extend(events.into_iter().filter_map(|(_, event)| match event {
                Event::Entry(entry) => Some(*entry),
                _ => None,
            }));
        }
    }

    /// What an officer has to look at, newest first.
    pub(crate) fn alerts(&self) -> Vec<audit::Alert> {
        let alerts = self.audit.alerts(1000).unwrap().0;
        alerts.into_iter().map(|(_, alert)| alert).collect()
    }

    /// What reached the store, but for look-ups of whose a record is.
    pub(crate) fn store_saw(&self) -> Vec<String> {
        let requests = self.store.requests();
        requests
            .iter()
            .filter(|request| !request.target.contains("_elements=") && !request.target.ends_with("?_summary=false"))
            .map(|request| format!("{} {}", request.method, request.target))
            .collect()
    }

    /// Another handle on the registry's journal, as another process would have it.
    pub(crate) fn registry_journal(&self) -> Journal {
        Journal::open_existing(&self.nodes.registry).unwrap()
    }

    /// Another gateway on the same journals, before the same store.
    pub(crate) fn another_node(&self) -> Node {
        Node::start(&self.nodes)
    }

    /// Somebody else's site on another port of both hosts, with a certificate that browsers take: answers whatever is asked
    /// with the page that is put there.
    pub(crate) async fn another_site(&self, page: String) -> (Arc<Mutex<String>>, u16) {
        let page = Arc::new(Mutex::new(page));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, shown) = (self.nodes.acceptor(), Arc::clone(&page));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shown) = (acceptor.clone(), Arc::clone(&shown));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut asked = [0; 16_384];
                    let Ok(1..) = stream.read(&mut asked).await else { return };
                    let page = shown.lock().unwrap().clone();
                    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n";
                    let answer = format!("{head}Content-Length: {}\r\n\r\n{page}", page.len());
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        (page, port)
    }

    /// Tells the gateway to drain; gives how long it took, once it has.
    pub(crate) fn drain(&mut self) -> tokio::task::JoinHandle<Duration> {
        let gateway = self.gateway.take().unwrap();
        tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            gateway.drain();
            begun.elapsed()
        })
    }

    /// Stops the gateway: what is open ends with it.
    pub(crate) async fn stop(&mut self) {
        if self.gateway.is_some() {
            self.drain().await.unwrap();
        }
    }

    /// Stops the gateway and starts it anew, as a process that knows nothing but the journals. It listens somewhere else.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        (self.registry, self.audit) = node::open(&self.nodes.registry, &self.nodes.audit);
        let gateway = self.nodes.start(self.door.first(), &self.registry, &self.audit);
        self.address = gateway.address();
        self.gateway = Some(gateway);
    }

    /// How the stores stand.
    pub(crate) fn stores(&self) -> Vec<StoreStatus> {
        self.gateway.as_ref().unwrap().stores()
    }

    /// Every address where clients connect.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        self.gateway.as_ref().unwrap().addresses()
    }

    /// Open connections, exchanges in flight, keys.
    pub(crate) fn living(&self) -> (usize, usize, usize) {
        self.gateway.as_ref().unwrap().living()
    }

    /// Waits until something holds, at most five seconds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..500 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("in vain: {what}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            // Tests leave connections open on purpose; nobody waits for them.
            std::thread::spawn(move || gateway.drain());
        }
    }
}
