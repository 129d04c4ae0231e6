//! What the city decides, from the command line.

use std::os::unix::fs::PermissionsExt;

use crate::support::{City, SmallDisk, mode, text};

#[test]
fn init_overwrites_nothing_and_needs_a_passphrase() {
    let city = City::new();
    let before = std::fs::read(city.path("keys/root.key.pem")).unwrap();
    assert!(city.refused("init").contains("is there already; nothing was changed"));
    assert_eq!(before, std::fs::read(city.path("keys/root.key.pem")).unwrap());

    let elsewhere = city.path("other");
    let output = std::process::Command::new(crate::support::SEKISHO)
        .env_clear()
        .args(["init", "--data"])
        .arg(&elsewhere)
        .output()
        .unwrap();
    assert!(!output.status.success() && !elsewhere.exists());
    assert!(crate::support::text(&output.stderr).contains("passphrase is missing"));
}

#[test]
fn a_device_gets_what_openssl_and_key_stores_take() {
    let city = City::at_work();
    let out = city.path("more");
    std::fs::create_dir(&out).unwrap();
    let said = city.json(&format!("device certificate D-1 --days 30 --out {}", out.display()));
    let (serial, password) = (said[0]["serial"].as_str().unwrap(), said[0]["p12_password"].as_str().unwrap());
    assert_eq!((mode(&out.join("D-1.pem")), mode(&out.join("D-1.p12"))), (0o600, 0o600));
    city.openssl(
        "verify -x509_strict -purpose sslclient -CAfile @keys/root.pem -untrusted @keys/issuing.pem @more/D-1.pem",
    );
    let shown = city.openssl("x509 -in @more/D-1.pem -noout -serial -subject -checkend 2505600");
    assert!(shown.to_lowercase().contains(&format!("serial={serial}")), "{shown}");
    assert!(shown.contains("CN=D-1") || shown.contains("CN = D-1"), "{shown}");
    let container = city.openssl(&format!("pkcs12 -in @more/D-1.p12 -passin pass:{password} -noenc -info"));
    assert!(container.contains("PBES2") && container.contains("BEGIN PRIVATE KEY"), "{container}");

    // The registry knows it, and it has never been under another number.
    let status = city.json(&format!("certificate status {serial}"));
    assert_eq!(status[0]["state"], "active");
    assert_eq!(city.json("certificate status D-1").len(), 2);
    // Never over what lies there.
    assert!(city.refused(&format!("device certificate D-1 --out {}", out.display())).contains("is there already"));
    assert_eq!(city.json("certificate status D-1").len(), 2, "a refusal costs no number");
    assert!(city.refused("device certificate D-1 --out /nowhere").contains("there is no folder `/nowhere`"));
}

#[test]
fn a_device_may_keep_its_key_to_itself() {
    let city = City::at_work();
    city.openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout @own.key -out @own.csr -subj /CN=Mayor/O=City",
    );
    let out = city.path("own");
    std::fs::create_dir(&out).unwrap();
    let csr = city.path("own.csr");
    city.json(&format!("device certificate D-1 --csr {} --out {}", csr.display(), out.display()));
    let pem = std::fs::read_to_string(out.join("D-1.pem")).unwrap();
    assert!(!pem.contains("PRIVATE KEY") && !out.join("D-1.p12").exists());
    let subject = city.openssl("x509 -in @own/D-1.pem -noout -subject");
    assert!(subject.contains("D-1") && !subject.contains("Mayor"), "only the key is taken: {subject}");
    assert_eq!(city.openssl("x509 -in @own/D-1.pem -noout -pubkey"), city.openssl("pkey -in @own.key -pubout"));
}

#[test]
fn explain_names_rule_and_article_in_both_languages() {
    let city = City::in_use();
    let ask = "explain --user U-1 --person P-1 --category note";
    let said = city.json(ask);
    assert_eq!((said[0]["permitted"].as_bool(), said[0]["device"].as_str()), (Some(true), Some("D-1")));
    assert_eq!(city.json("explain --user K-1 --person P-1").len(), 9, "every category of a person");
    assert_eq!(city.json("explain --user K-1").len(), 1, "the directory");
    let short = city.say("explain --user K-1 --person P-1");
    let both = |line: &str| {
        line.contains("許可 / permitted  第") && line.contains("条 / art. ") || line.contains("拒否 / denied  第")
    };
    assert!(short.lines().count() == 9 && short.lines().all(both), "{short}");

    let before = said[0]["at"].as_str().unwrap().to_owned();
    city.json("team leave P-1 K-1");
    let sentence = city.say(ask);
    assert!(sentence.contains("拒否") && sentence.contains("denied"), "{sentence}");
    assert!(sentence.contains("would be permitted if") && sentence.contains("(art. "), "{sentence}");
    // The past is as it was.
    assert_eq!(city.json(&format!("{ask} --as-of {before}"))[0]["permitted"], true);
    assert!(city.refused("explain --user U-9 --person P-1").contains("there is no user ID and no user `U-9`"));
}

