//! Attestations of a maker of our own: what is believed, and everything that is not.

mod maker;

use maker::{Maker, Tpm};
use model::Timestamp;
use rcgen::{KeyPair, PublicKeyData};

use super::{Anchors, Challenge, Unbelieved};

const TOKEN: &str = "token";
const ASKED: &str = "token.thumbprint";

fn now() -> Timestamp {
    Timestamp::parse("2026-11-27T00:00:00Z").unwrap()
}

fn ask(anchors: &Anchors, object: &[u8], hardware: &str) -> Result<Vec<u8>, Unbelieved> {
    anchors.attested_key(object, &Challenge { token: TOKEN, key_authorization: ASKED, hardware, now: now() })
}

/// Seeds of the fuzz target: `SEKISHO_KEEP_SEEDS=folder` writes them, and the root that they lead to.
#[test]
fn seeds_can_be_kept() {
    let Some(folder) = std::env::var_os("SEKISHO_KEEP_SEEDS") else { return };
    let (maker, key) = (Maker::new(), KeyPair::generate().unwrap());
    let told = Tpm::of("C02SERIAL", ASKED);
    let seeds = [
        ("root", maker.root.clone()),
        ("apple", maker.apple(&key, "C02SERIAL", "u", TOKEN)),
        ("apple-udid", maker.apple(&key, "u", "C02SERIAL", ASKED)),
        ("apple-other", maker.apple(&key, "another", "u", TOKEN)),
        ("apple-stale", maker.apple(&key, "C02SERIAL", "u", "old")),
        ("tpm", maker.tpm(&key, &told)),
        ("tpm-leaves", maker.tpm(&key, &Tpm { attributes: 0, ..told.clone() })),
        ("tpm-quote", maker.tpm(&key, &Tpm { kind: 0x8018, ..told.clone() })),
        ("tpm-other", maker.tpm(&key, &Tpm { name: "another", ..told.clone() })),
        ("tpm-stranger", Maker::new().tpm(&key, &told)),
    ];
    for (name, octets) in seeds {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.cbor")), octets).unwrap();
    }
}

#[test]
fn apples_is_believed_for_its_device_and_challenge_only() {
    let (maker, other, key) = (Maker::new(), Maker::new(), KeyPair::generate().unwrap());
    let anchors = Anchors { apple: vec![maker.root.clone()], tpm: vec![] };
    let told = |asked: &str| maker.apple(&key, "C02SERIAL", "00008020-UDID", asked);
    for hardware in ["C02SERIAL", "00008020-UDID"] {
        for asked in [TOKEN, ASKED] {
            assert_eq!(ask(&anchors, &told(asked), hardware), Ok(key.subject_public_key_info()));
        }
    }
    let refused = |object: &[u8], hardware: &str| ask(&anchors, object, hardware).unwrap_err().0;
    assert!(refused(&told(TOKEN), "C02OTHER").contains("another device"));
    assert!(refused(&told("another"), "C02SERIAL").contains("another challenge"));
    assert!(refused(&other.apple(&key, "C02SERIAL", "u", TOKEN), "C02SERIAL").contains("accepted maker"));
    // Whose word is taken for nothing else.
    let tpms = Anchors { apple: vec![], tpm: vec![maker.root.clone()] };
    assert!(ask(&tpms, &told(TOKEN), "C02SERIAL").unwrap_err().0.contains("no attestation of this format"));
    assert!(ask(&Anchors::default(), &told(TOKEN), "C02SERIAL").is_err());
    // A root that is none is said at the start, not passed over.
    assert!(anchors.are_usable());
    assert!(!Anchors { apple: vec![maker.root.clone(), vec![0x30, 0]], tpm: vec![] }.are_usable());
    // Cut anywhere, or with something behind, it is none.
    let whole = told(TOKEN);
    for end in 0..whole.len() {
        assert!(ask(&anchors, &whole[..end], "C02SERIAL").is_err());
    }
    assert!(ask(&anchors, &[whole.as_slice(), &[0]].concat(), "C02SERIAL").is_err());
}

#[test]
fn a_tpms_is_believed_for_a_key_that_cannot_leave_it() {
    let (maker, key, other) = (Maker::new(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let anchors = Anchors { apple: vec![], tpm: vec![maker.root.clone()] };
    let fine = Tpm::of("TPM-1", ASKED);
    assert_eq!(ask(&anchors, &maker.tpm(&key, &fine), "TPM-1"), Ok(key.subject_public_key_info()));
    let refused = |told: &Tpm<'_>| ask(&anchors, &maker.tpm(&key, told), "TPM-1").unwrap_err().0;
    let cases: [(&str, Tpm<'_>); 7] = [
        ("another device", Tpm { name: "TPM-2", ..fine.clone() }),
        ("another challenge", Tpm { key_authorization: TOKEN, ..fine.clone() }),
        ("can leave", Tpm { attributes: 0x0004_0000, ..fine.clone() }),
        ("not understood", Tpm { magic: [0; 4], ..fine.clone() }),
        // A quote, which certifies no key.
        ("not understood", Tpm { kind: 0x8018, ..fine.clone() }),
        ("none of an attestation key", Tpm { usage: &[1, 3, 6, 1, 5, 5, 7, 3, 2], ..fine.clone() }),
        ("of another key", Tpm { swapped: Some(&other), ..fine.clone() }),
    ];
    for (why, told) in cases {
        assert!(refused(&told).contains(why), "{why}: {}", refused(&told));
    }
    assert!(ask(&anchors, &Maker::new().tpm(&key, &fine), "TPM-1").unwrap_err().0.contains("accepted maker"));
    let whole = maker.tpm(&key, &fine);
    for end in (0..whole.len()).step_by(3) {
        assert!(ask(&anchors, &whole[..end], "TPM-1").is_err());
    }
}
