//! What an office enters day by day: who acts, facilities, persons, consent, user IDs, certificates.

use std::process::Output;

use crate::support::{City, text};

#[test]
fn nothing_is_changed_in_nobodys_name() {
    let city = City::at_work();
    let unnamed = |words: &str| -> Output {
        let mut command = city.command();
        command.env_remove("USER").args(words.split(' ')).output().unwrap()
    };
    let add = "person add --id P-2 --name Ueda --municipality Test";
    let output = unnamed(add);
    assert!(!output.status.success() && output.stdout.is_empty());
    let said = text(&output.stderr);
    assert!(said.contains("nobody is named") && said.contains("--as city-clerk:Sato"), "{said}");
    let blank = city.command().env("USER", " ").args(add.split(' ')).output().unwrap();
    assert!(!blank.status.success());
    assert_eq!(city.json("person list").len(), 1);

    for reading in ["facility list", "person list", "device list", "team list P-1", "service status", "check"] {
        let output = unnamed(reading);
        assert!(output.status.success(), "{reading}: {}", text(&output.stderr));
    }
    let mut named = city.command();
    let named = named.env_remove("USER").env("SEKISHO_AS", "city-officer:Ito").args(add.split(' ')).output().unwrap();
    assert!(named.status.success(), "{}", text(&named.stderr));
    assert!(unnamed(&format!("--as city-clerk:Abe {}", add.replace("P-2", "P-3"))).status.success());
    assert_eq!(city.json("person list").len(), 3);
}
