//! The authorities: one root, kept offline; under it issuing authorities, each for terminals or for servers.
//!
//! ```text
//! root (P-384, 20 years, path length 1)
//!  |- issuing, devices (P-256, 3 years, path length 0, clientAuth only)  -> terminals
//!  `- issuing, servers (P-256, 3 years, path length 0, serverAuth only)  -> the gateway's and console's own
//! ```
//!
//! Who trusts terminals trusts the devices' issuing certificate only, so that nothing issued for servers gets in. No
//! name constraints on the URI host: rustls-webpki refuses constraints of that kind instead of checking them.

use std::sync::Arc;

use model::{SerialNumber, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use crate::error::{Refused, cut};
use crate::key::{IssuingKey, RootKey, pem};
use crate::lint::lint;
use crate::name::AuthorityName;
use crate::pair::Blank;
use crate::plan::{IssuerView, Kind, Plan};
use crate::prepare::{Issued, Prepared, end_of};
use crate::profile::{BACKDATED_SECONDS, DAY_SECONDS};
use crate::public_key::{KeyKind, PublicKey, hex};
use crate::serial::RecordedSerial;

/// The root's validity, in days: 20 years.
pub(crate) const ROOT_DAYS: i64 = 7305;
/// An issuing authority's validity, in days: 3 years; a new one is made every year.
pub(crate) const ISSUING_DAYS: i64 = 1095;

/// What an issuing authority issues for. Stands in its certificate as the extended key usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Terminals: client authentication.
    Devices,
    /// Our own servers.
    Servers,
}

impl Purpose {
    /// One word for messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Servers => "servers",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Devices => Kind::IssuingDevices,
            Self::Servers => Kind::IssuingServers,
        }
    }
}

/// What all authorities have: a checked certificate and what is read from it.
#[derive(Clone, Debug)]
struct Authority {
    der: Vec<u8>,
    pem: String,
    subject_der: Vec<u8>,
    common_name: String,
    serial: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
    key: PublicKey,
    /// Read once, for every certificate that is written in its name.
    writer: Arc<rcgen::Issuer<'static, Blank>>,
}

macro_rules! accessors {
    () => {
        /// The certificate in DER.
        #[must_use]
        pub fn der(&self) -> &[u8] {
            &self.authority.der
        }

        /// The certificate in PEM.
        #[must_use]
        pub fn pem(&self) -> &str {
            &self.authority.pem
        }

        /// SHA-256 of the DER, in lower-case hexadecimal: what the city reads out and compares.
        #[must_use]
        pub fn fingerprint_sha256(&self) -> String {
            hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.authority.der).as_ref())
        }

        /// The common name.
        #[must_use]
        pub fn common_name(&self) -> &str {
            &self.authority.common_name
        }

        /// The certificate's serial number.
        #[must_use]
        pub fn serial(&self) -> SerialNumber {
            self.authority.serial
        }

        /// First second of validity.
        #[must_use]
        pub fn not_before(&self) -> Timestamp {
            self.authority.not_before
        }

        /// Last second of validity.
        #[must_use]
        pub fn not_after(&self) -> Timestamp {
            self.authority.not_after
        }

        /// The public key.
        #[must_use]
        pub fn public_key(&self) -> &PublicKey {
            &self.authority.key
        }
    };
}

/// The root's certificate.
#[derive(Clone, Debug)]
pub struct Root {
    authority: Authority,
}

/// An issuing authority's certificate, signed by the root it was read with.
#[derive(Clone, Debug)]
pub struct Issuing {
    authority: Authority,
    purpose: Purpose,
}

impl Root {
    /// Makes the self-signed root: P-384, 20 years from five minutes before `now`, path length 1. Its number is recorded
    /// like every other's, before the signature (promise P10):
    ///
    /// ```compile_fail,E0308
    /// # fn stranger(name: ca::AuthorityName, key: ca::RootKey, now: model::Timestamp) {
    /// let number = ca::fresh_serial(&ca::SystemRandom::new()).unwrap();
    /// ca::Root::create(&name, &key, number, now);
    /// # }
    /// ```
    ///
    /// # Errors
    /// The crypto library failed, or the lint found something.
    pub fn create(
        name: &AuthorityName,
        key: &RootKey,
        serial: RecordedSerial,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let not_before = now.plus_seconds(-BACKDATED_SECONDS);
        let not_after = end_of(not_before, ROOT_DAYS);
        let public = key.public();
        let plan = Plan {
            kind: Kind::Root,
            serial: serial.number(),
            organization: Some(name.organization().to_owned()),
            common_name: name.common_name().to_owned(),
            not_before,
            not_after,
            alt_names: vec![],
            list_url: None,
            access: None,
            assurance: None,
            issuer: IssuerView {
                writer: None,
                // Its own subject: the lint holds the two equal.
                subject_der: vec![],
                key_identifier: public.identifier(),
                key_kind: public.kind(),
                not_after,
            },
            key: public.clone(),
        };
        let issued = Prepared::from_plan(plan, name.common_name(), &public)?.issue_with(key.pair())?;
        Self::read(issued.der())
    }

