//! The lint catches every field that is not as it must be: one mutation each, in the certificate or in the plan.

use std::time::Duration;

use rcgen::string::PrintableString;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyIdMethod, KeyUsagePurpose, NameConstraints, SanType,
};

use super::{House, now};
use crate::lint::lint;
use crate::plan::{Access, AltName, Kind, Plan};
use crate::public_key::KeyKind;
use crate::{Assurance, LeafKey};

pub(super) fn plan(house: &House) -> Plan {
    let begin = now();
    Plan {
        kind: Kind::Device,
        serial: model::SerialNumber::parse("41424344454647484142434445464785").unwrap(),
        organization: None,
        common_name: "D-1".to_owned(),
        not_before: begin,
        not_after: begin.plus_seconds(86_400),
        alt_names: vec![AltName::Uri("https://gate.sekisho.example/d/D-1".to_owned())],
        list_url: Some("http://status.sekisho.example/crl/005.crl".to_owned()),
        access: Some(Access {
            issuer: "http://status.sekisho.example/crl/issuing.cer".to_owned(),
            responder: "http://status.sekisho.example/crl/ocsp".to_owned(),
        }),
        assurance: Some(Assurance::Software),
        key: LeafKey::generate().unwrap().public().clone(),
        issuer: house.issuing.view(),
    }
}

fn fields(plan: &Plan, der: &[u8]) -> Vec<&'static str> {
    let mut fields: Vec<_> = lint(plan, der).into_iter().map(|finding| finding.field).collect();
    fields.dedup();
    fields
}

/// SEQUENCE OF PolicyInformation with anyPolicy.
const ANY_POLICY: &[u8] = &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];

type Mutation = fn(&mut CertificateParams);

