//! What hostile clients do in a handshake, and what becomes of it: an alert or the end, within its time, and nobody else notices.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::TlsProfile;
use gateway::bounds::{FIRST_OCTET_MAX, HANDSHAKE_MAX};
use http::StatusCode;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::hello::{Answer, Hello, answer, record, sized};
use crate::world::{Ask, CARE, Http, PUBLIC, Plan, Tls, World};

/// Alerts (RFC 8446 6.2).
const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;
/// Content types (RFC 8446 5.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// A machine that is busy with other tests may be so much late.
const GRACE: Duration = Duration::from_secs(3);

/// Sends this, and gives what comes back.
async fn said_to(server: SocketAddr, octets: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    // It may be closed before all is taken.
    let _ = stream.write_all(octets).await;
    answer(&mut stream).await
}

/// Somebody else is served, at once.
async fn others_are_served(world: &World, what: &str) {
    let begun = Instant::now();
    let reply = world.stranger(PUBLIC).ask(Ask::get("/")).await.unwrap();
    assert_eq!(reply.status, StatusCode::OK, "after {what}");
    assert!(begun.elapsed() < HANDSHAKE_MAX, "after {what}: {:?}", begun.elapsed());
}

fn in_records_of_one_octet(message: &[u8]) -> Vec<u8> {
    message.iter().flat_map(|octet| record(HANDSHAKE, &[*octet])).collect()
}

/// Each of these is over at once: by its first wrong octet, not by a timer.
#[tokio::test]
async fn what_is_no_handshake_ends_at_once() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let usual = Hello::usual(true, CARE);
    let nameless = Hello { host: None, ..usual.clone() };
    let stranger = Hello::usual(true, "other.example.jp");
    let longer = Hello { padding: 60_000, suites: (0..4000).collect(), ..usual.clone() };
    let weak = Hello { suites: vec![0x002f, 0x0035, 0xc009], ..usual.clone() };
    let retried = Answer::Chosen { version: 0x0304, suite: 0x1301, group: Some(29) };
    // Where none is named: an alert or the end. Who closes with octets unread resets, and the alert may be lost on its way.
    let cases: Vec<(&str, Vec<u8>, Option<Answer>)> = vec![
        ("an ordinary first message", usual.records(), Some(retried)),
        ("no name", nameless.records(), Some(Answer::Closed)),
        ("a name that is not ours", stranger.records(), Some(Answer::Closed)),
        ("TLS 1.2 where it is not spoken", Hello::usual(false, CARE).records(), Some(Answer::Alert(PROTOCOL_VERSION))),
        ("SSL 2.0", [&[0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10][..], &[7; 37]].concat(), Some(Answer::Closed)),
        ("SSL 3.0", [&[22, 3, 0][..], &sized(&[&[1, 0, 0, 38, 3, 0][..], &[7; 36]].concat())].concat(), None),
        ("suites that nobody should use", weak.records(), Some(Answer::Alert(HANDSHAKE_FAILURE))),
        ("more than 64 kB of a first message", longer.records(), None),
        ("16 MB announced", record(HANDSHAKE, &[1, 0xff, 0xff, 0xff, 3, 3]), None),
        ("another message first", record(HANDSHAKE, &[20, 0, 0, 4, 1, 2, 3, 4]), None),
        ("records without anything in them", record(HANDSHAKE, &[]).repeat(5000), None),
        ("a record that is too long", [&[22, 3, 1, 0xff, 0xff][..], &[0; 200]].concat(), None),
        ("a record of a later version", [&[22, 4, 0, 0, 40][..], &[1; 40]].concat(), None),
        ("application data first", record(APPLICATION_DATA, b"GET / HTTP/1.1\r\n\r\n"), Some(Answer::Closed)),
        ("alerts first", record(ALERT, &[1, 90]).repeat(5000), Some(Answer::Closed)),
        ("a heartbeat first", record(24, &[1, 0x40, 0]), Some(Answer::Closed)),
    ];
    let mut otherwise = Vec::new();
    for (what, octets, expected) in cases {
        let begun = Instant::now();
        let answer = said_to(world.address, &octets).await;
        assert!(begun.elapsed() < FIRST_OCTET_MAX, "{what}: {:?}", begun.elapsed());
        let refused = matches!(answer, Answer::Alert(_) | Answer::Closed);
        if expected.as_ref().map_or(!refused, |expected| answer != *expected) {
            otherwise.push(format!("{what}: {answer:?}, not {expected:?}"));
        }
        others_are_served(&world, what).await;
    }
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n"));
    // The same message, torn into records of one octet, means the same.
    let torn = in_records_of_one_octet(&usual.message());
    let torn = said_to(world.address, &torn).await;
    assert!(matches!(torn, Answer::Chosen { .. } | Answer::Alert(_) | Answer::Closed), "{torn:?}");
    others_are_served(&world, "records of one octet").await;
}

