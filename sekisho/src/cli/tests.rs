//! Help texts as files, and arguments that are refused.

use std::path::PathBuf;

use clap::{Command, CommandFactory};

use super::*;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/help"))
}

/// Every command with its words, the root first.
fn walk(command: &mut Command, words: Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    let text = command.render_long_help().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    found.push((words.clone(), lines.join("\n") + "\n"));
    for inner in command.get_subcommands_mut() {
        let mut words = words.clone();
        words.push(inner.get_name().to_owned());
        walk(inner, words, found);
    }
}

/// `UPDATE_TEXTS=1` rewrites them.
#[test]
fn help_texts_are_as_reviewed() {
    let mut command = Cli::command();
    command.build();
    let mut found = Vec::new();
    walk(&mut command, vec!["sekisho".to_owned()], &mut found);
    assert!(found.len() > 30, "{}", found.len());
    let update = std::env::var_os("UPDATE_TEXTS").is_some();
    let mut names = Vec::new();
    for (words, text) in found {
        let name = format!("{}.txt", words.join("-"));
        let path = folder().join(&name);
        if update {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "help/{name}; UPDATE_TEXTS=1 rewrites it");
        names.push(name);
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "help/{name} is of no command");
    }
}

#[test]
fn arguments_are_read_strictly() {
    Cli::command().debug_assert();
    for wrong in [
        "",
        "revoke --reason superseded",
        "revoke --device D-1 --serial 01 --reason superseded",
        "suspend user-id:U-1 --reason x",
        "disaster declare --area x --reason y --until tomorrow --officer a --second-officer b",
        "team list",
        "audit",
        "serve --role both",
        "frobnicate",
    ] {
        let words = ["sekisho"].into_iter().chain(wrong.split(' ').filter(|word| !word.is_empty()));
        assert!(Cli::try_parse_from(words).is_err(), "`{wrong}` is taken");
    }
}

#[test]
fn a_login_that_says_nothing_names_nobody() {
    assert_eq!(author_by_login(Some("sato")).unwrap().to_string(), "city-clerk:sato");
    for nobody in [None, Some(""), Some(" ")] {
        assert_eq!(author_by_login(nobody), None, "{nobody:?}");
    }
}

#[test]
fn authors_hold_an_office_that_acts_here() {
    assert_eq!(parse_author("city-officer:佐藤").unwrap().to_string(), "city-officer:佐藤");
    for wrong in ["佐藤", "city-officer:", "city-officer: ", "mayor:X", "system:sekisho", "user:U-1"] {
        assert!(parse_author(wrong).is_err(), "{wrong}");
    }
}
