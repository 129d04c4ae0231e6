//! Imports only go down the floors; the edge cannot name the crate that signs (promise P6).

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::DependencyKind;

/// Floor of each crate; side crates have none.
const FLOORS: &[(&str, u8)] = &[
    ("model", 0),
    ("journal", 0),
    ("policy", 1),
    ("records", 1),
    ("anomaly", 1),
    ("ca", 1),
    ("registry", 2),
    ("audit", 2),
    ("workbench", 2),
    ("hsm", 2),
    ("gateway", 3),
    ("enrolment", 3),
    ("console", 4),
    ("sekisho", 5),
];
const SIDE: &[&str] = &["backend-stub", "tests", "citysim"];

/// Crates that floors 0 and 1 may not know: no runtime, no network, no clock.
const OUTSIDE_WORLD: &[&str] = &["tokio", "hyper", "hyper-util", "rustls", "tokio-rustls", "axum", "rustix", "socket2"];

/// Our crates, each with its ordinary dependencies.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    super::metadata()
        .workspace_packages()
        .iter()
        .map(|package| {
            let ordinary = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
            (package.name.to_string(), ordinary.map(|dependency| dependency.name.clone()).collect())
        })
        .collect()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

#[test]
fn every_crate_has_its_place() {
    for name in dependencies().keys() {
        assert!(floor(name).is_some() || SIDE.contains(&name.as_str()), "`{name}` has no floor: add it to FLOORS");
    }
}

#[test]
fn imports_only_go_down() {
    for (name, needs) in dependencies() {
        let Some(own) = floor(&name) else { continue };
        for need in needs {
            if let Some(other) = floor(&need) {
                assert!(other < own, "`{name}` (floor {own}) imports `{need}` (floor {other})");
            }
            assert!(!SIDE.contains(&need.as_str()), "`{name}` imports side crate `{need}`");
        }
    }
}

/// Not even through another crate.
#[test]
fn the_gateway_cannot_reach_the_ca() {
    let all = dependencies();
    let (mut reached, mut next) = (BTreeSet::new(), vec!["gateway".to_owned()]);
    while let Some(name) = next.pop() {
        if reached.insert(name.clone()) {
            next.extend(all.get(&name).into_iter().flatten().cloned());
        }
    }
    assert!(reached.contains("registry"), "the walk found nothing");
    assert!(!reached.contains("ca"), "the gateway reaches `ca`");
    assert!(!reached.contains("hsm"), "the gateway reaches signing keys in tokens");
    assert!(!reached.contains("enrolment"), "the gateway reaches what issues");
    assert!(!reached.contains("workbench"), "the gateway carries what is for people at a desk");
    assert!(!reached.contains("rcgen"), "the gateway reaches a crate that issues certificates");
}

#[test]
fn the_lower_floors_depend_on_no_outside_world() {
    for (name, needs) in dependencies() {
        if floor(&name).is_some_and(|floor| floor <= 1) {
            for need in &needs {
                // The journal hears of its database's file.
                let hears = name == "journal" && need == "rustix";
                assert!(hears || !OUTSIDE_WORLD.contains(&need.as_str()), "`{name}` knows `{need}`");
            }
            let databases = needs.iter().any(|need| need == "rusqlite" || need == "postgres");
            assert!(!databases || name == "journal", "`{name}` knows a database");
        }
    }
}

/// Ways to the outside world that need no dependency.
const WAYS_OUT: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime",
    "Instant",
];

/// And none in their sources: no file, no socket, no clock, no thread. (`journal` is the exception, for its databases.)
#[test]
fn the_lower_floors_open_nothing_by_themselves() {
    let mut read = 0;
    for (name, _) in FLOORS.iter().filter(|(name, floor)| *floor <= 1 && *name != "journal") {
        for path in sources(&super::root().join(name).join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            read += 1;
            for (line, text) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                let way = WAYS_OUT.iter().find(|way| text.contains(**way));
                assert_eq!(way, None, "{}:{}: {text}", path.display(), line + 1);
            }
        }
    }
    assert!(read > 30, "only {read} sources");
}

/// The sources below a folder that are no tests.
fn sources(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let tests = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !tests {
            found.extend(sources(&path));
        } else if !tests && path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_stand_in_store_imports_nothing_of_ours() {
    let all = dependencies();
    for need in &all["backend-stub"] {
        assert!(floor(need).is_none(), "the stub imports `{need}`");
    }
}

/// One dependency table: every crate takes its dependencies, lints, edition and licence from the workspace.
#[test]
fn one_table_for_all() {
    for package in super::metadata().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}: lints of its own", package.name);
        assert!(manifest.contains("license.workspace = true"), "{}: a licence of its own", package.name);
        let dependencies = manifest.lines().skip_while(|line| !line.contains("dependencies]"));
        for line in dependencies.filter(|line| line.contains('=') && !line.starts_with('#')) {
            assert!(line.contains("workspace = true"), "{}: `{line}` is not from the table", package.name);
        }
    }
}

/// Every line of the table says what the dependency is for.
#[test]
fn every_dependency_has_a_purpose() {
    let manifest = std::fs::read_to_string(super::root().join("Cargo.toml")).unwrap();
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in table.lines().filter(|line| line.contains('=') && !line.contains("path = ")) {
        assert!(line.contains("# "), "`{line}` has no purpose");
    }
}
