//! Behind a load balancer, at both doors that strangers meet: who is held off is the client, not the balancer.

use std::process::{Child, Command, Stdio};

use crate::ports::Ports;
use crate::support::{City, Server, curl, wait};

/// HAProxy in front of both doors, ended with the test.
struct Balancer {
    child: Child,
    ports: Ports,
}

impl Balancer {
    fn before(city: &City, server: &Server) -> Self {
        let ports = Ports::row(2);
        let mut settings =
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n".to_owned();
        for (n, door) in ["clients", "terminals"].into_iter().enumerate() {
            let (front, behind) = (usize::from(ports.first().port()) + n, server.port(door));
            settings += &format!(
                "frontend {door}\n bind 127.0.0.1:{front}\n default_backend {door}\n\
                 backend {door}\n server one 127.0.0.1:{behind} send-proxy-v2\n"
            );
        }
        let file = city.path("haproxy.cfg");
        std::fs::write(&file, settings).unwrap();
        let child = Command::new("/usr/sbin/haproxy").arg("-db").arg("-f").arg(&file).stderr(Stdio::null()).spawn();
        let balancer = Self { child: child.expect("Debian package haproxy"), ports };
        wait(|| std::net::TcpStream::connect(balancer.ports.first()).is_ok());
        balancer
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn both_doors_know_a_client_behind_a_balancer() {
    let city = City::at_work();
    let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
    let with = settings
        .replace("# enrolment = \"127.0.0.1:8450\"", "enrolment = \"127.0.0.1:0\"")
        .replace("# proxy_from = [\"10.0.0.5\", \"10.0.0.6\"]", "proxy_from = [\"127.0.0.1\"]");
    assert!(with.contains("\nproxy_from"));
    std::fs::write(city.path("sekisho.toml"), with).unwrap();
    let server = Server::start(&city, &[], 4);
    let balancer = Balancer::before(&city, &server);
    let first = balancer.ports.first().port();
    let (public, enrol) =
        (format!("https://www.sekisho.localhost:{first}/"), format!("https://care.sekisho.localhost:{}", first + 1));
    let root = city.path("keys/root.pem").display().to_string();
    let get = |from: &str, url: &str| curl(&["--cacert", &root, "--interface", from, url]).1;
    assert_eq!(get("127.0.0.5", &public), 200);
    assert_eq!(get("127.0.0.5", &format!("{enrol}/enrol")), 200);
    // Without the balancer's header nobody gets in from its address.
    for (door, host) in [("clients", "www"), ("terminals", "care")] {
        let url = format!("https://{host}.sekisho.localhost:{}/", server.port(door));
        let direct = Command::new("curl").args(["-sS", "-m", "10", "--cacert", &root, &url]).output().unwrap();
        assert!(!direct.status.success(), "{door}: served without a header");
    }
    // Wrong codes hold off the address that they came from.
    city.openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout @t.key -subj /CN=t -out @t.csr");
    // A code that is over is well formed, and wrong.
    let over = city.json("device code D-1")[0]["code"].as_str().unwrap().to_owned();
    let wrong_code = format!("D-1:{over}");
    city.json("device code D-1");
    let body = format!("@{}", city.path("t.csr").display());
    let wrong = |from: &str| {
        let url = format!("{enrol}/.well-known/est/simpleenroll");
        let pkcs10 = "Content-Type: application/pkcs10";
        let asked =
            ["--cacert", &root, "--interface", from, "-H", pkcs10, "--data-binary", &body, "-u", &wrong_code, &url];
        curl(&asked).1
    };
    for _ in 0..4 {
        assert_eq!(wrong("127.0.0.5"), 401);
    }
    assert_eq!(wrong("127.0.0.5"), 429);
    assert_eq!(wrong("127.0.0.6"), 401, "somebody else behind the same balancer");
    server.stop();
}
