//! Secrets: drawn once, read when needed, wiped when dropped. Passphrases come from a file or the environment only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ca::{LeafKey, Passphrase, Random, Zeroizing};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::cli::RootPassphrase;
use crate::error::Error;
use crate::folder;
use crate::settings::{Store, StoreServer};

/// The environment variable that may hold the authority's passphrase.
pub const PASSPHRASE_VARIABLE: &str = "SEKISHO_CA_PASSPHRASE";
/// Octets of a symmetric key.
const KEY_OCTETS: usize = 32;

/// What opens a key, as somebody keeps it: a passphrase where the key is in a file, a PIN where it is in a token. Wiped when
/// dropped, never shown.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// From its text.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(Arc::new(text))
    }

    /// From a file.
    ///
    /// # Errors
    /// Not there, readable by others, or no text.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let octets = folder::read_secret(path)?;
        let text = std::str::from_utf8(&octets);
        let text = text.map_err(|_| Error::NotA { path: path.to_owned(), what: "UTF-8 text" })?;
        Ok(Self::new(Zeroizing::new(text.to_owned())))
    }

    /// What all keys have that no file is named for: from the file of the command line, else from the environment.
    ///
    /// # Errors
    /// Neither is given, or as [`Self::read`].
    pub fn common(file: Option<&Path>) -> Result<Self, Error> {
        if let Some(path) = file {
            return Self::read(path);
        }
        let missing = |_| {
            Error::usage(format_args!(
                "the authority's passphrase is missing; give --passphrase-file FILE or set {PASSPHRASE_VARIABLE}"
            ))
        };
        std::env::var(PASSPHRASE_VARIABLE).map(|text| Self::new(Zeroizing::new(text))).map_err(missing)
    }

    /// As what opens a key in a file.
    ///
    /// # Errors
    /// Too short, too long, or several lines.
    pub fn passphrase(&self) -> Result<Passphrase, Error> {
        Passphrase::new(&self.0).map_err(Error::authority("the passphrase"))
    }

    /// As what opens a token.
    ///
    /// # Errors
    /// Empty, too long, or several lines.
    pub fn pin(&self) -> Result<Passphrase, Error> {
        Passphrase::pin(&self.0).map_err(Error::authority("the PIN"))
    }
}

/// The authority's passphrase, for keys in files.
///
/// # Errors
/// As [`Secret::common`] and [`Secret::passphrase`].
pub fn passphrase(file: Option<&Path>) -> Result<Passphrase, Error> {
    Secret::common(file)?.passphrase()
}

/// The passphrase of the root's key: of the files that are named for it, the parts in their order; of none, that of the other
/// keys.
///
/// # Errors
/// As [`passphrase`]; or more than two parts.
pub fn root_passphrase(given: &RootPassphrase) -> Result<Passphrase, Error> {
    let part = |path: &PathBuf| passphrase(Some(path));
    match given.root_passphrase_file.as_slice() {
        [] => passphrase(given.passphrase.passphrase_file.as_deref()),
        [whole] => part(whole),
        [one, other] => {
            let (one, other) = (part(one)?, part(other)?);
            let joined = Zeroizing::new(format!("{} {}", one.reveal(), other.reveal()));
            Passphrase::new(&joined).map_err(Error::authority("the passphrase"))
        }
        _ => Err(Error::usage("the passphrase of the root's key has two parts at most")),
    }
}

/// Writes a fresh symmetric key as a line of base64.
///
/// # Errors
/// The file is there, cannot be written, or there are no random octets.
pub fn make_key(path: &Path, random: &dyn Random) -> Result<(), Error> {
    let mut octets = Zeroizing::new([0_u8; KEY_OCTETS]);
    random.fill(octets.as_mut_slice()).map_err(Error::authority("drawing a key"))?;
    let mut line = Zeroizing::new(STANDARD.encode(octets.as_slice()));
    line.push('\n');
    folder::write_new(path, line.as_bytes())
}

/// Reads a symmetric key of 32 octets.
///
/// # Errors
/// Not there, readable by others, or something else.
pub fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = folder::read_secret(path)?;
    let what = "key: 32 octets in base64 are expected";
    let wrong = || Error::NotA { path: path.to_owned(), what };
    let octets = STANDARD.decode(text.trim_ascii()).map(Zeroizing::new).map_err(|_| wrong())?;
    if octets.len() == KEY_OCTETS { Ok(octets) } else { Err(wrong()) }
}

