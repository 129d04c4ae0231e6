//! Route maps as files: for the server, for `check`, and for `map check`.

use std::path::{Path, PathBuf};

use records::{Reader, RouteMap};

use crate::error::Error;

/// Reads one.
///
/// # Errors
/// It cannot be read, or is not in order.
pub(crate) fn read(path: &Path) -> Result<RouteMap, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::file("reading", path))?;
    RouteMap::parse(&text).map_err(|source| Error::Map { path: path.to_owned(), source })
}

/// Reads all of them, for the server.
///
/// # Errors
/// One cannot be read or is not in order, or two of them meet.
pub(crate) fn reader(paths: &[PathBuf]) -> Result<Reader, Error> {
    let maps = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    Reader::new(maps).map_err(Error::usage)
}
