//! `sekisho check`: everything that the settings lead to, before it is needed. Changes nothing.

use std::net::IpAddr;
use std::path::Path;

use ca::Root;
use model::{PersonId, Timestamp};
use records::RouteMap;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use serde_json::json;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::authority::{self, Authority};
use crate::cli::{Check, Common};
use crate::error::{Error, with_causes};
use crate::folder::Folder;
use crate::output::{Output, listed};
use crate::server_certificate::{Fit, Places, Standing as AcmeStanding, Unfit};
use crate::settings::{Ca, JournalPlace, Settings};
use crate::standing::{self, Standing};
use crate::verbs::{in_force, open_registry};
use crate::{clock, folder, maps, secrets};

/// Most devices named in one warning.
const DEVICES_NAMED_MAX: usize = 10;

/// The key of an authority that issued before the one that issues.
const FORMER_KEY: &str = "former issuing key";

/// What was found, so far.
struct Findings {
    output: Output,
    now: Timestamp,
    /// Whatever ends before this is worth a warning.
    soon: Timestamp,
    /// How many days that are.
    days: u32,
    faults: usize,
}

/// The verb. True: nothing is wrong, warnings aside.
pub(crate) fn run(common: &Common, verb: &Check) -> Result<bool, Error> {
    let settings = Settings::load(&common.settings_file()?)?;
    let now = clock::now();
    let soon = now.plus_seconds(i64::from(verb.days).saturating_mul(86_400));
    let mut found = Findings { output: Output::new(common.json), now, soon, days: verb.days.into(), faults: 0 };
    found.fine("settings: in order")?;
    folders(&settings, &mut found)?;
    gateway_keys(&settings, &mut found)?;
    server_certificate(&settings, &mut found)?;
    stores(&settings, &mut found)?;
    certificate_authority(&settings, verb.passphrase.passphrase_file.as_deref(), &mut found)?;
    list_address(&settings, &common.settings_file()?, &mut found)?;
    external_authorities(&settings, &mut found)?;
    let policy = policy::DecisionPoint::builtin().map(|point| format!("version {}", point.version()));
    found.take("rules built in", policy.map_err(Error::usage))?;
    for path in &settings.maps {
        let read = maps::read(path);
        let warnings = read.as_ref().map(RouteMap::warnings).unwrap_or_default();
        found.take("route map", read.map(|map| in_short(&map)))?;
        warnings.iter().try_for_each(|warning| found.warning(&format!("route map `{}`: {warning}", path.display())))?;
    }
    records_app(&settings, &mut found)?;
    if settings.maps.len() > 1 {
        found.take("route maps", maps::reader(&settings.maps).map(|_| "each below a prefix of its own".to_owned()))?;
    }
    journals(&settings, &mut found)?;
    facts(&settings, &mut found)?;
    Ok(found.faults == 0)
}

/// Whose certificates are considered besides ours, and until when that holds without a newer list.
fn external_authorities(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    if settings.external.is_empty() {
        return Ok(());
    }
    let (externals, faults) = match crate::verbs::external::authorities(settings, found.now) {
        Ok(read) => read,
        Err(error) => return found.fault(&error.to_string()),
    };
    for authority in externals.iter() {
        if let Some(until) = authority.fresh_until() {
            let until = Timestamp::from_millis(until.saturating_mul(1000)).to_jst_minutes();
            found.fine(&format!("external authority {}: its lists are good until {until}", authority.name()))?;
        }
    }
    faults.iter().try_for_each(|fault| found.fault(&format!("external authority {fault}")))
}

fn in_short(map: &RouteMap) -> String {
    format!("`{}` below /{}, {} routes", map.name(), map.prefix(), map.demands().len())
}

