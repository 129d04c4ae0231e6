//! My terminals: reporting one lost or stolen revokes it at once (art. 38-2). A user reports those he holds, a facility
//! administrator those of his facility.
//!
//! What somebody else can do with it at an open screen: stop a terminal, which then enrols anew. Nothing is opened here, and
//! whose session it was stands in the registry. A page of another site can do nothing: the form is ours or it is refused.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{Author, Cause, DeviceId, FacilityId, Office};
use registry::{Command, Device, Snapshot};

use super::form::{on_registry, token_and_form};
use crate::pages::{Page as _, ReportTerminal, Shown, Terminal, Terminals, paths};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::trace::Trace;
use crate::refusal::{Refusal, fault};
use crate::store::pool::Body;
use crate::worker::Worker;

/// The facilities that a user administers.
pub(super) fn administers(snapshot: &Snapshot, subject: &Subject) -> Vec<FacilityId> {
    let his = snapshot.facilities().filter(|facility| facility.administrator.key == *subject.user());
    his.map(|facility| facility.id.clone()).collect()
}

/// The list.
///
/// # Errors
/// None; it is a result as the other pages' are.
pub fn list(worker: &Worker, subject: &Subject, trace: &Trace) -> Result<Response<Body>, Refusal> {
    let snapshot = worker.snapshot();
    let facilities = administers(&snapshot, subject);
    let mut on_loan: Vec<&Device> = snapshot.devices().filter(|device| device.returned_at.is_none()).collect();
    on_loan.sort_by(|a, b| a.id.cmp(&b.id));
    let of = |wanted: &dyn Fn(&Device) -> bool| -> Vec<Terminal<'_>> {
        on_loan.iter().filter(|device| wanted(device)).map(|device| terminal(&snapshot, device, subject)).collect()
    };
    let mine = of(&|device| device.holder == *subject.user());
    let others = of(&|device| device.holder != *subject.user() && facilities.contains(&device.facility));
    let page = Terminals { frame: &worker.frame(trace), mine: &mine, facility: &others };
    Ok(super::html(StatusCode::OK, page.html()))
}

fn terminal<'a>(snapshot: &'a Snapshot, device: &'a Device, subject: &Subject) -> Terminal<'a> {
    Terminal {
        id: &device.id,
        label: Shown(&device.label),
        holder: Shown(snapshot.user(&device.holder).map_or("", |user| user.name.as_str())),
        here: device.id == *subject.device().device(),
        // A code that waits is as good as a certificate to whoever has the slip.
        stands: snapshot.certificates_of(&device.id).any(registry::Certificate::is_live)
            || snapshot.enrolment(&device.id).is_some(),
    }
}

/// A terminal that the subject may report, and in which office he does.
struct Reportable<'a> {
    device: &'a Device,
    author: Author,
}

/// What is not his is no page: whether there is such a terminal is not told.
fn reportable<'a>(snapshot: &'a Snapshot, subject: &Subject, device: &str) -> Result<Reportable<'a>, Refusal> {
    let id = DeviceId::new(device).map_err(|_| Refusal::NoSuchPage)?;
    let device = snapshot.device(&id).filter(|device| device.returned_at.is_none()).ok_or(Refusal::NoSuchPage)?;
    if device.holder == *subject.user() {
        return Ok(Reportable { device, author: Author::new(Office::User, subject.user_id().as_str()) });
    }
    if administers(snapshot, subject).contains(&device.facility) {
        let author = Author::new(Office::FacilityAdministrator, subject.user().as_str());
        return Ok(Reportable { device, author });
    }
    Err(Refusal::NoSuchPage)
}

/// The form.
///
/// # Errors
/// The terminal is none that this subject may report; the form cannot be sealed.
pub fn show(
    worker: &Worker,
    subject: &Subject,
    request: &Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let device = query.split('&').find_map(|pair| pair.strip_prefix("device=")).unwrap_or_default();
    let snapshot = worker.snapshot();
    page(worker, subject, &snapshot, reportable(&snapshot, subject, device)?.device, trace, false)
}

fn page(
    worker: &Worker,
    subject: &Subject,
    snapshot: &Snapshot,
    device: &Device,
    trace: &Trace,
    too_old: bool,
) -> Result<Response<Body>, Refusal> {
    let serial = subject.device().serial();
    let form_token = worker.sealer().form_token(serial, worker.now()).map_err(fault("a form cannot be sealed"))?;
    let terminal = terminal(snapshot, device, subject);
    let page = ReportTerminal { frame: &worker.frame(trace), form_token: &form_token, terminal, too_old };
    let status = if too_old { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(super::html(status, page.html()))
}

/// Revokes. Of the terminal in the reader's own hand the answer never arrives: its connection is cut before.
///
/// # Errors
/// The form is not ours; the terminal is none that this subject may report; the revocation cannot be recorded.
pub async fn report(
    worker: &Worker,
    subject: &Subject,
    request: Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (form, in_time) = token_and_form(worker, subject, request).await?;
    let snapshot = worker.snapshot();
    let Reportable { device, author } = reportable(&snapshot, subject, form.field("device"))?;
    if !in_time {
        return page(worker, subject, &snapshot, device, trace, true);
    }
    let because = match form.field("because").parse() {
        Ok(because @ (Cause::Stolen | Cause::Lost)) => because,
        _ => return Err(Refusal::Unreadable("a report that says neither lost nor stolen".into())),
    };
    let (now, command) = (worker.now(), Command::RevokeDevice { device: device.id.clone(), because });
    // On its way it goes on, though the client be cut by what it reports.
    let reported = on_registry(&worker.share(), move |registry| registry.execute(command, author, now)).await?;
    if let Err(refused) = reported {
        // Revoked already, most often: the list says so.
        tracing::info!(%refused, device = %device.id, "a terminal was reported and nothing was left to revoke");
    }
    Ok(super::redirect(paths::TERMINALS))
}
