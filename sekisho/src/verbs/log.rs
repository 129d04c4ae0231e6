//! `registry log`: who did what to whom, when and why, from the registry's journal.

use model::{DeviceId, FacilityId, PersonId, SerialNumber, Target, Timestamp, UserId, UserKey};
use registry::{Generation, Logged, Snapshot};
use serde_json::json;

use super::{Desk, sought};
use crate::cli::Registry;
use crate::cli::log::RegistryLog;
use crate::error::Error;
use crate::ids;
use crate::output::{self, listed};

pub(super) fn run(desk: &Desk, verb: &Registry) -> Result<(), Error> {
    let Registry::Log(log) = verb;
    let wanted = Wanted::read(&desk.snapshot(), log)?;
    let (mut shown, mut before): (usize, Option<Generation>) = (0, None);
    loop {
        let found = desk.registry.log(before)?;
        let Some(oldest) = found.last() else {
            if shown == 0 {
                let unknown = sought::unknown(&desk.snapshot(), wanted.named());
                output::nothing(format_args!("no entry of the registry is as asked for{unknown}"));
            }
            return Ok(());
        };
        before = Some(oldest.generation);
        for logged in found.iter().filter(|logged| wanted.is_met_by(logged)) {
            if shown == log.limit {
                output::more(true);
                return Ok(());
            }
            say(desk, logged)?;
            shown = shown.saturating_add(1);
        }
    }
}

/// What is looked for: every condition given must hold.
struct Wanted {
    person: Option<PersonId>,
    user: Option<Who>,
    device: Option<(DeviceId, Vec<SerialNumber>)>,
    facility: Option<FacilityId>,
    by: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// A user with everything done under the user IDs, or one user ID.
struct Who {
    user: Option<UserKey>,
    user_ids: Vec<UserId>,
}

impl Wanted {
    /// What a journal's entry does not say, such as whose a certificate is, is taken from the state of now.
    fn read(snapshot: &Snapshot, log: &RegistryLog) -> Result<Self, Error> {
        let device: Option<DeviceId> = log.device.as_deref().map(ids::parse).transpose()?;
        Ok(Self {
            person: log.person.as_deref().map(ids::parse).transpose()?,
            user: log.user.as_deref().map(|text| who(snapshot, text)).transpose()?,
            device: device.map(|device| {
                let serials = snapshot.certificates_of(&device).map(|known| known.serial).collect();
                (device, serials)
            }),
            facility: log.facility.as_deref().map(ids::parse).transpose()?,
            by: log.by.clone(),
            from: log.from,
            to: log.to,
        })
    }

    /// Whom and what it names; a user is known, or the search would not have begun.
    fn named(&self) -> Vec<Target> {
        let person = self.person.clone().map(Target::Person);
        let device = self.device.as_ref().map(|(device, _)| Target::Device(device.clone()));
        let facility = self.facility.clone().map(Target::Facility);
        [person, device, facility].into_iter().flatten().collect()
    }

    fn is_met_by(&self, logged: &Logged) -> bool {
        let named = &logged.concerns;
        let by = |wanted: &String| *wanted == logged.by.to_string() || *wanted == logged.by.name;
        let device = |(device, serials): &(DeviceId, Vec<SerialNumber>)| {
            named.devices.contains(device) || serials.iter().any(|serial| named.serials.contains(serial))
        };
        let user = |who: &Who| {
            who.user.as_ref().is_some_and(|user| named.users.contains(user))
                || who.user_ids.iter().any(|user_id| named.user_ids.contains(user_id))
        };
        self.person.as_ref().is_none_or(|person| named.persons.contains(person))
            && self.user.as_ref().is_none_or(user)
            && self.device.as_ref().is_none_or(device)
            && self.facility.as_ref().is_none_or(|facility| named.facilities.contains(facility))
            && self.by.as_ref().is_none_or(by)
            && self.from.is_none_or(|from| logged.at >= from)
            && self.to.is_none_or(|to| logged.at < to)
    }
}

fn who(snapshot: &Snapshot, text: &str) -> Result<Who, Error> {
    if let Some(known) = UserId::new(text).ok().and_then(|id| snapshot.user_id(&id)) {
        return Ok(Who { user: None, user_ids: vec![known.id.clone()] });
    }
    let user: UserKey = ids::parse(text)?;
    let known =
        snapshot.user(&user).ok_or_else(|| Error::usage(format_args!("there is no user ID and no user `{text}`")))?;
    let user_ids = snapshot.user_ids_of(&known.key).map(|known| known.id.clone()).collect();
    Ok(Who { user: Some(user), user_ids })
}

fn say(desk: &Desk, logged: &Logged) -> Result<(), Error> {
    let Logged { generation, at, by, command, concerns, reasons } = logged;
    let users = texts("user", &concerns.users).chain(texts("user-id", &concerns.user_ids));
    let things = texts("device", &concerns.devices).chain(texts("certificate", &concerns.serials));
    let places = texts("facility", &concerns.facilities).chain(texts("person", &concerns.persons));
    let whom: Vec<String> = users.chain(things).chain(places).collect();
    let whom = if whom.is_empty() { String::new() } else { format!("  {}", listed(&whom)) };
    let why = if reasons.is_empty() { String::new() } else { format!("  because: {}", listed(reasons)) };
    desk.say(
        format_args!("{}  #{generation}  {by}  {command}{whom}{why}", at.to_jst()),
        &json!({
            "generation": generation.get(), "at": at.to_string(), "by": by.to_string(), "command": command.as_str(),
            "users": plain(&concerns.users), "user_ids": plain(&concerns.user_ids),
            "devices": plain(&concerns.devices), "serials": plain(&concerns.serials),
            "facilities": plain(&concerns.facilities), "persons": plain(&concerns.persons), "reasons": reasons,
        }),
    )
}

fn texts<'a, T: ToString + 'a>(
    kind: &'a str,
    named: impl IntoIterator<Item = &'a T> + 'a,
) -> impl Iterator<Item = String> {
    named.into_iter().map(move |one| format!("{kind}:{}", one.to_string()))
}

fn plain<'a, T: ToString + 'a>(named: impl IntoIterator<Item = &'a T>) -> Vec<String> {
    named.into_iter().map(ToString::to_string).collect()
}
