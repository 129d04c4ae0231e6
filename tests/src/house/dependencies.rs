//! Few dependencies, none without use, none below its floor, and one TLS and one crypto stack.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use cargo_metadata::semver::Version;

/// Below these versions an advisory was published. (All advisories: `advisories.rs`; these stand whatever becomes of that list.)
const FLOORS: &[(&str, &str)] = &[("h2", "0.4.16"), ("rustls-webpki", "0.103.13"), ("time", "0.3.47")];

/// Other TLS and crypto stacks than rustls on aws-lc-rs: each would be one more to keep patched, and a second opinion on
/// what a valid certificate is. (RustCrypto's ciphers stand under PKCS#8 and PKCS#12 files only.)
const OTHER_STACKS: &[&str] =
    &["openssl", "openssl-sys", "native-tls", "tokio-native-tls", "ring", "boring", "boring-sys", "mbedtls", "s2n-tls"];

/// In the lock file, and never built: cargo writes down what a weak feature (`ring?/alloc`) would need.
const LOCKED_ONLY: &str = "ring";

/// Name and version of each package in a lock file.
fn locked(file: &str) -> Vec<(String, Version)> {
    let lock = std::fs::read_to_string(super::root().join(file)).unwrap();
    let field = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim_matches(['"', ' ', '=']).to_owned()
    };
    let packages = lock.split("[[package]]").skip(1);
    packages.map(|package| (field(package, "name"), Version::parse(&field(package, "version")).unwrap())).collect()
}

/// Names of the packages that are built, for whatever use.
fn built() -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--workspace", "--locked", "--offline", "--edges", "normal,build,dev", "--prefix", "none"])
        .current_dir(super::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn no_dependency_is_below_its_floor() {
    let locked = locked("Cargo.lock");
    for (name, floor) in FLOORS {
        let floor = Version::parse(floor).unwrap();
        let found: Vec<&Version> = locked.iter().filter(|(known, _)| known == name).map(|(_, found)| found).collect();
        assert!(!found.is_empty(), "`{name}` is not used any more: its floor can go");
        assert!(found.iter().all(|found| **found >= floor), "`{name}` {found:?} is below {floor}");
    }
}

#[test]
fn there_is_one_tls_and_one_crypto_stack() {
    let (locked, built) = (locked("Cargo.lock"), built());
    assert!(built.contains("rustls") && built.contains("aws-lc-rs"), "the tree was not read: {built:?}");
    for other in OTHER_STACKS {
        assert!(!built.contains(*other), "`{other}` is built");
        assert!(*other == LOCKED_ONLY || locked.iter().all(|(name, _)| name != other), "`{other}` is locked");
    }
}

/// What a manifest names, the crate's code names too.
#[test]
fn no_dependency_is_without_use() {
    for package in super::metadata().workspace_packages() {
        let mut code = String::new();
        read_code(package.manifest_path.parent().unwrap().as_std_path(), &mut code);
        for dependency in &package.dependencies {
            let name = dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
            // As the first word of a path, not as the end of a longer name.
            let named = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
            });
            assert!(named, "`{}` does not use `{}`", package.name, dependency.name);
        }
    }
}

/// Every workspace dependency is inherited by some crate: else its line in the table holds nothing.
#[test]
fn every_line_of_the_table_is_inherited() {
    let manifest = std::fs::read_to_string(super::root().join("Cargo.toml")).unwrap();
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let metadata = super::metadata();
    let inherited: BTreeSet<&str> = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.rename.as_ref().unwrap_or(&dependency.name).as_str())
        .collect();
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.contains("path = ")) {
        let Some((name, _)) = line.split_once(" = ") else { continue };
        assert!(inherited.contains(name), "`{name}` stands in the table, and no crate inherits it");
    }
}

fn read_code(folder: &Path, code: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_code(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // What a file takes in from elsewhere is code of its own too.
            for taken in text.split("#[path = \"").skip(1).filter_map(|rest| rest.split('"').next()) {
                code.push_str(&std::fs::read_to_string(folder.join(taken)).unwrap());
            }
            code.push_str(&text);
        }
    }
}

/// What is fuzzed is what is built, and is built once (`tests/fuzz.sh`): `cargo update --manifest-path fuzz/Cargo.toml --precise`.
#[test]
fn fuzz_targets_have_no_versions_of_their_own() {
    let ours: BTreeSet<(String, Version)> = locked("Cargo.lock").into_iter().collect();
    let own: Vec<String> = locked("fuzz/Cargo.lock")
        .into_iter()
        .filter(|package| !ours.contains(package))
        .map(|(name, version)| format!("{name} {version}"))
        .filter(|package| !["arbitrary ", "fuzz ", "libfuzzer-sys "].iter().any(|fuzzing| package.starts_with(fuzzing)))
        .collect();
    assert_eq!(own, Vec::<String>::new());
}
