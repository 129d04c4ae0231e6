//! Permit or denial, for every person the request touches. The exchange is entered among the living first and the
//! snapshot is taken afterwards, so that a change between the two is never missed.

use std::sync::Arc;

use http::Request;
use model::{Article, Category};
use policy::Basis;
use records::bounds::QUESTIONS_MAX;
use records::{AnswerKind, Pages, Touches, Unreadable};
use registry::Snapshot;
use tokio::time::Instant;

use super::authenticate::Subject;
use super::client_body::ClientBody;
use super::extract::Extracted;
use super::mark::Ordered;
use super::trace::Trace;
use crate::connection::Client;
use crate::cut::live::{ExchangeBasis, ExchangeEntry, Switch};
use crate::judge::{Asker, DecisionBasis, Judgement, Question};
use crate::refusal::{CertificateProblem, Refusal};
use crate::worker::Worker;

/// Proof: the policy permits this request for every person it touches, on the facts of one snapshot. Holds the
/// exchange's place among the living.
pub struct Permit {
    pub(super) subject: Subject,
    pub(super) touches: Touches,
    pub(super) request: Request<ClientBody>,
    pub(super) living: ExchangeEntry,
    pub(super) arrived: Instant,
    /// What it deletes, under which orders.
    pub(super) ordered: Vec<Ordered>,
}

/// Decides.
///
/// # Errors
/// A denial: told where the rule may be told to the subject, else [`Refusal::NotAvailable`]; a deletion that could not be
/// marked on its order.
pub fn decide(
    worker: &Worker,
    client: &Client,
    subject: Subject,
    extracted: Extracted,
    trace: &mut Trace,
) -> Result<Permit, Refusal> {
    let Extracted { touches, request } = extracted;
    // A certificate that was unknown when the connection was opened is not among the living: it has to come again.
    let connection = client.living.as_ref().ok_or(Refusal::Certificate(CertificateProblem::Unknown))?;
    // What of a tunnel is on its way to its client is in hyper's hands, which do not say when it has left: it goes with the
    // connection, over HTTP/2 too.
    let alone = !client.multiplexed || matches!(touches.answer, AnswerKind::WebSocket | AnswerKind::Socket(_));
    let switch = Arc::new(Switch::new(client.scissors.clone(), alone));
    let basis = ExchangeBasis {
        serial: *subject.device().serial(),
        device: subject.device().device().clone(),
        user_id: subject.user_id().clone(),
        user: subject.user().clone(),
        facility: subject.facility().clone(),
        session: subject.session().clone(),
        credential_epoch: subject.credential_epoch(),
        session_over: subject.session_over(),
        claims: touches.claims().cloned().collect(),
    };
    // The answer before this one has been taken: its client asks for the next.
    client.last.clear();
    let mut living = worker.live().enter_exchange(connection, basis, switch);
    if client.multiplexed {
        living.keep_busy(&client.busy);
    } else {
        living.linger_in(&client.last);
    }
    let at = worker.now();
    let snapshot = worker.snapshot();
    // From here on a change finds the exchange; what was changed before is in this snapshot.
    worker.registry_is_fresh()?;
    subject.device().still_stands(&snapshot, at)?;
    subject.still_stands(&snapshot, at)?;
    let mut ask = |question: Question<'_>| {
        worker.judge().ask(&snapshot, subject.asking(at), question).map_err(|missing| {
            tracing::info!(%missing, "a fact is missing; refused");
            // A person who is not registered must not be told apart from one who is: what is said of the subject or
            // the service is said first, here as there.
            may_use_service(worker, &snapshot, &subject, trace).err().unwrap_or_else(|| {
                trace.decided(undecided(worker, &snapshot));
                Refusal::NotAvailable
            })
        })
    };
    // One more than may be asked is asked, so that whoever asks too much hears a denial first, as ever.
    let questions = touches.claims().flat_map(Question::of).take(QUESTIONS_MAX + 1);
    let judgements: Vec<Arc<Judgement>> = questions.map(&mut ask).collect::<Result<_, _>>()?;
    let Some(first) = judgements.first() else {
        // Nothing was asked, so nothing is permitted.
        return Err(Refusal::NotAvailable);
    };
    let generation = snapshot.generation().get();
    // What the entry keeps is the denial if there is one, else every permit. Of several denials one that is not told comes
    // first: what may be said of one part of a transaction must not show that another part was there to be judged.
    let denials = judgements.iter().filter(|judgement| !judgement.decision.is_permit());
    if let Some(denial) = denials.min_by_key(|denial| denial.decision.basis().told_to_subject().is_some()) {
        trace.decided(denial.basis(generation));
        return Err(denied(denial.decision.basis()));
    }
    if judgements.len() > QUESTIONS_MAX {
        trace.decided(first.basis(generation));
        return Err(after_a_permit(Unreadable::TooManyQuestions));
    }
    trace.decided(DecisionBasis::of(&judgements, generation));
    // Said only now: to a stranger it would tell that the record exists.
    touches.check().map_err(after_a_permit)?;
    let touches = in_pages(worker, &snapshot, subject.asking(at), touches).map_err(after_a_permit)?;
    let ordered = Ordered::all(worker.reader(), &snapshot, &touches, subject.user_id(), at)?;
    Ok(Permit { subject, touches, request, living, arrived: trace.arrived(), ordered })
}

