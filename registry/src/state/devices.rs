//! All devices there ever were, by the order they were loaned in: a row of the table of states names one by its place.

use std::sync::Arc;

use imbl::{HashMap, Vector};
use model::DeviceId;

use super::Device;
use super::certificates::SLOT_NONE;

/// All devices, by the order they were loaned in and by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Devices {
    slots: Vector<Arc<Device>>,
    by_id: HashMap<DeviceId, u32>,
}

impl Devices {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slot(&self, id: &DeviceId) -> Option<usize> {
        self.by_id.get(id).and_then(|slot| usize::try_from(*slot).ok())
    }

    pub(crate) fn at(&self, slot: usize) -> Option<&Device> {
        self.slots.get(slot).map(AsRef::as_ref)
    }

    pub(crate) fn get(&self, id: &DeviceId) -> Option<&Device> {
        self.at(self.slot(id)?)
    }

    /// A device to be changed; its name stays.
    pub(crate) fn get_mut(&mut self, id: &DeviceId) -> Option<&mut Device> {
        let slot = self.slot(id)?;
        self.slots.get_mut(slot).map(Arc::make_mut)
    }

    pub(crate) fn contains_key(&self, id: &DeviceId) -> bool {
        self.by_id.contains_key(id)
    }

    /// All, in the order they were loaned in.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Device> {
        self.slots.iter().map(AsRef::as_ref)
    }

    /// Whether there is room for one more: a row of the table of states has so many bits for it.
    pub(crate) fn is_full(&self) -> bool {
        !u32::try_from(self.slots.len()).is_ok_and(|count| count < SLOT_NONE)
    }

    /// A new device.
    pub(crate) fn push(&mut self, device: Device) {
        let Ok(slot) = u32::try_from(self.slots.len()) else { return };
        self.by_id.insert(device.id.clone(), slot);
        self.slots.push_back(Arc::new(device));
    }
}