#[test]
fn every_mutated_field_of_the_certificate_is_found() {
    let table: &[(&str, Mutation, &[&str])] = &[
        ("nothing", |_| {}, &[]),
        ("another serial number", |p| p.serial_number = Some(vec![0x41; 16].into()), &["serialNumber"]),
        ("a serial number by hash", |p| p.serial_number = None, &["serialNumber"]),
        ("a short serial number", |p| p.serial_number = Some(7.into()), &["serialNumber"]),
        ("an earlier start", |p| p.not_before -= Duration::from_secs(1), &["notBefore"]),
        ("a later end", |p| p.not_after += Duration::from_secs(1), &["notAfter"]),
        ("another device", |p| p.distinguished_name.push(DnType::CommonName, "D-2"), &["subject"]),
        ("a facility in the name", |p| p.distinguished_name.push(DnType::OrganizationName, "F-1"), &["subject"]),
        ("no name", |p| p.distinguished_name = DistinguishedName::new(), &["subject", "extensions"]),
        (
            "another string type",
            |p| {
                let text = PrintableString::try_from("D-1").unwrap();
                p.distinguished_name.push(DnType::CommonName, DnValue::PrintableString(text));
            },
            &["subject"],
        ),
        ("no alternative name", |p| p.subject_alt_names.clear(), &["extensions"]),
        (
            "a second alternative name",
            |p| p.subject_alt_names.push(SanType::DnsName("gate.sekisho.example".try_into().unwrap())),
            &["subjectAltName"],
        ),
        (
            "another device's address",
            |p| p.subject_alt_names = vec![SanType::URI("https://gate.sekisho.example/d/D-2".try_into().unwrap())],
            &["subjectAltName"],
        ),
        (
            "a mail address",
            |p| p.subject_alt_names = vec![SanType::Rfc822Name("a@b.example".try_into().unwrap())],
            &["subjectAltName"],
        ),
        ("an authority", |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained), &["basicConstraints"]),
        ("a bounded authority", |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)), &["basicConstraints"]),
        ("no basic constraints", |p| p.is_ca = IsCa::NoCa, &["extensions"]),
        ("no key usage", |p| p.key_usages.clear(), &["extensions"]),
        ("signing certificates", |p| p.key_usages.push(KeyUsagePurpose::KeyCertSign), &["keyUsage"]),
        ("signing lists", |p| p.key_usages.push(KeyUsagePurpose::CrlSign), &["keyUsage"]),
        ("key encipherment", |p| p.key_usages.push(KeyUsagePurpose::KeyEncipherment), &["keyUsage"]),
        ("decipher only", |p| p.key_usages.push(KeyUsagePurpose::DecipherOnly), &["keyUsage"]),
        ("no extended usage", |p| p.extended_key_usages.clear(), &["extensions"]),
        ("server too", |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth), &["extKeyUsage"]),
        ("any usage", |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::Any), &["extKeyUsage"]),
        ("server only", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth], &["extKeyUsage"]),
        (
            "another usage",
            |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 2])),
            &["extKeyUsage"],
        ),
        ("no list", |p| p.crl_distribution_points.clear(), &["extensions"]),
        (
            "another list",
            |p| {
                p.crl_distribution_points =
                    vec![CrlDistributionPoint { uris: vec!["http://evil.example/x".to_owned()] }]
            },
            &["cRLDistributionPoints"],
        ),
        (
            "a second address of the list",
            |p| p.crl_distribution_points[0].uris.push("http://evil.example/x".to_owned()),
            &["cRLDistributionPoints"],
        ),
        (
            "the list twice",
            |p| p.crl_distribution_points.push(p.crl_distribution_points[0].clone()),
            &["cRLDistributionPoints"],
        ),
        ("no policy and no places", |p| p.custom_extensions.clear(), &["extensions"]),
        (
            "another policy",
            |p| p.custom_extensions[1] = CustomExtension::from_oid_content(&[2, 5, 29, 32], ANY_POLICY.to_vec()),
            &["certificatePolicies"],
        ),
        (
            "no check of its status",
            |p| {
                let null = vec![5, 0];
                p.custom_extensions.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], null));
            },
            &["extensions"],
        ),
        ("no authority key", |p| p.use_authority_key_identifier_extension = false, &["extensions"]),
        ("another key identifier", |p| p.key_identifier_method = KeyIdMethod::Sha256, &["subjectKeyIdentifier"]),
        (
            "name constraints",
            |p| {
                let permitted_subtrees = vec![GeneralSubtree::DnsName("example".to_owned())];
                p.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
            },
            &["extensions"],
        ),
        (
            "an extension of somebody's",
            |p| p.custom_extensions.push(CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0])),
            &["extensions"],
        ),
        (
            "an extension twice",
            |p| {
                // keyUsage once more, with keyCertSign: which one counts depends on the reader.
                let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 15], vec![3, 2, 2, 4]);
                usage.set_criticality(true);
                p.custom_extensions.push(usage);
            },
            &["extensions", "certificate"],
        ),
    ];
    let house = House::build();
    let plan = plan(&house);
    for (what, mutate, wanted) in table {
        let mut params = plan.params().unwrap();
        mutate(&mut params);
        let der = plan.write(&params).unwrap();
        let found = fields(&plan, &der);
        if wanted.is_empty() {
            assert_eq!(found, [""; 0], "{what}");
        } else {
            assert!(found.iter().any(|field| wanted.contains(field)), "{what}: {found:?}");
        }
    }
}