/// Whatever is sent without end is cut, and none of it is kept.
#[tokio::test]
async fn floods_in_the_middle_are_cut() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let hello = Hello::usual(true, CARE).records();
    for (what, piece) in [
        ("warnings", record(ALERT, &[1, 90])),
        ("changes of cipher", record(CHANGE_CIPHER_SPEC, &[1])),
        ("records without anything in them", record(HANDSHAKE, &[])),
        ("a message that never ends", record(HANDSHAKE, &[&[11, 0xff, 0xff, 0xff][..], &[0; 16_000]].concat())),
        ("octets that mean nothing", record(APPLICATION_DATA, &[0x5a; 16_000])),
    ] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(&hello).await.unwrap();
        let mut sent = 0_usize;
        let flood = async {
            while stream.write_all(&piece).await.is_ok() {
                sent += piece.len();
                let mut heard = [0; 4096];
                // What is said meanwhile is taken, so that nothing of ours stands in the way.
                if matches!(stream.try_read(&mut heard), Ok(0)) {
                    break;
                }
            }
        };
        tokio::time::timeout(HANDSHAKE_MAX + GRACE, flood).await.unwrap_or_else(|_| panic!("{what}: never cut"));
        assert!(sent < 8 << 20, "{what}: {sent} octets were taken");
        others_are_served(&world, what).await;
    }
}

/// RFC 8446 4.6.3: a client may have its keys exchanged, but not for ever.
#[tokio::test]
async fn a_flood_of_key_updates_is_cut() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let address = world.address;
    let config = visitors(&world, |_| {});
    let updates = tokio::task::spawn_blocking(move || {
        let (mut session, mut socket) = connected(&config, address);
        let mut updates = 0;
        let mut heard = [0; 4096];
        while updates < 100_000 {
            session.refresh_traffic_keys().unwrap();
            if session.write_tls(&mut socket).is_err() {
                break;
            }
            updates += 1;
            // Its own updates come back now and then; in the end, an alert or the end.
            match socket.read(&mut heard) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        updates
    });
    let updates = tokio::time::timeout(Duration::from_secs(30), updates).await.expect("never cut").unwrap();
    assert!(updates < 10_000, "{updates} updates were taken");
    others_are_served(&world, "key updates").await;
}

/// How a visitor of the public host speaks TLS.
fn visitors(world: &World, more: impl FnOnce(&mut ClientConfig)) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(world.authority.root_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    more(&mut config);
    Arc::new(config)
}

/// A session whose handshake is over, on a socket that does not block.
fn connected(config: &Arc<ClientConfig>, address: SocketAddr) -> (ClientConnection, std::net::TcpStream) {
    let mut session = ClientConnection::new(Arc::clone(config), ServerName::try_from(PUBLIC).unwrap()).unwrap();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    while session.is_handshaking() || session.wants_write() {
        session.complete_io(&mut socket).unwrap();
    }
    socket.set_nonblocking(true).unwrap();
    (session, socket)
}

/// RFC 8446 8: what is sent early can be sent again by anybody who saw it.
#[tokio::test]
async fn early_data_is_never_taken() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let (address, config) = (world.address, visitors(&world, |config| config.enable_early_data = true));
    let (resumed, early) = tokio::task::spawn_blocking(move || {
        let comes = || {
            let (mut session, mut socket) = connected(&config, address);
            session.writer().write_all(format!("GET / HTTP/1.1\r\nHost: {PUBLIC}\r\n\r\n").as_bytes()).unwrap();
            session.write_tls(&mut socket).unwrap();
            socket.set_nonblocking(false).unwrap();
            // The session to be resumed comes before the answer.
            session.read_tls(&mut socket).unwrap();
            session.process_new_packets().unwrap();
            session.handshake_kind()
        };
        // Each time one is given, and each time it is used up.
        let _first = comes();
        let resumed = comes();
        let name = ServerName::try_from(PUBLIC).unwrap();
        (resumed, ClientConnection::new(Arc::clone(&config), name).unwrap().early_data().is_some())
    })
    .await
    .unwrap();
    assert_eq!(resumed, Some(rustls::HandshakeKind::Resumed), "there was a session to be resumed");
    assert!(!early, "a session says that it takes early data");
}

/// RFC 7301 3.2: who speaks nothing that we speak is told so by an alert; who says nothing speaks HTTP/1.1.
#[tokio::test]
async fn nothing_else_is_spoken_above_tls() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let address = world.address;
    let shake = |protocols: &[&[u8]]| {
        let config =
            visitors(&world, |config| config.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect());
        let name = ServerName::try_from(PUBLIC).unwrap();
        async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let tls = tokio_rustls::TlsConnector::from(config).connect(name, stream).await;
            tls.map(|tls| tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)).map_err(|error| error.to_string())
        }
    };
    assert_eq!(shake(&[b"http/1.1", b"h2"]).await.unwrap().unwrap(), b"h2");
    assert_eq!(shake(&[b"spdy/3.1", b"http/1.1"]).await.unwrap().unwrap(), b"http/1.1");
    assert_eq!(shake(&[]).await.unwrap(), None);
    for unheard in [&[&b"http/1.0"[..]][..], &[b"h3"], &[b"acme-tls/1"], &[b"H2"]] {
        let refused = shake(unheard).await.unwrap_err();
        assert!(refused.contains("NoApplicationProtocol"), "{refused}");
    }
}

