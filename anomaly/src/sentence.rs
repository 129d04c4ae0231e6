//! A finding in one sentence, for whoever judges it in a minute: what was seen, what is usual, and from where on it is found.
//!
//! Whom it is about is said by whoever knows the names. No sentence tells what stands in a record.

use std::fmt::Write as _;

use crate::finding::{Detector, Finding, Numbers};

/// In which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    Japanese,
    /// English.
    English,
}

impl Finding {
    /// The sentence about whoever is named.
    #[must_use]
    pub fn sentence(&self, language: Language, who: &str) -> String {
        let mut text = match language {
            Language::Japanese => japanese(self.detector, &self.numbers, who),
            Language::English => english(self.detector, &self.numbers, who),
        };
        if self.numbers.usual > 0.0 || has_peers(self.detector) {
            let Numbers { usual, peers, .. } = self.numbers;
            // Writing to a string does not fail.
            let _ = match (language, has_peers(self.detector)) {
                (Language::Japanese, true) => write!(text, "普段は{usual:.0}、同じ職種の大多数は{peers:.0}以下です。"),
                (Language::Japanese, false) => write!(text, "普段は{usual:.0}です。"),
                (Language::English, true) => {
                    write!(text, " Usual: {usual:.0}; most of the same profession: up to {peers:.0}.")
                }
                (Language::English, false) => write!(text, " Usual: {usual:.0}."),
            };
        }
        text
    }
}

const fn has_peers(detector: Detector) -> bool {
    matches!(detector, Detector::Unexplained | Detector::ManyPersons)
}

/// A span as people say it.
fn span(seconds: u32, language: Language) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, 0),
        120..7200 => (seconds / 60, 1),
        7200..172_800 => (seconds / 3600, 2),
        _ => (seconds / 86_400, 3),
    };
    let words = match language {
        Language::Japanese => ["秒", "分", "時間", "日"],
        Language::English => [" s", " min", " h", " days"],
    };
    format!("{count}{}", words.get(unit).copied().unwrap_or_default())
}

fn japanese(detector: Detector, numbers: &Numbers, who: &str) -> String {
    let Numbers { seen, telling, seconds, limit, .. } = *numbers;
    let within = span(seconds, Language::Japanese);
    match detector {
        Detector::Guessing => format!("{who}で、同じIDのパスワードが{within}に{seen}回誤りでした（基準{limit}回）。"),
        Detector::Spraying => {
            format!("{who}で、{within}に{telling}件の異なるIDのパスワードが誤りでした（基準{limit}件）。")
        }
        Detector::CopiedCertificate => format!("{who}の電子証明書が、同時に二つの場所・別の種類の機器で使われました。"),
        Detector::OtherClient => format!("{who}が、これまでと違う種類の機器またはソフトウェアで接続しました。"),
        Detector::Travel if seconds > 0 => format!("{who}が、{within}の間に{seen}km離れた場所で使われました。"),
        Detector::Travel => format!("{who}が、国外から使われました。"),
        Detector::UnusualHour => format!("{who}が、普段利用のない時間帯に利用しました。"),
        Detector::FastReading => {
            format!(
                "{who}が、{within}に{seen}人の記録を開きました。うち{telling}人は理由が確認できません（基準{limit}人）。"
            )
        }
        Detector::Unexplained => format!(
            "{who}が、{within}に、訪問・担当・当番などの理由が確認できない{seen}人の記録を開きました。うち{telling}人は配慮を要する記録です（基準{limit}人）。"
        ),
        Detector::ManyPersons => {
            format!("{who}が、一日に{seen}人の記録を開きました。うち{telling}人は理由が確認できません。")
        }
        Detector::Refusals => {
            format!("{who}が、{within}に{seen}件の、存在しないか許可されていない記録を求めました（基準{limit}件）。")
        }
        Detector::Volume => format!("{who}が、{within}に通常を超える量（{seen}）を取り出しました（基準{limit}）。"),
        Detector::Emergencies => format!("{who}が、{within}に{seen}回、緊急の利用を宣言しました（基準{limit}回）。"),
        Detector::Near => {
            format!("{who}が、同居・同姓または職員である支援対象者の記録を、理由が確認できないまま開きました。")
        }
        Detector::Dormant => format!("{who}が、長期間利用のなかった後に、普段と異なる利用をしました。"),
        Detector::Rewriting => {
            format!(
                "{who}が、{within}に{seen}件の記録を書き換え、または削除しました。うち{telling}件は他の人の記録または古い記録です（基準{limit}件）。"
            )
        }
        Detector::Outbreak => format!("{who}で、{within}に{seen}人の利用者に同時に不審な利用が見つかりました。"),
        Detector::Ended => format!("{who}が、失効または一時停止の後に{seen}回使われました。"),
        Detector::Replay => {
            format!("{who}で、すでに終わったか、ほかの端末のものであるセッションが{seen}回使われました。")
        }
        Detector::Cadence => {
            format!("{who}が、{seen}回続けて一定の間隔で記録を求めました。人の操作ではない可能性があります。")
        }
        Detector::Stopped => {
            format!("{who}が、支援が中止された支援対象者の記録を{within}に{seen}回求めました（基準{limit}回）。")
        }
        Detector::Drift => format!(
            "市全体で、{within}に{seen}人の利用者に同じ傾向が見つかりました。規則や仕組みの変更が原因かもしれません。"
        ),
    }
}

