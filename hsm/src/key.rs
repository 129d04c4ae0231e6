//! A signing key in a token.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

use ca::{KeptKey, Passphrase};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use crate::fault::Fault;
use crate::place::Place;
use crate::token::Token;

/// OBJECT IDENTIFIER prime256v1 (RFC 5480 2.1.1.1), as CKA_EC_PARAMS has it.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// Octets of an uncompressed point of P-256.
const POINT_OCTETS: usize = 65;

/// A P-256 key in a token, whose private half cannot leave it.
pub struct TokenKey {
    token: Token,
    object: String,
    point: Vec<u8>,
    session: Mutex<Option<(Session, ObjectHandle)>>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKey({})", self.object)
    }
}

/// Finds the key.
///
/// # Errors
/// Module, token or key are not there or not the only ones of their name, the PIN is wrong, or the key could leave the token.
pub fn open(place: &Place, pin: &Passphrase) -> Result<TokenKey, Fault> {
    let token = Token::at(place, pin)?;
    let session = token.session(false)?;
    let private = private_key(&session, place.object())?;
    let point = public_point(&session, place.object())?;
    let session = Mutex::new(Some((session, private)));
    Ok(TokenKey { token, object: place.object().to_owned(), point, session })
}

/// Makes a key of this name, which cannot be read, copied out or changed.
///
/// # Errors
/// As [`open`]; or there is a key of this name already.
pub fn generate(place: &Place, pin: &Passphrase) -> Result<TokenKey, Fault> {
    let session = Token::at(place, pin)?.session(true)?;
    let label = place.object();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        let found = named(&session, label, class)?.len();
        if found > 0 {
            return Err(Fault::Keys { label: label.to_owned(), found, wanted: "a new key needs a name of its own" });
        }
    }
    let name = Attribute::Label(label.as_bytes().to_vec());
    let public = [Attribute::Token(true), Attribute::Verify(true), Attribute::EcParams(P256.to_vec()), name.clone()];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Modifiable(false),
        Attribute::Sign(true),
        name,
    ];
    session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).map_err(Fault::token("making a key"))?;
    drop(session);
    open(place, pin)
}

fn named(session: &Session, label: &str, class: ObjectClass) -> Result<Vec<ObjectHandle>, Fault> {
    let wanted = [Attribute::Label(label.as_bytes().to_vec()), Attribute::Class(class)];
    session.find_objects(&wanted).map_err(Fault::token("looking for a key"))
}

fn the_only(session: &Session, label: &str, class: ObjectClass) -> Result<ObjectHandle, Fault> {
    match named(session, label, class)?.as_slice() {
        [one] => Ok(*one),
        several => {
            let wanted = "exactly one is needed";
            Err(Fault::Keys { label: label.to_owned(), found: several.len(), wanted })
        }
    }
}

/// A private key that could be read or carried out would be no safer than a file.
fn private_key(session: &Session, label: &str) -> Result<ObjectHandle, Fault> {
    let key = the_only(session, label, ObjectClass::PRIVATE_KEY)?;
    let asked = [AttributeType::KeyType, AttributeType::Sensitive, AttributeType::Extractable, AttributeType::Sign];
    let told = session.get_attributes(key, &asked).map_err(Fault::token("describing a key"))?;
    let wrong = |why| Err(Fault::Key { label: label.to_owned(), why });
    let required = [
        (Attribute::KeyType(KeyType::EC), "is no key on an elliptic curve"),
        (Attribute::Sensitive(true), "can be read (CKA_SENSITIVE is not set)"),
        (Attribute::Extractable(false), "can leave the token (CKA_EXTRACTABLE is set)"),
        (Attribute::Sign(true), "may not sign (CKA_SIGN is not set)"),
    ];
    match required.into_iter().find(|(needed, _)| !told.contains(needed)) {
        Some((_, why)) => wrong(why),
        None => Ok(key),
    }
}

fn public_point(session: &Session, label: &str) -> Result<Vec<u8>, Fault> {
    let key = the_only(session, label, ObjectClass::PUBLIC_KEY)?;
    let asked = [AttributeType::EcParams, AttributeType::EcPoint];
    let told = session.get_attributes(key, &asked).map_err(Fault::token("describing a key"))?;
    let wrong = |why| Fault::Key { label: label.to_owned(), why };
    if !told.contains(&Attribute::EcParams(P256.to_vec())) {
        return Err(wrong("is not on P-256"));
    }
    let point = told.into_iter().find_map(|one| if let Attribute::EcPoint(point) = one { Some(point) } else { None });
    // An OCTET STRING around the point (PKCS #11 6.3.3); older modules leave it out.
    let bare = point.map(|point| match point.as_slice() {
        [0x04, 0x41, bare @ ..] if bare.len() == POINT_OCTETS => bare.to_vec(),
        _ => point,
    });
    bare.filter(|point| point.len() == POINT_OCTETS).ok_or_else(|| wrong("shows no uncompressed point"))
}

impl TokenKey {
    fn sign_once(&self, kept: &mut Option<(Session, ObjectHandle)>, digest: &[u8]) -> Result<Vec<u8>, Fault> {
        let (session, key) = match kept.take() {
            Some(kept) => kept,
            None => {
                let session = self.token.session(false)?;
                let key = private_key(&session, &self.object)?;
                (session, key)
            }
        };
        let signature = session.sign(&Mechanism::Ecdsa, key, digest).map_err(Fault::token("signing"))?;
        // Only a session that works is kept.
        *kept = Some((session, key));
        Ok(signature)
    }
}

impl KeptKey for TokenKey {
    fn public_point(&self) -> &[u8] {
        &self.point
    }

    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let had_session = kept.is_some();
        match self.sign_once(&mut kept, digest) {
            Ok(signature) => Ok(signature),
            Err(fault) if had_session => {
                tracing::warn!(error = &fault as &dyn Error, "the token's session broke; it is opened anew");
                self.sign_once(&mut kept, digest).map_err(|fault| said(fault).into())
            }
            Err(fault) => Err(said(fault).into()),
        }
    }
}

/// Whoever asked for a signature is told that there is none; why stands here.
fn said(fault: Fault) -> Fault {
    tracing::error!(error = &fault as &dyn Error, "the token does not sign");
    fault
}
