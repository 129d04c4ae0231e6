//! `serve`, with the command line beside it.

use crate::support::{City, Server, curl, text, wait};

#[test]
fn a_server_follows_the_command_line_beside_it() {
    let city = City::at_work();
    let server = Server::start(&city, &[], 3);
    let root = city.path("keys/root.pem").display().to_string();
    let care = format!("https://care.sekisho.localhost:{}/", server.port("clients"));
    let public = format!("https://www.sekisho.localhost:{}/", server.port("clients"));
    let office = format!("http://127.0.0.1:{}", server.port("office"));

    let (page, status) = curl(&["--cacert", &root, &public]);
    assert_eq!(status, 200, "{page}");
    let terminal = city.path("D-1.pem").display().to_string();
    let sign_in = || curl(&["--cacert", &root, "--cert", &terminal, &format!("{care}.sekisho/sign-in")]).1;
    assert_eq!(sign_in(), 200, "the terminal is known");
    assert_eq!(curl(&["--cacert", &root, &format!("{care}fhir/Patient/P-1")]).1, 401, "no certificate");

    let list = city.path("devices.crl");
    let fetch = || {
        let path = list.display().to_string();
        let (_, status) = curl(&["-o", &path, &format!("{office}/crl/devices.crl")]);
        (status == 200).then(|| city.openssl("crl -inform DER -in @devices.crl -noout -text -CAfile @keys/issuing.pem"))
    };
    wait(|| fetch().is_some_and(|list| list.contains("No Revoked Certificates") && list.contains("verify OK")));

    let revoked = city.json("revoke --device D-1 --because stolen");
    let serial = revoked[0]["revoked"][0].as_str().unwrap().to_uppercase();
    wait(|| sign_in() != 200);
    wait(|| fetch().is_some_and(|list| list.contains(&serial) && list.contains("Key Compromise")));
    server.stop();
}

#[test]
fn an_edge_needs_neither_passphrase_nor_key_of_the_authority() {
    let city = City::at_work();
    for name in ["issuing.key.pem", "root.key.pem", "root.pem"] {
        std::fs::rename(city.path("keys").join(name), city.path(name)).unwrap();
    }
    let server = Server::start_with(city.command().env_remove("SEKISHO_CA_PASSPHRASE"), &["--role", "edge"], 2);
    let root = city.path("root.pem").display().to_string();
    let public = format!("https://www.sekisho.localhost:{}/", server.port("clients"));
    assert_eq!(curl(&["--cacert", &root, &public]).1, 200);
    assert!(server.doors.iter().all(|door: &String| !door.contains("office")));
    server.stop();
}

#[test]
fn what_signs_does_not_start_without_its_key() {
    let city = City::new();
    std::fs::remove_file(city.path("keys/issuing.key.pem")).unwrap();
    assert!(city.refused("serve --role authority").contains("issuing.key.pem"));
    let output = city.command().env_remove("SEKISHO_CA_PASSPHRASE").arg("serve").output().unwrap();
    assert!(text(&output.stderr).contains("passphrase is missing"));
}
