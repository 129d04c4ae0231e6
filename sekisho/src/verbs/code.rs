//! `device code` and `device container`: the slips by which a terminal comes to its certificate.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ca::SystemRandom;
use enrolment::Code;
use model::{DeviceId, Target};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use registry::{Command, EnrolmentKind};
use serde_json::{Value, json};

use super::Desk;
use crate::authority::Authority;
use crate::cli::device::{DeviceCode, DeviceContainer};
use crate::error::Error;
use crate::folder::NewFile;
use crate::secrets::Secret;
use crate::{authority, ids};

/// What stands on every slip.
struct Slip {
    device: DeviceId,
    /// Who gets it: label, facility and holder, by number and name. It is paper that goes to the facility.
    whose: Whose,
    /// Whom to call.
    phone: String,
    gateway: String,
    root: String,
    until: model::Timestamp,
}

/// For which device, in words.
struct Whose {
    label: String,
    facility: String,
    holder: String,
}

/// A slip and the code on it, which is not good before it is offered.
pub(super) struct Printed {
    slip: Slip,
    code: Code,
    kind: EnrolmentKind,
    /// The slip.
    pub(super) sheet: String,
    value: Value,
}

impl Printed {
    /// Draws a code, and lays out its slip. `door`: the page behind the picture.
    fn draw(slip: Slip, kind: EnrolmentKind) -> Result<Self, Error> {
        let code = draw()?;
        let door = if kind == EnrolmentKind::Attested { "enrol/profile" } else { "enrol" };
        let page = format!("{}/{door}?device={}&code={}", slip.gateway, slip.device, code.text().as_str());
        let (sheet, value) = slip.sheet(&code, kind, &page, &Slip::picture(&page)?);
        Ok(Self { slip, code, kind, sheet, value })
    }

    /// Makes the code good; the one before is over.
    pub(super) fn offer(&self, desk: &Desk) -> Result<(), Error> {
        self.slip.offer(desk, self.kind, self.code.digest(&self.slip.device, self.kind))
    }
}

impl Slip {
    fn begin(desk: &Desk, device: &str, hours: i64) -> Result<Self, Error> {
        let device: DeviceId = ids::parse(&enrolment::in_ascii(device))?;
        let at = desk.settings.listen.enrolment.ok_or_else(|| {
            Error::usage(
                "there is no door where a code could be used; set `listen.enrolment`, and start the server again",
            )
        })?;
        let root = authority::root(authority::settings(&desk.settings)?)?.fingerprint_sha256();
        let gateway = format!("https://{}:{}", desk.settings.hosts.care, at.port());
        let until = desk.now().plus_seconds(hours * 3600);
        let whose = Whose::of(desk, &device);
        let phone = format!("{} {}", desk.settings.desk.name_ja, desk.settings.desk.phone);
        Ok(Self { device, whose, phone, gateway, root, until })
    }

    fn offer(&self, desk: &Desk, kind: EnrolmentKind, digest: [u8; 32]) -> Result<(), Error> {
        let offer = Command::OfferEnrolment { device: self.device.clone(), kind, digest, until: self.until };
        desk.execute(offer).map(|_| ())
    }

    /// What stands on it, for people and for programs: what to do first, and what only programs read last.
    fn sheet(&self, code: &Code, kind: EnrolmentKind, page: &str, picture: &str) -> (String, Value) {
        let Self { device, gateway, root, until, phone, whose } = self;
        let text = code.text();
        // For ACME clients: the code binds, by the key's name and the MAC key that comes from it.
        let binding = (format!("{device}:{}", text.as_str()), URL_SAFE_NO_PAD.encode(code.mac_key(device)));
        let acme = json!({
            "directory": format!("{gateway}/acme/directory"), "eab_kid": binding.0, "eab_hmac_key": binding.1,
            "own_directory": format!("{gateway}/acme/for/{device}/{}/directory", text.as_str()),
        });
        let fingerprint = ca::in_pairs(root);
        let (steps, programs) = if kind == EnrolmentKind::Attested {
            (ATTESTED_STEPS, String::new())
        } else {
            let enrol = format!(
                "sekisho enrol --gateway {gateway} --root-sha256 {root} --device {device} --code {}\n",
                text.as_str()
            );
            (STEPS, format!("{enrol}SCEP: {gateway}/scep  challenge {}\n", binding.0))
        };
        let sheet = format!(
            "端末の登録票 / Enrolment slip\n\n{}\n{steps}困ったとき・この票をなくしたとき / help: {phone}\n\n\
             登録コード / code  {}\n期限 / until  {}\n窓口 / where  {gateway}/enrol\n\
             ルート証明書の指紋 / root (SHA-256)  {fingerprint}\n{picture}\n\
             設定する人のために / for whoever sets it up\n{programs}\
             ACME: {gateway}/acme/directory  eab-kid {}  eab-hmac-key {}",
            self.head(),
            text.as_str(),
            until.to_jst_minutes(),
            binding.0,
            binding.1,
        );
        let value = json!({
            "device": device.as_str(), "label": whose.label, "facility": whose.facility, "holder": whose.holder,
            "kind": kind.as_str(), "code": text.as_str(), "until": until.to_string(), "gateway": gateway, "page": page,
            "root_sha256": root, "acme": acme,
        });
        (sheet, value)
    }

