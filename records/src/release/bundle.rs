//! A searchset, built anew: the entries that belong, a total only where it is known to be true, links to our own pages.

use super::found::{Kept, Written, read_entry};
use super::reach::Reach;
use super::store_page::StorePage;
use super::{Dropped, Gatekeeper, Released, Remembering};
use crate::error::Misbehaviour;
use crate::fhir::search::Expected;
use crate::json::{Json, Noted};
use crate::touches::{Pages, Touches};

/// A searchset on its way through. Fed with what the store sends, piece by piece, it gives what may go out: no more than one
/// entry is held at a time, however long the answer is.
#[derive(Debug)]
pub struct Searchset {
    page: StorePage,
    reading: Reading,
}

/// What has been read so far.
#[derive(Debug)]
struct Reading {
    touches: Touches,
    expected: Expected,
    written: Written,
    /// What may come along.
    reach: Reach,
    /// A match was left out, or what might have been one: a number of the store would count it.
    counted_too_many: bool,
}

impl Searchset {
    /// The answer to this request; `content_type` is the store's.
    ///
    /// # Errors
    /// No search was asked for, nobody said that its pages may be the store's ([`Touches::in_pages`]), or the answer is no
    /// FHIR JSON.
    pub fn of(touches: &Touches, content_type: Option<&str>) -> Result<Self, Misbehaviour> {
        let expected = touches.expected().ok_or(Misbehaviour::Shape("is a searchset nobody asked for"))?;
        if touches.pages() != Pages::Stores {
            return Err(Misbehaviour::Shape("is a page of the store, where pages are made here"));
        }
        let reading = Reading {
            touches: touches.clone(),
            expected: expected.clone(),
            written: Written::default(),
            reach: Reach::default(),
            counted_too_many: false,
        };
        Ok(Self { page: StorePage::of(content_type)?, reading })
    }

    /// Reads the next piece, wherever it was cut: what may go out for it, and which records are in that.
    ///
    /// # Errors
    /// It is no searchset, or has more than one reading. What went out before is the beginning of an answer that has no end.
    pub fn read(&mut self, piece: &[u8], gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        let mut released = Released::with_body(Vec::with_capacity(piece.len()));
        let mut gatekeeper = Remembering::new(gatekeeper);
        let reading = &mut self.reading;
        self.page.read(piece, |entry| reading.entry(entry, &mut gatekeeper, &mut released))?;
        Ok(released)
    }

    /// The store has said all it had to say: the end of the answer.
    ///
    /// # Errors
    /// It broke off, or was no searchset.
    pub fn end(self, gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        let Self { page, reading: Reading { expected, written, counted_too_many, .. } } = self;
        let said = page.end()?;
        let given = said.links()?;
        let given = given.as_ref().and_then(Json::list).unwrap_or_default();
        let (links, whole, strayed) = expected.links(given, &mut |ticket| gatekeeper.seal_page(ticket));
        let total = expected.total(said.total()?.as_ref(), written.matches, whole, counted_too_many);
        if expected.counts_only() && total.is_none() {
            return Err(Misbehaviour::Shape("gives no number where one was asked for"));
        }
        let mut released = Released::with_body(written.end(&links, total));
        if strayed {
            released.leave_out(Dropped::next_page());
        }
        Ok(released)
    }
}

impl Reading {
    fn entry(&mut self, entry: &Noted<'_>, gatekeeper: &mut Remembering<'_>, released: &mut Released) {
        let Self { touches, expected, written, reach, counted_too_many } = self;
        match read_entry(entry, expected, touches, reach, gatekeeper) {
            Ok(Kept::Entry(found)) => written.show(found, expected, reach, released),
            Ok(Kept::Outcome) => {}
            Ok(Kept::NotSeen(mode)) => {
                reach.left_out = true;
                // What came along was not counted: whether the number is told must not tell of it.
                *counted_too_many |= mode == "match";
            }
            Err(dropped) => {
                (reach.left_out, *counted_too_many) = (true, true);
                released.leave_out(dropped);
            }
        }
    }
}

/// The whole of a searchset at once.
pub(super) fn release(
    touches: &Touches,
    content_type: Option<&str>,
    bytes: &[u8],
    gatekeeper: &mut dyn Gatekeeper,
) -> Result<Released, Misbehaviour> {
    let mut searchset = Searchset::of(touches, content_type)?;
    let mut released = searchset.read(bytes, gatekeeper)?;
    released.append(searchset.end(gatekeeper)?);
    Ok(released)
}
