//! A message of SCEP (RFC 8894 3), read: signed by its sender, with an envelope inside for our registrar. What is not DER, or
//! says something twice, is none.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey};
use ca::Cipher;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::pkcs7::{SEQUENCE, SET, SIGNED_DATA, element};

const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;
const OCTETS: u8 = 0x04;
const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const PRINTABLE: u8 = 0x13;

// Contents of OBJECT IDENTIFIERs.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
/// Before the last number of SCEP's attributes (RFC 8894 3.2.1).
const SCEP: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x45, 0x01, 0x09];

/// Most certificates in a message, and attributes of its signer.
const PARTS_MAX: usize = 16;
/// Longest transaction identifier and nonce, in octets.
const NAME_OCTETS_MAX: usize = 256;

/// A message whose signature holds.
#[derive(Debug)]
pub struct Message {
    /// What it asks.
    pub kind: Kind,
    /// Its transaction, as the sender names it.
    pub transaction: String,
    /// What the answer has to say again.
    pub sender_nonce: Vec<u8>,
    /// The certificate whose key signed it, in DER.
    pub signer: Vec<u8>,
    /// For the registrar.
    pub envelope: Option<Envelope>,
}

/// What is asked (RFC 8894 3.2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PKCSReq.
    Request,
    /// RenewalReq.
    Renewal,
    /// Something else.
    Other,
}

/// What is inside, still closed. None where it is closed by something older than AES.
#[derive(Debug)]
pub struct Envelope {
    pub(super) wrapped: Vec<u8>,
    pub(super) cipher: Cipher,
    pub(super) iv: Vec<u8>,
    pub(super) sealed: Vec<u8>,
}

/// Reads a message. None: it is no such message, or its signature does not hold.
#[must_use]
pub fn read_message(der: &[u8]) -> Option<Message> {
    let content = whole(der, SEQUENCE)?.strip_prefix(SIGNED_DATA)?;
    let signed = whole(whole(content, CONTEXT_0)?, SEQUENCE)?;
    let (_, rest) = element(signed, INTEGER)?;
    let (_, rest) = element(rest, SET)?;
    let (inner, rest) = element(rest, SEQUENCE)?;
    let (kind, inner) = element(inner, OID)?;
    let content = whole(whole(inner, CONTEXT_0)?, OCTETS)?;
    let (certificates, rest) = element(rest, CONTEXT_0)?;
    let rest = element(rest, CONTEXT_1).map_or(rest, |(_, behind)| behind);
    let info = whole(whole(rest, SET)?, SEQUENCE)?;
    if kind != DATA {
        return None;
    }
    let (_, info) = element(info, INTEGER)?;
    let (sender, info) = element(info, SEQUENCE)?;
    let (algorithm, info) = element(info, SEQUENCE)?;
    let (attributes, behind) = element(info, CONTEXT_0)?;
    let signed = as_set(info.get(..info.len().checked_sub(behind.len())?)?)?;
    let (_, info) = element(behind, SEQUENCE)?;
    let (signature, _) = element(info, OCTETS)?;
    let signer = named(certificates, sender)?;
    let (hash, _) = element(algorithm, OID)?;
    let read = Attributes::read(attributes)?;
    let hashed = match hash {
        SHA_256 => digest::digest(&digest::SHA256, content),
        SHA_512 => digest::digest(&digest::SHA512, content),
        _ => return None,
    };
    let fits = read.value(CONTENT_TYPE, OID)? == DATA && read.value(MESSAGE_DIGEST, OCTETS)? == hashed.as_ref();
    if !fits || !holds(signer, hash, &signed, signature) {
        return None;
    }
    let kind = match read.scep(2, PRINTABLE)? {
        b"19" => Kind::Request,
        b"17" => Kind::Renewal,
        _ => Kind::Other,
    };
    let transaction = read.scep(7, PRINTABLE).and_then(|text| std::str::from_utf8(text).ok())?;
    let sender_nonce = read.scep(5, OCTETS)?;
    if transaction.len() > NAME_OCTETS_MAX || sender_nonce.len() > NAME_OCTETS_MAX {
        return None;
    }
    Some(Message {
        kind,
        transaction: transaction.to_owned(),
        sender_nonce: sender_nonce.to_vec(),
        signer: signer.to_vec(),
        envelope: envelope(content),
    })
}

