//! Forms of values that are one JSON value: texts, numbers, times, names, words.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::lifecycle::{break_glass, certificate, consent, deletion, facility, service, user_id};
use model::{
    Article, Assurance, Author, DeviceId, DutyKind, FacilityId, Office, PersonId, Profession, ReasonCode, RecordName,
    SerialNumber, SessionId, Target, TeamRole, Timestamp, UserId, UserKey,
};
use serde_json::Value;

use super::{Form, FormError};
use crate::credential::Sealed;
use crate::kind::CommandKind;
use crate::state::{
    ContractId, DeletionId, DutyId, EligibilityKind, EmergencyId, EnrolmentKind, FacilityKind, GivenBy, MembershipId,
    NumberingKey, ReportId, ReportSubject, StopReason, SuspensionEnd, SuspensionId,
};
#[cfg(test)]
use crate::tests::dice::Dice;

fn text(value: &Value) -> Result<&str, FormError> {
    value.as_str().ok_or_else(|| FormError::new("expected a text"))
}

fn whole(value: &Value) -> Result<u64, FormError> {
    value.as_u64().ok_or_else(|| FormError::new("expected a whole number"))
}

fn wrong(error: impl std::fmt::Display) -> FormError {
    FormError::new(error.to_string())
}

/// Types that are written as their text: how to write, how to read, how to throw one.
macro_rules! texts {
    ($($type:ty: $write:expr, $read:expr, $any:expr;)+) => { $(
        impl Form for $type {
            fn write(&self) -> Value {
                let write: fn(&Self) -> String = $write;
                Value::String(write(self))
            }

            fn read(value: &Value) -> Result<Self, FormError> {
                let read: fn(&str) -> Result<Self, FormError> = $read;
                read(text(value)?)
            }

            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self {
                let any: fn(&mut Dice) -> Self = $any;
                any(dice)
            }
        }
    )+ };
}

macro_rules! names {
    ($($type:ident),+) => { texts! { $(
        $type: |id| id.to_string(), |text| $type::new(text).map_err(wrong), |dice| $type::new(&dice.id()).unwrap();
    )+ } };
}

macro_rules! all_words {
    ($($type:ty),+ $(,)?) => { texts! { $(
        $type: |word| word.as_str().to_owned(), |text| <$type>::parse(text).map_err(wrong), |dice| *dice.one_of(<$type>::ALL);
    )+ } };
}

macro_rules! numbers {
    ($($type:ident),+) => { $(
        impl Form for $type {
            fn write(&self) -> Value { Value::from(self.get()) }
            fn read(value: &Value) -> Result<Self, FormError> { whole(value).map($type::new) }
            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self { $type::new(dice.below(u64::MAX)) }
        }
    )+ };
}

names!(FacilityId, UserKey, UserId, DeviceId, PersonId, SessionId);
numbers!(MembershipId, SuspensionId, ReportId, DutyId, ContractId, DeletionId, EmergencyId);
all_words!(
    Assurance,
    break_glass::State,
    certificate::State,
    consent::State,
    deletion::State,
    DutyKind,
    facility::State,
    facility::Event,
    service::State,
    user_id::State,
    user_id::Event,
    Office,
    Profession,
    ReasonCode,
    TeamRole,
    CommandKind,
    EligibilityKind,
    EnrolmentKind,
    FacilityKind,
    GivenBy,
    StopReason,
    SuspensionEnd,
);

texts! {
    String: Clone::clone, |text| Ok(text.to_owned()), Dice::text;
    Timestamp: |at| at.to_string(), |text| Timestamp::parse(text).map_err(wrong), Dice::time;
    SerialNumber: |serial| serial.to_string(), |text| SerialNumber::parse(text).map_err(wrong), Dice::serial;
    Article: |article| article.to_string(), |text| Article::parse(text).map_err(wrong),
        |dice| Article::paragraph(u8::try_from(1 + dice.below(41)).unwrap(), u8::try_from(1 + dice.below(4)).unwrap());
    Target: |target| target.to_string(), |text| Target::parse(text).map_err(wrong), |dice| match dice.below(5) {
        0 => Target::UserId(Form::any(dice)),
        1 => Target::User(Form::any(dice)),
        2 => Target::Device(Form::any(dice)),
        3 => Target::Facility(Form::any(dice)),
        _ => Target::Person(Form::any(dice)),
    };
    Author: |author| author.to_string(), read_author, |dice| Author::new(Form::any(dice), &dice.text());
    RecordName: |record| record.to_string(), |text| RecordName::new(text).map_err(wrong),
        |dice| RecordName::new(&format!("Observation/{}", dice.id())).unwrap();
    Sealed: |sealed| sealed.as_str().to_owned(), |text| Ok(Sealed::new(text)), |dice| Sealed::new(&dice.id());
    ReportSubject: write_subject, read_subject, |dice| match dice.below(3) {
        0 => ReportSubject::Suspension(Form::any(dice)),
        1 => ReportSubject::Revocation(Form::any(dice)),
        _ => ReportSubject::Return(Form::any(dice)),
    };
    NumberingKey: |key| URL_SAFE_NO_PAD.encode(key.octets()), read_numbering_key,
        |dice| NumberingKey::new(std::array::from_fn(|_| dice.octet()));
    [u8; 32]: |octets| URL_SAFE_NO_PAD.encode(octets), read_digest, |dice| std::array::from_fn(|_| dice.octet());
}

