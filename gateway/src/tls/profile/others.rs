//! Certificates of other authorities: as RFC 5280 has them, and nothing that is not processed here.

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::X509Certificate;

use super::extensions::{Extensions, Known};
use super::{ProfileChecked, ProfileFault, Usage, checked, read};

const DIGITAL_SIGNATURE: u16 = 1;
const KEY_CERT_SIGN: u16 = 1 << 5;

/// A terminal's certificate.
///
/// Stricter than RFC 5280 in three things, since nothing is lost by it: it must name its usage, must not be an
/// authority's, and `anyExtendedKeyUsage` is none.
pub(super) fn check_leaf(
    certificate: &X509Certificate<'_>,
    extensions: &Extensions<'_, '_>,
    usage: Usage,
) -> Result<(), ProfileFault> {
    // 4.1.2.6: who has no subject has an alternative name, and that one is critical.
    let subject_empty = certificate.subject().iter_rdn().next().is_none();
    if subject_empty && extensions.get(Known::AlternativeName).is_none_or(|names| !names.critical) {
        return Err(ProfileFault::SubjectName);
    }
    if extensions.authority_key().is_none() {
        return Err(ProfileFault::KeyIdentifier);
    }
    // 4.2.1.10, 4.2.1.11, 4.2.1.14, 4.2.1.5: for authorities only.
    let authoritys = [Known::NameConstraints, Known::PolicyConstraints, Known::InhibitAnyPolicy, Known::PolicyMappings];
    if authoritys.into_iter().any(|name| extensions.get(name).is_some()) {
        return Err(ProfileFault::ExtensionSet);
    }
    if extensions.constraints().is_some_and(|(authority, _)| authority) {
        return Err(ProfileFault::BasicConstraints);
    }
    let fits = |bits| bits & DIGITAL_SIGNATURE != 0 && bits & KEY_CERT_SIGN == 0;
    if !extensions.key_usage().is_none_or(fits) {
        return Err(ProfileFault::KeyUsage);
    }
    let named = match extensions.get(Known::ExtendedKeyUsage).map(|usage| usage.parsed_extension()) {
        Some(ParsedExtension::ExtendedKeyUsage(named)) => match usage {
            Usage::Client => named.client_auth && !named.any,
            Usage::Server => named.server_auth && !named.any,
            Usage::Unnamed => true,
        },
        _ => usage == Usage::Unnamed,
    };
    if named { Ok(()) } else { Err(ProfileFault::ExtendedKeyUsage) }
}

/// An authority's certificate, trusted or shown on the way to one that is.
///
/// # Errors
/// The first fault.
pub fn check_authority(der: &[u8]) -> Result<ProfileChecked, ProfileFault> {
    let (body, certificate) = read(der)?;
    let extensions = Extensions::read(&body, &certificate)?;
    if certificate.subject().iter_rdn().next().is_none() {
        return Err(ProfileFault::SubjectName);
    }
    let own_issuer = certificate.subject().as_raw() == certificate.issuer().as_raw();
    let authority_key = extensions.authority_key();
    // 4.2.1.1: only who signed himself may leave it out; 4.2.1.2: an authority says which key is its own.
    let missing = authority_key.is_none() && (!own_issuer || extensions.get(Known::AuthorityKey).is_some());
    if missing || extensions.subject_key().is_none() {
        return Err(ProfileFault::KeyIdentifier);
    }
    match extensions.get(Known::BasicConstraints) {
        Some(constraints) if !constraints.critical => return Err(ProfileFault::Criticality),
        _ if extensions.constraints().is_none_or(|(authority, _)| !authority) => {
            return Err(ProfileFault::BasicConstraints);
        }
        _ => {}
    }
    if extensions.key_usage().is_none_or(|bits| bits & KEY_CERT_SIGN == 0) {
        return Err(ProfileFault::KeyUsage);
    }
    // Policies are not processed: an authority that demands it demands too much (4.2.1.11, 4.2.1.14).
    if extensions.get(Known::PolicyConstraints).is_some() || extensions.get(Known::InhibitAnyPolicy).is_some() {
        return Err(ProfileFault::UnknownCritical);
    }
    checked(&body, &certificate)
}
