//! What a message may be made of (RFC 9113 8), and what comes of it after it is translated.

use crate::world::{CARE, Http, Terminal, Tls, World};

use super::raw::{DATA, END_HEADERS, END_STREAM, Link, Outcome, WHOLE, block, field, frame, headers, request};

/// What is to come of a case.
enum Wanted {
    /// Served.
    Ok,
    /// Refused: by an answer with this status, or as malformed (RFC 9113 8.1.1).
    No(u16),
}
use Wanted::{No, Ok as Yes};

const PATH: &str = "/fhir/Patient/P-0001";

struct Table {
    world: World,
    terminal: Terminal,
    cookie: String,
    faults: Vec<String>,
    count: usize,
}

impl Table {
    async fn start() -> Self {
        let world = World::start().await;
        let terminal = world.terminal_speaking(&world.keys("D-sato"), Http::Two, Tls::V13);
        let cookie = world.cookie(&terminal, "U-sato").await;
        Self { world, terminal, cookie, faults: Vec::new(), count: 0 }
    }

    async fn case(&mut self, name: &str, frames: Vec<u8>, wanted: Wanted) {
        self.count += 1;
        self.world.store.clear_requests();
        let mut link = Link::open(&self.terminal).await;
        link.send(&frames).await;
        let outcome = link.outcome(1).await;
        let saw = self.world.store_saw();
        let fits = match (&wanted, &outcome) {
            (Yes, Outcome::Answered(200)) => true,
            (No(status), Outcome::Answered(given)) => given == status,
            // PROTOCOL_ERROR, COMPRESSION_ERROR, FRAME_SIZE_ERROR, ENHANCE_YOUR_CALM.
            (No(_), Outcome::Reset(code) | Outcome::Gone(code)) => [1, 9, 6, 11].contains(code),
            _ => false,
        };
        if !fits {
            self.faults.push(format!("{name}: {outcome:?}"));
        }
        if matches!(wanted, No(_)) && !saw.is_empty() {
            self.faults.push(format!("{name}: the store saw {saw:?}"));
        }
    }

    /// A read with these fields beside its own.
    async fn with(&mut self, name: &str, fields: &[(&str, &str)], wanted: Wanted) {
        let cookie = self.cookie.clone();
        let fields = [&[("cookie", cookie.as_str())], fields].concat();
        self.case(name, headers(1, WHOLE, &request("GET", PATH, &fields)), wanted).await;
    }

    /// A request with this block, and the session behind it.
    async fn made_of(&mut self, name: &str, pseudo: &[(&str, &str)], wanted: Wanted) {
        let block = [block(pseudo), field("cookie", &self.cookie)].concat();
        self.case(name, headers(1, WHOLE, &block), wanted).await;
    }

    /// A search with these fields, and DATA.
    async fn sends(&mut self, name: &str, fields: &[(&str, &str)], pieces: &[&str], wanted: Wanted) {
        let cookie = self.cookie.clone();
        let form = ("content-type", "application/x-www-form-urlencoded");
        let fields = [&[("cookie", cookie.as_str()), form], fields].concat();
        let mut frames = headers(1, END_HEADERS, &request("POST", "/fhir/Observation/_search", &fields));
        for (number, piece) in pieces.iter().enumerate() {
            let flags = if number + 1 == pieces.len() { END_STREAM } else { 0 };
            frames.extend(frame(DATA, flags, 1, piece.as_bytes()));
        }
        self.case(name, frames, wanted).await;
    }

    /// A search with this block of trailers.
    async fn trails(&mut self, name: &str, flags: u8, trailers: Vec<u8>, wanted: Wanted) {
        let cookie = self.cookie.clone();
        let fields = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let head = headers(1, END_HEADERS, &request("POST", "/fhir/Observation/_search", &fields));
        let frames = [head, frame(DATA, 0, 1, b"patient=P-0001"), headers(1, flags, &trailers)].concat();
        self.case(name, frames, wanted).await;
    }

    fn end(self, least: usize) {
        assert!(self.faults.is_empty(), "{} of {} cases:\n{}", self.faults.len(), self.count, self.faults.join("\n"));
        assert!(self.count >= least, "only {} cases", self.count);
    }
}