/// Whose pages a search comes in: the store's only if all that it may find may be seen, labelled or not. Asked of what may be
/// found and never of what is, so that the kind of a page tells nothing.
fn in_pages(worker: &Worker, snapshot: &Snapshot, asker: Asker<'_>, touches: Touches) -> Result<Touches, Unreadable> {
    let whose = |touches: &Touches| {
        let sees_all = touches.may_be_found().all(|(person, category)| {
            worker.judge().permits(snapshot, asker, Question::reading(Some(&person), category, true))
        });
        if sees_all { Pages::Stores } else { Pages::Ours }
    };
    if let AnswerKind::Transaction(parts) = &touches.answer
        && parts.iter().any(|part| whose(&part.touches) == Pages::Ours)
    {
        // The store answers all of it at once: nothing can be made of several of its pages there.
        return Err(Unreadable::Interaction(
            "a search within a transaction, where not all that it may find may be seen,",
        ));
    }
    let pages = whose(&touches);
    touches.in_pages(pages)
}

/// Whether this subject may use the service at all, now: what refuses him whatever he asks for (suspended, closed,
/// stopped). Asked before the store is, and before anything could depend on whether a record exists.
///
/// # Errors
/// The rule that refuses him.
pub(super) fn may_use_service(
    worker: &Worker,
    snapshot: &Snapshot,
    subject: &Subject,
    trace: &mut Trace,
) -> Result<(), Refusal> {
    let question = Question::reading(None, Category::Directory, false);
    match worker.judge().ask(snapshot, subject.asking(worker.now()), question) {
        Ok(judgement) if judgement.decision.is_permit() => Ok(()),
        Ok(judgement) => {
            trace.decided(judgement.basis(snapshot.generation().get()));
            Err(denied(judgement.decision.basis()))
        }
        Err(missing) => {
            tracing::info!(%missing, "a fact is missing; refused");
            trace.decided(undecided(worker, snapshot));
            Err(Refusal::NotAvailable)
        }
    }
}

/// What is wrong with a permitted request.
fn after_a_permit(unreadable: Unreadable) -> Refusal {
    match unreadable {
        Unreadable::Stale => Refusal::Stale,
        Unreadable::Several => Refusal::Several,
        Unreadable::Patch(fault) => Refusal::DoesNotFit(fault.to_string()),
        // Of what was permitted only now, nothing was looked up.
        Unreadable::NotThere => Refusal::NotAvailable,
        Unreadable::BodyTooLarge(bytes_max) => Refusal::BodyTooLarge(bytes_max),
        // Whoever may make the whole transaction may know which entry does not fit.
        Unreadable::Entry { number, cause } => match after_a_permit(*cause) {
            Refusal::DoesNotFit(cause) => Refusal::DoesNotFit(format!("entry {number}: {cause}")),
            Refusal::Unreadable(cause) => Refusal::Unreadable(cause.of_entry(number)),
            other => other,
        },
        other => Refusal::Unreadable(other.into()),
    }
}

fn denied(basis: &Basis) -> Refusal {
    match basis.told_to_subject() {
        Some(rule) if rule.articles.iter().any(|article| article.number() == 26) => Refusal::Stopped(Arc::clone(rule)),
        Some(rule) => Refusal::Told(Arc::clone(rule)),
        None => Refusal::NotAvailable,
    }
}

/// No rule could be asked, because a fact was missing. On record is which state of the registry that was, so that it can be
/// shown again (promise P8).
fn undecided(worker: &Worker, snapshot: &Snapshot) -> Arc<DecisionBasis> {
    Arc::new(DecisionBasis {
        rules: "-".to_owned(),
        articles: Article::new(18).to_string(),
        policy_version: worker
            .judge()
            .point(snapshot)
            .map_or_else(|_| "-".to_owned(), |point| point.version().to_string()),
        generation: snapshot.generation().get(),
        ..DecisionBasis::default()
    })
}
