//! `sekisho demo`: store, authority, gateway and office on this machine, with synthetic people, and lines to paste.
//!
//! Nothing here is special to the demo but the data: the folder is made by `init`, facts go in as commands, certificates
//! are issued as anywhere, and what serves is what `serve` starts.

mod city;
mod guide;
mod store;
mod terminals;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use ca::{SystemRandom, Zeroizing, fresh_password};

use crate::authority::{self, Authority};
use crate::cli::{Common, Demo, Role};
use crate::error::Error;
use crate::folder::Folder;
use crate::init::{Plan, init};
use crate::secrets::Secret;
use crate::serve::{Server, until_told_to_stop};
use crate::settings::Settings;
use crate::verbs::open_registry;
use crate::{clock, folder};

use store::Store;

/// The demo's city, as its certificates name it.
const CITY: &str = "水花道市";
/// How the stand-in store's visit notes are told to the gateway: a web application that speaks no FHIR.
const NOTES_MAP: &str = include_str!("../../deploy/maps/notes.toml");
/// First of its four ports, unless another one is named.
const PORT_BASE: u16 = 8443;

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
    until_told_to_stop(|| start(common, verb), |running| running.server.reload(), stop)
}

fn start(common: &Common, verb: &Demo) -> Result<Running, Error> {
    let place = Place::of(common)?;
    let folder = &place.folder;
    // Looked for before anything is made: it may have to be built.
    let program = store::find()?;
    let city = match City::there(folder, verb)? {
        Some(city) => city,
        None => City::make(folder, verb)?,
    };
    let server = Server::start(&city.settings, Role::All, || Ok(Secret::new(city.passphrase.clone())))?;
    let store = Store::start(&program, &city.settings, folder)?;
    println!("{}", guide::text(&city.settings, &place, &city.password)?);
    if let Some(path) = &verb.ready_file {
        folder::add_line(path, "ready")?;
    }
    Ok(Running { server, store, _place: place })
}

/// A data folder with people in it, and what opens its keys and their sessions.
struct City {
    settings: Settings,
    passphrase: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl City {
    /// The city that an earlier demo made in this folder; none where nothing is there yet.
    fn there(folder: &Folder, verb: &Demo) -> Result<Option<Self>, Error> {
        if !folder.settings().exists() {
            return Ok(None);
        }
        let root = folder.root().display();
        if !password_file(folder).exists() {
            return Err(Error::usage(format_args!(
                "`{root}` was made by something else, or by a demo that did not come up; name another folder with --data"
            )));
        }
        let settings = Settings::load(&folder.settings())?;
        let first = settings.listen.clients.first.port();
        if verb.port_base.is_some_and(|port| port != first) {
            return Err(Error::usage(format_args!(
                "the demo in `{root}` has the ports from {first} on; go on without --port-base, or change sekisho.toml"
            )));
        }
        let listen = &settings.listen;
        for address in [listen.clients.first, listen.store_door, listen.office, store::address(&settings)?] {
            TcpListener::bind(address).map_err(|source| Error::Listen { address, source })?;
        }
        let (passphrase, password) = (read_line(&folder.demo_passphrase())?, read_line(&password_file(folder))?);
        eprintln!("sekisho demo: going on with {} ...", root);
        Ok(Some(Self { settings, passphrase, password }))
    }

    /// A folder as of a city that has been at work for a while.
    fn make(folder: &Folder, verb: &Demo) -> Result<Self, Error> {
        let port_base = verb.port_base.unwrap_or(PORT_BASE);
        free_ports(port_base)?;
        eprintln!("sekisho demo: making {} ...", folder.root().display());
        let random = SystemRandom::new();
        let passphrase = fresh_password(&random).map_err(Error::authority("drawing a passphrase"))?;
        let password = fresh_password(&random).map_err(Error::authority("drawing a password"))?;
        let plan = Plan {
            city: CITY.to_owned(),
            care_host: "care.sekisho.localhost".to_owned(),
            public_host: "www.sekisho.localhost".to_owned(),
            port_base,
            list_url: None,
            postgres: None,
            witnesses: vec![],
        };
        let secret = Secret::new(passphrase.clone());
        let sealed_by = secret.passphrase()?;
        let made = init(folder.root(), &plan, (&sealed_by, &sealed_by), clock::now())?;
        // Only a demo keeps the passphrase beside the key: so that the verbs that issue can be tried too.
        folder::write_new(&folder.demo_passphrase(), passphrase.as_bytes())?;
        add_map(folder)?;
        let settings = Settings::load(&made.settings)?;
        let (registry, _) = open_registry(&settings)?;
        let devices = city::load(&registry, &password)?;
        let authority = Authority::load(authority::settings(&settings)?, || Ok(secret))?;
        terminals::issue_all(folder, &settings, &registry, &authority, &devices, &password)?;
        // Last, so that its presence says that everybody is there.
        folder::write_new(&password_file(folder), password.as_bytes())?;
        Ok(Self { settings, passphrase, password })
    }
}

/// Lays the map of the notes beside the settings and names it there, as an office would.
fn add_map(folder: &Folder) -> Result<(), Error> {
    let maps = folder.root().join("maps");
    folder::make(&maps)?;
    folder::write_new(&maps.join("notes.toml"), NOTES_MAP.as_bytes())?;
    folder::add_line(&folder.settings(), "\n[[store.maps]]\nfile = \"maps/notes.toml\"")
}

/// Holds each port for a moment, so that the first that is taken is named, and before anything is made.
fn free_ports(first: u16) -> Result<(), Error> {
    (first..=first.saturating_add(3)).try_for_each(|port| {
        let tried = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        tried.map(drop).map_err(|source| Error::PortTaken { taken: port, first, source })
    })
}

fn read_line(path: &Path) -> Result<Zeroizing<String>, Error> {
    let octets = folder::read_secret(path)?;
    let text = std::str::from_utf8(&octets);
    let text = text.map_err(|_| Error::NotA { path: path.to_owned(), what: "UTF-8 text" })?;
    Ok(Zeroizing::new(text.trim_end().to_owned()))
}

/// The password of every user, which a demo that goes on with the folder prints again.
fn password_file(folder: &Folder) -> PathBuf {
    folder.key("demo-password.txt")
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
