#![no_main]

#[path = "../enrolment_entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entries::attestation(data));
