//! What can keep the store from starting or from answering.

use std::net::SocketAddr;
use std::path::PathBuf;

/// A fault of the store itself; what a client did wrong is an OperationOutcome instead.
#[derive(Debug, thiserror::Error)]
pub enum StubError {
    /// The data file cannot be opened or written.
    #[error("the data file cannot be used")]
    Database(#[from] rusqlite::Error),
    /// A listener cannot be bound.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The seed or key file cannot be read.
    #[error("cannot read `{}`", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of the seed is no resource that this store serves.
    #[error("line {line} of the seed is no resource that is served here: {why}")]
    Seed {
        /// Counted from 1.
        line: usize,
        /// In one phrase.
        why: String,
    },
    /// The key set holds no usable ES256 key.
    #[error("the key set cannot be used: {0}")]
    KeySet(String),
    /// Without identities only loopback is allowed.
    #[error("`{0}` is no loopback address; without identities the store listens on loopback only")]
    OpenToAll(SocketAddr),
}
