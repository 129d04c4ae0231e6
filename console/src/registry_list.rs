//! The revocation list as the registry knows it.

use std::sync::Arc;
use std::time::Duration;

use ca::{Crl, Issuing, IssuingKey, NEXT_UPDATE_SECONDS, Revoked, build_crl};
use model::Timestamp;
use registry::{Change, Registry, Snapshot};

use crate::Clock;
use crate::list::{ListError, ListSource, Rebuild};

/// A list says "as of now". Built from a registry that has not been heard for longer, it would say more than is known.
const HEARD_WITHIN: Duration = Duration::from_secs(10);

/// Builds lists from the registry's newest state.
pub struct RegistryList {
    registry: Registry,
    issuing: Issuing,
    key: Arc<IssuingKey>,
    clock: Clock,
}

impl RegistryList {
    /// Over `registry`, signed by `issuing` with `key`.
    #[must_use]
    pub fn new(registry: Registry, issuing: Issuing, key: Arc<IssuingKey>, clock: Clock) -> Self {
        Self { registry, issuing, key, clock }
    }
}

impl ListSource for RegistryList {
    fn build(&self, number: u64) -> Result<Crl, ListError> {
        if self.registry.freshness() > HEARD_WITHIN {
            return Err(ListError::new("the registry has not been heard lately"));
        }
        let now = (self.clock)();
        build_crl(&self.issuing, &self.key, &revoked(&self.registry.snapshot(), now), number, now)
            .map_err(ListError::new)
    }
}

/// Has `rebuild` asked whenever a certificate is revoked, by whatever command, here or in another process.
pub fn follow(registry: &Registry, rebuild: Rebuild) {
    registry.on_change(Box::new(move |change, _| {
        if matches!(change, Change::CertificateRevoked { .. }) {
            rebuild.ask();
        }
    }));
}

/// What a list of `now` names: everything revoked, reserved numbers too, since a signature may exist though its record was
/// lost. Certificates stay until one whole list has passed after their expiry (RFC 5280 5).
fn revoked(snapshot: &Snapshot, now: Timestamp) -> Vec<Revoked> {
    snapshot
        .certificates()
        .filter(|certificate| now <= certificate.not_after.plus_seconds(2 * NEXT_UPDATE_SECONDS))
        .filter_map(|certificate| {
            let revocation = certificate.revocation.as_ref()?;
            Some(Revoked { serial: certificate.serial, at: revocation.at, reason: revocation.reason })
        })
        .collect()
}
