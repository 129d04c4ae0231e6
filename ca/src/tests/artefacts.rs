//! One of everything that this crate makes, for `tests/pki/lint.sh`: written where `PKI_ARTEFACTS` says.

use std::collections::BTreeMap;
use std::path::Path;

use super::{House, now, numbered, openssl, profile, serial};
use crate::{
    Assurance, AuthorityCause, Host, LeafKey, OcspRequest, Registrar, Responder, Revoked, RevokedAuthority, RootList,
    ServerProfile, Shard, Status, StatusPlaces, build_crl, build_shard, certs_only, prepare, prepare_server,
};
use model::{DeviceId, ReasonCode, SerialNumber};

/// File names and DER.
type Made = BTreeMap<String, Vec<u8>>;

fn certificates(house: &House, made: &mut Made) {
    made.insert("root.cer".to_owned(), house.root.der().to_vec());
    made.insert("issuing.cer".to_owned(), house.issuing.der().to_vec());
    made.insert("issuing-servers.cer".to_owned(), house.servers.der().to_vec());
    made.insert("chain.p7b".to_owned(), certs_only(&[house.issuing.der(), house.root.der()]).unwrap());
    for level in Assurance::ALL {
        let key = LeafKey::generate().unwrap();
        let device = DeviceId::new("D-1").unwrap();
        let profile = profile().assured(*level);
        let prepared = prepare(&profile, &device, key.public(), serial(), now(), &house.issuing).unwrap();
        made.insert(format!("device-{}.cer", level.as_str()), prepared.issue(&house.key).unwrap().der().to_vec());
    }
    let hosts = vec![Host::new("gate.sekisho.example").unwrap()];
    let profile = ServerProfile::new(hosts, vec![]).unwrap();
    let key = LeafKey::generate().unwrap();
    let prepared = prepare_server(&profile, key.public(), serial(), now(), &house.servers).unwrap();
    made.insert("server.cer".to_owned(), prepared.issue(&house.server_key).unwrap().der().to_vec());
}

fn lists(house: &House, lost: &SerialNumber, made: &mut Made) {
    let places = StatusPlaces::beside("http://status.sekisho.example/crl/devices.crl").unwrap();
    let revoked = [Revoked { serial: *lost, at: now(), reason: ReasonCode::KeyCompromise }];
    let whole = build_crl(&house.issuing, &house.key, &revoked, &numbered(2), now()).unwrap();
    made.insert("devices.crl".to_owned(), whole.der().to_vec());
    let revoked_authority =
        RevokedAuthority { serial: house.issuing.serial(), at: now(), cause: AuthorityCause::Compromised };
    let of_root = RootList::build(&house.root, &house.root_key, &[revoked_authority], &numbered(1), now()).unwrap();
    made.insert("root.crl".to_owned(), of_root.der().to_vec());
    for (file, shard, revoked) in [
        ("shard.crl", Shard::of(lost), &revoked[..]),
        ("empty-shard.crl", Shard::new((Shard::of(lost).number() + 1) % Shard::COUNT).unwrap(), &[]),
    ] {
        let list = build_shard(&house.issuing, &house.key, (&places, shard), revoked, &numbered(3), now()).unwrap();
        made.insert(file.to_owned(), list.der().to_vec());
    }
}

fn answers(house: &House, leaf: &str, made: &mut Made) {
    let responder = Responder::create(&house.issuing, &house.key, serial(), now()).unwrap();
    made.insert("responder.cer".to_owned(), responder.certificate().der().to_vec());
    let (issuing, question) = (house.path("issuing.pem"), house.path("question.der"));
    openssl(&["ocsp", "-issuer", &issuing, "-cert", leaf, "-nonce", "-reqout", &question]);
    let request = OcspRequest::read(&std::fs::read(&question).unwrap()).unwrap();
    let revoked = Status::Revoked { at: now(), reason: ReasonCode::KeyCompromise };
    for (name, status) in [("good", Status::Good), ("revoked", revoked), ("unknown", Status::Unknown)] {
        made.insert(format!("{name}.ocsp"), responder.answer(&request, |_| status, now()).unwrap());
    }
}

#[test]
fn one_of_everything_is_made() {
    let house = House::build();
    let (lost, _) = house.device("D-1");
    let leaf = house.put("leaf.pem", lost.pem());
    let mut made = Made::new();
    certificates(&house, &mut made);
    lists(&house, &lost.serial(), &mut made);
    answers(&house, &leaf, &mut made);
    let registrar = Registrar::create(&house.issuing, &house.key, serial(), now()).unwrap();
    made.insert("registrar.cer".to_owned(), registrar.certificate().der().to_vec());
    assert_eq!(made.len(), 18);
    if let Some(folder) = std::env::var_os("PKI_ARTEFACTS") {
        for (file, der) in made {
            std::fs::write(Path::new(&folder).join(file), der).unwrap();
        }
    }
}
