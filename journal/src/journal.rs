//! The handle: appending, reading, watching, verifying.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::bounds::{
    CALL_BYTES_MAX, CALL_ENTRIES_MAX, ENTRY_BYTES_MAX, READ_BYTES_MAX, READ_ROWS_MAX, READERS, SNAPSHOT_BYTES_MAX,
};
use crate::chain::{Chain, snapshot_hash};
use crate::engine::{self, Connection};
use crate::queue::{Queue, Wanted};
use crate::readers::Readers;
use crate::receipt::{Promise, Receipt, Then};
use crate::tail::{self, Cut, End};
use crate::watch::{Notice, Watch};
use crate::{Appended, Entry, Head, JournalError, Place, Position, writer};

/// A journal. Cheap to clone; the last clone to go writes what still waits, then closes.
#[derive(Clone, Debug)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    place: Place,
    queue: Arc<Queue>,
    notice: Arc<Notice>,
    readers: Readers,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Journal {
    /// Opens a journal, making it if it is not there.
    ///
    /// # Errors
    /// The database cannot be used, the end does not fit ([`JournalError::TornTail`]), or something shortly before it was
    /// changed ([`JournalError::Changed`]).
    pub fn open(place: &Place) -> Result<Self, JournalError> {
        place.check()?;
        on_own_thread(place, engine::create)?;
        Self::open_existing(place)
    }

    /// Opens a journal that must be there.
    ///
    /// # Errors
    /// [`JournalError::Missing`]; and as [`Self::open`].
    pub fn open_existing(place: &Place) -> Result<Self, JournalError> {
        place.check()?;
        let connection = on_own_thread(place, engine::connect)?;
        Self::start(place, connection)
    }

    /// Starts the threads, with this connection for the writer.
    pub(crate) fn start(place: &Place, connection: Box<dyn Connection>) -> Result<Self, JournalError> {
        let readers = Readers::start(place, READERS)?;
        let head = readers.run(tail::check)?;
        let queue = Arc::new(Queue::default());
        let notice = Arc::new(Notice::new(head.position));
        let mut threads = engine::start_watching(place, &notice)?;
        let (work, news) = (Arc::clone(&queue), Arc::clone(&notice));
        threads.push(
            engine::spawn(place, "journal-writer", move || writer::run(connection, &work, &news))
                .inspect_err(|_| notice.close())?,
        );
        let threads = Mutex::new(threads);
        Ok(Self { shared: Arc::new(Shared { place: place.clone(), queue, notice, readers, threads }) })
    }

    /// Appends entries, together with whatever else waits. They are durable when the receipt says so, and stand one
    /// behind the other. On an error none of them was appended ([`JournalError::Unsure`] excepted).
    pub fn append(&self, entries: Vec<Vec<u8>>) -> Receipt {
        self.enqueue(None, None, entries)
    }

    /// The same, and `then` is called with what becomes of it, on the writer's thread and before the receipt is fulfilled:
    /// in the order of the journal's entries. It has to be short, and must not append and wait.
    pub fn append_then(
        &self,
        entries: Vec<Vec<u8>>,
        then: impl FnOnce(&Result<Appended, Arc<JournalError>>) + Send + 'static,
    ) -> Receipt {
        self.enqueue(None, Some(Box::new(then)), entries)
    }

    /// The same, and nobody waits for it: it is written together with the next append that somebody waits for, or some
    /// milliseconds later.
    pub fn append_soon(
        &self,
        entries: Vec<Vec<u8>>,
        then: impl FnOnce(&Result<Appended, Arc<JournalError>>) + Send + 'static,
    ) {
        self.put(Promise::alone(Box::new(then)), None, true, entries);
    }

    /// Blocks until whatever was appended before is durable or has failed, also what nobody waits for. Not for async code.
    ///
    /// # Errors
    /// The database, or the journal is closed.
    pub fn settle(&self) -> Result<(), Arc<JournalError>> {
        let (receipt, promise) = Receipt::pair(None);
        // A call without entries: it adds nothing, and has its turn.
        self.shared.queue.push(Wanted { expected: None, entries: Vec::new(), bytes: 0, promise, soon: false });
        receipt.wait().map(drop)
    }

    /// Appends only if the head is still where the caller believes it, else the receipt fails with
    /// [`JournalError::HeadMoved`]: whatever the caller concluded from the journal up to `head` still holds.
    pub fn append_at(&self, head: Position, entries: Vec<Vec<u8>>) -> Receipt {
        self.enqueue(Some(head), None, entries)
    }

    fn enqueue(&self, expected: Option<Position>, then: Option<Then>, entries: Vec<Vec<u8>>) -> Receipt {
        let (receipt, promise) = Receipt::pair(then);
        self.put(promise, expected, false, entries);
        receipt
    }

    fn put(&self, promise: Promise, expected: Option<Position>, soon: bool, entries: Vec<Vec<u8>>) {
        match measure(&entries) {
            Ok(bytes) => self.shared.queue.push(Wanted { expected, entries, bytes, promise, soon }),
            Err(error) => promise.fulfil(Err(Arc::new(error))),
        }
    }

    /// Reads entries behind `after`, in order, at most `limit` of them; fewer when they are large. Empty: there are
    /// none (or the limit is 0). What is given fits the chain.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Beyond`], or the database.
    pub fn read(&self, after: Position, limit: usize) -> Result<Vec<Entry>, JournalError> {
        self.shared.readers.run(move |connection| read(connection, after, limit))
    }

    /// The newest head, asked of the database.
    ///
    /// # Errors
    /// The database.
    pub fn head(&self) -> Result<Head, JournalError> {
        self.shared.readers.run(|connection| connection.head())
    }

    /// A watch for appends, by this and other processes.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.shared.notice))
    }

    /// How long ago the database last answered. While all is well it is asked many times a second; a node that has heard
    /// nothing for long may be living in the past (promise P2).
    #[must_use]
    pub fn silent_for(&self) -> Duration {
        self.shared.notice.silent_for()
    }

    /// Keeps a state beside the journal: what the entries up to `at` come to, in the caller's own form. The newest
    /// [`crate::SNAPSHOTS_KEPT`] are kept. A snapshot is no evidence: losing one costs time, never truth.
    ///
    /// # Errors
    /// [`JournalError::Beyond`], [`JournalError::TooLarge`], or the database.
    pub fn save_snapshot(&self, at: Position, body: &[u8]) -> Result<(), JournalError> {
        if body.len() > SNAPSHOT_BYTES_MAX {
            return Err(JournalError::TooLarge { what: "a snapshot", bytes: body.len(), entries: 0 });
        }
        let body: Arc<[u8]> = Arc::from(body);
        self.shared.readers.run(move |connection| {
            let at = head_at(connection, at)?;
            connection.save_snapshot(&at, &snapshot_hash(&at, &body), &body)
        })
    }

    /// The newest snapshot at or before a position (`None`: at or before the head), with its position. One that is
    /// damaged or belongs to another chain is reported to the log and passed over for the next older one: it is only a
    /// short cut.
    ///
    /// # Errors
    /// The database, or damage to the journal itself.
    pub fn snapshot_before(&self, at: Option<Position>) -> Result<Option<(Position, Vec<u8>)>, JournalError> {
        self.shared.readers.run(move |connection| snapshot_before(connection, at))
    }

    /// Checks the whole chain behind `from` up to the head of this moment; [`Position::START`] checks everything. The
    /// hash at `from` itself is taken as stored.
    ///
    /// # Errors
    /// [`JournalError::Changed`] with the first entry that does not fit; where nothing behind it goes on,
    /// [`JournalError::Damaged`] with the last position in order, or [`JournalError::TornTail`]; or the database.
    pub fn verify(&self, from: Position) -> Result<Head, JournalError> {
        // Rows behind the head record, and a head record behind the rows, show only here.
        let end = self.shared.readers.run(tail::check)?;
        if from > end.position {
            return Err(JournalError::Beyond { asked: from, head: end.position });
        }
        let mut chain: Option<Chain> = None;
        loop {
            // One stretch per visit to a reader: a long verification lets short reads pass in between.
            let next = self.shared.readers.run(move |connection| follow(connection, chain, from, end))?;
            if next.head().position >= end.position {
                let found = next.head();
                let why = || format!("the chain comes to another hash at {}", end.position);
                let fits = found == end;
                return fits.then_some(end).ok_or_else(|| JournalError::Damaged { intact: from, why: why() });
            }
            chain = Some(next);
        }
    }

    /// Checks that a head that was kept elsewhere is on this journal's chain: nothing before it was changed, dropped or
    /// added since.
    ///
    /// # Errors
    /// [`JournalError::Rewritten`] if not.
    pub fn holds(&self, kept: &Head) -> Result<(), JournalError> {
        let kept = *kept;
        let rewritten = move || JournalError::Rewritten { position: kept.position };
        let found = self.shared.readers.run(move |connection| head_at(connection, kept.position));
        match found {
            Ok(found) if found == kept => Ok(()),
            Ok(_) | Err(JournalError::Beyond { .. }) => Err(rewritten()),
            Err(error) => Err(error),
        }
    }

    /// The end of a journal that need not open: what is in order, and what is torn. Changes nothing.
    ///
    /// # Errors
    /// [`JournalError::Missing`], [`JournalError::Changed`] shortly before the end, or the database.
    pub fn end_of(place: &Place) -> Result<End, JournalError> {
        place.check()?;
        on_own_thread(place, |place| tail::end(engine::connect(place)?.as_mut()))
    }

    /// Cuts a torn end off a journal that [`Self::open`] refuses, and says what it cut. `None`: the end is in order.
    /// Acknowledged entries may be among it, so this is for a person who has looked, and who names the head that stays
    /// ([`End::intact`]). What is cut stays in the database.
    ///
    /// # Errors
    /// [`JournalError::OtherHead`], the damage reaches further back than an end does, or the database.
    pub fn cut_torn_tail(place: &Place, keep: &Head) -> Result<Option<Cut>, JournalError> {
        place.check()?;
        on_own_thread(place, |place| tail::cut(engine::connect(place)?.as_mut(), keep))
    }

    /// Where it lives.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.shared.place
    }
}

