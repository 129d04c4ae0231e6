//! TLS: which host asks for what ([`hosts`]), what is offered ([`offered`]), the server's own certificate ([`server_key`]), sessions
//! that may be resumed (`sessions`); the chain check ([`verifier`]), the form of a certificate ([`profile`]), those of other
//! authorities ([`external`]), what was read lately ([`readings`]), the device behind it ([`device`]); what it comes to once the
//! handshake is over ([`arrival`]), and how it came about ([`negotiated`]).

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
