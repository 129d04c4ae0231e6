//! ACME: strangers' clients come to a certificate by the code on the slip, an attested key by its maker's word, and whoever
//! keeps to the rules in nothing but appearance comes to nothing.

#[path = "../../../enrolment/src/attest/tests/maker.rs"]
#[allow(dead_code, reason = "Apple's part is used here")]
mod maker;

use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeStatus, ChallengeType, DeviceAttestation, ExternalAccountKey, Identifier,
    NewAccount, NewOrder, OrderStatus, RevocationRequest,
};
use rcgen::{CertificateParams, KeyPair, PublicKeyData, SigningKey};
use serde_json::{Value, json};

use self::maker::Maker;
use crate::office::{Office, P256};
use crate::support::{curl, text, wait};

const NEW: NewAccount<'static> =
    NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };

/// What stands on a slip for ACME, with the port that the server has.
struct Slip {
    code: String,
    directory: String,
    own_directory: String,
    kid: String,
    mac_key: Vec<u8>,
}

fn slip(office: &Office, words: &str) -> Slip {
    let said = &office.city.json(&format!("device code D-1{words}"))[0];
    let port = office.server.port("terminals");
    let text = |value: &Value| value.as_str().unwrap().replace(":0/", &format!(":{port}/"));
    let acme = &said["acme"];
    Slip {
        code: text(&said["code"]),
        directory: text(&acme["directory"]),
        own_directory: text(&acme["own_directory"]),
        kid: text(&acme["eab_kid"]),
        mac_key: URL_SAFE_NO_PAD.decode(text(&acme["eab_hmac_key"])).unwrap(),
    }
}

fn request(key: &KeyPair) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn instant_acme_gets_a_certificate_and_revokes_it() {
    let office = Office::open();
    let slip = slip(&office, "");
    let key = KeyPair::generate().unwrap();
    std::fs::write(office.city.path("acme.key"), key.serialize_pem()).unwrap();
    let identifiers = [Identifier::PermanentIdentifier("D-1".to_owned())];
    block_on(async {
        let builder = || Account::builder_with_root(office.path("keys/root.pem")).unwrap();
        let without = builder().create(&NEW, slip.directory.clone(), None).await.err().unwrap().to_string();
        assert!(without.contains("RFC 8555 7.3.4"), "{without}");
        let binding = ExternalAccountKey::new(slip.kid.clone(), &slip.mac_key);
        let (account, _) = builder().create(&NEW, slip.directory.clone(), Some(&binding)).await.unwrap();
        let other = [Identifier::PermanentIdentifier("D-2".to_owned())];
        assert!(account.new_order(&NewOrder::new(&other)).await.is_err(), "another terminal's");
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await.unwrap();
        assert_eq!(order.state().status, OrderStatus::Ready);
        let mut authorizations = order.authorizations();
        let authorization = authorizations.next().await.unwrap().unwrap();
        assert_eq!(authorization.status, AuthorizationStatus::Valid);
        order.finalize_csr(&request(&key)).await.unwrap();
        assert!(order.finalize_csr(&request(&key)).await.is_err(), "once");
        let chain = order.certificate().await.unwrap().unwrap();
        std::fs::write(office.city.path("acme.pem"), &chain).unwrap();
        office.city.openssl("verify -CAfile @keys/root.pem -untrusted @keys/issuing.pem @acme.pem");
        wait(|| office.served("acme.pem", "acme.key") == 200);
        // The code is used up: another order comes to nothing, and so does another account.
        let mut second = account.new_order(&NewOrder::new(&identifiers)).await.unwrap();
        let used = second.finalize_csr(&request(&key)).await.unwrap_err().to_string();
        assert!(used.contains("used meanwhile"), "{used}");
        assert!(builder().create(&NEW, slip.directory.clone(), Some(&binding)).await.is_err());
        // None of it is a try at the code of the next slip.
        let next = office.code("D-1");
        for _ in 0..5 {
            let mut late = account.new_order(&NewOrder::new(&identifiers)).await.unwrap();
            assert!(late.finalize_csr(&request(&key)).await.is_err());
        }
        office.request("next", P256);
        assert_eq!(office.by_code("D-1", &next, "next").1, 200);
        let der = office.city.path("acme.der");
        office.city.openssl("x509 -in @acme.pem -outform DER -out @acme.der");
        let der = std::fs::read(der).unwrap().into();
        account.revoke(&RevocationRequest { certificate: &der, reason: None }).await.unwrap();
        wait(|| office.served("acme.pem", "acme.key") != 200);
        let again = account.revoke(&RevocationRequest { certificate: &der, reason: None }).await;
        assert!(again.unwrap_err().to_string().contains("revoked already"));
    });
}

