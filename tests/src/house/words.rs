//! One English word for each word of the regulation, and documents that lead where they say.

use std::path::{Path, PathBuf};

/// Words that the glossary replaced, with the one to use. Looked for in our own documents and in public names.
const REPLACED: &[(&str, &str)] = &[("whitelist", "allow-list"), ("blacklist", "blocklist"), ("end user", "user")];

fn documents() -> Vec<PathBuf> {
    let root = super::root();
    let mut found = vec![root.join("README.md"), root.join("ARCHITECTURE.md"), root.join("CHANGELOG.md")];
    for entry in std::fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

#[test]
fn documents_use_the_words_of_the_glossary() {
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        for (word, instead) in REPLACED {
            assert!(!text.contains(word), "{}: `{word}`; the glossary says `{instead}`", path.display());
        }
    }
}

/// PowerShell 5.1 takes a script without this mark to be in the code page of the PC, and spoils its Japanese.
#[test]
fn scripts_for_windows_say_that_they_are_utf_8() {
    let script = std::fs::read(super::root().join("deploy/enrol/enrol.ps1")).unwrap();
    assert!(script.starts_with(b"\xEF\xBB\xBF<#"), "no byte order mark");
    assert!(std::str::from_utf8(&script).is_ok());
}

/// Every relative link and every path in backticks that looks like one leads somewhere.
#[test]
fn documents_lead_where_they_say() {
    let root = super::root();
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let target = link.split('#').next().unwrap();
            let from = path.parent().unwrap_or(Path::new("."));
            assert!(from.join(target).exists(), "{}: `{link}` leads nowhere", path.display());
        }
        for named in text.split('`').skip(1).step_by(2) {
            let looks_like_a_path = named.contains('/')
                && named.split('/').next().is_some_and(|first| !first.is_empty() && root.join(first).is_dir())
                && !named.contains(['*', ' ', '{', '<', '…', ':']);
            if looks_like_a_path {
                assert!(root.join(named).exists(), "{}: `{named}` does not exist", path.display());
            }
        }
    }
}

/// The glossary has a row for every word of the design, Japanese and English, and the code's types use that word.
#[test]
fn the_glossary_is_whole() {
    let glossary = std::fs::read_to_string(super::root().join("docs/glossary.md")).unwrap();
    for (japanese, english) in [
        ("支援対象者", "person"),
        ("利用者", "user"),
        ("利用施設", "facility"),
        ("施設管理者", "facility administrator"),
        ("市", "city"),
        ("契約事業者", "contractor"),
        ("連携情報", "record"),
        ("公開情報", "public information"),
        ("支援中止", "support stopped"),
        ("ユーザーID", "user ID"),
        ("一時停止", "suspension"),
        ("失効", "revocation"),
        ("貸与端末", "device"),
        ("電子証明書", "device certificate"),
        ("参加同意書", "consent"),
        ("災害時利用", "disaster use"),
    ] {
        let row = format!("| {japanese} | {english} |");
        assert!(glossary.contains(&row), "docs/glossary.md lacks `{row}`");
    }
}