    /// For which device, and who gets it.
    fn head(&self) -> String {
        let Whose { label, facility, holder } = &self.whose;
        format!("端末 / device {}  {label}\n利用施設 / facility {facility}\n管理者 / holder {holder}\n", self.device)
    }

    /// The picture for the camera.
    fn picture(page: &str) -> Result<String, Error> {
        Ok(QrCode::new(page).map_err(Error::usage)?.render::<Dense1x2>().build())
    }
}

impl Whose {
    /// Of a device that is not on record, nothing; the registry says so when the code is offered.
    fn of(desk: &Desk, device: &DeviceId) -> Self {
        let snapshot = desk.snapshot();
        let Some(known) = snapshot.device(device) else {
            return Self { label: String::new(), facility: String::new(), holder: String::new() };
        };
        let facility = snapshot.facility(&known.facility).map_or("", |facility| facility.name.as_str());
        let holder = snapshot.user(&known.holder).map_or("", |user| user.name.as_str());
        Self {
            label: known.label.clone(),
            facility: format!("{}  {facility}", known.facility),
            holder: format!("{}  {holder}", known.holder),
        }
    }
}

/// What to do with a slip.
const STEPS: &str = "\
この端末に証明書を入れるための票です。この端末だけで、1回だけ使えます。期限までに次のようにしてください。
 1. この端末で、市が配った登録のプログラムを動かします。ないときは、下の窓口のページを開きます(絵をカメラで読み取れます)。
 2. 端末番号と登録コードを入れます。
 3. 証明書が入ったら、この票は裁断して捨てます。
";

/// What to do with a slip for a key in hardware.
const ATTESTED_STEPS: &str = "\
この端末に証明書を入れるための票です。この端末だけで、1回だけ使えます。期限までに次のようにしてください。
 1. この端末のカメラで下の絵を読み取り、構成プロファイルを入れます。
 2. 設定アプリで「プロファイルがダウンロード済み」を開き、インストールします。
 3. 証明書が入ったら、この票は裁断して捨てます。
";

/// What to do with the first sheet of a container.
const CONTAINER_STEPS: &str = "\
この端末に入れる、鍵と証明書のファイルを受け取るための票です。1回だけ受け取れます。期限までに次のようにしてください。
 1. この端末で下の窓口のページを開きます(絵をカメラで読み取れます)。
 2. 端末番号、登録コードと、2枚目の票のパスワードを入れ、ファイルを受け取ります。
 3. ファイルを端末に入れます。同じパスワードを使います。入ったら、ファイルと2枚の票を捨てます。
";

fn draw() -> Result<Code, Error> {
    Code::draw(&SystemRandom::new()).map_err(Error::authority("drawing a code"))
}

pub(super) fn offer(desk: &Desk, offer: &DeviceCode) -> Result<(), Error> {
    if offer.cancel {
        return cancel(desk, &offer.device);
    }
    let slip = Slip::begin(desk, &offer.device, offer.hours)?;
    let kind = if offer.attested { EnrolmentKind::Attested } else { EnrolmentKind::Csr };
    if offer.attested && desk.snapshot().device(&slip.device).is_some_and(|device| device.hardware.is_none()) {
        let next = format!("sekisho device hardware {} NAME", slip.device);
        return Err(Error::usage(format_args!("nothing says which hardware it must be; first: {next}")));
    }
    let notes = notes(desk, &slip.device);
    let mut printed = Printed::draw(slip, kind)?;
    let (slip, code) = (&printed.slip, &printed.code);
    let profile = offer.profile.as_ref().map(|path| profile(desk, offer, path, slip, code)).transpose()?;
    printed.offer(desk)?;
    if let Some(profile) = profile {
        profile.keep();
    }
    told(&notes, &mut printed.value);
    desk.say(&printed.sheet, &printed.value)
}

/// The code is over, whoever has its slip.
fn cancel(desk: &Desk, device: &str) -> Result<(), Error> {
    let device: DeviceId = ids::parse(&enrolment::in_ascii(device))?;
    desk.execute(Command::WithdrawEnrolment { device: device.clone() })?;
    desk.say(
        format_args!("the code of device {device} is over; its slip opens nothing any more"),
        &json!({ "device": device.as_str(), "code": null }),
    )
}

