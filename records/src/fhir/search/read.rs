//! Reading the parameters of a search: each is found on a list, or understood otherwise, and has one value in its grammar.

use super::include::{self, Includes};
use super::view::View;
use super::{AFTER_THE_LIST, Given, Search, Total, chain, places, value};
use crate::bounds::{PARAMETERS_MAX, SEARCHED_PERSONS_MAX};
use crate::error::{Unreadable, quote};
use crate::fhir::parameters::{Value, parameters};
use crate::fhir::types::FhirType;
use crate::target::Query;

/// A parameter that was found on a list or understood otherwise.
struct Known {
    place: usize,
    name: String,
    value: Value,
}

impl Search {
    /// Reads the parameters.
    pub(super) fn read(fhir_type: FhirType, query: &Query<'_>) -> Result<Self, Unreadable> {
        let list = parameters(fhir_type);
        if list.is_empty() {
            return Err(Unreadable::Interaction("a search of this type"));
        }
        let mut search = Self {
            fhir_type,
            given: Vec::with_capacity(query.0.len() + 1),
            persons: Vec::new(),
            includes: Includes::default(),
            through: Vec::new(),
            view: View::default(),
            total: Total::default(),
            turned: None,
        };
        let mut includes = Vec::new();
        for (name, value) in &query.0 {
            if include::is_include(name) {
                includes.push((*name, value.as_str()));
            } else {
                search.take(name, value)?;
            }
        }
        search.includes = Includes::read(fhir_type, &includes)?;
        search.view.check(&search.found(), !search.includes.types.is_empty())?;
        search.with_defaults();
        search.given.sort();
        search.through.sort();
        if search.given.len() + search.includes.pairs.len() > PARAMETERS_MAX {
            return Err(Unreadable::Target("has too many parameters"));
        }
        Ok(search)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Unreadable> {
        let fault = |why| Unreadable::Parameter { name: quote(name), why };
        let outside = |allowed: String| Unreadable::Value { name: quote(name), allowed };
        let once = |given: bool| if given { Err(fault("is given twice")) } else { Ok(()) };
        match name {
            // Not of FHIR; and a place that we did not give may lie anywhere.
            "_offset" => return Err(fault("is not served; pages are turned by their links")),
            "_elements" | "_summary" => {
                once(self.view != View::Whole)?;
                let read = if name == "_elements" { View::of_elements(value) } else { View::of_summary(value) };
                self.view = read.ok_or_else(|| outside(View::allowed(name)))?;
                return Ok(());
            }
            "_total" => {
                once(self.total != Total::Unsaid)?;
                self.total = Total::read(value).ok_or_else(|| outside("none or accurate".to_owned()))?;
                return Ok(());
            }
            _ => {}
        }
        let known = self.known(name).map_err(fault)?;
        if matches!(known.value, Value::Person) {
            if !self.persons.is_empty() {
                return Err(Unreadable::OnePerson);
            }
            self.persons = value::persons(name, value)?;
            return if self.persons.len() > SEARCHED_PERSONS_MAX { Err(Unreadable::TooManyPersons) } else { Ok(()) };
        }
        let canonical = value::canonical(known.value, value).ok_or_else(|| outside(value::allowed(known.value)))?;
        let same = |given: &&Given| given.place == known.place && given.name == known.name;
        let before: Vec<&str> = self.given.iter().filter(same).map(|given| given.value.as_str()).collect();
        once(!value::may_follow(known.value, &before, &canonical))?;
        self.given.push(Given { place: known.place, name: known.name, value: canonical });
        Ok(())
    }

    /// Finds a parameter by its name: on the list of the type, on that of all types, as a chain, or as a link to the directory.
    fn known(&mut self, name: &str) -> Result<Known, &'static str> {
        if let Some((place, parameter)) = places(self.fhir_type).find(|(_, parameter)| parameter.is_called(name)) {
            return Ok(Known { place, name: parameter.name.to_owned(), value: parameter.value });
        }
        if name.starts_with("_has:") || name.contains('.') {
            let chain = chain::read(self.fhir_type, name)?;
            self.through.push(chain.through);
            return Ok(Known { place: AFTER_THE_LIST, name: chain.name, value: chain.value });
        }
        if name.contains(':') {
            return Err("has a modifier");
        }
        if include::directory_link(self.fhir_type, name).is_some() {
            return Ok(Known { place: AFTER_THE_LIST, name: name.to_owned(), value: Value::Link });
        }
        Err("is not on the list of this type")
    }

    fn with_defaults(&mut self) {
        for parameter in parameters(self.fhir_type) {
            if let Value::Number { default: Some(default), .. } = parameter.value
                && !self.given.iter().any(|given| given.name == parameter.name)
            {
                let (name, value) = (parameter.name.to_owned(), default.to_string());
                self.given.push(Given { place: usize::MAX, name, value });
            }
        }
    }
}
