//! What is offered in a handshake, found out by asking for everything there is: the table in `docs/tls.md` says so, and no more.
//!
//! Every number that a suite, a group or a signature scheme could have is asked for, some thousands at a time; what is chosen is
//! struck out, until nothing more is. Then OpenSSL makes a real handshake with each that it knows. `UPDATE_TEXTS=1` writes the
//! table anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use gateway::TlsProfile;
use gateway::tls::offered;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;

use crate::hello::{Answer, Hello};
use crate::house::root;
use crate::world::{CARE, PUBLIC, Plan, World};

/// So many numbers in one first message, which must stay below 64 kB.
const AT_ONCE: usize = 16_000;
/// "I am falling back to an older version" (RFC 7507): a signal and no suite.
const FALLBACK: u16 = 0x5600;
const BEGIN: &str = "<!-- what follows is written by a test -->\n";

/// Names of what may be offered; what is not here stands in the table as a number.
const NAMES: &[(u16, &str, &str)] = &[
    (0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
];
/// Groups, with OpenSSL's name where it has one.
const GROUPS: &[(u16, &str, Option<&str>)] = &[
    (23, "secp256r1", Some("P-256")),
    (24, "secp384r1", Some("P-384")),
    (29, "x25519", Some("X25519")),
    (4588, "X25519MLKEM768", None),
];

async fn city(tls: TlsProfile) -> World {
    World::planned(Plan { tls, ..Plan::default() }).await
}

/// All numbers that the server chooses when it may choose among all there are.
async fn all_of(
    world: &World,
    hello: impl Fn(&[u16]) -> Hello,
    chosen: impl Fn(&Answer) -> Option<u16>,
) -> BTreeSet<u16> {
    let mut found = BTreeSet::new();
    let numbers: Vec<u16> = (0..=u16::MAX).filter(|number| *number != FALLBACK).collect();
    for piece in numbers.chunks(AT_ONCE) {
        let mut left = piece.to_vec();
        loop {
            let answer = hello(&left).ask(world.address).await;
            let Some(number) = chosen(&answer) else {
                assert!(matches!(answer, Answer::Alert(_)), "{answer:?}");
                break;
            };
            assert!(left.contains(&number), "{number:#06x} was not asked for");
            left.retain(|one| *one != number);
            found.insert(number);
        }
    }
    found
}

fn of_version(newest: bool) -> u16 {
    if newest { 0x0304 } else { 0x0303 }
}

async fn suites(world: &World, host: &str, newest: bool) -> BTreeSet<u16> {
    let hello = |left: &[u16]| Hello { suites: left.to_vec(), ..Hello::usual(newest, host) };
    all_of(world, hello, |answer| match answer {
        Answer::Chosen { version, suite, .. } if *version == of_version(newest) => Some(*suite),
        _ => None,
    })
    .await
}

async fn groups(world: &World, host: &str, newest: bool) -> BTreeSet<u16> {
    let hello = |left: &[u16]| Hello { groups: left.to_vec(), ..Hello::usual(newest, host) };
    all_of(world, hello, |answer| match answer {
        Answer::Chosen { version, group, .. } if *version == of_version(newest) => *group,
        _ => None,
    })
    .await
}

/// Notes what the server says about signatures of terminals.
#[derive(Debug, Default)]
struct Noting(Mutex<Vec<SignatureScheme>>);

impl ResolvesClientCert for Noting {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.0.lock().unwrap() = schemes.to_vec();
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Signature schemes that a terminal's certificate may be shown with, and what is spoken above TLS.
async fn asked_of_terminals(
    world: &World,
    version: &'static rustls::SupportedProtocolVersion,
) -> (Vec<String>, String) {
    let mut roots = RootCertStore::empty();
    roots.add(world.authority.root_der()).unwrap();
    let noting = Arc::new(Noting::default());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_client_cert_resolver(noting.clone());
    let mut spoken = Vec::new();
    // Each that is preferred is left out of the next try.
    config.alpn_protocols =
        [&b"h2"[..], b"http/1.1", b"http/1.0", b"h3", b"acme-tls/1", b"spdy/3.1"].map(<[u8]>::to_vec).to_vec();
    loop {
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config.clone()));
        let stream = TcpStream::connect(world.address).await.unwrap();
        let Ok(tls) = connector.connect(ServerName::try_from(CARE).unwrap(), stream).await else { break };
        let Some(protocol) = tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec) else { break };
        config.alpn_protocols.retain(|one| *one != protocol);
        spoken.push(String::from_utf8(protocol).unwrap());
    }
    let schemes = noting.0.lock().unwrap().iter().map(|scheme| format!("{scheme:?}")).collect();
    (schemes, spoken.join(", "))
}

