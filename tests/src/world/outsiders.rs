//! Programs of others that speak for a terminal: where the gateway is and what is shown to it, in files and in their environment.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CARE, Keys, World};

/// What programs of others are started with.
pub(crate) struct Outsiders {
    folder: tempfile::TempDir,
    port: u16,
    cookie: String,
}

/// The interpreter of `tests/live/install.sh`. Without a package index there is none, and the gate says so.
pub(crate) fn python() -> Option<PathBuf> {
    let python = crate::house::root().join("target/tools/live/bin/python3");
    if python.exists() {
        return Some(python);
    }
    assert!(std::env::var_os("SEKISHO_WITHOUT_CORPORA").is_some(), "run tests/live/install.sh first");
    None
}

fn pem(kind: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

impl Outsiders {
    pub(crate) fn new(world: &World, keys: &Keys, cookie: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write("root.pem", pem("CERTIFICATE", &world.authority.root_der()));
        write("certificate.pem", keys.chain.iter().map(|der| pem("CERTIFICATE", der)).collect());
        write("key.pem", pem("PRIVATE KEY", keys.key.secret_der()));
        Self { folder, port: world.address.port(), cookie: cookie.to_owned() }
    }

    /// A script of `tests/live`, ready to be run.
    pub(crate) fn script(&self, python: &PathBuf, name: &str) -> Command {
        let file = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(python);
        command
            .arg(crate::house::root().join("tests/live").join(name))
            .env("SEKISHO_HOST", CARE)
            .env("SEKISHO_PORT", self.port.to_string())
            .env("SEKISHO_COOKIE", &self.cookie)
            .env("SEKISHO_ROOT", file("root.pem"))
            .env("SEKISHO_CERTIFICATE", file("certificate.pem"))
            .env("SEKISHO_KEY", file("key.pem"))
            .env("PYTHONIOENCODING", "utf-8")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    }
}

/// What it printed, once it has ended well.
pub(crate) async fn printed(mut command: Command) -> String {
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
