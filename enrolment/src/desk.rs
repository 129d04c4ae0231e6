//! Who gets a certificate: whoever has a terminal's code, or the terminal's own certificate. Blocks on the journal; not for
//! async code.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use ca::{
    Assurance, DeviceProfile, Encoding, Issued, Issuing, IssuingKey, LeafKey, Passphrase, PublicKey, Refused,
    Registrar, Root, SystemRandom, pkcs12_encoded,
};
use model::lifecycle::certificate;
use model::{Author, Cause, DeviceId, Office, SerialNumber, Timestamp};
use registry::{Command, EnrolmentKind, Registry, RegistryError, Why};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::body::read_body;
use crate::code::Code;
use crate::issue::{IssueError, Order, Taking, Term, issue};
use crate::profile::Profile;
use crate::spent::Spent;
use crate::typed::in_ascii;
use crate::unusable::Unusable;

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
    registrar: Arc<Mutex<Option<Arc<Registrar>>>>,
    spent: Arc<Spent>,
}

/// Why nobody got a certificate.
#[derive(Debug, thiserror::Error)]
pub enum Turned {
    /// The request cannot be used; said before anybody looks at the code.
    #[error("the request cannot be used")]
    Request(#[source] Unusable),
    /// The code is wrong, used, over, or of another terminal; or there is no certificate that stands. Which, is not said.
    #[error("neither a code nor a certificate that opens")]
    NotAllowed,
    /// What was typed can be nobody's code: a letter is missing or mistaken. It is answered like a wrong one, and is no try.
    #[error("this is no code")]
    NoCode,
    /// The code opened within the hour, and is used up: whoever asks has pressed twice. It is answered like a wrong one, and is
    /// no try.
    #[error("this code was used a moment ago")]
    Spent,
    /// The code or certificate was right, and the registry has something against it: a facility that was closed, say.
    #[error("the registry refuses")]
    Refused(#[source] RegistryError),
    /// Not possible just now. Whether a number or the code was used up stands in the registry.
    #[error("not possible at present")]
    Fault(#[source] Box<dyn StdError + Send + Sync>),
}

impl Turned {
    /// What the registry has against it, for who has shown a code or certificate that is right. None: nothing was asked of it.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self::Refused(error) => error.refused().map(|refused| refused.why.to_string()),
            _ => None,
        }
    }
}

impl Desk {
    /// Puts the parts together. `profile` says for how many days certificates last.
    #[must_use]
    pub fn new(registry: Registry, root: Root, issuing: Issuing, profile: DeviceProfile, key: KeySource) -> Self {
        Self { registry, root, issuing, profile, key, registrar: Arc::default(), spent: Arc::default() }
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
        self.for_key(device, code, &key, now)
    }

    /// The same for a key that its holder has proved to hold in another way.
    ///
    /// # Errors
    /// See [`Turned`]. A wrong code is counted.
    pub fn for_key(&self, device: &str, code: &str, key: &PublicKey, now: Timestamp) -> Result<Issued, Turned> {
        // A mistyped letter shows by the code's last one, and is no try: it could not have been anybody's code.
        let device = self.named(device)?;
        let code = Code::read(code).map_err(|_| Turned::NoCode)?;
        let kind = EnrolmentKind::Csr;
        let taking = Taking::Code { kind, digest: code.digest(&device, kind) };
        self.give(&device, key, (taking, Assurance::Software), now)
    }

    /// A container with a key that is made now and kept nowhere, and its certificate. Whoever asks has the code of the one
    /// sheet and the password of the other, which opens the container too.
    ///
    /// # Errors
    /// See [`Turned`]. A wrong code or password is counted.
    pub fn container(&self, asked: &ContainerAsked<'_>, now: Timestamp) -> Result<(DeviceId, Vec<u8>), Turned> {
        let device = self.named(asked.device)?;
        let code = Code::read(asked.code).map_err(|_| Turned::NoCode)?;
        let password = Code::read(asked.password).map_err(|_| Turned::NoCode)?;
        let kind = EnrolmentKind::Container;
        let taking = Taking::Code { kind, digest: code.digest_with(&device, kind, Some(&password)) };
        let key = LeafKey::generate().map_err(fault)?;
        let sealed_by = Passphrase::new(&password.text()).map_err(fault)?;
        let chain = (&self.issuing, &self.root);
        let sealed = |issued: &Issued| pkcs12_encoded(issued, &key, chain, device.as_str(), &sealed_by, asked.encoding);
        let sealed = self.hand_out(&device, key.public(), (taking, Assurance::Container), now, sealed)?.1;
        Ok((device.clone(), sealed))
    }

