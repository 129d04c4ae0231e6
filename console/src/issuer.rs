//! One issuing authority at the door: its certificate, its lists, its answers.

use std::sync::Arc;

use model::Timestamp;

use crate::Clock;
use crate::list::{ListSource, Shelf};
use crate::status::StatusDesk;

/// An issuing authority and where the status of its certificates is told. A certificate is asked about at its own issuer's
/// addresses, which stand in it; so one that has been followed by another goes on until its last certificate is over. Cheap
/// to clone.
#[derive(Clone)]
pub struct Issuer {
    pub(crate) folder: Arc<str>,
    pub(crate) issuing: Arc<ca::Issuing>,
    pub(crate) list: Arc<Shelf>,
    pub(crate) status: Arc<StatusDesk>,
}

impl Issuer {
    /// Told below `/crl/folder/`, or below `/crl/` where `folder` is empty: lower-case letters, digits and hyphens.
    #[must_use]
    pub fn new(folder: &str, issuing: ca::Issuing, source: Arc<dyn ListSource>, clock: &Clock) -> Self {
        Self {
            folder: folder.into(),
            issuing: Arc::new(issuing),
            list: Arc::new(Shelf::new(Arc::clone(&source), Arc::clone(clock))),
            status: Arc::new(StatusDesk::new(source, Arc::clone(clock))),
        }
    }

    /// Where it is told.
    pub(crate) fn path(&self) -> String {
        if self.folder.is_empty() { "/crl".to_owned() } else { format!("/crl/{}", self.folder) }
    }

    /// It signs nothing any more, and nothing of it is valid.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now > self.issuing.not_after()
    }
}
