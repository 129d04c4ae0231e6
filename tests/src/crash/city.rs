//! A city of real programs: its data folder, its store, its terminals, and its server, started again and again.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command as Program, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;
use journal::{Journal, Place};
use model::{Author, Office, UserId};
use registry::{Command, PasswordCheck, Registry, Vault};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::{AT_WORK, COMING_AND_GOING, now};
use crate::world::{CARE, Http, Keys, PASSWORD, Ports, Terminal, Tls, city};

const PASSPHRASE: &str = "correct horse battery";

/// A program that does not outlive the test.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A data folder, its store, and what starts its server.
pub(crate) struct City {
    pub(crate) folder: tempfile::TempDir,
    ports: Ports,
    _store: Killed,
}

/// Where our programs are: beside this one.
pub(super) fn programs() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}

/// A program of ours, built from the source as it is: one left from yesterday would be killed in its place.
pub(crate) fn program(name: &str) -> PathBuf {
    let folder = programs();
    let mut cargo = Program::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--locked", "--package", name]).current_dir(crate::house::root());
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "`{name}` could not be built");
    folder.join(name)
}

/// Built once, started often.
pub(crate) static SEKISHO: LazyLock<PathBuf> = LazyLock::new(|| program("sekisho"));

impl City {
    pub(crate) fn found() -> (Self, Registry) {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports::row(4);
        let port = ports.first().port();
        let store = Program::new(program("backend-stub"))
            .args(["--listen", &format!("127.0.0.1:{}", port + 3), "--requests-kept", "0"])
            .args(["--jwks-url", &format!("http://127.0.0.1:{}/.well-known/jwks.json", port + 1)])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let city = Self { folder, ports, _store: Killed(store) };
        city.run(&["init", "--port-base", &port.to_string()]);
        let registry = city.registry();
        let passwords: HashMap<UserId, String> = city::enter(&registry).into_iter().collect();
        let terminals = city.folder.path().join("terminals");
        std::fs::create_dir(&terminals).unwrap();
        for name in AT_WORK.into_iter().chain([COMING_AND_GOING]) {
            let user_id = UserId::new(&format!("U-{name}")).unwrap();
            let PasswordCheck::Right { verified, .. } = registry.verify_password(&user_id, &passwords[&user_id]) else {
                panic!("the first password of {user_id} is not right");
            };
            let command = Command::ChangePassword { current: verified, new: Zeroizing::new(PASSWORD.to_owned()) };
            registry.execute(command, Author::new(Office::User, user_id.as_str()), now()).unwrap();
            city.run(&["device", "certificate", &format!("D-{name}"), "--out", terminals.to_str().unwrap()]);
        }
        (city, registry)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("city")
    }

    pub(super) fn place(&self, which: &str) -> Place {
        Place::Sqlite { file: self.root().join("data").join(which) }
    }

    /// A handle of our own on the journal that the server serves from.
    pub(super) fn registry(&self) -> Registry {
        let text = std::fs::read_to_string(self.root().join("keys/credential.key")).unwrap();
        let key = base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap();
        let journal = Journal::open_existing(&self.place("registry.db")).unwrap();
        let key: [u8; 32] = key.try_into().unwrap();
        Registry::open(journal, Vault::new(&key).unwrap()).unwrap()
    }

    pub(super) fn sekisho(&self, arguments: &[&str]) -> Program {
        let mut command = Program::new(SEKISHO.as_path());
        command.arg("--data").arg(self.root()).args(arguments).stdin(Stdio::null());
        command
            .env("SEKISHO_CA_PASSPHRASE", PASSPHRASE)
            .env("SEKISHO_AS", "city-clerk:test")
            .env("SEKISHO_LOG", "warn");
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) {
        let output = self.sekisho(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts the server and waits until it says where it listens.
    pub(crate) fn serve(&self) -> (Killed, BufReader<ChildStdout>) {
        let said = self.folder.path().join("server.log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&said).unwrap();
        let mut child = self.sekisho(&["serve"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let server = Killed(child);
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let log = || std::fs::read_to_string(&said).unwrap_or_default();
        assert!(line.starts_with("sekisho: clients on "), "the server did not start again: {line}{}", log());
        (server, out)
    }

    pub(crate) fn terminal(&self, name: &str) -> Terminal {
        let file = self.folder.path().join(format!("terminals/D-{name}.pem"));
        let chain = CertificateDer::pem_file_iter(&file).unwrap().map(Result::unwrap).collect();
        let keys = Keys { chain, key: PrivateKeyDer::from_pem_file(&file).unwrap() };
        let root = CertificateDer::from_pem_file(self.root().join("keys/root.pem")).unwrap();
        Terminal::speaking(self.ports.first(), CARE, &root, Some(&keys), Http::One, Tls::V13)
    }
}
