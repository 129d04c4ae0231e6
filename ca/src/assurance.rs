//! How sure the city may be that a terminal's key is on that terminal alone (art. 38-1). Stands in the certificate as its
//! policy, so that whoever checks it can ask for more than a signature.

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

/// How a terminal's key came about, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assurance {
    /// Made in hardware that it cannot leave, and the hardware's maker says so.
    Attested,
    /// Made in a TPM, as the terminal itself says.
    Tpm,
    /// Made on the terminal, by software.
    Software,
    /// Made here and carried to the terminal in a PKCS#12 container, of which there may be copies.
    Container,
}

impl Assurance {
    /// All levels, the surest first.
    pub const ALL: [Self; 4] = [Self::Attested, Self::Tpm, Self::Software, Self::Container];

    /// One word for messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attested => "attested",
            Self::Tpm => "tpm",
            Self::Software => "software",
            Self::Container => "container",
        }
    }

    /// Longest validity, in days. Renewal replaces the others by themselves; a container is carried by people, who want
    /// to do it once a year.
    #[must_use]
    pub const fn days_max(self) -> u16 {
        match self {
            Self::Attested | Self::Tpm | Self::Software => 180,
            Self::Container => 397,
        }
    }

    /// Its policy.
    const fn oid(self) -> ObjectIdentifier {
        let [attested, tpm, software, container] = POLICIES;
        match self {
            Self::Attested => attested,
            Self::Tpm => tpm,
            Self::Software => software,
            Self::Container => container,
        }
    }

    /// Its policy's object identifier, in dotted form.
    #[must_use]
    pub fn policy(self) -> String {
        self.oid().to_string()
    }

    /// The same as the content of a DER OBJECT IDENTIFIER.
    pub(crate) fn policy_octets(self) -> Vec<u8> {
        self.oid().as_bytes().to_vec()
    }
}
