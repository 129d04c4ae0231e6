//! The invented city of the stand-in store, entered into a registry by the commands that clerks give.

use model::{Author, DeviceId, FacilityId, Office, PersonId, Profession, TeamRole, Timestamp, UserId, UserKey};
use registry::{
    Administrator, Command, ConsentForm, Eligibility, EligibilityKind, FacilityDetails, FacilityKind, GivenBy, Registry,
};
use serde_json::Value;

/// What `backend-stub/data/city.json` says.
pub(crate) fn city() -> Value {
    let path = crate::house::root().join("backend-stub/data/city.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn clerk() -> Author {
    Author::new(Office::CityClerk, "clerk-abe")
}

pub(crate) fn officer(name: &str) -> Author {
    Author::new(Office::CityOfficer, name)
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value, field: &str) -> T {
    text(value, field).parse().unwrap()
}

fn time(value: &Value, field: &str) -> Option<Timestamp> {
    value[field].as_str().map(|text| Timestamp::parse(text).unwrap())
}

fn octets(hex: &str) -> [u8; 32] {
    let octets: Vec<u8> =
        (0..hex.len()).step_by(2).map(|start| u8::from_str_radix(&hex[start..start + 2], 16).unwrap()).collect();
    octets.try_into().unwrap()
}

/// Enters the whole city. Gives the first passwords, by user ID.
pub(crate) fn enter(registry: &Registry) -> Vec<(UserId, String)> {
    let city = city();
    let list = |name: &str| city[name].as_array().unwrap().clone();
    let start = Timestamp::parse("2025-04-01T00:00:00+09:00").unwrap();
    let run = |command: Command| registry.execute(command, clerk(), start).unwrap();
    for facility in list("facilities") {
        let details = FacilityDetails {
            name: text(&facility, "name"),
            address: text(&facility, "address"),
            phone: text(&facility, "phone"),
            kind: FacilityKind::parse(&text(&facility, "kind")).unwrap(),
            publish_consent: facility["publish_consent"].as_bool().unwrap(),
        };
        let administrator = Administrator {
            key: id::<UserKey>(&facility["administrator"], "key"),
            name: text(&facility["administrator"], "name"),
        };
        let facility: FacilityId = id(&facility, "id");
        run(Command::RegisterFacility { facility: facility.clone(), details, administrator });
        run(Command::ApproveFacility { facility, reason: "適".to_owned() });
    }
    for user in list("users") {
        run(Command::RegisterUser { user: id(&user, "key"), name: text(&user, "name") });
    }
    let mut passwords = Vec::new();
    for user_id in list("user_ids") {
        let executed = run(Command::GrantUserId {
            user_id: id(&user_id, "id"),
            user: id(&user_id, "user"),
            facility: id(&user_id, "facility"),
            profession: Profession::parse(&text(&user_id, "profession")).unwrap(),
            recognised_by: user_id["recognised_by"].as_str().map(str::to_owned),
        });
        passwords.push((id(&user_id, "id"), first_password(&executed)));
    }
    for device in list("devices") {
        run(Command::RegisterDevice {
            device: id::<DeviceId>(&device, "id"),
            label: text(&device, "label"),
            facility: id(&device, "facility"),
            holder: id(&device, "holder"),
        });
    }
    for person in list("persons") {
        let eligibility = &person["eligibility"];
        run(Command::RegisterPerson {
            person: id::<PersonId>(&person, "id"),
            name: text(&person, "name"),
            area: text(&person, "area"),
            eligibility: Eligibility {
                kind: EligibilityKind::parse(&text(eligibility, "kind")).unwrap(),
                municipality: text(eligibility, "municipality"),
                from: time(eligibility, "from").unwrap(),
                until: time(eligibility, "until"),
            },
        });
    }
    for consent in list("consents") {
        let person: PersonId = id(&consent, "person");
        run(Command::GiveConsent {
            person: person.clone(),
            form: ConsentForm {
                store: consent["store"].as_bool().unwrap(),
                share: consent["share"].as_bool().unwrap(),
                disaster: consent["disaster"].as_bool().unwrap(),
                given_by: GivenBy::parse(&text(&consent, "given_by")).unwrap(),
                reason: consent["reason"].as_str().map(str::to_owned),
                signed_at: time(&consent, "signed_at").unwrap(),
                received_at: time(&consent, "received_at").unwrap(),
                form_hash: consent["form_hash"].as_str().map(octets),
            },
        });
        if consent["state"] == "support-stopped" {
            run(Command::WithdrawConsent { person, reason: text(&consent, "withdrawal") });
        }
    }
    for membership in list("memberships") {
        run(Command::JoinTeam {
            person: id(&membership, "person"),
            user: id(&membership, "user"),
            role: TeamRole::parse(&text(&membership, "role")).unwrap(),
            facility: membership["facility"].as_str().map(|facility| facility.parse().unwrap()),
            from: time(&membership, "from").unwrap(),
            until: time(&membership, "until"),
        });
    }
    for facility in list("facilities").iter().filter(|facility| facility["state"] == "closed") {
        run(Command::CloseFacility { facility: id(facility, "id"), reason: "廃止届".to_owned() });
    }
    passwords
}

/// The first password that a grant gave out.
pub(crate) fn first_password(executed: &registry::Executed) -> String {
    executed.secrets.first_password.as_ref().expect("a first password").to_string()
}
