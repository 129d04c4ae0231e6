//! Tests of the form: a certificate as we write it, put together by hand, and one thing at a time turned in it. Nothing is
//! signed here; that is the chain's.

use aws_lc_rs::digest;

use super::{Origin, ProfileFault as Fault, check, check_authority};

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match content.len() {
        short if short < 0x80 => vec![short as u8],
        middle if middle < 0x100 => vec![0x81, middle as u8],
        long => vec![0x82, (long >> 8) as u8, long as u8],
    };
    [vec![tag], length, content].concat()
}

fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

const ECDSA_SHA256: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const ECDSA_SHA1: &[u8] = &[0x30, 9, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
const RSA_SHA256: &[u8] = &[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b, 5, 0];
const CLIENT: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
const SERVER: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const ANY: &[u8] = &[6, 4, 0x55, 0x1d, 0x25, 0];
const AKI: [u8; 20] = [7; 20];

fn name(text: &str) -> Vec<u8> {
    seq(&[&tlv(0x31, &[&seq(&[&[6, 3, 0x55, 4, 3], &tlv(0x0c, &[text.as_bytes()])])])])
}

fn curve_key(curve: &[u8], octets: usize) -> Vec<u8> {
    let algorithm = seq(&[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], &tlv(6, &[curve])]);
    seq(&[&algorithm, &tlv(3, &[&[0, 4], &vec![9; octets - 1]])])
}

fn rsa_key(octets: usize, exponent: &[u8]) -> Vec<u8> {
    let algorithm = seq(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], &[5, 0]]);
    let mut modulus = vec![0xff; octets];
    modulus.insert(0, 0);
    seq(&[&algorithm, &tlv(3, &[&[0], &seq(&[&tlv(2, &[&modulus]), &tlv(2, &[exponent])])])])
}

const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P224: &[u8] = &[0x2b, 0x81, 4, 0, 33];

fn extension(place: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    seq(&[&[6, 3, 0x55, 0x1d, place], critical, &tlv(4, &[value])])
}

/// The pieces of a certificate, each in DER.
#[derive(Clone)]
struct Pieces {
    version: Vec<u8>,
    serial: Vec<u8>,
    inner: Vec<u8>,
    outer: Vec<u8>,
    issuer: Vec<u8>,
    validity: Vec<u8>,
    subject: Vec<u8>,
    key: Vec<u8>,
    unique: Vec<u8>,
    extensions: Vec<Vec<u8>>,
    after: Vec<u8>,
}

fn key_identifier(key: &[u8], skip: usize) -> Vec<u8> {
    tlv(4, &[&digest::digest(&digest::SHA256, &key[skip..]).as_ref()[..20]])
}

impl Pieces {
    /// As `ca` writes a terminal's.
    fn ours() -> Self {
        let key = curve_key(P256, 65);
        let uri = tlv(0x86, &[b"https://care.example/d/D-1"]);
        Self {
            version: vec![0xa0, 3, 2, 1, 2],
            serial: tlv(2, &[&[0x41; 16]]),
            inner: ECDSA_SHA256.to_vec(),
            outer: ECDSA_SHA256.to_vec(),
            issuer: name("Issuing"),
            validity: seq(&[&tlv(0x17, &[b"260101000000Z"]), &tlv(0x17, &[b"260630000000Z"])]),
            subject: name("D-1"),
            unique: vec![],
            extensions: vec![
                extension(35, false, &seq(&[&tlv(0x80, &[&AKI])])),
                extension(17, false, &seq(&[&uri])),
                extension(15, true, &[3, 2, 7, 0x80]),
                extension(37, false, &seq(&[CLIENT])),
                extension(14, false, &key_identifier(&key, 26)),
                extension(19, true, &[0x30, 0]),
            ],
            key,
            after: vec![],
        }
    }

    /// An authority's.
    fn authority() -> Self {
        let mut pieces = Self::ours();
        pieces.subject = name("Issuing");
        pieces.extensions = vec![
            extension(15, true, &[3, 2, 1, 6]),
            extension(14, false, &key_identifier(&pieces.key, 26)),
            extension(19, true, &[0x30, 3, 1, 1, 0xff]),
        ];
        pieces
    }

