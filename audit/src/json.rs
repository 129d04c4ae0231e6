//! Writing JSON in the one form there is: no space, keys in the order they are given in, nothing escaped that need not be.
//! Several lines are written for each request, so it goes straight into octets. A property test holds it to `serde_json`.

/// An object, or several within each other, being written.
pub(crate) struct Writer {
    out: Vec<u8>,
    /// Nothing stands in the innermost object yet.
    first: bool,
}

impl Writer {
    /// Begins an object, which will have about so many octets.
    pub(crate) fn object(octets: usize) -> Self {
        let mut out = Vec::with_capacity(octets);
        out.push(b'{');
        Self { out, first: true }
    }

    /// Ends it.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }

    /// A member that is an object.
    pub(crate) fn within(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.out.push(b'{');
        self.first = true;
        write(self);
        self.out.push(b'}');
        self.first = false;
    }

    /// A member that is a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        write_text(text, &mut self.out);
    }

    /// A member whose value is written already.
    pub(crate) fn written(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.out.extend_from_slice(value);
    }

    /// A member that is a text or null.
    pub(crate) fn text_or_null(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.null(name),
        }
    }

    /// A member that is null.
    pub(crate) fn null(&mut self, name: &str) {
        self.name(name);
        self.out.extend_from_slice(b"null");
    }

    /// A member that is a list of texts.
    pub(crate) fn texts<T: AsRef<str>>(&mut self, name: &str, texts: impl Iterator<Item = T>) {
        self.name(name);
        self.out.push(b'[');
        for (number, text) in texts.enumerate() {
            if number > 0 {
                self.out.push(b',');
            }
            write_text(text.as_ref(), &mut self.out);
        }
        self.out.push(b']');
    }

    /// A member that is a number.
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        let mut digits = [0_u8; 20];
        let (mut rest, mut count) = (number, 0);
        for place in digits.iter_mut().rev() {
            // A remainder by ten is a digit.
            *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            count += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.out.extend_from_slice(digits.split_at(digits.len() - count).1);
    }

    /// A member that is true or false.
    pub(crate) fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// The name of the next member. All are ours, and need no escape.
    fn name(&mut self, name: &str) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

/// What must not stand in a string as it is (RFC 8259 7).
const fn is_special(octet: u8) -> bool {
    octet < 0x20 || octet == b'"' || octet == b'\\'
}

/// A text as a string of its own.
pub(crate) fn string(text: &str) -> Vec<u8> {
    // Half as much again: facts are full of quotes, which are escaped.
    let mut out = Vec::with_capacity(text.len() + text.len() / 2 + 2);
    write_text(text, &mut out);
    out
}

/// A string (RFC 8259 7), with the short escapes where there are any.
fn write_text(text: &str, out: &mut Vec<u8>) {
    let octets = text.as_bytes();
    out.reserve(octets.len() + 2);
    out.push(b'"');
    // Looked at without a branch for each octet, which a compiler makes wide steps of.
    if octets.iter().fold(false, |special, octet| special | is_special(*octet)) {
        write_escaped(octets, out);
    } else {
        out.extend_from_slice(octets);
    }
    out.push(b'"');
}

/// So many octets are escaped at a time; a power of two.
const ESCAPED_AT_ONCE: usize = 64;

fn write_escaped(octets: &[u8], out: &mut Vec<u8>) {
    out.reserve(octets.len() + octets.len() / 2);
    for octets in octets.chunks(ESCAPED_AT_ONCE) {
        if octets.iter().fold(false, |control, octet| control | (*octet < 0x20)) {
            octets.iter().for_each(|octet| write_octet(*octet, out));
        } else {
            write_quoted(octets, out);
        }
    }
}

/// Facts are a quoted text of some hundred quotes: a backslash is put down before each octet and only counted where it belongs, so
/// that there is no branch.
fn write_quoted(octets: &[u8], out: &mut Vec<u8>) {
    let (mut room, mut end) = ([0; 2 * ESCAPED_AT_ONCE], 0);
    // The remainder changes nothing, and tells the compiler that there is room.
    let mut put = |at: usize, octet: u8| room.get_mut(at % (2 * ESCAPED_AT_ONCE)).map_or((), |place| *place = octet);
    for octet in octets {
        put(end, b'\\');
        end += usize::from(matches!(octet, b'"' | b'\\'));
        put(end, *octet);
        end += 1;
    }
    out.extend_from_slice(room.get(..end).unwrap_or_default());
}

fn write_octet(octet: u8, out: &mut Vec<u8>) {
    match octet {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        0..=0x1f => out.extend_from_slice(format!("\\u{octet:04x}").as_bytes()),
        plain => out.push(plain),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Of every kind, and long ones full of what has to be escaped.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), r#"["\\\\a-c関\x00-\x1f]{0,300}"#, r#"["\\\\a-c]{0,300}"#]
    }

    proptest! {
        #[test]
        fn it_is_written_as_serde_json_writes_it(
            texts in proptest::collection::vec(texts(), 1..5), number in any::<u64>(), flag in any::<bool>(),
        ) {
            let mut writer = Writer::object(0);
            writer.text("a", &texts[0]);
            writer.within("b", |writer| {
                writer.number("n", number);
                writer.within("empty", |_| {});
                writer.flag("f", flag);
                writer.text_or_null("t", flag.then_some(texts[0].as_str()));
            });
            writer.texts("c", texts.iter());
            writer.null("d");
            let wanted: Value = json!({
                "a": texts[0],
                "b": {"n": number, "empty": {}, "f": flag, "t": flag.then_some(&texts[0])},
                "c": texts,
                "d": null,
            });
            prop_assert_eq!(String::from_utf8(writer.end()).unwrap(), wanted.to_string());
        }
    }
}
