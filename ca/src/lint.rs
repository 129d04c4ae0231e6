//! The lint: reads a certificate back, field by field, and holds it against its plan and against the rules of its kind.
//!
//! The rules stand here a second time, apart from the builder's, on purpose: one slip must not be enough.

use std::fmt;

use model::Assurance;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::extensions::{
    AccessDescription, DistributionPointName, ExtendedKeyUsage, GeneralName, ParsedExtension,
};
use x509_parser::oid_registry as oids;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AlgorithmIdentifier, X509Version};

use crate::assurance::policy_octets;
use crate::authority::{ISSUING_DAYS, ROOT_DAYS};
use crate::plan::{Access, AltName, Kind, Plan};
use crate::profile::{DAY_SECONDS, LEAF_DAYS_MAX, REGISTRAR_DAYS, RESPONDER_DAYS};
use crate::public_key::{KeyKind, hex};

/// One field that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field, in RFC 5280's words.
    pub field: &'static str,
    /// What stands there.
    pub seen: String,
    /// What must stand there.
    pub wanted: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, must be {}", self.field, self.seen, self.wanted)
    }
}

/// What every certificate of a kind must keep to.
struct Rules {
    days_max: i64,
    keys: &'static [KeyKind],
    /// Is an authority, with this path length.
    path_length: Option<u32>,
    /// Bits of KeyUsage (RFC 5280 4.2.1.3), digitalSignature lowest.
    key_usage: u16,
    usage: Usage,
    /// Extensions, each exactly once, none other; with whether they are critical.
    extensions: &'static [(&'static str, bool)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    None,
    Client,
    Server,
    Responder,
}

const DIGITAL_SIGNATURE: u16 = 1;
const KEY_ENCIPHERMENT: u16 = 1 << 2;
const CERTIFICATES_AND_LISTS: u16 = 1 << 5 | 1 << 6;

// Extensions by their place under id-ce (RFC 5280 4.2.1).
const SUBJECT_KEY: &str = "2.5.29.14";
const USAGE: &str = "2.5.29.15";
const NAMES: &str = "2.5.29.17";
const CONSTRAINTS: &str = "2.5.29.19";
const LISTS: &str = "2.5.29.31";
const AUTHORITY_KEY: &str = "2.5.29.35";
const EXTENDED_USAGE: &str = "2.5.29.37";
const POLICIES: &str = "2.5.29.32";
// id-pe-authorityInfoAccess (RFC 5280 4.2.2.1), id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1).
const ACCESS: &str = "1.3.6.1.5.5.7.1.1";
const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";

const fn rules(kind: Kind) -> Rules {
    match kind {
        Kind::Root => Rules {
            days_max: ROOT_DAYS,
            keys: &[KeyKind::P384],
            path_length: Some(1),
            key_usage: CERTIFICATES_AND_LISTS,
            usage: Usage::None,
            extensions: &[(USAGE, true), (SUBJECT_KEY, false), (CONSTRAINTS, true)],
        },
        Kind::IssuingDevices | Kind::IssuingServers => Rules {
            days_max: ISSUING_DAYS,
            keys: &[KeyKind::P256],
            path_length: Some(0),
            key_usage: CERTIFICATES_AND_LISTS,
            usage: if matches!(kind, Kind::IssuingDevices) { Usage::Client } else { Usage::Server },
            extensions: &[
                (AUTHORITY_KEY, false),
                (USAGE, true),
                (EXTENDED_USAGE, false),
                (SUBJECT_KEY, false),
                (CONSTRAINTS, true),
            ],
        },
        Kind::Device => Rules {
            days_max: LEAF_DAYS_MAX as i64,
            keys: &[KeyKind::P256, KeyKind::P384, KeyKind::Rsa],
            path_length: None,
            key_usage: DIGITAL_SIGNATURE,
            usage: Usage::Client,
            extensions: &[
                (AUTHORITY_KEY, false),
                (NAMES, false),
                (USAGE, true),
                (EXTENDED_USAGE, false),
                (LISTS, false),
                (ACCESS, false),
                (POLICIES, false),
                (SUBJECT_KEY, false),
                (CONSTRAINTS, true),
            ],
        },
        Kind::Server => Rules {
            days_max: LEAF_DAYS_MAX as i64,
            keys: &[KeyKind::P256, KeyKind::P384, KeyKind::Rsa],
            path_length: None,
            key_usage: DIGITAL_SIGNATURE,
            usage: Usage::Server,
            extensions: &[
                (AUTHORITY_KEY, false),
                (NAMES, false),
                (USAGE, true),
                (EXTENDED_USAGE, false),
                (SUBJECT_KEY, false),
                (CONSTRAINTS, true),
            ],
        },
        Kind::Registrar => Rules {
            days_max: REGISTRAR_DAYS as i64,
            keys: &[KeyKind::Rsa],
            path_length: None,
            key_usage: DIGITAL_SIGNATURE | KEY_ENCIPHERMENT,
            usage: Usage::None,
            extensions: &[(AUTHORITY_KEY, false), (USAGE, true), (SUBJECT_KEY, false), (CONSTRAINTS, true)],
        },
        Kind::Responder => Rules {
            days_max: RESPONDER_DAYS as i64,
            keys: &[KeyKind::P256],
            path_length: None,
            key_usage: DIGITAL_SIGNATURE,
            usage: Usage::Responder,
            extensions: &[
                (AUTHORITY_KEY, false),
                (USAGE, true),
                (EXTENDED_USAGE, false),
                (NO_CHECK, false),
                (SUBJECT_KEY, false),
                (CONSTRAINTS, true),
            ],
        },
    }
}

