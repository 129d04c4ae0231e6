//! `Patient/P-1/$everything` (FHIR R4 patient-operation-everything.html): all records of a person, as far as the subject may
//! see them. The types are always written out: what a store takes for "everything" is its own affair.
//!
//! Each kind of record is a claim of its own. Where the client names types, all of them must be permitted; where not, the
//! search is narrowed to the kinds that are. The person's own entry is always asked about first.

use model::{Category, PersonId};

use super::DATE;
use super::ours::Ours;
use super::page::{Page, Place, Ticket};
use super::view::View;
use super::{Expected, Total};
use crate::bounds::{COUNT_DEFAULT, COUNT_MAX, GATHERED_COUNT};
use crate::error::{Unreadable, quote};
use crate::fhir::date;
use crate::fhir::parameters::{Value, parameters};
use crate::fhir::types::FhirType;
use crate::need::{CategoriesNeeded, Need};
use crate::target::{self, Query};
use crate::touches::{AnswerKind, Claim, Forward, RecordId, RecordRef, Touches};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Everything {
    person: PersonId,
    /// Types that the client named.
    named: Vec<FhirType>,
    /// Only what was changed since.
    since: Option<String>,
    count: u32,
    turned: Option<Ticket>,
}

/// Reads it.
pub(crate) fn read(person: PersonId, query: &Query<'_>) -> Result<Need, Unreadable> {
    Everything::read(person, query)?.next()
}

impl Everything {
    pub(crate) fn read(person: PersonId, query: &Query<'_>) -> Result<Self, Unreadable> {
        let (mut named, mut since, mut count) = (None, None, None);
        for (name, value) in &query.0 {
            let fault = |why| Unreadable::Parameter { name: quote(name), why };
            let outside = |allowed: String| move || Unreadable::Value { name: quote(name), allowed };
            let twice = match *name {
                "_type" => named.replace(types(value).ok_or_else(outside(types_in_words()))?).is_some(),
                "_since" => {
                    // A date without a prefix.
                    let plain = value.starts_with(|c: char| c.is_ascii_digit()) && date::check(value).is_some();
                    since.replace(Some(value.clone()).filter(|_| plain).ok_or_else(outside(DATE.to_owned()))?).is_some()
                }
                "_count" => {
                    let kind = Value::Number { min: 1, max: COUNT_MAX, default: None };
                    let number = super::value::canonical(kind, value).and_then(|number| number.parse().ok());
                    count.replace(number.ok_or_else(outside(super::value::allowed(kind)))?).is_some()
                }
                _ => return Err(fault("does not belong to this operation")),
            };
            if twice {
                return Err(fault("is given twice"));
            }
        }
        let named = named.unwrap_or_default();
        Ok(Self { person, named, since, count: count.unwrap_or(COUNT_DEFAULT), turned: None })
    }

    /// This page of it.
    pub(crate) fn turned_to(mut self, ticket: Ticket) -> Self {
        self.turned = Some(ticket);
        self
    }

    pub(crate) fn next(self) -> Result<Need, Unreadable> {
        if self.named.is_empty() {
            return Ok(Need::Categories(CategoriesNeeded::of(self)));
        }
        let types = self.named.clone();
        Ok(Need::Done(self.over(types, None)))
    }

    /// What may be permitted or not; with the person.
    pub(crate) fn wanted(&self) -> Vec<Claim> {
        categories(&served()).into_iter().map(|category| self.claim(category)).collect()
    }

    /// All records of those kinds that the gateway found to be permitted.
    pub(crate) fn narrowed_to(self, permitted: &[Category]) -> Result<Touches, Unreadable> {
        let types: Vec<FhirType> = served()
            .into_iter()
            // Without the person's own entry nothing is: the decision says why.
            .filter(|fhir_type| *fhir_type == FhirType::Patient || permitted.contains(&fhir_type.category()))
            .collect();
        let names: Vec<&str> = categories(&types).iter().map(|category| category.as_str()).collect();
        let narrowed_to = names.join(",");
        if self.turned.as_ref().is_some_and(|ticket| ticket.narrowed_to.as_deref() != Some(narrowed_to.as_str())) {
            return Err(Unreadable::PageOver);
        }
        Ok(self.over(types, Some(narrowed_to)))
    }

    fn claim(&self, category: Category) -> Claim {
        Claim::search(category, vec![self.person.clone()])
    }

    fn over(self, types: Vec<FhirType>, narrowed_to: Option<String>) -> Touches {
        let asked = self.written(&self.named, 0);
        let first = Forward::get(self.written(&types, 0));
        let here = self.turned.as_ref().map_or(Page::FIRST, |ticket| ticket.page.clone());
        let matches = Self { count: GATHERED_COUNT, ..self.clone() };
        let ours = Ours { target: matches.written(&types, 0), count: self.count, along: None };
        let forward = match &here {
            Page::Stores(Place::Offset(offset)) => Forward::get(self.written(&types, *offset)),
            Page::Stores(Place::Link(link)) => Forward::get(link.clone()),
            Page::Ours(place, _) => ours.at(place),
        };
        let record = RecordRef { id: RecordId::new(self.person.as_str()).ok(), ..RecordRef::all(FhirType::Patient) };
        let main = self.claim(Category::Demographics);
        let touches = Touches::new(main, vec![record], forward, AnswerKind::Bundle);
        let claims = categories(&types).into_iter().map(|category| self.claim(category));
        claims.fold(touches, Touches::and).searching(Expected {
            pages_at: FhirType::Patient,
            // Stores differ in what they call a match here.
            includes: types.clone(),
            ways: Vec::new(),
            by_a_match: false,
            matches: types,
            view: View::Whole,
            total: Total::Unsaid,
            first,
            ours,
            here,
            asked,
            narrowed_to,
        })
    }

    fn written(&self, types: &[FhirType], offset: u32) -> String {
        let names: Vec<&str> = types.iter().map(|fhir_type| fhir_type.as_str()).collect();
        let (names, count, offset) = (names.join(","), self.count.to_string(), offset.to_string());
        let pairs = [
            ("_type", Some(names.as_str()).filter(|names| !names.is_empty())),
            ("_since", self.since.as_deref()),
            ("_count", Some(count.as_str())),
            ("_offset", Some(offset.as_str()).filter(|offset| *offset != "0")),
        ];
        let given = pairs.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        target::build(&format!("/fhir/Patient/{}/$everything", self.person), given)
    }
}

/// Types of persons' records that can be searched for, the person's own entry first.
fn served() -> Vec<FhirType> {
    FhirType::ALL.iter().copied().filter(|one| !one.is_directory() && !parameters(*one).is_empty()).collect()
}

fn types(value: &str) -> Option<Vec<FhirType>> {
    let served = served();
    let mut types = Vec::new();
    for name in value.split(',') {
        let fhir_type = FhirType::parse(name).ok().filter(|one| served.contains(one) && !types.contains(one))?;
        types.push(fhir_type);
    }
    types.sort();
    Some(types)
}

fn types_in_words() -> String {
    let names: Vec<String> = served().iter().map(ToString::to_string).collect();
    format!("one or several of these, with commas, each once: {}", names.join(", "))
}

/// Of these types, each once.
fn categories(types: &[FhirType]) -> Vec<Category> {
    let mut categories = Vec::new();
    for fhir_type in types {
        if !categories.contains(&fhir_type.category()) {
            categories.push(fhir_type.category());
        }
    }
    categories
}
