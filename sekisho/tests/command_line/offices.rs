//! What an office enters day by day: who acts, facilities, persons, consent, user IDs, certificates.

use std::process::Output;

use model::{Author, Office, SerialNumber, Timestamp};
use registry::{Command, Registry, Vault};

use crate::support::{City, Server, curl, text, wait};

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
    assert!(!unnamed("certificate renew-server").status.success());
    let blank = city.command().env("USER", " ").args(add.split(' ')).output().unwrap();
    assert!(!blank.status.success());
    assert_eq!(city.json("person list").len(), 1);

    for reading in ["facility list", "person list", "report list", "suspension list", "service status", "check"] {
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
    let serial = city.json("revoke --device D-1 --because replaced")[0]["revoked"][0].as_str().unwrap().to_owned();
    let set = &city.json("facility set-administrator F-1 --administrator K-8 --administrator-name Abe")[0];
    assert_eq!((&set["administrator"], &set["administrator_name"]), (&"K-8".into(), &"Abe".into()));
    assert!(city.refused(&format!("--as facility-administrator:K-9 confirm {serial}")).contains("may not do this"));
    city.json(&format!("--as facility-administrator:K-8 confirm {serial}"));
    let set = "facility set-administrator F-9 --administrator K-8 --administrator-name Abe";
    assert!(city.refused(set).contains("there is no facility `F-9` (art. 12)"));
}

#[test]
fn a_person_moves_and_eligibility_ends_and_comes_back() {
    let city = City::in_use();
    let permitted = || city.json("explain --user U-1 --person P-1 --category observation")[0]["permitted"] == true;
    city.json("person change P-1 --area kawabe");
    let known = &city.json("person list")[0];
    assert_eq!((&known["name"], &known["area"]), (&"Saito".into(), &"kawabe".into()));
    assert!(city.refused("person change P-1").contains("required"));
    assert!(city.refused("person change P-9 --name X").contains("there is no person `P-9`"));

    assert!(permitted());
    let ended = &city.json("person end-eligibility P-1")[0];
    assert!(!permitted());
    let known = &city.json("person list")[0];
    assert_eq!((&known["eligible"], &known["eligible_until"]), (&false.into(), &ended["eligible_until"]));
    let renewed = &city.json("person renew-eligibility P-1 --eligibility address-exception")[0];
    assert_eq!((&renewed["eligibility"], &renewed["municipality"]), (&"address-exception".into(), &"Test".into()));
    assert!(permitted());
    let early = "person end-eligibility P-1 --until 2020-01-01T00:00:00+09:00";
    assert!(city.refused(early).contains("ends before it begins (art. 3)"));
    assert!(city.refused("--as contractor:night person end-eligibility P-1").contains("(art. 3)"));
}

#[test]
fn consent_on_record_can_be_listed() {
    let city = City::at_work();
    city.json("person add --id P-0 --name Ueda --municipality Test");
    assert_eq!(city.json("consent list").len(), 1, "P-0 has none");
    assert_eq!(city.json("consent list P-0")[0]["consent"], "absent");
    let hash = "ab".repeat(32);
    city.json(&format!("consent give P-0 --given-by family --because dementia --no-share --form-hash {hash}"));
    let given = &city.json("consent list")[0];
    assert_eq!((&given["person"], &given["consent"]), (&"P-0".into(), &"given".into()));
    assert_eq!((&given["store"], &given["share"], &given["disaster"]), (&true.into(), &false.into(), &false.into()));
    assert_eq!((&given["given_by"], &given["because"]), (&"family".into(), &"dementia".into()));
    assert_eq!(given["form_hash"], hash.as_str());
    city.json("consent withdraw P-0 --reason asked");
    let stopped = &city.json("consent list P-0")[0];
    assert_eq!((&stopped["consent"], &stopped["store"]), (&"support-stopped".into(), &false.into()));
    assert!(city.say("consent list P-0").contains("withdrawn: asked"));
    assert!(city.refused("consent list P-9").contains("there is no person `P-9`"));
}

#[test]
fn who_left_a_facility_has_neither_user_id_nor_team() {
    let city = City::at_work();
    assert_eq!(city.json("team list P-1").len(), 1);
    let ended = &city.json("user end-id U-1 --reason left")[0];
    assert_eq!(ended["state"], "ended");
    // His terminal is nobody's now, and somebody has to fetch it.
    assert_eq!(ended["terminals"], serde_json::json!(["D-1"]));
    let warned =
        city.json("check").iter().any(|line| line["what"].to_string().contains("their holders left (art. 37): D-1"));
    assert!(warned, "{:?}", city.json("check"));
    assert_eq!(city.json("user list")[0]["user_ids"][0]["state"], "ended");
    assert_eq!(city.json("team list P-1").len(), 0);
    assert!(city.refused("user end-id U-1 --reason again").contains("(art. 12)"));
}

#[test]
fn every_session_of_a_user_id_can_be_ended() {
    let city = City::in_use();
    let server = Server::start(&city, &["--role", "edge"], 2);
    let path = |name: &str| city.path(name).display().to_string();
    let url = format!("https://care.sekisho.localhost:{}/fhir/Patient/P-1", server.port("clients"));
    let (root, device, jar) = (path("keys/root.pem"), path("D-1.pem"), path("jar"));
    let ask = || curl(&["--cacert", &root, "--cert", &device, "-b", &jar, &url]).1;
    assert_eq!(ask(), 502, "she is signed in; there is no store");
    assert_eq!(city.json("user end-sessions U-1")[0]["sessions"], "ended");
    wait(|| ask() == 401);
    assert!(city.refused("user end-sessions U-9").contains("there is no user ID `U-9`"));
    server.stop();
}

