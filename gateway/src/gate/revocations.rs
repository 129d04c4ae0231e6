//! The facility administrator sees what was revoked of his facility, what that ended, and confirms it (art. 38-3). To everybody
//! else there is no such page.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use model::lifecycle::confirmation;
use model::{Author, FacilityId, Office, SerialNumber, Timestamp, UserId, UserKey};
use registry::{Command, ConfirmationTask, Snapshot};

use super::form::{on_registry, token_and_form};
use super::terminals::administers;
use crate::pages::{Ended, Page as _, Revocations, Revoked, Shown, paths};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::trace::Trace;
use crate::refusal::{Refusal, fault};
use crate::store::pool::Body;
use crate::worker::Worker;

/// Most that are shown of those confirmed.
const CONFIRMED_SHOWN_MAX: usize = 20;

/// Proof: the subject administers a facility, these.
struct Administrator<'a> {
    subject: &'a Subject,
    facilities: Vec<FacilityId>,
}

fn administrator<'a>(snapshot: &Snapshot, subject: &'a Subject) -> Result<Administrator<'a>, Refusal> {
    let facilities = administers(snapshot, subject);
    if facilities.is_empty() { Err(Refusal::NoSuchPage) } else { Ok(Administrator { subject, facilities }) }
}

impl Administrator<'_> {
    fn has(&self, snapshot: &Snapshot, task: &ConfirmationTask) -> bool {
        snapshot.device(&task.device).is_some_and(|device| self.facilities.contains(&device.facility))
    }
}

/// How many wait for this subject; none where he administers no facility.
pub(super) fn waiting(snapshot: &Snapshot, subject: &Subject) -> Option<usize> {
    let administrator = administrator(snapshot, subject).ok()?;
    Some(snapshot.open_tasks().filter(|task| administrator.has(snapshot, task)).count())
}

/// The page.
///
/// # Errors
/// There is none for this subject; the forms cannot be sealed.
pub fn show(worker: &Worker, subject: &Subject, trace: &Trace) -> Result<Response<Body>, Refusal> {
    let snapshot = worker.snapshot();
    page(worker, &snapshot, &administrator(&snapshot, subject)?, trace, false)
}

fn page(
    worker: &Worker,
    snapshot: &Snapshot,
    administrator: &Administrator<'_>,
    trace: &Trace,
    too_old: bool,
) -> Result<Response<Body>, Refusal> {
    let now = worker.now();
    let serial = administrator.subject.device().serial();
    let form_token = worker.sealer().form_token(serial, now).map_err(fault("a form cannot be sealed"))?;
    let row = |task: &&ConfirmationTask| administrator.has(snapshot, task);
    let open: Vec<Revoked<'_>> =
        snapshot.open_tasks().filter(row).filter_map(|task| revoked(snapshot, task, now)).collect();
    let done = snapshot.tasks().rev().filter(|task| !task.is_open()).filter(row);
    let confirmed: Vec<Revoked<'_>> =
        done.filter_map(|task| revoked(snapshot, task, now)).take(CONFIRMED_SHOWN_MAX).collect();
    let frame = &worker.frame(trace);
    let page = Revocations { frame, form_token: &form_token, open: &open, confirmed: &confirmed, too_old };
    let status = if too_old { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(super::html(status, page.html()))
}

fn revoked<'a>(snapshot: &'a Snapshot, task: &'a ConfirmationTask, now: Timestamp) -> Option<Revoked<'a>> {
    let device = snapshot.device(&task.device)?;
    Some(Revoked {
        serial: task.serials.first()?.to_string(),
        device: &task.device,
        label: Shown(&device.label),
        holder: Shown(snapshot.user(&device.holder).map_or("", |user| user.name.as_str())),
        because: task.because,
        office: task.by.office,
        by: Shown(reporter(snapshot, &task.by)),
        reported_at: task.reported_at,
        ended: ended(task, now),
        listed: task.listed,
        late: task.is_late(now),
        overdue: task.is_overdue(now),
        confirmed_at: task.confirmed.as_ref().map(|confirmed| confirmed.at),
    })
}

/// The name of who reported it, where he is one of the users; else what he acted under.
fn reporter<'a>(snapshot: &'a Snapshot, by: &'a Author) -> &'a str {
    let key = match by.office {
        Office::User => UserId::new(&by.name).ok().and_then(|id| snapshot.user_id(&id)).map(|known| known.user.clone()),
        Office::FacilityAdministrator => UserKey::new(&by.name).ok(),
        Office::CityOfficer | Office::CityClerk | Office::Contractor | Office::System => None,
    };
    key.and_then(|key| snapshot.user(&key)).map_or(by.name.as_str(), |user| user.name.as_str())
}

fn ended(task: &ConfirmationTask, now: Timestamp) -> Ended {
    if task.state_at(now) == confirmation::State::Reported {
        return Ended::NotYetKnown;
    }
    match (task.effects.is_empty(), task.last_octet_at()) {
        (true, _) => Ended::ByTime,
        (false, None) => Ended::Nothing,
        (false, Some(last_octet_at)) => {
            Ended::Cut { connections: task.connections(), exchanges: task.exchanges(), last_octet_at }
        }
    }
}

/// Confirms.
///
/// # Errors
/// There is no such page for this subject; the form is not ours; the confirmation cannot be recorded.
pub async fn confirm(
    worker: &Worker,
    subject: &Subject,
    request: Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (form, in_time) = token_and_form(worker, subject, request).await?;
    let snapshot = worker.snapshot();
    let administrator = administrator(&snapshot, subject)?;
    if !in_time {
        return page(worker, &snapshot, &administrator, trace, true);
    }
    let serial = SerialNumber::parse(form.field("serial"));
    let serial = serial.map_err(|_| Refusal::Unreadable("a form without the number of a certificate".into()))?;
    let task = snapshot.task_of(&serial).filter(|task| administrator.has(&snapshot, task));
    // Somebody else's is not told apart from one that there is not.
    task.ok_or(Refusal::NoSuchPage)?;
    let (now, author) = (worker.now(), Author::new(Office::FacilityAdministrator, subject.user().as_str()));
    let command = Command::ConfirmRevocation { serial };
    let confirmed = on_registry(&worker.share(), move |registry| registry.execute(command, author, now)).await?;
    if let Err(refused) = confirmed {
        // Confirmed twice, most often: the page says how it stands.
        tracing::info!(%refused, "a revocation was not confirmed");
    }
    Ok(super::redirect(paths::REVOCATIONS))
}
