//! Which stores there are, how they are reached, and how much they are asked.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::errand::Class;
use super::lanes::{PLACES_MAX, PLACES_MIN};
use crate::bounds::{
    STORE_ANSWER_MAX, STORE_AT_ONCE, STORE_CONNECT_MAX, STORE_CONNECTIONS_MAX, STORE_LOOK_EVERY, STORE_LOOK_MAX,
    STORE_QUEUE, STORE_QUEUE_WAIT, STORE_READ_MAX, STORE_UNWELL_AFTER, STORE_WELL_AFTER, STORES_MAX, UPLOAD_MAX,
};

/// The stores. Several of them are one store to whoever asks: they hold the same, and what one has written the others know.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Where they are: one to [`STORES_MAX`].
    pub servers: Vec<Server>,
    /// What is spoken with them.
    pub protocol: Protocol,
    /// Connections to each, of all workers together.
    pub connections_max: u32,
    /// Requests at once to each, of all workers together: 4 to 16,384.
    pub at_once: u16,
    /// Requests at once to all of them; none: as many as they take together.
    pub at_once_in_all: Option<u16>,
    /// Requests that wait for a place, of each lane.
    pub queue_max: usize,
    /// For how long.
    pub queue_wait: Duration,
    /// How long their answers may take.
    pub timeouts: Timeouts,
    /// How they are looked after; none: only by what comes of requests.
    pub health: Option<HealthSettings>,
}

/// What is spoken with a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2, over plain connections with prior knowledge (RFC 9113 3.3). WebSockets go over HTTP/1.1 all the same, as
    /// calls of gRPC go over HTTP/2 in any case.
    Http2,
}

/// One store.
#[derive(Clone)]
pub struct Server {
    /// As the settings have it: what logs and officers see.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// How it is known, over TLS; none: records travel in clear.
    pub tls: Option<ServerTls>,
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address.
    Ip(SocketAddr),
    /// A name, looked up for each connection.
    Named {
        /// DNS name.
        host: String,
        /// Port.
        port: u16,
    },
    /// A socket of this machine.
    Unix(PathBuf),
}

/// How a store is known, and we to it.
#[derive(Clone)]
pub struct ServerTls {
    /// Who may have signed its certificate: these and nobody else.
    pub anchors: Vec<CertificateDer<'static>>,
    /// The name, or address, in its certificate.
    pub server_name: String,
    /// What we show.
    pub identity: Option<Arc<CertifiedKey>>,
}

/// How long a store may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, its TLS handshake included.
    pub connect: Duration,
    /// One record, or whose it is.
    pub read: Within,
    /// A search.
    pub search: Within,
    /// What is written, but for uploads.
    pub write: Within,
    /// A streamed upload: its own time is in it.
    pub upload: Within,
    /// An event stream, a WebSocket or a call of gRPC: until it begins.
    pub stream: Within,
}

/// Of one class of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// From asking to the head of the answer, connecting included.
    pub head: Duration,
    /// From there to its end, where it is read whole before it is released.
    pub whole: Duration,
}

/// How a store is looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// What is asked for, with GET and without any identity: any answer below 500 is well.
    pub path: String,
    /// How often, give or take a fifth.
    pub every: Duration,
    /// How long it may take.
    pub within: Duration,
    /// Unwell so often in a row, it is left out where others are there.
    pub unwell_after: u32,
    /// Well so often in a row, it is back.
    pub well_after: u32,
}

/// The stores cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum StoreSetUpError {
    /// None, or too many.
    #[error("1 to {STORES_MAX} stores are needed; these are {0}")]
    Count(usize),
    /// Too few or too many requests at once.
    #[error("{PLACES_MIN} to {PLACES_MAX} requests at once are possible; not {0}")]
    AtOnce(u16),
    /// An anchor is no certificate, there is none, or our certificate cannot be used.
    #[error("TLS with the store `{name}` cannot be set up")]
    Tls {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// No name that a certificate can have.
    #[error("the store `{name}` cannot be known by `{server_name}`")]
    ServerName {
        /// Which.
        name: String,
        /// What it should be known by.
        server_name: String,
    },
}

impl StoreSettings {
    /// One store over plain HTTP/1.1, and everything else as usual.
    #[must_use]
    pub fn plain(address: SocketAddr) -> Self {
        Self::of(vec![Server::plain(address)])
    }

    /// These stores, and everything else as usual.
    #[must_use]
    pub fn of(servers: Vec<Server>) -> Self {
        Self {
            servers,
            protocol: Protocol::default(),
            connections_max: STORE_CONNECTIONS_MAX,
            at_once: STORE_AT_ONCE,
            at_once_in_all: None,
            queue_max: STORE_QUEUE,
            queue_wait: STORE_QUEUE_WAIT,
            timeouts: Timeouts::default(),
            health: None,
        }
    }
}

impl Server {
    /// Over plain HTTP.
    #[must_use]
    pub fn plain(address: SocketAddr) -> Self {
        Self { name: format!("http://{address}"), address: Address::Ip(address), tls: None }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Timeouts {
    /// Those of a class.
    #[must_use]
    pub const fn of(&self, class: Class) -> Within {
        match class {
            Class::Read => self.read,
            Class::Search => self.search,
            Class::Write => self.write,
            Class::Upload => self.upload,
            Class::Stream | Class::Call => self.stream,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        let usual = Within { head: STORE_ANSWER_MAX, whole: STORE_READ_MAX };
        Self {
            connect: STORE_CONNECT_MAX,
            read: usual,
            search: usual,
            write: usual,
            upload: Within { head: UPLOAD_MAX, ..usual },
            stream: usual,
        }
    }
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            every: STORE_LOOK_EVERY,
            within: STORE_LOOK_MAX,
            unwell_after: STORE_UNWELL_AFTER,
            well_after: STORE_WELL_AFTER,
        }
    }
}
