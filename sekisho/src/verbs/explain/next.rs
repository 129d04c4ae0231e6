//! What the office does next where something is not permitted yet: for a user who is new, nearly everything is missing at once,
//! and a rule that forbids says nothing of how that ends.

use std::fmt::Write as _;

use model::lifecycle::{consent, user_id};
use model::{DeviceId, PersonId, Timestamp};
use policy::{Explanation, WhatIf};
use registry::{Snapshot, UserIdRecord};
use serde_json::{Value, json};

/// One thing to be done, in Japanese and English, with the line to type where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    japanese: String,
    english: String,
}

/// About whom and what is asked.
pub(super) struct Question<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) user: &'a UserIdRecord,
    pub(super) person: Option<&'a PersonId>,
    pub(super) at: Timestamp,
}

impl Question<'_> {
    /// Without a certificate nothing can be decided: all that is known to be missing.
    pub(super) fn without_a_certificate(&self, device: Option<&DeviceId>) -> Vec<Step> {
        std::iter::once(self.certificate(device))
            .chain(self.password())
            .chain(self.consent())
            .chain(self.team())
            .collect()
    }

    /// What would help towards a permit, by what the explanation says of it.
    pub(super) fn after(&self, explanation: &Explanation, device: &DeviceId) -> Vec<Step> {
        let ways = explanation.ways.iter().flatten();
        let helps: Vec<&WhatIf> = ways.chain(explanation.near.iter().flat_map(|near| &near.missing)).collect();
        let given = |what_if: WhatIf, step: Option<Step>| step.filter(|_| helps.contains(&&what_if));
        let certificate = [WhatIf::CertificateActive, WhatIf::CertificateInValidity]
            .into_iter()
            .find_map(|what_if| given(what_if, Some(self.certificate(Some(device)))));
        let password = given(WhatIf::UserIdActive, self.password());
        let consent = given(WhatIf::ConsentGiven, self.consent());
        let team = given(WhatIf::OnTeam, self.team());
        certificate.into_iter().chain(password).chain(consent).chain(team).collect()
    }

    /// For this device; for another one, where there is none or it was given back.
    fn certificate(&self, device: Option<&DeviceId>) -> Step {
        let known = device.and_then(|device| self.snapshot.device(device));
        if let Some(device) = known.filter(|known| known.returned_at.is_none()) {
            // The key is made on the device where there is a door for that; else it is carried there.
            let id = &device.id;
            let (code, carried) = (format!("sekisho device code {id}"), format!("sekisho device certificate {id}"));
            return Step {
                japanese: format!(
                    "端末の電子証明書を発行します（第38条第1項）。端末が自分で受け取るための票を渡します：{code}　\
                     受け取れない端末には窓口で発行します：{carried}"
                ),
                english: format!(
                    "the device gets a certificate (art. 38-1): hand over a slip, by which it comes for it by itself: {code}; \
                     for a device that cannot, issue one at the desk: {carried}"
                ),
            };
        }
        let UserIdRecord { user, facility, .. } = self.user;
        let line = format!("sekisho device add --facility {facility} --holder {user} --label TEXT");
        Step {
            japanese: format!("利用者に端末を貸与し、電子証明書を発行します（第37条、第38条第1項）：{line}"),
            english: format!("lend the user a device with a certificate (art. 37, 38-1): {line}"),
        }
    }

    fn password(&self) -> Option<Step> {
        let UserIdRecord { id, user, facility, profession, .. } = self.user;
        match self.snapshot.user_id_state(self.user, self.at) {
            user_id::State::Granted | user_id::State::GrantedSuspended => {
                let line = format!("sekisho user replace-id {id} --reason TEXT");
                Some(Step {
                    japanese: format!(
                        "利用者本人が貸与端末でサインインし、初回パスワードを変更します（第10条第3項）。ほかの人が代わることはできません。\
                         初回パスワードが分からないときは、新しいユーザーIDを付与します：{line}"
                    ),
                    english: format!(
                        "the user signs in with the device and changes the first password (art. 10-3), which nobody else can do; \
                         if the first password is lost, grant a new user ID: {line}"
                    ),
                })
            }
            user_id::State::Ended => {
                let line = format!("sekisho user grant {user} --facility {facility} --profession {profession}");
                Some(Step {
                    japanese: format!(
                        "このユーザーIDは終了しています。利用者には新しいユーザーIDを付与します（第10条）：{line}"
                    ),
                    english: format!("this user ID has ended; grant the user a new one (art. 10): {line}"),
                })
            }
            user_id::State::Active | user_id::State::Suspended => None,
        }
    }

    /// Only where there never was a form: nobody is to be asked again for what was withdrawn.
    fn consent(&self) -> Option<Step> {
        let person = self.person?;
        if self.snapshot.consent(person).is_some_and(|form| form.state != consent::State::Absent) {
            return None;
        }
        let line = format!("sekisho consent give {person}");
        Some(Step {
            japanese: format!("支援対象者の参加同意書を受け付けます（第17条第1項）：{line}"),
            english: format!("take the person's consent form (art. 17-1): {line}"),
        })
    }

    fn team(&self) -> Option<Step> {
        let (person, UserIdRecord { user, facility, .. }) = (self.person?, self.user);
        let mut on_team = self.snapshot.memberships(person, user);
        let mut on_duty = self.snapshot.duties_of(user);
        if on_team.any(|one| one.facility == *facility && one.holds_at(self.at))
            || on_duty.any(|one| one.facility == *facility && one.holds_at(self.at))
        {
            return None;
        }
        let join = format!("sekisho team join {person} {user} --facility {facility}");
        let enter = format!("sekisho duty enter {user} --facility {facility} --until TIME");
        Some(Step {
            japanese: format!(
                "利用者を支援チームに加えます（第18条）：{join}　同じ施設のチーム員の代わりであれば、当番者とします：{enter}"
            ),
            english: format!(
                "the user joins the care team (art. 18): {join}; to stand in for a member of the same facility, enter a duty: {enter}"
            ),
        })
    }
}

/// Below an answer in Japanese.
pub(super) fn in_japanese(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        let _ = write!(text, "\n  次に：{}", step.japanese);
        text
    })
}

/// Below an answer in English.
pub(super) fn in_english(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        let _ = write!(text, "\n  next: {}", step.english);
        text
    })
}

pub(super) fn value(steps: &[Step]) -> Vec<Value> {
    steps.iter().map(|step| json!({ "text_ja": step.japanese, "text_en": step.english })).collect()
}
