//! Paths that stay on this host, telephone links, and the notice of art. 20.

use proptest::prelude::*;

use crate::pages::{LocalPath, Phone, reference};

#[test]
fn paths_that_could_leave_are_none() {
    for text in [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil",
        "/a b",
        "/\t/evil",
        "/a\nb",
        "/あ",
        "\u{0}/",
        "/..\\..\\x",
    ] {
        assert_eq!(LocalPath::new(text), None, "{text:?}");
    }
    assert!(LocalPath::new(&format!("/{}", "a".repeat(2047))).is_some());
    assert!(LocalPath::new(&format!("/{}", "a".repeat(2048))).is_none());
}

#[test]
fn the_language_link_keeps_the_address() {
    for (from, to) in [
        ("/", "/?lang=en"),
        ("/?lang=ja", "/?lang=en"),
        ("/fhir/Observation?patient=204&lang=ja&_count=20", "/fhir/Observation?patient=204&_count=20&lang=en"),
        ("/a?language=x&lang", "/a?language=x&lang=en"),
        ("/a?&&b=1", "/a?b=1&lang=en"),
        ("/a?b=1#c", "/a?b=1&lang=en"),
    ] {
        assert_eq!(LocalPath::new(from).unwrap().with_language("en").as_str(), to);
    }
}

proptest! {
    /// Whatever is accepted is, to a browser, a path on this host, and so is everything made from it.
    #[test]
    fn accepted_paths_stay_here(text in "[/\\\\:a-z?&#=.@%]{0,12}") {
        if let Some(path) = LocalPath::new(&text) {
            for path in [path.with_language("en"), path.sign_in(), path] {
                let octets = path.as_str().as_bytes();
                prop_assert_eq!(octets[0], b'/');
                prop_assert!(octets.get(1).is_none_or(|second| *second != b'/' && *second != b'\\'));
            }
        }
    }
}

#[test]
fn only_numbers_become_telephone_links() {
    let href = |text: &str| Phone(text.to_owned()).href();
    assert_eq!(href("0297-23-2111").as_deref(), Some("tel:0297232111"));
    assert_eq!(href("+81 (297) 23-2111").as_deref(), Some("tel:+81297232111"));
    assert_eq!(href("119").as_deref(), Some("tel:119"));
    for text in ["", "-", "0297-23-2111 内線 3", "javascript:1", "1+1", "12345678901234567", "<b>"] {
        assert_eq!(href(text), None, "{text}");
    }
}

/// Regulation art. 20-1.
#[test]
fn the_notice_reads_as_the_banner() {
    let quoted = reference::FIELD_VALUE.strip_prefix("%\"").unwrap().split('"').next().unwrap();
    let octets: Vec<u8> = quoted.split('%').skip(1).map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    assert_eq!(String::from_utf8(octets).unwrap(), reference::BANNER_JA);
    assert!(crate::pages::texts::JA.contains(&format!("reference-banner = {}", reference::BANNER_JA)));
}
