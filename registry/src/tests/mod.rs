//! Tests of the registry.

pub(crate) mod dice;
