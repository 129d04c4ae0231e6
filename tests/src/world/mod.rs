//! A whole city on loopback: store, certificate authority, registry, audit log, gateway, terminals. Everything real: the
//! store is the stand-in over real sockets, the journals are SQLite files, the certificates are signed by our own CA.

mod authority;
pub(crate) mod city;
pub(crate) mod client;
mod line;
mod lock;
pub(crate) mod node;
mod plan;
pub(crate) mod relay;
pub(crate) mod streams;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use audit::{Audit, Entry, Event};
use gateway::{Clock, Running};
use journal::{Journal, Place};
use model::{Author, Cause, DeviceId, Office, SerialNumber, Timestamp, UserId};
use registry::{Command, PasswordCheck, Registry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

pub(crate) use authority::{Authority, CONTAINER_PASSWORD};
pub(crate) use client::{Ask, Connection, Http, Keys, Reply, Terminal, Tls};
pub(crate) use line::Line;
pub(crate) use lock::Lock;
pub(crate) use node::{Node, postgres};
pub(crate) use plan::Plan;

use node::Nodes;

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
    door: SocketAddr,
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
        let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let keys = format!("http://{door}/.well-known/jwks.json");
        let trust = if plan.trusting_store { backend_stub::Trust::Anyone } else { backend_stub::Trust::Url(keys) };
        let options = backend_stub::Options { seed: plan.records, ..backend_stub::Options::new(trust) };
        let store = backend_stub::run(options).await.unwrap();
        let nodes = Nodes {
            registry: registry_place,
            audit: audit_place,
            store: plan.store.unwrap_or(store.address()),
            reader: node::reader(&plan.maps),
            server_key: authority.server(clock()),
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
        let gateway = nodes.start(door, &registry, &audit);
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

    /// The keys of a device: its certificate issued and recorded, at first use.
    pub(crate) fn keys(&self, device: &str) -> Keys {
        let id = DeviceId::new(device).unwrap();
        let (issued, keys) = self.authority.sign(&id, self.now(), 180);
        self.record(&id, &issued);
        self.serials.lock().unwrap().insert(device.to_owned(), issued.serial());
        keys
    }

    /// The same in a container for a browser.
    pub(crate) fn container(&self, device: &str) -> Vec<u8> {
        let id = DeviceId::new(device).unwrap();
        let (issued, container) = self.authority.container(&id, self.now());
        self.record(&id, &issued);
        self.serials.lock().unwrap().insert(device.to_owned(), issued.serial());
        container
    }

    /// Records a signed certificate, now.
    pub(crate) fn record(&self, device: &DeviceId, issued: &ca::Issued) {
        self.record_at(device, issued, self.now());
    }

    /// Records a signed certificate, at an earlier time than anything else since the city was entered.
    pub(crate) fn record_at(&self, device: &DeviceId, issued: &ca::Issued, at: Timestamp) {
        let clerk = |command| self.registry.execute(command, city::clerk(), at).unwrap();
        clerk(Command::ReserveCertificate {
            serial: issued.serial(),
            device: device.clone(),
            not_before: issued.not_before(),
            not_after: issued.not_after().plus_seconds(1),
            assurance: model::Assurance::Software,
            key: issued.public_key().digest(),
        });
        let mut fingerprint = [0; 32];
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, issued.der());
        fingerprint.copy_from_slice(digest.as_ref());
        clerk(Command::RecordIssued { serial: issued.serial(), fingerprint });
    }

    /// Serial number of the certificate last issued to a device.
    pub(crate) fn serial(&self, device: &str) -> SerialNumber {
        self.serials.lock().unwrap()[device]
    }

    /// A device on the care host, with a certificate of its own.
    pub(crate) fn terminal(&self, device: &str) -> Terminal {
        self.terminal_with(&self.keys(device))
    }

    pub(crate) fn terminal_with(&self, keys: &Keys) -> Terminal {
        Terminal::new(self.address, CARE, &self.authority.root_der(), Some(keys))
    }

    pub(crate) fn terminal_speaking(&self, keys: &Keys, http: Http, tls: Tls) -> Terminal {
        Terminal::speaking(self.address, CARE, &self.authority.root_der(), Some(keys), http, tls)
    }

    /// Somebody on a host, without a certificate.
    pub(crate) fn stranger(&self, host: &str) -> Terminal {
        Terminal::new(self.address, host, &self.authority.root_der(), None)
    }

    /// The first password of a user ID, from the slip.
    pub(crate) fn first_password(&self, user_id: &str) -> String {
        self.passwords.lock().unwrap()[&UserId::new(user_id).unwrap()].clone()
    }

    /// The password of a user ID, who has changed the first one to [`PASSWORD`].
    pub(crate) fn changed_password(&self, user_id: &str) -> &'static str {
        let id = UserId::new(user_id).unwrap();
        let mut passwords = self.passwords.lock().unwrap();
        let current = passwords.get(&id).cloned().unwrap();
        if current != PASSWORD {
            let PasswordCheck::Right { verified, .. } = self.registry.verify_password(&id, &current) else {
                panic!("the first password of {user_id} is not right");
            };
            let command = Command::ChangePassword { current: verified, new: Zeroizing::new(PASSWORD.to_owned()) };
            self.registry.execute(command, Author::new(Office::User, user_id), self.now()).unwrap();
            passwords.insert(id, PASSWORD.to_owned());
        }
        PASSWORD
    }

    /// One more nurse at the nursing station, on the care teams of these persons; her user ID.
    #[allow(dead_code, reason = "for the measuring tools, which share this city")]
    pub(crate) fn another_nurse(&self, name: &str, persons: &[&str]) -> String {
        let (user, user_id): (model::UserKey, String) = (format!("K-{name}").parse().unwrap(), format!("U-{name}"));
        self.clerk(Command::RegisterUser { user: user.clone(), name: name.to_owned() });
        let granted = self.clerk(Command::GrantUserId {
            user_id: UserId::new(&user_id).unwrap(),
            user: user.clone(),
            facility: "F-nursing".parse().unwrap(),
            profession: model::Profession::Nurse,
            recognised_by: None,
        });
        self.passwords.lock().unwrap().insert(UserId::new(&user_id).unwrap(), city::first_password(&granted));
        for person in persons {
            self.clerk(Command::JoinTeam {
                person: person.parse().unwrap(),
                user: user.clone(),
                role: model::TeamRole::Member,
                facility: None,
                from: self.now(),
                until: None,
            });
        }
        user_id
    }

    /// A terminal and a session on it.
    pub(crate) async fn signed_in(&self, user_id: &str, device: &str) -> (Terminal, String) {
        let terminal = self.terminal(device);
        let cookie = self.cookie(&terminal, user_id).await;
        (terminal, cookie)
    }

    /// A session on a terminal.
    pub(crate) async fn cookie(&self, terminal: &Terminal, user_id: &str) -> String {
        let password = self.changed_password(user_id);
        terminal.sign_in(user_id, password).await.unwrap_or_else(|reply| panic!("no session: {}", reply.text()))
    }

    pub(crate) fn revoke(&self, device: &str) {
        self.officer(Command::RevokeCertificate { serial: self.serial(device), because: Cause::Stolen });
    }

    /// All audit entries, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
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
        let gateway = self.nodes.start(self.door, &self.registry, &self.audit);
        self.address = gateway.address();
        self.gateway = Some(gateway);
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
