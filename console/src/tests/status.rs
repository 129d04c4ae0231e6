//! Shards and OCSP over real sockets; openssl asks and judges.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;

const LOST: &str = "4142434445464705";
const KEPT: &str = "4142434445464706";

/// A folder for openssl, with the authorities in it.
struct Stranger {
    folder: tempfile::TempDir,
}

impl Stranger {
    fn beside(door: &Door) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), &door.root_pem).unwrap();
        std::fs::write(folder.path().join("issuing.pem"), door.office.issuing.pem()).unwrap();
        Self { folder }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn put(&self, file: &str, content: &[u8]) {
        std::fs::write(self.path(file), content).unwrap();
    }

    fn openssl(&self, arguments: &str) -> String {
        let mut command = Command::new("openssl");
        command.current_dir(self.folder.path()).args(arguments.split(' '));
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    fn question(&self, serial: &str, nonce: &str) -> Vec<u8> {
        self.openssl(&format!("ocsp -issuer issuing.pem -serial 0x{serial} {nonce} -reqout question.der"));
        std::fs::read(self.path("question.der")).unwrap()
    }

    /// What openssl makes of the answer to the last question; the doors' clock stands in November.
    fn judge(&self, door: &Door, answer: &[u8]) -> String {
        self.put("answer.der", answer);
        let at = door.office.now().as_seconds();
        self.openssl(&format!(
            "ocsp -respin answer.der -reqin question.der -CAfile root.pem -verify_other issuing.pem -attime {at} -resp_text"
        ))
    }
}

async fn post(door: &Door, question: &[u8]) -> Answer {
    let head = format!(
        "POST /crl/ocsp HTTP/1.1\r\nHost: status.sekisho.example\r\nContent-Type: application/ocsp-request\r\n\
         Content-Length: {}\r\n\r\n",
        question.len()
    );
    let mut stream = TcpStream::connect(&door.address).await.unwrap();
    stream.write_all(&[head.as_bytes(), question].concat()).await.unwrap();
    let mut octets = vec![];
    stream.read_to_end(&mut octets).await.unwrap();
    Answer::read(&octets)
}

async fn get(door: &Door, question: &[u8]) -> Answer {
    let path = BASE64_STANDARD.encode(question).replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    door.get(&format!("/crl/ocsp/{path}")).await
}

fn contains(output: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(output.contains(text), "`{text}` is missing in:\n{output}");
    }
}

#[tokio::test]
async fn a_revocation_signs_its_shard_anew_and_no_other() {
    let door = Door::open(patient(), false).await;
    let shard = |number: u8| format!("/crl/{number:03}.crl");
    door.wait("/readyz", |answer| answer.status == 200).await;
    let mut before = vec![];
    for number in 0..128 {
        let answer = door.get(&shard(number)).await;
        assert_eq!((answer.status, answer.field("content-type")), (200, "application/pkix-crl"), "{number}");
        before.push(answer.number());
    }
    door.revoke(LOST);
    let begin = Instant::now();
    let answer = door.wait(&shard(5), |answer| answer.number() > before[5]).await;
    println!("in its shard after {:?}", begin.elapsed());
    let stranger = Stranger::beside(&door);
    stranger.put("shard.crl", &answer.body);
    let shown = stranger.openssl("crl -inform DER -in shard.crl -noout -text -CAfile issuing.pem");
    contains(&shown, &["verify OK", LOST, "URI:http://status.sekisho.example/crl/005.crl"]);
    for number in (0..128).filter(|number| *number != 5) {
        assert_eq!(door.get(&shard(number)).await.number(), before[usize::from(number)], "{number}");
    }
}

#[tokio::test]
async fn every_shard_is_signed_anew_in_its_time() {
    let door = Door::open(Bounds { list_every: Duration::from_millis(50), ..patient() }, false).await;
    for path in ["/crl/000.crl", "/crl/127.crl"] {
        let first = door.wait(path, |answer| answer.status == 200).await.number();
        door.wait(path, |answer| answer.number() > first).await;
    }
}