/// OpenSSL makes a handshake with these words, and says what it came to.
fn openssl(world: &World, words: &[&str]) -> (bool, String) {
    let at = world.address.to_string();
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &at, "-servername", PUBLIC])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn name(number: u16, names: impl Iterator<Item = (u16, &'static str)>) -> String {
    names
        .into_iter()
        .find(|(known, _)| *known == number)
        .map_or_else(|| format!("{number:#06x}"), |(_, name)| name.to_owned())
}

/// The rows of one version in one profile.
async fn rows(world: &World, newest: bool) -> String {
    let version: &'static rustls::SupportedProtocolVersion =
        if newest { &rustls::version::TLS13 } else { &rustls::version::TLS12 };
    let (suites_care, groups_care) = (suites(world, CARE, newest).await, groups(world, CARE, newest).await);
    assert_eq!(suites_care, suites(world, PUBLIC, newest).await, "both hosts offer the same");
    assert_eq!(groups_care, groups(world, PUBLIC, newest).await, "both hosts offer the same");
    if suites_care.is_empty() {
        return "\nnot spoken\n".to_owned();
    }
    let (schemes, spoken) = asked_of_terminals(world, version).await;
    let mut text = String::new();
    let suites = suites_care.iter().map(|number| name(*number, NAMES.iter().map(|(known, name, _)| (*known, *name))));
    let groups = groups_care.iter().map(|number| name(*number, GROUPS.iter().map(|(known, name, _)| (*known, *name))));
    writeln!(text, "\n| | |\n|---|---|").unwrap();
    writeln!(text, "| suites | {} |", suites.collect::<Vec<_>>().join(", ")).unwrap();
    writeln!(text, "| groups | {} |", groups.collect::<Vec<_>>().join(", ")).unwrap();
    writeln!(text, "| signatures of terminals | {} |", schemes.join(", ")).unwrap();
    writeln!(text, "| above TLS | {spoken} |").unwrap();
    text
}

#[tokio::test]
async fn the_list_is_what_is_offered_and_nothing_else() {
    let mut text = String::new();
    for (profile, named) in [(TlsProfile::Standard, "standard"), (TlsProfile::Compatibility, "compatibility")] {
        let world = city(profile).await;
        for (newest, version) in [(true, "1.3"), (false, "1.2")] {
            write!(text, "\n### `profile = \"{named}\"`, TLS {version}\n{}", rows(&world, newest).await).unwrap();
        }
    }
    let path = root().join("docs/tls.md");
    let kept = std::fs::read_to_string(&path).unwrap();
    let (head, list) = kept.split_once(BEGIN).unwrap();
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{text}")).unwrap();
    } else {
        assert_eq!(list, text, "docs/tls.md; UPDATE_TEXTS=1 writes it anew");
    }
}

/// The suites for a server certificate with an RSA key are the only ones that are offered and not in the list: ours has another.
#[test]
fn what_the_list_does_not_show_is_for_rsa() {
    for profile in [TlsProfile::Standard, TlsProfile::Compatibility] {
        for suite in offered::provider(profile).cipher_suites {
            let number = u16::from(suite.suite());
            let listed = NAMES.iter().any(|(known, _, _)| *known == number);
            assert!(listed || format!("{:?}", suite.suite()).contains("ECDHE_RSA"), "{suite:?}");
        }
    }
}

#[tokio::test]
async fn openssl_agrees() {
    let (standard, compatible) = (city(TlsProfile::Standard).await, city(TlsProfile::Compatibility).await);
    for (number, _, name) in NAMES {
        let newest = *number < 0x2000;
        let (version, list) = if newest { ("-tls1_3", "-ciphersuites") } else { ("-tls1_2", "-cipher") };
        let (there, said) = openssl(&compatible, &[version, list, name]);
        assert!(there && said.contains(&format!("Cipher is {name}")), "{name}: {said}");
        assert_eq!(openssl(&standard, &[version, list, name]).0, newest, "{name}");
    }
    for (_, name, known) in GROUPS {
        let Some(known) = known else { continue };
        // In TLS 1.2 a client that knows one group takes no certificate with a key on another.
        let (there, said) = openssl(&compatible, &["-tls1_3", "-groups", known]);
        assert!(there && said.contains("Cipher is TLS"), "{name}: {said}");
    }
    for words in [
        &["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"][..],
        &["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"],
        &["-tls1_3", "-groups", "P-521"],
        &["-tls1_3", "-groups", "X448"],
        &["-tls1_3", "-groups", "ffdhe2048"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM"],
        &["-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    ] {
        let (there, said) = openssl(&compatible, words);
        assert!(!there && !said.contains("Cipher is T") && !said.contains("Cipher is E"), "{words:?}: {said}");
    }
}
