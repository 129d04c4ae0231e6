//! What a server sends to an authority that is not ours: a request for its hosts, and the answer to the question whether they are
//! its own (ACME, RFC 8555 and 8737).

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};

use crate::error::Refused;
use crate::key::{LeafKey, pem};
use crate::profile::Host;

/// Octets of a digest (SHA-256).
const DIGEST_OCTETS: usize = 32;

/// A request (PKCS#10, DER) for these hosts.
///
/// # Errors
/// The crypto library failed.
pub fn write_server_request(key: &LeafKey, hosts: &[Host]) -> Result<Vec<u8>, Refused> {
    let failed = |_| Refused::Crypto("writing a request");
    let pair = KeyPair::try_from(key.pkcs8_der()).map_err(failed)?;
    Ok(named(hosts)?.serialize_request(&pair).map_err(failed)?.der().to_vec())
}

/// A certificate that answers an authority's question for a host (RFC 8737 3), by the digest of the key authorization, signed with
/// the key that it holds: it says nothing to anybody else.
///
/// # Errors
/// The crypto library failed.
pub fn answer_challenge(key: &LeafKey, host: &Host, digest: &[u8; DIGEST_OCTETS]) -> Result<Vec<u8>, Refused> {
    let failed = |_| Refused::Crypto("answering an authority");
    let pair = KeyPair::try_from(key.pkcs8_der()).map_err(failed)?;
    let mut answer = named(std::slice::from_ref(host))?;
    answer.custom_extensions.push(CustomExtension::new_acme_identifier(digest));
    Ok(answer.self_signed(&pair).map_err(failed)?.der().to_vec())
}

fn named(hosts: &[Host]) -> Result<CertificateParams, Refused> {
    let names: Vec<String> = hosts.iter().map(|host| host.as_str().to_owned()).collect();
    let mut wanted = CertificateParams::new(names).map_err(|_| Refused::Crypto("writing a host's name"))?;
    wanted.distinguished_name = DistinguishedName::new();
    Ok(wanted)
}

/// A key with its certificates in one file: the key (PKCS#8), then the chain as it was received, both in PEM.
///
/// # Errors
/// The crypto library failed.
pub fn pair_file(key: &LeafKey, chain: &str) -> Result<zeroize::Zeroizing<String>, Refused> {
    let mut file = zeroize::Zeroizing::new(pem("PRIVATE KEY", key.pkcs8_der())?);
    file.push_str(chain);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::*;

    fn hosts() -> Vec<Host> {
        ["care.example.jp", "www.example.jp"].map(|host| Host::new(host).unwrap()).to_vec()
    }

    #[test]
    fn a_request_names_the_hosts_and_proves_the_key() {
        let key = LeafKey::generate().unwrap();
        let der = write_server_request(&key, &hosts()).unwrap();
        let (_, request) = X509CertificationRequest::from_der(&der).unwrap();
        let names = request.requested_extensions().unwrap().find_map(|extension| match extension {
            ParsedExtension::SubjectAlternativeName(names) => Some(names.general_names.clone()),
            _ => None,
        });
        assert_eq!(names.unwrap(), [GeneralName::DNSName("care.example.jp"), GeneralName::DNSName("www.example.jp")]);
        assert_eq!(crate::read_request(&der).unwrap(), *key.public());
    }

    /// RFC 8737 3: the host, and a critical extension that is the digest and nothing else.
    #[test]
    fn an_answer_says_what_was_asked() {
        let key = LeafKey::generate().unwrap();
        let der = answer_challenge(&key, &hosts()[0], &[7; 32]).unwrap();
        let (rest, certificate) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty() && certificate.verify_signature(None).is_ok());
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names, [GeneralName::DNSName("care.example.jp")]);
        let oid = x509_parser::oid_registry::asn1_rs::oid!(1.3.6.1.5.5.7.1.31);
        let said = certificate.get_extension_unique(&oid).unwrap().unwrap();
        assert!(said.critical);
        assert_eq!(said.value, [&[4, 32][..], &[7; 32]].concat());
    }

    #[test]
    fn a_pair_is_one_file() {
        let key = LeafKey::generate().unwrap();
        let file = pair_file(&key, "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert!(file.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(file.ends_with("-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n"));
    }
}
