//! The octets of a certificate are public: they are no proof that somebody holds its key.
use gateway::tls::device::{Presented, VerifiedDevice};
use rustls::pki_types::CertificateDer;

pub fn device(leaf: &CertificateDer<'_>, snapshot: &registry::Snapshot, now: model::Timestamp) -> VerifiedDevice {
    Presented::read(leaf).unwrap().verify(snapshot, now).unwrap()
}