#[tokio::test]
async fn fields_are_what_the_rfc_lets_them_be() {
    let mut table = Table::start().await;
    for (name, field, value, wanted) in [
        ("nothing special", "accept", "application/fhir+json", Yes),
        ("trailers are taken", "te", "trailers", Yes),
        ("an empty value", "x-empty", "", Yes),
        ("a cookie in two", "cookie", "a=b", Yes),
        ("capitals", "X-Upper", "a", No(400)),
        ("a capital within", "x-uPper", "a", No(400)),
        ("connection", "connection", "close", No(400)),
        ("connection by name of a field", "connection", "sekisho-identity", No(400)),
        ("keep-alive", "keep-alive", "timeout=5", No(400)),
        ("proxy-connection", "proxy-connection", "keep-alive", No(400)),
        ("transfer-encoding", "transfer-encoding", "chunked", No(400)),
        ("transfer-encoding of nothing", "transfer-encoding", "", No(400)),
        ("upgrade", "upgrade", "websocket", No(400)),
        ("upgrade to h2c", "upgrade", "h2c", No(400)),
        ("te of gzip", "te", "gzip", No(400)),
        ("te of trailers and more", "te", "trailers, gzip", No(400)),
        ("te of nothing", "te", "", No(400)),
        ("a line end in a value", "x-a", "b\r\nx-c: d", No(400)),
        ("a bare CR in a value", "x-a", "b\rc", No(400)),
        ("a bare LF in a value", "x-a", "b\nc", No(400)),
        ("a request in a value", "x-a", "b\r\n\r\nGET /fhir/Patient/P-0008 HTTP/1.1\r\nHost: a", No(400)),
        ("NUL in a value", "x-a", "b\0c", No(400)),
        ("a bell in a value", "x-a", "b\x07c", No(400)),
        ("DEL in a value", "x-a", "b\x7fc", No(400)),
        ("a blank before a value", "x-a", " b", No(400)),
        ("a blank behind a value", "x-a", "b ", No(400)),
        ("a tab before a value", "x-a", "\tb", No(400)),
        ("a tab behind a value", "x-a", "b\t", No(400)),
        ("a line end in a name", "x-a: b\r\nx-c", "d", No(400)),
        ("a colon in a name", "x-a:", "b", No(400)),
        ("a colon within a name", "transfer-encoding: chunked", "b", No(400)),
        ("a blank in a name", "x a", "b", No(400)),
        ("a blank behind a name", "transfer-encoding ", "chunked", No(400)),
        ("NUL in a name", "x-a\0", "b", No(400)),
        ("a high octet in a name", "x-\u{e9}", "b", No(400)),
        ("no name", "", "b", No(400)),
        ("an underscore in a name", "content_length", "5", No(400)),
        ("an identity with underscores", "sekisho_identity", "forged", No(400)),
        ("a pseudo-header behind", ":path", "/fhir/Patient/P-0008", No(400)),
        ("a pseudo-header that nobody knows", ":unknown", "a", No(400)),
        ("a pseudo-header of answers", ":status", "200", No(400)),
        ("a protocol that nobody asked for", ":protocol", "websocket", No(400)),
        ("a host that is another", "host", "127.0.0.1", No(400)),
        ("a host that is the other of ours", "host", "www.sekisho.localhost", No(400)),
        ("an expectation", "expect", "200-ok", No(417)),
        ("a length of a read", "content-length", "5", No(400)),
        ("a length with a plus", "content-length", "+0", No(400)),
        ("a list of lengths", "content-length", "0, 0", No(400)),
        ("a length of nothing", "content-length", "", No(400)),
        ("a length that is none", "content-length", "a", No(400)),
        ("another method", "x-http-method-override", "DELETE", No(400)),
        ("another target", "x-original-url", "/fhir/Patient/P-0008", No(400)),
    ] {
        table.with(name, &[(field, value)], wanted).await;
    }
    table.with("the same host", &[("host", CARE)], Yes).await;
    table.with("two hosts", &[("host", CARE), ("host", CARE)], No(400)).await;
    table.with("two lengths", &[("content-length", "0"), ("content-length", "0")], No(400)).await;
    let many: Vec<(&str, &str)> = vec![("x-a", "b"); 150];
    table.with("too many fields", &many, No(431)).await;
    let long = "a".repeat(15_000);
    table.with("fields that are too long", &[("x-a", &long), ("x-b", &long), ("x-c", &long)], No(431)).await;
    table.end(50);
}