/// Collects findings.
struct Findings(Vec<Finding>);

impl Findings {
    fn same<T: PartialEq + fmt::Debug>(&mut self, field: &'static str, seen: &T, wanted: &T) {
        if seen != wanted {
            self.0.push(Finding { field, seen: format!("{seen:?}"), wanted: format!("{wanted:?}") });
        }
    }

    fn holds(&mut self, field: &'static str, holds: bool, seen: impl fmt::Display, wanted: &str) {
        if !holds {
            self.0.push(Finding { field, seen: seen.to_string(), wanted: wanted.to_owned() });
        }
    }
}

/// All that is wrong with `der`, given that it shall be what `plan` says. Empty: clean.
pub(crate) fn lint(plan: &Plan, der: &[u8]) -> Vec<Finding> {
    let mut found = Findings(vec![]);
    match X509Certificate::from_der(der) {
        Ok((rest, certificate)) => {
            found.same("trailing octets", &rest.len(), &0);
            body(plan, &certificate, &mut found);
            extensions(plan, &certificate, &mut found);
        }
        Err(_) => found.holds("certificate", false, "unreadable", "X.509 in DER"),
    }
    found.0
}

fn body(plan: &Plan, certificate: &X509Certificate<'_>, found: &mut Findings) {
    let rules = rules(plan.kind);
    let tbs = &certificate.tbs_certificate;
    found.same("version", &tbs.version, &X509Version::V3);

    let serial = tbs.raw_serial();
    found.same("serialNumber", &hex(serial), &hex(plan.serial.octets()));
    // 20 octets and positive (RFC 5280 4.1.2.2); 8 octets hold the 64 random bits.
    let sound = (8..=20).contains(&serial.len()) && serial.first().is_some_and(|top| *top < 0x80);
    found.holds("serialNumber", sound, hex(serial), "8 to 20 octets, positive");

    let algorithm = match plan.issuer.key_kind {
        KeyKind::P256 => oids::OID_SIG_ECDSA_WITH_SHA256,
        KeyKind::P384 => oids::OID_SIG_ECDSA_WITH_SHA384,
        KeyKind::Rsa => oids::OID_PKCS1_SHA256WITHRSA,
    };
    let wanted = AlgorithmIdentifier { algorithm, parameters: None };
    found.same("signature", &tbs.signature, &wanted);
    found.same("signatureAlgorithm", &certificate.signature_algorithm, &wanted);

    let own_subject = tbs.subject.as_raw();
    let issuer = if plan.issuer.writer.is_none() { own_subject } else { &plan.issuer.subject_der };
    found.same("issuer", &hex(tbs.issuer.as_raw()), &hex(issuer));
    if plan.kind == Kind::Root {
        found.same("issuer", &hex(tbs.issuer.as_raw()), &hex(own_subject));
    }

    let (from, until) = (tbs.validity.not_before.timestamp(), tbs.validity.not_after.timestamp());
    found.same("notBefore", &from, &plan.not_before.as_seconds());
    found.same("notAfter", &until, &plan.not_after.as_seconds());
    // Both ends belong to the validity (RFC 5280 4.1.2.5).
    let span = until.saturating_sub(from).saturating_add(1);
    found.holds(
        "validity",
        span > 0 && span <= days_max(plan, &rules) * DAY_SECONDS,
        span,
        "within the kind's longest, in seconds",
    );
    found.holds("notAfter", until <= plan.issuer.not_after.as_seconds(), until, "not beyond the issuer");

    let mut subject = vec![];
    if let Some(organization) = &plan.organization {
        subject.push((oids::OID_X509_ORGANIZATION_NAME.to_id_string(), Tag::Utf8String, organization.clone()));
    }
    subject.push((oids::OID_X509_COMMON_NAME.to_id_string(), Tag::Utf8String, plan.common_name.clone()));
    let seen: Vec<_> = tbs
        .subject
        .iter_attributes()
        .map(|part| {
            let text = part.as_str().unwrap_or("unreadable").to_owned();
            (part.attr_type().to_id_string(), part.attr_value().tag(), text)
        })
        .collect();
    found.same("subject", &seen, &subject);
    found.same("subject", &tbs.subject.iter_rdn().count(), &subject.len());
    let authority = matches!(plan.kind, Kind::Root | Kind::IssuingDevices | Kind::IssuingServers);
    found.holds(
        "subject",
        plan.organization.is_some() == authority,
        seen.len(),
        "with an organization for authorities only",
    );
    if plan.kind == Kind::Device {
        found.holds("subject", model::id::check(&plan.common_name).is_ok(), &plan.common_name, "a device ID");
    }

    found.same("subjectPublicKeyInfo", &hex(tbs.subject_pki.raw), &hex(&plan.key.info_der()));
    found.holds(
        "subjectPublicKeyInfo",
        rules.keys.contains(&plan.key.kind()),
        plan.key.kind().as_str(),
        "a key of the kind's",
    );
    found.same("issuerUniqueID", &tbs.issuer_uid.is_some(), &false);
    found.same("subjectUniqueID", &tbs.subject_uid.is_some(), &false);
}

