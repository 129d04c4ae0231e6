//! The next issuing authority: its key in a file or in a token, certified by a root that is elsewhere. Terminals notice nothing.

use std::process::Command;

use crate::support::{City, Server, curl, text};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

fn read(city: &City, name: &str) -> String {
    std::fs::read_to_string(city.path(name)).unwrap()
}

/// The root's key in a folder of its own, as on a machine without a network; the server's own is gone.
fn take_the_root_away(city: &City) -> tempfile::TempDir {
    let safe = tempfile::tempdir().unwrap();
    let keys = safe.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    for name in ["root.pem", "root.key.pem", "ceremony.txt"] {
        std::fs::copy(city.path(&format!("keys/{name}")), keys.join(name)).unwrap();
    }
    std::fs::remove_file(city.path("keys/root.key.pem")).unwrap();
    safe
}

/// The second safe, as it was when the first was filled.
fn take_a_copy(safe: &tempfile::TempDir) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("keys")).unwrap();
    for file in std::fs::read_dir(safe.path().join("keys")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join("keys").join(file.file_name())).unwrap();
    }
    copy
}

/// Where the root is: there are no settings and no registry.
fn sign(city: &City, safe: &tempfile::TempDir, request: &str, key: &str, out: &str) -> std::process::Output {
    let mut sign = city.command_at(safe.path());
    let words = ["--json", "authority", "sign", request, "--expect-key", key, "--out", out];
    sign.args(words).args(["--witness", "Ito Hanako", "--witness", "Mori"]).output().unwrap()
}

/// From a key to settings that name the new authority.
fn roll_over(city: &City, safe: &tempfile::TempDir, key: &str) {
    let path = |name: &str| city.path(name).display().to_string();
    let (request, certificate) = (path("keys/next.csr"), path("keys/next.pem"));
    let made = &city.json(&format!("authority new-key --key {key} --request {request}"))[0];
    let public = made["public_sha256"].as_str().unwrap();
    let output = sign(city, safe, &request, public, &certificate);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let signed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(signed["public_sha256"], public);
    let transcript = std::fs::read_to_string(safe.path().join("keys/ceremony.txt")).unwrap();
    assert!(transcript.contains(" witnessed by Ito Hanako, Mori #"), "{transcript}");
    assert!(transcript.contains(public) && transcript.trim_end().ends_with(signed["transcript"].as_str().unwrap()));
    let told = &city.json(&format!("authority adopt {certificate} --key {key}"))[0];
    let tables = told["settings"].as_str().unwrap();
    let (tls, ca) = tables.split_once("\n\n").unwrap();
    let old = read(city, "sekisho.toml");
    let trusted = tls.lines().last().unwrap();
    let (head, rest) = old.split_once("[ca]\n").unwrap();
    let rest = rest.split_once("\n[").unwrap().1;
    let head = head.replace("device_issuers = [\"keys/issuing.pem\"]", trusted);
    assert!(head.contains(trusted), "{trusted}");
    std::fs::write(city.path("sekisho.toml"), format!("{head}{ca}\n[{rest}")).unwrap();
    let said = city.say("check");
    assert!(said.contains("ok: former issuing certificate") && !said.contains("fault"), "{said}");
}

