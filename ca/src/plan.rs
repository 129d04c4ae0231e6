//! What a certificate shall say, in full: the one source for building it and for linting it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use model::{Assurance, SerialNumber, Timestamp};
use pkcs8::der::Tag;
use pkcs8::der::asn1::ObjectIdentifier;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, SanType,
};

use crate::asn1;
use crate::assurance::policy_octets;
use crate::authority::{Issuing, Purpose};
use crate::error::Refused;
use crate::pair::Blank;
use crate::prepare::validity;
use crate::public_key::{KeyKind, PublicKey};
use crate::serial::RecordedSerial;

/// Kinds of certificates that this authority makes. There is no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Root,
    IssuingDevices,
    IssuingServers,
    Device,
    Server,
    /// Signs OCSP answers for the devices' authority.
    Responder,
    /// Reads and signs messages of enrolment (RFC 8894), in RSA.
    Registrar,
}

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AltName {
    Uri(String),
    Dns(String),
    Address(IpAddr),
}

/// Where more about a certificate is to be had (RFC 5280 4.2.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The issuer's certificate.
    pub(crate) issuer: String,
    /// The OCSP responder.
    pub(crate) responder: String,
}

/// What the issuer puts into the certificates it signs.
#[derive(Clone, Debug)]
pub(crate) struct IssuerView {
    /// The issuer as its certificate has it, to write for; none when the certificate is its own issuer.
    pub(crate) writer: Option<Arc<Issuer<'static, Blank>>>,
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
    pub(crate) access: Option<Access>,
    /// Stands in the certificate as its policy.
    pub(crate) assurance: Option<Assurance>,
    pub(crate) key: PublicKey,
    pub(crate) issuer: IssuerView,
}

impl Plan {
    /// Of somebody who acts for the authority itself, for so many days: no terminal, and so no places and no level.
    pub(crate) fn of_delegate(
        (kind, common_name): (Kind, &str),
        days: u16,
        serial: &RecordedSerial,
        now: Timestamp,
        key: PublicKey,
        issuing: &Issuing,
    ) -> Result<Self, Refused> {
        let (not_before, not_after) = validity(days, now, issuing, Purpose::Devices)?;
        Ok(Self {
            kind,
            serial: serial.number(),
            organization: None,
            common_name: common_name.to_owned(),
            not_before,
            not_after,
            alt_names: vec![],
            list_url: None,
            access: None,
            assurance: None,
            key,
            issuer: issuing.view(),
        })
    }

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
        params.custom_extensions = self.further()?;
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
            Kind::Registrar => {
                (IsCa::ExplicitNoCa, vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment], vec![])
            }
            Kind::Responder => (IsCa::ExplicitNoCa, leaf, vec![ExtendedKeyUsagePurpose::OcspSigning]),
        };
        Ok(params)
    }

    /// The extensions that rcgen has no words for.
    fn further(&self) -> Result<Vec<CustomExtension>, Refused> {
        let mut further = vec![];
        if let Some(access) = &self.access {
            further.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access_der(access)?));
        }
        if let Some(assurance) = self.assurance {
            let policy = asn1::tlv(Tag::ObjectIdentifier, &[&policy_octets(assurance)])?;
            let policies = asn1::sequence(&[&asn1::sequence(&[&policy])?])?;
            further.push(CustomExtension::from_oid_content(&[2, 5, 29, 32], policies));
        }
        if self.kind == Kind::Responder {
            // id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1): who asks about a terminal need not ask about the responder.
            let null = asn1::tlv(Tag::Null, &[])?;
            further.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], null));
        }
        Ok(further)
    }

    /// `params` as the certificate of this plan's issuer, with a blank in place of the signature.
    pub(crate) fn write(&self, params: &CertificateParams) -> Result<Vec<u8>, Refused> {
        let key = self.key.data();
        let signed = match &self.issuer.writer {
            None => params.signed_by(&key, &Issuer::from_params(params, Blank::of(self.issuer.key_kind)?)),
            Some(issuer) => params.signed_by(&key, issuer.as_ref()),
        };
        let failed = |_| Refused::Crypto("writing a certificate");
        Ok(signed.map_err(failed)?.der().to_vec())
    }
}

/// AuthorityInfoAccessSyntax: a method each, and an address.
fn access_der(access: &Access) -> Result<Vec<u8>, Refused> {
    const RESPONDER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
    const ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");
    let one = |method, url: &str| {
        // uniformResourceIdentifier [6] of GeneralName.
        let url = asn1::tlv(asn1::plain(6), &[url.as_bytes()])?;
        asn1::sequence(&[&asn1::oid(method)?, &url])
    };
    asn1::sequence(&[&one(RESPONDER, &access.responder)?, &one(ISSUER, &access.issuer)?])
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
