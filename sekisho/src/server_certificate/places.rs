//! Where the server's pair lies: the files of the settings, and the one that ACME brought, which goes before them.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use rustls::sign::CertifiedKey;

use super::fitness::Fit;
use crate::error::Error;
use crate::secrets;
use crate::settings::Settings;

/// How often the files are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Where to look, and for whom the pair must be.
pub(crate) struct Places {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    /// Key and certificate in one file, put there in one step.
    pub(super) acme: Option<PathBuf>,
    pub(super) hosts: [String; 2],
}

/// What tells one state of the files from another without reading them.
#[derive(PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<(u64, u64, i64, i64)>>);

impl Places {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            certificate: settings.tls.certificate.clone(),
            key: settings.tls.key.clone(),
            acme: settings.acme.as_ref().map(super::acme::pair_file),
            hosts: [settings.hosts.care.clone(), settings.hosts.public.clone()],
        }
    }

    /// The pair to begin with. The files of the settings serve even when they are past their time or lack a name, as nothing else
    /// would; what is wrong with them is said.
    pub(super) fn first(&self, now: Timestamp) -> Result<Arc<CertifiedKey>, Error> {
        match self.brought(now) {
            Some(Ok(fit)) => return Ok(fit.pair),
            Some(Err(fault)) => {
                tracing::warn!(fault, "what ACME brought cannot be shown; the files of the settings are")
            }
            None => {}
        }
        let pair = secrets::server_key(&self.certificate, &self.key)?;
        if let Err(unfit) = Fit::check(Arc::clone(&pair), &self.hosts(), now) {
            tracing::warn!(%unfit, certificate = %self.certificate.display(), "terminals will not take the server's certificate");
        }
        Ok(pair)
    }

    /// The pair that should be shown now, if it can be.
    pub(super) fn now(&self, now: Timestamp) -> Result<Fit, String> {
        let brought = self.brought(now);
        if let Some(Ok(fit)) = brought {
            return Ok(fit);
        }
        let lies = secrets::server_key(&self.certificate, &self.key);
        let lies = lies.map_err(|error| crate::error::with_causes(&error)).and_then(|pair| self.fit(pair, now));
        lies.map_err(|fault| match brought {
            Some(Err(other)) => format!("{fault}; what ACME brought: {other}"),
            _ => fault,
        })
    }

    /// What ACME brought, if it has brought anything.
    pub(crate) fn brought(&self, now: Timestamp) -> Option<Result<Fit, String>> {
        let path = self.acme.as_deref().filter(|path| path.exists())?;
        let pair = secrets::server_key(path, path).map_err(|error| crate::error::with_causes(&error));
        Some(pair.and_then(|pair| self.fit(pair, now)))
    }

    pub(super) fn fit(&self, pair: Arc<CertifiedKey>, now: Timestamp) -> Result<Fit, String> {
        Fit::check(pair, &self.hosts(), now).map_err(|unfit| format!("the server's certificate: {unfit}"))
    }

    /// As they lie there now. Taken before they are read: whatever is written later makes another.
    pub(super) fn stamp(&self) -> Stamp {
        let of = |path: &Path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
        };
        Stamp([Some(&self.certificate), Some(&self.key), self.acme.as_ref()].map(|path| of(path?)).to_vec())
    }

    fn hosts(&self) -> [&str; 2] {
        self.hosts.each_ref().map(String::as_str)
    }
}
