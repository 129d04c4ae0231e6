//! Corpora that are not ours to commit: fetched into `target/corpora` (npm, pip) at the versions named here. Without a
//! network, `SEKISHO_WITHOUT_CORPORA=1` leaves out the tests that need them, loudly.

use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLES: &str = "hl7.fhir.r4.examples";
const EXAMPLES_VERSION: &str = "4.0.1";

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/corpora"))
}

/// The folder of a corpus; `make` fills it when it is not there. Two tests may do so at once: the first to be done counts.
fn corpus(name: &str, make: impl FnOnce(&Path)) -> Option<PathBuf> {
    let folder = root().join(name);
    if folder.exists() {
        return Some(folder);
    }
    if std::env::var_os("SEKISHO_WITHOUT_CORPORA").is_some() {
        eprintln!("\n*** LEFT OUT: corpus `{name}` is not there, and SEKISHO_WITHOUT_CORPORA is set ***\n");
        return None;
    }
    std::fs::create_dir_all(root()).unwrap();
    let making = root().join(format!("making-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&making).unwrap();
    make(&making);
    if std::fs::rename(&making, &folder).is_err() {
        assert!(folder.exists(), "{} cannot be put in its place", making.display());
        std::fs::remove_dir_all(&making).unwrap();
    }
    Some(folder)
}

/// A command that has to succeed.
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} (SEKISHO_WITHOUT_CORPORA=1 leaves this test out):\n{said}");
}

/// FHIR R4's examples and definitions: 5,307 files.
pub(super) fn examples() -> Option<PathBuf> {
    let folder = corpus("fhir-r4-examples", |folder| {
        run(Command::new("npm")
            .args(["pack", &format!("{EXAMPLES}@{EXAMPLES_VERSION}"), "--silent"])
            .current_dir(folder));
        let archive = format!("{EXAMPLES}-{EXAMPLES_VERSION}.tgz");
        run(Command::new("tar").args(["xzf", &archive]).current_dir(folder));
        std::fs::remove_file(folder.join(archive)).unwrap();
    });
    folder.map(|folder| folder.join("package"))
}

/// The makers of synthetic records, with all they need at fixed versions: the same seed, the same bytes.
fn makers() -> Option<PathBuf> {
    corpus("makers", |folder| {
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/corpora/requirements.txt");
        let target = folder.to_str().unwrap();
        let arguments = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", target, "-r", list];
        run(Command::new("python3").args(arguments));
    })
}

/// What a maker (`module import function`) makes of these arguments, in a folder of its own.
pub(super) fn made(name: &str, maker: &str, arguments: &[&str]) -> Option<PathBuf> {
    let makers = makers()?;
    corpus(name, |folder| {
        // By its function: the command that pip installs beside it would not find its modules.
        let program = format!("import sys; from {maker}; sys.exit(main())");
        let mut command = Command::new("python3");
        command.args(["-c", &program]).args(arguments).env("PYTHONPATH", &makers).current_dir(folder);
        run(&mut command);
    })
}

pub(super) fn sorted(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|own| own == extension))
        .collect();
    paths.sort();
    paths
}
