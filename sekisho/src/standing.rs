//! Which authorities stand: the root, and what its own list says of those below it. Whoever issues, or meets terminals, gets
//! an authority from here, so none that is revoked comes into use.

use std::path::Path;

use ca::{Issuing, Root, RootList};
use rustls::pki_types::CertificateDer;

use crate::authority;
use crate::error::Error;
use crate::settings::{Ca, CaIssuer, Settings, Tls};
use crate::{folder, secrets};

/// The root, and what it has revoked.
pub(crate) struct Standing {
    pub(crate) root: Root,
    list: Option<RootList>,
}

impl Standing {
    /// As the settings of who issues lead to it.
    pub(crate) fn read(ca: &Ca) -> Result<Self, Error> {
        let root = authority::root(ca)?;
        let list = ca.root_list.as_deref().map(|path| read_list(path, &root)).transpose()?;
        Ok(Self { root, list })
    }

    /// An issuing authority that stands.
    pub(crate) fn issuing(&self, issuer: &CaIssuer) -> Result<Issuing, Error> {
        let issuing = authority::certificate(&self.root, issuer)?;
        refuse(self.list.as_ref(), &issuing.serial(), &issuer.certificate)?;
        Ok(issuing)
    }

    /// The root's list, for whoever asks for it.
    pub(crate) fn into_list(self) -> Option<RootList> {
        self.list
    }
}

/// The root's list, held to be the root's. That it is past its date is no reason to forget what it revokes.
pub(crate) fn root_list(tls: &Tls) -> Result<Option<RootList>, Error> {
    let Some(place) = &tls.root_list else { return Ok(None) };
    let root = Root::read(&folder::read(&place.root)?).map_err(Error::authority("the root's certificate"))?;
    read_list(&place.list, &root).map(Some)
}

fn read_list(path: &Path, root: &Root) -> Result<RootList, Error> {
    RootList::read(&folder::read(path)?, root).map_err(Error::authority("the root's revocation list"))
}

fn refuse(list: Option<&RootList>, serial: &model::SerialNumber, path: &Path) -> Result<(), Error> {
    match list.and_then(|list| list.revoked_at(serial)) {
        Some(at) => Err(Error::RevokedAuthority { path: path.to_owned(), at }),
        None => Ok(()),
    }
}

/// The authorities whose terminals are met here, none of them revoked. Numbers of authorities are random as a whole, so the
/// number is enough: what cannot be read as one of ours must not get round the list.
pub(crate) fn device_issuers(settings: &Settings) -> Result<Vec<CertificateDer<'static>>, Error> {
    let list = root_list(&settings.tls)?;
    let mut all = Vec::new();
    for path in &settings.tls.device_issuers {
        for certificate in secrets::read_certificates(path)? {
            let unreadable = || Error::NotA { path: path.clone(), what: "certificate of an authority" };
            let serial = secrets::serial_number(&certificate).ok_or_else(unreadable);
            // Without a list there is nothing to compare, and the gateway itself says what it thinks of the certificate.
            if list.is_some() {
                refuse(list.as_ref(), &serial?, path)?;
            }
            all.push(certificate);
        }
    }
    Ok(all)
}
