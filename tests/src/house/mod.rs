//! The rules of the house, as ordinary tests.

mod advisories;
mod compile_fail;
mod dependencies;
mod floors;
mod words;

use std::path::PathBuf;

use cargo_metadata::{Metadata, MetadataCommand};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Our crates, as their manifests say.
pub(crate) fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
}
