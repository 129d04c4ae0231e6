//! Codes and messages: what is written is read back, and what is mistyped is found.

mod fuzz;

use ca::{LeafKey, SystemRandom};
use registry::EnrolmentKind;

use super::*;

fn code() -> Code {
    Code::draw(&SystemRandom::new()).unwrap()
}

#[test]
fn a_code_is_read_however_it_is_typed() {
    for _ in 0..200 {
        let code = code();
        let text = code.text();
        assert_eq!(text.len(), 23, "four groups of five");
        assert!(text.split('-').all(|group| group.len() == 5));
        let typed = [
            text.to_string(),
            text.to_lowercase(),
            text.replace('-', ""),
            text.replace('-', "  "),
            format!(" {}\n", text.replace('0', "o").replace('1', "l")),
            text.replace('0', "O").replace('1', "I"),
            // As a Japanese keyboard writes it.
            text.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
            text.replace('-', "ー"),
        ];
        for typed in typed {
            assert_eq!(Code::read(&typed), Ok(code.clone()), "{typed}");
        }
    }
}

#[test]
fn any_one_mistaken_character_is_found() {
    let text = code().text().replace('-', "");
    for place in 0..text.len() {
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars() {
            let mut changed: Vec<char> = text.chars().collect();
            if changed[place] == other {
                continue;
            }
            changed[place] = other;
            let changed: String = changed.into_iter().collect();
            assert_eq!(Code::read(&changed), Err(CodeError), "{text} {changed}");
        }
    }
    for wrong in ["", "-", &text[1..], &format!("{text}0"), &format!("U{}", &text[1..]), &"0".repeat(1000)] {
        assert_eq!(Code::read(wrong), Err(CodeError), "{wrong}");
    }
}

#[test]
fn a_digest_is_of_one_terminal_and_one_purpose() {
    let (code, one, other) = (code(), "D-1".parse().unwrap(), "D-2".parse().unwrap());
    let digest = code.digest(&one, EnrolmentKind::Csr);
    assert_eq!(digest, Code::read(&code.text()).unwrap().digest(&one, EnrolmentKind::Csr));
    assert_ne!(digest, code.digest(&other, EnrolmentKind::Csr));
    assert_ne!(digest, self::code().digest(&one, EnrolmentKind::Csr));
    assert_eq!(format!("{code:?}"), "Code(not shown)");
}

#[test]
fn certificates_are_read_back_and_nothing_else_is() {
    let fake = |octet: u8, length: usize| ca::asn1::sequence(&[&vec![octet; length]]).unwrap();
    for lengths in [vec![], vec![0], vec![10, 127], vec![128, 255, 256], vec![70_000, 1]] {
        let mut given: Vec<Vec<u8>> = lengths.iter().map(|length| fake(5, *length)).collect();
        let message = ca::certs_only(&given.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        // A SET is sorted by its octets.
        given.sort();
        assert_eq!(read_certs_only(&message), Some(given));
        // Cut anywhere, or with something behind, it is none.
        for end in (0..message.len()).take(300) {
            assert_eq!(read_certs_only(&message[..end]), None);
        }
        assert_eq!(read_certs_only(&[message.as_slice(), &[0]].concat()), None);
    }
}

#[test]
fn a_request_comes_in_base64_pem_or_der() {
    let key = LeafKey::generate().unwrap();
    let request = ca::write_request(&key).unwrap();
    let pem = String::from_utf8(request.clone()).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let lines: String =
        base64.chars().collect::<Vec<_>>().chunks(76).map(|line| line.iter().collect::<String>() + "\r\n").collect();
    for body in [pem.as_str(), &format!("\r\n{pem}"), &base64, &lines] {
        assert_eq!(&read_body(body.as_bytes()).unwrap(), key.public(), "{body}");
    }
    for wrong in ["", "=", "AAAA", "-----BEGIN", &base64[4..], &base64[..base64.len() - 8], &lines.repeat(40)] {
        assert!(read_body(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
