//! The fields of a certificate as they lie there (RFC 5280 4.1), before anybody interprets them.

use super::ProfileFault;
use crate::tls::der::{self, BIT_STRING, GENERALIZED_TIME, INTEGER, NotDer, OBJECT_IDENTIFIER, SEQUENCE, UTC_TIME};

/// Slices of the certificate, each a whole element unless said otherwise.
pub(super) struct Body<'a> {
    version: Option<&'a [u8]>,
    /// The content of the INTEGER.
    pub(super) serial: &'a [u8],
    /// The algorithm as it stands under the signature.
    pub(super) signature: &'a [u8],
    outer_signature: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    validity: &'a [u8],
    unique_identifiers: bool,
    /// The list of extensions: the content of its SEQUENCE.
    pub(super) extensions: &'a [u8],
}

// id-ecdsa-with-SHA256, -384, -512 (RFC 5758 3.2): no parameters.
const ECDSA: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
];
// sha256-, sha384-, sha512WithRSAEncryption (RFC 4055 5): parameters NULL.
const RSA: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d],
];

impl<'a> Body<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, ProfileFault> {
        der::strict(der).and_then(|()| Self::split(der)).map_err(|NotDer| ProfileFault::Encoding)
    }

    fn split(mut der: &'a [u8]) -> Result<Self, NotDer> {
        let mut certificate = der::expect(&mut der, SEQUENCE)?.content;
        let mut tbs = der::expect(&mut certificate, SEQUENCE)?.content;
        let outer_signature = der::expect(&mut certificate, SEQUENCE)?.whole;
        der::expect(&mut certificate, BIT_STRING)?;
        let version = der::optional(&mut tbs, 0xa0)?.map(|version| version.content);
        let serial = der::expect(&mut tbs, INTEGER)?.content;
        let signature = der::expect(&mut tbs, SEQUENCE)?.whole;
        let issuer = der::expect(&mut tbs, SEQUENCE)?.whole;
        let validity = der::expect(&mut tbs, SEQUENCE)?.content;
        let subject = der::expect(&mut tbs, SEQUENCE)?.whole;
        der::expect(&mut tbs, SEQUENCE)?; // subjectPublicKeyInfo
        let unique_identifiers = der::optional(&mut tbs, 0x81)?.is_some() | der::optional(&mut tbs, 0x82)?.is_some();
        let extensions = match der::optional(&mut tbs, 0xa3)? {
            Some(wrapped) => {
                let mut inside = wrapped.content;
                let list = der::expect(&mut inside, SEQUENCE)?.content;
                if inside.is_empty() { list } else { return Err(NotDer) }
            }
            None => &[],
        };
        if der.is_empty() && certificate.is_empty() && tbs.is_empty() {
            Ok(Self {
                version,
                serial,
                signature,
                outer_signature,
                issuer,
                subject,
                validity,
                unique_identifiers,
                extensions,
            })
        } else {
            Err(NotDer)
        }
    }

    /// RFC 5280 4.1.2.1 to 4.1.2.5 and 4.1.2.8.
    pub(super) fn check(&self) -> Result<(), ProfileFault> {
        if self.version != Some(&[INTEGER, 1, 2]) {
            return Err(ProfileFault::Version);
        }
        let positive =
            self.serial.first().is_some_and(|top| *top < 0x80) && self.serial.iter().any(|octet| *octet != 0);
        if !positive || self.serial.len() > 20 {
            return Err(ProfileFault::Serial);
        }
        if self.signature != self.outer_signature || !understood(self.signature) {
            return Err(ProfileFault::SignatureAlgorithm);
        }
        // SEQUENCE of nothing.
        if self.issuer.len() <= 2 {
            return Err(ProfileFault::Issuer);
        }
        if self.unique_identifiers {
            return Err(ProfileFault::UniqueIdentifier);
        }
        times(self.validity)
    }
}

/// Whether this is an algorithm that we read, with the parameters that it must have.
fn understood(algorithm: &[u8]) -> bool {
    let split = |mut input| {
        let mut content = der::expect(&mut input, SEQUENCE)?.content;
        Ok::<_, NotDer>((der::expect(&mut content, OBJECT_IDENTIFIER)?.content, content))
    };
    let Ok((name, parameters)) = split(algorithm) else { return false };
    (ECDSA.contains(&name) && parameters.is_empty()) || (RSA.contains(&name) && parameters == [5, 0])
}

/// UTCTime through 2049, GeneralizedTime from 2050 on, in order.
fn times(mut validity: &[u8]) -> Result<(), ProfileFault> {
    let mut time = || {
        let time = der::next(&mut validity).map_err(|NotDer| ProfileFault::Validity)?;
        let year = time.content.get(..4).ok_or(ProfileFault::Validity)?;
        match time.tag {
            UTC_TIME => {
                // RFC 5280 4.1.2.5.1: from 50 on it is the last century.
                let century: &[u8] = if year.first().is_some_and(|first| *first >= b'5') { b"19" } else { b"20" };
                Ok([century, time.content].concat())
            }
            GENERALIZED_TIME if year >= b"2050".as_slice() => Ok(time.content.to_vec()),
            _ => Err(ProfileFault::Validity),
        }
    };
    let (from, until) = (time()?, time()?);
    if validity.is_empty() && from <= until { Ok(()) } else { Err(ProfileFault::Validity) }
}