#[test]
fn consent_suspension_and_stop_close_and_open() {
    let city = City::in_use();
    let permitted = || city.json("explain --user U-1 --person P-1 --category observation")[0]["permitted"] == true;
    assert!(permitted());
    for (shut, open) in [
        ("suspend user-id:U-1 --reason lost --article 29-1", "resume user-id:U-1 --reason found"),
        ("suspend user:K-1 --reason misuse --article 39-2", "resume user:K-1 --reason heard"),
        ("suspend device:D-1 --reason lost --article 29-1", "resume device:D-1 --reason found"),
        ("suspend facility:F-1 --reason review --article 39-2", "resume facility:F-1 --reason reviewed"),
        ("suspend person:P-1 --reason dispute --article 17-3", "resume person:P-1 --reason settled"),
        ("service stop --reason maintenance --text back-at-nine", "service resume"),
        ("consent withdraw P-1 --reason asked", "consent give P-1"),
    ] {
        city.json(shut);
        assert!(!permitted(), "{shut}");
        city.json(open);
        assert!(permitted(), "{open}");
    }
    assert!(city.refused("resume user-id:U-1 --reason again").contains("(art. "));
    assert!(city.refused("suspend nurse:U-1 --reason x --article 29-1").contains("`nurse:U-1` names no target"));
    assert!(city.refused("suspend user-id:U-1 --reason x --article 99").contains("names no article"));
    for nowhere in ["29-99", "29-1-1", "7-1-11"] {
        let refused = city.refused(&format!("suspend user-id:U-1 --reason x --article {nowhere}"));
        assert!(refused.contains(&format!("the regulation has no article {nowhere}")), "{refused}");
    }
}

#[test]
fn a_revocation_is_final_and_confirmed_by_the_facility() {
    let city = City::at_work();
    let refused = city.refused("--as contractor:night revoke --device D-1 --because broken");
    assert!(refused.contains("`contractor` may not revoke as `broken`; city-officer, city-clerk"), "{refused}");
    assert!(city.refused("revoke --device D-1 --because bored").contains("unknown cause of a revocation `bored`"));
    let revoked = city.json("--as contractor:night revoke --device D-1 --because stolen");
    let serial = revoked[0]["revoked"][0].as_str().unwrap().to_owned();
    let status = &city.json(&format!("certificate status {serial}"))[0];
    assert_eq!((status["state"].as_str(), status["revoked_by"].as_str()), (Some("revoked"), Some("contractor:night")));
    assert!(city.refused("revoke --device D-1 --because replaced").contains("no certificate that could be revoked"));
    // art. 38-3: by the administrator of that facility, and nobody else.
    assert!(city.refused(&format!("confirm {serial}")).contains("art. 38-3"));
    assert!(city.refused(&format!("--as facility-administrator:K-8 confirm {serial}")).contains("may not do this"));
    // No gateway runs that could say what it cut: known by time alone, in ten seconds.
    let confirm = format!("--as facility-administrator:K-9 revocation confirm {serial}");
    assert!(city.refused(&confirm).contains("confirm it in a few seconds"));
    let waiting = &city.json("revocations list")[0];
    assert_eq!((&waiting["state"], &waiting["because"]), (&"reported".into(), &"stolen".into()));
    assert!(city.json("revocation list --overdue").is_empty());
    assert!(city.json("revocation list --facility F-2").is_empty());
    std::thread::sleep(std::time::Duration::from_secs(10));
    city.json(&confirm);
    assert!(city.json("revocation list").is_empty());
    assert_eq!(city.json("revocation list --all")[0]["confirmed_by"], "facility-administrator:K-9");
    assert_eq!(city.json("certificate status D-1")[0]["state"], "confirmed");
}