#[test]
fn a_plan_that_breaks_the_rules_of_its_kind_is_found_too() {
    type Change = fn(&mut Plan, &House);
    let table: &[(&str, Change, &[&str])] = &[
        ("181 days", |p, _| p.not_after = p.not_before.plus_seconds(181 * 86_400 - 1), &["validity"]),
        (
            "398 days",
            |p, _| {
                p.assurance = Some(Assurance::Container);
                p.not_after = p.not_before.plus_seconds(398 * 86_400 - 1);
            },
            &["validity"],
        ),
        ("no policy", |p, _| p.assurance = None, &["extensions"]),
        ("no places", |p, _| p.access = None, &["extensions"]),
        (
            "another certificate's shard",
            |p, _| p.list_url = Some("http://status.sekisho.example/crl/006.crl".to_owned()),
            &["cRLDistributionPoints"],
        ),
        ("a responder's", |p, _| p.kind = Kind::Responder, &["extensions"]),
        ("no validity", |p, _| p.not_after = p.not_before.plus_seconds(-1), &["validity"]),
        ("beyond the issuer", |p, h| p.not_after = h.issuing.not_after().plus_seconds(1), &["validity", "notAfter"]),
        ("a name that is no ID", |p, _| p.common_name = "D 1".to_owned(), &["subject", "subjectAltName"]),
        ("a facility", |p, _| p.organization = Some("F-1".to_owned()), &["subject"]),
        ("a host", |p, _| p.alt_names = vec![AltName::Dns("a.example".to_owned())], &["subjectAltName"]),
        ("no names", |p, _| p.alt_names.clear(), &["extensions", "subjectAltName"]),
        (
            "plain HTTP",
            |p, _| p.alt_names = vec![AltName::Uri("http://gate.sekisho.example/d/D-1".to_owned())],
            &["subjectAltName"],
        ),
        ("no list", |p, _| p.list_url = None, &["extensions"]),
        ("few random bits", |p, _| p.serial = model::SerialNumber::parse("0102030405").unwrap(), &["serialNumber"]),
        ("a server's", |p, _| p.kind = Kind::Server, &["extensions"]),
        ("an authority's", |p, _| p.kind = Kind::IssuingDevices, &["subject", "extensions"]),
    ];
    let house = House::build();
    for (what, change, wanted) in table {
        let mut plan = plan(&house);
        change(&mut plan, &house);
        let der = plan.write(&plan.params().unwrap()).unwrap();
        let found = fields(&plan, &der);
        assert!(wanted.iter().all(|field| found.contains(field)), "{what}: {found:?}");
    }
}

#[test]
fn keys_issuers_and_signatures_of_others_are_found() {
    let (house, stranger) = (House::build(), House::build());
    let plan = plan(&house);
    let check = |der: &[u8], wanted: &[&str]| {
        let found = fields(&plan, der);
        assert!(wanted.iter().all(|field| found.contains(field)), "{found:?}");
    };
    let other_key = Plan { key: LeafKey::generate().unwrap().public().clone(), ..plan.clone() };
    check(&other_key.write(&other_key.params().unwrap()).unwrap(), &["subjectPublicKeyInfo", "subjectKeyIdentifier"]);
    let other_issuer = Plan { issuer: house.servers.view(), ..plan.clone() };
    check(&other_issuer.write(&other_issuer.params().unwrap()).unwrap(), &["issuer", "authorityKeyIdentifier"]);
    // The same name, another key.
    let namesake = Plan { issuer: stranger.issuing.view(), ..plan.clone() };
    check(&namesake.write(&namesake.params().unwrap()).unwrap(), &["authorityKeyIdentifier"]);
    let mut longer = plan.clone();
    longer.issuer.key_kind = KeyKind::P384;
    let found = fields(&longer, &plan.write(&plan.params().unwrap()).unwrap());
    assert_eq!(found, ["signature", "signatureAlgorithm"]);

    let fine = plan.write(&plan.params().unwrap()).unwrap();
    check(&[fine.as_slice(), b"\0"].concat(), &["trailing octets"]);
    for length in 0..fine.len() {
        check(&fine[..length], &["certificate"]);
    }
    let explained = lint(&plan, b"").iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(explained, ["certificate is unreadable, must be X.509 in DER"]);
}

#[test]
fn roots_of_another_curve_are_found() {
    let house = House::build();
    let plan = Plan {
        kind: Kind::Root,
        organization: Some("City".to_owned()),
        common_name: "Root".to_owned(),
        alt_names: vec![],
        list_url: None,
        access: None,
        assurance: None,
        issuer: crate::plan::IssuerView {
            writer: None,
            subject_der: vec![],
            key_identifier: vec![],
            key_kind: KeyKind::P256,
            not_after: house.root.not_after(),
        },
        ..plan(&house)
    };
    let der = plan.write(&plan.params().unwrap()).unwrap();
    assert_eq!(fields(&plan, &der), ["subjectPublicKeyInfo"]);
}
