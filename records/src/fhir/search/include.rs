//! `_include` and `_revinclude`, with `:iterate` (FHIR R4 search.html#revinclude): records that come along because they
//! are linked. On the list are links to the person, to other records of the person, and to the directory; and backwards
//! from records of the person. Wildcards are refused: nobody could say what they ask for.
//!
//! What comes along needs the same permit as a search for it. Is that missing for anybody whom the search names, the search
//! is refused and not answered in part: who asks for something would take silence for "there is none". A search that names
//! nobody is narrowed to those of whom all may be seen.

use super::chain::person_parameter;
use super::record_links::RECORD_LINKS;
use crate::bounds::INCLUDES_MAX;
use crate::error::{Unreadable, quote};
use crate::fhir::parameters::{Value, parameters};
use crate::fhir::types::FhirType;

/// Links that R4 lets lead to one of them only.
const TO_ORGANIZATIONS: [&str; 7] = [
    "Consent:organization",
    "DocumentReference:custodian",
    "Encounter:service-provider",
    "EpisodeOfCare:organization",
    "Patient:organization",
    "PractitionerRole:organization",
    "SupplyRequest:supplier",
];
const TO_PRACTITIONERS: [&str; 14] = [
    "Appointment:actor",
    "Appointment:practitioner",
    "ClinicalImpression:assessor",
    "Condition:asserter",
    "DetectedIssue:author",
    "Encounter:practitioner",
    "EpisodeOfCare:care-manager",
    "MedicationAdministration:performer",
    "NutritionOrder:provider",
    "PractitionerRole:practitioner",
    "RequestGroup:author",
    "RiskAssessment:performer",
    "Specimen:collector",
    "VisionPrescription:prescriber",
];

/// What comes along.
#[derive(Clone, Debug, Default)]
pub(super) struct Includes {
    /// As they are sent on: name and value, each once.
    pub(super) pairs: Vec<(String, String)>,
    /// The types that may come, each once.
    pub(super) types: Vec<FhirType>,
    /// Along which links.
    pub(super) ways: Vec<Way>,
}

/// A link along which something comes: from records of a type to those of another, or backwards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    reverse: bool,
    iterate: bool,
    from: FhirType,
    to: FhirType,
}

impl Way {
    /// Whether what such a record names comes along with it: a record of this type, `Type/id`. The record was searched for, or
    /// came along itself.
    pub(crate) fn leads(&self, from: FhirType, is_match: bool, to: &str) -> bool {
        !self.reverse && self.from == from && (self.iterate || is_match) && self.ends_at(to)
    }

    /// Whether what names such a record comes along with it.
    pub(crate) fn leads_back(&self, to: FhirType, is_match: bool) -> bool {
        self.reverse && self.to == to && (self.iterate || is_match)
    }

    /// Whether a record of this type comes along because it names that one, `Type/id`.
    pub(crate) fn came_back(&self, from: FhirType, to: &str) -> bool {
        self.reverse && self.from == from && self.ends_at(to)
    }

    fn ends_at(&self, name: &str) -> bool {
        name.split('/').next() == Some(self.to.as_str())
    }
}

/// One link, forwards or backwards.
struct Link {
    reverse: bool,
    iterate: bool,
    from: FhirType,
    element: &'static str,
    to: Vec<FhirType>,
}

/// Whether a parameter's name is one of those read here.
pub(super) fn is_include(name: &str) -> bool {
    matches!(name.strip_suffix(":iterate").unwrap_or(name), "_include" | "_revinclude")
}

/// Where a reference parameter of a type leads in the directory; none if it does not lead there.
pub(super) fn directory_link(fhir_type: FhirType, link: &str) -> Option<&'static [FhirType]> {
    directory_links(fhir_type).any(|element| element == link).then(|| in_directory(fhir_type, link))
}

/// `Type:parameter` on the list of a type, without the type.
fn directory_links(fhir_type: FhirType) -> impl Iterator<Item = &'static str> {
    let lists = parameters(fhir_type).iter().filter_map(|parameter| match parameter.value {
        Value::Include(links) => Some(links),
        _ => None,
    });
    lists.flatten().filter_map(|link| link.split_once(':')).map(|(_, element)| element)
}

impl Includes {
    /// Reads all of them together: with `:iterate` one begins where another ends, in whatever order they are given.
    pub(super) fn read(searched: FhirType, given: &[(&str, &str)]) -> Result<Self, Unreadable> {
        let mut links = Vec::with_capacity(given.len());
        for (name, value) in given {
            let fault = |why| Unreadable::Parameter { name: quote(name), why };
            links.push((*name, read_link(name, value).map_err(fault)?));
        }
        let mut includes = Self::default();
        // Whatever begins at what is reached already; anew as long as that reaches further.
        while let Some(at) = links.iter().position(|(_, link)| includes.reaches(searched, link)) {
            let (name, link) = links.swap_remove(at);
            let added = includes.add(&link);
            added.map_err(|why| Unreadable::Parameter { name: quote(name), why })?;
        }
        match links.first() {
            Some((name, _)) => {
                Err(Unreadable::Parameter { name: quote(name), why: "begins at a type that is not found" })
            }
            None => {
                includes.pairs.sort();
                includes.types.sort();
                includes.ways.sort();
                Ok(includes)
            }
        }
    }

