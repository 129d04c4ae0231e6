//! The authority, judged by strangers: openssl, NSS and Java read what it makes.

mod artefacts;
mod chain;
mod fuzz;
mod issuing;
mod keys;
mod linting;
mod lists;
mod ocsp;
mod requests;
mod speed;
mod terminals;
mod weak;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use model::{DeviceId, SerialNumber, Timestamp};

use crate::{
    AuthorityName, DeviceProfile, Host, Issued, Issuing, IssuingKey, LeafKey, Purpose, RecordedNumber, RecordedSerial,
    Root, RootKey, SystemRandom, prepare, reserve,
};

/// A number of revocation lists, as if it had been recorded.
fn numbered(number: u64) -> RecordedNumber {
    RecordedNumber::next(|| Ok::<_, Infallible>(number)).unwrap()
}

/// A root with one issuing authority of each purpose, and a folder for strangers to read from.
struct House {
    folder: tempfile::TempDir,
    root_key: RootKey,
    root: Root,
    key: IssuingKey,
    issuing: Issuing,
    server_key: IssuingKey,
    servers: Issuing,
}

impl House {
    fn build() -> House {
        let (root_key, key, server_key) =
            (RootKey::generate().unwrap(), IssuingKey::generate().unwrap(), IssuingKey::generate().unwrap());
        let root = Root::create(&name("Root 2026"), &root_key, serial(), now()).unwrap();
        let make = |purpose, text: &str, key| {
            Issuing::create(purpose, &name(text), key, serial(), now(), &root, &root_key).unwrap()
        };
        let issuing = make(Purpose::Devices, "Devices 2026", &key);
        let servers = make(Purpose::Servers, "Servers 2026", &server_key);
        let folder = tempfile::tempdir().unwrap();
        let house = House { folder, root_key, root, key, issuing, server_key, servers };
        house.put("root.pem", house.root.pem());
        house.put("issuing.pem", house.issuing.pem());
        house.put("servers.pem", house.servers.pem());
        house
    }

    /// A certificate for `device`, with a key made here.
    fn device(&self, device: &str) -> (Issued, LeafKey) {
        let key = LeafKey::generate().unwrap();
        let device = DeviceId::new(device).unwrap();
        let prepared = prepare(&profile(), &device, key.public(), serial(), now(), &self.issuing).unwrap();
        (prepared.issue(&self.key).unwrap(), key)
    }

    fn put(&self, file: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        text(&path)
    }

    fn path(&self, file: &str) -> String {
        text(&self.folder.path().join(file))
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn name(common_name: &str) -> AuthorityName {
    AuthorityName::new("関所市 連携情報", common_name).unwrap()
}

fn profile() -> DeviceProfile {
    DeviceProfile::new(Host::new("gate.sekisho.example").unwrap(), "http://status.sekisho.example/crl/devices.crl")
        .unwrap()
}

/// The strangers have clocks, so the tests have one.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn serial() -> RecordedSerial {
    reserve(&SystemRandom::new(), &mut |_: &SerialNumber| Ok::<(), Infallible>(())).unwrap()
}

fn run(program: &str, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } =
        Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").output().unwrap();
    (status.success(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

/// Runs openssl and expects success.
fn openssl(arguments: &[&str]) -> String {
    let (fine, output) = run("openssl", arguments);
    assert!(fine, "openssl {arguments:?}: {output}");
    output
}

/// Runs openssl and expects failure.
fn openssl_refuses(arguments: &[&str]) -> String {
    let (fine, output) = run("openssl", arguments);
    assert!(!fine, "openssl {arguments:?} should have failed: {output}");
    output
}

/// Whether a stranger is installed; a test that needs it says so when it is not.
fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder: PathBuf| folder.join(program).is_file()));
    if !found {
        eprintln!("{program} is not installed: its part of this test is left out");
    }
    found
}

fn contains(output: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(output.contains(text), "`{text}` is missing in:\n{output}");
    }
}
