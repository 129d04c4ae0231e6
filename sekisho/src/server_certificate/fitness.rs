//! Whether a pair can be shown to clients: looked at before it takes the place of one that works.

use std::sync::Arc;

use model::Timestamp;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Why a pair cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// A certificate of the chain cannot be read.
    #[error("certificate {0} of the chain cannot be read")]
    Unreadable(usize),
    /// It does not name a host.
    #[error("it does not name `{0}`")]
    Name(String),
    /// It is over, or has not begun.
    #[error("certificate {0} of the chain is valid from {1} to {2}")]
    Validity(usize, String, String),
    /// It may be used for something else only.
    #[error("it is for no server")]
    Usage,
    /// The next in the chain did not issue it: clients would find no way to whom they trust.
    #[error("certificate {0} of the chain is not issued by the next")]
    Chain(usize),
}

/// Proof: the key belongs to the certificate, which names all hosts, is valid now, and whose chain holds together.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub(crate) pair: Arc<CertifiedKey>,
    not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Fit {
    /// Looks at a pair whose halves are known to belong together ([`crate::secrets::server_key`]).
    pub(crate) fn check(pair: Arc<CertifiedKey>, hosts: &[&str], now: Timestamp) -> Result<Self, Unfit> {
        let read = |(at, der): (usize, &'_ CertificateDer<'static>)| match X509Certificate::from_der(der) {
            Ok(([], read)) => Ok(read.validity().clone()),
            _ => Err(Unfit::Unreadable(at + 1)),
        };
        let validities = pair.cert.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        let leaf = pair.cert.first().ok_or(Unfit::Unreadable(1))?;
        hosts.iter().try_for_each(|host| names(leaf, host))?;
        for (at, validity) in validities.iter().enumerate() {
            let [from, to] = [&validity.not_before, &validity.not_after].map(|time| at_seconds(time.timestamp()));
            if now < from || to < now {
                return Err(Unfit::Validity(at + 1, from.to_jst_minutes(), to.to_jst_minutes()));
            }
        }
        usable(leaf)?;
        holds_together(&pair.cert)?;
        let leafs = validities.first().ok_or(Unfit::Unreadable(1))?;
        let (not_before, not_after) = (leafs.not_before.timestamp(), leafs.not_after.timestamp());
        Ok(Self { not_before: at_seconds(not_before), not_after: at_seconds(not_after), pair })
    }

    /// From when on the next one is fetched: two thirds of its time are over.
    pub(crate) fn renew_at(&self) -> Timestamp {
        let (from, to) = (self.not_before.as_seconds(), self.not_after.as_seconds());
        self.not_before.plus_seconds(to.saturating_sub(from) / 3 * 2)
    }
}

fn at_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

fn names(leaf: &CertificateDer<'_>, host: &str) -> Result<(), Unfit> {
    let unnamed = || Unfit::Name(host.to_owned());
    let parsed = ParsedCertificate::try_from(leaf).map_err(|_| Unfit::Unreadable(1))?;
    let name = ServerName::try_from(host).map_err(|_| unnamed())?;
    verify_server_name(&parsed, &name).map_err(|_| unnamed())
}

/// RFC 5280 4.2.1.12: where purposes are named, this one must be among them.
fn usable(leaf: &CertificateDer<'_>) -> Result<(), Unfit> {
    let (_, read) = X509Certificate::from_der(leaf).map_err(|_| Unfit::Unreadable(1))?;
    let purposes = read.extended_key_usage().map_err(|_| Unfit::Unreadable(1))?;
    if purposes.is_none_or(|purposes| purposes.value.server_auth || purposes.value.any) {
        Ok(())
    } else {
        Err(Unfit::Usage)
    }
}

fn holds_together(chain: &[CertificateDer<'_>]) -> Result<(), Unfit> {
    for (at, (one, next)) in chain.iter().zip(chain.iter().skip(1)).enumerate() {
        let (_, one) = X509Certificate::from_der(one).map_err(|_| Unfit::Unreadable(at + 1))?;
        let (_, next) = X509Certificate::from_der(next).map_err(|_| Unfit::Unreadable(at + 2))?;
        let named = one.issuer().as_raw() == next.subject().as_raw();
        if !named || one.verify_signature(Some(next.public_key())).is_err() {
            return Err(Unfit::Chain(at + 1));
        }
    }
    Ok(())
}
