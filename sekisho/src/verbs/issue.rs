//! Issuing a device certificate on the command line: what the settings say of it, and then the one order of `enrolment`.

use ca::{Assurance, DeviceProfile, Host, Issued, PublicKey};
use enrolment::{IssueError, Taking};
use model::{Author, DeviceId, Timestamp};
use registry::Registry;

use crate::authority::{self, Authority};
use crate::error::Error;
use crate::settings::Settings;

/// What is to be issued, and in whose name.
pub(crate) struct Order<'a> {
    pub(crate) device: &'a DeviceId,
    pub(crate) key: &'a PublicKey,
    pub(crate) days: u16,
    pub(crate) assurance: Assurance,
    pub(crate) author: &'a Author,
    pub(crate) now: Timestamp,
}

/// The profile that the settings say, for so many days and for a key that came about like this.
pub(crate) fn profile(settings: &Settings, assurance: Assurance, days: u16) -> Result<DeviceProfile, Error> {
    let refused = || Error::authority("issuing the certificate");
    let host = Host::new(&settings.hosts.care).map_err(refused())?;
    let profile = DeviceProfile::new(host, &authority::settings(settings)?.issuer.list_url).map_err(refused())?;
    profile.assured(assurance).valid_for(days).map_err(refused())
}

/// What a certificate of so many days would be, before a number is taken.
pub(crate) fn term(
    settings: &Settings,
    authority: &Authority,
    assurance: Assurance,
    days: u16,
    now: Timestamp,
) -> Result<enrolment::Term, Error> {
    let term = enrolment::Term::of(profile(settings, assurance, days)?, &authority.issuing, now);
    term.map_err(Error::authority("issuing the certificate"))
}

/// Issues a certificate, has it handed out, and records it: see [`enrolment::issue`].
pub(crate) fn issue<T>(
    settings: &Settings,
    registry: &Registry,
    authority: &Authority,
    order: &Order<'_>,
    hand_out: impl FnOnce(&Issued) -> Result<T, Error>,
) -> Result<(Issued, T), Error> {
    // Before a number is taken: a wrong passphrase must not cost one.
    let key = authority.key()?;
    let term = term(settings, authority, order.assurance, order.days, order.now)?;
    let Order { device, key: public, author, now, .. } = order;
    let asked = enrolment::Order { device, key: public, taking: Taking::Office, author, now: *now };
    enrolment::issue(registry, (&authority.issuing, &key), &term, &asked, hand_out).map_err(Error::from)
}

impl From<IssueError<Self>> for Error {
    fn from(error: IssueError<Self>) -> Self {
        match error {
            IssueError::Authority { doing, source } => Self::authority(doing)(source),
            IssueError::Registry(error) => error.into(),
            IssueError::NotMade { serial, abandoned, source } => {
                let source = Box::new(Self::authority("issuing the certificate")(source));
                Self::GivenUp { serial, abandoned, source }
            }
            IssueError::NotHandedOut { serial, abandoned, source } => {
                Self::GivenUp { serial, abandoned, source: Box::new(source) }
            }
            IssueError::NotRecorded { serial, source } => Self::NotRecorded { serial, source: Box::new(source.into()) },
        }
    }
}

#[cfg(test)]
mod tests;
