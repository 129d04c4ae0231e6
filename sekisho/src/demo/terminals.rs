//! The demo's terminals: a key and a certificate for each device on loan, as files for curl and for browsers.

use ca::{Assurance, LeafKey, Passphrase, pem_bundle, pkcs12};
use model::{Author, DeviceId, Office};
use registry::Registry;

use crate::authority::Authority;
use crate::clock;
use crate::error::Error;
use crate::folder::{self, Folder};
use crate::settings::Settings;
use crate::verbs::{Order, issue};

/// Days of validity.
const DAYS: u16 = ca::DeviceProfile::DAYS;

/// Issues a certificate for each device, into `DIR/terminals/DEVICE.pem` and, sealed by a password, `DEVICE.p12`.
pub(super) fn issue_all(
    folder: &Folder,
    settings: &Settings,
    registry: &Registry,
    authority: &Authority,
    devices: &[DeviceId],
    password: &str,
) -> Result<(), Error> {
    let refused = || Error::authority("issuing the demo's certificates");
    let sealed_by = Passphrase::new(password).map_err(refused())?;
    let terminals = folder.root().join("terminals");
    folder::make(&terminals)?;
    let author = Author::new(Office::CityClerk, "demo");
    for device in devices {
        let key = LeafKey::generate().map_err(refused())?;
        let (days, assurance) = (DAYS, Assurance::Container);
        let order = Order { device, key: key.public(), days, assurance, author: &author, now: clock::now() };
        issue(settings, registry, authority, &order, |issued| {
            let bundle = pem_bundle(issued, &key, &authority.issuing).map_err(refused())?;
            folder::write_new(&terminals.join(format!("{device}.pem")), bundle.as_bytes())?;
            let (issuing, root) = (&authority.issuing, &authority.root);
            let container = pkcs12(issued, &key, issuing, root, device.as_str(), &sealed_by).map_err(refused())?;
            folder::write_new(&terminals.join(format!("{device}.p12")), &container)
        })?;
    }
    Ok(())
}