#[tokio::test]
async fn a_request_has_the_pseudo_headers_of_one() {
    let mut table = Table::start().await;
    let (method, scheme, authority) = ((":method", "GET"), (":scheme", "https"), (":authority", CARE));
    let path = (":path", PATH);
    table.made_of("in any order", &[path, authority, scheme, method], Yes).await;
    table.made_of("without an authority, with a host", &[method, scheme, path, ("host", CARE)], Yes).await;
    for (name, pseudo) in [
        ("no method", &[scheme, authority, path][..]),
        ("no scheme", &[method, authority, path]),
        ("no path", &[method, scheme, authority]),
        ("no authority and no host", &[method, scheme, path]),
        ("two methods", &[method, method, scheme, authority, path]),
        ("two schemes", &[method, scheme, scheme, authority, path]),
        ("two authorities", &[method, scheme, authority, authority, path]),
        ("two paths", &[method, scheme, authority, path, path]),
        ("a field before", &[("accept", "a/b"), method, scheme, authority, path]),
        ("a field between", &[method, ("accept", "a/b"), scheme, authority, path]),
        ("an empty method", &[(":method", ""), scheme, authority, path]),
        ("a method with a blank", &[(":method", "GET /x"), scheme, authority, path]),
        ("a method with a line end", &[(":method", "GET / HTTP/1.1\r\nA: b\r\n\r\n"), scheme, authority, path]),
        ("an empty scheme", &[method, (":scheme", ""), authority, path]),
        ("another scheme", &[method, (":scheme", "http"), authority, path]),
        ("a scheme of files", &[method, (":scheme", "file"), authority, path]),
        ("a scheme with a host", &[method, (":scheme", "https://127.0.0.1/"), authority, path]),
        ("an empty authority", &[method, scheme, (":authority", ""), path]),
        ("another authority", &[method, scheme, (":authority", "127.0.0.1"), path]),
        ("an authority with a user", &[method, scheme, (":authority", "a@care.sekisho.localhost"), path]),
        ("an authority with a path", &[method, scheme, (":authority", "care.sekisho.localhost/a"), path]),
        ("an authority with a line end", &[method, scheme, (":authority", "care.sekisho.localhost\r\na: b"), path]),
        ("an authority with a blank", &[method, scheme, (":authority", "care.sekisho.localhost "), path]),
        ("an authority with port 0", &[method, scheme, (":authority", "care.sekisho.localhost:0"), path]),
        ("an authority with a port too large", &[method, scheme, (":authority", "care.sekisho.localhost:65536"), path]),
        ("an authority with a zero before", &[method, scheme, (":authority", "care.sekisho.localhost:0443"), path]),
        ("an authority with an empty port", &[method, scheme, (":authority", "care.sekisho.localhost:"), path]),
        ("an authority of two ports", &[method, scheme, (":authority", "care.sekisho.localhost:1:2"), path]),
        ("an empty path", &[method, scheme, authority, (":path", "")]),
        ("a path without a slash", &[method, scheme, authority, (":path", "fhir/Patient/P-0001")]),
        ("everything", &[method, scheme, authority, (":path", "*")]),
        ("a path that is an address", &[method, scheme, authority, (":path", "https://a/fhir/Patient/P-0001")]),
        ("a path with a blank", &[method, scheme, authority, (":path", "/fhir/Patient/P-0001 HTTP/1.1")]),
        ("a path with a line end", &[method, scheme, authority, (":path", "/ HTTP/1.1\r\nA: b\r\n\r\n")]),
        ("a path with NUL", &[method, scheme, authority, (":path", "/fhir/Patient/P-0001\0")]),
        ("a path with a tab", &[method, scheme, authority, (":path", "/fhir/Patient/P-0001\t")]),
        ("a path with a high octet", &[method, scheme, authority, (":path", "/fhir/Patient/P-0001\u{e9}")]),
        ("two slashes", &[method, scheme, authority, (":path", "//fhir/Patient/P-0001")]),
        ("two dots", &[method, scheme, authority, (":path", "/fhir/../fhir/Patient/P-0001")]),
        ("an encoded dot", &[method, scheme, authority, (":path", "/%2e%2e/fhir/Patient/P-0001")]),
        ("an encoded slash", &[method, scheme, authority, (":path", "/fhir%2FPatient/P-0001")]),
        ("a backslash", &[method, scheme, authority, (":path", "/fhir\\Patient\\P-0001")]),
        ("a semicolon", &[method, scheme, authority, (":path", "/fhir/Patient/P-0001;a")]),
    ] {
        table.made_of(name, pseudo, No(400)).await;
    }
    // `http` leaves a fragment out before anybody of us sees it: it has one reading, and never gets to the store.
    let fragment = (":path", "/fhir/Patient/P-0001#a");
    table.made_of("a fragment", &[method, scheme, authority, fragment], Yes).await;
    for (name, word, status) in [
        ("a method in small letters", "get", 501),
        ("a method that nobody knows", "BREW", 501),
        ("TRACE", "TRACE", 405),
        ("CONNECT with a path", "CONNECT", 405),
        ("OPTIONS", "OPTIONS", 405),
    ] {
        table.made_of(name, &[(":method", word), scheme, authority, path], No(status)).await;
    }
    table.made_of("CONNECT", &[(":method", "CONNECT"), authority], No(405)).await;
    table.end(45);
}

