//! How an asker stands to a record.

use model::{Action, Authorship, Category, PersonId, SerialNumber, Timestamp, UserId, UserKey};
use records::Authors;

use super::{Asker, Question};

#[test]
fn nobody_is_the_author_who_is_not_named() {
    let (user_id, user) = (UserId::new("U-sato").unwrap(), UserKey::new("K-sato").unwrap());
    let serial = SerialNumber::parse("01").unwrap();
    let asker = Asker { user_id: &user_id, user: &user, serial: &serial, at: Timestamp::from_millis(0) };
    let person = PersonId::new("P-1").unwrap();
    let named = |names: &[&str]| Authors::Named(names.iter().map(|name| (*name).to_owned()).collect());
    for (authors, expected) in [
        (Authors::Unknown, Authorship::Unknown),
        (named(&["K-sato"]), Authorship::Own),
        (named(&["K-kato", "K-sato"]), Authorship::Own),
        (named(&["K-kato"]), Authorship::Other),
        // The user ID is not the human being.
        (named(&["U-sato"]), Authorship::Other),
        // Only others: the person, the family, a facility.
        (named(&[]), Authorship::Other),
        (Authors::Changed, Authorship::Other),
    ] {
        let question = Question { authors: &authors, ..Question::about(Some(&person), Action::Update, Category::Note) };
        assert_eq!(question.authorship(&asker), expected, "{authors:?}");
    }
}

/// A claim asks for each of its persons, with all that is known of the record.
#[test]
fn a_claim_asks_for_every_person() {
    let persons: Vec<PersonId> = ["P-1", "P-2"].iter().map(|id| PersonId::new(id).unwrap()).collect();
    let mut claim = records::Claim::of(Action::Update, Category::Note, persons);
    claim.sensitive = true;
    claim.authors = Authors::Changed;
    let asked: Vec<_> = Question::of(&claim).collect();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|question| question.sensitive && *question.authors == Authors::Changed));
    claim.persons.clear();
    assert_eq!(Question::of(&claim).map(|question| question.person).collect::<Vec<_>>(), [None]);
}
