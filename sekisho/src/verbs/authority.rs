//! `authority`: the city's certificate authorities, and the next one that issues.
//!
//! Three steps, of which the second needs the root's key and nothing else: `new-key` where the server is, `sign` where the
//! root is, `adopt` where the server is. What goes between them is public.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ca::{Issuing, IssuingKey, Purpose, SystemRandom};
use serde_json::json;

use super::{root, root_list};
use crate::authority::{self, Authority as Loaded};
use crate::cli::authority::{AuthorityAdopt, AuthorityNewKey};
use crate::cli::{Authority, Common, nobody_named};
use crate::error::Error;
use crate::folder::{self, Folder, NewFile};
use crate::output::Output;
use crate::secrets::Secret;
use crate::settings::{Ca, CaIssuer, KeyPlace, Settings};
use crate::standing::Standing;

pub(super) fn run(common: &Common, verb: &Authority) -> Result<(), Error> {
    match verb {
        Authority::List => list(common),
        Authority::NewKey(verb) => new_key(common, verb),
        Authority::Sign(verb) => root::sign(common, verb),
        Authority::Revoke(verb) => root_list::revoke(common, verb),
        Authority::RootList(verb) => root_list::renew(common, verb),
        Authority::Adopt(verb) => adopt(common, verb),
        Authority::Transcript(verb) => root::check_transcript(common, verb),
    }
}

fn list(common: &Common) -> Result<(), Error> {
    let settings = Settings::load(&common.settings_file()?)?;
    let ca = authority::settings(&settings)?;
    let (root, output) = (authority::root(ca)?, Output::new(common.json));
    output.say(
        format_args!("root: valid until {}; SHA-256 {}", root.not_after().to_jst_minutes(), root.fingerprint_sha256()),
        &json!({
            "is": "root", "not_after": root.not_after().to_string(), "fingerprint_sha256": root.fingerprint_sha256(),
        }),
    )?;
    for (place, issuer) in ca.issuers().enumerate() {
        let is = if place == 0 { "issuing" } else { "former" };
        let issuing = authority::certificate(&root, issuer)?;
        let CaIssuer { key, list_url, folder, .. } = issuer;
        let (until, fingerprint) = (issuing.not_after(), issuing.fingerprint_sha256());
        output.say(
            format_args!(
                "{is}: {}; valid until {}; key in {key}; list at {list_url}, below /crl/{folder} at the office's door; \
                 SHA-256 {fingerprint}",
                issuing.common_name(),
                until.to_jst_minutes()
            ),
            &json!({
                "is": is, "name": issuing.common_name(), "not_after": until.to_string(), "key": key.to_string(),
                "list_url": list_url, "folder": folder, "fingerprint_sha256": fingerprint,
            }),
        )?;
    }
    let Some(servers) = authority::servers(&settings, &root) else { return Ok(()) };
    let (until, fingerprint) = (servers.not_after(), servers.fingerprint_sha256());
    output.say(
        format_args!(
            "servers: {}; valid until {}; its key signed the server's certificate and was thrown away; SHA-256 {fingerprint}",
            servers.common_name(),
            until.to_jst_minutes()
        ),
        &json!({
            "is": "servers", "name": servers.common_name(), "not_after": until.to_string(), "fingerprint_sha256": fingerprint,
        }),
    )
}

fn new_key(common: &Common, verb: &AuthorityNewKey) -> Result<(), Error> {
    let by = common.author()?.ok_or_else(nobody_named)?;
    let secret = Secret::common(verb.passphrase.passphrase_file.as_deref())?;
    let refused = || Error::authority("making the issuing key");
    // A disk that takes no files says so before there is a key.
    let mut request = NewFile::create(&verb.request)?;
    let key = if hsm::Place::is_uri(&verb.key) {
        let place = hsm::Place::parse(&verb.key)?;
        IssuingKey::kept(Arc::new(hsm::generate(&place, &secret.pin()?)?)).map_err(refused())?
    } else {
        let key = IssuingKey::generate().map_err(refused())?;
        let sealed = key.seal(&secret.passphrase()?, &SystemRandom::new()).map_err(refused())?;
        folder::write_new(Path::new(&verb.key), sealed.as_bytes())?;
        key
    };
    request.write(&key.request().map_err(refused())?)?;
    request.keep();
    let (file, public) = (verb.request.display(), key.public().fingerprint());
    Output::new(common.json).say(
        format_args!(
            "the key is in {}; its public half has the SHA-256 {public}: read it out over the telephone to where the root's key \
             is, and carry {file} there; next, there: sekisho --data SAFE authority sign {file} --expect-key {public} --out \
             issuing.pem",
            verb.key
        ),
        &json!({ "key": verb.key, "request": file.to_string(), "public_sha256": public, "by": by.to_string() }),
    )
}

