//! The JSON form of changes, journal entries and whole snapshots, converted by hand: what is written here is kept for
//! years, so it is not left to a derive. `registry/forms.ndjson` holds one of each; a test reads them for ever.
//!
//! Reading is strict: a field too many, too few or of another kind, an unknown word or an unknown kind of change is an
//! error. An entry is never read in part (promise P1).

mod changes;
mod entry;
mod objects;
mod scalars;
mod whole;

#[cfg(test)]
pub(crate) use changes::KINDS;
pub(crate) use entry::{Entry, read_entry, write_entry};
pub(crate) use whole::{read_snapshot, write_snapshot};

use std::fmt;

use serde_json::{Map, Value};

/// A text that is not in the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    /// Where, from the outside in (`changes.0.serial`).
    at: String,
    /// What is wrong there.
    why: String,
}

impl FormError {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { at: String::new(), why: why.into() }
    }

    fn within(self, place: &str) -> Self {
        let at = if self.at.is_empty() { place.to_owned() } else { format!("{place}.{}", self.at) };
        Self { at, why: self.why }
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.why) } else { write!(f, "`{}`: {}", self.at, self.why) }
    }
}

impl std::error::Error for FormError {}

/// A value with a JSON form.
pub(crate) trait Form: Sized {
    /// Writes the form.
    fn write(&self) -> Value;

    /// Reads the form.
    fn read(value: &Value) -> Result<Self, FormError>;

    /// What an absent field means; for most it is an error.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the field is left out.
    fn is_absent(&self) -> bool {
        false
    }

    /// Any value, for tests: the same dice give the same value.
    #[cfg(test)]
    fn any(dice: &mut crate::tests::dice::Dice) -> Self;
}

/// Reads an object field by field, and notices what is left over.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    taken: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Self, FormError> {
        let map = value.as_object().ok_or_else(|| FormError::new("expected an object"))?;
        Ok(Self { map, taken: 0 })
    }

    pub(crate) fn take<T: Form>(&mut self, name: &str) -> Result<T, FormError> {
        match self.map.get(name) {
            Some(value) => {
                self.taken += 1;
                T::read(value).map_err(|error| error.within(name))
            }
            None => T::absent().ok_or_else(|| FormError::new("is missing").within(name)),
        }
    }

    pub(crate) fn finish(self) -> Result<(), FormError> {
        if self.taken == self.map.len() { Ok(()) } else { Err(FormError::new("there are fields too many")) }
    }
}

pub(crate) fn put<T: Form>(map: &mut Map<String, Value>, name: &str, value: &T) {
    if !value.is_absent() {
        map.insert(name.to_owned(), value.write());
    }
}
