//! HTTP/1.1, by tables: framing, chunks, heads, and what belongs to a connection. Each bad message has a good one behind it, which
//! must not be answered.

use crate::world::{Ask, CARE, Terminal, World};

use super::raw::{Said, say, say_in_pieces};

/// Letters that need no thought: each takes the place of its field lines.
const SEARCH: &str =
    "POST /fhir/Observation/_search HTTP/1.1\r\n{h}Content-Type: application/x-www-form-urlencoded\r\n";

/// Added to a status: the message has one reading, and is refused for what it asks; the connection goes on.
const GOES_ON: u16 = 1000;

/// A search's field lines, its body, and the status.
const FRAMING: &[(&str, &str, &str, u16)] = &[
    ("a length", "Content-Length: 14\r\n", "patient=P-0001", 200),
    ("chunks", "Transfer-Encoding: chunked\r\n", "e\r\npatient=P-0001\r\n0\r\n\r\n", 200),
    ("chunks in capitals", "Transfer-Encoding: CHUNKED\r\n", "E\r\npatient=P-0001\r\n0\r\n\r\n", 200),
    ("two chunks", "Transfer-Encoding: chunked\r\n", "7\r\npatient\r\n7\r\n=P-0001\r\n0\r\n\r\n", 200),
    ("a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
    ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n", 400),
    ("chunks and a length of nothing", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n", 400),
    ("chunks and a broken length", "Transfer-Encoding: chunked\r\nContent-Length: x\r\n", "0\r\n\r\n", 400),
    ("two lengths", "Content-Length: 14\r\nContent-Length: 0\r\n", "patient=P-0001", 400),
    ("two equal lengths", "Content-Length: 14\r\nContent-Length: 14\r\n", "patient=P-0001", 400),
    ("a list of equal lengths", "Content-Length: 14, 14\r\n", "patient=P-0001", 400),
    ("a list of lengths", "Content-Length: 14,0\r\n", "patient=P-0001", 400),
    ("an empty length", "Content-Length:\r\n", "", 400),
    ("an empty length behind a blank", "Content-Length: \r\n", "", 400),
    ("a length with a plus", "Content-Length: +14\r\n", "patient=P-0001", 400),
    ("a length with a minus", "Content-Length: -14\r\n", "patient=P-0001", 400),
    ("a length of minus nothing", "Content-Length: -0\r\n", "", 400),
    ("a length in hexadecimal", "Content-Length: 0xe\r\n", "patient=P-0001", 400),
    ("a length with a letter", "Content-Length: e\r\n", "patient=P-0001", 400),
    ("a length with a zero before", "Content-Length: 014\r\n", "patient=P-0001", 400),
    ("a length of zeros", "Content-Length: 00\r\n", "", 400),
    ("a length with a blank in it", "Content-Length: 1 4\r\n", "patient=P-0001", 400),
    ("a length with a tab before", "Content-Length:\t14\r\n", "patient=P-0001", 400),
    ("a length with two blanks before", "Content-Length:  14\r\n", "patient=P-0001", 400),
    ("a length with a blank behind", "Content-Length: 14 \r\n", "patient=P-0001", 400),
    ("a length with a point", "Content-Length: 14.0\r\n", "patient=P-0001", 400),
    ("a length with an exponent", "Content-Length: 14e0\r\n", "patient=P-0001", 400),
    ("a length with an underscore", "Content-Length: 1_4\r\n", "patient=P-0001", 400),
    ("a length in quotes", "Content-Length: \"14\"\r\n", "patient=P-0001", 400),
    ("a length in full width", "Content-Length: １４\r\n", "patient=P-0001", 400),
    ("a length with a semicolon", "Content-Length: 14;a=b\r\n", "patient=P-0001", 400),
    ("a length of 2 to the 64", "Content-Length: 18446744073709551616\r\n", "patient=P-0001", 413),
    ("a length that is 14 modulo 2 to the 64", "Content-Length: 18446744073709551630\r\n", "patient=P-0001", 413),
    ("a length that is 14 modulo 2 to the 32", "Content-Length: 4294967310\r\n", "patient=P-0001", 413),
    ("a length of 2 to the 63", "Content-Length: 9223372036854775808\r\n", "patient=P-0001", 413),
    ("a length of a hundred digits", "Content-Length: {9}\r\n", "patient=P-0001", 413),
    ("a length with NUL behind", "Content-Length: 14\0\r\n", "patient=P-0001", 400),
    ("a length with a vertical tab", "Content-Length: \x0b14\r\n", "patient=P-0001", 400),
    ("a length folded", "Content-Length:\r\n 14\r\n", "patient=P-0001", 400),
    ("a length with a blank before the colon", "Content-Length : 14\r\n", "patient=P-0001", 400),
    ("a length with a tab before the colon", "Content-Length\t: 14\r\n", "patient=P-0001", 400),
    ("a length with an underscore for the dash", "Content_Length: 14\r\n", "patient=P-0001", 400),
    ("a length, and a twin with an underscore", "Content-Length: 14\r\nContent_Length: 0\r\n", "patient=P-0001", 400),
    ("a length, and its name with NUL", "Content-Length: 14\r\nContent-Length\0: 0\r\n", "patient=P-0001", 400),
    ("a length behind a bare CR", "A: b\rContent-Length: 14\r\n", "patient=P-0001", 400),
    ("a length behind a bare LF", "A: b\nContent-Length: 14\r\n", "patient=P-0001", 400),
    ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n", 400),
    ("chunked in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
    ("gzip and chunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", 400),
    ("gzip", "Transfer-Encoding: gzip\r\n", "", 400),
    ("identity", "Transfer-Encoding: identity\r\n", "", 400),
    ("identity and chunked", "Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n", 400),
    ("chunked and identity", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n", 400),
    ("identity in a field behind", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n", 400),
    ("an empty coding", "Transfer-Encoding:\r\n", "", 400),
    ("an empty coding and a length", "Transfer-Encoding:\r\nContent-Length: 14\r\n", "patient=P-0001", 400),
    ("an empty coding beside chunked", "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
    ("an empty coding behind chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", "0\r\n\r\n", 400),
    ("a comma behind", "Transfer-Encoding: chunked,\r\n", "0\r\n\r\n", 400),
    ("a comma before", "Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n", 400),
    ("a word nobody knows", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", 400),
    ("chunked with a letter more", "Transfer-Encoding: chunkedd\r\n", "0\r\n\r\n", 400),
    ("chunked in quotes", "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n", 400),
    ("chunked with a parameter", "Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n", 400),
    ("chunked with a quality", "Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n", 400),
    ("chunked with a tab before", "Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n", 400),
    ("chunked with a tab behind", "Transfer-Encoding: chunked\t\r\n", "0\r\n\r\n", 400),
    ("chunked with a vertical tab", "Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n", 400),
    ("chunked with NUL", "Transfer-Encoding: chunked\0\r\n", "0\r\n\r\n", 400),
    ("chunked with a high octet", "Transfer-Encoding: \u{a0}chunked\r\n", "0\r\n\r\n", 400),
    ("chunked folded", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n", 400),
    ("a blank before the colon", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n", 400),
    ("an underscore for the dash", "Transfer_Encoding: chunked\r\n", "0\r\n\r\n", 400),
    ("a length and an underscore", "Content-Length: 14\r\nTransfer_Encoding: chunked\r\n", "patient=P-0001", 400),
    ("a blank before the name", " Transfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
    ("the name behind a bare CR", "A: b\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
    ("the name behind a bare LF", "A: b\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
    ("the name behind LF and CR", "A: b\n\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
];

/// The body of a search in chunks, and the status.
const CHUNKS: &[(&str, &str, u16)] = &[
    ("zeros before the size", "0000000e\r\npatient=P-0001\r\n0\r\n\r\n", 200),
    ("a last chunk of zeros", "e\r\npatient=P-0001\r\n000\r\n\r\n", 200),
    ("a trailer", "e\r\npatient=P-0001\r\n0\r\nX-Trailer: a\r\n\r\n", 200),
    ("too many zeros", "00000000000000000000000e\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a size of 2 to the 64", "1000000000000000e\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a size that is 14 modulo 2 to the 32", "10000000e\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a size in hexadecimal notation", "0xe\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a plus", "+e\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a minus", "-e\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("an underscore", "0_e\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a blank before", " e\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a blank behind", "e \r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a tab behind", "e\t\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a letter that is no digit", "g\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a digit in full width", "\u{ff}\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("no size", "\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("an extension", "e;a=b\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("an extension without a name", "e;\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("an extension in quotes", "e;a=\"b\r\n\"\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("an extension with a bare LF", "e;a\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("an extension with a bare CR", "e;a\rb\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("an extension of the last chunk", "e\r\npatient=P-0001\r\n0;a=b\r\n\r\n", 400),
    ("a size that ends in LF", "e\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a size that ends in CR", "e\rpatient=P-0001\r\n0\r\n\r\n", 400),
    ("a size that ends in CR CR LF", "e\r\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("data that end in LF", "e\r\npatient=P-0001\n0\r\n\r\n", 400),
    ("data that end in CR", "e\r\npatient=P-0001\r0\r\n\r\n", 400),
    ("data that end in nothing", "e\r\npatient=P-00010\r\n\r\n", 400),
    ("data that end in two other octets", "e\r\npatient=P-0001XX0\r\n\r\n", 400),
    ("longer than it says", "d\r\npatient=P-0001\r\n0\r\n\r\n", 400),
    ("a last chunk that ends in LF", "e\r\npatient=P-0001\r\n0\n\r\n", 400),
    ("an end in LF", "e\r\npatient=P-0001\r\n0\r\n\n", 400),
    ("an end in CR", "e\r\npatient=P-0001\r\n0\r\n\r{g}", 400),
    ("a trailer without a colon", "e\r\npatient=P-0001\r\n0\r\nX\r\n\r\n", 400),
    ("a trailer without a name", "e\r\npatient=P-0001\r\n0\r\n: a\r\n\r\n", 400),
    ("a trailer that is folded", "e\r\npatient=P-0001\r\n0\r\nX: a\r\n b\r\n\r\n", 400),
    ("a trailer that ends in LF", "e\r\npatient=P-0001\r\n0\r\nX: a\n\r\n", 400),
    ("a trailer with NUL", "e\r\npatient=P-0001\r\n0\r\nX: a\0\r\n\r\n", 400),
    ("a trailer with a blank before its colon", "e\r\npatient=P-0001\r\n0\r\nX : a\r\n\r\n", 400),
    ("a trailer with an underscore", "e\r\npatient=P-0001\r\n0\r\nContent_Length: 1\r\n\r\n", 400),
];

/// A whole message up to its end, and the status.
const HEADS: &[(&str, &str, u16)] = &[
    ("as it should be", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 200),
    ("an empty line before", "\r\nGET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 200),
    ("no blank behind colons", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}Accept:*/*\r\n\r\n", 200),
    ("a field of nothing", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}X-Empty:\r\n\r\n", 200),
    ("two empty lines before", "\r\n\r\nGET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("a blank before", " GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("NUL before", "\0GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("lines that end in LF", "GET /fhir/Patient/P-0001 HTTP/1.1\nHost: {c}\n\n", 400),
    ("a request line that ends in LF", "GET /fhir/Patient/P-0001 HTTP/1.1\n{h}\r\n", 400),
    ("lines that end in CR", "GET /fhir/Patient/P-0001 HTTP/1.1\rHost: {c}\r\r", 400),
    ("a request line that ends in CR CR LF", "GET /fhir/Patient/P-0001 HTTP/1.1\r\r\n{h}\r\n", 400),
    ("an end in LF", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\n", 400),
    ("an end in CR", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r{g}", 400),
    ("two blanks behind the method", "GET  /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("a tab behind the method", "GET\t/fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("two blanks behind the target", "GET /fhir/Patient/P-0001  HTTP/1.1\r\n{h}\r\n", 400),
    ("a tab behind the target", "GET /fhir/Patient/P-0001\tHTTP/1.1\r\n{h}\r\n", 400),
    ("a blank behind the version", "GET /fhir/Patient/P-0001 HTTP/1.1 \r\n{h}\r\n", 400),
    ("a blank in the target", "GET /fhir/Patient/P-0001 x HTTP/1.1\r\n{h}\r\n", 400),
    ("no target", "GET HTTP/1.1\r\n{h}\r\n", 400),
    ("no version", "GET /fhir/Patient/P-0001\r\n{h}\r\n", 400),
    ("HTTP/0.9", "GET /fhir/Patient/P-0001\r\n", 400),
    ("HTTP/1.0", "GET /fhir/Patient/P-0001 HTTP/1.0\r\n{h}\r\n", 505),
    ("HTTP/1.0 that is to be kept", "GET /fhir/Patient/P-0001 HTTP/1.0\r\n{h}Connection: keep-alive\r\n\r\n", 505),
    ("HTTP/1.2", "GET /fhir/Patient/P-0001 HTTP/1.2\r\n{h}\r\n", 505),
    ("HTTP/2.0", "GET /fhir/Patient/P-0001 HTTP/2.0\r\n{h}\r\n", 505),
    ("HTTP/0.9 by name", "GET /fhir/Patient/P-0001 HTTP/0.9\r\n{h}\r\n", 505),
    ("the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/1.10", "GET /fhir/Patient/P-0001 HTTP/1.10\r\n{h}\r\n", 400),
    ("HTTP/01.1", "GET /fhir/Patient/P-0001 HTTP/01.1\r\n{h}\r\n", 400),
    ("HTTP/1", "GET /fhir/Patient/P-0001 HTTP/1\r\n{h}\r\n", 400),
    ("a version in small letters", "GET /fhir/Patient/P-0001 http/1.1\r\n{h}\r\n", 400),
    ("a version of another protocol", "GET /fhir/Patient/P-0001 HTTPS/1.1\r\n{h}\r\n", 400),
    ("a method that is no token", "GE(T /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("a method with a colon", "GET: /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("a method in small letters", "get /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 501),
    ("a method with a letter more", "GETT /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 501),
    ("a method that nobody knows", "BREW /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 501),
    ("the method of a refusal", "REFUSED / HTTP/1.1\r\n{h}\r\n", 501),
    ("PROPFIND", "PROPFIND /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 501),
    ("TRACE", "TRACE /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 405),
    ("CONNECT", "CONNECT {c}:443 HTTP/1.1\r\n{h}\r\n", 405),
    ("CONNECT of a path", "CONNECT /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 405),
    ("OPTIONS of everything", "OPTIONS * HTTP/1.1\r\n{h}\r\n", 405),
    ("OPTIONS", "OPTIONS /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 405 + GOES_ON),
    ("everything, read", "GET * HTTP/1.1\r\n{h}\r\n", 400),
    ("absolute form", "GET https://{c}/fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("absolute form of another host", "GET http://127.0.0.1/fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("a host before the path", "GET {c}/fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("another scheme", "GET file:///etc/passwd HTTP/1.1\r\n{h}\r\n", 400),
    ("no slash before", "GET fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("a query only", "GET ?patient=P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("two slashes before", "GET //fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("two slashes within", "GET /fhir//Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("a dot segment", "GET /fhir/./Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("two dots", "GET /fhir/Patient/../Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("two dots at the end", "GET /fhir/Patient/P-0001/.. HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("out of a page of ours", "GET /.sekisho/../fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("two dots and a semicolon", "GET /.sekisho/..;/fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("an encoded slash", "GET /fhir%2fPatient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("an encoded dot", "GET /fhir/%2e%2e/fhir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("an encoded backslash", "GET /fhir/%5cPatient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("an encoded letter", "GET /%66hir/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("encoded twice", "GET /fhir/%252e%252e/Patient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("an encoded NUL", "GET /fhir/Patient/P-0001%00 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("an encoded line end", "GET /fhir/Patient/P-0001%0d%0a HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("an overlong slash", "GET /fhir%c0%afPatient/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("a broken encoding", "GET /fhir/Patient/P-0001%zz HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("a backslash", "GET /fhir\\Patient\\P-0001 HTTP/1.1\r\n{h}\r\n", 400),
    ("a semicolon", "GET /fhir/Patient;a=b/P-0001 HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("a fragment", "GET /fhir/Patient/P-0001#x HTTP/1.1\r\n{h}\r\n", 400),
    ("a fragment in the query", "GET /fhir/Observation?patient=P-0001#x HTTP/1.1\r\n{h}\r\n", 400),
    ("a control character in the query", "GET /fhir/Observation?patient=P-0001%0d HTTP/1.1\r\n{h}\r\n", 400 + GOES_ON),
    ("a quote in the target", "GET /fhir/Patient/\"P-0001\" HTTP/1.1\r\n{h}\r\n", 400),
    ("a high octet in the target", "GET /fhir/Patient/P-0001\u{e9} HTTP/1.1\r\n{h}\r\n", 400),
    ("NUL in the target", "GET /fhir/Patient/P-0001\0 HTTP/1.1\r\n{h}\r\n", 400),
    ("DEL in the target", "GET /fhir/Patient/P-0001\x7f HTTP/1.1\r\n{h}\r\n", 400),
    ("no Host", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nA: b\r\n\r\n", 400),
    ("two Hosts", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}Host: {c}\r\n\r\n", 400),
    ("two Hosts, one of another", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}Host: 127.0.0.1\r\n\r\n", 400),
    ("an empty Host", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("a Host of another", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400 + GOES_ON),
    ("the store's Host", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: care-record-store\r\n\r\n", 400 + GOES_ON),
    ("a Host with a user", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: a@{c}\r\n\r\n", 400),
    ("a Host with a path", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}/a\r\n\r\n", 400),
    ("a Host with a port", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:65535\r\nCookie: {k}\r\n\r\n", 200),
    ("a Host with port 0", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:0\r\n\r\n", 400),
    ("a Host with a port too large", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:65536\r\n\r\n", 400),
    ("a Host with a port far too large", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:99999\r\n\r\n", 400),
    ("a Host with a zero before its port", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:0443\r\n\r\n", 400),
    ("a Host with a port that is none", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:a\r\n\r\n", 400),
    ("a Host with an empty port", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:\r\n\r\n", 400),
    ("a Host with two ports", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}:443:80\r\n\r\n", 400),
    ("a list of Hosts", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}, 127.0.0.1\r\n\r\n", 400),
    ("a Host with NUL", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c}\0\r\n\r\n", 400),
    ("a Host with a scheme", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: https://{c}\r\n\r\n", 400),
    ("a Host that is folded", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost:\r\n {c}\r\n\r\n", 400),
    ("a Host with a blank behind", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost: {c} \r\n\r\n", 400),
    ("a Host with a blank before its colon", "GET /fhir/Patient/P-0001 HTTP/1.1\r\nHost : {c}\r\n\r\n", 400),
    ("the public host's", "GET / HTTP/1.1\r\nHost: www.sekisho.localhost\r\n\r\n", 421 + GOES_ON),
    ("a field without a colon", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A\r\n\r\n", 400),
    ("a field without a name", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}: a\r\n\r\n", 400),
    ("a field's name with a blank", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A B: c\r\n\r\n", 400),
    ("a field's name in parentheses", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}(A): c\r\n\r\n", 400),
    ("a field's name in quotes", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}\"A\": c\r\n\r\n", 400),
    ("a field's name with NUL", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A\0B: c\r\n\r\n", 400),
    ("a field's name with a high octet", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A\u{e9}: c\r\n\r\n", 400),
    ("a field's name with an underscore", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}X_Client_DN: c\r\n\r\n", 400),
    ("a value with NUL", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: b\0c\r\n\r\n", 400),
    ("a value with a bare CR", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: b\rc\r\n\r\n", 400),
    ("a value with a bare LF", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: b\nc: d\r\n\r\n", 400),
    ("a value with a bell", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: b\x07c\r\n\r\n", 400),
    ("a value with DEL", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: b\x7fc\r\n\r\n", 400),
    ("a field that is folded", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: b\r\n c\r\n\r\n", 400),
    ("a field that is folded by a tab", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: b\r\n\tc\r\n\r\n", 400),
    ("a first line that is folded", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n a: b\r\n{h}\r\n", 400),
    ("a line of a blank", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h} \r\n\r\n", 400),
    ("a target that is too long", "GET /{a} HTTP/1.1\r\n{h}\r\n", 414),
    ("a target that does not end", "GET /{a}", 414),
    ("a method that does not end", "{a}", 414),
    ("a field that is too long", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}A: {a}\r\n\r\n", 431),
    ("a name that does not end", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}{a}", 431),
    ("too many fields", "GET /fhir/Patient/P-0001 HTTP/1.1\r\n{h}{m}\r\n", 431),
];

/// Field lines of a read, and the status.
const CONNECTION: &[(&str, &str, u16)] = &[
    ("to be kept", "Connection: keep-alive\r\n", 200),
    ("to be closed", "Connection: close\r\n", 200),
    ("codings of the transfer", "TE: trailers\r\nConnection: TE, close\r\n", 200),
    ("an expectation without a body", "Expect: 100-continue\r\n", 200),
    ("another expectation", "Expect: 200-ok\r\n", 417),
    ("two expectations", "Expect: 100-continue, 200-ok\r\n", 417),
    ("an expectation twice", "Expect: 100-continue\r\nExpect: 100-continue\r\n", 417),
    ("an empty expectation", "Expect:\r\n", 417),
    ("a field of identity", "Connection: close, Sekisho-Identity\r\n", 400),
    ("the certificate's", "Connection: Client-Cert\r\n", 400),
    ("the host's", "Connection: Host\r\n", 400),
    ("the length's", "Connection: Content-Length\r\n", 400),
    ("cookies", "Connection: Cookie\r\n", 400),
    ("a forwarder's", "Connection: X-Forwarded-For\r\n", 400),
    ("nothing", "Connection:\r\n", 400),
    ("nothing in a list", "Connection: close,,\r\n", 400),
    ("to be kept and closed", "Connection: keep-alive, close\r\n", 400),
    ("two fields", "Connection: close\r\nConnection: upgrade\r\n", 400),
    ("h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", 400),
    ("h2c without its settings", "Connection: Upgrade\r\nUpgrade: h2c\r\n", 400),
    ("settings of h2c", "HTTP2-Settings: AAMAAABkAAQAAP__\r\n", 400),
    ("TLS", "Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n", 400),
    ("a list of upgrades", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n", 400),
    ("two upgrades", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n", 400),
    ("an upgrade that is not named", "Upgrade: websocket\r\n", 400),
    ("an upgrade that is only named", "Connection: Upgrade\r\n", 400),
    ("a version of websocket", "Connection: Upgrade\r\nUpgrade: websocket/13\r\n", 400),
    ("an upgrade of a plain read", "Connection: Upgrade\r\nUpgrade: websocket\r\n", 400 + GOES_ON),
    ("an upgrade with a length", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", 400),
    ("an upgrade with chunks", "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n", 400),
    ("an upgrade with an expectation", "Connection: Upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n", 400),
];

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
