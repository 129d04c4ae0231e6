//! x509-limbo (C2SP): certificates, each with what a verifier should say of it.
//!
//! `tests/pki/limbo.txt` holds what was wanted and what we say, for every case; where the two differ, a reason stands
//! there, and was thought about. `UPDATE_TEXTS=1` writes the file anew and keeps the reasons.
//!
//! - The chain is checked by the same library as in a handshake, with the rules for whose authority it is *not*: for ours
//!   only one form passes, and none of these certificates has it.
//! - Most cases are about servers. They are asked as such (`Usage::Server`): the rules are the same but for the one line
//!   that names the usage.
//! - Names of servers are not compared, since terminals have none: who is meant is the serial number and the fingerprint.
//! - No revocation list is read: the gateway has an allow-list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;

use gateway::tls::profile::{Origin, Usage, check, check_authority, check_for};
use model::Timestamp;
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use serde_json::Value;

use super::verdicts::{in_short, reasons, word};
use crate::house::root;

struct Case {
    id: String,
    accept: bool,
    usage: Usage,
    at: UnixTime,
    leaf: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    anchors: Vec<CertificateDer<'static>>,
}

fn cases() -> Vec<Case> {
    let packed = root().join("tests/pki/x509-limbo.json.xz");
    let output = Command::new("xz").arg("-dc").arg(packed).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    all["testcases"].as_array().unwrap().iter().map(case).collect()
}

fn case(value: &Value) -> Case {
    let certificate = |pem: &Value| CertificateDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap();
    let certificates = |list: &Value| list.as_array().unwrap().iter().map(certificate).collect();
    // A case without a time of its own is asked as of the time that most of the others have.
    let at = value["validation_time"].as_str().unwrap_or("2024-01-01T00:00:00Z");
    let seconds = Timestamp::parse(at).unwrap().as_seconds().unsigned_abs();
    Case {
        id: value["id"].as_str().unwrap().to_owned(),
        accept: value["expected_result"] == "SUCCESS",
        usage: if value["validation_kind"] == "CLIENT" { Usage::Client } else { Usage::Server },
        at: UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
        leaf: certificate(&value["peer_certificate"]),
        intermediates: certificates(&value["untrusted_intermediates"]),
        anchors: certificates(&value["trusted_certs"]),
    }
}

/// Whether we accept it, and if not, who says no.
fn ask(case: &Case) -> Result<(), String> {
    check_for(&case.leaf, Origin::External, case.usage).map_err(|fault| format!("form: {fault}"))?;
    let mut roots = RootCertStore::empty();
    for anchor in &case.anchors {
        let form = check_authority(anchor);
        if form.as_ref().is_ok_and(|form| form.contains(case.at.as_secs())) {
            roots.add(anchor.clone()).map_err(|error| format!("anchor: {error}"))?;
        } else if case.anchors.len() == 1 {
            return Err(match form {
                Err(fault) => format!("anchor: {fault}"),
                Ok(_) => "anchor: it is not valid now".to_owned(),
            });
        }
    }
    let fit: Vec<_> = case.intermediates.iter().filter(|one| check_authority(one).is_ok()).cloned().collect();
    let chain = match case.usage {
        Usage::Client => client_chain(case, roots, &fit),
        Usage::Server | Usage::Unnamed => server_chain(case, &roots, &fit),
    };
    let left_out = case.intermediates.iter().find_map(|one| check_authority(one).err());
    chain.map_err(|error| left_out.map_or_else(|| in_short(&error), |fault| format!("intermediate: {fault}")))
}

fn client_chain(case: &Case, roots: RootCertStore, fit: &[CertificateDer<'static>]) -> Result<(), rustls::Error> {
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
    let verifier = verifier.map_err(|error| rustls::Error::General(error.to_string()))?;
    verifier.verify_client_cert(&case.leaf, fit, case.at).map(|_| ())
}

fn server_chain(case: &Case, roots: &RootCertStore, fit: &[CertificateDer<'static>]) -> Result<(), rustls::Error> {
    let leaf = ParsedCertificate::try_from(&case.leaf)?;
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&leaf, roots, fit, case.at, algorithms)
}

#[test]
fn every_case_is_as_wanted_or_has_a_reason() {
    let path = root().join("tests/pki/limbo.txt");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let reasons = reasons(&kept);
    let cases = cases();
    assert_eq!(cases.len(), 194);
    let (mut lines, mut counts, mut without) = (String::new(), BTreeMap::<(bool, bool), usize>::new(), Vec::new());
    for case in &cases {
        let got = ask(case);
        assert!(check(&case.leaf, Origin::Ours).is_err(), "{} has our own form", case.id);
        *counts.entry((case.accept, got.is_ok())).or_default() += 1;
        let kind = if case.usage == Usage::Client { "client" } else { "server" };
        let says = got.as_ref().err().map_or("", String::as_str);
        let differs = case.accept != got.is_ok();
        let reason = if differs { reasons.get(&case.id).map_or("", String::as_str) } else { "" };
        if differs && reason.is_empty() {
            without.push(&case.id);
        }
        let line = format!("{} {} {kind} | {} | {says} | {reason}", word(case.accept), word(got.is_ok()), case.id);
        writeln!(lines, "{}", line.trim_end()).unwrap();
    }
    let count = |wanted, got| counts.get(&(wanted, got)).copied().unwrap_or(0);
    let text = format!(
        "# x509-limbo: wanted, got, kind | case | who refused, and why | why the two differ\n\
         # as wanted: {} refused, {} accepted; otherwise: {} accepted, {} refused\n{lines}",
        count(false, false),
        count(true, true),
        count(false, true),
        count(true, false),
    );
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        without.is_empty(),
        "these differ from what is wanted, without a reason in tests/pki/limbo.txt: {without:#?}"
    );
    if std::env::var_os("UPDATE_TEXTS").is_none() {
        assert!(
            kept == text,
            "tests/pki/limbo.txt is not up to date; run with UPDATE_TEXTS=1 and look at the difference"
        );
    }
}
