//! Revocation lists of another authority: all of them read, held against what is configured, and taken into use together, or none.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_lc_rs::digest;
use model::{ReasonCode, SerialNumber};
use rustls::RootCertStore;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::revocation_list::CertificateRevocationList;

use super::{ExternalAuthority, Trusted};
use crate::bounds::EXTERNAL_LIST_OCTETS_MAX;

/// Why lists cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListFault {
    /// The file cannot be read, or is too long.
    #[error("the revocation list `{}` cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no list that can be used.
    #[error("the revocation list `{}` cannot be used: {why}", path.display())]
    NotUsed {
        /// Which.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// The lists together, with the certificates, make no check of chains.
    #[error("the revocation lists cannot be used: {0}")]
    Together(String),
}

/// Lists in use.
pub(super) struct Lists {
    generation: u64,
    verifier: Arc<dyn ClientCertVerifier>,
    /// The first second, since the epoch, in which one of them is stale or a trusted certificate is over.
    fresh_until: i64,
    files: [u8; 32],
    issued: Vec<Issued>,
    revoked: Vec<Listed>,
}

/// When an issuer's list was made.
struct Issued {
    issuer: [u8; 32],
    this_update: i64,
}

/// One certificate on a list.
pub(super) struct Listed {
    /// SHA-256 of the issuer's name in DER.
    pub(super) issuer: [u8; 32],
    pub(super) number: SerialNumber,
    pub(super) reason: ReasonCode,
}

impl Lists {
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn verifier(&self) -> &Arc<dyn ClientCertVerifier> {
        &self.verifier
    }

    pub(super) fn fresh_until(&self) -> i64 {
        self.fresh_until
    }

    pub(super) fn is_fresh(&self, now_seconds: u64) -> bool {
        i64::try_from(now_seconds).is_ok_and(|now| now < self.fresh_until)
    }

    pub(super) fn revoked(&self) -> &[Listed] {
        &self.revoked
    }
}

/// One list, read.
struct Read {
    der: CertificateRevocationListDer<'static>,
    issued: Issued,
    next_update: i64,
    revoked: Vec<Listed>,
}

/// Reads the files. None: they are those in use.
pub(super) fn read(
    authority: &ExternalAuthority,
    before: Option<&Lists>,
    now_seconds: u64,
) -> Result<Option<Lists>, ListFault> {
    let files: Vec<(&PathBuf, Vec<u8>)> =
        authority.lists.iter().map(|path| bounded(path).map(|octets| (path, octets))).collect::<Result<_, _>>()?;
    let digests: Vec<u8> = files.iter().flat_map(|(_, octets)| sha256(octets)).collect();
    let all = sha256(&digests);
    // Not fresh any more, they may still be good under another of the authority's certificates.
    if before.is_some_and(|before| before.files == all && before.is_fresh(now_seconds)) {
        return Ok(None);
    }
    let now = i64::try_from(now_seconds).unwrap_or(i64::MAX);
    let one = |(path, octets): &(&PathBuf, Vec<u8>)| {
        let not_used = |why| ListFault::NotUsed { path: (*path).clone(), why };
        let read = list(octets, &authority.certificates, now).map_err(not_used)?;
        let older = |known: &Issued| known.issuer == read.issued.issuer && read.issued.this_update < known.this_update;
        // Whoever puts an old list back would bring to life what the newer one revokes.
        if before.is_some_and(|before| before.issued.iter().any(older)) {
            return Err(not_used("it is older than the one in use"));
        }
        Ok(read)
    };
    let lists: Vec<Read> = files.iter().map(one).collect::<Result<_, _>>()?;
    let anchors = authority.certificates.iter().filter(|one| one.anchor && one.form.contains(now_seconds));
    // Whatever ends of the authority, an intermediate too, has chains looked at anew.
    let valid = authority.certificates.iter().filter(|one| one.form.contains(now_seconds));
    let ends = valid.map(|one| one.form.not_after_seconds.saturating_add(1));
    let fresh_until = lists.iter().map(|one| one.next_update).chain(ends).min().unwrap_or(i64::MIN);
    let verifier = verifier(anchors, lists.iter().map(|one| one.der.clone()).collect())?;
    let generation = authority.generation.fetch_add(1, Ordering::AcqRel).saturating_add(1);
    let (mut issued, mut revoked) = (Vec::new(), Vec::new());
    for one in lists {
        issued.push(one.issued);
        revoked.extend(one.revoked);
    }
    Ok(Some(Lists { generation, verifier, fresh_until, files: all, issued, revoked }))
}

