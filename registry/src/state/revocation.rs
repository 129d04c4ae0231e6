//! Revocations that somebody has to confirm (art. 38-3), with what they ended; and that all terminals of a facility are revoked,
//! while it waits for its second officer.

use model::lifecycle::confirmation;
use model::{Author, Cause, DeviceId, FacilityId, SerialNumber, Timestamp};

use super::{Approval, Confirmation, TaskId};
use crate::bounds::{ESCALATED_AFTER_HOURS, REMINDED_AFTER_HOURS, REVOCATION_EFFECTIVE_SECONDS};

/// The facility administrator has to confirm that a terminal's certificates are revoked (art. 38-3). Made in the same entry as
/// the revocation, so that the one cannot be without the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmationTask {
    /// Which.
    pub id: TaskId,
    /// Which terminal.
    pub device: DeviceId,
    /// The certificates that this act revoked, at least one.
    pub serials: Vec<SerialNumber>,
    /// Why.
    pub because: Cause,
    /// By whom.
    pub by: Author,
    /// When. From here on nothing is served on it.
    pub reported_at: Timestamp,
    /// As last recorded; where it stands at a time says [`Self::state_at`].
    pub state: confirmation::State,
    /// What it ended, gateway by gateway.
    pub effects: Vec<Effect>,
    /// Number of the first revocation list that names all of it (RFC 5280 5.2.3).
    pub listed: Option<u64>,
    /// When the facility administrator was reminded.
    pub reminded_at: Option<Timestamp>,
    /// When it was put before the city.
    pub escalated_at: Option<Timestamp>,
    /// Who confirmed it, and when.
    pub confirmed: Option<Confirmation>,
}

/// What a revocation ended at one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which gateway, 1 to 200 characters.
    pub node: String,
    /// When it had cut, by its clock.
    pub at: Timestamp,
    /// Connections cut.
    pub connections: u64,
    /// Requests, transfers and streams cut.
    pub exchanges: u64,
    /// When the last octet went out on one of these connections; none where nothing was open.
    pub last_octet_at: Option<Timestamp>,
}

impl ConfirmationTask {
    /// Where it stands at `at`: a gateway that has not heard of it for so long serves nothing any more (promise P2), so by then
    /// it is in effect, whoever has said so.
    #[must_use]
    pub fn state_at(&self, at: Timestamp) -> confirmation::State {
        let waited = at >= self.reported_at.plus_seconds(REVOCATION_EFFECTIVE_SECONDS);
        if self.state == confirmation::State::Reported && waited { confirmation::State::Effective } else { self.state }
    }

    /// Nobody has confirmed it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, confirmation::State::Confirmed)
    }

    /// Open for so long that the facility administrator is reminded.
    #[must_use]
    pub fn is_late(&self, at: Timestamp) -> bool {
        self.is_open() && at >= self.reported_at.plus_seconds(REMINDED_AFTER_HOURS * 3600)
    }

    /// Open for so long that it is the city's.
    #[must_use]
    pub fn is_overdue(&self, at: Timestamp) -> bool {
        self.is_open() && at >= self.reported_at.plus_seconds(ESCALATED_AFTER_HOURS * 3600)
    }

    /// Connections cut, at all gateways.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.effects.iter().fold(0, |sum, effect| sum.saturating_add(effect.connections))
    }

    /// Requests, transfers and streams cut, at all gateways.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.effects.iter().fold(0, |sum, effect| sum.saturating_add(effect.exchanges))
    }

    /// When the last octet went out anywhere.
    #[must_use]
    pub fn last_octet_at(&self) -> Option<Timestamp> {
        self.effects.iter().filter_map(|effect| effect.last_octet_at).max()
    }
}

/// All terminals of a facility are to be revoked. One officer proposes it, another carries it out: a mistake stops the care of
/// many. What cannot wait is suspended, which one officer does at once and takes back at once (art. 29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacilityRevocation {
    /// Of which facility.
    pub facility: FacilityId,
    /// The terminals that it hits, as the first officer saw them: what is loaned later is not among them.
    pub devices: Vec<DeviceId>,
    /// Why.
    pub because: Cause,
    /// The officer's words, 1 to 1000 characters.
    pub reason: String,
    /// The officer who proposed it, and when.
    pub proposed: Approval,
    /// Until when (half-open) it can be carried out.
    pub until: Timestamp,
}
