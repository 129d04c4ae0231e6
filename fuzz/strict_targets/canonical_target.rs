#![no_main]

#[path = "../strict.rs"]
mod strict;

libfuzzer_sys::fuzz_target!(|data: &[u8]| strict::canonical_target(data));