/// Where the page after signing in leads to must be served, or every user meets a refusal there. Held against the maps, with a
/// person's id in its place; what lies on another host is not ours to know.
fn records_app(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    let Some(app) = &settings.records_app else { return Ok(()) };
    let address = app.of(&PersonId::new("P-1").map_err(Error::usage)?);
    let own = format!("https://{}", settings.hosts.care);
    let target = address.strip_prefix(&own).filter(|rest| rest.starts_with('/')).unwrap_or(&address);
    let target = target.split('#').next().unwrap_or_default();
    if !target.starts_with('/') {
        return found.fine("records_app: on another host, and not looked at");
    }
    let prefix = target.split(['/', '?']).nth(1).unwrap_or_default();
    // A map that cannot be read is a fault of its own.
    let map = settings.maps.iter().filter_map(|path| maps::read(path).ok()).find(|map| map.prefix() == prefix);
    let Some(map) = map else {
        return if prefix == "fhir" {
            found.warning("records_app: it leads to FHIR, which is no page for people")
        } else {
            found.fault(&format!("records_app: `{target}` is below no route map; every user would be refused there"))
        };
    };
    let request = format!("GET {target}");
    match map.coverage([request.as_str()]).unmatched.first() {
        None => found.fine(&format!("records_app: served by the route map `{}`", map.name())),
        Some(unmatched) => found.fault(&format!("records_app: no route for `{request}`: {}", unmatched.why)),
    }
}

impl Findings {
    fn say(&self, level: &str, what: &str) -> Result<(), Error> {
        self.output.say(format_args!("{level}: {what}"), &json!({ "level": level, "what": what }))
    }

    fn fine(&self, what: &str) -> Result<(), Error> {
        self.say("ok", what)
    }

    fn warning(&self, what: &str) -> Result<(), Error> {
        self.say("warning", what)
    }

    fn fault(&mut self, what: &str) -> Result<(), Error> {
        self.faults = self.faults.saturating_add(1);
        self.say("fault", what)
    }

    /// What came of one check.
    fn take(&mut self, what: &str, result: Result<String, Error>) -> Result<(), Error> {
        match result {
            Ok(details) => self.fine(&format!("{what}: {details}")),
            Err(error) => self.fault(&format!("{what}: {}", with_causes(&error))),
        }
    }

    /// An end of validity.
    fn end(&mut self, what: &str, until: Timestamp) -> Result<(), Error> {
        self.end_with(what, until, None)
    }

    /// The same, where a verb puts it right.
    fn end_with(&mut self, what: &str, until: Timestamp, verb: Option<&str>) -> Result<(), Error> {
        let day = until.to_jst_minutes();
        let next = verb.map_or_else(String::new, |verb| format!("; next: {verb}"));
        if until < self.now {
            self.fault(&format!("{what}: expired {day}{next}"))
        } else if until < self.soon {
            self.warning(&format!("{what}: expires {day}{next}"))
        } else {
            self.fine(&format!("{what}: valid until {day}"))
        }
    }
}

fn folders(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    let mut folders: Vec<_> = settings.secret_files().into_iter().filter_map(std::path::Path::parent).collect();
    if let JournalPlace::Sqlite(folder) = &settings.journal {
        folders.push(folder);
    }
    folders.sort_unstable();
    folders.dedup();
    for path in folders {
        let private = folder::check_folder(path).map(|()| "only its owner can enter".to_owned());
        found.take(&format!("folder `{}`", path.display()), private)?;
    }
    Ok(())
}

fn gateway_keys(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    let of_32 = |key: Result<_, Error>| key.map(|_: ca::Zeroizing<Vec<u8>>| "32 octets".to_owned());
    found.take("session key", of_32(secrets::read_key(&settings.keys.session)))?;
    found.take("credential key", of_32(secrets::read_key(&settings.keys.credential)))?;
    let identity = secrets::read_pkcs8(&settings.keys.identity).and_then(|der| {
        let pair = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &der,
        );
        let wrong = |_| Error::NotA { path: settings.keys.identity.clone(), what: "P-256 key" };
        pair.map(|_| "P-256".to_owned()).map_err(wrong)
    });
    found.take("identity key", identity)
}

