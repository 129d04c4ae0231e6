//! The issuing authority as the binary loads it: certificates at once, the key only when something is to be signed.
//! Opening the key takes some tenths of a second on purpose (scrypt), and an edge never comes here (promise P6).

use std::sync::{Arc, OnceLock};

use ca::{Issuing, IssuingKey, Passphrase, Root, StatusPlaces};

use crate::error::Error;
use crate::folder;
use crate::settings::{Ca, Settings};

/// The issuing authority of device certificates.
pub(crate) struct Authority {
    pub(crate) root: Root,
    pub(crate) issuing: Issuing,
    /// Where others learn of the status of its certificates.
    pub(crate) places: StatusPlaces,
    sealed_key: Vec<u8>,
    passphrase: Passphrase,
    key: OnceLock<Arc<IssuingKey>>,
}

impl Authority {
    /// Reads the certificates and the sealed key; opens nothing.
    pub(crate) fn load(ca: &Ca, passphrase: Passphrase) -> Result<Self, Error> {
        let (root, issuing) = certificates(ca)?;
        // Sealed, but not for everybody's eyes all the same: the passphrase may be a weak one.
        let sealed_key = folder::read_secret(&ca.issuing_key)?.to_vec();
        let places = StatusPlaces::beside(&ca.list_url).map_err(Error::authority("the list's address"))?;
        Ok(Self { root, issuing, places, sealed_key, passphrase, key: OnceLock::new() })
    }

    /// The key; opened the first time.
    pub(crate) fn key(&self) -> Result<Arc<IssuingKey>, Error> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        let text = std::str::from_utf8(&self.sealed_key).map_err(|_| Error::usage("the issuing key is no PEM"))?;
        let key = IssuingKey::open(text, &self.passphrase).map_err(Error::authority("opening the issuing key"))?;
        self.issuing.check_key(&key).map_err(Error::authority("opening the issuing key"))?;
        // Two threads may both have opened it; it is the same key.
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }
}

/// Root and issuing certificate, the one signed by the other.
pub(crate) fn certificates(ca: &Ca) -> Result<(Root, Issuing), Error> {
    let root = Root::read(&folder::read(&ca.root)?).map_err(Error::authority("the root's certificate"))?;
    let issuing = folder::read(&ca.issuing_certificate)?;
    let issuing = Issuing::read(&issuing, &root).map_err(Error::authority("the issuing certificate"))?;
    Ok((root, issuing))
}

/// The `[ca]` table, which an edge does not have.
pub(crate) fn settings(settings: &Settings) -> Result<&Ca, Error> {
    settings.ca.as_ref().ok_or_else(|| Error::usage("the settings have no [ca]; this is an edge, which issues nothing"))
}
