//! A terminal comes to its certificate by the code on its slip, and renews it: with curl and openssl, and with `enrol`.

use crate::office::{Office, P256};
use crate::support::{curl, mode, text, wait};

#[test]
fn a_code_becomes_one_certificate_that_opens() {
    let office = Office::open();
    office.request("new", P256);
    let code = office.code("D-1");
    // Read aloud and typed.
    let typed = code.to_lowercase().replace('-', " ");
    let (said, status) = office.by_code("D-1", &typed, "new");
    assert_eq!(status, 200, "{said}");
    office.city.openssl("verify -CAfile @keys/root.pem -untrusted @keys/issuing.pem @new.pem");
    let shown = office.city.openssl("x509 -in @new.pem -noout -subject -ext extendedKeyUsage");
    // Only the key of the request is used.
    assert!(shown.contains("D-1") && !shown.contains("Everything"), "{shown}");
    assert!(shown.contains("TLS Web Client Authentication"), "{shown}");
    wait(|| office.served("new.pem", "new.key") == 200);

    office.request("again", P256);
    let (used, status) = office.by_code("D-1", &code, "again");
    assert_eq!(status, 401, "{used}");
    let (wrong, status) = office.by_code("D-77", &code, "again");
    assert_eq!((wrong.as_str(), status), (used.as_str(), 401), "used and never offered are one answer");
    // Both authorities, and what we would like to see.
    let url = format!("https://care.sekisho.localhost:{}/.well-known/est", office.server.port("terminals"));
    let root = office.path("keys/root.pem");
    let (all, _) = curl(&["--cacert", &root, &format!("{url}/cacerts")]);
    std::fs::write(office.city.path("all"), all).unwrap();
    office.city.openssl("base64 -d -in @all -out @all.p7");
    assert_eq!(office.city.openssl("pkcs7 -inform DER -in @all.p7 -print_certs").matches("BEGIN CERT").count(), 2);
    let (wanted, _) = curl(&["--cacert", &root, &format!("{url}/csrattrs")]);
    std::fs::write(office.city.path("wanted"), wanted).unwrap();
    office.city.openssl("base64 -d -in @wanted -out @wanted.der");
    assert!(office.city.openssl("asn1parse -inform DER -in @wanted.der").contains("prime256v1"));
    // The terminal is stolen: what it was given by hand goes with what it fetched.
    let revoked = office.city.json("revoke --device D-1 --because stolen");
    assert_eq!(revoked[0]["revoked"].as_array().unwrap().len(), 2, "{revoked:?}");
    // The stolen key opens nothing under another name either, and the code it was brought with is not used up by it.
    office.city.json("device add --id D-2 --facility F-1 --holder K-1 --label Second --without-certificate");
    let code = office.code("D-2");
    let (said, status) = office.by_code("D-2", &code, "new");
    assert_eq!(status, 403, "{said}");
    assert_eq!(office.city.json("certificate list").len(), 2);
    // Lost with its slip, before it had any certificate: the code ends, there is nothing to confirm, and the log says why.
    let ended = &office.city.json("revoke --device D-2 --because lost")[0];
    assert_eq!((&ended["revoked"], &ended["task"]), (&serde_json::json!([]), &serde_json::Value::Null));
    let log = office.city.json("registry log");
    assert!(log.iter().any(|entry| entry["reasons"] == serde_json::json!(["lost"])), "{:?}", log.last());
    office.request("other", P256);
    assert_eq!(office.by_code("D-2", &code, "other").1, 401);
}