fn server_certificate(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    let key = secrets::server_key(&settings.tls.certificate, &settings.tls.key);
    found.take("server key", key.map(|_| "belongs to the server's certificate".to_owned()))?;
    let Ok(chain) = secrets::read_certificates(&settings.tls.certificate) else { return Ok(()) };
    let Some(certificate) = chain.first() else { return Ok(()) };
    for host in [&settings.hosts.care, &settings.hosts.public] {
        found.take("server certificate", named(certificate, host))?;
    }
    // An edge has no root to sign with: there the renewed files come from elsewhere.
    let renewal = settings.ca.as_ref().map(|_| "sekisho certificate renew-server");
    for (place, certificate) in chain.iter().enumerate() {
        let what = if place == 0 { "server certificate" } else { "issuer of the server certificate" };
        match not_after(certificate) {
            Some(until) => found.end_with(what, until, renewal)?,
            None => found.fault(&format!("{what}: cannot be read"))?,
        }
    }
    if let Ok(pair) = secrets::server_key(&settings.tls.certificate, &settings.tls.key) {
        let hosts = [settings.hosts.care.as_str(), settings.hosts.public.as_str()];
        // Names and ends are told above.
        if let Err(unfit @ (Unfit::Usage | Unfit::Chain(_))) = Fit::check(pair, &hosts, found.now) {
            found.fault(&format!("server certificate: {unfit}"))?;
        }
    }
    acme(settings, found)?;
    root_list(settings, found)?;
    for path in &settings.tls.device_issuers {
        trusted("issuer of devices", path, found)?;
    }
    Ok(())
}

/// A file of certificates that others are trusted by: that it can be read, and until when it is good.
fn trusted(whose: &str, path: &Path, found: &mut Findings) -> Result<(), Error> {
    let what = format!("{whose} `{}`", path.display());
    match secrets::read_certificates(path).map(|found| found.iter().filter_map(not_after).min()) {
        Ok(Some(until)) => found.end(&what, until),
        Ok(None) => found.fault(&format!("{what}: cannot be read")),
        Err(error) => found.take(&what, Err(error)),
    }
}

/// How things stand with the ACME server, and with what it certified.
fn acme(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    let Some(acme) = &settings.acme else { return Ok(()) };
    if let Some(root) = &acme.root {
        trusted("acme: root of its server", root, found)?;
    }
    let standing = AcmeStanding::read(acme);
    let account = |there| if there { "an account of" } else { "no account yet; the first order makes one with" };
    found.take("acme", standing.account.map(|there| format!("{} {}", account(there), acme.directory)))?;
    match Places::of(settings).brought(found.now) {
        Some(Ok(fit)) => found.fine(&format!(
            "acme: certificate valid until {}; the next is fetched from {} on",
            fit.not_after.to_jst_minutes(),
            fit.renew_at().to_jst_minutes()
        ))?,
        Some(Err(fault)) => found.warning(&format!("acme: what was brought cannot be shown: {fault}"))?,
        None => found.fine("acme: nothing was brought yet; the files of [tls] are shown")?,
    }
    match standing.failed {
        None => Ok(()),
        Some((count, next)) => found.warning(&format!(
            "acme: {count} tries failed in a row, and the log says why; the next is made after {}",
            next.to_jst_minutes()
        )),
    }
}

/// What the root has revoked, until when that is said, and that none of it is trusted here.
fn root_list(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    let what = "root's revocation list";
    match standing::root_list(&settings.tls) {
        Ok(None) => return Ok(()),
        Ok(Some(list)) => {
            found.end_with(what, list.next_update(), Some("sekisho authority root-list --out root.crl"))?
        }
        Err(error) => return found.take(what, Err(error)),
    }
    let stand = standing::device_issuers(settings);
    found.take("issuers of devices", stand.map(|all| format!("{}, none of them revoked by the root", all.len())))
}

/// How each server of the store is known, and that what is shown to it is good.
fn stores(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    for server in &settings.store.servers {
        let what = format!("store `{}`", server.name);
        if let gateway::Address::Unix(path) = &server.address
            && !path.exists()
        {
            found.warning(&format!("{what}: there is no socket yet; the store makes it"))?;
        }
        let Some(tls) = &server.tls else { continue };
        let mut files = vec![(format!("issuer of the {what}"), &tls.anchors)];
        if let Some((certificate, _)) = &tls.identity {
            files.push((format!("certificate for the {what}"), certificate));
        }
        for (what, path) in files {
            match secrets::read_certificates(path).map(|found| found.iter().filter_map(not_after).min()) {
                Ok(Some(until)) => found.end(&what, until)?,
                Ok(None) => found.fault(&format!("{what}: cannot be read"))?,
                Err(error) => found.take(&what, Err(error))?,
            }
        }
    }
    let usable = secrets::store(&settings.store).and_then(|store| {
        gateway::store::stores::Stores::new(store)
            .map_err(|error| Error::usage(with_causes(&error)))
            .map(|stores| stores.status().len())
    });
    found.take("store", usable.map(|count| format!("{count} in the settings, known as they say")))
}

