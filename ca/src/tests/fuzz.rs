//! The OCSP target's function over its seeds (`fuzz/corpus/ocsp`), whole, damaged and cut.

#[path = "../../../fuzz/ocsp.rs"]
mod ocsp;

use std::path::Path;

use crate::OcspRequest;

#[test]
fn seeds_hold_what_fuzzing_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/ocsp");
    let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut read = 0;
    for seed in &seeds {
        let whole = std::fs::read(seed).unwrap();
        ocsp::ocsp(&whole);
        read += usize::from(OcspRequest::read(&whole).is_ok());
        for at in 0..whole.len() {
            for byte in [0, 1, 0x30, 0x80, 0xa0, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                ocsp::ocsp(&damaged);
            }
            ocsp::ocsp(&whole[..at]);
        }
    }
    // All but the answer are questions.
    assert!(seeds.len() >= 10 && read == seeds.len() - 1, "{read} of {}", seeds.len());
}
