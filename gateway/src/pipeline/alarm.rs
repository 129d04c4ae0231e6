//! Tells the officer that something came up in a request: an alert in the audit log, under the number of its entry.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use audit::{Alert, AlertKind, Audit, EntryId};
use records::{Dropped, Misbehaviour};

use crate::Clock;
use crate::worker::Worker;

/// The alarm of one request. An exchange that goes on for long, with a store that goes on misbehaving, is told of at the
/// first time, the second, the fourth and so on: the log has an end, and the officer's patience too.
#[derive(Clone)]
pub struct Alarm {
    audit: Audit,
    clock: Clock,
    id: EntryId,
    count: Arc<AtomicU64>,
}

impl Alarm {
    /// The alarm of the request with this entry.
    #[must_use]
    pub fn of(worker: &Worker, id: &EntryId) -> Self {
        Self { audit: worker.audit().clone(), clock: worker.clock(), id: id.clone(), count: Arc::default() }
    }

    /// The store answered with what may not be passed on.
    pub fn misbehaves(&self, misbehaviour: &Misbehaviour) {
        self.store_misbehaves(vec![misbehaviour.on_record()], 1);
    }

    /// The store returned records that it should not have; they were left out.
    pub fn left_out(&self, dropped: usize, why: &[Dropped]) {
        if dropped > 0 {
            let seen = why.iter().map(|one| format!("{}: {}", one.record, one.why)).collect();
            self.store_misbehaves(seen, u64::try_from(dropped).unwrap_or(u64::MAX));
        }
    }

    fn store_misbehaves(&self, seen: Vec<String>, times: u64) {
        let before = self.count.fetch_add(times, Ordering::Relaxed);
        let count = before.saturating_add(times);
        tracing::error!(incident = %self.id, ?seen, count, "the store misbehaves");
        // Another power of two has been reached, or passed.
        if before.checked_ilog2() != count.checked_ilog2() {
            let alert =
                Alert { id: self.id.clone(), at: (self.clock)(), kind: AlertKind::StoreMisbehaves, seen, count };
            self.audit.alert(&alert);
        }
    }
}