/// Everything that has to go on for a terminal of before, and to be so for one of after.
fn both_are_served(city: &City) {
    let out = city.path(".").display().to_string();
    city.json(&format!("device add --id D-2 --facility F-1 --holder K-1 --label Phone --out {out}"));
    let server = Server::start(city, &[], 3);
    let root = city.path("keys/root.pem").display().to_string();
    let care = format!("https://care.sekisho.localhost:{}/.sekisho/sign-in", server.port("clients"));
    let served = |pem: &str| curl(&["--cacert", &root, "--cert", &city.path(pem).display().to_string(), &care]).1;
    assert_eq!((served("D-1.pem"), served("D-2.pem")), (200, 200));
    let list_of = |device: &str| {
        let shown = city.openssl(&format!("x509 -in @{device}.pem -noout -ext crlDistributionPoints"));
        let url = shown.split("URI:").nth(1).unwrap().trim().to_owned();
        let path = url.strip_prefix("http://crl.example").unwrap();
        format!("http://127.0.0.1:{}/crl{path}", server.port("office"))
    };
    let (old, new) = (list_of("D-1"), list_of("D-2"));
    assert_ne!(old.rsplit_once('/').unwrap().0, new.rsplit_once('/').unwrap().0);
    city.openssl("x509 -in @D-1.pem -out @leaf-1.pem");
    city.openssl("x509 -in @D-2.pem -out @leaf-2.pem");
    // A stranger checks each against the list that it names, before and after it is revoked.
    let checked = |leaf: &str, issuer: &str, url: &str| {
        curl(&[
            "-f",
            "--retry",
            "20",
            "--retry-delay",
            "1",
            "--retry-all-errors",
            "-o",
            &city.path("list.der").display().to_string(),
            url,
        ]);
        city.openssl("crl -inform DER -in @list.der -out @list.pem");
        let path = |name: &str| city.path(name).display().to_string();
        let done = Command::new("openssl")
            .args(["verify", "-crl_check", "-CAfile", &path("keys/root.pem"), "-untrusted", &path(issuer)])
            .args(["-CRLfile", &path("list.pem"), &path(leaf)])
            .output()
            .unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    assert!(checked("leaf-1.pem", "keys/issuing.pem", &old).0);
    assert!(checked("leaf-2.pem", "keys/next.pem", &new).0);
    for device in ["D-1", "D-2"] {
        city.json(&format!("revoke --device {device} --because stolen"));
    }
    for (leaf, issuer, url) in [("leaf-1.pem", "keys/issuing.pem", &old), ("leaf-2.pem", "keys/next.pem", &new)] {
        let refused = (0..50).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            checked(leaf, issuer, url).1.contains("certificate revoked")
        });
        assert!(refused, "{leaf}");
    }
    server.stop();
}

#[test]
fn a_new_issuing_authority_touches_no_terminal() {
    let city = City::at_work();
    let safe = take_the_root_away(&city);
    let key = city.path("keys/next.key.pem").display().to_string();
    roll_over(&city, &safe, &key);
    both_are_served(&city);
    let listed = city.json("authority list");
    let kinds: Vec<_> = listed.iter().map(|one| one["is"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["root", "issuing", "former", "servers"]);
    let own =
        city.openssl("x509 -in @keys/server-issuing.pem -noout -fingerprint -sha256").replace(':', "").to_lowercase();
    assert!(own.contains(listed[3]["fingerprint_sha256"].as_str().unwrap()));
    // A key of somebody else's certificate is found out before it is adopted.
    let (other, request) =
        (city.path("other.key.pem").display().to_string(), city.path("other.csr").display().to_string());
    city.json(&format!("authority new-key --key {other} --request {request}"));
    let certificate = city.path("keys/next.pem").display().to_string();
    assert!(city.refused(&format!("authority adopt {certificate} --key {key}")).contains("in the settings already"));
    // Where the root's key is not, nothing is signed.
    let out = city.path("x.pem").display().to_string();
    let public = "0".repeat(64);
    let refused = city.refused(&format!("authority sign {request} --expect-key {public} --out {out}"));
    assert!(refused.contains("and 000") && refused.contains("was expected"), "{refused}");
    let public = &city.json(&format!("authority new-key --key {out}.key --request {out}.csr"))[0]["public_sha256"];
    let words = format!("authority sign {out}.csr --expect-key {} --out {out}", public.as_str().unwrap());
    assert!(city.refused(&words).contains("root.key.pem"));
    // The second of a year has a name of its own; a key of somebody else's certificate is found out before it is adopted.
    let output = sign(&city, &safe, &format!("{out}.csr"), public.as_str().unwrap(), &out);
    let signed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(signed["name"].as_str().unwrap().ends_with("-2"), "{signed}");
    assert!(city.refused(&format!("authority adopt {out} --key {other}")).contains("belong"));
}

/// Whatever the root signs here issues for every terminal: a tablet's request looks like an authority's.
#[test]
fn the_root_signs_for_the_key_that_was_read_out_and_for_no_other() {
    let city = City::new();
    let safe = take_the_root_away(&city);
    city.openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout @tablet.key -out @tablet.csr -subj /CN=tablet",
    );
    let path = |name: &str| city.path(name).display().to_string();
    let made = &city.json(&format!("authority new-key --key {} --request {}", path("n.key"), path("n.csr")))[0];
    let (meant, out) = (made["public_sha256"].as_str().unwrap(), path("out.pem"));
    let before = std::fs::read(safe.path().join("keys/ceremony.txt")).unwrap();
    let output = sign(&city, &safe, &path("tablet.csr"), meant, &out);
    assert!(!output.status.success() && text(&output.stderr).contains("was expected; nothing was signed"));
    let mut bare = city.command_at(safe.path());
    let bare = bare.args(["authority", "sign", &path("tablet.csr"), "--out", &out]).output().unwrap();
    assert!(text(&bare.stderr).contains("--expect-key"), "{}", text(&bare.stderr));
    assert_eq!(before, std::fs::read(safe.path().join("keys/ceremony.txt")).unwrap());
    assert!(!city.path("out.pem").exists());
    // As somebody types it who had it read out.
    let read_out = meant.to_uppercase().as_bytes().chunks(8).map(text).collect::<Vec<_>>().join(" ");
    assert!(sign(&city, &safe, &path("n.csr"), &read_out, &out).status.success());
}

