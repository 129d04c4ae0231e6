#![no_main]

#[path = "../ocsp.rs"]
mod ocsp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| ocsp::ocsp(data));
