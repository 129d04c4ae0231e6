//! Revocation lists, as openssl sees them.

use super::{House, contains, now, openssl, openssl_refuses};
use crate::{IssuingKey, Refused, Revoked, build_crl};
use model::{ReasonCode, SerialNumber};

fn verify(house: &House, leaf: &str) -> Vec<String> {
    let chain = ["verify", "-crl_check", "-CAfile", &house.path("root.pem"), "-untrusted", &house.path("issuing.pem")]
        .map(str::to_owned);
    let rest = ["-CRLfile", &house.path("list.pem"), "-purpose", "sslclient", leaf].map(str::to_owned);
    chain.into_iter().chain(rest).collect()
}

fn arguments(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[test]
fn a_revoked_terminal_is_refused_and_its_neighbour_is_not() {
    let house = House::build();
    let ((lost, _), (kept, _)) = (house.device("D-1"), house.device("D-2"));
    let (lost_file, kept_file) = (house.put("lost.pem", lost.pem()), house.put("kept.pem", kept.pem()));

    let empty = build_crl(&house.issuing, &house.key, &[], 1, now()).unwrap();
    house.put("list.pem", empty.pem().unwrap());
    openssl(&arguments(&verify(&house, &lost_file)));

    let entry = Revoked { serial: lost.serial(), at: now(), reason: ReasonCode::KeyCompromise };
    let list = build_crl(&house.issuing, &house.key, &[entry], 2, now()).unwrap();
    house.put("list.pem", list.pem().unwrap());
    contains(&openssl_refuses(&arguments(&verify(&house, &lost_file))), &["error 23", "certificate revoked"]);
    openssl(&arguments(&verify(&house, &kept_file)));
}

#[test]
fn openssl_reads_every_list() {
    let house = House::build();
    let show = |revoked: &[Revoked], number| {
        let list = build_crl(&house.issuing, &house.key, revoked, number, now()).unwrap();
        assert_eq!((list.entries(), list.number()), (revoked.len(), number));
        assert_eq!(list.next_update().millis_since(list.this_update()), 86_400_000);
        let file = house.put("list.crl", list.der());
        // -CAfile makes openssl check the signature.
        let issuer = house.path("issuing.pem");
        openssl(&["crl", "-inform", "DER", "-in", &file, "-noout", "-text", "-CAfile", &issuer, "-nameopt", "utf8"])
    };
    contains(
        &show(&[], 1),
        &[
            "verify OK",
            "Version 2 (0x1)",
            "No Revoked Certificates",
            "X509v3 CRL Number: \n                1\n",
            "Authority Key Identifier",
        ],
    );
    let revoked: Vec<_> = (0_u8..)
        .zip(ReasonCode::ALL)
        .map(|(place, reason)| Revoked {
            serial: SerialNumber::from_octets(&[0x40 + (5 - place), 1, 2, 3, 4, 5, 6, 7]).unwrap(),
            at: now().plus_seconds(-60),
            reason: *reason,
        })
        .collect();
    let shown = show(&revoked, u64::MAX);
    contains(
        &shown,
        &[
            "verify OK",
            "Key Compromise",
            "Affiliation Changed",
            "Superseded",
            "Cessation Of Operation",
            "Privilege Withdrawn",
        ],
    );
    // RFC 5280 5.3.1: unspecified is left out.
    assert!(!shown.contains("Unspecified"));
    assert_eq!(shown.matches("Serial Number:").count(), 6);
}

#[test]
fn a_list_of_thousands_reads_back() {
    let house = House::build();
    let revoked: Vec<_> = (1_u32..=5000)
        .map(|number| Revoked {
            serial: SerialNumber::from_octets(&[&[0x55; 8][..], &number.to_be_bytes()].concat()).unwrap(),
            at: now(),
            reason: ReasonCode::Superseded,
        })
        .collect();
    let list = build_crl(&house.issuing, &house.key, &revoked, 9, now()).unwrap();
    assert_eq!(list.entries(), 5000);
    // About 49 octets an entry: a list that grows otherwise says something that it should not.
    assert!(list.der().len() < 5000 * 50 + 1000, "{}", list.der().len());
}

#[test]
fn what_makes_no_list_is_refused() {
    let house = House::build();
    let entry =
        Revoked { serial: SerialNumber::parse("4142434445464748").unwrap(), at: now(), reason: ReasonCode::Superseded };
    let build = |revoked: &[Revoked], number| build_crl(&house.issuing, &house.key, revoked, number, now());
    assert!(matches!(build(&[entry, entry], 1), Err(Refused::Crl(why)) if why.contains("twice")));
    assert!(matches!(build(&[entry], 0), Err(Refused::Crl(_))));
    let other = IssuingKey::generate().unwrap();
    assert!(matches!(build_crl(&house.issuing, &other, &[], 1, now()), Err(Refused::OtherKey { .. })));
    let late = house.issuing.not_after().plus_seconds(1);
    assert!(matches!(build_crl(&house.issuing, &house.key, &[], 1, late), Err(Refused::IssuerNotValid { .. })));
}

#[test]
fn no_revocation_is_dated_after_its_list() {
    let house = House::build();
    let ahead = Revoked {
        serial: SerialNumber::parse("4142434445464748").unwrap(),
        at: now().plus_seconds(3600),
        reason: ReasonCode::Superseded,
    };
    let list = build_crl(&house.issuing, &house.key, &[ahead], 1, now()).unwrap();
    let file = house.put("list.crl", list.der());
    let shown = openssl(&["crl", "-inform", "DER", "-in", &file, "-noout", "-text"]);
    let line = |start: &str| {
        let found = shown.lines().find(|line| line.trim().starts_with(start)).unwrap().trim().to_owned();
        found.strip_prefix(start).unwrap().to_owned()
    };
    assert_eq!(line("Revocation Date: "), line("Last Update: "));
}