/// One transcript tells of all that the root has signed, wherever its key was used.
#[test]
fn all_that_the_root_signs_stands_beside_its_key() {
    let city = City::new();
    let safe = take_the_root_away(&city);
    let second = take_a_copy(&safe);
    let at = |safe: &tempfile::TempDir, name: &str| safe.path().join("keys").join(name).display().to_string();
    let (one, two) = (at(&safe, "ceremony.txt"), at(&second, "ceremony.txt"));
    let written_down = city.json(&format!("authority transcript {one}"))[0]["head"].as_str().unwrap().to_owned();
    city.json(&format!("certificate renew-server --root-key {} --witness Ito", at(&safe, "root.key.pem")));
    let text = std::fs::read_to_string(&one).unwrap();
    let issuing = city.openssl("x509 -in @keys/server-issuing.pem -noout -fingerprint -sha256");
    let issuing = issuing.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
    assert!(text.contains("witnessed by Ito #") && text.contains(&issuing), "{text}");
    assert_eq!(text, read(&city, "keys/ceremony.txt"), "the server has a copy");
    let told = &city.json(&format!("authority transcript {one} {two} --expect {written_down}"))[0];
    assert_eq!(told["copy_lacks"], told["since"]);
    assert!(told["since"].as_u64().unwrap() > 3, "{told}");
    // The second safe was not brought up to date: what it signed now would not be known in the first.
    let renew = format!("certificate renew-server --root-key {}", at(&second, "root.key.pem"));
    assert!(city.refused(&renew).contains("lines that are not in"));
    std::fs::remove_file(city.path("keys/ceremony.txt")).unwrap();
    city.json(&renew);
    assert!(city.refused(&format!("authority transcript {one} {two}")).contains("part after line"));
    // Nothing is no transcript, and one that was cut is found out by whoever has written the hash down.
    let now = city.json(&format!("authority transcript {one}"))[0]["head"].as_str().unwrap().to_owned();
    let shorter: String = text.split_inclusive('\n').take(3).collect();
    std::fs::write(&one, shorter).unwrap();
    assert_eq!(city.json(&format!("authority transcript {one}"))[0]["lines"], 3);
    assert!(city.refused(&format!("authority transcript {one} --expect {now}")).contains("taken away or changed"));
    std::fs::write(&one, "").unwrap();
    assert!(city.refused(&format!("authority transcript {one}")).contains("is empty"));
    let renew = format!("certificate renew-server --root-key {}", at(&safe, "root.key.pem"));
    assert!(city.refused(&renew).contains("is empty"));
    std::fs::remove_file(&one).unwrap();
    assert!(city.refused(&renew).contains("there is no transcript"));
}