#[test]
fn a_facility_is_revoked_in_one_act_by_two_officers() {
    let city = City::at_work();
    let shown = city.json("revocation preview F-1");
    let expected = ("D-1".into(), "K-1".into(), serde_json::json!(["P-1"]));
    assert_eq!((shown[0]["device"].clone(), shown[0]["holder"].clone(), shown[0]["persons"].clone()), expected);
    assert_eq!((&shown[1]["devices"], &shown[1]["persons"]), (&1.into(), &1.into()));
    assert!(city.refused("revocation preview F-9").contains("there is no facility `F-9`"));
    let propose = "revocation propose F-1 --because compromised --reason break-in";
    assert!(city.refused(&format!("--as city-clerk:Abe {propose}")).contains("city-officer may"));
    let proposed = city.say(&format!("--as city-officer:Ito {propose}"));
    assert!(proposed.contains("sekisho suspend facility:F-1"), "{proposed}");
    let shown = city.json("revocation preview F-1");
    assert!(shown[1]["proposal"].as_str().unwrap().contains("waits for a second officer"));
    assert!(city.refused("--as city-officer:ito revocation approve F-1").contains("needs a second city officer"));
    let waiting = &city.json("revocation proposals")[0];
    assert_eq!((&waiting["facility"], &waiting["by"]), (&"F-1".into(), &"city-officer:Ito".into()));
    assert_eq!((&waiting["because"], &waiting["reason"]), (&"compromised".into(), &"break-in".into()));
    city.json("--as city-officer:Ito revocation withdraw F-1 --reason mistake");
    assert!(city.json("revocation proposals").is_empty());
    assert!(city.refused("--as city-officer:Mori revocation approve F-1").contains("no proposal"));
    city.json(&format!("--as city-officer:Ito {propose}"));
    let output = city.run("--json --as city-officer:Mori revocation approve F-1");
    let said = text(&output.stderr);
    assert!(said.contains("1 devices: proposed (compromised, `break-in`) by city-officer:Ito"), "{said}");
    let approved: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&approved["certificates_revoked"], &approved["reason"]), (&1.into(), &"break-in".into()));
    // What it names is what she does.
    let serial = city.json("revocation list --facility F-1")[0]["serials"][0].as_str().unwrap().to_owned();
    let next = approved["next"].as_str().unwrap().replace("SERIAL", &serial);
    std::thread::sleep(std::time::Duration::from_secs(10));
    city.json(next.strip_prefix("sekisho ").unwrap());
    assert!(city.json("revocation list --facility F-1").is_empty());
    assert_eq!(city.json("certificate status D-1")[0]["reason"], "key-compromise");
    assert_eq!(city.json("revocation list --facility F-1 --all")[0]["by"], "city-officer:Mori");
}

#[test]
fn a_closed_facility_takes_everything_with_it() {
    let city = City::at_work();
    let closed = &city.json("facility close F-1 --reason notice")[0];
    assert_eq!(closed["user_ids_ended"], 1);
    assert_eq!(closed["certificates_revoked"], 1);
    assert_eq!(city.json("user list")[0]["user_ids"][0]["state"], "ended");
    assert!(city.refused("user grant K-1 --facility F-1 --profession nurse").contains("(art. "));
}

#[test]
fn disaster_use_needs_two_officers() {
    let city = City::at_work();
    let until = "2026-01-01T00:00:00+09:00";
    let declare = |second: &str, until: &str| {
        format!(
            "--as city-officer:Ito disaster declare --area honcho --reason flood --until {until} --second-officer {second}"
        )
    };
    assert!(city.refused(&declare("Mori", until)).contains("(art. 21"), "an end in the past");
    let asked = city.json("explain --user U-1 --person P-1 --category note");
    let now = model::Timestamp::parse(asked[0]["at"].as_str().unwrap()).unwrap();
    let until = now.plus_seconds(3600).to_string();
    assert!(city.refused(&declare("Ito", &until)).contains("(art. 21"), "one officer twice");
    // Nobody declares in an officer's name what he may not declare in his own.
    for other in ["contractor:mallory", "city-clerk:Abe", "facility-administrator:K-9"] {
        let refused = city.refused(&declare("Mori", &until).replace("city-officer:Ito", other));
        assert!(refused.contains("may not do this; city-officer may (art. 21"), "{other}: {refused}");
    }
    let officers = city.json(&declare("Mori", &until))[0]["officers"].clone();
    assert_eq!(officers, serde_json::json!(["city-officer:Ito", "city-officer:Mori"]));
    assert_eq!(city.json("service status")[0]["service"], "disaster-use");
    assert!(city.refused("--as city-officer:Ito disaster confirm").contains("waits for `city-officer:Mori`"));
    assert_eq!(city.json("service status")[0]["awaits"], "city-officer:Mori");
    city.json("--as city-officer:Mori disaster confirm");
    assert_eq!(city.json("service status")[0]["awaits"], serde_json::Value::Null);
    city.json("--as city-officer:Ito disaster end --reason over");
    assert_eq!(city.json("service status")[0]["service"], "running");
}

