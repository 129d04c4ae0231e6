//! `sekisho init`: keys, authorities, settings and empty journals, once. What is there is never overwritten.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ca::{Issuing, IssuingKey, Passphrase, Purpose, Root, RootKey};
use journal::Journal;
use model::Timestamp;

use crate::ceremony::{Ceremony, authority_name, check_witnesses};
use crate::error::Error;
use crate::folder::{self, Folder};
use crate::secrets;
use crate::settings::{SAMPLE, Settings};

/// What `init` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Name of the city, as it stands in the authorities' certificates.
    pub city: String,
    /// DNS name of the care host.
    pub care_host: String,
    /// DNS name of the public host.
    pub public_host: String,
    /// First of four ports on loopback: clients, store door, office, store.
    pub port_base: u16,
    /// Where others find the revocation list; none: at the office's door on loopback.
    pub list_url: Option<String>,
    /// The PostgreSQL database that holds the journals; none: files.
    pub postgres: Option<String>,
    /// Who watches, as the transcript names them.
    pub witnesses: Vec<String>,
}

/// What `init` made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The settings file.
    pub settings: PathBuf,
    /// SHA-256 of the root's certificate, to be read out and compared.
    pub root_fingerprint: String,
    /// Last second of the issuing authority's validity.
    pub issuing_until: Timestamp,
    /// Last second of the server certificate's validity.
    pub server_until: Timestamp,
}

/// Makes a data folder; the second passphrase seals the root's key. What fails on the way takes away what was made. A crash
/// leaves a folder without settings file, which nothing else reads and which `init` refuses to go on with: keys half made are
/// thrown away by a person, not mended by a program.
///
/// # Errors
/// Something stands there already, a value is wrong, or the system fails.
pub fn init(
    root: &Path,
    plan: &Plan,
    (passphrase, of_root): (&Passphrase, &Passphrase),
    now: Timestamp,
) -> Result<Made, Error> {
    let folder = Folder::at(root);
    let settings_text = settings_text(plan)?;
    let settings = Settings::parse(&settings_text, &folder.settings())?;
    // Checked before anything is made, so that a refusal leaves nothing behind.
    authority_name(&plan.city, "Root")?;
    check_witnesses(&plan.witnesses)?;
    if folder.settings().exists() {
        return Err(Error::Exists(folder.settings()));
    }
    if let Some(taken) = [folder.keys(), folder.data()].into_iter().find(|path| path.exists()) {
        return Err(Error::Unfinished { taken, keys: folder.keys(), data: folder.data() });
    }
    let mut half = Half::default();
    if root.exists() {
        folder::check_folder(root)?;
    } else {
        half.folder(root)?;
    }
    half.folder(&folder.keys())?;
    half.folder(&folder.data())?;
    let ceremony = Ceremony::first(&folder, now)?;
    ceremony.witnessed(&plan.witnesses)?;
    let authorities = Authorities::make(&ceremony, &folder, plan, (passphrase, of_root), now)?;
    let server_until = authorities.make_server_certificate(&ceremony, &folder, plan)?;
    secrets::make_key(&settings.keys.session, ceremony.random())?;
    secrets::make_key(&settings.keys.credential, ceremony.random())?;
    secrets::make_leaf_key(&settings.keys.identity)?;
    for (whose, place) in [("registry", settings.journal.registry()), ("audit", settings.journal.audit())] {
        let failed = Error::journal(whose);
        let head = Journal::open(&place).and_then(|journal| journal.head()).map_err(failed)?;
        if head != journal::Head::START {
            // A database that another folder was made with: its keys open what is in there, ours do not.
            return Err(Error::usage(format_args!("the journal of the {whose} is not empty")));
        }
    }
    folder::write_new(&folder.settings(), settings_text.as_bytes())?;
    half.keep();
    Ok(Made {
        settings: folder.settings(),
        root_fingerprint: authorities.root.fingerprint_sha256(),
        issuing_until: authorities.issuing.not_after(),
        server_until,
    })
}

/// Folders that were made here, and nobody has seen yet. Dropped without [`Half::keep`], they go with all that is in them.
#[derive(Default)]
struct Half(Vec<PathBuf>);

