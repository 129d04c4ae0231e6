//! The evidence: searched, verified against a head kept elsewhere, and the way back from a torn end.

use audit::{Audit, Entry, EntryId, Verdict};
use journal::{Journal, Place};
use model::{Action, Category, SerialNumber, Timestamp};

use crate::support::{City, SEKISHO, SmallDisk, text, wait};

/// A nurse reads an observation; `number` makes it unlike the others.
fn entry(number: u8) -> Entry {
    Entry {
        id: EntryId::new([number + 1; 16]),
        at: Timestamp::from_millis(1_790_000_000_000 + i64::from(number)),
        user_id: "U-1".parse().unwrap(),
        user: "K-1".parse().unwrap(),
        device: "D-1".parse().unwrap(),
        serial: SerialNumber::from_octets(&[1, 2, 3]).unwrap(),
        facility: "F-1".parse().unwrap(),
        persons: vec!["P-1".parse().unwrap()],
        records: Vec::new(),
        action: Some(Action::Read),
        category: Some(Category::Observation),
        verdict: Verdict::Permitted,
        reason: String::new(),
        cause: String::new(),
        rules: "P01-team-reads".to_owned(),
        articles: "18".to_owned(),
        policy_version: "0123456789ab".to_owned(),
        generation: 7,
        facts: "{}".to_owned().into(),
        disaster: false,
        break_glass: false,
        source: "192.0.2.1".to_owned(),
        method: "GET".to_owned(),
        target: format!("/fhir/Observation/o-{number}"),
    }
}

/// Writes entries as a server would.
fn recorded(city: &City, numbers: std::ops::Range<u8>) {
    {
        let journal = Journal::open_existing(&Place::Sqlite { file: city.path("data/audit.db") }).unwrap();
        let audit = Audit::open(journal).unwrap();
        for number in numbers {
            audit.record(&entry(number)).wait().unwrap();
        }
    }
    // The thread that follows the journal lets go of it a moment later; then the database is at rest, in one file.
    wait(|| !std::fs::metadata(city.path("data/audit.db-wal")).is_ok_and(|wal| wal.len() > 0));
}

/// Changes a journal's file behind its back, wherever the text lies: pages that split leave copies.
fn tamper(city: &City, journal: &str, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let file = city.path("data").join(journal);
    // The last to close it copies the write-ahead log back.
    drop(Journal::open_existing(&Place::Sqlite { file: file.clone() }).unwrap());
    wait(|| !std::fs::metadata(file.with_extension("db-wal")).is_ok_and(|wal| wal.len() > 0));
    let mut octets = std::fs::read(&file).unwrap();
    let places = octets.windows(from.len()).enumerate().filter(|(_, window)| *window == from.as_bytes());
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| octets[*at..at + from.len()].copy_from_slice(to.as_bytes()));
    std::fs::write(&file, octets).unwrap();
}

/// What a check finds wrong; it must say so by its exit code too.
fn fault(city: &City, words: &str) -> String {
    let output = city.run(words);
    assert_eq!(output.status.code(), Some(1), "{words}");
    text(&output.stdout)
}

fn audit_head(city: &City) -> String {
    city.json("audit verify --journal audit")[0]["head"].as_str().unwrap().to_owned()
}

#[test]
fn an_entry_without_an_outcome_has_no_end_on_record() {
    let city = City::new();
    recorded(&city, 0..1);
    let said = city.say("audit search");
    assert!(said.contains("no end on record") && !said.contains("running"), "{said}");
    let found = &city.json("audit search")[0];
    assert!(found["status"].is_null() && found["ended"].is_null() && found["bytes"].is_null(), "{found}");
}

