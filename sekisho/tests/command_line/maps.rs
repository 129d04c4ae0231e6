//! Route maps at the command line: what a request lacks, and where the page after signing in leads to.

use crate::support::{City, text};

const NOTES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/maps/notes.toml");

#[test]
fn a_log_is_held_against_a_map_and_every_gap_says_why() {
    let city = City::new();
    let log = city.path("access.log");
    std::fs::write(&log, "GET /notes\nnoise\nGET /notes/people/P-1/entry\n").unwrap();
    let check = format!("map check {NOTES} --requests {}", log.display());
    let said = city.say(&check);
    assert!(
        said.contains("1 by no route: GET /notes/people/P-1/entry; nearest is `entries of a person` (GET "),
        "{said}"
    );
    assert!(said.contains("`entry` stands where it has `entries`\n"), "{said}");
    assert!(said.contains("no request in lines 2; a line holds a method and an address"), "{said}");
    std::fs::write(&log, "").unwrap();
    let output = city.run(&check);
    assert!(output.status.success() && text(&output.stdout).contains("coverage: -; 0 of 0 requests"));
    assert!(text(&output.stderr).starts_with("sekisho: nothing found: no request in `"), "{}", text(&output.stderr));
}

#[test]
fn a_map_whose_notes_nobody_can_amend_is_warned_of() {
    let city = City::new();
    let map = std::fs::read_to_string(NOTES).unwrap().replacen(r#", authors = "/author""#, "", 1);
    std::fs::write(city.path("notes.toml"), map).unwrap();
    let said = city.say(&format!("map check {}", city.path("notes.toml").display()));
    assert!(said.contains("warning: kinds.entry: nobody can amend these"), "{said}");
    assert!(!city.say(&format!("map check {NOTES}")).contains("warning: "));
}

/// What the page after signing in leads to is served, or said not to be.
#[test]
fn where_records_are_read_is_held_against_the_maps() {
    let city = City::new();
    let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
    let check = |records_app: &str, maps: &str| {
        let all = format!("records_app = \"{records_app}\"\n{settings}\n{maps}");
        std::fs::write(city.path("sekisho.toml"), all).unwrap();
        text(&city.run("check").stdout)
    };
    let map = format!("[[store.maps]]\nfile = \"{NOTES}\"\n");
    let said = check("/notes/people/{person}", &map);
    assert!(said.contains("ok: records_app: served by the route map `notes`"), "{said}");
    let said = check("https://care.sekisho.localhost/notes/persons/{person}", &map);
    assert!(said.contains("fault: records_app: no route for `GET /notes/persons/P-1`: nearest is `"), "{said}");
    let said = check("/notes/people/{person}", "");
    assert!(said.contains("fault: records_app: `/notes/people/P-1` is below no route map"), "{said}");
    assert!(check("https://karte.example/{person}", &map).contains("ok: records_app: on another host"));
    assert!(check("/fhir/Patient/{person}", &map).contains("warning: records_app: it leads to FHIR"));
}
