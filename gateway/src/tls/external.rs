//! Terminals with certificates of other authorities: a hospital's own, or one that vouches for a profession.
//!
//! Such a certificate gets in if its chain ends at a configured certificate, none of the chain is revoked by the authority's own
//! lists, these are as fresh as they say of themselves, and the registry knows exactly it (its fingerprint, under this authority's
//! name). Two authorities may give one serial number: it is never what tells certificates apart here.
//!
//! Whoever has no list, or an old one, lets nobody in. The chain is asked again whenever there is a newer list, and when a certificate
//! that was shown with it ends: by the next request of whoever is connected, and by the sweep for what goes on. What a new list
//! revokes is also revoked in the registry, which cuts what is alive ([`watch`]).

mod lists;
pub mod watch;

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, DistinguishedName, Error};

use self::lists::Lists;
use super::device::Presented;
use super::profile::{self, Origin, ProfileChecked, ProfileFault, Usage};
use crate::bounds::EXTERNAL_CHAIN_MAX;
use crate::refusal::CertificateProblem;

pub use self::lists::ListFault;

/// Another authority, as it is set up.
#[derive(Clone, Debug)]
pub struct ExternalSettings {
    /// What the city calls it; the registry remembers certificates under this name.
    pub name: String,
    /// Certificates that are trusted: roots, or those that sign terminals' certificates.
    pub anchors: Vec<CertificateDer<'static>>,
    /// Certificates between those and the terminals'; trusted by their signatures only.
    pub intermediates: Vec<CertificateDer<'static>>,
    /// Where its revocation lists lie, in DER or PEM: one of each authority in a chain but the terminal's own.
    pub lists: Vec<PathBuf>,
}

/// Why an authority cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalFault {
    /// Nothing to trust.
    #[error("no certificate of it is trusted")]
    NoAnchor,
    /// No list: then nothing could be revoked.
    #[error("it has no revocation list")]
    NoList,
    /// A certificate is not in the form of an authority's.
    #[error("a certificate of it is not in the form of RFC 5280")]
    Form(#[source] ProfileFault),
    /// It has the name of our own: whose a certificate is could not be told.
    #[error("it has the name of an issuing certificate of ours")]
    OurName,
}

/// Another authority.
pub struct ExternalAuthority {
    name: String,
    certificates: Vec<Trusted>,
    lists: Vec<PathBuf>,
    /// None until they have been read.
    current: ArcSwapOption<Lists>,
    /// Numbers the lists that were taken into use.
    generation: AtomicU64,
}

/// A configured certificate.
struct Trusted {
    der: CertificateDer<'static>,
    subject: Vec<u8>,
    form: ProfileChecked,
    anchor: bool,
}

