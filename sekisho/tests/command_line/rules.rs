//! `policy`: rules are checked, tried, proved, compared and replayed before they decide anything. Proofs need a solver:
//! `tests/solver.sh` puts one where these tests look, unless `CVC5` names another.

use std::path::{Path, PathBuf};
use std::process::Command;

use audit::{Audit, Entry, EntryId, Verdict};
use journal::{Journal, Place};
use model::{Action, Category, Profession, SerialNumber};
use policy::matrix::{now, ordinary};
use policy::{Request, Said};

use crate::support::{City, SEKISHO, text, wait};

/// A folder with the rules of the house, one text replaced.
fn rules(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let house = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/cedar"));
    let mut places = 0;
    for file in std::fs::read_dir(house).unwrap() {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        places += text.matches(from).count();
        std::fs::write(folder.path().join(file.file_name()), text.replace(from, to)).unwrap();
    }
    assert_eq!(places, 1, "{from:?}");
    folder
}

/// A disaster rule that forgot the prior consent (art. 21-2).
fn without_prior_consent() -> tempfile::TempDir {
    rules("resource.person.consentDisaster &&\n", "")
}

/// Exit code, and what was said.
fn policy(words: &[&str]) -> (i32, String, String) {
    let usual = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/solver/cvc5"));
    let solver = std::env::var_os("CVC5").map_or(usual, PathBuf::from);
    assert!(solver.exists(), "no solver at {}; run tests/solver.sh once", solver.display());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(SEKISHO);
    command.env_clear().env("PATH", path).env("CVC5", solver).arg("policy").args(words);
    let output = command.output().unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn succeeds(words: &[&str]) -> String {
    let (code, out, err) = policy(words);
    assert_eq!((code, err.as_str()), (0, ""), "{words:?}: {out}");
    out
}

/// Found wrong: said on standard output, and by the exit code.
#[track_caller]
fn found_wrong(words: &[&str]) -> String {
    let (code, out, err) = policy(words);
    assert_eq!((code, err.as_str()), (1, ""), "{words:?}: {out}");
    out
}

#[test]
fn the_rules_of_the_house_pass_every_gate() {
    assert!(succeeds(&["check"]).contains("36 rules in order, version "));
    let cases = succeeds(&["test"]);
    assert!(cases.ends_with("0 turned out otherwise; 36 rules, 0 not tried\n"), "{cases}");
    let proofs = succeeds(&["prove"]);
    assert!(proofs.contains("証明 / proved    I01-consent") && proofs.contains(" 0 refuted"), "{proofs}");
    assert!(succeeds(&["diff", "builtin", "builtin"]).contains(": 0 opened, 0 closed"));
    let words = succeeds(&["words"]);
    assert!(words.contains("利用者は医師等  /  the user is a doctor"), "{words}");
}

/// What is written out is the built-in set, octet for octet, and needs no registry: a proposal begins with it.
#[test]
fn the_rules_built_in_are_written_out_to_begin_a_proposal_with() {
    let temporary = tempfile::tempdir().unwrap();
    let out = temporary.path().join("mine").display().to_string();
    let version = succeeds(&["check"]).trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(succeeds(&["show", "builtin", "--out", &out]), format!("version {version} lies in {out}\n"));
    assert!(succeeds(&["check", "--rules", &out]).ends_with(&format!(" version {version}\n")));
    let house = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/cedar"));
    let mut files = 0;
    for file in std::fs::read_dir(house).unwrap() {
        let file = file.unwrap();
        let written = std::fs::read(Path::new(&out).join(file.file_name())).unwrap();
        assert_eq!(written, std::fs::read(file.path()).unwrap());
        files += 1;
    }
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), files);
    let printed = succeeds(&["show", "builtin"]);
    assert!(printed.starts_with("// ==== schema.cedarschema\n") && printed.contains("@id(\"P01"), "{printed}");
    let (code, _, err) = policy(&["show", "builtin", "--out", &out]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("making `") && err.contains("exists"), "nothing is written over: {err}");
    // By the version too, where there is a registry to look in; what nobody proposed is not found.
    let city = City::new();
    assert_eq!(city.say(&format!("policy show {version}")), printed);
    assert!(city.refused("policy show 0123456789ab").contains("those there are: sekisho policy list"));
}

