//! Who issues and revokes is killed again and again, with a clock that jumps by days and years, and with a disk that is full.
//! No serial number is given twice, no certificate is out without its record, no revocation that was acknowledged is gone, and
//! nothing is accepted after its time (promises P3, P10).
//!
//! The one that is killed is this test itself as a process of its own: the registry over SQLite, the authority's key, and the
//! one order of `enrolment::issue`. What it has been told is done it prints; a line that is whole was an acknowledgement. After
//! each kill a gateway starts over what is there, and certificates are shown to it.
//! `SEKISHO_KILLS=5000` for the long run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command as Program, Stdio};
use std::time::Duration;

use ca::{
    AuthorityName, DeviceProfile, Host, Issued, Issuing, IssuingKey, LeafKey, Passphrase, Purpose, Root, RootKey,
    SystemRandom, reserve,
};
use enrolment::{Order, Taking, Term, issue};
use journal::testing::Dice;
use journal::{Journal, Place};
use model::lifecycle::certificate::State;
use model::{Author, Cause, DeviceId, FacilityId, Office, Profession, SerialNumber, Timestamp, UserId, UserKey};
use registry::{Administrator, Command, FacilityDetails, FacilityKind, Registry, Snapshot};

use super::presented::{Edge, LET_IN, SHUT_OUT, Showing, validity};
use super::{life_max, now};
use crate::world::node::vault;

const PASSPHRASE: &str = "correct horse battery";
const DAY: i64 = 86_400;
/// By how much the clock is wrong, in seconds; mostly it is right.
const CLOCKS: [i64; 8] = [0, 0, 0, 0, DAY, -DAY, 365 * DAY, -365 * DAY];
/// Certificates of one device, before another is taken.
const PER_DEVICE: usize = 40;

fn registry(folder: &Path) -> Registry {
    let journal = Journal::open(&Place::Sqlite { file: folder.join("registry.db") }).unwrap();
    Registry::open(journal, vault()).unwrap()
}

fn clerk() -> Author {
    Author::new(Office::CityClerk, "佐藤")
}

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE).unwrap()
}

/// Authorities that are valid whatever the clock says, and a facility with somebody who answers for its devices.
fn furnish(folder: &Path) -> Edge {
    let long_ago = now().plus_seconds(-400 * DAY);
    let (root_key, key) = (RootKey::generate().unwrap(), IssuingKey::generate().unwrap());
    let serial = || reserve(&SystemRandom::new(), &mut |_: &SerialNumber| Ok::<(), std::io::Error>(())).unwrap();
    let name = |text| AuthorityName::new("関所市", text).unwrap();
    let root = Root::create(&name("Root"), &root_key, serial(), long_ago).unwrap();
    let issuing =
        Issuing::create(Purpose::Devices, &name("Devices"), &key, serial(), long_ago, &root, &root_key).unwrap();
    std::fs::write(folder.join("root.pem"), root.pem()).unwrap();
    std::fs::write(folder.join("issuing.pem"), issuing.pem()).unwrap();
    std::fs::write(folder.join("issuing.key.pem"), key.seal(&passphrase(), &SystemRandom::new()).unwrap()).unwrap();
    std::fs::create_dir(folder.join("handed")).unwrap();
    std::fs::create_dir(folder.join("keys")).unwrap();
    let (registry, facility) = (registry(folder), FacilityId::new("F-1").unwrap());
    let details = FacilityDetails {
        name: "関所訪問看護ステーション".to_owned(),
        address: String::new(),
        phone: String::new(),
        kind: FacilityKind::NursingStation,
        publish_consent: false,
    };
    let holder = UserKey::new("K-1").unwrap();
    let administrator = Administrator { key: holder.clone(), name: "鈴木".to_owned() };
    for command in [
        Command::RegisterFacility { facility: facility.clone(), details, administrator },
        Command::ApproveFacility { facility: facility.clone(), reason: "適".to_owned() },
        Command::RegisterUser { user: holder.clone(), name: "鈴木".to_owned() },
        Command::GrantUserId {
            user_id: UserId::new("U-1").unwrap(),
            user: holder,
            facility,
            profession: Profession::Nurse,
            recognised_by: None,
        },
    ] {
        registry.execute(command, clerk(), long_ago).unwrap();
    }
    Edge::new(issuing.der().to_vec())
}