/// Changes nothing: settings are a person's, and read again at the next start.
fn adopt(common: &Common, verb: &AuthorityAdopt) -> Result<(), Error> {
    let file = common.settings_file()?;
    let settings = Settings::load(&file)?;
    let ca = authority::settings(&settings)?;
    let (root, folder) = (authority::root(ca)?, data_folder(common)?);
    let issuing = Issuing::read(&folder::read(&verb.certificate)?, &root);
    let issuing = issuing.map_err(Error::authority("the issuing certificate"))?;
    if issuing.purpose() != Purpose::Devices {
        return Err(Error::usage("the certificate is not one of an authority that issues for devices"));
    }
    for present in ca.issuers() {
        let present = authority::certificate(&root, present)?;
        if present.public_key() == issuing.public_key() {
            return Err(Error::usage(format_args!(
                "`{}` is in the settings already: {} has this key",
                verb.certificate.display(),
                present.common_name()
            )));
        }
    }
    let of_list = folder_of_list(ca, &issuing);
    let list_url = url_in(&ca.issuer, &of_list)?;
    let mut next = CaIssuer {
        certificate: absolute(&verb.certificate)?,
        key: KeyPlace::parse(&verb.key, &std::env::current_dir().map_err(Error::usage)?)?,
        passphrase_file: None,
        list_url,
        folder: of_list,
    };
    let file = verb.passphrase.passphrase_file.as_deref();
    // What would be found out too late: when there is something to sign.
    let given = Secret::common(file)?;
    let standing = Standing::read(ca)?;
    drop(Loaded::of(&standing, &next, Some(&given))?.key()?);
    // What the others have in common stands in the environment where the new key was given a file.
    let shared = file.and_then(|_| Secret::common(None).ok());
    let shut = shut(ca, &standing, shared.as_ref().unwrap_or(&given));
    if shared.is_some() || !shut.is_empty() {
        next.passphrase_file = file.map(absolute).transpose()?;
    }
    let warning = warning(&shut, next.passphrase_file.is_some());
    let text = tables(ca, &next, &settings, &absolute(folder.root())?);
    Output::new(common.json).say(
        format_args!(
            "certificate and key belong together. First, on every node, the last line of [tls] below, and restart; then, where \
             certificates are issued, all of it in place of [ca], and restart. Lead {} to /crl/{} at the office's door.{warning}\n\n{text}",
            next.list_url, next.folder
        ),
        &json!({ "settings": text, "list_url": next.list_url, "folder": next.folder, "not_opened": shut }),
    )
}

/// Keys of authorities that are there already and that do not open with what they will be opened with: their own file, else
/// what all have in common.
fn shut(ca: &Ca, standing: &Standing, common: &Secret) -> Vec<String> {
    let opens = |issuer: &CaIssuer| Loaded::of(standing, issuer, Some(common)).and_then(|one| one.key().map(drop));
    ca.issuers().filter(|issuer| opens(issuer).is_err()).map(|issuer| issuer.key.to_string()).collect()
}

fn warning(shut: &[String], by_file: bool) -> String {
    if shut.is_empty() {
        return String::new();
    }
    let next = if by_file {
        "The file of the new key is named below; go on giving `sekisho serve` what opens the others"
    } else {
        "Put the passphrase or PIN of each key into a file (mode 600), and name it in its table: passphrase_file = \"...\""
    };
    let keys = shut.join("`, `");
    format!(
        " WARNING: what opens the new key does not open `{keys}`, whose lists must be signed on: `sekisho serve` does not start \
         unless all of them open. {next}; then try all of them: sekisho check."
    )
}

/// Where keys lie; the settings need not be there.
pub(super) fn data_folder(common: &Common) -> Result<Folder, Error> {
    let file = common.settings_file()?;
    Ok(Folder::at(file.parent().unwrap_or(Path::new(""))))
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::file("finding", path))
}

/// A name for its lists that no other issuing authority has: the beginning of its fingerprint.
fn folder_of_list(ca: &Ca, issuing: &Issuing) -> String {
    let fingerprint = issuing.fingerprint_sha256();
    let taken = |name: &str| ca.issuers().any(|one| one.folder == name);
    let short = (8..).find_map(|length| fingerprint.get(..length).filter(|name| !taken(name)));
    short.unwrap_or(&fingerprint).to_owned()
}

/// The list's address, one folder below where the first authority's is told: that folder leads to `/crl/` at the door already.
fn url_in(before: &CaIssuer, folder: &str) -> Result<String, Error> {
    let (place, name) = before.list_url.rsplit_once('/').ok_or_else(|| Error::usage("ca.list_url has no path"))?;
    let own = Some(&before.folder).filter(|own| !own.is_empty());
    let place = own.and_then(|own| place.strip_suffix(own.as_str())?.strip_suffix('/')).unwrap_or(place);
    Ok(format!("{place}/{folder}/{name}"))
}

fn tables(ca: &Ca, next: &CaIssuer, settings: &Settings, folder: &Path) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let short = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let key = |issuer: &CaIssuer| match &issuer.key {
        KeyPlace::File(path) => short(path),
        KeyPlace::Token(place) => place.to_string(),
    };
    let mut text = String::new();
    let one = |text: &mut String, issuer: &CaIssuer| {
        let _ = writeln!(text, "issuing_certificate = {}", quoted(&short(&issuer.certificate)));
        let _ = writeln!(text, "issuing_key = {}", quoted(&key(issuer)));
        if let Some(file) = &issuer.passphrase_file {
            let _ = writeln!(text, "passphrase_file = {}", quoted(&short(file)));
        }
        let _ = writeln!(text, "list_url = {}", quoted(&issuer.list_url));
        let _ = writeln!(text, "folder = {}", quoted(&issuer.folder));
    };
    let mut trusted: Vec<String> = settings.tls.device_issuers.iter().map(|path| quoted(&short(path))).collect();
    trusted.push(quoted(&short(&next.certificate)));
    let _ =
        writeln!(text, "[tls]\ndevice_issuers = [{}]\n\n[ca]\nroot = {}", trusted.join(", "), quoted(&short(&ca.root)));
    one(&mut text, next);
    for former in ca.issuers() {
        text.push_str("\n[[ca.former]]\n");
        one(&mut text, former);
    }
    text
}
