//! How much of a resource is shown: `_elements` and `_summary` (<https://hl7.org/fhir/R4/search.html#summary>), of a read and
//! of a search alike.

use std::borrow::Cow;

use crate::fhir::outcome::Fault;
use crate::fhir::resource::Resource;
use crate::fhir::types::Kind;

/// What is shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    elements: Vec<String>,
    summary: Summary,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Summary {
    #[default]
    Whole,
    Marked,
    Text,
    Data,
    Count,
}

impl View {
    /// Takes a parameter; false if it is another.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, Fault> {
        match name {
            "_elements" => self.elements.extend(value.split(',').filter(|name| !name.is_empty()).map(str::to_owned)),
            "_summary" => {
                self.summary = match value {
                    "false" => Summary::Whole,
                    "true" => Summary::Marked,
                    "text" => Summary::Text,
                    "data" => Summary::Data,
                    "count" => Summary::Count,
                    _ => return Err(Fault::invalid(format!("`{value}` is no summary"))),
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Out of all parameters of a read.
    pub(crate) fn parse(pairs: &[(String, String)]) -> Result<Self, Fault> {
        let mut view = Self::default();
        for (name, value) in pairs {
            view.take(name, value)?;
        }
        Ok(view)
    }

    /// Everything, as it is stored.
    pub(crate) fn is_whole(&self) -> bool {
        self.elements.is_empty() && self.summary == Summary::Whole
    }

    /// No entries, only how many there are.
    pub(crate) fn is_count(&self) -> bool {
        self.summary == Summary::Count
    }

    /// The part of a resource that is shown.
    pub(crate) fn of<'a>(&self, kind: Kind, body: &'a str) -> Result<Cow<'a, str>, Fault> {
        if self.is_whole() {
            return Ok(body.into());
        }
        let served = kind.served();
        let named = |name: &str| self.elements.iter().any(|element| element.split('.').next() == Some(name));
        let shown = |name: &str| {
            (self.elements.is_empty() || named(name))
                && match self.summary {
                    Summary::Whole | Summary::Count => true,
                    Summary::Marked => served.summary.contains(&name),
                    Summary::Text => name == "text" || served.required.contains(&name),
                    Summary::Data => name != "text",
                }
        };
        Ok(Resource::parse(body.as_bytes())?.part(shown).into())
    }
}
