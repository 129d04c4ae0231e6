//! The rules of the house, as ordinary tests.

mod compile_fail;
mod floors;
mod words;

use std::path::PathBuf;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
