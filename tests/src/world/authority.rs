//! The certificate authority of a city: ours, with keys made for the test.

use std::sync::Arc;

use ca::{
    AuthorityName, DeviceProfile, Host, Issuing, IssuingKey, LeafKey, Passphrase, Purpose, Root, RootKey,
    ServerProfile, SystemRandom,
};
use model::{DeviceId, SerialNumber, Timestamp};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::{CARE, Keys, PUBLIC};

/// Opens a terminal's container.
pub(crate) const CONTAINER_PASSWORD: &str = "seki-sho0-0000-0000-0001";
const LIST: &str = "http://office.sekisho.localhost/crl/devices.crl";

/// The certificate authority of a city.
pub(crate) struct Authority {
    pub(crate) root: Root,
    pub(crate) devices: Issuing,
    pub(crate) devices_key: IssuingKey,
    servers: Issuing,
    servers_key: IssuingKey,
    random: SystemRandom,
}

impl Authority {
    pub(crate) fn new(now: Timestamp) -> Self {
        let random = SystemRandom::new();
        let name = |text: &str| AuthorityName::new("水花道市", text).unwrap();
        let root_key = RootKey::generate().unwrap();
        let serial = ca::reserve(&random, &mut recorded).unwrap();
        let root = Root::create(&name("Sekisho Root"), &root_key, serial, now).unwrap();
        let issuing = |purpose, common: &str| {
            let key = IssuingKey::generate().unwrap();
            let serial = ca::reserve(&random, &mut recorded).unwrap();
            let issuing = Issuing::create(purpose, &name(common), &key, serial, now, &root, &root_key).unwrap();
            (issuing, key)
        };
        let (devices, devices_key) = issuing(Purpose::Devices, "Sekisho Devices");
        let (servers, servers_key) = issuing(Purpose::Servers, "Sekisho Servers");
        Self { root, devices, devices_key, servers, servers_key, random }
    }

    pub(crate) fn root_der(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.root.der().to_vec())
    }

    pub(crate) fn devices_der(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.devices.der().to_vec())
    }

    /// A certificate for a terminal, signed; recorded nowhere.
    pub(crate) fn sign(&self, device: &DeviceId, now: Timestamp, days: u16) -> (ca::Issued, Keys) {
        let (issued, key) = self.issue(device, now, days);
        let keys = self.keys(&issued, &key, &self.devices);
        (issued, keys)
    }

    /// The same, with its key in a container for a browser; its password is [`CONTAINER_PASSWORD`].
    pub(crate) fn container(&self, device: &DeviceId, now: Timestamp) -> (ca::Issued, Vec<u8>) {
        let (issued, key) = self.issue(device, now, 180);
        let password = Passphrase::new(CONTAINER_PASSWORD).unwrap();
        let container = ca::pkcs12(&issued, &key, &self.devices, &self.root, device.as_str(), &password).unwrap();
        (issued, container)
    }

    fn issue(&self, device: &DeviceId, now: Timestamp, days: u16) -> (ca::Issued, LeafKey) {
        let key = LeafKey::generate().unwrap();
        let profile = DeviceProfile::new(Host::new(CARE).unwrap(), LIST).unwrap();
        let serial = ca::reserve(&self.random, &mut recorded).unwrap();
        let prepared =
            ca::prepare(&profile.valid_for(days).unwrap(), device, key.public(), serial, now, &self.devices).unwrap();
        (prepared.issue(&self.devices_key).unwrap(), key)
    }

    /// Two certificates for one device with one serial number, as a stolen issuing key could make the second.
    pub(crate) fn twins(&self, device: &DeviceId, now: Timestamp) -> (ca::Issued, Keys) {
        let number = ca::fresh_serial(&self.random).unwrap();
        let mut fixed = |serial: &SerialNumber| {
            let _ = serial;
            Ok::<(), std::io::Error>(())
        };
        let sign = |serial| {
            let key = LeafKey::generate().unwrap();
            let profile = DeviceProfile::new(Host::new(CARE).unwrap(), LIST).unwrap();
            let prepared = ca::prepare(&profile, device, key.public(), serial, now, &self.devices).unwrap();
            (prepared.issue(&self.devices_key).unwrap(), key)
        };
        let repeat = Repeat(number);
        let (recorded, _) = sign(ca::reserve(&repeat, &mut fixed).unwrap());
        let (other, key) = sign(ca::reserve(&repeat, &mut fixed).unwrap());
        assert_eq!(recorded.serial(), other.serial());
        let keys = self.keys(&other, &key, &self.devices);
        (recorded, keys)
    }

    fn keys(&self, issued: &ca::Issued, key: &LeafKey, issuing: &Issuing) -> Keys {
        Keys {
            chain: vec![CertificateDer::from(issued.der().to_vec()), CertificateDer::from(issuing.der().to_vec())],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8_der().to_vec())),
        }
    }

    pub(super) fn server(&self, now: Timestamp) -> Arc<CertifiedKey> {
        let key = LeafKey::generate().unwrap();
        let hosts = vec![Host::new(CARE).unwrap(), Host::new(PUBLIC).unwrap()];
        let profile = ServerProfile::new(hosts, Vec::new()).unwrap();
        let serial = ca::reserve(&self.random, &mut recorded).unwrap();
        let prepared = ca::prepare_server(&profile, key.public(), serial, now, &self.servers).unwrap();
        let issued = prepared.issue(&self.servers_key).unwrap();
        let keys = self.keys(&issued, &key, &self.servers);
        let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&keys.key).unwrap();
        Arc::new(CertifiedKey::new(keys.chain, signing))
    }
}

/// "Random" octets that are always the same.
struct Repeat(SerialNumber);

impl ca::Random for Repeat {
    fn fill(&self, octets: &mut [u8]) -> Result<(), ca::Refused> {
        for (octet, given) in octets.iter_mut().zip(self.0.octets().iter().cycle()) {
            *octet = *given;
        }
        Ok(())
    }
}

fn recorded(_: &SerialNumber) -> Result<(), std::io::Error> {
    Ok(())
}
