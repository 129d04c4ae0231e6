//! TLS: which host asks for what ([`hosts`]), the chain check ([`verifier`]), the form of a certificate
//! ([`profile`]), and the device behind it ([`device`]).

mod der;
pub mod device;
pub mod hosts;
pub mod profile;
pub mod verifier;
