//! Ports that are known before anybody listens there, and stay ours from when they are chosen.
//!
//! Each is held by a socket that is bound and never listens. Who asks the kernel for any port is not given it, nor is who connects
//! somewhere; who asks for this one gets it only if he shares addresses (`SO_REUSEADDR`), as our programs do for listening.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// Neighbouring ports on 127.0.0.1, held until it is dropped.
pub(crate) struct Ports {
    first: SocketAddr,
    _held: Vec<TcpSocket>,
}

impl Ports {
    /// So many in a row.
    pub(crate) fn row(count: u16) -> Self {
        for _ in 0..1000 {
            let Some(first) = take(0) else { continue };
            let address = first.local_addr().unwrap();
            let taken = |n| address.port().checked_add(n).and_then(take);
            let Some(rest) = (1..count).map(taken).collect::<Option<Vec<_>>>() else { continue };
            let held: Vec<TcpSocket> = std::iter::once(first).chain(rest).collect();
            // Only now: two that share before they bind would both believe that a port is theirs.
            held.iter().for_each(|one| one.set_reuseaddr(true).unwrap());
            return Self { first: address, _held: held };
        }
        panic!("no {count} ports in a row are free");
    }

    /// Address and port of the first.
    pub(crate) fn first(&self) -> SocketAddr {
        self.first
    }
}

/// A port that nobody else has; 0 for any.
fn take(port: u16) -> Option<TcpSocket> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok().then_some(socket)
}
