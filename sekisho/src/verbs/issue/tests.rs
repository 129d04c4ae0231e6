//! What the registry records of a certificate is what the authority says of it.

use ca::LeafKey;
use model::{Office, UserKey};
use registry::{Administrator, Command, FacilityDetails};

use super::*;
use crate::init::{Plan, init};
use crate::secrets::Secret;
use crate::settings::Settings;
use crate::verbs::open_registry;

const BEGUN: &str = "2026-11-23T14:05:00.250+09:00";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A folder as `init` makes it, with one device of one facility.
struct City {
    settings: Settings,
    registry: Registry,
    authority: Authority,
    _folder: tempfile::TempDir,
}

impl City {
    fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            city: "Joto City".to_owned(),
            care_host: "care.example".to_owned(),
            public_host: "www.example".to_owned(),
            port_base: 9443,
            list_url: None,
            postgres: None,
            witnesses: vec![],
        };
        let secret = Secret::new("correct horse battery".to_owned().into());
        let passphrase = secret.passphrase().unwrap();
        let made = init(&folder.path().join("sekisho"), &plan, (&passphrase, &passphrase), at(BEGUN)).unwrap();
        let settings = Settings::load(&made.settings).unwrap();
        let (registry, _) = open_registry(&settings).unwrap();
        let authority = Authority::load(authority::settings(&settings).unwrap(), || Ok(secret)).unwrap();
        let facility: model::FacilityId = "F-1".parse().unwrap();
        let details = FacilityDetails {
            name: "Minato Home Nursing".to_owned(),
            address: "1-1".to_owned(),
            phone: "0000-00-0000".to_owned(),
            kind: registry::FacilityKind::ALL[0],
            publish_consent: true,
        };
        let holder: UserKey = "K-1".parse().unwrap();
        let administrator = Administrator { key: holder.clone(), name: "Sato".to_owned() };
        for command in [
            Command::RegisterFacility { facility: facility.clone(), details, administrator },
            Command::ApproveFacility { facility: facility.clone(), reason: "in order".to_owned() },
            Command::RegisterUser { user: holder.clone(), name: "Sato".to_owned() },
            Command::GrantUserId {
                user_id: "U-1".parse().unwrap(),
                user: holder.clone(),
                facility: facility.clone(),
                profession: model::Profession::Nurse,
                recognised_by: None,
            },
            Command::RegisterDevice { device: device(), label: "tablet".to_owned(), facility, holder },
        ] {
            registry.execute(command, author(), at(BEGUN)).unwrap();
        }
        Self { settings, registry, authority, _folder: folder }
    }

    fn issue(&self, now: &str) -> Result<Issued, Error> {
        self.issue_into(now, |_| Ok(())).map(|(issued, ())| issued)
    }

    fn issue_into(
        &self,
        now: &str,
        hand_out: impl FnOnce(&Issued) -> Result<(), Error>,
    ) -> Result<(Issued, ()), Error> {
        let key = LeafKey::generate().unwrap();
        let (device, author) = (device(), author());
        let (days, assurance) = (180, Assurance::Container);
        let order = Order { device: &device, key: key.public(), days, assurance, author: &author, now: at(now) };
        issue(&self.settings, &self.registry, &self.authority, &order, hand_out)
    }
}

fn device() -> DeviceId {
    "D-1".parse().unwrap()
}

fn author() -> Author {
    Author::new(Office::CityClerk, "Sato")
}

#[test]
fn the_registry_has_the_certificates_own_dates_and_fingerprint() {
    let city = City::build();
    // In the middle, and where the authority's own end cuts it short.
    for now in [BEGUN, "2027-01-01T00:00:00.999Z", "2029-10-01T00:00:00Z"] {
        let issued = city.issue(now).unwrap();
        let snapshot = city.registry.snapshot();
        let recorded = snapshot.certificate(&issued.serial()).unwrap();
        assert_eq!(recorded.not_before, issued.not_before(), "{now}");
        assert_eq!(recorded.not_after, issued.not_after().plus_seconds(1), "half-open: {now}");
        assert_eq!(recorded.fingerprint, Some(issued.fingerprint()));
    }
}

#[test]
fn an_authority_that_is_not_valid_costs_no_serial_number() {
    let city = City::build();
    // A clock that was set back, and an authority whose three years are over.
    for outside in ["2026-11-22T00:00:00Z", "2029-12-01T00:00:00Z"] {
        let refused = city.issue(outside).unwrap_err();
        assert!(matches!(refused, Error::Authority { .. }), "{outside}: {refused}");
        assert_eq!(city.registry.snapshot().certificates_of(&device()).count(), 0, "{outside}");
    }
}

#[test]
fn what_cannot_be_handed_out_never_opens() {
    let city = City::build();
    let mut number = None;
    let failed = city.issue_into(BEGUN, |issued| {
        number = Some(issued.serial());
        let known = city.registry.snapshot();
        assert_eq!(known.certificate(&issued.serial()).unwrap().fingerprint, None, "handed out before it is recorded");
        Err(Error::usage("the disk is full"))
    });
    let (number, said) = (number.unwrap(), crate::error::with_causes(&failed.unwrap_err()));
    assert!(said.contains(&number.to_string()) && said.contains("the disk is full"), "{said}");
    let snapshot = city.registry.snapshot();
    assert_eq!(snapshot.certificate(&number).unwrap().state, model::lifecycle::certificate::State::Abandoned);
}