    /// Reads a root from PEM or DER and holds it to the root's profile, its own signature included. Whether it is
    /// *the* root is for the caller to know, by its fingerprint.
    ///
    /// # Errors
    /// Unreadable, or not a root as this crate makes them.
    pub fn read(given: &[u8]) -> Result<Self, Refused> {
        let authority = Authority::read(given, None)?.0;
        Ok(Self { authority })
    }

    /// Its name, as it stands in what it signs.
    pub(crate) fn subject_der(&self) -> &[u8] {
        &self.authority.subject_der
    }

    accessors!();
}

impl Issuing {
    /// Whether it can certify anything at `now`: valid, with a day left. For whoever takes a number first, so that none is taken
    /// for what would be refused anyway.
    ///
    /// # Errors
    /// It cannot.
    pub fn certifies(&self, now: Timestamp) -> Result<(), Refused> {
        self.valid_until(self.not_after().plus_seconds(-DAY_SECONDS), now)
    }

    /// The same for lists, which it signs to the end.
    ///
    /// # Errors
    /// It cannot.
    pub fn signs_lists(&self, now: Timestamp) -> Result<(), Refused> {
        self.valid_until(self.not_after(), now)
    }

    fn valid_until(&self, until: Timestamp, now: Timestamp) -> Result<(), Refused> {
        let from = self.not_before();
        if now < from || now > until {
            return Err(Refused::IssuerNotValid { issuer: self.common_name().to_owned(), from, until });
        }
        Ok(())
    }

    /// [`Self::certify`] for a key at hand.
    ///
    /// # Errors
    /// As there.
    pub fn create(
        purpose: Purpose,
        name: &AuthorityName,
        key: &IssuingKey,
        serial: RecordedSerial,
        now: Timestamp,
        root: &Root,
        root_key: &RootKey,
    ) -> Result<Self, Refused> {
        Self::certify(purpose, name, &key.public(), serial, now, root, root_key)
    }

    /// Has the root certify an issuing authority: P-256, 3 years from five minutes before `now` but not beyond the root,
    /// path length 0.
    ///
    /// # Errors
    /// The key is not on P-256, the root is not valid at `now`, the root's key is another, or the lint found something.
    pub fn certify(
        purpose: Purpose,
        name: &AuthorityName,
        key: &PublicKey,
        serial: RecordedSerial,
        now: Timestamp,
        root: &Root,
        root_key: &RootKey,
    ) -> Result<Self, Refused> {
        if key.kind() != KeyKind::P256 {
            return Err(Refused::KeyKind { wanted: KeyKind::P256.as_str() });
        }
        let (from, until) = (root.not_before(), root.not_after());
        if now < from || now > until {
            return Err(Refused::IssuerNotValid { issuer: root.common_name().to_owned(), from, until });
        }
        let not_before = now.plus_seconds(-BACKDATED_SECONDS).max(from);
        let plan = Plan {
            kind: purpose.kind(),
            serial: serial.number(),
            organization: Some(name.organization().to_owned()),
            common_name: name.common_name().to_owned(),
            not_before,
            not_after: end_of(not_before, ISSUING_DAYS).min(until),
            alt_names: vec![],
            list_url: None,
            access: None,
            assurance: None,
            key: key.clone(),
            issuer: root.authority.view(),
        };
        let prepared = Prepared::from_plan(plan, root.common_name(), root.public_key())?;
        let issued: Issued = prepared.issue_with(root_key.pair())?;
        Self::read(issued.der(), root)
    }

    /// Reads an issuing authority from PEM or DER, holds it to its profile, and checks the root's signature.
    ///
    /// # Errors
    /// Unreadable, not as this crate makes them, or not signed by `root`.
    pub fn read(given: &[u8], root: &Root) -> Result<Self, Refused> {
        let (authority, kind) = Authority::read(given, Some(&root.authority))?;
        let purpose = if kind == Kind::IssuingServers { Purpose::Servers } else { Purpose::Devices };
        Ok(Self { authority, purpose })
    }

