//! Tests at the bench. Those that prove need a solver: `tests/solver.sh` puts one where they look.

mod cases;
mod differences;
mod proofs;
mod replays;

use std::path::PathBuf;

use crate::{Bench, Solver, Sources};

/// The solver that `CVC5` names, or the one in the target folder.
fn solver() -> Solver {
    let named = std::env::var_os("CVC5").map(PathBuf::from);
    let usual = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/solver/cvc5"));
    let program = named.unwrap_or(usual);
    assert!(program.exists(), "no solver at {}; run tests/solver.sh once", program.display());
    Solver::start(&program).unwrap()
}

/// The house's rules with one more file.
fn with(extra: &str) -> Bench {
    let mut sources = Sources::builtin();
    sources.files.push(("extra.cedar".to_owned(), extra.to_owned()));
    Bench::new(&sources).unwrap()
}

/// The house's rules with a text replaced that stands there once.
fn replaced(from: &str, to: &str) -> Bench {
    Bench::new(&replaced_sources(from, to)).unwrap()
}

fn replaced_sources(from: &str, to: &str) -> Sources {
    let mut sources = Sources::builtin();
    let count: usize = sources.files.iter().map(|(_, text)| text.matches(from).count()).sum();
    assert_eq!(count, 1, "{from:?} stands there {count} times");
    for (_, text) in &mut sources.files {
        *text = text.replace(from, to);
    }
    sources
}
