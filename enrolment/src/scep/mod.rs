//! SCEP (RFC 8894), for devices' management that speaks nothing else: the challenge password of a request is the terminal's
//! one-time code, and a certificate that stands renews itself.
//!
//! AES and SHA-256 or SHA-512 only: what comes with 3DES, DES, MD5 or SHA-1 is refused. The registrar's key is RSA, made in
//! memory; the certificates stay what they are everywhere. An answer is encrypted for the sender's key, which therefore has
//! to be RSA too.

mod message;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use ca::asn1::{Tag, tlv};
use ca::{ObjectIdentifier, Random, Refused, Registrar, SystemRandom, Zeroizing, certs_only, enveloped, read_request};
use model::Timestamp;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::prelude::FromDer;

pub use self::message::read_message;
use self::message::{Envelope, Kind, Message};
use crate::desk::{Desk, Turned};

/// Longest message, in octets.
pub const SCEP_OCTETS_MAX: usize = 48 * 1024;
/// What we can do (RFC 8894 3.5.2).
pub const CAPABILITIES: &str = "AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-512\n";
/// Answers that are remembered, for clients that ask again because none came.
const ANSWERS_MAX: usize = 1024;

/// The SCEP server.
pub struct Scep {
    desk: Desk,
    /// By the digest of the whole request; the newest last.
    given: Mutex<VecDeque<([u8; 32], Vec<u8>)>>,
}

/// What a message comes to.
pub struct Replied {
    /// The answer, in DER.
    pub message: Vec<u8>,
    /// A code was shown and was wrong.
    pub wrong_code: bool,
}

/// failInfo (RFC 8894 3.2.1.4): bad algorithm, message check, request, certificate.
#[derive(Clone, Copy)]
enum Fail {
    Algorithm = 0,
    MessageCheck = 1,
    Request = 2,
    CertificateId = 4,
}

impl Scep {
    /// Puts it together.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk, given: Mutex::default() }
    }

    /// GetCACert: the registrar's certificate, the issuing one and the root, as certs-only PKCS#7.
    ///
    /// # Errors
    /// The authority's key cannot be had.
    pub fn authorities(&self, now: Timestamp) -> Result<Vec<u8>, Turned> {
        let registrar = self.desk.registrar(now)?;
        certs_only(&[registrar.certificate().der(), self.desk.issuing().der(), self.desk.root().der()])
            .map_err(crate::desk::fault)
    }

    /// PKIOperation. None: no message of SCEP, or not signed by whom it says.
    ///
    /// # Errors
    /// Not possible just now.
    pub fn answer(&self, message: &[u8], now: Timestamp) -> Result<Option<Replied>, Turned> {
        let registrar = self.desk.registrar(now)?;
        let Some(message) = Some(message).filter(|message| message.len() <= SCEP_OCTETS_MAX).and_then(read_message)
        else {
            return Ok(None);
        };
        let given = self.give(&registrar, &message, now)?;
        let wrong_code = matches!(given, Err((_, true)));
        let reply = reply(&registrar, &message, given.map_err(|(fail, _)| fail)).map_err(crate::desk::fault)?;
        Ok(Some(Replied { message: reply, wrong_code }))
    }

    /// The certificate (DER), or why not, and whether a code was wrong.
    fn give(
        &self,
        registrar: &Registrar,
        message: &Message,
        now: Timestamp,
    ) -> Result<Result<Vec<u8>, (Fail, bool)>, Turned> {
        let Some(envelope) = &message.envelope else { return Ok(Err((Fail::Algorithm, false))) };
        let Envelope { wrapped, cipher, iv, sealed } = envelope;
        // Nothing is ever pending here, and lists and certificates lie elsewhere for everybody. Said before anything is deciphered.
        if message.kind == Kind::Other {
            return Ok(Err((Fail::Request, false)));
        }
        // What cannot be deciphered and what deciphers to nothing are one and the same, and each counts as a try: else whoever has
        // somebody's message could find out what is in it by asking often enough.
        let Some(request) = registrar.read(wrapped, *cipher, iv, sealed) else {
            return Ok(Err((Fail::MessageCheck, true)));
        };
        let asked = of_request(message, &request);
        if let Some(before) = self.before(&asked) {
            return Ok(Ok(before));
        }
        let Ok(key) = read_request(&request) else { return Ok(Err((Fail::MessageCheck, true))) };
        let given = match message.kind {
            // Clients older than RFC 8894 renew by a request that the certificate signs (certmonger).
            Kind::Request if self.desk.stands(&message.signer, now) => self.desk.succeed(&message.signer, &key, now),
            Kind::Request => match challenge(&request) {
                Some((device, code)) => self.desk.for_key(&device, &code, &key, now),
                None => return Ok(Err((Fail::Request, false))),
            },
            Kind::Renewal => self.desk.succeed(&message.signer, &key, now),
            Kind::Other => return Ok(Err((Fail::Request, false))),
        };
        match given {
            Ok(issued) => {
                self.remember(asked, issued.der().to_vec());
                Ok(Ok(issued.der().to_vec()))
            }
            Err(Turned::NotAllowed) if message.kind == Kind::Renewal => Ok(Err((Fail::CertificateId, false))),
            Err(Turned::NotAllowed) => Ok(Err((Fail::Request, true))),
            Err(Turned::NoCode | Turned::Spent | Turned::Request(_) | Turned::Refused(_)) => {
                Ok(Err((Fail::Request, false)))
            }
            Err(fault @ Turned::Fault(_)) => Err(fault),
        }
    }

    fn before(&self, asked: &[u8; 32]) -> Option<Vec<u8>> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.iter().find(|(known, _)| known == asked).map(|(_, der)| der.clone())
    }

    fn remember(&self, asked: [u8; 32], der: Vec<u8>) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.push_back((asked, der));
        while given.len() > ANSWERS_MAX {
            given.pop_front();
        }
    }
}

