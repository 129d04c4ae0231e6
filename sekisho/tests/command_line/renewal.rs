//! `certificate renew-server`: the next pair works, and so does whatever an interruption leaves.

use crate::support::{City, Server, curl, mode, text};

const CERTIFICATE: &str = "keys/server.pem";
const KEY: &str = "keys/server.key.pem";

fn read(city: &City, name: &str) -> String {
    std::fs::read_to_string(city.path(name)).unwrap()
}

/// `check` finds the pair in order, and a server meets clients with the certificate that lies there.
fn works(city: &City) {
    let said = city.say("check");
    assert!(said.contains("ok: server key: belongs to the server's certificate"), "{said}");
    let server = Server::start(city, &["--role", "edge"], 2);
    let root = city.path("keys/root.pem").display().to_string();
    let public = format!("https://www.sekisho.localhost:{}/", server.port("clients"));
    assert_eq!(curl(&["--cacert", &root, &public]).1, 200);
    server.stop();
}

#[test]
fn check_names_the_verb_and_the_verb_makes_the_next_pair() {
    let city = City::at_work();
    assert!(city.say("check").contains("ok: server certificate: valid until"));
    let warned = city.say("check --days 400");
    let line = warned.lines().find(|line| line.starts_with("warning: server certificate: expires")).unwrap();
    assert!(line.ends_with("; next: sekisho certificate renew-server"), "{line}");

    let (old_certificate, old_key) = (read(&city, CERTIFICATE), read(&city, KEY));
    // Left by a crash of long ago.
    std::fs::write(city.path("keys/server.pem.new"), "half").unwrap();
    let said = &city.json("--as city-officer:Ito certificate renew-server")[0];
    let serial = said["serial"].as_str().unwrap();
    assert_ne!(old_certificate, read(&city, CERTIFICATE));
    assert_ne!(old_key, read(&city, KEY));
    assert_eq!(read(&city, KEY).matches("BEGIN PRIVATE KEY").count(), 1, "the old key is gone");
    assert_eq!((mode(&city.path(KEY)), city.path("keys/server.pem.new").exists()), (0o600, false));
    city.openssl(
        "verify -x509_strict -purpose sslserver -verify_hostname care.sekisho.localhost -CAfile @keys/root.pem -untrusted \
         @keys/server-issuing.pem @keys/server.pem",
    );
    let shown = city.openssl("x509 -in @keys/server.pem -noout -serial -checkend 34000000");
    assert!(shown.to_lowercase().contains(&format!("serial={serial}")), "{shown}");
    works(&city);

    // Who, and each number before the certificate that has it (promise P10).
    let transcript = read(&city, "keys/ceremony.txt");
    let order = ["by city-officer:Ito", "for issuing authority of servers", &format!("serial {serial} for server")];
    let places: Vec<_> = order.iter().map(|words| transcript.rfind(words).unwrap()).collect();
    assert!(places.is_sorted(), "{transcript}");
    let last = transcript.lines().last().unwrap();
    assert!(last.contains(said["fingerprint_sha256"].as_str().unwrap()), "{transcript}");
    let head = city.json("authority transcript")[0]["head"].as_str().unwrap().to_owned();
    assert!(last.ends_with(&head), "{last}");
}

#[test]
fn every_interruption_leaves_a_pair_that_works() {
    let city = City::at_work();
    let old = (read(&city, CERTIFICATE), read(&city, KEY));
    city.json("certificate renew-server");
    let new = (read(&city, CERTIFICATE), read(&city, KEY));
    let both = format!("{}{}", new.1, old.1);
    for certificate in [&old.0, &new.0] {
        std::fs::write(city.path(KEY), &both).unwrap();
        std::fs::write(city.path(CERTIFICATE), certificate).unwrap();
        works(&city);
    }
    // Step 2 fails: the old certificate stands, and its key is still there.
    std::fs::write(city.path(KEY), &new.1).unwrap();
    std::fs::create_dir(city.path("keys/server.pem.new")).unwrap();
    assert!(city.refused("certificate renew-server").contains("server.pem.new"));
    assert_eq!((read(&city, CERTIFICATE), read(&city, KEY).matches("BEGIN PRIVATE KEY").count()), (new.0, 2));
    works(&city);
    std::fs::remove_dir(city.path("keys/server.pem.new")).unwrap();
    // The next renewal tidies up.
    city.json("certificate renew-server");
    assert_eq!(read(&city, KEY).matches("BEGIN PRIVATE KEY").count(), 1);
    works(&city);
    // A lost key is no obstacle: nothing is served with that pair anyway.
    std::fs::remove_file(city.path(KEY)).unwrap();
    city.json("certificate renew-server");
    works(&city);
}

#[test]
fn a_refusal_changes_nothing_and_costs_no_number() {
    let city = City::at_work();
    let before = || (read(&city, CERTIFICATE), read(&city, KEY), read(&city, "keys/ceremony.txt"));
    let untouched = before();
    let mut command = city.command();
    let command = command.env("SEKISHO_CA_PASSPHRASE", "another passphrase").args(["certificate", "renew-server"]);
    let refused = text(&command.output().unwrap().stderr);
    assert!(refused.contains("the passphrase is wrong"), "{refused}");

    let held = std::fs::OpenOptions::new().append(true).open(city.path("keys/ceremony.txt")).unwrap();
    held.lock().unwrap();
    assert!(city.refused("certificate renew-server").contains("somebody else is at work"));
    drop(held);

    // Best kept elsewhere after init.
    let elsewhere = city.path("safe/root.key.pem");
    std::fs::create_dir(city.path("safe")).unwrap();
    std::fs::rename(city.path("keys/root.key.pem"), &elsewhere).unwrap();
    std::fs::copy(city.path("keys/ceremony.txt"), city.path("safe/ceremony.txt")).unwrap();
    assert!(city.refused("certificate renew-server").contains("root.key.pem"));
    let issuing = city.path("keys/issuing.key.pem");
    let wrong = city.refused(&format!("certificate renew-server --root-key {}", issuing.display()));
    assert!(wrong.contains("opening the root's key is refused"), "{wrong}");
    assert_eq!(untouched, before());
    city.json(&format!("certificate renew-server --root-key {}", elsewhere.display()));
    assert_ne!(untouched, before());

    city.openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout @keys/server.key.pem -out @keys/server.pem \
         -subj /CN=public",
    );
    let bought = before();
    let refused = city.refused(&format!("certificate renew-server --root-key {}", elsewhere.display()));
    assert!(refused.contains("is not from this city's root"), "{refused}");
    assert_eq!(bought, before());
}
