//! `device code`: the slip by which a terminal comes to its certificate.

use ca::SystemRandom;
use enrolment::Code;
use model::DeviceId;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use registry::{Command, EnrolmentKind};
use serde_json::json;

use super::Desk;
use crate::cli::device::DeviceCode;
use crate::error::Error;
use crate::{authority, ids};

pub(super) fn offer(desk: &Desk, offer: &DeviceCode) -> Result<(), Error> {
    let device: DeviceId = ids::parse(&offer.device)?;
    let at = desk.settings.listen.enrolment.ok_or_else(|| {
        Error::usage("there is no door where a code could be used; set `listen.enrolment`, and start the server again")
    })?;
    let root = authority::root(authority::settings(&desk.settings)?)?.fingerprint_sha256();
    let code = Code::draw(&SystemRandom::new()).map_err(Error::authority("drawing a code"))?;
    let kind = EnrolmentKind::Csr;
    let until = desk.now().plus_seconds(offer.hours * 3600);
    let digest = code.digest(&device, kind);
    desk.execute(Command::OfferEnrolment { device: device.clone(), kind, digest, until })?;
    let gateway = format!("https://{}:{}", desk.settings.hosts.care, at.port());
    let (text, page) = (code.text(), format!("{gateway}/enrol?device={device}&code={}", code.text().as_str()));
    let picture = QrCode::new(&page).map_err(Error::usage)?.render::<Dense1x2>().build();
    desk.say(
        format_args!(
            "端末 / device {device}\n登録コード / code  {}\n期限 / until  {}\n窓口 / where  {gateway}/enrol\n\
             root (SHA-256)  {root}\n{picture}\n\
             sekisho enrol --gateway {gateway} --root root.pem --device {device} --code {}",
            text.as_str(),
            until.to_jst_minutes(),
            text.as_str(),
        ),
        &json!({
            "device": device.as_str(), "code": text.as_str(), "until": until.to_string(), "gateway": gateway, "page": page,
            "root_sha256": root,
        }),
    )
}
