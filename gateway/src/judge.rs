//! Asking the policy decision point about facts of one snapshot. The same question for a new request, for every
//! resource of an answer, and for what is alive when the registry changes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use model::lifecycle::user_id;
use model::{Action, Authorship, Category, PersonId, RecordName, SerialNumber, Timestamp, UserId, UserKey};
use policy::{Decision, DecisionPoint, Facts, Request, Said, ServiceFacts};
use records::{Authors, Claim};
use registry::{MissingFact, RuleSet, Snapshot};

use crate::bounds::CEDAR_ASKED_EVERY;

mod basis;
mod recent;

pub use basis::DecisionBasis;
use recent::{Asked, Recent};

/// Asks. The rules belong to the state of the registry that the facts are taken from: whatever set a snapshot says is in
/// force decides on that snapshot's facts, so that a change of rules needs no moment of its own.
#[derive(Clone)]
pub struct Judge {
    /// Where the registry has no set of rules in force.
    builtin: Arc<DecisionPoint>,
    /// The set of rules that was asked last, if it was not those built in.
    loaded: Arc<ArcSwapOption<Loaded>>,
    /// Decisions so far; every [`CEDAR_ASKED_EVERY`]th is asked of Cedar too.
    asked: Arc<AtomicU32>,
    /// What was answered a moment ago; none: each question is decided anew.
    recent: Option<Arc<Mutex<Recent>>>,
}

/// A set of rules of the registry, taken into use.
struct Loaded {
    version: String,
    /// None: this program cannot. Everything is refused then (promise P1), and that was said once.
    point: Option<Arc<DecisionPoint>>,
}

impl Loaded {
    fn new(set: &RuleSet) -> Self {
        let point = match set.point() {
            Ok(point) => {
                tracing::info!(version = set.version, "other rules are in force");
                slower(&point);
                Some(Arc::new(point))
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, version = set.version, "the rules in force cannot be used; all is refused");
                None
            }
        };
        Self { version: set.version.clone(), point }
    }

    fn point(&self) -> Result<Arc<DecisionPoint>, MissingFact> {
        self.point.clone().ok_or_else(|| MissingFact::Rules(self.version.clone()))
    }
}

fn slower(point: &DecisionPoint) {
    if let Some(why) = point.why_not_compiled() {
        tracing::warn!(why, "the rules are not compiled; every decision is Cedar's own, which takes longer");
    }
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The user ID.
    pub user_id: &'a UserId,
    /// The human being behind it.
    pub user: &'a UserKey,
    /// With which certificate.
    pub serial: &'a SerialNumber,
    /// When.
    pub at: Timestamp,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Whose record; none for the directory.
    pub person: Option<&'a PersonId>,
    /// What is done.
    pub action: Action,
    /// To which kind of record.
    pub category: Category,
    /// Who wrote the stored version, as it says itself.
    pub authors: &'a Authors,
    /// Whom the version that is written names.
    pub written: &'a Authors,
    /// Whom it names beside them as authors of parts, and the stored version does not.
    pub beneath: &'a [String],
    /// It bears a label of sensitivity.
    pub sensitive: bool,
    /// Which record, where a rule may be about that one only.
    pub record: Option<&'a RecordName>,
}

impl<'a> Question<'a> {
    /// Whether a record may be read, whoever wrote it.
    #[must_use]
    pub const fn reading(person: Option<&'a PersonId>, category: Category, sensitive: bool) -> Self {
        let (authors, written) = (&Authors::Unknown, &Authors::Unknown);
        Self { person, action: Action::Read, category, authors, written, beneath: &[], sensitive, record: None }
    }

    /// How the asker stands to the stored version: its author only where it names him.
    #[must_use]
    pub fn authorship(&self, asker: &Asker<'_>) -> Authorship {
        match self.authors {
            Authors::Unknown => Authorship::Unknown,
            Authors::Named(authors) if has(authors, asker.user) => Authorship::Own,
            Authors::Named(_) | Authors::Unclear => Authorship::Other,
        }
    }

    /// In whose name the asker would write (art. 18, 28). In his own where he is among those whom the new version names; an
    /// update must also name whom the stored version did, and nobody beside them and himself.
    #[must_use]
    pub fn written_as(&self, asker: &Asker<'_>) -> Authorship {
        let replaces = match self.action {
            Action::Read | Action::Search | Action::Delete => return Authorship::Unknown,
            Action::Create => false,
            Action::Update => true,
        };
        // A part of it would stand in somebody else's name.
        if self.beneath.iter().any(|name| name != asker.user.as_str()) {
            return Authorship::Other;
        }
        match (self.authors, self.written) {
            // Who was named may have been anybody, or would be.
            (Authors::Unclear, _) | (_, Authors::Unclear) => Authorship::Other,
            (Authors::Unknown, Authors::Unknown) => Authorship::Unknown,
            // Whoever was named would be left out.
            (Authors::Named(_), Authors::Unknown) => Authorship::Other,
            (stored, Authors::Named(now)) => {
                let stored: &[String] = if let Authors::Named(stored) = stored { stored } else { &[] };
                let kept = stored.iter().all(|author| now.contains(author));
                let added = |author: &String| !stored.contains(author) && author != asker.user.as_str();
                let own = has(now, asker.user) && !(replaces && now.iter().any(added));
                if kept && own { Authorship::Own } else { Authorship::Other }
            }
        }
    }

    /// The questions that a claim comes to: one for each person, or one about the directory.
    pub fn of(claim: &'a Claim) -> impl Iterator<Item = Self> {
        let Claim { action, category, ref authors, ref written, ref beneath, sensitive, ref record, .. } = *claim;
        let record = record.as_ref();
        let question = move |person| Self { person, action, category, authors, written, beneath, sensitive, record };
        let nobodys = claim.persons.is_empty().then(|| question(None));
        claim.persons.iter().map(move |person| question(Some(person))).chain(nobodys)
    }
}

