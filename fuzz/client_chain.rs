//! What the client chain target does with its bytes; `gateway/src/tls/fuzz.rs` runs it over the seeds. A chain as a terminal shows
//! it: certificates one behind the other, the terminal's own first. Beside this file (`client_chain/`) lie an authority, its list
//! and the one certificate that is good.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use gateway::tls::profile::{Origin, Usage, check, check_authority, check_for};
use gateway::{ExternalAuthority, ExternalSettings, Externals};
use rustls::pki_types::CertificateDer;

/// As many certificates as any handshake brings.
const CERTIFICATES_MAX: usize = 8;
/// A second in which the seeds' certificates are valid, and the list is fresh.
const AT: u64 = 1_900_000_000;
/// The one that gets in.
const GENUINE: &[u8] = include_bytes!("client_chain/genuine.cer");

/// Splits the bytes where the lengths in them say; what is left over is one more.
fn split(mut data: &[u8]) -> Vec<CertificateDer<'_>> {
    let mut chain = Vec::new();
    while !data.is_empty() && chain.len() < CERTIFICATES_MAX {
        let length = match data {
            [0x30, 0x82, high, low, ..] => 4 + usize::from(*high) * 256 + usize::from(*low),
            [0x30, 0x81, only, ..] => 3 + usize::from(*only),
            _ => data.len(),
        };
        let (one, rest) = data.split_at(length.min(data.len()));
        chain.push(CertificateDer::from(one));
        data = rest;
    }
    chain
}

fn externals() -> &'static Externals {
    static EXTERNALS: OnceLock<Externals> = OnceLock::new();
    EXTERNALS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        // Of the fuzzer's own workspace, or of the crate that runs the seeds.
        let beside = [folder.join("client_chain"), folder.join("../fuzz/client_chain")];
        let folder = beside.iter().find(|folder| folder.is_dir()).expect("the authority lies beside the target");
        let settings = ExternalSettings {
            name: "fuzz".to_owned(),
            anchors: vec![CertificateDer::from(&include_bytes!("client_chain/anchor.cer")[..])],
            intermediates: Vec::new(),
            lists: vec![folder.join("list.crl")],
        };
        let authority = ExternalAuthority::new(settings, &[]).expect("an authority");
        assert!(authority.refresh(AT).expect("a list"));
        Externals::new(vec![authority])
    })
}

/// The form of a certificate of ours is never less strict than that of others; an authority's is no terminal's; and whatever is
/// shown, with whatever behind it, nobody gets in but by the one good certificate, to the last octet. True: by that.
pub(crate) fn client_chain(data: &[u8]) -> bool {
    let chain = split(data);
    let Some(leaf) = chain.first() else { return false };
    let (ours, external) = (check(leaf, Origin::Ours), check(leaf, Origin::External));
    assert!(ours.is_err() || external.is_ok());
    assert!(external.is_err() || check_for(leaf, Origin::External, Usage::Unnamed).is_ok());
    assert!(external.is_err() || check_authority(leaf).is_err());
    let identified = externals().identify(&chain, AT);
    assert!(identified.is_err() || leaf.as_ref() == GENUINE);
    identified.is_ok()
}

/// Without a list, and with one that is stale, nobody gets in at all.
pub(crate) fn closed(data: &[u8]) {
    let late = externals().identify(&split(data), AT + 40 * 365 * 86_400);
    assert!(late.is_err());
    let none = Arc::new(Externals::default());
    assert!(none.identify(&split(data), AT).is_err());
}