    fn der(&self) -> Vec<u8> {
        let list = seq(&self.extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let extensions = if self.extensions.is_empty() { vec![] } else { tlv(0xa3, &[&list]) };
        let tbs = seq(&[
            &self.version,
            &self.serial,
            &self.inner,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &self.unique,
            &extensions,
        ]);
        [seq(&[&tbs, &self.outer, &[3, 2, 0, 1]]), self.after.clone()].concat()
    }

    /// With the extension of this place as given, or without it.
    fn with(mut self, place: u8, new: Option<Vec<u8>>) -> Self {
        self.extensions.retain(|one| one[6] != place || one[2..6] != [6, 3, 0x55, 0x1d][..]);
        self.extensions.extend(new);
        self
    }
}

/// A terminal's certificate as `ca` writes it, signed by nobody.
pub(crate) fn unsigned() -> Vec<u8> {
    Pieces::ours().der()
}

#[track_caller]
fn refused(edit: impl FnOnce(&mut Pieces), ours: Fault, external: Option<Fault>) {
    let mut pieces = Pieces::ours();
    edit(&mut pieces);
    assert_eq!(check(&pieces.der(), Origin::Ours).err(), Some(ours), "ours");
    assert_eq!(check(&pieces.der(), Origin::External).err(), external, "external");
}

#[track_caller]
fn refused_both(edit: impl FnOnce(&mut Pieces), fault: Fault) {
    refused(edit, fault, Some(fault));
}

#[test]
fn what_we_write_passes_with_and_without_what_may_be_there() {
    let plain = check(&Pieces::ours().der(), Origin::Ours).unwrap();
    assert_eq!(plain.not_after_seconds - plain.not_before_seconds, 180 * 86_400);
    let lists = seq(&[&seq(&[&tlv(0xa0, &[&tlv(0xa0, &[&tlv(0x86, &[b"http://care.example/1.crl"])])])])]);
    let policy = seq(&[&seq(&[&[6, 3, 0x2a, 3, 4]])]);
    let access = seq(&[&seq(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2], &tlv(0x86, &[b"http://care.example/ca"])])]);
    let mut full = Pieces::ours();
    full.extensions.push(extension(31, false, &lists));
    full.extensions.push(extension(32, false, &policy));
    full.extensions.push(seq(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 1, 1], &tlv(4, &[&access])]));
    check(&full.der(), Origin::Ours).unwrap();
    check(&full.der(), Origin::External).unwrap();
    full.extensions.push(extension(31, false, &lists));
    assert_eq!(check(&full.der(), Origin::Ours).err(), Some(Fault::Extensions));
    refused(|p| p.extensions.push(extension(31, true, &lists)), Fault::Criticality, None);
    refused(|p| p.extensions.push(extension(18, false, &seq(&[&tlv(0x82, &[b"a"])]))), Fault::ExtensionSet, None);
}

#[test]
fn the_frame() {
    refused_both(|p| p.version = vec![], Fault::Version);
    refused_both(|p| p.version = vec![0xa0, 3, 2, 1, 1], Fault::Version);
    refused_both(|p| p.after = vec![0], Fault::Encoding);
    refused_both(|p| p.outer = RSA_SHA256.to_vec(), Fault::SignatureAlgorithm);
    for algorithm in [ECDSA_SHA1, &RSA_SHA256[..13]] {
        refused_both(
            |p| (p.inner, p.outer) = (seq(&[&algorithm[2..]]), seq(&[&algorithm[2..]])),
            Fault::SignatureAlgorithm,
        );
    }
    refused(|p| (p.inner, p.outer) = (RSA_SHA256.to_vec(), RSA_SHA256.to_vec()), Fault::SignatureAlgorithm, None);
    refused_both(|p| p.issuer = seq(&[]), Fault::Issuer);
    refused_both(|p| p.unique = tlv(0x81, &[&[0, 1]]), Fault::UniqueIdentifier);
    refused_both(|p| p.unique = tlv(0x82, &[&[0, 1]]), Fault::UniqueIdentifier);
    refused_both(|p| p.extensions.clear(), Fault::Extensions);
}

#[test]
fn serial_numbers() {
    refused_both(|p| p.serial = tlv(2, &[&[0]]), Fault::Serial);
    refused_both(|p| p.serial = tlv(2, &[&[0x80, 1, 1, 1, 1, 1, 1, 1]]), Fault::Serial);
    refused_both(|p| p.serial = tlv(2, &[&[1; 21]]), Fault::Serial);
    refused_both(|p| p.serial = tlv(2, &[&[0], &[0x81; 20]]), Fault::Serial);
    refused_both(|p| p.serial = tlv(2, &[&[0, 1]]), Fault::Encoding);
    refused(|p| p.serial = tlv(2, &[&[5]]), Fault::Serial, None);
}

