//! `enrol`: a key is made on this terminal, and its certificate fetched (EST, RFC 7030).

mod exchange;
mod root;

use std::path::Path;

use aws_lc_rs::digest;
use ca::{LeafKey, Passphrase, PublicKey, SystemRandom, Zeroizing, fresh_password, received, write_request};
use enrolment::read_certs_only;
use model::DeviceId;
use serde_json::json;

use crate::cli::{Common, Enrol};
use crate::error::Error;
use crate::folder::Arriving;
use crate::output::Output;
use crate::{ids, secrets};

use exchange::{Gateway, Trust};
use root::Fingerprint;

/// Root and issuing authority (RFC 7030 4.1).
const AUTHORITIES: &str = "/.well-known/est/cacerts";

/// The verb. Needs no settings: it runs on a terminal.
pub(crate) fn run(common: &Common, verb: &Enrol) -> Result<(), Error> {
    let device: DeviceId = ids::parse(&enrolment::in_ascii(&verb.device))?;
    // Found out before the code is used up: a folder that takes no files, a letter that is mistyped.
    if let Some(code) = &verb.code {
        enrolment::Code::read(code).map_err(Error::usage)?;
    }
    if let Some(path) = &verb.renew {
        let own = secrets::read_certificates(path)?;
        let own = own.first().ok_or_else(|| unreadable("there is no certificate"))?;
        is_of(own, &device).map_err(|other| {
            let path = path.display();
            Error::usage(format_args!("the certificate in `{path}` is of device `{other}`, not of `{device}`"))
        })?;
    }
    let replaced = verb.renew.as_deref().map(Replaced::read).transpose()?;
    let (mut pem, mut p12) = (new_file(verb, &device, "pem")?, new_file(verb, &device, "p12")?);
    let gateway = Gateway::new((&verb.gateway, verb.at), trust(verb)?, verb.renew.as_deref())?;
    let authorities = certificates(&gateway.get(AUTHORITIES)?)?;
    let key = LeafKey::generate().map_err(Error::authority("making a key"))?;
    let request = write_request(&key).map_err(Error::authority("making a request"))?;
    let answer = match &verb.code {
        Some(code) => gateway.post("/.well-known/est/simpleenroll", Some((device.as_str(), code)), &request)?,
        None => gateway.post("/.well-known/est/simplereenroll", None, &request)?,
    };
    let leaf = certificates(&answer)?.into_iter().next().ok_or_else(|| unreadable("no certificate came"))?;
    let serial = of_key(&leaf, key.public())?;
    is_of(&leaf, &device).map_err(|_| unreadable("the certificate is of another device"))?;
    let password = write(&device, &key, &leaf, &authorities, &mut pem, &mut p12)?;
    let (pem_path, p12_path) = (pem.path().display().to_string(), p12.path().display().to_string());
    pem.arrive()?;
    p12.arrive()?;
    let old = replaced.as_ref().map(Replaced::advice).unwrap_or_default();
    Output::new(common.json).say(
        format_args!(
            "device {device} has the certificate with serial number {serial}; key and certificate are in {pem_path} and \
             {p12_path}; password of the latter, shown this once: {}{old}",
            password.as_str()
        ),
        &json!({
            "device": device.as_str(), "serial": serial, "pem": pem_path, "p12": p12_path,
            "p12_password": password.as_str(), "replaces": replaced.as_ref().map(Replaced::value),
        }),
    )
}

/// The certificate that was renewed, by what key stores call it: left there, browsers go on offering it beside the new one.
struct Replaced {
    serial: String,
    /// SHA-1 of it, by which Windows and macOS name it.
    thumbprint: String,
    /// SHA-1 of its public key, by which NSS names the key.
    key_id: String,
}

impl Replaced {
    fn read(path: &Path) -> Result<Self, Error> {
        use x509_parser::prelude::FromDer as _;
        let not_one = || Error::NotA { path: path.to_owned(), what: "certificate in PEM" };
        let leaf = secrets::read_certificates(path)?.into_iter().next().ok_or_else(not_one)?;
        let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(&leaf).map_err(|_| not_one())?;
        let serial = model::SerialNumber::from_octets(parsed.raw_serial()).map_err(|_| not_one())?.to_string();
        let key_id = sha1(&parsed.public_key().subject_public_key.data);
        Ok(Self { serial, thumbprint: sha1(&leaf), key_id })
    }