#[tokio::test]
async fn openssl_asks_and_believes_the_answers() {
    let door = Door::open(patient(), false).await;
    let stranger = Stranger::beside(&door);
    door.office.revoke(LOST);
    for nonce in ["-nonce", "-no_nonce"] {
        let table: [(&str, &[&str]); 3] = [
            (KEPT, &["Cert Status: good"]),
            (LOST, &["Cert Status: revoked", "keyCompromise"]),
            ("41424344454647480102", &["Cert Status: unknown"]),
        ];
        for (serial, wanted) in table {
            let question = stranger.question(serial, nonce);
            for answer in [post(&door, &question).await, get(&door, &question).await] {
                assert_eq!((answer.status, answer.field("content-type")), (200, "application/ocsp-response"));
                assert_eq!(answer.field("cache-control"), "no-cache");
                let said = stranger.judge(&door, &answer.body);
                contains(&said, &[&["Response verify OK"], wanted].concat());
                assert!(!said.contains("Nonce Verify error"), "{said}");
            }
        }
    }
    // One responder signed all of them.
    assert_eq!(door.office.responders.load(Ordering::SeqCst), 1);
    // Half of its three days later another takes its place, by itself.
    door.office.pass(37);
    let answer = post(&door, &stranger.question(KEPT, "-nonce")).await;
    contains(&stranger.judge(&door, &answer.body), &["Response verify OK", "Cert Status: good"]);
    assert_eq!(door.office.responders.load(Ordering::SeqCst), 2);
}

/// Each try to certify somebody is on record: strangers must not have as many made as they like.
#[tokio::test]
async fn nobody_is_certified_again_and_again_while_it_fails() {
    let door = Door::open(patient(), true).await;
    let stranger = Stranger::beside(&door);
    let question = stranger.question(KEPT, "-no_nonce");
    for _ in 0..5 {
        let answer = post(&door, &question).await;
        contains(&stranger.judge(&door, &answer.body), &["internalerror"]);
    }
    assert_eq!(door.office.responders.load(Ordering::SeqCst), 1);
    door.office.broken.store(false, Ordering::SeqCst);
    door.office.millis.fetch_add(11_000, Ordering::SeqCst);
    let answer = post(&door, &question).await;
    contains(&stranger.judge(&door, &answer.body), &["Response verify OK"]);
}

#[tokio::test]
async fn an_answer_is_signed_once_until_the_status_changes() {
    let door = Door::open(patient(), false).await;
    let stranger = Stranger::beside(&door);
    let question = stranger.question(KEPT, "-no_nonce");
    let first = post(&door, &question).await.body;
    assert_eq!(get(&door, &question).await.body, first);
    door.office.revoke(KEPT);
    let second = post(&door, &question).await.body;
    contains(&stranger.judge(&door, &second), &["Cert Status: revoked"]);
    assert_eq!(post(&door, &question).await.body, second);
    // Half an hour later it is signed anew.
    door.office.pass(1);
    assert_ne!(post(&door, &question).await.body, second);
}

#[tokio::test]
async fn garbage_is_malformed_and_an_unheard_registry_is_not_good() {
    let door = Door::open(patient(), false).await;
    let stranger = Stranger::beside(&door);
    let malformed = [0x30, 3, 0x0a, 1, 1];
    for garbage in [&b""[..], b"\x30\x00", b"what of D-1?", &[0x30; 5000]] {
        let answer = post(&door, garbage).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &malformed[..]));
    }
    for path in ["/crl/ocsp/%00", "/crl/ocsp/AAAA", "/crl/ocsp/no*base64", "/crl/ocsp/a/b/c"] {
        let answer = door.get(path).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &malformed[..]), "{path}");
    }
    let refused = door.get("/crl/ocsp").await;
    assert_eq!((refused.status, refused.field("allow")), (405, "POST"));

    let question = stranger.question(KEPT, "-no_nonce");
    contains(&stranger.judge(&door, &post(&door, &question).await.body), &["Cert Status: good"]);
    door.office.broken.store(true, Ordering::SeqCst);
    assert_eq!(post(&door, &question).await.body, [0x30, 3, 0x0a, 1, 3]);
}

#[tokio::test]
async fn the_chain_comes_in_the_forms_that_platforms_take() {
    let door = Door::open(patient(), false).await;
    let stranger = Stranger::beside(&door);
    let issuer = door.get("/crl/issuing.cer").await;
    assert_eq!((issuer.status, issuer.field("content-type")), (200, "application/pkix-cert"));
    assert_eq!(issuer.body, door.office.issuing.der());
    let chain = door.get("/ca/chain.p7b").await;
    assert_eq!(chain.field("content-type"), "application/pkcs7-mime; smime-type=certs-only");
    stranger.put("chain.p7b", &chain.body);
    let printed = stranger.openssl("pkcs7 -inform DER -in chain.p7b -print_certs");
    contains(&printed, &[door.root_pem.trim(), door.office.issuing.pem().trim()]);
}
