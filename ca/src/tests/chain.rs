//! Chains and purposes, as openssl sees them.

use super::{House, contains, name, now, openssl, openssl_refuses, profile, serial};
use crate::{
    Host, Issuing, IssuingKey, LeafKey, Purpose, Refused, Root, RootKey, ServerProfile, prepare, prepare_server,
};
use model::{DeviceId, Timestamp};

fn server(house: &House) -> String {
    let key = LeafKey::generate().unwrap();
    let hosts = vec![Host::new("gate.sekisho.example").unwrap(), Host::new("console.sekisho.example").unwrap()];
    let profile = ServerProfile::new(hosts, vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()]).unwrap();
    let prepared = prepare_server(&profile, key.public(), serial(), now(), &house.servers).unwrap();
    house.put("server.pem", prepared.issue(&house.server_key).unwrap().pem())
}

#[test]
fn a_terminal_verifies_as_client_and_as_nothing_else() {
    let house = House::build();
    let (issued, _) = house.device("D-1");
    let (leaf, root, issuing) =
        (house.put("leaf.pem", issued.pem()), house.path("root.pem"), house.path("issuing.pem"));
    for (purpose, fine) in [("sslclient", true), ("sslserver", false), ("smimesign", false), ("timestampsign", false)] {
        let arguments =
            ["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &issuing, "-purpose", purpose, &leaf];
        if fine {
            openssl(&arguments)
        } else {
            openssl_refuses(&arguments)
        };
    }
}

#[test]
fn a_device_certificate_says_what_the_profile_says() {
    let house = House::build();
    let (issued, _) = house.device("D-1");
    let leaf = house.put("leaf.pem", issued.pem());
    let shown = openssl(&["x509", "-in", &leaf, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"]);
    contains(
        &shown,
        &[
            "Version: 3 (0x2)",
            "Signature Algorithm: ecdsa-with-SHA256",
            "Issuer: O=関所市 連携情報,CN=Devices 2026",
            "Subject: CN=D-1\n",
            "ASN1 OID: prime256v1",
            "X509v3 Subject Alternative Name: \n                URI:https://gate.sekisho.example/d/D-1\n",
            "X509v3 Key Usage: critical\n                Digital Signature\n",
            "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
            "URI:http://status.sekisho.example/crl/",
            "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        ],
    );
    let serial = openssl(&["x509", "-in", &leaf, "-noout", "-serial"]);
    assert_eq!(serial.trim().to_lowercase(), format!("serial={}", issued.serial()));
    let fingerprint = openssl(&["x509", "-in", &leaf, "-noout", "-fingerprint", "-sha256"]);
    assert_eq!(fingerprint.trim().replace(':', "").to_lowercase().split('=').nth(1), Some(issued.fingerprint_sha256()));
}

#[test]
fn servers_and_terminals_do_not_stand_in_for_each_other() {
    let house = House::build();
    let (server, root, servers) = (server(&house), house.path("root.pem"), house.path("servers.pem"));
    for host in ["gate.sekisho.example", "console.sekisho.example"] {
        let named = ["-purpose", "sslserver", "-verify_hostname", host, &server];
        openssl(&[&["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &servers][..], &named[..]].concat());
    }
    let address = ["-purpose", "sslserver", "-verify_ip", "127.0.0.1", &server];
    openssl(&[&["verify", "-CAfile", &root, "-untrusted", &servers][..], &address[..]].concat());
    let other = ["-purpose", "sslserver", "-verify_hostname", "other.example", &server];
    openssl_refuses(&[&["verify", "-CAfile", &root, "-untrusted", &servers][..], &other[..]].concat());
    openssl_refuses(&["verify", "-CAfile", &root, "-untrusted", &servers, "-purpose", "sslclient", &server]);
    // The gateway trusts the devices' issuing certificate alone: nothing issued for servers chains to it.
    let issuing = house.path("issuing.pem");
    openssl_refuses(&["verify", "-partial_chain", "-CAfile", &issuing, "-untrusted", &servers, &server]);

    let key = LeafKey::generate().unwrap();
    let device = DeviceId::new("D-1").unwrap();
    let wrong = prepare(&profile(), &device, key.public(), serial(), now(), &house.servers);
    assert!(matches!(wrong, Err(Refused::OtherPurpose { purpose: "devices", .. })));
    let profile = ServerProfile::new(vec![Host::new("a.example").unwrap()], vec![]).unwrap();
    let wrong = prepare_server(&profile, key.public(), serial(), now(), &house.issuing);
    assert!(matches!(wrong, Err(Refused::OtherPurpose { purpose: "servers", .. })));
}

#[test]
fn an_authority_lives_as_long_as_its_profile_and_not_beyond_the_root() {
    let (root_key, key) = (RootKey::generate().unwrap(), IssuingKey::generate().unwrap());
    let begin = Timestamp::parse("2026-04-01T00:00:00Z").unwrap();
    let root = Root::create(&name("Root"), &root_key, serial(), begin).unwrap();
    assert_eq!(root.not_before().to_string(), "2026-03-31T23:55:00.000Z");
    assert_eq!(root.not_after().to_string(), "2046-03-31T23:54:59.000Z");
    let make = |at: &str| {
        let at = Timestamp::parse(at).unwrap();
        Issuing::create(Purpose::Devices, &name("Devices"), &key, serial(), at, &root, &root_key)
    };
    assert_eq!(make("2026-04-01T00:00:00Z").unwrap().not_after().to_string(), "2029-03-30T23:54:59.000Z");
    assert_eq!(make("2045-04-01T00:00:00Z").unwrap().not_after(), root.not_after());
    assert!(matches!(make("2046-04-01T00:00:00Z"), Err(Refused::IssuerNotValid { .. })));
}

#[test]
fn authorities_are_read_back_strictly() {
    let house = House::build();
    let (root, issuing) = (Root::read(house.root.pem().as_bytes()).unwrap(), house.issuing.der());
    assert_eq!(root.fingerprint_sha256(), house.root.fingerprint_sha256());
    assert_eq!(Issuing::read(issuing, &root).unwrap().purpose(), Purpose::Devices);
    assert_eq!(Issuing::read(house.servers.pem().as_bytes(), &root).unwrap().purpose(), Purpose::Servers);

    // Another root of the same name and an issuing authority that is not its own.
    let other = House::build();
    assert!(matches!(Issuing::read(issuing, &other.root), Err(Refused::Lint(_))));
    let (device, _) = house.device("D-1");
    for wrong in [device.der(), device.pem().as_bytes(), house.issuing.der(), b"nothing", b"", b"\x30"] {
        assert!(Root::read(wrong).is_err());
    }
    for wrong in [device.der(), house.root.der(), b"nothing", b"", b"\x30"] {
        assert!(Issuing::read(wrong, &root).is_err());
    }
    // One flipped bit anywhere: refused, never a panic.
    for place in 0..issuing.len() {
        let mut damaged = issuing.to_vec();
        damaged[place] ^= 1;
        assert!(Issuing::read(&damaged, &root).is_err(), "octet {place}");
    }
}

#[test]
fn the_wrong_key_signs_nothing() {
    let house = House::build();
    let (other, key) = (IssuingKey::generate().unwrap(), LeafKey::generate().unwrap());
    assert!(house.issuing.check_key(&house.key).is_ok());
    assert!(matches!(house.issuing.check_key(&other), Err(Refused::OtherKey { .. })));
    let device = DeviceId::new("D-1").unwrap();
    let prepared = prepare(&profile(), &device, key.public(), serial(), now(), &house.issuing).unwrap();
    assert!(matches!(prepared.issue(&other), Err(Refused::OtherKey { .. })));
    let other_root = RootKey::generate().unwrap();
    let wrong = Issuing::create(Purpose::Devices, &name("X"), &other, serial(), now(), &house.root, &other_root);
    assert!(matches!(wrong, Err(Refused::OtherKey { .. })));
}
