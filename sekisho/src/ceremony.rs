//! What the root signs, and the transcript of it: `init` makes the first certificates, a renewal the next of the server's.
//! Every serial number stands in the transcript, durably, before anything is signed with it (promise P10).

use std::fs::File;
use std::path::Path;

use ca::{
    AuthorityName, Host, Issued, Issuing, IssuingKey, Passphrase, PublicKey, Purpose, RecordedSerial, Root, RootKey,
    ServerProfile, SystemRandom, prepare_server, reserve,
};
use model::{SerialNumber, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::error::Error;
use crate::folder::{self, Folder};
use crate::transcript;

/// A ceremony in a data folder. One at a time: two that swap the same files would leave a key of the one with a
/// certificate of the other.
pub(crate) struct Ceremony<'a> {
    folder: &'a Folder,
    now: Timestamp,
    random: SystemRandom,
    /// Ends with this value, also by a crash.
    _alone: File,
}

/// A server certificate, and the authority that signed it.
pub(crate) struct ForServer {
    pub(crate) issued: Issued,
    pub(crate) authority: Issuing,
}

impl<'a> Ceremony<'a> {
    /// Begins, if no other is under way.
    pub(crate) fn begin(folder: &'a Folder, now: Timestamp) -> Result<Self, Error> {
        let alone = folder::lock(&path(folder))?;
        Ok(Self { folder, now, random: SystemRandom::new(), _alone: alone })
    }

    /// The random source of the ceremony.
    pub(crate) const fn random(&self) -> &SystemRandom {
        &self.random
    }

    /// Writes a line into the transcript, durably.
    pub(crate) fn log(&self, line: &str) -> Result<(), Error> {
        transcript::add(&path(self.folder), &format!("{} {line}", self.now))
    }

    /// Draws a serial number and writes it into the transcript, before anything is signed with it.
    pub(crate) fn reserve(&self, what: &str) -> Result<RecordedSerial, Error> {
        let mut book = |serial: &SerialNumber| self.log(&format!("serial {serial} for {what}"));
        reserve(&self.random, &mut book).map_err(Error::authority("recording a serial number"))
    }

    /// The server's certificate comes from an authority of its own, so that trust in devices never includes who issues
    /// for servers. Its key signs once and is thrown away: the next server certificate gets the next such authority.
    pub(crate) fn certify_server(
        &self,
        city: &str,
        hosts: [&str; 2],
        server: &PublicKey,
        root: &Root,
        root_key: &RootKey,
    ) -> Result<ForServer, Error> {
        let refused = || Error::authority("making the server's certificate");
        let hosts = hosts.into_iter().map(Host::new).collect::<Result<_, _>>().map_err(refused())?;
        let profile = ServerProfile::new(hosts, Vec::new()).map_err(refused())?;
        let key = IssuingKey::generate().map_err(refused())?;
        let serial = self.reserve("issuing authority of servers")?;
        let name = authority_name(city, "Servers")?;
        let authority =
            Issuing::create(Purpose::Servers, &name, &key, serial, self.now, root, root_key).map_err(refused())?;
        let serial = self.reserve("server")?;
        let prepared = prepare_server(&profile, server, serial, self.now, &authority).map_err(refused())?;
        let issued = prepared.issue(&key).map_err(refused())?;
        self.log(&format!("server certificate SHA-256 {}", issued.fingerprint_sha256()))?;
        Ok(ForServer { issued, authority })
    }
}

impl ForServer {
    /// The certificate with its issuer's, as a server shows them.
    pub(crate) fn chain(&self) -> String {
        format!("{}{}", self.issued.pem(), self.authority.pem())
    }
}

/// The name of one of the city's authorities.
pub(crate) fn authority_name(city: &str, which: &str) -> Result<AuthorityName, Error> {
    AuthorityName::new(city, &format!("Sekisho {which}")).map_err(Error::authority("the name of the city"))
}

fn path(folder: &Folder) -> std::path::PathBuf {
    folder.key("ceremony.txt")
}

/// The root's key, held to be the root's before a serial number is taken.
pub(crate) fn open_root_key(path: &Path, passphrase: &Passphrase, root: &Root) -> Result<RootKey, Error> {
    let sealed = folder::read_secret(path)?;
    let not_a = |what| Error::NotA { path: path.to_owned(), what };
    let text = std::str::from_utf8(&sealed).map_err(|_| not_a("key in PEM"))?;
    let key = RootKey::open(text, passphrase).map_err(Error::authority("opening the root's key"))?;
    if key.public() == *root.public_key() { Ok(key) } else { Err(not_a("key that belongs to the root's certificate")) }
}

/// The city's name, as the root has it.
pub(crate) fn city(root: &Root) -> Result<String, Error> {
    let read = X509Certificate::from_der(root.der()).ok();
    let city = read.and_then(|(_, root)| {
        let organization = root.subject().iter_organization().next()?;
        organization.as_str().ok().map(str::to_owned)
    });
    city.ok_or_else(|| Error::usage("the root's certificate does not name the city"))
}
