//! The facts of a decision, in short: what an entry keeps so that the decision can be made again (promise P8).
//!
//! One line of JSON with short keys; the words are those of the regulation's lifecycles. [`read`] gives the facts back.
//!
//! Version 1 was written before authors, labels, deletion orders and break-glass were facts, version 2 before it was one in
//! whose name something is written, version 3 before it was one how the key of the certificate came about; all are read for
//! ever. What version 1 does not say is read as the decision then took it:
//! nobody known as the author, no label seen, no order, no emergency. Version 2 had one fact for both: of a create, whom the
//! new record named; of an update, whom the stored one did and the new one did still. Only a record of an old version may
//! leave something out, and none may say half of it. Of a key nothing is known before version 4: the least is taken.

use std::borrow::Cow;

use model::{Action, Assurance, Authorship, Category, Profession, Timestamp};
use policy::{
    DeviceFacts, DisasterFacts, Facts, PersonFacts, Relation, Request, Resource, Said, ServiceFacts, SubjectFacts,
};
use serde::Deserialize;

use crate::json::Writer;

/// Facts that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recorded facts cannot be read: {0}")]
pub struct FactsError(String);

/// What is written now.
const VERSION: u32 = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    v: u32,
    ask: AskLine<'a>,
    subject: SubjectLine<'a>,
    device: DeviceLine<'a>,
    person: Option<PersonLine<'a>>,
    service: Cow<'a, str>,
    /// End of the disaster use in force.
    disaster: Option<Cow<'a, str>>,
    /// The city has issued a rule for break-glass.
    #[serde(default)]
    glass_issued: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskLine<'a> {
    action: Cow<'a, str>,
    category: Cow<'a, str>,
    at: Cow<'a, str>,
    /// Who wrote the stored version.
    #[serde(default)]
    author: Option<Cow<'a, str>>,
    /// In whose name the version stands that was written.
    #[serde(default)]
    written_as: Option<Cow<'a, str>>,
    #[serde(default)]
    sensitive: Option<bool>,
    /// An emergency was declared.
    #[serde(default)]
    glass: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectLine<'a> {
    user_id: Cow<'a, str>,
    user: Cow<'a, str>,
    profession: Cow<'a, str>,
    state: Cow<'a, str>,
    suspended: bool,
    qualification_suspended: bool,
    facility: Cow<'a, str>,
    facility_state: Cow<'a, str>,
    facility_suspended: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceLine<'a> {
    id: Cow<'a, str>,
    facility: Cow<'a, str>,
    certificate: Cow<'a, str>,
    in_validity: bool,
    suspended: bool,
    /// How the certificate's key came about.
    #[serde(default)]
    key: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonLine<'a> {
    id: Cow<'a, str>,
    eligible: bool,
    consent: Cow<'a, str>,
    store: bool,
    share: bool,
    disaster: bool,
    suspended: bool,
    in_area: bool,
    /// Role on the care team, on duty for it or manager; none: none of these.
    team: Option<Cow<'a, str>>,
    /// A deletion order in force.
    #[serde(default)]
    ordered: Option<bool>,
}

/// What was written: one decision, or one for each person that a request touches.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written<'a> {
    One(Box<Line<'a>>),
    Several(Vec<Line<'a>>),
}

/// Writes what was asked and the facts that answered it. Below 2 KiB a decision: identifiers have 64 characters at most.
#[must_use]
pub fn compact(request: &Request, facts: &Facts) -> String {
    text(write(request, facts))
}

/// The same for a request that touches several persons: a decision for each.
#[must_use]
pub fn compact_all<'a>(decisions: impl IntoIterator<Item = (&'a Request, &'a Facts)>) -> String {
    let mut decisions = decisions.into_iter().map(|(request, facts)| write(request, facts));
    let (first, second) = (decisions.next(), decisions.next());
    let (first, second) = match (first, second) {
        (Some(only), None) => return text(only),
        pair => pair,
    };
    let several: Vec<Vec<u8>> = first.into_iter().chain(second).chain(decisions).collect();
    text([b"[".as_slice(), &several.join(&b','), b"]"].concat())
}

