//! Who speaks for the authority where RSA is spoken: reads what devices' management encrypts (SCEP, RFC 8894), and signs
//! answers and configuration profiles. Its key is made in memory, never written down, and certifies nothing.

use std::fmt;

use aws_lc_rs::cipher::{AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{KeySize, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use model::Timestamp;
use pkcs8::der::Tag;
use pkcs8::der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use crate::asn1::tlv;
use crate::authority::Issuing;
use crate::cms::{DATA, attribute, signed};
use crate::error::Refused;
use crate::key::IssuingKey;
use crate::plan::{Kind, Plan};
use crate::prepare::{Issued, Prepared};
use crate::profile::REGISTRAR_DAYS;
use crate::public_key::{KeyKind, PublicKey};
use crate::serial::RecordedSerial;

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// What a message is encrypted with. Nothing older: SCEP's 3DES and DES are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES-128-CBC.
    Aes128,
    /// AES-256-CBC.
    Aes256,
}

/// The registration authority (RFC 8894 2.1.2).
pub struct Registrar {
    issuing: Issuing,
    certificate: Issued,
    signing: RsaKeyPair,
    reading: Pkcs1PrivateDecryptingKey,
}

impl Registrar {
    /// Makes an RSA key of 3072 bits, which takes a second or so, and has `issuing` certify it for thirty days.
    ///
    /// # Errors
    /// The issuer is for something else or not valid at `now`; `key` is not its key; or the lint found something.
    pub fn create(
        issuing: &Issuing,
        key: &IssuingKey,
        serial: RecordedSerial,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let failed = |_| Refused::Crypto("making an RSA key");
        let private = PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(failed)?;
        let clear = private.as_der().map_err(failed)?;
        let signing = RsaKeyPair::from_pkcs8(clear.as_ref()).map_err(|_| Refused::Crypto("making an RSA key"))?;
        let public = PublicKey::trusted(KeyKind::Rsa, signing.public_key().as_ref().to_vec());
        let who = (Kind::Registrar, "Sekisho registration");
        let plan = Plan::of_delegate(who, REGISTRAR_DAYS, &serial, now, public, issuing)?;
        let certificate = Prepared::from_plan(plan, issuing.common_name(), issuing.public_key())?.issue(key)?;
        let reading = Pkcs1PrivateDecryptingKey::new(private).map_err(failed)?;
        Ok(Self { issuing: issuing.clone(), certificate, signing, reading })
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Issued {
        &self.certificate
    }

    /// Half of its time is over: another should take its place.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        self.certificate.is_half_over(now)
    }

    /// Signs `content` (CMS SignedData, RSA with SHA-256), with these attributes beside those that must be there: each an
    /// object identifier and a value in DER.
    ///
    /// # Errors
    /// The crypto library failed.
    pub fn sign(&self, content: &[u8], attributes: &[(ObjectIdentifier, Vec<u8>)]) -> Result<Vec<u8>, Refused> {
        let hash = digest::digest(&digest::SHA256, content);
        let mut all = vec![
            attribute(CONTENT_TYPE, &crate::asn1::oid(DATA)?)?,
            attribute(MESSAGE_DIGEST, &tlv(Tag::OctetString, &[hash.as_ref()])?)?,
        ];
        for (oid, value) in attributes {
            all.push(attribute(*oid, value)?);
        }
        let certificates = [self.certificate.der(), self.issuing.der()];
        signed(content, all, &certificates, |octets| {
            let mut signature = vec![0; self.signing.public_modulus_len()];
            let random = aws_lc_rs::rand::SystemRandom::new();
            let failed = |_| Refused::Crypto("signing a message");
            self.signing.sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature).map_err(failed)?;
            Ok(signature)
        })
    }

    /// What was encrypted for this key. None, whatever is wrong: who asks with messages of his own making learns nothing of
    /// where it went wrong.
    #[must_use]
    pub fn read(&self, wrapped: &[u8], cipher: Cipher, iv: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut room = Zeroizing::new(vec![0; self.reading.min_output_size()]);
        let (algorithm, length) = match cipher {
            Cipher::Aes128 => (&AES_128, 16),
            Cipher::Aes256 => (&AES_256, 32),
        };
        let key = self.reading.decrypt(wrapped, &mut room).ok().filter(|key| key.len() == length)?;
        let key = UnboundCipherKey::new(algorithm, key).ok()?;
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
        let iv: [u8; 16] = iv.try_into().ok()?;
        let mut content = Zeroizing::new(sealed.to_vec());
        let length = cipher.decrypt(&mut content, DecryptionContext::Iv128(FixedLength::from(&iv))).ok()?.len();
        content.truncate(length);
        Some(content)
    }
}

impl fmt::Debug for Registrar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registrar({})", self.certificate.serial())
    }
}
