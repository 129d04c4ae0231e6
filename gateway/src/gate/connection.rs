//! The connection check: needs the terminal's certificate, and nobody signed in. It reads the registry about the terminal and
//! nothing else.

use http::{Response, StatusCode};
use registry::{days_left, renewal_due};

use crate::connection::Client;
use crate::pages::{CheckedCertificate, ConnectionCheck, Page as _, Renewal, Shown};
use crate::pipeline::trace::Trace;
use crate::refusal::{CertificateProblem, Refusal};
use crate::store::pool::Body;
use crate::tls::device::VerifiedDevice;
use crate::worker::Worker;

/// The page.
///
/// # Errors
/// The registry does not know the certificate any more.
pub fn show(
    worker: &Worker,
    client: &Client,
    verified: &VerifiedDevice,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (snapshot, now) = (worker.snapshot(), worker.now());
    let gone = || Refusal::Certificate(CertificateProblem::Unknown);
    let shown = snapshot.certificate(verified.serial()).ok_or_else(gone)?;
    let device = snapshot.device(verified.device()).ok_or_else(gone)?;
    let last = snapshot.last_certificate(device);
    let renewal = if last.is_some_and(|last| last.not_after > shown.not_after) {
        Renewal::Newer
    } else if renewal_due(shown.not_before, shown.not_after, now) {
        Renewal::Due
    } else {
        Renewal::NotYet
    };
    let certificate = CheckedCertificate {
        serial: shown.serial,
        until: shown.not_after,
        days_left: days_left(shown.not_after, now),
        assurance: shown.assurance(),
        renewal,
    };
    let (frame, label) = (&worker.frame(trace), Shown(&device.label));
    let page = ConnectionCheck { frame, device: &device.id, label, certificate, tls: &client.tls };
    Ok(super::html(StatusCode::OK, page.html()))
}
