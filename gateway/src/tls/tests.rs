//! Tests of hosts and devices; the handshake itself is tested over real sockets in crate `tests`.