    /// Whether what the link begins at is searched for, or (`:iterate`) comes along.
    fn reaches(&self, searched: FhirType, link: &Link) -> bool {
        let reached = |fhir_type: &FhirType| *fhir_type == searched || (link.iterate && self.types.contains(fhir_type));
        if link.reverse { link.to.iter().any(reached) } else { reached(&link.from) }
    }

    fn add(&mut self, link: &Link) -> Result<(), &'static str> {
        let (name, values) = match link.reverse {
            false => {
                let each = link.to.iter().map(|to| format!("{}:{}:{to}", link.from, link.element));
                ("_include", each.collect())
            }
            true => ("_revinclude", vec![format!("{}:{}", link.from, link.element)]),
        };
        let name = if link.iterate { format!("{name}:iterate") } else { name.to_owned() };
        for value in values {
            let pair = (name.clone(), value);
            if self.pairs.contains(&pair) {
                return Err("is given twice");
            }
            if self.pairs.len() == INCLUDES_MAX {
                return Err("asks for too much to come along");
            }
            self.pairs.push(pair);
        }
        let Link { reverse, iterate, from, .. } = *link;
        self.ways.extend(link.to.iter().map(|to| Way { reverse, iterate, from, to: *to }));
        let comes = if link.reverse { std::slice::from_ref(&link.from) } else { link.to.as_slice() };
        for fhir_type in comes {
            if !self.types.contains(fhir_type) {
                self.types.push(*fhir_type);
            }
        }
        Ok(())
    }
}

/// `Type:parameter`, `Type:parameter:Target`.
fn read_link(name: &str, value: &str) -> Result<Link, &'static str> {
    let unknown = "names no link that may be followed";
    let (kind, iterate) = name.strip_suffix(":iterate").map_or((name, false), |kind| (kind, true));
    let reverse = kind == "_revinclude";
    let mut parts = value.split(':');
    let (Some(from), Some(element), to, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(unknown);
    };
    let from = FhirType::parse(from).map_err(|_| unknown)?;
    let (element, mut leads_to) = leads(from, element).ok_or(unknown)?;
    if let Some(to) = to {
        leads_to.retain(|target| target.as_str() == to);
    }
    // Backwards from the directory would be everybody's records.
    if leads_to.is_empty() || (reverse && leads_to.iter().any(|target| target.is_directory())) {
        return Err(unknown);
    }
    Ok(Link { reverse, iterate, from, element, to: leads_to })
}

/// What may be asked to come along with records of a type, `Type:parameter` each.
pub(crate) fn links_from(from: FhirType) -> Vec<String> {
    let person = person_parameter(from).filter(|person| person.name != "_id").map(|person| person.name);
    let records = RECORD_LINKS.iter().filter(|(source, ..)| *source == from).map(|(_, element, _)| *element);
    let mut links: Vec<String> = person
        .into_iter()
        .chain(directory_links(from))
        .chain(records)
        .map(|element| format!("{from}:{element}"))
        .collect();
    links.sort();
    links.dedup();
    links
}

/// The same backwards.
pub(crate) fn links_to(to: FhirType) -> Vec<String> {
    let mut links: Vec<String> = FhirType::ALL.iter().flat_map(|from| links_from(*from)).collect();
    links.retain(|link| read_link("_revinclude", link).is_ok_and(|link| link.to.contains(&to)));
    links
}

/// Whether a link is followed to a type.
#[cfg(test)]
pub(crate) fn leads_to(link: &str, to: FhirType) -> bool {
    read_link("_include", link).is_ok_and(|link| link.to.contains(&to))
}

/// Where a link into the directory leads.
fn in_directory(from: FhirType, element: &str) -> &'static [FhirType] {
    let link = format!("{from}:{element}");
    if TO_ORGANIZATIONS.contains(&link.as_str()) {
        &[FhirType::Organization]
    } else if TO_PRACTITIONERS.contains(&link.as_str()) {
        &[FhirType::Practitioner]
    } else {
        &[FhirType::Organization, FhirType::Practitioner]
    }
}

/// Where a parameter of a type leads, by the name that is sent on.
fn leads(from: FhirType, element: &str) -> Option<(&'static str, Vec<FhirType>)> {
    if let Some(person) = person_parameter(from).filter(|person| person.name != "_id" && person.is_called(element)) {
        return Some((person.name, vec![FhirType::Patient]));
    }
    let mut to = Vec::new();
    let mut name = None;
    if let Some(own) = directory_links(from).find(|own| *own == element) {
        name = Some(own);
        to.extend(in_directory(from, own));
    }
    if let Some((_, own, types)) = RECORD_LINKS.iter().find(|(source, own, _)| *source == from && *own == element) {
        name = Some(own);
        to.extend(types.iter());
    }
    name.map(|name| (name, to))
}