/// What is killed. Never ends by itself.
struct Desk {
    folder: std::path::PathBuf,
    registry: Registry,
    issuing: Issuing,
    key: IssuingKey,
    offset: i64,
    dice: Dice,
    device: Option<DeviceId>,
}

impl Desk {
    fn open(folder: &Path) -> Self {
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let root = Root::read(&read("root.pem")).unwrap();
        let issuing = Issuing::read(&read("issuing.pem"), &root).unwrap();
        let sealed = String::from_utf8(read("issuing.key.pem")).unwrap();
        let key = IssuingKey::open(&sealed, &passphrase()).unwrap();
        let number = |name: &str| std::env::var(name).unwrap().parse::<i64>().unwrap();
        let dice = Dice::new(u64::try_from(number("CRASH_SEED")).unwrap());
        let (folder, registry, offset) = (folder.to_owned(), registry(folder), number("CRASH_CLOCK"));
        Self { folder, registry, issuing, key, offset, dice, device: None }
    }

    fn now(&self) -> Timestamp {
        now().plus_seconds(self.offset)
    }

    /// A device with room for more certificates.
    fn device(&mut self) -> Result<DeviceId, String> {
        let snapshot = self.registry.snapshot();
        let room = |device: &DeviceId| snapshot.certificates_of(device).count() < PER_DEVICE;
        if let Some(device) = self.device.as_ref().filter(|device| room(device)) {
            return Ok(device.clone());
        }
        let device = DeviceId::new(&format!("D-{}", snapshot.devices().count() + 1)).unwrap();
        let loan = Command::RegisterDevice {
            device: device.clone(),
            label: "tablet".to_owned(),
            facility: FacilityId::new("F-1").unwrap(),
            holder: UserKey::new("K-1").unwrap(),
        };
        self.registry.execute(loan, clerk(), self.now()).map_err(|error| error.to_string())?;
        self.device = Some(device.clone());
        Ok(device)
    }

    fn issue(&mut self) -> Result<SerialNumber, String> {
        let device = self.device()?;
        let (now, author, key) = (self.now(), clerk(), LeafKey::generate().unwrap());
        let profile = DeviceProfile::new(Host::new("care.example").unwrap(), "http://crl.example/devices.crl").unwrap();
        let days = u16::try_from(1 + self.dice.below(180)).unwrap();
        let term = Term::of(profile.valid_for(days).unwrap(), &self.issuing, now).map_err(|error| error.to_string())?;
        let order = Order { device: &device, key: key.public(), taking: Taking::Office, author: &author, now };
        let out = |issued: &Issued| {
            std::fs::write(self.folder.join(format!("keys/{}", issued.serial())), key.pkcs8_der())?;
            let path = self.folder.join(format!("handed/{}", issued.serial()));
            // A number that is given twice finds its file.
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            file.write_all(issued.der())?;
            file.sync_all()
        };
        let issued = issue(&self.registry, (&self.issuing, &self.key), &term, &order, out);
        issued.map(|(issued, ())| issued.serial()).map_err(|error| error.to_string())
    }

    fn revoke(&mut self) -> Result<Option<SerialNumber>, String> {
        let snapshot = self.registry.snapshot();
        let standing: Vec<_> =
            snapshot.certificates().filter(|one| one.state == State::Active).map(|one| one.serial).collect();
        if standing.is_empty() {
            return Ok(None);
        }
        let serial = *self.dice.one_of(&standing);
        let command = Command::RevokeCertificate { serial, because: Cause::Lost };
        let done = self.registry.execute(command, clerk(), self.now());
        done.map(|_| Some(serial)).map_err(|error| error.to_string())
    }

    fn work(&mut self) {
        let say = |line: String| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
        };
        say("ready".to_owned());
        loop {
            match self.dice.below(4) {
                0 => match self.revoke() {
                    Ok(Some(serial)) => say(format!("revoked {serial}")),
                    Ok(None) => {}
                    Err(why) => say(format!("refused {why}")),
                },
                _ => match self.issue() {
                    Ok(serial) => say(format!("issued {serial}")),
                    Err(why) => say(format!("refused {why}")),
                },
            }
        }
    }
}