    /// What a code would open: terminal, kind and digest. It is not used up. Not for containers, which are made here.
    ///
    /// # Errors
    /// See [`Turned`]. A wrong code is counted.
    pub(crate) fn offered(
        &self,
        device: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<(DeviceId, EnrolmentKind, [u8; 32]), Turned> {
        let device = self.named(device)?;
        let code = Code::read(code).map_err(|_| Turned::NoCode)?;
        let snapshot = self.registry.snapshot();
        let opens = |kind: &EnrolmentKind| {
            snapshot.enrolment(&device).is_some_and(|known| known.opens(*kind, &code.digest(&device, *kind), now))
        };
        match [EnrolmentKind::Csr, EnrolmentKind::Attested].into_iter().find(opens) {
            Some(kind) => Ok((device.clone(), kind, code.digest(&device, kind))),
            None => {
                let digests = [EnrolmentKind::Csr, EnrolmentKind::Attested].map(|kind| code.digest(&device, kind));
                Err(self.turned_away(&device, &digests, now))
            }
        }
    }

    /// Whether a code that was shown before still opens. Asks, and counts nothing.
    pub(crate) fn still_offered(
        &self,
        device: &DeviceId,
        kind: EnrolmentKind,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> bool {
        self.registry.snapshot().enrolment(device).is_some_and(|known| known.opens(kind, digest, now))
    }

    /// The name of a terminal's hardware, if it has one.
    pub(crate) fn hardware(&self, device: &DeviceId) -> Option<String> {
        self.registry.snapshot().device(device).and_then(|device| device.hardware.clone())
    }

    /// The name that the door goes by.
    #[must_use]
    pub fn host(&self) -> &str {
        self.profile.host().as_str()
    }

    /// Revokes a certificate (DER) that is on record as it is. Who asks has been looked at.
    pub(crate) fn revoke(&self, der: &[u8], because: Cause, now: Timestamp) -> Revoked {
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return Revoked::Unknown };
        let Ok(serial) = SerialNumber::from_octets(parsed.raw_serial()) else { return Revoked::Unknown };
        let snapshot = self.registry.snapshot();
        let Some(known) = snapshot.certificate(&serial) else { return Revoked::Unknown };
        if known.fingerprint.is_none_or(|kept| kept != digest::digest(&digest::SHA256, der).as_ref()) {
            return Revoked::Unknown;
        }
        if !known.is_live() {
            return Revoked::Already;
        }
        match self.registry.execute(Command::RevokeCertificate { serial, because }, author(), now) {
            Ok(_) => Revoked::Done,
            Err(_) => Revoked::Failed,
        }
    }

    /// Who reads and signs messages for the authority. Made the first time it is asked for, and anew when it is old; a number
    /// that it takes is looked for in the registry, and stands in its certificate only.
    ///
    /// # Errors
    /// The authority's key cannot be had, or refuses.
    pub fn registrar(&self, now: Timestamp) -> Result<Arc<Registrar>, Turned> {
        let mut kept = self.registrar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registrar) = kept.as_ref().filter(|registrar| !registrar.is_old(now)) {
            return Ok(Arc::clone(registrar));
        }
        let key = (self.key)().map_err(Turned::Fault)?;
        let made = Arc::new(new_registrar(&self.registry, &self.issuing, &key, now).map_err(fault)?);
        *kept = Some(Arc::clone(&made));
        Ok(made)
    }

