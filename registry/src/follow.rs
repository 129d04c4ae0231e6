//! The follower: takes in what other processes write, so that a command line beside a running server, or another node,
//! is in force here within milliseconds.

use std::sync::{Arc, Weak};

use journal::Watch;

use crate::bounds::FOLLOW_PAUSE;
use crate::error::RegistryError;
use crate::registry::Inner;

/// Starts the follower. It ends with the last handle of the registry.
pub(crate) fn start(inner: &Arc<Inner>) -> Result<(), RegistryError> {
    let (watch, followed) = (inner.journal().watch(), Arc::downgrade(inner));
    let thread = std::thread::Builder::new().name("registry-follower".to_owned()).spawn(move || run(watch, &followed));
    // It is not joined: it holds nothing that must be put away.
    thread.map(drop).map_err(|error| RegistryError::Thread(Arc::new(error)))
}

fn run(mut watch: Watch, followed: &Weak<Inner>) {
    loop {
        let Some(seen) = followed.upgrade().map(|inner| inner.position()) else { return };
        let head = watch.wait_past(seen, FOLLOW_PAUSE);
        let Some(inner) = followed.upgrade() else { return };
        if head <= inner.position() {
            // How long ago the journal itself was heard is the journal's to say.
            inner.heard();
            continue;
        }
        let caught_up = inner.catch_up(&inner.lock());
        inner.keep_if_due();
        drop(inner);
        // Without a rest an error would come back at once, for ever. Freshness runs out meanwhile, as it should.
        if let Err(error) = caught_up {
            tracing::error!(error = &error as &dyn std::error::Error, "the registry cannot follow its journal");
            std::thread::sleep(FOLLOW_PAUSE);
        }
    }
}