#[test]
fn a_lost_user_id_is_replaced_and_teams_stay() {
    let city = City::at_work();
    let said = &city.json("user replace-id U-1 --reason lost-slip")[0];
    let new = said["user_id"].as_str().unwrap().to_owned();
    assert!(said["first_password"].as_str().unwrap().len() >= 13);
    // Until the first password is changed nothing is readable; the team is the same.
    assert_eq!(city.json("team list P-1")[0]["user"], "K-1");
    assert!(city.say(&format!("explain --user {new} --person P-1 --category note")).contains("denied"));
    let log = std::fs::read(city.path("data/registry.db")).unwrap();
    let password = said["first_password"].as_str().unwrap().as_bytes();
    assert!(!log.windows(password.len()).any(|window| window == password), "a password lies in the journal");
}

#[test]
fn who_may_not_is_told_by_which_article() {
    let city = City::at_work();
    let refused = city.refused("--as contractor:night user add --name X --facility F-1 --profession nurse");
    assert!(refused.contains("`contractor` may not do this") && refused.contains("art. "), "{refused}");
    assert!(city.refused("--as mayor:X facility list").contains("unknown office `mayor`"));
    assert!(city.refused("device add --facility F-9 --holder K-1 --label x").contains("F-9"));
}

#[test]
fn certificates_say_where_the_list_is_found_and_check_where_that_is_nowhere() {
    let city = City::at_work();
    let extensions = city.openssl("x509 -in @D-1.pem -noout -ext crlDistributionPoints,authorityInfoAccess");
    assert!(extensions.contains("OCSP - URI:http://crl.example/ocsp"), "{extensions}");
    assert_eq!(extensions.matches("URI:http://crl.example/").count(), 3, "{extensions}");
    assert!(city.say("check").contains("ok: revocation list: at http://crl.example/devices.crl"));
    let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
    let settings = settings.replace("http://crl.example/", "http://127.0.0.1:8445/crl/");
    std::fs::write(city.path("sekisho.toml"), settings).unwrap();
    let said = city.say("check");
    assert!(
        said.contains("warning: revocation list: http://127.0.0.1:8445/crl/devices.crl is found on this"),
        "{said}"
    );
    // In a demo nobody else looks for it.
    std::fs::write(city.path("keys/demo-passphrase.txt"), "x").unwrap();
    assert!(!city.say("check").contains("warning: revocation list"));
}

#[test]
fn whose_certificate_ends_soon_is_listed_with_what_waits_for_it() {
    let city = City::at_work();
    let out = city.path(".").display().to_string();
    for (id, days) in [("D-2", 20), ("D-3", 2)] {
        let add = format!("device add --id {id} --facility F-1 --holder K-1 --label Second --days {days} --out {out}");
        city.json(&add);
    }
    let said = city.json("device expiring");
    let told = |said: &serde_json::Value| {
        ["device", "holder", "facility", "stage"].map(|name| said[name].as_str().unwrap().to_owned())
    };
    let told: Vec<_> = said.iter().map(told).collect();
    assert_eq!(told, [["D-3", "K-1", "F-1", "3"], ["D-2", "K-1", "F-1", "30"]]);
    assert_eq!((&said[0]["days_left"], &said[0]["code_until"]), (&1.into(), &serde_json::Value::Null), "{said:?}");
    assert_eq!(city.json("device expiring --within 3").len(), 1);
    assert_eq!(city.json("device expiring --facility F-1 --within 3000").len(), 3);
    // A further certificate, and it is not spoken of any more.
    std::fs::remove_file(city.path("D-3.pem")).unwrap();
    std::fs::remove_file(city.path("D-3.p12")).unwrap();
    city.json(&format!("device certificate D-3 --out {out}"));
    let said = city.say("device expiring");
    assert!(said.starts_with("D-2  19 days left, ") && said.lines().count() == 1, "{said}");
    assert!(city.say("check").contains("warning: devices: the last certificate of 1 ends soon"));
}

