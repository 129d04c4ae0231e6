//! The catalogue of ways around (`testdata/bypasses/`), over real connections, judged by the answer and by what the store saw.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::house;
use crate::world::{CARE, Terminal, World, city};

/// Whom the nurse cares for and may read: whatever names one of the others is a leak.
const OWN: [&str; 4] = ["P-0001", "P-0002", "P-0003", "P-0900"];

struct Case {
    name: String,
    head: Vec<Vec<u8>>,
    body: Option<Vec<u8>>,
    verdict: String,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for block in text.split("\n\n") {
        let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with("# ") && !line.is_empty()).collect();
        let [name, lines @ .., verdict] = lines.as_slice() else { continue };
        let mut case = Case {
            name: (*name).to_owned(),
            head: Vec::new(),
            body: None,
            verdict: verdict.strip_prefix("= ").unwrap().to_owned(),
        };
        for line in lines {
            match line.split_at(2) {
                ("> ", head) => case.head.push(bytes(head)),
                ("| ", body) => case.body.get_or_insert_default().extend(bytes(body)),
                _ => panic!("{name}: {line}"),
            }
        }
        assert!(!case.head.is_empty(), "{name}");
        cases.push(case);
    }
    cases
}

/// `{xx}` is the byte of these two hexadecimal digits.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if let [b'{', high, low, b'}', after @ ..] = rest
            && let Ok(byte) = u8::from_str_radix(&format!("{}{}", char::from(*high), char::from(*low)), 16)
        {
            bytes.push(byte);
            rest = after;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    bytes
}

impl Case {
    fn given(&self, name: &str) -> bool {
        let given = |line: &Vec<u8>| line.to_ascii_lowercase().starts_with(format!("{name}:").as_bytes());
        self.head.iter().any(given)
    }

    /// As it goes over the wire.
    fn message(&self, cookie: &str) -> Vec<u8> {
        let mut message = Vec::new();
        for line in &self.head {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        let mut added = String::new();
        if !self.given("host") {
            let _ = write!(added, "Host: {CARE}\r\n");
        }
        let _ = write!(added, "Cookie: {cookie}\r\n");
        if !self.given("connection") {
            added.push_str("Connection: close\r\n");
        }
        if let Some(body) = &self.body
            && !self.given("content-length")
        {
            let _ = write!(added, "Content-Length: {}\r\n", body.len());
        }
        message.extend_from_slice(added.as_bytes());
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(self.body.as_deref().unwrap_or_default());
        message
    }
}

/// Sends it and reads what comes until the connection ends; the status, none if there was no answer.
async fn send(terminal: &Terminal, message: &[u8]) -> (Option<u16>, String) {
    let mut connection = terminal.raw().await.unwrap();
    // Refused and closed before all of it was sent is an answer too.
    let _ = connection.write_all(message).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(3), connection.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    // Closed or reset without an answer is a refusal; to say nothing is none.
    assert!(read.is_ok() || !answer.is_empty(), "no answer to {}", String::from_utf8_lossy(message));
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    (status, answer)
}

fn without_self_link(answer: &str) -> String {
    match answer.split_once(r#"{"relation":"self","url":""#) {
        Some((before, rest)) => format!("{before}{}", rest.split_once('"').map_or("", |(_, after)| after)),
        None => answer.to_owned(),
    }
}

fn without_ids(line: &str) -> String {
    let narrowed = line.contains("?patient=P-0001%2C");
    line.split('&').filter(|pair| !(narrowed && pair.starts_with("_id="))).collect::<Vec<_>>().join("&")
}

/// Words that tell of somebody else: ids of persons and of their records, and names.
fn foreign_words() -> Vec<String> {
    let city = city::city();
    let mut words = Vec::new();
    for person in city["persons"].as_array().unwrap() {
        let id = person["id"].as_str().unwrap();
        if !OWN.contains(&id) {
            words.push(id.to_owned());
            words.push(id.replacen('P', "", 1));
            words.push(person["name"].as_str().unwrap().to_owned());
        }
    }
    words
}

#[tokio::test]
async fn no_way_around_leads_anywhere() {
    let world = World::start().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let foreign = foreign_words();
    let folder = house::root().join("tests/testdata/bypasses");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "txt"));
    files.sort();
    let (mut count, mut passed) = (0, Vec::new());
    for file in files {
        let kind = file.file_stem().unwrap().to_string_lossy().into_owned();
        for case in cases(&std::fs::read_to_string(&file).unwrap()) {
            count += 1;
            world.store.clear_requests();
            let message = case.message(&cookie);
            let (status, answer) = send(&terminal, &message).await;
            let saw = world.store_saw();
            let asked = String::from_utf8_lossy(&message).into_owned();
            let refused = status.is_none_or(|status| (400..500).contains(&status) || status == 501);
            let mut faults = Vec::new();
            match case.verdict.as_str() {
                "refused" if !refused => faults.push("it is served".to_owned()),
                "refused" if !saw.is_empty() => faults.push("it reached the store".to_owned()),
                "own" if !status.is_some_and(|status| (200..300).contains(&status)) => {
                    faults.push("it is not served".to_owned());
                }
                "own" if !answer.contains("P-0001") => faults.push("nothing of hers is in it".to_owned()),
                "nothing" if !refused && !status.is_some_and(|status| (200..300).contains(&status)) => {
                    faults.push("it is neither served nor refused".to_owned());
                }
                "refused" | "nothing" | "own" => {}
                other => panic!("{}: verdict `{other}`", case.name),
            }
            // A searchset says in its own link what was asked for, in the client's words; and by the id of a record, the
            // store is asked among her persons' records only.
            let answer = without_self_link(&answer);
            let saw: Vec<String> = saw.iter().map(|line| without_ids(line)).collect();
            for word in &foreign {
                // A refusal may say what it refuses.
                if answer.contains(word.as_str()) && !(refused && asked.contains(word.as_str())) {
                    faults.push(format!("the answer tells of `{word}`"));
                }
                faults.extend(
                    saw.iter().filter(|line| line.contains(word.as_str())).map(|line| format!("the store saw {line}")),
                );
            }
            if !faults.is_empty() {
                let answer: String = answer.chars().take(400).collect();
                passed.push(format!(
                    "{kind}: {}: {}\n    {status:?}; the store saw {saw:?}\n    {answer}",
                    case.name,
                    faults.join(", ")
                ));
            }
        }
    }
    assert!(passed.is_empty(), "{} of {count} cases:\n{}", passed.len(), passed.join("\n"));
    assert!(count >= 200, "only {count} cases");
}
