//! The city's loan list: what each line comes to, in either encoding, once and again.

use crate::office::{Office, P256};
use crate::support::{City, mode, text};

fn import(city: &City, list: &[u8], words: &[&str]) -> (Vec<serde_json::Value>, bool, String) {
    let path = city.path("list.csv");
    std::fs::write(&path, list).unwrap();
    let run = city.command().args(["--json", "device", "import"]).arg(&path).args(words).output().unwrap();
    let lines = text(&run.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, run.status.success(), text(&run.stderr))
}

fn outcomes(lines: &[serde_json::Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["outcome"].as_str()).collect()
}

const LIST: &str = "\
端末番号,備考,利用施設番号,管理者番号,名称,製造番号\r\n\
D-10,,F-1,K-1,\"訪看PC 3, 予備\",SN-10\r\n\
D-1,,F-1,K-1,Tablet,\r\n\
D-11,,F-1,K-77,PC,\r\n\
D-12,,F-9,K-1,PC,\r\n\
D-10,,F-1,K-1,PC,\r\n\
D 13,,F-1,K-1,PC,\r\n\
D-14,,F-1,K-1\r\n\
D-15,,F-1,K-1,PC,SN-10\r\n\
D-16,,F-1,K-1,,\r\n\
D-17,,F-1,K-1,PC,\r\n";

