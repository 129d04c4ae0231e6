//! Behind a load balancer: whom it names is the client, in the audit log and for every limit; and nobody else names anybody.

use std::net::{IpAddr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anomaly::Quota;
use gateway::Rates;
use gateway::balancer::Balancers;
use gateway::bounds::FIRST_OCTET_MAX;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::world::{Ask, PUBLIC, Plan, Ports, Reply, Terminal, World};

const RECORD: &str = "/fhir/Patient/P-0001";
/// Where the balancer is.
const BALANCER: &str = "127.0.0.1";
/// Somebody else on the same network.
const STRANGER: &str = "127.0.0.2";
/// Header of a balancer that looks whether we live (PROXY protocol v2, LOCAL).
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

async fn city(rates: Option<Rates>) -> World {
    let balancers = Balancers::new(vec![BALANCER.parse().unwrap()]);
    let usual = Plan::default();
    let rates = rates.unwrap_or(usual.rates);
    World::planned(Plan { balancers, rates, workers: 1, trusting_store: true, ..usual }).await
}

/// As a balancer writes it (PROXY protocol v2, PROXY).
fn header(client: &str) -> Vec<u8> {
    let begin = |family: u8, length: u8| [&b"\r\n\r\n\0\r\nQUIT\n\x21"[..], &[family, 0, length]].concat();
    let ports = [0xc8, 0x22, 0x01, 0xbb];
    match client.parse().unwrap() {
        IpAddr::V4(ip) => [&begin(0x11, 12)[..], &ip.octets(), &[10, 0, 0, 1], &ports].concat(),
        IpAddr::V6(ip) => [&begin(0x21, 36)[..], &ip.octets(), &[9; 16], &ports].concat(),
    }
}

/// Connects from there, and says this first.
async fn from(peer: &str, to: SocketAddr, first: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(peer.parse().unwrap(), 0)).unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(first).await.unwrap();
    stream
}

/// One request over a connection that begins like this.
async fn ask(terminal: &Terminal, peer: &str, first: &[u8], ask: Ask) -> Result<Reply, String> {
    let tls = terminal.over(from(peer, terminal.address, first).await).await?;
    terminal.speak(tls).await?.ask(ask).await
}

/// It is closed, and nothing was said.
async fn closed(mut stream: TcpStream) -> Duration {
    let begun = Instant::now();
    let mut said = Vec::new();
    // A reset is an end too.
    let _ = tokio::time::timeout(FIRST_OCTET_MAX * 3, stream.read_to_end(&mut said)).await.expect("it stays open");
    assert_eq!(said, b"");
    begun.elapsed()
}

fn scarce(burst: u32) -> Quota {
    Quota::new(1, 600, burst)
}