#[test]
fn an_attested_key_is_certified_as_one_and_nothing_less() {
    let maker = Maker::new();
    let office =
        Office::open_with_file("[attestation]\napple = [\"keys/maker.pem\"]\n", "keys/maker.pem", &pem(&maker.root));
    assert!(office.city.refused("device code D-1 --attested").contains("device hardware D-1"));
    office.city.json("device hardware D-1 C02SERIAL");
    let key = KeyPair::generate().unwrap();
    std::fs::write(office.city.path("attested.key"), key.serialize_pem()).unwrap();
    let identifiers = [Identifier::PermanentIdentifier("D-1".to_owned())];
    let builder = || Account::builder_with_root(office.path("keys/root.pem")).unwrap();
    // What each try tells of itself, and what becomes of it; Apple's systems know no binding, so the directory binds.
    let tries: [(&str, bool); 3] = [("C02OTHER", false), ("none", false), ("C02SERIAL", true)];
    for (serial, works) in tries {
        let slip = slip(&office, " --attested");
        block_on(async {
            let (account, _) = builder().create(&NEW, slip.own_directory.clone(), None).await.unwrap();
            let mut order = account.new_order(&NewOrder::new(&identifiers)).await.unwrap();
            assert_eq!(order.state().status, OrderStatus::Pending);
            let early = order.finalize_csr(&request(&key)).await;
            assert!(early.unwrap_err().to_string().contains("not ready"));
            let mut authorizations = order.authorizations();
            let mut authorization = authorizations.next().await.unwrap().unwrap();
            let mut challenge = authorization.challenge(ChallengeType::DeviceAttest01).unwrap();
            let token = challenge.key_authorization().as_str().split('.').next().unwrap().to_owned();
            let object = maker.apple(&key, serial, "udid", if serial == "none" { "else" } else { &token });
            let shown = challenge.send_device_attestation(&DeviceAttestation { att_obj: object.into() }).await;
            if !works {
                let why = shown.unwrap_err().to_string();
                assert!(why.contains("another"), "{why}");
                assert!(order.finalize_csr(&request(&key)).await.is_err());
                return;
            }
            assert_eq!(shown.unwrap(), ChallengeStatus::Valid);
            order.refresh().await.unwrap();
            let swapped = order.finalize_csr(&request(&KeyPair::generate().unwrap())).await;
            assert!(swapped.unwrap_err().to_string().contains("another key than the attested one"));
            order.finalize_csr(&request(&key)).await.unwrap();
            let chain = order.certificate().await.unwrap().unwrap();
            std::fs::write(office.city.path("attested.pem"), &chain).unwrap();
        });
        if !works {
            // The same code at the doors that ask for no attestation.
            office.request("soft", crate::office::P256);
            assert_eq!(office.by_code("D-1", &slip.code, "soft").1, 401);
        }
    }
    let shown = office.city.openssl("x509 -in @attested.pem -noout -ext certificatePolicies");
    assert!(shown.contains("13196697.1.1"), "{shown}");
    wait(|| office.served("attested.pem", "attested.key") == 200);
}

fn pem(der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn certbot_gets_a_certificate() {
    let certbot = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/acme/bin/certbot");
    if !std::path::Path::new(certbot).exists() {
        // Installed by `tests/acme/install.sh`; without a package index there is none, and the gate says so.
        assert!(std::env::var_os("SEKISHO_WITHOUT_CORPORA").is_some(), "run tests/acme/install.sh first");
        return;
    }
    let office = Office::open();
    let slip = slip(&office, "");
    let port = office.server.port("terminals");
    let (config, root) = (office.path("certbot"), office.path("keys/root.pem"));
    let mac_key = format!("--eab-hmac-key={}", URL_SAFE_NO_PAD.encode(&slip.mac_key));
    let words = [
        "certonly",
        "--standalone",
        "--non-interactive",
        "--agree-tos",
        "--register-unsafely-without-email",
        "--server",
        &slip.directory,
        "--eab-kid",
        &slip.kid,
        // In one word: a key may begin with a dash.
        &mac_key,
        "-d",
        "d-1.care.sekisho.localhost",
        "--config-dir",
        &config,
        "--work-dir",
        &config,
        "--logs-dir",
        &config,
        "--key-type",
        "ecdsa",
    ];
    let run = Command::new(certbot).env("REQUESTS_CA_BUNDLE", &root).args(words).output().unwrap();
    assert!(run.status.success(), "{port}: {}{}", text(&run.stdout), text(&run.stderr));
    let live = "certbot/live/d-1.care.sekisho.localhost";
    wait(|| office.served(&format!("{live}/fullchain.pem"), &format!("{live}/privkey.pem")) == 200);
}

/// A client of our own, to say what no proper one would.
struct Rough<'a> {
    office: &'a Office,
    key: KeyPair,
}

