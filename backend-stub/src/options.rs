//! What the store is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of one store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where care records are served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where `/stub/...` is served, for tests only. An attacker who reaches it reads what passed: keep it on loopback.
    pub admin_listen: SocketAddr,
    /// SQLite file; none keeps everything in memory.
    pub data_file: Option<PathBuf>,
    /// What an empty store is filled with.
    pub seed: Seed,
    /// Whose requests are answered.
    pub trust: Trust,
    /// How many of the last requests are kept for `/stub/requests`; 0 keeps none (benchmarks).
    pub requests_kept: usize,
    /// Between two signs of life on a quiet feed.
    pub heartbeat: Duration,
    /// How links to further pages of a search look.
    pub paging: Paging,
}

impl Options {
    /// In memory, with the built-in seed, on two free loopback ports.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: loopback,
            admin_listen: loopback,
            data_file: None,
            seed: Seed::BuiltIn,
            trust,
            requests_kept: 2_000,
            heartbeat: Duration::from_secs(15),
            paging: Paging::Offset,
        }
    }
}

/// How links to further pages of a search look; `PUT /stub/paging` changes it while the store runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paging {
    /// They name the search, and a place in it: `/fhir/Observation?patient=P-0001&_count=50&_offset=50`.
    Offset,
    /// An opaque token of a search in the store's memory, as HAPI FHIR does it: `/fhir?_getpages=TOKEN&_getpagesoffset=50`.
    Token,
}

/// What an empty store is filled with; a store that holds something is left as it is.
#[derive(Clone, Debug)]
pub enum Seed {
    /// `data/seed.ndjson`.
    BuiltIn,
    /// Another file of the same form: one resource per line.
    File(PathBuf),
    /// Nothing.
    Empty,
}

/// Whose requests are answered. Every request must carry the gateway's token in `Sekisho-Identity`.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Keys are fetched here (plain `http://host:port/path`), and again when an unknown key is named.
    Url(String),
    /// A JSON Web Key Set in a file (RFC 7517).
    File(PathBuf),
    /// The key set itself.
    Keys(String),
    /// No identity is asked for: benchmarks of the store alone, on loopback only.
    Anyone,
}
