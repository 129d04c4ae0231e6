//! Terminals, their certificates, how they come to them, and what becomes of revocations.

use model::{DeviceId, FacilityId, SerialDraw, SerialNumber};

use super::Snapshot;
use crate::state::{
    Certificate, CertificateIndex, ConfirmationTask, Device, Enrolment, FacilityRevocation, Retiring, Signing, Status,
    TaskId,
};

impl Snapshot {
    /// What the authority was about to sign beside certificates of terminals.
    #[must_use]
    pub fn signing(&self) -> &Signing {
        &self.tables.signing
    }

    /// A device, returned ones included.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.tables.devices.get(id)
    }

    /// All devices, returned ones included, in the order they were loaned.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.tables.devices.values()
    }

    /// Somebody answers for the terminal: its holder has a user ID at its facility (art. 37).
    #[must_use]
    pub fn is_held(&self, device: &Device) -> bool {
        self.user_ids_of(&device.holder).any(|id| id.is_live() && id.facility == device.facility)
    }

    /// A certificate, by its serial number. Every number that was ever taken is here.
    #[must_use]
    pub fn certificate(&self, serial: &SerialNumber) -> Option<&Certificate> {
        self.tables.certificates.get(serial)
    }

    /// All certificates, in the order their numbers were taken.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.tables.certificates.values()
    }

    /// All certificates of a device, in the order their numbers were taken.
    pub fn certificates_of(&self, device: &DeviceId) -> impl Iterator<Item = &Certificate> {
        self.tables.certificates.of_device(device)
    }

    /// Those of our own for this public key (SHA-256 of its SubjectPublicKeyInfo).
    pub(crate) fn certificates_with_key(&self, key: &[u8; 32]) -> impl Iterator<Item = &Certificate> {
        self.tables.certificates.with_key(*key)
    }

    /// Where exactly this certificate stands: the one of this serial number with this SHA-256 (promise P7). None: the registry
    /// does not know it. Of a number that opens nothing anyway (revoked, reserved, given up) the number alone is asked.
    #[must_use]
    pub fn status(&self, serial: &SerialNumber, fingerprint: &[u8; 32]) -> Option<Status<'_>> {
        self.status_again(serial, fingerprint, None)
    }

    /// The same of a certificate that was found before, in any snapshot of this registry: looked for there first, and held to
    /// be the same.
    #[must_use]
    pub fn status_again(
        &self,
        serial: &SerialNumber,
        fingerprint: &[u8; 32],
        before: Option<CertificateIndex>,
    ) -> Option<Status<'_>> {
        let (index, state, slot) = self.tables.certificates.status(serial, fingerprint, before)?;
        Some(Status { index, state, device: self.tables.devices.at(slot)? })
    }

    /// The same of a certificate that was found before, in this snapshot or one before it.
    #[must_use]
    pub fn status_at(&self, index: CertificateIndex) -> Option<Status<'_>> {
        let (state, slot) = self.tables.certificates.status_at(index)?;
        Some(Status { index, state, device: self.tables.devices.at(slot)? })
    }

    /// Where a certificate of another authority stands that has this SHA-256 and was registered under this authority's name.
    #[must_use]
    pub fn status_elsewhere(&self, authority: &str, fingerprint: &[u8; 32]) -> Option<Status<'_>> {
        let index = self.tables.certificates.elsewhere(fingerprint)?;
        let external = self.certificate_at(index)?.external.as_ref()?;
        self.status_at(index).filter(|_| external.authority == authority)
    }

    /// A certificate that was found before, in this snapshot or one before it.
    #[must_use]
    pub fn certificate_at(&self, index: CertificateIndex) -> Option<&Certificate> {
        self.tables.certificates.at(index)
    }

    /// The certificate that this issuer (SHA-256 of its name in DER) gave this number, if it was registered.
    #[must_use]
    pub fn registered(&self, issuer: &[u8; 32], number: &SerialNumber) -> Option<&Certificate> {
        self.certificate_at(self.tables.certificates.registered(issuer, number)?)
    }

    /// The serial number that the next certificate of this draw would have; none before numbering has begun.
    #[must_use]
    pub(crate) fn next_serial(&self, draw: SerialDraw) -> Option<SerialNumber> {
        self.tables.certificates.next_serial(draw)
    }

    /// The code that a device can be enrolled by, used by nobody yet (one that is over until the next `Tick`).
    #[must_use]
    pub fn enrolment(&self, device: &DeviceId) -> Option<&Enrolment> {
        self.tables.enrolments.get(device).map(AsRef::as_ref)
    }

    /// All codes that nobody has used yet, by device (those that are over until the next `Tick`).
    pub fn enrolments(&self) -> impl Iterator<Item = &Enrolment> {
        self.tables.enrolments.values().map(AsRef::as_ref)
    }

    /// Certificates that were renewed and are not retired yet.
    pub fn retiring(&self) -> impl Iterator<Item = &Retiring> {
        self.tables.retiring.values().map(AsRef::as_ref)
    }

    /// A task of confirmation (art. 38-3).
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&ConfirmationTask> {
        self.tables.tasks.get(&id).map(AsRef::as_ref)
    }

    /// The task that the revocation of this certificate is part of.
    #[must_use]
    pub fn task_of(&self, serial: &SerialNumber) -> Option<&ConfirmationTask> {
        self.tables.task_of.get(serial).and_then(|id| self.task(*id))
    }

    /// All tasks of confirmation, confirmed ones included, oldest first.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &ConfirmationTask> {
        self.tables.tasks.values().map(AsRef::as_ref)
    }

    /// Those that nobody has confirmed, oldest first.
    pub fn open_tasks(&self) -> impl Iterator<Item = &ConfirmationTask> {
        self.tables.open_tasks.iter().filter_map(|id| self.task(*id))
    }

    /// What was proposed to revoke all of a facility, and waits for its second officer.
    #[must_use]
    pub fn facility_revocation(&self, facility: &FacilityId) -> Option<&FacilityRevocation> {
        self.tables.facility_revocations.get(facility).map(AsRef::as_ref)
    }

    /// All such proposals (those that are over until the next `Tick`).
    pub fn facility_revocations(&self) -> impl Iterator<Item = &FacilityRevocation> {
        self.tables.facility_revocations.values().map(AsRef::as_ref)
    }
}
