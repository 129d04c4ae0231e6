//! A city whose server has the door where terminals come to their certificates.

use std::process::Output;

use crate::support::{City, SEKISHO, Server, curl};

/// A city whose server has the door for terminals.
pub(crate) struct Office {
    pub(crate) city: City,
    pub(crate) server: Server,
}

impl Office {
    pub(crate) fn open() -> Self {
        Self::open_with("")
    }

    /// With more at the end of the settings.
    pub(crate) fn open_with(more: &str) -> Self {
        Self::open_in(City::at_work(), more)
    }

    /// The same, and a file that the settings name.
    pub(crate) fn open_with_file(more: &str, name: &str, content: &str) -> Self {
        let city = City::at_work();
        std::fs::write(city.path(name), content).unwrap();
        Self::open_in(city, more)
    }

    fn open_in(city: City, more: &str) -> Self {
        let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
        let with = settings.replace("# enrolment = \"127.0.0.1:8450\"", "enrolment = \"127.0.0.1:0\"");
        assert_ne!(with, settings);
        std::fs::write(city.path("sekisho.toml"), with + more).unwrap();
        let server = Server::start(&city, &[], 4);
        Self { city, server }
    }

    pub(crate) fn code(&self, device: &str) -> String {
        self.city.json(&format!("device code {device}"))[0]["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.city.path(name).display().to_string()
    }

    /// A key of the terminal's own, and a request that asks for more than anybody gets.
    pub(crate) fn request(&self, name: &str, algorithm: &str) {
        self.city.openssl(&format!(
            "req -new -newkey {algorithm} -nodes -keyout @{name}.key -subj /O=Everything/CN=root -out @{name}.csr"
        ));
    }

    /// Posts the request; the certificate, in the folder, if there is one.
    pub(crate) fn post(&self, address: &str, more: &[&str], name: &str) -> (String, u16) {
        let url = format!("https://care.sekisho.localhost:{}/.well-known/est/{address}", self.server.port("terminals"));
        let (root, body) = (self.path("keys/root.pem"), format!("@{}", self.path(&format!("{name}.csr"))));
        let asked = ["--cacert", &root, "-H", "Content-Type: application/pkcs10", "--data-binary", &body];
        let (said, status) = curl(&[&asked, more, &[url.as_str()]].concat());
        if status == 200 {
            std::fs::write(self.city.path("answer"), &said).unwrap();
            self.city.openssl("base64 -d -in @answer -out @answer.p7");
            self.city.openssl(&format!("pkcs7 -inform DER -in @answer.p7 -print_certs -out @{name}.pem"));
        }
        (said, status)
    }

    pub(crate) fn by_code(&self, device: &str, code: &str, name: &str) -> (String, u16) {
        self.post("simpleenroll", &["-u", &format!("{device}:{code}")], name)
    }

    /// What the gateway says to this certificate.
    pub(crate) fn served(&self, pem: &str, key: &str) -> u16 {
        let url = format!("https://care.sekisho.localhost:{}/.sekisho/sign-in", self.server.port("clients"));
        let (root, pem, key) = (self.path("keys/root.pem"), self.path(pem), self.path(key));
        curl(&["--cacert", &root, "--cert", &pem, "--key", &key, &url]).1
    }

    /// `enrol`, as on a terminal that knows nothing but the root.
    pub(crate) fn enrol(&self, words: &[&str]) -> Output {
        self.enrol_by(&["--root", &self.path("keys/root.pem")], "D-1", words)
    }

    /// The same by other words for the root, and for another device.
    pub(crate) fn enrol_by(&self, root: &[&str], device: &str, words: &[&str]) -> Output {
        let port = self.server.port("terminals");
        let (gateway, at) = (format!("https://care.sekisho.localhost:{port}"), format!("127.0.0.1:{port}"));
        let mut command = std::process::Command::new(SEKISHO);
        command.env_clear().args(["--json", "enrol", "--gateway", &gateway, "--at", &at]);
        command.args(root).args(["--device", device]).args(words).output().unwrap()
    }
}

/// What openssl makes a key on P-256 of.
pub(crate) const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
