//! Everything alive: open connections and exchanges in flight, found by what they rest on.
//!
//! An exchange is kept with its connection, since it rests on all that the connection does: entering and leaving is a step into
//! a short list. A change that affects persons is rare, and looks at every exchange.
//!
//! One shard a worker, so that the lock is uncontended on the request path and held only for map operations, never
//! across an await. A holder is entered *before* the facts are looked up: whatever changes after the look-up finds it
//! here, whatever changed before is seen by the look-up. There is no gap between the two.

use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;
use model::{Action, DeviceId, FacilityId, PersonId, SerialNumber, SessionId, Timestamp, UserId, UserKey};
use records::Claim;
use registry::Affected;

use super::socket::Scissors;
pub use super::switch::Switch;
use crate::tls::device::Presented;

/// What a connection, and with it its exchanges, can be found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Serial(SerialNumber),
    Device(DeviceId),
    UserId(UserId),
    User(UserKey),
    Facility(FacilityId),
}

/// The registers of all workers.
pub struct Live {
    shards: Vec<Mutex<Shard>>,
    next: AtomicU64,
}

#[derive(Default)]
struct Shard {
    keys: HashMap<Key, HashSet<u64>>,
    connections: HashMap<u64, Held>,
    exchanges: usize,
}

/// A connection, and what goes on over it.
struct Held {
    connection: Arc<LiveConnection>,
    /// It has ended; exchanges may go on (a tunnel, a deletion that its client did not wait for).
    ended: bool,
    /// What it is found by.
    keys: Vec<Key>,
    exchanges: Vec<(u64, Arc<LiveExchange>)>,
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
    users: Mutex<Vec<UserId>>,
}

impl LiveConnection {
    /// The user IDs that were signed in over it.
    #[must_use]
    pub fn users(&self) -> Vec<UserId> {
        lock(&self.users).clone()
    }

    /// Whether this user ID is new here.
    fn is_new(&self, user_id: &UserId) -> bool {
        let mut users = lock(&self.users);
        let new = !users.contains(user_id);
        if new {
            users.push(user_id.clone());
        }
        new
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

    /// Whether it is about one of these.
    fn is_about(&self, persons: &HashSet<&PersonId>) -> bool {
        self.basis.claims.iter().flat_map(|claim| &claim.persons).any(|person| persons.contains(person))
    }
}

/// Keeps a connection in the register; leaving scope takes it out. Held inside the connection's task, so it goes before
/// the socket does.
pub struct ConnectionEntry {
    live: Arc<Live>,
    shard: usize,
    /// The connection.
    pub connection: Arc<LiveConnection>,
}

/// Keeps an exchange in the register; leaving scope takes it out.
pub struct ExchangeEntry {
    live: Arc<Live>,
    shard: usize,
    connection: u64,
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

    /// What its connection is not idle by: other exchanges hold it too. None over HTTP/1.1.
    #[must_use]
    pub const fn busy(&self) -> Option<&Arc<()>> {
        self.busy.as_ref()
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
        let held = Held { connection: Arc::clone(&connection), ended: false, keys: Vec::new(), exchanges: Vec::new() };
        let mut shard = self.shard(worker);
        shard.connections.insert(id, held);
        shard.lead(keys, id);
        drop(shard);
        ConnectionEntry { live: Arc::clone(self), shard: worker, connection }
    }

    /// Enters an exchange, and notes on its connection that this user ID is signed in over it.
    #[must_use]
    pub fn enter_exchange(
        self: &Arc<Self>,
        entry: &ConnectionEntry,
        basis: ExchangeBasis,
        switch: Arc<Switch>,
    ) -> ExchangeEntry {
        let (id, connection) = (self.next.fetch_add(1, Ordering::Relaxed), &entry.connection);
        let user = connection.is_new(&basis.user_id).then(|| {
            let (user_id, user, facility) = (basis.user_id.clone(), basis.user.clone(), basis.facility.clone());
            vec![Key::UserId(user_id), Key::User(user), Key::Facility(facility)]
        });
        let shown = connection.shown.clone();
        let exchange = Arc::new(LiveExchange { basis, shown, switch, deleted: AtomicBool::new(false) });
        let mut shard = self.shard(entry.shard);
        shard.lead(user.unwrap_or_default(), connection.id);
        // It is there for as long as its entry is.
        if let Some(held) = shard.connections.get_mut(&connection.id) {
            held.exchanges.push((id, Arc::clone(&exchange)));
            shard.exchanges += 1;
        }
        drop(shard);
        let (live, shard, connection) = (Arc::clone(self), entry.shard, connection.id);
        ExchangeEntry { live, shard, connection, id, lingers_in: None, busy: None, exchange }
    }

