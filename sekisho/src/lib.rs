//! The binary: settings, composition, command line.
