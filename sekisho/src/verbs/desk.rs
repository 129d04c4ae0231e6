//! The desk: the registry opened in somebody's name.

use std::fmt::Display;
use std::sync::Arc;

use journal::Journal;
use model::{Author, Timestamp};
use registry::{Command, Executed, Registry, Snapshot, Vault};
use serde_json::Value;

use crate::cli::{Common, nobody_named};
use crate::clock;
use crate::error::Error;
use crate::output::Output;
use crate::secrets;
use crate::settings::Settings;

/// The registry, who acts, and where answers go.
pub(crate) struct Desk {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    /// None where nobody is named: such a desk only reads.
    author: Option<Author>,
    output: Output,
}

impl Desk {
    /// Opens the registry that the settings name. It must be there.
    pub(crate) fn open(common: &Common) -> Result<Self, Error> {
        let author = common.author()?;
        let settings = Settings::load(&common.settings_file()?)?;
        let (registry, _) = open_registry(&settings)?;
        Ok(Self { settings, registry, author, output: Output::new(common.json) })
    }

    /// The state as of now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.registry.snapshot()
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        clock::now()
    }

    /// Who acts. An act without an author would stand in the journal for ever, and nobody could be asked about it.
    pub(crate) fn author(&self) -> Result<&Author, Error> {
        self.author.as_ref().ok_or_else(nobody_named)
    }

    /// Has a command carried out. When this returns it is durable.
    pub(crate) fn execute(&self, command: Command) -> Result<Executed, Error> {
        Ok(self.registry.execute(command, self.author()?.clone(), self.now())?)
    }

    /// Finds out whether commands would be carried out one after the other, before the first of them is given.
    pub(crate) fn rehearse(&self, commands: &[Command]) -> Result<(), Error> {
        Ok(self.registry.rehearse(commands, self.author()?, self.now())?)
    }

    /// Says what came of it.
    pub(crate) fn say(&self, sentence: impl Display, value: &Value) -> Result<(), Error> {
        self.output.say(sentence, value)
    }
}

/// The registry over the journal that the settings name, and the vault that opens its credentials.
pub(crate) fn open_registry(settings: &Settings) -> Result<(Registry, Vault), Error> {
    let key = secrets::read_key(&settings.keys.credential)?;
    let wrong = |_| Error::NotA { path: settings.keys.credential.clone(), what: "key of 32 octets" };
    let vault = Vault::new(&key).map_err(wrong)?;
    let journal = Journal::open_existing(&settings.journal.registry()).map_err(Error::journal("registry"))?;
    Ok((Registry::open(journal, vault.clone())?, vault))
}
