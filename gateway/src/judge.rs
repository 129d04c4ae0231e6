//! Asking the policy decision point about facts of one snapshot. The same question for a new request, for every
//! resource of an answer, and for what is alive when the registry changes.

use std::sync::Arc;

use model::lifecycle::{service, user_id};
use model::{Action, Category, PersonId, SerialNumber, Timestamp, UserId};
use policy::{Decision, DecisionPoint, Facts, Request, ServiceFacts};
use registry::{MissingFact, Snapshot};

/// Asks.
#[derive(Clone)]
pub struct Judge {
    point: Arc<DecisionPoint>,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub user_id: &'a UserId,
    /// With which certificate.
    pub serial: &'a SerialNumber,
    /// Whose record; none for the directory.
    pub person: Option<&'a PersonId>,
    /// What is done.
    pub action: Action,
    /// To which kind of record.
    pub category: Category,
    /// When.
    pub at: Timestamp,
}

/// An answer, with the facts it rests on.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What was decided.
    pub decision: Decision,
    /// What was asked.
    pub request: Request,
    /// On these facts.
    pub facts: Facts,
}

impl Judge {
    /// A judge over one set of rules.
    #[must_use]
    pub const fn new(point: Arc<DecisionPoint>) -> Self {
        Self { point }
    }

    /// The decision point.
    #[must_use]
    pub fn point(&self) -> &DecisionPoint {
        &self.point
    }

    /// Decides on the facts of `snapshot`.
    ///
    /// # Errors
    /// A fact is missing: the caller refuses.
    pub fn ask(&self, snapshot: &Snapshot, question: Question<'_>) -> Result<Judgement, MissingFact> {
        let facts = snapshot.facts(question.user_id, question.serial, question.person, question.at)?;
        let request = Request { action: question.action, category: question.category, at: question.at };
        let decision = self.point.decide(&request, &facts);
        if !decision.basis().errors.is_empty() {
            tracing::error!(errors = ?decision.basis().errors, "policy evaluation failed; refused");
        }
        Ok(Judgement { decision, request, facts })
    }

    /// Whether the request is permitted; a missing fact is a no.
    #[must_use]
    pub fn permits(&self, snapshot: &Snapshot, question: Question<'_>) -> bool {
        self.ask(snapshot, question).is_ok_and(|judgement| judgement.decision.is_permit())
    }

    /// Whether this user ID with this certificate may use the service at all: the directory, which belongs to nobody,
    /// asked as if the service were running (a stop ends exchanges, not connections or sessions) and as if the first
    /// password had been changed (until it is, the change page is all there is; `authenticate` sees to that).
    ///
    /// # Errors
    /// A fact is missing.
    pub fn standing(
        &self,
        snapshot: &Snapshot,
        user_id: &UserId,
        serial: &SerialNumber,
        at: Timestamp,
    ) -> Result<Decision, MissingFact> {
        let mut facts = snapshot.facts(user_id, serial, None, at)?;
        facts.service = ServiceFacts { state: service::State::Running, disaster: None };
        facts.subject.user_id_state = match facts.subject.user_id_state {
            user_id::State::Granted => user_id::State::Active,
            user_id::State::GrantedSuspended => user_id::State::Suspended,
            other => other,
        };
        Ok(self.point.decide(&Request { action: Action::Read, category: Category::Directory, at }, &facts))
    }
}
