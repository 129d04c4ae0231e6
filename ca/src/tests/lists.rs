//! Revocation lists, as openssl sees them.

use std::convert::Infallible;

use super::{House, contains, now, numbered, openssl, openssl_refuses};
use crate::{
    AuthorityCause, IssuingKey, RecordedNumber, Refused, Revoked, RevokedAuthority, RootKey, RootList, Shard,
    StatusPlaces, build_crl, build_shard,
};
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

    let empty = build_crl(&house.issuing, &house.key, &[], &numbered(1), now()).unwrap();
    house.put("list.pem", empty.pem().unwrap());
    openssl(&arguments(&verify(&house, &lost_file)));

    let entry = Revoked { serial: lost.serial(), at: now(), reason: ReasonCode::KeyCompromise };
    let list = build_crl(&house.issuing, &house.key, &[entry], &numbered(2), now()).unwrap();
    house.put("list.pem", list.pem().unwrap());
    contains(&openssl_refuses(&arguments(&verify(&house, &lost_file))), &["error 23", "certificate revoked"]);
    openssl(&arguments(&verify(&house, &kept_file)));
}

#[test]
fn openssl_reads_every_list() {
    let house = House::build();
    let show = |revoked: &[Revoked], number| {
        let list = build_crl(&house.issuing, &house.key, revoked, &numbered(number), now()).unwrap();
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
    let list = build_crl(&house.issuing, &house.key, &revoked, &numbered(9), now()).unwrap();
    assert_eq!(list.entries(), 5000);
    // About 49 octets an entry: a list that grows otherwise says something that it should not.
    assert!(list.der().len() < 5000 * 50 + 1000, "{}", list.der().len());
}

#[test]
fn what_makes_no_list_is_refused() {
    let house = House::build();
    let entry =
        Revoked { serial: SerialNumber::parse("4142434445464748").unwrap(), at: now(), reason: ReasonCode::Superseded };
    let build = |revoked: &[Revoked], number| build_crl(&house.issuing, &house.key, revoked, &numbered(number), now());
    assert!(matches!(build(&[entry, entry], 1), Err(Refused::Crl(why)) if why.contains("twice")));
    assert!(matches!(RecordedNumber::next(|| Ok::<_, Infallible>(0)), Err(Refused::Crl(_))));
    let other = IssuingKey::generate().unwrap();
    assert!(matches!(build_crl(&house.issuing, &other, &[], &numbered(1), now()), Err(Refused::OtherKey { .. })));
    let late = house.issuing.not_after().plus_seconds(1);
    assert!(matches!(
        build_crl(&house.issuing, &house.key, &[], &numbered(1), late),
        Err(Refused::IssuerNotValid { .. })
    ));
}

#[test]
fn no_revocation_is_dated_after_its_list() {
    let house = House::build();
    let ahead = Revoked {
        serial: SerialNumber::parse("4142434445464748").unwrap(),
        at: now().plus_seconds(3600),
        reason: ReasonCode::Superseded,
    };
    let list = build_crl(&house.issuing, &house.key, &[ahead], &numbered(1), now()).unwrap();
    let file = house.put("list.crl", list.der());
    let shown = openssl(&["crl", "-inform", "DER", "-in", &file, "-noout", "-text"]);
    let line = |start: &str| {
        let found = shown.lines().find(|line| line.trim().starts_with(start)).unwrap().trim().to_owned();
        found.strip_prefix(start).unwrap().to_owned()
    };
    assert_eq!(line("Revocation Date: "), line("Last Update: "));
}

pub(super) fn places() -> StatusPlaces {
    StatusPlaces::beside("http://status.sekisho.example/crl/devices.crl").unwrap()
}

#[test]
fn the_shard_that_a_certificate_names_says_whether_it_is_revoked() {
    let house = House::build();
    let (lost, _) = house.device("D-1");
    let file = house.put("lost.pem", lost.pem());
    let shard = Shard::of(&lost.serial());
    let put = |shard, revoked: &[Revoked]| {
        let list = build_shard(&house.issuing, &house.key, (&places(), shard), revoked, &numbered(1), now()).unwrap();
        house.put("list.pem", list.pem().unwrap());
    };
    put(shard, &[]);
    openssl(&arguments(&verify(&house, &file)));
    put(shard, &[Revoked { serial: lost.serial(), at: now(), reason: ReasonCode::KeyCompromise }]);
    contains(&openssl_refuses(&arguments(&verify(&house, &file))), &["error 23", "certificate revoked"]);
    // Another shard cannot stand in for it: a stranger that was given the wrong one knows that it knows nothing.
    put(Shard::new((shard.number() + 1) % Shard::COUNT).unwrap(), &[]);
    contains(&openssl_refuses(&arguments(&verify(&house, &file))), &["error 44", "different CRL scope"]);
}

#[test]
fn openssl_reads_a_shard() {
    let house = House::build();
    let shard = Shard::new(7).unwrap();
    let list = build_shard(&house.issuing, &house.key, (&places(), shard), &[], &numbered(5), now()).unwrap();
    let (file, issuer) = (house.put("list.crl", list.der()), house.path("issuing.pem"));
    let shown = openssl(&["crl", "-inform", "DER", "-in", &file, "-noout", "-text", "-CAfile", &issuer]);
    let point = "X509v3 Issuing Distribution Point: critical";
    contains(&shown, &["verify OK", point, "URI:http://status.sekisho.example/crl/007.crl", "Only User Certificates"]);
}

#[test]
fn every_serial_number_belongs_to_one_shard() {
    let serial = |last| SerialNumber::from_octets(&[0x41, 2, 3, 4, 5, 6, 7, last]).unwrap();
    for last in 0..=u8::MAX {
        assert_eq!(Shard::of(&serial(last)).number(), last % 128);
    }
    let files: Vec<_> = Shard::all().map(Shard::file_name).collect();
    assert_eq!((files.len(), files[0].as_str(), files[127].as_str()), (128, "000.crl", "127.crl"));
    for (shard, file) in Shard::all().zip(&files) {
        assert_eq!(Shard::from_file_name(file), Some(shard));
    }
    for other in
        ["", ".crl", "7.crl", "07.crl", "0007.crl", "128.crl", "+07.crl", "00a.crl", "007", "007.CRL", "-01.crl"]
    {
        assert_eq!(Shard::from_file_name(other), None, "{other}");
    }
    let house = House::build();
    let stranger = Revoked { serial: serial(8), at: now(), reason: ReasonCode::Superseded };
    let at = (&places(), Shard::new(7).unwrap());
    let refused = build_shard(&house.issuing, &house.key, at, &[stranger], &numbered(1), now());
    assert!(matches!(refused, Err(Refused::Crl(why)) if why.contains("does not belong to shard 007")));
}

#[test]
fn everything_lies_beside_the_list() {
    let places = StatusPlaces::beside("https://crl.example:8443/a/b.crl").unwrap();
    assert_eq!(places.list(), "https://crl.example:8443/a/b.crl");
    assert_eq!(places.shard(Shard::new(12).unwrap()), "https://crl.example:8443/a/012.crl");
    assert_eq!(places.issuer(), "https://crl.example:8443/a/issuing.cer");
    assert_eq!(places.responder(), "https://crl.example:8443/a/ocsp");
    assert_eq!(StatusPlaces::beside("http://crl.example/x").unwrap().responder(), "http://crl.example/ocsp");
}

/// Who checks the whole chain asks the root's list about the authority, and refuses all that it issued.
#[test]
fn the_roots_list_ends_an_authority_and_all_that_it_issued() {
    let house = House::build();
    let (device, _) = house.device("D-1");
    let leaf = house.put("leaf.pem", device.pem());
    let own = build_crl(&house.issuing, &house.key, &[], &numbered(1), now()).unwrap().pem().unwrap();
    let verify = |list: &RootList| {
        house.put("lists.pem", format!("{own}{}", list.pem().unwrap()));
        let chain = ["verify", "-crl_check_all", "-CAfile", &house.path("root.pem"), "-untrusted"].map(str::to_owned);
        let rest = [&house.path("issuing.pem"), "-CRLfile", &house.path("lists.pem"), leaf.as_str()].map(str::to_owned);
        chain.into_iter().chain(rest).collect::<Vec<String>>()
    };
    let build = |revoked: &[RevokedAuthority], number| {
        RootList::build(&house.root, &house.root_key, revoked, &numbered(number), now())
    };
    let empty = build(&[], 1).unwrap();
    openssl(&arguments(&verify(&empty)));
    let entry = |cause| RevokedAuthority { serial: house.issuing.serial(), at: now(), cause };
    for cause in AuthorityCause::ALL {
        let list = build(&[entry(*cause)], 2).unwrap();
        contains(&openssl_refuses(&arguments(&verify(&list))), &["error 23", "certificate revoked"]);
        // Read again in either form, it says the same.
        for given in [list.der(), list.pem().unwrap().as_bytes()] {
            assert_eq!(RootList::read(given, &house.root).unwrap(), list);
        }
        assert_eq!((list.entries(), list.revoked_at(&house.servers.serial())), (1, None));
        assert_eq!(list.revoked_at(&house.issuing.serial()).unwrap().as_seconds(), now().as_seconds());
    }
    let shown = house.put("root.crl", build(&[entry(AuthorityCause::Compromised)], 3).unwrap().pem().unwrap());
    let root = house.path("root.pem");
    contains(
        &openssl(&["crl", "-in", &shown, "-noout", "-text", "-CAfile", &root]),
        &["verify OK", "CA Compromise", "X509v3 CRL Number: \n                3\n"],
    );
    build(&[entry(AuthorityCause::Ceased), entry(AuthorityCause::Superseded)], 4).unwrap_err();
}

#[test]
fn a_list_that_is_not_the_roots_is_none() {
    let house = House::build();
    let list = RootList::build(&house.root, &house.root_key, &[], &numbered(1), now()).unwrap();
    let other = House::build();
    assert!(RootList::read(list.der(), &other.root).is_err());
    RootList::build(&house.root, &RootKey::generate().unwrap(), &[], &numbered(1), now()).unwrap_err();
    let of_devices = build_crl(&house.issuing, &house.key, &[], &numbered(1), now()).unwrap();
    assert!(RootList::read(of_devices.der(), &house.root).is_err());
    assert!(RootList::read(house.root.pem().as_bytes(), &house.root).is_err());
    // Whatever octet is changed or missing, it is read as nothing else.
    for place in 0..list.der().len() {
        let mut changed = list.der().to_vec();
        changed[place] ^= 1;
        assert!(RootList::read(&changed, &house.root).is_err(), "{place}");
        assert!(RootList::read(&list.der()[..place], &house.root).is_err(), "{place}");
    }
}
