//! The assurance level as it stands in a certificate: its policy, so that whoever checks it can ask for more than a signature.

use model::Assurance;
use pkcs8::der::asn1::ObjectIdentifier;

/// Policies: a UUID's digits under the arc that Microsoft keeps for this use, so that nobody has to hand one out and nobody
/// else has it. Not 2.25 and the UUID as one number: RFC 5280 (appendix B) asks for no more than 28 bits of a part, and
/// tools refuse more.
const POLICIES: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.2.840.113556.1.8000.2554.17670.18015.7861.18624.35569.10485739.13196697.1.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113556.1.8000.2554.17670.18015.7861.18624.35569.10485739.13196697.1.2"),
    ObjectIdentifier::new_unwrap("1.2.840.113556.1.8000.2554.17670.18015.7861.18624.35569.10485739.13196697.1.3"),
    ObjectIdentifier::new_unwrap("1.2.840.113556.1.8000.2554.17670.18015.7861.18624.35569.10485739.13196697.1.4"),
];

const fn oid(level: Assurance) -> ObjectIdentifier {
    let [attested, tpm, software, container] = POLICIES;
    match level {
        Assurance::Attested => attested,
        Assurance::Tpm => tpm,
        Assurance::Software => software,
        Assurance::Container => container,
    }
}

/// The object identifier of a level's policy, in dotted form.
#[must_use]
pub fn policy(level: Assurance) -> String {
    oid(level).to_string()
}

/// The same as the content of a DER OBJECT IDENTIFIER.
pub(crate) fn policy_octets(level: Assurance) -> Vec<u8> {
    oid(level).as_bytes().to_vec()
}