/// An officer who reviews a refusal sees what the client was told, and not only that it was unreadable.
#[test]
fn a_refusal_is_shown_with_its_cause() {
    let city = City::new();
    {
        let place = Place::Sqlite { file: city.path("data/audit.db") };
        let audit = Audit::open(Journal::open_existing(&place).unwrap()).unwrap();
        let refused = |number: u8, reason: &str, cause: &str| Entry {
            verdict: Verdict::Refused,
            reason: reason.to_owned(),
            cause: cause.to_owned(),
            ..entry(number)
        };
        audit.record(&refused(0, "unreadable", "exactly one person has to be named, once")).wait().unwrap();
        audit.record(&refused(1, "not-available", "")).wait().unwrap();
        audit.record(&entry(2)).wait().unwrap();
        audit.outcome(&audit::Outcome {
            id: entry(2).id,
            at: entry(2).at,
            status: 400,
            bytes: 0,
            ended: audit::Ended::Refused,
            cause: "no upgrade was asked for".to_owned(),
        });
    }
    wait(|| city.json("audit search").first().is_some_and(|newest| newest["status"] == 400));
    let said = city.say("audit search");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("400 refused (no upgrade was asked for), 0 bytes"), "{said}");
    assert!(lines[1].contains("refused (not-available)  "), "{said}");
    assert!(lines[2].contains("refused (unreadable: exactly one person has to be named, once)"), "{said}");
    let found = city.json("audit search");
    assert_eq!(found[0]["ended_because"], "no upgrade was asked for");
    assert_eq!(
        (&found[1]["cause"], &found[2]["cause"]),
        (&"".into(), &"exactly one person has to be named, once".into())
    );
}

/// A search begins at the newest entry; it does not read the whole log first.
#[test]
fn a_search_reads_no_more_than_it_needs() {
    let city = City::new();
    let place = Place::Sqlite { file: city.path("data/audit.db") };
    let audit = Audit::open(Journal::open_existing(&place).unwrap()).unwrap();
    // Whoever reads this line stops.
    audit.journal().append(vec![b"not ours".to_vec()]).wait().unwrap();
    let pending: Vec<_> = (0..600_u16).map(|number| audit.record(&entry((number % 200) as u8))).collect();
    for durable in pending {
        durable.wait().unwrap();
    }
    assert_eq!(city.json("audit search").len(), 20);
    assert!(city.run("audit search --limit 1000").status.code() == Some(1), "and does not pass over what it needs");
}

/// Whoever calls reads out the number on the page, or the beginning of it.
#[test]
fn a_request_is_found_by_its_number() {
    let city = City::new();
    recorded(&city, 0..30);
    let asked = |number: &str| {
        let output = city.command().args(["--json", "audit", "search", "--id", number]).output().unwrap();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let whole = "0a".repeat(16);
    for number in [whole.as_str(), "0a0a0a0a", "0a0a 0a0a", "0A0A-0A0A", "0a0a0a0a-0a"] {
        let (found, said, _) = asked(number);
        assert!(found && said.lines().count() == 1 && said.contains(&whole), "{number}: {said}");
    }
    assert_eq!(asked("ffffffff").1, "");
    for wrong in ["0a0a0a0", "0a0a0a0x", &format!("{whole}0")] {
        let (found, _, said) = asked(wrong);
        assert!(!found && said.contains("at least the first 8"), "{wrong}: {said}");
    }
}

#[test]
fn a_search_says_plainly_that_there_is_more() {
    let city = City::new();
    recorded(&city, 0..3);
    let output = city.run("audit search --limit 2");
    assert_eq!(text(&output.stdout).lines().count(), 2);
    let said = text(&output.stderr);
    assert!(said.starts_with("sekisho: there are more;") && said.lines().count() == 1, "{said}");
    assert_eq!(text(&city.run("audit search --limit 3").stderr), "");
    for wrong in ["0", "1001", "-1"] {
        assert!(city.refused(&format!("audit search --limit={wrong}")).contains("1 to 1000"), "{wrong}");
    }
}

#[test]
fn sign_ins_can_be_looked_at() {
    let city = City::in_use();
    let found = city.json("audit search --sign-ins");
    let shown = |line: &serde_json::Value| (line["user_id"].clone(), line["device"].clone(), line["outcome"].clone());
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), [("U-1".into(), "D-1".into(), "welcome".into())]);
    assert!(
        city.say("audit search --sign-ins --user U-1").contains("sign-in as `U-1` with D-1 from 127.0.0.1: welcome")
    );
    let at = found[0]["at"].as_str().unwrap();
    for none in ["--user U-2".to_owned(), "--device D-2".to_owned(), format!("--to {at}")] {
        assert_eq!(city.json(&format!("audit search --sign-ins {none}")).len(), 0, "{none}");
    }
    assert!(city.refused("audit search --sign-ins --person P-1").contains("cannot be used with"));
}

