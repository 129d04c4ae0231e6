//! A stand-in care-record store.
fn main() {}
