//! What must not compile: leaving a step of the pipeline out, or forwarding without a recorded permit.
//!
//! Each file in `tests/compile-fail/` is compiled against the gateway as built for these tests; the compiler's message
//! must be the one beside it (`.stderr`), so that a test does not pass because of a typing error. `accepted.rs` is the
//! control: the same shape with nothing left out compiles. (trybuild would build the whole dependency tree a second
//! time, which costs minutes here; this asks the compiler directly.)

use std::path::{Path, PathBuf};
use std::process::Command;

/// The gateway's compiled form, as cargo says it.
fn gateway() -> (PathBuf, PathBuf) {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--workspace", "--message-format=json", "--quiet"])
        .current_dir(super::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let artefact = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "gateway")
        .find_map(|message| {
            let files = message["filenames"].as_array()?.clone();
            files.iter().filter_map(|file| file.as_str()).find(|file| file.ends_with(".rlib")).map(PathBuf::from)
        })
        .expect("cargo names the gateway's rlib");
    let folder = artefact.parent().unwrap();
    let dependencies = if folder.ends_with("deps") { folder.to_path_buf() } else { folder.join("deps") };
    (artefact, dependencies)
}

fn compile(source: &Path, rlib: &Path, dependencies: &Path) -> Result<(), String> {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--error-format", "short"])
        .arg("--extern")
        .arg(format!("gateway={}", rlib.display()))
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
    let (rlib, dependencies) = gateway();
    let folder = super::root().join("tests/compile-fail");
    let mut cases = 0;
    let mut sources: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    for source in sources.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let result = compile(source, &rlib, &dependencies);
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
