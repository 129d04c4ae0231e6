//! Nothing of a body or of the store goes on record, whatever is wrong with it.

use model::IdError;

use super::*;

/// What somebody might write about a person.
const WORDS: &str = "HIV陽性";

fn causes() -> Vec<Unreadable> {
    let words = || WORDS.to_owned();
    let patch = |cause| PatchFault::Operation { number: 2, name: words(), cause };
    let of_person: [Unclear; 8] = [
        Unclear::NotAPatient { element: "subject", given: words() },
        Unclear::OtherPerson(words()),
        Unclear::ReferenceForm(words()),
        Unclear::ReferenceType(words()),
        Unclear::Logical(words()),
        Unclear::Contained(words()),
        Unclear::ResourceInside(words()),
        Unclear::Attachment(words()),
    ];
    let of_operation = [
        PatchCause::Unknown,
        PatchCause::MorePart(words()),
        PatchCause::Path { path: words(), why: "is empty" },
        PatchCause::Kept(words()),
        PatchCause::Nothing(words()),
        PatchCause::Several(words()),
        PatchCause::NoPlace(words()),
        PatchCause::ThereAlready(words()),
        PatchCause::NotEqual(words()),
        PatchCause::IntoItself(words()),
        PatchCause::NoElement(words()),
        PatchCause::Type { given: words(), element: words() },
        PatchCause::Extended(words()),
    ];
    let of_json = || {
        [
            JsonFault::TwiceNamed(words()),
            JsonFault::Name(words()),
            JsonFault::MappedName(words()),
            JsonFault::Number(words()),
        ]
    };
    let mut causes = vec![
        Unreadable::Method(words()),
        Unreadable::Type(words()),
        Unreadable::Id { given: words(), cause: IdError::Character('陽') },
        Unreadable::Parameter { name: words(), why: "is not served here" },
        Unreadable::Withheld(words()),
    ];
    causes.extend(of_person.map(Unreadable::Person));
    causes.extend(of_operation.map(|cause| Unreadable::Patch(patch(cause))));
    causes.extend(of_json().map(Unreadable::Json));
    causes.extend(of_json().map(|fault| Unreadable::Patch(PatchFault::Json(fault))));
    causes
}

#[test]
fn no_word_of_a_body_goes_on_record() {
    for cause in causes() {
        let entry = Unreadable::Entry { number: 3, cause: Box::new(cause.clone()) };
        // The entry of a Bundle stands in a body, whatever its address.
        for (said, prefix) in [
            (cause.on_record(Words::Body), ""),
            (entry.on_record(Words::Body), "entry 3: "),
            (entry.on_record(Words::Address), "entry 3: "),
        ] {
            let said = said.strip_prefix(prefix).unwrap();
            assert!(said.len() > 8 && !WORDS.chars().any(|word| !word.is_ascii() && said.contains(word)), "{said}");
            assert!(!said.contains("HIV"), "{said}");
        }
        assert!(matches!(cause, Unreadable::Withheld(_)) || cause.to_string().contains(WORDS), "{cause}");
    }
}

#[test]
fn the_words_of_an_address_and_what_we_know_by_name_go_on_record() {
    let parameter = |name: &str| Unreadable::Parameter { name: name.to_owned(), why: "is given twice" };
    for (cause, address, body) in [
        (parameter("nonsense"), "parameter `nonsense` is given twice", "a parameter is given twice"),
        (parameter("patient"), "parameter `patient` is given twice", "parameter `patient` is given twice"),
        (Unreadable::Method("BREW".to_owned()), "method `BREW` is not served here", "a method is not served here"),
        (
            Unreadable::Type("Nonsense".to_owned()),
            "type `Nonsense` is not served: it is no type of FHIR R4",
            "a type is not served: it is no type of FHIR R4",
        ),
        (
            Unreadable::Type("Group".to_owned()),
            "type `Group` is not served: it may be about several persons at once",
            "type `Group` is not served: it may be about several persons at once",
        ),
        (Unreadable::Missing("/text".to_owned()), "parameter `/text` is missing", "parameter `/text` is missing"),
        (
            Unclear::NoPerson("subject").into(),
            "the body names no person in `subject`",
            "the body names no person in `subject`",
        ),
    ] {
        assert_eq!((cause.on_record(Words::Address).as_str(), cause.on_record(Words::Body).as_str()), (address, body));
    }
}
