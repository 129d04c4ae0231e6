//! What is kept is found again, and is only ever taken for what it is.

use rustls::pki_types::CertificateDer;

use super::Readings;
use crate::bounds::READINGS_MAX;
use crate::tls::device::Presented;
use crate::tls::profile::tests::unsigned;

#[test]
fn the_same_octets_are_read_once() {
    let readings = Readings::default();
    let leaf = CertificateDer::from(unsigned());
    assert!(readings.get(&leaf).is_none());
    let read = readings.read(&leaf).unwrap();
    assert!(readings.get(&leaf).is_none(), "reading alone keeps nothing: its chain may be bad");
    readings.keep(read);
    assert_eq!(readings.get(&leaf).unwrap().number(), Presented::read(&leaf).unwrap().number());
}

/// One octet less, more or otherwise, wherever it is, and it is another certificate.
#[test]
fn nothing_else_is_taken_for_it() {
    let readings = Readings::default();
    let leaf = unsigned();
    readings.keep(Presented::read(&CertificateDer::from(leaf.clone())).unwrap());
    for at in 0..leaf.len() {
        let mut other = leaf.clone();
        other[at] ^= 1;
        assert!(readings.get(&CertificateDer::from(other)).is_none(), "{at}");
        assert!(readings.get(&CertificateDer::from(leaf[..at].to_vec())).is_none(), "{at}");
        assert!(readings.get(&CertificateDer::from(leaf[at + 1..].to_vec())).is_none(), "{at}");
    }
    let longer = [leaf.as_slice(), &[0]].concat();
    assert!(readings.get(&CertificateDer::from(longer)).is_none());
    assert!(readings.get(&CertificateDer::from(leaf)).is_some());
}

/// However many certificates there are, so many are kept and no more.
#[test]
fn the_place_is_bounded() {
    assert_eq!(Readings::default().0.len(), READINGS_MAX);
}
