//! Resources and bundles by themselves. A case is a text (`| ...`), and what is found out about it, entry by entry.

use super::cases::unescape;
use super::check_folder;
use crate::{Authors, Known, Unreadable, Whom, Whose, whose};

fn describe(known: &Result<Known, Unreadable>) -> String {
    let known = match known {
        Ok(known) => known,
        Err(unreadable) => return format!("refused: {unreadable}"),
    };
    let owner = match &known.owner {
        Whom::Person(person) => format!("of {person}"),
        Whom::NewPerson(entry) => format!("of the new person in entry {entry}"),
        Whom::Directory => "of the directory".to_owned(),
    };
    let authors = match &known.authors {
        Authors::Named(ids) => ids.iter().map(|id| format!(" by {id}")).collect(),
        Authors::Unknown => String::new(),
        Authors::Unclear => " by somebody unclear".to_owned(),
    };
    format!("{} {owner}{authors}{}", known.fhir_type, if known.sensitive { ", sensitive" } else { "" })
}

#[test]
fn whose_it_is() {
    let count = check_folder("whose", |block| {
        let text: Vec<u8> = block.iter().flat_map(|line| unescape(line.strip_prefix("| ").unwrap())).collect();
        match whose(&text) {
            Err(unreadable) => vec![format!("refused: {unreadable}")],
            Ok(Whose::One(known)) => vec![describe(&Ok(known))],
            Ok(Whose::Bundle(entries)) => entries.iter().map(describe).collect(),
        }
    });
    assert!(count >= 26, "only {count} cases");
}
