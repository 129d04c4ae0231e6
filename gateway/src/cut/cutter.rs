//! Judges anew what a change of the registry affects, and cuts what no longer holds.
//!
//! Runs on the thread that publishes the change, after readers have the new snapshot: no queue, no scheduling between
//! the commit and the cut. What only the clock ends (validity, end of a session, a silent registry) is found by a sweep.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{SerialNumber, Timestamp};
use registry::{Affected, Change, Snapshot};

use super::live::{Live, LiveConnection, LiveExchange};
use crate::bounds;
use crate::judge::{Asker, Judge};
use crate::tls::device::{self, Presented};
use crate::tls::external::Externals;

/// Judges and cuts.
#[derive(Clone)]
pub struct Cutter {
    live: Arc<Live>,
    judge: Judge,
    externals: Arc<Externals>,
}

/// What a cut ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Connections cut.
    pub connections: usize,
    /// Exchanges cut.
    pub exchanges: usize,
    /// When the kernel last took an octet on any of them.
    pub last_octet_at: Option<Timestamp>,
}

impl Ended {
    /// Takes these in as well.
    pub fn add(&mut self, other: Self) {
        self.connections += other.connections;
        self.exchanges += other.exchanges;
        self.last_octet_at = self.last_octet_at.max(other.last_octet_at);
    }

    /// An octet went out so long before this moment.
    fn octet(&mut self, ago: Option<Duration>, moment: Timestamp) {
        let millis = ago.and_then(|ago| i64::try_from(ago.as_millis()).ok());
        let at = millis.map(|millis| Timestamp::from_millis(moment.as_millis().saturating_sub(millis)));
        self.last_octet_at = self.last_octet_at.max(at);
    }
}

/// What is known at one moment.
#[derive(Clone, Debug)]
pub struct Known {
    /// The newest facts.
    pub snapshot: Arc<Snapshot>,
    /// When.
    pub now: Timestamp,
    /// How long the registry has not been heard.
    pub silence: Duration,
}

impl Cutter {
    /// A cutter over the registers.
    #[must_use]
    pub const fn new(live: Arc<Live>, judge: Judge, externals: Arc<Externals>) -> Self {
        Self { live, judge, externals }
    }

    /// Whether a certificate stands, by the registry, and if it is another authority's by whether that is heard and the chain that
    /// was shown still holds.
    fn stands(&self, snapshot: &Snapshot, serial: &SerialNumber, shown: Option<&Presented>, now: Timestamp) -> bool {
        device::standing(snapshot, serial, now).is_ok_and(|known| {
            let heard = |name: &str| self.externals.is_heard(name, u64::try_from(now.as_seconds()).unwrap_or(0));
            known.external.as_ref().is_none_or(|external| heard(&external.authority))
                && shown.is_none_or(|shown| shown.chain_holds(now))
        })
    }

    /// Judges anew what `change` affects.
    pub fn change(&self, change: &Change, snapshot: &Arc<Snapshot>, now: Timestamp) -> Ended {
        self.affected(&change.affects(), snapshot, now)
    }

    /// Judges anew what these affect.
    pub fn affected(&self, affected: &Affected, snapshot: &Snapshot, now: Timestamp) -> Ended {
        let (connections, exchanges) = self.live.affected(affected);
        if connections.is_empty() && exchanges.is_empty() {
            return Ended::default();
        }
        let (mut ended, begun) = (Ended::default(), Instant::now());
        // `now` is from before it began.
        let moment = || {
            let millis = i64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
            Timestamp::from_millis(now.as_millis().saturating_add(millis))
        };
        // Connections first: one reset ends everything on them, for a lost terminal all at once.
        for connection in &connections {
            if !guarded(|| self.connection_holds(connection, snapshot, now)) {
                connection.scissors.cut();
                ended.connections += 1;
                ended.octet(connection.scissors.last_octet_ago(), moment());
            }
        }
        for exchange in &exchanges {
            if !exchange.switch.is_cut() && !guarded(|| self.exchange_holds(exchange, snapshot, now)) {
                exchange.switch.cut();
                ended.exchanges += 1;
                ended.octet(exchange.switch.last_octet_ago(), moment());
            }
        }
        if ended != Ended::default() {
            tracing::info!(connections = ended.connections, exchanges = ended.exchanges, "cut after a change");
        }
        ended
    }

    /// Ends what only the clock ends. With `judge_all` every exchange is also judged anew (validity of memberships and
    /// suspensions), which costs a decision each.
    ///
    /// `known` is asked *after* the living are listed. The other way round, whoever came in between by a certificate or a
    /// password that is newer than those facts would be cut for what the facts do not know yet.
    pub fn sweep(&self, known: impl FnOnce() -> Known, judge_all: bool) -> Ended {
        let (connections, exchanges) = (self.live.connections(), self.live.exchanges());
        let Known { snapshot, now, silence } = known();
        let mut ended = Ended::default();
        let stale = silence > bounds::REGISTRY_SILENCE_MAX;
        for connection in connections {
            if !self.stands(&snapshot, &connection.serial, connection.shown.as_ref(), now) {
                connection.scissors.cut();
                ended.connections += 1;
            }
        }
        for exchange in exchanges {
            if exchange.switch.is_cut() {
                exchange.switch.cut_connection();
                continue;
            }
            // A tunnel's connection is none of those above any more: its certificate is asked about here.
            let stands = self.stands(&snapshot, &exchange.basis.serial, exchange.shown.as_ref(), now);
            let over = exchange.basis.session_over <= now || !stands;
            if stale || over || (judge_all && !guarded(|| self.exchange_holds(&exchange, &snapshot, now))) {
                exchange.switch.cut();
                ended.exchanges += 1;
            }
        }
        if ended != Ended::default() {
            tracing::info!(connections = ended.connections, exchanges = ended.exchanges, stale, "cut by the clock");
        }
        ended
    }

    /// A connection holds while its certificate does, and while one of the user IDs signed in over it does.
    fn connection_holds(&self, connection: &LiveConnection, snapshot: &Snapshot, now: Timestamp) -> bool {
        if !self.stands(snapshot, &connection.serial, connection.shown.as_ref(), now) {
            return false;
        }
        let users = connection.users();
        users.is_empty()
            || users.iter().any(|user_id| {
                self.judge
                    .standing(snapshot, user_id, &connection.serial, now)
                    .is_ok_and(|decision| decision.is_permit())
            })
    }

    /// An exchange holds while its session does and every one of its claims is still permitted.
    fn exchange_holds(&self, exchange: &LiveExchange, snapshot: &Snapshot, now: Timestamp) -> bool {
        let basis = &exchange.basis;
        let same_credential =
            snapshot.user_id(&basis.user_id).is_some_and(|known| known.credential_epoch == basis.credential_epoch);
        if snapshot.session_ended(&basis.session) || !same_credential {
            return false;
        }
        let asker = Asker { user_id: &basis.user_id, user: &basis.user, serial: &basis.serial, at: now };
        exchange.claims().all(|claim| self.judge.permits_claim(snapshot, asker, claim))
    }
}

/// A judgement that panics does not hold, and does not keep the others from being made.
fn guarded(holds: impl FnOnce() -> bool) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(holds)).unwrap_or_else(|_| {
        tracing::error!("a judgement ended by a panic; what it was about is cut");
        false
    })
}
