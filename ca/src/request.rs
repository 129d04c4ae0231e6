//! Certification requests (PKCS#10, RFC 2986): proof that the applicant holds the key, and the key. Nothing else that
//! the applicant asks for is read, so that nothing of it can slip into a certificate.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::error::Refused;
use crate::key::LeafKey;
use crate::public_key::PublicKey;

/// Longest request, in octets: a 4096-bit RSA key with Windows's extra attributes needs about 3 kB.
const REQUEST_OCTETS_MAX: usize = 16 * 1024;

/// Reads a request in PEM or DER, checks its signature with its own key, and gives the key.
///
/// # Errors
/// Unreadable, not signed by its own key, or a key that is not accepted.
pub fn read_request(given: &[u8]) -> Result<PublicKey, Refused> {
    if given.len() > REQUEST_OCTETS_MAX {
        return Err(Refused::Request("it is longer than 16 kB"));
    }
    if given.first() == Some(&0x30) {
        return read_der(given);
    }
    let (_, block) =
        x509_parser::pem::parse_x509_pem(given).map_err(|_| Refused::Request("it is neither DER nor PEM"))?;
    // Windows certreq writes the older label.
    match block.label.as_str() {
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => read_der(&block.contents),
        _ => Err(Refused::Request("the PEM block has another label")),
    }
}

/// Writes a request (PEM) for a key that was made here. It names nobody: whoever reads it takes the key only.
///
/// # Errors
/// The crypto library failed.
pub fn write_request(key: &LeafKey) -> Result<Vec<u8>, Refused> {
    let failed = |_| Refused::Crypto("writing a request");
    request_of(&rcgen::KeyPair::try_from(key.pkcs8_der()).map_err(failed)?)
}

pub(crate) fn request_of(pair: &impl rcgen::SigningKey) -> Result<Vec<u8>, Refused> {
    let failed = |_| Refused::Crypto("writing a request");
    let mut wanted = rcgen::CertificateParams::default();
    wanted.distinguished_name = rcgen::DistinguishedName::new();
    let request = wanted.serialize_request(pair).map_err(failed)?;
    Ok(request.pem().map_err(failed)?.into_bytes())
}

fn read_der(der: &[u8]) -> Result<PublicKey, Refused> {
    let (rest, request) =
        X509CertificationRequest::from_der(der).map_err(|_| Refused::Request("it is no PKCS#10 request"))?;
    if !rest.is_empty() {
        return Err(Refused::Request("octets follow the request"));
    }
    let info = &request.certification_request_info;
    let key = PublicKey::read(&info.subject_pki)?;
    if key.signed(der, info.raw, &request.signature_algorithm, &request.signature_value) {
        Ok(key)
    } else {
        Err(Refused::NoProofOfPossession)
    }
}
