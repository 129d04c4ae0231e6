//! `certificate renew-server`: the next server certificate, before the old one ends.
//!
//! Two files cannot be replaced in one step, so for a moment the file of the key holds both keys, and whoever reads
//! takes the one that the certificate names ([`secrets::server_key`]). Whatever a crash leaves is a pair that works:
//!
//! 1. both keys. A crash before leaves the old pair; after it, the old certificate with its key among two.
//! 2. the new certificate. A crash after it leaves the new certificate with its key among two; the old key goes with the
//!    next renewal.
//! 3. the new key alone.
//!
//! A server that runs shows the next pair as soon as it finds one. One that starts in the same instant may have read the certificate
//! before 2 and the key after 3; it says that they do not belong together, and starts when it is started again.

use std::io::ErrorKind;
use std::path::Path;

use ca::{Issuing, LeafKey, Purpose, Root, Zeroizing};
use serde_json::json;

use super::root;
use crate::ceremony::{Ceremony, check_witnesses, city, open_root_key};
use crate::cli::certificate::CertificateRenewServer;
use crate::cli::{Common, nobody_named};
use crate::error::Error;
use crate::folder::{self, Folder};
use crate::output::Output;
use crate::settings::{Settings, Tls};
use crate::{authority, clock, secrets};

pub(super) fn renew(common: &Common, verb: &CertificateRenewServer) -> Result<(), Error> {
    let by = common.author()?.ok_or_else(nobody_named)?;
    let file = common.settings_file()?;
    let settings = Settings::load(&file)?;
    let (tls, hosts, ca) = (&settings.tls, &settings.hosts, authority::settings(&settings)?);
    let folder = Folder::at(file.parent().unwrap_or(Path::new("")));
    check_witnesses(&verb.witnesses.witness)?;
    // Two that swap the same files would leave a key of the one with a certificate of the other.
    let _alone = folder::lock_folder(&folder.keys())?;
    let root = Root::read(&folder::read(&ca.root)?).map_err(Error::authority("the root's certificate"))?;
    ours(&tls.certificate, &root)?;
    let (path, copy) = (root::root_key(verb.root_key.as_ref(), &folder), folder.key("ceremony.txt"));
    let ceremony = Ceremony::beside(&path, clock::now())?;
    ceremony.knows(&copy)?;
    let root_key = open_root_key(&path, &verb.passphrase, &root)?;

    let refused = || Error::authority("making the server's key");
    let key = LeafKey::generate().map_err(refused())?;
    let key_pem = key.pkcs8_pem().map_err(refused())?;
    ceremony.log(&format!("renewal of the server certificate, by {by}"))?;
    ceremony.witnessed(&verb.witnesses.witness)?;
    let hosts = [hosts.care.as_str(), hosts.public.as_str()];
    let made = ceremony.certify_server(&city(&root)?, hosts, key.public(), &root, &root_key)?;
    swap(tls, &key_pem, &made.chain())?;
    // For people to look at; whoever connects is shown the chain.
    folder::replace(&folder.key("server-issuing.pem"), made.authority.pem().as_bytes())?;
    ceremony.copy_to(&copy)?;

    let (issued, file) = (&made.issued, tls.certificate.display());
    Output::new(common.json).say(
        format_args!(
            "{file} is the server certificate with serial number {}, valid until {}; a server that runs shows it \
             within seconds",
            issued.serial(),
            issued.not_after().to_jst_minutes()
        ),
        &json!({
            "serial": issued.serial().to_string(), "not_before": issued.not_before().to_string(),
            "not_after": issued.not_after().to_string(), "fingerprint_sha256": issued.fingerprint_sha256(),
            "hosts": hosts, "certificate": file.to_string(), "key": tls.key.display().to_string(),
            "by": by.to_string(),
        }),
    )
}

/// Whoever trusts somebody else's authority would not trust ours: such a certificate is renewed where it came from.
fn ours(path: &Path, root: &Root) -> Result<(), Error> {
    let chain = match secrets::read_certificates(path) {
        // Lost: nothing is overwritten.
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let issuer = chain.get(1).and_then(|issuer| Issuing::read(issuer, root).ok());
    if issuer.is_some_and(|issuer| issuer.purpose() == Purpose::Servers) {
        return Ok(());
    }
    let file = path.display();
    Err(Error::usage(format_args!("`{file}` is not from this city's root; it is renewed where it came from")))
}

/// See the top of this file.
fn swap(tls: &Tls, key: &str, chain: &str) -> Result<(), Error> {
    let old = match folder::read_secret(&tls.key) {
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Zeroizing::default(),
        other => other?,
    };
    let mut both = Zeroizing::new(Vec::with_capacity(key.len().saturating_add(old.len())));
    both.extend_from_slice(key.as_bytes());
    both.extend_from_slice(&old);
    folder::replace(&tls.key, &both)?;
    folder::replace(&tls.certificate, chain.as_bytes())?;
    folder::replace(&tls.key, key.as_bytes())
}
