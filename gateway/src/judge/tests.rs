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
        (named(&["Patient/P-1"]), Authorship::Other),
        (named(&["Organization/K-sato"]), Authorship::Other),
        (Authors::Unclear, Authorship::Other),
    ] {
        let question = Question { authors: &authors, ..Question::reading(Some(&person), Category::Note, false) };
        assert_eq!(question.authorship(&asker), expected, "{authors:?}");
    }
}

/// Art. 18, 28: by what the stored version names and what the new one does.
#[test]
fn a_record_names_its_writer_or_nobody() {
    use Authorship::{Other, Own, Unknown};
    let (user_id, user) = (UserId::new("U-sato").unwrap(), UserKey::new("K-sato").unwrap());
    let serial = SerialNumber::parse("01").unwrap();
    let asker = Asker { user_id: &user_id, user: &user, serial: &serial, at: Timestamp::from_millis(0) };
    let read = |names: &str| match names {
        "-" => Authors::Unknown,
        "?" => Authors::Unclear,
        names => Authors::Named(names.split(' ').map(str::to_owned).collect()),
    };
    for (action, stored, now, expected) in [
        (Action::Create, "-", "-", Unknown),
        (Action::Create, "-", "?", Other),
        (Action::Create, "-", "K-sato", Own),
        (Action::Create, "-", "K-sato Organization/F-1", Own),
        (Action::Create, "-", "K-kato K-sato", Own),
        (Action::Create, "-", "K-kato", Other),
        (Action::Create, "-", "U-sato", Other),
        (Action::Create, "-", "Patient/P-1", Other),
        (Action::Update, "K-sato", "K-sato", Own),
        (Action::Update, "K-kato K-sato", "K-kato K-sato", Own),
        // Handed to somebody else, or put under one more name.
        (Action::Update, "K-sato", "K-kato", Other),
        (Action::Update, "K-sato", "K-kato K-sato", Other),
        (Action::Update, "K-sato", "K-sato Patient/P-1", Other),
        (Action::Update, "K-kato K-sato", "K-sato", Other),
        (Action::Update, "K-sato", "-", Other),
        (Action::Update, "K-sato", "?", Other),
        // Words of somebody else's: no name makes them one's own but beside his.
        (Action::Update, "K-kato", "K-kato", Other),
        (Action::Update, "K-kato", "K-sato", Other),
        (Action::Update, "K-kato", "K-kato K-sato", Own),
        (Action::Update, "-", "K-sato", Own),
        (Action::Update, "-", "K-kato K-sato", Other),
        (Action::Update, "-", "-", Unknown),
        (Action::Update, "?", "K-sato", Other),
        (Action::Update, "?", "?", Other),
        // What writes nothing has no name to write in.
        (Action::Read, "K-kato", "-", Unknown),
        (Action::Delete, "K-kato", "-", Unknown),
    ] {
        let (authors, written) = (read(stored), read(now));
        let question =
            Question { action, authors: &authors, written: &written, ..Question::reading(None, Category::Note, false) };
        assert_eq!(question.written_as(&asker), expected, "{action}: {stored} -> {now}");
    }
}

/// A claim asks for each of its persons, with all that is known of the record.
#[test]
fn a_claim_asks_for_every_person() {
    let persons: Vec<PersonId> = ["P-1", "P-2"].iter().map(|id| PersonId::new(id).unwrap()).collect();
    let mut claim = records::Claim::read(Category::Note, persons, true);
    claim.authors = Authors::Unclear;
    let asked: Vec<_> = Question::of(&claim).collect();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|question| question.sensitive && *question.authors == Authors::Unclear));
    claim.persons.clear();
    assert_eq!(Question::of(&claim).map(|question| question.person).collect::<Vec<_>>(), [None]);
}