impl Drop for Shared {
    /// Writes what waits and closes every connection, so that the database is at rest when this returns.
    fn drop(&mut self) {
        self.queue.close();
        // The last to be started is the writer; it goes first, and its news are still told.
        let threads = std::mem::take(self.threads.get_mut().unwrap_or_else(PoisonError::into_inner));
        for thread in threads.into_iter().rev() {
            join(thread);
            self.notice.close();
        }
        self.readers.close().into_iter().for_each(join);
    }
}

/// Waits for a thread, unless it is this one: a waker may drop the last handle on the writer's own thread.
fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    if thread.thread().id() != thread::current().id() && thread.join().is_err() {
        tracing::error!(thread = name, "journal: a thread panicked");
    }
}

/// Sum of the bytes, once every bound is kept.
fn measure(entries: &[Vec<u8>]) -> Result<usize, JournalError> {
    if entries.is_empty() {
        return Err(JournalError::Nothing);
    }
    if let Some(large) = entries.iter().find(|entry| entry.len() > ENTRY_BYTES_MAX) {
        return Err(JournalError::TooLarge { what: "an entry", bytes: large.len(), entries: 1 });
    }
    let bytes = entries.iter().map(Vec::len).sum();
    if bytes > CALL_BYTES_MAX || entries.len() > CALL_ENTRIES_MAX {
        return Err(JournalError::TooLarge { what: "an append", bytes, entries: entries.len() });
    }
    Ok(bytes)
}

