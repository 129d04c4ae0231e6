//! The revocation list on the shelf: built anew at each revocation and every hour, handed out as it stands.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ca::Crl;
use tokio::sync::Notify;

use crate::Clock;
use crate::bounds::Bounds;

/// Builds and signs the list of what is revoked now. Given by the composition: it holds the key and the registry.
pub trait ListSource: Send + Sync + 'static {
    /// The list, with this number. May block.
    ///
    /// # Errors
    /// It could not be built; the old one stays on the shelf until it runs out.
    fn build(&self, number: u64) -> Result<Crl, ListError>;
}

/// Why there is no new list.
#[derive(Debug, thiserror::Error)]
#[error("the revocation list could not be built")]
pub struct ListError(#[source] Box<dyn Error + Send + Sync>);

impl ListError {
    /// From whatever went wrong.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Asks for a new list. Cheap, never blocks, safe to call from the registry's listeners; many calls at once make one list.
#[derive(Clone, Debug)]
pub struct Rebuild(Weak<Shelf>);

impl Rebuild {
    pub(crate) fn new(shelf: &Arc<Shelf>) -> Self {
        Self(Arc::downgrade(shelf))
    }

    /// Something was revoked.
    pub fn ask(&self) {
        if let Some(shelf) = self.0.upgrade() {
            shelf.wanted.notify_one();
        }
    }
}

/// The list as it stands, and who builds the next.
pub(crate) struct Shelf {
    source: Arc<dyn ListSource>,
    clock: Clock,
    wanted: Notify,
    current: Mutex<Option<Arc<Crl>>>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shelf({:?})", self.number())
    }
}

impl Shelf {
    pub(crate) fn new(source: Arc<dyn ListSource>, clock: Clock) -> Self {
        Self { source, clock, wanted: Notify::new(), current: Mutex::new(None) }
    }

    /// The list, unless there is none or it has run out: who gets an old list may let a lost terminal in.
    pub(crate) fn current(&self) -> Option<Arc<Crl>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        current.filter(|list| (self.clock)() < list.next_update())
    }

    fn number(&self) -> u64 {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |list| list.number())
    }

    /// Numbers only rise (RFC 5280 5.2.3): milliseconds since 1970, so that they rise across restarts and between nodes
    /// too, and at least one more than the last, so that they rise though the clock be set back.
    fn next_number(&self) -> u64 {
        u64::try_from((self.clock)().as_millis()).unwrap_or(0).max(self.number().saturating_add(1))
    }

    fn build(&self) -> Result<(), ListError> {
        let list = self.source.build(self.next_number())?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(list));
        Ok(())
    }

    /// Builds for ever. A request that comes while a list is being built leads to one more: nothing is missed.
    pub(crate) async fn keep(self: Arc<Self>, bounds: Bounds) {
        loop {
            let shelf = Arc::clone(&self);
            let built = tokio::task::spawn_blocking(move || shelf.build()).await;
            let wait = match built {
                Ok(Ok(())) => bounds.list_every,
                Ok(Err(error)) => {
                    tracing::error!(error = %error, cause = ?error.source(), "no new revocation list; the old one stays");
                    bounds.list_retry
                }
                // The source panicked: a bug, but the list must go on.
                Err(error) => {
                    tracing::error!(error = %error, "building the revocation list broke off; the old one stays");
                    bounds.list_retry
                }
            };
            self.wanted_within(wait).await;
        }
    }

    async fn wanted_within(&self, wait: Duration) {
        // Either is a reason to build: a revocation, or the hour.
        let _ = tokio::time::timeout(wait, self.wanted.notified()).await;
    }
}
