#![no_main]

#[path = "../tunnel_frames.rs"]
mod tunnel_frames;

libfuzzer_sys::fuzz_target!(|data: &[u8]| tunnel_frames::tunnel_frames(data));
