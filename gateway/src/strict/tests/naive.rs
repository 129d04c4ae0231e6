//! A second reader of HTTP/1.1, slow and plain: it takes nothing but what every reader takes, and panics at all else.

use std::collections::HashMap;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) line: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// All of it was there.
    pub(super) whole: bool,
}

/// Every message in these octets. The last may lack the end of its body, never of its head.
pub(super) fn messages(mut octets: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while !octets.is_empty() {
        let octets_before = octets;
        octets = octets.strip_prefix(b"\r\n").unwrap_or(octets);
        let end = find(octets, b"\r\n\r\n").unwrap_or_else(|| panic!("no whole head: {octets_before:?}"));
        let head: String = octets[..end].iter().map(|octet| char::from(*octet)).collect();
        assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head}");
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let [method, target, version] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method), "{line}");
        assert!(target.starts_with('/') && target.bytes().all(|octet| octet > 0x20 && octet < 0x7f), "{line}");
        assert_eq!(version, "HTTP/1.1");
        let fields: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}"));
                assert!(
                    !name.is_empty() && !name.contains([' ', '\t', '_', '(', ')', ',', '/', ';', '"', '@']),
                    "{line}"
                );
                (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned())
            })
            .collect();
        let mut given = HashMap::<&str, Vec<&str>>::new();
        for (name, value) in &fields {
            given.entry(name).or_default().push(value);
        }
        assert_eq!(given["host"].len(), 1);
        octets = &octets[end + 4..];
        let (body, rest, whole) = match (given.get("content-length"), given.get("transfer-encoding")) {
            (None, None) => (Vec::new(), octets, true),
            (Some(length), None) => {
                assert_eq!(length.len(), 1);
                let length: usize = length[0].parse().unwrap();
                let there = length.min(octets.len());
                (octets[..there].to_vec(), &octets[there..], there == length)
            }
            (None, Some(coding)) => {
                assert!(coding.len() == 1 && coding[0].eq_ignore_ascii_case("chunked"));
                chunks(octets)
            }
            (Some(_), Some(_)) => panic!("{head}"),
        };
        messages.push(Message { line, fields, body, whole });
        octets = rest;
    }
    messages
}

/// The data of chunks, what comes after them, and whether they ended.
fn chunks(mut octets: &[u8]) -> (Vec<u8>, &[u8], bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(octets, b"\r\n") else { return (body, b"", false) };
        let size = std::str::from_utf8(&octets[..end]).unwrap();
        assert!(!size.is_empty() && size.len() <= 8 && size.bytes().all(|octet| octet.is_ascii_hexdigit()), "{size}");
        let size = usize::from_str_radix(size, 16).unwrap();
        octets = &octets[end + 2..];
        if size == 0 {
            // Trailers, up to an empty line.
            loop {
                let Some(end) = find(octets, b"\r\n") else { return (body, b"", false) };
                let line = &octets[..end];
                octets = &octets[end + 2..];
                if line.is_empty() {
                    return (body, octets, true);
                }
                assert!(line.contains(&b':'), "{line:?}");
            }
        }
        let there = size.min(octets.len());
        body.extend_from_slice(&octets[..there]);
        octets = &octets[there..];
        if there < size || octets.len() < 2 {
            return (body, b"", false);
        }
        assert_eq!(&octets[..2], b"\r\n");
        octets = &octets[2..];
    }
}

fn find(octets: &[u8], sought: &[u8]) -> Option<usize> {
    octets.windows(sought.len()).position(|window| window == sought)
}