fn has(authors: &[String], user: &UserKey) -> bool {
    authors.iter().any(|author| author == user.as_str())
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
    /// See [`Self::basis`].
    basis: OnceLock<Arc<DecisionBasis>>,
}

impl Judgement {
    /// What it rests on, as the audit entry keeps it, written once. `generation` is the state of the registry that it was made on.
    #[must_use]
    pub fn basis(&self, generation: u64) -> Arc<DecisionBasis> {
        Arc::clone(self.basis.get_or_init(|| Arc::new(DecisionBasis::joined(&[self], generation))))
    }
}

impl AsRef<Self> for Judgement {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Judge {
    /// A judge; `builtin` are the rules where the registry has no others in force.
    #[must_use]
    pub fn new(builtin: Arc<DecisionPoint>) -> Self {
        slower(&builtin);
        Self { builtin, loaded: Arc::default(), asked: Arc::default(), recent: None }
    }

    /// The same judge for one worker, which remembers what it answered about reading a moment ago ([`Recent`]).
    #[must_use]
    pub fn remembering(&self) -> Self {
        Self { recent: Some(Arc::default()), ..self.clone() }
    }

    /// The rules in force in this state of the registry.
    ///
    /// # Errors
    /// This program cannot take them into use.
    pub fn point(&self, snapshot: &Snapshot) -> Result<Arc<DecisionPoint>, MissingFact> {
        let Some((set, _)) = snapshot.rules_in_force() else { return Ok(Arc::clone(&self.builtin)) };
        if let Some(loaded) = self.loaded.load().as_ref().filter(|loaded| loaded.version == set.version) {
            return loaded.point();
        }
        // Some milliseconds, once a change of rules; whoever asks meanwhile does the same and is none the worse for it.
        let loaded = Arc::new(Loaded::new(set));
        self.loaded.store(Some(Arc::clone(&loaded)));
        loaded.point()
    }

    /// Decides on the facts of `snapshot`.
    ///
    /// # Errors
    /// A fact is missing: the caller refuses.
    pub fn ask(
        &self,
        snapshot: &Snapshot,
        asker: Asker<'_>,
        question: Question<'_>,
    ) -> Result<Arc<Judgement>, MissingFact> {
        let Some(recent) = self.recent.as_ref().filter(|_| !question.action.writes()) else {
            return self.decide(snapshot, asker, question).map(Arc::new);
        };
        let recent = || recent.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = Asked::of(&asker, &question);
        if let Some(judgement) = recent().answer(snapshot, asker.at, &asked) {
            return Ok(judgement);
        }
        let judgement = Arc::new(self.decide(snapshot, asker, question)?);
        recent().keep(snapshot, asker.at, asked, &judgement);
        Ok(judgement)
    }

    fn decide(&self, snapshot: &Snapshot, asker: Asker<'_>, question: Question<'_>) -> Result<Judgement, MissingFact> {
        let Asker { user_id, serial, at, .. } = asker;
        let facts = snapshot.facts_of_record(user_id, serial, question.person, question.record, at)?;
        let said = Said {
            authorship: question.authorship(&asker),
            written_as: question.written_as(&asker),
            sensitive: question.sensitive,
        };
        let declared = question.person.is_some_and(|person| snapshot.emergency(user_id, person, at).is_some());
        let request = Request::new(question.action, question.category, at, said).with_break_glass(declared);
        let point = self.point(snapshot)?;
        let decision = self.doubly(&point, &request, &facts);
        if !decision.basis().errors.is_empty() {
            tracing::error!(errors = ?decision.basis().errors, "policy evaluation failed; refused");
        }
        Ok(Judgement { decision, request, facts, basis: OnceLock::new() })
    }

    /// Compiled rules decide; Cedar, whose rules they are, is asked every so often. Should they ever differ, the stricter one
    /// counts, and the officer hears of it.
    fn doubly(&self, point: &DecisionPoint, request: &Request, facts: &Facts) -> Decision {
        let decision = point.decide(request, facts);
        if !self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(CEDAR_ASKED_EVERY) {
            return decision;
        }
        let cedar = point.decide_by_cedar(request, facts);
        let same = decision.is_permit() == cedar.is_permit() && decision.basis().rules == cedar.basis().rules;
        if same {
            return decision;
        }
        tracing::error!(
            compiled = decision.basis().rule_names(),
            cedar = cedar.basis().rule_names(),
            facts = audit::facts::compact(request, facts),
            "compiled rules and Cedar differ; the stricter counts"
        );
        if decision.is_permit() { cedar } else { decision }
    }

    /// Whether the request is permitted; a missing fact is a no.
    #[must_use]
    pub fn permits(&self, snapshot: &Snapshot, asker: Asker<'_>, question: Question<'_>) -> bool {
        self.ask(snapshot, asker, question).is_ok_and(|judgement| judgement.decision.is_permit())
    }

    /// Whether all of a claim is permitted; a missing fact is a no.
    #[must_use]
    pub fn permits_claim(&self, snapshot: &Snapshot, asker: Asker<'_>, claim: &Claim) -> bool {
        Question::of(claim).all(|question| self.permits(snapshot, asker, question))
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
        facts.service = ServiceFacts::EVERYDAY;
        facts.subject.user_id_state = match facts.subject.user_id_state {
            user_id::State::Granted => user_id::State::Active,
            user_id::State::GrantedSuspended => user_id::State::Suspended,
            other => other,
        };
        let point = self.point(snapshot)?;
        Ok(point.decide(&Request::new(Action::Read, Category::Directory, at, Said::NOTHING), &facts))
    }
}

#[cfg(test)]
mod tests;