fn read(connection: &mut dyn Connection, after: Position, limit: usize) -> Result<Vec<Entry>, JournalError> {
    let entries = read_rows(connection, after, limit)?;
    if !entries.is_empty() || limit == 0 {
        return Ok(entries);
    }
    let head = connection.head()?;
    if head.position < after {
        return Err(JournalError::Beyond { asked: after, head: head.position });
    }
    if head.position == after {
        return Ok(entries);
    }
    // It grew since, or rows are missing: they are committed together with the head record, so asking again decides.
    let entries = read_rows(connection, after, limit)?;
    let missing = || format!("the head record says {}, and the rows are not there", head.position);
    (!entries.is_empty()).then_some(entries).ok_or_else(|| JournalError::Damaged { intact: after, why: missing() })
}

fn read_rows(connection: &mut dyn Connection, after: Position, limit: usize) -> Result<Vec<Entry>, JournalError> {
    // A row holds at least one entry; the first may end at or before `after`, if something is missing.
    let rows_max = limit.min(READ_ROWS_MAX).saturating_add(1);
    let stretch = connection.rows(after.plus(1), rows_max, READ_BYTES_MAX)?;
    let (mut chain, mut entries) = (Chain::from(stretch.before), Vec::new());
    for row in &stretch.rows {
        if entries.len() >= limit {
            break;
        }
        chain.follow(row, |head, body| {
            if head.position > after && entries.len() < limit {
                entries.push(Entry { position: head.position, body: body.to_vec(), hash: head.hash });
            }
        })?;
    }
    Ok(entries)
}