fn english(detector: Detector, numbers: &Numbers, who: &str) -> String {
    let Numbers { seen, telling, seconds, limit, .. } = *numbers;
    let within = span(seconds, Language::English);
    match detector {
        Detector::Guessing => {
            format!("At {who} the password of one user ID was wrong {seen} times in {within} (from {limit} on).")
        }
        Detector::Spraying => {
            format!("At {who} the passwords of {telling} user IDs were wrong in {within} (from {limit} on).")
        }
        Detector::CopiedCertificate => {
            format!("The certificate of {who} was used in two places and by two kinds of machine at once.")
        }
        Detector::OtherClient => format!("{who} connects as another machine or program than before."),
        Detector::Travel if seconds > 0 => format!("{who} was used in two places {seen} km apart within {within}."),
        Detector::Travel => format!("{who} was used from abroad."),
        Detector::UnusualHour => format!("{who} is there at an hour at which he never was."),
        Detector::FastReading => {
            format!(
                "{who} opened {seen} persons' records in {within}, {telling} of them for no known reason (from {limit} on)."
            )
        }
        Detector::Unexplained => format!(
            "{who} opened {seen} persons' records in {within} with no visit, duty, note or place on the team, {telling} of them sensitive (from {limit} on)."
        ),
        Detector::ManyPersons => {
            format!("{who} opened {seen} persons' records in a day, {telling} of them for no known reason.")
        }
        Detector::Refusals => {
            format!("{who} asked for {seen} records in {within} that are not there or not his (from {limit} on).")
        }
        Detector::Volume => format!("{who} took out more than is usual in {within}: {seen} (from {limit} on)."),
        Detector::Emergencies => format!("{who} declared {seen} emergencies in {within} (from {limit} on)."),
        Detector::Near => {
            format!("{who} opened, for no known reason, the record of somebody who lives with him or works here.")
        }
        Detector::Dormant => format!("{who} is back after a long time, and does what is not usual."),
        Detector::Rewriting => {
            format!(
                "{who} rewrote or deleted {seen} records in {within}, {telling} of them others' or old (from {limit} on)."
            )
        }
        Detector::Outbreak => format!("At {who} something was found of {seen} users within {within}."),
        Detector::Ended => format!("{who} was used {seen} times after it was revoked or suspended."),
        Detector::Replay => format!("At {who} a session that is over, or another terminal's, was used {seen} times."),
        Detector::Cadence => format!("{who} asked {seen} times in a row at one interval, as a program does."),
        Detector::Stopped => {
            format!("{who} asked {seen} times in {within} for persons whose support has stopped (from {limit} on).")
        }
        Detector::Drift => format!(
            "The same was found of {seen} users in {within}, in the whole city: rules or programs may have changed."
        ),
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;
    use crate::contain::Step;
    use crate::event::User;
    use crate::finding::Subject;

    #[test]
    fn every_detector_has_a_sentence_with_its_numbers_in_both_languages() {
        for detector in Detector::ALL {
            let numbers = Numbers { seen: 17, telling: 5, seconds: 900, usual: 4.0, peers: 9.0, limit: 15 };
            let (subject, step) = (Subject::User(User(1)), Step::Narrowed);
            let finding = Finding { at: Timestamp::MIN, detector: *detector, subject, step, alert: true, numbers };
            let (japanese, english) =
                (finding.sentence(Language::Japanese, "田中"), finding.sentence(Language::English, "Tanaka"));
            assert!(japanese.contains("普段") && english.contains("Usual"), "{japanese} {english}");
            assert!(english.contains("Tanaka") || *detector == Detector::Drift, "{english}");
            let stray = |word: &str| word.len() > 2 && word.chars().all(|c| c.is_ascii_alphabetic());
            assert!(!japanese.split(|c: char| !c.is_ascii_alphanumeric()).any(stray), "{japanese}");
        }
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said: Vec<_> =
            [15, 135, 7200, 200_000].into_iter().map(|seconds| span(seconds, Language::English)).collect();
        assert_eq!(said, ["15 s", "2 min", "2 h", "2 days"]);
    }
}
