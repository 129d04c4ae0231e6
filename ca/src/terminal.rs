//! What a terminal gets: PKCS#12 for key stores with a user interface, PEM for programs.
//!
//! A key that travels is the weakest path of art. 38-1: it can be copied on the way. Terminals that can make their own
//! key send a request instead ([`crate::read_request`]).

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};
use zeroize::Zeroizing;

use crate::authority::{Issuing, Root};
use crate::error::{Refused, cut};
use crate::key::{LeafKey, Passphrase};
use crate::prepare::Issued;
use crate::random::Random;

/// Rounds of PBKDF2 for encryption and of the MAC's derivation. Our passwords have 100 random bits, so rounds add
/// little; 10,000 is what Java, NSS, Windows and iOS all take.
const ROUNDS: u32 = 10_000;

/// How a container is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC; MAC with HMAC-SHA-256.
    Current,
    /// PBE with SHA-1 and three-key 3DES (RFC 7292 appendix C); MAC with HMAC-SHA-1: what Windows before 10 1709 and older
    /// Apple systems read. A password of ours has 95 random bits and more, which is what holds either.
    Older,
}

/// Crockford's base 32: no i, l, o, u, so that it can be read aloud and typed on a tablet.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Draws a password with 100 random bits, as five groups of four characters: `k3vd-9xq2-…`. To be told on another
/// channel than the container.
///
/// # Errors
/// The random source failed.
pub fn fresh_password(random: &dyn Random) -> Result<Zeroizing<String>, Refused> {
    let mut octets = Zeroizing::new([0_u8; 20]);
    random.fill(octets.as_mut_slice())?;
    let mut text = Zeroizing::new(String::with_capacity(24));
    for (place, octet) in octets.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32: every character is equally likely.
        let character = ALPHABET.get(usize::from(octet % 32)).copied().unwrap_or(b'0');
        text.push(char::from(character));
    }
    Ok(text)
}

/// A PKCS#12 container with key, certificate, issuing certificate and root: PBES2 with PBKDF2-HMAC-SHA-256 and
/// AES-256-CBC, MAC with HMAC-SHA-256. Tested with OpenSSL, NSS (Firefox) and Java. Windows before 10 1709 and Server
/// 2019, and older Apple systems, know the older algorithms only and call this a wrong password.
///
/// `name` is the friendly name people see in the key store: 1 to 64 characters of Unicode's basic plane.
///
/// # Errors
/// The key is not the certificate's, the chain does not fit, the name or password (ASCII only: the platforms disagree
/// about others) is out of bounds.
pub fn pkcs12(
    issued: &Issued,
    key: &LeafKey,
    issuing: &Issuing,
    root: &Root,
    name: &str,
    password: &Passphrase,
) -> Result<Vec<u8>, Refused> {
    pkcs12_encoded(issued, key, (issuing, root), name, password, Encoding::Current)
}

/// The same in the encoding that the terminal reads.
///
/// # Errors
/// See [`pkcs12`].
pub fn pkcs12_encoded(
    issued: &Issued,
    key: &LeafKey,
    (issuing, root): (&Issuing, &Root),
    name: &str,
    password: &Passphrase,
    encoding: Encoding,
) -> Result<Vec<u8>, Refused> {
    check_key(issued, key)?;
    written(key, &[issued.der(), issuing.der(), root.der()], name, password, encoding)
}

/// The same of a certificate that came from elsewhere, in DER, with its chain behind it. The caller has checked that it is the
/// key's.
///
/// # Errors
/// See [`pkcs12`].
pub fn received(key: &LeafKey, chain: &[&[u8]], name: &str, password: &Passphrase) -> Result<Vec<u8>, Refused> {
    written(key, chain, name, password, Encoding::Current)
}

fn written(
    key: &LeafKey,
    chain: &[&[u8]],
    name: &str,
    password: &Passphrase,
    encoding: Encoding,
) -> Result<Vec<u8>, Refused> {
    let length = name.chars().count();
    let plain = name.chars().all(|c| !c.is_control() && u32::from(c) <= 0xffff);
    if !(1..=64).contains(&length) || !plain {
        return Err(Refused::Name { kind: "friendly name", given: cut(name) });
    }
    if !password.text().is_ascii() {
        return Err(Refused::Container("its password has characters other than ASCII".to_owned()));
    }
    let failed = |error: p12_keystore::error::Error| Refused::Container(error.to_string());
    let chain = chain.iter().map(|der| Certificate::from_der(der));
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let private = PrivateKey::from_der(key.pkcs8_der()).map_err(failed)?;
    let mut store = KeyStore::new();
    let entry = PrivateKeyChain::new(key.public().identifier(), private, chain);
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(entry));
    let (encryption, mac) = match encoding {
        Encoding::Current => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        Encoding::Older => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    };
    store
        .writer(password.text())
        .encryption_algorithm(encryption)
        .encryption_iterations(ROUNDS)
        .mac_algorithm(mac)
        .mac_iterations(ROUNDS)
        .write()
        .map_err(failed)
}

/// Key, certificate and issuing certificate in PEM, in this order, in one text: what `curl --cert` and browsers'
/// command lines take. The key is in the clear; the text is wiped when dropped.
///
/// # Errors
/// The key is not the certificate's.
pub fn pem_bundle(issued: &Issued, key: &LeafKey, issuing: &Issuing) -> Result<Zeroizing<String>, Refused> {
    check_key(issued, key)?;
    let private = key.pkcs8_pem()?;
    let mut bundle = Zeroizing::new(String::with_capacity(private.len() + issued.pem().len() + issuing.pem().len()));
    for part in [private.as_str(), issued.pem(), issuing.pem()] {
        bundle.push_str(part);
    }
    Ok(bundle)
}

fn check_key(issued: &Issued, key: &LeafKey) -> Result<(), Refused> {
    if key.public() == issued.public_key() { Ok(()) } else { Err(Refused::OtherLeafKey { serial: issued.serial() }) }
}
