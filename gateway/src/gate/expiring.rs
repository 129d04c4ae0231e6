//! The facility administrator sees which terminals of his facility are about to be without a certificate; whoever uses such a
//! terminal sees it on the first page. To everybody else there is no such page.

use http::{Response, StatusCode};
use model::{FacilityId, Timestamp};
use registry::{EXPIRY_DAYS, Expiring, Snapshot, days_left};

use super::terminals::administers;
use crate::pages::{ExpiringTerminal, ExpiringTerminals, Page as _, Shown};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::trace::Trace;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::worker::Worker;

/// How many there are; none where the subject administers no facility.
pub(super) fn count(snapshot: &Snapshot, subject: &Subject, now: Timestamp) -> Option<usize> {
    let facilities = administers(snapshot, subject);
    (!facilities.is_empty()).then(|| of(snapshot, &facilities, now).len())
}

/// When the last certificate of the terminal in the reader's hand ends, if that is soon.
pub(super) fn own(snapshot: &Snapshot, subject: &Subject, now: Timestamp) -> Option<Timestamp> {
    let device = snapshot.device(subject.device().device())?;
    snapshot.expiry_of(device, now, EXPIRY_DAYS).map(|expiring| expiring.certificate.not_after)
}

fn of<'a>(snapshot: &'a Snapshot, facilities: &[FacilityId], now: Timestamp) -> Vec<Expiring<'a>> {
    snapshot.expiring(now, EXPIRY_DAYS, |device| facilities.contains(&device.facility))
}

/// The page.
///
/// # Errors
/// There is none for this subject.
pub fn show(worker: &Worker, subject: &Subject, trace: &Trace) -> Result<Response<Body>, Refusal> {
    let (snapshot, now) = (worker.snapshot(), worker.now());
    let facilities = administers(&snapshot, subject);
    if facilities.is_empty() {
        return Err(Refusal::NoSuchPage);
    }
    let expiring = of(&snapshot, &facilities, now);
    let terminals: Vec<_> = expiring.into_iter().map(|one| row(&snapshot, one, now)).collect();
    let page = ExpiringTerminals { frame: &worker.frame(trace), terminals: &terminals };
    Ok(super::html(StatusCode::OK, page.html()))
}

fn row<'a>(snapshot: &'a Snapshot, one: Expiring<'a>, now: Timestamp) -> ExpiringTerminal<'a> {
    let Expiring { device, certificate, code_until, begun, .. } = one;
    ExpiringTerminal {
        id: &device.id,
        label: Shown(&device.label),
        holder: Shown(snapshot.user(&device.holder).map_or("", |user| user.name.as_str())),
        until: certificate.not_after,
        days_left: days_left(certificate.not_after, now),
        code_until,
        begun,
    }
}
