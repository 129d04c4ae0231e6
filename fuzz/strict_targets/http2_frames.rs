#![no_main]

#[path = "../http2_frames.rs"]
mod http2_frames;

libfuzzer_sys::fuzz_target!(|data: &[u8]| http2_frames::http2_frames(data));