/// A token of SoftHSM's with this PIN, and where its settings are.
fn token(pin: &str) -> (tempfile::TempDir, String) {
    let tokens = tempfile::tempdir().unwrap();
    let conf = tokens.path().join("softhsm2.conf");
    std::fs::create_dir(tokens.path().join("tokens")).unwrap();
    let kept = tokens.path().join("tokens").display().to_string();
    std::fs::write(&conf, format!("directories.tokendir = {kept}\nobjectstore.backend = file\n")).unwrap();
    let done = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "sekisho", "--so-pin", "the officer's pin", "--pin", pin])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    (tokens, conf.display().to_string())
}

#[test]
fn its_key_can_be_in_a_token() {
    let city = City::at_work();
    let safe = take_the_root_away(&city);
    let (_tokens, conf) = token(crate::support::PASSPHRASE);
    let city = city.with_environment("SOFTHSM2_CONF", &conf);
    roll_over(&city, &safe, &format!("pkcs11:token=sekisho;object=issuing?module-path={MODULE}"));
    both_are_served(&city);
}

/// From a key in a file to one in a token, which has a PIN and not the passphrase.
#[test]
fn a_token_has_a_pin_of_its_own() {
    let city = City::at_work();
    let safe = take_the_root_away(&city);
    let (_tokens, conf) = token("123456");
    let city = city.with_environment("SOFTHSM2_CONF", &conf);
    let secret = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(city.path(name), text).unwrap();
        std::fs::set_permissions(city.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        city.path(name).display().to_string()
    };
    let (pin, passphrase) = (secret("pin", "123456\n"), secret("passphrase", crate::support::PASSPHRASE));
    // As on a server, where files hold what opens keys, and the environment nothing.
    let run = |words: &str| {
        let mut command = city.command();
        command.env_remove("SEKISHO_CA_PASSPHRASE").args(words.split(' ')).output().unwrap()
    };
    let path = |name: &str| city.path(name).display().to_string();
    let (request, certificate) = (path("keys/next.csr"), path("keys/next.pem"));
    let key = format!("pkcs11:token=sekisho;object=issuing?module-path={MODULE}");
    let made = run(&format!("--json authority new-key --key {key} --request {request} --passphrase-file {pin}"));
    assert!(made.status.success(), "{}", text(&made.stderr));
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(sign(&city, &safe, &request, made["public_sha256"].as_str().unwrap(), &certificate).status.success());
    let told = run(&format!("authority adopt {certificate} --key {key} --passphrase-file {pin}"));
    let told = text(&told.stdout);
    assert!(told.contains("WARNING") && told.contains("keys/issuing.key.pem"), "{told}");
    let (_, tables) = told.split_once("[ca]\n").unwrap();
    assert!(tables.contains("passphrase_file = \"pin\"") && tables.matches("passphrase_file").count() == 1, "{tables}");
    let old = read(&city, "sekisho.toml");
    let (head, rest) = old.split_once("[ca]\n").unwrap();
    let trusted = "device_issuers = [\"keys/issuing.pem\", \"keys/next.pem\"]";
    let head = head.replace("device_issuers = [\"keys/issuing.pem\"]", trusted);
    let settings = format!("{head}[ca]\n{tables}\n[{}", rest.split_once("\n[").unwrap().1);
    std::fs::write(city.path("sekisho.toml"), &settings).unwrap();
    let said = text(&run(&format!("check --passphrase-file {passphrase}")).stdout);
    assert!(said.contains("ok: issuing key: opens") && said.contains("ok: former issuing key: opens"), "{said}");
    assert!(!text(&run("check").stdout).contains("fault"));
    both_are_served(&city);
    // A key that does not open is named, and the server does not start: lists would run out, and everybody be refused.
    let wrong = secret("wrong", "only for other tests");
    let refused = run(&format!("serve --role authority --passphrase-file {wrong}"));
    let said = text(&refused.stderr);
    assert!(refused.status.code() == Some(1) && said.contains("keys/issuing.key.pem cannot be opened"), "{said}");
    let said = text(&run(&format!("check --passphrase-file {wrong}")).stdout);
    assert!(said.contains("fault: former issuing key"), "{said}");
    // A PIN is not tried again by whoever starts the service again.
    secret("pin", "654321");
    let refused = run(&format!("serve --role authority --passphrase-file {passphrase}"));
    let said = text(&refused.stderr);
    assert!(refused.status.code() == Some(3) && said.contains("does not take the PIN"), "{said}");
    secret("pin", "\n");
    let said = text(&run(&format!("serve --role authority --passphrase-file {passphrase}")).stderr);
    assert!(said.contains("a token's PIN is one line"), "{said}");
}

