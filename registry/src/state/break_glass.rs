//! Break-glass (art. 41): off until the city has issued a rule for it, by two officers; and the emergencies that users declare
//! under it.

use model::lifecycle::break_glass;
use model::{PersonId, Profession, Timestamp, UserId};

use super::{Approval, EmergencyId};

/// Who may declare an emergency at all. The rules say it too (`policy/cedar/break-glass.cedar`), and
/// `the_registry_and_the_rules_name_the_same_professions` holds both equal: nobody is to believe that he has opened something
/// that the rules keep shut.
pub const EMERGENCY_PROFESSIONS: [Profession; 2] = [Profession::Doctor, Profession::Nurse];

/// Where break-glass stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// As last moved.
    pub state: break_glass::State,
    /// Name and date of the city's rule, while there is one.
    pub rule: Option<String>,
    /// The officer who entered it, and when.
    pub proposed: Option<Approval>,
    /// The officer who issued it, and when.
    pub issued: Option<Approval>,
}

impl BreakGlass {
    /// As it is until the city decides otherwise.
    pub(crate) const OFF: Self = Self { state: break_glass::State::Off, rule: None, proposed: None, issued: None };
}

/// An emergency that a user declared under the city's rule: he reads about this person what treats, until it ends.
///
/// The person is as typed. Whether there is such a person is not asked, for whoever declares would learn it (promise P4);
/// where there is none, it opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Which.
    pub id: EmergencyId,
    /// Who declared it: this user ID alone. It names a profession and a facility, which other user IDs of the user do not.
    pub user_id: UserId,
    /// About whom.
    pub person: PersonId,
    /// Why, 1 to 200 characters.
    pub reason: String,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// Until when (half-open) it stands, if nobody ends it before.
    pub until: Timestamp,
    /// When it was ended: by the user, or with the rule. It is remembered until its time is over: ending gives no place for
    /// another one, and the officer sees what was declared under a rule that is withdrawn.
    pub ended_at: Option<Timestamp>,
}

impl Emergency {
    /// Stands at `at`.
    #[must_use]
    pub fn stands_at(&self, at: Timestamp) -> bool {
        self.ended_at.is_none() && at < self.until
    }
}