/// What is written comes from texts, so it is one; an empty one would be refused by `read`.
fn text(written: Vec<u8>) -> String {
    String::from_utf8(written).unwrap_or_default()
}

fn write(request: &Request, facts: &Facts) -> Vec<u8> {
    let Facts { subject, device, resource, service } = facts;
    let mut line = Writer::object(1024);
    line.number("v", VERSION.into());
    line.within("ask", |ask| {
        ask.text("action", request.action.as_str());
        ask.text("category", request.category.as_str());
        ask.text("at", &request.at.to_string());
        ask.text("author", request.authorship.as_str());
        ask.text("written_as", request.written_as.as_str());
        ask.flag("sensitive", request.sensitive);
        ask.flag("glass", request.break_glass);
    });
    line.within("subject", |line| {
        line.text("user_id", subject.user_id.as_str());
        line.text("user", subject.user.as_str());
        line.text("profession", subject.profession.as_str());
        line.text("state", subject.user_id_state.as_str());
        line.flag("suspended", subject.user_id_suspended);
        line.flag("qualification_suspended", subject.qualification_suspended);
        line.text("facility", subject.facility.as_str());
        line.text("facility_state", subject.facility_state.as_str());
        line.flag("facility_suspended", subject.facility_suspended);
    });
    line.within("device", |line| {
        line.text("id", device.device.as_str());
        line.text("facility", device.facility.as_str());
        line.text("certificate", device.certificate_state.as_str());
        line.flag("in_validity", device.certificate_in_validity);
        line.flag("suspended", device.device_suspended);
        line.text("key", device.assurance.as_str());
    });
    write_person(&mut line, resource);
    line.text("service", service.state.as_str());
    line.text_or_null("disaster", service.disaster.as_ref().map(|disaster| disaster.until.to_string()).as_deref());
    line.flag("glass_issued", service.break_glass_issued);
    line.end()
}

fn write_person(line: &mut Writer, resource: &Resource) {
    let Resource::Record { person, relation, deletion_ordered } = resource else { return line.null("person") };
    line.within("person", |line| {
        line.text("id", person.person.as_str());
        line.flag("eligible", person.eligible);
        line.text("consent", person.consent.as_str());
        line.flag("store", person.consent_store);
        line.flag("share", person.consent_share);
        line.flag("disaster", person.consent_disaster);
        line.flag("suspended", person.person_suspended);
        line.flag("in_area", person.in_disaster_area);
        let team = Some(*relation).filter(|relation| *relation != Relation::None);
        line.text_or_null("team", team.map(Relation::as_str));
        line.flag("ordered", *deletion_ordered);
    });
}

/// Reads the facts of one decision back, for a replay.
///
/// # Errors
/// Another version, an unknown word, a missing fact: nothing is made up. More than one decision.
pub fn read(text: &str) -> Result<(Request, Facts), FactsError> {
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| FactsError(error.to_string()))?;
    parse(line).map_err(FactsError)
}

/// Reads the facts of all decisions of a request back.
///
/// # Errors
/// As [`read`]; none at all.
pub fn read_all(text: &str) -> Result<Vec<(Request, Facts)>, FactsError> {
    match serde_json::from_str(text).map_err(|error| FactsError(error.to_string()))? {
        Written::One(line) => Ok(vec![parse(*line).map_err(FactsError)?]),
        Written::Several(lines) if lines.is_empty() => Err(FactsError("there are none".to_owned())),
        Written::Several(lines) => lines.into_iter().map(|line| parse(line).map_err(FactsError)).collect(),
    }
}

