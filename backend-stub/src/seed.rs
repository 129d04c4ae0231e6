//! Filling an empty store: one resource per line, with the ids it comes with.

use bytes::Bytes;

use crate::error::StubError;
use crate::fhir::interaction::{Interaction, Site, is_id, transact};
use crate::fhir::outcome::Fault;
use crate::fhir::resource::Resource;
use crate::fhir::search::pages::Pages;
use crate::options::{Paging, Seed};
use crate::store::Store;

/// The small set in the tree; made by `data/generate.py`.
const BUILT_IN: &str = include_str!("../data/seed.ndjson");

/// Fills `store` if nothing was ever in it: all of the seed or nothing.
pub(crate) fn fill(store: &Store, seed: &Seed) -> Result<(), StubError> {
    if !store.is_empty()? {
        return Ok(());
    }
    let text = match seed {
        Seed::Empty => return Ok(()),
        Seed::BuiltIn => BUILT_IN.to_owned(),
        Seed::File(file) => {
            std::fs::read_to_string(file).map_err(|source| StubError::File { file: file.clone(), source })?
        }
    };
    // Nothing is answered, so no link is made.
    let pages = Pages::new(Paging::Offset);
    let site = Site { base: "", pages: &pages };
    let mut at = 0;
    transact(store, |db, written| {
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            at = number;
            let resource = Resource::parse(line.as_bytes())?;
            let id = resource.text("id").filter(|id| is_id(id)).ok_or_else(|| Fault::invalid("it has no id"))?;
            let body = Bytes::copy_from_slice(line.as_bytes());
            let create = Interaction::Create { kind: resource.kind()?, id: Some(id), unless: None, body, blob: None };
            create.perform(db, site, written)?;
        }
        if matches!(seed, Seed::BuiltIn) {
            crate::notes::entries::fill(db).map_err(|(line, why)| {
                at = line;
                Fault::invalid(why)
            })?;
        }
        Ok(())
    })
    .map_err(|fault| StubError::Seed { line: at, why: fault.text })?;
    Ok(())
}
