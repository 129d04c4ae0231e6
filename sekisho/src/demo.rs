//! `sekisho demo`: store, authority, gateway and office on this machine, with synthetic people, and lines to paste.
//!
//! Nothing here is special to the demo but the data: the folder is made by `init`, facts go in as commands, certificates
//! are issued as anywhere, and what serves is what `serve` starts.

mod city;
mod guide;
mod store;
mod terminals;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use ca::{Passphrase, SystemRandom, Zeroizing, fresh_password};

use crate::authority::{self, Authority};
use crate::cli::{Common, Demo, Role};
use crate::error::Error;
use crate::folder::Folder;
use crate::init::{Plan, init};
use crate::serve::{Server, until_told_to_stop};
use crate::settings::Settings;
use crate::verbs::open_registry;
use crate::{clock, folder};

use store::Store;

/// The demo's city, as its certificates name it.
const CITY: &str = "水花道市";

/// What runs, and the folder that it runs on: dropped in this order.
struct Running {
    server: Server,
    store: Store,
    _place: Place,
}

/// The demo's folder. One that nobody named goes with the demo, keys and records and all, also when that does not come up.
struct Place {
    folder: Folder,
    temporary: bool,
}

/// The verb.
pub(crate) fn run(common: &Common, verb: &Demo) -> Result<(), Error> {
    until_told_to_stop(|| start(common, verb), stop)
}

fn start(common: &Common, verb: &Demo) -> Result<Running, Error> {
    let place = Place::of(common)?;
    // Looked for before anything is made: the one may have to be built, the other be chosen anew.
    let program = store::find()?;
    free_ports(verb.port_base)?;
    let folder = &place.folder;
    let random = SystemRandom::new();
    let passphrase = fresh_password(&random).map_err(Error::authority("drawing a passphrase"))?;
    let password = fresh_password(&random).map_err(Error::authority("drawing a password"))?;
    eprintln!("sekisho demo: making {} ...", folder.root().display());
    let settings = prepare(folder, verb, &passphrase, &password)?;
    let server = Server::start(&settings, Role::All, || opened(&passphrase))?;
    let store = Store::start(&program, &settings, folder)?;
    println!("{}", guide::text(&settings, folder, &password)?);
    if let Some(path) = &verb.ready_file {
        folder::add_line(path, "ready")?;
    }
    Ok(Running { server, store, _place: place })
}

/// Holds each port for a moment, so that the first that is taken is named, and before anything is made.
fn free_ports(first: u16) -> Result<(), Error> {
    (first..=first.saturating_add(3)).try_for_each(|port| {
        let tried = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        tried.map(drop).map_err(|source| Error::PortTaken { taken: port, first, source })
    })
}

/// A folder as of a city that has been at work for a while.
fn prepare(folder: &Folder, verb: &Demo, passphrase: &str, password: &str) -> Result<Settings, Error> {
    let plan = Plan {
        city: CITY.to_owned(),
        care_host: "care.sekisho.localhost".to_owned(),
        public_host: "www.sekisho.localhost".to_owned(),
        port_base: verb.port_base,
        postgres: None,
    };
    let made = init(folder.root(), &plan, &opened(passphrase)?, clock::now())?;
    // Only a demo keeps the passphrase beside the key: so that the verbs that issue can be tried too.
    folder::write_new(&passphrase_file(folder), passphrase.as_bytes())?;
    let settings = Settings::load(&made.settings)?;
    let (registry, _) = open_registry(&settings)?;
    let devices = city::load(&registry, password)?;
    let authority = Authority::load(authority::settings(&settings)?, opened(passphrase)?)?;
    terminals::issue_all(folder, &settings, &registry, &authority, &devices)?;
    Ok(settings)
}

fn opened(passphrase: &str) -> Result<Passphrase, Error> {
    Passphrase::new(passphrase).map_err(Error::authority("the passphrase"))
}

fn passphrase_file(folder: &Folder) -> PathBuf {
    folder.key("demo-passphrase.txt")
}

/// A folder that nobody else has or guesses.
fn fresh_root() -> Result<PathBuf, Error> {
    let word: Zeroizing<String> = fresh_password(&SystemRandom::new()).map_err(Error::authority("drawing a name"))?;
    let short: String = word.chars().filter(|c| *c != '-').take(8).collect();
    Ok(std::env::temp_dir().join(format!("sekisho-demo-{short}")))
}

impl Place {
    fn of(common: &Common) -> Result<Self, Error> {
        let (root, temporary) = match &common.data {
            Some(given) => (std::path::absolute(given).map_err(Error::file("finding", given))?, false),
            None => (fresh_root()?, true),
        };
        Ok(Self { folder: Folder::at(&root), temporary })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let root = self.folder.root();
        if !self.temporary || !root.exists() {
            return;
        }
        match std::fs::remove_dir_all(root) {
            Ok(()) => eprintln!("sekisho demo: {} is gone", root.display()),
            Err(error) => eprintln!("sekisho demo: {} could not be removed: {error}", root.display()),
        }
    }
}

fn stop(running: Running) {
    let Running { server, store, _place } = running;
    server.drain();
    store.stop();
}