#[test]
fn both_chains_can_be_verified_against_heads_kept_elsewhere() {
    let city = City::at_work();
    let said = city.json("audit verify");
    assert_eq!((said[0]["journal"].as_str(), said[1]["journal"].as_str()), (Some("registry"), Some("audit")));
    assert!(said[0]["entries"].as_u64().unwrap() >= 9);
    let kept = said[0]["head"].as_str().unwrap();
    city.json("team leave P-1 K-1");
    let held = city.json(&format!("audit verify --journal registry --head {kept}"));
    assert_eq!((held.len(), held[0]["holds"][0].as_str()), (1, Some(kept)));

    // The same place on another chain, and a place that this chain has not reached.
    let (position, hash) = kept.split_once(':').unwrap();
    let other = hash.chars().rev().collect::<String>();
    for wrong in [format!("{position}:{other}"), format!("1000:{hash}")] {
        let fault = fault(&city, &format!("audit verify --journal registry --head {kept} --head {wrong}"));
        assert!(fault.contains("does not hold the head of position"), "{fault}");
    }
    for wrong in [format!("audit verify --head {kept}"), "audit verify --journal registry --head 12".to_owned()] {
        city.refused(&wrong);
    }
}

#[test]
fn a_torn_end_stops_everything_and_an_officer_finds_the_way_back() {
    let city = City::at_work();
    recorded(&city, 0..2);
    let kept = audit_head(&city);
    recorded(&city, 2..3);
    let lost = audit_head(&city);
    assert!(city.say("journal status").contains(&format!("audit: the end is in order; head {lost}")));
    tamper(&city, "audit.db", "Observation/o-2", "Observation/o-9");

    // Nothing starts, and everything that is refused names the way back.
    for refused in ["serve --role edge", "audit search", "audit verify --journal audit"] {
        let said = if refused.contains("verify") { fault(&city, refused) } else { city.refused(refused) };
        assert!(said.contains("is torn after position 2") && said.contains("sekisho journal status"), "{said}");
    }
    let check = text(&city.run("check").stdout);
    assert!(check.contains("fault: journal of the audit") && check.contains("sekisho journal status"), "{check}");
    let status = city.run("journal status");
    let said = text(&status.stdout);
    assert!(!status.status.success(), "{said}");
    assert!(said.contains(&format!("sekisho journal cut-torn-tail --journal audit --keep {kept}")), "{said}");

    // Only by somebody who may, and who names what stays.
    let cut = format!("journal cut-torn-tail --journal audit --keep {kept}");
    assert!(city.refused(&cut).contains("only a city officer or the contractor"));
    let nobody = city.command().env_remove("USER").args(cut.split(' ')).output().unwrap();
    assert!(text(&nobody.stderr).contains("nobody is named"), "{}", text(&nobody.stderr));
    let other = format!("--as city-officer:Mori journal cut-torn-tail --journal audit --keep {lost}");
    let refused = city.refused(&other);
    assert!(refused.contains(&format!("the last head in order is {kept}, not {lost}; nothing was cut")), "{refused}");
    assert!(!city.path("cuts.txt").exists());

    let said = city.json(&format!("--as city-officer:Mori {cut}"));
    assert_eq!((said[0]["cut"].as_bool(), said[0]["rows"].as_u64()), (Some(true), Some(1)));
    assert_eq!((said[0]["head"].as_str(), said[0]["claimed"].as_str()), (Some(&*kept), Some(&*lost)));
    assert!(said[1]["text"].as_str().unwrap().contains("/fhir/Observation/o-9"), "what was cut is printed: {said:?}");
    let transcript = std::fs::read_to_string(city.path("cuts.txt")).unwrap();
    assert_eq!(transcript.lines().filter(|line| line.contains(" city-officer:Mori: audit: cut")).count(), 2);
    assert!(transcript.contains(&kept) && transcript.contains(&lost), "{transcript}");

    // It works again; whoever kept the head that was lost sees that something is gone.
    assert_eq!(audit_head(&city), kept);
    assert_eq!(city.json("audit search").len(), 2);
    assert!(fault(&city, &format!("audit verify --journal audit --head {lost}")).contains("does not hold the head"));
    let again = city.json(&format!("--as city-officer:Mori {cut}"));
    assert_eq!(again[0]["cut"], false, "there is nothing more to cut");
}

