//! Signing keys in a PKCS#11 token (OASIS PKCS #11 3.0): a module in hardware, or SoftHSM. The private half is made there, cannot
//! be read by anybody, and signs what `ca` has prepared.
//!
//! ```text
//! pkcs11:token=sekisho;object=issuing-2026?module-path=/usr/lib/softhsm/libsofthsm2.so     (RFC 7512)
//! ```
//!
//! - [`Place`] says where a key is; [`generate`] makes one there, [`open`] finds it. Either asks for the token's PIN.
//! - What is found must be exactly one private key of this name, P-256, which cannot leave the token.
//! - A session that broke is opened anew, once for each signature; a token that was pulled out and put back signs again.
//!
//! A PIN that is wrong is said to be wrong and not tried again: tokens lock after a few tries.

mod fault;
mod key;
mod place;
mod token;

pub use fault::Fault;
pub use key::{TokenKey, generate, open};
pub use place::Place;

#[cfg(test)]
mod tests;
