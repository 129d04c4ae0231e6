//! Tests of the journal: one suite, run on both engines.
//!
//! PostgreSQL is needed (Debian: `postgresql`); where there is none, `SEKISHO_WITHOUT_POSTGRES=1` leaves its half out.

mod basics;
mod child;
mod damage;
mod full_disk;
mod kills;
mod model;
mod processes;
mod server;
mod snapshots;

use std::sync::Arc;

use tempfile::TempDir;

use crate::testing::Postgres;
use crate::{Journal, Place, Position};

/// Makes tests of functions that take a [`Home`]: one per engine.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $( #[test] fn $name() { super::$name(&crate::tests::Home::sqlite()); } )+ }
        mod postgres { $( #[test] fn $name() {
            if let Some(home) = crate::tests::Home::postgres() { super::$name(&home); }
        } )+ }
    };
}
pub(crate) use on_both_engines;

/// A place for one test's journal, gone with it.
pub(crate) struct Home {
    pub(crate) place: Place,
    folder: Option<TempDir>,
    server: Option<Arc<Postgres>>,
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Sqlite { file: folder.path().join("journal.db") };
        Self { place, folder: Some(folder), server: None }
    }

    /// `None` only where the environment says that there is no PostgreSQL.
    pub(crate) fn postgres() -> Option<Self> {
        if without_postgres() {
            return None;
        }
        let server = Postgres::shared().unwrap();
        Some(Self { place: server.place(), folder: None, server: Some(server) })
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(&self.place).unwrap()
    }

    /// Another journal's place beside this one.
    pub(crate) fn another(&self) -> Place {
        match (&self.folder, &self.server) {
            (Some(folder), _) => Place::Sqlite { file: folder.path().join("another.db") },
            (_, Some(server)) => server.place(),
            _ => unreachable!("a home is a folder or a server"),
        }
    }

    /// Changes the database behind the journal's back. `{n}` stands for the tables' prefix.
    pub(crate) fn tamper(&self, sql: &str) {
        match &self.place {
            Place::Sqlite { file } => {
                let db = rusqlite::Connection::open(file).unwrap();
                db.execute_batch(&sql.replace("{n}", "").replace("bytea", "blob")).unwrap();
            }
            Place::Postgres { url, name } => {
                let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
                client.batch_execute(&sql.replace("{n}", &format!("{name}_"))).unwrap();
            }
        }
    }
}

pub(crate) fn without_postgres() -> bool {
    std::env::var_os("SEKISHO_WITHOUT_POSTGRES").is_some()
}

/// Entries out of texts.
pub(crate) fn entries(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The whole journal as texts.
pub(crate) fn texts(journal: &Journal) -> Vec<String> {
    all(journal).into_iter().map(|body| String::from_utf8(body).unwrap()).collect()
}

/// The whole journal, read in small steps; positions are checked on the way.
pub(crate) fn all(journal: &Journal) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    loop {
        let after = Position::new(bodies.len() as u64);
        let found = journal.read(after, 100).unwrap();
        if found.is_empty() {
            return bodies;
        }
        for entry in found {
            assert_eq!(entry.position.get(), bodies.len() as u64 + 1);
            bodies.push(entry.body);
        }
    }
}
