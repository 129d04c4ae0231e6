//! HTTP/1.1, by tables: framing, chunks, heads, and what belongs to a connection. Each bad message has a good one behind it, which
//! must not be answered.

mod cases;

use self::cases::{CHUNKS, CONNECTION, FRAMING, GOES_ON, HEADS};
use crate::world::{Ask, CARE, Terminal, World};

use super::raw::{Said, say, say_in_pieces};

/// A search, up to the fields that a case is about.
const SEARCH: &str =
    "POST /fhir/Observation/_search HTTP/1.1\r\n{h}Content-Type: application/x-www-form-urlencoded\r\n";

struct Table {
    world: World,
    terminal: Terminal,
    cookie: String,
    faults: Vec<String>,
}

impl Table {
    async fn start() -> Self {
        let world = World::start().await;
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        Self { world, terminal, cookie, faults: Vec::new() }
    }

    /// The octets of a text, one a character, its letters replaced.
    fn octets(&self, text: &str) -> Vec<u8> {
        let good = format!("GET /fhir/Patient/P-0002 HTTP/1.1\r\nHost: {CARE}\r\nCookie: {}\r\n\r\n", self.cookie);
        let text = text
            .replace("{h}", &format!("Host: {CARE}\r\nCookie: {}\r\n", self.cookie))
            .replace("{c}", CARE)
            .replace("{k}", &self.cookie)
            .replace("{g}", &good)
            .replace("{a}", &"a".repeat(40_000))
            .replace("{m}", &"A: b\r\n".repeat(120))
            .replace("{9}", &"9".repeat(100));
        let octet = |letter: char| {
            u8::try_from(u32::from(letter)).map_or_else(|_| letter.to_string().into(), |octet| vec![octet])
        };
        text.chars().flat_map(octet).collect()
    }

    /// Sends one message with a good one behind it, and looks at what comes of them.
    async fn case(&mut self, name: &str, message: &str, wanted: u16) {
        self.world.store.clear_requests();
        let octets = self.octets(&format!("{message}{{g}}"));
        let said = say(&self.terminal, &octets).await;
        let saw = self.world.store_saw();
        let good = self.terminal.ask(Ask::get("/fhir/Patient/P-0001").as_(&self.cookie)).await;
        if !good.as_ref().is_ok_and(|reply| reply.status == 200) {
            self.faults.push(format!("{name}: afterwards a good request comes to {good:?}"));
        }
        let fault = match wanted {
            200 => served(&said, 200),
            GOES_ON.. => served(&said, wanted - GOES_ON),
            _ => refused(&said, wanted, &saw),
        };
        self.faults.extend(fault.map(|fault| format!("{name}: {fault}\n    {said:?}\n    the store saw {saw:?}")));
    }

    fn end(self, count: usize) {
        assert!(self.faults.is_empty(), "{} of {count} cases:\n{}", self.faults.len(), self.faults.join("\n"));
    }
}

/// Both messages are answered, unless the first asks to be the last.
fn served(said: &Said, wanted: u16) -> Option<String> {
    let statuses = said.statuses();
    let served = statuses == [wanted, 200] || (said.closed && statuses == [wanted]);
    (!served).then(|| format!("it is not {wanted}, and then 200"))
}

fn refused(said: &Said, wanted: u16, saw: &[String]) -> Option<String> {
    match said.answers.as_slice() {
        _ if !saw.is_empty() => Some("something reached the store".to_owned()),
        [(status, _)] if *status != wanted => Some(format!("it is not {wanted}")),
        [(_, body)] if !body.contains("\"code\":") || !body.contains("urn:sekisho:incident:") => {
            Some("the answer is no problem document".to_owned())
        }
        [_] if !said.closed => Some("the connection goes on".to_owned()),
        [_] => None,
        _ => Some("there is not exactly one answer".to_owned()),
    }
}

#[tokio::test]
async fn a_body_has_one_length() {
    let mut table = Table::start().await;
    for (name, fields, body, wanted) in FRAMING {
        table.case(name, &format!("{SEARCH}{fields}\r\n{body}"), *wanted).await;
    }
    table.end(FRAMING.len());
}

#[tokio::test]
async fn chunks_have_one_form() {
    let mut table = Table::start().await;
    for (name, body, wanted) in CHUNKS {
        table.case(name, &format!("{SEARCH}Transfer-Encoding: chunked\r\n\r\n{body}"), *wanted).await;
    }
    table.end(CHUNKS.len());
}