/// Checks chains up to these, every certificate of a chain against a list that says something of it (RFC 5280 6.3).
fn verifier<'a>(
    anchors: impl Iterator<Item = &'a Trusted>,
    lists: Vec<CertificateRevocationListDer<'static>>,
) -> Result<Arc<dyn ClientCertVerifier>, ListFault> {
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots.add(anchor.der.clone()).map_err(|error| ListFault::Together(error.to_string()))?;
    }
    let builder = WebPkiClientVerifier::builder(Arc::new(roots)).with_crls(lists).enforce_revocation_expiration();
    builder.build().map_err(|error| ListFault::Together(error.to_string()))
}

fn bounded(path: &Path) -> Result<Vec<u8>, ListFault> {
    let unreadable = |source| ListFault::Unreadable { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > EXTERNAL_LIST_OCTETS_MAX {
        return Err(unreadable(std::io::Error::other("it is too long")));
    }
    let octets = std::fs::read(path).map_err(unreadable)?;
    if octets.first() == Some(&0x30) {
        return Ok(octets);
    }
    let pem = CertificateRevocationListDer::from_pem_slice(&octets);
    pem.map(|der| der.as_ref().to_vec())
        .map_err(|_| ListFault::NotUsed { path: path.to_owned(), why: "it is neither DER nor PEM" })
}

/// A list that says when the next one comes, is of this time, and signed by one of the configured certificates.
fn list(der: &[u8], certificates: &[Trusted], now: i64) -> Result<Read, &'static str> {
    let (rest, list) = CertificateRevocationList::from_der(der).map_err(|_| "it is no revocation list")?;
    if !rest.is_empty() {
        return Err("something follows it");
    }
    let issuer = list.issuer().as_raw();
    if !certificates.iter().filter(|one| one.subject == issuer).any(|one| signed(&list, one)) {
        return Err("none of the configured certificates has signed it");
    }
    let this_update = list.last_update().timestamp();
    let next_update = list.next_update().ok_or("it does not say when the next one comes")?.timestamp();
    if now < this_update {
        return Err("it is of a later time");
    }
    if next_update <= now {
        return Err("it is stale");
    }
    let issuer = sha256(issuer);
    let listed = |one: &x509_parser::revocation_list::RevokedCertificate<'_>| {
        let number = SerialNumber::from_octets(one.raw_serial()).map_err(|_| "a serial number in it is not allowed")?;
        Ok(Listed { issuer, number, reason: reason(one.reason_code().map_or(0, |(_, code)| code.0)) })
    };
    let revoked = list.iter_revoked_certificates().map(listed).collect::<Result<_, &'static str>>()?;
    let der = CertificateRevocationListDer::from(der.to_vec());
    Ok(Read { der, issued: Issued { issuer, this_update }, next_update, revoked })
}

fn signed(list: &CertificateRevocationList<'_>, by: &Trusted) -> bool {
    X509Certificate::from_der(&by.der)
        .is_ok_and(|(_, certificate)| list.verify_signature(certificate.public_key()).is_ok())
}

/// RFC 5280 5.3.1. A certificate on hold is ended here for good: whoever comes back is registered with another one.
const fn reason(code: u8) -> ReasonCode {
    match code {
        1 | 2 | 10 => ReasonCode::KeyCompromise,
        3 => ReasonCode::AffiliationChanged,
        4 => ReasonCode::Superseded,
        5 => ReasonCode::CessationOfOperation,
        9 => ReasonCode::PrivilegeWithdrawn,
        _ => ReasonCode::Unspecified,
    }
}

pub(super) fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest::digest(&digest::SHA256, octets).as_ref());
    sum
}
