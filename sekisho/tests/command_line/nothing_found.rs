//! Lists and searches that find nothing say so, where programs that count lines do not meet it.

use crate::support::{City, text};

/// What it says on standard error; nothing may stand on standard output.
#[track_caller]
fn nothing(city: &City, words: &str) -> String {
    for form in ["", "--json "] {
        let output = city.run(&format!("{form}{words}"));
        assert!(output.status.success(), "`{words}`: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "`{words}`");
    }
    let said = text(&city.run(words).stderr);
    assert!(said.starts_with("sekisho: nothing found: no") && said.lines().count() == 1, "`{words}`: {said}");
    said
}

#[test]
fn every_list_of_an_empty_office_says_that_it_is_empty() {
    let city = City::new();
    for words in [
        "facility list",
        "user list",
        "device list",
        "device expiring",
        "person list",
        "consent list",
        "team list P-1",
        "duty list",
        "deletion list",
        "contract list",
        "break-glass list",
        "suspension list",
        "report list",
        "certificate list",
        "registry log",
        "audit search",
        "audit search --sign-ins",
        "audit search --alerts",
    ] {
        nothing(&city, words);
    }
}

#[test]
fn whoever_is_asked_for_and_not_on_record_is_named() {
    let city = City::at_work();
    for words in ["deletion list P-9999", "team list P-9999", "registry log --person P-9999"] {
        assert!(nothing(&city, words).contains("; there is no person `P-9999`"), "{words}");
    }
    assert!(nothing(&city, "device expiring --facility F-9").contains("; there is no facility `F-9`"));
    assert!(nothing(&city, "revocation list --facility F-9").contains("; there is no facility `F-9`"));
    assert!(nothing(&city, "duty list --facility F-9").contains("; there is no facility `F-9`"));
    assert!(nothing(&city, "suspension list user:K-8").contains("of user:K-8 is in force; there is no user `K-8`"));
    assert!(nothing(&city, "certificate list --state revoked").contains("no certificate in state revoked"));
}

#[test]
fn a_search_of_the_audit_log_needs_no_key_of_the_registry() {
    let city = City::at_work();
    std::fs::remove_file(city.path("keys/credential.key")).unwrap();
    for (words, list) in [
        ("audit search --person P-9999", "`sekisho person list`"),
        ("audit search --device D-9", "`sekisho device list`"),
        ("audit search --sign-ins --user U-9", "`sekisho user list`"),
    ] {
        let said = nothing(&city, words);
        assert!(said.contains(list) && !said.contains("key"), "{said}");
    }
}

#[test]
fn what_finds_something_says_nothing_beside_it() {
    let city = City::at_work();
    for words in
        ["facility list", "user list", "device list", "person list", "consent list", "team list P-1", "registry log"]
    {
        let output = city.run(words);
        assert!(!output.stdout.is_empty(), "`{words}`");
        assert!(!text(&output.stderr).contains("nothing found"), "`{words}`");
    }
}
