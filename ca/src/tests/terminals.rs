//! What a terminal gets: read by openssl, NSS (Firefox) and Java.

use super::{House, contains, installed, openssl, openssl_refuses, run};
use crate::{LeafKey, Passphrase, Refused, SystemRandom, fresh_password, pem_bundle, pkcs12};

fn container(house: &House, name: &str) -> (String, String) {
    let (issued, key) = house.device("D-1");
    let password = fresh_password(&SystemRandom::new()).unwrap().to_string();
    let passphrase = Passphrase::new(&password).unwrap();
    let octets = pkcs12(&issued, &key, &house.issuing, &house.root, name, &passphrase).unwrap();
    (house.put("terminal.p12", octets), password)
}

#[test]
fn openssl_reads_the_container_with_modern_algorithms_only() {
    let house = House::build();
    let (file, password) = container(&house, "訪問看護 D-1");
    let pass = format!("pass:{password}");
    let shown = openssl(&["pkcs12", "-in", &file, "-info", "-nodes", "-passin", &pass]);
    contains(
        &shown,
        &[
            "MAC: sha256, Iteration 10000",
            "PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256",
            "Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256",
            "friendlyName:",
            "localKeyID:",
        ],
    );
    assert_eq!(shown.matches("-----BEGIN CERTIFICATE-----").count(), 3);
    assert_eq!(shown.matches("-----BEGIN PRIVATE KEY-----").count(), 1);
    openssl_refuses(&["pkcs12", "-in", &file, "-nodes", "-passin", "pass:wrong password"]);

    // What comes out verifies and fits together.
    let (leaf, key) = (house.path("out.pem"), house.path("out.key"));
    openssl(&["pkcs12", "-in", &file, "-clcerts", "-nokeys", "-passin", &pass, "-out", &leaf]);
    openssl(&["pkcs12", "-in", &file, "-nocerts", "-nodes", "-passin", &pass, "-out", &key]);
    assert_eq!(openssl(&["x509", "-in", &leaf, "-noout", "-pubkey"]), openssl(&["pkey", "-in", &key, "-pubout"]));
    openssl(&["verify", "-CAfile", &house.path("root.pem"), "-untrusted", &house.path("issuing.pem"), &leaf]);
}

#[test]
fn nss_as_in_firefox_reads_the_container() {
    if !installed("pk12util") || !installed("certutil") {
        return;
    }
    let house = House::build();
    let (file, password) = container(&house, "D-1");
    let store = house.path("nss");
    std::fs::create_dir(&store).unwrap();
    let place = format!("sql:{store}");
    let step = |program: &str, arguments: &[&str]| {
        let (fine, output) = run(program, arguments);
        assert!(fine, "{program}: {output}");
        output
    };
    step("certutil", &["-N", "-d", &place, "--empty-password"]);
    step("pk12util", &["-i", &file, "-d", &place, "-W", &password]);
    contains(&step("certutil", &["-K", "-d", &place]), &["ec"]);
    contains(&step("certutil", &["-L", "-d", &place]), &["u,u,u"]);
    assert!(!run("pk12util", &["-l", &file, "-W", "wrong password"]).0);
}

#[test]
fn java_reads_the_container() {
    if !installed("keytool") {
        return;
    }
    let house = House::build();
    let (file, password) = container(&house, "terminal");
    let (fine, shown) =
        run("keytool", &["-list", "-v", "-storetype", "PKCS12", "-keystore", &file, "-storepass", &password]);
    assert!(fine, "{shown}");
    contains(&shown, &["Alias name: terminal", "Entry type: PrivateKeyEntry", "Certificate chain length: 3"]);
}

#[test]
fn the_pem_bundle_holds_key_certificate_and_issuer() {
    let house = House::build();
    let (issued, key) = house.device("D-1");
    let bundle = pem_bundle(&issued, &key, &house.issuing).unwrap();
    let labels: Vec<_> = bundle.lines().filter(|line| line.starts_with("-----BEGIN")).collect();
    assert_eq!(labels, ["-----BEGIN PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"]);
    let file = house.put("bundle.pem", bundle.as_bytes());
    assert_eq!(openssl(&["x509", "-in", &file, "-noout", "-pubkey"]), openssl(&["pkey", "-in", &file, "-pubout"]));
}

#[test]
fn what_does_not_belong_together_is_not_packed() {
    let house = House::build();
    let (issued, key) = house.device("D-1");
    let other = LeafKey::generate().unwrap();
    let password = Passphrase::new("a password of some length").unwrap();
    let pack = |key: &LeafKey, name: &str, password: &Passphrase| {
        pkcs12(&issued, key, &house.issuing, &house.root, name, password)
    };
    assert!(matches!(pack(&other, "D-1", &password), Err(Refused::OtherLeafKey { .. })));
    assert!(matches!(pem_bundle(&issued, &other, &house.issuing), Err(Refused::OtherLeafKey { .. })));
    let long = "x".repeat(65);
    for name in ["", "line\nbreak", "\u{1f3e5}", long.as_str()] {
        assert!(matches!(pack(&key, name, &password), Err(Refused::Name { .. })), "{name:?}");
    }
    let japanese = Passphrase::new("日本語のパスワードです。長い。").unwrap();
    assert!(matches!(pack(&key, "D-1", &japanese), Err(Refused::Container(_))));
}

#[test]
fn passwords_are_five_groups_of_four() {
    let drawn: std::collections::BTreeSet<_> =
        (0..200).map(|_| fresh_password(&SystemRandom::new()).unwrap().to_string()).collect();
    assert_eq!(drawn.len(), 200);
    for password in drawn {
        let groups: Vec<_> = password.split('-').collect();
        assert!(groups.len() == 5 && groups.iter().all(|group| group.len() == 4), "{password}");
        assert!(!password.contains(['i', 'l', 'o', 'u']) && password.is_ascii(), "{password}");
    }
}
