//! Break-glass (art. 41-1): a doctor or a nurse declares an emergency about a person, and ends it. There only where the city
//! has issued a rule; to everybody else there is no such page.
//!
//! Nothing here asks whether there is such a person: the page, and the time it takes, are the same for any number that can
//! be one (promise P4).

use std::sync::Arc;

use audit::{Alert, AlertKind};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{Author, Office, PersonId};
use registry::{
    Command, EMERGENCIES_PER_USER_MAX, EMERGENCY_REASON_CHARACTERS_MAX, EmergencyId, Executed, Misfit, Refused, Why,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::form::{in_ascii, on_registry, token_and_form};
use crate::pages::{DeclareEmergency, EmergencyProblem, Page as _, Shown, paths};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::trace::Trace;
use crate::refusal::{Refusal, fault};
use crate::store::pool::Body;
use crate::worker::{Shared, Worker};

/// One declaration at a time, of all workers: between asking whether it would be taken, telling the officer and making it nobody
/// else makes one, so that there are as many alerts as declarations.
#[derive(Default)]
pub struct Declarations(Arc<Mutex<()>>);

/// Proof: the city has issued its rule, and this subject's profession may declare under it.
struct Offered<'a> {
    subject: &'a Subject,
}

/// What was typed.
#[derive(Default)]
struct Typed {
    person: String,
    reason: String,
}

/// The page.
///
/// # Errors
/// There is none for this subject; the form cannot be sealed.
pub fn show(worker: &Worker, subject: &Subject, trace: &Trace) -> Result<Response<Body>, Refusal> {
    page(worker, &offered(worker, subject)?, trace, &Typed::default(), None)
}

fn offered<'a>(worker: &Worker, subject: &'a Subject) -> Result<Offered<'a>, Refusal> {
    let may = worker.snapshot().may_declare_emergency(subject.profession());
    may.then_some(Offered { subject }).ok_or(Refusal::NoSuchPage)
}