#[tokio::test]
async fn a_body_is_as_long_as_it_says() {
    let mut table = Table::start().await;
    let body = "patient=P-0001";
    table.sends("without a length", &[], &[body], Yes).await;
    table.sends("with its length", &[("content-length", "14")], &[body], Yes).await;
    table.sends("in pieces", &[("content-length", "14")], &["patient", "=P-0001", ""], Yes).await;
    for (name, length, pieces) in [
        ("longer than it says", "13", &[body][..]),
        ("longer than nothing", "0", &[body]),
        ("shorter than it says", "15", &[body]),
        ("longer in pieces", "13", &["patient", "=P-0001"]),
        ("shorter in pieces", "15", &["patient", "=P-0001"]),
        ("nothing, where it says something", "14", &[""]),
        ("a length with a zero before", "014", &[body]),
        ("a length with a plus", "+14", &[body]),
        ("a list of lengths", "14, 14", &[body]),
        ("a length with a blank", "14 ", &[body]),
    ] {
        table.sends(name, &[("content-length", length)], pieces, No(400)).await;
    }
    table.sends("two lengths", &[("content-length", "14"), ("content-length", "14")], &[body], No(400)).await;
    table.sends("a coding of the transfer", &[("transfer-encoding", "chunked")], &["0\r\n\r\n"], No(400)).await;
    table.sends("a length that nothing has", &[("content-length", "18446744073709551616")], &[body], No(413)).await;

    // A read has none, whether or not it says so.
    let cookie = table.cookie.clone();
    let read = || headers(1, END_HEADERS, &request("GET", PATH, &[("cookie", &cookie)]));
    table.case("a read that ends later", [read(), frame(DATA, END_STREAM, 1, b"")].concat(), Yes).await;
    table.case("a read with a body", [read(), frame(DATA, END_STREAM, 1, b"a")].concat(), No(400)).await;
    let pieces = [read(), frame(DATA, 0, 1, b""), frame(DATA, END_STREAM, 1, b"GET / HTTP/1.1\r\n\r\n")].concat();
    table.case("a read with a request behind it", pieces, No(400)).await;

    let trailer = |name: &str, value: &str| field(name, value);
    table.trails("trailers", WHOLE, trailer("x-trailer", "a"), Yes).await;
    table.trails("a length in trailers", WHOLE, trailer("content-length", "5"), Yes).await;
    table.trails("trailers that end nothing", END_HEADERS, trailer("x-trailer", "a"), No(400)).await;
    table.trails("a path in trailers", WHOLE, trailer(":path", "/fhir/Patient/P-0008"), No(400)).await;
    table.trails("a method in trailers", WHOLE, trailer(":method", "DELETE"), No(400)).await;
    table.trails("a status in trailers", WHOLE, trailer(":status", "200"), No(400)).await;
    table.trails("a pseudo-header that nobody knows, in trailers", WHOLE, trailer(":x", "a"), No(400)).await;
    table.trails("an indexed path in trailers", WHOLE, vec![0x84], No(400)).await;
    table.trails("a compressed path in trailers", WHOLE, b"\x00\x84\xb9\x49\x53\x39\x01/".to_vec(), No(400)).await;
    table.trails("capitals in trailers", WHOLE, trailer("X-Trailer", "a"), No(400)).await;
    table.trails("a connection in trailers", WHOLE, trailer("connection", "close"), No(400)).await;
    table.trails("a line end in trailers", WHOLE, trailer("x-a", "b\r\nc: d"), No(400)).await;
    table.end(25);
}