fn named(certificate: &CertificateDer<'_>, host: &str) -> Result<String, Error> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(Error::usage)?;
    let name = ServerName::try_from(host).map_err(Error::usage)?;
    verify_server_name(&parsed, &name).map_err(|_| Error::usage(format_args!("it does not name `{host}`")))?;
    Ok(format!("names `{host}`"))
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    Some(Timestamp::from_millis(read.validity().not_after.timestamp().saturating_mul(1000)))
}

fn certificate_authority(settings: &Settings, file: Option<&Path>, found: &mut Findings) -> Result<(), Error> {
    let Some(ca) = &settings.ca else {
        return found.fine("authority: none here; this is an edge");
    };
    let root = match authority::root(ca) {
        Ok(root) => root,
        Err(error) => return found.take("authority", Err(error)),
    };
    found.end("root certificate", root.not_after())?;
    issuers(settings, ca, &root, found)?;
    let given = file.is_some() || std::env::var_os(secrets::PASSPHRASE_VARIABLE).is_some();
    for (issuer, what) in
        std::iter::once((&ca.issuer, "issuing key")).chain(ca.former.iter().map(|one| (one, FORMER_KEY)))
    {
        // Whoever checks need not hold the passphrase.
        if !given && issuer.passphrase_file.is_none() {
            found.warning(&format!("{what}: not opened; give --passphrase-file, or set SEKISHO_CA_PASSPHRASE"))?;
            continue;
        }
        let over = authority::certificate(&root, issuer).is_ok_and(|issuing| issuing.not_after() < found.now);
        if over {
            continue;
        }
        let common = issuer.passphrase_file.is_none().then(|| secrets::Secret::common(file)).transpose();
        let standing = Standing::read(ca);
        let opened = common.and_then(|common| Authority::of(&standing?, issuer, common.as_ref())?.key());
        found.take(what, opened.map(|_| format!("opens, and belongs to `{}`", issuer.certificate.display())))?;
    }
    Ok(())
}

/// Issuing certificates, and whether terminals that show what they issued are let in here.
fn issuers(settings: &Settings, ca: &Ca, root: &Root, found: &mut Findings) -> Result<(), Error> {
    let trusted = settings.tls.device_issuers.iter().filter_map(|path| secrets::read_certificates(path).ok());
    let trusted: Vec<_> = trusted.flatten().collect();
    for (issuer, former) in std::iter::once((&ca.issuer, false)).chain(ca.former.iter().map(|one| (one, true))) {
        let what = if former { "former issuing certificate" } else { "issuing certificate" };
        let issuing = match authority::certificate(root, issuer) {
            Ok(issuing) => issuing,
            Err(error) => return found.take(what, Err(error)),
        };
        let over = former && issuing.not_after() < found.now;
        if over {
            found.warning(&format!("{what} `{}`: over; it can be left out", issuer.certificate.display()))?;
            continue;
        }
        if former {
            found.fine(&format!("{what}: its lists are signed until {}", issuing.not_after().to_jst_minutes()))?;
        } else {
            let year = found.now.to_jst_minutes().chars().take(4).collect::<String>();
            let next = format!("sekisho authority new-key --key {year}.key.pem --request {year}.csr");
            found.end_with(what, issuing.not_after(), Some(&next))?;
        }
        if !trusted.iter().any(|one| one.as_ref() == issuing.der()) {
            let file = issuer.certificate.display();
            found.fault(&format!(
                "{what}: `{file}` is not among tls.device_issuers; terminals with its certificates are refused"
            ))?;
        }
    }
    Ok(())
}

/// Where the revocation list is found stands in every device certificate. In a demo nobody else looks for it.
fn list_address(settings: &Settings, file: &Path, found: &mut Findings) -> Result<(), Error> {
    let Some(ca) = &settings.ca else { return Ok(()) };
    let demo = Folder::at(file.parent().unwrap_or(Path::new(""))).demo_passphrase().exists();
    if demo || !is_loopback(&ca.issuer.list_url) {
        return found.fine(&format!("revocation list: at {}", ca.issuer.list_url));
    }
    found.warning(&format!(
        "revocation list: {} is found on this machine only, and stands in every device certificate; set ca.list_url before \
         more are issued",
        ca.issuer.list_url
    ))
}

