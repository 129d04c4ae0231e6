//! Certificates of our own authority: exactly what it writes.

use aws_lc_rs::digest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry as oids;
use x509_parser::prelude::X509Certificate;

use super::ProfileFault;
use super::body::Body;
use super::extensions::{Extensions, Known};
use super::key;

/// Longest validity, in seconds: 397 days.
const VALIDITY_SECONDS_MAX: i64 = 397 * 86_400;
/// Shortest serial number, in octets: they hold the 64 random bits.
const SERIAL_OCTETS_MIN: usize = 8;
/// Largest RSA modulus, in bits.
const RSA_BITS_MAX: usize = 4096;
/// digitalSignature and nothing else.
const DIGITAL_SIGNATURE: u16 = 1;

// AlgorithmIdentifier: ecdsa-with-SHA256 and -SHA384, no parameters.
const ALGORITHMS: [&[u8]; 2] = [
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
];
// ExtKeyUsageSyntax of clientAuth alone.
const CLIENT_ONLY: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// What must be there, and whether it is critical.
const MUST: [(Known, bool); 6] = [
    (Known::AuthorityKey, false),
    (Known::AlternativeName, false),
    (Known::KeyUsage, true),
    (Known::ExtendedKeyUsage, false),
    (Known::SubjectKey, false),
    (Known::BasicConstraints, true),
];
/// What may be there besides, never critical: where lists, the issuer and answers lie, and how well the key is kept.
const MAY: [Known; 3] = [Known::DistributionPoints, Known::AuthorityInformation, Known::Policies];

pub(super) fn check(
    body: &Body<'_>,
    certificate: &X509Certificate<'_>,
    extensions: &Extensions<'_, '_>,
) -> Result<(), ProfileFault> {
    if body.serial.len() < SERIAL_OCTETS_MIN {
        return Err(ProfileFault::Serial);
    }
    if !ALGORITHMS.contains(&body.signature) {
        return Err(ProfileFault::SignatureAlgorithm);
    }
    let validity = certificate.validity();
    // Both ends belong to it (4.1.2.5).
    let span = validity.not_after.timestamp().saturating_sub(validity.not_before.timestamp()).saturating_add(1);
    if span > VALIDITY_SECONDS_MAX {
        return Err(ProfileFault::Validity);
    }
    accepted_key(certificate)?;
    let device = subject(certificate)?;
    extension_set(extensions)?;
    contents(certificate, extensions, device)
}

fn accepted_key(certificate: &X509Certificate<'_>) -> Result<(), ProfileFault> {
    let octets = certificate.tbs_certificate.subject_pki.subject_public_key.data.as_ref();
    let curve = matches!(octets.len(), 65 | 97) && octets.first() == Some(&4);
    if curve || key::rsa(octets).is_some_and(|bits| bits <= RSA_BITS_MAX) {
        Ok(())
    } else {
        Err(ProfileFault::PublicKey)
    }
}

/// One common name, and in it the id of a terminal.
fn subject<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, ProfileFault> {
    let subject = certificate.subject();
    let mut attributes = subject.iter_attributes();
    let (first, second) = (attributes.next(), attributes.next());
    let common_name = first.filter(|one| *one.attr_type() == oids::OID_X509_COMMON_NAME && second.is_none());
    let text = common_name.and_then(|name| name.attr_value().as_utf8string().ok().map(|_| name.as_str()));
    match text {
        Some(Ok(text)) if model::id::check(text).is_ok() => Ok(text),
        _ => Err(ProfileFault::SubjectName),
    }
}

fn extension_set(extensions: &Extensions<'_, '_>) -> Result<(), ProfileFault> {
    for (wanted, critical) in MUST {
        match extensions.get(wanted) {
            Some(found) if found.critical == critical => {}
            Some(_) => return Err(ProfileFault::Criticality),
            None => return Err(ProfileFault::ExtensionSet),
        }
    }
    for (name, extension) in extensions.iter() {
        if MUST.iter().any(|(wanted, _)| wanted == name) {
            continue;
        }
        if !MAY.contains(name) {
            return Err(ProfileFault::ExtensionSet);
        }
        if extension.critical {
            return Err(ProfileFault::Criticality);
        }
    }
    Ok(())
}

fn contents(
    certificate: &X509Certificate<'_>,
    extensions: &Extensions<'_, '_>,
    device: &str,
) -> Result<(), ProfileFault> {
    // RFC 7093 2, method 1: so a certificate cannot claim another's key.
    let key = certificate.tbs_certificate.subject_pki.subject_public_key.data.as_ref();
    let hash = digest::digest(&digest::SHA256, key);
    if extensions.subject_key() != hash.as_ref().get(..20)
        || extensions.authority_key().is_none_or(|key| key.len() != 20)
    {
        return Err(ProfileFault::KeyIdentifier);
    }
    if extensions.key_usage() != Some(DIGITAL_SIGNATURE) {
        return Err(ProfileFault::KeyUsage);
    }
    if extensions.constraints() != Some((false, None)) {
        return Err(ProfileFault::BasicConstraints);
    }
    if extensions.get(Known::ExtendedKeyUsage).is_none_or(|usage| usage.value != CLIENT_ONLY) {
        return Err(ProfileFault::ExtendedKeyUsage);
    }
    let names = extensions.get(Known::AlternativeName).map(|names| names.parsed_extension());
    let Some(ParsedExtension::SubjectAlternativeName(names)) = names else { return Err(ProfileFault::AlternativeName) };
    // https://HOST/d/DEVICE, of the device that the subject names. HOST may have been another when it was issued.
    let same = |uri: &str| {
        uri.strip_prefix("https://").and_then(|rest| rest.split_once("/d/")).map(|(_, own)| own) == Some(device)
    };
    match names.general_names.as_slice() {
        [GeneralName::URI(uri)] if same(uri) => Ok(()),
        _ => Err(ProfileFault::AlternativeName),
    }
}