#[test]
fn wrong_codes_end_it_and_bad_requests_do_not() {
    let office = Office::open();
    let out = office.path(".");
    office.city.json(&format!(
        "device add --id D-2 --facility F-1 --holder K-1 --label Second --without-certificate --out {out}"
    ));
    assert!(!office.city.path("D-2.pem").exists() && !office.city.path("D-2.p12").exists());
    assert_eq!(office.city.json("certificate list").len(), 1, "the first device's");
    office.request("new", P256);
    office.request("weak", "rsa:1024");
    std::fs::write(office.city.path("none.csr"), "nonsense").unwrap();
    let (before, code) = (office.code("D-1"), office.code("D-1"));
    // Said before anybody looks at the code, which is not used up.
    for bad in ["weak", "none"] {
        let (said, status) = office.by_code("D-1", &code, bad);
        assert!(status == 400 && said.contains("obstacles"), "{bad}: {status} {said}");
    }
    assert_eq!(office.post("simpleenroll", &[], "new").1, 401, "no code at all");
    // Mistyped ones are found by their last letter and are no tries.
    for _ in 0..3 {
        assert_eq!(office.by_code("D-1", "AAAAA-AAAAA-AAAAA-AAAAB", "new").1, 401);
    }
    // The code before is over, and is nobody else's either. Four tries, and it still opens.
    let others = office.code("D-2");
    for wrong in [&before, &others, &before, &others] {
        assert_eq!(office.by_code("D-1", wrong, "new").1, 401);
    }
    // No more is heard about it from this address, right or wrong; about another terminal it is, and from another address.
    let (by, head) = (format!("D-1:{code}"), office.path("head"));
    let (said, status) = office.post("simpleenroll", &["-u", &by, "-D", &head], "new");
    assert!(status == 429 && said.contains("Too Many"), "{status} {said}");
    let head = std::fs::read_to_string(head).unwrap().to_ascii_lowercase();
    let after = head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
    assert!((3000..=3601).contains(&after.parse::<u32>().unwrap()), "{head}");
    office.request("other", P256);
    assert_eq!(office.by_code("D-2", &others, "other").1, 200, "nobody else stands still");
    let from = |place: &str, device: &str, code: &str| {
        office.post("simpleenroll", &["-u", &format!("{device}:{code}"), "--interface", place], "new")
    };
    assert_eq!(from("127.0.0.2", "D-2", &code).1, 401);
    let (said, status) = from("127.0.0.2", "D-1", &code);
    assert_eq!(status, 200, "{said}");
    // Five, and it does not.
    let code = office.code("D-1");
    for place in 3..8 {
        assert_eq!(from(&format!("127.0.0.{place}"), "D-1", &before).1, 401);
    }
    assert_eq!(from("127.0.0.3", "D-1", &code).1, 401);
    let told = office.city.say("registry log");
    assert!(told.contains("count-wrong-code"), "{told}");
}

#[test]
fn one_address_does_not_take_the_whole_door() {
    use std::net::TcpStream;
    let office = Office::open();
    office.request("new", P256);
    let code = office.code("D-1");
    let port = office.server.port("terminals").parse().unwrap();
    let knock = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    let held: Vec<TcpStream> = (0..300).map(|_| knock()).collect();
    // Closed without a word: there is an end to read at once. The others wait to hear of TLS.
    let is_open = |stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        stream.peek(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    };
    wait(|| held.iter().filter(|stream| is_open(stream)).count() == 32);
    // Another address is served meanwhile.
    let (said, status) =
        office.post("simpleenroll", &["-u", &format!("D-1:{code}"), "--interface", "127.0.0.2"], "new");
    assert_eq!(status, 200, "{said}");
}

