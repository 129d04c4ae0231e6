//! What other rules would have done to what was decided: who gains, who loses. Recorded decisions are made again from the
//! facts they rested on (promise P8).

use std::collections::BTreeMap;

use model::{Action, FacilityId, Profession};
use policy::{DecisionPoint, Facts, Request};

/// Most entries named as examples of each way.
const EXAMPLES_MAX: usize = 3;

/// Entries of one profession at one facility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Decided alike.
    pub same: u64,
    /// Refused then, permitted by the new rules.
    pub gains: u64,
    /// Permitted then, refused by the new rules.
    pub loses: u64,
}

/// Whose entries are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Of this profession.
    pub profession: Profession,
    /// At this facility.
    pub facility: FacilityId,
    /// Who did this.
    pub action: Action,
}

/// A replay, entry by entry.
#[derive(Debug)]
pub struct Replay<'a> {
    old: &'a DecisionPoint,
    new: &'a DecisionPoint,
    /// What became of each group.
    pub groups: BTreeMap<Group, Tally>,
    /// Entries as examples of what would be gained, by the name the caller gave them; the first ones.
    pub gained: Vec<String>,
    /// The same of what would be lost.
    pub lost: Vec<String>,
    /// Refused, though the old rules permit it: for another reason than the rules, such as a limit. Rules change nothing there.
    pub refused_otherwise: u64,
    /// Permitted, though the old rules refuse it: other rules were in force. Counted in `groups` by what happened.
    pub by_other_rules: u64,
}

impl<'a> Replay<'a> {
    /// Nothing replayed yet. `old` are the rules in force.
    #[must_use]
    pub const fn new(old: &'a DecisionPoint, new: &'a DecisionPoint) -> Self {
        Self {
            old,
            new,
            groups: BTreeMap::new(),
            gained: Vec::new(),
            lost: Vec::new(),
            refused_otherwise: 0,
            by_other_rules: 0,
        }
    }

    /// One entry: the decisions it rested on, every one of which had to be a permit, and what came of it.
    pub fn add(&mut self, name: &str, decisions: &[(Request, Facts)], permitted: bool) {
        let Some((request, facts)) = decisions.first() else { return };
        let by =
            |point: &DecisionPoint| decisions.iter().all(|(request, facts)| point.decide(request, facts).is_permit());
        match (permitted, by(self.old)) {
            (false, true) => {
                self.refused_otherwise = self.refused_otherwise.saturating_add(1);
                return;
            }
            (true, false) => self.by_other_rules = self.by_other_rules.saturating_add(1),
            _ => {}
        }
        let group = Group {
            profession: facts.subject.profession,
            facility: facts.subject.facility.clone(),
            action: request.action,
        };
        let tally = self.groups.entry(group).or_default();
        let (count, examples) = match (permitted, by(self.new)) {
            (false, true) => (&mut tally.gains, Some(&mut self.gained)),
            (true, false) => (&mut tally.loses, Some(&mut self.lost)),
            _ => (&mut tally.same, None),
        };
        *count = count.saturating_add(1);
        if let Some(examples) = examples.filter(|examples| examples.len() < EXAMPLES_MAX) {
            examples.push(name.to_owned());
        }
    }

    /// All groups together.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.groups.values().fold(Tally::default(), |sum, tally| Tally {
            same: sum.same.saturating_add(tally.same),
            gains: sum.gains.saturating_add(tally.gains),
            loses: sum.loses.saturating_add(tally.loses),
        })
    }
}