    /// A signed configuration profile for a terminal of Apple's, by a code for attested keys, which it does not use up.
    /// `directory`: the folder of the terminal's own, without its last part.
    ///
    /// # Errors
    /// See [`Turned`]. A wrong code is counted.
    pub fn profile(&self, device: &str, code: &str, base: &str, now: Timestamp) -> Result<(DeviceId, Vec<u8>), Turned> {
        let (device, kind, _) = self.offered(device, code, now)?;
        if kind != EnrolmentKind::Attested {
            return Err(Turned::NotAllowed);
        }
        let code = Code::read(code).map_err(|_| Turned::NoCode)?;
        let directory = format!("{base}/acme/for/{device}/{}/directory", code.text().as_str());
        let written = Profile { device: &device, directory: &directory, root: &self.root }.write().map_err(fault)?;
        let signed = self.registrar(now)?.sign(&written, &[]).map_err(fault)?;
        Ok((device, signed))
    }

    /// A certificate that follows the one in hand (DER), for the same terminal and another key.
    ///
    /// # Errors
    /// See [`Turned`].
    pub fn by_certificate(&self, in_hand: &[u8], body: &[u8], now: Timestamp) -> Result<Issued, Turned> {
        let key = read_body(body).map_err(Turned::Request)?;
        self.succeed(in_hand, &key, now)
    }

    /// The same for a key that its holder has proved to hold in another way.
    ///
    /// # Errors
    /// See [`Turned`].
    pub fn succeed(&self, in_hand: &[u8], key: &PublicKey, now: Timestamp) -> Result<Issued, Turned> {
        let (predecessor, device, level) = self.standing(in_hand, now).ok_or(Turned::NotAllowed)?;
        let (_, parsed) = X509Certificate::from_der(in_hand).map_err(|_| Turned::NotAllowed)?;
        if parsed.public_key().raw == key.info_der() {
            return Err(Turned::Request(Unusable::same_key()));
        }
        self.give(&device, key, (Taking::Renewal { predecessor }, level.renewed()), now)
    }

    /// A certificate that stands: its holder can renew it.
    pub(crate) fn stands(&self, der: &[u8], now: Timestamp) -> bool {
        self.standing(der, now).is_some()
    }

    /// Number, terminal and level of a certificate that is on record as it is, issued, not revoked and in its validity.
    fn standing(&self, der: &[u8], now: Timestamp) -> Option<(SerialNumber, DeviceId, Assurance)> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let serial = SerialNumber::from_octets(parsed.raw_serial()).ok()?;
        let snapshot = self.registry.snapshot();
        let known = snapshot.certificate(&serial)?;
        let same = known.fingerprint.is_some_and(|kept| kept == digest::digest(&digest::SHA256, der).as_ref());
        let stands = same && known.state == certificate::State::Active && known.in_validity(now);
        stands.then(|| (serial, known.device.clone(), known.assurance()))
    }

    pub(crate) fn give(
        &self,
        device: &DeviceId,
        key: &PublicKey,
        right: (Taking, Assurance),
        now: Timestamp,
    ) -> Result<Issued, Turned> {
        // The answer is what hands it out. Lost on its way, it leaves a certificate that nobody has: the slip is used up, and
        // the clerk prints another one.
        let nothing_to_keep = |_: &Issued| Ok::<(), std::convert::Infallible>(());
        Ok(self.hand_out(device, key, right, now, nothing_to_keep)?.0)
    }

