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
use hyper::body::Frame;
use records::{Misbehaviour, Released, Searchset};
use registry::Snapshot;
use tokio::time::{Sleep, timeout};

use super::alarm::Alarm;
use super::enforcer::{Enforcer, Requester};
use super::gather::Gatherer;
use super::moment;
use crate::bounds::{PIECE_BYTES, SIFTED_BYTES, STORE_READ_MAX};
use crate::refusal::Refusal;
use crate::store::going::StoreBody;
use crate::store::pool::{Body, BodyError};
use crate::worker::Handle;

/// See the module.
pub struct Sifting {
    /// None once all has been said.
    reading: Option<Reading>,
    /// On record, and more than the last piece holds.
    rest: Vec<u8>,
    requester: Requester,
    entry: EntryId,
    handle: Handle,
    alarm: Alarm,
    /// At which moments the pieces are given, if that must not tell how long they took.
    moment: Option<Pin<Box<Sleep>>>,
}

/// What the pieces come out of.
pub enum Reading {
    /// The store's page.
    Page(StoreBody, Box<Searchset>),
    /// One that is made here.
    Gathering(Box<Gatherer>),
}

/// A piece of the answer that may go out.
pub struct Piece {
    /// What goes out.
    pub released: Released,
    /// It is the last.
    pub last: bool,
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

    fn read(&mut self, data: &[u8], enforcer: &mut Enforcer<'_>) -> Result<Released, Misbehaviour> {
        match self {
            Self::Page(_, searchset) => searchset.read(data, enforcer),
            Self::Gathering(gatherer) => gatherer.read(data, enforcer),
        }
    }

    fn end(self, enforcer: &mut Enforcer<'_>) -> Result<Released, Misbehaviour> {
        match self {
            Self::Page(_, searchset) => searchset.end(enforcer),
            Self::Gathering(gatherer) => gatherer.end(enforcer),
        }
    }
}

/// The next octets of an answer of the store; none at its end.
pub(super) async fn next_data(store: &mut StoreBody) -> Result<Option<Bytes>, Refusal> {
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
    pub const fn new(reading: Reading, requester: Requester, entry: EntryId, handle: Handle, alarm: Alarm) -> Self {
        Self { reading: Some(reading), rest: Vec::new(), requester, entry, handle, alarm, moment: None }
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
            let turn = self.handle.turns().pieces().turn().await;
            // The store may have taken its time.
            snapshot = self.handle.snapshot();
            let mut enforcer = self.requester.enforcer(&self.handle, &snapshot);
            let read = match data {
                Some(data) => reading.read(&data, &mut enforcer),
                None => match self.reading.take() {
                    Some(reading) => reading.end(&mut enforcer),
                    None => Ok(Released::default()),
                },
            };
            turn.over();
            piece.append(read.map_err(Fault::Misbehaviour)?);
        }
        self.alarm.left_out(piece.dropped, &piece.why);
        self.on_record(&snapshot, &piece).await?;
        Ok(piece)
    }

    async fn on_record(&self, snapshot: &Arc<Snapshot>, piece: &Released) -> Result<(), Refusal> {
        let records = piece.records.iter().map(ToString::to_string).collect();
        super::record::released(&self.handle, &self.entry, snapshot, records).await
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