/// The folder of the house is the built-in set: the version says so.
#[test]
fn a_folder_with_the_same_rules_is_the_same_version() {
    let house = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/cedar");
    let version = |words: &[&str]| succeeds(words).trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(version(&["check"]), version(&["check", "--rules", house]));
}

#[test]
fn a_wrong_rule_is_refuted_in_both_languages() {
    let folder = without_prior_consent();
    let dir = folder.path().to_str().unwrap();
    assert!(succeeds(&["check", "--rules", dir]).contains("36 rules in order"), "it is in order, and wrong");
    let said = found_wrong(&["prove", "--rules", dir]);
    let example = "    前提  支援対象者は災害時利用の区域内\n    かつ  利用者は支援チームの外\n    かつ  災害時利用を宣言済み\n    \
                   かつ  災害時利用はあと1時間\n    もし  利用者が連絡帳を閲覧する\n    ならば 許可 P07\n    --\n    \
                   given the person is in the disaster area\n";
    assert!(said.contains("反証 / REFUTED   I09-outside-the-team") && said.contains(example), "{said}");
    let said = found_wrong(&["test", "--rules", dir]);
    assert!(said.contains("事前同意がなければ災害時でも閲覧できない"), "{said}");
    assert!(said.contains("許可 P07（期待: 拒否 許可する規則なし）"), "{said}");
    let said = succeeds(&["diff", "builtin", dir]);
    assert!(said.contains("新たに許可 / OPENS  read Record, search Record"), "{said}");
    assert!(said.contains("denied, for nothing permits it)") && said.contains(": 1 opened, 0 closed"), "{said}");
    let said = succeeds(&["diff", dir, "builtin"]);
    assert!(said.contains("新たに拒否 / CLOSES") && said.contains(": 0 opened, 1 closed"), "{said}");
}

