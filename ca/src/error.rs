//! Why nothing was signed, opened or read. One family: the authority either does exactly what was asked, or refuses.

use std::error::Error;

use crate::lint::Finding;

/// A refusal of the authority. Nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The passphrase has fewer characters than [`crate::Passphrase::LENGTH_MIN`], more octets than its maximum, or a
    /// line break inside.
    #[error("a passphrase is one line of {min} to {max} characters")]
    Passphrase {
        /// Fewest characters.
        min: usize,
        /// Most octets.
        max: usize,
    },
    /// The PIN of a token is empty, too long, or has a line break inside.
    #[error("a token's PIN is one line of 1 to {max} characters")]
    Pin {
        /// Most octets.
        max: usize,
    },
    /// The key file could not be opened with this passphrase. A damaged file looks the same: CBC has no integrity check.
    #[error("the key does not open: the passphrase is wrong or the file is damaged")]
    WrongPassphrase,
    /// The key file holds a key in the clear.
    #[error("the key file is not encrypted; expected `-----BEGIN ENCRYPTED PRIVATE KEY-----`")]
    KeyInClear,
    /// The key file is something else.
    #[error("the key file is no encrypted PKCS#8 key in PEM: {0}")]
    KeyForm(&'static str),
    /// The key is of another kind than its role demands.
    #[error("the key is no {wanted} key")]
    KeyKind {
        /// `P-256` or `P-384`.
        wanted: &'static str,
    },
    /// The signing key does not belong to the issuer's certificate.
    #[error("the signing key does not belong to the certificate of `{issuer}`")]
    OtherKey {
        /// Common name of the issuer.
        issuer: String,
    },
    /// The two private and public halves given together do not belong together.
    #[error("the private key does not belong to the certificate with serial number {serial}")]
    OtherLeafKey {
        /// The certificate's serial number.
        serial: model::SerialNumber,
    },
    /// Whoever keeps a key did not sign with it.
    #[error("the key could not be used where it is kept")]
    KeptKey(#[source] Box<dyn Error + Send + Sync>),
    /// Whoever keeps a key signed with something else.
    #[error("what was signed where the key is kept is not signed with the key that is shown there")]
    KeptKeyOther,
    /// A key that is kept elsewhere was to be written down.
    #[error("the key is kept elsewhere and cannot be written down")]
    KeptElsewhere,
    /// The book did not record the serial number.
    #[error("the serial number could not be recorded before signing")]
    SerialNotRecorded(#[source] Box<dyn Error + Send + Sync>),
    /// Nobody recorded the number of revocation lists.
    #[error("the number of revocation lists could not be recorded before signing")]
    NumberNotRecorded(#[source] Box<dyn Error + Send + Sync>),
    /// The book recorded another number than the one that was drawn.
    #[error("the serial number {serial} is recorded, and another was drawn")]
    NotAsDrawn {
        /// What was recorded. It is wasted.
        serial: model::SerialNumber,
    },
    /// The certification request is unreadable.
    #[error("the certification request is unreadable: {0}")]
    Request(&'static str),
    /// The applicant did not show that it holds the private key (RFC 2986 4.2).
    #[error("the certification request is not signed by its own key")]
    NoProofOfPossession,
    /// The public key is of a kind or size that is not accepted.
    #[error("the public key is not accepted: {0}")]
    PublicKey(&'static str),
    /// The public key is that of one of our own authorities.
    #[error("the public key is the issuer's own")]
    IssuersKey,
    /// A name that may stand in a certificate was asked for, and this is none.
    #[error("`{given}` is no {kind}")]
    Name {
        /// What was expected (`host name`).
        kind: &'static str,
        /// What was given, cut to 80 characters.
        given: String,
    },
    /// A profile value is out of its bounds.
    #[error("{what} is out of bounds: {given} (allowed: {allowed})")]
    Bounds {
        /// Which value.
        what: &'static str,
        /// What was given.
        given: String,
        /// The bounds.
        allowed: &'static str,
    },
    /// The issuer's certificate is of another purpose than the profile.
    #[error("`{issuer}` does not issue certificates for {purpose}")]
    OtherPurpose {
        /// Common name of the issuer.
        issuer: String,
        /// What was asked (`devices`, `servers`).
        purpose: &'static str,
    },
    /// The issuer is not valid at the time given, or ends too soon to issue anything useful.
    #[error("`{issuer}` can issue from {from} to {until} only")]
    IssuerNotValid {
        /// Common name of the issuer.
        issuer: String,
        /// First second in which it may issue.
        from: model::Timestamp,
        /// Last second in which it may issue.
        until: model::Timestamp,
    },
    /// Times that cannot stand in a certificate or list.
    #[error("{0}")]
    Time(&'static str),
    /// An authority certificate that is not one of ours.
    #[error("the authority certificate is not acceptable: {0}")]
    Authority(String),
    /// The to-be-signed certificate breaks its profile. A fault of this crate or of what was given to it.
    #[error("the certificate breaks its profile: {}", listed(.0))]
    Lint(Vec<Finding>),
    /// The key gave a signature that does not hold: a fault of memory or of a token. There is no certificate.
    #[error("the signature over the certificate with serial number {serial} does not verify")]
    BadSignature {
        /// Its serial number, recorded and now to be given up.
        serial: model::SerialNumber,
    },
    /// The revocation list is wrong.
    #[error("the revocation list is refused: {0}")]
    Crl(String),
    /// The container for a terminal could not be made.
    #[error("the PKCS#12 container could not be made: {0}")]
    Container(String),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed while {0}")]
    Crypto(&'static str),
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Cuts a text for an error message.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