#[test]
#[ignore = "what the other tests here start and kill"]
fn child() {
    let Some(folder) = std::env::var_os("CRASH_FOLDER") else { return };
    Desk::open(Path::new(&folder)).work();
}

/// What the child has said, until it was killed.
#[derive(Default)]
struct Told {
    issued: BTreeSet<String>,
    revoked: BTreeSet<String>,
    refused: BTreeMap<String, usize>,
    newest_issued: Option<String>,
    newest_revoked: Option<String>,
    /// What certificates met at gateways, and how often.
    met: BTreeMap<&'static str, usize>,
}

impl Told {
    /// `limit`: most bytes of a file, in kB; the shell sees to it that the child is told so and not killed for it.
    fn run(&mut self, folder: &Path, clock: i64, seed: u64, life: Duration, limit: Option<u64>) {
        let exe = std::env::current_exe().unwrap();
        let script = match limit {
            Some(kilobytes) => format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\""),
            None => "exec \"$0\" \"$@\"".to_owned(),
        };
        let mut child: Child = Program::new("bash")
            .arg("-c")
            .arg(script)
            .arg(exe)
            .args(["--exact", "crash::issuing::child", "--ignored", "--nocapture"])
            .env("CRASH_FOLDER", folder)
            .env("CRASH_CLOCK", clock.to_string())
            .env("CRASH_SEED", seed.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 && line.trim_end() != "ready" {
            line.clear();
        }
        assert_eq!(line, "ready\n", "the child does not begin");
        let reading = std::thread::spawn(move || {
            let mut said = Vec::new();
            let mut line = String::new();
            while lines.read_line(&mut line).unwrap() > 0 {
                if line.ends_with('\n') {
                    said.push(line.trim_end().to_owned());
                }
                line.clear();
            }
            said
        });
        std::thread::sleep(life);
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reading.join().unwrap() {
            let (what, which) = line.split_once(' ').unwrap();
            match what {
                "issued" => {
                    assert!(self.issued.insert(which.to_owned()), "{which} is issued twice");
                    self.newest_issued = Some(which.to_owned());
                }
                "revoked" => {
                    self.revoked.insert(which.to_owned());
                    self.newest_revoked = Some(which.to_owned());
                }
                _ => *self.refused.entry(which.to_owned()).or_default() += 1,
            }
        }
    }