#[test]
fn rules_that_are_not_in_order_are_named_one_a_line() {
    let folder = rules("@text_en(\"No consent has been given.\")\n", "");
    let said = found_wrong(&["check", "--rules", folder.path().to_str().unwrap()]);
    assert_eq!(said, "`F17-consent-absent` (person.cedar:28) has no `@text_en`\n");
    let empty = tempfile::tempdir().unwrap();
    let (code, out, err) = policy(&["check", "--rules", empty.path().to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("holds no rules (*.cedar)"), "{err}");
}

/// Proofs and differences are asked for the requests of the schema. One that leaves a kind of request out hides a rule from them.
#[test]
fn rules_under_a_schema_that_leaves_a_kind_of_request_out_are_refused() {
    let folder = rules("action read, search, create", "action read, create");
    let schema = folder.path().join("schema.cedarschema");
    let text = std::fs::read_to_string(&schema).unwrap();
    let context = text.split_once("resource: [Record, Directory]").unwrap().1.split_once("\n};").unwrap().0;
    let narrower = format!("{text}\naction search appliesTo {{ principal: User, resource: Directory{context}\n}};\n");
    std::fs::write(&schema, &narrower).unwrap();
    std::fs::write(
        folder.path().join("zz.cedar"),
        r#"@id("P90-open") @article("18") @text_ja("試験") @text_en("A test.") @tell("officer")
        permit (principal, action in [Action::"read", Action::"search"], resource)
        when { resource is Directory || resource is Record };"#,
    )
    .unwrap();
    let said = found_wrong(&["check", "--rules", folder.path().to_str().unwrap()]);
    assert!(
        said.contains("the schema is not the house's: it differs in `actions.search.appliesTo.resourceTypes`"),
        "{said}"
    );
}

#[test]
fn without_a_solver_nothing_counts_as_proved() {
    let (code, out, err) = policy(&["prove", "--solver", "/nowhere/cvc5"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("the solver `/nowhere/cvc5` gives no answer"), "{err}");
}

/// An entry as the gateway writes it, of somebody of this profession who writes medication.
fn entry(number: u8, profession: Profession, verdict: Verdict) -> Entry {
    let mut facts = ordinary();
    facts.subject.profession = profession;
    let request = Request::new(Action::Create, Category::Medication, now(), Said::NOTHING);
    Entry {
        id: EntryId::new([number; 16]),
        at: now().plus_seconds(i64::from(number)),
        user_id: facts.subject.user_id.clone(),
        user: facts.subject.user.clone(),
        device: facts.device.device.clone(),
        serial: SerialNumber::from_octets(&[1, 2, 3]).unwrap(),
        facility: facts.subject.facility.clone(),
        persons: vec!["P-0001".parse().unwrap()],
        records: Vec::new(),
        action: Some(request.action),
        category: Some(request.category),
        verdict,
        reason: String::new(),
        cause: String::new(),
        rules: String::new(),
        articles: "18".to_owned(),
        policy_version: "0123456789ab".to_owned(),
        generation: 7,
        facts: audit::facts::compact(&request, &facts).into(),
        disaster: false,
        break_glass: false,
        source: "192.0.2.1".to_owned(),
        method: "POST".to_owned(),
        target: "/fhir/MedicationStatement".to_owned(),
    }
}

#[test]
fn recorded_decisions_are_made_again_under_other_rules() {
    let city = City::new();
    {
        let place = Place::Sqlite { file: city.path("data/audit.db") };
        let audit = Audit::open(Journal::open_existing(&place).unwrap()).unwrap();
        for entry in [
            entry(1, Profession::Nurse, Verdict::Refused),
            entry(2, Profession::Pharmacist, Verdict::Permitted),
            entry(3, Profession::Doctor, Verdict::Permitted),
            entry(4, Profession::Pharmacist, Verdict::Permitted),
        ] {
            audit.record(&entry).wait().unwrap();
        }
    }
    wait(|| !std::fs::metadata(city.path("data/audit.db-wal")).is_ok_and(|wal| wal.len() > 0));
    let folder = rules(
        "(principal.profession == Profession::\"doctor\" || principal.profession == Profession::\"pharmacist\")",
        "(principal.profession == Profession::\"nurse\" || principal.profession == Profession::\"doctor\")",
    );
    let dir = folder.path().display();
    let said = city.say(&format!("policy replay --rules {dir}"));
    assert!(said.contains("nurse, F-0001, create: 1 gained, 0 lost, 0 as before"), "{said}");
    assert!(said.contains("pharmacist, F-0001, create: 0 gained, 2 lost, 0 as before"), "{said}");
    assert!(said.contains("lost, such as entries 02020202020202020202020202020202, 0404"), "{said}");
    assert!(said.contains("all together: 1 gained, 2 lost, 1 as before"), "{said}");
    // Only what was decided before the fourth second.
    let before = now().plus_seconds(4);
    let total = city.json(&format!("policy replay --rules {dir} --to {before}")).pop().unwrap();
    assert_eq!((total["gained"].as_u64(), total["lost"].as_u64()), (Some(1), Some(1)), "{total}");
}

/// The solver, by its path.
fn solver() -> String {
    let usual = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/solver/cvc5"));
    std::env::var_os("CVC5").map_or(usual, PathBuf::from).display().to_string()
}

/// Exit code 1, and what was said on standard output: a gate found something wrong.
#[track_caller]
fn held_back(city: &City, words: &str) -> String {
    let output = city.run(words);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(1), ""), "{words}");
    text(&output.stdout)
}

fn in_force(city: &City) -> Vec<bool> {
    city.json("policy list").iter().map(|set| set["in_force"].as_bool().unwrap()).collect()
}

