//! What we offer in a handshake, in one place for all doors: suites, groups, protocols (`docs/tls.md`, held by a test that asks for
//! everything there is). Another version of the TLS library adds nothing by itself.

use rustls::crypto::aws_lc_rs::{self, cipher_suite as suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion, version};

use super::hosts::TlsProfile;

/// Suites of TLS 1.3 (RFC 8446 B.4), the strongest first.
const SUITES_13: [SupportedCipherSuite; 3] =
    [suite::TLS13_AES_256_GCM_SHA384, suite::TLS13_AES_128_GCM_SHA256, suite::TLS13_CHACHA20_POLY1305_SHA256];

/// Suites of TLS 1.2: ephemeral keys and AEAD only (RFC 5289, RFC 7905).
const SUITES_12: [SupportedCipherSuite; 6] = [
    suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// Groups of the key exchange: the hybrid first, whose secrets outlast a quantum computer.
const GROUPS: [&dyn SupportedKxGroup; 4] =
    [kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];

/// Schemes in which a terminal may prove that it holds its key (RFC 8446 4.2.3). Those with PKCS #1 v1.5 are for TLS 1.2 only.
pub const SCHEMES: [SignatureScheme; 10] = [
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA256,
];

/// The crypto stack with what is offered, and nothing else.
#[must_use]
pub fn provider(profile: TlsProfile) -> CryptoProvider {
    let mut suites = SUITES_13.to_vec();
    if profile == TlsProfile::Compatibility {
        suites.extend(SUITES_12);
    }
    CryptoProvider { cipher_suites: suites, kx_groups: GROUPS.to_vec(), ..aws_lc_rs::default_provider() }
}

static NEWEST: [&SupportedProtocolVersion; 1] = [&version::TLS13];
static COMPATIBLE: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];

/// Versions of TLS, the newest first.
#[must_use]
pub fn versions(profile: TlsProfile) -> &'static [&'static SupportedProtocolVersion] {
    match profile {
        TlsProfile::Standard => &NEWEST,
        TlsProfile::Compatibility => &COMPATIBLE,
    }
}

/// Whether our order of suites decides, and not the client's. All that are offered in TLS 1.3 are good, and a small tablet may have
/// no AES in hardware; what speaks 1.2 is old, and may put what is weaker first.
#[must_use]
pub fn our_order_decides(profile: TlsProfile) -> bool {
    profile == TlsProfile::Compatibility
}

/// What is spoken above TLS at the door for clients (RFC 7301), the preferred first.
#[must_use]
pub fn protocols() -> Vec<Vec<u8>> {
    vec![b"h2".to_vec(), b"http/1.1".to_vec()]
}
