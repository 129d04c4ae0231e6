//! The extensions of one certificate: each at most once, readable, with the criticality that RFC 5280 4.2 gives it.

use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::X509Certificate;

use super::ProfileFault;
use super::body::Body;
use crate::tls::der::{self, BOOLEAN, NotDer, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

/// Octets of the object identifiers: id-ce, and the last of them; then id-pe.
const CE: &[u8] = &[0x55, 0x1d];
const PE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01];

/// Extensions that are understood, by their places in RFC 5280 4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    SubjectDirectory,
    SubjectKey,
    KeyUsage,
    AlternativeName,
    IssuerAlternativeName,
    BasicConstraints,
    NameConstraints,
    DistributionPoints,
    Policies,
    PolicyMappings,
    AuthorityKey,
    PolicyConstraints,
    ExtendedKeyUsage,
    FreshestList,
    InhibitAnyPolicy,
    AuthorityInformation,
    SubjectInformation,
    Other,
}

fn name(oid: &[u8]) -> Known {
    match (oid.strip_prefix(CE), oid.strip_prefix(PE)) {
        (Some([9]), _) => Known::SubjectDirectory,
        (Some([14]), _) => Known::SubjectKey,
        (Some([15]), _) => Known::KeyUsage,
        (Some([17]), _) => Known::AlternativeName,
        (Some([18]), _) => Known::IssuerAlternativeName,
        (Some([19]), _) => Known::BasicConstraints,
        (Some([30]), _) => Known::NameConstraints,
        (Some([31]), _) => Known::DistributionPoints,
        (Some([32]), _) => Known::Policies,
        (Some([33]), _) => Known::PolicyMappings,
        (Some([35]), _) => Known::AuthorityKey,
        (Some([36]), _) => Known::PolicyConstraints,
        (Some([37]), _) => Known::ExtendedKeyUsage,
        (Some([46]), _) => Known::FreshestList,
        (Some([54]), _) => Known::InhibitAnyPolicy,
        (_, Some([1])) => Known::AuthorityInformation,
        (_, Some([11])) => Known::SubjectInformation,
        _ => Known::Other,
    }
}

/// All of them, read.
pub(super) struct Extensions<'a, 'c> {
    all: Vec<(Known, &'c X509Extension<'a>)>,
}

impl<'a, 'c> Extensions<'a, 'c> {
    pub(super) fn read(body: &Body<'a>, certificate: &'c X509Certificate<'a>) -> Result<Self, ProfileFault> {
        frames(body.extensions).map_err(|NotDer| ProfileFault::Encoding)?;
        let given = certificate.extensions();
        let twice =
            given.iter().enumerate().any(|(at, one)| given.iter().skip(at + 1).any(|other| other.oid == one.oid));
        if given.is_empty() || twice {
            return Err(ProfileFault::Extensions);
        }
        let all: Vec<_> = given.iter().map(|one| (name(one.oid.as_bytes()), one)).collect();
        for (name, extension) in &all {
            readable(*name, extension)?;
            criticality(*name, extension)?;
        }
        Ok(Self { all })
    }

    /// The one of this name.
    pub(super) fn get(&self, wanted: Known) -> Option<&'c X509Extension<'a>> {
        self.all.iter().find(|(name, _)| *name == wanted).map(|(_, extension)| *extension)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Known, &'c X509Extension<'a>)> {
        self.all.iter()
    }

    /// The bits of KeyUsage, digitalSignature lowest; none where there is no such extension.
    pub(super) fn key_usage(&self) -> Option<u16> {
        match self.get(Known::KeyUsage)?.parsed_extension() {
            ParsedExtension::KeyUsage(usage) => Some(usage.flags),
            _ => None,
        }
    }

    /// The identifier of the issuer's key.
    pub(super) fn authority_key(&self) -> Option<&'c [u8]> {
        match self.get(Known::AuthorityKey)?.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(key) => key.key_identifier.as_ref().map(|key| key.0),
            _ => None,
        }
    }

    /// The identifier of its own key.
    pub(super) fn subject_key(&self) -> Option<&'c [u8]> {
        match self.get(Known::SubjectKey)?.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
            _ => None,
        }
    }

    /// Whether it says of itself that it is an authority's, and for how many below it.
    pub(super) fn constraints(&self) -> Option<(bool, Option<u32>)> {
        match self.get(Known::BasicConstraints)?.parsed_extension() {
            ParsedExtension::BasicConstraints(seen) => Some((seen.ca, seen.path_len_constraint)),
            _ => None,
        }
    }
}

/// Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }, and nothing after it.
fn frames(mut list: &[u8]) -> Result<(), NotDer> {
    while !list.is_empty() {
        let mut one = der::expect(&mut list, SEQUENCE)?.content;
        der::expect(&mut one, OBJECT_IDENTIFIER)?;
        der::optional(&mut one, BOOLEAN)?;
        der::expect(&mut one, OCTET_STRING)?;
        if !one.is_empty() {
            return Err(NotDer);
        }
    }
    Ok(())
}

/// Those that are understood must be readable; others may hold anything, unless they are critical.
fn readable(name: Known, extension: &X509Extension<'_>) -> Result<(), ProfileFault> {
    if name == Known::Other {
        return if extension.critical { Err(ProfileFault::UnknownCritical) } else { Ok(()) };
    }
    let mut value = extension.value;
    let one = der::next(&mut value).is_ok() && value.is_empty() && der::strict(extension.value).is_ok();
    let parsed = extension.parsed_extension();
    let content = match parsed {
        ParsedExtension::ParseError { .. } => false,
        ParsedExtension::KeyUsage(usage) => usage.flags != 0 && trimmed(extension.value),
        ParsedExtension::SubjectKeyIdentifier(key) => !key.0.is_empty(),
        ParsedExtension::AuthorityKeyIdentifier(key) => {
            // RFC 5280 4.2.1.1: both or neither.
            key.authority_cert_issuer.is_some() == key.authority_cert_serial.is_some()
                && key.key_identifier.as_ref().is_none_or(|key| !key.0.is_empty())
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            !names.general_names.is_empty() && names.general_names.iter().all(plausible)
        }
        ParsedExtension::AuthorityInfoAccess(access) => {
            !access.accessdescs.is_empty() && access.accessdescs.iter().all(|one| plausible(&one.access_location))
        }
        // RFC 5280 4.2.1.9: no path length but for an authority.
        ParsedExtension::BasicConstraints(seen) => seen.ca || seen.path_len_constraint.is_none(),
        ParsedExtension::NameConstraints(seen) => {
            let lists = [&seen.permitted_subtrees, &seen.excluded_subtrees];
            let mut bases = lists.into_iter().flatten().flatten().map(|subtree| &subtree.base);
            // RFC 5280 4.2.1.10: not an empty sequence.
            lists.iter().any(|list| list.is_some()) && bases.all(bound)
        }
        _ => true,
    };
    if one && content { Ok(()) } else { Err(ProfileFault::Malformed) }
}

/// A named list of bits ends with a bit that is set (X.690 11.2.2).
fn trimmed(mut value: &[u8]) -> bool {
    let Ok(bits) = der::next(&mut value) else { return false };
    match bits.content {
        [unused, .., last] => *unused < 8 && last & (1 << unused) != 0,
        _ => false,
    }
}

/// Names are not looked at to know anybody, so little is asked of them: that they are something.
fn plausible(name: &GeneralName<'_>) -> bool {
    match name {
        GeneralName::Invalid(..) => false,
        GeneralName::DNSName(name) => dns(name),
        GeneralName::RFC822Name(name) => name.split_once('@').is_some_and(|(who, host)| !who.is_empty() && dns(host)),
        GeneralName::URI(uri) => {
            uri.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        }
        GeneralName::IPAddress(octets) => matches!(octets.len(), 4 | 16),
        _ => true,
    }
}

/// What a name may be bound to (RFC 5280 4.2.1.10): a host without a dot before it, or an address with its mask.
fn bound(name: &GeneralName<'_>) -> bool {
    match name {
        GeneralName::Invalid(..) => false,
        GeneralName::DNSName(name) => name.is_empty() || dns(name),
        GeneralName::IPAddress(octets) => matches!(octets.len(), 8 | 32),
        _ => true,
    }
}

/// A host name (RFC 5280 4.2.1.6, RFC 1034 3.5), or one with a star in front.
fn dns(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let address = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit()));
    name.len() <= 253 && name.split('.').all(label) && !address
}

fn criticality(name: Known, extension: &X509Extension<'_>) -> Result<(), ProfileFault> {
    let fits = match name {
        Known::SubjectDirectory
        | Known::SubjectKey
        | Known::AuthorityKey
        | Known::FreshestList
        | Known::AuthorityInformation
        | Known::SubjectInformation => !extension.critical,
        Known::NameConstraints | Known::PolicyConstraints | Known::InhibitAnyPolicy => extension.critical,
        _ => true,
    };
    if fits { Ok(()) } else { Err(ProfileFault::Criticality) }
}
