//! nginx before the store: a socket of this machine, TLS, and TLS that asks for a certificate, each over HTTP/1.1 and HTTP/2. Its
//! certificates are openssl's.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gateway::{Address, Server, ServerTls};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::world::Ports;

/// The name in its certificate.
pub(super) const NAME: &str = "store.internal";

/// A running nginx.
pub(super) struct Front {
    folder: tempfile::TempDir,
    ports: Ports,
    child: Child,
}

/// Files, and what openssl is told to make them.
const CERTIFICATES: &str = r"
set -eu
new() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key.pem -out $1.csr -subj /CN=$1; }
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key.pem -out $1.pem -subj /CN=$1 -days 2; }
sign() { openssl x509 -req -in $2.csr -CA $1.pem -CAkey $1.key.pem -CAcreateserial -out $2.pem -days 2 -extfile $2.ext; }
authority anchor
authority stranger
echo 'subjectAltName=DNS:store.internal,IP:127.0.0.1' > store.ext
printf 'extendedKeyUsage=clientAuth\nbasicConstraints=CA:false\n' > us.ext
cp us.ext them.ext
new store; sign anchor store
new us; sign anchor us
new them; sign stranger them
";

impl Front {
    /// Before this store.
    pub(super) fn before(store: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports::row(2);
        let made = Command::new("bash").args(["-c", CERTIFICATES]).current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let at = folder.path().display();
        let (tls, mutual) = (ports.first().port(), ports.first().port() + 1);
        let location = format!(
            "location / {{ proxy_pass http://{store}; proxy_http_version 1.1; proxy_buffering off;
               proxy_request_buffering off; client_max_body_size 0; proxy_read_timeout 60s;
               proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade;
               proxy_set_header Connection $connection_upgrade; }}"
        );
        let certificate = format!("ssl_certificate {at}/store.pem; ssl_certificate_key {at}/store.key.pem;");
        let config = format!(
            "user root; daemon off; worker_processes 1; pid {at}/pid; error_log stderr notice;
             events {{ worker_connections 512; }}
             http {{
               access_log {at}/access.log combined;
               client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
               uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
               map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
               server {{ listen unix:{at}/store.sock; {location} }}
               server {{ listen 127.0.0.1:{tls} ssl http2; {certificate} {location} }}
               server {{ listen 127.0.0.1:{mutual} ssl http2; {certificate}
                 ssl_client_certificate {at}/anchor.pem; ssl_verify_client on; {location} }}
             }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let child = Command::new("nginx")
            .args(["-e", "stderr", "-c", "nginx.conf", "-p", "."])
            .current_dir(folder.path())
            .stderr(Stdio::from(std::fs::File::create(folder.path().join("log")).unwrap()))
            .spawn()
            .expect("nginx is installed by tests/run.sh");
        let front = Self { folder, ports, child };
        for _ in 0..500 {
            if std::os::unix::net::UnixStream::connect(front.socket()).is_ok() {
                return front;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nginx does not listen: {}", front.log());
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("store.sock")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What it was asked, a line each: with the version of HTTP.
    pub(super) fn asked(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }

    /// Over the socket of the machine.
    pub(super) fn by_socket(&self) -> Server {
        Server { name: format!("unix:{}", self.socket().display()), address: Address::Unix(self.socket()), tls: None }
    }

    /// Over TLS, where these are trusted.
    pub(super) fn over_tls(&self, anchor: &str) -> Server {
        self.known_by(self.ports.first(), anchor, NAME, None)
    }

    /// Over TLS that asks for a certificate.
    pub(super) fn over_mutual_tls(&self, shown: Option<&str>) -> Server {
        let at = self.ports.first();
        self.known_by(SocketAddr::from((at.ip(), at.port() + 1)), "anchor", NAME, shown)
    }

    /// The same server under another name.
    pub(super) fn known_as(&self, name: &str) -> Server {
        self.known_by(self.ports.first(), "anchor", name, None)
    }

    fn known_by(&self, at: SocketAddr, anchor: &str, name: &str, shown: Option<&str>) -> Server {
        let file = |name: String| self.folder.path().join(name);
        let anchors = certificates(&file(format!("{anchor}.pem")));
        let identity = shown.map(|shown| {
            let key = PrivateKeyDer::from_pem_file(file(format!("{shown}.key.pem"))).unwrap();
            let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
            Arc::new(CertifiedKey::new(certificates(&file(format!("{shown}.pem"))), key))
        });
        let tls = ServerTls { anchors, server_name: name.to_owned(), identity };
        Server { name: format!("https://{at}"), address: Address::Ip(at), tls: Some(tls) }
    }
}

fn certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file).unwrap().collect::<Result<_, _>>().unwrap()
}

impl Drop for Front {
    fn drop(&mut self) {
        // Its workers go with it; what is left of it is a folder.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