impl std::fmt::Debug for ExternalAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalAuthority").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ExternalAuthority {
    /// Checks the settings. Its lists are not read yet: until then it lets nobody in.
    ///
    /// # Errors
    /// See [`ExternalFault`].
    pub fn new(settings: ExternalSettings, ours: &[CertificateDer<'_>]) -> Result<Self, ExternalFault> {
        let ExternalSettings { name, anchors, intermediates, lists } = settings;
        if anchors.is_empty() {
            return Err(ExternalFault::NoAnchor);
        }
        if lists.is_empty() {
            return Err(ExternalFault::NoList);
        }
        let trusted = |der: CertificateDer<'static>, anchor| {
            let form = profile::check_authority(&der).map_err(ExternalFault::Form)?;
            let subject = profile::names(&der).map_err(ExternalFault::Form)?.subject.to_vec();
            Ok(Trusted { der, subject, form, anchor })
        };
        let anchors = anchors.into_iter().map(|der| trusted(der, true));
        let certificates: Vec<Trusted> =
            anchors.chain(intermediates.into_iter().map(|der| trusted(der, false))).collect::<Result<_, _>>()?;
        let own = |der: &CertificateDer<'_>| profile::names(der).is_ok_and(|names| known(&certificates, names.subject));
        if ours.iter().any(own) {
            return Err(ExternalFault::OurName);
        }
        let (current, generation) = (ArcSwapOption::empty(), AtomicU64::new(0));
        Ok(Self { name, certificates, lists, current, generation })
    }

    /// What the city calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of those that sign, so that a browser offers certificates of theirs.
    fn hints(&self) -> impl Iterator<Item = DistinguishedName> {
        self.certificates.iter().map(|one| DistinguishedName::in_sequence(content(&one.subject)))
    }

    /// The lists in use, if they are fresh at this second.
    fn fresh(&self, now_seconds: u64) -> Option<Arc<Lists>> {
        self.current.load_full().filter(|lists| lists.is_fresh(now_seconds))
    }

    /// Until when the lists in use are fresh, in seconds since the epoch (half-open); none before any was read.
    #[must_use]
    pub fn fresh_until(&self) -> Option<i64> {
        self.current.load().as_ref().map(|lists| lists.fresh_until())
    }

    /// Reads the lists anew, if they changed, and takes them into use; true if it did. What is broken or older than what is in
    /// use changes nothing, and is reported.
    ///
    /// # Errors
    /// Why the files cannot be used. The lists before stay in use until they are stale by themselves.
    pub fn refresh(&self, now_seconds: u64) -> Result<bool, ListFault> {
        let before = self.current.load_full();
        let Some(lists) = lists::read(self, before.as_deref(), now_seconds)? else { return Ok(false) };
        self.current.store(Some(Arc::new(lists)));
        Ok(true)
    }

    /// Checks a chain, the terminal's certificate first, as of now. Which of those that were shown it took is not told, so any of
    /// them that ends has it looked at anew; ends of those that are configured are the lists' ([`lists::read`]).
    fn verify(&self, chain: &[CertificateDer<'_>], now_seconds: u64) -> Result<Checked, Error> {
        let (leaf, shown) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
        let lists = self.fresh(now_seconds).ok_or(CertificateError::UnknownRevocationStatus)?;
        let mut until_seconds = u64::MAX;
        let form = |one: &&CertificateDer<'_>| {
            let form = profile::check_authority(one).ok();
            if let Some(form) = form.as_ref().filter(|form| form.contains(now_seconds)) {
                until_seconds = until_seconds.min(u64::try_from(form.not_after_seconds).unwrap_or(0));
            }
            form.is_some()
        };
        let shown: Vec<_> = shown.iter().take(EXTERNAL_CHAIN_MAX).filter(form).collect();
        let ours = self.certificates.iter().filter(|one| !one.anchor).map(|one| &one.der);
        let between: Vec<CertificateDer<'_>> = ours.chain(shown).cloned().collect();
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now_seconds));
        lists.verifier().verify_client_cert(leaf, &between, at)?;
        Ok(Checked { generation: lists.generation(), since_seconds: now_seconds, until_seconds })
    }

    /// What lets a certificate of this authority in but for the registry: its form, its chain and the lists. Proves nothing, for it
    /// asks nobody for the key.
    ///
    /// # Errors
    /// What is against it.
    pub fn check(self: &Arc<Self>, chain: &[CertificateDer<'_>], usage: Usage, now_seconds: u64) -> Result<(), Error> {
        self.present(chain, usage, now_seconds).map(drop)
    }

    /// Reads a terminal's certificate of this authority, with the chain that was shown.
    ///
    /// # Errors
    /// Its form, its chain or a list is against it.
    pub(crate) fn present(
        self: &Arc<Self>,
        chain: &[CertificateDer<'_>],
        usage: Usage,
        now_seconds: u64,
    ) -> Result<Presented, Error> {
        let leaf = chain.first().ok_or(Error::NoCertificatesPresented)?;
        let form = profile::check_for(leaf, Origin::External, usage).map_err(super::verifier::refused)?;
        let checked = self.verify(chain, now_seconds)?;
        let chain = chain.iter().take(1 + EXTERNAL_CHAIN_MAX).map(|one| one.clone().into_owned()).collect();
        let shown = Shown { authority: Arc::clone(self), chain, checked: Mutex::new(checked) };
        Ok(Presented::elsewhere(leaf, form, shown))
    }
}

/// How a certificate of another authority was shown.
#[derive(Debug)]
pub(super) struct Shown {
    authority: Arc<ExternalAuthority>,
    chain: Vec<CertificateDer<'static>>,
    checked: Mutex<Checked>,
}

/// When the chain was last found good, and for how long that holds.
#[derive(Clone, Copy, Debug)]
struct Checked {
    /// The lists that it was held against.
    generation: u64,
    /// At this second, since the epoch.
    since_seconds: u64,
    /// The last second of the certificate that ends first of those that were shown between it and a trusted one.
    until_seconds: u64,
}

impl Shown {
    pub(super) fn authority(&self) -> &ExternalAuthority {
        &self.authority
    }

    /// Whether anything can be said now.
    pub(super) fn is_heard(&self, now_seconds: u64) -> bool {
        self.authority.fresh(now_seconds).is_some()
    }

    /// Whether the chain is good now, by the lists of now.
    pub(super) fn still_good(&self, now_seconds: u64) -> Result<(), CertificateProblem> {
        let lists = self.authority.fresh(now_seconds).ok_or(CertificateProblem::Unknown)?;
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let within = (checked.since_seconds..=checked.until_seconds).contains(&now_seconds);
        if within && checked.generation == lists.generation() {
            return Ok(());
        }
        *checked = self.authority.verify(&self.chain, now_seconds).map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::Revoked) => CertificateProblem::Revoked,
            Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
                CertificateProblem::Expired
            }
            _ => CertificateProblem::Unknown,
        })?;
        Ok(())
    }
}

