#![no_main]

#[path = "../store_answers.rs"]
mod store_answers;

#[path = "../strict.rs"]
mod strict;

libfuzzer_sys::fuzz_target!(|data: &[u8]| store_answers::store_answers(data));
