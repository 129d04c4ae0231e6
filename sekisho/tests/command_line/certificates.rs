//! The server's certificate is exchanged while the server runs: by its files, and by ACME from a real ACME server.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::ports::Ports;
use crate::support::{City, Server, curl, mode, text, wait};

const CARE: &str = "care.sekisho.localhost";
const PUBLIC: &str = "www.sekisho.localhost";

/// The certificate that a port shows for a host: serial number, issuer, names.
fn shown(port: &str, host: &str) -> String {
    let address = format!("127.0.0.1:{port}");
    let client =
        Command::new("openssl").args(["s_client", "-connect", &address, "-servername", host]).output().unwrap();
    let mut read = Command::new("openssl")
        .args(["x509", "-noout", "-serial", "-issuer", "-ext", "subjectAltName"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    read.stdin.take().unwrap().write_all(&client.stdout).unwrap();
    text(&read.wait_with_output().unwrap().stdout)
}

/// A client that keeps one connection open.
struct Visitor {
    child: Child,
    input: ChildStdin,
    heard: Arc<Mutex<String>>,
}

impl Visitor {
    fn on(port: &str) -> Self {
        let address = format!("127.0.0.1:{port}");
        let mut child = Command::new("openssl")
            .args(["s_client", "-quiet", "-connect", &address, "-servername", PUBLIC])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let heard: Arc<Mutex<String>> = Arc::default();
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut piece) {
                kept.lock().unwrap().push_str(&text(&piece[..read]));
            }
        });
        Self { child, input, heard }
    }

    /// Asks, and waits for the answer of this number.
    fn ask(&mut self, number: usize) {
        self.input.write_all(format!("GET / HTTP/1.1\r\nHost: {PUBLIC}\r\n\r\n").as_bytes()).unwrap();
        wait(|| self.heard.lock().unwrap().matches("HTTP/1.1 200").count() == number);
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hang_up(server: &Server) {
    assert!(Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart_and_cuts_nobody() {
    let city = City::at_work();
    let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
    let with = settings.replace("# enrolment = \"127.0.0.1:8450\"", "enrolment = \"127.0.0.1:0\"");
    std::fs::write(city.path("sekisho.toml"), with).unwrap();
    let server = Server::start(&city, &[], 4);
    let (port, enrolment) = (server.port("clients"), server.port("terminals"));
    let before = shown(port, CARE);
    assert!(before.contains("serial="), "{before}");
    let mut visitor = Visitor::on(port);
    visitor.ask(1);

    let renewed = city.json("--as city-officer:Ito certificate renew-server");
    let serial = renewed[0]["serial"].as_str().unwrap().to_uppercase();
    hang_up(&server);
    for (port, host) in [(port, CARE), (port, PUBLIC), (enrolment, CARE)] {
        wait(|| shown(port, host).contains(&serial));
    }
    let root = city.path("keys/root.pem").display().to_string();
    assert_eq!(curl(&["--cacert", &root, &format!("https://{PUBLIC}:{port}/")]).1, 200);
    visitor.ask(2);
    // The office's door gives the authority of the new one.
    let (authority, status) = curl(&[&format!("http://127.0.0.1:{}/ca/servers.pem", server.port("office"))]);
    let issuing = std::fs::read_to_string(city.path("keys/server-issuing.pem")).unwrap();
    assert_eq!((authority.trim(), status), (issuing.trim(), 200));

    // A pair that does not belong together changes nothing, and neither does asking for it again and again.
    let good = std::fs::read(city.path("keys/server.pem")).unwrap();
    std::fs::copy(city.path("D-1.pem"), city.path("keys/server.pem")).unwrap();
    for _ in 0..3 {
        hang_up(&server);
        assert!(shown(port, CARE).contains(&serial));
    }
    // Nobody need say anything: the files are looked at all the time.
    std::fs::write(city.path("keys/server.pem"), good).unwrap();
    let again = city.json("--as city-officer:Ito certificate renew-server");
    let serial = again[0]["serial"].as_str().unwrap().to_uppercase();
    wait(|| shown(port, PUBLIC).contains(&serial));
    visitor.ask(3);
    server.stop();
}

/// Pebble, the ACME server that its authors test clients with, and a name server that leads every name here.
struct Pebble {
    city: City,
    running: Vec<Child>,
    directory: u16,
    management: u16,
    _ports: Ports,
}

impl Pebble {
    /// Asks its questions at this port; its certificates last so many seconds.
    fn asking(port: u16, seconds: u32) -> Self {
        let city = City::at_work();
        let ports = Ports::row(4);
        let [directory, management, names, other] = [0, 1, 2, 3].map(|n| ports.first().port() + n);
        city.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=pebble -addext \
             subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -keyout @pebble.key \
             -out @pebble.pem",
        );
        let path = |name: &str| city.path(name).display().to_string();
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{directory}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": path("pebble.pem"), "privateKey": path("pebble.key"), "httpPort": 1, "tlsPort": port,
            "ocspResponderURL": "", "externalAccountBindingRequired": true,
            "externalAccountMACKeys": { "office": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" },
            "certificateValidityPeriod": seconds,
        }});
        std::fs::write(city.path("pebble.json"), config.to_string()).unwrap();
        let names = format!("127.0.0.1:{names}");
        let start = |program: &str, words: &[&str]| {
            let quiet = || Stdio::from(std::fs::File::create(city.path("pebble.log")).unwrap());
            let mut command = Command::new(program);
            // Some of its answers are wrong on purpose: nonces that are good are refused now and then.
            command.args(words).env("PEBBLE_VA_NOSLEEP", "1").stdout(quiet()).stderr(quiet());
            command.spawn().unwrap_or_else(|_| panic!("{program}: Debian package pebble"))
        };
        let nothing = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""];
        let other = format!("127.0.0.1:{other}");
        let running = vec![
            start("pebble-challtestsrv", &[&["-dns01", &names, "-management", &other][..], &nothing].concat()),
            start("pebble", &["-config", &path("pebble.json"), "-dnsserver", &names]),
        ];
        let pebble = Self { running, directory, management, _ports: ports, city };
        wait(|| std::net::TcpStream::connect(("127.0.0.1", directory)).is_ok());
        pebble
    }

    /// A city whose server fetches its certificates from here, and serves clients at this port.
    fn city(&self, port: u16) -> City {
        let city = City::at_work();
        let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
        let with = settings.replace("clients = \"127.0.0.1:0\"", &format!("clients = \"127.0.0.1:{port}\""));
        assert_ne!(with, settings);
        std::fs::write(
            city.path("keys/eab.txt"),
            "office zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\n",
        )
        .unwrap();
        Command::new("chmod").arg("600").arg(city.path("keys/eab.txt")).status().unwrap();
        let acme = format!(
            "[acme]\ndirectory = \"https://localhost:{}/dir\"\nterms_agreed = true\nfolder = \"acme\"\nroot = \"{}\"\n\
             contact = [\"mailto:desk@example.jp\"]\nexternal_account = \"keys/eab.txt\"\n",
            self.directory,
            self.city.path("pebble.pem").display()
        );
        std::fs::write(city.path("sekisho.toml"), with + &acme).unwrap();
        city
    }

    /// The root that it signs under, as a file.
    fn root(&self) -> String {
        let (root, own) = (self.city.path("pebble-root.pem"), self.city.path("pebble.pem").display().to_string());
        let (pem, status) = curl(&["--cacert", &own, &format!("https://localhost:{}/roots/0", self.management)]);
        assert_eq!(status, 200);
        std::fs::write(&root, pem).unwrap();
        root.display().to_string()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn an_acme_server_certifies_both_hosts_and_again_before_it_ends() {
    let held = Ports::row(1);
    let port = held.first().port();
    let pebble = Pebble::asking(port, 18);
    let city = pebble.city(port);
    let server = Server::start(&city, &["--role", "edge"], 2);
    let port = port.to_string();
    let mut visitor = Visitor::on(&port);
    visitor.ask(1);
    wait(|| shown(&port, CARE).contains("Pebble"));
    let first = shown(&port, PUBLIC);
    assert!(first.contains(&format!("DNS:{CARE}")) && first.contains(&format!("DNS:{PUBLIC}")), "{first}");
    let root = pebble.root();
    assert_eq!(curl(&["--cacert", &root, &format!("https://{PUBLIC}:{port}/")]).1, 200);
    for file in ["acme/account.json", "acme/server.pem", "acme/tries.json"] {
        assert_eq!(mode(&city.path(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&city.path("acme")), 0o700);
    // Nobody is answered who asks without an order.
    let asked = Command::new("openssl")
        .args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", CARE, "-alpn", "acme-tls/1"])
        .output()
        .unwrap();
    assert!(text(&asked.stdout).contains("no peer certificate available"), "{}", text(&asked.stdout));
    // Twelve seconds later there is another one, and nobody was cut.
    wait(|| {
        hang_up(&server);
        let now = shown(&port, CARE);
        now.contains("Pebble") && now != first
    });
    visitor.ask(2);
    drop(visitor);
    server.stop();
    // The next process begins with what was brought, without asking anybody.
    let second = std::fs::read(city.path("acme/server.pem")).unwrap();
    let account = std::fs::read(city.path("acme/account.json")).unwrap();
    drop(pebble);
    let server = Server::start(&city, &["--role", "edge"], 2);
    assert!(shown(&port, CARE).contains("Pebble"));
    assert_eq!(
        (std::fs::read(city.path("acme/server.pem")).unwrap(), std::fs::read(city.path("acme/account.json")).unwrap()),
        (second, account)
    );
    server.stop();
}

#[test]
fn an_acme_server_that_is_not_convinced_changes_nothing_and_is_not_asked_again_at_once() {
    let held = Ports::row(2);
    let (port, elsewhere) = (held.first().port(), held.first().port() + 1);
    // Its questions go where nobody answers.
    let pebble = Pebble::asking(elsewhere, 3600);
    let city = pebble.city(port);
    let server = Server::start(&city, &["--role", "edge"], 2);
    let port = port.to_string();
    let tries = || std::fs::read_to_string(city.path("acme/tries.json")).unwrap_or_default();
    wait(|| tries().contains("\"failed\":1") && city.path("acme/account.json").exists());
    assert!(shown(&port, CARE).contains("serial=") && !shown(&port, CARE).contains("Pebble"));
    // Neither a signal nor a new process makes it ask again before the pause is over.
    let before = tries();
    hang_up(&server);
    server.stop();
    let server = Server::start(&city, &["--role", "edge"], 2);
    hang_up(&server);
    assert!(!shown(&port, CARE).contains("Pebble"));
    assert_eq!(tries(), before);
    let said = city.say("check");
    assert!(said.contains("warning: acme: 1 tries failed"), "{said}");
    server.stop();
}