fn extensions(plan: &Plan, certificate: &X509Certificate<'_>, found: &mut Findings) {
    let rules = rules(plan.kind);
    let name = |oid: &str, critical: bool| format!("{oid}{}", if critical { " critical" } else { "" });
    let mut seen: Vec<_> =
        certificate.iter_extensions().map(|one| name(&one.oid.to_id_string(), one.critical)).collect();
    let mut wanted: Vec<_> = rules.extensions.iter().map(|(oid, critical)| name(oid, *critical)).collect();
    seen.sort_unstable();
    wanted.sort_unstable();
    found.same("extensions", &seen, &wanted);

    for extension in certificate.iter_extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(seen) => {
                let wanted = (rules.path_length.is_some(), rules.path_length);
                found.same("basicConstraints", &(seen.ca, seen.path_len_constraint), &wanted);
            }
            ParsedExtension::KeyUsage(seen) => found.same("keyUsage", &seen.flags, &rules.key_usage),
            ParsedExtension::ExtendedKeyUsage(seen) => {
                let wanted = ExtendedKeyUsage {
                    any: false,
                    server_auth: rules.usage == Usage::Server,
                    client_auth: rules.usage == Usage::Client,
                    code_signing: false,
                    email_protection: false,
                    time_stamping: false,
                    ocsp_signing: rules.usage == Usage::Responder,
                    other: vec![],
                };
                found.same("extKeyUsage", seen, &wanted);
            }
            ParsedExtension::SubjectKeyIdentifier(seen) => {
                found.same("subjectKeyIdentifier", &hex(seen.0), &hex(&plan.key.identifier()));
            }
            ParsedExtension::AuthorityKeyIdentifier(seen) => {
                let key = seen.key_identifier.as_ref().map(|key| hex(key.0));
                found.same("authorityKeyIdentifier", &key, &Some(hex(&plan.issuer.key_identifier)));
                let only_key = seen.authority_cert_issuer.is_none() && seen.authority_cert_serial.is_none();
                found.holds("authorityKeyIdentifier", only_key, "with issuer and serial", "a key identifier only");
            }
            ParsedExtension::SubjectAlternativeName(seen) => {
                let seen: Vec<_> = seen.general_names.iter().map(alt_name).collect();
                let wanted: Vec<_> = plan.alt_names.iter().cloned().map(Some).collect();
                found.same("subjectAltName", &seen, &wanted);
            }
            ParsedExtension::CRLDistributionPoints(seen) => {
                let urls: Vec<_> = seen.points.iter().flat_map(list_urls).collect();
                let wanted: Vec<_> = plan.list_url.iter().cloned().map(Some).collect();
                found.same("cRLDistributionPoints", &urls, &wanted);
                found.same("cRLDistributionPoints", &seen.points.len(), &wanted.len());
            }
            ParsedExtension::AuthorityInfoAccess(seen) => {
                let seen: Vec<_> = seen.accessdescs.iter().map(access).collect();
                let wanted: Vec<_> = plan.access.iter().flat_map(wanted_access).collect();
                found.same("authorityInfoAccess", &seen, &wanted);
            }
            ParsedExtension::CertificatePolicies(seen) => {
                let unqualified = seen.iter().all(|policy| policy.policy_qualifiers.is_none());
                found.holds("certificatePolicies", unqualified, "with qualifiers", "identifiers only");
                let seen: Vec<_> = seen.iter().map(|policy| hex(policy.policy_id.as_bytes())).collect();
                let wanted: Vec<_> = plan.assurance.iter().map(|level| hex(&policy_octets(*level))).collect();
                found.same("certificatePolicies", &seen, &wanted);
            }
            // NULL, and nothing else.
            _ if extension.oid.to_id_string() == NO_CHECK => {
                found.same("ocspNoCheck", &hex(extension.value), &"0500".to_owned());
            }
            _ => found.holds("extensions", false, &extension.oid, "of a known kind, and readable"),
        }
    }
    if plan.kind == Kind::Device {
        let suffix = format!("/d/{}", plan.common_name);
        let named = matches!(plan.alt_names.as_slice(), [AltName::Uri(uri)] if uri.starts_with("https://") && uri.ends_with(&suffix));
        found.holds(
            "subjectAltName",
            named,
            format!("{:?}", plan.alt_names),
            "one https URI that ends with the device ID",
        );
        // The lowest seven bits of the serial number, as three digits.
        let shard = plan.serial.octets().last().map_or(0, |octet| octet & 0x7f);
        let file = format!("/{shard:03}.crl");
        let its_own = plan.list_url.as_ref().is_some_and(|url| url.ends_with(&file));
        found.holds("cRLDistributionPoints", its_own, format!("{:?}", plan.list_url), "the serial number's shard");
    }
}

