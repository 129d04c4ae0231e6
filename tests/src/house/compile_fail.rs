//! What must not compile: leaving a step of the pipeline out, or forwarding without a recorded permit.
//!
//! Each file in `tests/compile-fail/` is compiled against the gateway as built for these tests; the compiler's message
//! must be the one beside it (`.stderr`), so that a test does not pass because of a typing error. `accepted.rs` is the
//! control: the same shape with nothing left out compiles. (trybuild would build the whole dependency tree a second
//! time, which costs minutes here; this asks the compiler directly.)

use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that the cases name.
const NAMED: [&str; 4] = ["gateway", "model", "registry", "rustls"];

/// Their compiled forms, as cargo says it, and the folder of everything that they are made of.
fn compiled() -> (Vec<(&'static str, PathBuf)>, PathBuf) {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--workspace", "--message-format=json", "--quiet"])
        .current_dir(super::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let artefact = |name: &str| {
        let of_it = messages.iter().filter(|message| message["target"]["name"] == name);
        let files = of_it.filter_map(|message| message["filenames"].as_array()).flatten();
        let rlib = files.filter_map(|file| file.as_str()).find(|file| file.ends_with(".rlib")).map(PathBuf::from);
        rlib.unwrap_or_else(|| panic!("cargo names no rlib of {name}"))
    };
    let named: Vec<(&str, PathBuf)> = NAMED.map(|name| (name, artefact(name))).to_vec();
    let folder = named[0].1.parent().unwrap();
    let dependencies = if folder.ends_with("deps") { folder.to_path_buf() } else { folder.join("deps") };
    (named, dependencies)
}

fn compile(source: &Path, named: &[(&str, PathBuf)], dependencies: &Path) -> Result<(), String> {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--error-format", "short"])
        .args(named.iter().map(|(name, rlib)| format!("--extern={name}={}", rlib.display())))
        .arg("-L")
        .arg(format!("dependency={}", dependencies.display()))
        .arg("--out-dir")
        .arg(scratch.path())
        .arg(source)
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8(output.stderr).unwrap();
    // Only the errors, without paths and positions: those move with every edit.
    let errors: Vec<&str> =
        text.lines().filter_map(|line| line.split_once(": error").map(|(_, message)| message)).collect();
    Err(errors.iter().map(|message| format!("error{message}\n")).collect())
}

#[test]
fn steps_cannot_be_left_out() {
    let (named, dependencies) = compiled();
    let folder = super::root().join("tests/compile-fail");
    let mut cases = 0;
    let mut sources: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    for source in sources.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let result = compile(source, &named, &dependencies);
        if source.file_name().is_some_and(|name| name == "accepted.rs") {
            assert_eq!(result, Ok(()), "the control does not compile");
            continue;
        }
        cases += 1;
        let message = result.expect_err(&format!("{} compiles", source.display()));
        let expected = source.with_extension("stderr");
        if std::env::var_os("UPDATE_TEXTS").is_some() {
            std::fs::write(&expected, &message).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&expected).unwrap(), message, "{}", source.display());
    }
    assert!(cases >= 8, "only {cases} cases");
}
