//! The registry over a journal: commands in, snapshots out.
//!
//! One lock orders everything that is published: own commands, and entries of other processes. Whoever holds it has
//! caught up with the journal as far as it knows; `append_at` proves that nobody else was first. Nothing slow is done
//! under it but the commit itself, one for all commands that wait (`turns.rs`): passwords are hashed before.

mod inner;
mod turns;

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use journal::{Journal, Position};
use model::{Author, Office, SerialDraw, SerialNumber, Timestamp, UserId};
use zeroize::Zeroizing;

use crate::change::Change;
use crate::command::Command;
use crate::credential::{PasswordCheck, Vault, first_password};
use crate::error::{BadEntry, RegistryError};
use crate::follow;
use crate::history;
use crate::log::{self, Logged, PastApproval};
use crate::state::{Generation, NumberingKey, Snapshot};
use crate::validate::{Materials, validate};

use self::turns::{Done, Making, Turn, Turns};

pub(crate) use inner::Inner;

/// Hears of each change, in order, after readers can see it. Runs under the registry's lock: it must be quick, and must
/// not give commands or register listeners. A panic is caught and logged, and the others hear all the same.
pub type Listener = Box<dyn Fn(&Change, &Arc<Snapshot>) + Send + Sync>;

/// What the city has decided. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

/// A command that was carried out: durable, and in force.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The state that holds it.
    pub generation: Generation,
    /// What it came to. Empty: there was nothing to do.
    pub changes: Vec<Change>,
    /// What is shown once and kept nowhere.
    pub secrets: Secrets,
}

/// What is shown once and kept nowhere (art. 10-2).
#[derive(Clone, Default)]
pub struct Secrets {
    /// The first password of a user ID that was granted.
    pub first_password: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("generation", &self.snapshot().generation()).finish()
    }
}

impl Registry {
    /// Opens the registry over its journal: reads a stored state and what came after, then follows.
    ///
    /// # Errors
    /// The journal cannot be read, an entry cannot be understood, or the vault has another key than the one that the
    /// credentials were sealed with.
    pub fn open(journal: Journal, vault: Vault) -> Result<Self, RegistryError> {
        let snapshot = history::newest(&journal)?;
        // Found out here, once, and not by every user as "wrong password".
        let sealed = snapshot.user_ids().find_map(|known| Some((&known.id, known.credential.as_ref()?)));
        if let Some((user_id, sealed)) = sealed {
            drop(vault.open(user_id, sealed)?);
        }
        let kept = AtomicU64::new(snapshot.generation().get());
        let inner = Arc::new(Inner {
            journal,
            vault,
            current: ArcSwap::from_pointee(snapshot),
            turns: Turns::default(),
            listeners: Mutex::default(),
            at_head: Mutex::new(Instant::now()),
            fault: OnceLock::new(),
            keeping: AtomicBool::new(false),
            kept,
        });
        follow::start(&inner)?;
        Ok(Self { inner })
    }

