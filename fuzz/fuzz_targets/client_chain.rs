#![no_main]

#[path = "../client_chain.rs"]
mod client_chain;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    client_chain::client_chain(data);
    client_chain::closed(data);
});
