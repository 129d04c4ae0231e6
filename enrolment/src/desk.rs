//! Who gets a certificate: whoever has a terminal's code, or the terminal's own certificate. Blocks on the journal; not for
//! async code.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_lc_rs::digest;
use ca::{DeviceProfile, Issued, Issuing, IssuingKey, PublicKey, Refused, Root};
use model::lifecycle::certificate;
use model::{Author, DeviceId, Office, SerialNumber, Timestamp};
use registry::{Command, EnrolmentKind, Registry, RegistryError, Why};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::body::read_body;
use crate::code::Code;
use crate::issue::{IssueError, Order, Taking, Term, issue};

/// Opens the authority's key, the first time it is asked.
pub type KeySource = Arc<dyn Fn() -> Result<Arc<IssuingKey>, Box<dyn StdError + Send + Sync>> + Send + Sync>;

/// What enrols terminals. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    registry: Registry,
    root: Root,
    issuing: Issuing,
    profile: DeviceProfile,
    key: KeySource,
}

/// Why nobody got a certificate.
#[derive(Debug, thiserror::Error)]
pub enum Turned {
    /// The request cannot be used; said before anybody looks at the code.
    #[error("the request cannot be used")]
    Request(#[source] Refused),
    /// The code is wrong, used, over, or of another terminal; or there is no certificate that stands. Which, is not said.
    #[error("neither a code nor a certificate that opens")]
    NotAllowed,
    /// The code or certificate was right, and the registry has something against it: a facility that was closed, say.
    #[error("the registry refuses")]
    Refused(#[source] RegistryError),
    /// Not possible just now. Whether a number or the code was used up stands in the registry.
    #[error("not possible at present")]
    Fault(#[source] Box<dyn StdError + Send + Sync>),
}

impl Desk {
    /// Puts the parts together. `profile` says for how many days certificates last.
    #[must_use]
    pub fn new(registry: Registry, root: Root, issuing: Issuing, profile: DeviceProfile, key: KeySource) -> Self {
        Self { registry, root, issuing, profile, key }
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The issuing authority.
    #[must_use]
    pub fn issuing(&self) -> &Issuing {
        &self.issuing
    }

    /// A certificate for the terminal that the code was offered for, and for the key of the request.
    ///
    /// # Errors
    /// See [`Turned`]. A wrong code is counted.
    pub fn by_code(&self, device: &str, code: &str, body: &[u8], now: Timestamp) -> Result<Issued, Turned> {
        let key = read_body(body).map_err(Turned::Request)?;
        // A mistyped letter shows by the code's last one, and is no try: it could not have been anybody's code.
        let device = DeviceId::new(device).map_err(|_| Turned::NotAllowed)?;
        let code = Code::read(code).map_err(|_| Turned::NotAllowed)?;
        let kind = EnrolmentKind::Csr;
        let taking = Taking::Code { kind, digest: code.digest(&device, kind) };
        self.give(&device, &key, taking, now)
    }

    /// A certificate that follows the one in hand (DER), for the same terminal and another key.
    ///
    /// # Errors
    /// See [`Turned`].
    pub fn by_certificate(&self, in_hand: &[u8], body: &[u8], now: Timestamp) -> Result<Issued, Turned> {
        let key = read_body(body).map_err(Turned::Request)?;
        let (predecessor, device) = self.standing(in_hand, now).ok_or(Turned::NotAllowed)?;
        let (_, parsed) = X509Certificate::from_der(in_hand).map_err(|_| Turned::NotAllowed)?;
        if parsed.public_key().raw == key.info_der() {
            return Err(Turned::Request(Refused::Request("it is for the key that is renewed; a new key is needed")));
        }
        self.give(&device, &key, Taking::Renewal { predecessor }, now)
    }

    /// The number and terminal of a certificate that is on record as it is, issued, not revoked and in its validity.
    fn standing(&self, der: &[u8], now: Timestamp) -> Option<(SerialNumber, DeviceId)> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let serial = SerialNumber::from_octets(parsed.raw_serial()).ok()?;
        let snapshot = self.registry.snapshot();
        let known = snapshot.certificate(&serial)?;
        let same = known.fingerprint.is_some_and(|kept| kept == digest::digest(&digest::SHA256, der).as_ref());
        let stands = same && known.state == certificate::State::Active && known.in_validity(now);
        stands.then(|| (serial, known.device.clone()))
    }

    fn give(&self, device: &DeviceId, key: &PublicKey, taking: Taking, now: Timestamp) -> Result<Issued, Turned> {
        let author = Author::new(Office::System, "enrolment");
        let term = Term::of(self.profile.clone(), &self.issuing, now).map_err(fault)?;
        let signing = (self.key)().map_err(Turned::Fault)?;
        let order = Order { device, key, taking, author: &author, now };
        // The answer is what hands it out. Lost on its way, it leaves a certificate that nobody has: the slip is used up, and
        // the clerk prints another one.
        let nothing_to_keep = |_: &Issued| Ok::<(), std::convert::Infallible>(());
        match issue(&self.registry, (&self.issuing, &signing), &term, &order, nothing_to_keep) {
            Ok((issued, ())) => Ok(issued),
            Err(IssueError::Registry(RegistryError::Refused(refused))) if refused.why == Why::Code => {
                // A crash before this leaves a try uncounted; guessing 95 bits is not made easier by it.
                let counted = Command::CountWrongCode { device: device.clone() };
                self.registry.execute(counted, author, now).map_err(fault)?;
                Err(Turned::NotAllowed)
            }
            Err(IssueError::Registry(error @ RegistryError::Refused(_))) => Err(Turned::Refused(error)),
            Err(error) => Err(fault(error)),
        }
    }
}

fn fault(error: impl StdError + Send + Sync + 'static) -> Turned {
    Turned::Fault(Box::new(error))
}
