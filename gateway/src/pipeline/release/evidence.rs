//! What goes out is on record first.

use std::collections::HashSet;

use records::Located;
use registry::Snapshot;

use super::Checking;
use crate::pipeline::record;
use crate::refusal::Refusal;

impl Checking<'_> {
    /// Records that the entry could not name are on record before the answer leaves (promise P3): what a search found, and
    /// what was just created, be it only by its address.
    pub(super) async fn on_record(
        &self,
        snapshot: &Snapshot,
        released: &records::Released,
        located: Option<&Located>,
    ) -> Result<(), Refusal> {
        let named = located.and_then(|located| located.record.clone());
        let mut records: Vec<String> = released.records.iter().map(ToString::to_string).collect();
        records.extend(named.filter(|named| !records.contains(named)));
        self.names_on_record(snapshot, records).await
    }

    pub(super) async fn names_on_record(&self, snapshot: &Snapshot, mut records: Vec<String>) -> Result<(), Refusal> {
        let mut known: HashSet<String> = self.entry.records.iter().cloned().collect();
        records.retain(|record| known.insert(record.clone()));
        record::released(self.worker.handle(), &self.entry.id, snapshot, records).await
    }
}