    /// What it issues for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The generation that serial numbers of its certificates name, 1 to 127: the year in which it was made, counted from
    /// 2000. A new one is made every year, and nothing is looked up by it: whoever has a list of numbers before him sees
    /// which of them end with an authority.
    #[must_use]
    pub fn epoch(&self) -> u8 {
        const YEAR_SECONDS: i64 = 31_556_952;
        const YEAR_2000: i64 = 946_684_800;
        let year = self.not_before().as_seconds().saturating_sub(YEAR_2000).div_euclid(YEAR_SECONDS);
        u8::try_from(year.clamp(1, 0x7f)).unwrap_or(0x7f)
    }

    /// Checks that `key` is this authority's: at start, before the first certificate needs it.
    ///
    /// # Errors
    /// It is another.
    pub fn check_key(&self, key: &IssuingKey) -> Result<(), Refused> {
        if key.public() == self.authority.key {
            Ok(())
        } else {
            Err(Refused::OtherKey { issuer: self.common_name().to_owned() })
        }
    }

    pub(crate) fn view(&self) -> IssuerView {
        self.authority.view()
    }

    accessors!();
}

impl Authority {
    /// Reads and checks; with no `issuer`, as a root.
    fn read(given: &[u8], issuer: Option<&Authority>) -> Result<(Self, Kind), Refused> {
        let wrong = |why: &str| Refused::Authority(why.to_owned());
        let der = if given.first() == Some(&0x30) {
            given.to_vec()
        } else {
            let (_, block) = x509_parser::pem::parse_x509_pem(given).map_err(|_| wrong("it is neither DER nor PEM"))?;
            if block.label != "CERTIFICATE" {
                return Err(wrong("the PEM block is no certificate"));
            }
            block.contents
        };
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| wrong("it is no X.509 certificate"))?;
        let for_servers = certificate.iter_extensions().any(|extension| {
            matches!(extension.parsed_extension(), ParsedExtension::ExtendedKeyUsage(usage) if usage.server_auth)
        });
        let kind = match (issuer, for_servers) {
            (None, _) => Kind::Root,
            (Some(_), true) => Kind::IssuingServers,
            (Some(_), false) => Kind::IssuingDevices,
        };
        let text = |found: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>| {
            found.and_then(|attribute| attribute.as_str().ok()).map(str::to_owned)
        };
        let subject = certificate.subject();
        let at = |time: &x509_parser::time::ASN1Time| Timestamp::from_millis(time.timestamp().saturating_mul(1000));
        let key = PublicKey::read(certificate.public_key())?;
        let writer = rcgen::Issuer::from_ca_cert_der(&der.as_slice().into(), Blank::of(key.kind())?)
            .map_err(|_| wrong("it cannot be read as an issuer"))?;
        let own = Self {
            writer: Arc::new(writer),
            pem: pem("CERTIFICATE", &der)?,
            subject_der: subject.as_raw().to_vec(),
            common_name: text(subject.iter_common_name().next()).ok_or_else(|| wrong("it has no common name"))?,
            serial: SerialNumber::from_octets(certificate.tbs_certificate.raw_serial())
                .map_err(|_| wrong("its serial number is not allowed"))?,
            not_before: at(&certificate.validity().not_before),
            not_after: at(&certificate.validity().not_after),
            key,
            der: der.clone(),
        };
        let signer = issuer.unwrap_or(&own);
        // What it says, held against what an authority of this kind may say: the same lint as before signing.
        let plan = Plan {
            kind,
            serial: own.serial,
            organization: text(subject.iter_organization().next()),
            common_name: own.common_name.clone(),
            not_before: own.not_before,
            not_after: own.not_after,
            alt_names: vec![],
            list_url: None,
            access: None,
            assurance: None,
            key: own.key.clone(),
            issuer: signer.view(),
        };
        let findings = lint(&plan, &der);
        if !findings.is_empty() {
            return Err(Refused::Lint(findings));
        }
        let body = certificate.tbs_certificate.as_ref();
        if !signer.key.signed(&der, body, &certificate.signature_algorithm, &certificate.signature_value) {
            return Err(Refused::Authority(format!("it is not signed by `{}`", cut(&signer.common_name))));
        }
        Ok((own, kind))
    }

    fn view(&self) -> IssuerView {
        IssuerView {
            writer: Some(Arc::clone(&self.writer)),
            subject_der: self.subject_der.clone(),
            key_identifier: self.key.identifier(),
            key_kind: self.key.kind(),
            not_after: self.not_after,
        }
    }
}
