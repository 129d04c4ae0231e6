//! Keys at rest: encrypted so that openssl reads them, closed to any other passphrase, never shown.

use super::{House, contains, openssl, openssl_refuses};
use crate::{IssuingKey, LeafKey, Passphrase, Refused, RootKey, SystemRandom};

const PASSPHRASE: &str = "correct horse battery staple";

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE).unwrap()
}

#[test]
fn openssl_opens_sealed_keys_with_the_passphrase_only() {
    let house = House::build();
    let random = SystemRandom::new();
    let sealed = [
        (house.root_key.seal(&passphrase(), &random).unwrap(), "ASN1 OID: secp384r1"),
        (house.key.seal(&passphrase(), &random).unwrap(), "ASN1 OID: prime256v1"),
    ];
    for (pem, curve) in sealed {
        let file = house.put("key.pem", pem.as_bytes());
        contains(&openssl(&["asn1parse", "-in", &file]), &[":PBES2", ":scrypt", ":aes-256-cbc"]);
        let pass = format!("pass:{PASSPHRASE}");
        contains(&openssl(&["pkey", "-in", &file, "-passin", &pass, "-noout", "-text"]), &[curve]);
        openssl_refuses(&["pkey", "-in", &file, "-passin", "pass:another passphrase", "-noout"]);
    }
}

#[test]
fn a_sealed_key_opens_again_and_is_the_same() {
    let key = IssuingKey::generate().unwrap();
    let sealed = key.seal(&passphrase(), &SystemRandom::new()).unwrap();
    assert_eq!(IssuingKey::open(&sealed, &passphrase()).unwrap().public(), key.public());
    // Sealed twice, two different files: salt and vector are fresh.
    assert_ne!(*key.seal(&passphrase(), &SystemRandom::new()).unwrap(), *sealed);
}

#[test]
fn keys_made_by_openssl_open_too() {
    let house = House::build();
    let file = house.path("made-by-openssl.pem");
    let pass = format!("pass:{PASSPHRASE}");
    let curve = "ec_paramgen_curve:P-256";
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-aes-256-cbc", "-pass", &pass, "-out", &file]);
    IssuingKey::open(&std::fs::read_to_string(file).unwrap(), &passphrase()).unwrap();
}

#[test]
fn what_does_not_open_says_why() {
    let key = IssuingKey::generate().unwrap();
    let sealed = key.seal(&passphrase(), &SystemRandom::new()).unwrap();
    let other = Passphrase::new("wrong horse battery staple").unwrap();
    assert!(matches!(IssuingKey::open(&sealed, &other), Err(Refused::WrongPassphrase)));
    assert!(matches!(RootKey::open(&sealed, &passphrase()), Err(Refused::KeyKind { wanted: "P-384" })));
    let clear = LeafKey::generate().unwrap().pkcs8_pem().unwrap();
    assert!(matches!(IssuingKey::open(&clear, &passphrase()), Err(Refused::KeyInClear)));
    for garbage in ["", "no key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"]
    {
        assert!(matches!(IssuingKey::open(garbage, &passphrase()), Err(Refused::KeyForm(_))), "{garbage}");
    }
    let house = House::build();
    assert!(matches!(IssuingKey::open(house.root.pem(), &passphrase()), Err(Refused::KeyForm(_))));
}

#[test]
fn passphrases_are_one_line_of_twelve_characters_or_more() {
    for fine in ["twelve chars", "twelve chars\n", "twelve chars\r\n", "ひらがなで十二文字以上です"] {
        assert!(Passphrase::new(fine).is_ok(), "{fine:?}");
    }
    let long = "x".repeat(Passphrase::LENGTH_MAX + 1);
    for wrong in ["", "eleven char", "eleven char\n", "two lines of\npassphrase", "a\ttab in the middle", &long] {
        assert!(matches!(Passphrase::new(wrong), Err(Refused::Passphrase { .. })), "{wrong:?}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let leaf = LeafKey::generate().unwrap();
    let shown = format!("{:?} {:?} {leaf:?}", passphrase(), IssuingKey::generate().unwrap());
    assert!(!shown.contains("horse"));
    // A key shows as the fingerprint of its public half.
    assert!(shown.contains(&leaf.public().fingerprint()));
}
