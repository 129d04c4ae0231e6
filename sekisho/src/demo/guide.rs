//! The lines to paste. Each stands behind one Japanese and one English sentence that says what it shows.

use std::path::Path;

use super::Place;
use crate::error::Error;
use crate::settings::Settings;

/// One thing to try.
struct Step {
    japanese: &'static str,
    english: &'static str,
    lines: Vec<String>,
}

/// Everything that `demo` prints once it is up.
pub(super) fn text(settings: &Settings, place: &Place, password: &str) -> Result<String, Error> {
    let own = std::env::current_exe().map_err(Error::file("finding", Path::new("sekisho")))?;
    let Place { folder, temporary } = place;
    let words = Words {
        folder: quoted(folder.root()),
        sekisho: format!("{} --data {}", quoted(&own), quoted(folder.root())),
        care: format!("https://{}:{}", settings.hosts.care, settings.listen.clients.first.port()),
        public: format!("https://{}:{}", settings.hosts.public, settings.listen.clients.first.port()),
        password: password.to_owned(),
        mapped: !settings.maps.is_empty(),
    };
    let mut text = String::from("\n関所のデモが動いています。 / The Sekisho demo is up.\n");
    for (number, step) in words.steps().iter().enumerate() {
        let Step { japanese, english, lines } = step;
        text.push_str(&format!("\n# {}. {japanese}\n#    {english}\n{}\n", number + 1, lines.join("\n")));
    }
    text.push_str(&words.browser());
    text.push_str(&format!(
        "\n# 利用者のパスワードはすべて {password} です。Ctrl-C で終わります。\n\
         #    Every user's password is {password}. Ctrl-C stops everything.\n"
    ));
    let (root, sekisho) = (&words.folder, quoted(&own));
    text.push_str(&if *temporary {
        format!(
            "\n# データは {root} にあり、終わるとすべて消えます。残すには --data を付けて始めます。\n\
             #    The data lies in {root} and goes with the demo; to keep it, start with --data.\n"
        )
    } else {
        format!(
            "\n# データは {root} に残ります。続けるには、次のとおりにします。\n\
             #    The data stays in {root}. To go on with it later:\n{sekisho} demo --data {root}\n"
        )
    });
    Ok(text)
}

struct Words {
    folder: String,
    sekisho: String,
    care: String,
    public: String,
    password: String,
    /// The folder of an earlier demo may have no route map.
    mapped: bool,
}

impl Words {
    /// `curl` with the device's certificate and the cookies of its user.
    fn curl(&self, device: &str, more: &str) -> String {
        let folder = &self.folder;
        format!(
            "curl -sS --cacert {folder}/keys/root.pem --cert {folder}/terminals/D-{device}.pem -c {folder}/cookies-{device} -b {folder}/cookies-{device} {more}"
        )
    }

    fn sign_in(&self, user: &str) -> String {
        let body = format!(r#"{{"user_id":"U-{user}","password":"{}"}}"#, self.password);
        self.curl(user, &format!("-H 'Content-Type: application/json' -d '{body}' {}/.sekisho/session", self.care))
    }

    /// What cannot be pasted: a browser asks for files, and has its own place for them.
    fn browser(&self) -> String {
        let Self { folder, care, password, .. } = self;
        format!(
            "\n# ブラウザで開くには: {folder}/keys/root.pem を認証局として、{folder}/terminals/D-sato.p12 を個人の証明書として\n\
             # 取り込み(パスワードは {password})、{care}/ を開いて、ユーザーID U-sato とパスワード {password} でサインインします。\n\
             # すでに変更済みのパスワードなので、初回の変更は求められません。\n\
             #    In a browser: import {folder}/keys/root.pem as an authority and {folder}/terminals/D-sato.p12 as your own\n\
             #    certificate (its password is {password}), open {care}/ and sign in as U-sato with the\n\
             #    password {password}. It counts as changed already, so no first password has to be.\n"
        )
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = self.allowed();
        steps.extend(self.further());
        steps
    }

    fn allowed(&self) -> Vec<Step> {
        let care = &self.care;
        let mut steps = vec![
            Step {
                japanese: "訪問看護師の佐藤さんが、自分の端末でサインインします。",
                english: "Sato, a visiting nurse, signs in with her own device.",
                lines: vec![self.sign_in("sato")],
            },
            Step {
                japanese: "支援チームの一員なので、P-0001 の連携情報を読めます。",
                english: "She is on the care team of P-0001, so she may read the records.",
                lines: vec![self.curl("sato", &format!("'{care}/fhir/Observation?patient=P-0001&_count=2'"))],
            },
        ];
        if self.mapped {
            steps.push(Step {
                japanese: "FHIR でないアプリの訪問記録も、経路の設定(maps/notes.toml)により同じ規則で読めます。",
                english: "The visit notes of an application without FHIR are read under the same rules, by a route map (maps/notes.toml).",
                lines: vec![self.curl("sato", &format!("'{care}/notes/people/P-0001/entries'"))],
            });
        }
        steps
    }

    fn further(&self) -> Vec<Step> {
        let Self { folder, sekisho, care, public, .. } = self;
        vec![
            Step {
                japanese: "P-0005 は支援中止です。端末には「ない」とも「見られない」とも言わない、同じ答えが返ります。",
                english: "P-0005 withdrew consent. The terminal gets the one answer for \"not there\" and \"not yours\".",
                lines: vec![self.curl("sato", &format!("-i '{care}/fhir/Observation?patient=P-0005'"))],
            },
            Step {
                japanese: "その理由と条文は、市の担当者にだけ示されます。",
                english: "Why, and by which article, is shown to the city's officer.",
                lines: vec![format!("{sekisho} explain --user U-sato --person P-0005 --category observation")],
            },
            Step {
                japanese: "電子証明書のない端末は、何も読めません。",
                english: "A terminal without a device certificate reads nothing.",
                lines: vec![format!("curl -sS -i --cacert {folder}/keys/root.pem '{care}/fhir/Patient/P-0001'")],
            },
            Step {
                japanese: "だれが何をしたか、監査記録に残っています。",
                english: "Who did what is in the audit, just now.",
                lines: vec![format!("{sekisho} audit search --user U-sato --limit 3")],
            },
            Step {
                japanese: "加藤さんの端末で新着の通知を開いたまま、別の画面で端末を失効させると、通知はその場で切れます。",
                english: "Kato's device keeps a stream of news open; revoke it in another window and the stream ends at once.",
                lines: vec![
                    self.sign_in("kato"),
                    self.curl("kato", &format!("-N '{care}/feeds/notes?patient=P-0001'")),
                    format!("{sekisho} --as city-officer:officer-ito revoke --device D-kato --because stolen"),
                ],
            },
            Step {
                japanese: "電子証明書を発行するには認証局のパスフレーズが要ります。デモでは鍵の横のファイルにあります。",
                english: "Issuing a certificate takes the authority's passphrase. A demo keeps it in a file beside the key.",
                lines: vec![format!(
                    "{sekisho} --as city-clerk:clerk-abe device certificate D-sato --out {folder} --passphrase-file {folder}/keys/demo-passphrase.txt"
                )],
            },
            Step {
                japanese: "公開情報は、だれでも読めます。",
                english: "Public information is open to anyone.",
                lines: vec![format!("curl -sS --cacert {folder}/keys/root.pem {public}/")],
            },
            Step {
                japanese: "ほかにできること。",
                english: "What else there is.",
                lines: vec![format!("{sekisho} --help")],
            },
        ]
    }
}

/// A path for a shell; quoted only where it must be.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
