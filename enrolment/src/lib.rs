//! How a terminal comes to its certificate (art. 38-1): the one order of issuing that survives a crash, one-time codes,
//! renewal by the certificate itself, and the forms of EST (RFC 7030).
//!
//! The command line and the office's door both issue; neither may do it in another order. Nothing here knows a runtime, a
//! network, a file or a clock; the gateway cannot reach this crate (promise P6).
//!
//! Reading order: `issue` (the order), `code` (what stands on the slip), `desk` (who gets what), `body` and `pkcs7` (how it is
//! written on the wire), `acme` and `attest` (RFC 8555, and keys that their maker vouches for), `scep` (RFC 8894), `profile` (Apple's);
//! `typed`, `unusable` and `spent` are for people: what they type, what is wrong with what they send, and that they press twice.

mod acme;
mod attest;
mod body;
mod code;
mod desk;
mod issue;
mod pkcs7;
mod profile;
mod scep;
mod spent;
mod typed;
mod unusable;

pub use acme::{ACME_OCTETS_MAX, Acme, Answer, Asked, signed_by};
pub use attest::{Anchors, Challenge, Unbelieved};
pub use body::{BODY_OCTETS_MAX, attributes, read_body};
pub use code::{Code, CodeError};
pub use desk::{ContainerAsked, Desk, KeySource, Turned, new_registrar};
pub use issue::{IssueError, Order, Taking, Term, issue};
pub use pkcs7::read_certs_only;
pub use profile::Profile;
pub use scep::{CAPABILITIES, SCEP_OCTETS_MAX, Scep, read_message};
pub use typed::in_ascii;
pub use unusable::{Flaw, Unusable};

// The fuzz targets' functions, which are a stranger's, name the crate.
#[cfg(test)]
extern crate self as enrolment;

#[cfg(test)]
mod tests;