impl Rough<'_> {
    fn jwk(&self) -> Value {
        let (x, y) = self.key.der_bytes()[1..].split_at(32);
        json!({ "crv": "P-256", "kty": "EC", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
    }

    fn nonce(&self, directory: &str) -> String {
        let url = directory.replace("/directory", "/new-nonce");
        let root = self.office.path("keys/root.pem");
        let (head, _) = curl(&["--cacert", &root, "-I", &url]);
        let line = head.lines().find(|line| line.to_lowercase().starts_with("replay-nonce:")).unwrap();
        line.split_once(':').unwrap().1.trim().to_owned()
    }

    /// Signs and posts; type of the problem, or nothing.
    fn post(&self, url: &str, header: &Value, payload: &Value) -> (u16, String) {
        let body = self.signed(header, payload);
        let root = self.office.path("keys/root.pem");
        let json = "Content-Type: application/jose+json";
        let (said, status) = curl(&["--cacert", &root, "-H", json, "-d", &body.to_string(), url]);
        let kind = serde_json::from_str::<Value>(&said).ok().and_then(|said| said["type"].as_str().map(str::to_owned));
        (status, kind.unwrap_or_default().replace("urn:ietf:params:acme:error:", ""))
    }

    fn signed(&self, header: &Value, payload: &Value) -> Value {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let (protected, payload) = (encode(header), encode(payload));
        // ECDSA as JWS has it: two numbers of 32 octets.
        let der = self.key.sign(format!("{protected}.{payload}").as_bytes()).unwrap();
        json!({ "protected": protected, "payload": payload, "signature": URL_SAFE_NO_PAD.encode(fixed(&der)) })
    }

    fn binding(&self, url: &str, slip: &Slip) -> Value {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let protected = encode(&json!({ "alg": "HS256", "kid": slip.kid, "url": url }));
        let payload = encode(&self.jwk());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &slip.mac_key);
        let mac = hmac::sign(&key, format!("{protected}.{payload}").as_bytes());
        json!({ "protected": protected, "payload": payload, "signature": URL_SAFE_NO_PAD.encode(mac) })
    }
}

fn fixed(der: &[u8]) -> Vec<u8> {
    let mut rest = &der[2..];
    let mut octets = Vec::new();
    for _ in 0..2 {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let plain: Vec<u8> = number.iter().copied().skip_while(|octet| *octet == 0).collect();
        octets.extend(std::iter::repeat_n(0, 32 - plain.len()).chain(plain));
        rest = after;
    }
    octets
}

