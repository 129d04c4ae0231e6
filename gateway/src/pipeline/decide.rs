//! Permit or denial, for every person the request touches. The exchange is entered among the living first and the
//! snapshot is taken afterwards, so that a change between the two is never missed.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use hyper::body::Incoming;
use model::{Article, PersonId, Timestamp};
use policy::{Decision, Facts};
use records::{AnswerKind, Touches};

use super::authenticate::Subject;
use super::extract::Extracted;
use super::trace::{Judged, Trace};
use crate::connection::Client;
use crate::cut::live::{ExchangeBasis, ExchangeEntry, Switch};
use crate::judge::{Judgement, Question};
use crate::refusal::{CertificateProblem, Refusal};
use crate::worker::Worker;

/// Proof: the policy permits this request for every person it touches, on the facts of one snapshot. Holds the
/// exchange's place among the living.
pub struct Permit {
    pub(super) subject: Subject,
    pub(super) touches: Touches,
    pub(super) request: Request<Incoming>,
    pub(super) body: Option<Bytes>,
    pub(super) living: ExchangeEntry,
    pub(super) at: Timestamp,
}

/// Decides.
///
/// # Errors
/// A denial: told where the rule may be told to the subject, else [`Refusal::NotAvailable`].
pub fn decide(
    worker: &Worker,
    client: &Client,
    subject: Subject,
    extracted: Extracted,
    trace: &mut Trace,
) -> Result<Permit, Refusal> {
    let Extracted { touches, request, body } = extracted;
    // A certificate that was unknown when the connection was opened is not among the living: it has to come again.
    let connection = client.living.as_ref().ok_or(Refusal::Certificate(CertificateProblem::Unknown))?;
    let alone = !client.multiplexed || touches.answer == AnswerKind::WebSocket;
    let switch = Arc::new(Switch::new(alone.then(|| client.scissors.clone())));
    let basis = ExchangeBasis {
        serial: *subject.device().serial(),
        device: subject.device().device().clone(),
        user_id: subject.user_id().clone(),
        user: subject.user().clone(),
        facility: subject.facility().clone(),
        session: subject.session().clone(),
        session_over: subject.session_over(),
        persons: touches.persons.clone(),
        action: touches.action,
        category: touches.category,
    };
    let living = worker.live().enter_exchange(worker.number(), &connection.connection, basis, switch);
    let at = worker.now();
    let snapshot = worker.snapshot();
    // From here on a change finds the exchange; what was changed before is in this snapshot.
    subject.device().still_stands(&snapshot, at)?;
    let ask = |person: Option<&PersonId>| {
        let question = Question {
            user_id: subject.user_id(),
            serial: subject.device().serial(),
            person,
            action: touches.action,
            category: touches.category,
            at,
        };
        worker.judge().ask(&snapshot, question).map_err(|missing| {
            tracing::info!(%missing, "a fact is missing; refused");
            Refusal::NotAvailable
        })
    };
    let judgements: Vec<Judgement> = if touches.persons.is_empty() {
        vec![ask(None)?]
    } else {
        touches.persons.iter().map(|person| ask(Some(person))).collect::<Result<_, _>>()?
    };
    // What the entry keeps is the denial if there is one, else the first permit (and how many more there were).
    let telling = judgements.iter().find(|judgement| !judgement.decision.is_permit()).or(judgements.first());
    let Some(telling) = telling else { return Err(Refusal::NotAvailable) };
    trace.judged(judged(telling, snapshot.generation().get(), judgements.len()));
    match &telling.decision {
        Decision::Permit(_) => Ok(Permit { subject, touches, request, body, living, at }),
        Decision::Denial(basis) => Err(match basis.told_to_subject() {
            Some(rule) if rule.articles.iter().any(|article| article.number() == 26) => {
                Refusal::Stopped(Arc::clone(rule))
            }
            Some(rule) => Refusal::Told(Arc::clone(rule)),
            None => Refusal::NotAvailable,
        }),
    }
}

fn judged(judgement: &Judgement, generation: u64, count: usize) -> Judged {
    let basis = judgement.decision.basis();
    let mut rules = basis.rule_names();
    if count > 1 {
        rules.push_str(&format!(" (1 of {count} persons)"));
    }
    Judged {
        rules,
        articles: basis.articles().iter().map(Article::to_string).collect::<Vec<_>>().join(","),
        policy_version: basis.version.to_string(),
        generation,
        facts: short(&judgement.facts),
        disaster: judgement.decision.is_permit()
            && basis.rules.iter().all(|rule| rule.articles.iter().any(|article| article.number() == 21)),
    }
}

/// The facts in one line, so that the entry can be read and replayed.
fn short(facts: &Facts) -> String {
    let Facts { subject, device, resource, service } = facts;
    let mut text = format!(
        "user-id={} profession={} facility={}/{} device={} certificate={} valid={} service={}",
        subject.user_id_state,
        subject.profession,
        subject.facility,
        subject.facility_state,
        device.device,
        device.certificate_state,
        device.certificate_in_validity,
        service.state,
    );
    for (name, set) in [
        ("user-id-suspended", subject.user_id_suspended),
        ("qualification-suspended", subject.qualification_suspended),
        ("facility-suspended", subject.facility_suspended),
        ("device-suspended", device.device_suspended),
        ("device-of-other-facility", device.facility != subject.facility),
    ] {
        if set {
            text.push(' ');
            text.push_str(name);
        }
    }
    if let policy::Resource::Record { person, relation } = resource {
        let relation = match relation {
            policy::Relation::Team(role) => role.as_str(),
            policy::Relation::None => "none",
        };
        text.push_str(&format!(
            " relation={relation} eligible={} consent={} store={} share={} disaster={}",
            person.eligible, person.consent, person.consent_store, person.consent_share, person.consent_disaster
        ));
        if person.person_suspended {
            text.push_str(" person-suspended");
        }
    }
    text
}
