//! A searchset on its way to the client: checked entry by entry as it comes, so that no more than one entry and one piece of
//! the answer is held, however long it is. What a piece holds is on record before the piece goes out (promise P3), and each
//! piece is judged on the newest facts: consent may be withdrawn between the first and the last.

use std::sync::Arc;

use audit::EntryId;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use model::{SerialNumber, UserId, UserKey};
use records::{Claim, Gatekeeper, Matter, Misbehaviour, Released, Searchset, Touches};
use registry::Snapshot;
use tokio::time::timeout;

use super::alarm::Alarm;
use super::authenticate::{PageTurner, Subject};
use crate::bounds::{PIECE_BYTES, SIFTED_BYTES, STORE_READ_MAX};
use crate::judge::{Asker, Question};
use crate::refusal::Refusal;
use crate::store::pool::{Body, BodyError};
use crate::worker::Handle;

/// See the module.
pub struct Sifting {
    store: Incoming,
    /// None once the store has said all.
    searchset: Option<Searchset>,
    whose: Whose,
    entry: EntryId,
    handle: Handle,
    alarm: Alarm,
}

/// Whose answer it is, for as long as it goes on.
pub struct Whose {
    user_id: UserId,
    user: UserKey,
    serial: SerialNumber,
    /// Whom pages are sealed for.
    turning_pages: PageTurner,
    /// What was permitted.
    claims: Vec<Claim>,
}

/// A piece of the answer that may go out.
pub struct Piece {
    /// What goes out.
    pub released: Released,
    /// It is the last.
    pub last: bool,
}

impl Whose {
    /// The subject's, with what it was permitted.
    #[must_use]
    pub fn of(subject: &Subject, touches: &Touches) -> Self {
        Self {
            user_id: subject.user_id().clone(),
            user: subject.user().clone(),
            serial: *subject.device().serial(),
            turning_pages: subject.turning_pages(),
            claims: touches.claims().cloned().collect(),
        }
    }

    /// Asks the policy, on the facts of one snapshot, now.
    #[must_use]
    pub fn at_desk<'a>(&'a self, handle: &'a Handle, snapshot: &'a Snapshot) -> Desk<'a> {
        Desk { whose: self, handle, snapshot }
    }
}

/// Asks the policy, on the facts of one snapshot.
pub struct Desk<'a> {
    whose: &'a Whose,
    handle: &'a Handle,
    snapshot: &'a Snapshot,
}

impl Gatekeeper for Desk<'_> {
    /// What was just written by right may be shown to its writer; everything else is a read.
    fn may_see(&mut self, matter: &Matter<'_>) -> bool {
        let Whose { user_id, user, serial, claims, .. } = self.whose;
        let Matter { person, category, sensitive, written } = *matter;
        let writes =
            |claim: &&Claim| claim.action.writes() && claim.category == category && claim.persons.contains(person);
        let asker = Asker { user_id, user, serial, at: self.handle.now() };
        let question = match claims.iter().find(writes).filter(|_| written) {
            Some(Claim { action, authors, written, .. }) => {
                Question { person: Some(person), action: *action, category, authors, written, sensitive, record: None }
            }
            None => Question::reading(Some(person), category, sensitive),
        };
        self.handle.judge().permits(self.snapshot, asker, question)
    }

    fn seal_page(&mut self, ticket: &[u8]) -> Option<String> {
        let rules = self.handle.judge().point(self.snapshot).ok()?;
        let sealed = self.handle.sealer().seal_page(&self.whose.turning_pages.under(rules.version()), ticket);
        sealed.inspect_err(|error| tracing::error!(%error, "a page could not be sealed; not offered")).ok()
    }
}

/// Why a piece does not go out.
pub enum Fault {
    /// The answer may not be passed on.
    Misbehaviour(Misbehaviour),
    /// Something else failed.
    Refusal(Refusal),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl Sifting {
    /// The store's answer, as far as it may pass.
    #[must_use]
    pub const fn new(
        store: Incoming,
        searchset: Searchset,
        whose: Whose,
        entry: EntryId,
        handle: Handle,
        alarm: Alarm,
    ) -> Self {
        Self { store, searchset: Some(searchset), whose, entry, handle, alarm }
    }

    /// The next piece: about [`SIFTED_BYTES`], or whatever there is until the end. On record when it is given.
    ///
    /// # Errors
    /// The store broke off, was silent or misbehaves; what is in the piece could not be put on record.
    pub async fn next(&mut self) -> Result<Piece, Fault> {
        let mut piece = Released::default();
        let mut snapshot = self.handle.snapshot();
        while piece.body.len() < SIFTED_BYTES && piece.records.len() < audit::RECORDS_MAX / 2 {
            let Some(searchset) = self.searchset.as_mut() else { break };
            let frame = timeout(STORE_READ_MAX, self.store.frame()).await.map_err(|_| Refusal::StoreTimeout)?;
            // The store may have taken its time.
            snapshot = self.handle.snapshot();
            let Some(frame) = frame else {
                let mut desk = self.whose.at_desk(&self.handle, &snapshot);
                let end = self.searchset.take().map(|searchset| searchset.end(&mut desk)).transpose();
                piece.append(end.map_err(Fault::Misbehaviour)?.unwrap_or_default());
                break;
            };
            let frame = frame.map_err(|error| {
                tracing::warn!(%error, "the store's answer broke off");
                Refusal::StoreMisbehaves
            })?;
            // Trailers say nothing about records.
            let Ok(data) = frame.into_data() else { continue };
            let read = searchset.read(&data, &mut self.whose.at_desk(&self.handle, &snapshot));
            piece.append(read.map_err(Fault::Misbehaviour)?);
        }
        self.alarm.left_out(piece.dropped, &piece.why);
        self.on_record(&snapshot, &piece).await?;
        Ok(Piece { released: piece, last: self.searchset.is_none() })
    }

    async fn on_record(&self, snapshot: &Arc<Snapshot>, piece: &Released) -> Result<(), Refusal> {
        if piece.records.is_empty() {
            return Ok(());
        }
        let release = audit::Release {
            id: self.entry.clone(),
            at: self.handle.now(),
            generation: snapshot.generation().get(),
            records: piece.records.iter().map(ToString::to_string).collect(),
        };
        let durable = self.handle.audit().release(&release).await;
        durable.map(drop).map_err(|error| super::record::unavailable(&error))
    }

    /// The rest of the answer, behind a first piece that is not the last.
    #[must_use]
    pub fn behind(self, first: Vec<u8>) -> Body {
        let pieces =
            stream::try_unfold((self, Bytes::from(first), false), |(mut sifting, mut ready, ended)| async move {
                while ready.is_empty() {
                    if ended || sifting.searchset.is_none() {
                        return Ok::<_, BodyError>(None);
                    }
                    ready = sifting.next().await.map_err(|fault| sifting.broken(fault))?.released.body.into();
                }
                // In pieces, so that a client that stops reading leaves most of it here, where a cut takes it back.
                let piece = ready.split_to(ready.len().min(PIECE_BYTES));
                let ended = ended || (ready.is_empty() && sifting.searchset.is_none());
                Ok(Some((Frame::data(piece), (sifting, ready, ended))))
            });
        StreamBody::new(pieces).boxed_unsync()
    }

    /// The answer has begun: all that is left is to end it without an end.
    fn broken(&self, fault: Fault) -> BodyError {
        match fault {
            Fault::Misbehaviour(misbehaviour) => {
                self.alarm.misbehaves(&misbehaviour);
                Box::new(misbehaviour)
            }
            Fault::Refusal(refusal) => refusal.code().into(),
        }
    }
}
