//! Our reader beside `serde_json`'s.

use proptest::prelude::*;

use super::plain::plain;
use super::{Json, parse, parse_as_is};
use crate::bounds::JSON_DEPTH_MAX;

fn written(text: &str) -> Result<String, String> {
    let mut out = Vec::new();
    parse(text.as_bytes()).map_err(|fault| fault.to_string())?.write(&mut out);
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn what_is_read_is_written_the_same() {
    for (text, expected) in [
        (r#" { "a" : [ 1 , 36.50 , -0 , 1e5 , 1.0E-3 ] } "#, r#"{"a":[1,36.50,-0,1e5,1.0E-3]}"#),
        ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
        (r#""\u98df\/\u00e9 \ud83d\ude00 \"\\ \n\t\r""#, "\"食/é 😀 \\\"\\\\ \\n\\t\\r\""),
        (
            r#"{"birthDate":"1935-04-01","_birthDate":{"extension":[]}}"#,
            r#"{"birthDate":"1935-04-01","_birthDate":{"extension":[]}}"#,
        ),
        ("[]", "[]"),
        ("{}", "{}"),
        ("[null,true,false]", "[null,true,false]"),
        ("\"\u{2028}\u{7f}\"", "\"\u{2028}\u{7f}\""),
    ] {
        assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_has_two_readings_is_refused() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let many = (0..200).map(|n| format!("\"a{n}\":1")).collect::<Vec<_>>().join(",");
    for (text, expected) in [
        ("", "is no JSON at byte 0"),
        ("{", "is no JSON at byte 1"),
        ("{}{}", "goes on behind its end, at byte 2"),
        ("{} x", "goes on behind its end, at byte 3"),
        ("\u{feff}{}", "begins with a byte order mark"),
        ("{}\0", "goes on behind its end, at byte 2"),
        (r#"{"a":1,"a":2}"#, "names `a` twice in one object"),
        (r#"{"subject":1,"suBject":2}"#, "names `suBject` twice in one object"),
        (r#"{"a":1,"\u0061":2}"#, "holds `\\u0061`, which names no FHIR element"),
        (r#"{"__proto__":1}"#, "holds `__proto__`, which names no FHIR element"),
        (r#"{"Subject":1}"#, "holds `Subject`, which names no FHIR element"),
        (r#"{"subject ":1}"#, "holds `subject `, which names no FHIR element"),
        (r#"{"":1}"#, "holds ``, which names no FHIR element"),
        (r#"{"a":1,}"#, "is no JSON at byte 7"),
        ("[1,]", "is no JSON at byte 3"),
        ("[1 2]", "is no JSON at byte 3"),
        (r#"{"a" 1}"#, "is no JSON at byte 5"),
        ("{'a':1}", "is no JSON at byte 1"),
        ("{a:1}", "is no JSON at byte 1"),
        ("// c\n{}", "is no JSON at byte 0"),
        ("NaN", "is no JSON at byte 0"),
        ("-Infinity", "is no JSON at byte 1"),
        ("01", "goes on behind its end, at byte 1"),
        ("+1", "is no JSON at byte 0"),
        ("1.", "is no JSON at byte 2"),
        (".5", "is no JSON at byte 0"),
        ("1e", "is no JSON at byte 2"),
        ("1e999", "holds number `1e999`, which is out of bounds"),
        ("1e99999999999999999999", "holds number `1e99999999999999999999`, which is out of bounds"),
        ("\"\\u0000\"", "holds a character at byte 1 that no string may hold"),
        ("\"\\u0008\"", "holds a character at byte 1 that no string may hold"),
        ("\"\\b\"", "holds a character at byte 1 that no string may hold"),
        ("\"\n\"", "holds a character at byte 1 that no string may hold"),
        ("\"\\ud800\"", "holds a character at byte 1 that no string may hold"),
        ("\"\\ud800\\u0041\"", "holds a character at byte 1 that no string may hold"),
        ("\"\\udc00\"", "holds a character at byte 1 that no string may hold"),
        ("\"\\x41\"", "is no JSON at byte 1"),
        ("\"\\u12\"", "is no JSON at byte 5"),
        ("\"a", "is no JSON at byte 2"),
        ("tru", "is no JSON at byte 0"),
        (&deep(JSON_DEPTH_MAX + 1), "is nested more than 40 deep"),
        (&deep(100_000), "is nested more than 40 deep"),
        (&format!("{{{many},\"A7\":1}}"), "holds `A7`, which names no FHIR element"),
        (&format!("{{{many},\"a7\":1}}"), "names `a7` twice in one object"),
        (&format!("[{}1]", "1,".repeat(400_000)), "holds more than 400000 values, or 512 in one object"),
        (&"1".repeat(50), "holds number `11111111111111111111111111111111111111111111111111`, which is out of bounds"),
    ] {
        assert_eq!(written(text).as_ref().map_err(String::as_str), Err(expected), "{:.40}", text);
    }
    assert!(written(&deep(JSON_DEPTH_MAX)).is_ok());
    for bytes in [&b"\xff\xfe{\0}\0"[..], b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\"", b"\"\xe3\x81\""] {
        assert_eq!(parse(bytes).unwrap_err().to_string(), "is not UTF-8");
    }
}

/// The same value, with names sorted and numbers by their text.
fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Json::Text(ours), Value::String(theirs)) => ours == theirs,
        (Json::Number(ours), Value::Number(theirs)) => {
            // `serde_json` may be off in the last place of a float, which is one reason for keeping the text.
            let (ours, theirs) = (ours.parse::<f64>().unwrap(), theirs.as_f64().unwrap());
            (ours - theirs).abs() <= ours.abs() * 1e-14
        }
        (Json::List(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), Value::Object(theirs)) => {
            ours.members().count() == theirs.len()
                && ours.members().all(|(name, value)| theirs.get(name).is_some_and(|theirs| same(value, theirs)))
        }
        _ => false,
    }
}

fn any_json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?"
    ];
    let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let leaf = prop_oneof![Just("null".to_owned()), Just("true".to_owned()), number, text];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|list| format!("[{}]", list.join(" , "))),
            proptest::collection::vec(("_?[a-z][A-Za-z0-9]{0,3}", inner), 0..40).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\":\t{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever we accept, `serde_json` accepts and reads the same; and so it does with what we write of it.
    #[test]
    fn a_second_reader_agrees(text in any_json(), cut in 0..400usize, other: u8) {
        let mut bytes = text.into_bytes();
        let whole = bytes.clone();
        // Once as generated, once with a byte changed.
        if let Some(byte) = bytes.get_mut(cut) {
            *byte = other;
        }
        for bytes in [whole, bytes] {
            if let Ok((tree, true)) = parse_as_is(&bytes) {
                let mut out = Vec::new();
                tree.write(&mut out);
                assert_eq!(out, bytes, "said to be in the one form there is");
            }
            if let Ok(ours) = parse(&bytes) {
                let theirs: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                prop_assert!(same(&ours, &theirs));
                let mut out = Vec::new();
                ours.write(&mut out);
                prop_assert_eq!(&serde_json::from_slice::<serde_json::Value>(&out).unwrap(), &theirs);
                prop_assert_eq!(parse(&out).unwrap(), ours);
            }
        }
    }

    /// Eight bytes at a time, and one by one.
    #[test]
    fn a_string_goes_on_to_the_first_special_byte(
        mut bytes in proptest::collection::vec(prop_oneof![0x20..=0xff_u8, 0x7f..=0x81_u8], 0..40),
        special in proptest::collection::vec((any::<proptest::sample::Index>(), prop_oneof![0..0x20_u8, Just(b'"'), Just(b'\\')]), 0..3),
    ) {
        for (at, byte) in special {
            let length = bytes.len().max(1);
            bytes.splice(at.index(length)..at.index(length), [byte]);
        }
        let first = bytes.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
        prop_assert_eq!(plain(&bytes), first.unwrap_or(bytes.len()), "{:?}", bytes);
    }

    /// What `serde_json` accepts and we do not has one of our reasons, never "no JSON".
    #[test]
    fn refusals_have_a_reason(text in any_json()) {
        if let Err(fault) = parse(text.as_bytes()) {
            prop_assert!(!matches!(fault, super::JsonFault::Syntax(_) | super::JsonFault::Trailing(_) | super::JsonFault::Encoding), "{}: {}", text, fault);
        }
    }
}

mod in_pieces {
    //! An object that comes in pieces, beside the same read at once.

    use proptest::prelude::*;

    use crate::json::members::{Bounds, Members, Part};
    use crate::json::{Json, JsonFault, Noted, parse};

    const BOUNDS: Bounds = Bounds { member: 4096, element: 4096, members: 8 };

    fn written(value: &Json<'_>) -> String {
        let mut out = Vec::new();
        value.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// What is noted is what would be written.
    fn as_it_would_be_written(noted: &Noted<'_>) {
        if let Some(text) = noted.member {
            assert_eq!(text, written(noted.tree.object().unwrap().get("a0").unwrap()));
        }
    }

    /// The parts, as texts; of a member whose value is no JSON, none.
    fn read(pieces: &[&[u8]]) -> Result<Vec<(String, Option<String>)>, JsonFault> {
        let mut members = Members::new("entry", "a0", BOUNDS);
        let mut parts = Vec::new();
        for piece in pieces {
            members.read(piece, |part| {
                parts.push(match part {
                    Part::Member(name, value) => (name, parse(&value).ok().map(|tree| written(&tree))),
                    Part::Element(noted) => {
                        as_it_would_be_written(&noted);
                        (String::new(), Some(written(&noted.tree)))
                    }
                });
                Ok::<(), JsonFault>(())
            })?;
        }
        members.end()?;
        Ok(parts)
    }

    /// The parts that a whole reading finds, as texts.
    fn whole(tree: &Json<'_>) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        for (name, value) in tree.object().unwrap().members() {
            match value.list().filter(|_| name == "entry") {
                Some(elements) => parts.extend(elements.iter().map(|one| (String::new(), written(one)))),
                None => parts.push((name.to_owned(), written(value))),
            }
        }
        parts
    }

    fn same(text: &str, cuts: &[usize]) {
        let mut pieces = Vec::new();
        let mut rest = text.as_bytes();
        for cut in cuts {
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        let parts = read(&pieces);
        let tree = parse(text.as_bytes());
        match (&parts, &tree) {
            (Ok(parts), Ok(tree)) => {
                let found: Vec<(String, String)> =
                    parts.iter().map(|(name, value)| (name.clone(), value.clone().unwrap())).collect();
                assert_eq!(found, whole(tree), "{text}");
            }
            // What a member is not checked for here is found when it is read.
            (Ok(parts), Err(_)) => {
                let all_good = parts.iter().all(|(_, value)| value.is_some());
                assert!(!all_good, "{text} is read in pieces, and not at once: {tree:?}");
            }
            (Err(fault), Ok(tree)) => assert!(tree.object().is_none(), "{text}: {fault}"),
            (Err(_), Err(_)) => {}
        }
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("1".to_owned()),
            Just("-36.50".to_owned()),
            Just("true".to_owned()),
            Just("null".to_owned()),
            Just(r#""a]},{\"\\""#.to_owned()),
            Just(r#""食""#.to_owned()),
            Just("tru".to_owned()),
            Just("01".to_owned()),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[ {} ]", all.join(" , "))),
                proptest::collection::vec(inner, 0..3).prop_map(|all| {
                    let members: Vec<String> =
                        all.iter().enumerate().map(|(number, one)| format!("\"a{number}\" : {one}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn wherever_it_is_cut(
            members in proptest::collection::vec(("entry|link|type|typE|total", value()), 0..4),
            cuts in proptest::collection::vec(0_usize..12, 0..12),
            broken in proptest::option::weighted(0.3, (0_usize..60, "[\\[\\]{},:\" x]")),
        ) {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let mut text = format!(" {{ {} }} ", members.join(","));
            if let Some((at, what)) = broken
                && let Some((at, _)) = text.char_indices().nth(at)
            {
                text.insert_str(at, &what);
            }
            same(&text, &cuts);
        }
    }

    /// An element that stands whole in its piece is bounded and read as strictly as one that is held.
    #[test]
    fn whole_or_held_it_is_refused_alike() {
        let long = format!(r#"{{"a0":"{}"}}"#, "a".repeat(5000)).into_bytes();
        let faults: [(&[u8], &str); 5] = [
            (&long, "holds a part that is too long"),
            (b"{\"a0\":\"\xff\"}", "is not UTF-8"),
            (b"{\"a0\":\"\xe9\xa3\"}", "is not UTF-8"),
            (b"{\"a0\":1,\"A0\":2}", "holds `A0`, which names no FHIR element"),
            (b"{\"a0\":01}", "is no JSON"),
        ];
        for (element, expected) in faults {
            let good = "{\"a0\":\"食\"}".as_bytes();
            let text = [b"{\"entry\":[", good, b",", element, b",", good, b"]}"].concat();
            for cut in 0..text.len().min(64) {
                let (before, behind) = text.split_at(cut);
                let fault = read(&[before, behind]).unwrap_err().to_string();
                assert!(fault.starts_with(expected), "cut at {cut}: {fault}");
            }
        }
    }

    #[test]
    fn what_is_noted_of_an_element() {
        for (element, expected) in [
            (r#"{"a0":{"b":[1.50,"x",true,{}]},"c": 1}"#, Some(r#"{"b":[1.50,"x",true,{}]}"#)),
            (r#"{"b":{"a0":1},"a0":"x"}"#, Some(r#""x""#)),
            (r#"{ "a0" : [] }"#, Some("[]")),
            (r#"{"a0":[1, 2]}"#, None),
            (r#"{"a0":"a\/b"}"#, None),
            (r#"{"a0":"\u0041"}"#, None),
            (r#"{"b":{"a0":1}}"#, None),
            ("[1]", None),
        ] {
            // Whole in one piece, and held because it is cut.
            for cut in [0, 12] {
                let mut members = Members::new("entry", "a0", BOUNDS);
                let text = format!(r#"{{"entry":[{element}]}}"#);
                let (before, behind) = text.split_at(cut);
                for piece in [before, behind] {
                    let read = members.read(piece.as_bytes(), |part| {
                        let Part::Element(noted) = part else { panic!("{part:?}") };
                        assert_eq!(noted.member, expected, "{element}");
                        Ok::<(), JsonFault>(())
                    });
                    read.unwrap();
                }
                members.end().unwrap();
            }
        }
    }

    #[test]
    fn what_is_refused() {
        for (text, expected) in [
            (r#"{"entry":[1],"entry":[2]}"#, "names `entry` twice in one object"),
            (r#"{"type":1,"tyPe":2}"#, "names `tyPe` twice in one object"),
            (r#"{"\u0065ntry":[]}"#, "holds ``, which names no FHIR element"),
            (r#"{"entry":[1,]}"#, "is no JSON at byte 12"),
            (r#"{"entry":[1 2]}"#, "is no JSON at byte 12"),
            (r#"{"entry":[1]"#, "is no JSON at byte 12"),
            (r#"{"entry":[1]}{"#, "goes on behind its end, at byte 13"),
            ("\u{feff}{}", "is no JSON at byte 0"),
            ("[]", "is no JSON at byte 0"),
            (&format!(r#"{{"link":"{}"}}"#, "a".repeat(5000)), "holds a part that is too long, at byte 9"),
            (&format!(r#"{{"entry":["{}"]}}"#, "a".repeat(5000)), "holds a part that is too long, at byte 11"),
        ] {
            assert_eq!(read(&[text.as_bytes()]).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