/// All other authorities, in the order of the settings.
#[derive(Debug, Default)]
pub struct Externals(Vec<Arc<ExternalAuthority>>);

impl Externals {
    /// These.
    #[must_use]
    pub fn new(authorities: Vec<ExternalAuthority>) -> Self {
        Self(authorities.into_iter().map(Arc::new).collect())
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ExternalAuthority>> {
        self.0.iter()
    }

    /// The names of those that sign.
    pub(super) fn hints(&self) -> impl Iterator<Item = DistinguishedName> {
        self.0.iter().flat_map(|one| one.hints())
    }

    /// Whether the authority of this name says something now; one that is not configured does not.
    #[must_use]
    pub fn is_heard(&self, name: &str, now_seconds: u64) -> bool {
        self.0.iter().any(|one| one.name == name && one.fresh(now_seconds).is_some())
    }

    /// A certificate of the first of them that it is good for.
    ///
    /// # Errors
    /// Of none; what the last one has against it.
    pub(crate) fn present(&self, chain: &[CertificateDer<'_>], now_seconds: u64) -> Result<Presented, Error> {
        let mut against = Error::from(CertificateError::UnknownIssuer);
        for authority in &self.0 {
            match authority.present(chain, Usage::Client, now_seconds) {
                Ok(presented) => return Ok(presented),
                // That another one does not know it says less than what one that does has against it.
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
                Err(error) => against = error,
            }
        }
        Err(against)
    }

    /// What the registry is to know of a certificate: of whom it is, and what tells it apart. For whoever registers it; it opens
    /// nothing by itself.
    ///
    /// # Errors
    /// It is of none of them, or something is against it.
    pub fn identify(&self, chain: &[CertificateDer<'_>], now_seconds: u64) -> Result<Identified, Error> {
        let presented = self.present(chain, now_seconds)?;
        let leaf = chain.first().ok_or(Error::NoCertificatesPresented)?;
        let names = profile::names(leaf).map_err(super::verifier::refused)?;
        let authority = presented.elsewhere_name().ok_or(CertificateError::UnknownIssuer)?.to_owned();
        Ok(Identified {
            authority,
            issuer: lists::sha256(names.issuer),
            number: *presented.number(),
            fingerprint: *presented.fingerprint(),
            not_before_seconds: presented.not_before_seconds(),
            not_after_seconds: presented.not_after_seconds(),
        })
    }
}

/// What tells a certificate of another authority apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The authority, as the settings name it.
    pub authority: String,
    /// SHA-256 of the issuer's name in DER.
    pub issuer: [u8; 32],
    /// The number that stands in it.
    pub number: model::SerialNumber,
    /// SHA-256 of it in DER.
    pub fingerprint: [u8; 32],
    /// First second of validity, since the epoch.
    pub not_before_seconds: u64,
    /// Last second of validity, since the epoch.
    pub not_after_seconds: u64,
}

fn known(certificates: &[Trusted], subject: &[u8]) -> bool {
    certificates.iter().any(|one| one.subject == subject)
}

/// The content of one element.
fn content(mut whole: &[u8]) -> &[u8] {
    super::der::next(&mut whole).map_or(&[], |element| element.content)
}
