//! The settings file as it is written, and the way from there to values that can be used.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use gateway::balancer::{Balancers, Network};
use gateway::pages::RecordsApp;
use serde::Deserialize;

use super::store::StoreTable;
use super::{
    Acme, Attestation, Ca, CaIssuer, Clients, Desk, External, Hosts, JournalPlace, KeyPlace, Keys, Limits, Listen,
    Rate, RootListPlace, Session, Settings, Tls,
};

/// Most threads.
const WORKERS_MAX: usize = 64;
/// Most addresses of one door.
const ADDRESSES_MAX: usize = 8;
/// Most characters of a folder of lists.
const FOLDER_CHARACTERS_MAX: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsFile {
    workers: usize,
    records_app: Option<String>,
    hosts: HostsTable,
    listen: ListenTable,
    store: StoreTable,
    journal: JournalTable,
    tls: TlsTable,
    acme: Option<AcmeTable>,
    keys: KeysTable,
    ca: Option<CaTable>,
    #[serde(default)]
    external_ca: Vec<ExternalTable>,
    #[serde(default)]
    attestation: AttestationTable,
    desk: Desk,
    session: SessionTable,
    limits: LimitsTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostsTable {
    care: String,
    public: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenTable {
    clients: OneOrMore,
    #[serde(default)]
    proxy_from: Vec<String>,
    store_door: String,
    office: String,
    enrolment: Option<String>,
}

/// A text, or a list of them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, or a list of texts")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapTable {
    pub(super) file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalTable {
    engine: String,
    folder: Option<PathBuf>,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsTable {
    certificate: PathBuf,
    key: PathBuf,
    device_issuers: Vec<PathBuf>,
    root_list: Option<PathBuf>,
    root: Option<PathBuf>,
    profile: String,
    without_certificate: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcmeTable {
    directory: String,
    terms_agreed: bool,
    folder: PathBuf,
    root: Option<PathBuf>,
    #[serde(default)]
    contact: Vec<String>,
    external_account: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysTable {
    session: PathBuf,
    identity: PathBuf,
    credential: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaTable {
    root: PathBuf,
    issuing_certificate: PathBuf,
    issuing_key: String,
    passphrase_file: Option<PathBuf>,
    list_url: String,
    folder: Option<String>,
    #[serde(default)]
    former: Vec<IssuerTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerTable {
    issuing_certificate: PathBuf,
    issuing_key: String,
    passphrase_file: Option<PathBuf>,
    list_url: String,
    folder: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttestationTable {
    #[serde(default)]
    apple: Vec<PathBuf>,
    #[serde(default)]
    tpm: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalTable {
    name: String,
    anchors: PathBuf,
    intermediates: Option<PathBuf>,
    lists: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionTable {
    idle_minutes: i64,
    absolute_hours: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsTable {
    per_source: Rate,
    per_device: Rate,
    per_user: Rate,
}

/// What is wrong so far. A value that cannot be had is none, and the reason stands here.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) fn add(&mut self, key: &str, what: impl Display) {
        self.0.push(format!("{key}: {what}"));
    }

    fn keep<T, E: Display>(&mut self, key: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(key, error)).ok()
    }

    pub(super) fn within<T: PartialOrd + Display>(&mut self, key: &str, value: T, least: T, most: T) {
        if value < least || value > most {
            self.add(key, format_args!("{value} is out of bounds; {least} to {most} are allowed"));
        }
    }

    fn host(&mut self, key: &str, name: &str) {
        let _ = self.keep(key, ca::Host::new(name));
    }

    fn address(&mut self, key: &str, text: &str) -> Option<SocketAddr> {
        let found = text.parse().map_err(|_| format!("`{text}` is no address with port, such as 127.0.0.1:8443"));
        self.keep(key, found)
    }

    /// Plain HTTP is spoken here, so strangers must not be able to reach it, nor read on the way there.
    fn inner_address(&mut self, key: &str, text: &str) -> Option<SocketAddr> {
        let address = self.address(key, text)?;
        let inner = match address.ip() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
        };
        if !inner {
            self.add(
                key,
                format_args!("`{text}` can be reached by strangers; a loopback or private address is needed"),
            );
        }
        Some(address)
    }

    fn desk(&mut self, desk: &Desk) {
        let Desk { name_ja, name_en, phone, loss_phone } = desk;
        for (key, text) in [("name_ja", name_ja), ("name_en", name_en), ("phone", phone), ("loss_phone", loss_phone)] {
            if !(1..=100).contains(&text.chars().count()) || text.chars().any(char::is_control) {
                self.add(&format!("desk.{key}"), "must have 1 to 100 characters and no control characters");
            }
        }
    }

    fn rate(&mut self, key: &str, rate: Rate) {
        self.within(&format!("{key}.count"), rate.count, 1, 1_000_000);
        self.within(&format!("{key}.seconds"), rate.seconds, 1, 3600);
        self.within(&format!("{key}.burst"), rate.burst, 1, 1_000_000);
    }
}

impl SettingsFile {
    /// Values that can be used, or everything that is wrong.
    pub(super) fn validate(self, folder: &Path) -> Result<Settings, Vec<String>> {
        let mut faults = Faults::default();
        faults.within("workers", self.workers, 1, WORKERS_MAX);
        let hosts = self.hosts.validate(&mut faults);
        let listen = self.listen.validate(&mut faults);
        // What stands in them is read when it is needed; here only where.
        let maps = self.store.maps.iter().map(|map| folder.join(&map.file)).collect();
        let store = self.store.validate(folder, &mut faults);
        let records_app = self.records_app.and_then(|text| faults.keep("records_app", RecordsApp::new(&text)));
        let journal = self.journal.validate(folder, &mut faults);
        let root = self.ca.as_ref().map(|ca| ca.root.clone());
        let tls = self.tls.validate(folder, root, &mut faults);
        let acme = self.acme.map(|acme| acme.validate(folder, &mut faults));
        let keys = Keys {
            session: folder.join(self.keys.session),
            identity: folder.join(self.keys.identity),
            credential: folder.join(self.keys.credential),
        };
        let external = external(self.external_ca, folder, &mut faults);
        let list = tls.as_ref().and_then(|tls| Some(tls.root_list.as_ref()?.list.clone()));
        let ca = self.ca.and_then(|ca| ca.validate(folder, list, &mut faults));
        let within = |paths: Vec<PathBuf>| paths.into_iter().map(|path| folder.join(path)).collect();
        let AttestationTable { apple, tpm } = self.attestation;
        let attestation = Attestation { apple: within(apple), tpm: within(tpm) };
        faults.desk(&self.desk);
        let session = self.session.validate(&mut faults);
        faults.rate("limits.per_source", self.limits.per_source);
        faults.rate("limits.per_device", self.limits.per_device);
        faults.rate("limits.per_user", self.limits.per_user);
        let LimitsTable { per_source, per_device, per_user } = self.limits;
        let limits = Limits { per_source, per_device, per_user };
        // A value that is missing has left its fault.
        match (listen, store, journal, tls) {
            (Some(listen), Some(store), Some(journal), Some(tls)) if faults.0.is_empty() => Ok(Settings {
                workers: self.workers,
                records_app,
                hosts,
                listen,
                store,
                maps,
                journal,
                tls,
                acme,
                keys,
                ca,
                external,
                attestation,
                desk: self.desk,
                session,
                limits,
            }),
            _ => Err(faults.0),
        }
    }
}

impl HostsTable {
    fn validate(self, faults: &mut Faults) -> Hosts {
        faults.host("hosts.care", &self.care);
        faults.host("hosts.public", &self.public);
        if self.care == self.public {
            faults.add("hosts", "care host and public host must have different names");
        }
        Hosts { care: self.care, public: self.public }
    }
}

impl ListenTable {
    fn validate(self, faults: &mut Faults) -> Option<Listen> {
        let clients = self.clients.validate(faults);
        let balancers = balancers(&self.proxy_from, faults);
        let store_door = faults.inner_address("listen.store_door", &self.store_door);
        let office = faults.inner_address("listen.office", &self.office);
        let enrolment = match &self.enrolment {
            Some(text) => Some(faults.address("listen.enrolment", text)?),
            None => None,
        };
        let (clients, store_door, office) = (clients?, store_door?, office?);
        let taken_twice = |a: SocketAddr, b: SocketAddr| a.port() != 0 && a == b;
        let all: Vec<SocketAddr> = clients.all().chain([store_door, office]).chain(enrolment).collect();
        if all.iter().enumerate().any(|(at, one)| all.iter().skip(at + 1).any(|other| taken_twice(*one, *other))) {
            faults.add("listen", "each door needs an address of its own");
        }
        Some(Listen { clients, balancers, store_door, office, enrolment })
    }
}

impl OneOrMore {
    fn validate(self, faults: &mut Faults) -> Option<Clients> {
        let texts = match self {
            Self::One(text) => vec![text],
            Self::More(texts) => texts,
        };
        if !(1..=ADDRESSES_MAX).contains(&texts.len()) {
            faults.add("listen.clients", format_args!("1 to {ADDRESSES_MAX} addresses are needed"));
        }
        let mut addresses =
            texts.iter().map(|text| faults.address("listen.clients", text)).collect::<Option<Vec<_>>>()?.into_iter();
        Some(Clients { first: addresses.next()?, others: addresses.collect() })
    }
}

/// Those that are named; what is no network is named as such.
fn balancers(texts: &[String], faults: &mut Faults) -> Balancers {
    let networks = texts.iter().filter_map(|text| faults.keep("listen.proxy_from", text.parse::<Network>()));
    Balancers::new(networks.collect())
}

impl JournalTable {
    fn validate(self, folder: &Path, faults: &mut Faults) -> Option<JournalPlace> {
        match (self.engine.as_str(), self.folder, self.url) {
            ("sqlite", Some(path), None) => Some(JournalPlace::Sqlite(folder.join(path))),
            ("postgres", None, Some(url)) if !url.is_empty() => Some(JournalPlace::Postgres(url)),
            ("sqlite", _, _) => {
                faults.add("journal", "engine `sqlite` needs `folder`, and no `url`");
                None
            }
            ("postgres", _, _) => {
                faults.add("journal", "engine `postgres` needs `url`, and no `folder`");
                None
            }
            (other, _, _) => {
                faults.add("journal.engine", format_args!("unknown engine `{other}`; one of: sqlite, postgres"));
                None
            }
        }
    }
}

impl TlsTable {
    fn validate(self, folder: &Path, root: Option<PathBuf>, faults: &mut Faults) -> Option<Tls> {
        let root_list = match (self.root_list, self.root.or(root)) {
            (None, _) => None,
            (Some(list), Some(root)) => Some(RootListPlace { list: folder.join(list), root: folder.join(root) }),
            (Some(_), None) => {
                faults
                    .add("tls.root_list", "without [ca] it needs `tls.root`, the root's certificate, to be checked by");
                None
            }
        };
        if self.device_issuers.is_empty() {
            faults.add("tls.device_issuers", "at least one is needed");
        }
        let profile = faults.keep("tls.profile", self.profile.parse());
        let without_certificate = faults.keep("tls.without_certificate", self.without_certificate.parse());
        Some(Tls {
            certificate: folder.join(self.certificate),
            key: folder.join(self.key),
            device_issuers: self.device_issuers.iter().map(|path| folder.join(path)).collect(),
            root_list,
            profile: profile?,
            without_certificate: without_certificate?,
        })
    }
}

impl AcmeTable {
    fn validate(self, folder: &Path, faults: &mut Faults) -> Acme {
        let host = self.directory.strip_prefix("https://").and_then(|rest| rest.split('/').next());
        if host.is_none_or(str::is_empty) || self.directory.contains(char::is_whitespace) {
            faults.add("acme.directory", format_args!("`{}` is no https address", self.directory));
        }
        if !self.terms_agreed {
            faults.add("acme.terms_agreed", "without agreeing to the authority's terms none is ordered");
        }
        if self.contact.iter().any(|address| !address.starts_with("mailto:") || !address.contains('@')) {
            faults.add("acme.contact", "each is an address such as mailto:desk@example.jp");
        }
        Acme {
            directory: self.directory,
            root: self.root.map(|path| folder.join(path)),
            contact: self.contact,
            folder: folder.join(self.folder),
            external_account: self.external_account.map(|path| folder.join(path)),
        }
    }
}

impl CaTable {
    fn validate(self, folder: &Path, root_list: Option<PathBuf>, faults: &mut Faults) -> Option<Ca> {
        let Self { root, issuing_certificate, issuing_key, passphrase_file, list_url, folder: of_list, former } = self;
        let issuer = IssuerTable { issuing_certificate, issuing_key, passphrase_file, list_url, folder: of_list };
        let issuer = issuer.validate("ca", folder, faults);
        let former: Vec<_> = former.into_iter().map(|one| one.validate("ca.former", folder, faults)).collect();
        let former = former.into_iter().collect::<Option<_>>()?;
        let ca = Ca { root: folder.join(root), root_list, issuer: issuer?, former };
        let different = |of: fn(&CaIssuer) -> &str| ca.issuers().map(of).collect::<BTreeSet<_>>().len();
        let count = ca.issuers().count();
        // Two lists at one address, and who checks finds the wrong one.
        if different(|one| &one.folder) < count || different(|one| &one.list_url) < count {
            faults.add("ca.former", "each issuing authority needs a `folder` and a `list_url` of its own");
        }
        Some(ca)
    }
}

impl IssuerTable {
    fn validate(self, table: &str, folder: &Path, faults: &mut Faults) -> Option<CaIssuer> {
        // The profile knows what a list's address may look like; the host does not matter here.
        let profile = ca::Host::new("host.invalid").and_then(|host| ca::DeviceProfile::new(host, &self.list_url));
        let _ = faults.keep(&format!("{table}.list_url"), profile);
        let of_list = self.folder.unwrap_or_default();
        let fits = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
        if of_list.len() > FOLDER_CHARACTERS_MAX || !of_list.bytes().all(fits) || of_list == "ocsp" {
            faults.add(&format!("{table}.folder"), "at most 32 lower-case letters, digits and hyphens, and not `ocsp`");
        }
        let key = faults.keep(&format!("{table}.issuing_key"), KeyPlace::parse(&self.issuing_key, folder));
        let certificate = folder.join(self.issuing_certificate);
        let passphrase_file = self.passphrase_file.map(|path| folder.join(path));
        Some(CaIssuer { certificate, key: key?, passphrase_file, list_url: self.list_url, folder: of_list })
    }
}

/// Each under a name of its own, which the registry will know certificates by.
fn external(tables: Vec<ExternalTable>, folder: &Path, faults: &mut Faults) -> Vec<External> {
    let mut names = std::collections::BTreeSet::new();
    let mut all = Vec::new();
    for table in tables {
        let ExternalTable { name, anchors, intermediates, lists } = table;
        if model::id::check(&name).is_err() {
            faults.add("external_ca.name", format_args!("`{name}` is not 1 to 64 letters, digits and -"));
        }
        if lists.is_empty() {
            faults.add("external_ca.lists", format_args!("`{name}` needs at least one revocation list"));
        }
        if !names.insert(name.clone()) {
            faults.add("external_ca.name", format_args!("`{name}` is there twice"));
        }
        let at = |path: PathBuf| folder.join(path);
        let (anchors, intermediates) = (at(anchors), intermediates.map(at));
        all.push(External { name, anchors, intermediates, lists: lists.into_iter().map(at).collect() });
    }
    all
}

impl SessionTable {
    fn validate(self, faults: &mut Faults) -> Session {
        faults.within("session.idle_minutes", self.idle_minutes, 1, 60);
        faults.within("session.absolute_hours", self.absolute_hours, 1, 24);
        Session {
            idle_seconds: self.idle_minutes.saturating_mul(60),
            absolute_seconds: self.absolute_hours.saturating_mul(3600),
        }
    }
}