#[tokio::test]
async fn whom_the_balancer_names_stands_in_the_audit_log() {
    let world = city(None).await;
    let keys = world.keys("D-sato");
    let terminal = world.terminal_with(&keys);
    let credentials = format!(r#"{{"user_id":"U-sato","password":"{}"}}"#, world.changed_password("U-sato"));
    let signing_in = Ask::post("/.sekisho/session", "application/json", credentials);
    let cookie = ask(&terminal, BALANCER, &header("203.0.113.9"), signing_in).await.unwrap().cookie().unwrap();
    for client in ["203.0.113.9", "2001:db8::9"] {
        let reply = ask(&terminal, BALANCER, &header(client), Ask::get(RECORD).as_(&cookie)).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(world.entries().pop().unwrap().source, client);
    }
    // A health check names nobody: what comes over it comes from the balancer.
    let reply = ask(&terminal, BALANCER, LOCAL, Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(world.entries().pop().unwrap().source, BALANCER);
}

#[tokio::test]
async fn a_balancer_must_and_nobody_else_may() {
    let world = city(None).await;
    let visitor = world.stranger(PUBLIC);
    assert_eq!(ask(&visitor, STRANGER, b"", Ask::get("/")).await.unwrap().status, StatusCode::OK);
    assert!(ask(&visitor, BALANCER, b"", Ask::get("/")).await.is_err(), "TLS without a header");
    assert!(ask(&visitor, STRANGER, &header("203.0.113.9"), Ask::get("/")).await.is_err(), "a stranger names somebody");
    assert!(ask(&visitor, STRANGER, LOCAL, Ask::get("/")).await.is_err(), "a stranger names nobody");
    closed(from(STRANGER, world.address, &header("203.0.113.9")).await).await;
    for no_header in [&b"PROXY TCP4 203.0.113.9 10.0.0.1 51234 443\r\n"[..], b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"]
    {
        let took = closed(from(BALANCER, world.address, no_header).await).await;
        assert!(took < FIRST_OCTET_MAX, "refused at its first wrong octet");
    }
    let twice = [header("203.0.113.9"), header("203.0.113.10")].concat();
    assert!(ask(&visitor, BALANCER, &twice, Ask::get("/")).await.is_err(), "two headers");
    assert_eq!(ask(&visitor, BALANCER, &header("203.0.113.9"), Ask::get("/")).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn limits_are_each_clients_own() {
    const BURST: u32 = 3;
    let plenty = Plan::default().rates.per_source;
    let world = city(Some(Rates { per_source: scarce(BURST), per_device: plenty, per_user: plenty })).await;
    let visitor = world.stranger(PUBLIC);
    let status = async |client: &str| {
        let asked = Ask::get("/").with("accept", "text/html");
        ask(&visitor, BALANCER, &header(client), asked).await.unwrap().status
    };
    for _ in 0..BURST {
        assert_eq!(status("203.0.113.9").await, StatusCode::OK);
    }
    assert_eq!(status("203.0.113.9").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(status("::ffff:203.0.113.9").await, StatusCode::TOO_MANY_REQUESTS, "the same, written otherwise");
    assert_eq!(status("203.0.113.10").await, StatusCode::OK, "a neighbour");
    // All of one subscriber's IPv6 addresses have one share.
    for host in 0..BURST {
        assert_eq!(status(&format!("2001:db8::{host:x}:1")).await, StatusCode::OK);
    }
    assert_eq!(status("2001:db8::ffff:1").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(status("2001:db8:0:1::1").await, StatusCode::OK);
    // And what the balancer names is not charged to whoever has the balancer's address himself.
    assert_eq!(status(BALANCER).await, StatusCode::OK);
}

#[tokio::test]
async fn a_header_may_come_octet_by_octet_but_not_for_ever() {
    let world = city(None).await;
    let visitor = world.stranger(PUBLIC);
    let mut slow = from(BALANCER, world.address, b"").await;
    for octet in header("203.0.113.9") {
        slow.write_all(&[octet]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let tls = visitor.over(slow).await.unwrap();
    let reply = visitor.speak(tls).await.unwrap().ask(Ask::get("/")).await.unwrap();
    assert_eq!(reply.status, StatusCode::OK);
    // Broken off at any place it is waited for, and not for longer than for anybody's first octet.
    let whole = header("203.0.113.9");
    let waited = [0, 1, 12, 15, 16, 27, 28].map(|end| {
        let (part, address) = (whole[..end].to_vec(), world.address);
        tokio::spawn(async move { closed(from(BALANCER, address, &part).await).await })
    });
    for waited in waited {
        let took = waited.await.unwrap();
        assert!(took >= FIRST_OCTET_MAX / 2 && took < FIRST_OCTET_MAX * 2, "{took:?}");
    }
}

/// HAProxy, ended with the test.
struct HaProxy {
    child: Child,
    front: SocketAddr,
    _port: Ports,
    _folder: tempfile::TempDir,
}

impl HaProxy {
    /// Passes connections on to `gateway`, whom it also looks after; says who connects in a header with these options.
    fn before(gateway: SocketAddr, options: &str) -> Self {
        let (port, folder) = (Ports::row(1), tempfile::tempdir().unwrap());
        let front = port.first();
        let settings = format!(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n\
             frontend terminals\n bind {front}\n default_backend sekisho\n\
             backend sekisho\n server one {gateway} send-proxy-v2 {options} check check-send-proxy inter 200ms\n"
        );
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, settings).unwrap();
        let child = Command::new("/usr/sbin/haproxy").arg("-db").arg("-f").arg(&file).stderr(Stdio::null()).spawn();
        Self { child: child.expect("Debian package haproxy"), front, _port: port, _folder: folder }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A real balancer: its headers, with and without checksum, and its health checks.
#[tokio::test]
async fn haproxy_names_its_clients() {
    for options in ["", "proxy-v2-options crc32c"] {
        let world = city(None).await;
        let balancer = HaProxy::before(world.address, options);
        let mut terminal = world.terminal("D-sato");
        let cookie = {
            let direct = terminal.clone();
            let credentials = format!(r#"{{"user_id":"U-sato","password":"{}"}}"#, world.changed_password("U-sato"));
            let signing_in = Ask::post("/.sekisho/session", "application/json", credentials);
            ask(&direct, STRANGER, b"", signing_in).await.unwrap().cookie().unwrap()
        };
        terminal.address = balancer.front;
        let begun = Instant::now();
        let reply = loop {
            // Until it has come up.
            match TcpStream::connect(balancer.front).await {
                Ok(_) => break ask(&terminal, "127.0.0.3", b"", Ask::get(RECORD).as_(&cookie)).await.unwrap(),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "HAProxy does not come up");
        };
        assert_eq!(reply.status, StatusCode::OK, "{options}");
        assert_eq!(world.entries().pop().unwrap().source, "127.0.0.3", "{options}");
    }
}