/// What whoever prints a slip should know of its device: beside the slip, which goes to somebody else.
fn notes(desk: &Desk, device: &DeviceId) -> Vec<String> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let mut notes = Vec::new();
    if snapshot.enrolment(device).is_some_and(|code| now < code.until) {
        notes.push("the code before this one is over: its slip opens nothing any more".to_owned());
    }
    let standing = snapshot.certificates_of(device).filter(|one| one.is_live() && one.in_validity(now)).count();
    if standing > 0 {
        notes.push(format!(
            "the device has {standing} certificate(s) that stand, and keeps them; if it was lost or its key may be known, \
             revoke them (`sekisho revoke`)"
        ));
    }
    if snapshot.suspension(&Target::Device(device.clone()), now).is_some() {
        notes.push("the device is suspended: until that ends, no certificate of it opens anything".to_owned());
    }
    notes
}

/// Tells them on standard error, and to programs in the answer.
fn told(notes: &[String], value: &mut Value) {
    notes.iter().for_each(crate::output::note);
    if let Some(object) = value.as_object_mut() {
        object.insert("notes".to_owned(), json!(notes));
    }
}

/// A slip for a list to be printed: a code for a key of the terminal's own.
pub(super) fn printed(desk: &Desk, device: &DeviceId, hours: i64) -> Result<Printed, Error> {
    Printed::draw(Slip::begin(desk, device.as_str(), hours)?, EnrolmentKind::Csr)
}

/// A signed profile for Apple's systems, in a new file. Written before the code is offered: a disk that takes no files, or a
/// wrong passphrase, ends no code that was there.
fn profile(desk: &Desk, offer: &DeviceCode, path: &Path, slip: &Slip, code: &Code) -> Result<NewFile, Error> {
    let refused = || Error::authority("signing the profile");
    let common = || Secret::common(offer.passphrase.passphrase_file.as_deref());
    let authority = Authority::load(authority::settings(&desk.settings)?, common)?;
    let mut file = NewFile::create(path)?;
    let directory = format!("{}/acme/for/{}/{}/directory", slip.gateway, slip.device, code.text().as_str());
    let written = enrolment::Profile { device: &slip.device, directory: &directory, root: &authority.root }.write();
    let key = authority.key()?;
    let registrar = enrolment::new_registrar(&desk.registry, &authority.issuing, &key, desk.now()).map_err(refused())?;
    file.write(&registrar.sign(&written.map_err(refused())?, &[]).map_err(refused())?)?;
    Ok(file)
}

/// Two sheets, so that whoever finds one has nothing.
pub(super) fn container(desk: &Desk, offer: &DeviceContainer) -> Result<(), Error> {
    let slip = Slip::begin(desk, &offer.device, offer.hours)?;
    let (code, password) = (draw()?, draw()?);
    let kind = EnrolmentKind::Container;
    let Slip { device, gateway, root, until, phone, .. } = &slip;
    let text = code.text();
    let page = format!("{gateway}/enrol/container?device={device}&code={}", text.as_str());
    let picture = Slip::picture(&page)?;
    // A disk that takes no files says so here, before the code that was there is over.
    let mut sheet = NewFile::create(&offer.password_sheet)?;
    let second = format!(
        "2枚目の票 / second sheet\n\n{}\nパスワード / password  {}\n期限 / until  {}\n\
         この紙は、リンクの紙とは別の方法で渡してください。 / Hand this sheet over by another way than the one with the link.\n",
        slip.head(),
        password.text().as_str(),
        until.to_jst_minutes(),
    );
    sheet.write(second.as_bytes())?;
    slip.offer(desk, kind, code.digest_with(device, kind, Some(&password)))?;
    sheet.keep();
    desk.say(
        format_args!(
            "1枚目の票 / first sheet\n\n{}\n{CONTAINER_STEPS}困ったとき・この票をなくしたとき / help: {phone}\n\n\
             登録コード / code  {}\n期限 / until  {}\n窓口 / where  {page}\n\
             ルート証明書の指紋 / root (SHA-256)  {}\n{picture}\n\
             パスワードは2枚目 / the password is on the second sheet: {}",
            slip.head(),
            text.as_str(),
            until.to_jst_minutes(),
            ca::in_pairs(root),
            offer.password_sheet.display(),
        ),
        &json!({
            "device": device.as_str(), "code": text.as_str(), "until": until.to_string(), "gateway": gateway, "page": page,
            "root_sha256": root, "password_sheet": offer.password_sheet.display().to_string(),
        }),
    )
}
