//! What revocations ended, for those who have to confirm them (art. 38-3): gathered while it is cut, put on record afterwards.
//!
//! The cut does not wait for its receipt. Listeners of the registry must not give it commands, so what was cut is laid down
//! here, and a thread of its own tells the registry. A crash in between loses the receipt and not the cut: the task is then in
//! effect by time, and says that no gateway told what it ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::lifecycle::confirmation;
use model::{Author, Office, SerialNumber, Timestamp};
use registry::{Change, Command, Effect, Registry, Snapshot, TaskId};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::cutter::Ended;
use crate::Clock;
use crate::bounds::{RECEIPT_AGAIN, RECEIPTS_AT_ONCE};

/// See the module.
pub struct Receipts {
    node: String,
    laid_down: Mutex<LaidDown>,
    woken: Notify,
}

/// Both are as long as there are revocations whose entry is on its way, and no longer: each of them is one in the registry.
#[derive(Default)]
struct LaidDown {
    /// By certificate, until its task is heard of, which is in the same entry.
    cut: HashMap<SerialNumber, Ended>,
    /// What the registry has not been told.
    told: BTreeMap<TaskId, Effect>,
}

impl Receipts {
    /// For the gateway of this name. What was reported before it started ended nothing here: nothing is open yet.
    #[must_use]
    pub fn new(node: String, before: &Snapshot, now: Timestamp) -> Self {
        let waiting = before.open_tasks().filter(|task| task.state == confirmation::State::Reported);
        let nothing = |node: &str| effect(node, &Ended::default(), now);
        let told = waiting.map(|task| (task.id, nothing(&node))).collect();
        let receipts =
            Self { laid_down: Mutex::new(LaidDown { cut: HashMap::new(), told }), node, woken: Notify::new() };
        receipts.woken.notify_one();
        receipts
    }

    /// A change was heard, and ended this. Quick, and asks nobody.
    pub fn note(&self, change: &Change, ended: Ended, snapshot: &Snapshot, now: Timestamp) {
        match change {
            Change::CertificateRevoked { serial, .. } if snapshot.task_of(serial).is_some() => {
                self.lay_down().cut.insert(*serial, ended);
            }
            Change::RevocationReported { task, serials, .. } => {
                let mut down = self.lay_down();
                let mut all = Ended::default();
                for serial in serials {
                    all.add(down.cut.remove(serial).unwrap_or_default());
                }
                down.told.insert(*task, effect(&self.node, &all, now));
                drop(down);
                self.woken.notify_one();
            }
            _ => {}
        }
    }

    fn lay_down(&self) -> MutexGuard<'_, LaidDown> {
        // What a panic left is whole: each operation on the maps is a single step.
        self.laid_down.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> Vec<(TaskId, Effect)> {
        self.lay_down().told.iter().take(RECEIPTS_AT_ONCE).map(|(task, effect)| (*task, effect.clone())).collect()
    }

    fn forget(&self, told: &[(TaskId, Effect)]) {
        let mut down = self.lay_down();
        told.iter().for_each(|(task, _)| drop(down.told.remove(task)));
    }
}

fn effect(node: &str, ended: &Ended, at: Timestamp) -> Effect {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (connections, exchanges) = (count(ended.connections), count(ended.exchanges));
    Effect { node: node.to_owned(), at, connections, exchanges, last_octet_at: ended.last_octet_at }
}

/// Tells the registry, until the drain. On a thread of its own, which it may block. A registry that cannot be written is told
/// again; in the meantime time makes the task effective.
pub(crate) async fn tell(
    receipts: Arc<Receipts>,
    registry: Registry,
    clock: Clock,
    mut draining: watch::Receiver<bool>,
) {
    let author = Author::new(Office::System, "sekisho");
    loop {
        let effects = receipts.first();
        if effects.is_empty() {
            tokio::select! {
                _ = draining.wait_for(|begun| *begun) => return,
                () = receipts.woken.notified() => continue,
            }
        }
        let command = Command::RecordEffects { effects: effects.clone() };
        match registry.execute(command, author.clone(), clock()) {
            Ok(_) => receipts.forget(&effects),
            Err(error) => {
                tracing::warn!(%error, "what revocations ended could not be put on record; it is tried again");
                tokio::select! {
                    _ = draining.wait_for(|begun| *begun) => return,
                    () = sleep(RECEIPT_AGAIN) => {}
                }
            }
        }
    }
}

/// How a gateway is called in receipts: the machine's name and the port where clients connect.
pub(crate) fn node_name(port: u16) -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let plain: String = name.chars().filter(char::is_ascii_graphic).take(64).collect();
    format!("{plain}:{port}")
}
