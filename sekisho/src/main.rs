//! The binary: settings, composition, command line.
fn main() {}
