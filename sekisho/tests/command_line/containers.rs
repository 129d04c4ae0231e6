//! A container that is fetched once by a link: two sheets, two encodings, and what openssl, Java and NSS say to them.

use std::process::Command;

use crate::office::Office;
use crate::support::{curl, mode, text, wait};

/// What the office hands over: code, password, and the link of the first sheet.
struct Sheets {
    code: String,
    password: String,
    page: String,
}

fn offered(office: &Office, name: &str) -> Sheets {
    let sheet = office.path(name);
    let said = office.city.json(&format!("device container D-1 --password-sheet {sheet}"));
    let second = std::fs::read_to_string(&sheet).unwrap();
    assert_eq!(mode(&office.city.path(name)), 0o600);
    let line = second.lines().find(|line| line.contains("password")).unwrap();
    let password = line.rsplit(' ').next().unwrap().to_owned();
    let page = said[0]["page"].as_str().unwrap().to_owned();
    assert!(!said[0].to_string().contains(&password), "the password is on the second sheet only");
    Sheets { code: said[0]["code"].as_str().unwrap().to_owned(), password, page }
}

fn fetch(office: &Office, code: &str, password: &str, more: &[&str], to: &str) -> u16 {
    let (root, to) = (office.path("keys/root.pem"), office.path(to));
    let url = format!("https://care.sekisho.localhost:{}/enrol/container", office.server.port("terminals"));
    let fields = [format!("code={code}"), format!("password={password}")];
    let form = ["--cacert", &root, "-o", &to, "-d", "device=D-1", "-d", &fields[0], "-d", &fields[1]];
    curl(&[form.as_slice(), more, &[url.as_str()]].concat()).1
}

/// What a program says, which must succeed.
fn run(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{program} {words:?}: {said}");
    said
}

#[test]
fn a_link_gives_one_container_and_needs_both_sheets() {
    let office = Office::open();
    let Sheets { code, password, page } = offered(&office, "sheet");
    assert!(
        office
            .city
            .refused(&format!("device container D-1 --password-sheet {}", office.path("sheet")))
            .contains("is there already")
    );
    let root = office.path("keys/root.pem");
    let at = page.replace(":0/", &format!(":{}/", office.server.port("terminals")));
    // Looking at the link, as mail programs do, uses nothing up, and shows no password.
    for _ in 0..3 {
        let (shown, status) = curl(&["--cacert", &root, &at]);
        assert!(status == 200 && shown.contains("パスワード") && !shown.contains(&password), "{shown}");
        assert!(shown.contains("value=\"current\" checked"), "{shown}");
    }
    let (shown, _) = curl(&["--cacert", &root, "-A", "Mozilla/5.0 (iPad; CPU OS 14_4 like Mac OS X)", &at]);
    assert!(shown.contains("value=\"older\" checked"), "{shown}");
    // One sheet is nothing; neither is the code at another door.
    let other = office.city.json("device code D-1");
    let Sheets { code: second_code, password: second, .. } = offered(&office, "sheet-2");
    assert_eq!(fetch(&office, other[0]["code"].as_str().unwrap(), &second, &[], "none"), 403, "of another kind");
    assert_eq!(fetch(&office, &second_code, &password, &[], "none"), 403, "of the sheet before");
    office.request("new", crate::office::P256);
    assert_eq!(office.by_code("D-1", &second_code, "new").1, 401);
    assert_eq!(fetch(&office, &second_code, &second[1..], &[], "none"), 403, "mistyped");
    assert_eq!(fetch(&office, &code, &password, &[], "none"), 403, "over");
    // Typed as people type.
    assert_eq!(
        fetch(&office, &second_code.to_lowercase(), &second.to_lowercase().replace('-', ""), &[], "D-1b.p12"),
        200
    );
    let pass = format!("pass:{second}");
    let inside = run("openssl", &["pkcs12", "-in", &office.path("D-1b.p12"), "-passin", &pass, "-nodes"]);
    assert_eq!(inside.matches("BEGIN CERTIFICATE").count(), 3, "{inside}");
    std::fs::write(office.city.path("fetched.pem"), &inside).unwrap();
    let shown = office.city.openssl("x509 -in @fetched.pem -noout -ext certificatePolicies -checkend 33000000");
    assert!(shown.contains("13196697.1.4"), "the least sure level, for thirteen months: {shown}");
    wait(|| office.served("fetched.pem", "fetched.pem") == 200);
    assert_eq!(fetch(&office, &second_code, &second, &[], "none"), 403, "used");
    // Whoever has a copy does not rise by renewing with it.
    let by = office.path("fetched.pem");
    assert_eq!(office.post("simplereenroll", &["--cert", &by], "new").1, 200);
    let renewed = office.city.openssl("x509 -in @new.pem -noout -ext certificatePolicies");
    assert!(renewed.contains("13196697.1.4"), "{renewed}");
    let told = office.city.say("registry log");
    assert!(told.contains("offer-enrolment") && told.contains("container"), "{told}");
}

#[test]
fn five_wrong_passwords_end_the_link() {
    let office = Office::open();
    let before = offered(&office, "a");
    let Sheets { code, password, .. } = offered(&office, "b");
    for _ in 0..5 {
        assert_eq!(fetch(&office, &code, &before.password, &[], "none"), 403);
    }
    assert_eq!(fetch(&office, &code, &password, &[], "none"), 403);
}

#[test]
fn others_read_both_encodings() {
    let office = Office::open();
    for (encoding, shown) in [("current", "PBES2"), ("older", "pbeWithSHA1And3-KeyTripleDES-CBC")] {
        let Sheets { code, password, .. } = offered(&office, &format!("sheet-{encoding}"));
        let name = format!("{encoding}.p12");
        assert_eq!(fetch(&office, &code, &password, &["-d", &format!("encoding={encoding}")], &name), 200);
        let (file, pass) = (office.path(&name), format!("pass:{password}"));
        let legacy: &[&str] = if encoding == "older" { &["-legacy"] } else { &[] };
        let said = run("openssl", &[&["pkcs12", "-info", "-noout", "-in", &file, "-passin", &pass], legacy].concat());
        assert!(said.contains(shown), "{said}");
        let listed = run("keytool", &["-list", "-storetype", "PKCS12", "-keystore", &file, "-storepass", &password]);
        assert!(listed.contains("PrivateKeyEntry"), "{listed}");
        let store = office.path(&format!("nss-{encoding}"));
        std::fs::create_dir(&store).unwrap();
        run("certutil", &["-N", "-d", &store, "--empty-password"]);
        run("pk12util", &["-i", &file, "-d", &store, "-W", &password, "-K", ""]);
        let kept = run("certutil", &["-K", "-d", &store]);
        assert!(kept.contains("D-1"), "{kept}");
    }
}
