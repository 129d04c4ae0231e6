//! The words of crate `model` as Cedar values, made once, and the check that the schema has exactly these words.
//!
//! A status is an entity of an enumerated type (`ConsentState::"given"`), never a string: the validator then refuses a
//! rule that says "witdrawn", and `Entities` refuses a fact that does.

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, RestrictedExpression, SchemaFragment};
use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Assurance, Authorship, Category, Profession};
use serde_json::Value;

use crate::error::PolicyError;
use crate::facts::Relation;
use crate::point::SCHEMA;

/// One enumeration: a Cedar value for each word, in the order of the words.
struct Words<T> {
    values: Vec<(T, RestrictedExpression)>,
}

impl<T: Copy + PartialEq> Words<T> {
    fn new(kind: &EntityTypeName, all: &[T], text: impl Fn(T) -> &'static str) -> Self {
        let value = |word| RestrictedExpression::new_entity_uid(uid(kind, text(word)));
        Self { values: all.iter().map(|word| (*word, value(*word))).collect() }
    }

    /// Every word is in the list, because the list is `ALL`; a word that were not would be a fact that cannot be told.
    fn get(&self, word: T) -> Option<RestrictedExpression> {
        self.values.iter().find(|(known, _)| *known == word).map(|(_, value)| value.clone())
    }
}

/// Type names, words and fixed entities.
pub(crate) struct Vocabulary {
    pub(crate) user: EntityTypeName,
    pub(crate) device: EntityTypeName,
    pub(crate) facility: EntityTypeName,
    pub(crate) person: EntityTypeName,
    pub(crate) record: EntityTypeName,
    pub(crate) directory: EntityUid,
    pub(crate) service: EntityUid,
    pub(crate) visitor: EntityUid,
    pub(crate) public_page: EntityUid,
    pub(crate) view: EntityUid,
    pub(crate) yes: RestrictedExpression,
    pub(crate) no: RestrictedExpression,
    actions: Vec<(Action, EntityUid)>,
    professions: Words<Profession>,
    user_id_states: Words<user_id::State>,
    facility_states: Words<facility::State>,
    certificate_states: Words<certificate::State>,
    consent_states: Words<consent::State>,
    service_states: Words<service::State>,
    categories: Words<Category>,
    relations: Words<Relation>,
    authorships: Words<Authorship>,
    assurances: Words<Assurance>,
}

impl Vocabulary {
    /// Makes the values and compares the schema's enumerations with ours, both ways.
    pub(crate) fn new(schema: &str) -> Result<Self, PolicyError> {
        check(schema)?;
        let action = kind("Action")?;
        Ok(Self {
            user: kind("User")?,
            device: kind("Device")?,
            facility: kind("Facility")?,
            person: kind("Person")?,
            record: kind("Record")?,
            directory: uid(&kind("Directory")?, "all"),
            service: uid(&kind("Service")?, "service"),
            visitor: uid(&kind("Visitor")?, "anyone"),
            public_page: uid(&kind("PublicPage")?, "all"),
            view: uid(&action, "view"),
            yes: RestrictedExpression::new_bool(true),
            no: RestrictedExpression::new_bool(false),
            actions: Action::ALL.iter().map(|word| (*word, uid(&action, word.as_str()))).collect(),
            professions: Words::new(&kind("Profession")?, Profession::ALL, Profession::as_str),
            user_id_states: Words::new(&kind("UserIdState")?, user_id::State::ALL, user_id::State::as_str),
            facility_states: Words::new(&kind("FacilityState")?, facility::State::ALL, facility::State::as_str),
            certificate_states: Words::new(
                &kind("CertificateState")?,
                certificate::State::ALL,
                certificate::State::as_str,
            ),
            consent_states: Words::new(&kind("ConsentState")?, consent::State::ALL, consent::State::as_str),
            service_states: Words::new(&kind("ServiceState")?, service::State::ALL, service::State::as_str),
            categories: Words::new(&kind("Category")?, &categories(), Category::as_str),
            relations: Words::new(&kind("TeamRole")?, Relation::ALL, Relation::as_str),
            authorships: Words::new(&kind("Authorship")?, Authorship::ALL, Authorship::as_str),
            assurances: Words::new(&kind("Assurance")?, Assurance::ALL, Assurance::as_str),
        })
    }

    pub(crate) fn bool(&self, value: bool) -> RestrictedExpression {
        if value { self.yes.clone() } else { self.no.clone() }
    }

    pub(crate) fn action(&self, word: Action) -> Option<EntityUid> {
        self.actions.iter().find(|(known, _)| *known == word).map(|(_, uid)| uid.clone())
    }

    pub(crate) fn profession(&self, word: Profession) -> Option<RestrictedExpression> {
        self.professions.get(word)
    }

    pub(crate) fn user_id_state(&self, word: user_id::State) -> Option<RestrictedExpression> {
        self.user_id_states.get(word)
    }

