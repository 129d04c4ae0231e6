//! The demo's city: what `city.json` says, given to the registry as commands, at the times it says.
//!
//! The file belongs to the stand-in store (`backend-stub/data/README.md` has its fields): both sides of one synthetic
//! city lie together.

use ca::Zeroizing;
use model::{Author, DeviceId, Office, Timestamp, UserId};
use registry::{Administrator, Command, ConsentForm, Eligibility, FacilityDetails, PasswordCheck, Registry};
use serde::Deserialize;

use crate::error::Error;
use crate::ids;

const CITY: &str = include_str!("../../../backend-stub/data/city.json");

/// The day the service began, in the story.
const BEGUN: &str = "2025-04-01T00:00:00+09:00";

#[derive(Deserialize)]
struct City {
    facilities: Vec<FacilityRow>,
    users: Vec<UserRow>,
    user_ids: Vec<UserIdRow>,
    devices: Vec<DeviceRow>,
    persons: Vec<PersonRow>,
    consents: Vec<ConsentRow>,
    memberships: Vec<MembershipRow>,
}

#[derive(Deserialize)]
struct FacilityRow {
    id: String,
    name: String,
    address: String,
    phone: String,
    kind: String,
    publish_consent: bool,
    administrator: AdministratorRow,
    state: String,
    applied_at: String,
    decided_at: String,
}

#[derive(Deserialize)]
struct AdministratorRow {
    key: String,
    name: String,
}

#[derive(Deserialize)]
struct UserRow {
    key: String,
    name: String,
}

#[derive(Deserialize)]
struct UserIdRow {
    id: String,
    user: String,
    facility: String,
    profession: String,
    recognised_by: Option<String>,
}

#[derive(Deserialize)]
struct DeviceRow {
    id: String,
    label: String,
    facility: String,
    holder: String,
    loaned_at: String,
    returned_at: Option<String>,
}

#[derive(Deserialize)]
struct PersonRow {
    id: String,
    name: String,
    area: String,
    eligibility: EligibilityRow,
}

#[derive(Deserialize)]
struct EligibilityRow {
    kind: String,
    municipality: String,
    from: String,
    until: Option<String>,
}

#[derive(Deserialize)]
struct ConsentRow {
    person: String,
    store: bool,
    share: bool,
    disaster: bool,
    given_by: String,
    reason: Option<String>,
    signed_at: String,
    received_at: String,
    withdrawal: Option<String>,
}

#[derive(Deserialize)]
struct MembershipRow {
    person: String,
    user: String,
    facility: String,
    role: String,
    from: String,
    until: Option<String>,
}

/// Who loads, and where to.
struct Loading<'a> {
    registry: &'a Registry,
    begun: Timestamp,
    clerk: Author,
}

/// Loads the city. All user IDs get this password, as if their users had set it. Gives the devices that are on loan.
pub(super) fn load(registry: &Registry, password: &str) -> Result<Vec<DeviceId>, Error> {
    let city: City = serde_json::from_str(CITY).map_err(Error::usage)?;
    let loading = Loading { registry, begun: time(BEGUN)?, clerk: Author::new(Office::CityClerk, "clerk-abe") };
    city.facilities.iter().try_for_each(|row| loading.facility_applies(row))?;
    city.facilities.iter().try_for_each(|row| loading.facility_is_approved(row))?;
    for row in &city.users {
        let command = Command::RegisterUser { user: ids::parse(&row.key)?, name: row.name.clone() };
        loading.act(loading.begun, command)?;
    }
    city.user_ids.iter().try_for_each(|row| loading.user_id(row, password))?;
    city.devices.iter().try_for_each(|row| loading.device(row))?;
    city.persons.iter().try_for_each(|row| loading.person(row))?;
    city.consents.iter().try_for_each(|row| loading.consent(row))?;
    city.memberships.iter().try_for_each(|row| loading.membership(row))?;
    // What ended since, in the order of time.
    let closed = city.facilities.iter().filter(|row| row.state == "closed");
    let ended = city.devices.iter().filter_map(|row| Some((row, row.returned_at.as_deref()?)));
    let mut last = loading.begun;
    for (row, at) in ended {
        last = last.max(time(at)?);
        let because = model::Cause::Returned;
        loading.act(last, Command::ReturnDevice { device: ids::parse(&row.id)?, because })?;
    }
    for row in closed {
        let command = Command::CloseFacility { facility: ids::parse(&row.id)?, reason: "廃業届".to_owned() };
        loading.act(last, command)?;
    }
    let live = city.devices.iter().filter(|row| row.returned_at.is_none());
    live.map(|row| ids::parse(&row.id)).collect()
}

