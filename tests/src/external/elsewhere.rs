//! Another authority, made with openssl: it signs terminals' certificates and revokes them on its list.

use std::path::{Path, PathBuf};
use std::process::Command;

use gateway::ExternalSettings;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::world::Keys;

const CONFIG: &str = "[req]
distinguished_name = dn
[dn]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[between]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[terminal]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca]
default_ca = one
[one]
database = index.txt
crlnumber = crlnumber
default_md = sha256
crl_extensions = list
[list]
authorityKeyIdentifier = keyid
";

/// One authority in a folder of its own.
pub(super) struct Elsewhere {
    folder: tempfile::TempDir,
    name: String,
}

impl Elsewhere {
    /// Called `name` by the city; `subject` stands in its certificate.
    pub(super) fn new(name: &str, subject: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = Self { folder, name: name.to_owned() };
        elsewhere.put("openssl.cnf", CONFIG);
        elsewhere.put("index.txt", "");
        elsewhere.put("crlnumber", "01\n");
        elsewhere.openssl(&[
            "req",
            "-x509",
            "-config",
            "openssl.cnf",
            "-extensions",
            "authority",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "30",
            "-subj",
            subject,
        ]);
        elsewhere.publish();
        elsewhere
    }

    pub(super) fn settings(&self) -> ExternalSettings {
        ExternalSettings {
            name: self.name.clone(),
            anchors: vec![self.certificate("ca.pem")],
            intermediates: Vec::new(),
            lists: vec![self.list()],
        }
    }

    pub(super) fn list(&self) -> PathBuf {
        self.path("list.crl")
    }

    /// A terminal's certificate with this serial number.
    pub(super) fn sign(&self, serial: &str) -> Keys {
        self.sign_with(serial, "terminal")
    }

    /// The same with other extensions.
    pub(super) fn sign_with(&self, serial: &str, extensions: &str) -> Keys {
        let (key, request, certificate) = (format!("{serial}.key"), format!("{serial}.csr"), format!("{serial}.pem"));
        self.openssl(&[
            "req",
            "-new",
            "-config",
            "openssl.cnf",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            &format!("/CN=terminal {serial}"),
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-set_serial",
            &format!("0x{serial}"),
            "-days",
            "20",
            "-sha256",
            "-extfile",
            "openssl.cnf",
            "-extensions",
            extensions,
            "-out",
            &certificate,
        ]);
        let chain = vec![self.certificate(&certificate), self.certificate("ca.pem")];
        Keys { chain, key: PrivateKeyDer::from_pem_file(self.path(&key)).unwrap() }
    }

    /// A certificate of this authority for another one's name and key, good for so many days.
    pub(super) fn certify(&self, other: &Self, subject: &str, days: u32) -> CertificateDer<'static> {
        let key = other.path("ca.key").display().to_string();
        let (request, certificate) = ("other.csr", "other.pem");
        self.openssl(&["req", "-new", "-config", "openssl.cnf", "-key", &key, "-out", request, "-subj", subject]);
        let days = days.to_string();
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-set_serial",
            &format!("0x77{days}"),
            "-days",
            &days,
            "-sha256",
            "-extfile",
            "openssl.cnf",
            "-extensions",
            "between",
            "-out",
            certificate,
        ]);
        self.certificate(certificate)
    }

    /// Revokes the certificate with this serial number, on the next list.
    pub(super) fn revoke(&self, serial: &str) {
        let before = std::fs::read_to_string(self.path("index.txt")).unwrap();
        let line = format!("R\t350101000000Z\t260101000000Z,keyCompromise\t{serial}\tunknown\t/CN=terminal {serial}\n");
        self.put("index.txt", &(before + &line));
    }

    /// Signs a list that is good for a day.
    pub(super) fn publish(&self) {
        self.publish_for(24);
    }

    /// Signs a list that is good for so many hours, and puts it in the place of the one before in one step.
    pub(super) fn publish_for(&self, hours: u32) {
        self.openssl(&[
            "ca",
            "-config",
            "openssl.cnf",
            "-gencrl",
            "-keyfile",
            "ca.key",
            "-cert",
            "ca.pem",
            "-crlhours",
            &hours.to_string(),
            "-out",
            "next.crl",
        ]);
        std::fs::rename(self.path("next.crl"), self.list()).unwrap();
    }

    fn certificate(&self, file: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.path(file)).unwrap()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn put(&self, file: &str, text: &str) {
        std::fs::write(self.path(file), text).unwrap();
    }

    fn openssl(&self, arguments: &[&str]) {
        let folder: &Path = self.folder.path();
        let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