#[test]
fn requests_are_held_to_the_rules() {
    let office = Office::open();
    let slip = slip(&office, "");
    let rough = Rough { office: &office, key: KeyPair::generate().unwrap() };
    let url = slip.directory.replace("/directory", "/new-account");
    let nonce = || rough.nonce(&slip.directory);
    let payload = || json!({ "externalAccountBinding": rough.binding(&url, &slip) });
    let header = |nonce: &str| json!({ "alg": "ES256", "nonce": nonce, "url": url, "jwk": rough.jwk() });
    let with = |name: &str, value: Value| {
        let mut header = header(&nonce());
        header[name] = value;
        header
    };
    let refused: [(Value, &str); 8] = [
        (with("nonce", json!("AAAA")), "badNonce"),
        (with("nonce", json!(URL_SAFE_NO_PAD.encode([7; 32]))), "badNonce"),
        (with("url", json!(slip.directory)), "unauthorized"),
        (with("alg", json!("none")), "badSignatureAlgorithm"),
        (with("alg", json!("HS256")), "badSignatureAlgorithm"),
        (with("kid", json!("https://else")), "malformed"),
        (with("crit", json!(["b64"])), "malformed"),
        (with("jwk", json!({ "kty": "oct", "k": "AAAA" })), "badPublicKey"),
    ];
    for (header, wanted) in refused {
        let (status, kind) = rough.post(&url, &header, &payload());
        assert_eq!((kind.as_str(), status >= 400), (wanted, true), "{header}");
    }
    // A binding with another MAC, for another key, or for another address.
    let mut forged = payload();
    forged["externalAccountBinding"]["signature"] = json!(URL_SAFE_NO_PAD.encode(digest(&SHA256, b"x")));
    let other = Rough { office: &office, key: KeyPair::generate().unwrap() };
    let anothers = json!({ "externalAccountBinding": other.binding(&url, &slip) });
    let elsewhere = json!({ "externalAccountBinding": rough.binding("https://else", &slip) });
    for (payload, wanted) in [
        (&forged, "unauthorized"),
        (&anothers, "malformed"),
        (&elsewhere, "malformed"),
        (&json!({}), "externalAccountRequired"),
    ] {
        assert_eq!(rough.post(&url, &header(&nonce()), payload).1, wanted, "{payload}");
    }
    // None of it was a try; a wrong code is one.
    let once = nonce();
    assert_eq!(rough.post(&url, &header(&once), &payload()).0, 201);
    assert_eq!(rough.post(&url, &header(&once), &payload()).1, "badNonce", "a nonce is used once");
    assert_eq!(rough.post(&url, &header(&nonce()), &payload()).0, 200, "the account is there");
    let change = url.replace("new-account", "key-change");
    assert_eq!(rough.post(&change, &header(&nonce()), &json!({})).1, "unauthorized");
    // Another host's name is none of ours.
    let root = office.path("keys/root.pem");
    assert_eq!(curl(&["--cacert", &root, "-H", "Host: evil.example", &slip.directory]).1, 404);
}

#[test]
fn apples_profile_is_signed_and_says_where() {
    let office = Office::open();
    office.city.json("device hardware D-1 C02SERIAL");
    // By the command line, and by the link of the slip; the first is over with the second.
    let file = office.path("cli.mobileconfig");
    let said = &office.city.json(&format!("device code D-1 --attested --profile {file}"))[0];
    assert!(said["page"].as_str().unwrap().contains("/enrol/profile?device=D-1"), "{said}");
    let slip = slip(&office, " --attested");
    let port = office.server.port("terminals");
    let url = format!("https://care.sekisho.localhost:{port}/enrol/profile?device=D-1&code={}", slip.code);
    let (root, to) = (office.path("keys/root.pem"), office.path("page.mobileconfig"));
    // Fetched twice: it is as good as the code, which it does not use up.
    for _ in 0..2 {
        assert_eq!(curl(&["--cacert", &root, "-o", &to, &url]).1, 200);
    }
    for name in ["cli", "page"] {
        office.city.openssl(&format!(
            "cms -verify -inform DER -in @{name}.mobileconfig -CAfile @keys/root.pem -purpose any -out @{name}.plist"
        ));
        let written = std::fs::read_to_string(office.city.path(&format!("{name}.plist"))).unwrap();
        for part in
            ["com.apple.security.acme", "<key>Attest</key><true/>", "<string>D-1</string>", "com.apple.security.root"]
        {
            assert!(written.contains(part), "{part}: {written}");
        }
        let read = "import plistlib,sys; p=plistlib.load(open(sys.argv[1],'rb')); print(p['PayloadContent'][1]['DirectoryURL'])";
        let path = office.path(&format!("{name}.plist"));
        let shown = Command::new("python3").args(["-c", read, &path]).output().unwrap();
        let directory = text(&shown.stdout);
        assert!(directory.contains("/acme/for/D-1/") && directory.trim().ends_with("/directory"), "{directory}");
    }
    let written = std::fs::read_to_string(office.city.path("page.plist")).unwrap();
    assert!(written.contains(&slip.own_directory), "{written}");
    // A code for any key gives no profile.
    let other = office.city.json("device code D-1")[0]["code"].as_str().unwrap().to_owned();
    assert_eq!(curl(&["--cacert", &root, &url.replace(&slip.code, &other)]).1, 403);
}
