//! What the root signs, and the transcript of it: `init` makes the first certificates, a renewal the next of the server's.
//! Every serial number stands in the transcript, durably, before anything is signed with it (promise P10). The transcript
//! lies beside the root's key, so that whoever has the key has the whole of what it did.

use std::fs::File;
use std::path::{Path, PathBuf};

use ca::{
    AuthorityName, Host, Issued, Issuing, IssuingKey, PublicKey, Purpose, RecordedSerial, Root, RootKey, ServerProfile,
    SystemRandom, prepare_server, reserve,
};
use model::{SerialNumber, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::cli::RootPassphrase;
use crate::error::Error;
use crate::folder::{self, Folder};
use crate::secrets;
use crate::transcript::{self, Transcript};

/// The transcript's name, beside the root's key.
const TRANSCRIPT: &str = "ceremony.txt";
/// Longest name of a witness, in characters.
const WITNESS_CHARACTERS_MAX: usize = 64;

/// A ceremony of the root. One at a time: two would each believe to know all that was signed.
pub(crate) struct Ceremony {
    transcript: PathBuf,
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

impl Ceremony {
    /// The first one, in a data folder.
    pub(crate) fn first(folder: &Folder, now: Timestamp) -> Result<Self, Error> {
        let transcript = folder.key(TRANSCRIPT);
        let alone = folder::lock(&transcript)?;
        Ok(Self { transcript, now, random: SystemRandom::new(), _alone: alone })
    }

    /// One more, where the root's key is: what was signed before stands beside it. A key without its transcript is a copy of
    /// which nobody would know later what it did.
    pub(crate) fn beside(root_key: &Path, now: Timestamp) -> Result<Self, Error> {
        let transcript = root_key.with_file_name(TRANSCRIPT);
        if !transcript.exists() {
            return Err(Error::usage(format_args!(
                "there is no transcript `{}` beside the root's key `{}`; what the root signs goes there, so bring the newest",
                transcript.display(),
                root_key.display()
            )));
        }
        let alone = folder::lock(&transcript)?;
        Transcript::read_begun(&transcript)?;
        Ok(Self { transcript, now, random: SystemRandom::new(), _alone: alone })
    }

    /// Whether a copy elsewhere holds nothing that is not known here; one that does says that the root was used in two places.
    /// No copy, or one of which nothing is left, says nothing.
    pub(crate) fn knows(&self, copy: &Path) -> Result<(), Error> {
        if copy.exists() {
            self.read()?.continues(&Transcript::read(copy)?)?;
        }
        Ok(())
    }

    /// Brings a copy up to date.
    pub(crate) fn copy_to(&self, copy: &Path) -> Result<(), Error> {
        let own = self.read()?;
        // The transcript itself is no copy, and holds the lock.
        if copy.exists() && Transcript::read(copy)?.text() == own.text() {
            return Ok(());
        }
        folder::replace(copy, own.text().as_bytes())
    }

    /// What stands in the transcript by now.
    pub(crate) fn read(&self) -> Result<Transcript, Error> {
        Transcript::read(&self.transcript)
    }

    /// Writes down who watches.
    pub(crate) fn witnessed(&self, by: &[String]) -> Result<(), Error> {
        check_witnesses(by)?;
        if by.is_empty() { Ok(()) } else { self.log(&format!("witnessed by {}", by.join(", "))) }
    }

    /// The random source of the ceremony.
    pub(crate) const fn random(&self) -> &SystemRandom {
        &self.random
    }

    /// Writes a line into the transcript, durably.
    pub(crate) fn log(&self, line: &str) -> Result<(), Error> {
        transcript::add(&self.transcript, &format!("{} {line}", self.now))
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
        self.log(&format!("issuing certificate of servers SHA-256 {}", authority.fingerprint_sha256()))?;
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
    AuthorityName::new(city, &format!("Sekisho {which}")).map_err(|_| {
        Error::usage(format_args!("`{city}` is no name of a city: 1 to 64 characters, and no space at either end"))
    })
}

/// Names of witnesses, before anything is done in front of them.
pub(crate) fn check_witnesses(by: &[String]) -> Result<(), Error> {
    let fits = |name: &&String| {
        let length = name.chars().count();
        (1..=WITNESS_CHARACTERS_MAX).contains(&length) && !name.chars().any(char::is_control)
    };
    match by.iter().find(|name| !fits(name)) {
        Some(name) => Err(Error::usage(format_args!(
            "`{}` is no name of a witness: 1 to {WITNESS_CHARACTERS_MAX} characters in one line",
            name.chars().take(WITNESS_CHARACTERS_MAX).collect::<String>().escape_debug()
        ))),
        None => Ok(()),
    }
}

/// The root's key, held to be the root's before a serial number is taken.
pub(crate) fn open_root_key(path: &Path, given: &RootPassphrase, root: &Root) -> Result<RootKey, Error> {
    let passphrase = secrets::root_passphrase(given)?;
    let sealed = folder::read_secret(path)?;
    let not_a = |what| Error::NotA { path: path.to_owned(), what };
    let text = std::str::from_utf8(&sealed).map_err(|_| not_a("key in PEM"))?;
    let doing = match given.root_passphrase_file.len() {
        2 => "opening the root's key, with the two parts in this order (that of `init` is the right one),",
        _ => "opening the root's key",
    };
    let key = RootKey::open(text, &passphrase).map_err(Error::authority(doing))?;
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