/// Whether an address leads nowhere but to the machine that asks.
fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        || name == "localhost"
        || name.ends_with(".localhost")
}

fn journals(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    for (whose, place) in [("registry", settings.journal.registry()), ("audit", settings.journal.audit())] {
        let verified = journal::Journal::open_existing(&place)
            .and_then(|journal| journal.verify(journal::Position::START))
            .map(|head| format!("{} entries, the chain is whole", head.position));
        found.take(&format!("journal of the {whose}"), verified.map_err(Error::journal(whose)))?;
    }
    Ok(())
}

/// What the registry itself says: whether it can be read with these keys, whether the clock fits, what runs out.
fn facts(settings: &Settings, found: &mut Findings) -> Result<(), Error> {
    let registry = match open_registry(settings) {
        Ok((registry, _)) => registry,
        Err(error) => return found.take("registry", Err(error)),
    };
    let snapshot = registry.snapshot();
    // A server that cannot use them refuses every record.
    found.take("rules in force", in_force(&snapshot).map(|point| format!("version {}", point.version())))?;
    match snapshot.last_at() {
        Some(last) if last > found.now => found.fault(&format!(
            "clock: it says {}, but the registry's newest entry is of {}",
            found.now.to_jst_minutes(),
            last.to_jst_minutes()
        ))?,
        _ => found.fine(&format!("clock: {}", found.now.to_jst_minutes()))?,
    }
    let now = found.now;
    ending(&snapshot, found)?;
    left(&snapshot, found)?;
    let overdue = snapshot.open_tasks().filter(|task| task.is_overdue(now)).count();
    if overdue > 0 {
        found.warning(&format!(
            "revocations: {overdue} have waited for a day for the facility administrator (art. 38-3); they are named by: \
             sekisho revocation list --overdue"
        ))?;
    }
    let waiting = snapshot.reports().count();
    if waiting > 0 {
        found.warning(&format!(
            "reports: {waiting} are due to the city (art. 29-2, 39-3); they are named by: sekisho report list"
        ))?;
    }
    Ok(())
}

/// Devices that are about to be without a certificate, or are already.
fn ending(snapshot: &registry::Snapshot, found: &mut Findings) -> Result<(), Error> {
    let ending = snapshot.expiring(found.now, found.days, |_| true);
    if ending.is_empty() {
        return Ok(());
    }
    let over = ending.iter().filter(|one| one.stage == Some(registry::ExpiryStage::Over)).count();
    let named = ending.iter().take(DEVICES_NAMED_MAX).map(|one| &one.device.id);
    found.warning(&format!(
        "devices: the last certificate of {} ends soon or is over ({over} are over): {}; all are named by: sekisho device \
         expiring --within {}",
        ending.len(),
        listed(named),
        found.days
    ))
}

/// Devices for which nobody answers any more.
fn left(snapshot: &registry::Snapshot, found: &mut Findings) -> Result<(), Error> {
    let on_loan = snapshot.devices().filter(|device| device.returned_at.is_none());
    let mut left: Vec<_> = on_loan.filter(|one| !snapshot.is_held(one)).map(|one| one.id.to_string()).collect();
    left.sort_unstable();
    let count = left.len();
    left.truncate(DEVICES_NAMED_MAX);
    if count > 0 {
        found.warning(&format!(
            "devices: nobody answers for {count} any more, their holders left (art. 37): {}; take them back by: \
             sekisho device return DEVICE --because left",
            listed(&left)
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_on_this_machine_is_seen() {
        for here in ["http://127.0.0.1:8445/crl/x", "http://127.9.9.9/x", "http://[::1]:80/x", "http://LOCALHOST/x"] {
            assert!(is_loopback(here), "{here}");
        }
        assert!(is_loopback("http://crl.sekisho.localhost:8445/x"));
        for elsewhere in ["http://crl.example/127.0.0.1", "http://10.0.0.1/x", "http://localhost.example/x"] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }
}
