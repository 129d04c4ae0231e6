//! Which records can be removed at all: for whoever orders it, before anybody tries.

use model::{Action, Category, IdError, RecordName};

use super::Reader;
use crate::fhir::refused;
use crate::fhir::types::FhirType;

/// Why there can be no such record, or none that is removed through the gateway. Each says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRemovable {
    /// No record of the gateway's has such an id.
    #[error("`{name}` names no record: {cause}")]
    Id {
        /// What was given.
        name: RecordName,
        /// What is wrong with the part behind the slash.
        cause: IdError,
    },
    /// A type that is not served.
    #[error("type `{given}` is not served: it {why}; allowed are {allowed}")]
    Type {
        /// What was given.
        given: String,
        /// Why not.
        why: &'static str,
        /// What can be removed.
        allowed: String,
    },
    /// Names of professionals and facilities are about nobody: no person's records are among them.
    #[error("`{given}` is directory and no record of a person; allowed are {allowed}")]
    Directory {
        /// What was given.
        given: String,
        /// What can be removed.
        allowed: String,
    },
    /// No route of any map removes such a record, or there is no such kind.
    #[error("no route map has a route that removes a `{given}`; allowed are {allowed}")]
    Kind {
        /// What was given.
        given: String,
        /// What can be removed.
        allowed: String,
    },
}

impl Reader {
    /// Whether a record of this name could be there and be removed, as far as names tell.
    ///
    /// # Errors
    /// See [`NotRemovable`].
    pub fn is_removable(&self, name: &RecordName) -> Result<(), NotRemovable> {
        let (kind, id) = name.parts();
        model::id::check(id).map_err(|cause| NotRemovable::Id { name: name.clone(), cause })?;
        let (given, allowed) = (kind.to_owned(), self.what_is_removable());
        if kind.contains('.') {
            let known = self.kinds_removed().any(|removed| removed == kind);
            return if known { Ok(()) } else { Err(NotRemovable::Kind { given, allowed }) };
        }
        match FhirType::parse(kind) {
            Ok(fhir_type) if fhir_type.category() == Category::Directory => {
                Err(NotRemovable::Directory { given, allowed })
            }
            Ok(_) => Ok(()),
            Err(_) => Err(NotRemovable::Type { why: refused::why(kind), given, allowed }),
        }
    }

    /// The kinds of the maps that a route removes records of, such as `notes.entry`.
    fn kinds_removed(&self) -> impl Iterator<Item = String> {
        let of_a_map = |map: &super::RouteMap| {
            let removing = map.routes.iter().filter(|route| route.action == Action::Delete);
            removing.filter_map(|route| Some(map.kind(route)?.record.to_string())).collect::<Vec<_>>()
        };
        self.maps.iter().flat_map(move |map| of_a_map(map))
    }

    fn what_is_removable(&self) -> String {
        let mut kinds: Vec<String> = self.kinds_removed().map(|kind| format!("`{kind}`")).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let fhir = "the types of FHIR that are served, such as `Observation`";
        if kinds.is_empty() { fhir.to_owned() } else { format!("{fhir}, and of the route maps {}", kinds.join(", ")) }
    }
}