/// One officer proposes, another approves after every gate, and any goes back.
#[test]
fn two_officers_take_rules_into_force_and_one_goes_back() {
    let city = City::in_use();
    let folder = rules("resource.person.consentDisaster &&\n", "resource.person.consentDisaster &&\n");
    std::fs::write(folder.path().join("zz.cedar"), "// a remark\n").unwrap();
    let dir = folder.path().display();
    let (one, other) = ("--as city-officer:Tanaka", "--as city-officer:Ito");
    let proposed = city.json(&format!("{one} policy propose --rules {dir} --reason trial")).pop().unwrap();
    let version = proposed["version"].as_str().unwrap();
    assert_eq!(in_force(&city), [true, false], "a proposal decides nothing");
    // Whoever may not approve hears so first, solver or not.
    assert!(city.refused(&format!("{one} policy approve {version}")).contains("by another officer"));
    assert!(city.refused(&format!("policy approve {version}")).contains("`city-clerk` may not do this"));
    // Without a solver nothing counts as proved.
    let without = city.refused(&format!("{other} policy approve {version} --solver /nowhere/cvc5"));
    assert!(without.contains("the solver `/nowhere/cvc5` gives no answer"), "{without}");
    assert_eq!(in_force(&city), [true, false]);
    // Given once it says what changes, and changes nothing.
    let approve = format!("{other} policy approve {version} --solver {}", solver());
    let said = city.say(&approve);
    assert!(said.contains(": 0 opened, 0 closed") && said.contains(" 0 refuted"), "{said}");
    assert!(said.contains(&format!("version {version} is NOT in force yet (")), "{said}");
    assert_eq!(in_force(&city), [true, false]);
    let confirm = said.trim_end().rsplit(' ').next().unwrap().to_owned();
    let other_word = city.run(&format!("{approve} --confirm 0123456789ab"));
    assert!(!other_word.status.success() && text(&other_word.stderr).contains("confirms something else"));
    assert_eq!(in_force(&city), [true, false]);
    let said = city.say(&format!("{approve} --confirm {confirm}"));
    assert!(said.contains(&format!("version {version} is in force (")), "{said}");
    assert_eq!(in_force(&city), [false, true]);
    let listed = city.json("policy list").pop().unwrap();
    assert_eq!(listed["approved_by"], "city-officer:Ito");
    assert!(
        listed["passed"]["cases"].as_u64().unwrap() > 50 && listed["passed"]["claims_proved"].as_u64().unwrap() > 50
    );
    assert!(
        listed["passed"]["without_proof"].is_null() && listed["passed"]["fences_version"].as_str().unwrap().len() == 12
    );
    // What was approved can be read again, octet for octet.
    let out = city.path("shown");
    city.json(&format!("policy show {version} --out {}", out.display()));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), std::fs::read(out.join(file.file_name())).unwrap());
    }
    city.json(&format!("{one} policy rollback --reason closed"));
    assert_eq!(in_force(&city), [true, false]);
    assert!(city.refused(&format!("{one} policy rollback --reason again")).contains("there is no step back"));
    // Gone back on, and not forgotten: also where it is taken into force anew.
    let approve = format!("{other} policy approve {version} --without-proof flood");
    let confirm = city.json(&approve).pop().unwrap()["confirm"].as_str().unwrap().to_owned();
    city.say(&format!("{approve} --confirm {confirm}"));
    let approvals = city.json("policy list").pop().unwrap()["approvals"].clone();
    assert_eq!(approvals.as_array().unwrap().len(), 2, "{approvals}");
    assert!(approvals[0]["passed"]["claims_proved"].as_u64().unwrap() > 50);
    assert_eq!(
        (&approvals[0]["rolled_back_by"], &approvals[0]["rolled_back_because"]),
        (&"city-officer:Tanaka".into(), &"closed".into())
    );
    assert!(approvals[1]["rolled_back_by"].is_null());
    city.json(&format!("{one} policy rollback --reason over"));
    let said = city.say("policy list");
    assert!(said.contains("rolled back by city-officer:Tanaka") && said.contains(": closed"), "{said}");
    assert!(said.contains("nothing proved: flood; rolled back by") && said.contains(": over"), "{said}");
}

