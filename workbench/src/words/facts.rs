//! The sentences about facts, subject by subject: who asks, with which device, about whom, in which state of the service.
//! The first of each subject is an ordinary day's.

use model::lifecycle::{certificate, consent, facility, service, user_id};
use model::{Assurance, Authorship, Profession, TeamRole};
use policy::matrix::now;
use policy::{DisasterFacts, Facts, PersonFacts, Relation, Request, Resource};

use super::Phrase;

/// Gathers sentences.
struct Table {
    subject: usize,
    phrases: Vec<Phrase>,
}

impl Table {
    /// What follows is about another fact.
    const fn next(&mut self) -> &mut Self {
        self.subject += 1;
        self
    }

    fn say(
        &mut self,
        japanese: impl Into<String>,
        english: impl Into<String>,
        make: impl Fn(&mut Facts) + Send + Sync + 'static,
    ) -> &mut Self {
        let (japanese, english) = (japanese.into(), english.into());
        let make = Box::new(move |_: &mut Request, facts: &mut Facts| make(facts));
        self.phrases.push(Phrase { subject: self.subject, japanese, english, make });
        self
    }

    /// What a record says of itself. The directory is no record.
    fn of_record(
        &mut self,
        japanese: &str,
        english: &str,
        make: impl Fn(Request) -> Request + Send + Sync + 'static,
    ) -> &mut Self {
        let make = Box::new(move |request: &mut Request, facts: &mut Facts| {
            if facts.resource != Resource::Directory {
                *request = make(*request);
            }
        });
        let (japanese, english) = (japanese.to_owned(), english.to_owned());
        self.phrases.push(Phrase { subject: self.subject, japanese, english, make });
        self
    }

    /// What the subject says with the request.
    fn of_request(&mut self, japanese: &str, english: &str, emergency: bool) -> &mut Self {
        let make = Box::new(move |request: &mut Request, _: &mut Facts| *request = request.with_break_glass(emergency));
        let (japanese, english) = (japanese.to_owned(), english.to_owned());
        self.phrases.push(Phrase { subject: self.subject, japanese, english, make });
        self
    }

    fn of_person(
        &mut self,
        japanese: &str,
        english: &str,
        make: impl Fn(&mut PersonFacts) + Send + Sync + 'static,
    ) -> &mut Self {
        self.say(japanese, english, move |facts| {
            if let Resource::Record { person, .. } = &mut facts.resource {
                make(person);
            }
        })
    }
}

pub(super) fn phrases() -> Vec<Phrase> {
    let mut table = Table { subject: 0, phrases: Vec::new() };
    subject(&mut table);
    facility(&mut table);
    device(&mut table);
    person(&mut table);
    relation(&mut table);
    record(&mut table);
    service(&mut table);
    table.phrases
}

fn subject(table: &mut Table) {
    // An ordinary day's first, then the order of art. 7.
    let others = Profession::ALL.iter().copied().filter(|profession| *profession != Profession::Nurse);
    for profession in std::iter::once(Profession::Nurse).chain(others) {
        let (japanese, english) = profession_words(profession);
        table.say(format!("利用者は{japanese}"), format!("the user is {english}"), move |facts| {
            facts.subject.profession = profession;
        });
    }
    let state = |state| move |facts: &mut Facts| facts.subject.user_id_state = state;
    table
        .next()
        .say("ユーザーIDは使用中", "the user ID is in use", state(user_id::State::Active))
        .say("初回パスワードが未変更", "the first password has not been changed", state(user_id::State::Granted))
        .say(
            "初回パスワードが未変更でユーザーIDは停止状態",
            "the first password has not been changed and the user ID stands suspended",
            state(user_id::State::GrantedSuspended),
        )
        .say("ユーザーIDは停止状態", "the user ID stands suspended", state(user_id::State::Suspended))
        .say("ユーザーIDは使用終了", "the user ID has ended", state(user_id::State::Ended));
    table
        .next()
        .say("ユーザーIDの一時停止はない", "no suspension of the user ID is in force", |facts| {
            facts.subject.user_id_suspended = false;
        })
        .say("ユーザーIDの一時停止中", "a suspension of the user ID is in force", |facts| {
            facts.subject.user_id_suspended = true;
        });
    table
        .next()
        .say("利用者の資格は有効", "the user's qualification stands", |facts| {
            facts.subject.qualification_suspended = false;
        })
        .say("利用者の資格は停止中", "the user's qualification is suspended", |facts| {
            facts.subject.qualification_suspended = true;
        });
}

