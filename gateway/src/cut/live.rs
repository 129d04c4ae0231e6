//! Everything alive: open connections and exchanges in flight, indexed by what they rest on.
//!
//! One shard a worker, so that the lock is uncontended on the request path and held only for map operations, never
//! across an await. A holder is entered *before* the facts are looked up: whatever changes after the look-up finds it
//! here, whatever changed before is seen by the look-up. There is no gap between the two.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Action, DeviceId, FacilityId, PersonId, SerialNumber, SessionId, Timestamp, UserId, UserKey};
use records::Claim;
use registry::Affected;

use super::socket::Scissors;
pub use super::switch::Switch;
use crate::tls::device::Presented;

/// What a holder can be found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Serial(SerialNumber),
    Device(DeviceId),
    UserId(UserId),
    User(UserKey),
    Facility(FacilityId),
    Person(PersonId),
}

/// The registers of all workers.
pub struct Live {
    shards: Vec<Mutex<Shard>>,
    next: AtomicU64,
}

#[derive(Default)]
struct Shard {
    keys: HashMap<Key, HashSet<u64>>,
    connections: HashMap<u64, Arc<LiveConnection>>,
    exchanges: HashMap<u64, Arc<LiveExchange>>,
}

/// An open connection of a terminal.
pub struct LiveConnection {
    id: u64,
    /// Serial number of the certificate it was opened with.
    pub serial: SerialNumber,
    /// That certificate, as it was shown.
    pub shown: Option<Presented>,
    /// Cuts it.
    pub scissors: Scissors,
    users: Mutex<Vec<(UserId, UserKey)>>,
}

impl LiveConnection {
    /// The user IDs that were signed in over it.
    #[must_use]
    pub fn users(&self) -> Vec<UserId> {
        lock(&self.users).iter().map(|(user_id, _)| user_id.clone()).collect()
    }
}

/// What an exchange in flight rests on.
#[derive(Clone, Debug)]
pub struct ExchangeBasis {
    /// Serial number of the certificate.
    pub serial: SerialNumber,
    /// The terminal.
    pub device: DeviceId,
    /// The user ID.
    pub user_id: UserId,
    /// The human being.
    pub user: UserKey,
    /// The facility of the user ID.
    pub facility: FacilityId,
    /// The session.
    pub session: SessionId,
    /// Version of the credential signed in with; a newer one ends the session.
    pub credential_epoch: u32,
    /// When the session is over in any case.
    pub session_over: Timestamp,
    /// What was permitted, all of it.
    pub claims: Vec<Claim>,
}

/// An exchange in flight: from before the decision to the last byte of the answer.
pub struct LiveExchange {
    /// What it rests on.
    pub basis: ExchangeBasis,
    /// The certificate, as it was shown on the connection.
    pub shown: Option<Presented>,
    /// Ends it.
    pub switch: Arc<Switch>,
    /// The store has carried out what was deleted.
    deleted: AtomicBool,
}

impl LiveExchange {
    /// The store has deleted what it was asked to. The order may be used up by that, and its answer says nothing of a record:
    /// from here on it does not rest on the order any more.
    pub fn has_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
    }

    /// The claims that it still rests on.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        let deleted = self.deleted.load(Ordering::Acquire);
        self.basis.claims.iter().filter(move |claim| !deleted || claim.action != Action::Delete)
    }
}

/// Keeps a connection in the register; leaving scope takes it out. Held inside the connection's task, so it goes before
/// the socket does.
pub struct ConnectionEntry {
    live: Arc<Live>,
    shard: usize,
    keys: Vec<Key>,
    /// The connection.
    pub connection: Arc<LiveConnection>,
}

/// Keeps an exchange in the register; leaving scope takes it out.
pub struct ExchangeEntry {
    live: Arc<Live>,
    shard: usize,
    id: u64,
    lingers_in: Option<Last>,
    busy: Option<Arc<()>>,
    /// The exchange.
    pub exchange: Arc<LiveExchange>,
}

/// The last exchange of an HTTP/1.1 connection, or all in the answer to a batch: over for us, perhaps not yet taken by its
/// client.
#[derive(Clone, Default)]
pub struct Last(Arc<Mutex<Vec<ExchangeEntry>>>);

impl Last {
    /// Nothing is waited for any more.
    pub fn clear(&self) {
        let last = std::mem::take(&mut *lock(&self.0));
        drop(last);
    }
}

impl ExchangeEntry {
    /// Where it stays when its answer is buffered.
    pub fn linger_in(&mut self, last: &Last) {
        self.lingers_in = Some(last.clone());
    }

    /// As long as it is here, its connection is not idle.
    pub fn keep_busy(&mut self, busy: &Arc<()>) {
        self.busy = Some(Arc::clone(busy));
    }

    /// Other exchanges may be going on over the same connection (HTTP/2).
    #[must_use]
    pub const fn is_multiplexed(&self) -> bool {
        self.busy.is_some()
    }

    /// The answer is buffered: out of the register, or over HTTP/1.1 until the next request or the end of the connection.
    pub fn linger(mut self) {
        if let Some(last) = self.lingers_in.take() {
            // Whoever is decided on next clears it.
            lock(&last.0).push(self);
        }
    }
}