/// A wrong rule is not proposed where a case finds it, and not approved where a proof does. What is taken into force without a
/// proof says why, for ever.
#[test]
fn a_wrong_rule_comes_no_further_than_the_gate_that_finds_it() {
    let city = City::in_use();
    let folder = without_prior_consent();
    let dir = folder.path().display();
    let (one, other) = ("--as city-officer:Tanaka", "--as city-officer:Ito");
    let said = held_back(&city, &format!("{one} policy propose --rules {dir} --reason trial"));
    assert!(said.contains("事前同意がなければ災害時でも閲覧できない"), "{said}");
    assert_eq!(in_force(&city), [true], "nothing is proposed");
    // An officer who does not want to see the case cannot leave it out.
    let cases = tempfile::tempdir().unwrap();
    let house = include_str!("../../../policy/cases/cases.ja.txt");
    let left: Vec<&str> = house.split("\n\n").filter(|case| !case.contains("事前同意がなければ災害時でも")).collect();
    assert_eq!(left.len() + 1, house.split("\n\n").count());
    std::fs::write(cases.path().join("fewer.txt"), left.join("\n\n")).unwrap();
    let fewer = format!("--cases {}", cases.path().display());
    let said = held_back(&city, &format!("{one} policy propose --rules {dir} --reason trial {fewer}"));
    assert!(said.contains("事前同意がなければ災害時でも閲覧できない"), "{said}");
    // One that no case tries.
    let folder = rules(
        "resource.person.consentDisaster &&\n",
        "(resource.person.consentDisaster || principal.profession == Profession::\"dietitian\") &&\n",
    );
    let dir = folder.path().display();
    let proposed = city.json(&format!("{one} policy propose --rules {dir} --reason trial")).pop().unwrap();
    let version = proposed["version"].as_str().unwrap();
    // Nor does a fence that holds anything stand in for those of the house.
    let fence = cases.path().join("trivial.cedar");
    std::fs::write(
        &fence,
        r#"@id("I99") @article("18") @text_ja("試験") @text_en("A test.") permit (principal, action, resource);"#,
    )
    .unwrap();
    let trivial = format!("--fences {}", fence.display());
    let said = held_back(&city, &format!("{other} policy approve {version} {trivial} --solver {}", solver()));
    assert!(said.contains("証明 / proved    I99"), "{said}");
    assert!(said.contains("反証 / REFUTED   I09-outside-the-team"), "{said}");
    assert!(
        said.contains("新たに許可 / OPENS") && said.contains(&format!("version {version} is not approved")),
        "{said}"
    );
    assert_eq!(in_force(&city), [true, false]);
    assert!(
        city.refused(&format!("{other} policy approve {version} {fewer} --without-proof")).contains("--without-proof")
    );
    let approve = format!("{other} policy approve {version} {fewer} --without-proof flood");
    let confirm = city.json(&approve).pop().unwrap()["confirm"].as_str().unwrap().to_owned();
    assert_eq!(in_force(&city), [true, false]);
    city.say(&format!("{approve} --confirm {confirm}"));
    assert_eq!(in_force(&city), [false, true]);
    let passed = city.json("policy list")[1]["passed"]["cases_version"].clone();
    assert_eq!(passed.as_str().unwrap().split('+').count(), 2, "the house's cases and the officer's: {passed}");
    assert_eq!(city.json("policy list")[1]["passed"]["without_proof"], "flood");
    assert!(city.say("policy list").contains("nothing proved: flood"));
    assert!(city.say("registry log").contains("nothing proved: flood"));
}
