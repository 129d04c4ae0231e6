//! Looks for newer lists of other authorities, and revokes in the registry what they revoke: from there every node cuts it.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Author, Cause, Office, ReasonCode, SerialNumber};
use registry::{Command, Registry};
use tokio::sync::watch;

use super::{ExternalAuthority, Externals};
use crate::Clock;
use crate::bounds::EXTERNAL_LISTS_EVERY;

/// What is watched, and what was last said of each.
pub struct Watch {
    externals: Arc<Externals>,
    registry: Registry,
    clock: Clock,
    /// The last fault of each authority, so that it stands in the log once and not every two seconds.
    said: BTreeMap<String, String>,
}

impl Watch {
    /// Over these.
    #[must_use]
    pub fn new(externals: Arc<Externals>, registry: Registry, clock: Clock) -> Self {
        Self { externals, registry, clock, said: BTreeMap::new() }
    }

    /// Looks until the drain.
    pub(crate) async fn run(mut self, mut draining: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = draining.wait_for(|begun| *begun) => return,
                () = tokio::time::sleep(EXTERNAL_LISTS_EVERY) => self.look(),
            }
        }
    }

    /// Looks once.
    pub(crate) fn look(&mut self) {
        let externals = Arc::clone(&self.externals);
        for authority in externals.iter() {
            let now_seconds = u64::try_from((self.clock)().as_seconds()).unwrap_or(0);
            match authority.refresh(now_seconds) {
                Ok(true) => {
                    self.said.remove(authority.name());
                    tracing::info!(authority = authority.name(), "revocation lists taken into use");
                }
                Ok(false) if authority.fresh(now_seconds).is_some() => {}
                Ok(false) => self.say(authority, false, "those in use are stale"),
                Err(fault) => {
                    let cause = std::error::Error::source(&fault).map(|cause| format!(": {cause}")).unwrap_or_default();
                    self.say(authority, authority.fresh(now_seconds).is_some(), &format!("{fault}{cause}"));
                }
            }
            // Each time: a revocation that could not be recorded is tried again, and so is a certificate registered since.
            self.revoke_listed(authority);
        }
    }

    /// What is wrong with an authority's lists, once for as long as it stays the same.
    fn say(&mut self, authority: &ExternalAuthority, fresh: bool, fault: &str) {
        let text = format!("{fresh} {fault}");
        if self.said.insert(authority.name().to_owned(), text.clone()).is_some_and(|before| before == text) {
            return;
        }
        let name = authority.name();
        if fresh {
            tracing::warn!(authority = name, fault, "newer revocation lists cannot be used; those before stay in use");
        } else {
            tracing::error!(authority = name, fault, "no fresh revocation lists: its certificates open nothing");
        }
    }

    fn revoke_listed(&self, authority: &ExternalAuthority) {
        let Some(lists) = authority.current.load_full() else { return };
        let snapshot = self.registry.snapshot();
        let live = lists.revoked().iter().filter_map(|listed| {
            let known = snapshot.registered(&listed.issuer, &listed.number)?;
            let ours = known.external.as_ref().is_some_and(|external| external.authority == authority.name());
            (ours && known.is_live()).then_some((known.serial, listed.reason))
        });
        let live: BTreeMap<SerialNumber, _> = live.collect();
        for (serial, reason) in live {
            let author = Author::new(Office::System, &format!("list of {}", authority.name()));
            let revoked = self.registry.execute(
                Command::RevokeCertificate { serial, because: cause(reason) },
                author,
                (self.clock)(),
            );
            match revoked {
                Ok(_) => tracing::info!(authority = authority.name(), %serial, "revoked by its authority"),
                // It opens nothing all the same: every request asks the list.
                Err(error) => tracing::error!(authority = authority.name(), %serial, %error, "not recorded as revoked"),
            }
        }
    }
}

/// What an authority's reason means here. Which terminal it was, and what happened to it, it does not say.
const fn cause(reason: ReasonCode) -> Cause {
    match reason {
        ReasonCode::KeyCompromise => Cause::Compromised,
        ReasonCode::PrivilegeWithdrawn => Cause::Misuse,
        ReasonCode::Superseded => Cause::Replaced,
        ReasonCode::Unspecified | ReasonCode::AffiliationChanged | ReasonCode::CessationOfOperation => Cause::Retired,
    }
}