fn read_author(text: &str) -> Result<Author, FormError> {
    let (office, name) = text.split_once(':').ok_or_else(|| FormError::new("expected `office:name`"))?;
    let author = Author::new(Office::parse(office).map_err(wrong)?, name);
    if author.name == name { Ok(author) } else { Err(FormError::new("the name of the author is out of bounds")) }
}

fn write_subject(subject: &ReportSubject) -> String {
    match subject {
        ReportSubject::Suspension(target) => format!("suspension {target}"),
        ReportSubject::Revocation(serial) => format!("revocation {serial}"),
        ReportSubject::Return(device) => format!("return {device}"),
    }
}

fn read_subject(text: &str) -> Result<ReportSubject, FormError> {
    match text.split_once(' ') {
        Some(("suspension", target)) => Target::parse(target).map(ReportSubject::Suspension).map_err(wrong),
        Some(("revocation", serial)) => SerialNumber::parse(serial).map(ReportSubject::Revocation).map_err(wrong),
        Some(("return", device)) => DeviceId::new(device).map(ReportSubject::Return).map_err(wrong),
        _ => Err(FormError::new("expected what a report is about")),
    }
}

fn read_numbering_key(text: &str) -> Result<NumberingKey, FormError> {
    let octets = URL_SAFE_NO_PAD.decode(text).map_err(wrong)?;
    octets.try_into().map(NumberingKey::new).map_err(|_| FormError::new("expected 16 octets in base64url"))
}

fn read_digest(text: &str) -> Result<[u8; 32], FormError> {
    let octets = URL_SAFE_NO_PAD.decode(text).map_err(wrong)?;
    octets.try_into().map_err(|_| FormError::new("expected 32 octets in base64url"))
}

impl Form for bool {
    fn write(&self) -> Value {
        Value::Bool(*self)
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        value.as_bool().ok_or_else(|| FormError::new("expected true or false"))
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        dice.below(2) == 0
    }
}

impl Form for u64 {
    fn write(&self) -> Value {
        Value::from(*self)
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        whole(value)
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        dice.below(u64::MAX)
    }
}

impl Form for u32 {
    fn write(&self) -> Value {
        Value::from(*self)
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        whole(value).and_then(|number| Self::try_from(number).map_err(wrong))
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        Self::try_from(dice.below(u64::from(Self::MAX))).unwrap()
    }
}

/// None is a field left out. `null` is nothing we write, so nothing we read.
impl<T: Form> Form for Option<T> {
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, Form::write)
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        T::read(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        (dice.below(3) > 0).then(|| T::any(dice))
    }
}

impl<T: Form> Form for Box<T> {
    fn write(&self) -> Value {
        self.as_ref().write()
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        T::read(value).map(Box::new)
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        Self::new(T::any(dice))
    }
}

impl<T: Form> Form for Vec<T> {
    fn write(&self) -> Value {
        Value::Array(self.iter().map(Form::write).collect())
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        let items = value.as_array().ok_or_else(|| FormError::new("expected a list"))?;
        let each = items.iter().enumerate();
        each.map(|(place, item)| T::read(item).map_err(|error| error.within(&place.to_string()))).collect()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| T::any(dice)).collect()
    }
}

/// The two officers of disaster use.
impl Form for [Author; 2] {
    fn write(&self) -> Value {
        Value::Array(self.iter().map(Form::write).collect())
    }

    fn read(value: &Value) -> Result<Self, FormError> {
        <[Author; 2]>::try_from(Vec::read(value)?).map_err(|_| FormError::new("expected two authors"))
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        [Author::any(dice), Author::any(dice)]
    }
}
