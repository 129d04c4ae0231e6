//! Certificates of other authorities at the command line. The authority, its list and its certificates are those of the fuzz target.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::City;

/// DER of the target's folder in PEM, into a file of the city's folder.
fn pem(city: &City, name: &str, der: &[u8]) -> String {
    let path = city.path(name);
    let text = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der));
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn fuzz(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(file)
}

#[test]
fn a_certificate_of_another_authority_is_registered_for_a_device() {
    let city = City::at_work();
    let genuine = pem(&city, "genuine.pem", &std::fs::read(fuzz("client_chain/genuine.cer")).unwrap());
    let anchor = std::fs::read(fuzz("client_chain/anchor.cer")).unwrap();
    let shown = std::fs::read(fuzz("corpus/client_chain/revoked-and-anchor")).unwrap();
    let revoked = pem(&city, "revoked.pem", shown.strip_suffix(anchor.as_slice()).unwrap());
    let anchor = pem(&city, "hospital.pem", &anchor);
    let register = |file: &str| format!("device register-certificate D-1 --file {file}");
    let nobody = city.refused(&register(&genuine));
    assert!(nobody.contains("is no certificate that opens by any [[external_ca]]"), "{nobody}");

    let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
    let with = |list: &Path| {
        let table =
            format!("[[external_ca]]\nname = \"hospital\"\nanchors = \"{anchor}\"\nlists = [\"{}\"]\n", list.display());
        std::fs::write(city.path("sekisho.toml"), format!("{settings}\n{table}")).unwrap();
    };
    with(Path::new("/nowhere/hospital.crl"));
    let unread = city.refused(&register(&genuine));
    assert!(unread.contains("the revocation list `/nowhere/hospital.crl` cannot be read"), "{unread}");

    with(&fuzz("client_chain/list.crl"));
    assert!(city.say("check").contains("ok: external authority hospital: its lists are good until "));
    let against = city.refused(&register(&revoked));
    assert!(against.contains("Revoked"), "{against}");
    let own = city.refused(&register(&city.path("D-1.pem").display().to_string()));
    assert!(own.contains("is no certificate that opens by any [[external_ca]]"), "{own}");
    assert!(city.refused(&register(&genuine).replace("D-1", "D-9")).contains("there is no device `D-9`"));
    let known = &city.json(&register(&genuine))[0];
    assert_eq!((&known["authority"], &known["number"]), (&"hospital".into(), &"1001".into()));
    let twice = city.refused(&register(&genuine));
    assert!(twice.contains("certificate `hospital 1001` exists already"), "{twice}");

    let serial = known["serial"].as_str().unwrap();
    assert_eq!(city.json(&format!("certificate status {serial}"))[0]["state"], "active");
    city.json(&format!("revoke --serial {serial} --because stolen"));
    assert_eq!(city.json(&format!("certificate status {serial}"))[0]["state"], "revoked");
}