#[test]
fn each_line_is_taken_whole_or_refused() {
    let city = City::at_work();
    let wanted =
        ["added", "unchanged", "refused", "refused", "refused", "refused", "refused", "refused", "refused", "added"];
    let (lines, fine, said) = import(&city, LIST.as_bytes(), &["--dry-run"]);
    assert_eq!((outcomes(&lines), fine), (wanted.to_vec(), false), "{said}");
    assert!(said.contains("7 of 10 lines"), "{said}");
    assert_eq!(city.json("device list").len(), 1, "nothing was done");
    let why: Vec<&str> = lines.iter().filter_map(|line| line["why"].as_str()).collect();
    for (why, part) in
        why.iter().zip(["K-77", "F-9", "line 2", "device `D 13`", "4 columns", "SN-10", "`名称` / `label` is empty"])
    {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert_eq!((&lines[2]["device"], &lines[5]["device"]), (&"D-11".into(), &"D 13".into()), "as they stand there");
    // As a city office exports it.
    let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode(LIST);
    let (lines, _, _) = import(&city, &shift_jis, &[]);
    assert_eq!(outcomes(&lines), wanted);
    let devices = city.json("device list");
    assert_eq!(devices.len(), 3);
    assert!(devices.iter().any(|device| device["label"] == "訪看PC 3, 予備"), "{devices:?}");
    // Given again, with a mark at its beginning: nothing new. A name of hardware is taken over, a move is not.
    let again = format!("\u{feff}{}", LIST.replace("D-17,,F-1,K-1,PC,", "D-17,,F-1,K-1,PC,SN-17"));
    let (lines, _, _) = import(&city, again.as_bytes(), &[]);
    let outcome = outcomes(&lines);
    assert_eq!((outcome[0], outcome[1], outcome[9]), ("unchanged", "unchanged", "changed"));
    let moved = LIST.replace("D-17,,F-1,K-1,PC,", "D-17,,F-1,K-1,Other,");
    let (lines, _, _) = import(&city, moved.as_bytes(), &[]);
    assert!(lines[9]["why"].as_str().unwrap().contains("a list moves no device"), "{lines:?}");
    // Separated by what a table program chose, or a heading alone: said as what it is.
    for (sign, name) in [("\t", "tabs"), (";", "semicolons")] {
        let (_, fine, said) = import(&city, LIST.replace(',', sign).as_bytes(), &[]);
        assert!(!fine && said.contains(&format!("separated by {name}")), "{said}");
    }
    let (lines, fine, _) = import(&city, b"device,facility,holder,label\n", &[]);
    assert!(fine && lines == [serde_json::json!({ "lines": 0 })], "{lines:?}");
    // What is no such list changes nothing.
    for bad in
        [&b"\xff\xff,\x81"[..], b"", b"device,facility,holder\nD-1,F-1,K-1\n", b"device,device,facility,holder,label\n"]
    {
        let (lines, fine, _) = import(&city, bad, &[]);
        assert!(lines.is_empty() && !fine);
    }
    let said = city.say("device return D-17 --because stolen");
    assert!(said.contains("the loan of device D-17 has ended (stolen)") && !said.contains("back"), "{said}");
    let (lines, _, _) = import(&city, LIST.as_bytes(), &[]);
    assert!(lines[9]["why"].as_str().unwrap().contains("came back"), "{lines:?}");
}

#[test]
fn slips_are_for_what_has_no_certificate() {
    let office = Office::open();
    let list = "device,facility,holder,label\nD-20,F-1,K-1,PC\nD-1,F-1,K-1,Tablet\nD-21,F-1,K-1,PC\n";
    let slips = office.path("slips");
    let (lines, fine, said) = import(&office.city, list.as_bytes(), &["--slips", &slips]);
    assert!(fine, "{said}");
    assert_eq!(outcomes(&lines), ["added", "unchanged", "added"]);
    let printed = std::fs::read_to_string(&slips).unwrap();
    assert_eq!((printed.matches('\u{c}').count(), mode(&office.city.path("slips"))), (2, 0o600));
    assert!(printed.contains("device D-20") && printed.contains("device D-21") && !printed.contains("device D-1\n"));
    let code = printed.lines().find(|line| line.contains("code  ")).unwrap().rsplit(' ').next().unwrap().to_owned();
    // Given again, the list ends no slip that was handed out, and prints none beside it.
    let (lines, fine, said) = import(&office.city, list.as_bytes(), &["--slips", &office.path("again")]);
    let counted = serde_json::json!({ "slips": 0, "waiting": 2, "file": null });
    assert!(fine && lines[3] == counted && !office.city.path("again").exists(), "{lines:?} {said}");
    office.request("listed", P256);
    assert_eq!(office.by_code("D-20", &code, "listed").1, 200);
    // Nothing is written over, and a rehearsal prints none.
    assert!(import(&office.city, list.as_bytes(), &["--slips", &slips]).2.contains("is there already"));
    let (_, fine, _) = import(&office.city, list.as_bytes(), &["--dry-run", "--slips", &office.path("more")]);
    assert!(fine && !office.city.path("more").exists());
}

/// The devices whose slips are in a file.
fn devices(path: &std::path::Path) -> std::collections::BTreeSet<String> {
    let printed = std::fs::read_to_string(path).unwrap_or_default();
    let named = printed.lines().filter_map(|line| line.strip_prefix("端末 / device "));
    named.map(|rest| rest.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn an_interrupted_list_loses_no_slip() {
    let office = Office::open();
    let lines: String = (0..60).map(|number| format!("D-{},F-1,K-1,PC {number}\n", 100 + number)).collect();
    let list = office.city.path("many.csv");
    std::fs::write(&list, format!("device,facility,holder,label\n{lines}")).unwrap();
    let import = |slips: &str, more: &[&str]| {
        let mut command = office.city.command();
        command.args(["--json", "device", "import"]).arg(&list).args(["--slips", &office.path(slips)]).args(more);
        command.stdout(std::process::Stdio::piped());
        command
    };
    let mut interrupted = import("first", &[]).spawn().unwrap();
    let first = office.city.path("first");
    crate::support::wait(|| devices(&first).len() >= 3);
    interrupted.kill().unwrap();
    interrupted.wait().unwrap();
    let before = devices(&first);
    assert!(before.len() < 60, "it was interrupted");
    // What is on paper is good, whoever was interrupted; and whoever has no paper gets one.
    let printed = std::fs::read_to_string(&first).unwrap();
    let code = printed.lines().find(|line| line.contains("code  ")).unwrap().rsplit(' ').next().unwrap();
    office.request("first", P256);
    assert_eq!(office.by_code("D-100", code, "first").1, 200);
    let done = import("second", &[]).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let second = office.city.path("second");
    assert_eq!(before.union(&devices(&second)).count(), 60);
    let counted: serde_json::Value = serde_json::from_str(text(&done.stdout).lines().last().unwrap()).unwrap();
    let waiting = counted["waiting"].as_u64().unwrap();
    assert_eq!(counted["slips"].as_u64().unwrap() + waiting, 59, "all but the one that has its certificate");
    // The first file was lost after all: those and no others get new codes, but for whoever waits for a key in hardware.
    office.city.json("device hardware D-101 SN-101");
    office.city.json("device code D-101 --attested");
    assert!(import("third", &["--again"]).output().unwrap().status.success());
    let third = devices(&office.city.path("third"));
    assert!(third.len() == 58 && !third.contains("D-100") && !third.contains("D-101"), "{third:?}");
    assert_eq!(office.by_code("D-102", code, "first").1, 401);
}