    /// Holds everything that was said against what is there.
    fn hold(&self, folder: &Path) {
        let registry = registry(folder);
        let snapshot = registry.snapshot();
        let known: BTreeMap<String, _> = snapshot.certificates().map(|one| (one.serial.to_string(), one)).collect();
        assert_eq!(known.len(), snapshot.certificates().count(), "a serial number twice");
        let handed: BTreeMap<String, Vec<u8>> = std::fs::read_dir(folder.join("handed"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
            .collect();
        for (serial, der) in &handed {
            let record = known.get(serial).unwrap_or_else(|| panic!("{serial} was handed out without its record"));
            // What is recorded opens; what was only signed when the end came does not.
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
            match record.fingerprint {
                Some(fingerprint) => assert_eq!(fingerprint, digest.as_ref(), "{serial}"),
                None => {
                    assert!(matches!(record.state, State::Reserved | State::Abandoned | State::Revoked), "{serial}")
                }
            }
        }
        for serial in &self.issued {
            assert!(known.get(serial).is_some_and(|one| one.fingerprint.is_some()), "{serial} was issued and is gone");
            assert!(handed.contains_key(serial), "{serial}");
        }
        for serial in &self.revoked {
            let record = known.get(serial).unwrap_or_else(|| panic!("{serial} was revoked and is gone"));
            assert!(record.revocation.is_some(), "{serial} was revoked and stands");
        }
    }

    /// Shows to a gateway: the newest that was issued, in its first second and in its last; the newest that was revoked; one
    /// after its end and one before its beginning, that stand; and one that went out and is not recorded as issued.
    fn show(&mut self, folder: &Path, edge: &Edge, dice: &mut Dice) {
        let snapshot = registry(folder).snapshot();
        let stands = |serial: &str| {
            let record = snapshot.certificate(&SerialNumber::parse(serial).unwrap());
            record.is_some_and(|record| record.state == State::Active)
        };
        let standing: Vec<&String> = self.issued.iter().filter(|serial| stands(serial)).collect();
        let mut showings = Vec::new();
        let mut show = |serial: &str, at| {
            let expected = self.expected(&snapshot, (folder, serial), at);
            showings.push(Showing { serial: serial.to_owned(), at, expected });
        };
        for serial in self.newest_issued.iter().chain(&self.newest_revoked) {
            let (first, last) = validity(folder, serial).unwrap();
            show(serial, first);
            show(serial, last);
        }
        if !standing.is_empty() {
            let (late, early) = (dice.one_of(&standing), dice.one_of(&standing));
            show(late, validity(folder, late).unwrap().1.plus_seconds(1));
            show(early, validity(folder, early).unwrap().0.plus_seconds(-1));
        }
        let unfinished =
            snapshot.certificates().filter(|one| one.fingerprint.is_none()).map(|one| one.serial.to_string());
        let handed = |serial: String| validity(folder, &serial).map(|(first, _)| (serial, first));
        if let Some((serial, first)) = unfinished.filter_map(handed).last() {
            show(&serial, first);
        }
        for showing in &showings {
            *self.met.entry(showing.expected).or_default() += 1;
        }
        edge.show(folder, showings);
    }

    /// What a certificate that was handed over must meet, by what was said of it, by what is recorded, and by its own times.
    fn expected(&self, snapshot: &Snapshot, (folder, serial): (&Path, &str), at: Timestamp) -> &'static str {
        let record = snapshot.certificate(&SerialNumber::parse(serial).unwrap()).unwrap();
        let (first, last) = validity(folder, serial).unwrap();
        if self.revoked.contains(serial) || record.revocation.is_some() {
            "certificate-revoked"
        } else if record.fingerprint.is_none() {
            assert!(!self.issued.contains(serial), "{serial} was issued and is not recorded as such");
            SHUT_OUT
        } else if last < at {
            "certificate-expired"
        } else if at < first {
            "certificate-not-yet-valid"
        } else {
            LET_IN
        }
    }
}

fn kills() -> u64 {
    std::env::var("SEKISHO_KILLS").ok().map_or(40, |text| text.parse().unwrap())
}

#[test]
fn nothing_is_lost_while_certificates_are_issued_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let edge = furnish(folder.path());
    let mut dice = Dice::new(42);
    let mut told = Told::default();
    for kill in 0..kills() {
        let clock = *dice.one_of(&CLOCKS);
        let life = life_max().mul_f64(dice.number(600) as f64 / 1000.0);
        told.run(folder.path(), clock, kill, life, None);
        told.show(folder.path(), &edge, &mut dice);
        if kill % 50 == 49 {
            told.hold(folder.path());
        }
    }
    told.hold(folder.path());
    let (issued, revoked) = (told.issued.len(), told.revoked.len());
    println!("{} kills: {issued} issued, {revoked} revoked, {:?}, {:?}", kills(), told.refused, told.met);
    for met in [LET_IN, "certificate-revoked", "certificate-expired", "certificate-not-yet-valid"] {
        assert!(told.met.contains_key(met), "nothing met {met}: {:?}", told.met);
    }
    assert!(told.issued.len() > 10 && !told.revoked.is_empty(), "too little happened to prove anything");
}

/// A file that may not grow stands for a disk that is full: SQLite is told the same by the system.
#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let edge = furnish(folder.path());
    let mut dice = Dice::new(7);
    let mut told = Told::default();
    told.run(folder.path(), 0, 1, Duration::from_millis(400), None);
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).map_or(0, |file| file.len());
    for round in 0..6 {
        let limit = (size("registry.db").max(size("registry.db-wal")) / 1024) + dice.number(24);
        told.run(folder.path(), 0, 100 + round, Duration::from_millis(700), Some(limit));
        told.show(folder.path(), &edge, &mut dice);
        told.hold(folder.path());
    }
    let refused: usize = told.refused.values().sum();
    println!("{} issued, {} revoked, {:?}", told.issued.len(), told.revoked.len(), told.refused);
    assert!(refused > 0, "the disk was never full");
    // With room again, it goes on.
    let before = told.issued.len();
    told.run(folder.path(), 0, 999, Duration::from_millis(900), None);
    told.show(folder.path(), &edge, &mut dice);
    told.hold(folder.path());
    assert!(told.issued.len() > before);
}