    fn advice(&self) -> String {
        let Self { serial, thumbprint, key_id } = self;
        format!(
            "; the one before, with serial number {serial}, is revoked in {} days: once the new one works, take it out of key \
             stores (docs/enrolment.md), by its thumbprint {thumbprint} or key ID {key_id}",
            registry::RETIRING_DAYS
        )
    }

    fn value(&self) -> serde_json::Value {
        json!({ "serial": self.serial, "thumbprint_sha1": self.thumbprint, "key_id": self.key_id })
    }
}

/// A name for things in key stores, and nothing that anybody relies on.
fn sha1(octets: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, octets);
    digest.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The root from the file; or by its fingerprint, for which nothing is sent but the question for what everybody may know.
fn trust(verb: &Enrol) -> Result<Trust<'_>, Error> {
    let Some(fingerprint) = &verb.root_sha256 else {
        let path = verb.root.as_deref().ok_or_else(|| Error::usage("one of `--root` and `--root-sha256` is needed"))?;
        return Ok(Trust::File(path));
    };
    let fingerprint = Fingerprint::read(fingerprint)?;
    let anybody = Gateway::new((&verb.gateway, verb.at), Trust::Anybody, None)?;
    Ok(Trust::Root(fingerprint.find(certificates(&anybody.get(AUTHORITIES)?)?)?))
}

fn new_file(verb: &Enrol, device: &DeviceId, extension: &str) -> Result<Arriving, Error> {
    Arriving::create(&verb.out.join(format!("{device}.{extension}")))
}

fn certificates(der: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    read_certs_only(der).ok_or_else(|| unreadable("the answer holds no certificates"))
}

fn unreadable(what: &'static str) -> Error {
    Error::Exchange { doing: "reading what the office's door says", source: what.into() }
}

/// The certificate is for our key; its serial number.
fn of_key(leaf: &[u8], key: &PublicKey) -> Result<String, Error> {
    use x509_parser::prelude::FromDer as _;
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(leaf)
        .map_err(|_| unreadable("the certificate cannot be read"))?;
    if parsed.public_key().raw != key.info_der() {
        return Err(unreadable("the certificate is for another key"));
    }
    let serial = model::SerialNumber::from_octets(parsed.raw_serial());
    serial.map(|serial| serial.to_string()).map_err(|_| unreadable("the certificate has no serial number"))
}

/// Whether a certificate is of this device; else of which. Numbers are typed in small letters too.
fn is_of(der: &[u8], device: &DeviceId) -> Result<(), String> {
    use x509_parser::prelude::FromDer as _;
    let unknown = || "unknown".to_owned();
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(der).map_err(|_| unknown())?;
    let name = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).ok_or_else(unknown)?;
    if name.eq_ignore_ascii_case(device.as_str()) { Ok(()) } else { Err(name.to_owned()) }
}

/// Whoever issued this certificate to itself: a root.
fn is_root(der: &[u8]) -> bool {
    use x509_parser::prelude::FromDer as _;
    let parsed = x509_parser::certificate::X509Certificate::from_der(der);
    parsed.is_ok_and(|(_, parsed)| parsed.subject().as_raw() == parsed.issuer().as_raw())
}

/// The files; gives the container's password.
fn write(
    device: &DeviceId,
    key: &LeafKey,
    leaf: &[u8],
    authorities: &[Vec<u8>],
    pem: &mut Arriving,
    p12: &mut Arriving,
) -> Result<Zeroizing<String>, Error> {
    let refused = || Error::authority("writing the device's files");
    let password = fresh_password(&SystemRandom::new()).map_err(refused())?;
    // They come as a SET, in no order that says anything.
    let mut authorities: Vec<&[u8]> = authorities.iter().map(Vec::as_slice).collect();
    authorities.sort_by_key(|der| is_root(der));
    let chain: Vec<&[u8]> = std::iter::once(leaf).chain(authorities).collect();
    let sealed_by = Passphrase::new(&password).map_err(refused())?;
    let container = received(key, &chain, device.as_str(), &sealed_by).map_err(refused())?;
    let mut bundle = key.pkcs8_pem().map_err(refused())?;
    for der in chain.iter().take(2) {
        bundle.push_str(&certificate_pem(der));
    }
    pem.write(bundle.as_bytes())?;
    p12.write(&container)?;
    Ok(password)
}

fn certificate_pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem + "\n-----END CERTIFICATE-----\n"
}
