//! The first page after signing in: previous sign-in (art. 28), the persons one cares for, and where to go on.

use http::{Response, StatusCode};
use model::Category;

use super::html;
use crate::judge::Question;
use crate::pages::{Home, Page as _, PreviousSignIn, Shown, StandingEmergency, TeamPerson};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::trace::Trace;
use crate::refusal::{Refusal, fault};
use crate::store::pool::Body;
use crate::worker::Worker;

/// Serves the page.
///
/// # Errors
/// The user is not known any more, or the audit log cannot be read.
pub async fn serve(worker: &Worker, subject: &Subject, trace: &Trace) -> Result<Response<Body>, Refusal> {
    let (snapshot, now) = (worker.snapshot(), worker.now());
    let user = snapshot.user(subject.user()).ok_or(Refusal::NotAvailable)?;
    let mut persons: Vec<TeamPerson<'_>> = snapshot
        .persons_of(subject.user())
        .filter(|membership| membership.holds_at(now))
        .filter_map(|membership| snapshot.person(&membership.person).map(|person| (membership, person)))
        .filter(|(_, person)| may_read(worker, subject, &snapshot, &person.id))
        .map(|(membership, person)| TeamPerson {
            id: &person.id,
            name: Some(Shown(&person.name)),
            role: membership.role,
        })
        .collect();
    persons.sort_by(|a, b| a.id.cmp(b.id));
    persons.dedup_by(|a, b| a.id == b.id);
    let form_token =
        worker.sealer().form_token(subject.device().serial(), now).map_err(fault("a form cannot be sealed"))?;
    let (audit, user_id) = (worker.audit().clone(), subject.user_id().clone());
    let previous = super::read_audit(move || audit.previous_sign_in(&user_id)).await?;
    let label = super::device_label(&snapshot, subject.device().device());
    let previous_label = previous.as_ref().map(|previous| super::device_label(&snapshot, &previous.device));
    let emergencies: Vec<StandingEmergency<'_>> = snapshot
        .emergencies_of(subject.user_id())
        .filter(|emergency| emergency.stands_at(now))
        .map(|emergency| StandingEmergency {
            number: emergency.id.get(),
            person: &emergency.person,
            until: emergency.until,
        })
        .collect();
    let page = Home {
        frame: &worker.frame(trace),
        form_token: &form_token,
        name: Shown(&user.name),
        user_id: subject.user_id(),
        device: Shown(&label),
        previous: previous.as_ref().map(|previous| PreviousSignIn {
            at: previous.at,
            device: Shown(previous_label.as_deref().unwrap_or_default()),
        }),
        persons: &persons,
        records_app: worker.shared().records_app.as_ref(),
        emergencies: &emergencies,
        expiring: super::expiring::count(&snapshot, subject, now),
        ending: super::expiring::own(&snapshot, subject, now),
        revocations: super::revocations::waiting(&snapshot, subject),
        may_declare: snapshot.may_declare_emergency(subject.profession()),
    };
    Ok(html(StatusCode::OK, page.html()))
}

/// A person whose records may not be read is not named either.
pub(super) fn may_read(
    worker: &Worker,
    subject: &Subject,
    snapshot: &registry::Snapshot,
    person: &model::PersonId,
) -> bool {
    let question = Question::reading(Some(person), Category::Demographics, false);
    worker.judge().permits(snapshot, subject.asking(worker.now()), question)
}
