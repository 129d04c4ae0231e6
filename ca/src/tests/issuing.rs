//! Serial numbers, validity, and names that must not get through.

use std::cell::RefCell;

use super::{House, name, now, profile, serial};
use crate::{
    Assurance, AuthorityName, DeviceProfile, Host, Issuing, IssuingKey, LeafKey, Purpose, Random, Refused, Root,
    RootKey, ServerProfile, SystemRandom, device_validity, fresh_serial, prepare, reserve, reserve_numbered,
};
use model::{DeviceId, SerialNumber, Timestamp};

/// A source that gives the same octet for ever, or fails.
struct Fixed(Option<u8>);

impl Random for Fixed {
    fn fill(&self, octets: &mut [u8]) -> Result<(), Refused> {
        octets.fill(self.0.ok_or(Refused::Crypto("drawing random octets"))?);
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal is full")]
struct Full;

#[test]
fn serial_numbers_have_sixteen_octets_and_are_positive_whatever_the_source_gives() {
    for octet in 0..=u8::MAX {
        let serial = fresh_serial(&Fixed(Some(octet))).unwrap();
        assert_eq!(serial.octets().len(), 16);
        assert!(serial.octets()[0] < 0x80);
    }
    assert!(matches!(fresh_serial(&Fixed(None)), Err(Refused::Crypto(_))));
    let drawn: std::collections::BTreeSet<_> = (0..1000).map(|_| fresh_serial(&SystemRandom::new()).unwrap()).collect();
    assert_eq!(drawn.len(), 1000);
}

#[test]
fn a_serial_number_is_recorded_before_there_is_anything_to_sign() {
    let book = RefCell::new(vec![]);
    let recorded = reserve(&SystemRandom::new(), &mut |serial: &SerialNumber| {
        book.borrow_mut().push(*serial);
        Ok::<(), Full>(())
    })
    .unwrap();
    assert_eq!(*book.borrow(), [recorded.number()]);

    let house = House::build();
    let key = LeafKey::generate().unwrap();
    let number = recorded.number();
    let device = DeviceId::new("D-1").unwrap();
    let prepared = prepare(&profile(), &device, key.public(), recorded, now(), &house.issuing).unwrap();
    assert_eq!(prepared.serial(), number);
    assert_eq!(prepared.issue(&house.key).unwrap().serial(), number);

    let failed = reserve(&SystemRandom::new(), &mut |_: &SerialNumber| Err(Full));
    let Err(Refused::SerialNotRecorded(cause)) = failed else { panic!("{failed:?}") };
    assert_eq!(cause.to_string(), "the journal is full");
}

/// An authority of 2026-04-01, with no clock of a stranger near.
fn authority() -> (Root, Issuing, IssuingKey) {
    let (root_key, key) = (RootKey::generate().unwrap(), IssuingKey::generate().unwrap());
    let begin = at("2026-04-01T00:00:00Z");
    let root = Root::create(&name("Root"), &root_key, serial(), begin).unwrap();
    let issuing = Issuing::create(Purpose::Devices, &name("Devices"), &key, serial(), begin, &root, &root_key).unwrap();
    (root, issuing, key)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn validity_is_the_profiles_but_never_beyond_the_issuer_or_the_loan() {
    let (_, issuing, _) = authority();
    let key = LeafKey::generate().unwrap();
    let device = DeviceId::new("D-1").unwrap();
    let validity = |profile: &DeviceProfile, now: &str| {
        let foretold = device_validity(profile, at(now), &issuing);
        let prepared = prepare(profile, &device, key.public(), serial(), at(now), &issuing);
        assert_eq!(foretold.ok(), prepared.as_ref().ok().map(|prepared| prepared.validity()));
        prepared.map(|prepared| format!("{} {}", prepared.validity().0, prepared.validity().1))
    };
    let check = |profile: &DeviceProfile, now: &str, wanted: &str| assert_eq!(validity(profile, now).unwrap(), wanted);
    let (half_year, year) = (profile(), profile().assured(Assurance::Container));

    check(&half_year, "2026-05-01T00:00:00.250Z", "2026-04-30T23:55:00.000Z 2026-10-27T23:54:59.000Z");
    check(&year, "2026-05-01T00:00:00Z", "2026-04-30T23:55:00.000Z 2027-06-01T23:54:59.000Z");
    // Not before the issuer; not after it.
    check(&half_year, "2026-04-01T00:00:00Z", "2026-03-31T23:55:00.000Z 2026-09-27T23:54:59.000Z");
    check(&half_year, "2029-03-01T00:00:00Z", "2029-02-28T23:55:00.000Z 2029-03-30T23:54:59.000Z");
    let loaned = profile().not_beyond(at("2026-05-31T15:00:00Z"));
    check(&loaned, "2026-05-01T00:00:00Z", "2026-04-30T23:55:00.000Z 2026-05-31T15:00:00.000Z");
    assert!(matches!(validity(&loaned, "2026-06-01T00:00:00Z"), Err(Refused::Time(_))));
    for outside in ["2026-03-31T00:00:00Z", "2029-03-30T00:00:00Z", "2030-01-01T00:00:00Z", "1969-01-01T00:00:00Z"] {
        assert!(matches!(validity(&half_year, outside), Err(Refused::IssuerNotValid { .. })), "{outside}");
    }
    for level in [Assurance::Attested, Assurance::Tpm, Assurance::Software] {
        let long = profile().assured(level).valid_for(181).unwrap();
        assert!(matches!(validity(&long, "2026-05-01T00:00:00Z"), Err(Refused::Bounds { .. })), "{level:?}");
    }
    for days in [0, 398, u16::MAX] {
        assert!(matches!(profile().valid_for(days), Err(Refused::Bounds { .. })), "{days}");
    }
}

#[test]
fn an_authoritys_own_key_is_not_certified() {
    let (root, issuing, key) = authority();
    let device = DeviceId::new("D-1").unwrap();
    let own = prepare(&profile(), &device, &key.public(), serial(), at("2026-05-01T00:00:00Z"), &issuing);
    assert!(matches!(own, Err(Refused::IssuersKey)), "{own:?}");
    assert_ne!(root.public_key(), issuing.public_key());
}

#[test]
fn hostile_names_do_not_reach_a_certificate() {
    let long = "x".repeat(65);
    let devices =
        ["", "D 1", "D-1\n", "D-1,O=evil", "D-1\0", "../D-1", "D/1", "Ｄ-1", "CN=D", "*", "D-1+CN=admin", &long];
    for hostile in devices {
        assert!(DeviceId::new(hostile).is_err(), "{hostile:?}");
    }
    let label = format!("{}.example", "a".repeat(64));
    let long = format!("{}example", "a.".repeat(130));
    for hostile in [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "A.example",
        "a b",
        "a/b",
        "a:443",
        "*.example",
        "例.example",
        "10.0.0.1",
        "1",
        "a.example.",
        "a\0.example",
        "a@b",
        label.as_str(),
        long.as_str(),
    ] {
        assert!(matches!(Host::new(hostile), Err(Refused::Name { .. })), "{hostile:?}");
    }
    for fine in ["localhost", "gate.sekisho.example", "a1-b.example", "xn--fsq.example"] {
        assert!(Host::new(fine).is_ok(), "{fine}");
    }
    let host = || Host::new("localhost").unwrap();
    for hostile in [
        "",
        "ftp://a.example/x",
        "http://",
        "http://a.example",
        "http://a.example/",
        "http://a.example/x y",
        "http://u@a.example/x",
        "http://a.example:0/x",
        "http://a.example:99999/x",
        "http://a.example/x?y",
        "http://A/x",
        "http://a.example/x#y",
        "javascript:alert(1)",
        "http://a.example/\u{202e}",
        "http://[::1]/x",
    ] {
        assert!(matches!(DeviceProfile::new(host(), hostile), Err(Refused::Name { .. })), "{hostile:?}");
    }
    for fine in ["http://a.example/x.crl", "https://a.example:8443/crl/devices.crl", "http://127.0.0.1:8080/crl/d.crl"]
    {
        assert!(DeviceProfile::new(host(), fine).is_ok(), "{fine}");
    }
    let long = "x".repeat(65);
    for (organization, common_name) in
        [("", "Root"), ("City", ""), ("City\n", "Root"), (" City", "Root"), ("City", &long)]
    {
        assert!(AuthorityName::new(organization, common_name).is_err(), "{organization:?} {common_name:?}");
    }
    assert!(ServerProfile::new(vec![], vec![]).is_err());
    assert!(ServerProfile::new(vec![host(); 33], vec![]).is_err());
}

#[test]
fn a_device_id_of_full_length_fits() {
    let house = House::build();
    let (issued, _) = house.device(&"x".repeat(64));
    let leaf = house.put("leaf.pem", issued.pem());
    super::contains(&super::openssl(&["x509", "-in", &leaf, "-noout", "-subject"]), &[&"x".repeat(64)]);
}

#[test]
fn a_terminals_certificate_names_its_shard_its_places_and_how_sure_its_key_is() {
    let house = House::build();
    for level in Assurance::ALL {
        let key = LeafKey::generate().unwrap();
        let device = DeviceId::new("D-1").unwrap();
        let profile = profile().assured(*level);
        let prepared = prepare(&profile, &device, key.public(), serial(), now(), &house.issuing).unwrap();
        let issued = prepared.issue(&house.key).unwrap();
        let leaf = house.put("leaf.pem", issued.pem());
        let shown = super::openssl(&["x509", "-in", &leaf, "-noout", "-text"]);
        let shard = format!("URI:http://status.sekisho.example/crl/{:03}.crl", issued.serial().octets()[15] % 128);
        super::contains(
            &shown,
            &[
                &shard,
                "OCSP - URI:http://status.sekisho.example/crl/ocsp",
                "CA Issuers - URI:http://status.sekisho.example/crl/issuing.cer",
                &format!("Policy: {}\n", crate::policy(*level)),
            ],
        );
        assert_eq!(shown.matches("crl/").count(), 3, "{shown}");
        let (root, issuing) = (house.path("root.pem"), house.path("issuing.pem"));
        super::openssl(&["verify", "-CAfile", &root, "-untrusted", &issuing, "-purpose", "sslclient", &leaf]);
    }
    let policies: std::collections::BTreeSet<_> = Assurance::ALL.iter().copied().map(crate::policy).collect();
    assert_eq!(policies.len(), 4);
}

/// The registry gives the index, the authority everything else: a book that gives back another draw gets nothing signed.
#[test]
fn a_numbered_serial_is_the_draw_that_was_made_for_it() {
    let (_, issuing, _) = authority();
    assert_eq!(issuing.epoch(), 26);
    let honest = |draw: model::SerialDraw| Ok::<_, Full>(draw.numbered([1, 2, 3, 4, 5, 6]));
    let serial = reserve_numbered(&SystemRandom::new(), &issuing, honest).unwrap().number();
    let parts = serial.numbered_parts().unwrap();
    assert_eq!((parts.draw.epoch(), parts.sealed), (26, [1, 2, 3, 4, 5, 6]));
    let another = reserve_numbered(&SystemRandom::new(), &issuing, honest).unwrap().number();
    assert_ne!(another, serial, "the rest is random");

    let other = |_| Ok::<_, Full>(model::SerialDraw::new(26, [7; 10]).numbered([0; 6]));
    assert!(matches!(reserve_numbered(&SystemRandom::new(), &issuing, other), Err(Refused::NotAsDrawn { .. })));
    let plain = |_| Ok::<_, Full>(SerialNumber::from_octets(&[0x41; 16]).unwrap());
    assert!(matches!(reserve_numbered(&SystemRandom::new(), &issuing, plain), Err(Refused::NotAsDrawn { .. })));
    let full = |_| Err::<SerialNumber, _>(Full);
    assert!(matches!(reserve_numbered(&SystemRandom::new(), &issuing, full), Err(Refused::SerialNotRecorded(_))));
    let honest = reserve_numbered(&Fixed(None), &issuing, honest);
    assert!(matches!(honest, Err(Refused::Crypto(_))));
}