fn facility(table: &mut Table) {
    let state = |state| move |facts: &mut Facts| facts.subject.facility_state = state;
    table
        .next()
        .say("利用施設は承認済み", "the facility is approved", state(facility::State::Approved))
        .say("利用施設は申請中", "the facility has applied", state(facility::State::Applied))
        .say("利用施設は不承認", "the facility was refused", state(facility::State::Refused))
        .say("利用施設は停止状態", "the facility stands suspended", state(facility::State::Suspended))
        .say("利用施設は廃止済み", "the facility is closed", state(facility::State::Closed));
    table
        .next()
        .say("利用施設の一時停止はない", "no suspension of the facility is in force", |facts| {
            facts.subject.facility_suspended = false;
        })
        .say("利用施設の一時停止中", "a suspension of the facility is in force", |facts| {
            facts.subject.facility_suspended = true;
        });
}

fn device(table: &mut Table) {
    table
        .next()
        .say("端末は利用者の施設の貸与端末", "the device is of the user's facility", |facts| {
            facts.device.facility = facts.subject.facility.clone();
        })
        .say("端末は他の施設の貸与端末", "the device is of another facility", |facts| {
            if facts.device.facility == facts.subject.facility
                && let Ok(other) = "F-0002".parse()
            {
                facts.device.facility = other;
            }
        });
    table
        .next()
        .say("端末の一時停止はない", "the device is not suspended", |facts| {
            facts.device.device_suspended = false
        })
        .say("端末は一時停止中", "the device is suspended", |facts| facts.device.device_suspended = true);
    let state = |state| move |facts: &mut Facts| facts.device.certificate_state = state;
    table
        .next()
        .say("電子証明書は有効", "the certificate is active", state(certificate::State::Active))
        .say("電子証明書は番号のみ予約", "the certificate is reserved only", state(certificate::State::Reserved))
        .say("電子証明書は発行取りやめ", "the certificate is abandoned", state(certificate::State::Abandoned))
        .say("電子証明書は失効", "the certificate is revoked", state(certificate::State::Revoked))
        .say(
            "電子証明書は失効確認済み",
            "the certificate is revoked and that is confirmed",
            state(certificate::State::Confirmed),
        );
    table
        .next()
        .say("電子証明書は有効期間内", "the certificate is within its validity", |facts| {
            facts.device.certificate_in_validity = true;
        })
        .say("電子証明書は有効期間外", "the certificate is out of its validity", |facts| {
            facts.device.certificate_in_validity = false;
        });
    let key = |level| move |facts: &mut Facts| facts.device.assurance = level;
    table
        .next()
        .say("端末の鍵は端末で作成", "the device's key was made on it", key(Assurance::Software))
        .say("端末の鍵は製造者が保証", "the device's key is vouched for by its maker", key(Assurance::Attested))
        .say("端末の鍵はTPMで作成", "the device's key was made in its TPM", key(Assurance::Tpm))
        .say("端末の鍵はファイルで運搬", "the device's key was carried in a container", key(Assurance::Container));
}

fn person(table: &mut Table) {
    table
        .next()
        .of_person("支援対象者の要件を満たす", "the person is eligible", |person| person.eligible = true)
        .of_person("支援対象者の要件を満たさない", "the person is not eligible", |person| {
            person.eligible = false
        });
    // What a form allows is part of a form: without one there is nothing to tick.
    let none = |state| {
        move |person: &mut PersonFacts| {
            person.consent = state;
            (person.consent_store, person.consent_share, person.consent_disaster) = (false, false, false);
        }
    };
    table
        .next()
        .of_person("参加同意書は提出済み", "consent is given", |person| {
            person.consent = consent::State::Given
        })
        .of_person("参加同意書は未提出", "no consent is given", none(consent::State::Absent))
        .of_person("支援中止", "support is stopped", none(consent::State::SupportStopped));
    table
        .next()
        .of_person("保管に同意あり", "the consent allows storing", given(|person| person.consent_store = true))
        .of_person("保管に同意なし", "the consent does not allow storing", |person| {
            person.consent_store = false
        });
    table
        .next()
        .of_person("共有に同意あり", "the consent allows sharing", given(|person| person.consent_share = true))
        .of_person("共有に同意なし", "the consent does not allow sharing", |person| {
            person.consent_share = false
        });
    table
        .next()
        .of_person("災害時利用に同意なし", "the consent does not allow disaster use", |person| {
            person.consent_disaster = false;
        })
        .of_person(
            "災害時利用に同意あり",
            "the consent allows disaster use",
            given(|person| person.consent_disaster = true),
        );
    table
        .next()
        .of_person("連携情報の一時停止はない", "the person's records are not suspended", |person| {
            person.person_suspended = false;
        })
        .of_person("連携情報は一時停止中", "the person's records are suspended", |person| {
            person.person_suspended = true;
        });
    table
        .next()
        .of_person(
            "支援対象者は災害時利用の区域外",
            "the person is outside the disaster area",
            |person| {
                person.in_disaster_area = false;
            },
        )
        .of_person("支援対象者は災害時利用の区域内", "the person is in the disaster area", |person| {
            person.in_disaster_area = true;
        });
}

