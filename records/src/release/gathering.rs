//! A page of a search, made here out of the store's pages: what is on it, whether another follows and how many there are is
//! what a store would say that had nothing but what the subject may see.
//!
//! The store is asked for page after page of a fixed size. What may be seen goes out, one entry at a time; once the page is
//! full, it is read on until one more is found that may be seen, or the store has said all. Only then is it known whether a
//! next page is to be offered, so links and number go out after the entries. Where the next one begins is a place within a
//! page of the store. What comes along with the matches shown is asked for last, by itself: of what is passed over, nothing
//! comes.

use super::found::{Kept, Written, read_entry};
use super::reach::Reach;
use super::store_page::StorePage;
use super::{Dropped, Gatekeeper, Released, Remembering};
use crate::bounds::GATHERED_PAGES_MAX;
use crate::error::Misbehaviour;
use crate::fhir::search::{Expected, Linked, Page, Place};
use crate::json::{Json, Noted};
use crate::touches::{Forward, RecordId, Touches};

/// See the module. Each answer of the store is begun ([`Self::answered`]), read piece by piece until it is over or nothing more
/// is needed of it ([`Self::is_served`]), and turned ([`Self::turn`]) to what the store is to be asked next, if anything.
#[derive(Debug)]
pub struct Gathering {
    page: Option<StorePage>,
    gathered: Gathered,
}

/// What has been gathered so far.
#[derive(Debug)]
struct Gathered {
    touches: Touches,
    expected: Expected,
    /// The same for matches alone.
    of_matches: Expected,
    stage: Stage,
    /// Matches on a page.
    count: usize,
    /// The store's page that is being read, how many of its entries are passed over, and how many were read.
    place: Place,
    passed: u32,
    read: u32,
    /// Pages that the store was asked for.
    asked: u32,
    written: Written,
    /// The matches shown, where anything may come along with them.
    shown: Vec<RecordId>,
    reach: Reach,
    /// Where the store's pages were, this one too, and whether it led to none of them or back.
    visited: Vec<Place>,
    strayed: bool,
    /// Where the next page begins, once it is known that there is one.
    next: Option<Page>,
    /// The store has said all, and nothing was left for a next page.
    all_said: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Matches,
    Along,
}

impl Gathering {
    /// A page of this search.
    ///
    /// # Errors
    /// No search was asked for.
    pub fn of(touches: &Touches) -> Result<Self, Misbehaviour> {
        let expected = touches.expected().ok_or(Misbehaviour::Shape("is a searchset nobody asked for"))?;
        let (place, passed) = match expected.here() {
            Page::Stores(place) => (place.clone(), 0),
            Page::Ours(place, passed) => (place.clone(), *passed),
        };
        let gathered = Gathered {
            touches: touches.clone(),
            expected: expected.clone(),
            of_matches: expected.of_matches(),
            stage: Stage::Matches,
            count: usize::try_from(expected.ours().count()).unwrap_or(usize::MAX),
            visited: vec![place.clone()],
            strayed: false,
            place,
            passed,
            read: 0,
            asked: 1,
            written: Written::default(),
            shown: Vec::new(),
            reach: Reach::default(),
            next: None,
            all_said: false,
        };
        Ok(Self { page: None, gathered })
    }

    /// The store answers; `content_type` is what it calls it.
    ///
    /// # Errors
    /// The answer is no FHIR JSON.
    pub fn answered(&mut self, content_type: Option<&str>) -> Result<(), Misbehaviour> {
        self.page = Some(StorePage::of(content_type)?);
        Ok(())
    }

    /// Reads the next piece of its answer, wherever it was cut: what may go out for it, and which records are in that.
    ///
    /// # Errors
    /// It is no searchset, or has more than one reading. What went out before is the beginning of an answer that has no end.
    pub fn read(&mut self, piece: &[u8], gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        let mut released = Released::new();
        let mut gatekeeper = Remembering::new(gatekeeper);
        let Self { page, gathered } = self;
        let page = page.as_mut().ok_or(UNASKED)?;
        page.read(piece, |entry| gathered.entry(entry, &mut gatekeeper, &mut released))?;
        Ok(released)
    }

    /// Whether nothing more is needed of this answer: the rest of it need not be read.
    #[must_use]
    pub const fn is_served(&self) -> bool {
        self.gathered.next.is_some() && matches!(self.gathered.stage, Stage::Matches)
    }

    /// Whether the store is asked for a page of a search that it keeps: it may have let go of that meanwhile.
    #[must_use]
    pub const fn asks_for_kept(&self) -> bool {
        matches!((self.gathered.stage, &self.gathered.place), (Stage::Matches, Place::Link(_)))
    }

