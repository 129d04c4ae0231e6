//! What comes from strangers before anything asks what it wants: heads, bodies in chunks, targets, messages translated from HTTP/2,
//! fields on their way to the store, cookies. The same functions run over the seeds in the ordinary tests
//! (`gateway/src/strict/fuzz.rs`).

#![allow(dead_code, reason = "each target uses one of them")]

use gateway::session::{COOKIE, Sealer, cookie};
use gateway::strict::chunked::Follower;
use gateway::strict::head::{Framing, Head, HeadReader};
use gateway::strict::message;
use gateway::strict::signs::Signs;
use gateway::strict::target::canonical;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// The head of a request: cut anywhere it comes to the same, and a second, naive reader finds one head in it.
pub(crate) fn request_head(data: &[u8]) {
    let whole = HeadReader::default().read(data);
    let mut reader = HeadReader::default();
    let mut pieces = Ok(None);
    for end in 0..=data.len() {
        pieces = reader.read(&data[..end]);
        if !matches!(pieces, Ok(None)) {
            break;
        }
    }
    // Which fault of two is found first may differ; that there is one does not.
    match (&whole, &pieces) {
        (Err(_), Err(_)) => {}
        _ => assert_eq!(whole, pieces),
    }
    if let Ok(Some(head)) = whole {
        naive_head(&data[..head.octets], head);
    }
}

fn naive_head(octets: &[u8], head: Head) {
    let text: String = octets.iter().map(|octet| char::from(*octet)).collect();
    let text = text.strip_prefix("\r\n").unwrap_or(&text);
    assert_eq!(text.find("\r\n\r\n"), Some(text.len() - 4), "one head, and its end is its end");
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let line = lines.next().unwrap();
    assert_eq!(line.split(' ').count(), 3, "{line}");
    assert!(line.ends_with(" HTTP/1.1") && line.split(' ').nth(1).unwrap().starts_with('/'), "{line}");
    let (mut hosts, mut lengths, mut codings) = (0, Vec::new(), 0);
    for line in lines {
        assert!(!line.contains(['\r', '\n', '\0']), "{line}");
        let (name, value) = line.split_once(':').unwrap();
        assert!(!name.is_empty() && !name.contains([' ', '\t', '_']), "{line}");
        match name.to_ascii_lowercase().as_str() {
            "host" => hosts += 1,
            "content-length" => lengths.push(value.trim().parse::<u64>().unwrap()),
            "transfer-encoding" => {
                codings += 1;
                assert_eq!(value.trim().to_ascii_lowercase(), "chunked");
            }
            _ => {}
        }
    }
    assert_eq!(hosts, 1);
    match head.body {
        Framing::Chunked => assert_eq!((lengths.len(), codings), (0, 1)),
        Framing::Length(length) => assert_eq!((lengths.as_slice(), codings), (&[length][..], 0)),
        Framing::None => assert!(codings == 0 && (lengths.is_empty() || lengths == [0])),
    }
}

/// A body in chunks: octet by octet it comes to the same, and it ends where a naive reader says.
pub(crate) fn chunked_body(data: &[u8]) {
    let mut follower = Follower::new(Framing::Chunked);
    let whole = follower.follow(data).map(|taken| (taken, follower.is_over()));
    let mut slow = Follower::new(Framing::Chunked);
    let mut taken = 0;
    let mut pieces = Ok((0, false));
    for octet in data {
        match slow.follow(&[*octet]) {
            Ok(one) => taken += one,
            Err(flaw) => {
                pieces = Err(flaw);
                break;
            }
        }
        pieces = Ok((taken, slow.is_over()));
        if slow.is_over() {
            break;
        }
    }
    assert_eq!(whole, pieces);
    match (whole, naive_chunks(data)) {
        (Ok((taken, true)), Some(end)) => assert_eq!(taken, end),
        (Ok((_, true)), None) => panic!("a body that the other reader does not take"),
        (_, end) => assert_eq!(end, None, "a body that only the other reader takes"),
    }
}