/// With curl and openssl: what each side says of the connection is the same.
#[test]
fn the_connection_check_says_what_curl_and_openssl_say() {
    let office = Office::open();
    let (root, pem, port) = (office.path("keys/root.pem"), office.path("D-1.pem"), office.server.port("clients"));
    let url = format!("https://care.sekisho.localhost:{port}/.sekisho/connection?");
    let english = ["-H", "Accept: text/html", "-H", "Accept-Language: en", "--cacert", &root];
    for (protocol, shown) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")] {
        let (page, status) = curl(&[&english[..], &["--cert", &pem, protocol, &url]].concat());
        assert_eq!(status, 200, "{page}");
        assert!(page.contains(shown) && page.contains("TLS 1.3") && page.contains("Tablet"), "{page}");
    }
    let (page, status) = curl(&[&english[..], &[&url]].concat());
    assert!(status == 401 && !page.contains("Tablet"), "no certificate: {page}");
    // openssl, with a group of its own choice.
    let connect = format!("127.0.0.1:{port}");
    let mut client = std::process::Command::new("openssl")
        .args(["s_client", "-connect", &connect, "-servername", "care.sekisho.localhost", "-CAfile", &root])
        .args(["-cert", &pem, "-key", &pem, "-groups", "P-384", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-quiet"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let head =
        format!("GET /.sekisho/connection HTTP/1.1\r\nHost: care.sekisho.localhost:{port}\r\nAccept: text/html\r\n");
    std::io::Write::write_all(client.stdin.as_mut().unwrap(), format!("{head}Connection: close\r\n\r\n").as_bytes())
        .unwrap();
    let page = text(&client.wait_with_output().unwrap().stdout);
    assert!(page.contains("TLS_AES_128_GCM_SHA256") && page.contains("secp384r1"), "{page}");

    // The door of enrolment needs no certificate, and says where one is looked at.
    let url = format!("https://care.sekisho.localhost:{}/enrol/connection", office.server.port("terminals"));
    let (page, status) = curl(&["--cacert", &root, "-A", "<b>Browser</b>", &format!("{url}?lang=en")]);
    assert_eq!(status, 200, "{page}");
    for seen in ["TLS 1.3", "None has arrived", "https://care.sekisho.localhost/.sekisho/connection"] {
        assert!(page.contains(seen), "{seen}: {page}");
    }
    assert!(!page.contains("<b>Browser") && page.contains("Browser"), "{page}");
    let (page, _) = curl(&["--cacert", &root, "--cert", &pem, "-A", &"長".repeat(500), &url]);
    assert!(page.contains("電子証明書") && page.contains("届いています。"), "{page}");
    let (page, _) = curl(&["--cacert", &root, url.trim_end_matches("/connection")]);
    assert!(page.contains("/enrol/connection"), "{page}");
}

#[test]
fn a_code_used_twice_at_once_gives_one_certificate() {
    let office = Office::open();
    let code = office.code("D-1");
    let names = ["a", "b", "c", "d"];
    names.iter().for_each(|name| office.request(name, P256));
    let url =
        format!("https://care.sekisho.localhost:{}/.well-known/est/simpleenroll", office.server.port("terminals"));
    let (root, by) = (office.path("keys/root.pem"), format!("D-1:{code}"));
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let asking = names.map(|name| {
            let body = format!("@{}", office.path(&format!("{name}.csr")));
            let (root, by, url) = (root.as_str(), by.as_str(), url.as_str());
            scope.spawn(move || curl(&["--cacert", root, "-u", by, "--data-binary", &body, url]).1)
        });
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 200 | 401)), "{answers:?}");
    // Whoever presses twice has typed nothing wrong: neither the next code nor this address suffers by it.
    let next = office.code("D-1");
    for _ in 0..6 {
        assert_eq!(office.by_code("D-1", &code, "a").1, 401);
    }
    let told = office.city.json("device list");
    assert_eq!(told[0]["code"]["wrong_tries"], 0, "{told:?}");
    assert_eq!(office.by_code("D-1", &next, "b").1, 200);
}

