//! Which terminals are about to be without a certificate, and how near that is: a function of a snapshot and a time, asked by the
//! office's list, by `sekisho check` and by the pages.

use model::lifecycle::certificate::State;
use model::{Timestamp, words};

use crate::bounds::RESERVED_SECONDS;
use crate::{Certificate, Device, Snapshot};

/// One day, in milliseconds.
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// Facility administrators are reminded so many days before a terminal's last certificate ends; whoever uses it, too.
pub const EXPIRY_DAYS: u32 = 30;

words! {
    /// How near the end of a certificate is.
    pub enum ExpiryStage ("stage of expiry") {
        /// Thirty days or less are left.
        Month = "30",
        /// Fourteen days or less.
        Fortnight = "14",
        /// Three days or less.
        Days = "3",
        /// It is over.
        Over = "over",
    }
}

impl ExpiryStage {
    /// Where a certificate that ends at `not_after` (half-open) stands at `now`; none while more than [`EXPIRY_DAYS`] are left.
    #[must_use]
    pub const fn at(not_after: Timestamp, now: Timestamp) -> Option<Self> {
        let left = not_after.millis_since(now);
        if left <= 0 {
            Some(Self::Over)
        } else if left <= 3 * DAY_MILLIS {
            Some(Self::Days)
        } else if left <= 14 * DAY_MILLIS {
            Some(Self::Fortnight)
        } else if left <= EXPIRY_DAYS as i64 * DAY_MILLIS {
            Some(Self::Month)
        } else {
            None
        }
    }
}

/// Whole days that are left, rounded down; none once it is over.
#[must_use]
pub const fn days_left(not_after: Timestamp, now: Timestamp) -> Option<i64> {
    let left = not_after.millis_since(now);
    if left <= 0 { None } else { Some(left / DAY_MILLIS) }
}

/// Whether it is time for the next one: two thirds of the certificate's life are over.
#[must_use]
pub const fn renewal_due(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> bool {
    let (lived, life) = (now.millis_since(not_before), not_after.millis_since(not_before));
    lived.saturating_mul(3) >= life.saturating_mul(2)
}

/// A terminal on loan whose last certificate ends soon, or has ended.
#[derive(Clone, Copy, Debug)]
pub struct Expiring<'a> {
    /// Which terminal.
    pub device: &'a Device,
    /// The one of its certificates that stands longest.
    pub certificate: &'a Certificate,
    /// How near its end is; none where more was asked for than [`EXPIRY_DAYS`].
    pub stage: Option<ExpiryStage>,
    /// Until when a one-time code waits for the terminal.
    pub code_until: Option<Timestamp>,
    /// A number was taken within the hour for a certificate that has not been issued.
    pub begun: bool,
}

impl Snapshot {
    /// The one of a terminal's certificates that stands longest; none where each was revoked, or none was issued.
    #[must_use]
    pub fn last_certificate(&self, device: &Device) -> Option<&Certificate> {
        let active = self.certificates_of(&device.id).filter(|one| one.state == State::Active);
        active.max_by_key(|one| one.not_after)
    }

    /// What there is to say of one terminal; none where its certificates last longer, or it has none: it was taken back, revoked, or
    /// never enrolled. A certificate that was renewed counts for nothing once its successor is there.
    #[must_use]
    pub fn expiry_of<'a>(&'a self, device: &'a Device, now: Timestamp, within_days: u32) -> Option<Expiring<'a>> {
        if device.returned_at.is_some() {
            return None;
        }
        let certificate = self.last_certificate(device)?;
        let within = DAY_MILLIS.saturating_mul(i64::from(within_days));
        if certificate.not_after.millis_since(now) > within {
            return None;
        }
        let code = self.enrolment(&device.id).filter(|code| now < code.until);
        // A number that came to no certificate within an hour will not.
        let next =
            |one: &Certificate| one.state == State::Reserved && now < one.reserved_at.plus_seconds(RESERVED_SECONDS);
        Some(Expiring {
            device,
            certificate,
            stage: ExpiryStage::at(certificate.not_after, now),
            code_until: code.map(|code| code.until),
            begun: self.certificates_of(&device.id).any(next),
        })
    }

    /// Those of the wanted terminals whose last certificate ends within so many days or has ended, the nearest end first.
    #[must_use]
    pub fn expiring(&self, now: Timestamp, within_days: u32, wanted: impl Fn(&Device) -> bool) -> Vec<Expiring<'_>> {
        let wanted = self.devices().filter(|device| wanted(device));
        let mut found: Vec<_> = wanted.filter_map(|device| self.expiry_of(device, now, within_days)).collect();
        found.sort_by(|a, b| (a.certificate.not_after, &a.device.id).cmp(&(b.certificate.not_after, &b.device.id)));
        found
    }
}