    pub(crate) fn facility_state(&self, word: facility::State) -> Option<RestrictedExpression> {
        self.facility_states.get(word)
    }

    pub(crate) fn certificate_state(&self, word: certificate::State) -> Option<RestrictedExpression> {
        self.certificate_states.get(word)
    }

    pub(crate) fn consent_state(&self, word: consent::State) -> Option<RestrictedExpression> {
        self.consent_states.get(word)
    }

    pub(crate) fn service_state(&self, word: service::State) -> Option<RestrictedExpression> {
        self.service_states.get(word)
    }

    /// None for [`Category::Directory`]: the directory is no record of a person.
    pub(crate) fn category(&self, word: Category) -> Option<RestrictedExpression> {
        self.categories.get(word)
    }

    pub(crate) fn relation(&self, word: Relation) -> Option<RestrictedExpression> {
        self.relations.get(word)
    }

    pub(crate) fn authorship(&self, word: Authorship) -> Option<RestrictedExpression> {
        self.authorships.get(word)
    }

    pub(crate) fn assurance(&self, word: Assurance) -> Option<RestrictedExpression> {
        self.assurances.get(word)
    }
}

/// An entity's name in Cedar. Any text is allowed: it is a value here, never parsed.
pub(crate) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn kind(name: &str) -> Result<EntityTypeName, PolicyError> {
    EntityTypeName::from_str(name).map_err(|error| PolicyError::Misfit(error.to_string()))
}

fn categories() -> Vec<Category> {
    Category::ALL.iter().copied().filter(|category| *category != Category::Directory).collect()
}

/// Every enumeration of ours stands in the schema with exactly our words: one word fewer and a fact could not be told,
/// one word more and a rule could wait for something that never comes.
fn check(schema: &str) -> Result<(), PolicyError> {
    macro_rules! texts {
        ($kind:ty) => {
            <$kind>::ALL.iter().map(|word| word.as_str()).collect::<BTreeSet<_>>()
        };
    }
    let ours: [(&str, BTreeSet<&str>); 10] = [
        ("Profession", texts!(Profession)),
        ("UserIdState", texts!(user_id::State)),
        ("FacilityState", texts!(facility::State)),
        ("CertificateState", texts!(certificate::State)),
        ("ConsentState", texts!(consent::State)),
        ("ServiceState", texts!(service::State)),
        ("Category", categories().into_iter().map(Category::as_str).collect()),
        ("TeamRole", Relation::ALL.iter().map(|relation| relation.as_str()).collect()),
        ("Authorship", texts!(Authorship)),
        ("Assurance", texts!(Assurance)),
    ];
    let wrong = |text: String| PolicyError::Words(text);
    let json = form(schema)?;
    for (name, words) in ours {
        let pointer = format!("//entityTypes/{name}/enum");
        let listed = json.pointer(&pointer).and_then(Value::as_array);
        let listed = listed.ok_or_else(|| wrong(format!("`{name}` is no enumeration there")))?;
        let theirs: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
        if theirs != words {
            let odd: Vec<&str> = theirs.symmetric_difference(&words).copied().collect();
            return Err(wrong(format!("`{name}` differs in `{}`", odd.join("`, `"))));
        }
    }
    Ok(())
}

/// Whether the schema is the one of the house, but for blanks and remarks. Rules bring their schema along, and whatever is
/// proved, compared and compiled is so for the kinds of request and the facts that it names: under a schema that left out
/// `search` of records nothing would be asked about a rule that opens it to everybody.
pub(crate) fn of_the_house(schema: &str) -> Result<(), PolicyError> {
    match difference(&form(SCHEMA)?, &form(schema)?) {
        None => Ok(()),
        Some(place) => Err(PolicyError::OtherSchema(place.join("."))),
    }
}

/// Cedar's JSON form of a schema.
fn form(schema: &str) -> Result<Value, PolicyError> {
    let (fragment, _) =
        SchemaFragment::from_cedarschema_str(schema).map_err(|error| PolicyError::Words(error.to_string()))?;
    fragment.to_json_value().map_err(|error| PolicyError::Misfit(error.to_string()))
}

/// The names that lead to the first difference.
fn difference<'a>(ours: &'a Value, theirs: &'a Value) -> Option<Vec<&'a str>> {
    let (Some(one), Some(other)) = (ours.as_object(), theirs.as_object()) else {
        return (ours != theirs).then(Vec::new);
    };
    let names: BTreeSet<&str> = one.keys().chain(other.keys()).map(String::as_str).collect();
    names.into_iter().find_map(|name| {
        let mut place = match (one.get(name), other.get(name)) {
            (Some(ours), Some(theirs)) => difference(ours, theirs)?,
            _ => Vec::new(),
        };
        // The house has no namespaces.
        if !name.is_empty() {
            place.insert(0, name);
        }
        Some(place)
    })
}