/// Method and address; nothing in place of what we never write.
fn access(seen: &AccessDescription<'_>) -> (String, Option<String>) {
    let url = match seen.access_location {
        GeneralName::URI(url) => Some(url.to_owned()),
        _ => None,
    };
    (seen.access_method.to_id_string(), url)
}

fn wanted_access(wanted: &Access) -> [(String, Option<String>); 2] {
    let one = |method: &str, url: &str| (method.to_owned(), Some(url.to_owned()));
    [one("1.3.6.1.5.5.7.48.1", &wanted.responder), one("1.3.6.1.5.5.7.48.2", &wanted.issuer)]
}

/// Of terminals, the level's: half a year, thirteen months for a key that people carry.
fn days_max(plan: &Plan, rules: &Rules) -> i64 {
    match plan.assurance {
        Some(Assurance::Attested | Assurance::Tpm | Assurance::Software) => 180,
        Some(Assurance::Container) | None => rules.days_max,
    }
}

/// In the plan's terms; nothing for a kind of name that we never write.
fn alt_name(name: &GeneralName<'_>) -> Option<AltName> {
    match name {
        GeneralName::URI(uri) => Some(AltName::Uri((*uri).to_owned())),
        GeneralName::DNSName(host) => Some(AltName::Dns((*host).to_owned())),
        GeneralName::IPAddress(octets) => {
            let four = <[u8; 4]>::try_from(*octets).map(Into::into);
            four.or_else(|_| <[u8; 16]>::try_from(*octets).map(Into::into)).ok().map(AltName::Address)
        }
        _ => None,
    }
}

/// The addresses of a distribution point; nothing in place of what we never write.
fn list_urls(point: &x509_parser::extensions::CRLDistributionPoint<'_>) -> Vec<Option<String>> {
    match (&point.distribution_point, &point.reasons, &point.crl_issuer) {
        (Some(DistributionPointName::FullName(names)), None, None) => names
            .iter()
            .map(|name| match name {
                GeneralName::URI(url) => Some((*url).to_owned()),
                _ => None,
            })
            .collect(),
        _ => vec![None],
    }
}
