//! The form of a client certificate, on top of the chain: RFC 5280 by the book, and what is ours exactly as we write it.
//!
//! A chain check asks who signed. The one below us lets through what no authority of ours writes: no extended key usage or
//! any, serial numbers of zero or too long, criticalities turned, encodings that are not DER. Whoever gets an authority to
//! sign something unusual must not find a reader here who understands it in his own way. The rules for ours stand in `ca`
//! a second time, on purpose: this crate cannot name the one that signs.

mod body;
mod extensions;
mod key;
mod others;
mod ours;

use model::SerialNumber;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use self::body::Body;
use self::extensions::Extensions;
pub use self::others::check_authority;

/// Whose certificate it is: which form it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Of an issuing certificate of ours.
    Ours,
    /// Of another authority that the city has configured.
    External,
}

/// What a leaf is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// A terminal towards us: the only one outside of tests.
    Client,
    /// A server. Other people's test material is mostly about servers, and holds the same rules against the same code.
    Server,
    /// Whatever it says, or nothing. Other people's test material, again: some of it names no usage at all.
    Unnamed,
}

/// Proof: one certificate in DER, in the form that its origin asks for. With what the form says about itself.
#[derive(Clone, Copy, Debug)]
pub struct ProfileChecked {
    pub(super) serial: SerialNumber,
    pub(super) not_before_seconds: i64,
    pub(super) not_after_seconds: i64,
}

impl ProfileChecked {
    /// Whether this second since the epoch lies within the validity; both ends belong to it (4.1.2.5).
    #[must_use]
    pub fn contains(&self, second: u64) -> bool {
        i64::try_from(second).is_ok_and(|at| self.not_before_seconds <= at && at <= self.not_after_seconds)
    }
}

/// The first thing that is not as it must be, with its clause of RFC 5280.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileFault {
    /// Not one certificate in DER.
    #[error("it is not one certificate in DER (4.1)")]
    Encoding,
    /// Not version 3.
    #[error("its version is not 3 (4.1.2.1)")]
    Version,
    /// Zero, negative, or longer than 20 octets; one of ours, shorter than 8.
    #[error("its serial number is out of bounds (4.1.2.2)")]
    Serial,
    /// The two names of the algorithm differ, or it is none that is understood here.
    #[error("its signature algorithm is not understood, or named twice in two ways (4.1.1.2, 4.1.2.3)")]
    SignatureAlgorithm,
    /// No issuer.
    #[error("it names no issuer (4.1.2.4)")]
    Issuer,
    /// Ends before it begins, in the wrong kind of time, or one of ours, too long.
    #[error("its validity is not written as it must be (4.1.2.5)")]
    Validity,
    /// No subject where there must be one, or not ours.
    #[error("its subject is not as it must be (4.1.2.6)")]
    SubjectName,
    /// Kind, size or encoding of the key.
    #[error("its public key is of no kind that is accepted (4.1.2.7)")]
    PublicKey,
    /// Unique identifiers.
    #[error("it has unique identifiers (4.1.2.8)")]
    UniqueIdentifier,
    /// An extension twice, or none at all.
    #[error("an extension is there twice, or there is none (4.2)")]
    Extensions,
    /// An extension that this reader must understand, and does not.
    #[error("an extension that is critical is not understood (4.2)")]
    UnknownCritical,
    /// Critical where it must not be, or the other way round.
    #[error("an extension is critical that must not be, or is not that must be (4.2.1)")]
    Criticality,
    /// An extension is there that this kind does not have, or one that it must have is not.
    #[error("an extension is missing, or is there that must not be (4.2.1)")]
    ExtensionSet,
    /// The content of an extension.
    #[error("an extension cannot be read (4.2.1)")]
    Malformed,
    /// The keys' identifiers.
    #[error("a key identifier is missing or wrong (4.2.1.1, 4.2.1.2)")]
    KeyIdentifier,
    /// The key may not be used for this.
    #[error("its key usage does not fit (4.2.1.3)")]
    KeyUsage,
    /// The alternative name.
    #[error("its alternative name is not as it must be (4.2.1.6)")]
    AlternativeName,
    /// An authority's certificate shown by a terminal, or the other way round.
    #[error("it is an authority's, or is none (4.2.1.9)")]
    BasicConstraints,
    /// Not for clients, or for anything.
    #[error("its extended key usage does not fit (4.2.1.12)")]
    ExtendedKeyUsage,
}

/// Reads a terminal's certificate and holds it against the form of its origin.
///
/// # Errors
/// The first fault.
pub fn check(der: &[u8], origin: Origin) -> Result<ProfileChecked, ProfileFault> {
    check_for(der, origin, Usage::Client)
}

/// As [`check`], for either usage. Ours are for clients whatever is asked.
///
/// # Errors
/// The first fault.
pub fn check_for(der: &[u8], origin: Origin, usage: Usage) -> Result<ProfileChecked, ProfileFault> {
    let (body, certificate) = read(der)?;
    let extensions = Extensions::read(&body, &certificate)?;
    match origin {
        Origin::Ours => ours::check(&body, &certificate, &extensions)?,
        Origin::External => others::check_leaf(&certificate, &extensions, usage)?,
    }
    checked(&body, &certificate)
}

/// The names in a certificate, as they lie there. Compared octet for octet, never read.
pub(super) struct Names<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
}

/// The names in a certificate.
pub(super) fn names(der: &[u8]) -> Result<Names<'_>, ProfileFault> {
    let body = Body::read(der)?;
    Ok(Names { issuer: body.issuer, subject: body.subject })
}

/// What every certificate must keep to, whoever's it is.
fn read(der: &[u8]) -> Result<(Body<'_>, X509Certificate<'_>), ProfileFault> {
    let body = Body::read(der)?;
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| ProfileFault::Encoding)?;
    if !rest.is_empty() {
        return Err(ProfileFault::Encoding);
    }
    body.check()?;
    key::check(&certificate.tbs_certificate.subject_pki)?;
    Ok((body, certificate))
}

fn checked(body: &Body<'_>, certificate: &X509Certificate<'_>) -> Result<ProfileChecked, ProfileFault> {
    let validity = certificate.validity();
    Ok(ProfileChecked {
        serial: SerialNumber::from_octets(body.serial).map_err(|_| ProfileFault::Serial)?,
        not_before_seconds: validity.not_before.timestamp(),
        not_after_seconds: validity.not_after.timestamp(),
    })
}

#[cfg(test)]
pub(crate) mod tests;
