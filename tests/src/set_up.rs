//! `docs/setup.md` is pasted by people who cannot ask anybody. The boxes of the office's shell (`sh`) are run, one after
//! another, in folders of the test's own; the others (`bash`: for root, for other machines) are read by a shell, and each
//! command of ours in them by our own program.

use std::path::Path;
use std::process::{Command, Output};

use crate::crash::{SEKISHO, program};
use crate::house::root;

fn page() -> String {
    std::fs::read_to_string(root().join("docs/setup.md")).unwrap()
}

/// The boxes of one kind, in order.
fn boxes(kind: &str) -> Vec<String> {
    let page = page();
    let begin = format!("```{kind}\n");
    page.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The same with folders of the test's own.
fn moved(text: &str, folder: &Path) -> String {
    ["/var/lib/sekisho", "/etc/sekisho", "/var/backups/sekisho"]
        .into_iter()
        .fold(text.to_owned(), |text, place| text.replace(place, &format!("{}{place}", folder.display())))
}

fn shell(arguments: &[&str], folder: &Path) -> Output {
    let beside = SEKISHO.parent().unwrap().display().to_string();
    let path = format!("{beside}:{}", std::env::var("PATH").unwrap());
    Command::new("bash")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .output()
        .unwrap()
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_lines_of_the_office_work_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["var/lib/sekisho", "etc/sekisho", "var/backups/sekisho"] {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder.path().join(place)).unwrap();
    }
    let boxes = boxes("sh");
    assert!(boxes.len() >= 8, "{}", boxes.len());
    let script = format!("set -euo pipefail\n{}", moved(&boxes.concat(), folder.path()));
    let output = shell(&["-c", &script], folder.path());
    let said = both(&output);
    assert!(output.status.success(), "{said}");
    for wanted in ["fingerprint of the root", "first password", "F03-first-password", "the chain is whole"] {
        assert!(said.contains(wanted), "`{wanted}` is not said:\n{said}");
    }
    // What the tablet gets, and that the key of the one with a request never was here.
    let data = folder.path().join("var/lib/sekisho");
    assert!(data.join("D-0002.p12").exists() && data.join("D-0004.pem").exists() && !data.join("D-0004.p12").exists());
    // And that of those with a slip is nowhere yet.
    assert!(!data.join("D-0001.pem").exists() && !data.join("D-0003.pem").exists());
    assert!(said.contains("https://care.example.jp:8450"), "{said}");
    // Kept for the restore.
    for kept in ["audit.db", "registry.db", "heads.txt"] {
        assert!(folder.path().join("var/backups/sekisho").join(kept).metadata().unwrap().len() > 0, "{kept}");
    }
}

/// The next issuing authority, as docs/pki.md has it: the request goes to where the root is, the certificate comes back.
#[test]
fn the_lines_of_the_next_authority_work_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["var/lib", "etc/sekisho", "media/safe-1/keys", "media/safe-2/keys", "dev/shm"] {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder.path().join(place)).unwrap();
    }
    let page = std::fs::read_to_string(root().join("docs/pki.md")).unwrap();
    let (_, page) = page.split_once("## The next issuing authority").unwrap();
    let boxes: Vec<&str> = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let before = "umask 077; openssl rand -base64 24 | tee /dev/shm/passphrase > /etc/sekisho/passphrase\n\
        sekisho init --data /var/lib/sekisho --passphrase-file /etc/sekisho/passphrase\n\
        export SEKISHO_SETTINGS=/var/lib/sekisho/sekisho.toml SEKISHO_AS=city-clerk:Abe; cd /var/lib/sekisho\n\
        for safe in 1 2; do cp -p keys/{root.key.pem,root.pem,ceremony.txt} /media/safe-$safe/keys/; done; rm keys/root.key.pem\n";
    let read_out =
        "\"$(openssl req -in 2027.csr -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)\"";
    let lines = format!("{before}{}", boxes.concat()).replace("SHA256 --out", &format!("{read_out} --out"));
    let script = ["/media/safe-", "/dev/shm"].into_iter().fold(moved(&lines, folder.path()), |text, place| {
        text.replace(place, &format!("{}{place}", folder.path().display()))
    });
    let output = shell(&["-c", &format!("set -euo pipefail\n{script}")], folder.path());
    let said = both(&output);
    assert!(output.status.success(), "{said}");
    for wanted in ["for the key", "belong together", "[[ca.former]]", "lacks the last"] {
        assert!(said.contains(wanted), "`{wanted}` is not said:\n{said}");
    }
}

#[test]
fn the_other_lines_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let boxes = boxes("bash");
    assert!(boxes.len() >= 8, "{}", boxes.len());
    let mut read = 0;
    for text in boxes {
        let output = shell(&["-n", "-c", &text], folder.path());
        assert!(output.status.success(), "{text}\n{}", both(&output));
        for line in text.lines() {
            let ours = match line.split_once("--package backend-stub -- ") {
                Some((_, arguments)) => format!("{} {arguments} --version", program("backend-stub").display()),
                None if line.starts_with("sekisho ") => line.to_owned(),
                None => continue,
            };
            // Nothing is there to work on, so it fails or is done at once; 2 says that the line itself is wrong.
            let output =
                shell(&["-c", &format!("SEKISHO_SETTINGS=/nowhere {}", moved(&ours, folder.path()))], folder.path());
            assert!(matches!(output.status.code(), Some(0 | 1)), "`{line}`: {}", both(&output));
            read += 1;
        }
    }
    assert!(read >= 4, "{read}");
}

/// The service starts what there is, as the page says.
#[test]
fn the_service_file_starts_what_there_is() {
    let unit = std::fs::read_to_string(root().join("deploy/systemd/sekisho.service")).unwrap();
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap();
    let start = value("ExecStart").replace("/usr/local/bin/", "").replace("${SEKISHO_ROLE}", "$ROLE");
    let folder = tempfile::tempdir().unwrap();
    for role in ["all", "edge", "authority"] {
        let line = format!("export SEKISHO_SETTINGS=/nowhere/sekisho.toml ROLE={role}; {start}");
        let output = shell(&["-c", &line], folder.path());
        assert_eq!(output.status.code(), Some(1), "{}", both(&output));
        assert!(both(&output).contains("the settings `/nowhere/sekisho.toml` cannot be read"), "{}", both(&output));
    }
    assert_eq!((value("User"), value("StateDirectory")), ("sekisho", "sekisho"));
    // Longer than the gateway waits for what is open.
    let stop: u64 = value("TimeoutStopSec").parse().unwrap();
    assert!(stop > gateway::bounds::DRAIN_MAX.as_secs());
}
