//! "Would it be permitted if …": one fact turned to the side that opens, for the officer who asks why somebody was
//! refused. Not a way to change anything: facts change in the registry.

use std::fmt;

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Action, Authorship, Profession, TeamRole};

use crate::facts::{DisasterFacts, Facts, PersonFacts, Relation, Request, Resource};

/// One fact that might be otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhatIf {
    /// The service runs as every day.
    ServiceRunning,
    /// The user ID is in use.
    UserIdActive,
    /// The suspension of the user ID is lifted.
    UserIdNotSuspended,
    /// The qualification is not suspended.
    QualificationNotSuspended,
    /// The facility is approved.
    FacilityApproved,
    /// The suspension of the facility is lifted.
    FacilityNotSuspended,
    /// The terminal is one of the user's own facility.
    DeviceOfOwnFacility,
    /// The terminal is not suspended.
    DeviceNotSuspended,
    /// The certificate is active.
    CertificateActive,
    /// The certificate is within its validity.
    CertificateInValidity,
    /// The person is eligible.
    PersonEligible,
    /// A form is on record that allows storing and sharing.
    ConsentGiven,
    /// The form allows storing.
    ConsentStore,
    /// The form allows sharing.
    ConsentShare,
    /// The person's records are not suspended.
    PersonNotSuspended,
    /// The subject is on the care team.
    OnTeam,
    /// The subject stands in, on duty, for a team member of his facility.
    OnDuty,
    /// The record is the user's own.
    OwnRecord,
    /// The record names its writer, and whom it named before.
    OwnName,
    /// The record is not labelled as sensitive.
    NotSensitive,
    /// The city's deletion order names the user ID and covers the record.
    DeletionOrdered,
    /// The form allows disaster use.
    ConsentDisaster,
    /// The person lives in the area of the disaster use.
    InDisasterArea,
    /// Disaster use is in force.
    DisasterUse,
    /// The user has this profession.
    Profession(Profession),
}

impl WhatIf {
    /// Everything but professions, everyday matters first. Break-glass is not among them: it is no way while it is off, and
    /// none that an officer would point to (art. 41).
    pub const ALL: [Self; 24] = [
        Self::ServiceRunning,
        Self::UserIdActive,
        Self::UserIdNotSuspended,
        Self::QualificationNotSuspended,
        Self::FacilityApproved,
        Self::FacilityNotSuspended,
        Self::DeviceOfOwnFacility,
        Self::DeviceNotSuspended,
        Self::CertificateActive,
        Self::CertificateInValidity,
        Self::PersonEligible,
        Self::ConsentGiven,
        Self::ConsentStore,
        Self::ConsentShare,
        Self::PersonNotSuspended,
        Self::OnTeam,
        Self::OnDuty,
        Self::OwnRecord,
        Self::OwnName,
        Self::NotSensitive,
        Self::DeletionOrdered,
        Self::ConsentDisaster,
        Self::InDisasterArea,
        Self::DisasterUse,
    ];

    /// Request and facts with this one turned; everything else as it is. Equal ones mean that it was so already, or cannot
    /// be.
    #[must_use]
    pub fn applied(self, request: &Request, facts: &Facts) -> (Request, Facts) {
        let (mut request, mut facts) = (*request, facts.clone());
        match self {
            Self::ServiceRunning => facts.service.state = service::State::Running,
            Self::UserIdActive => facts.subject.user_id_state = user_id::State::Active,
            Self::UserIdNotSuspended => {
                facts.subject.user_id_suspended = false;
                if let Ok(resumed) = facts.subject.user_id_state.after(user_id::Event::Resume) {
                    facts.subject.user_id_state = resumed;
                }
            }
            Self::QualificationNotSuspended => facts.subject.qualification_suspended = false,
            Self::FacilityApproved => facts.subject.facility_state = facility::State::Approved,
            Self::FacilityNotSuspended => {
                facts.subject.facility_suspended = false;
                if let Ok(resumed) = facts.subject.facility_state.after(facility::Event::Resume) {
                    facts.subject.facility_state = resumed;
                }
            }
            Self::DeviceOfOwnFacility => facts.device.facility = facts.subject.facility.clone(),
            Self::DeviceNotSuspended => facts.device.device_suspended = false,
            Self::CertificateActive => facts.device.certificate_state = certificate::State::Active,
            Self::CertificateInValidity => facts.device.certificate_in_validity = true,
            Self::PersonEligible => person(&mut facts, |person| person.eligible = true),
            Self::ConsentGiven => person(&mut facts, |person| {
                if person.consent != consent::State::Given {
                    person.consent = consent::State::Given;
                    person.consent_store = true;
                    person.consent_share = true;
                }
            }),
            // Scopes are part of a form: without one there is nothing to tick.
            Self::ConsentStore => form(&mut facts, |person| person.consent_store = true),
            Self::ConsentShare => form(&mut facts, |person| person.consent_share = true),
            Self::ConsentDisaster => form(&mut facts, |person| person.consent_disaster = true),
            Self::PersonNotSuspended => person(&mut facts, |person| person.person_suspended = false),
            Self::OnTeam => {
                if let Resource::Record { relation, .. } = &mut facts.resource
                    && !matches!(relation, Relation::Team(_))
                {
                    *relation = Relation::Team(TeamRole::Member);
                }
            }
            Self::OnDuty => {
                if let Resource::Record { relation, .. } = &mut facts.resource
                    && !matches!(relation, Relation::Team(_))
                {
                    *relation = Relation::Duty;
                }
            }
            Self::OwnRecord => request.authorship = Authorship::Own,
            // Only a write puts a record under a name.
            Self::OwnName if matches!(request.action, Action::Create | Action::Update) => {
                request.written_as = Authorship::Own;
            }
            Self::OwnName => {}
            Self::NotSensitive => request.sensitive = false,
            Self::DeletionOrdered => {
                if let Resource::Record { deletion_ordered, .. } = &mut facts.resource {
                    *deletion_ordered = true;
                }
            }
            Self::InDisasterArea => person(&mut facts, |person| person.in_disaster_area = true),
            Self::DisasterUse => {
                facts.service.state = service::State::DisasterUse;
                if facts.service.disaster.as_ref().is_none_or(|disaster| disaster.until <= request.at) {
                    facts.service.disaster = Some(DisasterFacts { until: request.at.plus_seconds(3600) });
                }
            }
            Self::Profession(profession) => facts.subject.profession = profession,
        }
        (request, facts)
    }

