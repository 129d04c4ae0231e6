//! `device code` and `device container`: the slips by which a terminal comes to its certificate.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ca::SystemRandom;
use enrolment::Code;
use model::DeviceId;
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
    gateway: String,
    root: String,
    until: model::Timestamp,
}

impl Slip {
    fn begin(desk: &Desk, device: &str, hours: i64) -> Result<Self, Error> {
        let device: DeviceId = ids::parse(device)?;
        let at = desk.settings.listen.enrolment.ok_or_else(|| {
            Error::usage(
                "there is no door where a code could be used; set `listen.enrolment`, and start the server again",
            )
        })?;
        let root = authority::root(authority::settings(&desk.settings)?)?.fingerprint_sha256();
        let gateway = format!("https://{}:{}", desk.settings.hosts.care, at.port());
        Ok(Self { device, gateway, root, until: desk.now().plus_seconds(hours * 3600) })
    }

    fn offer(&self, desk: &Desk, kind: EnrolmentKind, digest: [u8; 32]) -> Result<(), Error> {
        let offer = Command::OfferEnrolment { device: self.device.clone(), kind, digest, until: self.until };
        desk.execute(offer).map(|_| ())
    }

    /// What stands on it, for people and for programs.
    fn sheet(&self, code: &Code, page: &str, picture: &str) -> (String, Value) {
        let Self { device, gateway, root, until } = self;
        let text = code.text();
        // For ACME clients: the code binds, by the key's name and the MAC key that comes from it.
        let binding = (format!("{device}:{}", text.as_str()), URL_SAFE_NO_PAD.encode(code.mac_key(device)));
        let acme = json!({
            "directory": format!("{gateway}/acme/directory"), "eab_kid": binding.0, "eab_hmac_key": binding.1,
            "own_directory": format!("{gateway}/acme/for/{device}/{}/directory", text.as_str()),
        });
        let sheet = format!(
            "端末 / device {device}\n登録コード / code  {}\n期限 / until  {}\n窓口 / where  {gateway}/enrol\n\
             root (SHA-256)  {root}\n{picture}\n\
             sekisho enrol --gateway {gateway} --root root.pem --device {device} --code {}\n\
             ACME: {gateway}/acme/directory  eab-kid {}  eab-hmac-key {}\n\
             SCEP: {gateway}/scep  challenge {}",
            text.as_str(),
            until.to_jst_minutes(),
            text.as_str(),
            binding.0,
            binding.1,
            binding.0,
        );
        let value = json!({
            "device": device.as_str(), "code": text.as_str(), "until": until.to_string(), "gateway": gateway, "page": page,
            "root_sha256": root, "acme": acme,
        });
        (sheet, value)
    }

    /// The picture for the camera.
    fn picture(page: &str) -> Result<String, Error> {
        Ok(QrCode::new(page).map_err(Error::usage)?.render::<Dense1x2>().build())
    }
}

fn draw() -> Result<Code, Error> {
    Code::draw(&SystemRandom::new()).map_err(Error::authority("drawing a code"))
}

pub(super) fn offer(desk: &Desk, offer: &DeviceCode) -> Result<(), Error> {
    let slip = Slip::begin(desk, &offer.device, offer.hours)?;
    let code = draw()?;
    let kind = if offer.attested { EnrolmentKind::Attested } else { EnrolmentKind::Csr };
    if offer.attested && desk.snapshot().device(&slip.device).is_some_and(|device| device.hardware.is_none()) {
        let next = format!("sekisho device hardware {} NAME", slip.device);
        return Err(Error::usage(format_args!("nothing says which hardware it must be; first: {next}")));
    }
    let profile = offer.profile.as_ref().map(|path| profile(desk, offer, path, &slip, &code)).transpose()?;
    slip.offer(desk, kind, code.digest(&slip.device, kind))?;
    if let Some(profile) = profile {
        profile.keep();
    }
    let door = if offer.attested { "enrol/profile" } else { "enrol" };
    let page = format!("{}/{door}?device={}&code={}", slip.gateway, slip.device, code.text().as_str());
    let picture = Slip::picture(&page)?;
    let (sheet, value) = slip.sheet(&code, &page, &picture);
    desk.say(sheet, &value)
}

/// A slip for a list to be printed: a code for a key of the terminal's own.
pub(super) fn printed(desk: &Desk, device: &DeviceId, hours: i64) -> Result<String, Error> {
    let slip = Slip::begin(desk, device.as_str(), hours)?;
    let code = draw()?;
    let kind = EnrolmentKind::Csr;
    slip.offer(desk, kind, code.digest(device, kind))?;
    let page = format!("{}/enrol?device={device}&code={}", slip.gateway, code.text().as_str());
    Ok(slip.sheet(&code, &page, &Slip::picture(&page)?).0)
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
    let Slip { device, gateway, root, until } = &slip;
    let text = code.text();
    let page = format!("{gateway}/enrol/container?device={device}&code={}", text.as_str());
    let picture = Slip::picture(&page)?;
    // A disk that takes no files says so here, before the code that was there is over.
    let mut sheet = NewFile::create(&offer.password_sheet)?;
    let second = format!(
        "端末 / device {device}\nパスワード / password  {}\n期限 / until  {}\n\
         この紙は、リンクの紙とは別の方法で渡してください。 / Hand this sheet over by another way than the one with the link.\n",
        password.text().as_str(),
        until.to_jst_minutes(),
    );
    sheet.write(second.as_bytes())?;
    slip.offer(desk, kind, code.digest_with(device, kind, Some(&password)))?;
    sheet.keep();
    desk.say(
        format_args!(
            "端末 / device {device}\n登録コード / code  {}\n期限 / until  {}\n窓口 / where  {page}\n\
             root (SHA-256)  {root}\n{picture}\n\
             パスワードは2枚目 / the password is on the second sheet: {}",
            text.as_str(),
            until.to_jst_minutes(),
            offer.password_sheet.display(),
        ),
        &json!({
            "device": device.as_str(), "code": text.as_str(), "until": until.to_string(), "gateway": gateway, "page": page,
            "root_sha256": root, "password_sheet": offer.password_sheet.display().to_string(),
        }),
    )
}