impl Loading<'_> {
    fn act(&self, at: Timestamp, command: Command) -> Result<registry::Executed, Error> {
        Ok(self.registry.execute(command, self.clerk.clone(), at)?)
    }

    fn facility_applies(&self, row: &FacilityRow) -> Result<(), Error> {
        let details = FacilityDetails {
            name: row.name.clone(),
            address: row.address.clone(),
            phone: row.phone.clone(),
            kind: row.kind.parse().map_err(Error::usage)?,
            publish_consent: row.publish_consent,
        };
        let administrator =
            Administrator { key: ids::parse(&row.administrator.key)?, name: row.administrator.name.clone() };
        let facility = ids::parse(&row.id)?;
        let command = Command::RegisterFacility { facility, details, administrator };
        self.act(time(&row.applied_at)?, command).map(drop)
    }

    fn facility_is_approved(&self, row: &FacilityRow) -> Result<(), Error> {
        let command =
            Command::ApproveFacility { facility: ids::parse(&row.id)?, reason: "要件を満たす".to_owned() };
        self.act(time(&row.decided_at)?, command).map(drop)
    }

    /// Grants the user ID, and sets the password in the user's own name (art. 10-3).
    fn user_id(&self, row: &UserIdRow, password: &str) -> Result<(), Error> {
        let user_id: UserId = ids::parse(&row.id)?;
        let granted = self.act(
            self.begun,
            Command::GrantUserId {
                user_id: user_id.clone(),
                user: ids::parse(&row.user)?,
                facility: ids::parse(&row.facility)?,
                profession: row.profession.parse().map_err(Error::usage)?,
                recognised_by: row.recognised_by.clone(),
            },
        )?;
        let Some(first) = granted.secrets.first_password else {
            return Err(Error::usage(format_args!("no first password came with user ID {user_id}")));
        };
        let PasswordCheck::Right { verified: current, .. } = self.registry.verify_password(&user_id, &first) else {
            return Err(Error::usage(format_args!("the first password of user ID {user_id} is not right")));
        };
        let author = Author::new(Office::User, user_id.as_str());
        let new = Zeroizing::new(password.to_owned());
        self.registry.execute(Command::ChangePassword { current, new }, author, self.begun)?;
        Ok(())
    }

    fn device(&self, row: &DeviceRow) -> Result<(), Error> {
        let command = Command::RegisterDevice {
            device: ids::parse(&row.id)?,
            label: row.label.clone(),
            facility: ids::parse(&row.facility)?,
            holder: ids::parse(&row.holder)?,
        };
        self.act(time(&row.loaned_at)?.max(self.begun), command).map(drop)
    }

    fn person(&self, row: &PersonRow) -> Result<(), Error> {
        let eligibility = Eligibility {
            kind: row.eligibility.kind.parse().map_err(Error::usage)?,
            municipality: row.eligibility.municipality.clone(),
            from: time(&row.eligibility.from)?,
            until: row.eligibility.until.as_deref().map(time).transpose()?,
        };
        let (name, area) = (row.name.clone(), row.area.clone());
        let command = Command::RegisterPerson { person: ids::parse(&row.id)?, name, area, eligibility };
        self.act(self.begun, command).map(drop)
    }

    fn consent(&self, row: &ConsentRow) -> Result<(), Error> {
        let form = ConsentForm {
            store: row.store,
            share: row.share,
            disaster: row.disaster,
            given_by: row.given_by.parse().map_err(Error::usage)?,
            reason: row.reason.clone(),
            signed_at: time(&row.signed_at)?,
            received_at: time(&row.received_at)?,
            form_hash: None,
        };
        let person: model::PersonId = ids::parse(&row.person)?;
        self.act(self.begun, Command::GiveConsent { person: person.clone(), form })?;
        if let Some(reason) = &row.withdrawal {
            self.act(self.begun, Command::WithdrawConsent { person, reason: reason.clone() })?;
        }
        Ok(())
    }

    fn membership(&self, row: &MembershipRow) -> Result<(), Error> {
        let command = Command::JoinTeam {
            person: ids::parse(&row.person)?,
            user: ids::parse(&row.user)?,
            role: row.role.parse().map_err(Error::usage)?,
            facility: Some(ids::parse(&row.facility)?),
            from: time(&row.from)?,
            until: row.until.as_deref().map(time).transpose()?,
        };
        self.act(self.begun, command).map(drop)
    }
}

fn time(text: &str) -> Result<Timestamp, Error> {
    Timestamp::parse(text).map_err(Error::usage)
}