#[test]
fn check_finds_what_is_wrong() {
    let city = City::at_work();
    let said = city.json("check");
    assert!(said.iter().all(|line| line["level"] == "ok"), "{said:?}");
    let warned = city.say("check --days 190");
    let devices = "warning: devices: the last certificate of 1 ends soon or is over (0 are over): D-1; all are named by: \
                   sekisho device expiring --within 190";
    assert!(warned.contains(devices), "{warned}");

    let without = |words: &[&str]| {
        let output = city.command().env_remove("SEKISHO_CA_PASSPHRASE").arg("check").args(words).output().unwrap();
        crate::support::text(&output.stdout)
    };
    assert!(without(&[]).contains("warning: issuing key: not opened; give --passphrase-file"));
    let passphrase = city.path("passphrase");
    std::fs::write(&passphrase, crate::support::PASSPHRASE).unwrap();
    std::fs::set_permissions(&passphrase, std::fs::Permissions::from_mode(0o600)).unwrap();
    let opened = without(&["--passphrase-file", &passphrase.display().to_string()]);
    assert!(opened.contains("ok: issuing key: opens"), "{opened}");

    let key = city.path("keys/session.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = city.run("check");
    assert!(!output.status.success());
    assert!(crate::support::text(&output.stdout).contains("fault: session key: "));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();

    city.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out @other.pem");
    std::fs::copy(city.path("other.pem"), city.path("keys/server.key.pem")).unwrap();
    let said = crate::support::text(&city.run("check").stdout);
    assert!(said.contains("fault: server key: ") && said.contains("belongs to the server's certificate"), "{said}");
}

/// Whoever mistypes the last word has not registered half of it.
#[test]
fn nothing_is_registered_when_the_rest_cannot_be() {
    let city = City::at_work();
    city.json("facility add --id F-2 --name Clinic --kind pharmacy --administrator K-8 --administrator-name Abe");
    let listed = || (city.json("user list").len(), city.json("device list").len());
    let before = listed();
    for (wrong, why) in [
        ("user add --name X --facility F-9 --profession nurse", "there is no facility `F-9`"),
        ("user add --name X --facility F-2 --profession nurse", "facility `F-2` is applied, not approved"),
        ("user add --name X --facility F-1 --profession care-recognised", "needs to be recognised by somebody"),
        ("user add --name X --facility F-1 --profession nurse --user-id U-1", "U-1"),
        ("user add --name X --facility F-1 --profession nurze", "unknown profession `nurze`"),
        ("device add --facility F-1 --holder K-1 --label x --days 400", "a certificate lasts 1 to 397 days"),
        ("device add --facility F-1 --holder K-1 --label x --days 0", "a certificate lasts 1 to 397 days"),
        ("device add --facility F-2 --holder K-1 --label x", "facility `F-2` is applied, not approved"),
        ("device add --facility F-1 --holder K-8 --label x", "there is no user `K-8`"),
    ] {
        let said = city.refused(&format!("{wrong} --as city-clerk:Abe"));
        assert!(said.contains(why), "{wrong}: {said}");
    }
    assert_eq!(listed(), before);
}

#[test]
fn a_disk_that_takes_no_file_costs_no_certificate() {
    let city = City::at_work();
    let states = || {
        let known = city.json("certificate status D-1");
        known.iter().map(|line| line["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // No file can be made there, by nobody.
    let said = city.refused("device certificate D-1 --out /proc");
    assert!(said.contains("writing `/proc/D-1.pem` is not possible"), "{said}");
    assert!(
        city.refused("device add --id D-2 --facility F-1 --holder K-1 --label x --out /proc").contains("/proc/D-2.pem")
    );
    assert_eq!((states(), city.json("device list").len()), (vec!["active".to_owned()], 1));

    let Some(disk) = SmallDisk::mount("size=8k") else {
        eprintln!("no mount here; `what_cannot_be_handed_out_never_opens` covers the rest");
        return;
    };
    std::fs::write(disk.path().join("ballast"), vec![0; 8192 - 4096]).unwrap();
    let out = disk.path().display().to_string();
    let said = city.refused(&format!("device certificate D-1 --out {out}"));
    let given_up = city.json("certificate list --state abandoned");
    let serial = given_up[0]["serial"].as_str().unwrap();
    assert!(said.contains(serial) && said.contains("its number is given up") && said.contains("space"), "{said}");
    assert_eq!(states(), ["active", "abandoned"]);
    // Nothing is left in the way of the next try.
    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    let left: Vec<_> = std::fs::read_dir(disk.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    city.json(&format!("device certificate D-1 --out {out}"));
}
