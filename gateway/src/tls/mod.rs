//! TLS: which host asks for what ([`hosts`]), the chain check ([`verifier`]), and the device behind a certificate
//! ([`device`]).

pub mod device;
pub mod hosts;
pub mod verifier;
