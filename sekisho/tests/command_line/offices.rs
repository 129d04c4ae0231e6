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

#[test]
fn a_facility_applies_again_and_gives_notice_of_changes() {
    let city = City::at_work();
    city.json(
        "facility add --id F-2 --name Clinic --kind pharmacy --phone 0299-1 --administrator K-8 --administrator-name Abe",
    );
    assert!(city.refused("facility reapply F-2").contains("(art. 8)"), "it waits for an answer");
    city.json("facility refuse F-2 --reason wrong-kind");
    let again = &city.json("facility reapply F-2 --kind medical-institution")[0];
    assert_eq!((&again["state"], &again["different"]["kind"]["before"]), (&"applied".into(), &"pharmacy".into()));
    city.json("facility approve F-2 --reason complete");

    let said = city.say("facility change F-2 --phone 0299-2 --publish");
    assert!(said.contains(r#"phone "0299-1" -> "0299-2""#) && said.contains("public false -> true"), "{said}");
    let known = &city.json("facility list")[1];
    assert_eq!((&known["name"], &known["kind"]), (&"Clinic".into(), &"medical-institution".into()), "as it was");
    assert_eq!((&known["phone"], &known["public"]), (&"0299-2".into(), &true.into()));
    assert_eq!(city.json("facility change F-2 --no-publish")[0]["different"]["public"]["after"], false);

    assert!(
        city.refused("facility change F-2 --phone 0299-2").contains("nothing of facility `F-2` would be different")
    );
    assert!(city.refused("facility change F-9 --name X").contains("there is no facility `F-9`"));
    assert!(city.refused("facility change F-2 --kind hospital").contains("unknown kind of facility `hospital`"));
    assert!(city.refused("--as contractor:night facility change F-2 --name X").contains("(art. 12)"));
    assert!(city.refused("facility change F-2 --publish --no-publish").contains("cannot be used with"));
}

#[test]
fn somebody_else_answers_for_a_facility() {
    let city = City::at_work();
    let serial = city.json("revoke --device D-1 --reason superseded")[0]["revoked"][0].as_str().unwrap().to_owned();
    let set = &city.json("facility set-administrator F-1 --administrator K-8 --administrator-name Abe")[0];
    assert_eq!((&set["administrator"], &set["administrator_name"]), (&"K-8".into(), &"Abe".into()));
    assert!(city.refused(&format!("--as facility-administrator:K-9 confirm {serial}")).contains("may not do this"));
    city.json(&format!("--as facility-administrator:K-8 confirm {serial}"));
    let set = "facility set-administrator F-9 --administrator K-8 --administrator-name Abe";
    assert!(city.refused(set).contains("there is no facility `F-9` (art. 12)"));
}
