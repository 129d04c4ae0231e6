//! Questions that openssl asks, and answers that openssl believes.

use super::{House, contains, now, openssl, run, serial};
use crate::{Issued, OcspRefusal, OcspRequest, Responder, Status, certs_only};
use model::{ReasonCode, Timestamp};

fn responder(house: &House) -> Responder {
    Responder::create(&house.issuing, &house.key, serial(), now()).unwrap()
}

/// A question about `leaf`, as openssl asks `issuer`.
pub(super) fn ask(house: &House, leaf: &Issued, issuer: &str, further: &[&str]) -> Vec<u8> {
    let (leaf, issuer) = (house.put("leaf.pem", leaf.pem()), house.path(issuer));
    let file = house.path("question.der");
    // The hash stands before the certificate that it is for.
    openssl(&[&["ocsp"][..], further, &["-issuer", &issuer, "-cert", &leaf, "-reqout", &file]].concat());
    std::fs::read(file).unwrap()
}

/// What openssl makes of an answer to the question that these arguments make.
fn judge(house: &House, answer: &[u8], question: &[&str]) -> (bool, String) {
    let answer = house.put("answer.der", answer);
    let (root, issuing) = (house.path("root.pem"), house.path("issuing.pem"));
    let chain = ["-CAfile", &root, "-verify_other", &issuing, "-respin", &answer];
    run("openssl", &[&["ocsp"][..], question, &chain].concat())
}

#[test]
fn openssl_believes_what_is_said() {
    let house = House::build();
    let responder = responder(&house);
    let (leaf, _) = house.device("D-1");
    let at = now().plus_seconds(-60);
    let table = [
        (Status::Good, "leaf.pem: good"),
        (Status::Revoked { at, reason: ReasonCode::KeyCompromise }, "Reason: keyCompromise"),
        (Status::Revoked { at, reason: ReasonCode::CessationOfOperation }, "Reason: cessationOfOperation"),
        (Status::Revoked { at, reason: ReasonCode::Unspecified }, "leaf.pem: revoked"),
        (Status::Unknown, "leaf.pem: unknown"),
    ];
    for hash in ["-sha1", "-sha256"] {
        let question = ask(&house, &leaf, "issuing.pem", &[hash, "-no_nonce"]);
        let request = OcspRequest::read(&question).unwrap();
        assert_eq!(request.asked().len(), 1);
        assert_eq!(request.asked()[0].of(&house.issuing), Some(leaf.serial()));
        for (status, wanted) in table {
            let seen = |serial: &_| if *serial == leaf.serial() { status } else { Status::Unknown };
            let answer = responder.answer(&request, seen, now()).unwrap();
            let (leaf, issuing) = (house.path("leaf.pem"), house.path("issuing.pem"));
            let about = [hash, "-no_nonce", "-issuer", &issuing, "-cert", &leaf];
            let (fine, said) = judge(&house, &answer, &about);
            assert!(fine, "{said}");
            contains(&said, &["Response verify OK", wanted]);
            assert!(!said.contains("Nonce Verify error"), "{said}");
        }
    }
}

#[test]
fn an_answer_shows_the_nonce_and_is_an_hour_long() {
    let house = House::build();
    let responder = responder(&house);
    let (leaf, _) = house.device("D-1");
    let show = |further: &[&str]| {
        let request = OcspRequest::read(&ask(&house, &leaf, "issuing.pem", further)).unwrap();
        let answer = responder.answer(&request, |_| Status::Good, now()).unwrap();
        let file = house.put("answer.der", answer);
        (request.nonce().map(<[u8]>::len), openssl(&["ocsp", "-respin", &file, "-noverify", "-resp_text"]))
    };
    let (length, shown) = show(&["-nonce"]);
    assert!(length.is_some_and(|length| length >= 16));
    contains(&shown, &["OCSP Nonce", "OCSP No Check", "OCSP Signing", "Responder Id: ", "Cert Status: good"]);
    let (length, shown) = show(&["-no_nonce"]);
    assert_eq!(length, None);
    assert!(!shown.contains("OCSP Nonce"));
    // Another's nonce in the answer is what openssl complains of.
    let request = OcspRequest::read(&ask(&house, &leaf, "issuing.pem", &["-nonce"])).unwrap();
    let answer = responder.answer(&request, |_| Status::Good, now()).unwrap();
    let (_, said) = judge(&house, &answer, &["-reqin", &house.path("question.der")]);
    contains(&said, &["Response verify OK"]);
    assert!(!said.contains("Nonce Verify error"), "{said}");
    ask(&house, &leaf, "issuing.pem", &["-nonce"]);
    let (_, said) = judge(&house, &answer, &["-reqin", &house.path("question.der")]);
    contains(&said, &["Nonce Verify error"]);
}

#[test]
fn another_authority_is_not_spoken_for() {
    let house = House::build();
    let responder = responder(&house);
    let (leaf, _) = house.device("D-1");
    let request = OcspRequest::read(&ask(&house, &leaf, "servers.pem", &["-no_nonce"])).unwrap();
    assert_eq!(request.asked()[0].of(&house.issuing), None);
    let answer = responder.answer(&request, |_| Status::Good, now()).unwrap();
    let file = house.put("answer.der", answer);
    contains(&openssl(&["ocsp", "-respin", &file, "-noverify", "-resp_text"]), &["Cert Status: unknown"]);
}

