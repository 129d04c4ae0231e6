//! Load balancers in front of us: whose word is taken about where a client comes from, and how it is given.
//!
//! A balancer that passes connections on hides their source. It says it in a header before TLS (PROXY protocol, version 2; the
//! octets in [`header`]). Whoever is named as one *must* begin with such a header, and nobody else may: it is no TLS, and ends the
//! connection. So nobody chooses for himself where he comes from, unless he can connect from a balancer's address.

pub mod header;
mod networks;

use std::net::IpAddr;

pub use networks::{Network, NetworkFault};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::bounds::PROXY_HEADER_BYTES_MAX;
use header::{HeaderFault, Origin, Progress};

/// Who may say where a client comes from. Empty: nobody, and every connection is its client's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balancers(Vec<Network>);

impl Balancers {
    /// Those within these networks.
    #[must_use]
    pub const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether this is one of them, so that a connection from there must begin with a header.
    #[must_use]
    pub fn hold(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(peer))
    }
}

/// Why nothing was learnt of a client.
#[derive(Debug, thiserror::Error)]
pub enum OriginFault {
    /// What the balancer sent is no header.
    #[error("a balancer's header is not in order")]
    Header(#[from] HeaderFault),
    /// It ended or broke off in the middle of it.
    #[error("a balancer's header did not come whole")]
    Io(#[from] std::io::Error),
}

/// Reads a balancer's header, and not one octet of what follows. The time for it is the caller's.
///
/// # Errors
/// See [`OriginFault`].
pub async fn origin<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Origin, OriginFault> {
    let mut header = Vec::with_capacity(header::FIXED_BYTES);
    loop {
        let wanted = match header::read(&header)? {
            Progress::Whole(origin) => return Ok(origin),
            Progress::More(wanted) => wanted,
        };
        debug_assert!(header.len() + wanted <= PROXY_HEADER_BYTES_MAX);
        let wanted = u64::try_from(wanted).unwrap_or(1);
        if (&mut *stream).take(wanted).read_buf(&mut header).await? == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
