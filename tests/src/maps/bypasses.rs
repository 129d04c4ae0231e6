//! Ways around a route map.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{mapped, saw};
use crate::world::Terminal;

/// One request, octet by octet as it stands here.
async fn raw(terminal: &Terminal, cookie: &str, line: &str, fields: &[&str], body: &[u8]) -> u16 {
    let mut stream = terminal.raw().await.unwrap();
    let mut head = format!("{line} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\nconnection: close\r\n", terminal.host);
    for field in fields {
        head.push_str(&format!("{field}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    // A refusal may close before it has taken all.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(!answer.contains("P-0008さん") && !answer.contains("e-0008"), "{line}: {answer}");
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(400)
}

/// Every way around the map that we know of, over real sockets, judged by the store's own request log: what is refused never
/// reached it, but for the question whose a record is.
#[tokio::test]
async fn no_way_around_the_map() {
    let world = mapped().await;
    let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
    let json = "content-type: application/json";
    let form = "content-type: application/x-www-form-urlencoded";
    let text = br#"{"text":"x"}"#.as_slice();
    let deep = format!(r#"{{"text":{}1{}}}"#, "[".repeat(60), "]".repeat(60));
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(70_000));
    let utf16: Vec<u8> = "{\"text\":\"x\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: &[(&str, &[&str], &[u8])] = &[
        // Paths that two readers could read differently.
        ("GET /notes%2fpeople/P-0008", &[], b""),
        ("GET /notes/people%2fP-0008", &[], b""),
        ("GET /notes/people/P-0001%2f..%2fP-0008", &[], b""),
        ("GET /notes/people/P-0001/../P-0008", &[], b""),
        ("GET /notes/people/P-0001/%2e%2e/P-0008", &[], b""),
        ("GET /notes/people/P-0001%252f..%252fP-0008", &[], b""),
        ("GET /notes/./people/P-0008", &[], b""),
        ("GET //notes/people/P-0008", &[], b""),
        ("GET /notes//people/P-0008", &[], b""),
        ("GET /notes/people/P-0008/", &[], b""),
        ("GET /notes/people/P-0001;P-0008", &[], b""),
        ("GET /notes/people/P-0001%3bP-0008", &[], b""),
        ("GET /notes/people/P-0008%00", &[], b""),
        ("GET /notes/people/P-0001%0d%0aX: y", &[], b""),
        ("GET /notes/people\\P-0008", &[], b""),
        ("GET /notes/people/P-0008%20", &[], b""),
        ("GET /NOTES/people/P-0008", &[], b""),
        ("GET /notes/People/P-0008", &[], b""),
        ("GET /notes/people/%50-0008", &[], b""),
        ("GET /notes/people/P-\u{ff10}008", &[], b""),
        ("GET /notes/static/../people/P-0008", &[], b""),
        ("GET /notes/static/..%2fpeople%2fP-0008", &[], b""),
        ("GET /notes/entries", &[], b""),
        ("GET /notes/people", &[], b""),
        ("GET /notes/export", &[], b""),
        // Whatever begins with another application's prefix is that one's, and whatever looks like a prefix is none.
        ("GET /notesx/people/P-0008", &[], b""),
        ("GET /fhir/notes/people/P-0008", &[], b""),
        ("GET /notes/fhir/Patient/P-0008", &[], b""),
        ("GET /notes/../fhir/Patient/P-0008", &[], b""),
        ("GET /broken/foreign", &[], b""),
        // Methods, and what changes them.
        ("HEAD /notes/people/P-0001", &[], b""),
        ("OPTIONS /notes/people/P-0001", &[], b""),
        ("TRACE /notes/people/P-0001", &[], b""),
        ("DELETE /notes/people/P-0001", &[], b""),
        ("PATCH /notes/entries/e-0001-01", &[json], text),
        ("get /notes/people/P-0001", &[], b""),
        ("POST /notes/entries/e-0001-01", &[json], text),
        ("PUT /notes/people/P-0001/entries", &[json], text),
        ("GET /notes/people/P-0001", &["x-http-method-override: DELETE"], b""),
        ("POST /notes/people/P-0001/entries", &[json, "x-http-method: PUT"], text),
        ("GET /notes/people/P-0001", &["x-original-url: /notes/people/P-0008"], b""),
        ("GET /notes/people/P-0001", &["x-rewrite-url: /notes/people/P-0008"], b""),
        ("GET /notes/people/P-0001", &["x_person: P-0008"], b""),
        ("GET /notes/people/P-0001", &["upgrade: websocket", "connection: upgrade"], b""),
        ("POST /notes/people/P-0001/entries", &[form], b"text=x&_method=DELETE"),
        ("GET /notes/search?person=P-0001&_method=DELETE", &[], b""),
        // Queries.
        ("GET /notes/search", &[], b""),
        ("GET /notes/search?q=x", &[], b""),
        ("GET /notes/search?person=&q=x", &[], b""),
        ("GET /notes/search?person=P-0001&person=P-0008", &[], b""),
        ("GET /notes/search?person=P-0001&Person=P-0008", &[], b""),
        ("GET /notes/search?person=P-0001&person%5b%5d=P-0008", &[], b""),
        ("GET /notes/search?person[]=P-0008", &[], b""),
        ("GET /notes/search?p%65rson=P-0008", &[], b""),
        ("GET /notes/search?person=P-0001,P-0008", &[], b""),
        ("GET /notes/search?person=P-0001;person=P-0008", &[], b""),
        ("GET /notes/search?person=P-0001%26person%3dP-0008", &[], b""),
        ("GET /notes/search?q=x&amp;person=P-0008", &[], b""),
        ("GET /notes/search?person=*", &[], b""),
        ("GET /notes/search?person=%", &[], b""),
        ("GET /notes/search?person=P-0001&from=2026-11-01", &[], b""),
        ("GET /notes/people/P-0001?person=P-0008", &[], b""),
        ("GET /notes/people/P-0001/entries?person=P-0008", &[], b""),
        ("GET /notes/people/P-0001/entries?from=2026-11-01&from=2000-01-01", &[], b""),
        ("GET /notes/people/P-0001/entries?from=%27+OR+1%3d1", &[], b""),
        ("GET /notes/entries/e-0001-01?id=e-0008-01", &[], b""),
        // Bodies.
        ("POST /notes/people/P-0001/entries", &[json], br#"{"text":"x","person":"P-0008"}"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"{"person":"P-0001","text":"x"}"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"{"text":"x","text":"y"}"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"{"text":"x","Text":"y"}"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"{"text":"x","p\u0065rson":"P-0008"}"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"{"text":"x","__proto__":{"person":"P-0008"}}"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"{"text":{"person":"P-0008"}}"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"[{"text":"x","person":"P-0008"}]"#),
        ("POST /notes/people/P-0001/entries", &[json], br#"{"text":"x"}{"text":"y","person":"P-0008"}"#),
        ("POST /notes/people/P-0001/entries", &[json], b"\xef\xbb\xbf{\"text\":\"x\"}"),
        ("POST /notes/people/P-0001/entries", &[json], &utf16),
        ("POST /notes/people/P-0001/entries", &[json], deep.as_bytes()),
        ("POST /notes/people/P-0001/entries", &[json], large.as_bytes()),
        ("POST /notes/people/P-0001/entries", &[json], b"text=x&person=P-0008"),
        ("POST /notes/people/P-0001/entries", &[form], br#"{"text":"x","person":"P-0008"}"#),
        ("POST /notes/people/P-0001/entries", &[form], b"text=x&person=P-0008"),
        ("POST /notes/people/P-0001/entries", &[form], b"text=x&text=y"),
        ("POST /notes/people/P-0001/entries", &[form], b"text=x;person=P-0008"),
        ("POST /notes/people/P-0001/entries", &[form], b"text=x&p%65rson=P-0008"),
        ("POST /notes/people/P-0001/entries", &["content-type: multipart/form-data; boundary=x"], b"--x--"),
        ("POST /notes/people/P-0001/entries", &["content-type: text/plain"], text),
        ("POST /notes/people/P-0001/entries", &[json, form], text),
        ("POST /notes/people/P-0001/entries", &[json, "content-encoding: gzip"], text),
        ("POST /notes/people/P-0001/entries", &["content-type: application/json; charset=utf-7"], text),
        ("POST /notes/people/P-0001/entries", &[], text),
        ("POST /notes/people/P-0001/entries?person=P-0008", &[json], text),
        ("GET /notes/people/P-0001", &[json], text),
        ("PUT /notes/entries/e-0001-01", &[json], br#"{"text":"x","person":"P-0008"}"#),
        ("PUT /notes/entries/e-0001-01", &[json], br#"{"text":"x","id":"e-0008-01"}"#),
        ("PUT /notes/entries/e-0001-01", &[form], b"text=x"),
        ("PUT /notes/entries/e-0001-01", &[json, "if-match: *"], text),
        ("PUT /notes/entries/e-0001-01", &[json, "if-match: \"1\", \"2\""], text),
        // A form of another site.
        ("POST /notes/people/P-0001/entries", &[form, "origin: https://evil.example"], b"text=x"),
        ("POST /notes/people/P-0001/entries", &[form, "sec-fetch-site: cross-site"], b"text=x"),
    ];
    assert!(cases.len() >= 100, "{}", cases.len());
    for (line, fields, body) in cases {
        world.store.clear_requests();
        let status = raw(&terminal, &cookie, line, fields, body).await;
        let refused = (400..500).contains(&status) || status == 501;
        assert!(refused, "{line} {fields:?} {}: {status}", String::from_utf8_lossy(body));
        assert!(saw(&world).is_empty(), "{line} {fields:?} {}: {:?}", String::from_utf8_lossy(body), saw(&world));
    }
    // What names its person by what is stored: whose it is, is asked, and no more.
    for (line, look_up) in [
        ("GET /notes/entries/e-0008-01", "GET /notes/entries/e-0008-01"),
        ("GET /notes/entries/e-0008-01/page", "GET /notes/entries/e-0008-01"),
        ("GET /notes/attachments/a-0008-01", "GET /notes/attachments/a-0008-01/about"),
        ("PUT /notes/entries/e-0008-01", "GET /notes/entries/e-0008-01"),
    ] {
        world.store.clear_requests();
        let (fields, body) = if line.starts_with("PUT") { (vec![json], text) } else { (Vec::new(), &b""[..]) };
        assert_eq!(raw(&terminal, &cookie, line, &fields, body).await, 404, "{line}");
        assert_eq!(saw(&world), [look_up], "{line}");
    }
    // The same by the way that is meant, so that the set above is not refused for another reason.
    world.store.clear_requests();
    assert_eq!(raw(&terminal, &cookie, "POST /notes/people/P-0001/entries", &[json], text).await, 201);
    assert_eq!(raw(&terminal, &cookie, "POST /notes/people/P-0001/entries", &[form], b"text=x").await, 303);
    assert_eq!(raw(&terminal, &cookie, "GET /notes/search?person=P-0001&q=a+b", &[], b"").await, 200);
    assert_eq!(raw(&terminal, &cookie, "PUT /notes/entries/e-0001-01", &[json], text).await, 200);
    let writes: Vec<String> =
        saw(&world).into_iter().filter(|request| !request.starts_with("GET /notes/entries/")).collect();
    assert_eq!(
        writes,
        [
            "POST /notes/people/P-0001/entries",
            "POST /notes/people/P-0001/entries",
            "GET /notes/search?person=P-0001&q=a%20b",
            "PUT /notes/entries/e-0001-01"
        ]
    );
}
