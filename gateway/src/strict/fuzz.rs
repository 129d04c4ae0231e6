//! The fuzz targets' functions over their seeds (`fuzz/corpus`), whole, damaged and cut.

#[path = "../../../fuzz/http2_frames.rs"]
mod http2_frames;
#[path = "../../../fuzz/store_answers.rs"]
mod store_answers;
#[path = "../../../fuzz/strict.rs"]
mod strict;
#[path = "../../../fuzz/tunnel_frames.rs"]
mod tunnel_frames;

use std::path::Path;

/// One target, and what it does.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 9] = [
    ("request_head", strict::request_head),
    ("chunked_body", strict::chunked_body),
    ("canonical_target", strict::canonical_target),
    ("translated", strict::translated),
    ("scrubbed_fields", strict::scrubbed_fields),
    ("session_cookie", strict::session_cookie),
    ("http2_frames", http2_frames::http2_frames),
    ("store_answers", store_answers::store_answers),
    ("tunnel_frames", tunnel_frames::tunnel_frames),
];

#[test]
fn seeds_hold_what_fuzzing_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, run) in TARGETS {
        let seeds = std::fs::read_dir(root.join("corpus").join(name)).unwrap();
        let seeds: Vec<_> = seeds.map(|seed| std::fs::read(seed.unwrap().path()).unwrap()).collect();
        assert!(seeds.len() >= 8, "{name}: only {} seeds", seeds.len());
        for whole in seeds {
            run(&whole);
            for at in 0..whole.len() {
                for octet in [b'\r', b'\n', b' ', b':', b'%', b'/', 0, 0xff] {
                    let mut damaged = whole.clone();
                    damaged[at] = octet;
                    run(&damaged);
                }
                run(&whole[..at]);
                run(&[&whole[..at], &whole[at + 1..]].concat());
            }
        }
        // Every target has its function here, and every function its target.
        assert!(root.join("strict_targets").join(format!("{name}.rs")).exists(), "{name}");
    }
    assert_eq!(std::fs::read_dir(root.join("strict_targets")).unwrap().count(), TARGETS.len());
}
