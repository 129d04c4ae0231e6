//! NIST's PKITS: paths of certificates and revocation lists, each with what a verifier should say of it.
//!
//! `tests/pki/pkits.txt` holds what was wanted and what we say, for every end certificate; where the two differ, a reason stands
//! there, and was thought about. `UPDATE_TEXTS=1` writes the file anew and keeps the reasons.
//!
//! - Asked is what lets a terminal of another authority in: its form, its chain, and lists for the whole of it, read from files as
//!   the gateway reads them. The registry is left out: it would know none of them.
//! - None of the end certificates names a usage, which a terminal's must: they are asked as such (`Usage::Unnamed`), and all of them
//!   are refused as a terminal's.
//! - Wanted is what PKITS has for its default settings: any policy, none demanded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use gateway::tls::profile::{Usage, check_authority};
use gateway::{ExternalAuthority, ExternalSettings};
use model::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::FromDer as _;

use super::verdicts::{in_short, reasons, word};
use crate::house::root;

/// Between the test material's first day and its last (2010 to 2030).
const AT: &str = "2026-01-01T00:00:00Z";
const ANCHOR: &str = "TrustAnchorRootCertificate.crt";
/// Those whose name does not say what is wanted, and that have no valid path: an empty set of policies where one is demanded.
const WITHOUT_POLICY: [&str; 6] = [
    "DifferentPoliciesTest4EE",
    "DifferentPoliciesTest5EE",
    "DifferentPoliciesTest7EE",
    "DifferentPoliciesTest8EE",
    "DifferentPoliciesTest9EE",
    "DifferentPoliciesTest12EE",
];

struct Named {
    file: String,
    der: Vec<u8>,
    /// Of a certificate, its own name; of a list, its issuer's.
    subject: Vec<u8>,
    issuer: Vec<u8>,
}

struct Material {
    folder: tempfile::TempDir,
    certificates: Vec<Named>,
    lists: Vec<Named>,
}

impl Material {
    fn unpack() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let packed = root().join("tests/pki/pkits.tar.xz");
        let output = Command::new("tar").arg("-xJf").arg(packed).arg("-C").arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let certificates = files(&folder.path().join("certs")).into_iter().filter_map(|(file, der)| {
            let (_, read) = x509_parser::certificate::X509Certificate::from_der(&der).ok()?;
            let (subject, issuer) = (read.subject().as_raw().to_vec(), read.issuer().as_raw().to_vec());
            Some(Named { file, subject, issuer, der })
        });
        let certificates = certificates.collect();
        let lists = files(&folder.path().join("crls")).into_iter().filter_map(|(file, der)| {
            let (_, read) = x509_parser::revocation_list::CertificateRevocationList::from_der(&der).ok()?;
            let issuer = read.issuer().as_raw().to_vec();
            Some(Named { file, subject: issuer.clone(), issuer, der })
        });
        let lists = lists.collect();
        Self { folder, certificates, lists }
    }

    /// Whatever could stand above a certificate, by name.
    fn above(&self, leaf: &Named) -> Vec<&Named> {
        let (mut found, mut names) = (Vec::<&Named>::new(), BTreeSet::from([leaf.issuer.as_slice()]));
        loop {
            let more: Vec<&Named> = self
                .certificates
                .iter()
                .filter(|one| !one.file.contains("EE.crt") && names.contains(one.subject.as_slice()))
                .filter(|one| !found.iter().any(|known| known.file == one.file))
                .collect();
            if more.is_empty() {
                return found;
            }
            names.extend(more.iter().map(|one| one.issuer.as_slice()));
            found.extend(more);
        }
    }

    /// Whether the end certificate gets in, and if not, what is against it.
    fn ask(&self, leaf: &Named, usage: Usage) -> Result<(), String> {
        let above = self.above(leaf);
        let names: BTreeSet<&[u8]> = above.iter().map(|one| one.subject.as_slice()).collect();
        let lists: Vec<PathBuf> = self
            .lists
            .iter()
            .filter(|list| names.contains(list.subject.as_slice()))
            .map(|list| self.folder.path().join("crls").join(&list.file))
            .collect();
        let fit = |one: &&&Named| check_authority(&one.der).is_ok();
        let der = |one: &&Named| CertificateDer::from(one.der.clone());
        let (anchors, between): (Vec<&Named>, Vec<&Named>) = above.iter().copied().partition(|one| one.file == ANCHOR);
        let settings = ExternalSettings {
            name: "pkits".to_owned(),
            anchors: anchors.iter().map(der).collect(),
            intermediates: between.iter().filter(fit).map(der).collect(),
            lists,
        };
        let left_out = between.iter().find_map(|one| check_authority(&one.der).err());
        let authority = ExternalAuthority::new(settings, &[]).map_err(|fault| format!("authority: {fault}"))?;
        let authority = Arc::new(authority);
        let now = u64::try_from(Timestamp::parse(AT).unwrap().as_seconds()).unwrap();
        let lists = authority.refresh(now);
        authority.check(&[der(&leaf)], usage, now).map_err(|error| match (lists, left_out) {
            // Whose certificate is left out, his list is signed by nobody.
            (_, Some(fault)) => format!("intermediate: {fault}"),
            (Err(fault), None) => format!("list: {}", fault.to_string().rsplit(": ").next().unwrap_or_default()),
            (Ok(_), None) => in_short(&error),
        })
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn every_path_is_as_wanted_or_has_a_reason() {
    let path = root().join("tests/pki/pkits.txt");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let reasons = reasons(&kept);
    let material = Material::unpack();
    let (mut lines, mut counts, mut without) = (String::new(), BTreeMap::<(bool, bool), usize>::new(), Vec::new());
    let mut ends = 0;
    for leaf in material.certificates.iter().filter(|one| one.file.ends_with("EE.crt")) {
        ends += 1;
        let id = leaf.file.trim_end_matches(".crt");
        let wanted = !id.starts_with("Invalid") && !WITHOUT_POLICY.contains(&id);
        let got = material.ask(leaf, Usage::Unnamed);
        assert!(material.ask(leaf, Usage::Client).is_err(), "{id} names no usage");
        *counts.entry((wanted, got.is_ok())).or_default() += 1;
        let differs = wanted != got.is_ok();
        let reason = if differs { reasons.get(id).map_or("", String::as_str) } else { "" };
        if differs && reason.is_empty() {
            without.push(id.to_owned());
        }
        let says = got.as_ref().err().map_or("", String::as_str);
        writeln!(lines, "{} {} | {id} | {says} | {reason}", word(wanted), word(got.is_ok())).unwrap();
    }
    let count = |wanted, got| counts.get(&(wanted, got)).copied().unwrap_or_default();
    let head = format!(
        "# NIST PKITS: wanted, got | end certificate | what is against it | why the two differ.\n\
         # {ends} paths: {} refused and {} accepted as wanted, {} accepted against and {} refused against it.\n",
        count(false, false),
        count(true, true),
        count(false, true),
        count(true, false)
    );
    let text = (head + &lines).lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(count(false, true), 0, "a path is accepted that should not be");
    assert!(without.is_empty(), "these differ, and nobody says why: {without:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "tests/pki/pkits.txt; UPDATE_TEXTS=1 writes it");
}
