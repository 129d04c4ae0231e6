//! Certification requests made by openssl: accepted kinds, refused kinds, and that only the key is taken.

use super::{House, contains, now, openssl, profile, serial};
use crate::weak::check_rsa;
use crate::{KeyKind, Refused, prepare, read_request};
use model::DeviceId;

/// A request by openssl for a fresh key of `kind` (arguments of `genpkey`), with `extra` arguments of `req`.
fn request(house: &House, kind: &[&str], extra: &[&str]) -> Vec<u8> {
    let (key, file) = (house.path("applicant.key"), house.path("request"));
    openssl(&[&["genpkey", "-out", &key][..], kind].concat());
    openssl(&[&["req", "-new", "-key", &key, "-subj", "/CN=whatever", "-out", &file][..], extra].concat());
    std::fs::read(file).unwrap()
}

const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

#[test]
fn the_accepted_kinds_of_keys_are_read() {
    let house = House::build();
    let p384 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let read = |kind: &[&str], extra: &[&str]| read_request(&request(&house, kind, extra)).unwrap().kind();
    assert_eq!(read(P256, &[]), KeyKind::P256);
    assert_eq!(read(P256, &["-outform", "DER"]), KeyKind::P256);
    assert_eq!(read(P256, &["-sha384"]), KeyKind::P256);
    assert_eq!(read(P256, &["-newhdr"]), KeyKind::P256);
    assert_eq!(read(&p384, &[]), KeyKind::P384);
    assert_eq!(read(&rsa, &[]), KeyKind::Rsa);
}

#[test]
fn other_keys_are_refused() {
    let house = House::build();
    let rsa =
        |bits: &'static str, exponent: &'static str| vec!["-algorithm", "RSA", "-pkeyopt", bits, "-pkeyopt", exponent];
    let fine = "rsa_keygen_pubexp:65537";
    for (kind, why) in [
        (vec!["-algorithm", "ED25519"], "its algorithm is neither ECDSA nor RSA"),
        (vec!["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "the curve is neither P-256 nor P-384"),
        (vec!["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "the curve is neither P-256 nor P-384"),
        ([P256, &["-pkeyopt", "ec_param_enc:explicit"]].concat(), "the curve is neither P-256 nor P-384"),
        (rsa("rsa_keygen_bits:1024", fine), "an RSA key has 2048 to 4096 bits"),
        (
            rsa("rsa_keygen_bits:2048", "rsa_keygen_pubexp:3"),
            "an RSA exponent is odd, at least 65537 and at most 64 bits",
        ),
    ] {
        match read_request(&request(&house, &kind, &[])) {
            Err(Refused::PublicKey(seen)) => assert_eq!(seen, why),
            other => panic!("{kind:?}: {other:?}"),
        }
    }
    let sha1 = read_request(&request(&house, P256, &["-sha1"]));
    assert!(matches!(sha1, Err(Refused::NoProofOfPossession)), "{sha1:?}");
}

#[test]
fn only_the_key_is_taken_from_a_request() {
    let house = House::build();
    let hostile = [
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
        "-addext",
        "extendedKeyUsage=serverAuth,anyExtendedKeyUsage",
        "-addext",
        "subjectAltName=DNS:gate.sekisho.example",
        "-addext",
        "1.2.3.4=ASN1:UTF8String:anything",
        "-subj",
        "/CN=D-2/O=evil",
    ];
    let key = read_request(&request(&house, P256, &hostile)).unwrap();
    let device = DeviceId::new("D-1").unwrap();
    let prepared = prepare(&profile(), &device, &key, serial(), now(), &house.issuing).unwrap();
    let leaf = house.put("leaf.pem", prepared.issue(&house.key).unwrap().pem());
    let shown = openssl(&["x509", "-in", &leaf, "-noout", "-text"]);
    contains(&shown, &["Subject: CN = D-1", "CA:FALSE", "TLS Web Client Authentication"]);
    for word in ["evil", "D-2", "CA:TRUE", "Certificate Sign", "Server", "Any", "DNS:", "1.2.3.4"] {
        assert!(!shown.contains(word), "{word} slipped in:\n{shown}");
    }
    // And it is the applicant's key.
    let (theirs, ours) = (house.path("applicant.key"), openssl(&["x509", "-in", &leaf, "-noout", "-pubkey"]));
    assert_eq!(openssl(&["pkey", "-in", &theirs, "-pubout"]), ours);
}

#[test]
fn who_does_not_hold_the_key_gets_nothing() {
    let house = House::build();
    let der = request(&house, P256, &["-outform", "DER"]);
    assert!(read_request(&der).is_ok());
    // One flipped bit anywhere, or a cut anywhere: refused, never a panic.
    for place in 0..der.len() {
        let mut damaged = der.clone();
        damaged[place] ^= 1;
        assert!(read_request(&damaged).is_err(), "octet {place}");
        assert!(read_request(&der[..place]).is_err(), "cut at {place}");
    }
    assert!(matches!(read_request(&[&der[..], b"\0"].concat()), Err(Refused::Request(_))));
    assert!(matches!(read_request(&vec![0x30; 16 * 1024 + 1]), Err(Refused::Request(_))));
    assert!(matches!(read_request(b""), Err(Refused::Request(_))));
    assert!(matches!(read_request(house.root.pem().as_bytes()), Err(Refused::Request(_))));
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn weak_rsa_keys_are_refused() {
    let e = &[1, 0, 1];
    let fine = unhex(include_str!("testdata/rsa-good.hex").trim());
    assert!(check_rsa(&fine, e).is_ok());
    // Made for this test as the faulty chips made theirs: both primes are k * M + (65537^a mod M).
    let roca = unhex(include_str!("testdata/rsa-roca.hex").trim());
    let seen = check_rsa(&roca, e);
    assert!(
        matches!(seen, Err(Refused::PublicKey("the RSA key was made by a faulty chip (CVE-2017-15361)"))),
        "{seen:?}"
    );

    for exponent in [&[3][..], &[1, 0, 0], &[1, 0, 2], &[0], &[], &[0xff, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1]] {
        assert!(check_rsa(&fine, exponent).is_err(), "{exponent:?}");
    }
    let mut negative = fine.clone();
    negative.remove(0);
    for modulus in [&[][..], &[0], &[5], &negative, &[&[0x7f][..], &[0xff; 600]].concat()] {
        assert!(check_rsa(modulus, e).is_err());
    }
    let mut even = fine.clone();
    *even.last_mut().unwrap() ^= 1;
    assert!(check_rsa(&even, e).is_err());
}