/// The content of this one element, with nothing behind it.
fn whole(der: &[u8], tag: u8) -> Option<&[u8]> {
    element(der, tag).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

/// What a signer signs in place of his attributes, whose tag says where in the message they are (RFC 5652 5.4).
fn as_set(attributes: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = attributes.split_first()?;
    Some([&[SET], rest].concat())
}

/// The certificate (DER) that issuer and serial number name.
fn named<'a>(mut certificates: &'a [u8], sender: &[u8]) -> Option<&'a [u8]> {
    for _ in 0..PARTS_MAX {
        let (_, rest) = element(certificates, SEQUENCE)?;
        let one = certificates.get(..certificates.len().checked_sub(rest.len())?)?;
        if let Ok((_, parsed)) = X509Certificate::from_der(one) {
            let number = sender.strip_prefix(parsed.issuer().as_raw()).and_then(|number| whole(number, INTEGER));
            if number == Some(parsed.raw_serial()) {
                return Some(one);
            }
        }
        certificates = rest;
    }
    None
}

/// RSA of 2048 bits and more: for another key no answer could be encrypted.
fn holds(signer: &[u8], hash: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(signer) else { return false };
    let key = parsed.public_key().subject_public_key.data.as_ref();
    let algorithm = if hash == SHA_256 { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA512 };
    UnparsedPublicKey::new(algorithm, key).verify(signed, signature).is_ok()
}

/// Attributes, each once, with one value.
struct Attributes<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Attributes<'a> {
    fn read(mut rest: &'a [u8]) -> Option<Self> {
        let mut found: Vec<(&[u8], &[u8])> = Vec::new();
        while !rest.is_empty() {
            let (attribute, behind) = element(rest, SEQUENCE)?;
            let (oid, values) = element(attribute, OID)?;
            if found.len() >= PARTS_MAX || found.iter().any(|(known, _)| *known == oid) {
                return None;
            }
            found.push((oid, whole(values, SET)?));
            rest = behind;
        }
        Some(Self(found))
    }

    fn value(&self, oid: &[u8], tag: u8) -> Option<&'a [u8]> {
        self.0.iter().find(|(known, _)| *known == oid).and_then(|(_, value)| whole(value, tag))
    }

    fn scep(&self, number: u8, tag: u8) -> Option<&'a [u8]> {
        self.value(&[SCEP, &[number]].concat(), tag)
    }
}

fn envelope(content: &[u8]) -> Option<Envelope> {
    let content = whole(content, SEQUENCE)?;
    let (kind, content) = element(content, OID)?;
    let data = whole(whole(content, CONTEXT_0)?, SEQUENCE)?;
    let (_, rest) = element(data, INTEGER)?;
    let (recipients, rest) = element(rest, SET)?;
    let (recipient, _) = element(recipients, SEQUENCE)?;
    let (_, recipient) = element(recipient, INTEGER)?;
    let (_, recipient) = element(recipient, SEQUENCE)?;
    let (_, recipient) = element(recipient, SEQUENCE)?;
    let wrapped = whole(recipient, OCTETS)?;
    let inner = whole(rest, SEQUENCE)?;
    let (inner_kind, inner) = element(inner, OID)?;
    let (algorithm, inner) = element(inner, SEQUENCE)?;
    let (cipher, parameters) = element(algorithm, OID)?;
    let iv = whole(parameters, OCTETS)?;
    let cipher = match cipher {
        AES_128_CBC => Cipher::Aes128,
        AES_256_CBC => Cipher::Aes256,
        _ => return None,
    };
    let sealed = match whole(inner, 0x80) {
        Some(sealed) => sealed.to_vec(),
        None => pieces(whole(inner, CONTEXT_0)?)?,
    };
    let fits = kind == ENVELOPED_DATA && inner_kind == DATA;
    fits.then(|| Envelope { wrapped: wrapped.to_vec(), cipher, iv: iv.to_vec(), sealed })
}

/// Octets that were written in pieces.
fn pieces(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (piece, behind) = element(rest, OCTETS)?;
        all.extend_from_slice(piece);
        rest = behind;
    }
    Some(all)
}
