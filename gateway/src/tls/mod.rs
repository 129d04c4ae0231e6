//! TLS: which host asks for what ([`hosts`]), the chain check ([`verifier`]), the form of a certificate
//! ([`profile`]), those of other authorities ([`external`]), what was read lately ([`readings`]), the device behind it
//! ([`device`]), the server's own certificate ([`server_key`]), sessions that may be resumed (`sessions`), what is offered ([`offered`]), what it comes to once the handshake is over ([`arrival`]), and how it came about ([`negotiated`]).

pub mod arrival;
mod der;
pub mod device;
pub mod external;
#[cfg(test)]
mod fuzz;
pub mod hosts;
pub mod negotiated;
pub mod offered;
pub mod profile;
pub mod readings;
pub mod server_key;
mod sessions;
pub mod verifier;