fn page(
    worker: &Worker,
    offered: &Offered<'_>,
    trace: &Trace,
    typed: &Typed,
    problem: Option<EmergencyProblem>,
) -> Result<Response<Body>, Refusal> {
    let serial = offered.subject.device().serial();
    let form_token = worker.sealer().form_token(serial, worker.now()).map_err(fault("a form cannot be sealed"))?;
    let page = DeclareEmergency {
        frame: &worker.frame(trace),
        form_token: &form_token,
        person: Shown(&typed.person),
        reason: Shown(&typed.reason),
        problem,
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(super::html(status, page.html()))
}

/// Declares. The officer's alert is durable before the declaration counts.
///
/// # Errors
/// There is no such page for this subject; the form is not ours; the alert or the declaration cannot be written.
pub async fn declare(
    worker: &Worker,
    subject: &Subject,
    request: Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let offered = offered(worker, subject)?;
    let (form, in_time) = token_and_form(worker, subject, request).await?;
    let typed = Typed { person: in_capitals(form.field("person")), reason: form.field("reason").trim().to_owned() };
    let (person, reason) = match meant(&typed, in_time, form.field("confirmed") == "yes") {
        Ok(meant) => meant,
        Err(problem) => return page(worker, &offered, trace, &typed, Some(problem)),
    };
    let turn = Arc::clone(&worker.shared().declarations.0).lock_owned().await;
    let now = worker.now();
    // Sent twice is declared once, and told once.
    if worker.snapshot().emergency(subject.user_id(), &person, now).is_some() {
        return Ok(super::redirect(paths::HOME));
    }
    let seen = vec![
        format!("user ID {}", subject.user_id()),
        format!("person {person}"),
        format!("facility {}", subject.facility()),
    ];
    let declaration = Declaration {
        _turn: turn,
        shared: worker.share(),
        author: Author::new(Office::User, subject.user_id().as_str()),
        command: Command::DeclareEmergency { person, reason },
        alert: Alert { id: trace.id().clone(), at: now, kind: AlertKind::EmergencyDeclared, seen, count: 1 },
    };
    // In a task of its own: a client that leaves in between must not leave an alert without a declaration.
    let declared = tokio::spawn(declaration.make()).await.map_err(|error| {
        tracing::error!(%error, "a declaration ended early");
        Refusal::Fault
    })?;
    match declared? {
        Ok(()) => Ok(super::redirect(paths::HOME)),
        Err(refused) => page(worker, &offered, trace, &typed, Some(problem(&refused)?)),
    }
}

/// A declaration whose turn it is.
struct Declaration {
    _turn: OwnedMutexGuard<()>,
    shared: Arc<Shared>,
    author: Author,
    command: Command,
    alert: Alert,
}

impl Declaration {
    async fn make(self) -> Result<Result<(), Refused>, Refusal> {
        let Self { _turn, shared, author, command, alert } = self;
        let now = alert.at;
        let (asked, by) = (command.clone(), author.clone());
        // What would be refused is no alert: a flood of declarations must not become one of those.
        let rehearsed = on_registry(&shared, move |registry| registry.rehearse(&[asked], &by, now));
        if let Err(refused) = rehearsed.await? {
            return Ok(Err(refused));
        }
        let _on_record: audit::Durable = shared.audit.alert_first(&alert).await.map_err(|error| {
            tracing::error!(%error, "the officer could not be told of an emergency; refused");
            Refusal::AuditUnavailable
        })?;
        let made = on_registry(&shared, move |registry| registry.execute(command, author, now)).await?;
        Ok(made.map(|Executed { generation, .. }| {
            tracing::warn!(incident = %alert.id, generation = generation.get(), "an emergency was declared");
        }))
    }
}

/// Ends an emergency. Whoever may not declare any more may still end.
///
/// # Errors
/// The form is not ours; there is no such emergency of this subject; the end cannot be written: it goes on.
pub async fn end(worker: &Worker, subject: &Subject, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
    let (form, in_time) = token_and_form(worker, subject, request).await?;
    if !in_time {
        // The page it leads to has a fresh one.
        return Ok(super::redirect(paths::HOME));
    }
    let number = form.field("emergency").parse();
    let number = number.map_err(|_| Refusal::Unreadable("a form without the number of an emergency".into()))?;
    let (now, author) = (worker.now(), Author::new(Office::User, subject.user_id().as_str()));
    let command = Command::EndEmergency { emergency: EmergencyId::new(number) };
    match on_registry(&worker.share(), move |registry| registry.execute(command, author, now)).await? {
        Ok(_) => Ok(super::redirect(paths::HOME)),
        Err(refused) if is_over(&refused) => Ok(super::redirect(paths::HOME)),
        Err(refused) => {
            tracing::warn!(%refused, "an emergency was not ended");
            Err(Refusal::NoSuchPage)
        }
    }
}

/// Over for so long that it is not remembered: there is nothing left to end. Somebody else's is not told apart from that.
fn is_over(refused: &Refused) -> bool {
    matches!(refused.why, Why::State(Misfit::NotKnown { what: "emergency", .. }))
}

/// The number of a person in the one form that is declared about: as Japanese keyboards write it, in capitals. Whether there is
/// such a person is not asked for that (promise P4).
fn in_capitals(typed: &str) -> String {
    in_ascii(typed).to_ascii_uppercase()
}

/// What is declared, or what is wrong with the form.
fn meant(typed: &Typed, in_time: bool, confirmed: bool) -> Result<(PersonId, String), EmergencyProblem> {
    if !in_time {
        return Err(EmergencyProblem::FormTooOld);
    }
    let person = PersonId::new(&typed.person).map_err(|_| EmergencyProblem::PersonUnreadable)?;
    if typed.reason.is_empty() {
        return Err(EmergencyProblem::ReasonMissing);
    }
    if typed.reason.chars().count() > EMERGENCY_REASON_CHARACTERS_MAX {
        return Err(EmergencyProblem::ReasonTooLong);
    }
    if !confirmed {
        return Err(EmergencyProblem::NotConfirmed);
    }
    Ok((person, typed.reason.clone()))
}

/// What the user can do something about. Where the rule was withdrawn meanwhile there is no such page.
fn problem(refused: &Refused) -> Result<EmergencyProblem, Refusal> {
    match refused.why {
        Why::Full { max: EMERGENCIES_PER_USER_MAX, .. } => Ok(EmergencyProblem::Full),
        Why::Full { .. } => Ok(EmergencyProblem::CityFull),
        Why::Text { .. } => Ok(EmergencyProblem::ReasonMissing),
        _ => Err(Refusal::NoSuchPage),
    }
}
