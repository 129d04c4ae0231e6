//! Issuing authorities as the binary loads them: certificates at once, a key only when something is to be signed. Opening a
//! key takes some tenths of a second on purpose (scrypt), and an edge never comes here (promise P6).

use std::sync::{Arc, OnceLock};

use ca::{Issuing, IssuingKey, Passphrase, Root, StatusPlaces};

use crate::error::Error;
use crate::folder;
use crate::settings::{Ca, CaIssuer, KeyPlace, Settings};

/// An issuing authority of device certificates.
pub(crate) struct Authority {
    pub(crate) root: Root,
    pub(crate) issuing: Issuing,
    /// Where others learn of the status of its certificates.
    pub(crate) places: StatusPlaces,
    /// The same at the office's door, below `/crl/`.
    pub(crate) folder: String,
    sealed: Sealed,
    passphrase: Arc<Passphrase>,
    key: OnceLock<Arc<IssuingKey>>,
}

/// A key that is not open yet.
enum Sealed {
    /// Encrypted PEM.
    File(Vec<u8>),
    /// In a token, whose PIN is the passphrase.
    Token(hsm::Place),
}

impl Authority {
    /// The one that issues. Reads the certificates and the sealed key; opens nothing.
    pub(crate) fn load(ca: &Ca, passphrase: Passphrase) -> Result<Self, Error> {
        Self::of(&root(ca)?, &ca.issuer, Arc::new(passphrase))
    }

    /// The one that issues, and those that issued before it.
    pub(crate) fn load_all(ca: &Ca, passphrase: Passphrase) -> Result<(Self, Vec<Self>), Error> {
        let (root, passphrase) = (root(ca)?, Arc::new(passphrase));
        let load = |issuer| Self::of(&root, issuer, Arc::clone(&passphrase));
        Ok((load(&ca.issuer)?, ca.former.iter().map(load).collect::<Result<_, _>>()?))
    }

    fn of(root: &Root, issuer: &CaIssuer, passphrase: Arc<Passphrase>) -> Result<Self, Error> {
        let issuing = certificate(root, issuer)?;
        let sealed = match &issuer.key {
            // Sealed, but not for everybody's eyes all the same: the passphrase may be a weak one.
            KeyPlace::File(path) => Sealed::File(folder::read_secret(path)?.to_vec()),
            KeyPlace::Token(place) => Sealed::Token(place.clone()),
        };
        let places = StatusPlaces::beside(&issuer.list_url).map_err(Error::authority("the list's address"))?;
        let (root, folder) = (root.clone(), issuer.folder.clone());
        Ok(Self { root, issuing, places, folder, sealed, passphrase, key: OnceLock::new() })
    }

    /// The key; opened the first time.
    pub(crate) fn key(&self) -> Result<Arc<IssuingKey>, Error> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        let key = match &self.sealed {
            Sealed::File(pem) => {
                let text = std::str::from_utf8(pem).map_err(|_| Error::usage("the issuing key is no PEM"))?;
                IssuingKey::open(text, &self.passphrase)
            }
            Sealed::Token(place) => IssuingKey::kept(Arc::new(hsm::open(place, &self.passphrase)?)),
        };
        let key = key.map_err(Error::authority("opening the issuing key"))?;
        self.issuing.check_key(&key).map_err(Error::authority("opening the issuing key"))?;
        // Two threads may both have opened it; it is the same key.
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }
}

/// The root's certificate.
pub(crate) fn root(ca: &Ca) -> Result<Root, Error> {
    Root::read(&folder::read(&ca.root)?).map_err(Error::authority("the root's certificate"))
}

/// An issuing certificate, signed by the root.
pub(crate) fn certificate(root: &Root, issuer: &CaIssuer) -> Result<Issuing, Error> {
    let issuing = Issuing::read(&folder::read(&issuer.certificate)?, root);
    issuing.map_err(Error::authority("the issuing certificate"))
}

/// The `[ca]` table, which an edge does not have.
pub(crate) fn settings(settings: &Settings) -> Result<&Ca, Error> {
    settings.ca.as_ref().ok_or_else(|| Error::usage("the settings have no [ca]; this is an edge, which issues nothing"))
}