/// What a crash leaves between taking a number and recording the certificate.
#[test]
fn a_number_that_is_only_reserved_can_be_given_up() {
    let city = City::at_work();
    let serial = SerialNumber::parse("4a11").unwrap();
    let key = sekisho::secrets::read_key(&city.path("keys/credential.key")).unwrap();
    let place = journal::Place::Sqlite { file: city.path("data/registry.db") };
    let registry = Registry::open(journal::Journal::open_existing(&place).unwrap(), Vault::new(&key).unwrap()).unwrap();
    let known = &city.json("certificate list")[0];
    let at = |name: &str| Timestamp::parse(known[name].as_str().unwrap()).unwrap();
    let (not_before, not_after) = (at("not_before"), at("not_after"));
    let reserve = Command::ReserveCertificate {
        serial,
        device: "D-1".parse().unwrap(),
        not_before,
        not_after,
        assurance: model::Assurance::Software,
        key: [3; 32],
    };
    registry.execute(reserve, Author::new(Office::CityClerk, "clerk"), not_before.plus_seconds(400)).unwrap();

    assert_eq!(city.json("certificate list").len(), 2);
    let reserved = city.json("certificate list --state reserved");
    assert_eq!((reserved.len(), &reserved[0]["serial"]), (1, &"4a11".into()));
    assert_eq!(city.json("certificate abandon 4a11")[0]["state"], "abandoned");
    assert_eq!(city.json("certificate status 4a11")[0]["state"], "abandoned");
    assert_eq!(city.json("certificate list --state reserved").len(), 0);

    let active = known["serial"].as_str().unwrap();
    assert!(city.refused(&format!("certificate abandon {active}")).contains("(art. 38-1)"));
    assert!(city.refused("certificate abandon 4a12").contains("there is no certificate `4a12`"));
    assert!(city.refused("certificate list --state good").contains("unknown state `good`; one of: reserved"));
}

#[test]
fn usage_asks_for_what_is_missing_and_no_more() {
    let city = City::at_work();
    let settings = city.path("sekisho.toml").display().to_string();
    let mut command = std::process::Command::new(crate::support::SEKISHO);
    command.env_clear().env("SEKISHO_SETTINGS", &settings).env("SEKISHO_AS", "city-clerk:Abe");
    let output = command.args(["team", "list"]).output().unwrap();
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("<PERSON|--user <USER>>"), "{said}");
    assert!(!said.contains("--settings") && !said.contains("--as"), "{said}");

    let mut command = std::process::Command::new(crate::support::SEKISHO);
    command.env_clear().env("SEKISHO_SETTINGS", &settings).args(["team", "list", "--user", "K-1"]);
    assert!(text(&command.output().unwrap().stdout).contains("person P-1"), "the environment is still read");
    assert!(city.refused("team list P-1 --user K-1").contains("cannot be used with"));
}

#[test]
fn what_the_office_did_can_be_looked_up() {
    let city = City::at_work();
    city.json("--as contractor:night suspend user-id:U-1 --reason leak --article 29-1");
    city.json("--as city-officer:Ito revoke --device D-1 --because stolen");
    let acts = |words: &str| {
        let found = city.json(&format!("registry log {words}"));
        found.iter().map(|line| line["command"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = acts("--limit 50");
    assert_eq!(&all[..3], ["revoke-device", "suspend", "join-team"], "newest first");
    assert_eq!(all.last().unwrap(), "register-facility");

    assert_eq!(acts("--person P-1"), ["join-team", "give-consent", "register-person"]);
    let device = ["revoke-device", "record-issued", "reserve-certificate", "register-device"];
    assert_eq!(acts("--device D-1"), device, "and its certificates");
    assert_eq!(acts("--user U-1"), ["suspend", "grant-user-id"]);
    let user = ["suspend", "join-team", "register-device", "grant-user-id", "register-user"];
    assert_eq!(acts("--user K-1"), user);
    assert_eq!(acts("--facility F-1").len(), 5);
    assert_eq!(acts("--by contractor:night"), ["suspend"]);
    assert_eq!(acts("--by Ito"), ["revoke-device"]);
    let at = city.json("registry log --by Ito")[0]["at"].as_str().unwrap().to_owned();
    assert_eq!(acts(&format!("--from {at}")), ["revoke-device"]);
    assert_eq!(acts(&format!("--to {at} --limit 1")), ["suspend"]);

    let said = city.say("registry log --by contractor:night");
    assert!(said.contains("contractor:night  suspend  user-id:U-1  because: leak (art. 29-1)"), "{said}");
    let limited = city.run("registry log --limit 1");
    assert!(text(&limited.stderr).starts_with("sekisho: there are more;"), "{}", text(&limited.stderr));
    assert!(city.refused("registry log --limit 0").contains("1 to 1000"));
    assert!(city.refused("registry log --user K-77").contains("there is no user ID and no user `K-77`"));
}

/// Passwords stand sealed in the journal; here they do not stand at all.
#[test]
fn the_log_of_the_office_shows_no_secret() {
    let city = City::in_use();
    let (sentences, values) = (city.say("registry log --limit 1000"), city.json("registry log --limit 1000"));
    assert!(sentences.contains("user:U-1  change-password  user-id:U-1"), "{sentences}");
    let shown: std::collections::BTreeSet<_> =
        values.iter().flat_map(|line| line.as_object().unwrap().keys()).collect();
    let known = [
        "at",
        "by",
        "command",
        "devices",
        "facilities",
        "generation",
        "persons",
        "reasons",
        "serials",
        "user_ids",
        "users",
    ];
    assert_eq!(shown.into_iter().map(String::as_str).collect::<Vec<_>>(), known);
}
