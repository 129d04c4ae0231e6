//! No locked version is one that an advisory was published about: ours, and those of the fuzz targets.
//!
//! The advisories are kept in the tree (`tests/testdata/advisories`), so that a checkout without network says the same as one with it.
//! What an advisory says and what we live with stands below, with the reason; a line that nothing needs any more fails.

use std::collections::BTreeSet;

use cargo_metadata::semver::{Version, VersionReq};

/// Advisories about locked packages that are accepted, and why.
const ACCEPTED: &[(&str, &str, &str)] = &[];

/// One advisory.
struct Advisory {
    id: &'static str,
    package: &'static str,
    kind: &'static str,
    fine: Vec<VersionReq>,
}

impl Advisory {
    fn read(line: &'static str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, package, kind, patched, unaffected] = fields[..] else { panic!("`{line}`") };
        let ranges = patched.split('|').chain(unaffected.split('|')).filter(|range| !range.is_empty());
        let fine = ranges.map(|range| VersionReq::parse(range).unwrap_or_else(|_| panic!("{id}: `{range}`"))).collect();
        Self { id, package, kind, fine }
    }

    fn is_about(&self, name: &str, version: &Version) -> bool {
        self.package == name && !self.fine.iter().any(|range| range.matches(version))
    }
}

fn advisories() -> Vec<Advisory> {
    let lines = include_str!("../../testdata/advisories/advisories.tsv").lines();
    lines.filter(|line| !line.starts_with('#')).map(Advisory::read).collect()
}

/// What comes from the registry; our own crates have names that others have too.
fn locked(file: &str) -> Vec<(String, Version)> {
    let lock = std::fs::read_to_string(super::root().join(file)).unwrap();
    let field = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim_matches(['"', ' ', '=']).to_owned()
    };
    let packages = lock.split("[[package]]").skip(1).filter(|package| package.contains("\nsource = "));
    packages.map(|package| (field(package, "name"), Version::parse(&field(package, "version")).unwrap())).collect()
}

#[test]
fn nothing_is_locked_that_an_advisory_is_about() {
    let advisories = advisories();
    assert!(advisories.len() > 1100, "{} advisories", advisories.len());
    let (mut found, mut accepted) = (Vec::new(), BTreeSet::new());
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let locked = locked(file);
        assert!(locked.len() > 100, "{file}: {} packages", locked.len());
        for (name, version) in &locked {
            for advisory in advisories.iter().filter(|advisory| advisory.is_about(name, version)) {
                match ACCEPTED.iter().find(|(id, package, _)| *id == advisory.id && package == name) {
                    Some((id, _, reason)) => {
                        assert!(reason.len() > 20, "{id}: a reason");
                        accepted.insert(*id);
                    }
                    None => found.push(format!("{file}: {name} {version}: {} ({})", advisory.id, advisory.kind)),
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (id, package, _) in ACCEPTED {
        assert!(accepted.contains(id), "{id} is about no `{package}` that is locked any more: its line can go");
    }
}

/// It would find one: versions just below those that are patched, of packages that are locked.
#[test]
fn a_version_that_is_not_patched_is_found() {
    let advisories = advisories();
    for (name, version, id) in [
        ("h2", "0.4.15", "RUSTSEC-2026-0258"),
        ("time", "0.3.46", "RUSTSEC-2026-0009"),
        ("rustls-webpki", "0.103.12", "RUSTSEC-2026-0104"),
    ] {
        let version = Version::parse(version).unwrap();
        let about: Vec<&str> = advisories
            .iter()
            .filter(|advisory| advisory.is_about(name, &version))
            .map(|advisory| advisory.id)
            .collect();
        assert!(about.contains(&id), "{name} {version}: {about:?}");
    }
    let patched = Version::parse("0.4.16").unwrap();
    assert!(!advisories.iter().any(|advisory| advisory.is_about("h2", &patched)));
}
