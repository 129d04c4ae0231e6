//! Query strings: pairs in their order, percent-decoded, and back.

/// Pairs of `a=b&c=d`. `+` is a space. What cannot be decoded stays as it is: this store is lenient, the gateway is not.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Percent-decodes.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match after.split_at_checked(2).and_then(|(hex, after)| Some((hex_byte(hex)?, after))) {
                Some((decoded, after)) => {
                    bytes.push(decoded);
                    rest = after;
                }
                None => bytes.push(b'%'),
            },
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_byte(hex: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(hex).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Percent-encodes what a link must not hold plainly.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b',' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{encode, pairs};

    #[test]
    fn pairs_are_decoded_in_order() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            let found = pairs(query);
            assert_eq!(found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>(), expected, "{query}");
        };
        check("a=1&b=%E6%B0%B4&&c", &[("a", "1"), ("b", "水"), ("c", "")]);
        check("a=1+2%2B&a=%zz%4", &[("a", "1 2+"), ("a", "%zz%4")]);
        check("", &[]);
        assert_eq!(encode("水|a b"), "%E6%B0%B4%7Ca%20b");
    }
}
