//! A promise of durability, and the proof that it was kept.

use std::pin::Pin;
use std::task::{Context, Poll};

use journal::{Appended, Position, Receipt};

use crate::AuditError;

/// Proof that an entry is durable. Only the log makes one, and it cannot be copied: whoever releases a record asks for it.
///
/// ```compile_fail,E0451
/// let forged = audit::Durable { position: journal::Position::START };
/// ```
/// ```compile_fail,E0599
/// fn twice(durable: audit::Durable) -> (audit::Durable, audit::Durable) {
///     (durable.clone(), durable)
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Durable {
    position: Position,
}

impl Durable {
    /// Where the entry stands in the journal.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    fn of(appended: Appended) -> Self {
        Self { position: appended.last }
    }
}

/// Comes to [`Durable`]. Await it, or [`Pending::wait`] where nothing is async.
#[derive(Debug)]
#[must_use = "an entry is durable only once this says so"]
pub struct Pending(State);

#[derive(Debug)]
enum State {
    Queued(Receipt),
    Failed(AuditError),
}

impl Pending {
    pub(crate) fn queued(receipt: Receipt) -> Self {
        Self(State::Queued(receipt))
    }

    pub(crate) fn failed(error: AuditError) -> Self {
        Self(State::Failed(error))
    }

    /// Blocks until the entry is durable or failed.
    ///
    /// # Errors
    /// The entry is not durable: whatever it was for must not happen.
    pub fn wait(self) -> Result<Durable, AuditError> {
        match self.0 {
            State::Queued(receipt) => Ok(Durable::of(receipt.wait()?)),
            State::Failed(error) => Err(error),
        }
    }
}

impl Future for Pending {
    type Output = Result<Durable, AuditError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Queued(receipt) => {
                Pin::new(receipt).poll(context).map(|outcome| outcome.map(Durable::of).map_err(AuditError::from))
            }
            State::Failed(error) => Poll::Ready(Err(error.clone())),
        }
    }
}