/// RFC 5746: what OpenSSL asks for with `R`.
#[tokio::test]
async fn nothing_is_negotiated_anew() {
    let world = World::planned(Plan { tls: TlsProfile::Compatibility, workers: 1, ..Plan::default() }).await;
    let at = world.address.to_string();
    let output = tokio::task::spawn_blocking(move || {
        let mut client = Command::new("openssl")
            .args(["s_client", "-tls1_2", "-connect", &at, "-servername", PUBLIC])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        client.stdin.take().unwrap().write_all(b"R\n").unwrap();
        client.wait_with_output().unwrap()
    })
    .await
    .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("RENEGOTIATING"), "it was asked for: {said}");
    assert!(said.contains("no renegotiation") || said.contains("unexpected") || said.contains("alert"), "{said}");
    others_are_served(&world, "a renegotiation").await;
}

/// The handshake chose the host; a request for another does not belong on this connection (RFC 9110 7.4).
#[tokio::test]
async fn a_request_is_for_the_host_of_its_handshake() {
    let world = World::start().await;
    let keys = world.keys("D-sato");
    for http in [Http::One, Http::Two] {
        let terminal = world.terminal_speaking(&keys, http, Tls::V13);
        let reply = terminal.ask(Ask::get("/").with("host", PUBLIC)).await.unwrap();
        assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST, "{http:?}");
    }
    let visitor = world.stranger(PUBLIC);
    let reply = visitor.ask(Ask::get("/fhir/Patient/P-0001").with("host", CARE)).await.unwrap();
    assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST);
    assert!(world.store_saw().is_empty());
}

/// A person who left out the `s`, and a program that did.
#[tokio::test]
async fn http_without_tls_is_told_so() {
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(3000));
    for request in [
        "GET / HTTP/1.1\r\nHost: care\r\n\r\n",
        "POST /fhir HTTP/1.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "G",
        &long,
    ] {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request}: {said}");
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())) && head.contains("Connection: close"),
            "{head}"
        );
        assert!(body.contains("https://") && body.contains("HTTPS で"), "{body}");
    }
    let at = format!("http://{}/", world.address);
    let curl = tokio::process::Command::new("curl").args(["-sS", "-m", "10", "-w", "%{http_code}", &at]).output();
    assert!(String::from_utf8_lossy(&curl.await.unwrap().stdout).ends_with("400"));
}

/// Slow strangers of every kind at once: each is cut in its time, while somebody else is served at once.
#[tokio::test]
async fn hundreds_who_do_not_come_to_the_end_hold_nobody_up() {
    const EACH: usize = 100;
    let world = World::planned(Plan { workers: 1, ..Plan::default() }).await;
    let (address, hello) = (world.address, Hello::usual(true, CARE).records());
    let silent = FIRST_OCTET_MAX;
    let kinds: [(&str, Vec<u8>, bool, Duration); 4] = [
        ("says nothing", Vec::new(), false, silent),
        ("stops in the middle of its first message", hello[..40].to_vec(), false, HANDSHAKE_MAX),
        ("stops after its first message", hello.clone(), false, HANDSHAKE_MAX),
        ("says its first message an octet at a time", hello.clone(), true, HANDSHAKE_MAX),
    ];
    let mut waiting = Vec::new();
    for (what, octets, drop_by_drop, bound) in kinds {
        for _ in 0..EACH {
            let octets = octets.clone();
            waiting.push(tokio::spawn(async move {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let begun = Instant::now();
                let (mut reading, mut writing) = stream.into_split();
                let speaking = async {
                    if drop_by_drop {
                        for octet in octets {
                            if writing.write_all(&[octet]).await.is_err() {
                                break;
                            }
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                    } else if !octets.is_empty() {
                        let _ = writing.write_all(&octets).await;
                    }
                    std::future::pending::<()>().await;
                };
                let mut heard = Vec::new();
                let end = async {
                    let _ = reading.read_to_end(&mut heard).await;
                };
                tokio::select! {
                    () = speaking => {}
                    ended = tokio::time::timeout(bound + GRACE * 2, end) => assert!(ended.is_ok(), "{what}: never cut"),
                }
                let took = begun.elapsed();
                assert!(took + Duration::from_millis(500) > bound, "{what}: cut after {took:?}");
            }));
        }
    }
    let begun = Instant::now();
    let mut worst = Duration::ZERO;
    while begun.elapsed() < HANDSHAKE_MAX {
        let asked = Instant::now();
        assert_eq!(world.stranger(PUBLIC).ask(Ask::get("/")).await.unwrap().status, StatusCode::OK);
        worst = worst.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(worst < Duration::from_secs(2), "somebody waited for {worst:?}");
    for one in waiting {
        one.await.unwrap();
    }
}