impl Half {
    fn folder(&mut self, path: &Path) -> Result<(), Error> {
        folder::make(path)?;
        self.0.push(path.to_owned());
        Ok(())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // What cannot be removed is named by the next `init`; the error that led here is the one to tell.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// Root and issuing authority of devices, as just made.
struct Authorities {
    root: Root,
    root_key: RootKey,
    issuing: Issuing,
}

impl Authorities {
    fn make(
        ceremony: &Ceremony,
        folder: &Folder,
        plan: &Plan,
        (passphrase, of_root): (&Passphrase, &Passphrase),
        now: Timestamp,
    ) -> Result<Self, Error> {
        let refused = || Error::authority("making the authorities");
        let random = ceremony.random();
        let root_key = RootKey::generate().map_err(refused())?;
        let serial = ceremony.reserve("root")?;
        let root = Root::create(&authority_name(&plan.city, "Root")?, &root_key, serial, now).map_err(refused())?;
        ceremony.log(&format!("root certificate SHA-256 {}", root.fingerprint_sha256()))?;
        let issuing_key = IssuingKey::generate().map_err(refused())?;
        let serial = ceremony.reserve("issuing authority of devices")?;
        let name = authority_name(&plan.city, "Devices")?;
        let issuing =
            Issuing::create(Purpose::Devices, &name, &issuing_key, serial, now, &root, &root_key).map_err(refused())?;
        ceremony.log(&format!("issuing certificate SHA-256 {}", issuing.fingerprint_sha256()))?;
        let sealed = root_key.seal(of_root, random).map_err(refused())?;
        folder::write_new(&folder.key("root.key.pem"), sealed.as_bytes())?;
        folder::write_new(&folder.key("root.pem"), root.pem().as_bytes())?;
        let sealed = issuing_key.seal(passphrase, random).map_err(refused())?;
        folder::write_new(&folder.key("issuing.key.pem"), sealed.as_bytes())?;
        folder::write_new(&folder.key("issuing.pem"), issuing.pem().as_bytes())?;
        Ok(Self { root, root_key, issuing })
    }

    fn make_server_certificate(&self, ceremony: &Ceremony, folder: &Folder, plan: &Plan) -> Result<Timestamp, Error> {
        let key = secrets::make_leaf_key(&folder.key("server.key.pem"))?;
        let hosts = [plan.care_host.as_str(), plan.public_host.as_str()];
        let made = ceremony.certify_server(&plan.city, hosts, key.public(), &self.root, &self.root_key)?;
        folder::write_new(&folder.key("server-issuing.pem"), made.authority.pem().as_bytes())?;
        folder::write_new(&folder.key("server.pem"), made.chain().as_bytes())?;
        Ok(made.issued.not_after())
    }
}

/// The sample, with the plan's values in place of its own.
fn settings_text(plan: &Plan) -> Result<String, Error> {
    let port = |offset: u16| {
        let beyond = || Error::usage(format_args!("port base {} leaves no room for four ports", plan.port_base));
        plan.port_base.checked_add(offset).ok_or_else(beyond)
    };
    let (clients, store_door, office, store) = (port(0)?, port(1)?, port(2)?, port(3)?);
    let mut text = String::with_capacity(SAMPLE.len());
    for line in SAMPLE.lines() {
        let url = plan.postgres.as_deref();
        let written = match line.split_once(" = ").map(|(key, _)| key) {
            Some("care") => writeln!(text, "care = {}", quoted(&plan.care_host)),
            Some("public") => writeln!(text, "public = {}", quoted(&plan.public_host)),
            Some("clients") => writeln!(text, "clients = \"127.0.0.1:{clients}\""),
            Some("store_door") => writeln!(text, "store_door = \"127.0.0.1:{store_door}\""),
            Some("office") => writeln!(text, "office = \"127.0.0.1:{office}\""),
            Some("address") => writeln!(text, "address = \"127.0.0.1:{store}\""),
            Some("engine") if url.is_some() => writeln!(text, "engine = \"postgres\""),
            Some("folder") if url.is_some() => writeln!(text, "url = {}", quoted(url.unwrap_or_default())),
            Some("list_url") => {
                let at_the_door = || format!("http://127.0.0.1:{office}/crl/devices.crl");
                writeln!(text, "list_url = {}", quoted(&plan.list_url.clone().unwrap_or_else(at_the_door)))
            }
            _ => writeln!(text, "{line}"),
        };
        written.map_err(|_| Error::usage("the settings cannot be written"))?;
    }
    Ok(text)
}

/// A TOML string. What is no host name is refused when the settings are validated.
fn quoted(text: &str) -> toml::Value {
    toml::Value::String(text.to_owned())
}

#[cfg(test)]
mod tests;
