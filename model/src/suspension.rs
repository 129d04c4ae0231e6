//! What can be suspended (停止). One model for all: target, reason, article, author, until.

use std::fmt;

use crate::{DeviceId, FacilityId, PersonId, UserId, UserKey};

/// What a suspension is aimed at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// One user ID (art. 29).
    UserId(UserId),
    /// The qualification of the human being, at every facility (art. 39-2).
    User(UserKey),
    /// One terminal, without ending its certificate.
    Device(DeviceId),
    /// All of a facility.
    Facility(FacilityId),
    /// All records of a person, for everybody (a dispute; support stopped has its own state, art. 17-3).
    Person(PersonId),
}

/// A text names no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no target; expected user-id:…, user:…, device:…, facility:… or person:…")]
pub struct TargetError(String);

impl Target {
    /// Reads `user-id:U-1`, `device:D-1` and so on: the text form that [`fmt::Display`] writes.
    ///
    /// # Errors
    /// Another form or a bad identifier.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError(text.chars().take(100).collect());
        let (kind, id) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            "user-id" => UserId::new(id).map(Self::UserId).map_err(|_| wrong()),
            "user" => UserKey::new(id).map(Self::User).map_err(|_| wrong()),
            "device" => DeviceId::new(id).map(Self::Device).map_err(|_| wrong()),
            "facility" => FacilityId::new(id).map(Self::Facility).map_err(|_| wrong()),
            "person" => PersonId::new(id).map(Self::Person).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserId(id) => write!(f, "user-id:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::Facility(id) => write!(f, "facility:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
        }
    }
}