    /// All connections and exchanges that a change may affect.
    #[must_use]
    pub fn affected(&self, affected: &Affected) -> (Vec<Arc<LiveConnection>>, Vec<Arc<LiveExchange>>) {
        if affected.service {
            return (Vec::new(), self.exchanges());
        }
        let keys = keys_of(affected);
        let persons: HashSet<&PersonId> = affected.persons.iter().collect();
        let (mut connections, mut exchanges) = (Vec::new(), Vec::new());
        for shard in &self.shards {
            let shard = lock(shard);
            let found: HashSet<u64> = keys.iter().filter_map(|key| shard.keys.get(key)).flatten().copied().collect();
            for held in found.iter().filter_map(|id| shard.connections.get(id)) {
                connections.extend((!held.ended).then(|| Arc::clone(&held.connection)));
                exchanges.extend(held.exchanges());
            }
            if !persons.is_empty() {
                let others = shard.connections.iter().filter(|(id, _)| !found.contains(id));
                let of_others = others.flat_map(|(_, held)| held.exchanges());
                exchanges.extend(of_others.filter(|exchange| exchange.is_about(&persons)));
            }
        }
        (connections, exchanges)
    }

    /// All connections.
    #[must_use]
    pub fn connections(&self) -> Vec<Arc<LiveConnection>> {
        let open = |held: &Held| (!held.ended).then(|| Arc::clone(&held.connection));
        self.shards
            .iter()
            .flat_map(|shard| lock(shard).connections.values().filter_map(open).collect::<Vec<_>>())
            .collect()
    }

    /// All exchanges.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Arc<LiveExchange>> {
        let of = |shard: &Mutex<Shard>| lock(shard).connections.values().flat_map(Held::exchanges).collect::<Vec<_>>();
        self.shards.iter().flat_map(of).collect()
    }

    /// How many connections and exchanges are alive, and how many keys lead to them.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        self.shards.iter().map(|shard| lock(shard)).fold((0, 0, 0), |(connections, exchanges, keys), shard| {
            let open = shard.connections.values().filter(|held| !held.ended).count();
            (connections + open, exchanges + shard.exchanges, keys + shard.keys.len())
        })
    }

    fn shard(&self, worker: usize) -> MutexGuard<'_, Shard> {
        // The remainder is always within the list, which is never empty.
        let index = worker % self.shards.len();
        #[expect(clippy::indexing_slicing, reason = "the index is a remainder by the length")]
        lock(&self.shards[index])
    }
}

fn keys_of(affected: &Affected) -> Vec<Key> {
    let mut keys = Vec::new();
    keys.extend(affected.serials.iter().copied().map(Key::Serial));
    keys.extend(affected.devices.iter().cloned().map(Key::Device));
    keys.extend(affected.user_ids.iter().cloned().map(Key::UserId));
    keys.extend(affected.users.iter().cloned().map(Key::User));
    keys.extend(affected.facilities.iter().cloned().map(Key::Facility));
    keys
}

impl Held {
    fn exchanges(&self) -> impl Iterator<Item = Arc<LiveExchange>> + '_ {
        self.exchanges.iter().map(|(_, exchange)| Arc::clone(exchange))
    }
}

impl Shard {
    /// These lead to the connection from here on.
    fn lead(&mut self, keys: Vec<Key>, id: u64) {
        let Some(held) = self.connections.get_mut(&id) else { return };
        for key in keys {
            if self.keys.entry(key.clone()).or_default().insert(id) {
                held.keys.push(key);
            }
        }
    }

    /// Forgets a connection that has ended, once nothing goes on over it any more.
    fn forget(&mut self, id: u64) {
        let over = |held: &mut Held| held.ended && held.exchanges.is_empty();
        let Entry::Occupied(mut entry) = self.connections.entry(id) else { return };
        if !over(entry.get_mut()) {
            return;
        }
        for key in entry.remove().keys {
            if let Entry::Occupied(mut holders) = self.keys.entry(key) {
                holders.get_mut().remove(&id);
                if holders.get().is_empty() {
                    holders.remove();
                }
            }
        }
    }
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        let id = self.connection.id;
        let mut shard = self.live.shard(self.shard);
        if let Some(held) = shard.connections.get_mut(&id) {
            held.ended = true;
        }
        shard.forget(id);
    }
}

impl Drop for ExchangeEntry {
    fn drop(&mut self) {
        let mut shard = self.live.shard(self.shard);
        let Some(held) = shard.connections.get_mut(&self.connection) else { return };
        let Some(at) = held.exchanges.iter().position(|(id, _)| *id == self.id) else { return };
        held.exchanges.swap_remove(at);
        shard.exchanges = shard.exchanges.saturating_sub(1);
        shard.forget(self.connection);
    }
}

/// A panic elsewhere must not stop revocation: the maps stay consistent because each operation is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
