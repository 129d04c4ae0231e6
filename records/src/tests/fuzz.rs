//! The fuzz targets' functions over their seed corpora (`fuzz/corpus`), and over every case of `testdata`: what a fuzzer once
//! found stays found, without a fuzzer.

#[path = "../../../fuzz/entries.rs"]
mod entries;

use std::path::{Path, PathBuf};

/// One target, and what it does.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 5] = [
    ("target", entries::target),
    ("search", entries::search),
    ("json", entries::json),
    ("bundle", entries::bundle),
    ("patch", entries::patch),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn seeds_hold_what_fuzzing_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, run) in TARGETS {
        let seeds = files(&root.join("corpus").join(name));
        assert!(seeds.len() >= 8, "{name}: only {} seeds", seeds.len());
        for seed in seeds {
            run(&std::fs::read(&seed).unwrap());
        }
        // Every target has its function here, and every function its target.
        assert!(root.join("fuzz_targets").join(format!("{name}.rs")).exists(), "{name}");
    }
    // Three more are among the tests of `ca` and `gateway`: `ocsp`, `client_chain` and `proxy_header`.
    assert_eq!(files(&root.join("fuzz_targets")).len(), TARGETS.len() + 3);
}

/// Seeds with a byte changed here and there: a first, small step of fuzzing at every run.
#[test]
fn damaged_seeds_hold_it_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, run) in TARGETS {
        for seed in files(&root.join(name)) {
            let whole = std::fs::read(&seed).unwrap();
            for at in (0..whole.len()).step_by(1 + whole.len() / 40) {
                for byte in [b'"', b'%', b'/', 0, 0xff] {
                    let mut damaged = whole.clone();
                    damaged[at] = byte;
                    run(&damaged);
                }
                run(&whole[..at]);
            }
        }
    }
}
