//! Issuing authorities as the binary loads them: certificates at once, a key only when something is to be signed. Opening a
//! key takes some tenths of a second on purpose (scrypt), and an edge never comes here (promise P6).

use std::sync::{Arc, OnceLock};

use ca::{Issuing, IssuingKey, Passphrase, Purpose, Root, StatusPlaces};

use crate::error::Error;
use crate::folder;
use crate::secrets::{self, Secret};
use crate::settings::{Ca, CaIssuer, KeyPlace, Settings};
use crate::standing::Standing;

/// An issuing authority of device certificates.
pub(crate) struct Authority {
    pub(crate) root: Root,
    pub(crate) issuing: Issuing,
    /// Where others learn of the status of its certificates.
    pub(crate) places: StatusPlaces,
    /// The same at the office's door, below `/crl/`.
    pub(crate) folder: String,
    sealed: Sealed,
    opens: Passphrase,
    /// Where the key is, for whoever has to see to it.
    place: String,
    key: OnceLock<Arc<IssuingKey>>,
}

/// A key that is not open yet.
enum Sealed {
    /// Encrypted PEM.
    File(Vec<u8>),
    /// In a token.
    Token(hsm::Place),
}

impl Authority {
    /// The one that issues. Reads the certificates and the sealed key; opens nothing. `common` is asked for what opens a key
    /// for which the settings name no file.
    pub(crate) fn load(ca: &Ca, common: impl FnOnce() -> Result<Secret, Error>) -> Result<Self, Error> {
        let common = ca.issuer.passphrase_file.is_none().then(common).transpose()?;
        Self::of(&Standing::read(ca)?, &ca.issuer, common.as_ref())
    }

    /// The one that issues, and those that issued before it.
    pub(crate) fn load_all(
        ca: &Ca,
        common: impl FnOnce() -> Result<Secret, Error>,
    ) -> Result<(Self, Vec<Self>), Error> {
        let standing = Standing::read(ca)?;
        let common = ca.issuers().any(|one| one.passphrase_file.is_none()).then(common).transpose()?;
        let load = |issuer| Self::of(&standing, issuer, common.as_ref());
        Ok((load(&ca.issuer)?, ca.former.iter().map(load).collect::<Result<_, _>>()?))
    }

    /// One of them, which stands.
    pub(crate) fn of(standing: &Standing, issuer: &CaIssuer, common: Option<&Secret>) -> Result<Self, Error> {
        let issuing = standing.issuing(issuer)?;
        let (place, name) = (issuer.key.to_string(), issuing.common_name().to_owned());
        let unopened = |source| Error::Unopened { issuer: name, key: issuer.key.to_string(), source: Box::new(source) };
        let own = issuer.passphrase_file.as_deref().map(Secret::read).transpose();
        let secret = own.and_then(|own| {
            let missing = || Error::usage("nothing is given that opens it");
            own.or_else(|| common.cloned()).ok_or_else(missing)
        });
        let read = secret.and_then(|secret| match &issuer.key {
            // Sealed, but not for everybody's eyes all the same: the passphrase may be a weak one.
            KeyPlace::File(path) => Ok((Sealed::File(folder::read_secret(path)?.to_vec()), secret.passphrase()?)),
            KeyPlace::Token(place) => Ok((Sealed::Token(place.clone()), secret.pin()?)),
        });
        let (sealed, opens) = read.map_err(unopened)?;
        let places = StatusPlaces::beside(&issuer.list_url).map_err(Error::authority("the list's address"))?;
        let (root, folder) = (standing.root.clone(), issuer.folder.clone());
        Ok(Self { root, issuing, places, folder, sealed, opens, place, key: OnceLock::new() })
    }

    /// The key; opened the first time.
    pub(crate) fn key(&self) -> Result<Arc<IssuingKey>, Error> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        let key = self.open().map_err(|source| Error::Unopened {
            issuer: self.issuing.common_name().to_owned(),
            key: self.place.clone(),
            source: Box::new(source),
        })?;
        // Two threads may both have opened it; it is the same key.
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }

    fn open(&self) -> Result<IssuingKey, Error> {
        let key = match &self.sealed {
            Sealed::File(pem) => {
                let text = std::str::from_utf8(pem).map_err(|_| Error::usage("the issuing key is no PEM"))?;
                IssuingKey::open(text, &self.opens)
            }
            Sealed::Token(place) => IssuingKey::kept(Arc::new(hsm::open(place, &self.opens)?)),
        };
        let key = key.map_err(Error::authority("opening the issuing key"))?;
        self.issuing.check_key(&key).map_err(Error::authority("opening the issuing key"))?;
        Ok(key)
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

/// The authority that issued the server's certificate; none where that came from somewhere else.
pub(crate) fn servers(settings: &Settings, root: &Root) -> Option<Issuing> {
    let chain = secrets::read_certificates(&settings.tls.certificate).ok()?;
    let issuing = Issuing::read(chain.get(1)?, root).ok()?;
    (issuing.purpose() == Purpose::Servers).then_some(issuing)
}

/// The `[ca]` table, which an edge does not have.
pub(crate) fn settings(settings: &Settings) -> Result<&Ca, Error> {
    settings.ca.as_ref().ok_or_else(|| Error::usage("the settings have no [ca]; this is an edge, which issues nothing"))
}