/// Where a form is on record.
fn given(tick: impl Fn(&mut PersonFacts) + Send + Sync + 'static) -> impl Fn(&mut PersonFacts) + Send + Sync + 'static {
    move |person| {
        if person.consent == consent::State::Given {
            tick(person);
        }
    }
}

fn relation(table: &mut Table) {
    table.next();
    for (japanese, english, place) in [
        ("利用者は支援チームの一員", "the user is on the care team", Relation::Team(TeamRole::Member)),
        (
            "利用者は支援チームの代行者",
            "the user is a substitute on the care team",
            Relation::Team(TeamRole::Substitute),
        ),
        ("利用者は支援チームの当番", "the user is on call for the care team", Relation::Team(TeamRole::OnCall)),
        (
            "利用者は支援チームの利用者の施設の当番者",
            "the user is on duty for a facility of the care team",
            Relation::Duty,
        ),
        (
            "利用者は支援チームの利用者の施設の管理者",
            "the user is the manager of a facility of the care team",
            Relation::Manager,
        ),
        ("利用者は支援チームの外", "the user is not on the care team", Relation::None),
    ] {
        table.say(japanese, english, move |facts| {
            if let Resource::Record { relation, .. } = &mut facts.resource {
                *relation = place;
            }
        });
    }
}

fn record(table: &mut Table) {
    let author = |authorship| move |request: Request| request.with_authorship(authorship);
    table
        .next()
        .of_record("利用者自身の記録", "the user wrote the record", author(Authorship::Own))
        .of_record("他の利用者の記録", "somebody else wrote the record", author(Authorship::Other))
        .of_record("記録者は不明", "it is not known who wrote the record", author(Authorship::Unknown));
    let name = |written_as| move |request: Request| request.with_written_as(written_as);
    table
        .next()
        .of_record("利用者本人の名前で記録", "it is written in the user's own name", name(Authorship::Own))
        .of_record("他の利用者の名前で記録", "it is written in somebody else's name", name(Authorship::Other))
        .of_record("だれの名前もなく記録", "it is written in nobody's name", name(Authorship::Unknown));
    table
        .next()
        .of_record("特に配慮を要する表示はない", "the record is not labelled as sensitive", |request| {
            request.with_sensitive(false)
        })
        .of_record("特に配慮を要する表示あり", "the record is labelled as sensitive", |request| {
            request.with_sensitive(true)
        });
    let ordered = |ordered| {
        move |facts: &mut Facts| {
            if let Resource::Record { deletion_ordered, .. } = &mut facts.resource {
                *deletion_ordered = ordered;
            }
        }
    };
    table.next().say("利用者を名指しした市の削除指示はない", "no deletion order names the user", ordered(false)).say(
        "利用者を名指しした市の削除指示あり",
        "a deletion order names the user",
        ordered(true),
    );
}

fn service(table: &mut Table) {
    let state = |state| move |facts: &mut Facts| facts.service.state = state;
    table
        .next()
        .say("サービスは稼働中", "the service is running", state(service::State::Running))
        .say("サービスは一時停止中", "the service is stopped", state(service::State::Stopped))
        .say("災害時利用を宣言済み", "disaster use is declared", state(service::State::DisasterUse))
        .say("サービスは終了", "the service has ended", state(service::State::Ended));
    let until = |seconds: i64| {
        move |facts: &mut Facts| facts.service.disaster = Some(DisasterFacts { until: now().plus_seconds(seconds) })
    };
    table
        .next()
        .say("災害時利用の期間外", "no disaster use is in force", |facts| facts.service.disaster = None)
        .say("災害時利用はあと1時間", "disaster use is in force for another hour", until(3600))
        .say("災害時利用は今終わった", "disaster use ends just now", until(0));
    let issued = |issued| move |facts: &mut Facts| facts.service.break_glass_issued = issued;
    table
        .next()
        .say("緊急時の規定は定められていない", "the city has issued no rule for break-glass", issued(false))
        .say("緊急時の規定は定められている", "the city has issued a rule for break-glass", issued(true));
    table.next().of_request("緊急の申告はない", "the user declares no emergency", false).of_request(
        "緊急の申告あり",
        "the user declares an emergency",
        true,
    );
}

/// 看護師, `a nurse`.
pub(crate) const fn profession_words(profession: Profession) -> (&'static str, &'static str) {
    match profession {
        Profession::SupportCentre => ("包括支援センター職員", "support centre staff"),
        Profession::Doctor => ("医師等", "a doctor"),
        Profession::Pharmacist => ("薬剤師等", "a pharmacist"),
        Profession::Dietitian => ("管理栄養士", "a dietitian"),
        Profession::Nurse => ("看護師等", "a nurse"),
        Profession::Therapist => ("療法士", "a therapist"),
        Profession::CareManager => ("介護支援専門員", "a care manager"),
        Profession::MedicalRecognised => ("医療機関が認めた者", "somebody recognised by a medical institution"),
        Profession::CareRecognised => ("介護事業所が認めた者", "somebody recognised by a care provider"),
        Profession::CityRecognised => ("市が認めた者", "somebody recognised by the city"),
    }
}