/// Writes a fresh P-256 key as PKCS#8 in PEM, and gives it.
///
/// # Errors
/// The file is there, cannot be written, or the crypto library failed.
pub fn make_leaf_key(path: &Path) -> Result<LeafKey, Error> {
    let key = LeafKey::generate().map_err(Error::authority("making a key"))?;
    let pem = key.pkcs8_pem().map_err(Error::authority("making a key"))?;
    folder::write_new(path, pem.as_bytes())?;
    Ok(key)
}

/// Reads a PKCS#8 key in PEM, and gives its DER.
///
/// # Errors
/// Not there, readable by others, or something else.
pub fn read_pkcs8(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let pem = folder::read_secret(path)?;
    let key = PrivatePkcs8KeyDer::from_pem_slice(&pem)
        .map_err(|_| Error::NotA { path: path.to_owned(), what: "PKCS#8 key in PEM" })?;
    Ok(Zeroizing::new(key.secret_pkcs8_der().to_vec()))
}

/// Reads certificates in PEM, one or more.
///
/// # Errors
/// Not there, or something else.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = folder::read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::NotA { path: path.to_owned(), what: "certificate in PEM" }),
    }
}

/// The serial number of a certificate; none where it has none that is allowed.
#[must_use]
pub fn serial_number(certificate: &CertificateDer<'_>) -> Option<model::SerialNumber> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    model::SerialNumber::from_octets(read.tbs_certificate.raw_serial()).ok()
}

/// Other authorities, with their certificates.
///
/// # Errors
/// A file cannot be used.
pub fn external(settings: &crate::settings::Settings) -> Result<Vec<gateway::ExternalSettings>, Error> {
    let one = |external: &crate::settings::External| {
        let intermediates = external.intermediates.as_deref().map(read_certificates).transpose()?;
        Ok(gateway::ExternalSettings {
            name: external.name.clone(),
            anchors: read_certificates(&external.anchors)?,
            intermediates: intermediates.unwrap_or_default(),
            lists: external.lists.clone(),
        })
    };
    settings.external.iter().map(one).collect()
}

/// The stores, with who signs their certificates and what the gateway shows them.
///
/// # Errors
/// A file cannot be used, or a key is of another certificate.
pub fn store(settings: &Store) -> Result<gateway::StoreSettings, Error> {
    let servers = settings.servers.iter().map(store_server).collect::<Result<_, _>>()?;
    Ok(gateway::StoreSettings {
        servers,
        protocol: settings.protocol,
        connections_max: settings.connections,
        at_once: settings.at_once,
        at_once_in_all: settings.at_once_in_all,
        queue_max: settings.queue,
        queue_wait: settings.queue_wait,
        timeouts: settings.timeouts,
        health: settings.health.clone(),
    })
}

fn store_server(server: &StoreServer) -> Result<gateway::Server, Error> {
    let tls = server.tls.as_ref().map(|tls| {
        let identity = tls.identity.as_ref().map(|(certificate, key)| server_key(certificate, key)).transpose()?;
        let anchors = read_certificates(&tls.anchors)?;
        Ok::<_, Error>(gateway::ServerTls { anchors, server_name: tls.server_name.clone(), identity })
    });
    Ok(gateway::Server { name: server.name.clone(), address: server.address.clone(), tls: tls.transpose()? })
}

/// The server's certificate with its key, held to belong together. A renewal that was interrupted leaves two keys in the
/// file; the certificate says which is meant.
///
/// # Errors
/// A file cannot be used, or the key is of another certificate.
pub fn server_key(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, Error> {
    let chain = read_certificates(certificate)?;
    let other = |what| Error::NotA { path: key.to_owned(), what };
    let pem = folder::read_secret(key)?;
    let keys: Result<Vec<PrivateKeyDer<'_>>, _> = PrivateKeyDer::pem_slice_iter(&pem).collect();
    let keys = keys.ok().filter(|keys| !keys.is_empty()).ok_or_else(|| other("private key in PEM"))?;
    for private in &keys {
        let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(private)
            .map_err(|_| other("key of a kind that TLS can use"))?;
        let certified = CertifiedKey::new(chain.clone(), signing);
        if certified.keys_match().is_ok() {
            return Ok(Arc::new(certified));
        }
    }
    Err(other("key that belongs to the server's certificate"))
}