/// The same request of the same sender in the same transaction: it is answered the same, and uses up nothing. Whoever
/// replays another's message gets what only the other can read.
fn of_request(message: &Message, request: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [message.transaction.as_bytes(), &message.signer, request] {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    let mut octets = [0; 32];
    octets.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    octets
}

/// Terminal and code: the challenge password is `D-0003:CODE`, or the code where the common name is the terminal's number.
fn challenge(request: &[u8]) -> Option<(String, Zeroizing<String>)> {
    let (_, parsed) = X509CertificationRequest::from_der(request).ok()?;
    let info = &parsed.certification_request_info;
    let mut passwords = info.iter_attributes().filter_map(|attribute| match attribute.parsed_attribute() {
        ParsedCriAttribute::ChallengePassword(password) => Some(Zeroizing::new(password.0.clone())),
        _ => None,
    });
    let password = passwords.next().filter(|_| passwords.next().is_none())?;
    if let Some((device, code)) = password.split_once(':') {
        return Some((device.to_owned(), Zeroizing::new(code.to_owned())));
    }
    let name = info.subject.iter_common_name().next().and_then(|name| name.as_str().ok())?.to_owned();
    Some((name, password))
}

/// CertRep (RFC 8894 3.3.2).
fn reply(registrar: &Registrar, to: &Message, given: Result<Vec<u8>, Fail>) -> Result<Vec<u8>, Refused> {
    const SCEP: [ObjectIdentifier; 6] = [
        ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.2"),
        ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.3"),
        ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.4"),
        ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.5"),
        ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.6"),
        ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.7"),
    ];
    let [message_type, status, fail_info, sender, recipient, transaction] = SCEP;
    let printable = |text: &str| tlv(Tag::PrintableString, &[text.as_bytes()]);
    let octets = |value: &[u8]| tlv(Tag::OctetString, &[value]);
    let mut nonce = [0_u8; 16];
    SystemRandom::new().fill(&mut nonce)?;
    let mut attributes = vec![
        (message_type, printable("3")?),
        (transaction, printable(&to.transaction)?),
        (recipient, octets(&to.sender_nonce)?),
        (sender, octets(&nonce)?),
    ];
    let content = match given {
        Ok(der) => {
            attributes.push((status, printable("0")?));
            enveloped(&certs_only(&[&der])?, &to.signer)?
        }
        Err(fail) => {
            attributes.push((status, printable("2")?));
            attributes.push((fail_info, printable(&(fail as u8).to_string())?));
            Vec::new()
        }
    };
    registrar.sign(&content, &attributes)
}