#[test]
fn times() {
    let validity = |from: &[u8], until: &[u8]| seq(&[from, until]);
    let utc = |text: &[u8]| tlv(0x17, &[text]);
    let general = |text: &[u8]| tlv(0x18, &[text]);
    refused_both(|p| p.validity = validity(&utc(b"260101000000Z"), &utc(b"251231235959Z")), Fault::Validity);
    refused_both(|p| p.validity = validity(&general(b"20260101000000Z"), &utc(b"260630000000Z")), Fault::Validity);
    refused_both(|p| p.validity = validity(&utc(b"2601010000Z"), &utc(b"260630000000Z")), Fault::Encoding);
    refused_both(|p| p.validity = validity(&utc(b"260101000000Z"), &general(b"20500101000000.5Z")), Fault::Encoding);
    refused(|p| p.validity = validity(&utc(b"260101000000Z"), &general(b"20500101000000Z")), Fault::Validity, None);
    refused(|p| p.validity = validity(&utc(b"260101000000Z"), &utc(b"270202000000Z")), Fault::Validity, None);
}

#[test]
fn keys() {
    let identified = |p: &mut Pieces, key: Vec<u8>, skip: usize| {
        *p = p.clone().with(14, Some(extension(14, false, &key_identifier(&key, skip))));
        p.key = key;
    };
    refused_both(|p| p.key = curve_key(P224, 57), Fault::PublicKey);
    refused_both(|p| p.key = curve_key(P256, 64), Fault::PublicKey);
    refused_both(|p| p.key = rsa_key(128, &[1, 0, 1]), Fault::PublicKey);
    refused_both(|p| p.key = rsa_key(256, &[1]), Fault::PublicKey);
    refused_both(|p| p.key = rsa_key(256, &[4]), Fault::PublicKey);
    refused(|p| p.key = rsa_key(1024, &[1, 0, 1]), Fault::PublicKey, None);
    let mut rsa = Pieces::ours();
    let key = rsa_key(256, &[1, 0, 1]);
    identified(&mut rsa, key, 24);
    check(&rsa.der(), Origin::Ours).unwrap();
    // Somebody else's key identifier.
    let other = extension(14, false, &tlv(4, &[&[1; 20]]));
    refused(|p| *p = p.clone().with(14, Some(other)), Fault::KeyIdentifier, None);
}

#[test]
fn names() {
    refused(|p| p.subject = seq(&[]), Fault::SubjectName, Some(Fault::SubjectName));
    refused(|p| p.subject = name("two words"), Fault::SubjectName, None);
    refused(|p| p.subject = name("D-2"), Fault::AlternativeName, None);
    let printable = seq(&[&tlv(0x31, &[&seq(&[&[6, 3, 0x55, 4, 3], &tlv(0x13, &[b"D-1"])])])]);
    refused(|p| p.subject = printable, Fault::SubjectName, None);
    let two = [&name("D-1")[2..], &name("D-1")[2..]].concat();
    refused(|p| p.subject = seq(&[&two]), Fault::SubjectName, None);
    let names = |names: &[&[u8]]| Some(extension(17, false, &seq(names)));
    refused_both(|p| *p = p.clone().with(17, names(&[])), Fault::Malformed);
    refused_both(|p| *p = p.clone().with(17, names(&[&tlv(0x87, &[&[1, 2, 3]])])), Fault::Malformed);
    refused_both(|p| *p = p.clone().with(17, names(&[&tlv(0x82, &[b"under_score"])])), Fault::Malformed);
    let uri = tlv(0x86, &[b"https://care.example/d/D-1"]);
    refused(|p| *p = p.clone().with(17, names(&[&uri, &uri])), Fault::AlternativeName, None);
    refused(|p| *p = p.clone().with(17, None), Fault::ExtensionSet, None);
}

#[test]
fn usages() {
    let usage = |content: &[&[u8]]| Some(extension(37, false, &seq(content)));
    for wrong in [usage(&[SERVER]), usage(&[ANY]), usage(&[CLIENT, ANY])] {
        let fault = Fault::ExtendedKeyUsage;
        refused(|p| *p = p.clone().with(37, wrong), fault, Some(fault));
    }
    refused(|p| *p = p.clone().with(37, None), Fault::ExtensionSet, Some(Fault::ExtendedKeyUsage));
    refused(|p| *p = p.clone().with(37, usage(&[CLIENT, SERVER])), Fault::ExtendedKeyUsage, None);
    let bits = |critical: bool, value: &[u8]| Some(extension(15, critical, value));
    refused(|p| *p = p.clone().with(15, None), Fault::ExtensionSet, None);
    refused(|p| *p = p.clone().with(15, bits(false, &[3, 2, 7, 0x80])), Fault::Criticality, None);
    refused(|p| *p = p.clone().with(15, bits(true, &[3, 2, 6, 0xc0])), Fault::KeyUsage, None);
    let signs_certificates = bits(true, &[3, 2, 2, 0x84]);
    refused(|p| *p = p.clone().with(15, signs_certificates), Fault::KeyUsage, Some(Fault::KeyUsage));
    let no_signature = bits(true, &[3, 2, 5, 0x20]);
    refused(|p| *p = p.clone().with(15, no_signature), Fault::KeyUsage, Some(Fault::KeyUsage));
    refused_both(|p| *p = p.clone().with(15, bits(true, &[3, 2, 0, 0x80])), Fault::Malformed);
    refused_both(|p| *p = p.clone().with(15, bits(true, &[3, 1, 0])), Fault::Malformed);
}

