//! A searchset as the store gives it, piece by piece: its entries one by one as they come, its links and its number at the
//! end. No more than one entry is held at a time, however long the answer is.

use super::fhir_json;
use crate::bounds::{ANSWER_BYTES_MAX, BUNDLE_MEMBER_BYTES_MAX, BUNDLE_MEMBERS_MAX, ENTRIES_MAX, STREAMED_BYTES_MAX};
use crate::error::Misbehaviour;
use crate::json::members::{Bounds, Members, Part};
use crate::json::{self, Json, Noted};

/// See the module.
#[derive(Debug)]
pub(super) struct StorePage {
    members: Members,
    bytes: u64,
    entries: usize,
    said: Said,
}

/// What it says beside its entries.
#[derive(Debug, Default)]
pub(super) struct Said {
    is_bundle: bool,
    is_searchset: bool,
    links: Option<Vec<u8>>,
    total: Option<Vec<u8>>,
}

impl StorePage {
    /// An answer that has just begun; `content_type` is the store's.
    ///
    /// # Errors
    /// It is no FHIR JSON.
    pub(super) fn of(content_type: Option<&str>) -> Result<Self, Misbehaviour> {
        fhir_json(content_type)?;
        let bounds = Bounds { member: BUNDLE_MEMBER_BYTES_MAX, element: ANSWER_BYTES_MAX, members: BUNDLE_MEMBERS_MAX };
        Ok(Self { members: Members::new("entry", "resource", bounds), bytes: 0, entries: 0, said: Said::default() })
    }

    /// Reads the next piece, wherever it was cut; gives each entry that is whole now to `entry`.
    ///
    /// # Errors
    /// It is no searchset, or has more than one reading.
    pub(super) fn read(&mut self, piece: &[u8], mut entry: impl FnMut(&Noted<'_>)) -> Result<(), Misbehaviour> {
        self.bytes = self.bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.bytes > STREAMED_BYTES_MAX {
            return Err(Misbehaviour::Shape("is too large"));
        }
        let Self { members, entries, said, .. } = self;
        members.read(piece, |part| match part {
            Part::Member(name, value) => said.member(&name, value),
            Part::Element(noted) => {
                // Servers write what a thing is before what is in it. Entries of who knows what would have to be kept until
                // it is said.
                said.is_one()?;
                *entries += 1;
                if *entries > ENTRIES_MAX {
                    return Err(Misbehaviour::Shape("has too many entries"));
                }
                entry(&noted);
                Ok(())
            }
        })
    }

    /// The store has said all it had to say.
    ///
    /// # Errors
    /// It broke off, or was no searchset.
    pub(super) fn end(self) -> Result<Said, Misbehaviour> {
        self.members.end()?;
        self.said.is_one()?;
        Ok(self.said)
    }
}

impl Said {
    fn is_one(&self) -> Result<(), Misbehaviour> {
        if self.is_bundle && self.is_searchset { Ok(()) } else { Err(Misbehaviour::Shape("is no searchset")) }
    }

    fn member(&mut self, name: &str, value: Vec<u8>) -> Result<(), Misbehaviour> {
        let tree = json::parse(&value)?;
        match name {
            "resourceType" => self.is_bundle = tree.text() == Some("Bundle"),
            "type" => self.is_searchset = tree.text() == Some("searchset"),
            "entry" => return Err(Misbehaviour::Shape("has entries that are no list")),
            "link" => self.links = Some(value),
            "total" => self.total = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// Its links; none if there are none.
    pub(super) fn links(&self) -> Result<Option<Json<'_>>, Misbehaviour> {
        Ok(self.links.as_deref().map(json::parse).transpose()?)
    }

    /// Its number of matches, if it gives one.
    pub(super) fn total(&self) -> Result<Option<Json<'_>>, Misbehaviour> {
        Ok(self.total.as_deref().map(json::parse).transpose()?)
    }
}