/// Where a body in chunks ends, if it does.
pub(crate) fn naive_chunks(data: &[u8]) -> Option<usize> {
    let line = |at: usize| data[at..].windows(2).position(|two| two == b"\r\n").map(|end| &data[at..at + end]);
    let mut at = 0;
    loop {
        let size = line(at)?;
        let plain = !size.is_empty() && size.len() <= 8 && size.iter().all(u8::is_ascii_hexdigit);
        at += size.len() + 2;
        let size = usize::from_str_radix(std::str::from_utf8(size).ok().filter(|_| plain)?, 16).ok()?;
        if size == 0 {
            break;
        }
        at = at.checked_add(size)?;
        if data.get(at..at + 2)? != b"\r\n" {
            return None;
        }
        at += 2;
    }
    let begun = at;
    loop {
        let trailer = line(at)?;
        at += trailer.len() + 2;
        if trailer.is_empty() {
            // Trailers that are too long are refused; the very last octet is not counted.
            return (at - begun <= gateway::bounds::TRAILER_BYTES_MAX + 1).then_some(at);
        }
        let colon = trailer.iter().position(|octet| *octet == b':')?;
        let name = &trailer[..colon];
        let token = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^`|~".contains(octet);
        let control = |octet: &u8| (*octet < b' ' && *octet != b'\t') || *octet == 0x7f;
        if name.is_empty() || !name.iter().all(token) || trailer.iter().any(control) {
            return None;
        }
    }
}

/// A target: what is taken is what it is once it is decoded and its dots are followed, however often that is done.
pub(crate) fn canonical_target(data: &[u8]) {
    let Ok(target) = std::str::from_utf8(data) else { return };
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let taken = canonical(target).is_ok();
    assert_eq!(taken, naive_path(path) && query.is_none_or(naive_query), "{target}");
    if taken {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        if request.len() < 4096 {
            let head = HeadReader::default().read(request.as_bytes());
            assert!(matches!(head, Ok(Some(head)) if head.octets == request.len()), "{target}");
        }
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            octets.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            octets.push(*first);
        }
    }
    Some(octets)
}

/// RFC 3986 5.2.4, and slashes in a row for one: the path itself if it is plain.
fn naive_path(path: &str) -> bool {
    if decoded(path).as_deref() != Some(path.as_bytes()) || !path.starts_with('/') {
        return false;
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path[1..].split('/') {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let mut again = format!("/{}", kept.join("/"));
    while again.contains("//") {
        again = again.replace("//", "/");
    }
    again == path && path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/-_$.".contains(letter))
}

fn naive_query(query: &str) -> bool {
    let plain = query.bytes().all(|octet| octet > b' ' && octet < 0x7f && !b"#\"<>\\^`{};".contains(&octet));
    // What is encoded decodes to no control character; what is not is none already.
    plain && decoded(query).is_some_and(|octets| !octets.iter().any(|octet| *octet < b' ' || *octet == 0x7f))
}

/// Lines of `name: value` as a header map; none where `http` takes one of them for no field.
fn fields(text: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in text.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|octet| *octet == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.append(name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?);
    }
    Some(headers)
}

/// A message over HTTP/2 (method, target and fields, a line each): if it is taken, then written down for HTTP/1.1 it is one head.
pub(crate) fn translated(data: &[u8]) {
    let mut lines = data.splitn(3, |octet| *octet == b'\n');
    let (Some(method), Some(target), Some(rest)) = (lines.next(), lines.next(), lines.next()) else { return };
    let Ok(method) = Method::from_bytes(method) else { return };
    let Ok(uri) = Uri::try_from([b"https://a", target].concat()) else { return };
    let Some(headers) = fields(rest).filter(|headers| headers.len() < 90) else { return };
    let mut request = Request::new(());
    (*request.method_mut(), *request.uri_mut(), *request.version_mut()) = (method, uri, Version::HTTP_2);
    *request.headers_mut() = headers;
    let target = request.uri().path_and_query().unwrap().as_str();
    if message::read(&request, &Signs::default()).is_err() || canonical(target).is_err() {
        return;
    }
    let mut head = format!("{} {target} HTTP/1.1\r\nhost: a\r\n", request.method()).into_bytes();
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != HOST) {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    if head.len() < 16_000 {
        let read = HeadReader::default().read(&head);
        assert!(matches!(read, Ok(Some(read)) if read.octets == head.len()), "{read:?}");
    }
}

/// Fields of a request, and what of them passes to the store: those of the list, once each, in plain ASCII.
pub(crate) fn scrubbed_fields(data: &[u8]) {
    let Some(headers) = fields(data) else { return };
    let passed = gateway::pipeline::forward::passed_to_event_streams(&headers);
    for (name, value) in &passed {
        assert!(["accept", "accept-language"].contains(&name.as_str()), "{name}");
        assert_eq!(passed.get_all(name).iter().count(), 1);
        assert!(value.as_bytes().iter().all(|octet| matches!(octet, b' '..=b'~')), "{value:?}");
    }
}

/// The `Cookie` field: nothing opens that was not sealed, and of two session cookies neither counts.
pub(crate) fn session_cookie(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let mut headers = HeaderMap::new();
    headers.append(http::header::COOKIE, value);
    let Some(sealed) = cookie(&headers, COOKIE) else { return };
    let sealer = Sealer::new(&[7; 32]).unwrap();
    assert!(sealer.open(sealed).is_none(), "a session that nobody sealed");
    let twice = HeaderValue::from_str(&format!("{COOKIE}={sealed}")).unwrap();
    headers.append(http::header::COOKIE, twice);
    assert!(cookie(&headers, COOKIE).is_none());
}
