//! Attestations (draft-ietf-acme-device-attest, after WebAuthn): who made the hardware says that a key is in it, and in which.
//!
//! A format is accepted only where the city has said whose word it takes for it; none is built in.

mod apple;
mod chain;
mod tpm;

use minicbor::Decoder;
use minicbor::data::Type;
use model::Timestamp;

/// Most certificates of a chain.
const CHAIN_MAX: usize = 6;
/// Most members of a map.
const MEMBERS_MAX: u64 = 16;

/// Whose word is taken, by format: root certificates in DER. None for a format: it is refused.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    /// Of `apple`.
    pub apple: Vec<Vec<u8>>,
    /// Of `tpm`: those that issue the certificates of attestation keys.
    pub tpm: Vec<Vec<u8>>,
}

/// What an attestation has to answer.
#[derive(Clone, Copy)]
pub struct Challenge<'a> {
    /// The challenge's token.
    pub token: &'a str,
    /// Token and thumbprint of the account's key (RFC 8555 8.1).
    pub key_authorization: &'a str,
    /// The name of the terminal's hardware, as it is on record.
    pub hardware: &'a str,
    /// When.
    pub now: Timestamp,
}

/// Why an attestation is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbelieved(pub &'static str);

/// The members of an attestation statement that we know.
#[derive(Default)]
struct Statement<'a> {
    x5c: Vec<&'a [u8]>,
    ver: Option<&'a str>,
    alg: Option<i64>,
    sig: Option<&'a [u8]>,
    cert_info: Option<&'a [u8]>,
    pub_area: Option<&'a [u8]>,
}

impl Anchors {
    /// Whether all of them can be used.
    #[must_use]
    pub fn are_usable(&self) -> bool {
        chain::are_roots(&self.apple) && chain::are_roots(&self.tpm)
    }

    /// The key (SubjectPublicKeyInfo) that is in the hardware of this name, as its maker says.
    ///
    /// # Errors
    /// Why that cannot be believed.
    pub fn attested_key(&self, object: &[u8], challenge: &Challenge<'_>) -> Result<Vec<u8>, Unbelieved> {
        let (format, statement) = read(object).ok_or(Unbelieved("the attestation object is not understood"))?;
        match format {
            "apple" if !self.apple.is_empty() => apple::key(&statement, &self.apple, challenge),
            "tpm" if !self.tpm.is_empty() => tpm::key(&statement, &self.tpm, challenge),
            _ => Err(Unbelieved("no attestation of this format is accepted here")),
        }
    }
}

/// An attestation object (WebAuthn 6.5.4): format and statement; what else is in it is passed over. Bounded, and every
/// member once.
fn read(object: &[u8]) -> Option<(&str, Statement<'_>)> {
    let mut decoder = Decoder::new(object);
    let (mut format, mut statement) = (None, None);
    for _ in 0..members(&mut decoder)? {
        match decoder.str().ok()? {
            "fmt" if format.is_none() => format = Some(decoder.str().ok()?),
            "attStmt" if statement.is_none() => statement = Some(read_statement(&mut decoder)?),
            "fmt" | "attStmt" => return None,
            _ => decoder.skip().ok()?,
        }
    }
    (decoder.position() == object.len()).then_some((format?, statement?))
}

fn read_statement<'a>(decoder: &mut Decoder<'a>) -> Option<Statement<'a>> {
    let mut statement = Statement::default();
    let mut seen = Vec::new();
    for _ in 0..members(decoder)? {
        let name = decoder.str().ok()?;
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match name {
            "x5c" => {
                let length = usize::try_from(decoder.array().ok()??).ok().filter(|length| *length <= CHAIN_MAX)?;
                for _ in 0..length {
                    statement.x5c.push(decoder.bytes().ok()?);
                }
            }
            "ver" => statement.ver = Some(decoder.str().ok()?),
            "alg" => statement.alg = Some(decoder.i64().ok()?),
            "sig" => statement.sig = Some(decoder.bytes().ok()?),
            "certInfo" => statement.cert_info = Some(decoder.bytes().ok()?),
            "pubArea" => statement.pub_area = Some(decoder.bytes().ok()?),
            _ => decoder.skip().ok()?,
        }
    }
    Some(statement)
}

/// How many members a map has; of one without a length none, since its end would have to be sought.
fn members(decoder: &mut Decoder<'_>) -> Option<u64> {
    if decoder.datatype().ok()? != Type::Map {
        return None;
    }
    decoder.map().ok()?.filter(|length| *length <= MEMBERS_MAX)
}

/// SHA-256.
fn sha256(octets: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets).as_ref().to_vec()
}

#[cfg(test)]
mod tests;
