//! `explain`: may this user, with this device, do this to this person's records? By which rule and article, and what
//! would change it. The same decision point as at the gate; nothing is recorded, nothing is changed.

mod next;

use std::sync::Arc;

use model::lifecycle::certificate;
use model::{Action, Authorship, Category, DeviceId, PersonId, RecordName, SerialNumber, Timestamp, UserId, UserKey};
use policy::{Explanation, Facts, Request, Rule, Said};
use registry::{Snapshot, UserIdRecord};
use serde_json::{Value, json};

use self::next::{Question, Step};
use super::Desk;
use super::policy::in_force;
use crate::cli::Explain;
use crate::error::Error;
use crate::ids;

pub(super) fn run(desk: &Desk, verb: &Explain) -> Result<(), Error> {
    let snapshot = match verb.as_of {
        Some(at) => Arc::new(desk.registry.as_of(at)?),
        None => desk.snapshot(),
    };
    let at = verb.as_of.unwrap_or_else(|| desk.now());
    let action: Action = verb.action.parse().map_err(Error::usage)?;
    let person: Option<PersonId> = verb.person.as_deref().map(ids::parse).transpose()?;
    let categories = categories(verb.category.as_deref(), person.is_some())?;
    let authorship: Authorship = verb.author_is.parse().map_err(Error::usage)?;
    let written_as = verb.written_as.as_deref().map(str::parse).transpose().map_err(Error::usage)?;
    let written_as: Authorship = written_as.unwrap_or(authorship);
    let said = Said { authorship, written_as, sensitive: verb.sensitive };
    let record = verb.record.as_deref().map(RecordName::new).transpose().map_err(Error::usage)?;
    let point = in_force(&snapshot)?;
    for user_id in user_ids(&snapshot, &verb.user)? {
        let user = snapshot.user_id(&user_id).ok_or_else(|| Error::usage(format_args!("there is no `{user_id}`")))?;
        let question = Question { snapshot: &snapshot, user, person: person.as_ref(), at };
        let serial = match certificate(&snapshot, verb, user, at)? {
            Shown::Certificate(serial) => serial,
            Shown::None(device) => {
                say_without_a_certificate(desk, &question, device.as_ref(), action, &categories)?;
                continue;
            }
        };
        let facts = snapshot.facts_of_record(&user_id, &serial, person.as_ref(), record.as_ref(), at);
        let facts = facts.map_err(Error::usage)?;
        let in_short = verb.category.is_none() && categories.len() > 1;
        // Of several categories, what is to be done stands once, below the last.
        let mut steps: Vec<Step> = Vec::new();
        for (place, category) in categories.iter().enumerate() {
            let declared = person.as_ref().is_some_and(|person| snapshot.emergency(&user_id, person, at).is_some());
            let request = Request::new(action, *category, at, said).with_break_glass(declared);
            let asked = Asked { request, facts: &facts, serial, generation: snapshot.generation().get() };
            let explanation = point.explain(&asked.request, &facts);
            let own = question.after(&explanation, &facts.device.device);
            steps.extend(own.iter().filter(|step| !steps.contains(step)).cloned().collect::<Vec<_>>());
            let shown = if !in_short || place + 1 == categories.len() { steps.as_slice() } else { &[] };
            asked.say(desk, &explanation, in_short, &own, shown)?;
        }
    }
    Ok(())
}

/// The category asked about, or every one that belongs to a person.
fn categories(given: Option<&str>, of_person: bool) -> Result<Vec<Category>, Error> {
    match given {
        Some(text) => {
            let category: Category = text.parse().map_err(Error::usage)?;
            if of_person == (category == Category::Directory) {
                return Err(Error::usage("`directory` belongs to no person, every other category to one"));
            }
            Ok(vec![category])
        }
        None if of_person => Ok(Category::ALL.iter().copied().filter(|one| *one != Category::Directory).collect()),
        None => Ok(vec![Category::Directory]),
    }
}

/// The user ID named, or every one of the user named that has not ended.
fn user_ids(snapshot: &Snapshot, text: &str) -> Result<Vec<UserId>, Error> {
    if let Some(known) = UserId::new(text).ok().and_then(|id| snapshot.user_id(&id)) {
        return Ok(vec![known.id.clone()]);
    }
    let user = UserKey::new(text).ok().and_then(|key| snapshot.user(&key));
    let user = user.ok_or_else(|| Error::usage(format_args!("there is no user ID and no user `{text}`")))?;
    let live: Vec<UserId> =
        snapshot.user_ids_of(&user.key).filter(|known| known.is_live()).map(|known| known.id.clone()).collect();
    if live.is_empty() {
        return Err(Error::usage(format_args!("user `{text}` has no user ID")));
    }
    Ok(live)
}

/// What the user would show at the gate.
enum Shown {
    Certificate(SerialNumber),
    /// No certificate is on record: of this device, or because there is no device either.
    None(Option<DeviceId>),
}

/// The certificate asked about: as named, or the newest of a device, preferably a standing one.
fn certificate(snapshot: &Snapshot, verb: &Explain, user: &UserIdRecord, at: Timestamp) -> Result<Shown, Error> {
    if let Some(text) = &verb.serial {
        return SerialNumber::parse(text).map(Shown::Certificate).map_err(Error::usage);
    }
    let devices: Vec<DeviceId> = match &verb.device {
        Some(device) => vec![known_device(snapshot, device)?],
        None => held_by(snapshot, user),
    };
    let certificates = || devices.iter().flat_map(|device| snapshot.certificates_of(device));
    let standing = certificates()
        .filter(|known| known.state == certificate::State::Active && known.in_validity(at))
        .max_by_key(|known| known.reserved_at);
    let newest = standing.or_else(|| certificates().max_by_key(|known| known.reserved_at));
    Ok(newest.map_or_else(|| Shown::None(devices.first().cloned()), |known| Shown::Certificate(known.serial)))
}

