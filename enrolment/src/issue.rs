//! Issuing a device certificate, in the one order that survives a crash anywhere (promise P10):
//!
//! 1. the serial number is reserved in the registry, durably. A crash after it wastes a number.
//! 2. the certificate is prepared and linted. If that fails, the number is given up.
//! 3. it is signed, once, and the caller puts it where it belongs, with its key, durably. If that fails, the number is given
//!    up: what was signed is nowhere. A crash after it leaves a certificate that the registry does not know, so the gateway
//!    refuses it: a signature is not enough. Its number can still be given up or revoked.
//! 4. its fingerprint is recorded: from here on it opens.

use std::error::Error;

use ca::{
    Assurance, DeviceProfile, Issued, Issuing, IssuingKey, PublicKey, Refused, SystemRandom, device_validity, prepare,
    reserve_numbered,
};
use model::{Author, DeviceId, SerialNumber, Timestamp};
use registry::{Command, EnrolmentKind, Registry, RegistryError};

/// What is to be issued, and in whose name.
pub struct Order<'a> {
    /// For which terminal.
    pub device: &'a DeviceId,
    /// For which key.
    pub key: &'a PublicKey,
    /// By what right.
    pub taking: Taking,
    /// In whose name.
    pub author: &'a Author,
    /// When.
    pub now: Timestamp,
}

/// By what right a serial number is taken.
#[derive(Clone, Copy, Debug)]
pub enum Taking {
    /// The office gives it.
    Office,
    /// Somebody has the terminal's one-time code, which is used up by it.
    Code {
        /// What the code is for.
        kind: EnrolmentKind,
        /// See [`crate::Code::digest`].
        digest: [u8; 32],
    },
    /// The terminal has a certificate that stands.
    Renewal {
        /// Its number.
        predecessor: SerialNumber,
    },
}

impl Taking {
    fn command(self, serial: SerialNumber, device: DeviceId, key: [u8; 32], term: &Term) -> Command {
        let Term { not_before, not_after, .. } = *term;
        let assurance = term.assurance();
        match self {
            Self::Office => Command::ReserveCertificate { serial, device, not_before, not_after, assurance, key },
            Self::Code { kind, digest } => {
                Command::ReserveByCode { serial, device, kind, digest, not_before, not_after, assurance, key }
            }
            Self::Renewal { predecessor } => {
                Command::ReserveSuccessor { serial, predecessor, not_before, not_after, key }
            }
        }
    }
}

/// What a certificate would be, before a number is taken.
#[derive(Clone)]
pub struct Term {
    profile: DeviceProfile,
    /// First instant of its validity.
    pub not_before: Timestamp,
    /// Half-open, as the registry has it: one second behind the certificate's last.
    pub not_after: Timestamp,
}

impl Term {
    /// How the key came about.
    #[must_use]
    pub const fn assurance(&self) -> Assurance {
        self.profile.assurance()
    }

    /// What a certificate of this profile would be, issued now.
    ///
    /// # Errors
    /// The authority would refuse it: its own validity is over, or about to be.
    pub fn of(profile: DeviceProfile, issuing: &Issuing, now: Timestamp) -> Result<Self, Refused> {
        let (not_before, last) = device_validity(&profile, now, issuing)?;
        Ok(Self { profile, not_before, not_after: last.plus_seconds(1) })
    }
}

/// Why a certificate was not issued; `E` is what handing it out fails with.
#[derive(Debug, thiserror::Error)]
pub enum IssueError<E: Error + 'static> {
    /// The authority refuses; no number was taken.
    #[error("{doing} is refused")]
    Authority {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Refused,
    },
    /// The registry refuses the number, or cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It could not be made after its number was taken.
    #[error("the certificate with serial number {serial} is not issued")]
    NotMade {
        /// Its number.
        serial: SerialNumber,
        /// Whether the number is given up; else it is still reserved.
        abandoned: bool,
        /// Why.
        #[source]
        source: Refused,
    },
    /// It could not be handed out after its number was taken.
    #[error("the certificate with serial number {serial} is not handed out")]
    NotHandedOut {
        /// Its number.
        serial: SerialNumber,
        /// Whether the number is given up; else it is still reserved.
        abandoned: bool,
        /// Why.
        #[source]
        source: E,
    },
    /// It was signed and handed out, and then not recorded: it opens nothing, or the answer got lost.
    #[error("the certificate with serial number {serial} is not on record")]
    NotRecorded {
        /// Its number.
        serial: SerialNumber,
        /// Why.
        #[source]
        source: RegistryError,
    },
}

/// Issues a certificate, has it handed out, and records it. A key that went down with a full disk must not belong to a
/// certificate that opens, so it is handed out first. Blocks; not for async code.
///
/// # Errors
/// See [`IssueError`]: each says what became of the number.
pub fn issue<T, E: Error + 'static>(
    registry: &Registry,
    (issuing, key): (&Issuing, &IssuingKey),
    term: &Term,
    order: &Order<'_>,
    hand_out: impl FnOnce(&Issued) -> Result<T, E>,
) -> Result<(Issued, T), IssueError<E>> {
    let execute = |command| registry.execute(command, order.author.clone(), order.now);
    let book = |draw| {
        let (taking, device, key, term) = (order.taking, order.device.clone(), order.key.digest(), term.clone());
        let command = move |serial| taking.command(serial, device.clone(), key, &term);
        let taken = registry.execute_numbered(draw, command, order.author.clone(), order.now);
        taken.map(|(serial, _)| serial)
    };
    let serial = reserve_numbered(&SystemRandom::new(), issuing, book).map_err(reserving)?;
    let number = serial.number();
    let give_up = || execute(Command::AbandonCertificate { serial: number }).is_ok();
    let prepared = match prepare(&term.profile, order.device, order.key, serial, order.now, issuing) {
        Ok(prepared) => prepared,
        Err(source) => return Err(IssueError::NotMade { serial: number, abandoned: give_up(), source }),
    };
    let issued = match prepared.issue(key) {
        Ok(issued) => issued,
        Err(source) => return Err(IssueError::NotMade { serial: number, abandoned: give_up(), source }),
    };
    let handed_out = match hand_out(&issued) {
        Ok(handed_out) => handed_out,
        Err(source) => return Err(IssueError::NotHandedOut { serial: number, abandoned: give_up(), source }),
    };
    execute(Command::RecordIssued { serial: number, fingerprint: issued.fingerprint() })
        .map_err(|source| IssueError::NotRecorded { serial: number, source })?;
    Ok((issued, handed_out))
}

/// What the registry says against it is said in its own words.
fn reserving<E: Error + 'static>(refused: Refused) -> IssueError<E> {
    let doing = "reserving a serial number";
    match refused {
        Refused::SerialNotRecorded(cause) => match cause.downcast::<RegistryError>() {
            Ok(error) => IssueError::Registry(*error),
            Err(cause) => IssueError::Authority { doing, source: Refused::SerialNotRecorded(cause) },
        },
        source => IssueError::Authority { doing, source },
    }
}
