//! Suspensions (一時停止, art. 29, 39-2) and the reports owed for those that were not the city's own act (art. 29-2, 39-3).

use model::{Article, Author, DeviceId, SerialNumber, Target, Timestamp, words};

use super::{ReportId, SuspensionId};

/// A suspension in the books. One model for all targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Which.
    pub id: SuspensionId,
    /// Of whom or what.
    pub target: Target,
    /// Why, 1 to 1000 characters.
    pub reason: String,
    /// By which article.
    pub article: Article,
    /// By whom.
    pub author: Author,
    /// Since when. Told, not asked: a suspension holds at once, whatever another machine's clock says.
    pub since: Timestamp,
    /// Until when (half-open); none: until it is lifted.
    pub until: Option<Timestamp>,
}

impl Suspension {
    /// In force at `at`.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

words! {
    /// How a suspension ended.
    pub enum SuspensionEnd ("end of a suspension") {
        /// Lifted by the city.
        Lifted = "lifted",
        /// Its time was over.
        Expired = "expired",
        /// What was suspended has itself ended.
        TargetEnded = "target-ended",
    }
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportSubject {
    /// A suspension of this target.
    Suspension(Target),
    /// The revocation of this certificate.
    Revocation(SerialNumber),
    /// The revocation of all certificates of this device.
    Device(DeviceId),
    /// That this device was taken back, and all its certificates revoked.
    Return(DeviceId),
}

/// A report that the city waits for: the contractor, or the machine, acted in its place (art. 29-2, 39-3). Made in the
/// same entry as the act itself, so that the one cannot be without the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub id: ReportId,
    /// About what.
    pub about: ReportSubject,
    /// By which article it is due.
    pub article: Article,
    /// Who acted.
    pub author: Author,
    /// When.
    pub since: Timestamp,
}
