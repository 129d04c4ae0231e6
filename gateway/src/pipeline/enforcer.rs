//! The policy enforcement point of an answer: each resource in it is asked about anew, on the newest facts, for whoever asked
//! for it (promise P4).

use model::{SerialNumber, UserId, UserKey};
use records::{Attributed, Claim, FhirType, Gatekeeper, ResourceAttributes, Touches};
use registry::Snapshot;

use super::authenticate::{PageTurner, Subject};
use crate::attributions::Key;
use crate::judge::{Asker, Question};
use crate::worker::Handle;

/// Whose answer it is, for as long as it goes on: what each question about it says of who asks.
pub struct Requester {
    user_id: UserId,
    user: UserKey,
    serial: SerialNumber,
    /// Whom pages are sealed for.
    turning_pages: PageTurner,
    /// What was permitted.
    claims: Vec<Claim>,
}

impl Requester {
    /// The subject's, with what it was permitted.
    #[must_use]
    pub fn of(subject: &Subject, touches: &Touches) -> Self {
        Self {
            user_id: subject.user_id().clone(),
            user: subject.user().clone(),
            serial: *subject.device().serial(),
            turning_pages: subject.turning_pages(),
            claims: touches.claims().cloned().collect(),
        }
    }

    /// Who asks the policy for this requester, on the facts of one snapshot.
    #[must_use]
    pub fn enforcer<'a>(&'a self, handle: &'a Handle, snapshot: &'a Snapshot) -> Enforcer<'a> {
        Enforcer { requester: self, handle, snapshot, key: None }
    }
}

/// Asks the policy, on the facts of one snapshot.
pub struct Enforcer<'a> {
    requester: &'a Requester,
    handle: &'a Handle,
    snapshot: &'a Snapshot,
    /// Of the octets that were asked about.
    key: Option<Key>,
}

impl Gatekeeper for Enforcer<'_> {
    /// What was just written by right may be shown to its writer; everything else is a read.
    fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool {
        let Requester { user_id, user, serial, claims, .. } = self.requester;
        let ResourceAttributes { person, category, sensitive, written } = *attributes;
        let writes =
            |claim: &&Claim| claim.action.writes() && claim.category == category && claim.persons.contains(person);
        let asker = Asker { user_id, user, serial, at: self.handle.now() };
        let question = match claims.iter().find(writes).filter(|_| written) {
            Some(Claim { action, authors, written, beneath, .. }) => {
                let (action, person) = (*action, Some(person));
                Question { person, action, category, authors, written, beneath, sensitive, record: None }
            }
            None => Question::reading(Some(person), category, sensitive),
        };
        self.handle.judge().permits(self.snapshot, asker, question)
    }

    fn seal_page(&mut self, ticket: &[u8]) -> Option<String> {
        let rules = self.handle.judge().point(self.snapshot).ok()?;
        let sealed = self.handle.sealer().seal_page(&self.requester.turning_pages.under(rules.version()), ticket);
        sealed.inspect_err(|error| tracing::error!(%error, "a page could not be sealed; not offered")).ok()
    }

    fn attributed_before(&mut self, fhir_type: FhirType, body: &[u8]) -> Option<Attributed> {
        self.key = Key::of(fhir_type, body);
        self.handle.attributions().get(&self.key?)
    }

    fn attributed(&mut self, attributed: &Attributed) {
        if let Some(key) = self.key.take() {
            self.handle.attributions().keep(&key, attributed);
        }
    }
}