    /// The current state. Takes no lock.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.current.load_full()
    }

    /// Checks a password against the current state: [`Snapshot::verify_password`] with the registry's own vault.
    pub fn verify_password(&self, user_id: &UserId, password: &str) -> PasswordCheck {
        self.snapshot().verify_password(&self.inner.vault, Some(user_id), password)
    }

    /// Carries out a command. Blocks until it is durable, readers can see it and every listener has heard of it; not
    /// for async code. `at` is when it was given.
    ///
    /// # Errors
    /// [`RegistryError::Refused`]: nothing has happened. [`RegistryError::Unsure`]: only looking tells. On any other
    /// error nothing has happened either.
    pub fn execute(&self, command: Command, author: Author, at: Timestamp) -> Result<Executed, RegistryError> {
        let (materials, secrets) = self.make_ready(&command, &author, at)?;
        let Done { generation, changes, .. } =
            self.inner.carry_out(Turn::new(Making::Given(command), materials, author, at))?;
        Ok(Executed { generation, changes, secrets })
    }

    /// Carries out a command that takes a serial number, and gives the number: the draw with the next index in it. Which that is
    /// shows only when nobody else can take it any more, so the command is made of the number here, and made again where
    /// another process was first.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub fn execute_numbered(
        &self,
        draw: SerialDraw,
        command: impl Fn(SerialNumber) -> Command + Send + Sync + 'static,
        author: Author,
        at: Timestamp,
    ) -> Result<(SerialNumber, Executed), RegistryError> {
        self.begin_numbering(at)?;
        let making = Making::Numbered { draw, command: Box::new(command) };
        let done = self.inner.carry_out(Turn::new(making, Materials::default(), author, at))?;
        let serial = done.serial.ok_or(RegistryError::NotNumbered)?;
        let (generation, changes) = (done.generation, done.changes);
        Ok((serial, Executed { generation, changes, secrets: Secrets::default() }))
    }

    /// Once in the life of a registry, and an entry of its own.
    fn begin_numbering(&self, at: Timestamp) -> Result<(), RegistryError> {
        if self.snapshot().tables.certificates.numbering().is_some() {
            return Ok(());
        }
        let key = NumberingKey::random()?;
        self.execute(Command::BeginNumbering { key }, Author::new(Office::System, "sekisho"), at).map(drop)
    }

    /// Whether these commands would be carried out now, one after the other: for acts that are several commands, so that
    /// the first is not given where a later one would be refused. Nothing changes, and nothing is promised: somebody else
    /// may come in between. What only the commands themselves make, such as a first password, is taken as made.
    ///
    /// # Errors
    /// The first that would be refused, or the journal cannot be read.
    pub fn rehearse(&self, commands: &[Command], author: &Author, at: Timestamp) -> Result<(), RegistryError> {
        self.inner.catch_up_from_database(&self.inner.lock())?;
        let mut state = Snapshot::clone(&self.snapshot());
        for command in commands {
            state = validate(&state, command, &Materials::rehearsal(), author, at)?.next;
        }
        Ok(())
    }

    /// Has a listener hear of every change from here on, own and followed.
    pub fn on_change(&self, listener: Listener) {
        self.inner.lock().push(listener);
    }

    /// The state at a time, from history.
    ///
    /// # Errors
    /// The journal cannot be read or understood.
    pub fn as_of(&self, at: Timestamp) -> Result<Snapshot, RegistryError> {
        history::as_of(&self.inner.journal, at)
    }

    /// The state of a generation, as an audit entry names it (promise P8).
    ///
    /// # Errors
    /// It has not been reached, or the journal cannot be read or understood.
    pub fn at_generation(&self, generation: Generation) -> Result<Snapshot, RegistryError> {
        history::at_generation(&self.inner.journal, generation)
    }

    /// What was done before a generation (none: up to now), newest first: some hundreds of commands, or fewer when they are
    /// large. Empty: that was all.
    ///
    /// # Errors
    /// The journal cannot be read or understood.
    pub fn log(&self, before: Option<Generation>) -> Result<Vec<Logged>, RegistryError> {
        let end = match before {
            Some(generation) => Position::new(generation.get()),
            None => {
                let head = self.inner.journal.head();
                let head = head.map_err(|error| RegistryError::journal("reading the head", error))?;
                Position::new(head.position.get().saturating_add(1))
            }
        };
        log::before(&self.inner.journal, end)
    }

    /// Every approval of rules there ever was, oldest first, and how it ended: the state keeps those that can be gone back to,
    /// the journal all of them.
    ///
    /// # Errors
    /// The journal cannot be read or understood.
    pub fn rule_approvals(&self) -> Result<Vec<PastApproval>, RegistryError> {
        log::rule_approvals(&self.inner.journal)
    }

    /// How long ago this state was known to be the newest: a node that has not heard stops serving records (promise P2).
    /// For ever, once an entry cannot be understood.
    #[must_use]
    pub fn freshness(&self) -> Duration {
        if self.inner.fault.get().is_some() {
            return Duration::MAX;
        }
        self.inner.at_head().elapsed().max(self.inner.journal.silent_for())
    }

    /// The entry that cannot be understood, if there is one.
    #[must_use]
    pub fn fault(&self) -> Option<&BadEntry> {
        self.inner.fault.get()
    }

    /// Stores the current state beside the journal, so that the next opening need not replay what is in it. Happens by
    /// itself from time to time.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn keep(&self) -> Result<Generation, RegistryError> {
        self.inner.keep(&self.snapshot())
    }

    /// What must be made before validation because it is random or slow: passwords. A command that would be refused
    /// anyway costs nothing here.
    fn make_ready(
        &self,
        command: &Command,
        author: &Author,
        at: Timestamp,
    ) -> Result<(Materials, Secrets), RegistryError> {
        let (user_id, new) = match command {
            Command::GrantUserId { user_id, .. } | Command::ReplaceUserId { new: user_id, .. } => (user_id, None),
            Command::ChangePassword { current, new } => (current.user_id(), Some(new)),
            _ => return Ok((Materials::default(), Secrets::default())),
        };
        self.inner.catch_up_from_database(&self.inner.lock())?;
        validate(&self.snapshot(), command, &Materials::rehearsal(), author, at)?;
        let vault = &self.inner.vault;
        if let Some(new) = new {
            return Ok((Materials { credential: Some(vault.credential(user_id, new)?) }, Secrets::default()));
        }
        let password = first_password()?;
        let credential = Some(vault.credential(user_id, &password)?);
        Ok((Materials { credential }, Secrets { first_password: Some(password) }))
    }
}
