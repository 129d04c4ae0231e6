//! Persons: consent, care teams, deletions, emergencies.

use model::lifecycle::break_glass as break_glass_lifecycle;
use model::{PersonId, Profession, RecordName, Timestamp, UserId, UserKey};

use super::Snapshot;
use crate::state::{
    BreakGlass, Consent, Deleted, DeletionId, DeletionOrder, EMERGENCY_PROFESSIONS, Emergency, Membership, Person,
};

impl Snapshot {
    /// A person.
    #[must_use]
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.tables.persons.get(id).map(AsRef::as_ref)
    }

    /// All persons, in no particular order.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        self.tables.persons.values().map(AsRef::as_ref)
    }

    /// A person's consent; none before any form or withdrawal.
    #[must_use]
    pub fn consent(&self, person: &PersonId) -> Option<&Consent> {
        self.tables.consents.get(person).map(AsRef::as_ref)
    }

    /// Memberships of a user on a person's team, present and future (past ones until the next `Tick`).
    pub fn memberships(&self, person: &PersonId, user: &UserKey) -> impl Iterator<Item = &Membership> {
        self.team(person).filter(move |membership| membership.user == *user)
    }

    /// A person's care team, present and future (past ones until the next `Tick`).
    pub fn team(&self, person: &PersonId) -> impl Iterator<Item = &Membership> {
        self.tables.teams.get(person).into_iter().flat_map(|team| team.iter()).map(AsRef::as_ref)
    }

    /// A user's memberships on all teams, in the order they were entered.
    pub fn persons_of(&self, user: &UserKey) -> impl Iterator<Item = &Membership> {
        let memberships = self.tables.memberships_of.get(user);
        memberships.into_iter().flat_map(imbl::OrdMap::values).map(AsRef::as_ref)
    }

    /// All deletion orders, in the order they were given, past ones included.
    pub fn deletions(&self) -> impl Iterator<Item = &DeletionOrder> {
        self.tables.deletions.values().map(AsRef::as_ref)
    }

    /// A deletion order.
    #[must_use]
    pub fn deletion(&self, id: DeletionId) -> Option<&DeletionOrder> {
        self.tables.deletions.get(&id).map(AsRef::as_ref)
    }

    /// All deletion orders about a person, in the order they were given, past ones included.
    pub fn deletions_of(&self, person: &PersonId) -> impl Iterator<Item = &DeletionOrder> {
        let ids = self.tables.deletions_of.get(person);
        ids.into_iter().flat_map(|ids| ids.iter()).filter_map(|id| self.deletion(*id))
    }

    /// What was deleted under an order, by record.
    pub fn deleted_under(&self, order: DeletionId) -> impl Iterator<Item = &Deleted> {
        let records = self.tables.deleted.get(&order);
        records.into_iter().flat_map(|records| records.values()).map(AsRef::as_ref)
    }

    /// The orders in force at `at` that name this user ID and cover this record of the person (none: a record that is not known).
    pub fn deletion_orders(
        &self,
        person: &PersonId,
        record: Option<&RecordName>,
        user_id: &UserId,
        at: Timestamp,
    ) -> impl Iterator<Item = &DeletionOrder> {
        let holds =
            move |order: &&DeletionOrder| order.executor == *user_id && order.covers(record) && order.holds_at(at);
        self.deletions_of(person).filter(holds)
    }

    /// Where break-glass stands (art. 41).
    #[must_use]
    pub fn break_glass(&self) -> &BreakGlass {
        &self.tables.break_glass
    }

    /// All emergencies that are remembered, in the order they were declared (those that are over until the next `Tick`).
    pub fn emergencies(&self) -> impl Iterator<Item = &Emergency> {
        self.tables.emergencies.values().map(AsRef::as_ref)
    }

    /// Those of a user ID.
    pub fn emergencies_of(&self, user_id: &UserId) -> impl Iterator<Item = &Emergency> {
        let ids = self.tables.emergencies_of.get(user_id);
        ids.into_iter().flat_map(|ids| ids.iter()).filter_map(|id| self.tables.emergencies.get(id)).map(AsRef::as_ref)
    }

    /// The emergency about this person that this user ID has declared and that stands at `at`.
    #[must_use]
    pub fn emergency(&self, user_id: &UserId, person: &PersonId, at: Timestamp) -> Option<&Emergency> {
        self.emergencies_of(user_id).find(|one| one.person == *person && one.stands_at(at))
    }

    /// Whether somebody of this profession may declare an emergency: the city has issued its rule, and the profession treats.
    #[must_use]
    pub fn may_declare_emergency(&self, profession: Profession) -> bool {
        self.break_glass().state == break_glass_lifecycle::State::Issued && EMERGENCY_PROFESSIONS.contains(&profession)
    }
}
