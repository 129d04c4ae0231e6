//! A data folder of its own, and the binary run in it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary under test.
pub(crate) const SEKISHO: &str = env!("CARGO_BIN_EXE_sekisho");
/// The authority's passphrase in these tests.
pub(crate) const PASSPHRASE: &str = "only for these tests";

/// The nurse's own password.
const PASSWORD: &str = "plum-rain over the Kinu 37";

/// A data folder, made by `init`.
pub(crate) struct City {
    temporary: tempfile::TempDir,
    first_password: String,
    /// Variables that every command sees besides the usual ones.
    environment: Vec<(String, String)>,
}

impl City {
    /// `init`, with every port 0.
    pub(crate) fn new() -> Self {
        let city = Self { temporary: tempfile::tempdir().unwrap(), first_password: String::new(), environment: vec![] };
        let said = city.json("init --city Test --list-url http://crl.example/devices.crl");
        assert!(said[0]["root_sha256"].as_str().unwrap().len() == 64);
        let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
        let free = settings.replace("127.0.0.1:8443", "127.0.0.1:0").replace("127.0.0.1:8444", "127.0.0.1:0");
        let free = free.replace("office = \"127.0.0.1:8445\"", "office = \"127.0.0.1:0\"");
        std::fs::write(city.path("sekisho.toml"), free).unwrap();
        city
    }

    /// With a facility, a nurse with a user ID, her device, a person with consent, and the nurse on the care team.
    pub(crate) fn at_work() -> Self {
        let mut city = Self::new();
        city.json(
            "facility add --id F-1 --name Station --kind nursing-station --administrator K-9 --administrator-name Ono",
        );
        city.json("facility approve F-1 --reason complete");
        city.json("--as city-officer:Kudo contract enter Works --until 2099-04-01T00:00:00+09:00");
        let said = city.json("user add --id K-1 --name Sato --facility F-1 --profession nurse --user-id U-1");
        city.first_password = said[0]["first_password"].as_str().unwrap().to_owned();
        let out = city.path(".").display().to_string();
        city.json(&format!("device add --id D-1 --facility F-1 --holder K-1 --label Tablet --out {out}"));
        city.json("person add --id P-1 --name Saito --municipality Test --area honcho");
        city.json("consent give P-1 --disaster");
        city.json("team join P-1 K-1");
        city
    }

    /// Where the nurse has also signed in with her device and changed the first password, through the gateway: nobody
    /// can do that for her on the command line (art. 10-3).
    pub(crate) fn in_use() -> Self {
        let city = Self::at_work();
        let server = Server::start(&city, &["--role", "edge"], 2);
        let care = format!("https://care.sekisho.localhost:{}/.sekisho", server.port("clients"));
        let path = |name: &str| city.path(name).display().to_string();
        let (root, terminal, jar) = (path("keys/root.pem"), path("D-1.pem"), path("jar"));
        let post = |page: &str, body: String| {
            let url = format!("{care}/{page}");
            let json = "Content-Type: application/json";
            curl(&["--cacert", &root, "--cert", &terminal, "-c", &jar, "-b", &jar, "-H", json, "-d", &body, &url])
        };
        let first = &city.first_password;
        let (body, status) = post("session", format!(r#"{{"user_id":"U-1","password":"{first}"}}"#));
        assert_eq!(status, 200, "{body}");
        assert!(body.contains(r#""must_change_password":true"#), "{body}");
        let (body, status) = post("password", format!(r#"{{"current":"{first}","new":"{PASSWORD}"}}"#));
        assert_eq!(status, 200, "{body}");
        server.stop();
        city
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.temporary.path().join("d").join(name)
    }

    /// The command, ready to be run.
    pub(crate) fn command(&self) -> Command {
        self.command_at(&self.temporary.path().join("d"))
    }

    /// The same in another data folder.
    pub(crate) fn command_at(&self, folder: &Path) -> Command {
        let mut command = Command::new(SEKISHO);
        command.env_clear().env("SEKISHO_CA_PASSPHRASE", PASSPHRASE).env("USER", "clerk");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--data").arg(folder);
        command
    }

    /// With one more variable in the environment of every command.
    pub(crate) fn with_environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn run(&self, words: &str) -> Output {
        self.command().args(words.split(' ')).output().unwrap()
    }

    /// What it prints, a JSON object a line. It must succeed.
    pub(crate) fn json(&self, words: &str) -> Vec<Value> {
        let output = self.run(&format!("--json {words}"));
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "`{words}`: {out}{err}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What it says. It must succeed.
    pub(crate) fn say(&self, words: &str) -> String {
        let output = self.run(words);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "`{words}`: {out}{err}");
        out
    }

    /// What it says against it. It must fail, and print nothing else.
    pub(crate) fn refused(&self, words: &str) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "`{words}` succeeds: {}", text(&output.stdout));
        assert_eq!(text(&output.stdout), "", "`{words}`");
        text(&output.stderr)
    }

    /// openssl, which must succeed. Words that begin with @ are files of the folder.
    pub(crate) fn openssl(&self, words: &str) -> String {
        openssl(words.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        }))
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) doors: Vec<String>,
}

impl Server {
    /// Starts `serve`, and waits for so many doors.
    pub(crate) fn start(city: &City, words: &[&str], doors: usize) -> Self {
        Self::start_with(&mut city.command(), words, doors)
    }

    /// The same with another environment.
    pub(crate) fn start_with(command: &mut Command, words: &[&str], doors: usize) -> Self {
        let mut child = command.arg("serve").args(words).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let doors: Vec<String> = said.take(doors).map(Result::unwrap).collect();
        Self { child, doors }
    }

    /// The port in the line that holds `word`.
    pub(crate) fn port(&self, word: &str) -> &str {
        let line = self.doors.iter().find(|line| line.contains(word)).unwrap();
        let after = line.rsplit(':').next().unwrap();
        after.split('/').next().unwrap()
    }

    /// Of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and an orderly end.
    pub(crate) fn stop(mut self) {
        std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(self.child.wait().unwrap().success(), "SIGTERM is an orderly end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    let output = Command::new("openssl").args(&words).output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "openssl {words:?}: {out}{err}");
    out + &err
}

/// curl with these words; body and status code.
pub(crate) fn curl(words: &[&str]) -> (String, u16) {
    let output = Command::new("curl").args(["-sS", "-m", "20", "-w", "\n%{http_code}"]).args(words).output().unwrap();
    let out = text(&output.stdout);
    let (body, status) = out.rsplit_once('\n').unwrap_or(("", "0"));
    assert_ne!(status, "000", "curl {words:?}: {}", text(&output.stderr));
    (body.to_owned(), status.parse().unwrap())
}

pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Waits for the condition, not for the clock.
pub(crate) fn wait(mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A file system of its own, if this user may mount one.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub(crate) fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then(|| Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl SmallDisk {
    pub(crate) fn remount(&self, how: &str) {
        let remounted =
            Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.path()).status().unwrap();
        assert!(remounted.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
