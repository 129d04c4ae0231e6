//! A set of rules as text: the one that is built in, or one from a folder.

use std::path::Path;

use policy::DecisionPoint;
use policy::point::{RULES, SCHEMA};

use crate::error::BenchError;

/// How the schema's file is called.
pub const SCHEMA_FILE: &str = "schema.cedarschema";

/// Schema and files of a set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// How whoever asked calls it.
    pub name: String,
    /// The schema.
    pub schema: String,
    /// `(name, text)` of each file, in the order in which reasons are given.
    pub files: Vec<(String, String)>,
}

impl Sources {
    /// The rules of the house.
    #[must_use]
    pub fn builtin() -> Self {
        let files = RULES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Self { name: "builtin".to_owned(), schema: SCHEMA.to_owned(), files }
    }

    /// The rules in a folder: `schema.cedarschema`, or the schema of the house where there is none, and every `*.cedar`.
    /// Files called as those of the house come first and in their order, the others by name.
    ///
    /// # Errors
    /// The folder cannot be read, or holds no rules.
    pub fn read(folder: &Path) -> Result<Self, BenchError> {
        let failed = |source| BenchError::File { path: folder.to_owned(), source };
        let (mut schema, mut files) = (SCHEMA.to_owned(), Vec::new());
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name == SCHEMA_FILE {
                schema = text(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "cedar") {
                files.push((name, text(&path)?));
            }
        }
        if files.is_empty() {
            return Err(BenchError::Missing { path: folder.to_owned(), what: "rules (*.cedar)" });
        }
        let place = |name: &str| RULES.iter().position(|(known, _)| *known == name).unwrap_or(RULES.len());
        files.sort_by(|(a, _), (b, _)| (place(a), a).cmp(&(place(b), b)));
        Ok(Self { name: folder.display().to_string(), schema, files })
    }

    /// The decision point of these rules: parsed, validated, linted.
    ///
    /// # Errors
    /// Whatever is not in order.
    pub fn point(&self) -> Result<DecisionPoint, BenchError> {
        let files: Vec<(&str, &str)> = self.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        DecisionPoint::from_sources(&self.schema, &files)
            .map_err(|source| BenchError::Rules { whose: self.name.clone(), source })
    }
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Result<String, BenchError> {
    std::fs::read_to_string(path).map_err(|source| BenchError::File { path: path.to_owned(), source })
}