#[test]
fn the_roots_passphrase_can_take_two_persons() {
    use std::os::unix::fs::PermissionsExt as _;
    let city = City::new();
    let at = tempfile::tempdir().unwrap();
    let part = |name: &str, text: &str| {
        let path = at.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let (one, two) = (part("one", "the mayor's half of it\n"), part("two", "the contractor's half\n"));
    let run = |words: &[&str], parts: &[&str]| {
        let mut command = city.command_at(&at.path().join("d"));
        command.args(words).args(parts.iter().flat_map(|part| ["--root-passphrase-file", part]));
        command.output().unwrap().status.success()
    };
    assert!(run(&["init", "--port-base", "19443"], &[&one, &two]));
    let renew = |parts: &[&str]| run(&["certificate", "renew-server"], parts);
    assert!(!renew(&[]) && !renew(&[&one]) && !renew(&[&two, &one]) && !renew(&[&one, &two, &two]));
    assert!(renew(&[&one, &two]));
    let mut command = city.command_at(&at.path().join("d"));
    let swapped = ["certificate", "renew-server", "--root-passphrase-file", &two, "--root-passphrase-file", &one];
    let said = text(&command.args(swapped).output().unwrap().stderr);
    assert!(said.contains("in this order"), "{said}");
}

/// An issuing key is stolen: the root says so, nothing starts that relies on it, and strangers are told.
#[test]
fn an_authority_that_the_root_revoked_is_used_by_nobody() {
    let city = City::at_work();
    let safe = take_the_root_away(&city);
    let path = |name: &str| city.path(name).display().to_string();
    roll_over(&city, &safe, &path("keys/next.key.pem"));
    let out = path(".");
    city.json(&format!("device add --id D-2 --facility F-1 --holder K-1 --label Phone --out {out}"));
    let at_the_root = |words: &str| {
        let mut command = city.command_at(safe.path());
        let output = command.arg("--json").args(words.split(' ')).output().unwrap();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    };
    let stolen = city.openssl("x509 -in @keys/issuing.pem -noout -serial");
    let stolen = stolen.trim().rsplit('=').next().unwrap().to_lowercase();
    // Only what the root has certified can be revoked, for a cause that there is, and once.
    let revoke = |what: &str, because: &str, list: &str| {
        at_the_root(&format!("authority revoke {what} --because {because} --witness Ito --out {}", path(list)))
    };
    assert!(revoke(&"0".repeat(32), "compromised", "x.crl").1.contains("is no file, and no serial number"));
    assert!(revoke(&path("D-1.pem"), "compromised", "x.crl").1.contains("the issuing certificate is refused"));
    assert!(revoke(&stolen, "boredom", "x.crl").1.contains("compromised, superseded, ceased"));
    let (done, said) = revoke(&stolen, "compromised", "keys/root.crl");
    assert!(done && said.contains("\"number\":1"), "{said}");
    assert!(revoke(&path("keys/issuing.pem"), "ceased", "x.crl").1.contains("is revoked already"));
    assert!(!city.path("x.crl").exists());
    let transcript = std::fs::read_to_string(safe.path().join("keys/ceremony.txt")).unwrap();
    let order = ["the root revokes", "witnessed by Ito #", "the root's list has the number 1"];
    let places: Vec<_> = order.iter().map(|words| transcript.rfind(words).unwrap()).collect();
    // A refusal leaves no line.
    assert_eq!(transcript.matches(" witnessed by Ito #").count(), 1, "{transcript}");
    assert!(
        places.is_sorted() && transcript.contains(&format!("the root revokes {stolen} compromised by ")),
        "{transcript}"
    );
    // Nothing starts, issues or is in order with it.
    let relied_on = read(&city, "sekisho.toml");
    let named = relied_on.replace("\nprofile = ", "\nroot_list = \"keys/root.crl\"\nprofile = ");
    let settings = |text: &str| std::fs::write(city.path("sekisho.toml"), text).unwrap();
    settings(&named);
    for role in ["edge", "authority", "all"] {
        let said = city.refused(&format!("serve --role {role}"));
        assert!(said.contains("keys/issuing.pem` was revoked by the root on"), "{role}: {said}");
    }
    assert!(text(&city.run("check").stdout).contains("fault: issuers of devices"));
    // Taken out of the settings, the rest goes on.
    let (head, former) = named.split_once("\n[[ca.former]]").unwrap();
    let rest = former.split_once("\n[").unwrap().1;
    let without = format!("{head}\n[{rest}").replace("\"keys/issuing.pem\", ", "");
    settings(&without);
    let said = city.say("check");
    assert!(said.contains("ok: root's revocation list: valid until") && !said.contains("fault"), "{said}");
    let server = Server::start(&city, &[], 3);
    let care = format!("https://care.sekisho.localhost:{}/.sekisho/sign-in", server.port("clients"));
    let root = path("keys/root.pem");
    assert_eq!(curl(&["--cacert", &root, "--cert", &path("D-2.pem"), &care]).1, 200);
    let shut =
        Command::new("curl").args(["-sS", "--cacert", &root, "--cert", &path("D-1.pem"), &care]).output().unwrap();
    assert!(!shut.status.success() && text(&shut.stderr).contains("alert"), "{}", text(&shut.stderr));
    let servers = format!("http://127.0.0.1:{}/ca/servers.pem", server.port("office"));
    assert_eq!(curl(&[&servers]).0.trim(), read(&city, "keys/server-issuing.pem").trim());
    let servers = format!("http://127.0.0.1:{}/ca/servers.pem", server.port("office"));
    assert_eq!(curl(&[&servers]).0.trim(), read(&city, "keys/server-issuing.pem").trim());
    let served = format!("http://127.0.0.1:{}/crl/root.crl", server.port("office"));
    assert_eq!(curl(&["-o", &path("served.crl"), &served]).1, 200);
    let shown = city.openssl("crl -inform DER -in @served.crl -noout -text -CAfile @keys/root.pem");
    assert!(shown.contains("verify OK") && shown.to_lowercase().contains(&stolen), "{shown}");
    server.stop();
    // Signed anew, it still says so, whatever became of the file; and a list that is not the root's stops everything.
    assert!(at_the_root(&format!("authority root-list --out {}", path("again.crl"))).1.contains("\"number\":2,"));
    let again = city.openssl("crl -in @again.crl -noout -text -CAfile @keys/root.pem");
    assert!(again.to_lowercase().contains(&stolen), "{again}");
    std::fs::write(city.path("keys/root.crl"), "nothing").unwrap();
    for role in ["edge", "authority"] {
        assert!(city.refused(&format!("serve --role {role}")).contains("the root's revocation list is refused"));
    }
    assert!(
        city.refused(&format!("device certificate D-2 --out {out}")).contains("the root's revocation list is refused")
    );
}
