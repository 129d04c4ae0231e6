//! A searchset on its way to the client: checked entry by entry as it comes, so that no more than one entry and one piece of
//! the answer is held, however long it is. What a piece holds is on record before the piece goes out (promise P3), and each
//! piece is judged on the newest facts: consent may be withdrawn between the first and the last.
//!
//! It is the store's page as it comes, or one that is made here out of several of them (`gather.rs`). The pieces of the latter
//! are given at fixed moments and are of one size: a piece that ended where one of the store's does would tell, by how much is
//! shown up to there, how much is not.

use std::pin::Pin;
use std::sync::Arc;

use audit::EntryId;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use model::{SerialNumber, UserId, UserKey};
use records::{Claim, Gatekeeper, Matter, Misbehaviour, Released, Searchset, Touches};
use registry::Snapshot;
use tokio::time::{Sleep, timeout};

use super::alarm::Alarm;
use super::authenticate::{PageTurner, Subject};
use super::gather::Gatherer;
use super::moment;
use crate::bounds::{PIECE_BYTES, SIFTED_BYTES, STORE_READ_MAX};
use crate::judge::{Asker, Question};
use crate::refusal::Refusal;
use crate::store::pool::{Body, BodyError};
use crate::worker::Handle;

/// See the module.
pub struct Sifting {
    /// None once all has been said.
    reading: Option<Reading>,
    /// On record, and more than the last piece holds.
    rest: Vec<u8>,
    whose: Whose,
    entry: EntryId,
    handle: Handle,
    alarm: Alarm,
    /// At which moments the pieces are given, if that must not tell how long they took.
    moment: Option<Pin<Box<Sleep>>>,
}

/// What the pieces come out of.
pub enum Reading {
    /// The store's page.
    Page(Incoming, Box<Searchset>),
    /// One that is made here.
    Gathering(Box<Gatherer>),
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
            Some(Claim { action, authors, written, beneath, .. }) => {
                let (action, person) = (*action, Some(person));
                Question { person, action, category, authors, written, beneath, sensitive, record: None }
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

impl Reading {
    /// The next octets of the store, from whichever of its answers; none when nothing more is to come.
    async fn more(&mut self) -> Result<Option<Bytes>, Fault> {
        match self {
            Self::Page(store, _) => Ok(next_data(store).await?),
            Self::Gathering(gatherer) => gatherer.more().await,
        }
    }

    fn read(&mut self, data: &[u8], desk: &mut Desk<'_>) -> Result<Released, Misbehaviour> {
        match self {
            Self::Page(_, searchset) => searchset.read(data, desk),
            Self::Gathering(gatherer) => gatherer.read(data, desk),
        }
    }

    fn end(self, desk: &mut Desk<'_>) -> Result<Released, Misbehaviour> {
        match self {
            Self::Page(_, searchset) => searchset.end(desk),
            Self::Gathering(gatherer) => gatherer.end(desk),
        }
    }
}

/// The next octets of an answer of the store; none at its end.
pub(super) async fn next_data(store: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    loop {
        let frame = timeout(STORE_READ_MAX, store.frame()).await.map_err(|_| Refusal::StoreTimeout)?;
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame.map_err(|error| {
            tracing::warn!(%error, "the store's answer broke off");
            Refusal::StoreMisbehaves
        })?;
        // Trailers say nothing about records.
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

impl Sifting {
    /// An answer, as far as it may pass.
    #[must_use]
    pub const fn new(reading: Reading, whose: Whose, entry: EntryId, handle: Handle, alarm: Alarm) -> Self {
        Self { reading: Some(reading), rest: Vec::new(), whose, entry, handle, alarm, moment: None }
    }

    /// The same, its pieces given at these moments.
    #[must_use]
    pub fn at_moments(self, moment: Pin<Box<Sleep>>) -> Self {
        Self { moment: Some(moment), ..self }
    }

    /// The next piece: about [`SIFTED_BYTES`], of a page that is made here exactly so many, or whatever there is until the
    /// end. On record when it is given.
    ///
    /// # Errors
    /// The store broke off, was silent or misbehaves; what is in the piece could not be put on record.
    pub async fn next(&mut self) -> Result<Piece, Fault> {
        let mut piece = self.recorded().await?;
        if self.moment.is_some() {
            let mut body = std::mem::take(&mut self.rest);
            body.append(&mut piece.body);
            // Whatever bound the last reading met: no piece but the last is shorter.
            while body.len() < SIFTED_BYTES && self.reading.is_some() {
                let mut more = self.recorded().await?;
                body.append(&mut more.body);
                piece.append(more);
            }
            self.rest = body.split_off(body.len().min(SIFTED_BYTES));
            piece.body = body;
        }
        if let Some(moment) = &mut self.moment {
            moment::next(moment.as_mut()).await;
        }
        Ok(Piece { released: piece, last: self.is_over() })
    }

    /// All has been given.
    const fn is_over(&self) -> bool {
        self.reading.is_none() && self.rest.is_empty()
    }

    /// What was read up to about [`SIFTED_BYTES`] beside the rest, on record.
    async fn recorded(&mut self) -> Result<Released, Fault> {
        let mut piece = Released::default();
        let mut snapshot = self.handle.snapshot();
        while self.rest.len().saturating_add(piece.body.len()) < SIFTED_BYTES
            && piece.records.len() < audit::RECORDS_MAX / 2
        {
            let Some(reading) = self.reading.as_mut() else { break };
            let data = reading.more().await?;
            // The store may have taken its time.
            snapshot = self.handle.snapshot();
            let mut desk = self.whose.at_desk(&self.handle, &snapshot);
            match data {
                Some(data) => piece.append(reading.read(&data, &mut desk).map_err(Fault::Misbehaviour)?),
                None => {
                    let end = self.reading.take().map(|reading| reading.end(&mut desk)).transpose();
                    piece.append(end.map_err(Fault::Misbehaviour)?.unwrap_or_default());
                }
            }
        }
        self.alarm.left_out(piece.dropped, &piece.why);
        self.on_record(&snapshot, &piece).await?;
        Ok(piece)
    }

    async fn on_record(&self, snapshot: &Arc<Snapshot>, piece: &Released) -> Result<(), Refusal> {
        let records = piece.records.iter().map(ToString::to_string).collect();
        super::record::released(self.handle.audit(), &self.entry, self.handle.now(), snapshot, records).await
    }

    /// The rest of the answer, behind a first piece that is not the last.
    #[must_use]
    pub fn behind(self, first: Vec<u8>) -> Body {
        let pieces =
            stream::try_unfold((self, Bytes::from(first), false), |(mut sifting, mut ready, ended)| async move {
                while ready.is_empty() {
                    if ended || sifting.is_over() {
                        return Ok::<_, BodyError>(None);
                    }
                    ready = sifting.next().await.map_err(|fault| sifting.broken(fault))?.released.body.into();
                }
                // In pieces, so that a client that stops reading leaves most of it here, where a cut takes it back.
                let piece = ready.split_to(ready.len().min(PIECE_BYTES));
                let ended = ended || (ready.is_empty() && sifting.is_over());
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
