//! TLS: which host asks for what ([`hosts`]), the chain check ([`verifier`]), the form of a certificate
//! ([`profile`]), what was read lately ([`readings`]), the device behind it ([`device`]), and what it comes to once the
//! handshake is over ([`arrival`]).

pub mod arrival;
mod der;
pub mod device;
pub mod hosts;
pub mod profile;
pub mod readings;
pub mod verifier;