    /// A condition, to follow "if", in English.
    #[must_use]
    pub fn to_english(self) -> String {
        match self {
            Self::ServiceRunning => "the service were running".to_owned(),
            Self::UserIdActive => "the user ID were in use".to_owned(),
            Self::UserIdNotSuspended => "the user ID were not suspended".to_owned(),
            Self::QualificationNotSuspended => "the user's qualification were not suspended".to_owned(),
            Self::FacilityApproved => "the facility were approved".to_owned(),
            Self::FacilityNotSuspended => "the facility were not suspended".to_owned(),
            Self::DeviceOfOwnFacility => "the device were loaned to the user's facility".to_owned(),
            Self::DeviceNotSuspended => "the device were not suspended".to_owned(),
            Self::CertificateActive => "the device certificate were active".to_owned(),
            Self::CertificateInValidity => "the device certificate were within its validity".to_owned(),
            Self::PersonEligible => "the person were eligible".to_owned(),
            Self::ConsentGiven => "consent were given".to_owned(),
            Self::ConsentStore => "the consent allowed storing".to_owned(),
            Self::ConsentShare => "the consent allowed sharing".to_owned(),
            Self::PersonNotSuspended => "the person's records were not suspended".to_owned(),
            Self::OnTeam => "the user were on the care team".to_owned(),
            Self::OnDuty => "the user were on duty for a team member of his facility".to_owned(),
            Self::OwnRecord => "the user had written the record himself".to_owned(),
            Self::OwnName => "the record were written in the user's own name".to_owned(),
            Self::NotSensitive => "the record were not labelled as sensitive".to_owned(),
            Self::DeletionOrdered => "a deletion order named the user ID and covered the record".to_owned(),
            Self::ConsentDisaster => "the consent allowed disaster use".to_owned(),
            Self::InDisasterArea => "the person lived in the disaster area".to_owned(),
            Self::DisasterUse => "disaster use were in force".to_owned(),
            Self::Profession(profession) => format!("the user's profession were {profession}"),
        }
    }

    /// The same in Japanese, to precede 「ならば」.
    #[must_use]
    pub fn to_japanese(self) -> String {
        match self {
            Self::ServiceRunning => "サービスが稼働中".to_owned(),
            Self::UserIdActive => "ユーザーIDが使用中".to_owned(),
            Self::UserIdNotSuspended => "ユーザーIDの一時停止が解除済み".to_owned(),
            Self::QualificationNotSuspended => "利用者の資格停止が解除済み".to_owned(),
            Self::FacilityApproved => "利用施設が承認済み".to_owned(),
            Self::FacilityNotSuspended => "利用施設の一時停止が解除済み".to_owned(),
            Self::DeviceOfOwnFacility => "端末が利用者の施設への貸与端末".to_owned(),
            Self::DeviceNotSuspended => "端末の一時停止が解除済み".to_owned(),
            Self::CertificateActive => "電子証明書が有効".to_owned(),
            Self::CertificateInValidity => "電子証明書が有効期間内".to_owned(),
            Self::PersonEligible => "支援対象者の要件を満たす方".to_owned(),
            Self::ConsentGiven => "参加同意書が提出済み".to_owned(),
            Self::ConsentStore => "保管について同意済み".to_owned(),
            Self::ConsentShare => "共有について同意済み".to_owned(),
            Self::PersonNotSuspended => "連携情報の一時停止が解除済み".to_owned(),
            Self::OnTeam => "利用者が支援チームの一員".to_owned(),
            Self::OnDuty => "利用者が同じ施設のチーム員の当番者".to_owned(),
            Self::OwnRecord => "利用者本人が記録した連携情報".to_owned(),
            Self::OwnName => "利用者本人の名前での記録".to_owned(),
            Self::NotSensitive => "特に配慮を要しない連携情報".to_owned(),
            Self::DeletionOrdered => "削除指示で名指しされた利用者".to_owned(),
            Self::ConsentDisaster => "災害時利用について同意済み".to_owned(),
            Self::InDisasterArea => "支援対象者が災害時利用の区域内".to_owned(),
            Self::DisasterUse => "災害時利用の期間中".to_owned(),
            Self::Profession(profession) => format!("利用者の職種が第7条第{}号", profession.item()),
        }
    }
}

impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_english())
    }
}

fn person(facts: &mut Facts, change: impl FnOnce(&mut PersonFacts)) {
    if let Resource::Record { person, .. } = &mut facts.resource {
        change(person);
    }
}

fn form(facts: &mut Facts, change: impl FnOnce(&mut PersonFacts)) {
    person(facts, |person| {
        if person.consent == consent::State::Given {
            change(person);
        }
    });
}