    /// This answer is over, or served. What the store is to be asked next; none if the page is whole.
    ///
    /// # Errors
    /// The answer broke off, or was no searchset.
    pub fn turn(&mut self) -> Result<Option<Forward>, Misbehaviour> {
        let served = self.is_served();
        let page = self.page.take().ok_or(UNASKED)?;
        let gathered = &mut self.gathered;
        if gathered.stage == Stage::Along {
            page.end()?;
            return Ok(None);
        }
        if !served && let Some(next) = gathered.behind(page)? {
            return Ok(Some(next));
        }
        gathered.stage = Stage::Along;
        Ok(gathered.expected.ours().along_with(&gathered.shown))
    }

    /// Nothing more is to be asked: the end of the page.
    ///
    /// # Errors
    /// An answer is still to be read.
    pub fn end(self, gatekeeper: &mut dyn Gatekeeper) -> Result<Released, Misbehaviour> {
        let Gathered { expected, stage, written, strayed, next, all_said, .. } = self.gathered;
        if self.page.is_some() || stage == Stage::Matches {
            return Err(Misbehaviour::Shape("is not read to its end"));
        }
        let links = expected.links_of_ours(next.as_ref(), &mut |ticket| gatekeeper.seal_page(ticket));
        let whole = all_said && *expected.here() == Page::FIRST;
        let total = expected.total(None, written.matches, whole, false);
        let mut released = Released::with_body(written.end(&links, total));
        if strayed {
            released.leave_out(Dropped::next_page());
        }
        Ok(released)
    }
}

const UNASKED: Misbehaviour = Misbehaviour::Shape("is an answer nobody asked for");

impl Gathered {
    /// The store's page is read to its end: what it is to be asked for the one behind it, if that is needed.
    fn behind(&mut self, page: StorePage) -> Result<Option<Forward>, Misbehaviour> {
        let said = page.end()?;
        let links = said.links()?;
        let links = links.as_ref().and_then(Json::list).unwrap_or_default();
        match self.expected.next_at_store(links) {
            Linked::Nowhere => self.all_said = true,
            // There is more, and nobody can tell where.
            Linked::Elsewhere => self.strayed = true,
            Linked::To(place) if self.visited.contains(&place) => self.strayed = true,
            Linked::To(place) if self.asked < GATHERED_PAGES_MAX => {
                self.asked += 1;
                (self.passed, self.read) = (0, 0);
                let forward = self.expected.ours().at(&place);
                self.visited.push(place.clone());
                self.place = place;
                return Ok(Some(forward));
            }
            Linked::To(place) => self.next = Some(Page::Ours(place, 0)),
        }
        Ok(None)
    }

    fn entry(&mut self, entry: &Noted<'_>, gatekeeper: &mut Remembering<'_>, released: &mut Released) {
        match self.stage {
            Stage::Matches => self.a_match(entry, gatekeeper, released),
            Stage::Along => self.along(entry, gatekeeper, released),
        }
    }

    /// An entry of what was searched for. What is hidden is passed over in silence: nothing came along with it.
    fn a_match(&mut self, entry: &Noted<'_>, gatekeeper: &mut Remembering<'_>, released: &mut Released) {
        let at = self.read;
        self.read = self.read.saturating_add(1);
        if at < self.passed || self.next.is_some() {
            return;
        }
        match read_entry(entry, &self.of_matches, &self.touches, &self.reach, gatekeeper) {
            // One more than the page holds.
            Ok(Kept::Entry(_)) if self.written.kept >= self.count => {
                self.next = Some(Page::Ours(self.place.clone(), at));
            }
            Ok(Kept::Entry(found)) => {
                if self.expected.brings_along() {
                    self.shown.extend(found.releasable.record.id.clone());
                }
                self.written.show(found, &self.expected, &mut self.reach, released);
            }
            Ok(Kept::Outcome | Kept::NotSeen(_)) => {}
            Err(dropped) => released.leave_out(dropped),
        }
    }

    /// An entry of what comes along. The matches come once more, and have gone out.
    fn along(&mut self, entry: &Noted<'_>, gatekeeper: &mut Remembering<'_>, released: &mut Released) {
        match read_entry(entry, &self.expected, &self.touches, &self.reach, gatekeeper) {
            Ok(Kept::Entry(found)) if found.mode == "match" => {
                if !found.releasable.record.id.as_ref().is_some_and(|id| self.shown.contains(id)) {
                    let record = found.releasable.record.to_string();
                    released.leave_out(Dropped { record, why: "a match that was not asked for".to_owned() });
                }
            }
            Ok(Kept::Entry(found)) => self.written.show(found, &self.expected, &mut self.reach, released),
            Ok(Kept::Outcome) => {}
            Ok(Kept::NotSeen(mode)) => self.reach.left_out |= mode == "include",
            Err(dropped) => {
                self.reach.left_out = true;
                released.leave_out(dropped);
            }
        }
    }
}
