//! Tests of the registry.

pub(crate) mod dice;
mod facts;
mod forms;
pub(crate) mod journals;
mod listeners;
mod model_based;
mod numbering;
mod offices;
mod passwords;
mod processes;
mod speed;
mod stories;
mod table;
pub(crate) mod world;
