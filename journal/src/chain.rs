//! The chain and the rows it is stored in.
//!
//! `hash(n) = SHA-256(domain || hash(n-1) || n || length || body)`, numbers as 8 octets big-endian, `hash(0)` all zeros.
//!
//! One row holds one committed batch, so that sixty audit entries of the same millisecond cost one row: the number of its
//! first entry, their count, the hash after the last, and the entries one after the other, each after its length (4
//! octets, big-endian). The hash inside a batch follows from the hash before it.

use aws_lc_rs::digest::{Context, SHA256};

use crate::{Hash, Head, JournalError, Position};

/// Keeps our hashes apart from everybody else's, and this form of the chain from later ones.
const DOMAIN: &[u8] = b"sekisho journal entry 1\n";

/// Hash of one entry.
pub(crate) fn hash(before: &Hash, position: Position, body: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    // In one piece, which costs less than four.
    let mut head = Vec::with_capacity(DOMAIN.len() + 32 + 8 + 8);
    head.extend_from_slice(DOMAIN);
    head.extend_from_slice(before.octets());
    head.extend_from_slice(&position.get().to_be_bytes());
    head.extend_from_slice(&(body.len() as u64).to_be_bytes());
    context.update(&head);
    context.update(body);
    digest(context)
}

/// Hash of a stored snapshot, bound to its place.
pub(crate) fn snapshot_hash(at: &Head, body: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(b"sekisho journal snapshot 1\n");
    context.update(at.hash.octets());
    context.update(&at.position.get().to_be_bytes());
    context.update(body);
    digest(context)
}

fn digest(context: Context) -> Hash {
    let mut octets = [0; 32];
    // SHA-256 has 32 octets; zip copies them without a length that could disagree.
    octets.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    Hash::new(octets)
}

/// One committed batch, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Number of its first entry.
    pub(crate) first: u64,
    /// How many entries, as stored (so it may be nonsense).
    pub(crate) count: i64,
    /// Hash after its last entry, as stored: 32 octets unless damaged.
    pub(crate) hash: Vec<u8>,
    /// Entries, each after its length.
    pub(crate) body: Vec<u8>,
}

impl Row {
    /// Number of its last entry, as the row says.
    pub(crate) fn last(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.count).unwrap_or(0)).saturating_sub(1)
    }
}

/// Octets of the length before each entry.
const LENGTH_OCTETS: usize = 4;

/// Entries being put into a row.
#[derive(Debug)]
pub(crate) struct RowMaker {
    start: Head,
    head: Head,
    body: Vec<u8>,
}

impl RowMaker {
    /// With room for so many entries, of so many octets together.
    pub(crate) fn new(head: Head, entries: usize, bytes: usize) -> Self {
        Self { start: head, head, body: Vec::with_capacity(bytes + entries * LENGTH_OCTETS) }
    }

    /// Where the chain would stand now.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Adds an entry. The bound on entries is checked before the queue; a longer one could not be framed.
    pub(crate) fn add(&mut self, entry: &[u8]) {
        let length = u32::try_from(entry.len()).unwrap_or(u32::MAX);
        self.body.extend_from_slice(&length.to_be_bytes());
        self.body.extend_from_slice(entry);
        let position = self.head.position.plus(1);
        self.head = Head { position, hash: hash(&self.head.hash, position, entry) };
    }

    /// The row, unless nothing was added.
    pub(crate) fn row(self) -> Option<Row> {
        let count =
            i64::try_from(self.head.position.get() - self.start.position.get()).ok().filter(|count| *count > 0)?;
        let first = self.start.position.plus(1).get();
        Some(Row { first, count, hash: self.head.hash.octets().to_vec(), body: self.body })
    }
}

/// Entries of a row, each with where the chain stands behind it.
type Entries<'r> = Vec<(Head, &'r [u8])>;

/// Follows the chain through rows, checking each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    head: Head,
}

impl Chain {
    /// Starts behind an entry that is taken as it is.
    pub(crate) fn from(head: Head) -> Self {
        Self { head }
    }

    /// The last entry that was in order.
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Checks a row, then hands its entries over. On an error the chain stays where it was.
    ///
    /// # Errors
    /// `Damaged`: the row does not follow, its framing is broken, or its entries do not come to its hash.
    pub(crate) fn follow(&mut self, row: &Row, mut each: impl FnMut(Head, &[u8])) -> Result<(), JournalError> {
        let intact = self.head.position;
        let damaged = |why: String| JournalError::Damaged { intact, why };
        let (head, entries) = self.come_to(row).map_err(damaged)?;
        if head.hash.octets().as_slice() != row.hash.as_slice() {
            return Err(damaged("the hash does not fit the entries".to_owned()));
        }
        self.head = head;
        entries.into_iter().for_each(|(head, entry)| each(head, entry));
        Ok(())
    }

    /// Whether a row that does not fit was changed where it lies: what stands behind it goes on from the hash that is stored
    /// with it, or from the one that its entries come to.
    pub(crate) fn goes_on(&self, misfit: &Row, behind: &Row) -> bool {
        let stored = <[u8; 32]>::try_from(misfit.hash.as_slice()).ok();
        let stored = stored.map(|hash| Head { position: Position::new(misfit.last()), hash: Hash::new(hash) });
        let own = self.come_to(misfit).ok().map(|(head, _)| head);
        [stored, own].into_iter().flatten().any(|head| Self::from(head).follow(behind, |_, _| {}).is_ok())
    }

    /// Where a row's entries lead, whatever hash is stored with them.
    fn come_to<'r>(&self, row: &'r Row) -> Result<(Head, Entries<'r>), String> {
        if row.first != self.head.position.plus(1).get() {
            return Err(format!("the next row begins at {}", row.first));
        }
        let mut head = self.head;
        let mut rest = row.body.as_slice();
        let mut entries: Entries<'_> = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<LENGTH_OCTETS>() {
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            let Some((entry, after)) = after.split_at_checked(length) else {
                return Err(format!("an entry of {length} bytes is cut at {}", after.len()));
            };
            rest = after;
            let position = head.position.plus(1);
            head = Head { position, hash: hash(&head.hash, position, entry) };
            entries.push((head, entry));
        }
        if !rest.is_empty() {
            return Err(format!("{} bytes are left over behind the last entry", rest.len()));
        }
        if entries.is_empty() || i64::try_from(entries.len()) != Ok(row.count) {
            return Err(format!("a row of {} entries holds {}", row.count, entries.len()));
        }
        Ok((head, entries))
    }
}
