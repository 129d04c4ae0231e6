//! What comes back on a route: in which form, and what in it tells whose it is.

use std::collections::BTreeMap;

use super::fields::field;
use super::{Faults, is_word, live};
use crate::json;
use crate::media::MediaType;
use crate::route_map::answer::{Form, ListForm};
use crate::route_map::file::{AnswerTable, FieldTable, MapFile};
use crate::route_map::grammar::Field;
use crate::route_map::pointer::Pointer;

pub(super) fn answer(file: &MapFile, place: &str, table: &AnswerTable, faults: &mut Faults) -> Option<Form> {
    let AnswerTable { form, id, person, list, count, beside, marker, to, types, protocols, message_bytes_max } = table;
    let given = [
        ("id", id.is_some()),
        ("person", person.is_some()),
        ("list", list.is_some()),
        ("count", count.is_some()),
        ("beside", beside.is_some()),
        ("marker", marker.is_some()),
        ("to", to.is_some()),
        ("types", types.is_some()),
        ("protocols", protocols.is_some()),
        ("message_bytes_max", message_bytes_max.is_some()),
    ];
    let (needed, allowed): (&[&str], &[&str]) = match form.as_str() {
        "record" => (&["id"], &["id", "person", "to"]),
        "list" => (&["id", "list"], &["id", "person", "list", "count", "beside"]),
        "page" => (&["marker"], &["marker"]),
        "bytes" | "nothing" => (&[], &[]),
        "redirect" => (&["to"], &["to"]),
        "asset" => (&["types"], &["types"]),
        "socket" => (&["person"], &["person", "protocols", "message_bytes_max"]),
        "grpc" | "events" => (&["person"], &["person"]),
        other => {
            let known = "record, list, page, bytes, redirect, asset, nothing, socket, grpc, events";
            faults.add(place, format_args!("unknown form `{other}`; one of: {known}"));
            return None;
        }
    };
    for (key, is_given) in given {
        faults.unless(is_given || !needed.contains(&key), place, &format!("a {form} needs `{key}`"));
        faults.unless(!is_given || allowed.contains(&key), place, &format!("`{key}` does not belong to a {form}"));
    }
    let pointer =
        |text: &Option<String>, faults: &mut Faults| text.as_ref().map(|text| faults.keep(place, Pointer::parse(text)));
    match form.as_str() {
        "record" => {
            let (id, person) = (pointer(id, faults), pointer(person, faults));
            let to = to.as_ref().map(|name| leads_to(file, place, name, faults));
            Some(Form::Record {
                id: id??,
                person: person.map_or(Some(None), |found| found.map(Some))?,
                to: to.map_or(Some(None), |found| found.map(Some))?,
            })
        }
        "list" => {
            let (id, person) = (pointer(id, faults), pointer(person, faults));
            let beside = beside.as_ref().map(|tables| beside_list(place, tables, faults)).unwrap_or_default();
            // A list that is all there is has nothing beside it.
            let list = list.as_ref().filter(|text| !text.is_empty()).map(|text| member(place, text, faults));
            let count = count.as_ref().map(|text| member(place, text, faults));
            faults.unless(
                list.is_some() || (count.is_none() && beside.is_empty()),
                place,
                "a list that is the whole answer must have no count and no beside",
            );
            let (list, count) =
                (list.map_or(Some(None), |found| found.map(Some))?, count.map_or(Some(None), |found| found.map(Some))?);
            let mut names: Vec<&String> =
                list.iter().chain(&count).chain(beside.iter().map(|(name, _)| name)).collect();
            names.sort_unstable();
            faults.unless(
                names.windows(2).all(|pair| matches!(pair, [a, b] if a != b)),
                place,
                "list, count and beside must not name one member twice",
            );
            let person = person.map_or(Some(None), |found| found.map(Some))?;
            Some(Form::List(ListForm { list, id: id??, person, count, beside }))
        }
        "page" => {
            let marker = marker.clone()?;
            faults.unless(
                is_word(&marker),
                place,
                "marker must be an attribute's name of lower-case letters, digits and -",
            );
            Some(Form::Page { marker })
        }
        "bytes" => Some(Form::Bytes),
        "redirect" => {
            let to = leads_to(file, place, to.as_ref()?, faults)?;
            Some(Form::Redirect { to })
        }
        "asset" => {
            let types = types.clone()?;
            let plain =
                |text: &String| MediaType::read(text).is_some_and(|media| media.essence() == text && !media.is_page());
            faults.unless(
                !types.is_empty() && types.iter().all(plain),
                place,
                "types must be media types in lower case, and no page",
            );
            Some(Form::Asset { types })
        }
        "socket" => live::socket(place, table, faults),
        "grpc" => live::call(place, table, faults),
        "events" => live::events(place, table, faults),
        _ => Some(Form::Nothing),
    }
}

/// The number of the route of this name.
fn leads_to(file: &MapFile, place: &str, name: &str, faults: &mut Faults) -> Option<usize> {
    let number = file.routes.iter().position(|route| route.name == name);
    faults.unless(number.is_some(), place, &format!("`to` names `{name}`, and no route of the map is called so"));
    number
}

fn beside_list(place: &str, tables: &BTreeMap<String, FieldTable>, faults: &mut Faults) -> Vec<(String, Field)> {
    let mut beside = Vec::new();
    for (text, table) in tables {
        let place = format!("{place}.beside.{text}");
        let (name, field) = (member(&place, text, faults), field(&place, table, faults));
        beside.extend(name.zip(field));
    }
    beside
}

/// A pointer to a member of the whole: `/entries`.
fn member(place: &str, text: &str, faults: &mut Faults) -> Option<String> {
    let name = text.strip_prefix('/').filter(|name| json::mapped_name(name)).map(str::to_owned);
    faults.unless(name.is_some(), place, &format!("`{text}` must point to a member of the whole, such as /entries"));
    name
}
