//! A terminal's side played by programs that nobody here wrote: curl, and openssl's s_client.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::world::{CARE, Keys, Tls, World};

/// How long a program may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A terminal's files, and how to reach the care host.
pub(super) struct Programs {
    folder: tempfile::TempDir,
    port: u16,
}

/// What became of a request made by a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It was served.
    Served,
    /// It was told that its certificate has ended, and nothing else.
    Page,
    /// The connection ended without an answer.
    Nothing,
}

impl Told {
    /// From status and body.
    fn of(status: &str, body: &str) -> Self {
        match status {
            "403" if body.contains("certificate-revoked") || body.contains("失効") => Self::Page,
            "" | "000" => Self::Nothing,
            _ => Self::Served,
        }
    }
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

impl Programs {
    pub(super) fn new(world: &World, keys: &Keys) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = pem("PRIVATE KEY", keys.key.secret_der());
        terminal.extend(keys.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)));
        std::fs::write(folder.path().join("terminal.pem"), terminal).unwrap();
        std::fs::write(folder.path().join("root.pem"), pem("CERTIFICATE", &world.authority.root_der())).unwrap();
        Self { folder, port: world.address.port() }
    }

    /// The gateway was started anew, somewhere else.
    pub(super) fn reach(&mut self, world: &World) {
        self.port = world.address.port();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// curl, set up for this terminal.
    fn curl(&self, cookie: &str, arguments: &[&str], target: &str) -> Command {
        let mut command = Command::new("curl");
        command
            .args(["-sS", "--max-time", "60", "--resolve", &format!("{CARE}:{}:127.0.0.1", self.port)])
            .arg("--cacert")
            .arg(self.path("root.pem"))
            .arg("--cert")
            .arg(self.path("terminal.pem"))
            .args(["-b", cookie])
            .args(arguments)
            .arg(format!("https://{CARE}:{}{target}", self.port))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// One request on a connection of its own.
    pub(super) async fn get(&self, cookie: &str, arguments: &[&str], target: &str) -> Told {
        let mut command = self.curl(cookie, arguments, target);
        let output = timeout(PATIENCE, command.args(["-w", "\n%{http_code}"]).output()).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').unwrap_or(("", ""));
        Told::of(status, body)
    }

    /// A request that goes on; its first octets have come.
    pub(super) async fn stream(&self, cookie: &str, arguments: &[&str], target: &str) -> Running {
        let child = self.curl(cookie, arguments, target).arg("-N").spawn().unwrap();
        Running { child }
    }

    fn s_client(&self, tls: Tls, arguments: &[&str]) -> Command {
        let version = if tls == Tls::V12 { "-tls1_2" } else { "-tls1_3" };
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-connect", &format!("127.0.0.1:{}", self.port), "-servername", CARE, version])
            .args(["-alpn", "http/1.1", "-ign_eof"])
            .arg("-cert")
            .arg(self.path("terminal.pem"))
            .arg("-key")
            .arg(self.path("terminal.pem"))
            .arg("-cert_chain")
            .arg(self.path("terminal.pem"))
            .arg("-CAfile")
            .arg(self.path("root.pem"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// A full handshake and a request; the session is kept for later.
    pub(super) async fn keep_session(&self, tls: Tls, cookie: &str, target: &str) {
        let kept = self.path(session(tls));
        let told = self.resume(tls, &["-sess_out", kept.to_str().unwrap()], cookie, target).await;
        assert_eq!((told.0, told.1), (false, Told::Served), "{tls:?}");
        assert!(kept.exists(), "{tls:?}: no session was kept");
    }

    /// Offers the session that was kept: whether it was resumed, and what became of a request.
    pub(super) async fn offer_session(&self, tls: Tls, cookie: &str, target: &str) -> (bool, Told) {
        let kept = self.path(session(tls));
        self.resume(tls, &["-sess_in", kept.to_str().unwrap()], cookie, target).await
    }

    async fn resume(&self, tls: Tls, arguments: &[&str], cookie: &str, target: &str) -> (bool, Told) {
        let mut child = self.s_client(tls, arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let ask = request(cookie, target, "close");
        // Where the other side has gone already, that shows in what was read.
        let _ = stdin.write_all(ask.as_bytes()).await;
        let mut text = Vec::new();
        let mut stdout = child.stdout.take().unwrap();
        timeout(PATIENCE, stdout.read_to_end(&mut text)).await.expect("s_client does not end").unwrap();
        drop(stdin);
        let text = String::from_utf8_lossy(&text).into_owned();
        let answer = text.find("HTTP/1.1 ").map(|start| &text[start..]);
        let status = answer.and_then(|answer| answer.split(' ').nth(1)).unwrap_or_default();
        (text.contains("Reused, TLSv"), Told::of(status, answer.unwrap_or_default()))
    }

    /// A connection that is kept open after its first answer.
    pub(super) async fn keep_alive(&self, cookie: &str, target: &str) -> KeptAlive {
        let mut child = self.s_client(Tls::V13, &["-quiet"]).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut kept = KeptAlive { _child: child, stdin, stdout };
        assert!(kept.ask(cookie, target).await, "the first request is not answered");
        kept
    }
}

fn session(tls: Tls) -> &'static str {
    if tls == Tls::V12 { "session-1.2" } else { "session-1.3" }
}

fn request(cookie: &str, target: &str, connection: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: {CARE}\r\ncookie: {cookie}\r\nconnection: {connection}\r\n\r\n")
}

/// A program that is still receiving.
pub(super) struct Running {
    child: Child,
}

impl Running {
    /// Waits for this in what it receives.
    pub(super) async fn has_received(&mut self, wanted: &str) {
        let stdout = self.child.stdout.as_mut().unwrap();
        let mut received = Vec::new();
        let reading = async {
            while !String::from_utf8_lossy(&received).contains(wanted) {
                let mut piece = [0; 4096];
                let count = stdout.read(&mut piece).await.unwrap();
                assert_ne!(count, 0, "it ended");
                received.extend_from_slice(&piece[..count]);
            }
        };
        timeout(PATIENCE, reading).await.expect("nothing came");
    }

    /// Whether it ended by itself, in time, and complains; what it said.
    pub(super) async fn breaks_off(mut self) -> Result<String, String> {
        let status = timeout(Duration::from_secs(3), self.child.wait()).await;
        let mut said = String::new();
        match status {
            Err(_) => Err("it goes on".to_owned()),
            Ok(status) => {
                self.child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
                if status.unwrap().success() { Err("it ended as if it were whole".to_owned()) } else { Ok(said) }
            }
        }
    }
}

/// An HTTP/1.1 connection in openssl's hands.
pub(super) struct KeptAlive {
    _child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl KeptAlive {
    /// Whether one more request is answered.
    pub(super) async fn ask(&mut self, cookie: &str, target: &str) -> bool {
        if self.stdin.write_all(request(cookie, target, "keep-alive").as_bytes()).await.is_err() {
            return false;
        }
        let mut answer = vec![0; 65_536];
        match timeout(Duration::from_secs(3), self.stdout.read(&mut answer)).await {
            Ok(Ok(count @ 1..)) => String::from_utf8_lossy(&answer[..count]).contains("HTTP/1.1 200"),
            Ok(_) => false,
            Err(_) => panic!("neither an answer nor an end"),
        }
    }
}

/// A file to upload: no octet of it means anything.
pub(super) fn document(at: &Path, octets: usize) {
    std::fs::write(at, vec![0xa5; octets]).unwrap();
}