#[test]
fn an_answer_of_somebody_else_is_not_believed() {
    let (house, stranger) = (House::build(), House::build());
    let (leaf, _) = house.device("D-1");
    let request = OcspRequest::read(&ask(&house, &leaf, "issuing.pem", &["-no_nonce"])).unwrap();
    let answer = responder(&stranger).answer(&request, |_| Status::Good, now()).unwrap();
    let (_, said) = judge(&house, &answer, &["-reqin", &house.path("question.der")]);
    contains(&said, &["Response Verify Failure"]);
}

#[test]
fn whatever_is_no_question_is_malformed() {
    let house = House::build();
    let (leaf, _) = house.device("D-1");
    let question = ask(&house, &leaf, "issuing.pem", &["-nonce"]);
    let malformed = |octets: &[u8]| {
        assert_eq!(OcspRequest::read(octets), Err(OcspRefusal::MalformedRequest), "{octets:02x?}");
    };
    malformed(b"");
    malformed(b"\x30\x00");
    malformed(b"GET / HTTP/1.1\r\n\r\n");
    malformed(&[0x30; 2049]);
    malformed(&[question.as_slice(), &[0]].concat());
    for length in 0..question.len() {
        malformed(&question[..length]);
    }
    // One octet changed: read or refused, and never a panic.
    for place in 0..question.len() {
        for value in [0, 1, 0x30, 0x7f, 0x80, 0xa0, 0xff] {
            let mut damaged = question.clone();
            damaged[place] = value;
            if let Ok(request) = OcspRequest::read(&damaged) {
                assert!(request.asked().len() == 1 && request.nonce().is_none_or(|nonce| nonce.len() <= 32));
            }
        }
    }
    assert_eq!(OcspRefusal::TryLater.der(), [0x30, 3, 0x0a, 1, 3]);
}

#[test]
fn nonces_keep_to_the_rfc_and_critical_strangers_are_refused() {
    use crate::asn1::{around, oid, sequence, tlv};
    use crate::ocsp::NONCE;
    use pkcs8::der::Tag;
    let house = House::build();
    let (leaf, _) = house.device("D-1");
    let request = OcspRequest::read(&ask(&house, &leaf, "issuing.pem", &["-no_nonce"])).unwrap();
    let one = sequence(&[&request.asked()[0].certificate]).unwrap();
    let question = |count: usize, extensions: &[Vec<u8>]| {
        let list = sequence(&vec![one.as_slice(); count]).unwrap();
        let extensions: Vec<_> = extensions.iter().map(Vec::as_slice).collect();
        let further = tlv(around(2), &[&sequence(&extensions).unwrap()]).unwrap();
        sequence(&[&sequence(&[&list, &further]).unwrap()]).unwrap()
    };
    let octets = |content: &[u8]| tlv(Tag::OctetString, &[content]).unwrap();
    let nonce = |length: usize| sequence(&[&oid(NONCE).unwrap(), &octets(&octets(&vec![7; length]))]).unwrap();
    for (length, fine) in [(0, false), (1, true), (32, true), (33, false), (200, false)] {
        assert_eq!(OcspRequest::read(&question(1, &[nonce(length)])).is_ok(), fine, "{length}");
    }
    assert!(OcspRequest::read(&question(1, &[nonce(8), nonce(8)])).is_err());
    for (count, fine) in [(0, false), (1, true), (8, true), (9, false)] {
        assert_eq!(OcspRequest::read(&question(count, &[nonce(8)])).is_ok(), fine, "{count}");
    }
    let strange = |critical: bool| {
        let name = oid("1.2.3.4".parse().unwrap()).unwrap();
        let critical = if critical { tlv(Tag::Boolean, &[&[0xff]]).unwrap() } else { vec![] };
        sequence(&[&name, &critical, &octets(&[5, 0])]).unwrap()
    };
    assert!(OcspRequest::read(&question(1, &[strange(false)])).is_ok());
    assert!(OcspRequest::read(&question(1, &[strange(true)])).is_err());
}

#[test]
fn a_responder_is_replaced_at_half_its_time() {
    let house = House::build();
    let begin = Timestamp::from_millis(now().as_millis());
    let responder = Responder::create(&house.issuing, &house.key, serial(), begin).unwrap();
    let certificate = responder.certificate();
    let seconds = certificate.not_after().as_seconds() - certificate.not_before().as_seconds() + 1;
    assert!(seconds <= 3 * 86_400, "{seconds}");
    assert!(!responder.is_old(begin) && !responder.is_old(begin.plus_seconds(35 * 3600)));
    assert!(responder.is_old(begin.plus_seconds(36 * 3600)) && responder.is_old(begin.plus_seconds(-3600)));
    // The servers' authority does not delegate.
    assert!(Responder::create(&house.servers, &house.server_key, serial(), begin).is_err());
}

#[test]
fn openssl_unpacks_the_chain() {
    let house = House::build();
    let file = house.put("chain.p7b", certs_only(&[house.issuing.der(), house.root.der()]).unwrap());
    let printed = openssl(&["pkcs7", "-inform", "DER", "-in", &file, "-print_certs"]);
    for pem in [house.issuing.pem(), house.root.pem()] {
        contains(&printed, &[pem.trim()]);
    }
}