fn known_device(snapshot: &Snapshot, text: &str) -> Result<DeviceId, Error> {
    let device: DeviceId = ids::parse(text)?;
    let known = snapshot.device(&device).map(|known| known.id.clone());
    known.ok_or_else(|| Error::usage(format_args!("no device `{device}` is on record")))
}

fn held_by(snapshot: &Snapshot, user: &UserIdRecord) -> Vec<DeviceId> {
    let held = snapshot.devices().filter(|device| device.holder == user.user && device.facility == user.facility);
    held.map(|device| device.id.clone()).collect()
}

/// Nothing is permitted to whoever has no certificate to show, and no rule need be asked about it.
fn say_without_a_certificate(
    desk: &Desk,
    question: &Question<'_>,
    device: Option<&DeviceId>,
    action: Action,
    categories: &[Category],
) -> Result<(), Error> {
    let steps = question.without_a_certificate(device);
    let category = match categories {
        [one] => one.as_str(),
        _ => "records",
    };
    let (user_id, at) = (&question.user.id, question.at);
    let whose = question.person.map_or_else(String::new, |person| format!(" of {person}"));
    let (text_ja, text_en) = match device {
        Some(device) => {
            (format!("端末{device}の電子証明書がありません。"), format!("device {device} has no certificate"))
        }
        None => ("貸与端末がありません。".to_owned(), "the user holds no device".to_owned()),
    };
    let text_ja = format!("拒否\n  {text_ja}{}", next::in_japanese(&steps));
    let text_en = format!("denied\n  {text_en}{}", next::in_english(&steps));
    desk.say(
        format_args!("{user_id}, {action} {category}{whose}, at {}:\n{text_ja}\n{text_en}", at.to_jst_minutes()),
        &json!({
            "user_id": user_id.as_str(), "device": device.map(DeviceId::as_str), "serial": null,
            "person": question.person.map(PersonId::as_str), "action": action.as_str(),
            "category": match categories { [one] => Some(one.as_str()), _ => None },
            "at": at.to_string(), "permitted": false, "text_ja": text_ja, "text_en": text_en,
            "next": next::value(&steps),
        }),
    )
}

/// One question with what it rests on.
struct Asked<'a> {
    request: Request,
    facts: &'a Facts,
    serial: SerialNumber,
    generation: u64,
}

impl Asked<'_> {
    /// In short, a line for each of several categories; else taken apart, in Japanese and in English. Below it come these
    /// steps; programs get this question's own.
    fn say(
        &self,
        desk: &Desk,
        explanation: &Explanation,
        in_short: bool,
        own: &[Step],
        steps: &[Step],
    ) -> Result<(), Error> {
        let value = self.value(explanation, own);
        let (next_ja, next_en) = (next::in_japanese(steps), next::in_english(steps));
        let Request { action, category, at, .. } = self.request;
        let (user_id, device) = (&self.facts.subject.user_id, &self.facts.device.device);
        let whose = match &self.facts.resource {
            policy::Resource::Record { person, .. } => format!(" of {}", person.person),
            policy::Resource::Directory => String::new(),
        };
        let question = format!("{user_id} with {device}, {action} {category}{whose}");
        if in_short {
            let basis = explanation.decision.basis();
            let verdict = if explanation.decision.is_permit() { "許可 / permitted" } else { "拒否 / denied" };
            let articles: Vec<String> = basis.articles().iter().map(ToString::to_string).collect();
            let rules = basis.rule_names();
            let japanese: Vec<String> = basis.articles().iter().map(|article| article.to_japanese()).collect();
            let (japanese, articles) = (japanese.join("、"), articles.join(", "));
            let sentence = format!("{question}: {verdict}  {japanese} / art. {articles}  {rules}{next_ja}{next_en}");
            return desk.say(sentence, &value);
        }
        let at = at.to_jst_minutes();
        let japanese = explanation.to_japanese();
        desk.say(format_args!("{question}, at {at}:\n{japanese}{next_ja}\n{explanation}{next_en}"), &value)
    }

    fn value(&self, explanation: &Explanation, next: &[Step]) -> Value {
        let basis = explanation.decision.basis();
        let rules = |rules: &[Arc<Rule>]| rules.iter().map(|rule| value_of(rule)).collect::<Vec<_>>();
        let articles: Vec<String> = basis.articles().iter().map(ToString::to_string).collect();
        let person = match &self.facts.resource {
            policy::Resource::Record { person, .. } => Some(person.person.as_str()),
            policy::Resource::Directory => None,
        };
        json!({
            "user_id": self.facts.subject.user_id.as_str(), "device": self.facts.device.device.as_str(),
            "serial": self.serial.to_string(), "person": person,
            "action": self.request.action.as_str(), "category": self.request.category.as_str(),
            "author_is": self.request.authorship.as_str(), "written_as": self.request.written_as.as_str(),
            "sensitive": self.request.sensitive,
            "at": self.request.at.to_string(), "permitted": explanation.decision.is_permit(), "articles": articles,
            "rules": rules(&basis.rules), "forbids": rules(&explanation.forbids), "permits": rules(&explanation.permits),
            "errors": basis.errors, "policy_version": basis.version.as_str(), "generation": self.generation,
            "text_ja": explanation.to_japanese(), "text_en": explanation.to_string(),
            "next": next::value(next),
        })
    }
}

fn value_of(rule: &Rule) -> Value {
    let articles: Vec<String> = rule.articles.iter().map(ToString::to_string).collect();
    json!({ "id": rule.id.as_str(), "articles": articles, "text_ja": rule.text_ja, "text_en": rule.text_en })
}
