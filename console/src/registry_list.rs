//! The status of certificates as the registry knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ca::{
    Crl, Issuing, IssuingKey, NEXT_UPDATE_SECONDS, RecordedNumber, Responder, Revoked, Shard, Status, StatusPlaces,
    SystemRandom, build_crl, build_shard, reserve,
};
use model::{Author, Office, SerialNumber, Timestamp};
use registry::{Change, Command, ConfirmationTask, Registry, RegistryError, Snapshot, TaskId};

use crate::Clock;
use crate::bounds::HEARD_WITHIN;
use crate::list::{Built, ListError, ListSource, Rebuild};

/// Builds lists, and answers, from the registry's newest state.
pub struct RegistryList {
    registry: Registry,
    issuing: Issuing,
    key: Arc<IssuingKey>,
    places: StatusPlaces,
    clock: Clock,
}

impl RegistryList {
    /// Over `registry`, signed by `issuing` with `key`; others find it at `places`.
    #[must_use]
    pub fn new(registry: Registry, issuing: Issuing, key: Arc<IssuingKey>, places: StatusPlaces, clock: Clock) -> Self {
        Self { registry, issuing, key, places, clock }
    }

    fn heard(&self) -> Result<Arc<Snapshot>, ListError> {
        if self.registry.freshness() > HEARD_WITHIN {
            return Err(ListError::new("the registry has not been heard lately"));
        }
        Ok(self.registry.snapshot())
    }

    fn execute(&self, command: Command) -> Result<Vec<Change>, RegistryError> {
        let author = Author::new(Office::System, "sekisho");
        self.registry.execute(command, author, (self.clock)()).map(|done| done.changes)
    }
}

impl ListSource for RegistryList {
    fn number(&self, lists: usize) -> Result<RecordedNumber, ListError> {
        // A number for what would not be signed anyway would only fill the journal.
        self.issuing.signs_lists((self.clock)()).map_err(ListError::new)?;
        let lists = u32::try_from(lists).map_err(ListError::new)?;
        let book = || {
            let given = |change: &Change| match change {
                Change::ListsNumbered { number, .. } => Some(*number),
                _ => None,
            };
            // Of this very command: another server may have taken the next one meanwhile.
            let done = self.execute(Command::NumberLists { lists })?;
            Ok::<_, RegistryError>(done.iter().find_map(given).unwrap_or(0))
        };
        RecordedNumber::next(book).map_err(ListError::new)
    }

    fn build(&self, number: &RecordedNumber) -> Result<Crl, ListError> {
        let now = (self.clock)();
        build_crl(&self.issuing, &self.key, &revoked(&*self.heard()?, now, |_| true), number, now)
            .map_err(ListError::new)
    }

    fn shards(&self, wanted: &BTreeSet<Shard>, number: &RecordedNumber) -> Result<Built, ListError> {
        let now = (self.clock)();
        let mut entries: BTreeMap<Shard, Vec<Revoked>> = wanted.iter().map(|shard| (*shard, vec![])).collect();
        let snapshot = self.heard()?;
        for revoked in revoked(&snapshot, now, |serial| wanted.contains(&Shard::of(serial))) {
            entries.entry(Shard::of(&revoked.serial)).or_default().push(revoked);
        }
        let build = |(shard, revoked): (Shard, Vec<Revoked>)| {
            let list = build_shard(&self.issuing, &self.key, (&self.places, shard), &revoked, number, now);
            list.map(|list| (shard, list)).map_err(ListError::new)
        };
        let shards = entries.into_iter().map(build).collect::<Result<_, _>>()?;
        Ok(Built { shards, told: told(&snapshot, wanted) })
    }

    /// For those who confirm a revocation (art. 38-3).
    fn shelved(&self, told: Vec<TaskId>, number: &RecordedNumber) {
        if told.is_empty() {
            return;
        }
        if let Err(error) = self.execute(Command::RecordListed { tasks: told, number: number.number() }) {
            tracing::warn!(%error, "which revocation list names a revocation is not on record; the next one says it");
        }
    }

    fn status(&self, serial: &SerialNumber) -> Result<Status, ListError> {
        let snapshot = self.heard()?;
        // A certificate of another authority has a number of ours, which stands in no certificate: its status is its authority's.
        let certificate = snapshot.certificate(serial).filter(|known| known.external.is_none());
        let Some(certificate) = certificate else { return Ok(Status::Unknown) };
        Ok(match &certificate.revocation {
            Some(revocation) => Status::Revoked { at: revocation.at, reason: revocation.reason },
            None if certificate.fingerprint.is_some() => Status::Good,
            // Reserved or given up: no certificate of this number opens anything.
            None => Status::Unknown,
        })
    }

    fn responder(&self) -> Result<Responder, ListError> {
        // From a registry that is not heard nobody could tell who is revoked.
        self.heard()?;
        self.issuing.certifies((self.clock)()).map_err(ListError::new)?;
        let mut book = |serial: &SerialNumber| self.execute(Command::ReserveResponder { serial: *serial }).map(drop);
        let serial = reserve(&SystemRandom::new(), &mut book).map_err(ListError::new)?;
        Responder::create(&self.issuing, &self.key, serial, (self.clock)()).map_err(ListError::new)
    }
}

/// Has `rebuild` asked whenever a certificate is revoked, by whatever command, here or in another process.
pub fn follow(registry: &Registry, rebuild: Rebuild) {
    registry.on_change(Box::new(move |change, _| {
        match change {
            Change::CertificateRevoked { serial, .. } => rebuild.ask(&[*serial]),
            // All of a task once more, so that one number names the whole of it.
            Change::RevocationReported { serials, .. } => rebuild.ask(serials),
            _ => {}
        }
    }));
}

/// Tasks that no list was recorded for, and whose certificates all stand on these shards. What another authority issued is on no
/// list of ours.
fn told(snapshot: &Snapshot, shards: &BTreeSet<Shard>) -> Vec<TaskId> {
    let ours = |serial: &SerialNumber| snapshot.certificate(serial).is_some_and(|known| known.external.is_none());
    let named = |task: &&ConfirmationTask| {
        task.listed.is_none() && task.serials.iter().all(|serial| ours(serial) && shards.contains(&Shard::of(serial)))
    };
    snapshot.open_tasks().filter(named).map(|task| task.id).collect()
}

/// What a list of `now` names: everything revoked, reserved numbers too, since a signature may exist though its record was
/// lost. Certificates stay until one whole list has passed after their expiry (RFC 5280 5).
fn revoked(snapshot: &Snapshot, now: Timestamp, wanted: impl Fn(&SerialNumber) -> bool) -> Vec<Revoked> {
    snapshot
        .certificates()
        .filter(|certificate| wanted(&certificate.serial) && certificate.external.is_none())
        .filter(|certificate| now <= certificate.not_after.plus_seconds(2 * NEXT_UPDATE_SECONDS))
        .filter_map(|certificate| {
            let revocation = certificate.revocation.as_ref()?;
            Some(Revoked { serial: certificate.serial, at: revocation.at, reason: revocation.reason })
        })
        .collect()
}