    fn hand_out<T, E: StdError + Send + Sync + 'static>(
        &self,
        device: &DeviceId,
        key: &PublicKey,
        (taking, level): (Taking, Assurance),
        now: Timestamp,
        hand_out: impl FnOnce(&Issued) -> Result<T, E>,
    ) -> Result<(Issued, T), Turned> {
        let author = author();
        let shown = match taking {
            Taking::Code { kind, digest } => {
                if self.still_offered(device, kind, &digest, now) {
                    self.spent.opens(device, digest, now);
                }
                vec![digest]
            }
            Taking::Office | Taking::Renewal { .. } => Vec::new(),
        };
        // As long as the level allows, but renewed by itself no container outlives half a year.
        let days = match taking {
            Taking::Renewal { .. } => level.days_max().min(DeviceProfile::DAYS),
            Taking::Office | Taking::Code { .. } => level.days_max(),
        };
        let profile = self.profile.clone().assured(level).valid_for(days).map_err(fault)?;
        let term = Term::of(profile, &self.issuing, now).map_err(fault)?;
        let signing = (self.key)().map_err(Turned::Fault)?;
        let order = Order { device, key, taking, author: &author, now };
        match issue(&self.registry, (&self.issuing, &signing), &term, &order, hand_out) {
            Ok(given) => Ok(given),
            Err(IssueError::Registry(RegistryError::Refused(refused))) if refused.why == Why::Code => {
                Err(self.turned_away(device, &shown, now))
            }
            Err(IssueError::Registry(error @ RegistryError::Refused(_))) => Err(Turned::Refused(error)),
            Err(error) => Err(fault(error)),
        }
    }

    /// The terminal that somebody means: numbers are typed in full width and in small letters too. Where the registry knows none of
    /// that spelling, one that differs in nothing but capitals is meant.
    fn named(&self, typed: &str) -> Result<DeviceId, Turned> {
        let typed = in_ascii(typed);
        let given = DeviceId::new(&typed).map_err(|_| Turned::NoCode)?;
        let snapshot = self.registry.snapshot();
        let (head, tail) = typed.split_at_checked(1).unwrap_or_default();
        // As cities number, and as numbers are drawn here.
        let capitals = [typed.to_ascii_uppercase(), head.to_ascii_uppercase() + &tail.to_ascii_lowercase()];
        let other = capitals.iter().filter_map(|text| DeviceId::new(text).ok());
        let meant = std::iter::once(given.clone()).chain(other).find(|id| snapshot.device(id).is_some());
        Ok(meant.unwrap_or(given))
    }

    /// What whoever showed a code that does not open is told, having been counted; but for one that opened a moment ago.
    fn turned_away(&self, device: &DeviceId, shown: &[[u8; 32]], now: Timestamp) -> Turned {
        if shown.iter().any(|digest| self.spent.knows(device, digest, now)) {
            return Turned::Spent;
        }
        self.count_wrong(device, now).err().unwrap_or(Turned::NotAllowed)
    }

    /// A crash before this leaves a try uncounted; guessing 95 bits is not made easier by it.
    pub(crate) fn count_wrong(&self, device: &DeviceId, now: Timestamp) -> Result<(), Turned> {
        let counted = Command::CountWrongCode { device: device.clone() };
        self.registry.execute(counted, author(), now).map(|_| ()).map_err(fault)
    }
}

/// What became of a revocation.
pub(crate) enum Revoked {
    /// It is in force.
    Done,
    /// It was before.
    Already,
    /// None of ours.
    Unknown,
    /// The registry could not be used.
    Failed,
}

/// Who asks for a container, and in which encoding.
#[derive(Clone, Copy)]
pub struct ContainerAsked<'a> {
    /// For which terminal.
    pub device: &'a str,
    /// From the sheet with the link.
    pub code: &'a str,
    /// From the other sheet.
    pub password: &'a str,
    /// What the terminal reads.
    pub encoding: Encoding,
}

/// A registrar, whose number is recorded before its certificate is signed (promise P10).
///
/// # Errors
/// The number could not be recorded, or the authority refuses.
pub fn new_registrar(
    registry: &Registry,
    issuing: &Issuing,
    key: &IssuingKey,
    now: Timestamp,
) -> Result<Registrar, Refused> {
    issuing.certifies(now)?;
    let mut book = |serial: &SerialNumber| {
        registry.execute(Command::ReserveResponder { serial: *serial }, author(), now).map(|_| ())
    };
    let serial = ca::reserve(&SystemRandom::new(), &mut book)?;
    Registrar::create(issuing, key, serial, now)
}

fn author() -> Author {
    Author::new(Office::System, "enrolment")
}

pub(crate) fn fault(error: impl StdError + Send + Sync + 'static) -> Turned {
    Turned::Fault(Box::new(error))
}