#[tokio::test]
async fn a_head_has_one_reading() {
    let mut table = Table::start().await;
    for (name, message, wanted) in HEADS {
        table.case(name, message, *wanted).await;
    }
    table.end(HEADS.len());
}

#[tokio::test]
async fn a_connection_is_the_connections_own() {
    let mut table = Table::start().await;
    for (name, fields, wanted) in CONNECTION {
        table.case(name, &format!("GET /fhir/Patient/P-0001 HTTP/1.1\r\n{{h}}{fields}\r\n"), *wanted).await;
    }
    table.end(CONNECTION.len());
}

#[test]
fn the_tables_are_long() {
    assert!(FRAMING.len() + CHUNKS.len() + HEADS.len() + CONNECTION.len() >= 200);
}

/// A refusal waits for the answers to what came before it, and is the last.
#[tokio::test]
async fn a_bad_head_is_answered_in_its_turn() {
    let table = Table::start().await;
    let good = "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n";
    let said = say(&table.terminal, &table.octets(&format!("{good}{good}GET / HTTP/1.1\r\nA: b\r\n\r\n{good}"))).await;
    assert_eq!(said.statuses(), [200, 200, 400]);
    assert!(said.closed);
}

/// A chunk that breaks the rules after its head has passed: one answer or none, and nothing behind it.
#[tokio::test]
async fn a_body_that_breaks_the_rules_later_ends_there() {
    let table = Table::start().await;
    for rest in ["x\r\n0\r\n\r\n{g}", "\n0\r\n\r\n{g}", "\r\n0;a\r\n\r\n{g}"] {
        table.world.store.clear_requests();
        let head = table.octets(&format!("{SEARCH}Transfer-Encoding: chunked\r\n\r\ne\r\npatient=P-00"));
        let rest = [table.octets("01"), table.octets(rest)].concat();
        let said = say_in_pieces(&table.terminal, &[&head, &rest]).await;
        assert!(said.closed && matches!(said.statuses().as_slice(), [] | [400]), "{said:?}");
        assert!(table.world.store_saw().is_empty());
    }
}

/// What a client sends octet by octet is what it sends at once.
#[tokio::test]
async fn a_message_in_pieces_is_the_same() {
    let table = Table::start().await;
    let message = table.octets(&format!("{SEARCH}Transfer-Encoding: chunked\r\n\r\ne\r\npatient=P-0001\r\n0\r\n\r\n"));
    let pieces: Vec<&[u8]> = message.chunks(23).collect();
    let said = say_in_pieces(&table.terminal, &pieces).await;
    assert_eq!(said.statuses(), [200]);
}

/// A body that nobody reads is never taken for a request, wherever the answer came from.
#[tokio::test]
async fn a_body_is_never_a_request() {
    let table = Table::start().await;
    let inner = table.octets("GET /fhir/Patient/P-0003 HTTP/1.1\r\n{h}\r\n");
    for line in ["POST /nothing", "GET /fhir/Patient/P-0001", "DELETE /nothing", "POST /fhir/Patient/P-0001", "GET /"] {
        table.world.store.clear_requests();
        let head = table.octets(&format!("{line} HTTP/1.1\r\n{{h}}Content-Length: {}\r\n\r\n", inner.len()));
        let said = say(&table.terminal, &[head, inner.clone(), table.octets("{g}")].concat()).await;
        let mut statuses = said.statuses();
        // What lies behind the body may be answered, or not.
        let behind = statuses.len() == 2 && statuses.pop() == Some(200);
        assert!(statuses.len() == 1 && (behind || said.closed), "{line}: {said:?}");
        let saw = table.world.store_saw();
        assert!(saw.iter().all(|line| line.ends_with("P-0002")), "{line}: the store saw {saw:?}");
    }
}

/// RFC 9110 10.1.1: whoever expects to be told to go on is told so, and then served.
#[tokio::test]
async fn an_expectation_is_met() {
    let table = Table::start().await;
    for (fields, body) in [
        ("Content-Length: 14\r\n", "patient=P-0001"),
        ("Transfer-Encoding: chunked\r\n", "e\r\npatient=P-0001\r\n0\r\n\r\n"),
    ] {
        let head = table.octets(&format!("{SEARCH}{fields}Expect: 100-continue\r\n\r\n"));
        let said = say_in_pieces(&table.terminal, &[&head, body.as_bytes()]).await;
        assert!(matches!(said.statuses().as_slice(), [100, 200] | [200]), "{said:?}");
    }
}
