//! TLS: which host asks for what ([`hosts`]), the chain check ([`verifier`]), the form of a certificate
//! ([`profile`]), those of other authorities ([`external`]), what was read lately ([`readings`]), and the device behind it ([`device`]).

mod der;
pub mod device;
pub mod external;
#[cfg(test)]
mod fuzz;
pub mod hosts;
pub mod profile;
pub mod readings;
pub mod verifier;
