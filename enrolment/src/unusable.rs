//! What is wrong with a request, as far as whoever sent it can mend it.

use ca::Refused;

/// Why a request cannot be used, in the kinds that a page has words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing was sent.
    Nothing,
    /// A private key was sent, in whatever form. It is known to others from here on: no certificate may come for it.
    Secret,
    /// A certificate was sent, which the terminal gets here and does not bring.
    Certificate,
    /// It is no request, broken off, or too long.
    Unreadable,
    /// It is not signed by its own key.
    Unsigned,
    /// The key is of a kind, curve or length that is not accepted, or is known to be weak.
    Key,
    /// A renewal asks for the key that is there already.
    SameKey,
}

/// A request that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.words())]
pub struct Unusable {
    /// The kind.
    pub flaw: Flaw,
    why: Refused,
}

impl Unusable {
    /// What is wrong with what was sent. Nothing of it is kept.
    pub(crate) fn of(sent: &[u8], why: Refused) -> Self {
        let says = |words: &[u8]| sent.windows(words.len()).any(|part| part == words);
        let flaw = if sent.trim_ascii().is_empty() {
            Flaw::Nothing
        } else if says(b"PRIVATE KEY-----") || begins_with_number(sent) {
            Flaw::Secret
        } else if says(b"BEGIN CERTIFICATE-----") {
            Flaw::Certificate
        } else {
            match why {
                Refused::NoProofOfPossession => Flaw::Unsigned,
                Refused::PublicKey(_) | Refused::IssuersKey => Flaw::Key,
                _ => Flaw::Unreadable,
            }
        };
        Self { flaw, why }
    }

    pub(crate) fn same_key() -> Self {
        let why = Refused::Request("it is for the key that is renewed; a new key is needed");
        Self { flaw: Flaw::SameKey, why }
    }

    fn words(&self) -> String {
        match self.flaw {
            Flaw::Nothing => "no request was sent".to_owned(),
            Flaw::Secret => {
                "a private key was sent, which is a secret: make a new key, and send its request".to_owned()
            }
            Flaw::Certificate => "a certificate was sent, and no request".to_owned(),
            Flaw::Unreadable | Flaw::Unsigned | Flaw::Key | Flaw::SameKey => self.why.to_string(),
        }
    }
}

/// In DER, whatever holds a private key (PKCS#1, PKCS#8, SEC 1, PKCS#12) is a SEQUENCE that begins with an INTEGER, its version.
/// A request and a certificate begin with a SEQUENCE.
fn begins_with_number(sent: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = sent else { return false };
    let more = if *length < 0x80 { 0 } else { usize::from(*length & 0x7f) };
    rest.get(more) == Some(&0x02)
}