#[test]
fn enrol_fetches_renews_and_loses_all_to_a_theft() {
    let office = Office::open();
    for folder in ["first", "second"] {
        std::fs::create_dir(office.city.path(folder)).unwrap();
    }
    let (first, second) = (office.path("first"), office.path("second"));
    let code = office.code("D-1");
    let mistyped = office.enrol(&["--code", &code.replace(&code[..1], "U"), "--out", &first]);
    assert!(text(&mistyped.stderr).contains("this is no code"), "{}", text(&mistyped.stderr));
    let done = office.enrol(&["--code", &code, "--out", &first]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(mode(&office.city.path("first/D-1.pem")), 0o600);
    let password = said["p12_password"].as_str().unwrap();
    let inside = office.city.openssl(&format!("pkcs12 -in @first/D-1.p12 -passin pass:{password} -nodes"));
    assert_eq!(inside.matches("BEGIN CERTIFICATE").count(), 3, "{inside}");
    wait(|| office.served("first/D-1.pem", "first/D-1.pem") == 200);
    // Nothing is written over, and the code is used up.
    assert!(text(&office.enrol(&["--code", &code, "--out", &first]).stderr).contains("is there already"));
    let again = office.enrol(&["--code", &code, "--out", &second]);
    assert!(text(&again.stderr).contains("401"), "{}", text(&again.stderr));
    assert!(!office.city.path("second/D-1.pem").exists(), "nothing is left of what failed");

    let renewed = office.enrol(&["--renew", &office.path("first/D-1.pem"), "--out", &second]);
    assert!(renewed.status.success(), "{}", text(&renewed.stderr));
    wait(|| office.served("second/D-1.pem", "second/D-1.pem") == 200);
    one_is_left_in_the_key_store(&office, &[&done.stdout, &renewed.stdout]);
    // The same with curl, by the successor; not for the key that is there already, and not without a certificate.
    office.request("third", P256);
    let by = office.path("second/D-1.pem");
    assert_eq!(office.post("simplereenroll", &["--cert", &by], "third").1, 200);
    wait(|| office.served("third.pem", "third.key") == 200);
    assert_eq!(office.post("simplereenroll", &[], "third").1, 403);
    office.city.openssl("req -new -key @second/D-1.pem -subj /CN=x -out @same.csr");
    let (said, status) = office.post("simplereenroll", &["--cert", &by], "same");
    assert!(status == 400 && said.contains("a new key is needed"), "{status} {said}");

    // Stolen: whoever had the first key may have renewed with it.
    let serial =
        serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap()["serial"].as_str().unwrap().to_owned();
    office.city.json(&format!("revoke --serial {serial} --because stolen"));
    for (pem, key) in
        [("first/D-1.pem", "first/D-1.pem"), ("second/D-1.pem", "second/D-1.pem"), ("third.pem", "third.key")]
    {
        wait(|| office.served(pem, key) != 200);
        let (pem, key) = (office.path(pem), office.path(key));
        let (said, status) = office.post("simplereenroll", &["--cert", &pem, "--key", &key], "third");
        assert_eq!(status, 403, "{said}");
    }
}

/// Both have one name in NSS, which takes the newer one away by that; by the key's ID the older one goes.
fn one_is_left_in_the_key_store(office: &Office, said: &[&[u8]; 2]) {
    let said = said.map(|said| serde_json::from_slice::<serde_json::Value>(said).unwrap());
    assert!(said[0]["replaces"].is_null(), "{}", said[0]);
    let (old, key_id) = (&said[1]["replaces"], said[1]["replaces"]["key_id"].as_str().unwrap());
    assert_eq!(old["serial"], said[0]["serial"]);
    let thumbprint = office.city.openssl("x509 -in @first/D-1.pem -noout -fingerprint -sha1");
    let thumbprint = thumbprint.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
    assert_eq!(old["thumbprint_sha1"], thumbprint.as_str());
    let store = tempfile::tempdir().unwrap();
    let folder = format!("sql:{}", store.path().display());
    let run = |program: &str, words: &[&str]| {
        let output = std::process::Command::new(program).args(words).args(["-d", &folder]).output().unwrap();
        assert!(output.status.success(), "{program} {words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    run("certutil", &["-N", "--empty-password"]);
    for (folder, said) in ["first", "second"].into_iter().zip(&said) {
        let file = office.path(&format!("{folder}/D-1.p12"));
        run("pk12util", &["-i", &file, "-W", said["p12_password"].as_str().unwrap()]);
    }
    assert_eq!(run("certutil", &["-K"]).matches("ec ").count(), 2);
    assert!(run("certutil", &["-K"]).contains(key_id));
    run("certutil", &["-F", "-k", key_id]);
    let left = run("certutil", &["-K"]);
    assert!(left.matches("ec ").count() == 1 && !left.contains(key_id), "{left}");
}

#[test]
fn the_page_gives_a_file_and_one_answer_to_every_wrong_code() {
    let office = Office::open();
    office.request("new", P256);
    let (root, code) = (office.path("keys/root.pem"), office.code("D-1"));
    let url = format!("https://care.sekisho.localhost:{}/enrol", office.server.port("terminals"));
    let (page, status) = curl(&["--cacert", &root, &format!("{url}?device=D-1&code=%22%3E%3Cscript%3E")]);
    assert!(status == 200 && page.contains("端末番号") && page.contains("value=\"D-1\""), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let (page, _) = curl(&["--cacert", &root, &format!("{url}?lang=en")]);
    assert!(page.contains("Number of the terminal"), "{page}");
    let send = |device: &str, code: &str, request: &str| {
        let (device, code) = (format!("device={device}"), format!("code={code}"));
        let request = format!("request@{}", office.path(request));
        let form = ["--data-urlencode", &device, "--data-urlencode", &code, "--data-urlencode", &request];
        curl(&[&["--cacert", root.as_str()], form.as_slice(), &[url.as_str()]].concat())
    };
    std::fs::write(office.city.path("none.csr"), "nonsense").unwrap();
    let (said, status) = send("D-1", &code, "none.csr");
    assert!(status == 400 && said.contains("申請(CSR)を読み取れません"), "{said}");
    // What is wrong is said as exactly as who made it can mend it; and a secret comes back nowhere.
    std::fs::write(office.city.path("empty.csr"), "").unwrap();
    office.request("weak", "rsa:1024");
    office.request("edwards", "ed25519");
    office.city.openssl("pkey -in @new.key -outform DER -out @secret.der");
    office.city.openssl("base64 -in @secret.der -out @secret.csr");
    for (sent, why) in [
        ("empty.csr", "送られていません"),
        ("new.key", "秘密鍵が送られました"),
        ("secret.csr", "秘密鍵が送られました"),
        ("D-1.pem", "秘密鍵が送られました"),
        ("keys/root.pem", "証明書が送られました"),
        ("weak.csr", "2048"),
        ("edwards.csr", "P-256"),
    ] {
        let (said, status) = send("D-1", &code, sent);
        assert!(status == 400 && said.contains(why) && !said.contains("BEGIN PRIVATE"), "{sent}: {status} {said}");
    }
    let (said, _) = office.by_code("D-1", &code, "secret");
    assert!(said.contains("make a new key") && !said.contains("コード"), "{said}");
    let (said, status) = send("D-2", &code, "new.csr");
    assert!(status == 403 && said.contains("コードがもう使えません"), "{said}");
    let (file, status) = send("ｄー１", &code.to_lowercase(), "new.csr");
    assert!(status == 200 && file.matches("BEGIN CERTIFICATE").count() == 2, "{file}");
    std::fs::write(office.city.path("new.pem"), file).unwrap();
    wait(|| office.served("new.pem", "new.key") == 200);
    let (used, status) = send("D-1", &code, "new.csr");
    assert_eq!((used.replace("value=\"D-1\"", "value=\"D-2\""), status), (said, 403), "used is wrong");
    // Whoever has a code that is right is told what stands against it.
    office.city.json("device add --id D-3 --facility F-1 --holder K-1 --label Third --without-certificate");
    let (said, status) = send("D-3", &office.code("D-3"), "new.csr");
    assert!(status == 403 && said.contains("端末で新しい鍵を作り"), "{said}");
}

#[test]
fn the_root_comes_by_its_fingerprint_or_not_at_all() {
    let office = Office::open();
    let root = office.path("keys/root.pem");
    let door = format!("https://care.sekisho.localhost:{}", office.server.port("terminals"));
    let printed = office.city.openssl("x509 -in @keys/root.pem -noout -fingerprint -sha256");
    let pairs = printed.trim().rsplit('=').next().unwrap().to_owned();
    // As the page shows it, and as the slip has it.
    let (page, _) = curl(&["--cacert", &root, &format!("{door}/enrol")]);
    assert!(page.contains(&pairs), "{page}");
    assert!(office.city.say("device code D-1").contains(&pairs));
    let (fetched, _) = curl(&["--cacert", &root, &format!("{door}/enrol/root.pem")]);
    assert_eq!(fetched, std::fs::read_to_string(&root).unwrap());
    // A person comes to the page; a program that asks in another way is told how.
    let (page, status) = curl(&["--cacert", &root, "-L", &format!("{door}/")]);
    assert!(status == 200 && page.contains("端末番号"), "{status} {page}");
    let (said, status) = curl(&["--cacert", &root, "-i", &format!("{door}/.well-known/est/simpleenroll")]);
    assert!(status == 405 && said.contains("allow: POST") && said.contains("another method"), "{said}");

    let code = office.code("D-1");
    let wrong = pairs.replace(&pairs[..2], if pairs.starts_with("00") { "01" } else { "00" });
    std::fs::create_dir(office.city.path("out")).unwrap();
    let out = office.path("out");
    let by = |sha256: &str| office.enrol_by(&["--root-sha256", sha256], "d-1", &["--code", &code, "--out", &out]);
    let refused = by(&wrong);
    assert!(text(&refused.stderr).contains("nothing was sent"), "{}", text(&refused.stderr));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0, "nothing is left of what failed");
    let done = by(&pairs);
    assert!(done.status.success(), "the code was not used up: {}", text(&done.stderr));
    office.city.openssl("verify -CAfile @keys/root.pem -untrusted @keys/issuing.pem @out/d-1.pem");
}

#[test]
fn a_certificate_is_renewed_for_its_own_device() {
    let office = Office::open();
    let own = office.path("D-1.pem");
    std::fs::create_dir(office.city.path("out")).unwrap();
    let root = office.path("keys/root.pem");
    let renewed =
        |device| office.enrol_by(&["--root", &root], device, &["--renew", &own, "--out", &office.path("out")]);
    let other = renewed("D-4");
    assert!(text(&other.stderr).contains("is of device `D-1`, not of `D-4`"), "{}", text(&other.stderr));
    assert_eq!(office.city.json("certificate list").len(), 1, "nothing was asked for");
    assert!(renewed("D-1").status.success());
    // The office sees what follows what, and until when.
    let told = office.city.json("certificate status D-1");
    assert_eq!((&told[0]["successor"], &told[1]["predecessor"]), (&told[1]["serial"], &told[0]["serial"]), "{told:?}");
    assert!(told[0]["ends_at"].is_string() && told[1]["ends_at"].is_null(), "{told:?}");
    // Five live ones, and whoever has one of them is told why there is no sixth.
    for number in 0..4 {
        office.request("more", P256);
        let (said, status) = office.post("simplereenroll", &["--cert", &own], "more");
        let wanted = if number < 3 { 200 } else { 403 };
        assert_eq!(status, wanted, "{number}: {said}");
        assert!(wanted == 200 || said.contains("live certificates of this device"), "{said}");
    }
}

#[test]
fn a_code_is_seen_and_taken_back() {
    let office = Office::open();
    let code = office.code("D-1");
    let listed = office.city.json("device list");
    assert_eq!(
        (&listed[0]["code"]["kind"], &listed[0]["code"]["wrong_tries"]),
        (&"csr".into(), &0.into()),
        "{listed:?}"
    );
    assert!(office.city.say("device list").contains("code (csr) until"));
    // Another one, and a note beside the slip for who prints it.
    let again = office.city.run("device code D-1");
    let notes = text(&again.stderr);
    assert!(
        notes.contains("the code before this one is over") && notes.contains("1 certificate(s) that stand"),
        "{notes}"
    );
    let slip = text(&again.stdout);
    for part in ["Tablet", "F-1  Station", "K-1  Sato", "1回だけ", "sekisho enrol", "SCEP"] {
        assert!(slip.contains(part), "{part}: {slip}");
    }
    office.city.json("device code D-1 --cancel");
    assert!(office.city.json("device list")[0]["code"].is_null());
    assert!(office.city.refused("device code D-1 --cancel").contains("no code of device"));
    office.request("new", P256);
    assert_eq!(office.by_code("D-1", &code, "new").1, 401);
    // A slip for a key in hardware names no way that its code does not open.
    office.city.json("device hardware D-1 SN-1");
    let slip = office.city.say("device code D-1 --attested");
    assert!(slip.contains("ACME") && !slip.contains("SCEP") && !slip.contains("sekisho enrol"), "{slip}");
}
