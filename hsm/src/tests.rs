//! With SoftHSM, in a folder of its own; openssl judges what was signed.

use std::process::Command;
use std::sync::Arc;

use ca::{AuthorityName, IssuingKey, Passphrase, Purpose, Root, RootKey, SystemRandom, reserve};
use model::{SerialNumber, Timestamp};

use crate::{Fault, Place, generate, open};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// SoftHSM reads its settings once for each process: each test is begun anew as a process of its own, with them in its environment.
fn with_token(test: &str, run: impl FnOnce()) {
    if std::env::var_os("SOFTHSM2_CONF").is_some() {
        return run();
    }
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("tokens")).unwrap();
    let conf = at.join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        at.join("tokens").display()
    );
    std::fs::write(&conf, text).unwrap();
    let tool = |arguments: &[&str]| {
        let done = Command::new("softhsm2-util").args(arguments).env("SOFTHSM2_CONF", &conf).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    tool(&[
        "--init-token",
        "--free",
        "--label",
        "sekisho",
        "--so-pin",
        "the officer's pin",
        "--pin",
        "a pin for tests",
    ]);
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("tests::{test}"), "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&again.stderr));
}

fn place(object: &str) -> Place {
    Place::parse(&format!("pkcs11:token=sekisho;object={object}?module-path={MODULE}")).unwrap()
}

fn pin() -> Passphrase {
    Passphrase::new("a pin for tests").unwrap()
}

fn serial() -> ca::RecordedSerial {
    reserve(&SystemRandom::new(), &mut |_: &SerialNumber| Ok::<(), std::convert::Infallible>(())).unwrap()
}

#[test]
fn a_key_is_made_in_the_token_and_signs_what_openssl_believes() {
    with_token("a_key_is_made_in_the_token_and_signs_what_openssl_believes", || {
        let made = generate(&place("issuing"), &pin()).unwrap();
        // Found again, as another start would find it.
        let found = IssuingKey::kept(Arc::new(open(&place("issuing"), &pin()).unwrap())).unwrap();
        assert_eq!(IssuingKey::kept(Arc::new(made)).unwrap().public(), found.public());
        // The root needs to see no more than the request.
        let public = ca::read_request(&found.request().unwrap()).unwrap();
        assert_eq!(public, found.public());
        let now = Timestamp::parse("2026-11-27T05:00:00Z").unwrap();
        let name = |text| AuthorityName::new("関所市", text).unwrap();
        let root_key = RootKey::generate().unwrap();
        let root = Root::create(&name("Root"), &root_key, serial(), now).unwrap();
        let issuing =
            ca::Issuing::create(Purpose::Devices, &name("Devices"), &found, serial(), now, &root, &root_key).unwrap();
        issuing.check_key(&found).unwrap();
        let number = ca::RecordedNumber::next(|| Ok::<_, std::convert::Infallible>(7)).unwrap();
        let list = ca::build_crl(&issuing, &found, &[], &number, now).unwrap();
        let at = tempfile::tempdir().unwrap();
        std::fs::write(at.path().join("list.crl"), list.der()).unwrap();
        std::fs::write(at.path().join("issuing.pem"), issuing.pem()).unwrap();
        let shown = Command::new("openssl")
            .args(["crl", "-inform", "DER", "-in", "list.crl", "-noout", "-CAfile", "issuing.pem"])
            .current_dir(at.path())
            .output()
            .unwrap();
        assert!(String::from_utf8_lossy(&shown.stderr).contains("verify OK"), "{shown:?}");
        // It cannot be written down.
        assert!(matches!(found.seal(&pin(), &SystemRandom::new()), Err(ca::Refused::KeptElsewhere)));
    });
}

#[test]
fn what_is_not_exactly_one_key_that_stays_is_refused() {
    with_token("what_is_not_exactly_one_key_that_stays_is_refused", || {
        assert!(matches!(open(&place("nobody"), &pin()), Err(Fault::Keys { found: 0, .. })));
        generate(&place("one"), &pin()).unwrap();
        assert!(matches!(generate(&place("one"), &pin()), Err(Fault::Keys { found: 1, .. })));
        let other = Passphrase::new("another pin than that").unwrap();
        assert!(matches!(open(&place("one"), &other), Err(Fault::Pin(_))));
        let elsewhere = Place::parse(&format!("pkcs11:token=other;object=one?module-path={MODULE}")).unwrap();
        assert!(matches!(open(&elsewhere, &pin()), Err(Fault::Tokens { found: 0, .. })));
        let nowhere = Place::parse("pkcs11:token=sekisho;object=one?module-path=/nowhere/module.so").unwrap();
        assert!(matches!(open(&nowhere, &pin()), Err(Fault::Module { .. })));
        // A key that came from outside, and could leave again.
        let at = tempfile::tempdir().unwrap();
        let key = at.path().join("key.pem");
        let path = key.to_str().unwrap();
        let made = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path];
        assert!(Command::new("openssl").args(made).output().unwrap().status.success());
        let tool = ["--module", MODULE, "--token-label", "sekisho", "--login", "--pin", "a pin for tests"];
        let written =
            ["--write-object", path, "--type", "privkey", "--label", "leaky", "--usage-sign", "--extractable"];
        let done = Command::new("pkcs11-tool").args(tool).args(written).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let refused = open(&place("leaky"), &pin());
        assert!(matches!(refused, Err(Fault::Key { .. })), "{refused:?}");
    });
}

#[test]
fn a_place_is_read_and_written_the_same() {
    let place = Place::parse("pkcs11:token=My%20token;object=issuing-2026?module-path=/usr/lib/x.so").unwrap();
    assert_eq!((place.token(), place.object()), ("My token", "issuing-2026"));
    assert_eq!(Place::parse(&place.to_string()).unwrap(), place);
    for wrong in [
        "keys/issuing.key.pem",
        "pkcs11:",
        "pkcs11:token=a?module-path=/x.so",
        "pkcs11:token=a;object=b",
        "pkcs11:token=a;object=b?module-path=x.so",
        "pkcs11:token=a;token=b;object=b?module-path=/x.so",
        "pkcs11:token=a;object=b;serial=1?module-path=/x.so",
        "pkcs11:token=a;object=%zz?module-path=/x.so",
        "pkcs11:token=a;object=b%00?module-path=/x.so",
        "pkcs11:token=a;object=b?module-path=/x.so&pin-value=1234",
    ] {
        let refused = Place::parse(wrong).unwrap_err().to_string();
        assert!(!refused.contains("1234"), "{refused}");
    }
}