#[test]
fn authorities_and_what_is_theirs() {
    let constraints = |value: &[u8]| Some(extension(19, true, value));
    let authority = constraints(&[0x30, 3, 1, 1, 0xff]);
    refused_both(|p| *p = p.clone().with(19, authority), Fault::BasicConstraints);
    refused_both(|p| *p = p.clone().with(19, constraints(&[0x30, 3, 1, 1, 0])), Fault::Malformed);
    refused_both(|p| *p = p.clone().with(19, constraints(&[0x30, 3, 2, 1, 0])), Fault::Malformed);
    refused(|p| *p = p.clone().with(19, None), Fault::ExtensionSet, None);
    let named = seq(&[&tlv(0xa0, &[&seq(&[&tlv(0x82, &[b"care.example"])])])]);
    refused(|p| p.extensions.push(extension(30, true, &named)), Fault::ExtensionSet, Some(Fault::ExtensionSet));
    refused(|p| *p = p.clone().with(35, None), Fault::ExtensionSet, Some(Fault::KeyIdentifier));
}

#[test]
fn names_are_bound_to_hosts_and_masks() {
    let bound = |name: Vec<u8>| {
        let value = seq(&[&tlv(0xa0, &[&seq(&[&name])])]);
        let mut authority = Pieces::authority();
        authority.extensions.push(extension(30, true, &value));
        check_authority(&authority.der()).err()
    };
    assert_eq!(bound(tlv(0x82, &[b"care.example"])), None);
    assert_eq!(bound(tlv(0x82, &[b".care.example"])), Some(Fault::Malformed));
    assert_eq!(bound(tlv(0x87, &[&[10, 0, 0, 0, 255, 0, 0, 0]])), None);
    assert_eq!(bound(tlv(0x87, &[&[10, 0, 0, 0]])), Some(Fault::Malformed));
}

#[test]
fn strange_extensions() {
    let strange = |critical: bool| seq(&[&[6, 3, 0x2a, 3, 4], if critical { &[1, 1, 0xff] } else { &[] }, &[4, 1, 0]]);
    refused_both(|p| p.extensions.push(strange(true)), Fault::UnknownCritical);
    refused(|p| p.extensions.push(strange(false)), Fault::ExtensionSet, None);
    let written_default = seq(&[&[6, 3, 0x2a, 3, 4], &[1, 1, 0], &[4, 1, 0]]);
    refused_both(|p| p.extensions.push(written_default), Fault::Encoding);
    let critical_key = |place: u8, value: Vec<u8>| Some(extension(place, true, &value));
    refused_both(|p| *p = p.clone().with(14, critical_key(14, key_identifier(&p.key, 26))), Fault::Criticality);
    refused_both(|p| *p = p.clone().with(35, critical_key(35, seq(&[&tlv(0x80, &[&AKI])]))), Fault::Criticality);
}

#[test]
fn an_authority_has_the_form_of_one() {
    let fault = |edit: &dyn Fn(Pieces) -> Pieces| check_authority(&edit(Pieces::authority()).der()).err();
    assert_eq!(fault(&|p| p), None);
    assert_eq!(fault(&|_| Pieces::ours()), Some(Fault::BasicConstraints));
    assert_eq!(fault(&|p| p.with(14, None)), Some(Fault::KeyIdentifier));
    assert_eq!(fault(&|p| p.with(15, None)), Some(Fault::KeyUsage));
    assert_eq!(fault(&|p| p.with(15, Some(extension(15, true, &[3, 2, 1, 2])))), Some(Fault::KeyUsage));
    assert_eq!(fault(&|p| p.with(19, None)), Some(Fault::BasicConstraints));
    assert_eq!(fault(&|p| p.with(19, Some(extension(19, false, &[0x30, 3, 1, 1, 0xff])))), Some(Fault::Criticality));
    assert_eq!(fault(&|mut p| (p.issuer = name("Root"), p).1), Some(Fault::KeyIdentifier));
    assert_eq!(fault(&|mut p| (p.subject = seq(&[]), p).1), Some(Fault::SubjectName));
    let demanding = |mut p: Pieces| (p.extensions.push(extension(54, true, &[2, 1, 0])), p).1;
    assert_eq!(fault(&demanding), Some(Fault::UnknownCritical));
}