impl Live {
    /// Empty registers for so many workers (at least one).
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { shards: (0..workers.max(1)).map(|_| Mutex::default()).collect(), next: AtomicU64::new(1) }
    }

    /// Enters an open connection.
    #[must_use]
    pub fn enter_connection(
        self: &Arc<Self>,
        worker: usize,
        (serial, shown): (SerialNumber, Option<Presented>),
        device: &DeviceId,
        facility: &FacilityId,
        scissors: Scissors,
    ) -> ConnectionEntry {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(LiveConnection { id, serial, shown, scissors, users: Mutex::default() });
        let keys = vec![Key::Serial(serial), Key::Device(device.clone()), Key::Facility(facility.clone())];
        let mut shard = self.shard(worker);
        for key in &keys {
            shard.keys.entry(key.clone()).or_default().insert(id);
        }
        shard.connections.insert(id, Arc::clone(&connection));
        drop(shard);
        ConnectionEntry { live: Arc::clone(self), shard: worker, keys, connection }
    }

    /// Enters an exchange, and notes on its connection that this user ID is signed in over it.
    #[must_use]
    pub fn enter_exchange(
        self: &Arc<Self>,
        worker: usize,
        connection: &LiveConnection,
        basis: ExchangeBasis,
        switch: Arc<Switch>,
    ) -> ExchangeEntry {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let shown = connection.shown.clone();
        let exchange = Arc::new(LiveExchange { basis, shown, switch, deleted: AtomicBool::new(false) });
        let new_user = {
            let mut users = lock(&connection.users);
            let new = !users.iter().any(|(user_id, _)| *user_id == exchange.basis.user_id);
            if new {
                users.push((exchange.basis.user_id.clone(), exchange.basis.user.clone()));
            }
            new
        };
        let mut shard = self.shard(worker);
        if new_user {
            let basis = &exchange.basis;
            for key in [Key::UserId(basis.user_id.clone()), Key::User(basis.user.clone())] {
                shard.keys.entry(key).or_default().insert(connection.id);
            }
        }
        for key in exchange.basis.keys() {
            shard.keys.entry(key).or_default().insert(id);
        }
        shard.exchanges.insert(id, Arc::clone(&exchange));
        drop(shard);
        ExchangeEntry { live: Arc::clone(self), shard: worker, id, lingers_in: None, busy: None, exchange }
    }

    /// All connections and exchanges that a change may affect.
    #[must_use]
    pub fn affected(&self, affected: &Affected) -> (Vec<Arc<LiveConnection>>, Vec<Arc<LiveExchange>>) {
        if affected.service {
            return (Vec::new(), self.exchanges());
        }
        let keys = keys_of(affected);
        let (mut connections, mut exchanges) = (Vec::new(), Vec::new());
        for shard in &self.shards {
            let shard = lock(shard);
            let holders: HashSet<u64> = keys.iter().filter_map(|key| shard.keys.get(key)).flatten().copied().collect();
            connections.extend(holders.iter().filter_map(|id| shard.connections.get(id)).cloned());
            exchanges.extend(holders.iter().filter_map(|id| shard.exchanges.get(id)).cloned());
        }
        (connections, exchanges)
    }

    /// All connections.
    #[must_use]
    pub fn connections(&self) -> Vec<Arc<LiveConnection>> {
        self.shards.iter().flat_map(|shard| lock(shard).connections.values().cloned().collect::<Vec<_>>()).collect()
    }

    /// All exchanges.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Arc<LiveExchange>> {
        self.shards.iter().flat_map(|shard| lock(shard).exchanges.values().cloned().collect::<Vec<_>>()).collect()
    }

    /// How many connections and exchanges are alive, and how many keys lead to them.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        self.shards.iter().map(|shard| lock(shard)).fold((0, 0, 0), |(connections, exchanges, keys), shard| {
            (connections + shard.connections.len(), exchanges + shard.exchanges.len(), keys + shard.keys.len())
        })
    }

    fn shard(&self, worker: usize) -> MutexGuard<'_, Shard> {
        // The remainder is always within the list, which is never empty.
        let index = worker % self.shards.len();
        #[expect(clippy::indexing_slicing, reason = "the index is a remainder by the length")]
        lock(&self.shards[index])
    }
}

impl ExchangeBasis {
    fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        [
            Key::Serial(self.serial),
            Key::Device(self.device.clone()),
            Key::UserId(self.user_id.clone()),
            Key::User(self.user.clone()),
            Key::Facility(self.facility.clone()),
        ]
        .into_iter()
        .chain(self.claims.iter().flat_map(|claim| &claim.persons).cloned().map(Key::Person))
    }
}

fn keys_of(affected: &Affected) -> Vec<Key> {
    let mut keys = Vec::new();
    keys.extend(affected.serials.iter().copied().map(Key::Serial));
    keys.extend(affected.devices.iter().cloned().map(Key::Device));
    keys.extend(affected.user_ids.iter().cloned().map(Key::UserId));
    keys.extend(affected.users.iter().cloned().map(Key::User));
    keys.extend(affected.facilities.iter().cloned().map(Key::Facility));
    keys.extend(affected.persons.iter().cloned().map(Key::Person));
    keys
}

impl Shard {
    fn forget(&mut self, key: &Key, id: u64) {
        if let Some(holders) = self.keys.get_mut(key) {
            holders.remove(&id);
            if holders.is_empty() {
                self.keys.remove(key);
            }
        }
    }
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        let users = std::mem::take(&mut *lock(&self.connection.users));
        let id = self.connection.id;
        let mut shard = self.live.shard(self.shard);
        shard.connections.remove(&id);
        for key in &self.keys {
            shard.forget(key, id);
        }
        for (user_id, user) in users {
            shard.forget(&Key::UserId(user_id), id);
            shard.forget(&Key::User(user), id);
        }
    }
}

impl Drop for ExchangeEntry {
    fn drop(&mut self) {
        let mut shard = self.live.shard(self.shard);
        shard.exchanges.remove(&self.id);
        for key in self.exchange.basis.keys() {
            shard.forget(&key, self.id);
        }
    }
}

/// A panic elsewhere must not stop revocation: the maps stay consistent because each operation is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
