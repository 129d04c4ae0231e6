//! Certificates, revocation lists and OCSP answers as values: prepare, lint, issue. Takes a signer, stores nothing.
//!
//! ```text
//! reserve (serial recorded) -> prepare (written with a blank signature, linted) -> issue (signed once, checked)
//! ```
//!
//! - **A serial number is recorded before anything is signed**: [`prepare()`], [`Issuing::create`] and [`Root::create`]
//!   ask for a [`RecordedSerial`], and only a [`SerialBook`] gives one. A crash between the two wastes a number, no more.
//! - **Nothing is signed that was not linted**: [`Prepared`] exists only for a clean certificate, is used up by
//!   [`Prepared::issue`], and the octets that were linted are those that are signed.
//! - **Keys sign typed things only**: [`IssuingKey`], [`RootKey`] and [`Responder`] have no way to sign octets given from outside;
//!   the registrar signs messages, as CMS says it, with a key that certifies nothing.
//! - **The applicant chooses a public key and nothing else**: names, times and usages come from the profile.
//!
//! Deliberately absent: storage, clock, network, the check of a certificate that a terminal shows (that is the
//! gateway's, which must not import this crate).

pub mod asn1;
mod assurance;
mod authority;
mod cms;
mod crl;
mod error;
mod key;
mod lint;
mod name;
mod ocsp;
mod pair;
mod places;
mod plan;
mod prepare;
mod profile;
mod public_key;
mod random;
mod registrar;
mod request;
mod responder;
mod root_list;
mod serial;
mod server_request;
mod shard;
mod terminal;
mod weak;

pub use assurance::policy;
pub use authority::{Issuing, Purpose, Root};
pub use cms::{certs_only, enveloped};
pub use crl::{Crl, NEXT_UPDATE_SECONDS, Revoked, build_crl, build_shard};
pub use error::Refused;
pub use key::{IssuingKey, LeafKey, Passphrase, RootKey};
pub use lint::Finding;
pub use model::Assurance;
pub use name::AuthorityName;
pub use ocsp::{Asked, OcspRefusal, OcspRequest, REQUEST_OCTETS_MAX};
pub use pair::KeptKey;
pub use pkcs8::der::asn1::ObjectIdentifier;
pub use places::StatusPlaces;
pub use prepare::{Issued, Prepared, device_validity, prepare, prepare_server};
pub use profile::{DeviceProfile, Host, ServerProfile};
pub use public_key::{KeyKind, PublicKey, in_pairs};
pub use random::{Random, SystemRandom};
pub use registrar::{Cipher, Registrar};
pub use request::{read_request, write_request};
pub use responder::{ANSWER_SECONDS, Responder, Status};
pub use root_list::{AuthorityCause, RevokedAuthority, RootList};
pub use serial::{RecordedNumber, RecordedSerial, SerialBook, fresh_serial, reserve, reserve_numbered};
pub use server_request::{answer_challenge, pair_file, write_server_request};
pub use shard::Shard;
pub use terminal::{Encoding, fresh_password, pem_bundle, pkcs12, pkcs12_encoded, received};
pub use zeroize::Zeroizing;

// The fuzz target's function, which runs among the tests, names the crate as a stranger does.
#[cfg(test)]
extern crate self as ca;

#[cfg(test)]
mod tests;
