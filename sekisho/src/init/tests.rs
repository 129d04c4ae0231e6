//! A data folder is whole, private, and made once.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use ca::SystemRandom;

use super::*;

fn plan() -> Plan {
    Plan {
        city: "Joto City".to_owned(),
        care_host: "care.example".to_owned(),
        public_host: "www.example".to_owned(),
        port_base: 9443,
        list_url: None,
        postgres: None,
        witnesses: vec![],
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T14:05:00+09:00").unwrap()
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery").unwrap()
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "openssl {arguments:?}: {out}{err}");
    out.into_owned()
}

#[test]
fn a_folder_is_made_whole_and_once() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("sekisho");
    let made = init(&root, &plan(), (&passphrase(), &passphrase()), now()).unwrap();
    let settings = Settings::load(&made.settings).unwrap();
    assert_eq!(settings.hosts.care, "care.example");
    assert_eq!(settings.listen.office.port(), 9445);
    assert_eq!(settings.store.servers[0].name, "http://127.0.0.1:9446");
    assert_eq!(made.server_until.as_seconds() / 86_400, now().plus_seconds(397 * 86_400 - 300).as_seconds() / 86_400);

    for path in settings.secret_files() {
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    for folder in [root.clone(), root.join("keys"), root.join("data")] {
        folder::check_folder(&folder).unwrap();
    }
    assert_eq!(secrets::read_key(&settings.keys.session).unwrap().len(), 32);
    secrets::server_key(&settings.tls.certificate, &settings.tls.key).unwrap();
    journal::Journal::open_existing(&settings.journal.registry()).unwrap();

    let path = |name: &str| root.join("keys").join(name).display().to_string();
    let at = now().as_seconds().to_string();
    let verified = openssl(&[
        "verify",
        "-x509_strict",
        "-attime",
        &at,
        "-purpose",
        "sslserver",
        "-verify_hostname",
        "www.example",
        "-CAfile",
        &path("root.pem"),
        "-untrusted",
        &path("server-issuing.pem"),
        &path("server.pem"),
    ]);
    assert!(verified.contains(": OK"), "{verified}");
    openssl(&["pkey", "-in", &path("issuing.key.pem"), "-passin", "pass:correct horse battery", "-noout"]);

    // The transcript names each serial number before the certificate that has it, the root's too.
    let transcript = std::fs::read_to_string(path("ceremony.txt")).unwrap();
    assert_eq!(transcript.lines().filter(|line| line.contains(" serial ")).count(), 4, "{transcript}");
    let root_certificate = ca::Root::read(&std::fs::read(path("root.pem")).unwrap()).unwrap();
    let number = transcript.find(&format!(" serial {} for root", root_certificate.serial())).unwrap();
    assert!(number < transcript.find(&made.root_fingerprint).unwrap(), "{transcript}");

    let before = std::fs::read(path("root.key.pem")).unwrap();
    let again = init(&root, &plan(), (&passphrase(), &passphrase()), now()).unwrap_err();
    assert!(matches!(again, Error::Exists(_)), "{again}");
    assert_eq!(before, std::fs::read(path("root.key.pem")).unwrap());
}

#[test]
fn the_settings_name_the_database() {
    let plan = Plan { postgres: Some("postgresql:///\"x\"?host=/run".to_owned()), ..plan() };
    let settings = Settings::parse(&settings_text(&plan).unwrap(), Path::new("x")).unwrap();
    assert_eq!(settings.journal, crate::settings::JournalPlace::Postgres("postgresql:///\"x\"?host=/run".to_owned()));
}

#[test]
fn the_settings_name_where_the_list_is_found() {
    let with = |list_url: Option<&str>| Plan { list_url: list_url.map(str::to_owned), ..plan() };
    let switched_on = settings_text(&plan()).unwrap().replace("# enrolment = ", "enrolment = ");
    let settings = Settings::parse(&switched_on, Path::new("x")).unwrap();
    assert_eq!(settings.listen.enrolment.unwrap().port(), 9450);
    let read = |plan: &Plan| Settings::parse(&settings_text(plan).unwrap(), Path::new("x"));
    let url = |plan: &Plan| read(plan).unwrap().ca.unwrap().issuer.list_url;
    assert_eq!(url(&with(None)), "http://127.0.0.1:9445/crl/devices.crl");
    assert_eq!(url(&with(Some("http://crl.example/devices.crl"))), "http://crl.example/devices.crl");
    assert!(read(&with(Some("ftp://crl.example/x"))).unwrap_err().to_string().contains("ca.list_url"));
}

#[test]
fn a_wrong_plan_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("sekisho");
    for wrong in [
        Plan { care_host: "Care Host".to_owned(), ..plan() },
        Plan { public_host: "care.example".to_owned(), ..plan() },
        Plan { care_host: "x\"\nworkers = 3 #".to_owned(), ..plan() },
        Plan { port_base: 65_534, ..plan() },
        Plan { city: String::new(), ..plan() },
        Plan { witnesses: vec!["Ito\nMori".to_owned()], ..plan() },
        // Found out when all keys are made.
        Plan { postgres: Some("postgresql:///x?host=/nowhere".to_owned()), ..plan() },
    ] {
        assert!(init(&root, &wrong, (&passphrase(), &passphrase()), now()).is_err(), "{wrong:?}");
        assert!(!root.exists(), "{wrong:?}");
    }
    let nameless = init(&root, &Plan { city: " ".to_owned(), ..plan() }, (&passphrase(), &passphrase()), now());
    assert!(nameless.unwrap_err().to_string().contains("is no name of a city"));
}

#[test]
fn what_a_crash_left_is_named_and_a_folder_of_others_is_kept() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("sekisho");
    folder::make(&root).unwrap();
    let failing = Plan { postgres: Some("postgresql:///x?host=/nowhere".to_owned()), ..plan() };
    assert!(init(&root, &failing, (&passphrase(), &passphrase()), now()).is_err());
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0, "what was there before is there, and nothing else");
    folder::make(&root.join("keys")).unwrap();
    let half = init(&root, &plan(), (&passphrase(), &passphrase()), now()).unwrap_err().to_string();
    assert!(half.contains("did not end") && half.contains("keys`") && half.contains("data`"), "{half}");
    std::fs::remove_dir(root.join("keys")).unwrap();
    let watched = Plan { witnesses: vec!["Ito".to_owned(), "Mori".to_owned()], ..plan() };
    init(&root, &watched, (&passphrase(), &passphrase()), now()).unwrap();
    let transcript = std::fs::read_to_string(root.join("keys/ceremony.txt")).unwrap();
    assert!(transcript.contains(" witnessed by Ito, Mori #"), "{transcript}");
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("session.key");
    secrets::make_key(&path, &SystemRandom::new()).unwrap();
    assert!(secrets::read_key(&path).is_ok());
    for mode in [0o640, 0o604, 0o620, 0o666] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(secrets::read_key(&path), Err(Error::Open { .. })), "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "AAAA").unwrap();
    assert!(matches!(secrets::read_key(&path), Err(Error::NotA { .. })));
    assert!(matches!(secrets::make_key(&path, &SystemRandom::new()), Err(Error::Exists(_))));
}
