//! `demo`: every line it prints works as pasted.

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ports::Ports;
use crate::support::{SEKISHO, text, wait};

struct Demo {
    child: Child,
    /// Held for the demos that go on with the folder, too.
    ports: Arc<Ports>,
    port_base: u16,
    said: PathBuf,
    temporary: Arc<tempfile::TempDir>,
}

impl Demo {
    fn start() -> Self {
        let ports = Arc::new(Ports::row(4));
        let first = ports.first().port().to_string();
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), ports, &["--port-base", &first])
    }

    fn start_in(temporary: Arc<tempfile::TempDir>, ports: Arc<Ports>, words: &[&str]) -> Self {
        let (ready, said) = (temporary.path().join("ready"), temporary.path().join("said"));
        let _ = std::fs::remove_file(&ready);
        let child = Command::new(SEKISHO)
            .arg("demo")
            .arg("--data")
            .arg(temporary.path().join("d"))
            .args(words)
            .arg("--ready-file")
            .arg(&ready)
            .stdout(std::fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let mut demo = Self { child, ports, port_base: 0, said, temporary };
        let begun = Instant::now();
        while !ready.exists() {
            assert!(demo.child.try_wait().unwrap().is_none(), "the demo ended");
            // The stand-in store may have to be built first.
            assert!(begun.elapsed() < Duration::from_secs(600), "the demo did not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        let address = demo.line("https://www.");
        demo.port_base = address.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        demo
    }

    /// The lines to paste that hold a word.
    fn line(&self, word: &str) -> String {
        let said = std::fs::read_to_string(&self.said).unwrap();
        let found = said.lines().find(|line| !line.starts_with('#') && line.contains(word));
        found.unwrap_or_else(|| panic!("no line with `{word}`: {said}")).to_owned()
    }

    fn paste(&self, word: &str) -> String {
        let output = Command::new("bash").args(["-c", &self.line(word)]).output().unwrap();
        text(&output.stdout) + &text(&output.stderr)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // An orderly end stops the store too.
        if let Ok(None) = self.child.try_wait() {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

#[test]
fn every_line_of_the_demo_works_as_pasted() {
    let demo = Demo::start();
    assert!(demo.paste(r#""user_id":"U-sato""#).contains(r#""must_change_password":false"#));
    let allowed = demo.paste("Observation?patient=P-0001");
    assert!(allowed.contains(r#""resourceType":"Bundle""#) && allowed.contains("Patient/P-0001"), "{allowed}");
    let mapped = demo.paste("/notes/people/P-0001/entries");
    assert!(mapped.contains(r#""person":"P-0001""#) && mapped.contains(r#""entries":[{"#), "{mapped}");
    let denied = demo.paste("Observation?patient=P-0005");
    assert!(denied.contains("404") && denied.contains("not-available") && !denied.contains("P-0005"), "{denied}");
    let why = demo.paste(" explain ");
    assert!(why.contains("支援中止") && why.contains("17-3"), "{why}");
    let stranger = demo.paste("fhir/Patient/P-0001");
    assert!(stranger.contains("401") && stranger.contains("certificate-missing"), "{stranger}");
    let audit = demo.paste(" audit search ");
    assert!(audit.contains("permitted") && audit.contains("refused") && audit.contains("17-3"), "{audit}");
    assert!(audit.contains("search note of P-0001"), "{audit}");
    assert!(demo.paste(" device certificate ").contains("device D-sato has the certificate with serial number"));
    assert!(demo.paste("https://www.").contains("<!DOCTYPE html>"));
    assert!(demo.paste("--help").contains("Usage: sekisho"));

    assert!(demo.paste(r#""user_id":"U-kato""#).contains("U-kato"));
    let mut stream = Command::new("bash")
        .args(["-c", &format!("exec {}", demo.line("/feeds/notes"))])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = stream.stdout.take().unwrap();
    let mut first = [0];
    out.read_exact(&mut first).unwrap();
    assert!(stream.try_wait().unwrap().is_none(), "the stream is running");
    assert!(demo.paste(" revoke ").contains("revoked (stolen)"));
    let begun = Instant::now();
    out.read_to_end(&mut Vec::new()).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "the stream ended after {:?}", begun.elapsed());
    assert!(!stream.wait().unwrap().success(), "it was cut, not finished");
}

#[test]
fn a_demo_that_is_killed_leaves_no_store_behind() {
    let mut demo = Demo::start();
    let store = demo.port_base + 3;
    // Whoever comes second is told so in a sentence.
    let second = Command::new(Path::new(SEKISHO).with_file_name("backend-stub"))
        .args(["--without-identity", "--listen", &format!("127.0.0.1:{store}")])
        .output()
        .unwrap();
    let said = text(&second.stderr);
    assert!(!second.status.success() && said.starts_with("backend-stub: cannot listen on"), "{said}");
    assert!(said.contains("because Address already in use"), "{said}");

    demo.child.kill().unwrap();
    demo.child.wait().unwrap();
    wait(|| TcpListener::bind(("127.0.0.1", store)).is_ok());
}

/// In a temporary folder of its own; what it says against it, and what it left there.
fn refused(words: &[&str]) -> (String, usize) {
    let temporary = tempfile::tempdir().unwrap();
    let output = Command::new(SEKISHO).arg("demo").args(words).env("TMPDIR", temporary.path()).output().unwrap();
    assert!(!output.status.success(), "{words:?}: {}", text(&output.stdout));
    (text(&output.stderr), std::fs::read_dir(temporary.path()).unwrap().count())
}

#[test]
fn a_demo_that_does_not_come_up_says_why_and_leaves_nothing_behind() {
    let ports = Ports::row(4);
    let first = ports.first().port();
    let held = TcpListener::bind(("127.0.0.1", first + 1)).unwrap();
    let (said, left) = refused(&["--port-base", &first.to_string()]);
    let why = format!("port {} is taken, one of {first} to {} ", first + 1, first + 3);
    assert!(said.contains(&why) && said.contains("--port-base"), "{said}");
    assert_eq!(left, 0);
    drop(held);

    // Up to the last step, which fails: keys, passphrase and records were there by then.
    let (said, left) = refused(&["--port-base", &first.to_string(), "--ready-file", "/proc/ready"]);
    assert!(said.contains("/proc/ready"), "{said}");
    assert_eq!(left, 0, "{said}");
}

#[test]
fn the_first_of_four_ports_leaves_room_for_all() {
    for wrong in ["0", "65533", "65536", "x"] {
        let (said, _) = refused(&["--port-base", wrong]);
        assert!(said.contains("one of 1 to 65532"), "{said}");
        let init = Command::new(SEKISHO).args(["init", "--port-base", wrong]).output().unwrap();
        assert!(!init.status.success() && text(&init.stderr).contains("one of 1 to 65532"), "{wrong}");
    }
}

#[test]
fn a_demo_goes_on_with_its_folder() {
    let demo = Demo::start();
    let (temporary, ports, first) = (Arc::clone(&demo.temporary), Arc::clone(&demo.ports), demo.port_base);
    let folder = temporary.path().join("d");
    let again = format!("demo --data {}", folder.display());
    assert!(demo.line(&again).ends_with(&again), "it says how to go on");
    let sign_in = demo.line(r#""user_id":"U-sato""#);
    assert!(demo.paste(" revoke ").contains("revoked (stolen)"));
    drop(demo);

    let other = Command::new(SEKISHO).args(again.split(' ')).args(["--port-base", "9"]).output().unwrap();
    let said = text(&other.stderr);
    assert!(!other.status.success() && said.contains(&format!("has the ports from {first} on")), "{said}");

    // The same people with the same passwords and keys, and what was revoked stays so.
    let demo = Demo::start_in(Arc::clone(&temporary), ports, &[]);
    assert_eq!((demo.port_base, demo.line(r#""user_id":"U-sato""#)), (first, sign_in));
    assert!(demo.paste(r#""user_id":"U-sato""#).contains(r#""must_change_password":false"#));
    assert!(demo.paste(" revoke ").contains("no certificate that could be revoked"));
    let second = Command::new(SEKISHO).args(again.split(' ')).output().unwrap();
    assert!(text(&second.stderr).contains(&format!("cannot listen on 127.0.0.1:{first}")), "two at once");
    drop(demo);

    // What no demo made, or none that came up, is left alone.
    std::fs::remove_file(folder.join("keys/demo-password.txt")).unwrap();
    let half = Command::new(SEKISHO).args(again.split(' ')).output().unwrap();
    assert!(text(&half.stderr).contains("a demo that did not come up"), "{}", text(&half.stderr));
}

#[test]
fn the_demo_says_how_to_open_it_in_a_browser() {
    let demo = Demo::start();
    let said = std::fs::read_to_string(&demo.said).unwrap();
    let (_, browser) = said.split_once("In a browser: ").unwrap();
    let word = |after: &str| {
        let (_, rest) = browser.split_once(after).unwrap_or_else(|| panic!("`{after}`: {browser}"));
        rest.trim_start_matches(['#', ' ', '\n']).split([' ', ')', '.']).next().unwrap().to_owned()
    };
    assert!(browser.contains(&format!("open https://care.sekisho.localhost:{}/", demo.port_base)), "{browser}");
    assert!(browser.contains("sign in as U-sato"), "{browser}");
    let (certificate, password) = (demo.temporary.path().join("d/terminals/D-sato.p12"), word("its password is "));
    assert!(browser.contains(&format!("{} as your own", certificate.display())), "{browser}");
    let opened = Command::new("openssl")
        .args(["pkcs12", "-noenc", "-passin", &format!("pass:{password}"), "-in"])
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(text(&opened.stdout).contains("BEGIN PRIVATE KEY"), "{}", text(&opened.stderr));
    assert_eq!(crate::support::mode(&certificate), 0o600);
    // The same that the lines to paste sign in with.
    assert!(demo.line(r#""user_id":"U-sato""#).contains(&password));
}
