//! Fields of queries, bodies and lists: the grammar of each.

use std::collections::BTreeMap;

use super::Faults;
use crate::bounds::{MAP_BODY_BYTES_MAX, MAP_TEXT_MAX};
use crate::route_map::body::Body;
use crate::route_map::file::{BodyTable, FieldTable};
use crate::route_map::grammar::{Field, Grammar};
use crate::route_map::pointer::{ANY_ITEM, Pointer};

pub(super) fn fields(place: &str, tables: &BTreeMap<String, FieldTable>, faults: &mut Faults) -> Vec<(String, Field)> {
    let mut fields: Vec<(String, Field)> = Vec::new();
    for (name, table) in tables {
        let place = format!("{place}.{name}");
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        faults.unless(plain, &place, "is no plain name: letters, digits and _-.");
        let other = fields.iter().all(|(own, _)| !own.eq_ignore_ascii_case(name));
        faults.unless(other, &place, "differs from another by upper and lower case only");
        fields.extend(field(&place, table, faults).map(|field| (name.clone(), field)));
    }
    fields
}

pub(super) fn field(place: &str, table: &FieldTable, faults: &mut Faults) -> Option<Field> {
    let FieldTable { kind, required, least, most, words, characters_max } = table;
    let bounds = (least.is_some() || most.is_some(), words.is_some(), characters_max.is_some());
    let expected = match kind.as_str() {
        "number" => (true, false, false),
        "words" => (false, true, false),
        "text" | "lines" => (false, false, true),
        _ => (false, false, false),
    };
    faults.unless(
        bounds == expected,
        place,
        "a number must have least and most, words must have words, text and lines must have characters_max, and others none of these",
    );
    let grammar = match kind.as_str() {
        "person" => Grammar::Person,
        "id" => Grammar::Id,
        "date" => Grammar::Date,
        "time" => Grammar::Time,
        "truth" => Grammar::Truth,
        "number" => {
            let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
            faults.unless(
                table.least.is_some() && table.most.is_some() && least <= most,
                place,
                "least must not be above most",
            );
            Grammar::Number { least, most }
        }
        "words" => {
            let words = words.clone().unwrap_or_default();
            let plain = |word: &String| (1..=64).contains(&word.chars().count()) && !word.contains(char::is_control);
            faults.unless(!words.is_empty() && words.iter().all(plain), place, "words must be 1 to 64 characters each");
            Grammar::Words(words)
        }
        "text" | "lines" => {
            let characters_max = characters_max.unwrap_or_default();
            faults.unless(
                (1..=MAP_TEXT_MAX).contains(&characters_max),
                place,
                &format!("characters_max must be 1 to {MAP_TEXT_MAX}"),
            );
            Grammar::Text { characters_max, lines: kind == "lines" }
        }
        other => {
            faults.add(
                place,
                format_args!(
                    "unknown type `{other}`; one of: person, id, date, time, number, words, truth, text, lines"
                ),
            );
            return None;
        }
    };
    Some(Field { grammar, required: *required })
}

const AUTHORS_ARE_IDS: &str = "authors must name a field of type id, or a list of them";

pub(super) fn body(place: &str, table: Option<&BodyTable>, faults: &mut Faults) -> Option<Body> {
    let Some(BodyTable { form, bytes_max, authors, fields: tables }) = table else { return Some(Body::None) };
    faults.unless(
        (1..=MAP_BODY_BYTES_MAX).contains(bytes_max),
        place,
        &format!("bytes_max must be 1 to {MAP_BODY_BYTES_MAX}"),
    );
    match form.as_str() {
        "form" => {
            let fields = fields(place, tables, faults);
            let id = |name: &String| fields.iter().any(|(own, field)| own == name && field.grammar == Grammar::Id);
            faults.unless(authors.as_ref().is_none_or(id), place, AUTHORS_ARE_IDS);
            Some(Body::Form { bytes_max: *bytes_max, authors: authors.clone(), fields })
        }
        "json" => {
            let members = members(place, tables, faults);
            let authors = authors.as_ref().map(|text| faults.keep(&format!("{place}.authors"), Pointer::parse(text)));
            let authors = authors.map_or(Some(None), |pointer| pointer.map(Some))?;
            let id = |authors: &Pointer| {
                let own = |pointer: &Pointer| pointer == authors || authors.is_list_of(pointer);
                members.iter().any(|(pointer, field)| own(pointer) && field.grammar == Grammar::Id)
            };
            faults.unless(authors.as_ref().is_none_or(id), place, AUTHORS_ARE_IDS);
            Some(Body::Json { bytes_max: *bytes_max, authors, members })
        }
        other => {
            faults.add(place, format_args!("unknown form `{other}`; one of: json, form"));
            None
        }
    }
}

fn members(place: &str, tables: &BTreeMap<String, FieldTable>, faults: &mut Faults) -> Vec<(Pointer, Field)> {
    let mut members: Vec<(Pointer, Field)> = Vec::new();
    for (text, table) in tables {
        let place = format!("{place}.{text}");
        let Some(pointer) = faults.keep(&place, Pointer::parse_with_items(text)) else { continue };
        let Some(field) = field(&place, table, faults) else { continue };
        let many = pointer.names().iter().any(|name| name == ANY_ITEM);
        let one = !many || !(field.required || field.grammar == Grammar::Person);
        faults.unless(one, &place, "an item of a list must be neither required nor the person");
        faults.unless(!pointer.names().is_empty(), &place, "points to the whole body");
        let within = |own: &[String], other: &[String]| own.iter().zip(other).all(|(own, other)| own == other);
        let apart = members.iter().all(|(other, _)| !within(other.names(), pointer.names()));
        faults.unless(apart, &place, "stands within another member");
        members.push((pointer, field));
    }
    members
}
