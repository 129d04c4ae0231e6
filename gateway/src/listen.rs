//! Sockets to listen on, and descriptors for what comes.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::SetUpError;
use crate::bounds::ACCEPT_BACKLOG;

/// For each worker, one listening socket an address: the kernel spreads connections over those on one port. And the addresses.
pub(crate) fn for_workers(
    listen_on: &[SocketAddr],
    workers: usize,
) -> Result<(Vec<Vec<TcpListener>>, Vec<SocketAddr>), SetUpError> {
    let (mut each, mut addresses) = (Vec::new(), Vec::new());
    each.resize_with(workers, Vec::new);
    for address in listen_on.iter().copied() {
        let mut bound = address;
        for listeners in &mut each {
            let listener = listen(bound, true)?;
            // Where any port would do, all workers take the first one's.
            bound = listener.local_addr().map_err(|source| SetUpError::Listen { address, source })?;
            listeners.push(listener);
        }
        addresses.push(bound);
    }
    Ok((each, addresses))
}

/// A socket that nobody shares.
pub(crate) fn alone(address: SocketAddr) -> Result<TcpListener, SetUpError> {
    listen(address, false)
}

fn listen(address: SocketAddr, shared: bool) -> Result<TcpListener, SetUpError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            // Else the system would decide whether IPv4 comes in here too, disguised.
            socket.set_only_v6(true)?;
        }
        if shared {
            socket.set_reuse_port(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(ACCEPT_BACKLOG)?;
        Ok(socket.into())
    };
    bind().map_err(|source| SetUpError::Listen { address, source })
}

/// As many descriptors as the system allows: the usual soft limit of 1,024 is far below our own bounds, and whoever used it
/// up with silent connections would leave none for the store and the journals.
pub(crate) fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
