//! Cases as text files (`testdata/patches/`), and properties.
//!
//! A case is a kind (`json`, `fhirpath`), a resource (`< ...`), a patch (`| ...`), and what comes out.

use proptest::prelude::*;

use super::{Patch, apply};
use crate::bounds::{JSON_DEPTH_MAX, PATCH_OPERATIONS_MAX};
use crate::json::{self, Object};
use crate::tests::check_folder;

fn read<'a>(kind: &str, patch: &'a [u8]) -> Result<Patch<'a>, super::PatchFault> {
    match kind {
        "json" => Patch::read_json(patch),
        "fhirpath" => Patch::read_parameters(patch),
        other => panic!("{other}"),
    }
}

fn patched(kind: &str, resource: &str, patch: &str) -> Result<String, String> {
    let tree = json::parse(resource.as_bytes()).unwrap();
    let patch = read(kind, patch.as_bytes()).map_err(|fault| fault.to_string())?;
    let object = apply(&patch, tree.object().unwrap()).map_err(|fault| format!("after a permit: {fault}"))?;
    Ok(String::from_utf8(object.to_bytes()).unwrap())
}

fn run(block: &[&str]) -> Vec<String> {
    let rest = |mark| block.iter().filter_map(|line| line.strip_prefix(mark)).collect::<String>();
    match patched(block[0], &rest("< "), &rest("| ")) {
        Ok(text) => vec![text],
        Err(fault) => vec![format!("refused: {fault}")],
    }
}

#[test]
fn patches() {
    let count = check_folder("patches", run);
    assert!(count >= 110, "only {count} cases");
}

const OBSERVATION: &str = r#"{"resourceType":"Observation","id":"o-1","meta":{"versionId":"1"},"status":"final","category":[{"text":"a"},{"text":"b"}],"valueQuantity":{"value":36.50,"unit":"Cel"},"subject":{"reference":"Patient/P-1"}}"#;

