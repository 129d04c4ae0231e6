//! A maker of hardware, for tests: a root of its own, and attestations as Apple's systems and TPMs give them.

use aws_lc_rs::digest::{SHA256, digest};
use minicbor::Encoder;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PublicKeyData, SigningKey,
};

/// Root and its key.
pub(crate) struct Maker {
    pub(crate) root: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// What a TPM's attestation can get wrong.
#[derive(Clone)]
pub(crate) struct Tpm<'a> {
    pub(crate) name: &'a str,
    pub(crate) key_authorization: &'a str,
    pub(crate) attributes: u32,
    pub(crate) magic: [u8; 4],
    pub(crate) kind: u16,
    pub(crate) usage: &'a [u64],
    /// The key in the public area, where it is another than the certified one.
    pub(crate) swapped: Option<&'a KeyPair>,
}

impl<'a> Tpm<'a> {
    /// In order.
    pub(crate) fn of(name: &'a str, key_authorization: &'a str) -> Self {
        let (attributes, magic, kind) = (0x0004_0072, *b"\xffTCG", 0x8017);
        Self { name, key_authorization, attributes, magic, kind, usage: &[2, 23, 133, 8, 3], swapped: None }
    }
}

impl Maker {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Maker");
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { root, issuer: Issuer::new(params, key) }
    }

    fn certify(&self, key: &impl PublicKeyData, extensions: &[(&[u64], Vec<u8>)], usage: Option<&[u64]>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions =
            extensions.iter().map(|(oid, value)| CustomExtension::from_oid_content(oid, value.clone())).collect();
        params.extended_key_usages =
            usage.map(|oid| ExtendedKeyUsagePurpose::Other(oid.to_vec())).into_iter().collect();
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    /// As Apple's systems attest `key`: serial number, UDID, and the hash of what was asked.
    pub(crate) fn apple(&self, key: &KeyPair, serial: &str, udid: &str, asked: &str) -> Vec<u8> {
        let hash = digest(&SHA256, asked.as_bytes()).as_ref().to_vec();
        let extensions: [(&[u64], Vec<u8>); 3] = [
            (&[1, 2, 840, 113_635, 100, 8, 9, 1], serial.as_bytes().to_vec()),
            (&[1, 2, 840, 113_635, 100, 8, 9, 2], udid.as_bytes().to_vec()),
            (&[1, 2, 840, 113_635, 100, 8, 11, 1], hash),
        ];
        let leaf = self.certify(key, &extensions, None);
        let mut object = Encoder::new(Vec::new());
        object.map(2).unwrap().str("fmt").unwrap().str("apple").unwrap().str("attStmt").unwrap();
        object.map(1).unwrap().str("x5c").unwrap().array(2).unwrap();
        object.bytes(&leaf).unwrap().bytes(&self.root).unwrap();
        object.into_writer()
    }

    /// As a TPM attests `key`.
    pub(crate) fn tpm(&self, key: &KeyPair, told: &Tpm<'_>) -> Vec<u8> {
        let attestation_key = KeyPair::generate().unwrap();
        let value = tlv(0x30, &tlv(0x0c, told.name.as_bytes()));
        let oid = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x03].to_vec();
        let names = tlv(0x30, &tlv(0xa0, &[oid, tlv(0xa0, &value)].concat()));
        let leaf = self.certify(&attestation_key, &[(&[2, 5, 29, 17], names)], Some(told.usage));
        let area = |key: &KeyPair| {
            let (x, y) = key.der_bytes()[1..].split_at(32);
            let head = [0x00, 0x23, 0x00, 0x0b];
            let rest = [0x00, 0x00, 0x00, 0x10, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10];
            [&head[..], &told.attributes.to_be_bytes(), &rest, &[0, 32], x, &[0, 32], y].concat()
        };
        let certified = area(key);
        let name = [&[0x00, 0x0b], digest(&SHA256, &certified).as_ref()].concat();
        let asked = digest(&SHA256, told.key_authorization.as_bytes());
        let info = [
            &told.magic[..],
            &told.kind.to_be_bytes(),
            &[0, 0],
            &[0, 32],
            asked.as_ref(),
            &[0; 25],
            &[0, 34],
            &name,
            &[0, 0],
        ]
        .concat();
        let signature = attestation_key.sign(&info).unwrap();
        let shown = told.swapped.map_or(certified, area);
        let mut object = Encoder::new(Vec::new());
        object.map(2).unwrap().str("fmt").unwrap().str("tpm").unwrap().str("attStmt").unwrap();
        object.map(6).unwrap().str("ver").unwrap().str("2.0").unwrap().str("alg").unwrap().i64(-7).unwrap();
        object.str("x5c").unwrap().array(1).unwrap().bytes(&leaf).unwrap();
        object.str("sig").unwrap().bytes(&signature).unwrap();
        object.str("certInfo").unwrap().bytes(&info).unwrap().str("pubArea").unwrap().bytes(&shown).unwrap();
        object.into_writer()
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}