/// Thirty entries behind a changed one are no torn end: nobody is told to cut them.
#[test]
fn a_changed_entry_is_named_and_the_other_journal_is_checked_all_the_same() {
    let city = City::at_work();
    recorded(&city, 0..36);
    tamper(&city, "audit.db", "Observation/o-4\"", "Observation/o-x\"");
    let found = "entry 5 was changed or taken out: the hash does not fit the entries; 31 entries follow";
    let said = fault(&city, "audit verify");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("registry: ") && lines[0].contains("the chain is whole"), "{said}");
    assert!(said.contains("audit: fault: ") && said.contains(found), "{said}");
    assert!(fault(&city, "--json audit verify").lines().nth(1).unwrap().contains(found));

    let status = fault(&city, "journal status");
    assert!(status.contains(found) && !status.contains("torn") && !status.contains("--keep"), "{status}");
    let cut = format!("--as city-officer:Mori journal cut-torn-tail --journal audit --keep 4:{}", "0".repeat(64));
    assert!(city.refused(&cut).contains(found), "nothing is cut");
    assert!(city.refused("serve --role edge").contains(found));

    // The other way round.
    let other = City::at_work();
    tamper(&other, "registry.db", "Station", "station");
    let said = fault(&other, "audit verify");
    assert!(said.contains("registry: fault: ") && said.contains("entry 1 was changed"), "{said}");
    assert!(said.contains("audit: 0 entries, the chain is whole"), "{said}");
}

#[test]
fn a_disk_that_is_full_or_read_only_is_called_that() {
    let city = City::new();
    let Some(disk) = SmallDisk::mount("size=1m") else {
        eprintln!("no mount here");
        return;
    };
    let moved = disk.path().join("d");
    // At rest, so that opening it needs room for what lies beside it.
    for name in ["registry.db", "audit.db"] {
        drop(Journal::open_existing(&Place::Sqlite { file: city.path("data").join(name) }).unwrap());
    }
    wait(|| std::fs::read_dir(city.path("data")).unwrap().count() == 2);
    let copied = std::process::Command::new("cp").arg("-a").arg(city.path("")).arg(&moved).status().unwrap();
    assert!(copied.success());
    let said = |words: &str| {
        let mut command = std::process::Command::new(SEKISHO);
        text(&command.arg("--data").arg(&moved).args(words.split(' ')).output().unwrap().stderr)
    };
    let _ = std::fs::write(disk.path().join("ballast"), vec![0; 1 << 20]);
    let full = said("facility list");
    assert!(full.contains("there is no space left for the journal") && !full.contains("reading the file's"), "{full}");
    std::fs::remove_file(disk.path().join("ballast")).unwrap();

    disk.remount("ro");
    let fixed = said("--as city-clerk:Abe service stop --reason maintenance --text x");
    assert!(fixed.contains("cannot be written") && fixed.contains("Read-only file system"), "{fixed}");
}