/// Operations that mean something here and there, so that a good part of them goes through.
fn operations() -> impl Strategy<Value = String> {
    let paths = &[
        "/status",
        "/category",
        "/category/0",
        "/category/1/text",
        "/category/-",
        "/category/9",
        "/valueQuantity",
        "/valueQuantity/value",
        "/valueQuantity/code",
        "/note",
        "/note/0/text",
        "/subject/reference",
        "/id",
        "/meta/versionId",
        "",
        "/",
        "/a~01b",
        "/CATEGORY",
        "/cateGory",
    ][..];
    let values = &[
        "1",
        "36.5",
        "\"final\"",
        "[]",
        "[{\"text\":\"c\"}]",
        "{\"text\":\"d\"}",
        "null",
        "{\"resourceType\":\"Patient\"}",
    ][..];
    let one = (
        proptest::sample::select(&["add", "remove", "replace", "move", "copy", "test"][..]),
        proptest::sample::select(paths),
        proptest::sample::select(paths),
        proptest::sample::select(values),
    )
        .prop_map(|(op, path, from, value)| {
            format!(r#"{{"op":"{op}","path":"{path}","from":"{from}","value":{value}}}"#)
        });
    proptest::collection::vec(one, 1..4).prop_map(|list| format!("[{}]", list.join(",")))
}

fn expressions() -> impl Strategy<Value = String> {
    let pieces = &[
        "Observation",
        "Patient",
        ".status",
        ".category",
        ".value",
        ".text",
        ".subject",
        ".id",
        ".meta",
        "[0]",
        "[1]",
        "[9]",
        ".first()",
        ".where(text = 'a')",
        ".where(use='x')",
        ".extension('u')",
        ".exists()",
        " | ",
        "'",
        "(",
        ".",
        "食",
    ][..];
    let free = proptest::collection::vec(proptest::sample::select(pieces), 0..5)
        .prop_map(|pieces| format!("Observation{}", pieces.concat()));
    let good = &[
        "Observation",
        "Observation.status",
        "Observation.category",
        "Observation.category[1]",
        "Observation.category.where(text = 'a')",
        "Observation.value",
        "Observation.value.unit",
        "Observation.note",
    ][..];
    prop_oneof![2 => proptest::sample::select(good).prop_map(str::to_owned), 1 => free]
}

fn fhirpath_operations() -> impl Strategy<Value = String> {
    let parts = &[
        r#"{"name":"name","valueString":"category"}"#,
        r#"{"name":"name","valueString":"value"}"#,
        r#"{"name":"name","valueString":"issued"}"#,
        r#"{"name":"name","valueString":"id"}"#,
        r#"{"name":"value","valueString":"x"}"#,
        r#"{"name":"value","valueCode":"amended"}"#,
        r#"{"name":"value","valueCodeableConcept":{"text":"n"}}"#,
        r#"{"name":"value","part":[{"name":"text","valueString":"p"}]}"#,
        r#"{"name":"index","valueInteger":0}"#,
        r#"{"name":"source","valueInteger":1}"#,
        r#"{"name":"destination","valueInteger":0}"#,
    ][..];
    let wanted = |op: &str| match op {
        "add" => vec!["name", "value"],
        "insert" => vec!["index", "value"],
        "replace" => vec!["value"],
        "move" => vec!["source", "destination"],
        _ => vec![],
    };
    let one = (
        proptest::sample::select(&["add", "insert", "delete", "replace", "move"][..]),
        expressions(),
        proptest::collection::vec(proptest::sample::select(parts), 12),
    )
        .prop_map(move |(op, path, chosen)| {
            // The first of each name that the operation wants: mostly well-formed.
            let mut list = vec![
                format!(r#"{{"name":"type","valueCode":"{op}"}}"#),
                format!(r#"{{"name":"path","valueString":{}}}"#, serde_json::to_string(&path).unwrap()),
            ];
            for name in wanted(op) {
                let start = format!(r#"{{"name":"{name}""#);
                list.extend(chosen.iter().find(|part| part.starts_with(&start)).map(|part| (*part).to_owned()));
            }
            format!(r#"{{"name":"operation","part":[{}]}}"#, list.join(","))
        });
    proptest::collection::vec(one, 1..4)
        .prop_map(|list| format!(r#"{{"resourceType":"Parameters","parameter":[{}]}}"#, list.join(",")))
}

/// Whatever a patch does: what comes out has one reading, and is still the same record of the same version.
fn holds(kind: &str, patch: &str) -> Result<bool, TestCaseError> {
    let Ok(text) = patched(kind, OBSERVATION, patch) else { return Ok(false) };
    let tree = json::parse(text.as_bytes());
    prop_assert!(tree.is_ok(), "{}", text);
    let (tree, before) = (tree.unwrap(), json::parse(OBSERVATION.as_bytes()).unwrap());
    let (after, before) = (tree.object().unwrap(), before.object().unwrap());
    for kept in super::KEPT {
        prop_assert_eq!(after.get(kept), before.get(kept));
    }
    Ok(true)
}

proptest! {
    #[test]
    fn what_comes_out_is_still_that_record(patch in operations(), other in fhirpath_operations()) {
        holds("json", &patch)?;
        holds("fhirpath", &other)?;
    }

    #[test]
    fn no_patch_panics(body: Vec<u8>, patch in operations(), at in 0..200usize, byte: u8) {
        let mut damaged = patch.into_bytes();
        if let Some(place) = damaged.get_mut(at) {
            *place = byte;
        }
        for body in [body, damaged] {
            for patch in [Patch::read_json(&body), Patch::read_parameters(&body)].into_iter().flatten() {
                let tree = json::parse(OBSERVATION.as_bytes()).unwrap();
                let _ = apply(&patch, tree.object().unwrap());
            }
        }
    }

    /// Whoever takes away what he has put in is where he began, number for number.
    #[test]
    fn adding_and_removing_is_nothing(index in 0..3usize, name in "x[a-z]{1,8}", list: bool) {
        let path = if list { format!("/category/{index}") } else { format!("/valueQuantity/{name}") };
        let patch = format!(r#"[{{"op":"add","path":"{path}","value":{{"text":"n"}}}},{{"op":"remove","path":"{path}"}}]"#);
        prop_assert_eq!(patched("json", OBSERVATION, &patch), Ok(OBSERVATION.to_owned()));
    }

    /// There and back again, and a copy beside its original, are equal to themselves.
    #[test]
    fn moving_back_is_nothing(one in 0..2usize, other in 0..2usize) {
        let there = format!(r#"[{{"op":"move","from":"/category/{one}","path":"/category/{other}"}},{{"op":"move","from":"/category/{other}","path":"/category/{one}"}}]"#);
        prop_assert_eq!(patched("json", OBSERVATION, &there), Ok(OBSERVATION.to_owned()));
        let part = |source: usize, destination: usize| format!(
            r#"{{"name":"operation","part":[{{"name":"type","valueCode":"move"}},{{"name":"path","valueString":"Observation.category"}},{{"name":"source","valueInteger":{source}}},{{"name":"destination","valueInteger":{destination}}}]}}"#
        );
        let patch = format!(r#"{{"resourceType":"Parameters","parameter":[{},{}]}}"#, part(one, other), part(other, one));
        prop_assert_eq!(patched("fhirpath", OBSERVATION, &patch), Ok(OBSERVATION.to_owned()));
    }

    /// `serde_json` agrees about what a chain of additions and removals leaves, for it is what the RFC says, written plainly.
    #[test]
    fn a_naive_second_patcher_agrees(patch in operations()) {
        if let Ok(ours) = patched("json", OBSERVATION, &patch) {
            let theirs = naive(OBSERVATION, &patch);
            prop_assert!(theirs.is_some(), "ours went through: {} {}", patch, ours);
            let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
            prop_assert_eq!(Some(ours), theirs);
        }
    }
}

/// RFC 6902 with `serde_json`'s own pointers, as plain as can be.
fn naive(resource: &str, patch: &str) -> Option<serde_json::Value> {
    let mut document: serde_json::Value = serde_json::from_str(resource).unwrap();
    let list: serde_json::Value = serde_json::from_str(patch).unwrap();
    for operation in list.as_array()? {
        let (path, from) = (operation["path"].as_str()?, operation["from"].as_str()?);
        let value = operation["value"].clone();
        match operation["op"].as_str()? {
            "add" => put(&mut document, path, value)?,
            "remove" => drop(take(&mut document, path)?),
            "replace" => *document.pointer_mut(path)? = value,
            "move" => {
                let value = take(&mut document, from)?;
                put(&mut document, path, value)?;
            }
            "copy" => {
                let value = document.pointer(from)?.clone();
                put(&mut document, path, value)?;
            }
            _ => {
                let found = document.pointer(path)?;
                let equal = match (found.as_f64(), value.as_f64()) {
                    (Some(one), Some(other)) => one == other,
                    _ => *found == value,
                };
                equal.then_some(())?;
            }
        }
    }
    Some(document)
}

fn put(document: &mut serde_json::Value, path: &str, value: serde_json::Value) -> Option<()> {
    let (above, last) = path.rsplit_once('/')?;
    match document.pointer_mut(above)? {
        serde_json::Value::Object(object) => drop(object.insert(last.to_owned(), value)),
        serde_json::Value::Array(list) if last == "-" => list.push(value),
        serde_json::Value::Array(list) => {
            let index = last.parse().ok().filter(|index| *index <= list.len())?;
            list.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

fn take(document: &mut serde_json::Value, path: &str) -> Option<serde_json::Value> {
    let (above, last) = path.rsplit_once('/')?;
    match document.pointer_mut(above)? {
        serde_json::Value::Object(object) => object.remove(last),
        serde_json::Value::Array(list) => {
            let index: usize = last.parse().ok().filter(|index| *index < list.len())?;
            Some(list.remove(index))
        }
        _ => None,
    }
}

/// The properties above are about something.
#[test]
fn the_generators_reach_what_they_are_for() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut through = [0, 0];
    for _ in 0..500 {
        let json = operations().new_tree(&mut runner).unwrap().current();
        let fhirpath = fhirpath_operations().new_tree(&mut runner).unwrap().current();
        through[0] += usize::from(holds("json", &json).unwrap());
        through[1] += usize::from(holds("fhirpath", &fhirpath).unwrap());
    }
    assert!(through[0] > 40 && through[1] > 25, "{through:?} of 500 go through");
}

/// A copy of a copy of a copy doubles each time; a few operations must not fill the memory, or the stack.
#[test]
fn copies_of_copies_come_to_an_end() {
    let wide: Vec<String> = (0..PATCH_OPERATIONS_MAX)
        .map(|_| r#"{"op":"copy","from":"/category","path":"/category/-"}"#.to_owned())
        .collect();
    let fault = patched("json", OBSERVATION, &format!("[{}]", wide.join(","))).unwrap_err();
    assert!(fault.contains("too large") || fault.contains("deep"), "{fault}");
    let nested = format!("{}{}", r#"{"extension":["#.repeat(18), "]}".repeat(18));
    let inside = r#"{"op":"copy","from":"/valueQuantity/extension","path":"/valueQuantity/extension/0/extension/0/extension/-"}"#;
    let add = format!(r#"[{{"op":"add","path":"/valueQuantity/extension","value":[{nested}]}},{inside}]"#);
    let fault = patched("json", OBSERVATION, &add).unwrap_err();
    assert_eq!(fault, format!("after a permit: operation 2 (`copy`) nests the record more than {JSON_DEPTH_MAX} deep"));
}

#[test]
fn bounds_of_a_patch() {
    let one = r#"{"op":"test","path":"/status","value":"final"}"#;
    let many = |count| format!("[{}]", vec![one; count].join(","));
    assert_eq!(patched("json", OBSERVATION, &many(PATCH_OPERATIONS_MAX)), Ok(OBSERVATION.to_owned()));
    assert_eq!(
        patched("json", OBSERVATION, &many(PATCH_OPERATIONS_MAX + 1)),
        Err("the patch has more than 64 operations".to_owned())
    );
    assert!(Object::default().is_empty());
}
