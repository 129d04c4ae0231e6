//! The fuzz targets' functions over their seeds (`fuzz/corpus`), whole and damaged: what a fuzzer once found stays found.

#[path = "../../../fuzz/enrolment_entries.rs"]
mod entries;

use std::path::{Path, PathBuf};

/// One target, and what it does.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 6] = [
    ("est_request", entries::est_request),
    ("est_answer", entries::est_answer),
    ("code", entries::code),
    ("acme_request", entries::acme_request),
    ("attestation", entries::attestation),
    ("scep_message", entries::scep_message),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn seeds_hold_what_fuzzing_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    assert_eq!(files(&root.join("enrolment_targets")).len(), TARGETS.len());
    for (name, run) in TARGETS {
        assert!(root.join("enrolment_targets").join(format!("{name}.rs")).exists(), "{name}");
        let seeds = files(&root.join("corpus").join(name));
        assert!(seeds.len() >= 8, "{name}: only {} seeds", seeds.len());
        for seed in seeds {
            let whole = std::fs::read(&seed).unwrap();
            run(&whole);
            for at in (0..whole.len()).step_by(1 + whole.len() / 40) {
                for byte in [b'0', b'-', 0, 0x80, 0xff] {
                    let mut damaged = whole.clone();
                    damaged[at] = byte;
                    run(&damaged);
                }
                run(&whole[..at]);
            }
        }
    }
}
