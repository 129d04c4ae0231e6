//! Whose is this resource? One element decides per type, in one allowed form: `{"reference": "Patient/ID"}`.
//!
//! Not allowed, because somebody else would have to resolve it: absolute URLs, versioned references, contained subjects,
//! conditional references (`Patient?identifier=`), logical references (an identifier only), a display only.

use model::PersonId;

use super::types::{FhirType, PersonElement};
use crate::bounds::CONTAINED_MAX;
use crate::error::quote;
use crate::json::{Json, Object};

/// Whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Person(PersonId),
    /// Nobody's: names of professionals and facilities.
    Directory,
}

/// Why it cannot be told whose a resource is, or why it is nobody's alone. Reads behind "the body ...".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unclear {
    /// The element that names the person is missing, repeated or of another shape.
    #[error("names no person in `{0}`")]
    NoPerson(&'static str),
    /// It names something else than a Patient in the plain form.
    #[error("names `{given}` in `{element}`, which is no reference of the form Patient/ID")]
    NotAPatient {
        /// Where.
        element: &'static str,
        /// What.
        given: String,
    },
    /// A list of those who take part names a Patient more than once.
    #[error("names more than one person in `{0}`")]
    SeveralPersons(&'static str),
    /// It refers to another person.
    #[error("refers to another person: `{0}`")]
    OtherPerson(String),
    /// A reference in a form that is not read: absolute, versioned, conditional, into nowhere.
    #[error("holds reference `{0}`, whose form is not allowed")]
    ReferenceForm(String),
    /// A reference to a type that is not served.
    #[error("refers to `{0}`, a type that may not be referred to")]
    ReferenceType(String),
    /// A reference by identifier or name only.
    #[error("holds a reference without a target in `{0}`")]
    Logical(String),
    /// A contained resource of a kind that may not be contained.
    #[error("contains a `{0}`, which may not be contained")]
    Contained(String),
    /// A resource where none belongs.
    #[error("holds a resource inside `{0}`")]
    ResourceInside(String),
    /// More links to other records than can be looked up.
    #[error("links to too many records")]
    TooManyLinks,
    /// It contains more resources than any needs.
    #[error("contains more than {CONTAINED_MAX} resources")]
    TooMuchContained,
    /// An attachment by a URL that is not a Binary of this store.
    #[error("attaches `{0}`, which is no Binary of this store")]
    Attachment(String),
}

/// Reads the element that decides.
pub(crate) fn owner(resource: &Object<'_>, fhir_type: FhirType) -> Result<Owner, Unclear> {
    match fhir_type.person_element() {
        PersonElement::None => Ok(Owner::Directory),
        PersonElement::OwnId => {
            let id = resource.text("id").ok_or(Unclear::NoPerson("id"))?;
            PersonId::new(id).map(Owner::Person).map_err(|_| not_a_patient("id", id))
        }
        PersonElement::Reference(element) => {
            let reference = resource.get(element).and_then(Json::object).ok_or(Unclear::NoPerson(element))?;
            named(element, reference).map(Owner::Person)
        }
        PersonElement::OneOf(list, element) => {
            let parts = resource.get(list).and_then(Json::list).ok_or(Unclear::NoPerson(list))?;
            one_of(parts, list, element).map(Owner::Person)
        }
    }
}

fn named(element: &'static str, reference: &Object<'_>) -> Result<PersonId, Unclear> {
    let given = reference.text("reference").ok_or(Unclear::NoPerson(element))?;
    if reference.get("type").is_some_and(|fhir_type| fhir_type.text() != Some("Patient")) {
        return Err(not_a_patient(element, given));
    }
    patient(given).ok_or_else(|| not_a_patient(element, given))
}

/// The one Patient among those who take part. Each of the others must be somebody else beyond doubt: a plain reference of
/// another type. Who takes part without being named counts for nobody (FHIR R4 allows a role without an actor).
fn one_of(parts: &[Json<'_>], list: &'static str, element: &'static str) -> Result<PersonId, Unclear> {
    let mut person = None;
    for part in parts {
        let part = part.object().ok_or(Unclear::NoPerson(list))?;
        let Some(reference) = part.get(element) else { continue };
        let reference = reference.object().ok_or(Unclear::NoPerson(element))?;
        let given = reference.text("reference").ok_or(Unclear::NoPerson(element))?;
        let kind = given.split_once('/').map_or("", |(kind, _)| kind);
        let plain = !kind.is_empty() && kind != "Patient" && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
        if plain && reference.text("type").is_none_or(|claimed| claimed == kind) {
            continue;
        }
        if person.replace(named(element, reference)?).is_some() {
            return Err(Unclear::SeveralPersons(list));
        }
    }
    person.ok_or(Unclear::NoPerson(list))
}

/// `Patient/ID`, and nothing else.
pub(crate) fn patient(reference: &str) -> Option<PersonId> {
    PersonId::new(reference.strip_prefix("Patient/")?).ok()
}

fn not_a_patient(element: &'static str, given: &str) -> Unclear {
    Unclear::NotAPatient { element, given: quote(given) }
}