/// The chain at a position, computed from the row that holds it.
fn head_at(connection: &mut dyn Connection, at: Position) -> Result<Head, JournalError> {
    if at == Position::START {
        return Ok(Head::START);
    }
    let stretch = connection.rows(at, 1, 1)?;
    let mut chain = Chain::from(stretch.before);
    let mut found = None;
    for row in &stretch.rows {
        chain.follow(row, |head, _| found = found.or((head.position == at).then_some(head)))?;
    }
    found.ok_or(JournalError::Beyond { asked: at, head: chain.head().position })
}

/// Follows the chain through one more stretch, not past `end`.
fn follow(
    connection: &mut dyn Connection,
    chain: Option<Chain>,
    from: Position,
    end: Head,
) -> Result<Chain, JournalError> {
    let after = chain.map_or(from, |chain| chain.head().position);
    let stretch = connection.rows(after.plus(1), READ_ROWS_MAX, READ_BYTES_MAX)?;
    // The first stretch starts from what is stored before it; later ones from what was computed.
    let mut chain = chain.unwrap_or(Chain::from(stretch.before));
    for row in &stretch.rows {
        if chain.head().position >= end.position {
            break;
        }
        if let Err(error) = chain.follow(row, |_, _| {}) {
            return Err(tail::misfit(connection, chain, error, &end));
        }
    }
    if chain.head().position <= after && after < end.position {
        let why = format!("nothing follows, and the head record says {}", end.position);
        return Err(JournalError::Damaged { intact: after, why });
    }
    Ok(chain)
}

fn snapshot_before(
    connection: &mut dyn Connection,
    at: Option<Position>,
) -> Result<Option<(Position, Vec<u8>)>, JournalError> {
    for found in connection.snapshots()?.into_iter().filter(|found| at.is_none_or(|at| *found <= at)) {
        let Some((digest, body)) = connection.snapshot(found)? else { continue };
        let head = match head_at(connection, found) {
            Ok(head) => head,
            Err(JournalError::Beyond { .. }) => continue,
            Err(error) => return Err(error),
        };
        if snapshot_hash(&head, &body).octets().as_slice() == digest.as_slice() {
            return Ok(Some((found, body)));
        }
        tracing::error!(position = found.get(), "journal: a snapshot is damaged or of another chain; passed over");
    }
    Ok(None)
}

/// Runs on a thread of its own and waits: PostgreSQL's blocking client must not run on an async runtime's thread.
fn on_own_thread<T: Send>(
    place: &Place,
    work: impl FnOnce(&Place) -> Result<T, JournalError> + Send,
) -> Result<T, JournalError> {
    thread::scope(|scope| scope.spawn(|| work(place)).join()).unwrap_or(Err(JournalError::Closed))
}
