//! SCEP: a client of openssl's and others' parts enrols by the code and renews by the certificate; what is older than AES, or
//! wrong, gets a signed refusal.

use std::process::Command;

use crate::office::Office;
use crate::support::{text, wait};

/// The client (`tests/scep/client.py`) with these words behind name and challenge; what it prints.
fn client(office: &Office, name: &str, challenge: &str, more: &[&str]) -> Option<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let python = format!("{root}/target/tools/acme/bin/python3");
    if !std::path::Path::new(&python).exists() {
        // Installed by `tests/acme/install.sh`; without a package index there is none, and the gate says so.
        assert!(std::env::var_os("SEKISHO_WITHOUT_CORPORA").is_some(), "run tests/acme/install.sh first");
        return None;
    }
    let url = format!("https://care.sekisho.localhost:{}/scep/pkiclient.exe", office.server.port("terminals"));
    let (script, ca, folder) = (format!("{root}/tests/scep/client.py"), office.path("keys/root.pem"), office.path("."));
    let run = Command::new(python).args([&script, &url, &ca, &folder, name, challenge]).args(more).output().unwrap();
    assert!(run.status.success(), "{name}: {}{}", text(&run.stdout), text(&run.stderr));
    Some(text(&run.stdout).trim().to_owned())
}

#[test]
fn a_code_and_then_the_certificate_itself() {
    let office = Office::open();
    let code = office.code("D-1");
    let Some(said) = client(&office, "first", &format!("D-1:{code}"), &["--again"]) else { return };
    assert_eq!(said, "status 0 fail -", "and asked again it is answered the same");
    office.city.openssl("verify -CAfile @keys/root.pem -untrusted @keys/issuing.pem @first.pem");
    wait(|| office.served("first.pem", "first.key") == 200);
    let issued = || office.city.json("certificate list").len();
    let before = issued();
    // The code is used up; by another key in another transaction it is wrong.
    assert_eq!(client(&office, "second", &format!("D-1:{code}"), &[]).unwrap(), "status 2 fail 2");
    let (pem, key) = (office.path("first.pem"), office.path("first.key"));
    assert_eq!(client(&office, "renewed", "-", &[&pem, &key]).unwrap(), "status 0 fail -");
    wait(|| office.served("renewed.pem", "renewed.key") == 200);
    assert_eq!(issued(), before + 1);
    // Older clients renew by a request, which names no code and shows the one that was used up.
    let old = format!("D-1:{code}");
    assert_eq!(client(&office, "older", &old, &[&pem, &key, "--older"]).unwrap(), "status 0 fail -");
    assert_eq!(issued(), before + 2);
    // With the common name to say which terminal.
    let code = office.code("D-1");
    assert_eq!(client(&office, "plain", &code, &[]).unwrap(), "status 0 fail -");
    // A certificate that does not stand renews nothing: one of its own making, and one that is revoked.
    let (pem, key) = (office.path("second.sender.pem"), office.path("second.sender.key"));
    assert_eq!(client(&office, "forged", "-", &[&pem, &key]).unwrap(), "status 2 fail 4");
    office.city.json("revoke --device D-1 --because stolen");
    let (pem, key) = (office.path("renewed.pem"), office.path("renewed.key"));
    wait(|| client(&office, "late", "-", &[&pem, &key]).unwrap() == "status 2 fail 4");
}

#[test]
fn older_ciphers_and_missing_codes_are_refused_and_use_nothing_up() {
    let office = Office::open();
    let code = office.code("D-1");
    let challenge = format!("D-1:{code}");
    let Some(said) = client(&office, "old", &challenge, &["--cipher", "des3"]) else { return };
    assert_eq!(said, "status 2 fail 0");
    assert_eq!(client(&office, "none", "-", &[]).unwrap(), "status 2 fail 2");
    assert_eq!(client(&office, "typed", "D-1:AAAAA-AAAAA-AAAAA-AAAAB", &[]).unwrap(), "status 2 fail 2");
    // Whoever changes somebody's message learns nothing by which octet he changed: the padding, or what stands in front of it.
    for octet in ["1", "200"] {
        assert_eq!(client(&office, "changed", &challenge, &["--corrupt", octet]).unwrap(), "status 2 fail 1");
    }
    assert_eq!(client(&office, "fine", &challenge, &[]).unwrap(), "status 0 fail -");
}