fn parse(line: Line<'_>) -> Result<(Request, Facts), String> {
    if !(1..=VERSION).contains(&line.v) {
        return Err(format!("their version is {}, this program reads 1 to {VERSION}", line.v));
    }
    let since = Since { version: line.v };
    let Line { ask, subject, device, person, .. } = line;
    let (action, category) = (word(Action::parse(&ask.action))?, word(Category::parse(&ask.category))?);
    let author = since.two(ask.author, "author", Authorship::Unknown.as_str().into())?;
    let writes = matches!(action, Action::Create | Action::Update);
    let written_before = if writes { author.clone() } else { Authorship::Unknown.as_str().into() };
    let written_as = since.three(ask.written_as, "written_as", written_before)?;
    let said = Said {
        authorship: word(Authorship::parse(&author))?,
        written_as: word(Authorship::parse(&written_as))?,
        sensitive: since.two(ask.sensitive, "sensitive", false)?,
    };
    let request = Request::new(action, category, word(Timestamp::parse(&ask.at))?, said)
        .with_break_glass(since.two(ask.glass, "glass", false)?);
    let subject = SubjectFacts {
        user_id: word(subject.user_id.parse())?,
        user: word(subject.user.parse())?,
        profession: word(Profession::parse(&subject.profession))?,
        user_id_state: word(subject.state.parse())?,
        user_id_suspended: subject.suspended,
        qualification_suspended: subject.qualification_suspended,
        facility: word(subject.facility.parse())?,
        facility_state: word(subject.facility_state.parse())?,
        facility_suspended: subject.facility_suspended,
    };
    let device = DeviceFacts {
        device: word(device.id.parse())?,
        facility: word(device.facility.parse())?,
        certificate_state: word(device.certificate.parse())?,
        certificate_in_validity: device.in_validity,
        device_suspended: device.suspended,
        assurance: word(Assurance::parse(&since.fact_of(
            4,
            device.key,
            "key",
            Assurance::Container.as_str().into(),
        )?))?,
    };
    let resource = person.map_or(Ok(Resource::Directory), |person| record(person, since))?;
    let disaster = line.disaster.map(|until| word(Timestamp::parse(&until))).transpose()?;
    let service = ServiceFacts {
        state: word(line.service.parse())?,
        disaster: disaster.map(|until| DisasterFacts { until }),
        break_glass_issued: since.two(line.glass_issued, "glass_issued", false)?,
    };
    Ok((request, Facts { subject, device, resource, service }))
}

/// Of which version a line is.
#[derive(Clone, Copy)]
struct Since {
    version: u32,
}

impl Since {
    /// A fact that there is since version 2: there it must be said, and before it cannot be.
    fn two<T>(self, said: Option<T>, name: &str, before: T) -> Result<T, String> {
        self.fact_of(2, said, name, before)
    }

    /// The same of version 3.
    fn three<T>(self, said: Option<T>, name: &str, before: T) -> Result<T, String> {
        self.fact_of(3, said, name, before)
    }

    fn fact_of<T>(self, version: u32, said: Option<T>, name: &str, before: T) -> Result<T, String> {
        match (self.version < version, said) {
            (true, None) => Ok(before),
            (true, Some(_)) => Err(format!("`{name}` was no fact in version {}", self.version)),
            (false, said) => said.ok_or_else(|| format!("`{name}` is missing")),
        }
    }
}

fn record(line: PersonLine<'_>, since: Since) -> Result<Resource, String> {
    let relation = line.team.map_or(Ok(Relation::None), |role| word(Relation::parse(&role)))?;
    if since.version == 1 && matches!(relation, Relation::Duty | Relation::Manager) {
        return Err(format!("`{}` was no role in version 1", relation.as_str()));
    }
    Ok(Resource::Record {
        person: PersonFacts {
            person: word(line.id.parse())?,
            eligible: line.eligible,
            consent: word(line.consent.parse())?,
            consent_store: line.store,
            consent_share: line.share,
            consent_disaster: line.disaster,
            person_suspended: line.suspended,
            in_disaster_area: line.in_area,
        },
        relation,
        deletion_ordered: since.two(line.ordered, "ordered", false)?,
    })
}

fn word<T, E: std::fmt::Display>(parsed: Result<T, E>) -> Result<T, String> {
    parsed.map_err(|error| error.to_string())
}
