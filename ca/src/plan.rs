//! What a certificate shall say, in full: the one source for building it and for linting it.

use std::net::IpAddr;
use std::time::Duration;

use model::{SerialNumber, Timestamp};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, SanType,
};

use crate::error::Refused;
use crate::key::Pair;
use crate::public_key::{KeyKind, PublicKey};

/// Kinds of certificates that this authority makes. There is no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Root,
    IssuingDevices,
    IssuingServers,
    Device,
    Server,
}

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AltName {
    Uri(String),
    Dns(String),
    Address(IpAddr),
}

/// What the issuer puts into the certificates it signs.
#[derive(Clone, Debug)]
pub(crate) struct IssuerView {
    /// The issuer's certificate; none when the certificate is its own issuer.
    pub(crate) certificate: Option<Vec<u8>>,
    /// The issuer's subject, as it stands in its certificate.
    pub(crate) subject_der: Vec<u8>,
    pub(crate) key_identifier: Vec<u8>,
    pub(crate) key_kind: KeyKind,
    pub(crate) not_after: Timestamp,
}

/// A certificate to be. Times are cut to whole seconds when written.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) serial: SerialNumber,
    pub(crate) organization: Option<String>,
    pub(crate) common_name: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) alt_names: Vec<AltName>,
    pub(crate) list_url: Option<String>,
    pub(crate) key: PublicKey,
    pub(crate) issuer: IssuerView,
}

impl Plan {
    /// The plan in rcgen's terms.
    pub(crate) fn params(&self) -> Result<CertificateParams, Refused> {
        let calendar = |at: Timestamp| {
            let seconds = u64::try_from(at.as_seconds()).map_err(|_| Refused::Time("the time is before 1970"))?;
            // Cannot overflow: model's last point in time is in the year 9998, the calendar's in 9999.
            Ok::<_, Refused>(rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds))
        };
        let mut params = CertificateParams::default();
        params.not_before = calendar(self.not_before)?;
        params.not_after = calendar(self.not_after)?;
        params.serial_number = Some(rcgen::SerialNumber::from_slice(self.serial.octets()));
        params.distinguished_name = DistinguishedName::new();
        if let Some(organization) = &self.organization {
            params.distinguished_name.push(DnType::OrganizationName, organization.as_str());
        }
        params.distinguished_name.push(DnType::CommonName, self.common_name.as_str());
        params.subject_alt_names = self.alt_names.iter().map(alt_name).collect::<Result<_, _>>()?;
        params.key_identifier_method = KeyIdMethod::PreSpecified(self.key.identifier());
        params.use_authority_key_identifier_extension = self.kind != Kind::Root;
        params.crl_distribution_points =
            self.list_url.iter().map(|url| CrlDistributionPoint { uris: vec![url.clone()] }).collect();
        let authority = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let leaf = vec![KeyUsagePurpose::DigitalSignature];
        (params.is_ca, params.key_usages, params.extended_key_usages) = match self.kind {
            Kind::Root => (IsCa::Ca(BasicConstraints::Constrained(1)), authority, vec![]),
            // The extended key usage of an authority binds what it issues: a stolen server authority makes no terminals.
            Kind::IssuingDevices => {
                (IsCa::Ca(BasicConstraints::Constrained(0)), authority, vec![ExtendedKeyUsagePurpose::ClientAuth])
            }
            Kind::IssuingServers => {
                (IsCa::Ca(BasicConstraints::Constrained(0)), authority, vec![ExtendedKeyUsagePurpose::ServerAuth])
            }
            Kind::Device => (IsCa::ExplicitNoCa, leaf, vec![ExtendedKeyUsagePurpose::ClientAuth]),
            Kind::Server => (IsCa::ExplicitNoCa, leaf, vec![ExtendedKeyUsagePurpose::ServerAuth]),
        };
        Ok(params)
    }

    /// Signs `params` as this plan's issuer would, with `pair`: the issuer's own, or a throw-away one.
    pub(crate) fn sign(&self, params: &CertificateParams, pair: &Pair) -> Result<Vec<u8>, Refused> {
        let failed = |_| Refused::Crypto("writing a certificate");
        let signed = match &self.issuer.certificate {
            None => params.signed_by(&self.key.data(), &Issuer::from_params(params, pair)),
            Some(certificate) => {
                let issuer = Issuer::from_ca_cert_der(&certificate.as_slice().into(), pair).map_err(failed)?;
                params.signed_by(&self.key.data(), &issuer)
            }
        };
        Ok(signed.map_err(failed)?.der().to_vec())
    }
}

fn alt_name(name: &AltName) -> Result<SanType, Refused> {
    let ascii = |text: &str| {
        Ia5String::try_from(text).map_err(|_| Refused::Name { kind: "ASCII name", given: crate::error::cut(text) })
    };
    Ok(match name {
        AltName::Uri(uri) => SanType::URI(ascii(uri)?),
        AltName::Dns(host) => SanType::DnsName(ascii(host)?),
        AltName::Address(address) => SanType::IpAddress(*address),
    })
}
